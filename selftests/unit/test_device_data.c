// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ports under load: order, fairness, conservation, and what becomes of bytes
 * on a queue that is stopped.
 */
#include <errno.h>
#include <stdlib.h>

#include "driver_alive.h"

#include "unit.h"

#define BULK_RX	KTSTR_Q_BULK_RX
#define BULK_TX	KTSTR_Q_BULK_TX
#define NUM	256u
#define KIB	1024u
#define MIB	(1024u * KIB)

/*
 * A stream that repeats after a prime number of bytes: a slice, a page or a power of
 * two too few or too many shows. @stream holds it twice the longest piece long, so
 * that a piece from any place is one comparison.
 */
#define PERIOD	65521u
#define PIECE	(256u * KIB)

FIXTURE(data)
{
	struct driver d;
	uint8_t *stream;
	uint8_t *buf;
};

FIXTURE_SETUP(data)
{
	ASSERT_TRUE(driver__ready(&self->d, NUM));
	self->stream = malloc(PERIOD + PIECE);
	self->buf = malloc(16 * MIB);
	ASSERT_TRUE(self->stream && self->buf);
	for (unsigned int i = 0; i < PERIOD + PIECE; i++)
		self->stream[i] = i % PERIOD * 167 ^ i % PERIOD >> 7;
}

FIXTURE_TEARDOWN(data)
{
	free(self->stream);
	free(self->buf);
	driver__destroy(&self->d);
}

static const uint8_t *at(FIXTURE_DATA(data) *self, uint64_t pos)
{
	return self->stream + pos % PERIOD;
}

/* Read a piece of the stream from position @pos; return: its length, or -1 if it is wrong. */
static long take(FIXTURE_DATA(data) *self, unsigned int port, uint64_t pos, size_t most)
{
	size_t n = virtio_console__read(self->d.vc, port, self->buf, most);

	return n > PIECE || memcmp(self->buf, at(self, pos), n) ? -1 : (long)n;
}

static void send_at(FIXTURE_DATA(data) *self, unsigned int q, uint64_t gpa, uint64_t pos,
		    uint32_t len)
{
	memcpy(driver__ptr(&self->d, gpa), at(self, pos), len);
	driver__add1(&self->d, q, gpa, len, false);
}

static void stop_queue(struct driver *d, unsigned int q)
{
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
}

/* Our policy: they are taken, in order, as from any other moment. */
TEST_F(data, G1_bytes_before_the_port_was_readied_and_opened)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, NUM));
	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++) {
		unsigned int q = driver__txq(p);

		send_at(self, q, DRIVER_DATA_GPA, 0, 1000);
		driver__kick(d, q);
		EXPECT_LE(0, driver__used(d, q, NULL));
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_READY, 1));
		send_at(self, q, DRIVER_DATA_GPA + 4096, 1000, 1000);
		driver__kick(d, q);
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
		send_at(self, q, DRIVER_DATA_GPA + 8192, 2000, 1000);
		driver__kick(d, q);
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 0));
		send_at(self, q, DRIVER_DATA_GPA + 12288, 3000, 1000);
		driver__kick(d, q);
		EXPECT_EQ(4000, take(self, p, 0, PIECE));
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
	}
	EXPECT_EQ(0, driver__stats(d).driver_errors);
	EXPECT_ALIVE(d, 0);
}

TEST_F(data, G5_host_is_held_back_at_the_bound_of_a_port_nobody_reads)
{
	struct driver *d = &self->d;
	uint64_t put = 0, refused = 0, got = 0;
	uint32_t len;

	for (uint64_t tried = 0; tried < 64 * MIB; tried += 48 * KIB) {
		int err = virtio_console__write(d->vc, 1, at(self, put), 48 * KIB);

		ASSERT_EQ(put + 48 * KIB > KTSTR_PENDING_RX_MAX ? -ENOBUFS : 0, err);
		if (err)
			refused++;
		else
			put += 48 * KIB;
		ASSERT_EQ(put, virtio_console__pending(d->vc, 1));
	}
	EXPECT_LT(1000, refused);
	/* Nothing of it is lost, and the rest of the room is to be had again. */
	while (got < put) {
		driver__add1(d, BULK_RX, DRIVER_DATA_GPA, 100000, true);
		driver__kick(d, BULK_RX);
		ASSERT_LE(0, driver__settle(d));
		ASSERT_LE(0, driver__used(d, BULK_RX, &len));
		ASSERT_EQ(0, memcmp(driver__ptr(d, DRIVER_DATA_GPA), at(self, got), len));
		got += len;
	}
	EXPECT_EQ(put, got);
	EXPECT_EQ(0, virtio_console__write(d->vc, 1, self->buf, KTSTR_PENDING_RX_MAX));
	EXPECT_ALIVE(d, 0);
}

/*
 * Bytes, not milliseconds: whatever ports 1 and 2 have on offer, no call moves more
 * than a pass of each, and a kick on port 0 or on control is served in its own exit.
 */
TEST_F(data, G7_flood_delays_others_by_no_more_than_a_pass)
{
	struct driver *d = &self->d;
	uint64_t flood = 0;

	for (unsigned int i = 0; i < NUM; i++) {
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, MIB, false);
		driver__add1(d, KTSTR_Q_STATS_TX, DRIVER_DATA_GPA, MIB, false);
	}
	driver__kick(d, BULK_TX);
	driver__kick(d, KTSTR_Q_STATS_TX);
	for (int i = 0; i < 300; i++) {
		struct virtio_console_stats before = driver__stats(d), after;

		ASSERT_TRUE(driver__echo_tx(d, 0)) TH_LOG("round %d", i);
		ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
		driver__add1(d, KTSTR_Q_CONSOLE_RX, DRIVER_DATA_GPA, 8, true);
		ASSERT_EQ(0, virtio_console__write(d->vc, 0, "x", 1));
		ASSERT_LE(0, driver__used(d, KTSTR_Q_CONSOLE_RX, NULL)) TH_LOG("round %d", i);
		/* Not one of them had to wait for the flood. */
		after = driver__stats(d);
		ASSERT_EQ(0, after.tx_bytes[1] - before.tx_bytes[1]);
		virtio_console__service(d->vc);
		/* Round and round: neither flood is ahead of the other. */
		before = driver__stats(d);
		ASSERT_GE(3 * KTSTR_TX_PASS_BYTES,
			  (uint64_t)llabs((long long)(before.tx_bytes[1] - before.tx_bytes[2])));
		ASSERT_GE(KTSTR_TX_PASS_BYTES, before.tx_bytes[1] - after.tx_bytes[1]);
		for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++)
			flood += virtio_console__read(d->vc, p, self->buf, KTSTR_TX_PASS_BYTES);
	}
	EXPECT_LT(64 * MIB, flood);
	EXPECT_ALIVE(d, 0);
}

/*
 * Port 0 is transparent: whatever is pasted into a terminal arrives, the wake bytes
 * of ports.h among it. What keeps a paste from being taken for one is that the host
 * sends wake bytes in test mode only, where nobody has a terminal, and that the guest
 * listens for them in test mode only.
 */
TEST_F(data, G9_port_0_carries_every_byte)
{
	struct driver *d = &self->d;
	uint8_t all[256];
	uint32_t len;

	for (unsigned int i = 0; i < 256; i++)
		all[i] = i;
	for (unsigned int first = 0; first < 256; first++) {
		uint8_t *mem = driver__ptr(d, DRIVER_DATA_GPA);

		ASSERT_EQ(0, virtio_console__write(d->vc, 0, all + first, 256 - first));
		driver__add1(d, 0, DRIVER_DATA_GPA, 256, true);
		driver__kick(d, 0);
		ASSERT_LE(0, driver__used(d, 0, &len));
		ASSERT_EQ(256 - first, len);
		ASSERT_EQ(0, memcmp(mem, all + first, len));
		driver__add1(d, 1, DRIVER_DATA_GPA, len, false);
		driver__kick(d, 1);
		ASSERT_EQ(len, virtio_console__read(d->vc, 0, self->buf, 4096));
		ASSERT_EQ(0, memcmp(self->buf, all + first, len));
		driver__all_back(d, 1);
	}
	EXPECT_EQ(0, driver__event(d->stats));
	EXPECT_ALIVE(d, 0);
}

/*
 * What the guest writes is what the consumer gets: every byte at its place, which is
 * more than equal sums say. The guest's form, with write() and splice(), is a VM test.
 */
TEST_F(data, G12_bytes_are_conserved)
{
	const uint64_t total = 1024ull * MIB;
	struct driver *d = &self->d;
	const unsigned int seed = 12;
	uint64_t sent = 0, got = 0;
	unsigned int out = 0;

	srandom(seed);
	while (got < total) {
		uint32_t len = 1 + random() % (random() & 1 ? 128 * KIB : 200);
		uint32_t slots = 128;
		long n;

		while (out < slots && sent < total) {
			unsigned int slot = d->q[BULK_TX].next_desc % slots;
			uint64_t gpa = DRIVER_DATA_GPA + slot * 128 * KIB;

			len = len > total - sent ? total - sent : len;
			send_at(self, BULK_TX, gpa, sent, len);
			sent += len;
			out++;
			if (driver__needs_kick(d, BULK_TX))
				driver__kick(d, BULK_TX);
			if (random() % 8 == 0)
				break;
			len = 1 + random() % (128 * KIB);
		}
		if (random() % 4 == 0)
			virtio_console__service(d->vc);
		n = take(self, 1, got, 1 + random() % PIECE);
		ASSERT_LE(0, n) TH_LOG("seed %u: wrong within a piece at %lu", seed, got);
		got += n;
		while (driver__used(d, BULK_TX, NULL) >= 0)
			out--;
	}
	EXPECT_EQ(total, got);
	EXPECT_EQ(total, driver__stats(d).tx_bytes[1]);
	EXPECT_EQ(0, driver__stats(d).driver_errors);
	EXPECT_ALIVE(d, 0);
}

/* QueueReady 1 -> 0 on a live queue: what was published is taken, half-copied chain first. */
TEST_F(data, stopped_queue_gives_up_what_was_published)
{
	struct driver *d = &self->d;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		unsigned int q = driver__txq(p);
		uint64_t pos = 0;
		uint16_t used, flags;

		ASSERT_TRUE(driver__bring_up(d, NUM));
		for (unsigned int i = 0; i < 6; i++, pos += 200 * KIB)
			send_at(self, q, DRIVER_DATA_GPA + pos, pos, 200 * KIB);
		/* A pass: one chain or two, and part of the next one. */
		driver__kick(d, q);
		ASSERT_EQ(p ? 1 : 2, d->q[q].used->idx);
		ASSERT_LT(d->q[q].used->idx * 200 * KIB, driver__stats(d).tx_bytes[p]);
		used = d->q[q].used->idx;
		flags = d->q[q].used->flags;
		driver__event(d->irq);
		stop_queue(d, q);
		EXPECT_EQ(used, d->q[q].used->idx);
		EXPECT_EQ(flags, d->q[q].used->flags);
		EXPECT_EQ(0, driver__interrupts(d));
		for (uint64_t got = 0; got < pos;) {
			long n = take(self, p, got, PIECE);

			ASSERT_LT(0, n) TH_LOG("port %u at %lu", p, got);
			got += n;
		}
		EXPECT_EQ(0, take(self, p, 0, PIECE));
		/* From then on the ring is not looked at. */
		send_at(self, q, DRIVER_DATA_GPA, 0, 100);
		driver__kick(d, q);
		virtio_console__service(d->vc);
		virtio_console__drain(d->vc);
		EXPECT_EQ(0, take(self, p, 0, PIECE));
		EXPECT_EQ(used, d->q[q].used->idx);
		EXPECT_ALIVE(d, 1u << q);
	}
}

/* Bounded like a reset: what finds no room even above the bound is dropped and counted. */
TEST_F(data, stopped_queue_with_a_full_buffer_is_bounded)
{
	struct driver *d = &self->d;
	struct virtio_console_stats st;

	for (unsigned int i = 0; i < NUM; i++)
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, MIB, false);
	driver__kick(d, BULK_TX);
	ASSERT_LE(0, driver__settle(d));
	stop_queue(d, BULK_TX);
	st = driver__stats(d);
	EXPECT_EQ(256 * MIB, st.tx_bytes[1] + st.tx_dropped[1]);
	EXPECT_GE(2 * KTSTR_TX_BUF_MAX, st.tx_bytes[1]);
	EXPECT_EQ(st.tx_bytes[1], driver__discard(d, 1));
	EXPECT_EQ(0, driver__settle(d));
	EXPECT_ALIVE(d, 1u << BULK_TX);
}

/*
 * A driver that failed has no last words: what it had on offer may be what failed.
 * Its half-copied chain must not turn up in the next driver's life.
 */
TEST_F(data, half_copied_chain_of_a_failed_driver_is_forgotten)
{
	struct driver *d = &self->d;

	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++) {
		uint64_t before = driver__stats(d).tx_bytes[p];

		driver__add1(d, driver__txq(p), DRIVER_DATA_GPA, MIB, false);
		driver__kick(d, driver__txq(p));
		EXPECT_EQ(before + KTSTR_TX_PASS_BYTES, driver__stats(d).tx_bytes[p]);
		driver__write32(d, VIRTIO_MMIO_STATUS, 0x8f);
		ASSERT_LE(0, driver__settle(d));
		ASSERT_TRUE(driver__bring_up(d, NUM));
		virtio_console__service(d->vc);
		EXPECT_EQ(-1, driver__used(d, driver__txq(p), NULL));
		EXPECT_EQ(KTSTR_TX_PASS_BYTES, driver__discard(d, p));
		ASSERT_EQ(-1, driver__echo_all(d, 0));
	}
	EXPECT_ALIVE(d, 0);
}

/* A stopped receive queue keeps the host's bytes: they may go to the next driver's buffers. */
TEST_F(data, stopped_receive_queue_takes_nothing)
{
	struct driver *d = &self->d;

	driver__add1(d, BULK_RX, DRIVER_DATA_GPA, 64, true);
	stop_queue(d, BULK_RX);
	EXPECT_EQ(0, virtio_console__write(d->vc, 1, "abc", 3));
	driver__kick(d, BULK_RX);
	virtio_console__service(d->vc);
	EXPECT_EQ(-1, driver__used(d, BULK_RX, NULL));
	EXPECT_EQ(3, virtio_console__pending(d->vc, 1));
	EXPECT_ALIVE(d, 1u << BULK_RX);
}

/* More than any frame may go back, more than that is nobody's residue. */
TEST_F(data, push_back_is_bounded)
{
	struct driver *d = &self->d;

	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < NUM; i++)
			driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 32 * KIB, false);
		driver__kick(d, BULK_TX);
		ASSERT_LE(0, driver__settle(d));
	}
	EXPECT_EQ(KTSTR_TX_BUF_MAX, driver__stats(d).tx_bytes[1]);
	memset(self->buf, 'p', MIB);
	EXPECT_EQ(0, virtio_console__push_back(d->vc, 1, self->buf, 0));
	EXPECT_EQ(0, virtio_console__push_back(d->vc, 1, self->buf,
					       VIRTIO_CONSOLE_PUSH_BACK_MAX - 1));
	/* At the bound and above it no chain comes in behind. */
	EXPECT_EQ(KTSTR_TX_BUF_MAX, driver__stats(d).tx_bytes[1]);
	EXPECT_EQ(-ENOBUFS, virtio_console__push_back(d->vc, 1, self->buf, SIZE_MAX));
	EXPECT_EQ(-ENOBUFS, virtio_console__push_back(d->vc, 1, self->buf, 16 * MIB));
	/* With what a reset may add besides there is room for one frame, and no more. */
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(2 * KTSTR_TX_BUF_MAX - (VIRTIO_CONSOLE_PUSH_BACK_MAX - 1),
		  driver__stats(d).tx_bytes[1]);
	EXPECT_EQ(0, virtio_console__push_back(d->vc, 1, self->buf, VIRTIO_CONSOLE_PUSH_BACK_MAX));
	EXPECT_EQ(-ENOBUFS, virtio_console__push_back(d->vc, 1, self->buf, 1));
	EXPECT_EQ(2 * KTSTR_TX_BUF_MAX + VIRTIO_CONSOLE_PUSH_BACK_MAX, driver__discard(d, 1));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(data, broken_queues_are_remembered_and_accesses_counted)
{
	struct driver *d = &self->d;
	struct virtio_console_stats st = driver__stats(d);
	const uint64_t ready = st.accesses_to_ready;

	/* Up to the first PORT_READY, in the fixture; nothing after that changes it. */
	EXPECT_LT(0, ready);
	EXPECT_GT(st.accesses, ready);
	for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2) {
		driver__publish(d, q, NUM);
		driver__kick(d, q);
		EXPECT_EQ(1u << q, driver__stats(d).broken & 1u << q);
		ASSERT_TRUE(driver__bring_up(d, NUM));
	}
	st = driver__stats(d);
	EXPECT_EQ(0xaa, st.broken);
	EXPECT_STREQ("broken ring", st.last_error);
	EXPECT_EQ(4, st.driver_errors);
	EXPECT_EQ(ready, st.accesses_to_ready);
	/* From power-on: every access counts, whatever its width, and only they. */
	ASSERT_TRUE(driver__new_device(d, d->timer));
	EXPECT_EQ(0, driver__stats(d).accesses);
	EXPECT_EQ(0, driver__stats(d).accesses_to_ready);
	virtio_console__mmio_read(d->vc, 1, self->buf, 1);
	virtio_console__service(d->vc);
	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, NUM));
	st = driver__stats(d);
	ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
	ASSERT_TRUE(driver__control(d, 3, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_EQ(0, driver__stats(d).accesses_to_ready);
	ASSERT_TRUE(driver__control(d, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_EQ(st.accesses + 3, driver__stats(d).accesses_to_ready);
	ASSERT_TRUE(driver__control(d, 2, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_EQ(st.accesses + 3, driver__stats(d).accesses_to_ready);
	EXPECT_EQ(st.accesses + 4, driver__stats(d).accesses);
}

TEST_HARNESS_MAIN
