// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exit of a scheduler, put together.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "sched_exit.h"
#include "sched_exit_text.h"

static const struct {
	uint32_t kind;
	const char *name;
	const char *reason;	/* scx_exit_reason() */
} kinds[] = {
	{ SCHED_EXIT_NONE,		"SCX_EXIT_NONE",	"" },
	{ SCHED_EXIT_DONE,		"SCX_EXIT_DONE",	"" },
	{ SCHED_EXIT_UNREG,		"SCX_EXIT_UNREG",	"unregistered from user space" },
	{ SCHED_EXIT_UNREG_BPF,		"SCX_EXIT_UNREG_BPF",	"unregistered from BPF" },
	{ SCHED_EXIT_UNREG_KERN,	"SCX_EXIT_UNREG_KERN",
	  "unregistered from the main kernel" },
	{ SCHED_EXIT_SYSRQ,		"SCX_EXIT_SYSRQ",	"disabled by sysrq-S" },
	{ SCHED_EXIT_ERROR,		"SCX_EXIT_ERROR",	"runtime error" },
	{ SCHED_EXIT_ERROR_BPF,		"SCX_EXIT_ERROR_BPF",	"scx_bpf_error" },
	{ SCHED_EXIT_ERROR_STALL,	"SCX_EXIT_ERROR_STALL",	"runnable task stall" },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *sched_exit__kind_name(uint32_t kind)
{
	for (size_t i = 0; i < NR_KINDS; i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "unknown";
}

const char *sched_exit__source_name(enum sched_exit_source source)
{
	static const char * const names[SCHED_EXIT_SOURCES] = {
		[SCHED_EXIT_BY_EVENTS] = "events", [SCHED_EXIT_BY_LOG] = "log",
		[SCHED_EXIT_BY_TRACE] = "trace", [SCHED_EXIT_BY_SELF] = "scheduler",
	};

	return names[source];
}

static const char *reason_of(uint32_t kind)
{
	for (size_t i = 0; i < NR_KINDS; i++)
		if (kinds[i].kind == kind)
			return kinds[i].reason;
	return "";
}

uint32_t sched_exit__kind_of(const char *reason)
{
	for (size_t i = 0; i < NR_KINDS; i++)
		if (kinds[i].reason[0] && !strcmp(kinds[i].reason, reason))
			return kinds[i].kind;
	return SCHED_EXIT_NONE;
}

/* What came first led to the rest; but a restart on purpose is not what an error is. */
bool sched_exit__tell(struct sched_exit *x, enum sched_exit_source from,
		      const struct sched_exit_told *told)
{
	struct sched_exit_told *t = &x->told[from];
	uint32_t times = t->times;
	bool keep = !times || (told->kind >= SCHED_EXIT_ERROR && t->kind < SCHED_EXIT_ERROR);

	if (keep)
		*t = *told;
	t->times = times < UINT32_MAX ? times + 1 : times;
	if (keep)
		t->nth = t->times;
	return keep;
}

/* The sources by how much they are to be trusted with one field, the best first. */
static const enum sched_exit_source by_number[SCHED_EXIT_SOURCES] = {
	SCHED_EXIT_BY_EVENTS, SCHED_EXIT_BY_LOG, SCHED_EXIT_BY_TRACE, SCHED_EXIT_BY_SELF,
};

static const enum sched_exit_source by_text[SCHED_EXIT_SOURCES] = {
	SCHED_EXIT_BY_LOG, SCHED_EXIT_BY_TRACE, SCHED_EXIT_BY_SELF, SCHED_EXIT_BY_EVENTS,
};

static const char *best_text(const struct sched_exit *x, size_t offset,
			     enum sched_exit_source *by)
{
	for (int i = 0; i < SCHED_EXIT_SOURCES; i++) {
		const char *s = (const char *)&x->told[by_text[i]] + offset;

		*by = by_text[i];
		if (*s)
			return s;
	}
	return "";
}

static void choose_numbers(const struct sched_exit *x, struct sched_exit_facts *f)
{
	for (int i = SCHED_EXIT_SOURCES - 1; i >= 0; i--) {
		const struct sched_exit_told *t = &x->told[by_number[i]];

		f->known |= t->times > 0;
		if (t->kind) {
			f->kind = t->kind;
			f->kind_by = by_number[i];
		}
		if (t->has_code) {
			f->has_code = true;
			f->code = t->code;
			f->code_by = by_number[i];
		}
		if (t->time_ns)
			f->time_ns = t->time_ns;
	}
}

/* Both are of one exit only if both told as many. */
static bool comparable(const struct sched_exit *x, enum sched_exit_source a,
		       enum sched_exit_source b)
{
	return a != b && x->told[a].times && x->told[a].times == x->told[b].times;
}

static bool same_text(const struct sched_exit_told *a, const struct sched_exit_told *b)
{
	size_t la = strlen(a->msg), lb = strlen(b->msg);
	size_t n = la < lb ? la : lb;

	if (!la || !lb)
		return true;
	if ((a->msg_cut && la == n) || (b->msg_cut && lb == n))
		return !memcmp(a->msg, b->msg, n);
	return la == lb && !memcmp(a->msg, b->msg, la);
}

static void compare(const struct sched_exit *x, struct sched_exit_facts *f,
		    enum sched_exit_source with)
{
	const struct sched_exit_told *t = &x->told[with];
	size_t used = strlen(f->contradictions);

	if (comparable(x, f->kind_by, with) && t->kind && t->kind != f->kind)
		snprintf(f->contradictions + used, sizeof(f->contradictions) - used,
			 "%s says %s, but %s says %s\n", sched_exit__source_name(f->kind_by),
			 sched_exit__kind_name(f->kind), sched_exit__source_name(with),
			 sched_exit__kind_name(t->kind));
	used = strlen(f->contradictions);
	if (f->msg[0] && comparable(x, f->msg_by, with) && !same_text(&x->told[f->msg_by], t))
		snprintf(f->contradictions + used, sizeof(f->contradictions) - used,
			 "%s says \"%.80s\", but %s says \"%.80s\"\n",
			 sched_exit__source_name(f->msg_by), f->msg,
			 sched_exit__source_name(with), t->msg);
}

static void choose_dump(const struct sched_exit *x, struct sched_exit_facts *f)
{
	if (x->trace.len) {
		f->dump = &x->trace;
		f->dump_by = SCHED_EXIT_BY_TRACE;
	} else if (x->self.len) {
		f->dump = &x->self;
		f->dump_by = SCHED_EXIT_BY_SELF;
	}
}

void sched_exit__facts(const struct sched_exit *x, struct sched_exit_facts *f)
{
	memset(f, 0, sizeof(*f));
	choose_numbers(x, f);
	f->ops = best_text(x, offsetof(struct sched_exit_told, ops), &f->ops_by);
	f->reason = best_text(x, offsetof(struct sched_exit_told, reason), &f->reason_by);
	f->msg = best_text(x, offsetof(struct sched_exit_told, msg), &f->msg_by);
	if (!f->reason[0]) {
		f->reason = reason_of(f->kind);
		f->reason_by = f->kind_by;
	}
	choose_dump(x, f);
	for (int i = 0; i < SCHED_EXIT_SOURCES; i++)
		compare(x, f, i);
}

bool sched_exit__by_itself(const struct sched_exit_facts *f)
{
	return f->known && f->kind > SCHED_EXIT_UNREG;
}

const char *sched_exit__describe(const struct sched_exit_facts *f, char *buf, size_t size)
{
	char code[48] = "";

	if (f->has_code && f->code)
		snprintf(code, sizeof(code), ", exit code 0x%" PRIx64, (uint64_t)f->code);
	snprintf(buf, size, "%s%s%.200s%s%s", f->reason[0] ? f->reason : "for a reason unknown",
		 f->msg[0] ? " (" : "", f->msg, f->msg[0] ? ")" : "", code);
	return buf;
}
