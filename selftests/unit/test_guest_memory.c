// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory: no guest-chosen number reaches host memory outside a region.
 */
#include <errno.h>
#include <stdlib.h>

#include "vmm/guest_memory.h"

#include "unit.h"

#define GPA	0x10000ull
#define SIZE	0x2000ull

FIXTURE(memory)
{
	struct guest_memory gm;
	uint8_t *ram;
	uint8_t *rom;
};

FIXTURE_SETUP(memory)
{
	self->gm = (struct guest_memory) { 0 };
	self->ram = aligned_alloc(4096, SIZE);
	self->rom = aligned_alloc(4096, SIZE);
	ASSERT_EQ(0, guest_memory__add(&self->gm, GPA, SIZE, self->ram, false));
	ASSERT_EQ(0, guest_memory__add(&self->gm, GPA + SIZE, SIZE, self->rom, true));
}

FIXTURE_TEARDOWN(memory)
{
	free(self->ram);
	free(self->rom);
}

TEST_F(memory, first_and_last_byte_translate)
{
	EXPECT_EQ(self->ram, guest_memory__ptr(&self->gm, GPA, 1, true));
	EXPECT_EQ(self->ram + SIZE - 1, guest_memory__ptr(&self->gm, GPA + SIZE - 1, 1, true));
	EXPECT_EQ(self->ram, guest_memory__ptr(&self->gm, GPA, SIZE, true));
	EXPECT_EQ(self->rom, guest_memory__ptr(&self->gm, GPA + SIZE, SIZE, false));
}

TEST_F(memory, one_byte_outside_is_refused)
{
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA - 1, 1, false));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA - 1, 2, false));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA + 2 * SIZE, 1, false));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA + 2 * SIZE - 1, 2, false));
}

TEST_F(memory, range_over_two_regions_is_refused)
{
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA + SIZE - 1, 2, false));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA, SIZE + 1, false));
}

TEST_F(memory, wrapping_range_is_refused)
{
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA, UINT64_MAX, false));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA + 1, UINT64_MAX - GPA, false));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, UINT64_MAX, 2, false));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, 0xffffffffffffff00, 0x200, false));
}

TEST_F(memory, readonly_region_refuses_writes_only)
{
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, GPA + SIZE, 1, true));
	EXPECT_EQ(self->rom, guest_memory__ptr(&self->gm, GPA + SIZE, 1, false));
}

/* Every start and length around both borders, against the obvious arithmetic. */
TEST_F(memory, borders_swept)
{
	for (uint64_t start = GPA - 3; start < GPA + SIZE + 3; start++) {
		if (start == GPA + 3)
			start = GPA + SIZE - 3;
		for (uint64_t len = 1; len <= SIZE + 6; len = len < 8 ? len + 1 : len + 501) {
			bool low = start >= GPA && start + len <= GPA + SIZE;
			bool high = start >= GPA + SIZE && start + len <= GPA + 2 * SIZE;
			void *p = guest_memory__ptr(&self->gm, start, len, false);

			ASSERT_EQ(low || high, p != NULL)
				TH_LOG("start %#lx len %#lx", start, len);
		}
	}
}

TEST_F(memory, overlap_is_refused_in_every_position)
{
	uint8_t *h = self->ram;

	EXPECT_EQ(-EEXIST, guest_memory__add(&self->gm, GPA, SIZE, h, false));
	EXPECT_EQ(-EEXIST, guest_memory__add(&self->gm, GPA - 0x1000, 0x1010, h, false));
	EXPECT_EQ(-EEXIST, guest_memory__add(&self->gm, GPA + 2 * SIZE - 16, 32, h, false));
	EXPECT_EQ(-EEXIST, guest_memory__add(&self->gm, GPA + 0x100, 16, h, false));
	EXPECT_EQ(-EEXIST, guest_memory__add(&self->gm, 0, 1ull << 40, h, false));
	/* The twin: touching is not overlapping. */
	EXPECT_EQ(0, guest_memory__add(&self->gm, GPA - 0x1000, 0x1000, h, false));
	EXPECT_EQ(0, guest_memory__add(&self->gm, GPA + 2 * SIZE, 0x1000, h, false));
}

TEST_F(memory, region_that_wraps_or_is_empty_is_refused)
{
	EXPECT_EQ(-EINVAL, guest_memory__add(&self->gm, 1ull << 40, 0, self->ram, false));
	EXPECT_EQ(-EINVAL, guest_memory__add(&self->gm, 1ull << 40, 16, NULL, false));
	EXPECT_EQ(-EINVAL, guest_memory__add(&self->gm, 1ull << 40, 16, self->ram + 1, false));
	EXPECT_EQ(-EINVAL, guest_memory__add(&self->gm, -16ull, 17, self->ram, false));
	EXPECT_EQ(0, guest_memory__add(&self->gm, -16ull, 16, self->ram, false));
	/* A region that ends at 2^64 works to its last byte. */
	EXPECT_EQ(self->ram + 15, guest_memory__ptr(&self->gm, UINT64_MAX, 1, true));
	EXPECT_EQ(NULL, guest_memory__ptr(&self->gm, UINT64_MAX, 2, true));
}

TEST_F(memory, map_is_bounded)
{
	for (unsigned int i = self->gm.nr; i < GUEST_MEMORY_REGIONS_MAX; i++) {
		ASSERT_EQ(0, guest_memory__add(&self->gm, 0x100000 + i * 0x1000, 0x1000, self->ram,
					       false));
	}
	EXPECT_EQ(-ENOSPC, guest_memory__add(&self->gm, 1ull << 40, 0x1000, self->ram, false));
}

TEST_HARNESS_MAIN
