// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes through the three ports: both directions, bounds, back-pressure, reset.
 */
#include <errno.h>
#include <stdlib.h>

#include "driver.h"

#include "unit.h"

#define BULK_RX		KTSTR_Q_BULK_RX
#define BULK_TX		KTSTR_Q_BULK_TX
#define KIB		1024u
#define MIB		(1024u * KIB)

static const unsigned int txq[] = { 1, 5, 7 };
static const unsigned int rxq[] = { 0, 4, 6 };

FIXTURE(console)
{
	struct driver d;
	uint8_t *buf;
};

FIXTURE_SETUP(console)
{
	ASSERT_TRUE(driver__ready(&self->d, 256));
	self->buf = malloc(16 * MIB);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(console)
{
	free(self->buf);
	driver__destroy(&self->d);
}

static uint8_t pattern(uint64_t pos)
{
	return pos * 31 ^ pos >> 8 ^ pos >> 16;
}

static void fill(uint8_t *p, uint64_t pos, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = pattern(pos + i);
}

/* Return: index of the first byte that is not the pattern's, or @n. */
static size_t matches(const uint8_t *p, uint64_t pos, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != pattern(pos + i))
			return i;
	return n;
}

static void send(struct driver *d, unsigned int q, uint64_t gpa, uint32_t len)
{
	driver__add1(d, q, gpa, len, false);
	driver__kick(d, q);
}

TEST_F(console, every_port_carries_bytes_both_ways)
{
	struct driver *d = &self->d;
	uint32_t len;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		fill(driver__ptr(d, DRIVER_DATA_GPA), p, 100);
		send(d, txq[p], DRIVER_DATA_GPA, 100);
		EXPECT_EQ(p == 2 ? 0 : 1, driver__event(d->tx));
		EXPECT_EQ(p == 2 ? 1 : 0, driver__event(d->stats));
		EXPECT_EQ(1, driver__interrupts(d));
		EXPECT_LE(0, driver__used(d, txq[p], &len));
		EXPECT_EQ(0, len);
		ASSERT_EQ(100, virtio_console__read(d->vc, p, self->buf, 4096));
		EXPECT_EQ(100, matches(self->buf, p, 100));
		EXPECT_EQ(0, virtio_console__read(d->vc, p, self->buf, 4096));

		fill(self->buf, p, 70);
		driver__add1(d, rxq[p], DRIVER_DATA_GPA, 64, true);
		driver__add1(d, rxq[p], DRIVER_DATA_GPA + 64, 64, true);
		EXPECT_EQ(0, virtio_console__write(d->vc, p, self->buf, 70));
		EXPECT_LT(0, driver__interrupts(d));
		EXPECT_EQ(0, driver__used(d, rxq[p], &len));
		EXPECT_EQ(64, len);
		EXPECT_EQ(1, driver__used(d, rxq[p], &len));
		EXPECT_EQ(6, len);
		EXPECT_EQ(70, matches(driver__ptr(d, DRIVER_DATA_GPA), p, 70));
		EXPECT_EQ(0, virtio_console__pending(d->vc, p));
	}
	EXPECT_EQ(0, driver__stats(d).driver_errors);
}

TEST_F(console, no_such_port)
{
	EXPECT_EQ(0, virtio_console__read(self->d.vc, 3, self->buf, 1));
	EXPECT_EQ(-EINVAL, virtio_console__write(self->d.vc, 3, self->buf, 1));
	EXPECT_EQ(-EINVAL, virtio_console__push_back(self->d.vc, 0xffffffff, self->buf, 1));
	EXPECT_EQ(0, virtio_console__pending(self->d.vc, 3));
}

/* 1 MiB in one descriptor: slices, passes, and not a byte missing. */
TEST_F(console, E25_descriptor_larger_than_slice_and_pass_arrives_whole)
{
	struct driver *d = &self->d;

	fill(driver__ptr(d, DRIVER_DATA_GPA), 0, MIB);
	send(d, BULK_TX, DRIVER_DATA_GPA, MIB);
	EXPECT_EQ(-1, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(KTSTR_TX_PASS_BYTES, driver__stats(d).tx_bytes[1]);
	EXPECT_EQ(4, driver__settle(d) + 1);
	EXPECT_EQ(0, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(1, driver__interrupts(d));
	ASSERT_EQ(MIB, virtio_console__read(d->vc, 1, self->buf, 16 * MIB));
	EXPECT_EQ(MIB, matches(self->buf, 0, MIB));
}

/* Larger than the host's whole buffer: it follows as the host reads. */
TEST_F(console, E25_chain_larger_than_the_buffer_arrives_whole)
{
	const struct driver_seg seg[] = {
		{ DRIVER_DATA_GPA, 9 * MIB, false }, { DRIVER_DATA_GPA + 9 * MIB, 1, false },
		{ DRIVER_DATA_GPA, 64, true }, { DRIVER_DATA_GPA + 9 * MIB + 1, 5 * MIB, false },
	};
	struct driver *d = &self->d;
	const size_t total = 14 * MIB + 1;

	fill(driver__ptr(d, DRIVER_DATA_GPA), 0, total);
	driver__add(d, BULK_TX, seg, 4);
	driver__kick(d, BULK_TX);
	ASSERT_LE(0, driver__settle(d));
	EXPECT_EQ(KTSTR_TX_BUF_MAX, driver__stats(d).tx_bytes[1]);
	EXPECT_EQ(-1, driver__used(d, BULK_TX, NULL));
	/* Whatever happens to the descriptors meanwhile, they were read once. */
	memset(d->q[BULK_TX].desc, 0xff, 64);
	ASSERT_EQ(total, virtio_console__read(d->vc, 1, self->buf, 16 * MIB));
	EXPECT_EQ(total, matches(self->buf, 0, total));
	EXPECT_EQ(0, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(0, virtio_console__read(d->vc, 1, self->buf, 1));
}

/*
 * A guest that offers as fast as is read must not keep the host in one read: not by
 * much, and not by a byte a pass. What is left over comes with the next ones.
 */
TEST_F(console, read_makes_a_bounded_number_of_passes)
{
	const size_t total = 40 * MIB;
	struct driver *d = &self->d;
	uint8_t *buf = map(total);
	size_t got = 0;

	ASSERT_NE(NULL, buf);
	fill(driver__ptr(d, DRIVER_DATA_GPA), 0, 20 * MIB);
	for (unsigned int i = 0; i < 40; i++)
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA + i % 20 * MIB, MIB, false);
	driver__kick(d, BULK_TX);
	ASSERT_LE(0, driver__settle(d));
	while (got < total) {
		uint64_t rearms = driver__stats(d).rearms;
		size_t n;

		driver__event(d->tx);
		n = virtio_console__read(d->vc, 1, buf + got, total - got);
		ASSERT_LT(0, n) TH_LOG("stuck at %zu", got);
		rearms = driver__stats(d).rearms - rearms;
		ASSERT_GE(2 * KTSTR_TX_BUF_MAX / KTSTR_TX_PASS_BYTES, rearms) {
			TH_LOG("%lu passes for %zu bytes at %zu", rearms, n, got);
		}
		/* A reader that was cut short need not try on a guess. */
		ASSERT_TRUE(n == total - got || driver__event(d->tx));
		got += n;
	}
	for (size_t off = 0; off < total; off += 20 * MIB)
		EXPECT_EQ(20 * MIB, matches(buf + off, 0, 20 * MIB));
	munmap(buf, total);
	EXPECT_EQ(0, driver__stats(d).driver_errors);
}

TEST_F(console, G2_G3_full_buffer_holds_chains_back_and_reading_lets_them_in)
{
	struct driver *d = &self->d;
	size_t got = 0, n;

	fill(driver__ptr(d, DRIVER_DATA_GPA), 0, 16 * MIB);
	for (unsigned int i = 0; i < 256; i++)
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA + i * 32 * KIB, 32 * KIB, false);
	driver__kick(d, BULK_TX);
	ASSERT_LE(0, driver__settle(d));
	/* Exactly full: all returned. */
	for (unsigned int i = 0; i < 256; i++)
		ASSERT_EQ(i, driver__used(d, BULK_TX, NULL));
	for (unsigned int i = 256; i < 512; i++)
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA + i * 32 * KIB, 32 * KIB, false);
	driver__kick(d, BULK_TX);
	ASSERT_LE(0, driver__settle(d));
	EXPECT_EQ(-1, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(KTSTR_TX_BUF_MAX, driver__stats(d).tx_bytes[1]);
	/* The other ports do not care. */
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p += 2) {
		send(d, txq[p], DRIVER_DATA_GPA, 10);
		EXPECT_EQ(10, virtio_console__read(d->vc, p, self->buf, 100));
	}
	/* From here on no kick. */
	driver__interrupts(d);
	n = virtio_console__read(d->vc, 1, self->buf, 32 * KIB);
	EXPECT_EQ(32 * KIB, n);
	EXPECT_EQ(1, driver__interrupts(d));
	EXPECT_EQ(0, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(-1, driver__used(d, BULK_TX, NULL));
	do {
		ASSERT_EQ(n, matches(self->buf, got, n));
		got += n;
		n = virtio_console__read(d->vc, 1, self->buf, 100000);
	} while (n);
	EXPECT_EQ(16 * MIB, got);
	EXPECT_EQ(0, driver__stats(d).tx_dropped[1]);
}

/* Linux spins for its buffer on port 0: the same exit returns it, even from a full buffer. */
TEST_F(console, port_0_returns_every_chain_at_once)
{
	struct driver *d = &self->d;

	for (unsigned int round = 0; round < 20; round++) {
		for (unsigned int i = 0; i < 256; i++)
			driver__add1(d, 1, DRIVER_DATA_GPA, 2 * KIB, false);
		driver__kick(d, 1);
		for (unsigned int i = 0; i < 256; i++)
			ASSERT_EQ(i, driver__used(d, 1, NULL));
	}
	EXPECT_EQ(20 * 512 * KIB - KTSTR_TX_BUF_MAX, driver__stats(d).tx_dropped[0]);
	EXPECT_EQ(KTSTR_TX_BUF_MAX, virtio_console__read(d->vc, 0, self->buf, 16 * MIB));
}

/* No Linux sends so much at once: what is above the bound of an exit follows by itself. */
TEST_F(console, port_0_is_bounded_and_goes_on_by_itself)
{
	struct driver *d = &self->d;

	for (unsigned int i = 0; i < 256; i++)
		driver__add1(d, 1, DRIVER_DATA_GPA, 33 * KIB, false);
	driver__kick(d, 1);
	for (unsigned int i = 0; i < 512 / 33; i++)
		ASSERT_EQ(i, driver__used(d, 1, NULL));
	EXPECT_EQ(-1, driver__used(d, 1, NULL));
	EXPECT_LT(0, driver__settle(d));
	for (unsigned int i = 512 / 33; i < 256; i++)
		ASSERT_EQ(i, driver__used(d, 1, NULL));
	EXPECT_EQ(256 * 33 * KIB - KTSTR_TX_BUF_MAX, driver__stats(d).tx_dropped[0]);
	EXPECT_EQ(KTSTR_TX_BUF_MAX, virtio_console__read(d->vc, 0, self->buf, 16 * MIB));
	send(d, 1, DRIVER_DATA_GPA, 5);
	EXPECT_EQ(5, virtio_console__read(d->vc, 0, self->buf, 16 * MIB));
}

TEST_F(console, G5_host_writer_is_told_when_the_buffer_is_full)
{
	struct driver *d = &self->d;

	EXPECT_EQ(0, virtio_console__write(d->vc, 1, self->buf, 8 * MIB - 1));
	EXPECT_EQ(-ENOBUFS, virtio_console__write(d->vc, 1, self->buf, 2));
	EXPECT_EQ(8 * MIB - 1, virtio_console__pending(d->vc, 1));
	EXPECT_EQ(0, virtio_console__write(d->vc, 1, self->buf, 1));
	EXPECT_EQ(-ENOBUFS, virtio_console__write(d->vc, 1, self->buf, 1));
	EXPECT_EQ(-ENOBUFS, virtio_console__write(d->vc, 2, self->buf, 8 * MIB + 1));
	EXPECT_EQ(-ENOBUFS, virtio_console__write(d->vc, 2, self->buf, SIZE_MAX));
	EXPECT_EQ(0, virtio_console__pending(d->vc, 2));
}

TEST_F(console, refused_host_is_woken_when_half_of_the_room_is_free)
{
	struct driver *d = &self->d;
	uint32_t len;

	EXPECT_EQ(0, virtio_console__write(d->vc, 2, self->buf, 8 * MIB));
	EXPECT_EQ(0, driver__event(d->stats));
	EXPECT_EQ(-ENOBUFS, virtio_console__write(d->vc, 2, self->buf, 1));
	/* One byte short of half, then the byte. */
	for (unsigned int i = 0; i < 32; i++) {
		driver__add1(d, KTSTR_Q_STATS_RX, DRIVER_DATA_GPA, 128 * KIB - (i == 31), true);
		driver__kick(d, KTSTR_Q_STATS_RX);
		ASSERT_EQ(i, driver__used(d, KTSTR_Q_STATS_RX, &len));
		EXPECT_EQ(128 * KIB - (i == 31), len);
	}
	EXPECT_EQ(0, driver__event(d->stats));
	driver__add1(d, KTSTR_Q_STATS_RX, DRIVER_DATA_GPA, 1, true);
	driver__kick(d, KTSTR_Q_STATS_RX);
	EXPECT_EQ(1, driver__event(d->stats));
	EXPECT_EQ(0, driver__event(d->tx));
	EXPECT_EQ(0, virtio_console__write(d->vc, 2, self->buf, 1));
}

/* Whoever was refused is owed the event, whatever became of other writes since. */
TEST_F(console, refused_host_is_woken_although_another_write_was_not_refused)
{
	struct driver *d = &self->d;

	for (int close = 0; close < 2; close++) {
		EXPECT_EQ(0, virtio_console__write(d->vc, 2, self->buf, 8 * MIB - 1));
		EXPECT_EQ(-ENOBUFS, virtio_console__write(d->vc, 2, self->buf, 2));
		if (close) {
			virtio_console__connect(d->vc, 2, false);
			EXPECT_EQ(-EPIPE, virtio_console__write(d->vc, 2, self->buf, 1));
			virtio_console__connect(d->vc, 2, true);
		} else {
			EXPECT_EQ(0, virtio_console__write(d->vc, 2, self->buf, 1));
		}
		EXPECT_EQ(0, driver__event(d->stats));
		for (unsigned int i = 0; i < 32; i++) {
			driver__add1(d, KTSTR_Q_STATS_RX, DRIVER_DATA_GPA, 8 * MIB, true);
			driver__kick(d, KTSTR_Q_STATS_RX);
			EXPECT_LE(0, driver__settle(d));
		}
		EXPECT_EQ(0, virtio_console__pending(d->vc, 2));
		EXPECT_EQ(1, driver__event(d->stats)) TH_LOG("close %d", close);
	}
}

TEST_F(console, refused_host_is_woken_by_a_reset)
{
	struct driver *d = &self->d;

	EXPECT_EQ(0, virtio_console__write(d->vc, 1, self->buf, 8 * MIB));
	EXPECT_EQ(-ENOBUFS, virtio_console__write(d->vc, 1, self->buf, 1));
	driver__event(d->tx);
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(1, driver__event(d->tx));
	EXPECT_EQ(0, virtio_console__pending(d->vc, 1));
}

TEST_F(console, receive_pass_is_bounded_and_goes_on_by_itself)
{
	struct driver *d = &self->d;
	uint32_t len;

	for (unsigned int i = 0; i < 256; i++)
		driver__add1(d, BULK_RX, DRIVER_DATA_GPA + i, 1, true);
	fill(self->buf, 0, 256);
	EXPECT_EQ(0, virtio_console__write(d->vc, 1, self->buf, 256));
	EXPECT_EQ(64, d->q[BULK_RX].used->idx);
	EXPECT_EQ(3, driver__settle(d));
	for (unsigned int i = 0; i < 256; i++) {
		ASSERT_EQ(i, driver__used(d, BULK_RX, &len));
		ASSERT_EQ(1, len);
	}
	EXPECT_EQ(256, matches(driver__ptr(d, DRIVER_DATA_GPA), 0, 256));
}

TEST_F(console, F12_closed_port_gets_nothing_until_it_opens)
{
	struct driver *d = &self->d;

	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++) {
		driver__add1(d, rxq[p], DRIVER_DATA_GPA, 64, true);
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 0));
		EXPECT_EQ(0, virtio_console__write(d->vc, p, "abc", 3));
		driver__kick(d, rxq[p]);
		virtio_console__service(d->vc);
		EXPECT_EQ(-1, driver__used(d, rxq[p], NULL));
		EXPECT_EQ(3, virtio_console__pending(d->vc, p));
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
		EXPECT_EQ(0, driver__used(d, rxq[p], NULL));
		EXPECT_EQ(0, virtio_console__pending(d->vc, p));
	}
}

TEST_F(console, pushed_back_bytes_come_first_even_above_the_bound)
{
	struct driver *d = &self->d;

	fill(driver__ptr(d, DRIVER_DATA_GPA), 0, 9 * MIB);
	send(d, BULK_TX, DRIVER_DATA_GPA, 9 * MIB);
	ASSERT_LE(0, driver__settle(d));
	ASSERT_EQ(1000, virtio_console__read(d->vc, 1, self->buf, 1000));
	driver__event(d->tx);
	EXPECT_EQ(0, virtio_console__push_back(d->vc, 1, self->buf + 300, 700));
	EXPECT_EQ(0, driver__event(d->tx));
	EXPECT_EQ(9 * MIB - 300, virtio_console__read(d->vc, 1, self->buf, 16 * MIB));
	EXPECT_EQ(9 * MIB - 300, matches(self->buf, 300, 9 * MIB - 300));
}

TEST_F(console, last_words_survive_a_reset)
{
	struct driver *d = &self->d;
	uint64_t irqs;
	uint16_t used;

	fill(driver__ptr(d, DRIVER_DATA_GPA), 0, 4 * MIB);
	/* One chain under way, one published and not kicked. */
	send(d, BULK_TX, DRIVER_DATA_GPA, MIB);
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA + MIB, 3 * MIB, false);
	virtio_console__write(d->vc, 1, "gone", 4);
	irqs = driver__stats(d).interrupts;
	used = d->q[BULK_TX].used->idx;
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(irqs, driver__stats(d).interrupts);
	EXPECT_EQ(used, d->q[BULK_TX].used->idx);
	EXPECT_EQ(0, virtio_console__pending(d->vc, 1));
	EXPECT_FALSE(virtio_console__is_open(d->vc, 1));
	ASSERT_EQ(4 * MIB, virtio_console__read(d->vc, 1, self->buf, 16 * MIB));
	EXPECT_EQ(4 * MIB, matches(self->buf, 0, 4 * MIB));
}

TEST_F(console, reset_with_a_full_buffer_is_bounded_and_counts_what_it_drops)
{
	struct driver *d = &self->d;

	for (unsigned int i = 0; i < 256; i++)
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, MIB, false);
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(240ull * MIB, driver__stats(d).tx_dropped[1]);
	EXPECT_EQ(16 * MIB, virtio_console__read(d->vc, 1, self->buf, 16 * MIB));
	EXPECT_EQ(0, virtio_console__read(d->vc, 1, self->buf, 16 * MIB));
}

/* All that Linux's write() took before a reboot: a full buffer, then a full ring. */
TEST_F(console, last_words_of_a_full_ring_survive_a_full_buffer)
{
	struct driver *d = &self->d;

	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 256; i++)
			driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 32 * KIB, false);
		driver__kick(d, BULK_TX);
		EXPECT_LE(0, driver__settle(d));
	}
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(0, driver__stats(d).tx_dropped[1]);
	EXPECT_EQ(16 * MIB, virtio_console__read(d->vc, 1, self->buf, 16 * MIB));
}

TEST_F(console, reset_over_a_broken_ring_raises_no_interrupt)
{
	struct driver *d = &self->d;

	driver__publish(d, BULK_TX, 999);
	driver__interrupts(d);
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(0, driver__interrupts(d));
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_STATUS));
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
}

TEST_F(console, bytes_queued_before_the_first_driver_survive_its_first_reset)
{
	struct driver d;
	uint32_t len;

	ASSERT_TRUE(driver__create(&d));
	EXPECT_EQ(0, virtio_console__write(d.vc, 0, "\xd3", 1));
	ASSERT_TRUE(driver__init(&d, DRIVER_FEATURES, 16));
	driver__add1(&d, 0, DRIVER_DATA_GPA, 16, true);
	EXPECT_TRUE(driver__needs_kick(&d, 0));
	driver__kick(&d, 0);
	EXPECT_EQ(0, driver__used(&d, 0, &len));
	EXPECT_EQ(1, len);
	driver__destroy(&d);
}

TEST_F(console, drain_takes_what_was_never_kicked)
{
	struct driver *d = &self->d;
	size_t total = 12 * MIB;

	fill(driver__ptr(d, DRIVER_DATA_GPA), 0, total);
	for (unsigned int i = 0; i < 12; i++)
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA + i * MIB, MIB, false);
	driver__add1(d, 7, DRIVER_DATA_GPA, 77, false);
	driver__interrupts(d);
	driver__event(d->rearm);
	virtio_console__drain(d->vc);
	EXPECT_EQ(0, driver__interrupts(d));
	EXPECT_EQ(0, driver__event(d->rearm));
	EXPECT_EQ(KTSTR_TX_BUF_MAX, driver__stats(d).tx_bytes[1]);
	EXPECT_EQ(77, virtio_console__read(d->vc, 2, self->buf, 16 * MIB));
	/* What found no room follows through reading alone: no I/O thread is left. */
	for (size_t got = 0; got < total;) {
		size_t n = virtio_console__read(d->vc, 1, self->buf, 300000);

		ASSERT_LT(0, n) TH_LOG("stuck at %zu", got);
		ASSERT_EQ(n, matches(self->buf, got, n));
		got += n;
	}
}

TEST_F(console, many_resets_leave_nothing_behind)
{
	struct driver *d = &self->d;

	for (int i = 0; i < 2000; i++) {
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		ASSERT_TRUE(driver__handshake(d));
		send(d, BULK_TX, DRIVER_DATA_GPA, 40);
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 2, false);
		ASSERT_EQ(0, virtio_console__write(d->vc, 1, self->buf, 100));
	}
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(2000 * 42, virtio_console__read(d->vc, 1, self->buf, MIB));
}

/* Ring sizes down to 1, random cuts, slow and fast readers: what goes in comes out. */
TEST_F(console, G12_random_traffic_is_conserved_at_every_ring_size)
{
	struct driver *d = &self->d;

	srandom(2);
	for (uint32_t num = 1; num <= 256; num *= 4) {
		uint64_t sent = 0, got = 0;
		uint32_t outstanding = 0;

		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, num));
		while (sent < 9 * MIB || got < sent) {
			uint32_t len = 1 + random() % (128 * KIB);
			uint64_t gpa = DRIVER_DATA_GPA +
				       d->q[BULK_TX].next_desc * 120ull * KIB;
			size_t n;

			len = len > 120 * KIB ? 120 * KIB : len;
			if (outstanding < num && sent < 9 * MIB) {
				fill(driver__ptr(d, gpa), sent, len);
				driver__add1(d, BULK_TX, gpa, len, false);
				sent += len;
				outstanding++;
				if (random() % 4 == 0)
					driver__kick(d, BULK_TX);
			} else {
				driver__kick(d, BULK_TX);
			}
			if (random() % 3 == 0 || sent >= 9 * MIB) {
				n = virtio_console__read(d->vc, 1, self->buf,
							 1 + random() % (256 * KIB));
				ASSERT_EQ(n, matches(self->buf, got, n)) {
					TH_LOG("num %u at %lu", num, got);
				}
				got += n;
			}
			while (driver__used(d, BULK_TX, NULL) >= 0)
				outstanding--;
		}
		EXPECT_EQ(sent, got);
	}
}

TEST_HARNESS_MAIN
