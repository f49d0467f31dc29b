// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lives of a driver: resets, rebinding, a new kernel without a reset, drivers that
 * are not Linux, memory that goes away, and a second device.
 */
#include <dirent.h>
#include <stdlib.h>

#include "driver_alive.h"

#include "unit.h"

#define S_LIVE	(S_ACK | S_DRV | S_FEAT | S_OK)
#define CTRL_RX	KTSTR_Q_CTRL_RX
#define CTRL_TX	KTSTR_Q_CTRL_TX
#define BULK_TX	KTSTR_Q_BULK_TX
#define KIB	1024u
#define MIB	(1024u * KIB)
#define NUM	16u

FIXTURE(life)
{
	struct driver d;
};

FIXTURE_SETUP(life)
{
	ASSERT_TRUE(driver__ready(&self->d, NUM));
}

FIXTURE_TEARDOWN(life)
{
	driver__destroy(&self->d);
}

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Something under way on every kind of queue. */
static void traffic(struct driver *d, unsigned int i)
{
	static uint8_t bytes[1000];

	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 100 + i % 4096, false);
	driver__kick(d, BULK_TX);
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 50, false);
	driver__add1(d, KTSTR_Q_STATS_TX, DRIVER_DATA_GPA, MIB, false);
	driver__kick(d, KTSTR_Q_STATS_TX);
	virtio_console__write(d->vc, 0, bytes, sizeof(bytes));
	virtio_console__connect(d->vc, 1, i & 1);
}

TEST_F(life, I2_a_hundred_thousand_resets_under_traffic)
{
	struct driver *d = &self->d;
	unsigned int files = open_files();
	long before = 0;

	for (unsigned int i = 0; i < 100000; i++) {
		driver__negotiate(d, DRIVER_FEATURES);
		ASSERT_EQ(1, driver__setup_queue(d, BULK_TX, NUM));
		ASSERT_EQ(1, driver__setup_queue(d, KTSTR_Q_STATS_TX, NUM));
		driver__write32(d, VIRTIO_MMIO_STATUS, S_LIVE);
		traffic(d, i);
		/* The host is slow: most of the time its buffers are full and chains are held. */
		if (i % 4096 != 4095)
			continue;
		if (!before)
			before = driver__resident_kib();
		ASSERT_GT(before + 2048, driver__resident_kib()) TH_LOG("reset %u", i);
		driver__discard(d, 1);
		driver__discard(d, 2);
	}
	EXPECT_EQ(files, open_files());
	virtio_console__connect(d->vc, 1, true);
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* As Linux unbinds: a reset, then QueueReady of every queue, and nothing until the next probe. */
static bool unbind(struct driver *d)
{
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
		driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
		if (driver__read32(d, VIRTIO_MMIO_QUEUE_READY))
			return false;
	}
	return !driver__status(d);
}

/* With Linux's own driver in a guest, through sysfs, this is a VM test too. */
TEST_F(life, I4_unbind_and_bind)
{
	struct driver *d = &self->d;
	uint64_t errors = driver__errors(d);

	for (unsigned int i = 0; i < 200; i++) {
		traffic(d, 1);
		driver__control(d, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
		ASSERT_TRUE(unbind(d));
		EXPECT_FALSE(virtio_console__is_open(d->vc, 1));
		ASSERT_TRUE(driver__bring_up(d, 1u << (4 + i % 5))) TH_LOG("round %u", i);
		ASSERT_EQ(-1, driver__echo_all(d, 0)) TH_LOG("round %u", i);
	}
	EXPECT_EQ(errors, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/*
 * A new kernel whose predecessor did not reset the device: its memory holds other
 * things by now, rings among them or not. Its first status write cleans up, may
 * misread what it finds as last words, and writes nothing.
 */
TEST_F(life, I5_new_kernel_without_a_reset)
{
	struct driver *d = &self->d;
	uint8_t *copy = malloc(DRIVER_RAM_SIZE);

	ASSERT_NE(NULL, copy);
	srandom(5);
	for (unsigned int i = 0; i < 60; i++) {
		uint64_t irqs;

		traffic(d, i);
		driver__event(d->irq);
		irqs = driver__stats(d).interrupts;
		switch (i % 3) {
		case 0:		/* ring indices like any other text */
			for (unsigned int n = 0; n < KTSTR_NR_QUEUES * RING_STRIDE; n++)
				d->ram[n] = random();
			break;
		case 1:
			memset(d->ram, 0, KTSTR_NR_QUEUES * RING_STRIDE);
			break;
		case 2:		/* as if everything were on offer */
			for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2)
				d->q[q].avail->idx += NUM;
		}
		memcpy(copy, d->ram, DRIVER_RAM_SIZE);
		driver__write32(d, VIRTIO_MMIO_STATUS, 0);
		ASSERT_EQ(0, memcmp(copy, d->ram, DRIVER_RAM_SIZE)) TH_LOG("round %u", i);
		ASSERT_EQ(irqs, driver__stats(d).interrupts) TH_LOG("round %u", i);
		virtio_console__service(d->vc);
		ASSERT_EQ(0, memcmp(copy, d->ram, DRIVER_RAM_SIZE)) TH_LOG("round %u", i);
		virtio_console__connect(d->vc, 1, true);
		EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
	}
	free(copy);
}

/* Bytes to the host and back on port @p by polling, as firmware does: no interrupt is looked at. */
static bool polled_echo(struct driver *d, unsigned int p, const char *text, uint32_t piece)
{
	uint32_t len = strlen(text), n;
	uint8_t got[256];

	memcpy(driver__ptr(d, DRIVER_DATA_GPA), text, len);
	for (uint32_t off = 0; off < len; off += n) {
		n = len - off < piece ? len - off : piece;
		driver__add1(d, driver__txq(p), DRIVER_DATA_GPA + off, n, false);
		driver__kick(d, driver__txq(p));
		if (driver__used(d, driver__txq(p), NULL) < 0)
			return false;
	}
	if (virtio_console__read(d->vc, p, got, sizeof(got)) != len || memcmp(got, text, len))
		return false;
	virtio_console__write(d->vc, p, text, len);
	for (uint32_t off = 0; off < len; off += n) {
		driver__add1(d, driver__rxq(p), DRIVER_DATA_GPA + 4096 + off, piece, true);
		driver__kick(d, driver__rxq(p));
		if (driver__used(d, driver__rxq(p), &n) < 0)
			return false;
	}
	return !memcmp(driver__ptr(d, DRIVER_DATA_GPA + 4096), text, len);
}

/* A boot loader: one port, no interrupts, single bytes, the smallest rings, no reset before it. */
TEST_F(life, I7_polling_driver_without_multiport)
{
	struct driver *d = &self->d;

	for (uint32_t num = 1; num <= 4; num *= 2) {
		ASSERT_TRUE(driver__new_device(d, d->timer));
		driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV);
		driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
		driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 1);
		driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT);
		ASSERT_EQ(1, driver__setup_queue(d, 1, num));
		ASSERT_EQ(1, driver__setup_queue(d, 0, num));
		driver__event(d->irq);
		d->q[0].avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
		d->q[1].avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
		driver__write32(d, VIRTIO_MMIO_STATUS, S_LIVE);
		ASSERT_EQ(S_LIVE, driver__status(d));
		for (int i = 0; i < 10; i++) {
			EXPECT_TRUE(polled_echo(d, 0, "boot: loading kernel\r\n", 1));
		}
		EXPECT_EQ(0, driver__event(d->irq));
		EXPECT_EQ(0, driver__errors(d));
		EXPECT_ALIVE(d, (uint8_t)~3u);
	}
}

/* A control message whose header and text have descriptors of their own. */
static void offer_split(struct driver *d, unsigned int i)
{
	const struct driver_seg seg[] = {
		{ CTRL_BUF_GPA + i * 64, 8, true }, { CTRL_BUF_GPA + i * 64 + 8, 40, true },
	};

	driver__add(d, CTRL_RX, seg, 2);
	driver__kick(d, CTRL_RX);
}

static bool send_split(struct driver *d, uint32_t id, uint16_t event, uint16_t value)
{
	const struct virtio_console_control msg = { .id = id, .event = event, .value = value };
	const struct driver_seg seg[] = {
		{ CTRL_MSG_GPA, 4, false }, { CTRL_MSG_GPA + 4, 2, false },
		{ CTRL_MSG_GPA + 6, 2, false }, { CTRL_MSG_GPA + 64, 8, true },
	};

	memcpy(driver__ptr(d, CTRL_MSG_GPA), &msg, sizeof(msg));
	memset(driver__ptr(d, CTRL_MSG_GPA + 64), 0, 8);
	driver__add(d, CTRL_TX, seg, 4);
	driver__kick(d, CTRL_TX);
	return driver__used(d, CTRL_TX, NULL) >= 0;
}

/*
 * Firmware with ports: asks for every port by itself, has one control buffer at a
 * time, in pieces, rings of another size each, and never opens what it does not use.
 */
TEST_F(life, I7_firmware_driver_with_split_messages)
{
	static const char * const names[] = { KTSTR_PORT_CONSOLE_NAME, KTSTR_PORT_BULK_NAME,
					      KTSTR_PORT_STATS_NAME };
	struct driver *d = &self->d;
	uint32_t len;

	driver__negotiate(d, DRIVER_FEATURES);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		ASSERT_EQ(1, driver__setup_queue(d, q, q == CTRL_TX ? 4 : 2u << q % 3));
	}
	driver__write32(d, VIRTIO_MMIO_STATUS, S_LIVE);
	ASSERT_TRUE(send_split(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		offer_split(d, 0);
		ASSERT_LE(0, driver__used(d, CTRL_RX, &len));
		EXPECT_EQ(8, len);
		EXPECT_EQ(p, *(uint32_t *)driver__ptr(d, CTRL_BUF_GPA));
	}
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		ASSERT_TRUE(send_split(d, p, VIRTIO_CONSOLE_PORT_READY, 1));
		for (unsigned int n = p ? 2 : 3; n--;) {
			offer_split(d, 1);
			ASSERT_LE(0, driver__used(d, CTRL_RX, &len));
			if (len > 8) {
				EXPECT_EQ(8 + strlen(names[p]) + 1, len);
				EXPECT_STREQ(names[p], (char *)driver__ptr(d, CTRL_BUF_GPA + 72));
			}
		}
	}
	ASSERT_TRUE(send_split(d, 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	EXPECT_TRUE(polled_echo(d, 0, "firmware console", 16));
	EXPECT_TRUE(polled_echo(d, 1, "firmware port", 3));
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, 1u << KTSTR_Q_STATS_RX);
}

/*
 * A BSD: whole pages as control buffers, all rings of the largest size filled at
 * once, data in chains of small pieces, and interrupts off while it polls.
 */
TEST_F(life, I7_driver_with_page_buffers_and_long_chains)
{
	const uint64_t data = DRIVER_DATA_GPA + 8 * MIB;
	struct driver *d = &self->d;
	uint8_t got[4096];
	unsigned int answers = 0;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 256));
	for (unsigned int i = 0; i < 256; i++)
		driver__add1(d, CTRL_RX, DRIVER_DATA_GPA + i * 4096, 4096, true);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		for (unsigned int i = 0; i < 256; i++)
			driver__add1(d, driver__rxq(p), DRIVER_DATA_GPA + (p + 1) * MIB + i * 4096,
				     4096, true);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		driver__kick(d, q);
	ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_READY, 1));
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
	}
	while (driver__used(d, CTRL_RX, NULL) >= 0)
		answers++;
	EXPECT_EQ(10, answers);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		struct driver_seg seg[64];

		d->q[driver__txq(p)].avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
		for (unsigned int i = 0; i < 64; i++)
			seg[i] = (struct driver_seg) { data + i * 100, i, false };
		memset(driver__ptr(d, data), 'b', 6400);
		driver__add(d, driver__txq(p), seg, 64);
		driver__kick(d, driver__txq(p));
		EXPECT_LE(0, driver__used(d, driver__txq(p), NULL));
		EXPECT_EQ(63 * 64 / 2, virtio_console__read(d->vc, p, got, sizeof(got)));
		for (unsigned int i = 0; i < 63 * 64 / 2; i++) {
			ASSERT_EQ('b', got[i]);
		}
	}
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/* The page at @gpa is taken from the guest, as ballooning or unplugging does: it reads zero. */
static bool unplug(struct driver *d, uint64_t gpa)
{
	return !madvise(driver__ptr(d, gpa & ~4095ull), 4096, MADV_DONTNEED);
}

/* Table, avail ring or used ring, with chains under way or not. A page never stays absent here. */
TEST_F(life, I8_ring_page_that_goes_away_reads_zero)
{
	static uint8_t bytes[100];
	struct driver *d = &self->d;

	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		for (unsigned int part = 0; part < 3; part++) {
			ASSERT_TRUE(driver__bring_up(d, NUM));
			for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
				driver__add1(d, driver__rxq(p), DRIVER_DATA_GPA, 64, true);
				driver__add1(d, driver__txq(p), DRIVER_DATA_GPA, MIB, false);
				driver__kick(d, driver__txq(p));
			}
			ASSERT_TRUE(unplug(d, driver__ring_gpa(q) + part * 0x1000));
			for (unsigned int i = 0; i < 3 * KTSTR_NR_QUEUES; i++)
				driver__kick(d, i % KTSTR_NR_QUEUES);
			for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
				virtio_console__write(d->vc, p, bytes, sizeof(bytes));
			EXPECT_ALIVE(d, 1u << q);
		}
	}
}

/* And a buffer's page, while it is being sent and while it waits to be filled. */
TEST_F(life, I8_buffer_page_that_goes_away_reads_zero)
{
	struct driver *d = &self->d;
	static uint8_t got[2 * MIB];
	uint32_t len;

	memset(driver__ptr(d, DRIVER_DATA_GPA), 'x', MIB);
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, MIB, false);
	driver__kick(d, BULK_TX);
	ASSERT_TRUE(unplug(d, DRIVER_DATA_GPA + MIB - 4096));
	ASSERT_LE(0, driver__settle(d));
	ASSERT_EQ(MIB, virtio_console__read(d->vc, 1, got, sizeof(got)));
	for (unsigned int i = 0; i < MIB; i++) {
		ASSERT_EQ(i < MIB - 4096 ? 'x' : 0, got[i]) TH_LOG("byte %u", i);
	}
	driver__add1(d, KTSTR_Q_BULK_RX, DRIVER_DATA_GPA, 64, true);
	ASSERT_TRUE(unplug(d, DRIVER_DATA_GPA));
	EXPECT_EQ(0, virtio_console__write(d->vc, 1, "back", 4));
	EXPECT_LE(0, driver__used(d, KTSTR_Q_BULK_RX, &len));
	EXPECT_EQ(4, len);
	EXPECT_ALIVE(d, 0);
}

/* Two devices share nothing, whatever one of them goes through. */
TEST_F(life, I9_second_device_is_isolated)
{
	struct driver *d = &self->d;
	struct driver other;

	ASSERT_TRUE(driver__ready(&other, NUM));
	for (int i = 0; i < 50; i++) {
		struct virtio_console_stats was = driver__stats(&other);

		traffic(d, i);
		if (i % 5 == 0)
			driver__publish(d, BULK_TX, 999);
		driver__kick(d, BULK_TX);
		driver__write32(d, VIRTIO_MMIO_STATUS, i % 7 ? S_LIVE | 0x80 : 0);
		ASSERT_EQ(S_LIVE, driver__read32(&other, VIRTIO_MMIO_STATUS));
		ASSERT_EQ(0, driver__event(other.irq) + driver__event(other.tx) +
			     driver__event(other.stats) + driver__event(other.rearm));
		ASSERT_EQ(was.tx_bytes[1], driver__stats(&other).tx_bytes[1]);
		ASSERT_EQ(0, driver__stats(&other).driver_errors);
		ASSERT_EQ(-1, driver__echo_all(&other, 0));
		driver__event(other.irq);
		driver__event(other.tx);
		driver__event(other.stats);
		while (driver__interrupts(&other))
			;
		virtio_console__connect(d->vc, 1, true);
		ASSERT_TRUE(driver__bring_up(d, NUM));
	}
	EXPECT_ALIVE(d, 0);
	EXPECT_ALIVE(&other, 0);
	driver__destroy(&other);
}

TEST_HARNESS_MAIN
