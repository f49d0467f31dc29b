/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the workers of each cgroup of a test did in all: for the table and for JSON.
 */
#ifndef KTSTR_HOST_CGROUP_SUM_H
#define KTSTR_HOST_CGROUP_SUM_H

#include "evidence.h"
#include "op_state.h"

/**
 * struct cgroup_sum - a cgroup, without those below it
 * @cpus: where it might run, as it was at the end of the window
 * @workers: accounts of its workers
 * @kind: of its first workers, NULL when it had none
 * @cpu_ns, @migrations, @max_gap_ns: sums of the accounts, and the longest
 * @of_ns: CPU time that its CPUs had in the window, as long as it was there
 */
struct cgroup_sum {
	struct cpu_mask cpus;
	uint32_t workers;
	const char *kind;
	double cpu_ns, of_ns;
	uint64_t migrations, max_gap_ns;
};

/**
 * cgroup_sum__next() - walk over the cgroups that a trace made, each path once
 * @ev: evidence
 * @i: 0 at first, then as the call left it
 *
 * Return: its path; NULL after the last.
 */
const char *cgroup_sum__next(const struct evidence *ev, uint32_t *i);

/** cgroup_sum__of() - the sums of one of them */
void cgroup_sum__of(struct cgroup_sum *s, const struct evidence *ev, const char *cgroup);

#endif /* KTSTR_HOST_CGROUP_SUM_H */
