/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bounded byte queue. Its address space is taken once and its pages as bytes
 * come, so putting bytes in never allocates, never moves what is there and
 * cannot fail halfway. Not locked.
 */
#ifndef VMM_BYTE_RING_H
#define VMM_BYTE_RING_H

#include <stddef.h>
#include <stdint.h>

#define BYTE_RING_KEEP	(2u << 20)	/* bytes; a ring that needs no more gives no pages back */
#define BYTE_RING_SMALL	64		/* times in a row that it needed no more, until it does */

/**
 * struct byte_ring - bytes waiting to be taken
 * @buf: storage of @cap bytes
 * @cap: its size
 * @head: index of the first byte, below @cap
 * @len: bytes in use
 * @touched: no byte at or above this index was written since pages were given back
 * @peak: the most it held since it was empty
 * @small: times in a row that @peak was at most %BYTE_RING_KEEP
 */
struct byte_ring {
	uint8_t *buf;
	size_t cap;
	size_t head;
	size_t len;
	size_t touched;
	size_t peak;
	unsigned int small;
};

/**
 * byte_ring__init() - make an empty ring
 * @r: ring
 * @cap: the most it will ever hold, a multiple of the page size
 *
 * Return: 0 or -ENOMEM.
 */
int byte_ring__init(struct byte_ring *r, size_t cap);

/** byte_ring__exit() - free the storage; a zeroed ring is fine */
void byte_ring__exit(struct byte_ring *r);

/**
 * byte_ring__append() - put bytes at the end
 * @r: ring
 * @src: bytes
 * @n: how many
 * @limit: the ring holds no more than this afterwards
 *
 * Return: bytes taken over, fewer than @n only at @limit or the ring's capacity.
 */
size_t byte_ring__append(struct byte_ring *r, const void *src, size_t n, size_t limit);

/** byte_ring__push_front() - put @n bytes before the first; return: 0 or -ENOBUFS (none put) */
int byte_ring__push_front(struct byte_ring *r, const void *src, size_t n);

/** byte_ring__take() - move up to @n bytes from the front to @dst; return: bytes moved */
size_t byte_ring__take(struct byte_ring *r, void *dst, size_t n);

/** byte_ring__clear() - drop everything */
void byte_ring__clear(struct byte_ring *r);

#endif /* VMM_BYTE_RING_H */
