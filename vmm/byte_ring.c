// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bounded byte queue.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "byte_ring.h"

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

int byte_ring__init(struct byte_ring *r, size_t cap)
{
	void *buf = mmap(NULL, cap, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*r = (struct byte_ring) { 0 };
	if (buf == MAP_FAILED)
		return -ENOMEM;
	r->buf = buf;
	r->cap = cap;
	return 0;
}

void byte_ring__exit(struct byte_ring *r)
{
	if (r->buf)
		munmap(r->buf, r->cap);
	*r = (struct byte_ring) { 0 };
}

/* Index @off bytes behind index @pos; both are at most the capacity. */
static size_t index_at(const struct byte_ring *r, size_t pos, size_t off)
{
	return pos + off < r->cap ? pos + off : pos + off - r->cap;
}

/* Copy @n bytes to index @pos; the room exists. */
static void copy_in(struct byte_ring *r, size_t pos, const uint8_t *src, size_t n)
{
	size_t first = min_size(n, r->cap - pos);
	size_t end = first < n ? r->cap : pos + n;

	memcpy(r->buf + pos, src, first);
	memcpy(r->buf, src + first, n - first);
	if (end > r->touched)
		r->touched = end;
}

/*
 * Starting over at the front keeps a ring that is emptied often in a few pages. One
 * that is filled again and again keeps more: taking a page costs more than filling it.
 */
static void emptied(struct byte_ring *r)
{
	r->head = 0;
	r->small = r->peak > BYTE_RING_KEEP ? 0 : r->small + 1;
	r->peak = 0;
	if (r->touched <= BYTE_RING_KEEP || r->small < BYTE_RING_SMALL)
		return;
	/* Refused, it costs memory and nothing else. */
	if (!madvise(r->buf, r->touched, MADV_DONTNEED))
		r->touched = 0;
}

static void filled(struct byte_ring *r, size_t n)
{
	r->len += n;
	if (r->len > r->peak)
		r->peak = r->len;
}

size_t byte_ring__append(struct byte_ring *r, const void *src, size_t n, size_t limit)
{
	limit = min_size(limit, r->cap);
	n = min_size(n, limit > r->len ? limit - r->len : 0);
	if (!n)
		return 0;
	copy_in(r, index_at(r, r->head, r->len), src, n);
	filled(r, n);
	return n;
}

int byte_ring__push_front(struct byte_ring *r, const void *src, size_t n)
{
	if (n > r->cap - r->len)
		return -ENOBUFS;
	if (!n)
		return 0;
	r->head = index_at(r, r->head, r->cap - n);
	copy_in(r, r->head, src, n);
	filled(r, n);
	return 0;
}

size_t byte_ring__take(struct byte_ring *r, void *dst, size_t n)
{
	size_t first;

	n = min_size(n, r->len);
	if (!n)
		return 0;
	first = min_size(n, r->cap - r->head);
	memcpy(dst, r->buf + r->head, first);
	memcpy((uint8_t *)dst + first, r->buf, n - first);
	r->head = index_at(r, r->head, n);
	r->len -= n;
	if (!r->len)
		emptied(r);
	return n;
}

void byte_ring__clear(struct byte_ring *r)
{
	r->len = 0;
	emptied(r);
}
