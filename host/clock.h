/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_HOST_CLOCK_H
#define KTSTR_HOST_CLOCK_H

#include <stdint.h>
#include <time.h>

/** clock__now_ns() - CLOCK_MONOTONIC in nanoseconds */
static inline uint64_t clock__now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

#endif /* KTSTR_HOST_CLOCK_H */
