// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distributions of times, both axes logarithmic: the few long ones are what matters.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "event_html_priv.h"

#define LEFT		64.0
#define TOP		72.0	/* above are the names of the lines */
#define PLOT		(HTML_WIDTH - LEFT - 32)
#define HEIGHT		130.0
#define BOTTOM		(TOP + HEIGHT)
#define PER_DECADE	10
#define DECADES		14	/* 1 ns to more than a day */
#define BARS		(PER_DECADE * DECADES)

struct hist {
	const struct histogram *h;
	int first, last;	/* decades that the axis begins and ends at */
	uint64_t most;		/* in one bar */
	uint64_t bars[BARS];
};

static double log_of(uint64_t ns)
{
	double l = ns ? log10(ns) : 0;

	return l < DECADES ? l : DECADES;
}

static void measure(struct hist *d)
{
	uint64_t low, high, count, max = histogram__max(d->h);
	size_t pos = 0;
	int at;

	while (histogram__next(d->h, &pos, &low, &high, &count)) {
		at = log_of(low + (high - low) / 2) * PER_DECADE;
		at = at < BARS ? at : BARS - 1;
		d->bars[at] += count;
		if (d->bars[at] > d->most)
			d->most = d->bars[at];
	}
	d->first = log_of(histogram__min(d->h));
	d->last = (int)log_of(max) + 1;
	if (d->last <= d->first)
		d->last = d->first + 1;
}

static double x_of(const struct hist *d, double log)
{
	double part = (log - d->first) / (d->last - d->first);

	return LEFT + PLOT * (part < 0 ? 0 : part > 1 ? 1 : part);
}

static double height_of(const struct hist *d, uint64_t count)
{
	return d->most ? HEIGHT * log10(1 + (double)count) / log10(1 + (double)d->most) : 0;
}

static void draw_axes(struct html *h, const struct hist *d)
{
	uint64_t ns = 1, count;
	double x, y;

	for (int i = 0; i < d->first; i++)
		ns *= 10;
	for (int i = d->first; i <= d->last; i++, ns *= 10) {
		x = x_of(d, i);
		buf__printf(h->b, "<path class=\"grid\" d=\"M%.1f %.0fV%.0f\"/><text x=\"%.1f\" "
			    "y=\"%.0f\" text-anchor=\"middle\">%s</text>\n", x, TOP, BOTTOM + 4, x,
			    BOTTOM + 18, HTML_TICK(ns));
	}
	for (count = 1; count <= d->most && count < UINT64_MAX / 10; count *= 10) {
		y = BOTTOM - height_of(d, count);
		buf__printf(h->b, "<path class=\"grid\" d=\"M%.0f %.1fh%.0f\"/>", LEFT, y, PLOT);
		if (d->most < 1000000 || count == 1 || log10(count) / 2 == (int)log10(count) / 2)
			buf__printf(h->b, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s"
				    "</text>\n", LEFT - 8, y + 4.5, HTML_COUNT(count));
	}
	buf__printf(h->b, "<path class=\"axis\" d=\"M%.0f %.0fh%.0f\"/>\n", LEFT, BOTTOM, PLOT);
}

static void draw_bars(struct html *h, const struct hist *d)
{
	double x, width;

	for (int i = d->first * PER_DECADE; i < d->last * PER_DECADE && i < BARS; i++) {
		if (!d->bars[i])
			continue;
		x = x_of(d, (double)i / PER_DECADE);
		width = x_of(d, (double)(i + 1) / PER_DECADE) - x;
		buf__printf(h->b, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			    "height=\"%.1f\"><title>%s times</title></rect>\n", x + 0.5,
			    BOTTOM - height_of(d, d->bars[i]), width - 1,
			    height_of(d, d->bars[i]), HTML_COUNT(d->bars[i]));
	}
}

/* A line of its own for each name: they may be close together. */
static void draw_line(struct html *h, const struct hist *d, int line, const char *name,
		      uint64_t ns)
{
	double x = x_of(d, log_of(ns)), y = 12 + 15 * line;
	bool left = x > LEFT + PLOT * 0.75;

	buf__printf(h->b, "<path class=\"pct\" d=\"M%.1f %.0fV%.0f\"/>"
		    "<text class=\"lab\" x=\"%.1f\" y=\"%.0f\" "
		    "text-anchor=\"%s\">%s %s</text>\n", x, y - 8, BOTTOM, left ? x - 5 : x + 5, y + 2,
		    left ? "end" : "start", name, HTML_SPAN(ns));
}

static void draw(struct html *h, const char *id, const char *title, const struct event_dist *dist)
{
	struct hist d = { .h = dist->h };
	char desc[256];

	measure(&d);
	snprintf(desc, sizeof(desc), "%s samples: p50 %s, p99 %s, p99.9 %s, longest %s.",
		 HTML_COUNT(histogram__count(d.h)), HTML_SPAN(histogram__percentile(d.h, 50)),
		 HTML_SPAN(histogram__percentile(d.h, 99)),
		 HTML_SPAN(histogram__percentile(d.h, 99.9)), HTML_SPAN(histogram__max(d.h)));
	buf__printf(h->b, "<p class=\"cap\">%s</p>\n", desc);
	html__svg(h, id, title, desc, (int)BOTTOM + 40);
	draw_axes(h, &d);
	draw_bars(h, &d);
	/* Higher names first: a name covers the lines that it lies across. */
	draw_line(h, &d, 0, "max", histogram__max(d.h));
	draw_line(h, &d, 1, "p99.9", histogram__percentile(d.h, 99.9));
	draw_line(h, &d, 2, "p99", histogram__percentile(d.h, 99));
	draw_line(h, &d, 3, "p50", histogram__percentile(d.h, 50));
	buf__printf(h->b, "<text class=\"dim\" x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">"
		    "how long, log scale; upwards: how often, log scale</text>\n</svg>\n",
		    LEFT + PLOT, BOTTOM + 34);
}

static void part(struct html *h, const char *id, const char *title, const char *caption,
		 const struct event_dist *dist, const char *worst)
{
	char svg[16];

	snprintf(svg, sizeof(svg), "%s-svg", id);
	html__section(h, id, title, caption);
	if (histogram__count(dist->h)) {
		draw(h, svg, title, dist);
		html__worst(h, &dist->worst, worst);
	} else {
		buf__printf(h->b, "<p>None was seen.</p>\n");
	}
	html__section_end(h);
}

void html__latencies(struct html *h)
{
	const struct event_account *a = &h->t->account;

	part(h, "wake", "Wake to run", "From being woken to running: each bar is how many "
	     "wakeups took so long, further right is worse.", &a->wake, "The longest from wake to run");
	part(h, "delay", "Run delay", "From being runnable, by a wakeup or a preemption, to "
	     "running: further right is worse.", &a->delay, "The longest run delays");
	part(h, "slice", "Slice lengths", "From getting a CPU to leaving it: short slices cost "
	     "switches, long ones make others wait.", &a->slice, "The longest slices");
}
