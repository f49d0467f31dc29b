// SPDX-License-Identifier: GPL-2.0-only
/*
 * From verdict to KTAP.
 */
#include <string.h>

#include "result.h"
#include "sched_exit_out.h"
#include "table.h"

#define QUOTED_LINES	20
#define EXIT_MAX	4096	/* bytes about the scheduler's exit */
#define FAULTS_MAX	16384	/* about the faults that were switched */
#define QUOTED_BYTES	1024u	/* of what a payload said */
#define CONSOLE_LINES	40	/* a backtrace and what led to it */

unsigned int result__points(const struct plan *plan)
{
	struct verdict v;
	unsigned int n = 1;

	verdict__plan_checks(&v, plan);
	for (uint32_t i = 0; i < v.nr; i++)
		n += v.checks[i].applies;
	return n;
}

static void print_check(struct ktap *k, const char *run, const struct verdict_check *c)
{
	char name[VERDICT_NAME_MAX + 64];

	snprintf(name, sizeof(name), "%s/%s", run, c->name);
	switch (c->status) {
	case VERDICT_PASS:
		ktap__diag(k, "%s: %s", name, c->reason);
		return ktap__pass(k, name, "%s", "");
	case VERDICT_SKIP:
		return ktap__skip(k, name, "%s", c->reason);
	case VERDICT_INCONCLUSIVE:
		return ktap__skip(k, name, "inconclusive: %s", c->reason);
	default:
		ktap__diag(k, "%s: %s: %s", name, verdict__status_name(c->status), c->reason);
		return ktap__fail(k, name, "%s", "");
	}
}

static void quote_tail(struct ktap *k, const struct evidence *ev, enum evidence_stream stream,
		       unsigned int lines, const char *title)
{
	size_t len;
	const char *text = tail__lines(&ev->tail[stream], lines, &len);

	if (!len)
		return;
	ktap__diag(k, "%s", title);
	ktap__quote(k, text, len);
}

/* The end of what a program said, when it is about programs. */
static void quote_payloads(struct ktap *k, const struct evidence *ev)
{
	for (uint32_t i = 0; i < ev->payloads.nr; i++) {
		const struct payload_out *p = &ev->payloads.all[i];
		const struct op_step *run = op_trace__find_run(&ev->trace, p->index);

		for (uint32_t s = 0; run && s < PAYLOAD_STREAMS; s++) {
			uint32_t len = p->len[s] < QUOTED_BYTES ? p->len[s] : QUOTED_BYTES;

			if (!len)
				continue;
			ktap__diag(k, "%s of payload %s (%llu bytes in all):",
				   s ? "stderr" : "stdout", run->op.name,
				   (unsigned long long)p->bytes[s]);
			ktap__quote(k, p->text[s] + p->len[s] - len, len);
		}
	}
}

static bool is_about_payloads(const struct verdict *v)
{
	for (uint32_t i = 0; i < v->nr; i++)
		if (v->checks[i].applies && v->checks[i].status != VERDICT_PASS &&
		    (v->checks[i].kind == KIND_METRIC || v->checks[i].kind == KIND_EXIT_STATUS))
			return true;
	return false;
}

static void print_splats(struct ktap *k, const struct splat_log *log)
{
	for (uint32_t i = 0; i < log->nr && i < SPLATS_MAX; i++)
		ktap__diag(k, "  %s: %s", splat__name(log->splats[i].kind), log->splats[i].text);
}

/* Entries that were of use; the others are for who wants to tidy up. */
static void print_rules(struct ktap *k, const struct splat_log *log, bool verbose)
{
	char day[11];

	for (uint32_t i = 0; log->rules && i < log->rules->nr; i++) {
		const struct splat_rule *rule = &log->rules->rules[i];

		if (!log->used[i] && !verbose)
			continue;
		ktap__diag(k, "  %s %s:%u (%s %s, used %u times): %s",
			   rule->deny ? "denied by" : "allowed by", rule->file, rule->line,
			   rule->expired ? "expired after" : "until",
			   splat_rules__date(rule->expires, day), log->used[i], rule->reason);
	}
}

static void print_lines(struct ktap *k, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		ktap__diag(k, "  %.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* Every scheduler is let go of in the end; mostly because we end it. */
static void print_exit(struct ktap *k, const struct report_run *run)
{
	struct buf b;

	buf__init(&b, EXIT_MAX);
	sched_exit_out__text(&b, run->ev);
	print_lines(k, b.data);
	buf__free(&b);
}

static void print_faults(struct ktap *k, const struct report_run *run)
{
	struct buf b;

	if (!plan__has_faults(&run->plan))
		return;
	buf__init(&b, FAULTS_MAX);
	fault_log__text(&run->ev->faults, run->plan.faults, &b);
	print_lines(k, b.data);
	buf__free(&b);
}

/* What helps to understand a failure, without --out. */
static void print_context(struct ktap *k, const struct report_run *run)
{
	const struct verdict *v = &run->verdict;

	print_splats(k, &run->ev->splats);
	quote_tail(k, run->ev, EVIDENCE_SLOG, QUOTED_LINES, "last output of the scheduler:");
	if (is_about_payloads(v))
		quote_payloads(k, run->ev);
	if (v->status == VERDICT_CRASH || v->kind == KIND_HANG || v->kind == KIND_ENDLESS) {
		quote_tail(k, run->ev, EVIDENCE_COM1, CONSOLE_LINES,
			   "last lines of the console (COM1):");
		quote_tail(k, run->ev, EVIDENCE_COM2, QUOTED_LINES, "crash payload (COM2):");
	}
	if (v->kind == KIND_HANG || v->kind == KIND_ENDLESS)
		quote_tail(k, run->ev, EVIDENCE_DMSG, QUOTED_LINES,
			   "last lines of the kernel log:");
	if (run->repeat[0])
		ktap__diag(k, "repeat with: %s", run->repeat);
}

static void print_whole(struct ktap *k, const struct report_run *run)
{
	const struct verdict *v = &run->verdict;
	unsigned long long ms = (run->ev->end_ns - run->ev->create_ns) / 1000000;
	const char *name = run->name;

	if (v->status == VERDICT_PASS)
		ktap__pass(k, name, "# time=%llums", ms);
	else if (v->status == VERDICT_INCONCLUSIVE)
		ktap__skip(k, name, "inconclusive: %s", v->reason);
	else if (v->status == VERDICT_SKIP)
		ktap__skip(k, name, "%s", v->reason);
	else
		ktap__fail(k, name, "# time=%llums", ms);
}

void result__print(struct ktap *k, const struct report *r, const struct report_run *run)
{
	const struct verdict *v = &run->verdict;

	if (run->skip[0])
		return ktap__skip(k, run->name, "%s", run->skip);
	if (v->status != VERDICT_INTERRUPTED)
		for (uint32_t i = 0; i < v->nr; i++)
			if (v->checks[i].applies)
				print_check(k, run->name, &v->checks[i]);
	table__print(k, r, run);
	print_rules(k, &run->ev->splats, r->args->verbose);
	print_exit(k, run);
	print_faults(k, run);
	print_lines(k, run->events_brief);
	print_lines(k, run->stats_brief);
	if (v->status != VERDICT_PASS)
		print_context(k, run);
	if (v->status == VERDICT_PASS)
		ktap__diag(k, "%s: PASS", run->name);
	else
		ktap__diag(k, "%s: %s (%s): %s", run->name,
			   verdict__status_name(v->status), verdict__kind_name(v->kind), v->reason);
	if (v->status != VERDICT_INTERRUPTED)
		print_whole(k, run);
}
