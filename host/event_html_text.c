// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text and numbers of the page, and what its parts have in common.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event_html_priv.h"

#define TEXT_MAX	256u

static const char *entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	}
	return NULL;
}

void html__text(struct html *h, const char *text, size_t max)
{
	char clean[TEXT_MAX + 1];
	size_t len = strnlen(text, max < TEXT_MAX ? max : TEXT_MAX);

	text__clean(clean, sizeof(clean), text, len);
	for (const char *c = clean; *c; c++) {
		if (entity(*c))
			buf__printf(h->b, "%s", entity(*c));
		else
			buf__add(h->b, c, 1);
	}
}

void html__who(struct html *h, const char *comm, uint32_t pid)
{
	if (!comm[0]) {
		buf__printf(h->b, "pid %u", pid);
		return;
	}
	html__text(h, comm, KTSTR_EV_COMM);
	buf__printf(h->b, " (%u)", pid);
}

void html__cgroup(struct html *h, const struct event_cgroup *cg)
{
	if (cg->path[0])
		html__text(h, cg->path, sizeof(cg->path));
	else if (cg->id)
		buf__printf(h->b, "cgroup %" PRIu64, cg->id);
	else
		buf__printf(h->b, "(cgroup not known)");
}

const char *html__span(char buf[24], uint64_t ns)
{
	static const char * const unit[] = { "ns", "µs", "ms", "s" };
	double v = ns;
	int u = 0;

	while (u < 3 && v >= 999.5) {
		v /= 1000;
		u++;
	}
	snprintf(buf, 24, "%.*f %s", u && v < 9.995 ? 2 : u && v < 99.95 ? 1 : 0, v, unit[u]);
	return buf;
}

const char *html__tick(char buf[24], uint64_t ns)
{
	char *dot, *unit, *end;

	html__span(buf, ns);
	dot = strchr(buf, '.');
	unit = strchr(buf, ' ');
	if (!dot || !unit)
		return buf;
	for (end = unit; end[-1] == '0';)
		end--;
	if (end[-1] == '.')
		end--;
	memmove(end, unit, strlen(unit) + 1);
	return buf;
}

const char *html__count(char buf[32], uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = 0;
	return buf;
}

double html__percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

double html__when(const struct html *h, uint64_t at_ns)
{
	return ((double)at_ns - (double)h->t->from_ns) / 1e9;
}

void html__section(struct html *h, const char *id, const char *heading, const char *caption)
{
	buf__printf(h->b, "<section id=\"%s\">\n<h2>%s</h2>\n<p class=\"cap\">%s</p>\n", id,
		    heading, caption);
}

void html__section_end(struct html *h)
{
	buf__printf(h->b, "</section>\n");
}

void html__svg(struct html *h, const char *id, const char *title, const char *desc, int height)
{
	buf__printf(h->b,
		    "<svg role=\"img\" viewBox=\"0 0 %d %d\" aria-labelledby=\"%s-t %s-d\">\n"
		    "<title id=\"%s-t\">%s</title>\n<desc id=\"%s-d\">%s</desc>\n",
		    HTML_WIDTH, height, id, id, id, title, id, desc);
}

/* 1, 2 or 5 times a power of ten, so that there are at most ten of them. */
static uint64_t tick_ns(uint64_t span_ns)
{
	uint64_t tick = 1;

	for (int i = 0; span_ns / tick > 10 && tick < UINT64_MAX / 4; i++)
		tick = i % 3 == 1 ? tick / 2 * 5 : tick * 2;
	return tick;
}

void html__time_axis(struct html *h, double x, double width, double top, double y,
		     uint64_t span_ns)
{
	uint64_t tick = tick_ns(span_ns);
	double at;

	for (uint64_t t = 0; span_ns && t <= span_ns && span_ns - t < UINT64_MAX - tick; t += tick) {
		at = x + width * (double)t / (double)span_ns;
		buf__printf(h->b, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>"
			    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", at, top,
			    y + 4, at, y + 18, t ? HTML_TICK(t) : "0");
		if (t > UINT64_MAX - tick)
			break;
	}
	buf__printf(h->b, "<text class=\"dim\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">"
		    "time since the window began</text>\n", x + width, y + 34);
}

uint32_t html__colour_of(const struct html *h, uint64_t cgroup)
{
	uint32_t i;

	for (i = 0; i < h->nr_top; i++)
		if (h->top[i]->id == cgroup)
			return i;
	return HTML_COLOURS;
}

static void legend_item(struct html *h, const char *class)
{
	buf__printf(h->b, "<li><svg class=\"key\" viewBox=\"0 0 12 12\" aria-hidden=\"true\">"
		    "<rect class=\"%s\" width=\"12\" height=\"12\"/></svg> ", class);
}

void html__legend(struct html *h)
{
	char class[16];

	buf__printf(h->b, "<ul class=\"legend\" aria-label=\"Legend\">\n");
	for (uint32_t i = 0; i < h->nr_top; i++) {
		snprintf(class, sizeof(class), "c%u", i);
		legend_item(h, class);
		html__cgroup(h, h->top[i]);
		buf__printf(h->b, "</li>\n");
	}
	legend_item(h, "c7");
	buf__printf(h->b, "other cgroups</li>\n");
	legend_item(h, "idle");
	buf__printf(h->b, "idle</li>\n");
	legend_item(h, "unk");
	buf__printf(h->b, "unknown: events missing</li>\n</ul>\n");
}
