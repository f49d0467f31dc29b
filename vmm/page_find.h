/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of guest RAM that are known by how they begin.
 */
#ifndef VMM_PAGE_FIND_H
#define VMM_PAGE_FIND_H

#include <stddef.h>

#include "guest_memory.h"

#define PAGE_FIND_PAGE		4096u
#define PAGE_FIND_AT_ONCE	(32u << 20)	/* bytes of guest RAM that one call passes at most */

/**
 * page_find__next() - look on for a page that begins with the given bytes
 * @gm: RAM; regions that are read-only or no whole pages are left out
 * @begins: bytes
 * @len: how many, at most a page
 * @at: where to look on; 0 to begin; behind what was looked at on return
 * @page: the page in host memory; the guest may write it at any time
 *
 * Pages that the guest has not touched are passed over, for a look at them would have the
 * host fill them.
 * Return: 1 found; 0 that was all; -EAGAIN it was enough for one call; another negative errno.
 */
int page_find__next(const struct guest_memory *gm, const void *begins, size_t len, uint64_t *at,
		    void **page);

#endif /* VMM_PAGE_FIND_H */
