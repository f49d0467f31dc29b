// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page: its head, the facts first, then part after part.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event_html_priv.h"

/*
 * Colours are those of Okabe and Ito, which people who confuse red and green can tell
 * apart. The policy forbids the page to ask for anything or to run a script, should a
 * text ever get out of its place.
 */
static const char head[] =
	"<meta charset=\"utf-8\"/>\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"script-src 'none'; style-src 'unsafe-inline'\"/>\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	"<meta name=\"color-scheme\" content=\"light dark\"/>\n"
	"<style>\n"
	":root{--bg:#fff;--fg:#1b1f24;--dim:#59636e;--line:#d5dae0;--soft:#f4f6f8;--bad:#b3001b;"
	"--good:#0a6b3d;--idle:#e9edf1;--c0:#0072b2;--c1:#e69f00;--c2:#009e73;--c3:#cc79a7;"
	"--c4:#56b4e9;--c5:#d55e00;--c6:#f0e442;--c7:#8a929b}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#12161b;--fg:#e4e8ec;--dim:#98a3ae;"
	"--line:#333c46;--soft:#1b2128;--bad:#ff7a85;--good:#5fd39a;--idle:#242c34;--c0:#3b9bdc;"
	"--c7:#7d8791}}\n"
	"@media print{:root{--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--soft:#fff;--bad:#b3001b;"
	"--good:#0a6b3d;--idle:#eef0f2;--c0:#0072b2;--c7:#8a929b}"
	"body{font-size:11px}main{max-width:none}section{break-inside:avoid}"
	"section.long{break-inside:auto}tr,figure,svg{break-inside:avoid}h2{break-after:avoid}"
	"*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.scroll{overflow:visible}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0;background:var(--bg);color:var(--fg);font:14px/1.45 system-ui,sans-serif}\n"
	"main{max-width:992px;margin:0 auto;padding:20px 16px 40px}\n"
	"h1{font-size:24px;line-height:1.2;margin:0;overflow-wrap:anywhere}\n"
	"h2{font-size:17px;margin:34px 0 2px}h3{font-size:14px;margin:18px 0 2px}\n"
	".sub,.cap{color:var(--dim);margin:2px 0 10px;overflow-wrap:anywhere}\n"
	".facts{display:grid;grid-template-columns:repeat(4,1fr);gap:1px;"
	"margin:16px 0;background:var(--line);border:1px solid var(--line)}\n"
	".facts div{background:var(--bg);padding:8px 12px}\n"
	"dt{color:var(--dim);font-size:12px}dd{margin:0;font-size:18px;font-weight:600;"
	"font-variant-numeric:tabular-nums}\n"
	"@media (max-width:560px){.facts{grid-template-columns:repeat(2,1fr)}}\n"
	".bad{color:var(--bad)}.good{color:var(--good)}\n"
	"svg{display:block;width:100%;height:auto;font:13px system-ui,sans-serif}\n"
	"svg text{fill:var(--fg)}svg text.dim{fill:var(--dim)}svg text.mark{fill:var(--bad);"
	"font-size:11px;font-weight:700;stroke:var(--bg);stroke-width:3px;paint-order:stroke}\n"
	"svg text.lab{stroke:var(--bg);stroke-width:4px;paint-order:stroke}\n"
	"svg text.onarea{fill:#fff;stroke:#1b1f24;stroke-width:3px;paint-order:stroke;font-weight:600}\n"
	".grid{stroke:var(--line);fill:none}.axis{stroke:var(--dim);fill:none}\n"
	".idle{fill:var(--idle)}.unk{fill:url(#hatch)}.hl{stroke:var(--dim);stroke-width:1.5}\n"
	".hb{fill:var(--bg)}.bar{fill:var(--c0)}.box{fill:none;stroke:var(--bad);stroke-width:2}\n"
	".pct{stroke:var(--c5);stroke-width:1.5;stroke-dasharray:4 3}\n"
	".c0{fill:var(--c0)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}"
	".c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}.c7{fill:var(--c7)}\n"
	".legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;"
	"margin:8px 0;font-size:13px}.legend li{overflow-wrap:anywhere}\n"
	"svg.key{display:inline-block;width:12px;height:12px;vertical-align:-1px}\n"
	".scroll{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-size:13px;"
	"font-variant-numeric:tabular-nums}\n"
	"caption{text-align:left;color:var(--dim);padding:8px 0 4px}\n"
	"th,td{padding:3px 8px;text-align:right;white-space:nowrap;"
	"border-bottom:1px solid var(--line)}\n"
	"th{font-weight:600;color:var(--dim)}th:first-child,td:first-child,.l{text-align:left}\n"
	"td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:110px}\n"
	"tbody tr:hover{background:var(--soft)}\n"
	"</style>\n";

/* Hatching of what is not known: once, for all pictures refer to it. */
static const char defs[] =
	"<svg style=\"position:absolute;width:1px;height:1px\" viewBox=\"0 0 1 1\" "
	"aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"5\" height=\"5\" "
	"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	"<rect class=\"hb\" width=\"5\" height=\"5\"/><path class=\"hl\" d=\"M0 0V5\"/>"
	"</pattern></defs></svg>\n";

static void fact(struct html *h, const char *name, const char *value, const char *class)
{
	buf__printf(h->b, "<div><dt>%s</dt><dd class=\"%s\">%s</dd></div>\n", name, class, value);
}

static uint64_t lost(const struct html *h)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < h->nr_cpus; i++)
		sum += event_state__cpu(h->st, i)->lost;
	return sum;
}

static void facts(struct html *h)
{
	const struct event_watch *w = event_state__watch(h->st);
	bool complete = event_stream__complete(h->s);
	uint64_t events = 0;

	for (uint32_t i = 0; i < KTSTR_EV_NR; i++)
		events += h->t->events[i];
	buf__printf(h->b, "<dl class=\"facts\">\n");
	fact(h, "window", HTML_SPAN(h->window_ns), "");
	fact(h, "CPUs", HTML_COUNT(h->nr_cpus), "");
	fact(h, "events", HTML_COUNT(events), "");
	fact(h, "events lost", HTML_COUNT(lost(h)), lost(h) ? "bad" : "");
	fact(h, "stream", complete ? "complete" : "incomplete", complete ? "good" : "bad");
	fact(h, "wake to run, p99",
	     HTML_SPAN(histogram__percentile(h->t->account.wake.h, 99)), "");
	fact(h, "tasks starved", HTML_COUNT(w->nr_starved), w->nr_starved ? "bad" : "");
	fact(h, "idle while waiting", HTML_COUNT(w->nr_idled), w->nr_idled ? "bad" : "");
	buf__printf(h->b, "</dl>\n");
	if (!complete)
		buf__printf(h->b, "<p class=\"bad\">Events are missing or contradict each other. "
			    "What is not known is counted as unknown, never guessed: figures "
			    "below are of what was seen.</p>\n");
}

/* The cgroups with the most CPU time have the colours. */
static void choose_top(struct html *h)
{
	struct event_tasks *tasks = event_state__tasks(h->st);
	const struct event_cgroup *cg;
	uint32_t at;

	for (uint32_t i = 0; (cg = event_tasks__cgroup_at(tasks, i)); i++) {
		if (!cg->account.run_ns)
			continue;
		for (at = h->nr_top; at && h->top[at - 1]->account.run_ns < cg->account.run_ns;)
			at--;
		if (at == HTML_COLOURS)
			continue;
		if (h->nr_top < HTML_COLOURS)
			h->nr_top++;
		memmove(&h->top[at + 1], &h->top[at], (h->nr_top - 1 - at) * sizeof(h->top[0]));
		h->top[at] = cg;
	}
}

static void begin(struct html *h, const struct event_html_opts *opts)
{
	const char *title = opts->title ? opts->title : "Scheduler events";

	buf__printf(h->b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n%s<title>", head);
	html__text(h, title, 96);
	buf__printf(h->b, "</title>\n</head>\n<body>\n%s<main>\n<h1>", defs);
	html__text(h, title, 96);
	buf__printf(h->b, "</h1>\n");
	if (opts->subtitle) {
		buf__printf(h->b, "<p class=\"sub\">");
		html__text(h, opts->subtitle, 256);
		buf__printf(h->b, "</p>\n");
	}
}

int event_html__write(struct buf *b, const struct event_stream *s,
		      const struct event_html_opts *opts)
{
	struct html h = { .b = b, .s = s, .st = event_stream__state(s) };

	h.t = event_state__totals(h.st);
	h.window_ns = h.t->to_ns - h.t->from_ns;
	h.nr_cpus = event_state__nr_cpus(h.st);
	choose_top(&h);
	begin(&h, opts);
	facts(&h);
	html__timeline(&h);
	html__broken_promises(&h);
	html__latencies(&h);
	html__shares(&h);
	html__tables(&h);
	buf__printf(b, "</main>\n</body>\n</html>\n");
	return b->err;
}
