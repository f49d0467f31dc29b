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
	memset(self->desc, 0, num * sizeof(*self->desc));
	memset(self->avail, 0, sizeof(*self->avail) + num * sizeof(self->avail->ring[0]));
	memset(self->used, 0, sizeof(*self->used) + num * sizeof(self->used->ring[0]));
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

/* @n chains of one descriptor each through a ring of @num; return: they came back in order. */
static bool burst(FIXTURE_DATA(ring) *self, uint32_t num, uint32_t n)
{
	uint16_t index = self->avail->idx;

	for (uint32_t i = 0; i < n; i++)
		offer(self, num - 1 - i);
	for (uint32_t i = 0; i < n; i++) {
		if (pop(self) != 1 || self->chain.head != num - 1 - i || self->chain.readable != 1)
			return false;
		virtqueue__push(&self->vq, self->chain.head, i);
	}
	if (pop(self) || self->used->idx != (uint16_t)(index + n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct vring_used_elem *e = &self->used->ring[(index + i) & (num - 1)];

		if (e->id != num - 1 - i || e->len != i)
			return false;
	}
	return true;
}

static void fill_table(FIXTURE_DATA(ring) *self, uint32_t num)
{
	for (uint32_t i = 0; i < num; i++)
		put(self, i, DATA + i, 1, 0, 0);
}

/*
 * A ring that is full, from every start index of every size, before and across
 * 0x7fff and the wrap of the 16-bit index.
 */
TEST_F(ring, full_ring_from_every_start_index)
{
	static const uint16_t around[] = { 0, 0x8000 };

	for (uint32_t num = 1; num <= 256; num *= 2) {
		for (unsigned int a = 0; a < 2; a++) {
			for (uint32_t k = 0; k <= 4 * num; k++) {
				uint16_t index = around[a] - 2 * num + k;

				ASSERT_EQ(0, start(self, num, index));
				fill_table(self, num);
				ASSERT_TRUE(burst(self, num, num)) {
					TH_LOG("size %u start %#x", num, index);
				}
			}
		}
	}
}

/* All 65536 indices of every size in a row, with one chain and with a few. */
TEST_F(ring, every_index_of_every_size)
{
	for (uint32_t num = 1; num <= 256; num *= 2) {
		uint32_t done = 0;

		ASSERT_EQ(0, start(self, num, 0));
		fill_table(self, num);
		for (uint32_t n = 1; done < 65536 + 2 * num; n = n % 5 % num + 1) {
			ASSERT_TRUE(burst(self, num, n)) {
				TH_LOG("size %u at %#x, %u chains", num, done, n);
			}
			done += n;
		}
	}
}

TEST_F(ring, E3_chain_of_the_whole_ring)
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

TEST_F(ring, E1_loops_of_every_length)
{
	for (uint32_t num = 1; num <= 256; num *= 2) {
		for (uint32_t back = 0; back < num; back++) {
			ASSERT_EQ(0, start(self, num, 0));
			for (uint32_t i = 0; i < num; i++) {
				put(self, i, DATA, 1, VRING_DESC_F_NEXT,
				    i + 1 < num ? i + 1 : back);
			}
			/* The last one is a descriptor whose next is itself. */
			offer(self, back);
			ASSERT_EQ(-ELOOP, pop(self));
			ASSERT_TRUE(self->vq.broken);
			ASSERT_EQ(num, self->chain.walked);
			ASSERT_FALSE(virtqueue__usable(&self->vq));
		}
	}
}

/* 0xffff is the index that went back by one. */
TEST_F(ring, D1_D2_index_jumps)
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
	for (int i = 0; i < 16; i++) {
		EXPECT_EQ(1, pop(self));
	}
	EXPECT_EQ(0, pop(self));
}

/*
 * Back to an index that is still ahead of what was taken: no jump by the distance,
 * but a decrement all the same (2.7.6.1), and heads that were counted already.
 */
TEST_F(ring, D2_index_that_goes_back_among_chains_not_taken)
{
	for (uint32_t back = 1; back < 10; back++) {
		ASSERT_EQ(0, start(self, 16, 0xfffc));
		fill_table(self, 16);
		for (uint16_t i = 0; i < 10; i++)
			offer(self, i);
		ASSERT_EQ(1, pop(self));
		self->avail->idx -= back;
		ASSERT_EQ(-EPROTO, pop(self)) TH_LOG("back by %u", back);
		ASSERT_TRUE(self->vq.broken);
	}
}

TEST_F(ring, D1_index_jumps_at_every_size)
{
	for (uint32_t num = 1; num <= 256; num *= 2) {
		for (uint32_t delta = 0; delta < 65536; delta += delta < 2 * num ? 1 : 251) {
			ASSERT_EQ(0, start(self, num, 0xfff0));
			fill_table(self, num);
			self->avail->idx += delta;
			ASSERT_EQ(delta > num ? -EPROTO : !!delta, pop(self)) {
				TH_LOG("size %u delta %u", num, delta);
			}
			ASSERT_EQ(delta > num, self->vq.broken);
		}
	}
}

TEST_F(ring, D4_heads_outside_the_table)
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

TEST_F(ring, E4_E5_E6_next_outside_the_table_and_unknown_flags)
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

TEST_F(ring, E7_indirect_descriptor_breaks_wherever_it_stands)
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

TEST_F(ring, E16_E17_E18_buffers_outside_memory_are_bad_not_broken)
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

/*
 * A head offered again before it came back is not worth breaking a queue for: no
 * state hangs on a head. It is counted, and taken as often as it is offered.
 */
TEST_F(ring, D6_head_offered_again_is_counted)
{
	ASSERT_EQ(0, start(self, 16, 0xfffe));
	fill_table(self, 16);
	for (int i = 0; i < 3; i++)
		offer(self, 5);
	offer(self, 6);
	ASSERT_EQ(1, pop(self));
	EXPECT_EQ(2, self->vq.repeats);
	/* Still with the device, and offered once more. */
	offer(self, 5);
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(1, pop(self));
		EXPECT_EQ(i == 2 ? 6 : 5, self->chain.head);
	}
	EXPECT_EQ(3, self->vq.repeats);
	ASSERT_EQ(0, pop(self));
	/* The twin: a head that came back may be offered again. */
	for (int i = 0; i < 100; i++) {
		virtqueue__push(&self->vq, 5, 0);
		offer(self, 5);
		ASSERT_EQ(1, pop(self));
	}
	EXPECT_EQ(3, self->vq.repeats);
}

/* A chain holds no more than its ring, whichever descriptor it begins with. */
TEST_F(ring, E3_whole_ring_from_every_head)
{
	for (uint32_t num = 1; num <= 256; num *= 2) {
		for (uint32_t head = 0; head < num; head++) {
			ASSERT_EQ(0, start(self, num, head));
			for (uint32_t i = 0; i < num; i++) {
				put(self, i, DATA + i, 1,
				    i == ((head - 1) & (num - 1)) ? 0 : VRING_DESC_F_NEXT,
				    (i + 1) & (num - 1));
			}
			offer(self, head);
			ASSERT_EQ(1, pop(self)) TH_LOG("size %u head %u", num, head);
			ASSERT_EQ(num, self->chain.readable);
			ASSERT_EQ(num, self->chain.walked);
			/* One more link closes the loop. */
			self->desc[(head - 1) & (num - 1)].flags = VRING_DESC_F_NEXT;
			offer(self, head);
			ASSERT_EQ(-ELOOP, pop(self)) TH_LOG("size %u head %u", num, head);
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

TEST_F(ring, D8_used_ring_is_never_read_back)
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

TEST_F(ring, D7_only_bit_0_of_avail_flags_counts)
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
			put(self, i, addr, random() & 1 ? random() % 256 : random() * 3,
			    random() & 3, random() % 17);
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
