/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.html of a run, with its titles.
 */
#ifndef KTSTR_HOST_EVENTS_HTML_H
#define KTSTR_HOST_EVENTS_HTML_H

#include <jansson.h>

#include "buf.h"
#include "events.h"

#define EVENTS_HTML_MAX	(4u << 20)	/* bytes: EVENT_HTML_MAX_BYTES */

/** struct events_titles - what run it is, in words; clean */
struct events_titles {
	char title[128];
	char subtitle[512];
};

/** events_titles__of() - from the facts of the host; @host may be NULL or lack any of them */
void events_titles__of(struct events_titles *t, const json_t *host);

/**
 * events_html__write() - the whole page
 * @b: gets it
 * @ev: finished, and it has a stream
 * @t: titles
 *
 * Return: as event_html__write().
 */
int events_html__write(struct buf *b, const struct events *ev, const struct events_titles *t);

#endif /* KTSTR_HOST_EVENTS_HTML_H */
