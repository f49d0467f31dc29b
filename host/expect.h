/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expectations: what a test wants to be true, judged from what happened.
 *
 * Asked for by the test or by default (Documentation/expectations.rst has every kind with its
 * bound and the reason for it). What is expected comes from the plan, or from the trace when a
 * body asked; what happened comes from the trace, the workers' accounts, payloads and
 * scheduler events, never from the plan. Pure: no clock, no file, no memory.
 */
#ifndef KTSTR_HOST_EXPECT_H
#define KTSTR_HOST_EXPECT_H

#include "events.h"
#include "expect_host.h"
#include "op_state.h"
#include "verdict.h"

/* A change of where tasks may run is in effect this long after the operation's end. */
#define EXPECT_GRACE_NS		EVENT_STRAY_GRACE_NS

/**
 * struct expect_case - what is judged from
 * @plan: what was planned
 * @ev: what happened
 * @ops: operations that were carried out
 * @stream: scheduler events, all of the window; NULL: there are none to judge by
 * @no_events: why not
 * @no_events_kind: the same for machines
 * @drift_ns: how far times of events may be off those of the trace
 * @host: what the host did
 * @nr_cpus: CPUs are numbered below this
 * @from_ns, @to_ns: the window
 */
struct expect_case {
	const struct plan *plan;
	const struct evidence *ev;
	struct op_list ops;
	const struct event_stream *stream;
	char no_events[200];
	enum verdict_kind no_events_kind;
	uint64_t drift_ns;
	struct expect_host host;
	uint32_t nr_cpus;
	uint64_t from_ns, to_ns;
};

/**
 * expect_case__init() - of a run whose window is whole
 * @x: case
 * @plan: plan
 * @ev: evidence
 * @events: of that run, finished; or NULL
 */
void expect_case__init(struct expect_case *x, const struct plan *plan, const struct evidence *ev,
		       const struct events *events);

/**
 * expect__judge() - decide a point
 * @x: case
 * @ask: an operation of verb EXPECT: what is expected of whom; a default has no @at
 * @c: point; gets status, kind and a reason of one sentence
 */
void expect__judge(const struct expect_case *x, const struct ktstr_op *ask,
		   struct verdict_check *c);

/**
 * expect__name() - the name of an expectation's point
 * @ask: as above
 * @buf, @size: where to: "fair(a,b)", "wake_latency_p99(a)"
 *
 * Return: @buf.
 */
char *expect__name(const struct ktstr_op *ask, char *buf, size_t size);

/** expect__is_default() - is this kind expected of every test that does not say otherwise? */
bool expect__is_default(enum ktstr_expect_kind kind);

/** expect__bound() - @ask's bound, or the kind's default */
double expect__bound(const struct ktstr_op *ask);

/*
 * What judges share.
 */

/** expect__subject() - is a cgroup, or worker in it, one that @ask is about? */
bool expect__subject(const struct expect_case *x, const struct ktstr_op *ask, const char *cgroup);

/** expect__at() - "file:line: " for the beginning of a sentence, "" for a default; a static buffer
 *	of the caller: @buf
 */
const char *expect__at(const struct ktstr_op *ask, char buf[KTSTR_OP_AT_MAX + 2]);

/** expect__window_s() - length of the window in seconds */
double expect__window_s(const struct expect_case *x);

/** expect__frozen_ns() - how long a cgroup was frozen within a time */
uint64_t expect__frozen_ns(const struct expect_case *x, const char *cgroup, uint64_t from_ns,
			   uint64_t to_ns);

/** expect__gap_ns() - a worker's longest gap, without the time in which it was frozen */
double expect__gap_ns(const struct expect_case *x, const struct evidence_worker *w);

/* Judges, by kind; arguments as of expect__judge(). */
typedef void (*expect_judge_fn)(const struct expect_case *x, const struct ktstr_op *ask,
				struct verdict_check *c);

/* expect_workers.c */
void judge__not_starved(const struct expect_case *x, const struct ktstr_op *ask,
			struct verdict_check *c);
void judge__max_gap(const struct expect_case *x, const struct ktstr_op *ask,
		    struct verdict_check *c);
void judge__throughput(const struct expect_case *x, const struct ktstr_op *ask,
		       struct verdict_check *c);
void judge__spread(const struct expect_case *x, const struct ktstr_op *ask,
		   struct verdict_check *c);
void judge__node_local(const struct expect_case *x, const struct ktstr_op *ask,
		       struct verdict_check *c);
void judge__overhead(const struct expect_case *x, const struct ktstr_op *ask,
		     struct verdict_check *c);
/* expect_phase.c */
void judge__no_regression(const struct expect_case *x, const struct ktstr_op *ask,
			  struct verdict_check *c);
/* expect_share.c */
void judge__fair(const struct expect_case *x, const struct ktstr_op *ask,
		 struct verdict_check *c);
void judge__quota(const struct expect_case *x, const struct ktstr_op *ask,
		  struct verdict_check *c);
/* expect_place.c */
void judge__isolated(const struct expect_case *x, const struct ktstr_op *ask,
		     struct verdict_check *c);
/* expect_events.c */
void judge__work_conserving(const struct expect_case *x, const struct ktstr_op *ask,
			    struct verdict_check *c);
void judge__wake_latency(const struct expect_case *x, const struct ktstr_op *ask,
			 struct verdict_check *c);
void judge__migrations(const struct expect_case *x, const struct ktstr_op *ask,
		       struct verdict_check *c);
void judge__llc_local(const struct expect_case *x, const struct ktstr_op *ask,
		      struct verdict_check *c);
void judge__account(const struct expect_case *x, const struct ktstr_op *ask,
		    struct verdict_check *c);
/* expect_payload.c */
void judge__metric(const struct expect_case *x, const struct ktstr_op *ask,
		   struct verdict_check *c);
void judge__exit_status(const struct expect_case *x, const struct ktstr_op *ask,
			struct verdict_check *c);

/** expect_events__cgroup() - the test's cgroup of a path in events; NULL: it is no such */
const char *expect_events__cgroup(const char *path);

/** expect_events__missing() - SKIP the point when there are no events to judge by */
bool expect_events__missing(const struct expect_case *x, struct verdict_check *c);

/** expect_events__crowded() - SKIP the point when some tasks or cgroups had no place in tables */
bool expect_events__crowded(const struct expect_case *x, struct verdict_check *c);

/**
 * expect_share__fair() - who gets what, if CPUs are shared by weight and none goes to waste
 * @nr: cgroups
 * @weight: of each, above 0
 * @want: CPUs that each can use
 * @cpus: CPUs that there are
 * @got: filled: CPUs for each
 */
void expect_share__fair(uint32_t nr, const double *weight, const double *want, double cpus,
			double *got);

/**
 * struct expect_crowd - how many workers shared a CPU
 * @s: the state that was looked at last
 * @most: of each of its crews, the most workers that there were for one of its CPUs
 * @looked: at the state that the window began with
 */
struct expect_crowd {
	struct op_state s;
	double most[KTSTR_OPS_MAX];
	bool looked;
};

/** expect_crowd__make() - look at all of the window, with cpusets and affinities as they were */
void expect_crowd__make(struct expect_crowd *c, const struct expect_case *x);

/** expect_crowd__each() - the most workers for a CPU of the workers @name spawned in @cgroup */
double expect_crowd__each(const struct expect_crowd *c, const char *cgroup, const char *name);

#endif /* KTSTR_HOST_EXPECT_H */
