/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All of it in one: EVNT frames in, metrics and a trace out.
 *
 *	frame -> event_page -> event_merge -> event_perfetto, event_state -> event_timeline, event_places
 *
 * One call makes it, one takes every frame, one ends it.
 */
#ifndef KTSTR_HOST_EVENT_STREAM_H
#define KTSTR_HOST_EVENT_STREAM_H

#include <ktstr/dev.h>

#include "assembler.h"
#include "event_merge.h"
#include "event_perfetto.h"
#include "event_places.h"
#include "event_state.h"
#include "event_timeline.h"

/**
 * struct event_stream_opts - what is wanted
 * @sz: sizeof(struct event_stream_opts): the structure may grow
 * @state: for event_state__new(); its topology says how many CPUs there are; @did is filled in
 * @page_size: struct ktstr_dev_info.page_size, when frames hold several pages; 0: one each
 * @horizon_ns, @merge_bytes: for event_merge__new()
 * @perfetto: for event_perfetto__new(); without its @write there is no trace; @state
 *	and @nr_cpus are filled in
 */
struct event_stream_opts {
	size_t sz;
	struct event_state_opts state;
	uint32_t page_size;
	uint64_t horizon_ns;
	size_t merge_bytes;
	struct event_perfetto_opts perfetto;
};

/**
 * struct event_stream_stats - what was missing, and where it was lost
 * @frames: EVNT frames taken
 * @strangers: EVNT frames of a CPU that there is not, or of none
 * @gaps: frames missing in the streams of CPUs
 * @cut: payloads that were corrupt or could not be read to their end
 */
struct event_stream_stats {
	uint64_t frames;
	uint64_t strangers;
	uint64_t gaps;
	uint64_t cut;
};

/**
 * struct event_stream_cpu - what came of one CPU
 * @received: records, those that make no sense or are of an unknown type too
 * @broken: times that a frame was missing before the next one, or damaged
 */
struct event_stream_cpu {
	uint64_t received;
	uint64_t broken;
};

struct event_stream;

/** event_stream__new() - return: NULL without memory or for a topology that cannot be */
struct event_stream *event_stream__new(const struct event_stream_opts *opts);

/** event_stream__free() - NULL is fine */
void event_stream__free(struct event_stream *s);

/**
 * event_stream__clock() - by how much the clock of ktstr.ko's pages is to be moved
 * @s: stream
 * @at: KTSTR_IOC_CLOCK in the guest, as near to the window as can be
 *
 * With KTSTR_CLOCK_LOCAL only, and before the first frame: times become those of
 * CLOCK_MONOTONIC at that moment. Plain records have that already.
 */
void event_stream__clock(struct event_stream *s, const struct ktstr_dev_clock *at);

/** event_stream__frame() - take a frame; those that are not EVNT are not looked at */
void event_stream__frame(void *s, const struct assembler_frame *frame);

/** event_stream__finish() - nothing more will come; return: 0 or the trace's first error */
int event_stream__finish(struct event_stream *s);

/* Results and counters. */
const struct event_state *event_stream__state(const struct event_stream *s);
const struct event_timeline *event_stream__timeline(const struct event_stream *s);
const struct event_places *event_stream__places(const struct event_stream *s);
const struct event_stream_stats *event_stream__stats(const struct event_stream *s);
const struct event_stream_cpu *event_stream__cpu(const struct event_stream *s, uint32_t cpu);
const struct event_page_stats *event_stream__page_stats(const struct event_stream *s);
const struct event_merge_stats *event_stream__merge_stats(const struct event_stream *s);
const struct event_perfetto_stats *event_stream__perfetto_stats(const struct event_stream *s);

/**
 * event_stream__complete() - was there not a single hole?
 * @s: stream
 *
 * Lost by the kernel, missing on the way, damaged, late or without memory, all in the
 * window, or a switch that contradicts another. A verdict that says "never" needs this.
 */
bool event_stream__complete(const struct event_stream *s);

/** event_stream__whole() - the same, but for contradictions: a part of all events has those */
bool event_stream__whole(const struct event_stream *s);

#endif /* KTSTR_HOST_EVENT_STREAM_H */
