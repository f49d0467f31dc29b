/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict: a pure function of the plan, the evidence and the events.
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
	KIND_SCHED_UNPROVEN,	/* enabled at both ends, but no event tells of it */
	KIND_SCHED_UNASKED,	/* none was asked for, one was enabled */
	KIND_WORKER_DIED,
	KIND_WORKER_MISSING,
	KIND_NO_PROGRESS,
	KIND_STARVED,
	KIND_OFF_CPUSET,
	KIND_UNFAIR,
	KIND_SPLAT,
	KIND_LOG_NOT_SCANNED,	/* the kernel log is missing or has holes: a splat may be in there */
	KIND_DRIVER_BROKE,	/* the guest's console driver did what no driver does */
	KIND_EVIDENCE_LOST,
	KIND_NO_EVENTS,		/* the guest has no path for scheduler events */
	KIND_EVENTS_LOST,
	KIND_EVENTS_UNBALANCED,	/* emitted, sent, lost and received do not add up */
	KIND_OPERATION,		/* an operation of the test failed */
	KIND_NO_DATA,		/* nothing happened that could be judged */
	KIND_NOT_CONTESTED,	/* a cgroup got less because it wanted less */
	KIND_QUOTA,
	KIND_IDLED,		/* a CPU was idle while tasks waited that may run there */
	KIND_LATE,		/* wakeups took too long */
	KIND_SLOW,
	KIND_SPREAD,
	KIND_MIGRATIONS,
	KIND_NOT_LOCAL,
	KIND_REGRESSION,
	KIND_METRIC,		/* a payload's figure is missing or outside of its limits */
	KIND_EXIT_STATUS,
	KIND_OVERHEAD,		/* the harness itself used too much CPU time */
	KIND_ACCOUNT,		/* workers and events do not agree */
	KIND_FAULT,		/* a fault that the host was to arm was not, or did nothing */
	KIND_NR,
};

/*
 * The points of judgement; each is a KTAP test point SCENARIO/NAME. Those from OPERATIONS to
 * BODY are judged of a whole window only.
 */
enum verdict_check_id {
	CHECK_COMPLETED,	/* the guest booted, ran the scenario and said goodbye */
	CHECK_OPERATIONS,	/* it did all that the plan says, in order, and nothing failed */
	CHECK_SCHED,		/* the scheduler under test, and no other, ruled when it should */
	CHECK_PROGRESS,		/* every worker lived and worked */
	CHECK_OFF_CPU,		/* none waited longer than the bound */
	CHECK_CPUSET,		/* none ran where it must not */
	CHECK_SHARES,		/* cgroups that compete on equal terms shared by weight */
	CHECK_QUOTA,		/* none used more than its quota */
	CHECK_CONSERVING,	/* no CPU was idle while a task waited for it */
	CHECK_ACCOUNT,		/* workers' accounts and events agree */
	CHECK_OVERHEAD,		/* the harness did not get in the way */
	CHECK_BODY,		/* all that the test's body expects; how much, is known afterwards */
	CHECK_KERNEL_LOG,	/* the whole log was scanned, and has no splat */
	CHECK_EVIDENCE,		/* nothing was lost on the way */
	CHECK_EVENTS,		/* every scheduler event of the window came, accounts balance */
	CHECK_FAULTS,		/* those that the host switched were switched, and did something */
	CHECK_NR,
};

#define VERDICT_NAME_MAX	224u	/* two cgroups, a phase and more, in full */
#define VERDICT_REASON_MAX	512u
#define VERDICT_CHECKS_MAX	(CHECK_NR + KTSTR_OPS_MAX)

/**
 * struct verdict_check - one point
 * @applies: it is a point of this plan
 * @asked: the test asks for it: it is no default
 * @name: of the point
 * @status, @kind, @reason: what came of it; the reason is one sentence
 */
struct verdict_check {
	bool applies, asked;
	char name[VERDICT_NAME_MAX];
	enum verdict_status status;
	enum verdict_kind kind;
	char reason[VERDICT_REASON_MAX];
};

/**
 * struct verdict - all points and what they come to
 * @status: of the whole, the gravest of the points
 * @kind: of the point that decided
 * @reason: its reason
 * @nr: points in @checks, whether they apply or not
 * @checks: by enum verdict_check_id, then what the test expects, in its order
 * @steal_pct: host steal in the window, per cent of all CPU time; < 0 unknown
 */
struct verdict {
	enum verdict_status status;
	enum verdict_kind kind;
	const char *reason;
	uint32_t nr;
	struct verdict_check checks[VERDICT_CHECKS_MAX];
	double steal_pct;
};

struct events;

/**
 * verdict__judge() - judge
 * @v: result
 * @plan: what was asked; decides which checks apply
 * @ev: what happened
 * @events: the events of the run, finished; NULL when there are none
 *
 * Pure: no clock and no file. Every reason is one sentence.
 */
void verdict__judge(struct verdict *v, const struct plan *plan, const struct evidence *ev,
		    const struct events *events);

/** verdict__plan_checks() - which checks a plan has: fills @nr, @applies, @asked and @name only */
void verdict__plan_checks(struct verdict *v, const struct plan *plan);

/** verdict__status_name() - "PASS", "FAIL", ... */
const char *verdict__status_name(enum verdict_status status);

/** verdict__kind_name() - "ok", "sched_died", ... : stable, for machines */
const char *verdict__kind_name(enum verdict_kind kind);

#endif /* KTSTR_HOST_VERDICT_H */
