/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the events tell, as tables for people.
 */
#ifndef KTSTR_HOST_EVENT_TEXT_H
#define KTSTR_HOST_EVENT_TEXT_H

#include "buf.h"
#include "event_stream.h"

/** event_text__span() - a time in few characters: 999ns, 12.3us, 4.56ms, 78.9s; return: @buf */
const char *event_text__span(char buf[16], uint64_t ns);

/** event_text__stream() - what was taken and what is missing, then event_text__state() */
void event_text__stream(struct buf *b, const struct event_stream *s);

/** event_text__state() - latencies, cgroups, CPUs, tasks, the worst; errors stick in @b */
void event_text__state(struct buf *b, const struct event_state *s);

#endif /* KTSTR_HOST_EVENT_TEXT_H */
