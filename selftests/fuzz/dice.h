/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers for mutators: the same seed gives the same mutation.
 */
#ifndef FUZZ_DICE_H
#define FUZZ_DICE_H

#include <stdbool.h>
#include <stdint.h>

/** dice__start() - make a state, which is never 0, of the seed that libFuzzer gives */
static inline uint32_t dice__start(unsigned int seed)
{
	return seed * 2654435761u | 1;
}

/** dice__next() - any number */
static inline uint32_t dice__next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/** dice__below() - a number below @n; 0 if @n is 0 */
static inline uint32_t dice__below(uint32_t *state, uint32_t n)
{
	return n ? dice__next(state) % n : 0;
}

/** dice__one_in() - true once in @n times */
static inline bool dice__one_in(uint32_t *state, uint32_t n)
{
	return !dice__below(state, n);
}

#endif /* FUZZ_DICE_H */
