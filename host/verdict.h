/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict: a pure function of the plan, the evidence and the limits.
 */
#ifndef KTSTR_HOST_VERDICT_H
#define KTSTR_HOST_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"
#include "plan.h"

enum verdict_status {
	VERDICT_PASS = 0,
	VERDICT_SKIP,		/* not judged, with the reason */
	VERDICT_INCONCLUSIVE,	/* judged, but the measurement cannot be trusted */
	VERDICT_FAIL,
	VERDICT_CRASH,		/* the guest did not live to tell */
	VERDICT_ENV,		/* kernel or image cannot do what was asked: nobody's fault */
	VERDICT_INTERRUPTED,
};

/* What happened, for machines; each has a sentence of its own. */
enum verdict_kind {
	KIND_OK = 0,
	KIND_NOT_REACHED,	/* the run ended before this could be judged */
	KIND_PANIC,
	KIND_INIT_KILLED,
	KIND_TRIPLE_FAULT,
	KIND_KVM_ERROR,
	KIND_GUEST_GONE,	/* reset or power-off that nobody asked for */
	KIND_BOOT_FAILED,	/* the same before our init spoke */
	KIND_HANG,		/* no sign of life for the time-out */
	KIND_ENDLESS,		/* alive, but never done */
	KIND_INTERRUPTED,
	KIND_ENV,
	KIND_GUEST_FAILED,	/* the guest says so, and nothing more precise is known */
	KIND_GUEST_ABORTED,
	KIND_SCHED_DIED_AT_START,
	KIND_SCHED_NOT_ATTACHED,
	KIND_SCHED_DIED,
	KIND_SCHED_DETACHED,	/* its process lives, the kernel threw it out */
	KIND_SCHED_REPLACED,	/* ops or enable_seq changed in the window */
	KIND_SCHED_UNASKED,	/* none was asked for, one was enabled */
	KIND_WORKER_DIED,
	KIND_WORKER_MISSING,
	KIND_NO_PROGRESS,
	KIND_STARVED,
	KIND_OFF_CPUSET,
	KIND_UNFAIR,
	KIND_SPLAT,
	KIND_DRIVER_BROKE,	/* the guest's console driver did what no driver does */
	KIND_EVIDENCE_LOST,
	KIND_NO_EVENTS,		/* the guest has no path for scheduler events */
	KIND_EVENTS_LOST,
	KIND_EVENTS_UNBALANCED,	/* emitted, sent, lost and received do not add up */
	KIND_NR,
};

/* The points of judgement; each is a KTAP test point SCENARIO/NAME. */
enum verdict_check_id {
	CHECK_COMPLETED,	/* the guest booted, ran the scenario and said goodbye */
	CHECK_SCHED,		/* the scheduler under test, and no other, ruled the whole window */
	CHECK_PROGRESS,		/* every worker lived and worked */
	CHECK_OFF_CPU,		/* none waited longer than the bound */
	CHECK_CPUSET,		/* none ran where it must not */
	CHECK_SHARES,		/* cgroups over the same CPUs shared them */
	CHECK_KERNEL_LOG,	/* no splat */
	CHECK_EVIDENCE,		/* nothing was lost on the way */
	CHECK_EVENTS,		/* every scheduler event of the window came, and the accounts balance */
	CHECK_NR,
};

/**
 * struct verdict_limits - what is still good
 * @off_cpu_ns: longest time a worker may not run
 * @share_points: percentage points a cgroup may be off its fair share
 * @steal_pct: above this the off-CPU bound says nothing about the scheduler
 */
struct verdict_limits {
	uint64_t off_cpu_ns;
	double share_points;
	double steal_pct;
};

extern const struct verdict_limits verdict_default_limits;

/** struct verdict_check - one point; @applies false: not a point of this plan */
struct verdict_check {
	bool applies;
	const char *name;
	enum verdict_status status;
	enum verdict_kind kind;
	char reason[320];
};

/**
 * struct verdict - all points and what they come to
 * @status: of the whole, the gravest of the points
 * @kind: of the point that decided
 * @reason: its reason
 * @checks: by enum verdict_check_id
 * @steal_pct: host steal in the window, per cent of all CPU time; < 0 unknown
 */
struct verdict {
	enum verdict_status status;
	enum verdict_kind kind;
	const char *reason;
	struct verdict_check checks[CHECK_NR];
	double steal_pct;
};

/**
 * verdict__judge() - judge
 * @v: result
 * @plan: what was asked; decides which checks apply
 * @ev: what happened
 * @limits: what is still good
 *
 * Pure: no clock, no file, no memory. Every reason is one sentence.
 */
void verdict__judge(struct verdict *v, const struct plan *plan, const struct evidence *ev,
		    const struct verdict_limits *limits);

/** verdict__plan_checks() - which checks apply to a plan: fills @applies and @name only */
void verdict__plan_checks(struct verdict *v, const struct plan *plan);

/** verdict__status_name() - "PASS", "FAIL", ... */
const char *verdict__status_name(enum verdict_status status);

/** verdict__kind_name() - "ok", "sched_died", ... : stable, for machines */
const char *verdict__kind_name(enum verdict_kind kind);

#endif /* KTSTR_HOST_VERDICT_H */
