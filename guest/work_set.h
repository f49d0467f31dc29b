/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A working set: cache lines that are walked in an order no prefetcher guesses.
 */
#ifndef GUEST_WORK_SET_H
#define GUEST_WORK_SET_H

#include <stdint.h>

#include "work.h"

struct work_line {
	uint32_t next;		/* index of the line that comes after this */
	uint32_t visits;
} __attribute__((aligned(64)));

/**
 * struct work_set - one worker's
 * @lines: of it
 * @nr: how many
 * @at: where the walk is
 */
struct work_set {
	struct work_line *lines;
	uint32_t nr, at;
};

/** work_set__new() - of the worker's kib, one cycle through all lines; lives as long as it */
struct work_set work_set__new(struct ktstr_worker *w);

/** work_set__steps() - visit the next @n lines: each is read and written */
void work_set__steps(struct work_set *s, uint32_t n);

/** work_set__walk() - visit all lines once, and look at clock and CPU now and then */
void work_set__walk(struct ktstr_worker *w, struct work_set *s);

#endif /* GUEST_WORK_SET_H */
