// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker that never sleeps.
 */
#include <sched.h>

#include "clock.h"
#include "workers.h"

/* Long against the cost of a sample, short against any slice: some microseconds. */
#define UNIT_STEPS	4096u

/* A chain of dependent multiplications cannot be vectorised or left out. */
static uint64_t compute(uint64_t x)
{
	for (unsigned int i = 0; i < UNIT_STEPS; i++)
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	asm volatile("" : "+r" (x));
	return x;
}

static void sample(struct worker_account *me, const struct cpu_mask *cpus, int64_t now)
{
	uint32_t cpu = (uint32_t)sched_getcpu();

	if (now - me->last_ns > me->max_gap_ns) {
		me->max_gap_ns = now - me->last_ns;
		me->max_gap_at_ns = now;
	}
	/* The first sample has no CPU before it. */
	if (me->iterations && cpu != me->last_cpu)
		me->migrations++;
	me->off_cpuset += !cpu_mask__test(cpus, cpu);
	me->last_cpu = cpu;
	me->iterations++;
	/* Read by PID 1 while this runs: one store, never torn. */
	__atomic_store_n(&me->last_ns, now, __ATOMIC_RELAXED);
}

void work_spin(const struct worker_board *board, struct worker_account *me,
	       const struct cpu_mask *cpus)
{
	uint64_t x = (uint64_t)me->last_ns;
	int64_t now;

	/* Its first wait to run counts like any other. */
	me->last_ns = board->start_ns;
	for (;;) {
		x = compute(x);
		now = now_ns();
		if (now > __atomic_load_n(&board->stop_ns, __ATOMIC_RELAXED))
			return;
		sample(me, cpus, now);
	}
}
