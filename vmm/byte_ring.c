// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growing byte queue.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "byte_ring.h"

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

int byte_ring__init(struct byte_ring *r)
{
	*r = (struct byte_ring) { .buf = malloc(BYTE_RING_MIN), .cap = BYTE_RING_MIN };
	return r->buf ? 0 : -ENOMEM;
}

void byte_ring__exit(struct byte_ring *r)
{
	free(r->buf);
	*r = (struct byte_ring) { 0 };
}

/* Copy out @n bytes that begin @off bytes behind the head; they exist. */
static void copy_out(const struct byte_ring *r, size_t off, uint8_t *dst, size_t n)
{
	size_t pos = (r->head + off) & (r->cap - 1);
	size_t first = min_size(n, r->cap - pos);

	memcpy(dst, r->buf + pos, first);
	memcpy(dst + first, r->buf, n - first);
}

/* Copy @n bytes to index @pos; the room exists. */
static void copy_in(struct byte_ring *r, size_t pos, const uint8_t *src, size_t n)
{
	size_t first;

	pos &= r->cap - 1;
	first = min_size(n, r->cap - pos);
	memcpy(r->buf + pos, src, first);
	memcpy(r->buf, src + first, n - first);
}

int byte_ring__reserve(struct byte_ring *r, size_t n)
{
	size_t cap = r->cap;
	uint8_t *buf;

	if (n > SIZE_MAX / 4 - r->len)
		return -ENOMEM;
	while (cap - r->len < n)
		cap *= 2;
	if (cap == r->cap)
		return 0;
	buf = malloc(cap);
	if (!buf)
		return -ENOMEM;
	copy_out(r, 0, buf, r->len);
	free(r->buf);
	r->buf = buf;
	r->cap = cap;
	r->head = 0;
	return 0;
}

size_t byte_ring__append(struct byte_ring *r, const void *src, size_t n, size_t limit)
{
	n = min_size(n, limit > r->len ? limit - r->len : 0);
	if (byte_ring__reserve(r, n))
		n = min_size(n, r->cap - r->len);
	if (!n)
		return 0;
	copy_in(r, r->head + r->len, src, n);
	r->len += n;
	return n;
}

int byte_ring__push_front(struct byte_ring *r, const void *src, size_t n)
{
	int err = byte_ring__reserve(r, n);

	if (err || !n)
		return err;
	r->head = (r->head - n) & (r->cap - 1);
	copy_in(r, r->head, src, n);
	r->len += n;
	return 0;
}

/* Failure to get a small buffer only means that the large one is kept. */
static void shrink(struct byte_ring *r)
{
	uint8_t *buf;

	r->head = 0;
	if (r->cap <= BYTE_RING_KEEP)
		return;
	buf = malloc(BYTE_RING_MIN);
	if (!buf)
		return;
	free(r->buf);
	r->buf = buf;
	r->cap = BYTE_RING_MIN;
}

size_t byte_ring__take(struct byte_ring *r, void *dst, size_t n)
{
	n = min_size(n, r->len);
	if (!n)
		return 0;
	copy_out(r, 0, dst, n);
	r->head = (r->head + n) & (r->cap - 1);
	r->len -= n;
	if (!r->len)
		shrink(r);
	return n;
}

void byte_ring__clear(struct byte_ring *r)
{
	r->len = 0;
	shrink(r);
}
