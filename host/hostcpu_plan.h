/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which host CPUs a machine gets. Decisions only: nothing is read, locked or bound here.
 */
#ifndef KTSTR_HOST_HOSTCPU_PLAN_H
#define KTSTR_HOST_HOSTCPU_PLAN_H

#include <ktstr/topology.h>

#include "hostcpu.h"

/**
 * struct hostcpu_want - what was asked for; with none of @pin, @cpus and @perf: nothing
 * @vcpus: CPUs of the guest
 * @threads: of each of the guest's cores
 * @memory_mib: the guest's memory
 * @pin: every vCPU on a host CPU of its own
 * @cpus: how many host CPUs in all, 0: no limit
 * @perf: performance mode
 */
struct hostcpu_want {
	uint32_t vcpus;
	uint32_t threads;
	uint32_t memory_mib;
	bool pin;
	uint32_t cpus;
	bool perf;
};

/**
 * struct hostcpu_plan - an answer
 * @cpu: host CPUs, the one of vCPU i at i % @nr if vCPUs are pinned
 * @nr: how many; fewer than vCPUs: they share
 * @lock: what no other ktstr may use meanwhile: @cpu; in performance mode everything
 *	that shares a cache or a core with them
 * @rest: performance mode: for ktstr's own threads
 * @node: performance mode: where memory is taken from, else -1
 * @hugetlb: performance mode: from the huge pages that were set aside
 */
struct hostcpu_plan {
	uint32_t cpu[CPU_MASK_BITS];
	uint32_t nr;
	struct cpu_mask lock;
	struct cpu_mask rest;
	int node;
	bool hugetlb;
};

/**
 * hostcpu_plan__check() - can this host ever give that?
 * @h: host
 * @w: what was asked for, without @perf
 * @e: sentence on failure
 *
 * Return: 0 or -EINVAL.
 */
int hostcpu_plan__check(const struct hostcpu *h, const struct hostcpu_want *w,
			struct ktstr_error *e);

/**
 * hostcpu_plan__make() - choose
 * @p: result
 * @h: host
 * @w: what was asked for, found possible
 * @taken: CPUs that others use
 *
 * Inside one LLC if one has enough CPUs, on separate cores unless the guest has SMT.
 *
 * Return: 0; -EBUSY when too few are free now.
 */
int hostcpu_plan__make(struct hostcpu_plan *p, const struct hostcpu *h,
		       const struct hostcpu_want *w, const struct cpu_mask *taken);

#define HOSTCPU_REASONS	8u

/** struct hostcpu_reasons - why a host cannot give performance mode, a sentence each */
struct hostcpu_reasons {
	struct ktstr_error why[HOSTCPU_REASONS];
	uint32_t nr;
};

/**
 * hostcpu_perf__check() - can this host ever give performance mode to this guest?
 * @h: host
 * @w: what was asked for
 * @r: reasons are added here; none: it can
 */
void hostcpu_perf__check(const struct hostcpu *h, const struct hostcpu_want *w,
			 struct hostcpu_reasons *r);

/** hostcpu_perf__make() - as hostcpu_plan__make(), for @w->perf */
int hostcpu_perf__make(struct hostcpu_plan *p, const struct hostcpu *h,
		       const struct hostcpu_want *w, const struct cpu_mask *taken);

#endif /* KTSTR_HOST_HOSTCPU_PLAN_H */
