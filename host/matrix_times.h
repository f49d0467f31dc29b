/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long cells took here before, from one call to the next.
 *
 * Only estimates come from it, so a file that is missing, foreign or lost costs a guess.
 */
#ifndef KTSTR_HOST_MATRIX_TIMES_H
#define KTSTR_HOST_MATRIX_TIMES_H

#include <stddef.h>
#include <stdint.h>

#include "strv.h"

#define MATRIX_TIMES_MAX	20000u	/* entries; the oldest go first */

/** struct matrix_time - one cell: what was run, and how many ms it took when it last was */
struct matrix_time {
	uint64_t key;
	uint32_t ms;
};

/** struct matrix_times - all of them, the oldest first */
struct matrix_times {
	struct matrix_time *v;
	size_t n;
};

/** matrix_times__key() - of the words that run a cell; never 0 */
uint64_t matrix_times__key(const struct strv *words);

/** matrix_times__path() - where they are kept; return: 0 or a negative errno */
int matrix_times__path(char *dst, size_t size);

/**
 * matrix_times__load() - read them
 * @t: result, empty on failure; matrix_times__free() in every case
 * @path: file; lines "KEY MS" in hex and decimal, others are passed over
 *
 * Return: 0, also without such a file; a negative errno.
 */
int matrix_times__load(struct matrix_times *t, const char *path);

/** matrix_times__get() - ms of a key, 0 when nothing is known */
uint32_t matrix_times__get(const struct matrix_times *t, uint64_t key);

/** matrix_times__set() - remember a time as the youngest; return: 0 or -ENOMEM */
int matrix_times__set(struct matrix_times *t, uint64_t key, uint32_t ms);

/**
 * matrix_times__save() - write them
 *
 * The file is replaced as a whole. Of two calls at the same time the last one counts.
 * Return: 0 or a negative errno.
 */
int matrix_times__save(const struct matrix_times *t, const char *path);

/** matrix_times__free() - give the list back */
void matrix_times__free(struct matrix_times *t);

#endif /* KTSTR_HOST_MATRIX_TIMES_H */
