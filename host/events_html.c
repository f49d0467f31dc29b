// SPDX-License-Identifier: GPL-2.0-only
/*
 * Titles of a run, and its page.
 */
#include <stdio.h>
#include <string.h>

#include "event_html.h"
#include "events_html.h"

/* A member as clean text, "" when it is none. */
static const char *member(const json_t *o, const char *name, char *dst, size_t size)
{
	const char *s = json_string_value(json_object_get(o, name));

	text__clean(dst, size, s ? s : "", s ? strlen(s) : 0);
	return dst;
}

void events_titles__of(struct events_titles *t, const json_t *host)
{
	const json_t *topo = json_object_get(host, "topology");
	char name[64], sched[160], kernel[160], from[80];

	member(host, "name", name, sizeof(name));
	member(host, "sched", sched, sizeof(sched));
	member(host, "kernel", kernel, sizeof(kernel));
	snprintf(t->title, sizeof(t->title), "ktstr: %s", *name ? name : "a run");
	member(topo, "name", from, sizeof(from));
	snprintf(t->subtitle, sizeof(t->subtitle),
		 "%s, kernel %s, topology %s%s%lld,%lld,%lld,%lld, seed %lld%s",
		 *sched ? sched : "the kernel's own scheduler", *kernel ? kernel : "not known",
		 from, *from ? ": " : "",
		 (long long)json_integer_value(json_object_get(topo, "nodes")),
		 (long long)json_integer_value(json_object_get(topo, "llcs")),
		 (long long)json_integer_value(json_object_get(topo, "cores_per_llc")),
		 (long long)json_integer_value(json_object_get(topo, "threads_per_core")),
		 (long long)json_integer_value(json_object_get(host, "seed")),
		 json_is_true(json_object_get(host, "emulated")) ? ", emulated machine" : "");
}

_Static_assert(EVENTS_HTML_MAX == EVENT_HTML_MAX_BYTES, "room for the whole page");

int events_html__write(struct buf *b, const struct events *ev, const struct events_titles *t)
{
	const struct event_html_opts opts = {
		.sz = sizeof(opts), .title = t->title, .subtitle = t->subtitle,
	};

	return event_html__write(b, events__stream(ev), &opts);
}
