/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers of files share: an input as a file and as memory with nothing
 * behind it, a bound on what a reader takes from the heap, and how a finding is told.
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include <ktstr/error.h>

/** oracle__fail() - a finding: print it and end */
void oracle__fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define CHECK(cond, ...)				\
	do {						\
		if (!(cond))				\
			oracle__fail(__VA_ARGS__);	\
	} while (0)

/** oracle__init() - once, before all else */
void oracle__init(void);

/**
 * oracle__file() - the bytes as a regular file
 * @data: bytes
 * @size: how many
 * @path: gets a path that opens it, valid until the next call
 *
 * Return: a descriptor of it, open for reading, which is not the caller's to close.
 */
int oracle__file(const uint8_t *data, size_t size, const char **path);

/** oracle__guarded() - a copy whose last byte is the last that can be read; at most 1 MiB */
const uint8_t *oracle__guarded(const uint8_t *data, size_t size);

/** oracle__heap_begin() - count from here on what is taken from the heap */
void oracle__heap_begin(void);

/** oracle__heap_end() - fail unless all was given back and it was never more than @max bytes */
void oracle__heap_end(const char *what, size_t max);

/** oracle__refused() - fail unless @err is @a or @b and there is a sentence in @e */
void oracle__refused(const char *what, int err, int a, int b, const struct ktstr_error *e);

#endif /* FUZZ_ORACLE_H */
