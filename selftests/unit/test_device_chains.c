// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains that hold nothing, lie outside memory or point the wrong way (virtio
 * v1.2, 2.7.4, 2.7.5): they come back empty and counted, and the queue goes on.
 */
#include <stdlib.h>

#include "driver_alive.h"

#include "vmm/layout.h"

#include "unit.h"

#define RAM_END		(DRIVER_RAM_GPA + DRIVER_RAM_SIZE)
#define NOTIFY_GPA	(LAYOUT_CONSOLE_MMIO + VIRTIO_MMIO_QUEUE_NOTIFY)
#define NUM		256u
#define KIB		1024u

/* Queues that read from the guest, the control queue among them. */
static const unsigned int txq[] = { 1, 3, 5, 7 };

FIXTURE(chains)
{
	struct driver d;
};

FIXTURE_SETUP(chains)
{
	ASSERT_TRUE(driver__ready(&self->d, NUM));
}

FIXTURE_TEARDOWN(chains)
{
	driver__destroy(&self->d);
}

/* Send one chain; return: it came back at once, empty, counted, and the host got nothing. */
static bool comes_back_empty(struct driver *d, unsigned int q, const struct driver_seg *seg,
			     unsigned int n)
{
	uint64_t before = driver__errors(d);
	uint32_t len;
	int head = driver__add(d, q, seg, n);

	driver__kick(d, q);
	if (driver__used(d, q, &len) != head || len || driver__errors(d) != before + 1)
		return false;
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (virtio_console__read(d->vc, p, &(uint8_t){ 0 }, 1))
			return false;
	return !driver__stats(d).broken;
}

#define expect_nothing_sent(d, ...) do {					\
	const struct driver_seg _seg[] = { __VA_ARGS__ };			\
	for (unsigned int _i = 0; _i < 4; _i++) {				\
		EXPECT_TRUE(comes_back_empty(d, txq[_i], _seg,			\
					     sizeof(_seg) / sizeof(_seg[0]))) {	\
			TH_LOG("queue %u: %s", txq[_i], driver__stats(d).last_error); \
		}								\
	}									\
} while (0)

TEST_F(chains, E12_empty_descriptors_come_back_at_once)
{
	struct driver *d = &self->d;
	uint64_t rearms;

	expect_nothing_sent(d, { DRIVER_DATA_GPA, 0, false });
	expect_nothing_sent(d, { DRIVER_DATA_GPA, 0, false }, { DRIVER_DATA_GPA, 0, false });
	/* The address of nothing is not looked at. */
	expect_nothing_sent(d, { UINT64_MAX, 0, false });
	expect_nothing_sent(d, { NOTIFY_GPA, 0, false });
	/* No livelock: rings full of them, each worked off in bounded steps. */
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int round = 0; round < 40; round++) {
			rearms = driver__stats(d).rearms;
			for (unsigned int n = 0; n < NUM; n++)
				driver__add1(d, txq[i], DRIVER_DATA_GPA, 0, false);
			driver__kick(d, txq[i]);
			ASSERT_LE(0, driver__settle(d));
			ASSERT_GE(rearms + NUM / KTSTR_CTRL_PASS_CHAINS, driver__stats(d).rearms);
			ASSERT_TRUE(driver__all_back(d, txq[i])) TH_LOG("queue %u", txq[i]);
		}
	}
	EXPECT_ALIVE(d, 0);
}

/*
 * The table would have the part inside memory copied first. We look at the whole
 * range before the first byte: what the guest says is in one place is, or it is not.
 * Nothing is allocated either way.
 */
TEST_F(chains, E14_four_gigabytes_are_refused_whole)
{
	struct driver *d = &self->d;

	expect_nothing_sent(d, { DRIVER_DATA_GPA, 0xffffffff, false });
	expect_nothing_sent(d, { DRIVER_DATA_GPA, 16, false },
			    { DRIVER_DATA_GPA, 0xffffffff, false });
	expect_nothing_sent(d, { DRIVER_DATA_GPA, DRIVER_RAM_SIZE, false });
	EXPECT_ALIVE(d, 0);
}

/* A chain that is bad anywhere is not used at all: its good parts are half a message. */
TEST_F(chains, E16_E17_addresses_that_are_no_memory)
{
	static const struct { uint64_t gpa; uint32_t len; } bad[] = {
		{ UINT64_MAX, 1 }, { UINT64_MAX, 2 }, { 0xfffffffffffffff0, 0x20 },
		{ 0xffffffff00000000, 0xffffffff }, { DRIVER_RAM_GPA | 1ull << 63, 8 },
		{ LAYOUT_HOLE_START, 4 }, { LAYOUT_LAPIC, 4 }, { LAYOUT_IOAPIC, 4 },
		{ LAYOUT_CONSOLE_MMIO, 0x200 }, { NOTIFY_GPA, 4 },
		{ LAYOUT_HOLE_END, 8 }, { 0, 8 }, { DRIVER_RAM_GPA - 1, 2 },
	};
	/* A good message, so that on the control queue too the good part alone would do. */
	const struct virtio_console_control msg = { 0, VIRTIO_CONSOLE_DEVICE_READY, 1 };
	struct driver *d = &self->d;
	struct virtio_console_stats before = driver__stats(d), after;

	memcpy(driver__ptr(d, DRIVER_DATA_GPA), &msg, sizeof(msg));

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_nothing_sent(d, { bad[i].gpa, bad[i].len, false });
		expect_nothing_sent(d, { DRIVER_DATA_GPA, 8, false },
				    { bad[i].gpa, bad[i].len, false });
		expect_nothing_sent(d, { bad[i].gpa, bad[i].len, true },
				    { DRIVER_DATA_GPA, 8, false });
	}
	/* No register was reached by way of a buffer: only our own kicks, one a chain. */
	after = driver__stats(d);
	EXPECT_EQ(before.kicks[5] + 3 * sizeof(bad) / sizeof(bad[0]), after.kicks[5]);
	EXPECT_EQ(0xf, driver__status(d));
	EXPECT_ALIVE(d, 0);
}

TEST_F(chains, E18_last_byte_of_memory)
{
	struct driver *d = &self->d;
	uint8_t got[2];
	uint32_t len;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		*driver__ptr(d, RAM_END - 1) = 'a' + p;
		driver__add1(d, driver__txq(p), RAM_END - 1, 1, false);
		driver__kick(d, driver__txq(p));
		EXPECT_EQ(1, virtio_console__read(d->vc, p, got, 2));
		EXPECT_EQ('a' + p, got[0]);
		EXPECT_LE(0, driver__used(d, driver__txq(p), NULL));

		EXPECT_EQ(0, virtio_console__write(d->vc, p, "z", 1));
		driver__add1(d, driver__rxq(p), RAM_END - 1, 1, true);
		driver__kick(d, driver__rxq(p));
		EXPECT_LE(0, driver__used(d, driver__rxq(p), &len));
		EXPECT_EQ(1, len);
		EXPECT_EQ('z', *driver__ptr(d, RAM_END - 1));
	}
	expect_nothing_sent(d, { RAM_END - 1, 2, false });
	expect_nothing_sent(d, { RAM_END, 1, false });
	EXPECT_ALIVE(d, 0);
}

/* 2.7.5.1: the device SHOULD NOT read what it was given to write to. */
TEST_F(chains, E20_write_only_descriptors_are_not_read)
{
	struct driver *d = &self->d;

	memcpy(driver__ptr(d, DRIVER_DATA_GPA), "secret..", 8);
	expect_nothing_sent(d, { DRIVER_DATA_GPA, 8, true });
	expect_nothing_sent(d, { DRIVER_DATA_GPA, 4, true }, { DRIVER_DATA_GPA + 4, 4, true });
	EXPECT_EQ(0, memcmp(driver__ptr(d, DRIVER_DATA_GPA), "secret..", 8));
	EXPECT_ALIVE(d, 0);
}

/* And of both kinds in one chain only the readable part. */
TEST_F(chains, E20_mixed_chains_send_their_readable_part)
{
	const struct driver_seg seg[] = {
		{ DRIVER_DATA_GPA, 2, true }, { DRIVER_DATA_GPA + 2, 3, false },
		{ DRIVER_DATA_GPA + 5, 2, true }, { DRIVER_DATA_GPA + 7, 3, false },
	};
	struct driver *d = &self->d;
	uint8_t got[16];
	uint32_t len;

	memcpy(driver__ptr(d, DRIVER_DATA_GPA), "__abc__def", 10);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		int head = driver__add(d, driver__txq(p), seg, 4);

		driver__kick(d, driver__txq(p));
		EXPECT_EQ(6, virtio_console__read(d->vc, p, got, sizeof(got)));
		EXPECT_EQ(0, memcmp(got, "abcdef", 6));
		EXPECT_EQ(head, driver__used(d, driver__txq(p), &len));
		EXPECT_EQ(0, len);
	}
	EXPECT_EQ(0, memcmp(driver__ptr(d, DRIVER_DATA_GPA), "__abc__def", 10));
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/* Where nothing can be written nothing is, and the bytes wait for a better buffer. */
TEST_F(chains, E21_read_only_descriptors_are_not_written)
{
	static const struct driver_seg bad[] = {
		{ DRIVER_DATA_GPA, 16, false }, { DRIVER_DATA_GPA, 0, true },
		{ DRIVER_ROM_GPA, 16, true }, { LAYOUT_CONSOLE_MMIO, 16, true },
		{ NOTIFY_GPA, 4, true }, { DRIVER_DATA_GPA, 0xffffffff, true },
		{ RAM_END - 1, 2, true }, { 0xfffffffffffffff0, 0x20, true },
	};
	const unsigned int nr = sizeof(bad) / sizeof(bad[0]);
	struct driver *d = &self->d;
	uint32_t len;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		unsigned int q = driver__rxq(p);
		uint8_t *mem = driver__ptr(d, DRIVER_DATA_GPA);
		uint64_t before = driver__errors(d);

		memset(mem, '.', 20);
		ASSERT_EQ(0, virtio_console__write(d->vc, p, "abcdef", 6));
		EXPECT_TRUE(driver__needs_kick(d, q));
		/* Full rings of them come back, and nobody goes round in circles. */
		for (unsigned int i = 0; i < 2 * NUM; i++) {
			int head = driver__add(d, q, &bad[i % nr], 1);

			driver__kick(d, q);
			ASSERT_EQ(head, driver__used(d, q, &len)) {
				TH_LOG("port %u case %u", p, i % nr);
			}
			ASSERT_EQ(0, len);
		}
		for (unsigned int i = 0; i < NUM; i++)
			driver__add(d, q, &bad[0], 1);
		driver__kick(d, q);
		ASSERT_LE(0, driver__settle(d));
		ASSERT_TRUE(driver__all_back(d, q));
		EXPECT_EQ(before + 3 * NUM, driver__errors(d));
		EXPECT_EQ(6, virtio_console__pending(d->vc, p));
		EXPECT_EQ(0, memcmp(mem, "....................", 20));
	}
	EXPECT_EQ(0, driver__stats(d).broken);
	EXPECT_ALIVE(d, 0);
}

/* One bad descriptor spoils the chain: its good part is not filled either. */
TEST_F(chains, E21_partly_bad_chains_are_not_written)
{
	static const struct driver_seg half[] = {
		{ DRIVER_DATA_GPA, 64, true }, { LAYOUT_CONSOLE_MMIO, 64, true },
		{ DRIVER_DATA_GPA, 64, true },
	};
	struct driver *d = &self->d;
	uint8_t *mem = driver__ptr(d, DRIVER_DATA_GPA);
	uint32_t len;

	memset(mem, '.', 64);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		ASSERT_EQ(0, virtio_console__write(d->vc, p, "abcdef", 6));
		for (unsigned int first = 0; first < 2; first++) {
			int head = driver__add(d, driver__rxq(p), &half[first], 2);

			driver__kick(d, driver__rxq(p));
			EXPECT_EQ(head, driver__used(d, driver__rxq(p), &len));
			EXPECT_EQ(0, len);
		}
		EXPECT_EQ(6, virtio_console__pending(d->vc, p));
	}
	/* And none of a control message. */
	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, NUM));
	ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (unsigned int first = 0; first < 2; first++) {
		driver__add(d, KTSTR_Q_CTRL_RX, &half[first], 2);
		driver__kick(d, KTSTR_Q_CTRL_RX);
		EXPECT_LE(0, driver__used(d, KTSTR_Q_CTRL_RX, &len));
		EXPECT_EQ(0, len);
	}
	for (unsigned int i = 0; i < 64; i++) {
		EXPECT_EQ('.', mem[i]);
	}
	EXPECT_ALIVE(d, 1u << KTSTR_Q_CTRL_RX | 1u << KTSTR_Q_BULK_RX | 1u << KTSTR_Q_STATS_RX);
}

TEST_F(chains, E23_mixed_chains_receive_into_their_writable_part)
{
	const struct driver_seg seg[] = {
		{ DRIVER_DATA_GPA, 8, false }, { DRIVER_DATA_GPA + 8, 2, true },
		{ DRIVER_DATA_GPA + 10, 2, false }, { DRIVER_DATA_GPA + 12, 8, true },
	};
	struct driver *d = &self->d;
	uint32_t len;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		uint8_t *mem = driver__ptr(d, DRIVER_DATA_GPA);
		int head;

		memset(mem, '.', 20);
		EXPECT_EQ(0, virtio_console__write(d->vc, p, "abcdef", 6));
		head = driver__add(d, driver__rxq(p), seg, 4);
		driver__kick(d, driver__rxq(p));
		EXPECT_EQ(head, driver__used(d, driver__rxq(p), &len));
		EXPECT_EQ(6, len);
		EXPECT_EQ(0, memcmp(mem, "........ab..cdef....", 20));
		EXPECT_FALSE(driver__needs_kick(d, driver__rxq(p)));
	}
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/*
 * The used ring lies in the buffer that is being sent, or in the one that is being
 * filled. Which of its bytes are old and which new is the driver's affair.
 */
TEST_F(chains, E28_buffer_that_overlaps_the_rings)
{
	struct driver *d = &self->d;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		for (unsigned int i = 0; i < 300; i++) {
			unsigned int q = driver__txq(p);

			driver__add1(d, q, driver__ring_gpa(q), RING_STRIDE, false);
			driver__kick(d, q);
			ASSERT_EQ(RING_STRIDE, driver__discard(d, p));
			ASSERT_TRUE(driver__all_back(d, q));
		}
	}
	EXPECT_EQ(0, driver__errors(d));
	/* The other way: what the host sends lands on the ring it comes through. */
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		static uint8_t noise[RING_STRIDE];
		unsigned int q = driver__rxq(p);

		for (unsigned int i = 0; i < sizeof(noise); i++)
			noise[i] = i * 31 ^ p;
		driver__add1(d, q, driver__ring_gpa(q), RING_STRIDE, true);
		driver__kick(d, q);
		EXPECT_EQ(0, virtio_console__write(d->vc, p, noise, sizeof(noise)));
		driver__kick(d, q);
		EXPECT_EQ(0, virtio_console__write(d->vc, p, noise, sizeof(noise)));
	}
	EXPECT_ALIVE(d, 1u << 0 | 1u << 4 | 1u << 6);
}

/*
 * A ring whose chains all have as many descriptors as the ring: 65536 to walk for
 * one kick. An exit does a bounded part of it and the rest goes on by itself.
 */
TEST_F(chains, longest_chains_in_a_full_ring_are_worked_off_in_steps)
{
	struct driver *d = &self->d;

	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		uint16_t before;

		ASSERT_TRUE(driver__bring_up(d, NUM));
		if (q != KTSTR_Q_CTRL_RX && !(q & 1)) {
			static uint8_t bytes[64 * KIB];

			ASSERT_EQ(0, virtio_console__write(d->vc, q ? q / 2 - 1 : 0, bytes,
							   sizeof(bytes)));
		}
		if (q == KTSTR_Q_CTRL_RX)
			continue;	/* never owes more than ten messages, so ten chains */
		for (unsigned int i = 0; i < NUM; i++)
			driver__put_desc(&d->q[q].desc[i], DRIVER_DATA_GPA, 1,
					 (i + 1 < NUM ? VRING_DESC_F_NEXT : 0) |
					 (q & 1 ? 0 : VRING_DESC_F_WRITE), i + 1);
		before = d->q[q].used->idx;
		for (unsigned int i = 0; i < NUM; i++)
			driver__publish(d, q, 0);
		driver__kick(d, q);
		/* 4096 descriptors, and the chain that was begun. */
		EXPECT_GE(before + 17, d->q[q].used->idx) TH_LOG("queue %u", q);
		EXPECT_LE(4, driver__settle(d)) TH_LOG("queue %u", q);
		EXPECT_EQ((uint16_t)(before + NUM), d->q[q].used->idx) TH_LOG("queue %u", q);
		d->q[q].next_desc = 0;
		EXPECT_ALIVE(d, 0);
	}
}

TEST_HARNESS_MAIN
