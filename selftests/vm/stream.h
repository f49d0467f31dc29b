/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte streams that both ends can make for themselves, so that neither has to
 * keep what it sent. struct stream is xorshift64* from a seed, in order, with a
 * CRC; stream__make() and stream__check() know any place of theirs, byte by
 * byte, so that a test can say where the first wrong byte was.
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

/* Word @i of the stream of @seed: Vigna's splitmix64, a hash of the index. */
static inline uint64_t stream__word(uint64_t seed, uint64_t i)
{
	uint64_t z = (seed << 40) + (i + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Make bytes @off to @off + @len of the stream of @seed. */
static inline void stream__make(uint64_t seed, uint64_t off, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		uint64_t v = stream__word(seed, off / 8);
		size_t skip = off % 8, n = len < 8 - skip ? len : 8 - skip;

		/* Mostly 8, and then the compiler is to know. */
		if (n == 8)
			memcpy(p, &v, 8);
		else
			memcpy(p, (uint8_t *)&v + skip, n);
		p += n;
		off += n;
		len -= n;
	}
}

/* Return: how many of the bytes at @buf are those of the stream from @off on. */
static inline size_t stream__check(uint64_t seed, uint64_t off, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	size_t done = 0;

	while (done < len) {
		uint64_t v = stream__word(seed, (off + done) / 8);
		size_t skip = (off + done) % 8;
		size_t n = len - done < 8 - skip ? len - done : 8 - skip;

		if (memcmp(p + done, (uint8_t *)&v + skip, n)) {
			while (p[done] == ((uint8_t *)&v)[skip]) {
				done++;
				skip++;
			}
			return done;
		}
		done += n;
	}
	return done;
}

#endif /* KTSTR_VM_STREAM_H */
