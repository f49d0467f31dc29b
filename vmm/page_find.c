// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of guest RAM that are known by how they begin.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "page_find.h"

#define PAGE	PAGE_FIND_PAGE
#define SLICE	128u	/* pages that mincore() is asked about at a time */

/* Bytes of @r that are whole pages of RAM. */
static uint64_t searchable(const struct guest_region *r)
{
	if (r->readonly || r->gpa % PAGE || (uintptr_t)r->hva % PAGE)
		return 0;
	return r->size - r->size % PAGE;
}

/* The first of @n pages that is there and begins so, or @n. */
static size_t first_match(const uint8_t *from, const unsigned char *there, size_t n,
			  const void *begins, size_t len)
{
	size_t i = 0;

	while (i < n && !((there[i] & 1) && !memcmp(from + i * PAGE, begins, len)))
		i++;
	return i;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* From @*off on in a region of @size bytes; return: as page_find__next() */
static int find_in(uint8_t *hva, uint64_t size, uint64_t *off, uint64_t *left, const void *begins,
		   size_t len, void **page)
{
	unsigned char there[SLICE];

	while (*off < size) {
		size_t n = least(least(SLICE, *left), (size - *off) / PAGE), i;
		uint8_t *from = hva + *off;

		if (!n)
			return -EAGAIN;
		if (mincore(from, n * PAGE, there))
			return -errno;
		i = first_match(from, there, n, begins, len);
		*left -= n;
		*off += (i < n ? i + 1 : n) * PAGE;
		if (i == n)
			continue;
		*page = from + i * PAGE;
		return 1;
	}
	return 0;
}

int page_find__next(const struct guest_memory *gm, const void *begins, size_t len, uint64_t *at,
		    void **page)
{
	uint64_t left = PAGE_FIND_AT_ONCE / PAGE, base = 0;

	for (unsigned int i = 0; i < gm->nr; i++) {
		uint64_t size = searchable(&gm->region[i]), off;
		int ret;

		if (*at - base < size) {
			off = *at - base;
			ret = find_in(gm->region[i].hva, size, &off, &left, begins, len, page);
			*at = base + off;
			if (ret)
				return ret;
		}
		base += size;
	}
	return 0;
}
