// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets, many of them, and a driver that comes after one that never said goodbye.
 */
#include "driver.h"

#define CANARY	0xc5

/* A port with chains that were published and never kicked: the reset takes them along. */
static void reset_with_last_words(unsigned int port)
{
	const unsigned int q = port_txq(port);

	REQUIRE(driver_negotiate());
	REQUIRE(driver_queue(q, QUEUE_SIZE) == 1);
	reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
	for (unsigned int i = 0; i < 4; i++) {
		memset((void *)(SCRATCH + 16 * i), 'a' + i, 16);
		driver_add1(q, SCRATCH + 16 * i, 16, false);
		driver_sent(port, SCRATCH + 16 * i, 16);
	}
	reg_write(VIRTIO_MMIO_STATUS, 0);
	CHECK_EQ(0, READ_ONCE(queues[q].used->idx));
}

#define WARM_UP	512u

/* The host looks at its own memory and descriptors between "mark" and the end. */
static void I2_resets_under_traffic(void)
{
	const uint64_t since = rdtsc();
	unsigned int i;

	for (i = 0; i < bare_arg + WARM_UP && !time_is_up(since); i++) {
		if (i == WARM_UP)
			say("mark\n");
		if (i % 64 == 0)
			reset_with_last_words(i / 64 % KTSTR_NR_PORTS);
		else
			reg_write(VIRTIO_MMIO_STATUS, 0);
		if (i % 8192 == 0) {
			driver_up();
			echo(ALL_PORTS);
			driver_quiet();
		}
	}
	say("# %u resets\n", i);
}

/*
 * I5: the driver is gone, its rings and buffers are somebody else's memory now,
 * and the device is still live when the next one writes status 0.
 */
static void I5_a_new_driver_without_a_reset_by_the_old(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		driver_up();
		for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
			driver_add1(port_txq(p), SCRATCH, 16, false);
			driver_add1(port_rxq(p), SCRATCH + 0x1000, 64, true);
		}
		/* What was published is garbage by the time of the reset. */
		for (uint64_t at = RINGS; at < RINGS + KTSTR_NR_QUEUES * RING_STRIDE; at += 8)
			*(uint64_t *)at = i & 1 ? random64() : ~0ull;
		memset((void *)SCRATCH, CANARY, 0x2000);
		REQUIRE(driver_negotiate());
		for (uint64_t at = SCRATCH; at < SCRATCH + 0x2000; at++)
			CHECK_EQ(CANARY, *(uint8_t *)at);
		driver_up();
		echo(ALL_PORTS);
		driver_quiet();
	}
}

const struct bare_case life_cases[] = {
	CASE(I2_resets_under_traffic),
	CASE(I5_a_new_driver_without_a_reset_by_the_old),
	{ NULL, NULL }
};
