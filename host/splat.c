// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns of kernel log lines that fail a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/wire.h>

#include "buf.h"
#include "splat.h"

#define PANIC_END	"---[ end Kernel panic"

/*
 * @at_start: only at the start of a message; words that are common elsewhere
 * ("WARNING:" in an argument list) would cry wolf. The first match wins: the
 * special ones stand before the general ones.
 */
static const struct {
	enum splat_kind kind;
	bool at_start;
	const char *text;
} patterns[] = {
	{ SPLAT_PANIC,		true,	"Kernel panic - not syncing" },
	{ SPLAT_LOCKDEP,	false,	"possible circular locking" },
	{ SPLAT_LOCKDEP,	false,	"inconsistent lock state" },
	{ SPLAT_LOCKDEP,	false,	"possible recursive locking" },
	{ SPLAT_LOCKDEP,	false,	"possible irq lock inversion" },
	{ SPLAT_LOCKDEP,	false,	"-safe -> " },
	{ SPLAT_LOCKDEP,	true,	"WARNING: suspicious RCU usage" },
	{ SPLAT_LOCKDEP,	true,	"WARNING: bad unlock balance" },
	{ SPLAT_SANITIZER,	true,	"BUG: KASAN" },
	{ SPLAT_SANITIZER,	true,	"BUG: KCSAN" },
	{ SPLAT_SANITIZER,	true,	"BUG: KFENCE" },
	{ SPLAT_SANITIZER,	true,	"BUG: KMSAN" },
	{ SPLAT_SANITIZER,	true,	"UBSAN: " },
	{ SPLAT_LOCKUP,		false,	"soft lockup - CPU" },
	{ SPLAT_LOCKUP,		false,	"hard LOCKUP on cpu" },
	{ SPLAT_LOCKUP,		false,	"BUG: workqueue lockup" },
	{ SPLAT_RCU_STALL,	false,	"detected stall" },
	{ SPLAT_RCU_STALL,	false,	"self-detected stall" },
	{ SPLAT_RCU_STALL,	false,	"detected expedited stalls" },
	{ SPLAT_RCU_STALL,	false,	"rcu_tasks stall" },
	/* Further in it is a process: "traps: NAME[PID] general protection fault ip:". */
	{ SPLAT_FAULT,		true,	"general protection fault" },
	{ SPLAT_FAULT,		true,	"Oops: general protection fault" },
	{ SPLAT_FAULT,		true,	"traps: PANIC" },
	{ SPLAT_OOPS,		true,	"Oops" },
	{ SPLAT_OOPS,		true,	"Internal error: Oops" },
	{ SPLAT_BUG,		true,	"kernel BUG at" },
	{ SPLAT_BUG,		true,	"BUG:" },
	{ SPLAT_BUG,		false,	": BUG:" },
	{ SPLAT_WARNING,	true,	"WARNING:" },
};

static const char * const names[] = {
	[SPLAT_NONE]		= "none",
	[SPLAT_WARNING]		= "kernel warning",
	[SPLAT_BUG]		= "kernel bug",
	[SPLAT_OOPS]		= "kernel oops",
	[SPLAT_LOCKDEP]		= "lockdep report",
	[SPLAT_RCU_STALL]	= "RCU stall",
	[SPLAT_HUNG_TASK]	= "hung task",
	[SPLAT_LOCKUP]		= "lockup",
	[SPLAT_FAULT]		= "kernel fault",
	[SPLAT_SANITIZER]	= "sanitizer report",
	[SPLAT_PANIC]		= "kernel panic",
	[SPLAT_DENIED]		= "denied line",
};

const char *splat__name(enum splat_kind kind)
{
	return names[kind];
}

/* "INFO: task NAME:PID blocked for more than N seconds." */
static bool is_hung_task(const char *text)
{
	return !strncmp(text, "INFO: task ", 11) && strstr(text, " blocked for more than ");
}

enum splat_kind splat__classify(const char *text)
{
	if (is_hung_task(text))
		return SPLAT_HUNG_TASK;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const char *hit = strstr(text, patterns[i].text);

		if (hit && (hit == text || !patterns[i].at_start))
			return patterns[i].kind;
	}
	return SPLAT_NONE;
}

/*
 * /dev/kmsg may be written by anyone in the guest: only facility 0 is the
 * kernel's own voice. printk sets facility 1 for what user space writes.
 */
static const char *strip_dmsg(const char *line)
{
	const char *end = strchr(line, '>');

	if (line[0] != '<' || !end || strtoul(line + 1, NULL, 10) >> 3)
		return NULL;
	return end + 1;
}

/* "[  12.345678][ T1] text": any number of brackets. */
static const char *strip_com1(const char *line)
{
	while (line[0] == '[') {
		const char *end = strchr(line, ']');

		if (!end)
			break;
		line = end + 1;
	}
	return line + strspn(line, " ");
}

static struct splat *known(struct splat_log *log, const char *text, enum splat_source from)
{
	for (uint32_t i = 0; i < log->nr && i < SPLATS_MAX; i++)
		if (!(log->splats[i].seen_from & 1u << from) && !strcmp(log->splats[i].text, text))
			return &log->splats[i];
	return NULL;
}

static void use(struct splat_log *log, const struct splat_rule *rule)
{
	uint32_t *used = &log->used[rule - log->rules->rules];

	if (*used < UINT32_MAX)
		++*used;
}

/*
 * A denied line is a splat whatever an allow file says; an expired entry denies on, which
 * errs to the safe side. No entry can allow a panic: it ends the run.
 */
static bool is_allowed(struct splat_log *log, enum splat_kind *kind, const char *text,
		       const struct splat_rule **rule)
{
	*rule = splat_rules__find(log->rules, true, text);
	if (*rule) {
		use(log, *rule);
		if (!*kind)
			*kind = SPLAT_DENIED;
		return false;
	}
	if (!*kind || *kind == SPLAT_PANIC)
		return false;
	*rule = splat_rules__find(log->rules, false, text);
	if (!*rule || (*rule)->expired)
		return false;
	use(log, *rule);
	log->allowed++;
	return true;
}

static void record(struct splat_log *log, enum splat_kind kind, const char *text,
		   const struct splat_rule *rule, enum splat_source from)
{
	struct splat s = { .kind = kind, .rule = rule, .seen_from = 1u << from };
	struct splat *old;

	text__clean(s.text, sizeof(s.text), text, strlen(text));
	if (kind == SPLAT_PANIC && !log->panic[0])
		memcpy(log->panic, s.text, sizeof(log->panic));
	old = known(log, s.text, from);
	if (old)
		old->seen_from |= 1u << from;
	else if (log->nr < SPLATS_MAX)
		log->splats[log->nr++] = s;
	else if (log->nr < UINT32_MAX)
		log->nr++;
}

/* The guest itself says that records are missing. The first such line is kept. */
static void note_incomplete(struct splat_log *log, const char *text)
{
	const size_t skip = strlen(KTSTR_DMSG_INCOMPLETE);

	if (!log->incomplete[0] && !strncmp(text, KTSTR_DMSG_INCOMPLETE, skip))
		text__clean(log->incomplete, sizeof(log->incomplete), text + skip,
			    strlen(text + skip));
}

static void scan_line(struct splat_log *log, enum splat_source from)
{
	const struct splat_rule *rule;
	const char *text;
	enum splat_kind kind;

	log->line[from][log->len[from]] = '\0';
	log->len[from] = 0;
	text = from == SPLAT_FROM_DMSG ? strip_dmsg(log->line[from]) : strip_com1(log->line[from]);
	if (!text)
		return;
	if (from == SPLAT_FROM_COM1 && log->panic[0] && strstr(text, PANIC_END))
		log->panic_ended = true;
	kind = splat__classify(text);
	if (is_allowed(log, &kind, text, &rule))
		return;
	if (kind)
		record(log, kind, text, rule, from);
	else if (from == SPLAT_FROM_DMSG)
		note_incomplete(log, text);
}

void splat__feed(struct splat_log *log, enum splat_source from, const void *data, size_t len)
{
	const char *p = data;

	for (; len; len--, p++) {
		if (*p == '\n')
			scan_line(log, from);
		else if (log->len[from] < SPLAT_LINE_MAX - 1 && *p != '\r' && *p)
			log->line[from][log->len[from]++] = *p;
	}
}

void splat__finish(struct splat_log *log)
{
	for (int from = 0; from < SPLAT_SOURCES; from++)
		if (log->len[from])
			scan_line(log, from);
}
