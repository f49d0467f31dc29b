/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that grows up to a bound, and the last bytes of an endless stream.
 */
#ifndef KTSTR_HOST_BUF_H
#define KTSTR_HOST_BUF_H

#include <stddef.h>

/**
 * struct buf - bytes that grow up to a bound
 * @data: the bytes, always followed by a NUL that @len does not count
 * @len: bytes in use
 * @cap: bytes allocated
 * @max: @len never passes this
 * @err: first error, 0 while whole: callers may add much and ask once
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	int err;
};

/** buf__init() - an empty buffer that will hold at most @max bytes */
void buf__init(struct buf *b, size_t max);

/**
 * buf__add() - append bytes, all or none
 * @b: buffer
 * @data: bytes
 * @len: how many
 *
 * Return: 0; -ENOBUFS past the bound, -ENOMEM; the error sticks in @b->err and
 * later calls add nothing.
 */
int buf__add(struct buf *b, const void *data, size_t len);

/** buf__printf() - append formatted text; return: as buf__add() */
int __attribute__((format(printf, 2, 3))) buf__printf(struct buf *b, const char *fmt, ...);

/** buf__free() - give the memory back and empty the buffer */
void buf__free(struct buf *b);

#define TAIL_BYTES	(16u << 10)

/**
 * struct tail - the last %TAIL_BYTES or more of a stream
 * @data: the bytes
 * @len: bytes in @data
 * @total: bytes that ever passed
 */
struct tail {
	char data[2 * TAIL_BYTES];
	size_t len;
	unsigned long long total;
};

/** tail__add() - append bytes and forget the oldest as needed */
void tail__add(struct tail *t, const void *data, size_t len);

/**
 * tail__lines() - where the last lines of the stream start
 * @t: stream
 * @lines: how many lines
 * @len: bytes from there to the end
 *
 * Return: pointer into @t, valid until the next tail__add().
 */
const char *tail__lines(const struct tail *t, unsigned int lines, size_t *len);

/**
 * text__clean() - make bytes from a guest safe for a terminal and for JSON
 * @dst: where to, NUL terminated; may be @src
 * @size: room in bytes, at least 1
 * @src: bytes
 * @len: how many; a NUL ends them early
 *
 * Anything but printable ASCII becomes '?', a tab or newline a blank; blanks at
 * the end are cut.
 */
void text__clean(char *dst, size_t size, const char *src, size_t len);

#endif /* KTSTR_HOST_BUF_H */
