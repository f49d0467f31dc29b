/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is counted of a task, of a cgroup, of a CPU and of all together: the same for
 * each. Memory is fixed, whatever the length of the run.
 */
#ifndef KTSTR_HOST_EVENT_METRICS_H
#define KTSTR_HOST_EVENT_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/event.h>
#include <ktstr/topology.h>

#include "histogram.h"

#define EVENT_WORST	10u

/**
 * struct event_moment - a time that took long, and when
 * @ns: how long
 * @at_ns: when it was over
 * @pid, @comm: the task
 * @cpu: where it was over
 */
struct event_moment {
	uint64_t ns;
	uint64_t at_ns;
	uint32_t pid;
	uint32_t cpu;
	char comm[KTSTR_EV_COMM];
};

/** struct event_worst - the longest of all, the longest first */
struct event_worst {
	uint32_t nr;
	struct event_moment m[EVENT_WORST];
};

/** event_worst__add() - is it one of the longest? */
void event_worst__add(struct event_worst *w, const struct event_moment *m);

/** struct event_dist - times of one kind; @h is NULL while there were none */
struct event_dist {
	struct histogram *h;
	struct event_worst worst;
};

#define EVENT_SERIES		128u
#define EVENT_SERIES_FIRST_NS	1000000ull	/* width at the start: 128 ms in all */

/**
 * struct event_series - how a sum of times is spread over the run
 * @start_ns: where the first part begins
 * @width_ns: of a part; it doubles whenever the run has become too long
 * @ns: time in each part, at most @width_ns for one CPU
 */
struct event_series {
	uint64_t start_ns;
	uint64_t width_ns;
	uint64_t ns[EVENT_SERIES];
};

/** event_series__start() - begin at a time, with nothing in it */
void event_series__start(struct event_series *s, uint64_t start_ns);

/** event_series__add() - add a stretch of time; what is before the start is cut */
void event_series__add(struct event_series *s, uint64_t from_ns, uint64_t to_ns);

/** event_series__widen() - make the parts at least so wide, and the sums the same */
void event_series__widen(struct event_series *s, uint64_t width_ns);

/* How far a task went when it changed CPUs. */
enum event_distance {
	EVENT_MOVE_SMT,		/* to another thread of the core */
	EVENT_MOVE_LLC,		/* to another core of the LLC */
	EVENT_MOVE_NODE,	/* to another LLC of the node */
	EVENT_MOVE_FAR,		/* to another node */
	EVENT_MOVES,
};

/** event_distance__of() - between two different CPUs; those outside are far away */
enum event_distance event_distance__of(const struct ktstr_topology *t, uint32_t a, uint32_t b);

/** event_distance__name() - in a word */
const char *event_distance__name(enum event_distance d);

/**
 * struct event_account - of a task, cgroup, CPU or all
 * @bits: of the histograms
 * @wake: from being woken (WAKING, or WAKEUP and NEW without one) to running
 * @delay: from being runnable, by whatever reason, to running
 * @slice: from getting a CPU to leaving it
 * @share: time on a CPU over the run
 * @run_ns: time on a CPU
 * @wait_ns: time runnable without one
 * @throttled_ns: of that, time stopped by bandwidth control
 * @runs: times it got a CPU
 * @preempted: times it left one and still wanted to run
 * @wakeups: times it was woken while it slept
 * @moves: times it ran on another CPU than before
 * @placements: times it ran on another one, or for the first time after a wakeup
 * @no_memory: samples that no histogram has
 */
struct event_account {
	unsigned int bits;
	struct event_dist wake;
	struct event_dist delay;
	struct event_dist slice;
	struct event_series share;
	uint64_t run_ns;
	uint64_t wait_ns;
	uint64_t throttled_ns;
	uint64_t runs;
	uint64_t preempted;
	uint64_t wakeups;
	uint64_t moves[EVENT_MOVES];
	uint64_t placements;
	uint64_t no_memory;
};

/** event_account__start() - nothing was counted before this time; frees what it had */
void event_account__start(struct event_account *a, unsigned int bits, uint64_t start_ns);

/** event_account__free() - free what it points to */
void event_account__free(struct event_account *a);

/** event_dist__add() - count a time in @d, which is of @a */
void event_dist__add(struct event_account *a, struct event_dist *d, const struct event_moment *m);

/** event_account__ran() - add a stretch of time on a CPU */
void event_account__ran(struct event_account *a, uint64_t from_ns, uint64_t to_ns);

#endif /* KTSTR_HOST_EVENT_METRICS_H */
