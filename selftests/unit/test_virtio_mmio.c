// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every register of the virtio-mmio window (virtio v1.2, 4.2.2), read and
 * written, in and out of turn.
 */
#include "driver.h"

#include "unit.h"

#define S_RESET	VIRTIO_CONFIG_S_NEEDS_RESET
#define S_FAIL	VIRTIO_CONFIG_S_FAILED

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

static uint32_t status(struct driver *d)
{
	return driver__read32(d, VIRTIO_MMIO_STATUS);
}

static uint64_t errors(struct driver *d)
{
	return driver__stats(d).driver_errors;
}

TEST_F(mmio, identity_before_anything)
{
	EXPECT_EQ(0x74726976, driver__read32(&self->d, VIRTIO_MMIO_MAGIC_VALUE));
	EXPECT_EQ(2, driver__read32(&self->d, VIRTIO_MMIO_VERSION));
	EXPECT_EQ(3, driver__read32(&self->d, VIRTIO_MMIO_DEVICE_ID));
	EXPECT_EQ(0x5254534b, driver__read32(&self->d, VIRTIO_MMIO_VENDOR_ID));
	EXPECT_EQ(0, status(&self->d));
	EXPECT_EQ(0, errors(&self->d));
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

TEST_F(mmio, queue_num_max_and_selectors_out_of_range)
{
	struct driver *d = &self->d;
	static const uint32_t bad[] = { 8, 9, 0xffff, 0x10000, 0x80000000, 0xffffffff };

	for (uint32_t q = 0; q < KTSTR_NR_QUEUES; q++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
		EXPECT_EQ(256, driver__read32(d, VIRTIO_MMIO_QUEUE_NUM_MAX));
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	}
	driver__negotiate(d, DRIVER_FEATURES);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t before = errors(d);

		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, bad[i]);
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_NUM_MAX));
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
		EXPECT_EQ(before, errors(d));
		driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
		for (uint64_t off = VIRTIO_MMIO_QUEUE_DESC_LOW; off <= VIRTIO_MMIO_QUEUE_USED_HIGH;
		     off += 4)
			driver__write32(d, off, 0x1000);
		driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
		EXPECT_LT(before, errors(d));
	}
}

/* What is read where nothing can be read, and what a write there changes. */
TEST_F(mmio, registers_of_one_direction_have_no_other)
{
	struct driver *d = &self->d;
	static const uint32_t write_only[] = {
		VIRTIO_MMIO_DEVICE_FEATURES_SEL, VIRTIO_MMIO_DRIVER_FEATURES,
		VIRTIO_MMIO_DRIVER_FEATURES_SEL, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_MMIO_QUEUE_NUM,
		VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_QUEUE_DESC_LOW,
		VIRTIO_MMIO_QUEUE_DESC_HIGH, VIRTIO_MMIO_QUEUE_AVAIL_LOW,
		VIRTIO_MMIO_QUEUE_AVAIL_HIGH, VIRTIO_MMIO_QUEUE_USED_LOW,
		VIRTIO_MMIO_QUEUE_USED_HIGH,
	};
	static const uint32_t read_only[] = {
		VIRTIO_MMIO_MAGIC_VALUE, VIRTIO_MMIO_VERSION, VIRTIO_MMIO_DEVICE_ID,
		VIRTIO_MMIO_VENDOR_ID, VIRTIO_MMIO_DEVICE_FEATURES, VIRTIO_MMIO_QUEUE_NUM_MAX,
		VIRTIO_MMIO_INTERRUPT_STATUS, VIRTIO_MMIO_CONFIG_GENERATION,
	};

	for (unsigned int i = 0; i < sizeof(write_only) / sizeof(write_only[0]); i++) {
		EXPECT_EQ(0, driver__read32(d, write_only[i]));
		EXPECT_EQ(i + 1, errors(d));
	}
	for (unsigned int i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		uint64_t before = errors(d);
		uint32_t val = driver__read32(d, read_only[i]);

		driver__write32(d, read_only[i], ~val);
		EXPECT_EQ(val, driver__read32(d, read_only[i]));
		EXPECT_EQ(before + 1, errors(d));
	}
}

TEST_F(mmio, holes_and_legacy_registers_do_nothing)
{
	struct driver *d = &self->d;
	static const uint32_t holes[] = {
		0x018, 0x01c, 0x028, 0x02c, 0x03c, 0x040, 0x048, 0x04c, 0x054, 0x058, 0x05c,
		0x068, 0x06c, 0x074, 0x078, 0x07c, 0x088, 0x08c, 0x098, 0x09c, 0x0a8, 0x0c4, 0x0f8,
		0x001, 0x003, 0x071, 0x0fd,
	};

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	for (unsigned int i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		uint64_t before = errors(d);

		EXPECT_EQ(0, driver__read32(d, holes[i])) TH_LOG("%#x", holes[i]);
		driver__write32(d, holes[i], 0);
		driver__write32(d, holes[i], 0xffffffff);
		EXPECT_EQ(before + 3, errors(d)) TH_LOG("%#x", holes[i]);
	}
	EXPECT_EQ(2, driver__read32(d, VIRTIO_MMIO_VERSION));
	EXPECT_EQ(S_ACK | S_DRV | S_FEAT | S_OK, status(d));
}

TEST_F(mmio, shared_memory_and_queue_reset_are_absent)
{
	struct driver *d = &self->d;

	for (uint32_t sel = 0; sel < 3; sel++) {
		driver__write32(d, VIRTIO_MMIO_SHM_SEL, sel);
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_LEN_LOW));
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_LEN_HIGH));
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_BASE_LOW));
		EXPECT_EQ(0xffffffff, driver__read32(d, VIRTIO_MMIO_SHM_BASE_HIGH));
	}
	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 5);
	driver__write32(d, 0x0c0, 1);
	EXPECT_EQ(0, driver__read32(d, 0x0c0));
	EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
}

/* Nothing past data[len] is touched and nothing crashes, whatever KVM hands over. */
TEST_F(mmio, every_offset_and_width)
{
	struct driver *d = &self->d;

	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t off = 0; off <= 0x1008; off++) {
			for (unsigned int len = 1; len <= 8; len++) {
				uint8_t data[16];

				memset(data, 0xa5, sizeof(data));
				virtio_console__mmio_read(d->vc, off, data, len);
				for (unsigned int i = len; i < sizeof(data); i++) {
					ASSERT_EQ(0xa5, data[i]) {
						TH_LOG("off %#lx len %u", off, len);
					}
				}
				/* 32-bit writes have effects by design: not here. */
				if (len != 4)
					virtio_console__mmio_write(d->vc, off, data, len);
			}
		}
		EXPECT_EQ(pass ? S_ACK | S_DRV | S_FEAT | S_OK : 0, status(d));
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	}
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
}

TEST_F(mmio, odd_widths_have_no_partial_effect)
{
	struct driver *d = &self->d;
	static const uint32_t regs[] = { 0x030, 0x044, 0x050, 0x070 };
	static const unsigned int widths[] = { 1, 2, 8 };
	uint64_t before, val = 0;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	before = errors(d);
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int w = 0; w < 3; w++)
			virtio_console__mmio_write(d->vc, regs[i], &val, widths[w]);
	}
	EXPECT_EQ(before + 12, errors(d));
	EXPECT_EQ(S_ACK | S_DRV | S_FEAT | S_OK, status(d));
	EXPECT_EQ(0, driver__stats(d).kicks[0]);
}

TEST_F(mmio, config_space_bytes)
{
	struct driver *d = &self->d;
	static const uint8_t want[16] = { 0, 0, 0, 0, 3 };
	static const unsigned int widths[] = { 1, 2, 4 };

	for (unsigned int off = 0; off < 12; off++) {
		for (unsigned int w = 0; w < 3; w++) {
			uint8_t data[4];

			memset(data, 0xa5, sizeof(data));
			virtio_console__mmio_read(d->vc, 0x100 + off, data, widths[w]);
			EXPECT_EQ(0, memcmp(want + off, data, widths[w]))
				TH_LOG("off %u width %u", off, widths[w]);
		}
	}
	EXPECT_EQ(0, errors(d));
	EXPECT_EQ(0, driver__read32(d, 0x100 + 12));
	EXPECT_EQ(1, errors(d));
}

TEST_F(mmio, config_space_is_read_only)
{
	struct driver *d = &self->d;

	for (unsigned int off = 0; off < 12; off++) {
		if (off != 8)
			driver__write32(d, 0x100 + off, 0xffffffff);
	}
	EXPECT_EQ(11, errors(d));
	EXPECT_EQ(0, driver__read32(d, 0x100));
	EXPECT_EQ(3, driver__read32(d, 0x104));
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_CONFIG_GENERATION));
	EXPECT_EQ(0, d->emerg_count);
}

TEST_F(mmio, emergency_write_in_every_state)
{
	struct driver *d = &self->d;
	static const unsigned int widths[] = { 1, 2, 4 };
	uint32_t val = 0xffffff00;
	int count = 0;

	for (int state = 0; state < 3; state++) {
		for (unsigned int w = 0; w < 3; w++) {
			val++;
			virtio_console__mmio_write(d->vc, 0x108, &val, widths[w]);
			EXPECT_EQ(++count, d->emerg_count);
			EXPECT_EQ(val & 0xff, d->emerg_byte);
		}
		virtio_console__mmio_write(d->vc, 0x108, &(uint64_t){ 0 }, 8);
		EXPECT_EQ(count, d->emerg_count);
		if (state == 0)
			ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
		if (state == 1)
			driver__write32(d, VIRTIO_MMIO_STATUS, status(d) | S_FAIL);
	}
}

/* Every status byte from every legal state, against the rules of 2.1. */
TEST_F(mmio, status_steps_swept)
{
	static const uint8_t path[] = { 0, S_ACK, S_ACK | S_DRV, S_ACK | S_DRV | S_FEAT,
					S_ACK | S_DRV | S_FEAT | S_OK };
	struct driver *d = &self->d;

	for (unsigned int state = 0; state < 5; state++) {
		for (uint32_t val = 0; val < 256; val++) {
			uint32_t want, v = val & ~S_RESET;

			ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
			driver__write32(d, VIRTIO_MMIO_STATUS, 0);
			if (state >= 1)
				driver__write32(d, VIRTIO_MMIO_STATUS, path[1]);
			if (state >= 2)
				driver__write32(d, VIRTIO_MMIO_STATUS, path[2]);
			if (state >= 3)
				driver__negotiate(d, DRIVER_FEATURES);
			if (state >= 4)
				driver__write32(d, VIRTIO_MMIO_STATUS, path[4]);
			ASSERT_EQ(path[state], status(d));
			if (state == 2) {
				driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
				driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 1);
			}

			driver__write32(d, VIRTIO_MMIO_STATUS, val);
			want = path[state];
			if (!val)
				want = 0;
			else if (v & S_FAIL)
				want |= S_FAIL;
			else if (state < 4 && v == path[state + 1])
				want = v;
			else if (state == 0 && v == (S_ACK | S_DRV))
				want = v;
			ASSERT_EQ(want, status(d)) {
				TH_LOG("state %#x write %#x", path[state], val);
			}
		}
	}
}

TEST_F(mmio, upper_status_bits_do_not_reset)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	for (unsigned int bit = 8; bit < 32; bit++) {
		driver__write32(d, VIRTIO_MMIO_STATUS, 1u << bit);
		EXPECT_EQ(S_ACK | S_DRV | S_FEAT | S_OK, status(d));
	}
	EXPECT_EQ(24, errors(d));
}

TEST_F(mmio, driver_cannot_touch_needs_reset)
{
	struct driver *d = &self->d;

	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK);
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_RESET);
	EXPECT_EQ(S_ACK, status(d));
	EXPECT_EQ(1, errors(d));
	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	driver__publish(d, 5, 16);
	driver__kick(d, 5);
	EXPECT_EQ(S_ACK | S_DRV | S_FEAT | S_OK | S_RESET, status(d));
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	EXPECT_EQ(S_ACK | S_DRV | S_FEAT | S_OK | S_RESET, status(d));
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(0, status(d));
}

TEST_F(mmio, features_not_offered_are_refused)
{
	struct driver *d = &self->d;

	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t f = DRIVER_FEATURES | 1ull << bit;

		EXPECT_EQ(f == DRIVER_FEATURES, !!(driver__negotiate(d, f) & S_FEAT)) {
			TH_LOG("bit %u", bit);
		}
	}
	EXPECT_FALSE(driver__negotiate(d, 1ull << VIRTIO_CONSOLE_F_MULTIPORT) & S_FEAT);
	EXPECT_FALSE(driver__negotiate(d, 0) & S_FEAT);
	EXPECT_TRUE(driver__negotiate(d, 1ull << VIRTIO_F_VERSION_1) & S_FEAT);
	for (int i = 0; i < 1000; i++) {
		ASSERT_TRUE(driver__negotiate(d, DRIVER_FEATURES) & S_FEAT);
	}
}

TEST_F(mmio, features_are_fixed_by_features_ok)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	for (uint32_t sel = 0; sel < 2; sel++) {
		driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, sel);
		driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	}
	EXPECT_EQ(2, errors(d));
	/* Still multiport: queue 7 exists. */
	EXPECT_EQ(1, driver__setup_queue(d, 7, 16));
}

TEST_F(mmio, queue_sizes)
{
	struct driver *d = &self->d;

	for (uint32_t num = 0; num <= 1024; num++) {
		bool good = num && num <= 256 && !(num & (num - 1));

		driver__negotiate(d, DRIVER_FEATURES);
		EXPECT_EQ(good, driver__setup_queue(d, 5, num)) TH_LOG("num %u", num);
	}
	driver__negotiate(d, DRIVER_FEATURES);
	EXPECT_EQ(0, driver__setup_queue(d, 5, 0x10010));
	/* A bad size does not replace a good one. */
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 3);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
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

TEST_F(mmio, ring_addresses)
{
	const uint64_t ram = DRIVER_RAM_GPA, end = DRIVER_RAM_GPA + DRIVER_RAM_SIZE;
	const uint64_t good = ram + 0x1000;
	const uint64_t outside[] = { 0, ram - 16, end, end - 16, 0xd0000000, 0xc0000000,
				     0x100000000, 0xffffffffffffff00, 0xfffffffffffffff0 };
	struct driver *d = &self->d;

	EXPECT_EQ(1, ready_with(d, good, good, good));	/* overlapping is legal, if daft */
	EXPECT_EQ(0, ready_with(d, good + 8, good, good));
	EXPECT_EQ(0, ready_with(d, good, good + 1, good));
	EXPECT_EQ(0, ready_with(d, good, good, good + 2));
	EXPECT_EQ(1, ready_with(d, good, good + 2, good + 4));
	for (unsigned int i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		EXPECT_EQ(0, ready_with(d, outside[i], good, good)) TH_LOG("%u", i);
		EXPECT_EQ(0, ready_with(d, good, outside[i], good)) TH_LOG("%u", i);
		EXPECT_EQ(0, ready_with(d, good, good, outside[i])) TH_LOG("%u", i);
	}
	/* To the last byte of RAM: 16 * 16, 4 + 2 * 16, 4 + 8 * 16. */
	EXPECT_EQ(1, ready_with(d, end - 256, good, good));
	EXPECT_EQ(1, ready_with(d, good, end - 36, good));
	EXPECT_EQ(0, ready_with(d, good, end - 34, good));
	EXPECT_EQ(1, ready_with(d, good, good, end - 132));
	EXPECT_EQ(0, ready_with(d, good, good, end - 128));
	/* Read-only memory will do for what the device only reads. */
	EXPECT_EQ(1, ready_with(d, DRIVER_ROM_GPA, DRIVER_ROM_GPA, good));
	EXPECT_EQ(0, ready_with(d, good, good, DRIVER_ROM_GPA));
}

TEST_F(mmio, address_halves_in_any_order)
{
	struct driver *d = &self->d;

	EXPECT_EQ(1, driver__negotiate(d, DRIVER_FEATURES) & 1);
	driver__setup_queue(d, 5, 16);
	driver__negotiate(d, DRIVER_FEATURES);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 16);
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
	     off += 0x10)
		driver__write32(d, off, 0);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
}

/* Spoil every queue register and show by an echo that nothing moved. */
static bool spoil_and_echo(struct driver *d)
{
	uint8_t got = 0;

	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, 5);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, 1);
	for (uint64_t off = VIRTIO_MMIO_QUEUE_DESC_LOW; off <= VIRTIO_MMIO_QUEUE_USED_HIGH;
	     off += 4)
		driver__write32(d, off, 0x41414140);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 2);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0xffffffff);
	if (!(status(d) & S_OK))
		driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	driver__ptr(d, DRIVER_DATA_GPA)[0] = 0x5a;
	driver__add1(d, 5, DRIVER_DATA_GPA, 1, false);
	driver__add1(d, 5, DRIVER_DATA_GPA, 1, false);
	driver__kick(d, 5);
	return virtio_console__read(d->vc, 1, &got, 1) == 1 && got == 0x5a;
}

TEST_F(mmio, queue_registers_freeze_at_ready_before_driver_ok)
{
	driver__negotiate(&self->d, DRIVER_FEATURES);
	ASSERT_EQ(1, driver__setup_queue(&self->d, 5, 16));
	EXPECT_TRUE(spoil_and_echo(&self->d));
}

TEST_F(mmio, queue_registers_freeze_at_ready_after_driver_ok)
{
	ASSERT_TRUE(driver__init(&self->d, DRIVER_FEATURES, 16));
	EXPECT_TRUE(spoil_and_echo(&self->d));
	EXPECT_TRUE(spoil_and_echo(&self->d));
}

TEST_F(mmio, queue_not_made_ready_in_time_stays_unready)
{
	driver__negotiate(&self->d, DRIVER_FEATURES);
	driver__write32(&self->d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	EXPECT_EQ(0, driver__setup_queue(&self->d, 5, 16));
}

TEST_F(mmio, queue_registers_wait_for_features_ok)
{
	driver__write32(&self->d, VIRTIO_MMIO_STATUS, S_ACK);
	driver__write32(&self->d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV);
	EXPECT_EQ(0, driver__setup_queue(&self->d, 5, 16));
}

TEST_F(mmio, unready_queue_thaws_before_driver_ok_only)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	ASSERT_EQ(1, driver__setup_queue(d, 5, 16));
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	ASSERT_EQ(1, driver__setup_queue(d, 5, 32));
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	EXPECT_EQ(0, driver__setup_queue(d, 5, 16));
	driver__add1(d, 5, DRIVER_DATA_GPA, 1, false);
	driver__kick(d, 5);
	EXPECT_EQ(-1, driver__used(d, 5, NULL));
}

TEST_F(mmio, notify_of_no_queue_is_ignored)
{
	struct driver *d = &self->d;
	static const uint32_t bad[] = { 8, 0xffff, 0x10000, 0x10005, 0x7fffffff, 0x80000000,
					0xffffffff };

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_NOTIFY, bad[i]);
		EXPECT_EQ(i + 1, errors(d));
	}
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		EXPECT_EQ(0, driver__stats(d).kicks[q]);
}

TEST_F(mmio, buffers_are_not_touched_before_driver_ok)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	ASSERT_EQ(1, driver__setup_queue(d, 5, 16));
	driver__add1(d, 5, DRIVER_DATA_GPA, 4, false);
	driver__kick(d, 5);
	virtio_console__service(d->vc);
	virtio_console__drain(d->vc);
	EXPECT_EQ(-1, driver__used(d, 5, NULL));
	EXPECT_EQ(0, d->q[5].used->flags);
	/* They are taken with DRIVER_OK, without another kick. */
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	EXPECT_EQ(0, driver__used(d, 5, NULL));
}

TEST_F(mmio, failed_stops_the_queues_until_a_reset)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	driver__write32(d, VIRTIO_MMIO_STATUS, status(d) | S_FAIL);
	driver__add1(d, 5, DRIVER_DATA_GPA, 4, false);
	driver__kick(d, 5);
	virtio_console__service(d->vc);
	EXPECT_EQ(-1, driver__used(d, 5, NULL));
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	EXPECT_TRUE(status(d) & S_FAIL);
	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
}

TEST_F(mmio, interrupt_status_and_acknowledge)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	for (int i = 0; i < 3; i++) {
		driver__add1(d, 5, DRIVER_DATA_GPA, 4, false);
		driver__kick(d, 5);
		/* Never acknowledged, still signalled. */
		EXPECT_EQ(1, driver__interrupts(d));
		EXPECT_EQ(VIRTIO_MMIO_INT_VRING, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	}
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 0);
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, ~VIRTIO_MMIO_INT_VRING);
	EXPECT_EQ(VIRTIO_MMIO_INT_VRING, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 0xffffffff);
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
}

TEST_F(mmio, reset_clears_everything)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	driver__add1(d, 5, DRIVER_DATA_GPA, 4, false);
	driver__kick(d, 5);
	driver__write32(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(0, status(d));
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	EXPECT_EQ(2, driver__read32(d, VIRTIO_MMIO_DEVICE_FEATURES));
	for (uint32_t q = 0; q < KTSTR_NR_QUEUES; q++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	}
}

/* Two devices share nothing. */
TEST_F(mmio, second_device_is_isolated)
{
	struct driver other;

	ASSERT_TRUE(driver__ready(&other, 16));
	EXPECT_EQ(0, status(&self->d));
	ASSERT_TRUE(driver__init(&self->d, DRIVER_FEATURES, 16));
	driver__write32(&self->d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(S_ACK | S_DRV | S_FEAT | S_OK, status(&other));
	EXPECT_TRUE(virtio_console__is_open(other.vc, 1));
	driver__destroy(&other);
}

TEST_HARNESS_MAIN
