/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A byte stream that both ends can make for themselves: xorshift64* from a
 * seed. The console tests push it through a port and compare CRCs, so neither
 * end has to keep what it sent.
 */
#ifndef KTSTR_VM_STREAM_H
#define KTSTR_VM_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

struct stream {
	uint64_t x;		/* generator state, never 0 */
	uint64_t at;		/* bytes made so far */
	uint32_t crc;		/* CRC-32 of those bytes */
};

static inline void stream__init(struct stream *s, uint64_t seed)
{
	s->x = seed * 2 + 1;
	s->at = 0;
	s->crc = 0;
}

static inline uint64_t stream__next(struct stream *s)
{
	s->x ^= s->x >> 12;
	s->x ^= s->x << 25;
	s->x ^= s->x >> 27;
	return s->x * 0x2545f4914f6cdd1dull;
}

/* Fill @buf with the next @len bytes; @len is a multiple of 8 but for the last call. */
static inline void stream__fill(struct stream *s, void *buf, size_t len)
{
	uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i += 8) {
		uint64_t v = stream__next(s);

		memcpy(p + i, &v, len - i < 8 ? len - i : 8);
	}
	s->at += len;
	s->crc = crc32(s->crc, buf, len);
}

#endif /* KTSTR_VM_STREAM_H */
