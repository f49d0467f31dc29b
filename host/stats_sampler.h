/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scheduler's statistics over a run: asked for at an interval from the moment it is
 * attached until the window ends, kept for the result, and written to stats.jsonl.
 *
 * The guest is disturbed as little as can be: there is never more than one request at the
 * scheduler, and while it owes an answer it is not asked again. Nor is a socket that was
 * never there looked for every second, unless the user gave the interval.
 */
#ifndef KTSTR_HOST_STATS_SAMPLER_H
#define KTSTR_HOST_STATS_SAMPLER_H

#include "evidence.h"
#include "outdir.h"
#include "stats_client.h"

#define STATS_FILE_NAME		"stats.jsonl"
#define STATS_FILE_MAX		(64u << 20)	/* bytes */
#define STATS_KEEP_MAX		1024u		/* samples in the result; of more every 2nd, ... */
#define STATS_KEEP_BYTES	(2u << 20)	/* of their JSON, likewise */
#define STATS_TIMEOUT_MS	3000u		/* emulated and busy, an answer takes a second */

/**
 * struct stats_sampler_opts - what to do
 * @interval_ms: from one request to the next
 * @sched: there is a scheduler under test: wait until it is attached
 * @seldom: as long as none has answered, ask ever more seldom, down to once in 8 s
 * @out: results directory with the logs of the run started; it may be none
 */
struct stats_sampler_opts {
	uint32_t interval_ms;
	bool sched;
	bool seldom;
	struct outdir *out;
};

struct stats_sampler;

/** stats_sampler__new() - return: NULL without memory */
struct stats_sampler *stats_sampler__new(const struct stats_sampler_opts *opts);

/** stats_sampler__remove_old() - nobody shall take an earlier run's file for that of this one */
void stats_sampler__remove_old(struct outdir *out);

/**
 * stats_sampler__connect() - to the guest
 * @s: sampler
 * @write: queue all of the bytes or none, as vmm__port_write()
 * @arg: passed to it
 */
void stats_sampler__connect(struct stats_sampler *s,
			    int (*write)(void *arg, const void *data, size_t len), void *arg);

/** stats_sampler__follow() - a frame came: shall the scheduler be asked from now on, or no more? */
void stats_sampler__follow(struct stats_sampler *s, const struct evidence *ev, uint64_t now_ns);

/** stats_sampler__bytes() - take what came out of port 2, hostile */
void stats_sampler__bytes(struct stats_sampler *s, const void *data, size_t len, uint64_t now_ns);

/** stats_sampler__tick() - it is @now_ns (CLOCK_MONOTONIC): ask if it is time */
void stats_sampler__tick(struct stats_sampler *s, uint64_t now_ns);

/** stats_sampler__next_ns() - when stats_sampler__tick() has work to do; UINT64_MAX for never */
uint64_t stats_sampler__next_ns(const struct stats_sampler *s);

/** stats_sampler__end() - the run is over: nothing is asked any more, the file is closed */
void stats_sampler__end(struct stats_sampler *s, uint64_t now_ns);

/**
 * stats_sampler__json() - for the result, see json.rst
 * @s: sampler
 * @clock: guest times of samples; of event_clock__solve()
 *
 * Return: a new reference, NULL without memory.
 */
json_t *stats_sampler__json(const struct stats_sampler *s, const struct event_clock_result *clock);

/**
 * stats_sampler__brief() - one line with its end for the report
 * Nothing when no scheduler was there to be asked.
 */
void stats_sampler__brief(const struct stats_sampler *s, struct buf *b);

/** stats_sampler__free() - NULL is fine */
void stats_sampler__free(struct stats_sampler *s);

#endif /* KTSTR_HOST_STATS_SAMPLER_H */
