/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Growing byte queue: geometric growth up to a bound that the caller names,
 * memory given back when the queue runs empty. Not locked.
 */
#ifndef VMM_BYTE_RING_H
#define VMM_BYTE_RING_H

#include <stddef.h>
#include <stdint.h>

#define BYTE_RING_MIN	(4u << 10)	/* never smaller: an empty ring always has room */
#define BYTE_RING_KEEP	(512u << 10)	/* larger ones are given back when empty */

/**
 * struct byte_ring - bytes waiting to be taken
 * @buf: storage of @cap bytes, a power of two
 * @cap: its size
 * @head: index of the first byte
 * @len: bytes in use
 */
struct byte_ring {
	uint8_t *buf;
	size_t cap;
	size_t head;
	size_t len;
};

/** byte_ring__init() - make an empty ring; return: 0 or -ENOMEM */
int byte_ring__init(struct byte_ring *r);

/** byte_ring__exit() - free the storage; a zeroed ring is fine */
void byte_ring__exit(struct byte_ring *r);

/**
 * byte_ring__append() - put bytes at the end
 * @r: ring
 * @src: bytes
 * @n: how many
 * @limit: the ring holds no more than this afterwards
 *
 * Return: bytes taken over: fewer than @n at the limit, or when memory is
 * short and the present storage is full. Never 0 for an empty ring, @n > 0
 * and @limit > 0.
 */
size_t byte_ring__append(struct byte_ring *r, const void *src, size_t n, size_t limit);

/** byte_ring__reserve() - make room for @n more bytes; return: 0 or -ENOMEM */
int byte_ring__reserve(struct byte_ring *r, size_t n);

/** byte_ring__push_front() - put @n bytes before the first; return: 0 or -ENOMEM (none put) */
int byte_ring__push_front(struct byte_ring *r, const void *src, size_t n);

/** byte_ring__take() - move up to @n bytes from the front to @dst; return: bytes moved */
size_t byte_ring__take(struct byte_ring *r, void *dst, size_t n);

/** byte_ring__clear() - drop everything */
void byte_ring__clear(struct byte_ring *r);

#endif /* VMM_BYTE_RING_H */
