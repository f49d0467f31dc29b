/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both sides draw from: random numbers from a printed seed, and byte
 * streams whose every byte is known from its position.
 */
#ifndef DIFF_TRAFFIC_H
#define DIFF_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct rnd - splitmix64; any state is fine */
struct rnd {
	uint64_t state;
};

static inline uint64_t rnd__next(struct rnd *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/** rnd__below() - 0 <= result < @n */
static inline uint32_t rnd__below(struct rnd *r, uint32_t n)
{
	return (rnd__next(r) >> 32) * n >> 32;
}

static inline bool rnd__one_in(struct rnd *r, uint32_t n)
{
	return !rnd__below(r, n);
}

/** rnd__fork() - an independent generator */
static inline struct rnd rnd__fork(struct rnd *r)
{
	return (struct rnd) { rnd__next(r) };
}

/** rnd__size() - 1 <= result <= @max: mostly small, sometimes at a boundary, rarely large */
uint32_t rnd__size(struct rnd *r, uint32_t max);

/** stream__setup() - make the table that all streams are read from */
void stream__setup(uint64_t seed);

/**
 * stream__fill() - the @n bytes of stream @id from @pos on
 * @id: streams of different numbers look different
 */
void stream__fill(unsigned int id, uint64_t pos, void *dst, size_t n);

/** stream__match() - compare; return: index of the first byte that differs, @n if none does */
size_t stream__match(unsigned int id, uint64_t pos, const void *src, size_t n);

#endif /* DIFF_TRAFFIC_H */
