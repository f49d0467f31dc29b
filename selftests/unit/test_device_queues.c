// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queue registers (virtio v1.2, 2.6, 2.7.1, 4.2.3.2): which rings are accepted,
 * and that accepted ones cannot be changed under the device.
 */
#include "driver_alive.h"

#include "unit.h"

#define S_LIVE		(S_ACK | S_DRV | S_FEAT | S_OK)
#define BULK_TX		KTSTR_Q_BULK_TX
#define RAM_END		(DRIVER_RAM_GPA + DRIVER_RAM_SIZE)

FIXTURE(queues)
{
	struct driver d;
};

FIXTURE_SETUP(queues)
{
	ASSERT_TRUE(driver__create(&self->d));
}

FIXTURE_TEARDOWN(queues)
{
	driver__destroy(&self->d);
}

static void go_live(struct driver *d)
{
	driver__write32(d, VIRTIO_MMIO_STATUS, S_LIVE);
}

static uint32_t queue_ready(struct driver *d, unsigned int q)
{
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
	return driver__read32(d, VIRTIO_MMIO_QUEUE_READY);
}

TEST_F(queues, C1_selectors_out_of_range)
{
	static const uint32_t bad[] = { 8, 9, 0xffff, 0x10000, 0x80000000, 0xffffffff };
	struct driver *d = &self->d;

	for (uint32_t q = 0; q < KTSTR_NR_QUEUES; q++) {
		EXPECT_EQ(0, queue_ready(d, q));
		EXPECT_EQ(256, driver__read32(d, VIRTIO_MMIO_QUEUE_NUM_MAX));
	}
	for (int live = 0; live < 2; live++) {
		driver__negotiate(d, DRIVER_FEATURES);
		if (live)
			go_live(d);
		for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			uint64_t before = driver__errors(d);

			EXPECT_EQ(0, queue_ready(d, bad[i]));
			EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_NUM_MAX));
			EXPECT_EQ(before, driver__errors(d));
			driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
			for (uint64_t off = VIRTIO_MMIO_QUEUE_DESC_LOW;
			     off <= VIRTIO_MMIO_QUEUE_USED_HIGH; off += 4)
				driver__write32(d, off, 0x1000);
			driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
			EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
			driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
			EXPECT_LT(before, driver__errors(d));
		}
	}
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* Accepted is one thing, and that it works another: bytes through rings of every size. */
TEST_F(queues, C3_every_power_of_two_up_to_256_works)
{
	struct driver *d = &self->d;

	for (uint32_t num = 1; num <= 256; num *= 2) {
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, num));
		for (uint16_t p = 0; p < KTSTR_NR_PORTS; p++) {
			/* Readied and opened, its answers stay owed: no buffer is on offer. */
			ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_READY, 1));
			ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
		}
		for (unsigned int round = 0; round < 2 * num + 2; round++) {
			ASSERT_EQ(-1, driver__echo_all(d, 0)) {
				TH_LOG("ring of %u, round %u", num, round);
			}
		}
	}
	EXPECT_EQ(0, driver__errors(d));
}

TEST_F(queues, C3_no_other_size_is_accepted)
{
	struct driver *d = &self->d;

	for (uint32_t num = 0; num <= 1024; num++) {
		bool good = num && num <= 256 && !(num & (num - 1));

		driver__negotiate(d, DRIVER_FEATURES);
		EXPECT_EQ(good, driver__setup_queue(d, 5, num)) TH_LOG("num %u", num);
	}
	for (unsigned int bit = 9; bit < 32; bit++) {
		driver__negotiate(d, DRIVER_FEATURES);
		EXPECT_EQ(0, driver__setup_queue(d, 5, 1u << bit)) TH_LOG("bit %u", bit);
		EXPECT_EQ(0, driver__setup_queue(d, 5, 1u << bit | 16)) TH_LOG("bit %u", bit);
	}
	/* A bad size does not replace a good one. */
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 3);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

#define SPOILT 11	/* errors that this counts: a size, six halves, four holes between them */

/* Spoil every register of queue 5 and show by an echo that nothing moved. */
static bool spoil_and_echo(struct driver *d)
{
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, BULK_TX);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 1);
	for (uint64_t off = VIRTIO_MMIO_QUEUE_DESC_LOW; off <= VIRTIO_MMIO_QUEUE_USED_HIGH;
	     off += 4)
		driver__write32(d, off, 0x41414140);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	if (!(driver__status(d) & S_OK))
		go_live(d);
	return driver__echo_tx(d, 1) && driver__echo_tx(d, 1);
}

TEST_F(queues, C4_registers_freeze_at_ready_before_driver_ok)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	ASSERT_EQ(1, driver__setup_queue(d, BULK_TX, 16));
	EXPECT_TRUE(spoil_and_echo(d));
	EXPECT_EQ(SPOILT, driver__errors(d));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(queues, C5_registers_freeze_at_ready_after_driver_ok)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__bring_up(d, 16));
	for (int i = 0; i < 20; i++) {
		EXPECT_TRUE(spoil_and_echo(d)) TH_LOG("round %d", i);
	}
	EXPECT_EQ(20 * SPOILT, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/* Our walker keeps its indices as well: a second 1 must not start the ring over. */
TEST_F(queues, C6_ready_again_changes_nothing)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__bring_up(d, 16));
	for (int i = 0; i < 40; i++) {
		for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
			driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
			driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
			ASSERT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
		}
		ASSERT_EQ(-1, driver__echo_all(d, 0)) TH_LOG("round %d", i);
	}
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/* Before DRIVER_OK a queue can be taken back and made anew, elsewhere and of another size. */
TEST_F(queues, C8_new_rings_before_driver_ok)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	ASSERT_EQ(1, driver__setup_queue(d, BULK_TX, 16));
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	ASSERT_EQ(1, driver__setup_queue(d, BULK_TX, 32));
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
	/* With what is left of the first: the avail ring alone is elsewhere. */
	write_addr(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, DRIVER_DATA_GPA);
	d->q[BULK_TX].avail = (void *)driver__ptr(d, DRIVER_DATA_GPA);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	ASSERT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	go_live(d);
	for (int i = 0; i < 70; i++) {
		ASSERT_TRUE(driver__echo_tx(d, 1)) TH_LOG("round %d", i);
	}
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/*
 * After DRIVER_OK the table leaves it to the device: we refuse. Only a reset gives a
 * queue new rings, so no chain can ever be half in one ring and half in another; and
 * Linux never asks for it.
 */
TEST_F(queues, C8_no_new_rings_after_driver_ok)
{
	struct driver *d = &self->d;

	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		ASSERT_EQ(1, queue_ready(d, q));
		driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
		EXPECT_EQ(0, driver__setup_queue(d, q, 16)) TH_LOG("queue %u", q);
		driver__add1(d, q, DRIVER_DATA_GPA, 1, !(q & 1));
		driver__kick(d, q);
		virtio_console__service(d->vc);
		EXPECT_EQ(-1, driver__used(d, q, NULL));
		EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
	}
	/* The others do not notice. */
	ASSERT_EQ(1, queue_ready(d, BULK_TX));
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
	EXPECT_ALIVE(d, 1u << BULK_TX);
}

TEST_F(queues, C9_ready_is_0_or_1)
{
	static const uint32_t bad[] = { 2, 3, 0x100, 0x80000000, 0xffffffff };
	struct driver *d = &self->d;

	for (int live = 0; live < 2; live++) {
		driver__negotiate(d, DRIVER_FEATURES);
		ASSERT_EQ(1, driver__setup_queue(d, BULK_TX, 16));
		if (live)
			go_live(d);
		for (unsigned int i = 0; i < 5; i++) {
			uint64_t before = driver__errors(d);

			driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, BULK_TX);
			driver__write32(d, VIRTIO_MMIO_QUEUE_READY, bad[i]);
			EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
			driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 7);
			driver__write32(d, VIRTIO_MMIO_QUEUE_READY, bad[i]);
			EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
			EXPECT_EQ(before + 2, driver__errors(d));
		}
		go_live(d);
		EXPECT_TRUE(driver__echo_tx(d, 1));
	}
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

static uint32_t ready_with(struct driver *d, uint64_t desc, uint64_t avail, uint64_t used)
{
	driver__negotiate(d, DRIVER_FEATURES);
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 5);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
	write_addr(d, VIRTIO_MMIO_QUEUE_DESC_LOW, desc);
	write_addr(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, avail);
	write_addr(d, VIRTIO_MMIO_QUEUE_USED_LOW, used);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	return driver__read32(d, VIRTIO_MMIO_QUEUE_READY);
}

#define GOOD (DRIVER_RAM_GPA + 0x1000)

TEST_F(queues, C10_misaligned_rings_are_refused)
{
	struct driver *d = &self->d;

	for (uint64_t off = 0; off <= 16; off++) {
		EXPECT_EQ(!(off % 16), ready_with(d, GOOD + off, GOOD, GOOD)) TH_LOG("%lu", off);
		EXPECT_EQ(!(off % 2), ready_with(d, GOOD, GOOD + off, GOOD)) TH_LOG("%lu", off);
		EXPECT_EQ(!(off % 4), ready_with(d, GOOD, GOOD, GOOD + off)) TH_LOG("%lu", off);
	}
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(queues, C11_C13_rings_outside_memory_are_refused)
{
	static const uint64_t outside[] = {
		0, 16, DRIVER_RAM_GPA - 16, RAM_END, RAM_END - 16,
		0xd0000000, 0xd0000050,			/* device registers */
		0xc0000000, 0xfee00000, 0xfffffff0,	/* the hole below 4 GiB */
		0x100000000, 1ull << 52, 1ull << 63,
		/* With their size they pass 2^64 and would come out at 0. */
		0xffffffffffffff00, 0xfffffffffffffff0, 0xffffffffffff0000,
	};
	struct driver *d = &self->d;

	for (unsigned int i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		uint64_t before = driver__errors(d);

		EXPECT_EQ(0, ready_with(d, outside[i], GOOD, GOOD)) TH_LOG("%u", i);
		EXPECT_EQ(0, ready_with(d, GOOD, outside[i], GOOD)) TH_LOG("%u", i);
		EXPECT_EQ(0, ready_with(d, GOOD, GOOD, outside[i])) TH_LOG("%u", i);
		EXPECT_EQ(before + 3, driver__errors(d));
	}
	/* To the last byte of RAM: 16 * 16, 4 + 2 * 16, 4 + 8 * 16. */
	EXPECT_EQ(1, ready_with(d, RAM_END - 256, GOOD, GOOD));
	EXPECT_EQ(0, ready_with(d, RAM_END - 240, GOOD, GOOD));
	EXPECT_EQ(1, ready_with(d, GOOD, RAM_END - 36, GOOD));
	EXPECT_EQ(0, ready_with(d, GOOD, RAM_END - 34, GOOD));
	EXPECT_EQ(1, ready_with(d, GOOD, GOOD, RAM_END - 132));
	EXPECT_EQ(0, ready_with(d, GOOD, GOOD, RAM_END - 128));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* The page is mapped without write permission: were it accepted, a kick would be a crash. */
TEST_F(queues, C15_used_ring_in_read_only_memory_is_refused)
{
	struct driver *d = &self->d;

	EXPECT_EQ(0, ready_with(d, GOOD, GOOD, DRIVER_ROM_GPA));
	go_live(d);
	driver__kick(d, BULK_TX);
	virtio_console__service(d->vc);
	/* Read-only memory will do for what the device only reads. */
	EXPECT_EQ(1, ready_with(d, DRIVER_ROM_GPA, DRIVER_ROM_GPA, GOOD));
	go_live(d);
	driver__kick(d, BULK_TX);
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* Place all three parts of queue @q at one address and see whatever comes. */
static void kick_overlapping(struct driver *d, unsigned int q, unsigned int avail_off,
			     unsigned int used_off, uint8_t fill)
{
	uint64_t gpa = driver__ring_gpa(q);

	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
	memset(driver__ptr(d, gpa), fill, RING_STRIDE);
	write_addr(d, VIRTIO_MMIO_QUEUE_DESC_LOW, gpa);
	write_addr(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, gpa + avail_off);
	write_addr(d, VIRTIO_MMIO_QUEUE_USED_LOW, gpa + used_off);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

TEST_F(queues, C16_overlapping_rings_do_no_harm)
{
	struct driver *d = &self->d;
	unsigned int broken = 0;

	for (unsigned int avail = 0; avail <= 8; avail += 2) {
		for (unsigned int used = 0; used <= 8; used += 4) {
			for (unsigned int fill = 0; fill < 256; fill += 5) {
				driver__negotiate(d, DRIVER_FEATURES);
				for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
					kick_overlapping(d, q, avail, used, fill);
				go_live(d);
				virtio_console__write(d->vc, 0, "abc", 3);
				for (unsigned int i = 0; i < 3 * KTSTR_NR_QUEUES; i++)
					driver__kick(d, i % KTSTR_NR_QUEUES);
				ASSERT_LE(0, driver__settle(d));
				broken += !!(driver__status(d) & 0x40);
			}
		}
	}
	EXPECT_LT(100, broken);
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
	/* One queue of that kind, and the rest as it should be. */
	driver__negotiate(d, DRIVER_FEATURES);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		if (q != BULK_TX) {
			ASSERT_EQ(1, driver__setup_queue(d, q, 16));
		}
	}
	kick_overlapping(d, BULK_TX, 0, 0, 0);
	/* The same bytes are avail.idx 2 and the address of the first buffer. */
	__atomic_store_n((uint16_t *)(driver__ptr(d, driver__ring_gpa(BULK_TX)) + 2), 2,
			 __ATOMIC_RELAXED);
	go_live(d);
	ASSERT_TRUE(driver__handshake(d));
	driver__kick(d, BULK_TX);
	EXPECT_ALIVE(d, 1u << BULK_TX);
}

/*
 * Whatever else is in the guest's memory, its kernel's text too, is as good a place
 * for a used ring as any: the device cannot know. It writes there and nowhere else.
 */
TEST_F(queues, C18_only_the_used_ring_and_receive_buffers_are_written)
{
	static uint8_t before[0x4000];
	struct driver *d = &self->d;
	const uint64_t text = DRIVER_DATA_GPA + 0x100000;
	uint8_t *p = driver__ptr(d, text);

	for (unsigned int i = 0; i < sizeof(before); i++)
		p[i] = i * 13 ^ i >> 5;
	driver__negotiate(d, DRIVER_FEATURES);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		ASSERT_EQ(1, driver__setup_queue(d, q, 16));
	}
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, BULK_TX);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
	write_addr(d, VIRTIO_MMIO_QUEUE_USED_LOW, text + 0x1000);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	d->q[BULK_TX].used = (void *)(p + 0x1000);
	go_live(d);
	ASSERT_TRUE(driver__handshake(d));
	memcpy(before, p, sizeof(before));
	/* A transmit buffer that holds the used ring itself: bytes as they are read. */
	driver__add1(d, BULK_TX, text, 0x4000, false);
	driver__kick(d, BULK_TX);
	EXPECT_EQ(0x4000, driver__discard(d, 1));
	EXPECT_EQ(0, memcmp(before, p, 0x1000));
	/* flags (more is expected: no kicks), idx and one element of 8 bytes. */
	EXPECT_EQ(VRING_USED_F_NO_NOTIFY, *(uint16_t *)(p + 0x1000));
	EXPECT_EQ(1, *(uint16_t *)(p + 0x1002));
	EXPECT_EQ(0, *(uint32_t *)(p + 0x1004));
	EXPECT_EQ(0, *(uint32_t *)(p + 0x1008));
	EXPECT_EQ(0, memcmp(before + 0x100c, p + 0x100c, sizeof(before) - 0x100c));
	/* A receive buffer over its own rings: the driver's loss. */
	driver__add1(d, KTSTR_Q_BULK_RX, driver__ring_gpa(KTSTR_Q_BULK_RX), RING_STRIDE, true);
	virtio_console__write(d->vc, 1, before, sizeof(before));
	driver__kick(d, KTSTR_Q_BULK_RX);
	EXPECT_ALIVE(d, 1u << BULK_TX | 1u << KTSTR_Q_BULK_RX);
}

TEST_F(queues, C19_address_halves_in_any_order)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 5);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
	for (uint64_t off = VIRTIO_MMIO_QUEUE_DESC_LOW; off <= VIRTIO_MMIO_QUEUE_USED_LOW;
	     off += 0x10) {
		driver__write32(d, off + 4, 1);			/* too high */
		driver__write32(d, off, DRIVER_RAM_GPA);
	}
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	for (uint64_t off = VIRTIO_MMIO_QUEUE_DESC_HIGH; off <= VIRTIO_MMIO_QUEUE_USED_HIGH;
	     off += 0x10) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
		driver__write32(d, off, 0);
	}
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* Below 4 GiB the low half is the whole address: a driver may leave the other alone. */
TEST_F(queues, C19_low_halves_alone)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	ASSERT_EQ(1, driver__setup_queue(d, BULK_TX, 16));
	driver__negotiate(d, DRIVER_FEATURES);
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, BULK_TX);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
	for (unsigned int i = 0; i < 3; i++)
		driver__write32(d, VIRTIO_MMIO_QUEUE_DESC_LOW + 0x10 * i,
				driver__ring_gpa(BULK_TX) + 0x1000 * i);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	go_live(d);
	EXPECT_TRUE(driver__echo_tx(d, 1));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(queues, queue_not_made_ready_in_time_stays_unready)
{
	driver__negotiate(&self->d, DRIVER_FEATURES);
	go_live(&self->d);
	EXPECT_EQ(0, driver__setup_queue(&self->d, 5, 16));
	EXPECT_ALIVE(&self->d, DRIVER_ALL_QUEUES);
}

TEST_F(queues, registers_wait_for_features_ok)
{
	driver__write32(&self->d, VIRTIO_MMIO_STATUS, S_ACK);
	driver__write32(&self->d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV);
	EXPECT_EQ(0, driver__setup_queue(&self->d, 5, 16));
	EXPECT_ALIVE(&self->d, DRIVER_ALL_QUEUES);
}

TEST_HARNESS_MAIN
