// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every register of the virtio-mmio window (virtio v1.2, 4.2.2), read and
 * written, in and out of turn. Status and queue registers have files of their
 * own: test_device_status.c and test_device_queues.c.
 */
#include <stdlib.h>

#include "driver_alive.h"

#include "unit.h"

#define S_FAIL		VIRTIO_CONFIG_S_FAILED
#define S_LIVE		(S_ACK | S_DRV | S_FEAT | S_OK)
#define QUEUE_RESET	0x0c0u

FIXTURE(mmio)
{
	struct driver d;
};

FIXTURE_SETUP(mmio)
{
	ASSERT_TRUE(driver__create(&self->d));
}

FIXTURE_TEARDOWN(mmio)
{
	driver__destroy(&self->d);
}

TEST_F(mmio, A1_identity_before_anything)
{
	EXPECT_EQ(0x74726976, driver__read32(&self->d, VIRTIO_MMIO_MAGIC_VALUE));
	EXPECT_EQ(2, driver__read32(&self->d, VIRTIO_MMIO_VERSION));
	EXPECT_EQ(3, driver__read32(&self->d, VIRTIO_MMIO_DEVICE_ID));
	EXPECT_EQ(0x5254534b, driver__read32(&self->d, VIRTIO_MMIO_VENDOR_ID));
	EXPECT_EQ(0, driver__status(&self->d));
	EXPECT_EQ(0, driver__errors(&self->d));
}

TEST_F(mmio, features_by_word)
{
	struct driver *d = &self->d;
	static const struct { uint32_t sel, val; } word[] = {
		{ 0, 1u << VIRTIO_CONSOLE_F_MULTIPORT }, { 1, 1u << (VIRTIO_F_VERSION_1 - 32) },
		{ 2, 0 }, { 31, 0 }, { 0xffffffff, 0 },
	};

	for (unsigned int i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		driver__write32(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, word[i].sel);
		EXPECT_EQ(word[i].val, driver__read32(d, VIRTIO_MMIO_DEVICE_FEATURES));
	}
}

/* All that the window says, read the way a driver must: 32 bits wide. */
static void snapshot(struct driver *d, uint32_t *val)
{
	for (unsigned int i = 0; i < 0x10c / 4; i++)
		val[i] = driver__read32(d, 4 * i);
}

/*
 * The widths that a driver must not use (4.2.2.2): read as zeros, written without
 * effect, not even on the register next door.
 */
TEST_F(mmio, A2_A3_odd_widths_have_no_partial_effect)
{
	static const unsigned int widths[] = { 1, 2, 3, 5, 6, 7, 8 };
	static const uint64_t vals[] = { 0, 1, 5, 0x40, UINT64_MAX, 5ull << 32, 0xf00000005 };
	struct driver *d = &self->d;
	uint32_t before[0x10c / 4], after[0x10c / 4];
	uint64_t was, n = 0;

	ASSERT_TRUE(driver__bring_up(d, 16));
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 5);
	/* Something that a kick that is none would take. */
	driver__add1(d, KTSTR_Q_BULK_TX, DRIVER_DATA_GPA, 4, false);
	snapshot(d, before);
	was = driver__errors(d);
	for (uint64_t off = 0; off < 0x100; off++) {
		for (unsigned int w = 0; w < 7; w++) {
			uint64_t got = 0x5a5a5a5a5a5a5a5a;

			virtio_console__mmio_read(d->vc, off, &got, widths[w]);
			for (unsigned int i = 0; i < 8; i++) {
				ASSERT_EQ(i < widths[w] ? 0 : 0x5a, ((uint8_t *)&got)[i]) {
					TH_LOG("offset %#lx width %u", off, widths[w]);
				}
			}
			for (unsigned int v = 0; v < 7; v++)
				virtio_console__mmio_write(d->vc, off, &vals[v], widths[w]);
			n += 8;
		}
	}
	EXPECT_EQ(was + n, driver__errors(d));
	snapshot(d, after);
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		EXPECT_EQ(q == 3 ? 7 : 0, driver__stats(d).kicks[q]) TH_LOG("queue %u", q);
	}
	EXPECT_EQ(-1, driver__used(d, KTSTR_Q_BULK_TX, NULL));
	EXPECT_EQ(0, driver__stats(d).tx_bytes[1]);
	driver__kick(d, KTSTR_Q_BULK_TX);
	EXPECT_ALIVE(d, 0);
}

/*
 * Whatever KVM hands over. The buffer is as long as the access and no longer than
 * KVM's data[8], so that a byte too many is a finding of AddressSanitizer.
 */
static void access_once(struct driver *d, uint64_t off, unsigned int len, uint8_t fill)
{
	size_t size = len < 8 ? len : 8;
	uint8_t *data = malloc(size ? size : 1);

	memset(data, fill, size);
	virtio_console__mmio_write(d->vc, off, data, len);
	virtio_console__mmio_read(d->vc, off, data, len);
	free(data);
}

TEST_F(mmio, A5_every_offset_and_width_stays_within_its_data)
{
	static const uint64_t far[] = { 0x1000, 0x1004, 0x10000, 0x7fffffff, 0xfffffffc,
					0x100000050, UINT64_MAX - 3, UINT64_MAX };
	static const uint8_t fills[] = { 0xff, 0x05, 0x00 };
	static const unsigned int long_ones[] = { 16, 64, 0x80000000, 0xffffffff };
	struct driver *d = &self->d;

	for (unsigned int f = 0; f < 3; f++) {
		for (uint64_t off = 0; off < 0x1000; off++)
			for (unsigned int len = 0; len <= 9; len++)
				access_once(d, off, len, fills[f]);
		for (unsigned int i = 0; i < sizeof(far) / sizeof(far[0]); i++)
			for (unsigned int len = 0; len <= 9; len++)
				access_once(d, far[i], len, fills[f]);
		for (unsigned int i = 0; i < 4; i++)
			access_once(d, VIRTIO_MMIO_STATUS, long_ones[i], fills[f]);
		EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
	}
}

static const uint32_t write_only[] = {
	VIRTIO_MMIO_DEVICE_FEATURES_SEL, VIRTIO_MMIO_DRIVER_FEATURES,
	VIRTIO_MMIO_DRIVER_FEATURES_SEL, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_MMIO_QUEUE_NUM,
	VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_QUEUE_DESC_LOW,
	VIRTIO_MMIO_QUEUE_DESC_HIGH, VIRTIO_MMIO_QUEUE_AVAIL_LOW,
	VIRTIO_MMIO_QUEUE_AVAIL_HIGH, VIRTIO_MMIO_QUEUE_USED_LOW,
	VIRTIO_MMIO_QUEUE_USED_HIGH, VIRTIO_MMIO_SHM_SEL,
};

TEST_F(mmio, A6_read_only_registers_cannot_be_written)
{
	static const uint32_t read_only[] = {
		VIRTIO_MMIO_MAGIC_VALUE, VIRTIO_MMIO_VERSION, VIRTIO_MMIO_DEVICE_ID,
		VIRTIO_MMIO_VENDOR_ID, VIRTIO_MMIO_DEVICE_FEATURES, VIRTIO_MMIO_QUEUE_NUM_MAX,
		VIRTIO_MMIO_INTERRUPT_STATUS, VIRTIO_MMIO_CONFIG_GENERATION,
		VIRTIO_MMIO_SHM_LEN_LOW, VIRTIO_MMIO_SHM_LEN_HIGH, VIRTIO_MMIO_SHM_BASE_LOW,
		VIRTIO_MMIO_SHM_BASE_HIGH,
	};
	struct driver *d = &self->d;

	for (int live = 0; live < 2; live++) {
		for (unsigned int i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
			uint64_t before = driver__errors(d);
			uint32_t val = driver__read32(d, read_only[i]);

			/* A pending interrupt stays pending: only InterruptACK takes it away. */
			driver__write32(d, read_only[i], ~val);
			driver__write32(d, read_only[i], 0);
			EXPECT_EQ(val, driver__read32(d, read_only[i])) TH_LOG("%#x", read_only[i]);
			EXPECT_EQ(before + 2, driver__errors(d)) TH_LOG("%#x", read_only[i]);
		}
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		driver__add1(d, KTSTR_Q_CONSOLE_TX, DRIVER_DATA_GPA, 1, false);
		driver__kick(d, KTSTR_Q_CONSOLE_TX);
		ASSERT_EQ(1, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	}
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(mmio, A7_write_only_registers_read_as_nothing)
{
	struct driver *d = &self->d;

	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < sizeof(write_only) / sizeof(write_only[0]); i++) {
			uint64_t before = driver__errors(d);

			EXPECT_EQ(0, driver__read32(d, write_only[i])) TH_LOG("%#x", write_only[i]);
			EXPECT_EQ(before + 1, driver__errors(d)) TH_LOG("%#x", write_only[i]);
		}
		/* Nor what was last written there. */
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 5);
		driver__write32(d, VIRTIO_MMIO_SHM_SEL, 1);
		driver__write32(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	}
}

TEST_F(mmio, A8_holes_and_legacy_registers_do_nothing)
{
	static const uint32_t legacy[] = { 0x028, 0x03c, 0x040 };
	struct driver *d = &self->d;
	unsigned int holes = 0;

	ASSERT_TRUE(driver__bring_up(d, 16));
	for (uint32_t off = 0x00c; off < 0x100; off++) {
		uint64_t before = driver__errors(d);
		bool known = !(off % 4);

		/* What is a register, and of which direction, the other tests say. */
		for (unsigned int i = 0; i < sizeof(write_only) / sizeof(write_only[0]); i++)
			if (off == write_only[i])
				goto next;
		driver__read32(d, off);
		if (known && driver__errors(d) == before)
			goto next;
		EXPECT_EQ(0, driver__read32(d, off)) TH_LOG("%#x", off);
		driver__write32(d, off, 0);
		driver__write32(d, off, 0xffffffff);
		EXPECT_EQ(before + 4, driver__errors(d)) TH_LOG("%#x", off);
		holes++;
next:
		;
	}
	/* 26 registers are at and behind VendorID. */
	EXPECT_EQ(0x100 - 0x00c - 26, holes);
	/* A driver of the old layout: page size, alignment, page frame number. */
	for (unsigned int i = 0; i < 3; i++) {
		driver__write32(d, legacy[i], i < 2 ? 4096 : 0x100);
		EXPECT_EQ(0, driver__read32(d, legacy[i]));
	}
	EXPECT_EQ(2, driver__read32(d, VIRTIO_MMIO_VERSION));
	EXPECT_EQ(S_LIVE, driver__status(d));
	EXPECT_ALIVE(d, 0);
}

TEST_F(mmio, A10_queue_reset_is_absent)
{
	struct driver *d = &self->d;
	uint64_t before;

	ASSERT_TRUE(driver__bring_up(d, 16));
	before = driver__errors(d);
	for (uint32_t q = 0; q < KTSTR_NR_QUEUES; q++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
		EXPECT_EQ(0, driver__read32(d, QUEUE_RESET));
		driver__write32(d, QUEUE_RESET, 1);
		EXPECT_EQ(0, driver__read32(d, QUEUE_RESET));
		EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	}
	/* Reading it is how a driver asks, and no mistake. */
	EXPECT_EQ(before + KTSTR_NR_QUEUES, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

TEST_F(mmio, shared_memory_is_absent)
{
	struct driver *d = &self->d;

	for (uint32_t sel = 0; sel < 3; sel++) {
		driver__write32(d, VIRTIO_MMIO_SHM_SEL, sel);
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_LEN_LOW));
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_LEN_HIGH));
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_BASE_LOW));
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_BASE_HIGH));
	}
}

/* 2.5.2: before FEATURES_OK too. */
TEST_F(mmio, A11_config_space_bytes_in_every_state)
{
	static const uint32_t states[] = { 0, S_ACK, S_ACK | S_DRV, S_LIVE, S_LIVE | S_FAIL };
	static const uint8_t want[16] = { 0, 0, 0, 0, 3 };
	static const unsigned int widths[] = { 1, 2, 4 };
	struct driver *d = &self->d;

	for (unsigned int s = 0; s < 5; s++) {
		if (states[s] == S_LIVE) {
			ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		}
		if (s && states[s] != S_LIVE)
			driver__write32(d, VIRTIO_MMIO_STATUS, states[s]);
		ASSERT_EQ(states[s], driver__status(d));
		for (unsigned int off = 0; off < 12; off++) {
			for (unsigned int w = 0; w < 3; w++) {
				uint8_t data[4];

				memset(data, 0xa5, sizeof(data));
				virtio_console__mmio_read(d->vc, 0x100 + off, data, widths[w]);
				EXPECT_EQ(0, memcmp(want + off, data, widths[w]))
					TH_LOG("off %u width %u", off, widths[w]);
			}
		}
	}
	EXPECT_EQ(0, driver__errors(d));
}

/* Past its end, and across it, there are zeros. */
TEST_F(mmio, config_space_ends_after_twelve_bytes)
{
	struct driver *d = &self->d;

	EXPECT_EQ(0, driver__read32(d, 0x100 + 10));
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_EQ(0, driver__read32(d, 0x100 + 12));
	EXPECT_EQ(0, driver__read32(d, 0xffc));
	EXPECT_EQ(2, driver__errors(d));
}

TEST_F(mmio, A14_config_space_is_read_only)
{
	static const unsigned int widths[] = { 1, 2, 4 };
	const uint32_t val = 0xffffffff;
	struct driver *d = &self->d;
	unsigned int n = 0;

	for (int live = 0; live < 2; live++) {
		uint64_t before = driver__errors(d);

		for (unsigned int off = 0; off < 12; off++) {
			if (off == 8)
				continue;
			for (unsigned int w = 0; w < 3; w++)
				virtio_console__mmio_write(d->vc, 0x100 + off, &val, widths[w]);
		}
		EXPECT_EQ(before + 33, driver__errors(d));
		for (unsigned int off = 0; off < 12; off += 4)
			n += driver__read32(d, 0x100 + off);
		EXPECT_EQ(3 * (live + 1), n);
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_CONFIG_GENERATION));
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	}
	EXPECT_EQ(0, d->emerg_count);
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* 5.3.5.1: in every state; its low byte is what there is to print. */
TEST_F(mmio, A15_emergency_write_in_every_state)
{
	struct driver *d = &self->d;
	static const unsigned int widths[] = { 1, 2, 4 };
	uint32_t val = 0xffffff00;
	int count = 0;

	for (int state = 0; state < 4; state++) {
		uint64_t before = driver__errors(d);

		for (unsigned int w = 0; w < 3; w++) {
			val++;
			virtio_console__mmio_write(d->vc, 0x108, &val, widths[w]);
			EXPECT_EQ(++count, d->emerg_count);
			EXPECT_EQ(val & 0xff, d->emerg_byte);
		}
		EXPECT_EQ(before, driver__errors(d));
		/* It cannot be read back, and no other width will do. */
		EXPECT_EQ(0, driver__read32(d, 0x108));
		virtio_console__mmio_write(d->vc, 0x108, &(uint64_t){ 0 }, 8);
		virtio_console__mmio_write(d->vc, 0x109, &val, 1);
		EXPECT_EQ(count, d->emerg_count);
		EXPECT_EQ(before + 2, driver__errors(d));
		if (state == 0) {
			ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		}
		if (state == 1)
			driver__publish(d, KTSTR_Q_BULK_TX, 999);
		if (state == 1)
			driver__kick(d, KTSTR_Q_BULK_TX);
		if (state == 2)
			driver__write32(d, VIRTIO_MMIO_STATUS, driver__status(d) | S_FAIL);
	}
}

TEST_F(mmio, A16_config_generation_stays)
{
	struct driver *d = &self->d;

	for (int i = 0; i < 3; i++) {
		uint32_t gen = driver__read32(d, VIRTIO_MMIO_CONFIG_GENERATION);

		EXPECT_EQ(3, driver__read32(d, 0x104));
		EXPECT_EQ(gen, driver__read32(d, VIRTIO_MMIO_CONFIG_GENERATION));
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		EXPECT_EQ(gen, driver__read32(d, VIRTIO_MMIO_CONFIG_GENERATION));
	}
	EXPECT_EQ(0, driver__errors(d));
}

TEST_F(mmio, H1_notify_of_no_queue_is_ignored)
{
	static const uint32_t bad[] = { 8, 0xffff, 0x10000, 0x10005, 0x7fffffff, 0x80000000,
					0xffffffff, (uint32_t)-8, 0x00050000 };
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__bring_up(d, 16));
	driver__add1(d, KTSTR_Q_BULK_TX, DRIVER_DATA_GPA, 4, false);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_NOTIFY, bad[i]);
		EXPECT_EQ(i + 1, driver__errors(d));
	}
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		EXPECT_EQ(q == 3 ? 7 : 0, driver__stats(d).kicks[q]);
	}
	EXPECT_EQ(0, driver__stats(d).tx_bytes[1]);
	driver__kick(d, KTSTR_Q_BULK_TX);
	EXPECT_ALIVE(d, 0);
}

TEST_F(mmio, H4_interrupt_status_and_acknowledge)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__bring_up(d, 16));
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 0xffffffff);
	for (int i = 0; i < 100; i++) {
		driver__add1(d, KTSTR_Q_BULK_TX, DRIVER_DATA_GPA, 4, false);
		driver__kick(d, KTSTR_Q_BULK_TX);
		/* Never acknowledged, still signalled. */
		EXPECT_EQ(1, driver__interrupts(d));
		EXPECT_EQ(VIRTIO_MMIO_INT_VRING, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	}
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 0);
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, ~VIRTIO_MMIO_INT_VRING);
	EXPECT_EQ(VIRTIO_MMIO_INT_VRING, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	/* Acknowledging one reason leaves the other. */
	driver__publish(d, KTSTR_Q_STATS_TX, 999);
	driver__kick(d, KTSTR_Q_STATS_TX);
	EXPECT_EQ(VIRTIO_MMIO_INT_VRING | VIRTIO_MMIO_INT_CONFIG,
		  driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	EXPECT_EQ(VIRTIO_MMIO_INT_CONFIG, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 0xffffffff);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 0xffffffff);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	EXPECT_ALIVE(d, 1u << KTSTR_Q_STATS_TX);
}

TEST_HARNESS_MAIN
