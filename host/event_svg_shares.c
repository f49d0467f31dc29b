// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the CPUs were shared over the run: an area for each cgroup, one upon the other.
 */
#include <stdio.h>

#include "event_html_priv.h"

#define LEFT	64.0
#define TOP	10.0
#define PLOT	(HTML_WIDTH - LEFT - 32)
#define HEIGHT	200.0
#define BOTTOM	(TOP + HEIGHT)

#define LABEL_BYTES	24
#define LABEL_WIDTH	(8.0 * LABEL_BYTES)	/* px: room for the longest */
#define LABEL_HEIGHT	18.0

/* Layers of the picture: colours and the others. */
struct areas {
	uint32_t nr;
	uint64_t width_ns;
	double y[HTML_COLOURS + 2][EVENT_SERIES];	/* upper ends; [0] is the bottom */
	uint32_t nr_labels;
	double label_x[HTML_COLOURS], label_y[HTML_COLOURS];
};

static double part_ns(const struct html *h, const struct areas *a, uint32_t at)
{
	uint64_t from = a->width_ns * at, left = h->window_ns - from;

	return left < a->width_ns ? left : a->width_ns;
}

static void add_layer(const struct html *h, struct areas *a, uint32_t layer, struct event_series s)
{
	event_series__widen(&s, a->width_ns);
	for (uint32_t i = 0; i < a->nr; i++)
		a->y[layer + 1][i] = a->y[layer][i] +
			(double)s.ns[i] / (part_ns(h, a, i) * h->nr_cpus);
}

static void measure(const struct html *h, struct areas *a)
{
	struct event_series all = h->t->account.share;
	uint32_t i;

	a->width_ns = all.width_ns;
	if (!a->width_ns)
		return;
	while (a->nr < EVENT_SERIES && a->width_ns * a->nr < h->window_ns)
		a->nr++;
	for (i = 0; i < h->nr_top; i++)
		add_layer(h, a, i, h->top[i]->account.share);
	/* The others have what is left of all. */
	for (uint32_t at = 0; at < a->nr; at++) {
		a->y[i + 1][at] = (double)all.ns[at] / (part_ns(h, a, at) * h->nr_cpus);
		if (a->y[i + 1][at] < a->y[i][at])
			a->y[i + 1][at] = a->y[i][at];
	}
}

static double x_of(const struct html *h, const struct areas *a, uint32_t at)
{
	double ns = (double)a->width_ns * at;

	return LEFT + PLOT * (ns < (double)h->window_ns ? ns / (double)h->window_ns : 1);
}

static void draw_area(struct html *h, const struct areas *a, uint32_t layer, uint32_t colour)
{
	buf__printf(h->b, "<path class=\"c%u\" d=\"M%.1f %.1f", colour, LEFT, BOTTOM);
	for (uint32_t i = 0; i < a->nr; i++)
		buf__printf(h->b, "V%.1fH%.1f", BOTTOM - HEIGHT * a->y[layer + 1][i],
			    x_of(h, a, i + 1));
	for (uint32_t i = a->nr; i--;)
		buf__printf(h->b, "V%.1fH%.1f", BOTTOM - HEIGHT * a->y[layer][i], x_of(h, a, i));
	buf__printf(h->b, "z\"><title>");
	if (colour < HTML_COLOURS)
		html__cgroup(h, h->top[layer]);
	else
		buf__printf(h->b, "other cgroups");
	buf__printf(h->b, "</title></path>\n");
}

static double middle(const struct areas *a, uint32_t layer, uint32_t at)
{
	return BOTTOM - HEIGHT * (a->y[layer + 1][at] + a->y[layer][at]) / 2;
}

static bool is_free(const struct areas *a, double x, double y)
{
	for (uint32_t i = 0; i < a->nr_labels; i++)
		if (x < a->label_x[i] + LABEL_WIDTH && a->label_x[i] < x + LABEL_WIDTH &&
		    y < a->label_y[i] + LABEL_HEIGHT && a->label_y[i] < y + LABEL_HEIGHT)
			return false;
	return true;
}

/* Its name where its area is highest and no other name is, if there is room. */
static void draw_label(struct html *h, struct areas *a, uint32_t layer)
{
	uint32_t best = 0, from = a->nr / 8, to = a->nr - a->nr / 4;
	double high = 0, part, x, y;

	for (uint32_t i = from; i < to; i++) {
		part = a->y[layer + 1][i] - a->y[layer][i];
		if (part > high && is_free(a, x_of(h, a, i), middle(a, layer, i))) {
			high = part;
			best = i;
		}
	}
	if (HEIGHT * high < LABEL_HEIGHT)
		return;
	x = a->label_x[a->nr_labels] = x_of(h, a, best);
	y = a->label_y[a->nr_labels++] = middle(a, layer, best);
	buf__printf(h->b, "<text class=\"onarea\" x=\"%.1f\" y=\"%.1f\">", x, y + 4.5);
	html__text(h, h->top[layer]->path[0] ? h->top[layer]->path : "(not known)", LABEL_BYTES);
	buf__printf(h->b, "</text>\n");
}

void html__shares(struct html *h)
{
	struct areas a = { 0 };

	measure(h, &a);
	html__section(h, "shares", "Shares of CPU time over the run",
		      "The height of a colour is the cgroup's part of the time of all CPUs; what is "
		      "left white up to 100 % was idle or is unknown.");
	html__svg(h, "sh", "Shares of CPU time over the run", "Stacked areas, one for each of the "
		  "cgroups with the most CPU time. The table of cgroups has the sums.",
		  (int)BOTTOM + 40);
	for (uint32_t i = 0; i <= 4; i++)
		buf__printf(h->b, "<path class=\"grid\" d=\"M%.0f %.1fh%.0f\"/><text x=\"%.0f\" "
			    "y=\"%.1f\" text-anchor=\"end\">%u %%</text>\n", LEFT,
			    BOTTOM - HEIGHT * i / 4, PLOT, LEFT - 8, BOTTOM - HEIGHT * i / 4 + 4.5,
			    25 * i);
	html__time_axis(h, LEFT, PLOT, TOP, BOTTOM, h->window_ns);
	for (uint32_t i = 0; i < h->nr_top; i++)
		draw_area(h, &a, i, i);
	if (h->nr_top == HTML_COLOURS)
		draw_area(h, &a, HTML_COLOURS, HTML_COLOURS);
	for (uint32_t i = 0; i < h->nr_top; i++)
		draw_label(h, &a, i);
	buf__printf(h->b, "</svg>\n");
	html__legend(h);
	html__section_end(h);
}
