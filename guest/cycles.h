/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU's cycle counter that user space may read.
 */
#ifndef GUEST_CYCLES_H
#define GUEST_CYCLES_H

#include <stdint.h>

#ifdef __x86_64__
#define HAS_CYCLES	1

static inline uint64_t cycles_read(void)
{
	uint32_t low, high;

	/* Not before what comes before (Intel SDM, RDTSC; AMD64 APM 3): the fence orders it. */
	__asm__ volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}
#else
#define HAS_CYCLES	0

static inline uint64_t cycles_read(void)
{
	return 0;
}
#endif

#endif /* GUEST_CYCLES_H */
