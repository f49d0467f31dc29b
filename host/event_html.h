/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the events tell, as one page for a browser: pictures and tables in one file that
 * asks for nothing, neither from the network nor from a script. The page is well-formed
 * XML too.
 *
 * Whatever came from the guest is cut to its field, cleaned to printable ASCII and
 * escaped.
 */
#ifndef KTSTR_HOST_EVENT_HTML_H
#define KTSTR_HOST_EVENT_HTML_H

#include "buf.h"
#include "event_stream.h"

/* Bytes: no page is longer, whatever the run and its length. */
#define EVENT_HTML_MAX_BYTES	(4u << 20)

/**
 * struct event_html_opts - what the page says above the figures
 * @sz: sizeof(struct event_html_opts): the structure may grow
 * @title: of the page, NULL: one of its own; cut to 96 bytes
 * @subtitle: a line below it, NULL: none; cut to 256 bytes
 */
struct event_html_opts {
	size_t sz;
	const char *title;
	const char *subtitle;
};

/**
 * event_html__write() - append the page
 * @b: where to, with room for %EVENT_HTML_MAX_BYTES more
 * @s: stream, finished
 * @opts: title
 *
 * Return: 0; -ENOBUFS or -ENOMEM: then what @b has is not a whole page.
 */
int event_html__write(struct buf *b, const struct event_stream *s,
		      const struct event_html_opts *opts);

#endif /* KTSTR_HOST_EVENT_HTML_H */
