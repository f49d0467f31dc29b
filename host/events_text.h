/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run's events for people: a few lines behind the verdict, and all of it.
 */
#ifndef KTSTR_HOST_EVENTS_TEXT_H
#define KTSTR_HOST_EVENTS_TEXT_H

#include "buf.h"
#include "events.h"

/** events_text__brief() - latencies, migrations, shares in a few lines; errors stick in @b */
void events_text__brief(struct buf *b, const struct events *ev);

/** events_text__full() - the path, the accounts, the clock, then event_text__stream() */
void events_text__full(struct buf *b, const struct events *ev);

#endif /* KTSTR_HOST_EVENTS_TEXT_H */
