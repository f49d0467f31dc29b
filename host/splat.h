/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel log scanner: splats in what the kernel says of itself.
 */
#ifndef KTSTR_HOST_SPLAT_H
#define KTSTR_HOST_SPLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "splat_rules.h"

#define SPLAT_LINE_MAX	512u
#define SPLATS_MAX	16u	/* kept with their text; the others are counted */

enum splat_kind {
	SPLAT_NONE = 0,
	SPLAT_WARNING,
	SPLAT_BUG,
	SPLAT_OOPS,
	SPLAT_LOCKDEP,
	SPLAT_RCU_STALL,
	SPLAT_HUNG_TASK,
	SPLAT_LOCKUP,
	SPLAT_FAULT,		/* general protection and other faults of the kernel */
	SPLAT_SANITIZER,	/* KASAN, KCSAN, KFENCE, UBSAN */
	SPLAT_PANIC,
	SPLAT_DENIED,		/* a line of a deny file that is none of the others */
};

/* Where a line came from; the same line may come both ways. */
enum splat_source {
	SPLAT_FROM_DMSG,	/* "<prio,seq,usec>text" */
	SPLAT_FROM_COM1,	/* "[ seconds] text" */
	SPLAT_SOURCES,
};

/**
 * struct splat - one of them
 * @kind: what it is
 * @rule: entry of a file that says something of it: it is denied, or an allow entry has
 *	expired; or NULL
 * @seen_from: bit of every source it came from
 * @text: cleaned for a terminal and without its time stamp
 */
struct splat {
	enum splat_kind kind;
	const struct splat_rule *rule;
	uint32_t seen_from;
	char text[192];
};

/**
 * struct splat_log - scanner and result
 * @rules: entries of allow and deny files; may be NULL
 * @used: by entry of @rules: lines that it decided, those seen from both sources twice
 * @nr: how many splats in all, those seen from both sources counted once; none that is allowed
 * @allowed: lines that were allowed
 * @splats: the first %SPLATS_MAX
 * @panic: text of the first panic, "" if there was none
 * @panic_ended: the line that ends its report came, on COM1 the last of all
 * @incomplete: what the guest says is missing of its log, "" when nothing is
 * @line: the incomplete line of each source
 * @len: its length; a longer line is cut, its tail is not scanned
 */
struct splat_log {
	const struct splat_rules *rules;
	uint32_t used[SPLAT_RULES_MAX];
	uint32_t nr;
	uint64_t allowed;
	struct splat splats[SPLATS_MAX];
	char panic[192];
	bool panic_ended;
	char incomplete[192];
	char line[SPLAT_SOURCES][SPLAT_LINE_MAX];
	size_t len[SPLAT_SOURCES];
};

/** splat__feed() - scan bytes of a source, cut anywhere */
void splat__feed(struct splat_log *log, enum splat_source from, const void *data, size_t len);

/** splat__finish() - scan the last lines although they lack their newline: a crash cuts them */
void splat__finish(struct splat_log *log);

/** splat__classify() - what is a line of kernel log, without its time stamp? */
enum splat_kind splat__classify(const char *text);

/** splat__name() - the kind in words */
const char *splat__name(enum splat_kind kind);

#endif /* KTSTR_HOST_SPLAT_H */
