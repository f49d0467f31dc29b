// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bounded byte queue behind every port: every place where it wraps, its
 * limits, and the memory that it gives back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/byte_ring.h"

#include "unit.h"

#define CAP	4096u
#define PAGE	4096u
#define BIG	(8u << 20)

/* Lengths at which something may be off by one. */
static const size_t edges[] = {
	0, 1, 2, 3, CAP / 2, CAP - 3, CAP - 2, CAP - 1, CAP, CAP + 1, SIZE_MAX,
};
#define NR_EDGES (sizeof(edges) / sizeof(edges[0]))

FIXTURE(bytes)
{
	struct byte_ring r;
	uint8_t in[3 * CAP];
	uint8_t out[3 * CAP];
};

FIXTURE_SETUP(bytes)
{
	ASSERT_EQ(0, byte_ring__init(&self->r, CAP));
	for (unsigned int i = 0; i < sizeof(self->in); i++)
		self->in[i] = i * 7 ^ i >> 8;
}

FIXTURE_TEARDOWN(bytes)
{
	byte_ring__exit(&self->r);
}

/*
 * One byte at index @head: in[@head]. An empty ring starts over at index 0, so
 * the head only moves while something is left.
 */
static void head_at(FIXTURE_DATA(bytes) *self, size_t head)
{
	byte_ring__clear(&self->r);
	byte_ring__append(&self->r, self->in, head + 1, CAP);
	byte_ring__take(&self->r, self->out, head);
}

TEST_F(bytes, every_head_and_every_length_at_an_edge)
{
	struct byte_ring *r = &self->r;

	for (size_t head = 0; head < CAP; head++) {
		for (unsigned int i = 0; i < NR_EDGES; i++) {
			size_t n = edges[i] > 2 * CAP ? 2 * CAP - 1 : edges[i];
			size_t want = n < CAP - 1 ? n : CAP - 1;

			head_at(self, head);
			ASSERT_EQ(head, r->head);
			ASSERT_EQ(want, byte_ring__append(r, self->in + head + 1, n, SIZE_MAX)) {
				TH_LOG("head %zu n %zu", head, n);
			}
			ASSERT_EQ(want + 1, r->len);
			/* In two pieces, the first ending right at the wrap or beside it. */
			n = byte_ring__take(r, self->out, CAP - head - head % 3);
			n += byte_ring__take(r, self->out + n, sizeof(self->out) - n);
			ASSERT_EQ(want + 1, n);
			ASSERT_EQ(0, memcmp(self->in + head, self->out, n)) {
				TH_LOG("head %zu length %zu", head, n);
			}
			ASSERT_EQ(0, r->len);
		}
	}
}

TEST_F(bytes, append_stops_at_the_limit)
{
	for (size_t limit = 0; limit <= CAP + 2; limit++) {
		for (unsigned int i = 0; i < NR_EDGES - 1; i++) {
			size_t most = limit < CAP ? limit : CAP;
			size_t room = most > 1 ? most - 1 : 0;
			size_t want = edges[i] < room ? edges[i] : room;

			head_at(self, limit % CAP);
			ASSERT_EQ(want, byte_ring__append(&self->r, self->in, edges[i], limit)) {
				TH_LOG("limit %zu n %zu", limit, edges[i]);
			}
			ASSERT_EQ(1 + want, self->r.len);
		}
	}
}

TEST_F(bytes, a_ring_above_the_limit_takes_nothing)
{
	ASSERT_EQ(100, byte_ring__append(&self->r, self->in, 100, CAP));
	EXPECT_EQ(0, byte_ring__append(&self->r, self->in, 1, 99));
	EXPECT_EQ(0, byte_ring__append(&self->r, self->in, 1, 100));
	EXPECT_EQ(1, byte_ring__append(&self->r, self->in, 2, 101));
}

TEST_F(bytes, push_front_over_the_wrap_at_every_head)
{
	struct byte_ring *r = &self->r;

	for (size_t head = 0; head < CAP; head++) {
		for (unsigned int i = 0; i < NR_EDGES; i++) {
			size_t n = edges[i];
			bool fits = n <= CAP - 1;

			head_at(self, head);
			r->buf[head] = 0x55;
			ASSERT_EQ(fits ? 0 : -ENOBUFS, byte_ring__push_front(r, self->in, n)) {
				TH_LOG("head %zu n %zu", head, n);
			}
			ASSERT_EQ(fits ? n + 1 : 1, r->len);
			n = fits ? n : 0;
			ASSERT_EQ(n + 1, byte_ring__take(r, self->out, sizeof(self->out)));
			ASSERT_EQ(0, memcmp(self->in, self->out, n)) {
				TH_LOG("head %zu n %zu", head, n);
			}
			ASSERT_EQ(0x55, self->out[n]);
		}
	}
}

TEST_F(bytes, push_front_into_an_empty_ring)
{
	for (unsigned int n = 0; n <= CAP; n++) {
		ASSERT_EQ(0, byte_ring__push_front(&self->r, self->in, n));
		ASSERT_EQ(n, byte_ring__take(&self->r, self->out, CAP));
		ASSERT_EQ(0, memcmp(self->in, self->out, n));
	}
	EXPECT_EQ(-ENOBUFS, byte_ring__push_front(&self->r, self->in, CAP + 1));
}

/* Every operation at random, against a plain array. */
TEST_F(bytes, random_operations_match_a_plain_array)
{
	uint8_t *model = malloc(CAP), *tmp = malloc(CAP);
	size_t len = 0;

	srandom(3);
	for (int i = 0; i < 300000; i++) {
		size_t n = random() % 4 ? random() % 64 : random() % (CAP + 8);
		size_t limit = random() % 8 ? CAP : random() % CAP;
		const uint8_t *src = self->in + random() % CAP;
		size_t want;

		switch (random() % 4) {
		case 0:
			want = len < limit ? limit - len : 0;
			want = n < want ? n : want;
			ASSERT_EQ(want, byte_ring__append(&self->r, src, n, limit));
			memcpy(model + len, src, want);
			len += want;
			break;
		case 1:
			ASSERT_EQ(n <= CAP - len ? 0 : -ENOBUFS,
				  byte_ring__push_front(&self->r, src, n));
			if (n > CAP - len)
				break;
			memcpy(tmp, model, len);
			memcpy(model, src, n);
			memcpy(model + n, tmp, len);
			len += n;
			break;
		case 2:
			want = n < len ? n : len;
			ASSERT_EQ(want, byte_ring__take(&self->r, self->out, n));
			ASSERT_EQ(0, memcmp(model, self->out, want)) {
				TH_LOG("step %d head %zu", i, self->r.head);
			}
			memmove(model, model + want, len - want);
			len -= want;
			break;
		default:
			if (random() % 1000)
				break;
			byte_ring__clear(&self->r);
			len = 0;
		}
		ASSERT_EQ(len, self->r.len);
		ASSERT_LT(self->r.head, CAP);
	}
	free(model);
	free(tmp);
}

/* Pages of @r that are in memory. */
static size_t resident(const struct byte_ring *r)
{
	static unsigned char map[(BIG + PAGE) / PAGE];
	size_t n = 0;

	if (mincore(r->buf, r->cap, map))
		return SIZE_MAX;
	for (size_t i = 0; i < r->cap / PAGE; i++)
		n += map[i] & 1;
	return n;
}

/* Empty a ring that holds one byte; in the two ways there are. */
static void empty(struct byte_ring *r, bool clear)
{
	uint8_t byte;

	if (clear)
		byte_ring__clear(r);
	else
		byte_ring__take(r, &byte, 1);
}

TEST_F(bytes, pages_come_with_bytes_and_go_when_they_are_needed_no_more)
{
	static uint8_t buf[BIG];
	struct byte_ring r;

	ASSERT_EQ(0, byte_ring__init(&r, BIG));
	EXPECT_EQ(0, resident(&r));
	for (int round = 0; round < 4; round++) {
		/* Filled again and again it keeps them, for they would only come again. */
		for (int i = 0; i < 2 * BYTE_RING_SMALL; i++) {
			ASSERT_EQ(BIG, byte_ring__append(&r, buf, BIG, BIG));
			ASSERT_EQ(BIG - 1, byte_ring__take(&r, buf, BIG - 1));
			empty(&r, round & 1);
			ASSERT_EQ(BIG / PAGE, resident(&r));
		}
		for (int i = 1; i < BYTE_RING_SMALL; i++) {
			byte_ring__append(&r, buf, 1, BIG);
			empty(&r, round & 1);
			ASSERT_EQ(BIG / PAGE, resident(&r)) TH_LOG("emptied %d times", i);
		}
		/* One byte is left: its page holds it, and it is not lost. */
		byte_ring__append(&r, buf, 1, BIG);
		EXPECT_EQ(BIG / PAGE, resident(&r));
		empty(&r, round & 1);
		ASSERT_EQ(0, resident(&r));
	}
	byte_ring__exit(&r);
}

/* To give back what is needed again at once costs two page faults per page. */
TEST_F(bytes, a_small_ring_keeps_its_pages)
{
	static uint8_t buf[BYTE_RING_KEEP];
	struct byte_ring r;

	ASSERT_EQ(0, byte_ring__init(&r, BIG));
	for (int i = 0; i < 3 * BYTE_RING_SMALL; i++) {
		byte_ring__append(&r, buf, BYTE_RING_KEEP, BIG);
		byte_ring__take(&r, buf, BYTE_RING_KEEP);
		ASSERT_EQ(BYTE_RING_KEEP / PAGE, resident(&r));
		ASSERT_EQ(0, r.head);
	}
	/* A page at the end of the address range counts: by a push to the front. */
	byte_ring__push_front(&r, buf, 1);
	EXPECT_EQ(BYTE_RING_KEEP / PAGE + 1, resident(&r));
	byte_ring__clear(&r);
	EXPECT_EQ(0, resident(&r));
	byte_ring__exit(&r);
}

TEST_F(bytes, no_address_space_is_an_error_and_exit_is_safe)
{
	struct byte_ring r = { 0 };

	byte_ring__exit(&r);
	EXPECT_EQ(-ENOMEM, byte_ring__init(&r, SIZE_MAX & ~(size_t)(PAGE - 1)));
	EXPECT_EQ(NULL, r.buf);
	byte_ring__exit(&r);
	EXPECT_EQ(0, byte_ring__init(&r, PAGE));
	byte_ring__exit(&r);
	EXPECT_EQ(NULL, r.buf);
}

TEST_HARNESS_MAIN
