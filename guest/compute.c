// SPDX-License-Identifier: GPL-2.0-only
/*
 * Computing for a while without asking any clock.
 */
#include <time.h>

#include "clock.h"
#include "compute.h"

#define CALIBRATE_STEPS		65536u
#define CALIBRATE_ROUNDS	8

/* Set once, before anybody who computes is forked. */
static uint64_t steps_per_us;

/* A chain of dependent multiplications cannot be vectorised or left out. */
static void compute_steps(uint64_t n)
{
	uint64_t x = n;

	while (n--)
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	asm volatile("" : "+r" (x));
}

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* The shortest of several is the one that no interrupt and no host was in. */
void compute__calibrate(void)
{
	int64_t best = INT64_MAX;

	if (steps_per_us)
		return;
	for (int i = 0; i < CALIBRATE_ROUNDS; i++) {
		int64_t t = cpu_ns();

		compute_steps(CALIBRATE_STEPS);
		t = cpu_ns() - t;
		if (t > 0 && t < best)
			best = t;
	}
	steps_per_us = CALIBRATE_STEPS * 1000ull / (uint64_t)best;
	if (!steps_per_us)
		steps_per_us = 1;
}

void compute__us(uint32_t us)
{
	compute_steps(us * steps_per_us);
}
