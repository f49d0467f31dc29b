// SPDX-License-Identifier: GPL-2.0-only
/*
 * The split ring walker, alone: good chains from every start index, and rings
 * that no driver should write.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_ring.h>

#include "vmm/virtqueue.h"

#include "unit.h"

#define GPA	0x10000ull
#define SIZE	0x40000ull
#define DESC	GPA
#define AVAIL	(GPA + 0x2000)
#define USED	(GPA + 0x4000)
#define DATA	(GPA + 0x10000)

FIXTURE(ring)
{
	struct guest_memory gm;
	uint8_t *ram;
	struct virtqueue vq;
	struct virtq_chain chain;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
};

FIXTURE_SETUP(ring)
{
	self->gm = (struct guest_memory) { 0 };
	self->ram = aligned_alloc(4096, SIZE);
	memset(self->ram, 0, SIZE);
	ASSERT_EQ(0, guest_memory__add(&self->gm, GPA, SIZE, self->ram, false));
	self->desc = (void *)(self->ram + (DESC - GPA));
	self->avail = (void *)(self->ram + (AVAIL - GPA));
	self->used = (void *)(self->ram + (USED - GPA));
	virtqueue__reset(&self->vq);
}

FIXTURE_TEARDOWN(ring)
{
	free(self->ram);
}

static int start(FIXTURE_DATA(ring) *self, uint32_t num, uint16_t index)
{
	virtqueue__reset(&self->vq);
	memset(self->ram, 0, DATA - GPA);
	self->vq.desc_gpa = DESC;
	self->vq.avail_gpa = AVAIL;
	self->vq.used_gpa = USED;
	if (virtqueue__set_num(&self->vq, num) || virtqueue__start(&self->vq, &self->gm))
		return -1;
	/* A ring that has run for a while. */
	self->vq.last_avail = index;
	self->vq.seen_avail = index;
	self->vq.used_idx = index;
	self->avail->idx = index;
	self->used->idx = index;
	return 0;
}

static void put(FIXTURE_DATA(ring) *self, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags,
		uint16_t next)
{
	self->desc[i] = (struct vring_desc) { addr, len, flags, next };
}

static void offer(FIXTURE_DATA(ring) *self, uint16_t head)
{
	self->avail->ring[self->avail->idx & (self->vq.num - 1)] = head;
	self->avail->idx++;
}

static int pop(FIXTURE_DATA(ring) *self)
{
	return virtqueue__pop(&self->vq, &self->gm, &self->chain);
}

/* Every start index of every ring size, and across the wrap of the 16-bit index. */
TEST_F(ring, every_start_index)
{
	for (uint32_t num = 1; num <= 256; num *= 2) {
		for (uint32_t k = 0; k < 2 * num; k++) {
			uint16_t index = k < num ? k : 65536 - 2 * num + k;

			ASSERT_EQ(0, start(self, num, index));
			for (uint32_t i = 0; i < num; i++) {
				put(self, i, DATA + i, 1, 0, 0);
				offer(self, num - 1 - i);
			}
			for (uint32_t i = 0; i < num; i++) {
				ASSERT_EQ(1, pop(self));
				ASSERT_EQ(num - 1 - i, self->chain.head);
				virtqueue__push(&self->vq, self->chain.head, i);
			}
			ASSERT_EQ(0, pop(self));
			ASSERT_EQ((uint16_t)(index + num), self->used->idx);
			for (uint32_t i = 0; i < num; i++) {
				uint16_t slot = (index + i) & (num - 1);

				ASSERT_EQ(num - 1 - i, self->used->ring[slot].id);
				ASSERT_EQ(i, self->used->ring[slot].len);
			}
		}
	}
}

TEST_F(ring, chain_of_the_whole_ring)
{
	for (uint32_t num = 1; num <= 256; num *= 2) {
		ASSERT_EQ(0, start(self, num, 0));
		for (uint32_t i = 0; i < num; i++) {
			put(self, i, DATA + i * 3, 3,
			    (i + 1 < num ? VRING_DESC_F_NEXT : 0) |
			    (i & 1 ? VRING_DESC_F_WRITE : 0),
			    i + 1);
		}
		offer(self, 0);
		ASSERT_EQ(1, pop(self));
		EXPECT_EQ(num, self->chain.nr);
		EXPECT_EQ(3 * num, self->chain.readable + self->chain.writable);
		EXPECT_EQ(num / 2 * 3, self->chain.writable);
		EXPECT_FALSE(self->chain.bad);
	}
}

TEST_F(ring, loops_of_every_length)
{
	for (uint32_t num = 1; num <= 64; num *= 2) {
		for (uint32_t back = 0; back < num; back++) {
			ASSERT_EQ(0, start(self, num, 0));
			for (uint32_t i = 0; i < num; i++) {
				put(self, i, DATA, 1, VRING_DESC_F_NEXT,
				    i + 1 < num ? i + 1 : back);
			}
			offer(self, 0);
			ASSERT_EQ(-ELOOP, pop(self));
			ASSERT_TRUE(self->vq.broken);
			ASSERT_FALSE(virtqueue__usable(&self->vq));
		}
	}
}

TEST_F(ring, index_jumps)
{
	static const uint16_t jump[] = { 17, 18, 0x8000, 0xfff0, 0xffff };

	for (unsigned int i = 0; i < sizeof(jump) / sizeof(jump[0]); i++) {
		ASSERT_EQ(0, start(self, 16, 7));
		self->avail->idx += jump[i];
		EXPECT_EQ(-EPROTO, pop(self)) TH_LOG("jump %u", jump[i]);
		EXPECT_TRUE(self->vq.broken);
	}
	/* The twin: exactly a ring full. */
	ASSERT_EQ(0, start(self, 16, 7));
	self->avail->idx += 16;
	put(self, 0, DATA, 1, 0, 0);
	for (int i = 0; i < 16; i++)
		EXPECT_EQ(1, pop(self));
	EXPECT_EQ(0, pop(self));
}

TEST_F(ring, heads_outside_the_table)
{
	static const uint16_t head[] = { 16, 17, 0x8000, 0xffff };

	for (unsigned int i = 0; i < sizeof(head) / sizeof(head[0]); i++) {
		ASSERT_EQ(0, start(self, 16, 0));
		offer(self, head[i]);
		EXPECT_EQ(-EPROTO, pop(self));
		EXPECT_TRUE(self->vq.broken);
	}
	ASSERT_EQ(0, start(self, 16, 0));
	offer(self, 15);
	EXPECT_EQ(1, pop(self));
}

TEST_F(ring, next_outside_the_table)
{
	static const uint16_t next[] = { 16, 0xffff };

	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_EQ(0, start(self, 16, 0));
		put(self, 3, DATA, 1, VRING_DESC_F_NEXT, next[i]);
		offer(self, 3);
		EXPECT_EQ(-EPROTO, pop(self));
		/* Without the flag the field means nothing, and so do unknown flags. */
		ASSERT_EQ(0, start(self, 16, 0));
		put(self, 3, DATA, 1, 0xfff8, next[i]);
		offer(self, 3);
		EXPECT_EQ(1, pop(self));
		EXPECT_EQ(1, self->chain.readable);
	}
}

TEST_F(ring, indirect_descriptor_breaks_wherever_it_stands)
{
	static const uint16_t flags[] = { 0, VRING_DESC_F_WRITE, VRING_DESC_F_NEXT };

	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_EQ(0, start(self, 16, 0));
		put(self, 0, DATA, 16, VRING_DESC_F_NEXT, 1);
		put(self, 1, DATA, 16, VRING_DESC_F_INDIRECT | flags[i], 2);
		offer(self, 0);
		EXPECT_EQ(-EPROTO, pop(self));
	}
}

TEST_F(ring, buffers_outside_memory_are_bad_not_broken)
{
	static const struct { uint64_t addr; uint32_t len; bool bad; } c[] = {
		{ GPA + SIZE - 1, 1, false }, { GPA + SIZE - 1, 2, true }, { GPA - 1, 1, true },
		{ GPA, SIZE, false }, { GPA, SIZE + 1, true }, { GPA, 0xffffffff, true },
		{ UINT64_MAX, 1, true }, { UINT64_MAX, 0xffffffff, true },
		{ 0xffffffffffff0000, 0x20000, true }, { 0xd0000000, 4, true },
		{ 0xd0000000, 0, false },	/* nothing is not outside */
	};

	for (unsigned int i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		for (uint16_t w = 0; w <= VRING_DESC_F_WRITE; w += VRING_DESC_F_WRITE) {
			ASSERT_EQ(0, start(self, 16, 0));
			put(self, 0, c[i].addr, c[i].len, w, 0);
			offer(self, 0);
			EXPECT_EQ(1, pop(self));
			EXPECT_EQ(c[i].bad, self->chain.bad) TH_LOG("case %u", i);
			EXPECT_FALSE(self->vq.broken);
		}
	}
}

TEST_F(ring, descriptor_changed_after_the_walk_changes_nothing)
{
	uint8_t out[8] = { 0 };

	ASSERT_EQ(0, start(self, 16, 0));
	memcpy(self->ram + (DATA - GPA), "abcdefgh", 8);
	put(self, 0, DATA, 4, VRING_DESC_F_NEXT, 1);
	put(self, 1, DATA + 4, 4, 0, 0);
	offer(self, 0);
	ASSERT_EQ(1, pop(self));
	memset(self->desc, 0xff, 64);
	EXPECT_EQ(8, virtq_chain__gather(&self->chain, out, sizeof(out)));
	EXPECT_EQ(0, memcmp(out, "abcdefgh", 8));
}

TEST_F(ring, used_ring_is_never_read_back)
{
	ASSERT_EQ(0, start(self, 16, 0));
	put(self, 0, DATA, 1, 0, 0);
	for (uint16_t i = 0; i < 100; i++) {
		offer(self, 0);
		self->used->idx = 0xdead;
		ASSERT_EQ(1, pop(self));
		virtqueue__push(&self->vq, 0, 0);
		ASSERT_EQ(i + 1, self->used->idx);
	}
}

TEST_F(ring, only_bit_0_of_avail_flags_counts)
{
	ASSERT_EQ(0, start(self, 16, 0));
	for (uint32_t flags = 0; flags < 65536; flags++) {
		self->avail->flags = flags;
		ASSERT_EQ(!(flags & 1), virtqueue__wants_interrupt(&self->vq));
	}
}

TEST_F(ring, enabling_notifications_finds_what_came_meanwhile)
{
	ASSERT_EQ(0, start(self, 16, 0));
	EXPECT_FALSE(virtqueue__enable_notify(&self->vq));
	virtqueue__disable_notify(&self->vq);
	EXPECT_EQ(VRING_USED_F_NO_NOTIFY, self->used->flags);
	EXPECT_FALSE(virtqueue__enable_notify(&self->vq));
	EXPECT_EQ(0, self->used->flags);
	virtqueue__disable_notify(&self->vq);
	offer(self, 0);
	EXPECT_TRUE(virtqueue__enable_notify(&self->vq));
}

/* Scatter and gather across every cut of a message into three pieces. */
TEST_F(ring, every_cut_of_a_chain)
{
	for (uint32_t a = 0; a <= 8; a++) {
		for (uint32_t b = a; b <= 8; b++) {
			const uint32_t cut[4] = { 0, a, b, 8 };
			uint8_t out[10] = { 0 };

			ASSERT_EQ(0, start(self, 16, 0));
			memset(self->ram + (DATA - GPA), 0, 64);
			for (int i = 0; i < 6; i++) {
				put(self, i, DATA + 16 * (i / 3) + cut[i % 3],
				    cut[i % 3 + 1] - cut[i % 3],
				    (i < 5 ? VRING_DESC_F_NEXT : 0) |
				    (i >= 3 ? VRING_DESC_F_WRITE : 0), i + 1);
			}
			offer(self, 0);
			ASSERT_EQ(1, pop(self));
			memcpy(self->ram + (DATA - GPA), "01234567", 8);
			ASSERT_EQ(8, virtq_chain__gather(&self->chain, out, sizeof(out)));
			ASSERT_EQ(0, memcmp(out, "01234567", 9));
			ASSERT_EQ(8, virtq_chain__scatter(&self->chain, "abcdefghij", 10));
			ASSERT_EQ(0, memcmp(self->ram + (DATA - GPA) + 16, "abcdefgh", 9));
		}
	}
}

/* Any bytes at all as table, ring and index: an answer, in bounds, every time. */
TEST_F(ring, random_rings)
{
	unsigned int broken = 0, good = 0;

	srandom(1);
	for (int round = 0; round < 20000; round++) {
		ASSERT_EQ(0, start(self, 16, random()));
		for (unsigned int i = 0; i < 16; i++) {
			uint64_t addr = DATA + random() % 0x40000;

			if (random() & 1)
				addr = (uint64_t)random() << 33;
			put(self, i, addr, random() & 1 ? random() % 256 : random() * 3, random() & 3,
			    random() % 17);
			self->avail->ring[i] = random() % 17;
		}
		self->avail->idx += random() % 17;
		for (;;) {
			int ret = pop(self);

			if (ret < 0)
				broken++;
			if (ret <= 0)
				break;
			good++;
			ASSERT_LE(self->chain.nr, 16);
			virtqueue__push(&self->vq, self->chain.head, 0);
		}
	}
	EXPECT_GT(broken, 1000);
	EXPECT_GT(good, 1000);
}

TEST_HARNESS_MAIN
