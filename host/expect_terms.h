/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which cgroups compete on equal terms: of them fairness by weight is expected without being
 * asked for, whatever else a scheduler takes for fair.
 */
#ifndef KTSTR_HOST_EXPECT_TERMS_H
#define KTSTR_HOST_EXPECT_TERMS_H

#include "op_state.h"

/**
 * struct expect_side - a cgroup with workers that nothing happens to
 * @cgroup: its path, in the list of operations
 * @set: cgroups with the same number are of one set, and compete
 * @cpus: where they all may run
 * @workers: how many it has
 * @weight: cpu.weight
 */
struct expect_side {
	const char *cgroup;
	uint32_t set;
	struct cpu_mask cpus;
	uint32_t workers;
	double weight;
};

/** struct expect_terms - all of them; @contested: there is a set of two or more */
struct expect_terms {
	uint32_t nr, nr_sets;
	bool contested;
	struct expect_side sides[KTSTR_CGROUPS_MAX];
};

/**
 * expect_terms__of() - find them
 * @t: result
 * @ops: operations, of a plan or a trace
 * @nr_cpus: CPUs are numbered below this
 *
 * Of one set are cgroups with the same parent, the same CPUs and the same workers (kind,
 * number, how they are scheduled), all spawned before the window, whose settings do not
 * change in it; if their weights differ, only where nobody else works on their CPUs.
 */
void expect_terms__of(struct expect_terms *t, const struct op_list *ops, uint32_t nr_cpus);

#endif /* KTSTR_HOST_EXPECT_TERMS_H */
