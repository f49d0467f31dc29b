/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one clock of everything the guest reports, CLOCK_MONOTONIC, and those of CPU time.
 */
#ifndef GUEST_CLOCK_H
#define GUEST_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC	1000000000LL
#define NSEC_PER_MSEC	1000000LL

/** clock_ns() - a clock in nanoseconds; those of CPU time take a system call */
static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/** now_ns() - CLOCK_MONOTONIC in nanoseconds; vDSO, callable from any context */
static inline int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/** deadline_ns() - the moment @ms milliseconds from now, for loop__until() */
static inline int64_t deadline_ns(uint64_t ms)
{
	return now_ns() + (int64_t)ms * NSEC_PER_MSEC;
}

#endif /* GUEST_CLOCK_H */
