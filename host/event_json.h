/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the events tell, as JSON. Times are in ns; "at_ns" is of the guest's clock.
 */
#ifndef KTSTR_HOST_EVENT_JSON_H
#define KTSTR_HOST_EVENT_JSON_H

#include <jansson.h>

#include "event_stream.h"

#define EVENT_JSON_TASKS	64u	/* tasks that are listed: those with the most CPU time */

/**
 * event_json__stream() - the counters of the way here, and in "metrics" the rest
 *
 * Return: a new reference, or NULL without memory. All strings are printable ASCII.
 */
json_t *event_json__stream(const struct event_stream *s);

/** event_json__state() - metrics of all, of every cgroup, CPU and task; as above */
json_t *event_json__state(const struct event_state *s);

#endif /* KTSTR_HOST_EVENT_JSON_H */
