/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the page share.
 */
#ifndef KTSTR_HOST_EVENT_HTML_PRIV_H
#define KTSTR_HOST_EVENT_HTML_PRIV_H

#include "event_html.h"

#define HTML_COLOURS	7u	/* cgroups with a colour of their own: as many as can be told apart */
#define HTML_WIDTH	960	/* of every picture, in its own units: px in a wide window */

/**
 * struct html - the page while it is written
 * @b: the page
 * @s, @st, @t, @window_ns: what it tells
 * @nr_cpus: CPUs
 * @nr_top, @top: cgroups with a colour, that with the most CPU time first
 */
struct html {
	struct buf *b;
	const struct event_stream *s;
	const struct event_state *st;
	const struct event_totals *t;
	uint64_t window_ns;
	uint32_t nr_cpus;
	uint32_t nr_top;
	const struct event_cgroup *top[HTML_COLOURS];
};

/* event_html_text.c: text and numbers */

/** html__text() - append a text from anywhere: cut to @max bytes, cleaned, escaped */
void html__text(struct html *h, const char *text, size_t max);

/** html__who() - append a task's name and pid */
void html__who(struct html *h, const char *comm, uint32_t pid);

/** html__cgroup() - append a cgroup's name */
void html__cgroup(struct html *h, const struct event_cgroup *cg);

const char *html__span(char buf[24], uint64_t ns);	/* a time: 12.3 µs */
const char *html__tick(char buf[24], uint64_t ns);	/* a round one: 10 µs */
const char *html__count(char buf[32], uint64_t n);	/* 1,234,567 */
double html__percent(uint64_t part, uint64_t whole);

#define HTML_SPAN(ns)	html__span((char[24]){ 0 }, ns)
#define HTML_TICK(ns)	html__tick((char[24]){ 0 }, ns)
#define HTML_COUNT(n)	html__count((char[32]){ 0 }, n)

/** html__when() - seconds since the window began */
double html__when(const struct html *h, uint64_t at_ns);

/** html__section() - begin a part of the page: heading and how to read it */
void html__section(struct html *h, const char *id, const char *heading, const char *caption);

/** html__section_end() - end it */
void html__section_end(struct html *h);

/** html__svg() - begin a picture: its name, what is in it, its height */
void html__svg(struct html *h, const char *id, const char *title, const char *desc, int height);

/** html__time_axis() - ticks in seconds of the window below @y, lines up to @top */
void html__time_axis(struct html *h, double x, double width, double top, double y,
		     uint64_t span_ns);

/** html__legend() - the colours of cgroups, and what the timeline has besides */
void html__legend(struct html *h);

/** html__colour_of() - number of a cgroup's colour; HTML_COLOURS: that of the others */
uint32_t html__colour_of(const struct html *h, uint64_t cgroup);

/* Parts. */
void html__timeline(struct html *h);		/* event_svg_timeline.c */
void html__latencies(struct html *h);		/* event_svg_hist.c */
void html__shares(struct html *h);		/* event_svg_shares.c */
void html__broken_promises(struct html *h);	/* event_html_tables.c */
void html__worst(struct html *h, const struct event_worst *w, const char *caption);
void html__tables(struct html *h);

#endif /* KTSTR_HOST_EVENT_HTML_PRIV_H */
