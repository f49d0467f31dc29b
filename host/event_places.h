/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the tasks of every cgroup ran, and when: for each cgroup and CPU a bit for each part
 * of the window.
 *
 * What was allowed becomes known only when the run is over, by another way than the
 * events; this keeps enough to ask then. The parts are short at first and get twice as long
 * whenever the run has become too long: memory does not depend on its length.
 */
#ifndef KTSTR_HOST_EVENT_PLACES_H
#define KTSTR_HOST_EVENT_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#define EVENT_PLACES_FIRST_NS	250000ull	/* width of a part at the start */
#define EVENT_PLACES_PARTS	32768u		/* 8 s with that width */
#define EVENT_PLACES_MAX	4096u		/* cgroups times CPUs: 16 MiB */

struct event_places;

/** event_places__new() - nobody ran anywhere; return: NULL without memory */
struct event_places *event_places__new(void);

/** event_places__free() - NULL is fine */
void event_places__free(struct event_places *p);

/** event_places__begin() - forget all; the window begins */
void event_places__begin(struct event_places *p, uint64_t start_ns);

/** event_places__add() - a task of @cgroup ran on @cpu */
void event_places__add(struct event_places *p, uint64_t cgroup, uint32_t cpu, uint64_t from_ns,
		       uint64_t to_ns);

/** event_places__width_ns() - of a part: what is asked for is known only so well */
uint64_t event_places__width_ns(const struct event_places *p);

/** event_places__dropped() - additions that found no room or no memory: then nothing is sure */
uint64_t event_places__dropped(const struct event_places *p);

/**
 * event_places__ran() - did a task of a cgroup run on a CPU in this time?
 * @p: places
 * @cgroup, @cpu: which
 * @from_ns, @to_ns: when; only parts that are wholly inside count
 * @at_ns: when it did so first, to a part
 *
 * Return: for how long at most, 0: it did not.
 */
uint64_t event_places__ran(const struct event_places *p, uint64_t cgroup, uint32_t cpu,
			   uint64_t from_ns, uint64_t to_ns, uint64_t *at_ns);

#endif /* KTSTR_HOST_EVENT_PLACES_H */
