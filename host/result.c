// SPDX-License-Identifier: GPL-2.0-only
/*
 * From verdict to KTAP.
 */
#include <string.h>

#include "result.h"
#include "table.h"

#define QUOTED_LINES	20
#define CONSOLE_LINES	40	/* a backtrace and what led to it */

unsigned int result__points(const struct plan *plan)
{
	struct verdict v;
	unsigned int n = 1;

	verdict__plan_checks(&v, plan);
	for (int i = 0; i < CHECK_NR; i++)
		n += v.checks[i].applies;
	return n;
}

static void print_check(struct ktap *k, const char *run, const struct verdict_check *c)
{
	char name[128];

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

static void print_splats(struct ktap *k, const struct splat_log *log)
{
	for (uint32_t i = 0; i < log->nr && i < SPLATS_MAX; i++)
		ktap__diag(k, "  %s: %s", splat__name(log->splats[i].kind), log->splats[i].text);
}

static void print_events(struct ktap *k, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		ktap__diag(k, "  %.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* What helps to understand a failure, without --out. */
static void print_context(struct ktap *k, const struct report_run *run)
{
	const struct verdict *v = &run->verdict;

	print_splats(k, &run->ev->splats);
	quote_tail(k, run->ev, EVIDENCE_SLOG, QUOTED_LINES, "last output of the scheduler:");
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

	if (v->status != VERDICT_INTERRUPTED)
		for (int i = 0; i < CHECK_NR; i++)
			if (v->checks[i].applies)
				print_check(k, run->name, &v->checks[i]);
	table__print(k, r, run);
	print_events(k, run->events_brief);
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
