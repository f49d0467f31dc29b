// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reference reader of frames, and a mutator of their streams that makes CRCs good
 * again: every mutation would end at the header otherwise.
 */
#include <endian.h>
#include <string.h>

#include <zlib.h>

#include "host/assembler.h"

#include "dice.h"
#include "frames.h"
#include "fuzz.h"

#define PREFIX	4u	/* how the fuzzer cuts; see fuzz_assembler.c */

/* As DESIGN section 3 lists them. */
static const char types[][5] = {
	"HELO", "REDY", "LIFE", "SCST", "SCEN", "SCPP", "SCRR", "STIM", "STEN", "EVNT", "EVLS",
	"EVIN", "CLCK",
	"TEST", "PMET", "RAWO", "PROF", "SOUT", "SERR", "SLOG", "SCDX", "SCDP", "DMSG", "PROB",
	"SNRQ", "EXCX", "EXIT",
};

#define NR_TYPES	(sizeof(types) / sizeof(types[0]))

bool frames__known_type(uint32_t type)
{
	const uint32_t le = htole32(type);

	for (size_t i = 0; i < NR_TYPES; i++)
		if (!memcmp(&le, types[i], sizeof(le)))
			return true;
	return false;
}

enum frames_kind frames__at(const uint8_t *p, size_t len, size_t *size)
{
	struct ktstr_frame h;

	*size = 1;
	if (memcmp(p, "KSTR", len < 4 ? len : 4))
		return FRAMES_JUNK;
	*size = len;
	if (len < FRAMES_HEADER)
		return FRAMES_CUT;
	memcpy(&h, p, sizeof(h));
	*size = 1;
	if (le32toh(h.header_crc) != crc32(0, p, 28) || le16toh(h.version) != 1 ||
	    le32toh(h.len) > KTSTR_WIRE_PAYLOAD_MAX)
		return FRAMES_JUNK;
	*size = FRAMES_HEADER + le32toh(h.len);
	if (*size <= len)
		return FRAMES_FRAME;
	*size = len;
	return FRAMES_CUT;
}

void frames__fix(struct ktstr_frame *h, const uint8_t *data)
{
	if (data)
		h->payload_crc = htole32(crc32(0, data, le32toh(h->len)));
	h->header_crc = htole32(crc32(0, (const Bytef *)h, sizeof(*h) - 4));
}

static uint32_t some_stream(uint32_t *seed)
{
	static const uint32_t odd[] = { ASSEMBLER_STREAMS - 1, ASSEMBLER_STREAMS, UINT32_MAX };

	return dice__below(seed, 4) ? dice__below(seed, 3) : odd[dice__below(seed, 3)];
}

static uint32_t some_len(uint32_t *seed)
{
	switch (dice__below(seed, 4)) {
	case 0:
		return KTSTR_WIRE_PAYLOAD_MAX + 1 - dice__below(seed, 3);
	case 1:
		return dice__below(seed, KTSTR_WIRE_PAYLOAD_MAX);
	default:
		return dice__below(seed, 20);
	}
}

static uint32_t some_type(uint32_t *seed)
{
	/* A guest sends no replies. */
	static const char others[][5] = { "SNRP", "ACKR", "PING", "NONE" };
	uint32_t le;

	memcpy(&le, dice__below(seed, 8) ? types[dice__below(seed, NR_TYPES)] : others[dice__below(seed, 4)],
	       sizeof(le));
	return le;
}

static struct ktstr_frame some_header(uint32_t *seed)
{
	return (struct ktstr_frame) {
		.magic = htole32(KTSTR_WIRE_MAGIC), .version = htole16(1),
		.flags = htole16(dice__below(seed, 4)), .type = some_type(seed),
		.stream = htole32(some_stream(seed)), .seq = htole32(dice__below(seed, 8)),
		.len = htole32(some_len(seed)),
	};
}

/* Change one field of a header. */
static void change(struct ktstr_frame *h, uint32_t *seed)
{
	switch (dice__below(seed, 7)) {
	case 0:
		h->flags = htole16(dice__below(seed, 16) ? dice__below(seed, 4) : dice__next(seed));
		return;
	case 1:
		h->type = some_type(seed);
		return;
	case 2:
		h->stream = htole32(some_stream(seed));
		return;
	case 3:
		h->seq = htole32(le32toh(h->seq) + dice__below(seed, 5) - 2);
		return;
	case 4:
		h->seq = htole32(dice__below(seed, 2) ? 1u << dice__below(seed, 32) : UINT32_MAX);
		return;
	case 5:
		h->len = htole32(some_len(seed));
		return;
	default:
		h->version = htole16(dice__below(seed, 3));
	}
}

/* Where the frames are; no more than @max of them. */
static size_t find_frames(const uint8_t *data, size_t size, size_t *at, size_t max)
{
	size_t nr = 0, n;

	for (size_t i = 0; i < size && nr < max; i += n)
		if (frames__at(data + i, size - i, &n) == FRAMES_FRAME)
			at[nr++] = i;
	return nr;
}

static size_t insert(uint8_t *data, size_t size, size_t max, size_t at, const void *what, size_t n)
{
	if (n > max - size)
		return size;
	memmove(data + at + n, data + at, size - at);
	memcpy(data + at, what, n);
	return size + n;
}

static size_t insert_frame(uint8_t *data, size_t size, size_t max, size_t at, uint32_t *seed)
{
	static uint8_t frame[FRAMES_HEADER + KTSTR_WIRE_PAYLOAD_MAX + 1];
	struct ktstr_frame h = some_header(seed);
	size_t len = le32toh(h.len);

	memset(frame + sizeof(h), dice__below(seed, 2) ? 'K' : dice__next(seed), len);
	if (len > 8)
		memcpy(frame + sizeof(h) + dice__below(seed, len - 8), "KSTR\1\0\0\0", 8);
	frames__fix(&h, frame + sizeof(h));
	if (!dice__below(seed, 8))
		h.payload_crc ^= 1;
	memcpy(frame, &h, sizeof(h));
	return insert(data, size, max, at, frame, sizeof(h) + len);
}

/* A change of a good header, with its CRC made good again: the frame behind it moves. */
static void change_frame(uint8_t *p, size_t room, uint32_t *seed)
{
	struct ktstr_frame h;

	memcpy(&h, p, sizeof(h));
	change(&h, seed);
	frames__fix(&h, le32toh(h.len) <= room - sizeof(h) ? p + sizeof(h) : NULL);
	memcpy(p, &h, sizeof(h));
}

/* A change of what a frame carries, with its CRC made good again. */
static void change_payload(uint8_t *p, size_t n)
{
	struct ktstr_frame h;

	memcpy(&h, p, sizeof(h));
	if (n > sizeof(h))
		LLVMFuzzerMutate(p + sizeof(h), n - sizeof(h), n - sizeof(h));
	frames__fix(&h, p + sizeof(h));
	memcpy(p, &h, sizeof(h));
}

static size_t mutate_frames(uint8_t *data, size_t size, size_t max, uint32_t *seed)
{
	static uint8_t copy[FRAMES_HEADER + KTSTR_WIRE_PAYLOAD_MAX];
	static size_t at[256];
	size_t nr = find_frames(data, size, at, 256), i, n;

	if (!nr || !dice__below(seed, 3))
		return insert_frame(data, size, max, nr ? at[dice__below(seed, nr)] : 0, seed);
	i = at[dice__below(seed, nr)];
	frames__at(data + i, size - i, &n);
	switch (dice__below(seed, 8)) {
	case 0:
		memmove(data + i, data + i + n, size - i - n);
		return size - n;
	case 1:
		memcpy(copy, data + i, n);
		return insert(data, size, max, at[dice__below(seed, nr)], copy, n);
	case 2:
		return i + dice__below(seed, n);
	case 3:
	case 4:
	case 5:
		change_payload(data + i, n);
		return size;
	default:
		change_frame(data + i, size - i, seed);
		return size;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	uint32_t s = dice__start(seed);

	if (size < PREFIX || max < PREFIX || !dice__below(&s, 4))
		return LLVMFuzzerMutate(data, size, max);
	if (!dice__below(&s, 8)) {
		uint32_t cuts = dice__next(&s);

		memcpy(data, &cuts, PREFIX);
		return size;
	}
	for (unsigned int n = 1 + dice__below(&s, 3); n; n--)
		size = PREFIX + mutate_frames(data + PREFIX, size - PREFIX, max - PREFIX, &s);
	return size;
}
