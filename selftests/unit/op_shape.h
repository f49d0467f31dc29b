/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Topologies for the tests of operations.
 */
#ifndef OP_SHAPE_H
#define OP_SHAPE_H

#include <ktstr/op.h>

/* Even: @nodes, LLCs in each, cores in each LLC, threads in each core. */
static inline struct ktstr_shape op_shape(unsigned int nodes, unsigned int llcs,
					  unsigned int cores, unsigned int threads)
{
	struct ktstr_shape s = { .nr_cpus = nodes * llcs * cores * threads };

	for (unsigned int cpu = 0; cpu < s.nr_cpus; cpu++) {
		cpu_mask__set(&s.online, cpu);
		s.core[cpu] = (uint16_t)(cpu / threads);
		s.llc[cpu] = (uint16_t)(cpu / threads / cores);
		s.node[cpu] = (uint16_t)(cpu / threads / cores / llcs);
	}
	return s;
}

/* Uneven: LLCs of 1, 4 and 2 CPUs; nodes of 1 and 6, node 1 without a CPU; one core of two. */
static inline struct ktstr_shape op_shape_uneven(void)
{
	static const uint16_t llc[] = { 0, 1, 1, 1, 1, 2, 2 }, core[] = { 0, 1, 1, 2, 3, 4, 5 };
	struct ktstr_shape s = { .nr_cpus = 7 };

	for (unsigned int cpu = 0; cpu < s.nr_cpus; cpu++) {
		cpu_mask__set(&s.online, cpu);
		s.llc[cpu] = llc[cpu];
		s.core[cpu] = core[cpu];
		s.node[cpu] = cpu ? 2 : 0;
	}
	return s;
}

#endif /* OP_SHAPE_H */
