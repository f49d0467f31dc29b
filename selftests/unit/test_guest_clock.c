// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's clocks read by hand, and the headers that it writes.
 */
#include <fcntl.h>

#include "guest/clock.h"
#include "guest/clock_read.h"
#include "guest/cycles.h"
#include "guest/frame_head.h"

#include "unit.h"

TEST(clocks_by_hand_lie_between_before_and_after)
{
	uint64_t last = 0, last_cycles = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		int64_t before = now_ns(), after;
		struct ktstr_clock c;

		clock_read(&c, KTSTR_CLOCK_PING, 1ull << 63 | i, -1);
		after = now_ns();
		ASSERT_EQ(le32toh(c.why), KTSTR_CLOCK_PING);
		ASSERT_EQ(le64toh(c.id), 1ull << 63 | i);
		ASSERT_GE(le64toh(c.mono_ns), before);
		ASSERT_LE(le64toh(c.mono_ns) + le64toh(c.window_ns) / 2, after);
		ASSERT_LE(le64toh(c.window_ns), after - before);
		ASSERT_GT(le64toh(c.mono_ns), last);
		ASSERT_GE(le64toh(c.boot_ns) + 1000, le64toh(c.mono_ns));
		ASSERT_FALSE(le32toh(c.valid) & KTSTR_CLOCK_HAS_RING);
		ASSERT_EQ(le64toh(c.ring_ns), 0);
		ASSERT_EQ(!!(le32toh(c.valid) & KTSTR_CLOCK_HAS_CYCLES), HAS_CYCLES);
		if (HAS_CYCLES)
			ASSERT_GT(le64toh(c.cycles), last_cycles);
		last = le64toh(c.mono_ns);
		last_cycles = le64toh(c.cycles);
	}
}

/* A descriptor that is no ktstr.ko is as good as none. */
TEST(clocks_without_the_module_are_read_by_hand)
{
	int fd = open("/dev/null", O_RDWR);
	struct ktstr_clock c;

	ASSERT_GE(fd, 0);
	clock_read(&c, KTSTR_CLOCK_BEGIN, 0, fd);
	EXPECT_NE(c.mono_ns, 0);
	EXPECT_FALSE(le32toh(c.valid) & KTSTR_CLOCK_HAS_RING);
}

TEST(a_header_has_every_field_where_the_contract_says)
{
	const struct ktstr_frame f = frame_head(KTSTR_T_EVNT, KTSTR_F_NOCRC | KTSTR_F_PLAIN,
						0x01020304, 0xa0b0c0d0, 0x00012345, 0xdeadbeef);
	static const uint8_t want[28] = {
		'K', 'S', 'T', 'R', 1, 0, 6, 0, 'E', 'V', 'N', 'T', 4, 3, 2, 1,
		0xd0, 0xc0, 0xb0, 0xa0, 0x45, 0x23, 1, 0, 0xef, 0xbe, 0xad, 0xde,
	};

	EXPECT_EQ(memcmp(&f, want, sizeof(want)), 0);
	EXPECT_EQ(le32toh(f.header_crc), crc32(0, want, sizeof(want)));
}

TEST_HARNESS_MAIN
