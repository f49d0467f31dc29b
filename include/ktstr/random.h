/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers that a printed seed repeats, on every machine alike.
 */
#ifndef KTSTR_RANDOM_H
#define KTSTR_RANDOM_H

#include <stdint.h>

/**
 * ktstr_random__next() - the next number of a stream
 * @state: the seed at first; advanced
 *
 * splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
 */
static inline uint64_t ktstr_random__next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/** ktstr_random__below() - a number below @n, which is not 0; without a bias */
static inline uint64_t ktstr_random__below(uint64_t *state, uint64_t n)
{
	uint64_t v, limit = UINT64_MAX - UINT64_MAX % n;

	do {
		v = ktstr_random__next(state);
	} while (v >= limit);
	return v % n;
}

#endif /* KTSTR_RANDOM_H */
