// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page's tables.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "event_html_priv.h"

#define CGROUPS_SHOWN	32u	/* with the most CPU time */
#define TASKS_SHOWN	20u

static void table(struct html *h, const char *caption, const char *columns)
{
	buf__printf(h->b, "<div class=\"scroll\"><table><caption>%s</caption>\n<thead><tr>%s</tr>"
		    "</thead>\n<tbody>\n", caption, columns);
}

static void table_end(struct html *h)
{
	buf__printf(h->b, "</tbody></table></div>\n");
}

void html__worst(struct html *h, const struct event_worst *w, const char *caption)
{
	table(h, caption, "<th>task</th><th>how long</th><th>over at</th><th>CPU</th>");
	for (uint32_t i = 0; i < w->nr; i++) {
		buf__printf(h->b, "<tr><td>");
		html__who(h, w->m[i].comm, w->m[i].pid);
		buf__printf(h->b, "</td><td>%s</td><td>%.6f s</td><td>%u</td></tr>\n",
			    HTML_SPAN(w->m[i].ns), html__when(h, w->m[i].at_ns), w->m[i].cpu);
	}
	table_end(h);
}

static void starved(struct html *h, const struct event_watch *w)
{
	const struct event_starved *e;
	char caption[160];

	snprintf(caption, sizeof(caption), "Starved: runnable for more than %s without a CPU. %s in "
		 "all, %s together.", HTML_SPAN(w->starve_bound_ns), HTML_COUNT(w->nr_starved),
		 HTML_SPAN(w->starved_ns));
	table(h, caption, "<th></th><th class=\"l\">task</th><th class=\"l\">cgroup</th>"
	      "<th>waited</th><th>until</th><th>on CPU</th><th class=\"l\">then</th>");
	for (uint32_t i = 0; i < w->nr_worst_starved; i++) {
		e = &w->starved[i];
		buf__printf(h->b, "<tr><th>S%u</th><td class=\"l\">", i + 1);
		html__who(h, e->task.comm, e->task.pid);
		buf__printf(h->b, "</td><td class=\"l\">");
		html__text(h, e->path, sizeof(e->path));
		buf__printf(h->b, "</td><td>%s</td><td>%.6f s</td><td>%u</td><td class=\"l\">%s</td>"
			    "</tr>\n", HTML_SPAN(e->task.ns), html__when(h, e->task.at_ns),
			    e->task.cpu, e->ended ? "it ran" : "it did not run");
	}
	table_end(h);
}

static void idled(struct html *h, const struct event_watch *w)
{
	const struct event_idled *e;
	char caption[160];

	snprintf(caption, sizeof(caption), "A CPU idled for more than %s while a task waited. %s "
		 "times, %s together.", HTML_SPAN(w->idle_bound_ns), HTML_COUNT(w->nr_idled),
		 HTML_SPAN(w->idled_ns));
	table(h, caption, "<th></th><th class=\"l\">task</th><th>how long</th><th>until</th>"
	      "<th>waited on CPU</th><th>idle CPU</th><th class=\"l\">it may run there</th>");
	for (uint32_t i = 0; i < w->nr_worst_idled; i++) {
		e = &w->idled[i];
		buf__printf(h->b, "<tr><th>I%u</th><td class=\"l\">", i + 1);
		html__who(h, e->task.comm, e->task.pid);
		buf__printf(h->b, "</td><td>%s</td><td>%.6f s</td><td>%u</td><td>%u</td>"
			    "<td class=\"l\">%s</td></tr>\n", HTML_SPAN(e->task.ns),
			    html__when(h, e->task.at_ns), e->task.cpu, e->idle_cpu,
			    e->assumed ? "likely" : "yes");
	}
	table_end(h);
}

void html__broken_promises(struct html *h)
{
	const struct event_watch *w = event_state__watch(h->st);

	html__section(h, "waits", "Waits that were too long",
		      "The longest of each kind, as numbered on the timeline; times are since the "
		      "window began.");
	if (w->nr_worst_starved)
		starved(h, w);
	if (w->nr_worst_idled)
		idled(h, w);
	if (!w->nr_worst_starved && !w->nr_worst_idled)
		buf__printf(h->b, "<p>None%s: no task waited for more than %s, and no CPU idled for "
			    "more than %s while one did.</p>\n",
			    event_stream__complete(h->s) ? "" : " in what was seen",
			    HTML_SPAN(w->starve_bound_ns), HTML_SPAN(w->idle_bound_ns));
	html__section_end(h);
}

#define ACCOUNT_COLUMNS	"<th>CPU time</th><th>share</th><th>runs</th><th>preempted</th>" \
			"<th>waited</th><th>wake p50</th><th>p99</th><th>max</th>" \
			"<th>longest delay</th>"

static void account(struct html *h, const struct event_account *a, uint64_t whole_ns)
{
	buf__printf(h->b, "<td>%s</td><td>%.1f %%</td><td>%s</td><td>%s</td><td>%s</td>",
		    HTML_SPAN(a->run_ns), html__percent(a->run_ns, whole_ns),
		    HTML_COUNT(a->runs), HTML_COUNT(a->preempted), HTML_SPAN(a->wait_ns));
	if (histogram__count(a->wake.h))
		buf__printf(h->b, "<td>%s</td><td>%s</td><td>%s</td>",
			    HTML_SPAN(histogram__percentile(a->wake.h, 50)),
			    HTML_SPAN(histogram__percentile(a->wake.h, 99)),
			    HTML_SPAN(histogram__max(a->wake.h)));
	else
		buf__printf(h->b, "<td>–</td><td>–</td><td>–</td>");
	buf__printf(h->b, "<td>%s</td>", histogram__count(a->delay.h) ?
		    HTML_SPAN(histogram__max(a->delay.h)) : "–");
}

static int by_run(const struct event_account *a, const struct event_account *b)
{
	return (a->run_ns < b->run_ns) - (a->run_ns > b->run_ns);
}

static int cgroups_by_run(const void *a, const void *b)
{
	return by_run(&(*(struct event_cgroup * const *)a)->account,
		      &(*(struct event_cgroup * const *)b)->account);
}

static int tasks_by_run(const void *a, const void *b)
{
	return by_run(&(*(struct event_task * const *)a)->account,
		      &(*(struct event_task * const *)b)->account);
}

static bool did_something(const struct event_account *a)
{
	return a->run_ns || a->wait_ns || a->runs;
}

static void cgroups(struct html *h)
{
	const struct event_cgroup *list[EVENT_CGROUPS_MAX + 1], *cg;
	uint64_t whole = h->window_ns * h->nr_cpus;
	size_t nr = 0;

	for (uint32_t i = 0; (cg = event_tasks__cgroup_at(event_state__tasks(h->st), i)); i++)
		if (nr <= EVENT_CGROUPS_MAX && did_something(&cg->account))
			list[nr++] = cg;
	qsort(list, nr, sizeof(list[0]), cgroups_by_run);
	html__section(h, "cgroups", "Cgroups", "Each cgroup's own tasks, without those of cgroups "
		      "below it; the share is of the time of all CPUs.");
	table(h, nr > CGROUPS_SHOWN ? "The 32 with the most CPU time" : "By CPU time",
	      "<th>cgroup</th>" ACCOUNT_COLUMNS "<th>throttled</th>");
	for (size_t i = 0; i < nr && i < CGROUPS_SHOWN; i++) {
		buf__printf(h->b, "<tr><td>");
		html__cgroup(h, list[i]);
		buf__printf(h->b, "</td>");
		account(h, &list[i]->account, whole);
		buf__printf(h->b, "<td>%s</td></tr>\n", list[i]->account.throttled_ns ?
			    HTML_SPAN(list[i]->account.throttled_ns) : "–");
	}
	table_end(h);
	html__section_end(h);
}

static void cpus(struct html *h)
{
	const struct event_cpu *c;

	html__section(h, "cpus", "CPUs", "Busy, idle, offline and unknown are parts of the window "
		      "and add up to the whole of it.");
	table(h, "All CPUs", "<th>CPU</th><th>busy</th><th>idle</th><th>offline</th>"
	      "<th>unknown</th><th>runs</th><th>preempted</th><th>wake p99</th><th>wake max</th><th>holes</th><th>lost</th>");
	for (uint32_t i = 0; i < h->nr_cpus; i++) {
		c = event_state__cpu(h->st, i);
		buf__printf(h->b, "<tr><td>%u</td><td>%.1f %%</td><td>%.1f %%</td><td>%.1f %%</td>"
			    "<td>%.1f %%</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
			    i, html__percent(c->account.run_ns, h->window_ns),
			    html__percent(c->idle_ns, h->window_ns),
			    html__percent(c->offline_ns, h->window_ns),
			    html__percent(c->unknown_ns, h->window_ns),
			    HTML_COUNT(c->account.runs), HTML_COUNT(c->account.preempted),
			    HTML_SPAN(histogram__percentile(c->account.wake.h, 99)),
			    HTML_SPAN(histogram__max(c->account.wake.h)), HTML_COUNT(c->holes),
			    HTML_COUNT(c->lost));
	}
	table_end(h);
	html__section_end(h);
}

static void tasks(struct html *h)
{
	struct event_tasks *all = event_state__tasks(h->st);
	struct event_task *task, **list;
	size_t nr = 0, room = 0;

	while (event_tasks__at(all, room))
		room++;
	list = calloc(room + 1, sizeof(list[0]));
	if (!list) {
		h->b->err = h->b->err ? h->b->err : -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < room && (task = event_tasks__at(all, i)); i++)
		if (did_something(&task->account))
			list[nr++] = task;
	qsort(list, nr, sizeof(list[0]), tasks_by_run);
	html__section(h, "tasks", "Busiest tasks", "The share is of the time of one CPU.");
	table(h, nr > TASKS_SHOWN ? "The 20 with the most CPU time" : "By CPU time",
	      "<th>task</th>" ACCOUNT_COLUMNS "<th class=\"l\">cgroup</th>");
	for (size_t i = 0; i < nr && i < TASKS_SHOWN; i++) {
		buf__printf(h->b, "<tr><td>");
		html__who(h, list[i]->comm, list[i]->pid);
		buf__printf(h->b, "</td>");
		account(h, &list[i]->account, h->window_ns);
		buf__printf(h->b, "<td class=\"l\">");
		html__cgroup(h, list[i]->cgroup);
		buf__printf(h->b, "</td></tr>\n");
	}
	table_end(h);
	html__section_end(h);
	free(list);
}

static void migrations(struct html *h)
{
	static const char * const how_far[EVENT_MOVES] = {
		[EVENT_MOVE_SMT]	= "to another thread of the core",
		[EVENT_MOVE_LLC]	= "to another core of the cache (LLC)",
		[EVENT_MOVE_NODE]	= "to another cache of the node",
		[EVENT_MOVE_FAR]	= "to another node",
	};
	const uint64_t *moves = h->t->account.moves;
	uint64_t sum = 0, most = 1;

	for (uint32_t i = 0; i < EVENT_MOVES; i++) {
		sum += moves[i];
		most = moves[i] > most ? moves[i] : most;
	}
	html__section(h, "moves", "Migrations by distance", "How often a task ran on another CPU than "
		      "the last time: further down is more expensive.");
	html__svg(h, "mv", "Migrations by distance", "A bar for each distance, with the number.",
		  EVENT_MOVES * 26 + 8);
	for (uint32_t i = 0; i < EVENT_MOVES; i++)
		buf__printf(h->b, "<text x=\"232\" y=\"%u\" text-anchor=\"end\">%s</text><rect "
			    "class=\"bar\" x=\"240\" y=\"%u\" width=\"%.1f\" height=\"18\"/><text "
			    "x=\"%.1f\" y=\"%u\">%s (%.1f %%)</text>\n", i * 26 + 18, how_far[i],
			    i * 26 + 4, 560.0 * (double)moves[i] / (double)most,
			    248 + 560.0 * (double)moves[i] / (double)most, i * 26 + 18,
			    HTML_COUNT(moves[i]), html__percent(moves[i], sum));
	buf__printf(h->b, "</svg>\n");
	html__section_end(h);
}

static void row(struct html *h, const char *name, uint64_t n)
{
	buf__printf(h->b, "<tr><td>%s</td><td>%s</td></tr>\n", name, HTML_COUNT(n));
}

static void scx_state(struct html *h, const struct event_scx *x)
{
	buf__printf(h->b, "<p>Scheduler <b>");
	html__text(h, x->name, sizeof(x->name));
	buf__printf(h->b, "</b> is %s; enabled %s times, went away %s times.",
		    x->enabled ? "enabled" : "not enabled", HTML_COUNT(x->enables),
		    HTML_COUNT(x->disables));
	if (x->disables) {
		buf__printf(h->b, " The last time by exit kind %u, code %" PRId64 ": ", x->exit_kind,
			    x->exit_code);
		html__text(h, x->reason[0] ? x->reason : "no reason given", sizeof(x->reason));
	}
	buf__printf(h->b, "</p>\n");
}

static void scx(struct html *h)
{
	static const char * const kinds[KTSTR_DSQ_GLOBAL + 1] = {
		[KTSTR_DSQ_USER]	= "queues of the scheduler's own",
		[KTSTR_DSQ_LOCAL]	= "the CPU's local queue",
		[KTSTR_DSQ_LOCAL_ON]	= "another CPU's local queue",
		[KTSTR_DSQ_GLOBAL]	= "the global queue",
	};
	const struct event_scx *x = &h->t->scx;
	uint64_t dispatched = 0;

	for (uint32_t i = 0; i <= KTSTR_DSQ_GLOBAL; i++)
		dispatched += x->dispatched[i];
	if (!x->enabled && !x->enables && !x->disables && !dispatched && !x->nr_counters)
		return;
	html__section(h, "scx", "sched_ext", "What the loaded scheduler did in the window, as the "
		      "kernel tells.");
	scx_state(h, x);
	table(h, "Dispatches", "<th>to</th><th>times</th>");
	for (uint32_t i = 0; i <= KTSTR_DSQ_GLOBAL; i++)
		row(h, kinds[i], x->dispatched[i]);
	table_end(h);
	if (x->nr_counters)
		table(h, "The kernel's event counters: how much they grew",
		      "<th>counter</th><th>in the window</th>");
	for (uint32_t i = 0; i < x->nr_counters; i++) {
		buf__printf(h->b, "<tr><td>");
		html__text(h, x->counters[i].name, sizeof(x->counters[i].name));
		buf__printf(h->b, "</td><td>%s</td></tr>\n",
			    HTML_COUNT(x->counters[i].last - x->counters[i].first));
	}
	if (x->nr_counters)
		table_end(h);
	html__section_end(h);
}

void html__tables(struct html *h)
{
	cgroups(h);
	cpus(h);
	tasks(h);
	migrations(h);
	scx(h);
}
