// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-physical memory map.
 *
 * All comparisons are made on offsets within a region, so that no sum of two
 * guest-chosen numbers is ever formed.
 */
#include <errno.h>
#include <stddef.h>

#include "guest_memory.h"

static bool region_overlaps(const struct guest_region *r, uint64_t gpa, uint64_t size)
{
	if (gpa >= r->gpa)
		return gpa - r->gpa < r->size;
	return r->gpa - gpa < size;
}

static bool region_contains(const struct guest_region *r, uint64_t gpa, uint64_t len)
{
	if (gpa < r->gpa || gpa - r->gpa >= r->size)
		return false;
	return len <= r->size - (gpa - r->gpa);
}

int guest_memory__add(struct guest_memory *gm, uint64_t gpa, uint64_t size, void *hva,
		      bool readonly)
{
	if (!size || !hva || size - 1 > UINT64_MAX - gpa)
		return -EINVAL;
	if (((uintptr_t)hva ^ gpa) % GUEST_MEMORY_ALIGN)
		return -EINVAL;
	for (unsigned int i = 0; i < gm->nr; i++)
		if (region_overlaps(&gm->region[i], gpa, size))
			return -EEXIST;
	if (gm->nr == GUEST_MEMORY_REGIONS_MAX)
		return -ENOSPC;

	gm->region[gm->nr++] = (struct guest_region) {
		.gpa = gpa, .size = size, .hva = hva, .readonly = readonly,
	};
	return 0;
}

void *guest_memory__ptr(const struct guest_memory *gm, uint64_t gpa, uint64_t len, bool write)
{
	for (unsigned int i = 0; i < gm->nr; i++) {
		const struct guest_region *r = &gm->region[i];

		if (region_contains(r, gpa, len))
			return write && r->readonly ? NULL : r->hva + (gpa - r->gpa);
	}
	return NULL;
}
