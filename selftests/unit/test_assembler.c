// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame assembler against every cut, every flipped bit and every wrap.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "host/assembler.h"
#include "kselftest_harness.h"

#define SEEN_MAX 64

struct seen {
	uint32_t n;
	struct assembler_frame f[SEEN_MAX];
	uint32_t crc[SEEN_MAX];		/* of the payload as delivered */
};

static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct seen *s = arg;

	if (s->n < SEEN_MAX) {
		s->f[s->n] = *f;
		s->crc[s->n] = crc32(0, f->data, f->len);
	}
	s->n++;
}

/* Write a frame at @p; returns its length. */
static size_t put(uint8_t *p, uint32_t type, uint32_t stream, uint32_t seq, uint16_t flags,
		  const void *data, uint32_t len)
{
	struct ktstr_frame h = {
		.magic = htole32(KTSTR_WIRE_MAGIC),
		.version = htole16(KTSTR_WIRE_VERSION),
		.flags = htole16(flags),
		.type = htole32(type),
		.stream = htole32(stream),
		.seq = htole32(seq),
		.len = htole32(len),
	};

	h.payload_crc = htole32(crc32(0, data, len));
	h.header_crc = htole32(crc32(0, (const Bytef *)&h, sizeof(h) - 4));
	memcpy(p, &h, sizeof(h));
	if (len)
		memcpy(p + sizeof(h), data, len);
	return sizeof(h) + len;
}

FIXTURE(assembler)
{
	struct assembler *a;
	struct seen *seen;
	uint8_t *buf;
};

FIXTURE_SETUP(assembler)
{
	self->seen = calloc(1, sizeof(*self->seen));
	self->a = assembler__new(on_frame, self->seen);
	self->buf = calloc(1, 1 << 20);
	ASSERT_NE(NULL, self->a);
	ASSERT_NE(NULL, self->seen);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(assembler)
{
	assembler__free(self->a);
	free(self->seen);
	free(self->buf);
}

/* Three frames: without payload, odd length, with the magic inside. */
static size_t three(uint8_t *p)
{
	size_t n = put(p, KTSTR_T_REDY, 0, 0, 0, "", 0);

	n += put(p + n, KTSTR_T_SLOG, 0, 1, 0, "hello", 5);
	return n + put(p + n, KTSTR_T_SOUT, 0, 2, 0, "xKSTRKSTKSTR", 12);
}

static void restart(struct assembler **a, struct seen *seen)
{
	assembler__free(*a);
	memset(seen, 0, sizeof(*seen));
	*a = assembler__new(on_frame, seen);
}

TEST_F(assembler, every_cut_gives_the_same_frames)
{
	size_t len = three(self->buf);

	for (size_t i = 0; i <= len; i++) {
		for (size_t k = i; k <= len; k++) {
			restart(&self->a, self->seen);
			assembler__feed(self->a, self->buf, i);
			assembler__feed(self->a, self->buf + i, k - i);
			assembler__feed(self->a, self->buf + k, len - k);
			ASSERT_EQ(3, self->seen->n) TH_LOG("cut at %zu and %zu", i, k);
			ASSERT_EQ(12, self->seen->f[2].len);
			ASSERT_EQ(0, assembler__stats(self->a)->skipped);
			ASSERT_EQ(0, assembler__stats(self->a)->lost);
		}
	}
}

TEST_F(assembler, byte_by_byte_delivers_with_the_last_byte)
{
	size_t one = put(self->buf, KTSTR_T_SLOG, 0, 0, 0, "hello", 5);

	for (size_t i = 0; i < one; i++) {
		ASSERT_EQ(0, self->seen->n);
		assembler__feed(self->a, self->buf + i, 1);
	}
	EXPECT_EQ(1, self->seen->n);
	EXPECT_EQ(crc32(0, (const Bytef *)"hello", 5), self->seen->crc[0]);
}

TEST_F(assembler, a_flipped_header_bit_costs_exactly_one_frame)
{
	const size_t second = sizeof(struct ktstr_frame);
	size_t len = three(self->buf);

	for (unsigned int bit = 0; bit < 8 * sizeof(struct ktstr_frame); bit++) {
		restart(&self->a, self->seen);
		self->buf[second + bit / 8] ^= 1 << bit % 8;
		assembler__feed(self->a, self->buf, len);
		self->buf[second + bit / 8] ^= 1 << bit % 8;
		ASSERT_EQ(2, self->seen->n) TH_LOG("bit %u", bit);
		EXPECT_EQ(KTSTR_T_REDY, self->seen->f[0].type);
		EXPECT_EQ(KTSTR_T_SOUT, self->seen->f[1].type);
		EXPECT_EQ(1, assembler__stats(self->a)->lost);
		EXPECT_EQ(sizeof(struct ktstr_frame) + 5, assembler__stats(self->a)->skipped);
	}
}

TEST_F(assembler, a_flipped_payload_bit_marks_exactly_that_frame)
{
	const size_t payload = 2 * sizeof(struct ktstr_frame);
	size_t len = three(self->buf);

	for (unsigned int bit = 0; bit < 8 * 5; bit++) {
		restart(&self->a, self->seen);
		self->buf[payload + bit / 8] ^= 1 << bit % 8;
		assembler__feed(self->a, self->buf, len);
		self->buf[payload + bit / 8] ^= 1 << bit % 8;
		ASSERT_EQ(3, self->seen->n);
		EXPECT_FALSE(self->seen->f[0].corrupt);
		EXPECT_TRUE(self->seen->f[1].corrupt);
		EXPECT_FALSE(self->seen->f[2].corrupt);
		EXPECT_EQ(1, assembler__stats(self->a)->corrupt);
	}
}

TEST_F(assembler, payload_without_crc_is_not_checked)
{
	size_t len = put(self->buf, KTSTR_T_EVNT, 1, 0, KTSTR_F_NOCRC, "page", 4);

	self->buf[len - 1] ^= 0xff;
	assembler__feed(self->a, self->buf, len);
	ASSERT_EQ(1, self->seen->n);
	EXPECT_FALSE(self->seen->f[0].corrupt);
}

TEST_F(assembler, garbage_between_frames_is_counted_and_skipped)
{
	static const char junk[] = "KSTR KSTKSTKST\xff\x00 garbage KS";
	size_t at = 0;

	for (uint32_t seq = 0; seq < 4; seq++) {
		memcpy(self->buf + at, junk, sizeof(junk));
		at += sizeof(junk);
		at += put(self->buf + at, KTSTR_T_SLOG, 0, seq, 0, "abc", 3);
	}
	for (size_t step = 1; step < 40; step++) {
		restart(&self->a, self->seen);
		for (size_t i = 0; i < at; i += step)
			assembler__feed(self->a, self->buf + i, at - i < step ? at - i : step);
		ASSERT_EQ(4, self->seen->n) TH_LOG("steps of %zu", step);
		EXPECT_EQ(4 * sizeof(junk), assembler__stats(self->a)->skipped);
		EXPECT_EQ(0, assembler__stats(self->a)->lost);
	}
}

TEST_F(assembler, counts_wrap_at_two_to_the_32)
{
	/* Start just short of the wrap, whatever that costs as a loss, then go across. */
	for (uint32_t start = UINT32_MAX - 8; start != 8; start++) {
		size_t at = put(self->buf, KTSTR_T_SLOG, 3, 0x7fffffffu, 0, "", 0);

		at += put(self->buf + at, KTSTR_T_SLOG, 3, start < 8 ? UINT32_MAX : start - 1, 0, "", 0);
		restart(&self->a, self->seen);
		assembler__feed(self->a, self->buf, at);
		uint64_t lost = assembler__stats(self->a)->lost;
		uint32_t from = start < 8 ? 0 : start;

		at = 0;
		for (uint32_t i = 0; i < 20; i++)
			at += put(self->buf + at, KTSTR_T_SLOG, 3, from + i, 0, "", 0);
		assembler__feed(self->a, self->buf, at);
		ASSERT_EQ(lost, assembler__stats(self->a)->lost) TH_LOG("from %u", from);
		EXPECT_EQ(22, self->seen->n);
		EXPECT_EQ(0, assembler__stats(self->a)->reordered);
	}
}

TEST_F(assembler, gaps_are_counted_per_stream)
{
	size_t at = 0;

	for (uint32_t stream = 0; stream < ASSEMBLER_STREAMS; stream++) {
		at += put(self->buf + at, KTSTR_T_EVNT, stream, 0, 0, "", 0);
		at += put(self->buf + at, KTSTR_T_EVNT, stream, stream, 0, "", 0);
	}
	assembler__feed(self->a, self->buf, at);
	/* Stream 0 repeats 0; stream n jumps over n - 1 frames. */
	EXPECT_EQ(1, assembler__stats(self->a)->reordered);
	EXPECT_EQ((uint64_t)(ASSEMBLER_STREAMS - 1) * (ASSEMBLER_STREAMS - 2) / 2,
		  assembler__stats(self->a)->lost);
	EXPECT_EQ(2 * ASSEMBLER_STREAMS, self->seen->n);
}

TEST_F(assembler, unknown_types_and_streams_are_counted_not_delivered)
{
	size_t at = put(self->buf, KTSTR_FOURCC('N', 'O', 'P', 'E'), 0, 0, 0, "x", 1);

	at += put(self->buf + at, KTSTR_T_SLOG, ASSEMBLER_STREAMS, 0, 0, "x", 1);
	at += put(self->buf + at, KTSTR_T_SLOG, UINT32_MAX, 0, 0, "x", 1);
	at += put(self->buf + at, KTSTR_T_SLOG, 0, 1, 0, "x", 1);
	assembler__feed(self->a, self->buf, at);
	EXPECT_EQ(1, self->seen->n);
	EXPECT_EQ(3, assembler__stats(self->a)->unknown);
	EXPECT_EQ(0, assembler__stats(self->a)->lost);
}

TEST_F(assembler, replies_meant_for_the_guest_are_not_taken_from_it)
{
	size_t at = put(self->buf, KTSTR_T_ACKR, 0, 0, 0, "", 0);

	assembler__feed(self->a, self->buf, at);
	EXPECT_EQ(0, self->seen->n);
	EXPECT_EQ(1, assembler__stats(self->a)->unknown);
}

TEST_F(assembler, the_largest_payload_passes_and_one_byte_more_does_not)
{
	uint8_t *data = calloc(1, KTSTR_WIRE_PAYLOAD_MAX + 1);
	size_t at = put(self->buf, KTSTR_T_SOUT, 0, 0, 0, data, KTSTR_WIRE_PAYLOAD_MAX);

	assembler__feed(self->a, self->buf, at);
	EXPECT_EQ(1, self->seen->n);
	EXPECT_EQ(KTSTR_WIRE_PAYLOAD_MAX, self->seen->f[0].len);
	at = put(self->buf, KTSTR_T_SOUT, 0, 1, 0, data, KTSTR_WIRE_PAYLOAD_MAX + 1);
	at += put(self->buf + at, KTSTR_T_SOUT, 0, 2, 0, "ok", 2);
	assembler__feed(self->a, self->buf, at);
	EXPECT_EQ(2, self->seen->n);
	EXPECT_EQ(2, self->seen->f[1].len);
	EXPECT_EQ(1, assembler__stats(self->a)->lost);
	free(data);
}

TEST_F(assembler, another_version_is_not_understood)
{
	struct ktstr_frame h;
	size_t at = put(self->buf, KTSTR_T_REDY, 0, 0, 0, "", 0);

	memcpy(&h, self->buf, sizeof(h));
	h.version = htole16(2);
	h.header_crc = htole32(crc32(0, (const Bytef *)&h, sizeof(h) - 4));
	memcpy(self->buf, &h, sizeof(h));
	assembler__feed(self->a, self->buf, at);
	EXPECT_EQ(0, self->seen->n);
	EXPECT_EQ(sizeof(h), assembler__stats(self->a)->skipped);
}

TEST_F(assembler, a_stream_of_largest_frames_in_odd_pieces)
{
	static const size_t sizes[] = { 1, 31, 32, 33, 4096, 65536, 262144, 262177, 300000 };
	uint8_t *data = malloc(KTSTR_WIRE_PAYLOAD_MAX);
	size_t at = 0;

	for (size_t i = 0; i < KTSTR_WIRE_PAYLOAD_MAX; i++)
		data[i] = i * 7;
	for (uint32_t seq = 0; seq < 3; seq++)
		at += put(self->buf + at, KTSTR_T_SOUT, 0, seq, 0, data, KTSTR_WIRE_PAYLOAD_MAX);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		restart(&self->a, self->seen);
		for (size_t i = 0; i < at; i += sizes[s])
			assembler__feed(self->a, self->buf + i, at - i < sizes[s] ? at - i : sizes[s]);
		ASSERT_EQ(3, self->seen->n) TH_LOG("pieces of %zu", sizes[s]);
		for (int i = 0; i < 3; i++) {
			EXPECT_FALSE(self->seen->f[i].corrupt);
			EXPECT_EQ(crc32(0, data, KTSTR_WIRE_PAYLOAD_MAX), self->seen->crc[i]);
		}
	}
	free(data);
}

TEST_F(assembler, continuation_is_told_per_type_and_stream)
{
	size_t at = put(self->buf, KTSTR_T_SOUT, 0, 0, KTSTR_F_MORE, "a", 1);

	at += put(self->buf + at, KTSTR_T_SERR, 0, 1, 0, "b", 1);
	at += put(self->buf + at, KTSTR_T_SOUT, 1, 0, 0, "c", 1);
	at += put(self->buf + at, KTSTR_T_SOUT, 0, 2, 0, "d", 1);
	at += put(self->buf + at, KTSTR_T_SOUT, 0, 3, 0, "e", 1);
	assembler__feed(self->a, self->buf, at);
	ASSERT_EQ(5, self->seen->n);
	EXPECT_FALSE(self->seen->f[0].continues);
	EXPECT_FALSE(self->seen->f[1].continues);
	EXPECT_FALSE(self->seen->f[2].continues);
	EXPECT_TRUE(self->seen->f[3].continues);
	EXPECT_FALSE(self->seen->f[4].continues);
}

TEST_F(assembler, residue_handed_over_at_any_cut_loses_nothing)
{
	size_t len = three(self->buf);

	for (size_t i = 0; i <= len; i++) {
		struct seen *after = calloc(1, sizeof(*after));
		struct assembler *b = assembler__new(on_frame, after);
		const void *rest;
		size_t n;

		restart(&self->a, self->seen);
		assembler__feed(self->a, self->buf, i);
		rest = assembler__residue(self->a, &n);
		EXPECT_EQ(n == 0, rest == NULL);
		if (n)
			assembler__feed(b, rest, n);
		assembler__feed(b, self->buf + i, len - i);
		ASSERT_EQ(3, self->seen->n + after->n) TH_LOG("cut at %zu", i);
		assembler__free(b);
		free(after);
	}
}

TEST_F(assembler, random_bytes_neither_crash_nor_become_frames)
{
	uint64_t x = 0x9e3779b97f4a7c15ull;

	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < 1 << 16; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			self->buf[i] = x;
			/* Many magics: the scanner must look closely. */
			if (x % 11 == 0 && i > 4)
				memcpy(self->buf + i - 3, "KSTR", 4);
		}
		assembler__feed(self->a, self->buf, 1 << 16);
	}
	EXPECT_EQ(0, self->seen->n);
}

/* A type that is in wire.h and not known here is evidence lost in every run that has it. */
TEST_F(assembler, every_type_of_a_guest_is_known)
{
	static const uint32_t types[] = {
		KTSTR_T_HELO, KTSTR_T_REDY, KTSTR_T_LIFE, KTSTR_T_SCST, KTSTR_T_SCEN, KTSTR_T_SCPP,
		KTSTR_T_SCRR, KTSTR_T_STIM, KTSTR_T_STEN, KTSTR_T_EVNT, KTSTR_T_EVIN, KTSTR_T_EVLS,
		KTSTR_T_CLCK, KTSTR_T_TEST, KTSTR_T_PMET, KTSTR_T_RAWO, KTSTR_T_PLDX, KTSTR_T_PROF,
		KTSTR_T_SOUT, KTSTR_T_SERR, KTSTR_T_SLOG, KTSTR_T_SCDX, KTSTR_T_DMSG, KTSTR_T_PROB,
		KTSTR_T_SNRQ, KTSTR_T_EXCX, KTSTR_T_EXIT,
	};
	uint32_t n = sizeof(types) / sizeof(types[0]);
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++)
		len += put(self->buf + len, types[i], 0, i, 0, "x", 1);
	assembler__feed(self->a, self->buf, len);
	EXPECT_EQ(n, assembler__stats(self->a)->frames);
	EXPECT_EQ(0, assembler__stats(self->a)->unknown);
}

TEST_HARNESS_MAIN
