/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events as a trace that ui.perfetto.dev and trace_processor load: a stream of
 * TracePackets with ftrace events of every CPU, names of tasks, marks, what bandwidth
 * control and sched_ext did, and the waits that were too long. Times are as they
 * came, in ns; Perfetto is told nothing about clocks and takes them as the trace's.
 */
#ifndef KTSTR_HOST_EVENT_PERFETTO_H
#define KTSTR_HOST_EVENT_PERFETTO_H

#include "event_state.h"

#define EVENT_PERFETTO_MAX_BYTES	(512ull << 20)

/**
 * struct event_perfetto_opts - where to, and how
 * @sz: sizeof(struct event_perfetto_opts): the structure may grow
 * @nr_cpus: CPUs are numbered below this
 * @state: has the names of tasks; it takes every record after this has, for a task is
 *	gone with its last switch
 * @release: uname release of the guest's kernel, NULL not known
 * @write: takes the next bytes of the trace; return: 0 or a negative errno
 * @arg: passed to @write
 * @max_bytes: nothing is written beyond; 0: the default
 */
struct event_perfetto_opts {
	size_t sz;
	uint32_t nr_cpus;
	const struct event_state *state;
	const char *release;
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
	uint64_t max_bytes;
};

/**
 * struct event_perfetto_stats - what became of it
 * @bytes: written
 * @events: written or about to be
 * @dropped: events without room below the bound
 */
struct event_perfetto_stats {
	uint64_t bytes;
	uint64_t events;
	uint64_t dropped;
};

struct event_perfetto;

/** event_perfetto__new() - return: NULL without memory; it never needs more later */
struct event_perfetto *event_perfetto__new(const struct event_perfetto_opts *opts);

/** event_perfetto__free() - what is not finished is dropped; NULL is fine */
void event_perfetto__free(struct event_perfetto *p);

/** event_perfetto__record() - take a record; an event_record_fn */
void event_perfetto__record(void *p, const struct event_record *rec);

/** event_perfetto__hole() - records are missing; an event_hole_fn */
void event_perfetto__hole(void *p, const struct event_hole *hole);

/**
 * event_perfetto__finish() - write what is left
 * @p: trace
 *
 * The worst waits are told here, as the state has them after event_state__end().
 * Return: 0, or the first error that @write returned; the trace ends there.
 */
int event_perfetto__finish(struct event_perfetto *p);

/** event_perfetto__stats() - the counters so far */
const struct event_perfetto_stats *event_perfetto__stats(const struct event_perfetto *p);

#endif /* KTSTR_HOST_EVENT_PERFETTO_H */
