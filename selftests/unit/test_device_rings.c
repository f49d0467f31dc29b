// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings that go wrong under the whole device (virtio v1.2, 2.7.6, 2.7.8, 2.7.13):
 * one queue stops, the others do not notice. The walker alone, over every index
 * and size, is in test_virtqueue.c.
 */
#include <stdlib.h>

#include "driver_alive.h"

#include "unit.h"

#define KIB		1024u
#define S_RESET		VIRTIO_CONFIG_S_NEEDS_RESET
#define BULK_TX		KTSTR_Q_BULK_TX
#define NUM		16u

FIXTURE(rings)
{
	struct driver d;
};

FIXTURE_SETUP(rings)
{
	ASSERT_TRUE(driver__ready(&self->d, NUM));
}

FIXTURE_TEARDOWN(rings)
{
	driver__destroy(&self->d);
}

/* The device looks into a receive queue only when it has something for it. */
static void give_work(struct driver *d, unsigned int q)
{
	if (q == KTSTR_Q_CTRL_RX) {
		/* Use up what is on offer, then owe one more. */
		for (int i = 0; i < 20; i++)
			virtio_console__connect(d->vc, KTSTR_PORT_STATS, i & 1);
		virtio_console__connect(d->vc, KTSTR_PORT_STATS, false);
	} else if (!(q & 1)) {
		virtio_console__write(d->vc, q ? q / 2 - 1 : 0, "x", 1);
	}
	driver__settle(d);
	driver__interrupts(d);
}

static void expect_broken(struct __test_metadata *_metadata, struct driver *d, unsigned int q)
{
	uint16_t used;

	driver__kick(d, q);
	EXPECT_EQ(0x4f, driver__status(d)) TH_LOG("queue %u", q);
	EXPECT_EQ(1, driver__event(d->irq)) TH_LOG("queue %u", q);
	EXPECT_EQ(VIRTIO_MMIO_INT_CONFIG,
		  driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG);
	EXPECT_EQ(1u << q, driver__stats(d).broken);
	EXPECT_STREQ("broken ring", driver__stats(d).last_error);
	/* Nothing more on that queue, and the interrupt came once. */
	used = d->q[q].used->idx;
	for (int i = 0; i < 3; i++) {
		driver__publish(d, q, 0);
		driver__kick(d, q);
		virtio_console__service(d->vc);
		virtio_console__drain(d->vc);
	}
	EXPECT_EQ(used, d->q[q].used->idx);
	EXPECT_EQ(0, driver__interrupts(d));
	virtio_console__connect(d->vc, KTSTR_PORT_STATS, true);
	/* The echo of the control receive queue needs port 2 readied, and that it is. */
	EXPECT_ALIVE(d, 1u << q);
	EXPECT_EQ(1u << q, driver__stats(d).broken);
}

#define each_queue(self, q, spoil) do {						\
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {			\
		driver__destroy(&self->d);					\
		ASSERT_TRUE(driver__ready(&self->d, NUM));			\
		give_work(&self->d, q);						\
		spoil;								\
		expect_broken(_metadata, &self->d, q);				\
	}									\
} while (0)

TEST_F(rings, D1_D2_index_jump_breaks_its_queue_only)
{
	static const uint16_t jump[] = { NUM + 1, 0x8000, 0xffff };

	for (unsigned int i = 0; i < 3; i++)
		each_queue(self, q, self->d.q[q].avail->idx += jump[i]);
}

TEST_F(rings, D4_bad_head_breaks_its_queue_only)
{
	static const uint16_t head[] = { NUM, 0xffff };

	for (unsigned int i = 0; i < 2; i++)
		each_queue(self, q, driver__publish(&self->d, q, head[i]));
}

/* NEEDS_RESET is said once: a driver that knows need not be told for each ring (2.1.2). */
TEST_F(rings, second_broken_ring_is_not_announced_again)
{
	struct driver *d = &self->d;

	driver__event(d->irq);
	for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2) {
		driver__publish(d, q, NUM);
		driver__kick(d, q);
		EXPECT_EQ(q == 1, driver__event(d->irq)) TH_LOG("queue %u", q);
	}
	EXPECT_EQ(0xaa, driver__stats(d).broken);
	/* After a reset the next one is news again. */
	ASSERT_TRUE(driver__bring_up(d, NUM));
	driver__publish(d, BULK_TX, NUM);
	driver__kick(d, BULK_TX);
	EXPECT_EQ(1, driver__event(d->irq));
	EXPECT_ALIVE(d, 1u << BULK_TX);
}

TEST_F(rings, E1_E4_bad_chain_breaks_its_queue_only)
{
	static const uint16_t next[] = { 3, NUM, 0xffff };

	for (unsigned int i = 0; i < 3; i++) {
		each_queue(self, q, ({
			driver__put_desc(&self->d.q[q].desc[3], DRIVER_DATA_GPA, 1,
					 VRING_DESC_F_NEXT | (q & 1 ? 0 : VRING_DESC_F_WRITE),
					 next[i]);
			driver__publish(&self->d, q, 3);
		}));
	}
}

/*
 * INDIRECT_DESC is not offered, so none of its rules applies and every descriptor
 * with that flag breaks the queue: whatever its length, nested, with NEXT or WRITE.
 * The table that it points to is neither followed nor taken for data.
 */
TEST_F(rings, E7_E8_E9_E11_indirect_always_breaks)
{
	static const uint32_t len[] = { 0, 15, 16, 17, 32, 0xfffffff0 };
	static const uint16_t also[] = { 0, VRING_DESC_F_NEXT, VRING_DESC_F_WRITE };

	driver__write32(&self->d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	ASSERT_FALSE(driver__read32(&self->d, VIRTIO_MMIO_DEVICE_FEATURES) &
		     1u << VIRTIO_RING_F_INDIRECT_DESC);
	for (unsigned int i = 0; i < 18; i++) {
		each_queue(self, q, ({
			struct driver *d = &self->d;
			struct vring_desc *table = (void *)driver__ptr(d, DRIVER_DATA_GPA);

			table[0] = (struct vring_desc) {
				DRIVER_DATA_GPA + 0x1000, 8, q & 1 ? 0 : VRING_DESC_F_WRITE, 0
			};
			table[1] = (struct vring_desc) {
				DRIVER_DATA_GPA, 32, VRING_DESC_F_INDIRECT, 0
			};
			driver__put_desc(&d->q[q].desc[0], DRIVER_DATA_GPA, len[i % 6],
					 VRING_DESC_F_INDIRECT | also[i / 6], 1);
			driver__put_desc(&d->q[q].desc[1], DRIVER_DATA_GPA + 0x1000, 8,
					 q & 1 ? 0 : VRING_DESC_F_WRITE, 0);
			memset(driver__ptr(d, DRIVER_DATA_GPA + 0x1000), '.', 8);
			driver__publish(d, q, 0);
		}));
		for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
			EXPECT_EQ(0, virtio_console__read(self->d.vc, p, &(uint8_t){ 0 }, 1));
		}
		EXPECT_EQ(0, memcmp(driver__ptr(&self->d, DRIVER_DATA_GPA + 0x1000), "........",
				    8));
	}
}

TEST_F(rings, D6_head_offered_again_is_counted_and_taken)
{
	struct driver *d = &self->d;
	uint64_t before = driver__errors(d);
	uint8_t got[8];
	uint16_t head;

	memcpy(driver__ptr(d, DRIVER_DATA_GPA), "abc", 3);
	head = driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 3, false);
	driver__publish(d, BULK_TX, head);
	driver__kick(d, BULK_TX);
	EXPECT_EQ(6, virtio_console__read(d->vc, 1, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(got, "abcabc", 6));
	EXPECT_EQ(head, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(head, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(-1, driver__used(d, BULK_TX, NULL));
	EXPECT_EQ(before + 1, driver__errors(d));
	EXPECT_STREQ("chain offered again before it came back", driver__stats(d).last_error);
	/* The twin: one after the other. */
	for (int i = 0; i < 20; i++) {
		driver__publish(d, BULK_TX, head);
		driver__kick(d, BULK_TX);
	}
	EXPECT_EQ(before + 1, driver__errors(d));
	EXPECT_EQ(0, driver__stats(d).broken);
	EXPECT_ALIVE(d, 0);
}

/* The device neither looks at the used ring nor at flags that it does not know. */
TEST_F(rings, D7_D8_scribbled_used_ring_and_flags)
{
	struct driver *d = &self->d;
	uint8_t got[4];

	for (unsigned int i = 0; i < 100; i++) {
		struct vring_used *used = d->q[BULK_TX].used;

		memset(used, 0xff * (i & 1), sizeof(*used) + NUM * sizeof(used->ring[0]));
		used->idx = i * 0x1111;
		d->q[BULK_TX].avail->flags = 0xfffe;
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 4, false);
		driver__kick(d, BULK_TX);
		ASSERT_EQ(1, driver__interrupts(d));
		ASSERT_EQ(4, virtio_console__read(d->vc, 1, got, sizeof(got)));
		ASSERT_EQ((uint16_t)(i + 1), used->idx);
		ASSERT_EQ(i % NUM, used->ring[i % NUM].id);
		ASSERT_EQ(0, used->ring[i % NUM].len);
	}
	d->q[BULK_TX].used_idx = 100;
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/* A reset takes what is on offer above the bound, by a ring of Linux's largest writes. */
#define MOST_KEPT	(2ull * KTSTR_TX_BUF_MAX)

/*
 * A million chains that the host has no room for. In flight are never more than
 * the ring holds, for they wait in the ring and not in the device; what a reset
 * takes over is bounded too, however many resets there are.
 */
TEST_F(rings, D11_chains_in_flight_are_bounded_by_the_ring)
{
	struct driver *d = &self->d;
	unsigned int back = 128;	/* of the first round: 128 chains have room */
	long before = 0;

	for (unsigned int sent = 0; sent < 1000000; sent += 257, back = 0) {
		ASSERT_TRUE(driver__live(d, BULK_TX, 256));
		for (unsigned int i = 0; i < 256; i++)
			driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 64 * KIB, false);
		driver__kick(d, BULK_TX);
		ASSERT_LE(0, driver__settle(d));
		ASSERT_EQ(back, d->q[BULK_TX].used->idx);
		/* What came back may be offered anew, and one more is one too many. */
		for (unsigned int i = 0; i <= back; i++)
			driver__publish(d, BULK_TX, 0);
		driver__kick(d, BULK_TX);
		virtio_console__drain(d->vc);
		ASSERT_EQ(back, d->q[BULK_TX].used->idx);
		driver__write32(d, VIRTIO_MMIO_STATUS, 0);
		ASSERT_GE(MOST_KEPT, driver__stats(d).tx_bytes[1]);
		if (!sent)
			before = driver__resident_kib();
	}
	EXPECT_GT(before + 1024, driver__resident_kib());
	EXPECT_EQ(driver__stats(d).tx_bytes[1], driver__discard(d, 1));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/* 2.7.8: bytes written by the device, of which there are none. */
TEST_F(rings, D12_used_len_is_0_on_transmit_and_control_transmit)
{
	static const unsigned int q[] = { 1, 3, 5, 7 };
	struct driver *d = &self->d;
	uint32_t len;

	for (unsigned int i = 0; i < 4; i++) {
		for (uint32_t n = 0; n < 300; n++) {
			const struct driver_seg seg[] = {
				{ DRIVER_DATA_GPA, n, false }, { DRIVER_DATA_GPA, n, true },
			};
			int head = driver__add(d, q[i], seg, 1 + n % 2);

			driver__kick(d, q[i]);
			ASSERT_EQ(head, driver__used(d, q[i], &len)) TH_LOG("q%u n %u", q[i], n);
			ASSERT_EQ(0, len);
		}
	}
	EXPECT_ALIVE(d, 0);
}

/* Exactly what was written: not what there was room for, and not what was pending. */
TEST_F(rings, D13_used_len_is_exact_on_receive)
{
	struct driver *d = &self->d;
	uint8_t bytes[64];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = 'A' + i % 50;
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		for (uint32_t pending = 1; pending <= 40; pending++) {
			for (uint32_t room = 1; room <= 40; room++) {
				const struct driver_seg seg[] = {
					{ DRIVER_DATA_GPA, room / 2, true },
					{ DRIVER_DATA_GPA + 64, 5, false },
					{ DRIVER_DATA_GPA + room / 2, room - room / 2, true },
				};
				uint32_t want = pending < room ? pending : room, len;
				uint8_t *mem = driver__ptr(d, DRIVER_DATA_GPA);
				int head;

				memset(mem, 0, 128);
				ASSERT_EQ(0, virtio_console__write(d->vc, p, bytes, pending));
				head = driver__add(d, driver__rxq(p), seg, 3);
				driver__kick(d, driver__rxq(p));
				ASSERT_EQ(head, driver__used(d, driver__rxq(p), &len));
				ASSERT_EQ(want, len) TH_LOG("%u of %u", pending, room);
				ASSERT_EQ(0, memcmp(mem, bytes, want));
				for (uint32_t i = want; i < 128; i++) {
					ASSERT_EQ(0, mem[i]) TH_LOG("%u of %u", pending, room);
				}
				ASSERT_EQ(pending - want, virtio_console__pending(d->vc, p));
				if (pending == want)
					continue;
				driver__add1(d, driver__rxq(p), DRIVER_DATA_GPA, 64, true);
				driver__kick(d, driver__rxq(p));
				ASSERT_LE(0, driver__used(d, driver__rxq(p), &len));
				ASSERT_EQ(pending - want, len);
			}
		}
	}
	EXPECT_EQ(0, driver__errors(d));
	EXPECT_ALIVE(d, 0);
}

/* Rings of every size under the whole device, from every index to beyond the 16-bit wrap. */
TEST_F(rings, every_port_echoes_at_every_index)
{
	struct driver *d = &self->d;

	for (uint32_t num = 1; num <= 256; num *= 2) {
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, num));
		for (uint32_t i = 0; i < (num == 16 ? 65536 + 2 * num : 2 * num + 2); i++) {
			ASSERT_TRUE(driver__echo_tx(d, 0)) TH_LOG("size %u at %u", num, i);
			ASSERT_TRUE(driver__echo_rx(d, 0)) TH_LOG("size %u at %u", num, i);
			ASSERT_TRUE(driver__echo_tx(d, 1)) TH_LOG("size %u at %u", num, i);
		}
	}
	EXPECT_EQ(0, driver__errors(d));
}

TEST_HARNESS_MAIN
