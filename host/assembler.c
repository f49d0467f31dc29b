// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frame assembler: resynchronises, counts losses, believes nothing.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "assembler.h"

#define HEADER		sizeof(struct ktstr_frame)
#define FRAME_MAX	(HEADER + KTSTR_WIRE_PAYLOAD_MAX)
#define ROOM		(2 * FRAME_MAX)

/* Types that may come from a guest; the index is a bit in stream.more. */
static const uint32_t known_types[] = {
	KTSTR_T_HELO, KTSTR_T_REDY, KTSTR_T_LIFE, KTSTR_T_SCST, KTSTR_T_SCEN, KTSTR_T_SCPP,
	KTSTR_T_SCRR, KTSTR_T_STIM, KTSTR_T_STEN, KTSTR_T_EVNT, KTSTR_T_EVIN, KTSTR_T_EVLS,
	KTSTR_T_CLCK, KTSTR_T_TEST,
	KTSTR_T_PMET, KTSTR_T_RAWO, KTSTR_T_PLDX, KTSTR_T_PROF, KTSTR_T_SOUT, KTSTR_T_SERR,
	KTSTR_T_SLOG, KTSTR_T_SCDX, KTSTR_T_SCDP, KTSTR_T_DMSG, KTSTR_T_PROB, KTSTR_T_SNRQ,
	KTSTR_T_EXCX, KTSTR_T_EXIT,
};

#define NR_TYPES	((int)(sizeof(known_types) / sizeof(known_types[0])))

#define NR_MORE_TYPES	2

_Static_assert(sizeof(known_types) / sizeof(known_types[0]) + NR_MORE_TYPES <= 32, "a bit for every type");

struct stream {
	uint32_t next_seq;
	uint32_t more;		/* types whose last frame had KTSTR_F_MORE */
};

struct assembler {
	assembler_frame_fn fn;
	void *arg;
	uint32_t more_types[NR_MORE_TYPES];	/* 0: none */
	struct assembler_stats stats;
	struct stream streams[ASSEMBLER_STREAMS];
	size_t head;		/* first byte not yet understood */
	size_t tail;		/* end of the bytes */
	uint8_t buf[ROOM];
};

struct assembler *assembler__new(assembler_frame_fn fn, void *arg)
{
	struct assembler *a = calloc(1, sizeof(*a));

	if (a) {
		a->fn = fn;
		a->arg = arg;
	}
	return a;
}

void assembler__take_too(struct assembler *a, uint32_t first, uint32_t second)
{
	a->more_types[0] = first;
	a->more_types[1] = second;
}

void assembler__free(struct assembler *a)
{
	free(a);
}

static int type_index(const struct assembler *a, uint32_t type)
{
	for (int i = 0; i < NR_TYPES; i++)
		if (known_types[i] == type)
			return i;
	for (int i = 0; i < NR_MORE_TYPES; i++)
		if (a->more_types[i] && a->more_types[i] == type)
			return NR_TYPES + i;
	return -1;
}

static bool header_good(const struct ktstr_frame *h)
{
	return le32toh(h->magic) == KTSTR_WIRE_MAGIC &&
	       le32toh(h->header_crc) == crc32(0, (const Bytef *)h, HEADER - 4) &&
	       le16toh(h->version) == KTSTR_WIRE_VERSION &&
	       le32toh(h->len) <= KTSTR_WIRE_PAYLOAD_MAX;
}

/* Where could a header start in these bytes? The end counts when it is cut. */
static size_t find_magic(const uint8_t *p, size_t len)
{
	const uint32_t magic = htole32(KTSTR_WIRE_MAGIC);

	for (size_t i = 0; i < len; i++) {
		size_t n = len - i < sizeof(magic) ? len - i : sizeof(magic);

		if (!memcmp(p + i, &magic, n))
			return i;
	}
	return len;
}

static void stream_count(struct assembler *a, struct stream *s, uint32_t seq)
{
	uint32_t ahead = seq - s->next_seq;

	/* Counts wrap at 2^32: ahead and behind are half of the circle each. */
	if (ahead >= 1u << 31)
		a->stats.reordered++;
	else
		a->stats.lost += ahead;
	s->next_seq = seq + 1;
}

static bool payload_bad(const struct ktstr_frame *h, const uint8_t *data)
{
	if (le16toh(h->flags) & KTSTR_F_NOCRC)
		return false;
	return le32toh(h->payload_crc) != crc32(0, data, le32toh(h->len));
}

static void deliver(struct assembler *a, const struct ktstr_frame *h, const uint8_t *data)
{
	struct assembler_frame f = {
		.type	= le32toh(h->type),
		.stream	= le32toh(h->stream),
		.seq	= le32toh(h->seq),
		.flags	= le16toh(h->flags),
		.data	= data,
		.len	= le32toh(h->len),
	};
	int type = type_index(a, f.type);
	struct stream *s;

	if (f.stream >= ASSEMBLER_STREAMS) {
		a->stats.unknown++;
		return;
	}
	s = &a->streams[f.stream];
	stream_count(a, s, f.seq);
	if (type < 0) {
		a->stats.unknown++;
		return;
	}
	a->stats.frames++;
	f.continues = s->more & (1u << type);
	if (f.flags & KTSTR_F_MORE)
		s->more |= 1u << type;
	else
		s->more &= ~(1u << type);
	f.corrupt = payload_bad(h, data);
	a->stats.corrupt += f.corrupt;
	a->fn(a->arg, &f);
}

/* One step at the head: a frame, or bytes skipped. False: more bytes are needed. */
static bool step(struct assembler *a)
{
	size_t have = a->tail - a->head;
	size_t skip = find_magic(a->buf + a->head, have);
	struct ktstr_frame h;
	size_t len;

	a->stats.skipped += skip;
	a->head += skip;
	have -= skip;
	if (have < HEADER)
		return false;
	memcpy(&h, a->buf + a->head, HEADER);
	if (!header_good(&h)) {
		a->stats.skipped++;
		a->head++;
		return true;
	}
	len = HEADER + le32toh(h.len);
	if (have < len)
		return false;
	deliver(a, &h, a->buf + a->head + HEADER);
	a->head += len;
	return true;
}

void assembler__feed(struct assembler *a, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		size_t n;

		/* What step() leaves is less than a frame: half of the room at most. */
		if (ROOM - a->tail < len && a->head) {
			memmove(a->buf, a->buf + a->head, a->tail - a->head);
			a->tail -= a->head;
			a->head = 0;
		}
		n = len < ROOM - a->tail ? len : ROOM - a->tail;
		memcpy(a->buf + a->tail, p, n);
		a->tail += n;
		p += n;
		len -= n;
		while (step(a))
			;
	}
}

const void *assembler__residue(const struct assembler *a, size_t *len)
{
	*len = a->tail - a->head;
	return *len ? a->buf + a->head : NULL;
}

const struct assembler_stats *assembler__stats(const struct assembler *a)
{
	return &a->stats;
}
