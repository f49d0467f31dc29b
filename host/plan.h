/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan as the host thinks of it, and its text (include/ktstr/plan.h).
 */
#ifndef KTSTR_HOST_PLAN_H
#define KTSTR_HOST_PLAN_H

#include <stdint.h>

#include <ktstr/plan.h>

#include "buf.h"
#include "strv.h"

#define PLAN_CGROUPS_MAX	8	/* of KTSTR_CGROUPS_MAX: what our scenarios use */
#define PLAN_CPUSET_MAX		64	/* bytes of a CPU list */

/**
 * struct plan_cgroup - one cgroup and its workers
 * @name: name below %KTSTR_CGROUP_ROOT
 * @cpuset: CPU list, as in cpuset.cpus
 * @nr_cpus: CPUs in @cpuset
 * @kind: KTSTR_WORK_*
 * @nr_workers: how many
 */
struct plan_cgroup {
	char name[KTSTR_CGROUP_NAME_MAX + 1];
	char cpuset[PLAN_CPUSET_MAX];
	uint32_t nr_cpus;
	const char *kind;
	uint32_t nr_workers;
};

/**
 * struct plan - what the guest shall do
 * @scenario: name, or NULL for a command
 * @exec: the command, when there is no scenario
 * @sched: the scheduler's argv; empty for the kernel's own
 * @seed: source of every random choice
 * @duration_ms: length of the judged window
 * @sched_timeout_ms: how long the scheduler may take to attach
 * @events: by which path scheduler events shall come, or none
 * @events_only, @events_cpus, @events_cgroup: which of them, as in the plan's text; NULL: all
 * @ack_timeout_ms: how long the guest waits for our ACKR before it reboots
 * @cgroups: the scenario's cgroups
 * @nr_cgroups: how many
 */
struct plan {
	const char *scenario;
	struct strv exec;
	struct strv sched;
	uint64_t seed;
	uint32_t duration_ms;
	uint32_t sched_timeout_ms;
	enum ktstr_events_wish events;
	const char *events_only, *events_cpus, *events_cgroup;
	uint32_t ack_timeout_ms;
	struct plan_cgroup cgroups[PLAN_CGROUPS_MAX];
	uint32_t nr_cgroups;
};

/**
 * plan_write() - write the plan's text
 * @plan: plan
 * @out: gets the text; bounded by %KTSTR_PLAN_MAX
 * @e: sentence on failure
 *
 * Return: 0; -E2BIG when the text would be too long for the guest; -ENOMEM.
 */
int plan_write(const struct plan *plan, struct buf *out, struct ktstr_error *e);

/** plan__free() - give the words back */
void plan__free(struct plan *plan);

#endif /* KTSTR_HOST_PLAN_H */
