// SPDX-License-Identifier: GPL-2.0-only
/*
 * One row for each CPU: every column is a stretch of time, filled from below with
 * whatever the CPU did in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_html_priv.h"

#define LEFT		64.0
#define TOP		8.0
#define PLOT		(HTML_WIDTH - LEFT - 32)
#define MAX_CELLS	16384u	/* drawn in all: with more CPUs there are fewer columns */
#define LAYERS		(HTML_COLOURS + 2)	/* cgroups, others, unknown */
#define UNKNOWN		(HTML_COLOURS + 1)
#define STEPS		24	/* heights that a part of a column can have */

/* Columns of one row as they are drawn: what each layer begins and ends at, in steps. */
struct row {
	uint32_t nr;
	uint8_t low[LAYERS][EVENT_TIMELINE_CELLS];
	uint8_t high[LAYERS][EVENT_TIMELINE_CELLS];
};

struct plot {
	double row, pitch;		/* height of a row, and with its gap */
	uint32_t merge;			/* cells in a column */
	uint64_t column_ns;
	uint64_t span_ns;
};

static struct plot plot_of(const struct html *h)
{
	struct plot p = { .merge = 1, .span_ns = h->window_ns };

	while (h->nr_cpus * (EVENT_TIMELINE_CELLS / p.merge) > MAX_CELLS)
		p.merge *= 2;
	p.column_ns = event_timeline__width_ns(event_stream__timeline(h->s)) * p.merge;
	p.row = h->nr_cpus <= 4 ? 32 : h->nr_cpus <= 16 ? 22 : h->nr_cpus <= 64 ? 12 : 7;
	p.pitch = p.row + (h->nr_cpus <= 16 ? 6 : 2);
	return p;
}

static struct event_timeline_cell column_of(const struct html *h, const struct plot *p,
					    uint32_t cpu, uint32_t at)
{
	const struct event_timeline *t = event_stream__timeline(h->s);
	struct event_timeline_cell c = { 0 };

	for (uint32_t i = 0; i < p->merge; i++)
		event_timeline_cell__merge(&c, event_timeline__cell(t, cpu, at * p->merge + i));
	return c;
}

/* Heights add up before they are rounded, so a full column is full. */
static void fill_column(const struct html *h, struct row *r, uint32_t at,
			const struct event_timeline_cell *c)
{
	const struct event_timeline *t = event_stream__timeline(h->s);
	uint64_t ns[LAYERS] = { 0 }, whole = event_timeline_cell__sum(c), sum = 0;

	for (uint32_t i = 0; i < EVENT_TIMELINE_OWNERS; i++)
		if (c->ns[i])
			ns[html__colour_of(h, event_timeline__cgroup(t, c->owner[i]))] += c->ns[i];
	ns[HTML_COLOURS] += c->other;
	ns[UNKNOWN] = c->unknown;
	for (uint32_t i = 0; i < LAYERS; i++) {
		r->low[i][at] = whole ? (double)sum / (double)whole * STEPS + 0.5 : 0;
		sum += ns[i];
		r->high[i][at] = whole ? (double)sum / (double)whole * STEPS + 0.5 : 0;
	}
}

static double column_x(const struct plot *p, uint32_t at)
{
	double ns = (double)p->column_ns * at;

	return ns < (double)p->span_ns ? PLOT * ns / (double)p->span_ns : PLOT;
}

static void draw_layer(struct html *h, const struct plot *p, const struct row *r, uint32_t layer)
{
	const uint8_t *low = r->low[layer], *high = r->high[layer];
	double unit = p->row / STEPS, x;
	bool begun = false;
	uint32_t end;

	for (uint32_t at = 0; at < r->nr; at = end) {
		for (end = at + 1; end < r->nr && low[end] == low[at] && high[end] == high[at];)
			end++;
		if (low[at] == high[at])
			continue;
		if (!begun && layer == UNKNOWN)
			buf__printf(h->b, "<path class=\"unk\" d=\"");
		else if (!begun)
			buf__printf(h->b, "<path class=\"c%u\" d=\"", layer);
		begun = true;
		x = column_x(p, at);
		buf__printf(h->b, "M%.1f %.1fh%.1fv%.1fh%.1fz", x, p->row - low[at] * unit,
			    column_x(p, end) - x, -(high[at] - low[at]) * unit,
			    x - column_x(p, end));
	}
	if (begun)
		buf__printf(h->b, "\"/>\n");
}

static void draw_cpu(struct html *h, const struct plot *p, uint32_t cpu, struct row *r)
{
	const struct event_cpu *c = event_state__cpu(h->st, cpu);
	struct event_timeline_cell column;

	r->nr = 0;
	while (r->nr < EVENT_TIMELINE_CELLS / p->merge && p->column_ns * r->nr < p->span_ns) {
		column = column_of(h, p, cpu, r->nr);
		fill_column(h, r, r->nr++, &column);
	}
	buf__printf(h->b, "<g transform=\"translate(%.0f %.1f)\"><title>CPU %u: busy %.1f %%, idle "
		    "%.1f %%, offline %.1f %%, unknown %.1f %%</title><rect class=\"idle\" "
		    "width=\"%.0f\" height=\"%.0f\"/>\n", LEFT, TOP + cpu * p->pitch, cpu,
		    html__percent(c->account.run_ns, h->window_ns),
		    html__percent(c->idle_ns, h->window_ns),
		    html__percent(c->offline_ns, h->window_ns),
		    html__percent(c->unknown_ns, h->window_ns), PLOT, p->row);
	for (uint32_t i = 0; i < LAYERS; i++)
		draw_layer(h, p, r, i);
	buf__printf(h->b, "</g>\n");
}

static void draw_labels(struct html *h, const struct plot *p)
{
	uint32_t step = p->pitch >= 13 ? 1 : p->pitch >= 10 ? 2 : 4;

	for (uint32_t i = 0; i < h->nr_cpus; i += step)
		buf__printf(h->b, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">CPU %u</text>\n",
			    LEFT - 8, TOP + i * p->pitch + p->row / 2 + 4.5, i);
}

/* A frame around a stretch of a row, and its name from the table. */
static void draw_mark(struct html *h, const struct plot *p, char kind, uint32_t no, uint32_t cpu,
		      const struct event_moment *m)
{
	double to = html__when(h, m->at_ns) * 1e9, from = to - (double)m->ns, x, width;
	double span = (double)p->span_ns;

	if (cpu >= h->nr_cpus || !p->span_ns)
		return;
	from = from < 0 ? 0 : from > span ? span : from;
	to = to < from ? from : to > span ? span : to;
	x = LEFT + PLOT * from / span;
	width = PLOT * (to - from) / span;
	buf__printf(h->b, "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		    "height=\"%.1f\"><title>%c%u: ", x, TOP + cpu * p->pitch,
		    width < 3 ? 3 : width, p->row, kind, no);
	html__who(h, m->comm, m->pid);
	buf__printf(h->b, ", %s</title></rect><text class=\"mark\" x=\"%.1f\" y=\"%.1f\">%c%u</text>\n",
		    HTML_SPAN(m->ns), x + 4 < HTML_WIDTH - 30 ? x + 4 : HTML_WIDTH - 30,
		    TOP + cpu * p->pitch + (p->row < 14 ? p->row - 1 : 12), kind, no);
}

static void draw_marks(struct html *h, const struct plot *p)
{
	const struct event_watch *w = event_state__watch(h->st);

	for (uint32_t i = 0; i < w->nr_worst_starved; i++)
		draw_mark(h, p, 'S', i + 1, w->starved[i].task.cpu, &w->starved[i].task);
	for (uint32_t i = 0; i < w->nr_worst_idled; i++)
		draw_mark(h, p, 'I', i + 1, w->idled[i].idle_cpu, &w->idled[i].task);
}

void html__timeline(struct html *h)
{
	struct plot p = plot_of(h);
	double bottom = TOP + h->nr_cpus * p.pitch;
	struct row *r = calloc(1, sizeof(*r));
	char caption[320];

	if (!r) {
		h->b->err = h->b->err ? h->b->err : -ENOMEM;
		return;
	}
	snprintf(caption, sizeof(caption), "Each column is %s of one CPU, filled from below with "
		 "the cgroups that ran and then what is unknown; the empty rest is idle or offline; red "
		 "frames are the waits listed below.", HTML_SPAN(p.column_ns));
	html__section(h, "timeline", "CPU timeline", caption);
	html__svg(h, "tl", "CPU timeline", "What each CPU did over the window, by cgroup. The "
		  "tables below have the same times as numbers.", (int)bottom + 40);
	html__time_axis(h, LEFT, PLOT, TOP, bottom, p.span_ns);
	for (uint32_t i = 0; i < h->nr_cpus; i++)
		draw_cpu(h, &p, i, r);
	draw_labels(h, &p);
	draw_marks(h, &p);
	buf__printf(h->b, "</svg>\n");
	html__legend(h);
	html__section_end(h);
	free(r);
}
