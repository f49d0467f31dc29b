// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device status and feature negotiation (virtio v1.2, 2.1, 2.2, 3.1.1): every
 * step in and out of turn.
 */
#include "driver_alive.h"

#include "unit.h"

#define S_RESET		VIRTIO_CONFIG_S_NEEDS_RESET
#define S_FAIL		VIRTIO_CONFIG_S_FAILED
#define S_LIVE		(S_ACK | S_DRV | S_FEAT | S_OK)
#define BULK_TX		KTSTR_Q_BULK_TX

FIXTURE(status)
{
	struct driver d;
};

FIXTURE_SETUP(status)
{
	ASSERT_TRUE(driver__create(&self->d));
}

FIXTURE_TEARDOWN(status)
{
	driver__destroy(&self->d);
}

static uint32_t set_status(struct driver *d, uint32_t val)
{
	driver__write32(d, VIRTIO_MMIO_STATUS, val);
	return driver__status(d);
}

/* Would the device take a buffer now? It must not (2.1.2). */
static bool consumes(struct driver *d)
{
	uint64_t before = driver__stats(d).tx_bytes[1];

	driver__setup_queue(d, BULK_TX, 16);
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 4, false);
	driver__kick(d, BULK_TX);
	virtio_console__service(d->vc);
	virtio_console__drain(d->vc);
	return driver__used(d, BULK_TX, NULL) >= 0 || driver__stats(d).tx_bytes[1] != before ||
	       d->q[BULK_TX].used->flags;
}

TEST_F(status, B1_driver_ok_first_is_ignored)
{
	struct driver *d = &self->d;

	EXPECT_EQ(0, set_status(d, S_OK));
	EXPECT_EQ(1, driver__errors(d));
	EXPECT_EQ(0, set_status(d, S_LIVE));
	EXPECT_EQ(2, driver__errors(d));
	EXPECT_FALSE(consumes(d));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(status, B2_no_step_can_be_skipped)
{
	/*
	 * With one exception, our decision: ACKNOWLEDGE and DRIVER in one write. Nothing
	 * can go wrong between them, and SeaBIOS does that.
	 */
	static const struct { uint32_t from, to; } skip[] = {
		{ 0, S_DRV }, { 0, S_FEAT }, { 0, S_DRV | S_FEAT }, { 0, S_ACK | S_DRV | S_FEAT },
		{ S_ACK, S_ACK | S_FEAT }, { S_ACK, S_ACK | S_OK }, { S_ACK, S_DRV },
		{ S_ACK, S_ACK | S_DRV | S_FEAT }, { S_ACK | S_DRV, S_ACK | S_DRV | S_OK },
		{ S_ACK | S_DRV, S_LIVE },
	};
	struct driver *d = &self->d;

	for (unsigned int i = 0; i < sizeof(skip) / sizeof(skip[0]); i++) {
		uint64_t before;

		set_status(d, 0);
		if (skip[i].from)
			set_status(d, S_ACK);
		if (skip[i].from)
			set_status(d, skip[i].from);
		ASSERT_EQ(skip[i].from, driver__status(d));
		before = driver__errors(d);
		EXPECT_EQ(skip[i].from, set_status(d, skip[i].to)) TH_LOG("case %u", i);
		EXPECT_EQ(before + 1, driver__errors(d)) TH_LOG("case %u", i);
		EXPECT_FALSE(consumes(d));
	}
	set_status(d, 0);
	EXPECT_EQ(S_ACK | S_DRV, set_status(d, S_ACK | S_DRV));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* Every status byte from every legal state, against the rules of 2.1. */
TEST_F(status, B2_B4_every_byte_from_every_state)
{
	static const uint8_t path[] = { 0, S_ACK, S_ACK | S_DRV, S_ACK | S_DRV | S_FEAT, S_LIVE };
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
			ASSERT_EQ(path[state], driver__status(d));
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
			ASSERT_EQ(want, driver__status(d)) {
				TH_LOG("state %#x write %#x", path[state], val);
			}
		}
	}
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(status, B4_no_bit_can_be_cleared)
{
	struct driver *d = &self->d;
	uint64_t before;

	ASSERT_TRUE(driver__bring_up(d, 16));
	before = driver__errors(d);
	for (uint32_t bit = S_ACK; bit <= S_FEAT; bit <<= 1) {
		EXPECT_EQ(S_LIVE, set_status(d, S_LIVE & ~bit));
	}
	EXPECT_EQ(before + 4, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

TEST_F(status, B5_B6_features_not_offered_are_refused)
{
	struct driver *d = &self->d;

	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t f = DRIVER_FEATURES | 1ull << bit;
		bool offered = f == DRIVER_FEATURES;

		EXPECT_EQ(offered, !!(driver__negotiate(d, f) & S_FEAT)) {
			TH_LOG("bit %u", bit);
		}
		/* And DRIVER_OK does not follow. */
		EXPECT_EQ(offered ? S_LIVE : S_ACK | S_DRV, set_status(d, S_LIVE)) {
			TH_LOG("bit %u", bit);
		}
	}
	EXPECT_FALSE(driver__negotiate(d, 1ull << VIRTIO_CONSOLE_F_MULTIPORT) & S_FEAT);
	EXPECT_FALSE(driver__negotiate(d, 0) & S_FEAT);
	EXPECT_FALSE(consumes(d));
	EXPECT_TRUE(driver__negotiate(d, 1ull << VIRTIO_F_VERSION_1) & S_FEAT);
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* A driver that was refused may try again with less: nothing is settled before FEATURES_OK. */
TEST_F(status, B5_refused_features_can_be_mended_without_a_reset)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES | 1u << 28);
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)DRIVER_FEATURES);
	EXPECT_EQ(S_ACK | S_DRV | S_FEAT, set_status(d, S_ACK | S_DRV | S_FEAT));
	/* Bits that no register holds are no excuse either. */
	set_status(d, 0);
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	EXPECT_EQ(1, driver__errors(d));
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 1);
	EXPECT_EQ(2, driver__errors(d));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(status, B8_features_are_fixed_by_features_ok)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	for (uint32_t sel = 0; sel < 2; sel++) {
		driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, sel);
		driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 0);
		driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
	}
	EXPECT_EQ(4, driver__errors(d));
	/* Still multiport: queue 7 exists. */
	EXPECT_EQ(1, driver__setup_queue(d, 7, 16));
	EXPECT_EQ(S_LIVE, set_status(d, S_LIVE));
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	driver__kick(d, 7);
	EXPECT_EQ(5, driver__errors(d));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(status, buffers_are_not_touched_before_driver_ok)
{
	struct driver *d = &self->d;

	driver__negotiate(d, DRIVER_FEATURES);
	EXPECT_FALSE(consumes(d));
	EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	/* They are taken with DRIVER_OK, without another kick. */
	driver__write32(d, VIRTIO_MMIO_STATUS, S_LIVE);
	EXPECT_EQ(0, driver__used(d, BULK_TX, NULL));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* All states before DRIVER_OK, and DRIVER_OK itself. */
TEST_F(status, B11_failed_stops_the_queues_until_a_reset)
{
	static const uint32_t path[] = { S_ACK, S_ACK | S_DRV, S_ACK | S_DRV | S_FEAT, S_LIVE };
	struct driver *d = &self->d;

	for (unsigned int n = 0; n <= 4; n++) {
		uint32_t at = n ? path[n - 1] : 0;
		uint16_t used;

		if (n >= 3)
			driver__negotiate(d, DRIVER_FEATURES);
		if (n == 4) {
			ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
			ASSERT_TRUE(driver__handshake(d));
		}
		for (unsigned int i = 0; n < 3 && i < n; i++)
			set_status(d, path[i]);
		ASSERT_EQ(at, driver__status(d));
		EXPECT_EQ(at | S_FAIL, set_status(d, at | S_FAIL));
		for (unsigned int i = 0; i < 4; i++) {
			EXPECT_EQ(at | S_FAIL, set_status(d, path[i]));
			EXPECT_EQ(at | S_FAIL, set_status(d, path[i] | S_FAIL));
		}
		if (n < 4) {
			EXPECT_FALSE(consumes(d)) TH_LOG("at %#x", at);
			EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
			set_status(d, 0);
			continue;
		}
		/* The host's side goes on: it is not told, and it is held back by its bound. */
		used = d->q[BULK_TX].used->idx;
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 4, false);
		driver__kick(d, BULK_TX);
		virtio_console__service(d->vc);
		EXPECT_EQ(0, virtio_console__write(d->vc, 0, "x", 1));
		EXPECT_EQ(1, virtio_console__pending(d->vc, 0));
		EXPECT_EQ(used, d->q[BULK_TX].used->idx);
		driver__event(d->irq);
		driver__kick(d, KTSTR_Q_CTRL_TX);
		EXPECT_EQ(0, driver__event(d->irq));
		EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
	}
}

TEST_F(status, B12_driver_cannot_touch_needs_reset)
{
	struct driver *d = &self->d;

	EXPECT_EQ(0, set_status(d, S_RESET));
	EXPECT_EQ(S_ACK, set_status(d, S_ACK));
	EXPECT_EQ(S_ACK, set_status(d, S_ACK | S_RESET));
	EXPECT_EQ(2, driver__errors(d));
	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	driver__publish(d, BULK_TX, 16);
	driver__kick(d, BULK_TX);
	EXPECT_EQ(S_LIVE | S_RESET, driver__status(d));
	EXPECT_EQ(S_LIVE | S_RESET, set_status(d, S_LIVE));
	/* A driver that writes back what it read makes no mistake. */
	EXPECT_EQ(3, driver__errors(d));
	EXPECT_EQ(S_LIVE | S_RESET, set_status(d, S_LIVE | S_RESET));
	EXPECT_EQ(3, driver__errors(d));
	EXPECT_EQ(0, set_status(d, 0));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* A write whose low byte is 0 is no reset. */
TEST_F(status, B13_upper_status_bits_are_ignored)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__bring_up(d, 16));
	for (unsigned int bit = 8; bit < 32; bit++) {
		EXPECT_EQ(S_LIVE, set_status(d, 1u << bit));
		EXPECT_EQ(S_LIVE, set_status(d, 1u << bit | S_LIVE | S_FAIL));
	}
	EXPECT_EQ(48, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

TEST_F(status, B15_the_same_features_are_accepted_a_thousand_times)
{
	struct driver *d = &self->d;

	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(S_ACK | S_DRV | S_FEAT, driver__negotiate(d, DRIVER_FEATURES)) {
			TH_LOG("round %d", i);
		}
	}
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_F(status, reset_clears_everything)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 16));
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 4, false);
	driver__kick(d, BULK_TX);
	driver__write32(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	EXPECT_EQ(0, set_status(d, 0));
	EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
	EXPECT_EQ(2, driver__read32(d, VIRTIO_MMIO_DEVICE_FEATURES));
	for (uint32_t q = 0; q < KTSTR_NR_QUEUES; q++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_QUEUE_READY));
	}
	/* What was accepted is forgotten too: FEATURES_OK alone is not enough. */
	set_status(d, S_ACK);
	set_status(d, S_ACK | S_DRV);
	EXPECT_EQ(S_ACK | S_DRV, set_status(d, S_ACK | S_DRV | S_FEAT));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

TEST_HARNESS_MAIN
