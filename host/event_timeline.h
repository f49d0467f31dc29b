/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which cgroup had which CPU when, in memory that does not depend on the length of the
 * run: every CPU has the same number of cells, and all become twice as wide whenever
 * the run has become too long for them.
 *
 * For every cell, exactly:
 *
 *	time of its owners + other + idle + offline + unknown == how much of it has been told
 *
 * and that is the width of the cell but for the last one.
 */
#ifndef KTSTR_HOST_EVENT_TIMELINE_H
#define KTSTR_HOST_EVENT_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "event_state.h"

#define EVENT_TIMELINE_CELLS	256u		/* a power of 2 */
#define EVENT_TIMELINE_FIRST_NS	1000000ull	/* width at the start: 256 ms in all */
#define EVENT_TIMELINE_OWNERS	8u		/* with time of their own in a cell */
#define EVENT_TIMELINE_CGROUPS	64u		/* that may be owners; the next are "other" */

/**
 * struct event_timeline_cell - what one CPU did for a while
 * @ns: time of each owner, in no order; 0: this place is free
 * @owner: whose, for event_timeline__cgroup()
 * @other: time of tasks whose cgroup has no place here, or had none when it was told
 * @idle: time without a task
 * @offline: time that the CPU was away
 * @unknown: time of which nothing is known
 */
struct event_timeline_cell {
	uint64_t ns[EVENT_TIMELINE_OWNERS];
	uint16_t owner[EVENT_TIMELINE_OWNERS];
	uint64_t other;
	uint64_t idle;
	uint64_t offline;
	uint64_t unknown;
};

/** event_timeline_cell__sum() - all times together, in ns */
uint64_t event_timeline_cell__sum(const struct event_timeline_cell *c);

/** event_timeline_cell__merge() - add all of @from to @c; what has no place becomes other */
void event_timeline_cell__merge(struct event_timeline_cell *c,
				const struct event_timeline_cell *from);

struct event_timeline;

/** event_timeline__new() - return: NULL without memory; it never needs more later */
struct event_timeline *event_timeline__new(uint32_t nr_cpus);

/** event_timeline__free() - NULL is fine */
void event_timeline__free(struct event_timeline *t);

/** event_timeline__begin() - forget everything; nothing before this time counts */
void event_timeline__begin(struct event_timeline *t, uint64_t start_ns);

/**
 * event_timeline__add() - a CPU did one thing from one time to another
 * @t: timeline
 * @cpu: which; one that there is not is ignored
 * @what: BUSY, IDLE or UNKNOWN
 * @cgroup: id of the cgroup that had it, when BUSY
 * @from_ns: since when; what is before the start is cut
 * @to_ns: until when
 */
void event_timeline__add(struct event_timeline *t, uint32_t cpu, enum event_cpu_state what,
			 uint64_t cgroup, uint64_t from_ns, uint64_t to_ns);

/* Results. */
uint64_t event_timeline__start_ns(const struct event_timeline *t);
uint64_t event_timeline__width_ns(const struct event_timeline *t);
uint32_t event_timeline__nr_cpus(const struct event_timeline *t);

/** event_timeline__cell() - NULL where there is none */
const struct event_timeline_cell *event_timeline__cell(const struct event_timeline *t, uint32_t cpu,
						       uint32_t at);

/** event_timeline__cgroup() - the id behind an owner's number */
uint64_t event_timeline__cgroup(const struct event_timeline *t, uint16_t owner);

#endif /* KTSTR_HOST_EVENT_TIMELINE_H */
