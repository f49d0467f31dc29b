/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run's events once more, from its events.ktstr.
 */
#ifndef KTSTR_HOST_RECOMPUTE_H
#define KTSTR_HOST_RECOMPUTE_H

#include "buf.h"
#include "event_file.h"
#include "events.h"
#include "events_html.h"
#include "evidence.h"

/**
 * struct recompute - what came of it
 * @events: finished; NULL when nothing could be read
 * @evidence: of the scheduler's exit; NULL when nothing could be read
 * @facts: of the file
 * @titles: what run it was
 * @topology: of that run, in use by @events
 * @trace_err: first error of writing the trace, negative errno
 */
struct recompute {
	struct events *events;
	struct evidence *evidence;
	struct event_file_facts facts;
	struct events_titles titles;
	struct ktstr_topology topology;
	int trace_err;
};

/**
 * recompute() - read a file through the same code that follows a run
 * @path: events.ktstr; hostile
 * @trace: gets a trace, NULL for none
 * @out: result; recompute__free() in every case
 * @e: sentence on failure
 *
 * A file that is cut or damaged gives what can be had of it.
 * Return: 0, or as event_file__read().
 */
int recompute(const char *path, FILE *trace, struct recompute *out, struct ktstr_error *e);

/** recompute__free() - give everything back */
void recompute__free(struct recompute *r);

/** recompute__complaint() - one sentence on what is wrong with the file; empty when nothing is */
void recompute__complaint(const struct recompute *r, struct buf *b);

#endif /* KTSTR_HOST_RECOMPUTE_H */
