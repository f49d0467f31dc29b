// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the frame assembler: the same bytes whole, in pieces, and handed over half way
 * must give the frames that frames__at() finds, and every byte must be accounted for.
 *
 * The input is four bytes that say where to cut, then the bytes of port 1.
 */
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/allocator_interface.h>
#include <zlib.h>

#include "host/assembler.h"
#include "vmm/byte_ring.h"

#include "frames.h"
#include "fuzz.h"

_Static_assert(KTSTR_WIRE_PAYLOAD_MAX == 512, "built with the bounds of wire.sed");

#define PREFIX		4u
#define FRAMES_MAX	1024u
#define RING_CAP	(64u << 10)

/**
 * struct expected - what the bytes say, by the reference
 * @nr: frames that are delivered
 * @at: where each starts
 * @end: where each ends
 * @continues: its predecessor of that type and stream had KTSTR_F_MORE
 * @residue: where the bytes start that may become a frame
 * @stats: the counters
 */
struct expected {
	size_t nr;
	size_t at[FRAMES_MAX];
	size_t end[FRAMES_MAX];
	bool continues[FRAMES_MAX];
	size_t residue;
	struct assembler_stats stats;
};

/** struct reader - one assembler at work: @seen frames of what is expected of @data */
struct reader {
	const uint8_t *data;
	size_t seen;
};

static struct expected want;
static struct byte_ring ring;

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "FAILED: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n# %zu frames are in the bytes:\n", want.nr);
	for (size_t i = 0; i < want.nr; i++)
		fprintf(stderr, "#   %zu to %zu\n", want.at[i], want.end[i]);
	abort();
}

#define CHECK(cond, ...)			\
	do {					\
		if (!(cond))			\
			fail(__VA_ARGS__);	\
	} while (0)

static struct ktstr_frame header(const uint8_t *p)
{
	struct ktstr_frame h;

	memcpy(&h, p, sizeof(h));
	return h;
}

static bool is_corrupt(const struct ktstr_frame *h, const uint8_t *p)
{
	return !(le16toh(h->flags) & KTSTR_F_NOCRC) &&
	       le32toh(h->payload_crc) != crc32(0, p + FRAMES_HEADER, le32toh(h->len));
}

/* Did the frame before this one, of its type and stream, say that it goes on? */
static bool continues(const uint8_t *data, size_t n, const struct ktstr_frame *h)
{
	while (n--) {
		struct ktstr_frame before = header(data + want.at[n]);

		if (before.type == h->type && before.stream == h->stream)
			return le16toh(before.flags) & KTSTR_F_MORE;
	}
	return false;
}

/* A count of a stream: ahead of what comes next is a loss, behind it is disorder. */
static void expect_seq(uint32_t *next, uint32_t seq)
{
	int32_t ahead = seq - *next;

	if (ahead < 0)
		want.stats.reordered++;
	else
		want.stats.lost += ahead;
	*next = seq + 1;
}

static void expect_frame(const uint8_t *data, size_t at, size_t size, uint32_t *next_seq)
{
	struct ktstr_frame h = header(data + at);
	uint32_t stream = le32toh(h.stream);

	if (stream < ASSEMBLER_STREAMS)
		expect_seq(&next_seq[stream], le32toh(h.seq));
	if (stream >= ASSEMBLER_STREAMS || !frames__known_type(le32toh(h.type))) {
		want.stats.unknown++;
		return;
	}
	want.continues[want.nr] = continues(data, want.nr, &h);
	want.at[want.nr] = at;
	want.end[want.nr++] = at + size;
	want.stats.frames++;
	want.stats.corrupt += is_corrupt(&h, data + at);
}

static void expect(const uint8_t *data, size_t size)
{
	static uint32_t next_seq[ASSEMBLER_STREAMS];
	size_t n;

	memset(next_seq, 0, sizeof(next_seq));
	memset(&want.stats, 0, sizeof(want.stats));
	want.nr = 0;
	want.residue = size;
	for (size_t at = 0; at < size; at += n) {
		switch (frames__at(data + at, size - at, &n)) {
		case FRAMES_JUNK:
			want.stats.skipped++;
			break;
		case FRAMES_FRAME:
			expect_frame(data, at, n, next_seq);
			break;
		case FRAMES_CUT:
			want.residue = at;
			break;
		}
	}
}

/* What was delivered, encoded again, must be the bytes that came. */
static void on_frame(void *arg, const struct assembler_frame *f)
{
	struct reader *r = arg;
	size_t i = r->seen++;
	const uint8_t *slice = r->data + want.at[i];
	struct ktstr_frame in = header(slice), out = {
		.magic = htole32(KTSTR_WIRE_MAGIC), .version = htole16(KTSTR_WIRE_VERSION),
		.flags = htole16(f->flags), .type = htole32(f->type), .stream = htole32(f->stream),
		.seq = htole32(f->seq), .len = htole32(f->len), .payload_crc = in.payload_crc,
	};

	CHECK(i < want.nr, "a frame that is not there");
	frames__fix(&out, f->corrupt || (f->flags & KTSTR_F_NOCRC) ? NULL : f->data);
	CHECK(!memcmp(&in, &out, sizeof(in)), "frame %zu: its header is another", i);
	CHECK(!memcmp(slice + FRAMES_HEADER, f->data, f->len), "frame %zu: its bytes differ", i);
	CHECK(f->corrupt == is_corrupt(&in, slice), "frame %zu: corrupt %d", i, f->corrupt);
}

static void on_frame_first(void *arg, const struct assembler_frame *f)
{
	struct reader *r = arg;

	on_frame(arg, f);
	CHECK(f->continues == want.continues[r->seen - 1], "frame %zu: continues %d", r->seen - 1,
	      f->continues);
}

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Length of the next piece; the low bits of the input's prefix say how coarse. */
static size_t piece(uint32_t *seed, unsigned int coarse, size_t left)
{
	size_t n = 1 + next(seed) % (1u << coarse);

	return n < left ? n : left;
}

/* A piece in storage of its own, so that a byte read behind it is a finding. */
static void feed(struct assembler *a, const uint8_t *p, size_t n)
{
	size_t before;
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	memcpy(copy, p, n);
	before = __sanitizer_get_current_allocated_bytes();
	assembler__feed(a, copy, n);
	CHECK(__sanitizer_get_current_allocated_bytes() == before, "feeding took memory");
	free(copy);
}

static size_t ended_by(size_t pos)
{
	size_t n = 0;

	while (n < want.nr && want.end[n] <= pos)
		n++;
	return n;
}

static void check_stats(const struct assembler *a, const char *how)
{
	const struct assembler_stats *s = assembler__stats(a), *w = &want.stats;

	CHECK(s->frames == w->frames && s->corrupt == w->corrupt && s->unknown == w->unknown &&
	      s->lost == w->lost && s->reordered == w->reordered && s->skipped == w->skipped,
	      "%s: frames %lu/%lu corrupt %lu/%lu unknown %lu/%lu lost %lu/%lu reordered %lu/%lu skipped %lu/%lu",
	      how, s->frames, w->frames, s->corrupt, w->corrupt, s->unknown, w->unknown, s->lost,
	      w->lost, s->reordered, w->reordered, s->skipped, w->skipped);
}

static void check_residue(const struct assembler *a, const uint8_t *data, size_t size)
{
	size_t len;
	const void *p = assembler__residue(a, &len);

	CHECK(len == size - want.residue, "%zu bytes of residue, %zu expected", len,
	      size - want.residue);
	CHECK(!len == !p, "residue of %zu bytes at %p", len, p);
	CHECK(!len || !memcmp(p, data + want.residue, len), "the residue is not what came last");
}

static struct assembler *start(struct reader *r, const uint8_t *data, assembler_frame_fn fn)
{
	struct assembler *a = assembler__new(fn, r);

	if (!a)
		abort();
	r->data = data;
	r->seen = 0;
	return a;
}

static void whole(const uint8_t *data, size_t size)
{
	struct reader r;
	struct assembler *a = start(&r, data, on_frame_first);

	feed(a, data, size);
	CHECK(r.seen == want.nr, "whole: %zu frames of %zu", r.seen, want.nr);
	check_stats(a, "whole");
	check_residue(a, data, size);
	assembler__free(a);
}

/* A frame is there as soon as its last byte is. */
static void pieces(const uint8_t *data, size_t size, uint32_t seed, unsigned int coarse)
{
	struct reader r;
	struct assembler *a = start(&r, data, on_frame_first);

	for (size_t at = 0, n; at < size; at += n) {
		n = piece(&seed, coarse, size - at);
		feed(a, data + at, n);
		CHECK(r.seen == ended_by(at + n), "pieces: %zu frames after %zu bytes, not %zu",
		      r.seen, at + n, ended_by(at + n));
	}
	check_stats(a, "pieces");
	check_residue(a, data, size);
	assembler__free(a);
}

/* The first reader gives its residue back to the front of the port's queue; another goes on. */
static void hand_over(const uint8_t *data, size_t size, uint32_t seed, unsigned int coarse)
{
	static uint8_t buf[RING_CAP];
	size_t cut = size ? next(&seed) % (size + 1) : 0, len, n;
	struct reader r;
	struct assembler *a = start(&r, data, on_frame), *b;
	const void *residue;

	byte_ring__clear(&ring);
	CHECK(byte_ring__append(&ring, data + cut, size - cut, RING_CAP) == size - cut, "room");
	feed(a, data, cut);
	residue = assembler__residue(a, &len);
	CHECK(len <= cut && !byte_ring__push_front(&ring, residue, len), "push back %zu", len);
	assembler__free(a);

	b = assembler__new(on_frame, &r);
	if (!b)
		abort();
	while ((n = byte_ring__take(&ring, buf, piece(&seed, coarse, RING_CAP))))
		feed(b, buf, n);
	CHECK(r.seen == want.nr, "handed over at %zu: %zu frames of %zu", cut, r.seen, want.nr);
	assembler__free(b);
}

/* Three assemblers are made for every input: little freed memory is kept. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2:thread_local_quarantine_size_kb=256";
}

void fuzz__init(void)
{
	if (byte_ring__init(&ring, RING_CAP)) {
		perror("fuzz_assembler: byte ring");
		exit(1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t seed;

	if (size < PREFIX || size > PREFIX + FRAMES_MAX * FRAMES_HEADER)
		return -1;
	memcpy(&seed, data, PREFIX);
	seed = le32toh(seed) | 1u << 31;
	data += PREFIX;
	size -= PREFIX;
	expect(data, size);
	whole(data, size);
	pieces(data, size, seed, seed >> 8 & 15);
	hand_over(data, size, seed, seed >> 12 & 15);
	return 0;
}
