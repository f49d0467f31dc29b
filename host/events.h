/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of one run: every frame in, metrics and exact accounts out. Live and from
 * a file it is the same code, and the same numbers come out.
 *
 * What carries events is known only when the guest says so (EVIN). All of it is
 * hostile: what comes twice, too early, of the wrong kind or makes no sense is counted
 * and not believed. Memory is bounded, whatever comes.
 */
#ifndef KTSTR_HOST_EVENTS_H
#define KTSTR_HOST_EVENTS_H

#include "event_stream.h"
#include "events_result.h"

/**
 * struct events_opts - whose events
 * @sz: sizeof(struct events_opts): the structure may grow
 * @topology: CPUs, with a detail that outlives this; all 0 not known: as many as EVIN
 *	says, in one LLC
 * @trace: takes the bytes of a Perfetto trace, see event_perfetto.h; NULL: no trace
 * @trace_arg: passed to @trace
 */
struct events_opts {
	size_t sz;
	struct ktstr_topology topology;
	int (*trace)(void *arg, const void *data, size_t len);
	void *trace_arg;
};

struct events;

/** events__new() - return: NULL without memory */
struct events *events__new(const struct events_opts *opts);

/** events__free() - NULL is fine */
void events__free(struct events *ev);

/** events__frame() - take a frame; those that are not about events are not looked at */
void events__frame(void *ev, const struct assembler_frame *frame);

/** events__finish() - nothing more will come; return: 0 or the trace's first error */
int events__finish(struct events *ev);

/** events__stream() - the metrics, NULL when there was no path for events */
const struct event_stream *events__stream(const struct events *ev);

/** events__has_figures() - is there a stream, and were all events asked for that figures need? */
bool events__has_figures(const struct events *ev);

/** events__result() - the account, whole after events__finish() */
const struct events_result *events__result(const struct events *ev);

/** events__path_name() - "off", "module", "bpf" */
const char *events__path_name(uint32_t path);

#endif /* KTSTR_HOST_EVENTS_H */
