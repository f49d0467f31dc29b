// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest RAM: one mapping that huge pages fit, as large as asked for, gone afterwards.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "unit.h"
#include "vmm/layout.h"
#include "vmm/memory.h"

#define HUGE_PAGE	(2ull << 20)	/* bytes */

/* Is the page at @p mapped? mincore() says ENOMEM when it is not. */
static bool mapped(const void *p)
{
	unsigned char vec;

	return !mincore((void *)p, 4096, &vec);
}

TEST(memory_begins_where_a_huge_page_does_and_is_as_large_as_asked_for)
{
	static const uint32_t sizes[] = { MEMORY_MIB_MIN, 65, 127, 128, 513 };
	struct ktstr_error e;
	struct memory m;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t size = (uint64_t)sizes[i] << 20;
		char *base;

		ASSERT_EQ(0, memory__create(&m, sizes[i], &e)) TH_LOG("%s", e.msg);
		base = m.base;
		EXPECT_EQ(0, (uintptr_t)base % HUGE_PAGE);
		EXPECT_EQ(size, m.size);
		EXPECT_EQ(size, m.low + m.high);
		/* First and last byte are there, and zero. */
		EXPECT_EQ(0, base[0] | base[size - 1]);
		base[0] = base[size - 1] = 1;
		memory__destroy(&m);
		EXPECT_FALSE(mapped(base));
		EXPECT_FALSE(mapped(base + size - 4096));
		EXPECT_EQ(NULL, m.base);
	}
}

TEST(the_hole_splits_memory_at_a_multiple_of_a_huge_page)
{
	/* What is behind the hole begins in the mapping where it begins for the guest. */
	EXPECT_EQ(0, LAYOUT_HOLE_START % HUGE_PAGE);
	EXPECT_EQ(0, LAYOUT_HOLE_END % HUGE_PAGE);
}

TEST(a_size_out_of_range_is_refused_and_maps_nothing)
{
	static const uint32_t sizes[] = {
		0, 1, MEMORY_MIB_MIN - 1, MEMORY_MIB_MAX + 1, UINT32_MAX,
	};
	struct ktstr_error e;
	struct memory m;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		EXPECT_EQ(-EINVAL, memory__create(&m, sizes[i], &e));
		EXPECT_NE(NULL, strstr(e.msg, "--memory"));
		EXPECT_EQ(NULL, m.base);
	}
}

TEST(writes_beyond_memory_are_refused)
{
	struct ktstr_error e;
	struct memory m;

	ASSERT_EQ(0, memory__create(&m, MEMORY_MIB_MIN, &e)) TH_LOG("%s", e.msg);
	EXPECT_EQ(0, memory__write(&m, m.size - 3, "abc", 3));
	EXPECT_EQ(-EFAULT, memory__write(&m, m.size - 2, "abc", 3));
	EXPECT_EQ(-EFAULT, memory__write(&m, m.size, "a", 1));
	EXPECT_EQ(-EFAULT, memory__write(&m, UINT64_MAX, "ab", 2));
	EXPECT_EQ(-EFAULT, memory__write(&m, LAYOUT_HOLE_END, "a", 1));
	EXPECT_EQ(0, memory__write(&m, UINT64_MAX, "", 0));
	memory__destroy(&m);
}

TEST_HARNESS_MAIN
