// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables. Names are clean already: they were cleaned where they were taken in.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "event_text.h"

#define CGROUPS_SHOWN	32u	/* with the most CPU time; the rest is for JSON */
#define TASKS_SHOWN	20u
#define CPUS_SHOWN	64u
#define BAR_COLUMNS	64u

const char *event_text__span(char buf[16], uint64_t ns)
{
	static const char * const unit[] = { "ns", "us", "ms", "s" };
	double v = ns;
	int u = 0;

	while (u < 3 && v >= 999.5) {
		v /= 1000;
		u++;
	}
	snprintf(buf, 16, "%.*f%s", u && v < 9.995 ? 2 : u && v < 99.95 ? 1 : 0, v, unit[u]);
	return buf;
}

#define SPAN(ns) event_text__span((char[16]){ 0 }, ns)

/* Who it is; not every task's name was told. */
static const char *who(char buf[48], const char *comm, uint32_t pid)
{
	if (comm[0])
		snprintf(buf, 48, "%s (%u)", comm, pid);
	else
		snprintf(buf, 48, "pid %u", pid);
	return buf;
}

#define WHO(comm, pid) who((char[48]){ 0 }, comm, pid)

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* Seconds since the window began. */
static double when(const struct event_totals *t, uint64_t at_ns)
{
	return ((double)at_ns - (double)t->from_ns) / 1e9;
}

static void print_dist(struct buf *b, const char *name, const struct event_dist *d)
{
	buf__printf(b, "  %-12s %10" PRIu64 " %8s %8s %8s %8s %8s\n", name,
		    histogram__count(d->h), SPAN((uint64_t)histogram__mean(d->h)),
		    SPAN(histogram__percentile(d->h, 50)), SPAN(histogram__percentile(d->h, 99)),
		    SPAN(histogram__percentile(d->h, 99.9)), SPAN(histogram__max(d->h)));
}

static void print_totals(struct buf *b, const struct event_state *s)
{
	const struct event_totals *t = event_state__totals(s);
	uint64_t events = 0;

	for (uint32_t i = 0; i < KTSTR_EV_NR; i++)
		events += t->events[i];
	buf__printf(b, "Window %.3f s, %u CPUs, %" PRIu64 " events\n\n",
		    (double)(t->to_ns - t->from_ns) / 1e9, event_state__nr_cpus(s), events);
	buf__printf(b, "  %-12s %10s %8s %8s %8s %8s %8s\n", "", "count", "mean", "p50", "p99",
		    "p99.9", "max");
	print_dist(b, "wake to run", &t->account.wake);
	print_dist(b, "run delay", &t->account.delay);
	print_dist(b, "slice", &t->account.slice);
}

#define ACCOUNT_HEAD "%7s %9s %9s %8s %8s %8s %8s %8s %6s %6s %6s %6s\n"

static void print_account_head(struct buf *b, const char *title, const char *share)
{
	buf__printf(b, "\n%-32s " ACCOUNT_HEAD, title, share, "runs", "preempted", "waited",
		    "wake p50", "wake p99", "wake max", "delaymax", "smt", "llc", "node", "far");
}

static void print_account(struct buf *b, const char *name, const struct event_account *a,
			  uint64_t whole_ns)
{
	buf__printf(b, "%-32.32s %6.1f%% %9" PRIu64 " %9" PRIu64 " %8s %8s %8s %8s %8s", name,
		    percent(a->run_ns, whole_ns), a->runs, a->preempted, SPAN(a->wait_ns),
		    SPAN(histogram__percentile(a->wake.h, 50)),
		    SPAN(histogram__percentile(a->wake.h, 99)), SPAN(histogram__max(a->wake.h)),
		    SPAN(histogram__max(a->delay.h)));
	for (uint32_t i = 0; i < EVENT_MOVES; i++)
		buf__printf(b, " %6" PRIu64, a->moves[i]);
	buf__printf(b, "\n");
	if (a->throttled_ns)
		buf__printf(b, "%-32s   (throttled for %s of the time it waited)\n", "",
			    SPAN(a->throttled_ns));
}

/*
 * How much of its time each part of the run it had: from blank, none, over 1 to 9
 * tenths to #, all. @scale is how much time per time is all: 1 for a CPU.
 */
static void print_bar(struct buf *b, const char *name, const struct event_account *a,
		      const struct event_totals *t, uint32_t scale)
{
	struct event_series s = a->share;
	uint64_t window = t->to_ns - t->from_ns, width;
	char bar[BAR_COLUMNS + 1] = "";
	uint32_t n = 0;

	event_series__widen(&s, (window + BAR_COLUMNS - 1) / BAR_COLUMNS);
	while (n < BAR_COLUMNS && n * s.width_ns < window) {
		width = window - n * s.width_ns < s.width_ns ? window - n * s.width_ns : s.width_ns;
		bar[n] = " 123456789#"[(int)(percent(s.ns[n], width * scale) / 10 + 0.5) % 11];
		n++;
	}
	buf__printf(b, "%-32.32s |%s| %s each\n", name, bar, SPAN(s.width_ns));
}

static int by_run_time(const struct event_account *x, const struct event_account *y)
{
	return x->run_ns > y->run_ns ? -1 : x->run_ns < y->run_ns;
}

static int cgroup_order(const void *x, const void *y)
{
	return by_run_time(&(*(struct event_cgroup * const *)x)->account,
			   &(*(struct event_cgroup * const *)y)->account);
}

static int task_order(const void *x, const void *y)
{
	return by_run_time(&(*(struct event_task * const *)x)->account,
			   &(*(struct event_task * const *)y)->account);
}

static const char *cgroup_name(char buf[KTSTR_EV_PATH + 24], const struct event_cgroup *c)
{
	if (c->path[0])
		snprintf(buf, KTSTR_EV_PATH + 24, "%s", c->path);
	else if (c->id)
		snprintf(buf, KTSTR_EV_PATH + 24, "cgroup %" PRIu64, c->id);
	else
		snprintf(buf, KTSTR_EV_PATH + 24, "(not known)");
	return buf;
}

static bool did_something(const struct event_account *a)
{
	return a->runs || a->run_ns || a->wait_ns || a->wakeups;
}

static void print_cgroups(struct buf *b, const struct event_state *s)
{
	const struct event_totals *t = event_state__totals(s);
	struct event_cgroup *c, *all[EVENT_CGROUPS_MAX];
	uint32_t n = 0, cpus = event_state__nr_cpus(s);
	char name[KTSTR_EV_PATH + 24];

	for (uint32_t i = 0; (c = event_tasks__cgroup_at(event_state__tasks(s), i)); i++)
		if (did_something(&c->account))
			all[n++] = c;
	qsort(all, n, sizeof(all[0]), cgroup_order);
	print_account_head(b, "cgroup", "of all");
	for (uint32_t i = 0; i < n && i < CGROUPS_SHOWN; i++)
		print_account(b, cgroup_name(name, all[i]), &all[i]->account,
			      (t->to_ns - t->from_ns) * cpus);
	if (n > CGROUPS_SHOWN)
		buf__printf(b, "  (%u more)\n", n - CGROUPS_SHOWN);
	buf__printf(b, "\nShare of all CPUs over time, in tenths\n");
	for (uint32_t i = 0; i < n && i < CGROUPS_SHOWN; i++)
		print_bar(b, cgroup_name(name, all[i]), &all[i]->account, t, cpus);
}

static void print_cpus(struct buf *b, const struct event_state *s)
{
	const struct event_totals *t = event_state__totals(s);
	uint32_t n = event_state__nr_cpus(s);
	const struct event_cpu *c;
	char name[64];

	print_account_head(b, "CPU: idle, offline, unknown", "busy");
	for (uint32_t i = 0; i < n && i < CPUS_SHOWN; i++) {
		c = event_state__cpu(s, i);
		snprintf(name, sizeof(name), "CPU %u: %.1f%%, %.1f%%, %.1f%%", i,
			 percent(c->idle_ns, t->to_ns - t->from_ns),
			 percent(c->offline_ns, t->to_ns - t->from_ns),
			 percent(c->unknown_ns, t->to_ns - t->from_ns));
		print_account(b, name, &c->account, t->to_ns - t->from_ns);
	}
	if (n > CPUS_SHOWN)
		buf__printf(b, "  (%u more)\n", n - CPUS_SHOWN);
	buf__printf(b, "\nBusy over time, in tenths\n");
	for (uint32_t i = 0; i < n && i < CPUS_SHOWN; i++) {
		snprintf(name, sizeof(name), "CPU %u", i);
		print_bar(b, name, &event_state__cpu(s, i)->account, t, 1);
	}
}

static void print_tasks(struct buf *b, const struct event_state *s)
{
	struct event_tasks *tasks = event_state__tasks(s);
	const struct event_totals *t = event_state__totals(s);
	uint32_t n = 0, all = 0;
	struct event_task **list, *task;
	char name[64];

	while (event_tasks__at(tasks, all))
		all++;
	list = calloc(all + 1, sizeof(*list));
	if (!list) {
		b->err = b->err ? b->err : -1;
		return;
	}
	for (uint32_t i = 0; (task = event_tasks__at(tasks, i)); i++)
		if (did_something(&task->account))
			list[n++] = task;
	qsort(list, n, sizeof(list[0]), task_order);
	print_account_head(b, "task", "of one");
	for (uint32_t i = 0; i < n && i < TASKS_SHOWN; i++) {
		snprintf(name, sizeof(name), "%s%s", WHO(list[i]->comm, list[i]->pid),
			 list[i]->state == EVENT_TASK_DEAD ? " dead" : "");
		print_account(b, name, &list[i]->account, t->to_ns - t->from_ns);
	}
	if (n > TASKS_SHOWN)
		buf__printf(b, "  (%u more)\n", n - TASKS_SHOWN);
	if (did_something(event_tasks__other(tasks)))
		print_account(b, "(tasks without a place)", event_tasks__other(tasks),
			      t->to_ns - t->from_ns);
	free(list);
}

static void print_worst(struct buf *b, const struct event_totals *t, const char *title,
			const struct event_worst *w)
{
	if (!w->nr)
		return;
	buf__printf(b, "\n%s, the longest\n", title);
	for (uint32_t i = 0; i < w->nr; i++)
		buf__printf(b, "  %8s until %+.6f s, %s on CPU %u\n", SPAN(w->m[i].ns),
			    when(t, w->m[i].at_ns), WHO(w->m[i].comm, w->m[i].pid), w->m[i].cpu);
}

static void print_idled(struct buf *b, const struct event_state *s)
{
	const struct event_watch *w = event_state__watch(s);

	buf__printf(b, "\nA CPU idle for more than %s while a task waits that may use it: %" PRIu64
		    " times, %s together\n", SPAN(w->idle_bound_ns), w->nr_idled,
		    SPAN(w->idled_ns));
	for (uint32_t i = 0; i < w->nr_worst_idled; i++) {
		const struct event_idled *d = &w->idled[i];

		buf__printf(b, "  %8s until %+.6f s, CPU %u idle, %s waits on CPU %u%s\n",
			    SPAN(d->task.ns), when(event_state__totals(s), d->task.at_ns),
			    d->idle_cpu, WHO(d->task.comm, d->task.pid), d->task.cpu,
			    d->assumed ? " (its affinity is assumed)" : "");
	}
}

static void print_brief(struct buf *b, const struct event_totals *t, const struct event_brief *e)
{
	static const char * const names[KTSTR_EV_NR] = { KTSTR_EVENT_NAMES };

	buf__printf(b, "      %+.6f s CPU %u %-10s", when(t, e->time_ns), e->cpu,
		    e->ev.type < KTSTR_EV_NR ? names[e->ev.type] : "?");
	if (e->ev.type == KTSTR_EV_SWITCH)
		buf__printf(b, " %u (%s) -> %u\n", e->ev.pid,
			    e->ev.flags & KTSTR_EVF_PREEMPT ? "preempted" :
			    e->ev.arg ? "sleeps" : "runnable", e->other);
	else if (e->ev.type >= KTSTR_EV_WAKING && e->ev.type <= KTSTR_EV_NEW)
		buf__printf(b, " %u on CPU %u, by %u\n", e->ev.pid, e->ev.arg, e->other);
	else if (e->ev.type == KTSTR_EV_MIGRATE)
		buf__printf(b, " %u CPU %u -> CPU %u\n", e->ev.pid, e->other, e->ev.arg);
	else
		buf__printf(b, " %u, %u\n", e->ev.pid, e->ev.arg);
}

static void print_starved(struct buf *b, const struct event_state *s)
{
	const struct event_watch *w = event_state__watch(s);
	const struct event_totals *t = event_state__totals(s);

	buf__printf(b, "\nRunnable for more than %s without running: %" PRIu64
		    " times, %s together\n", SPAN(w->starve_bound_ns), w->nr_starved,
		    SPAN(w->starved_ns));
	for (uint32_t i = 0; i < w->nr_worst_starved; i++) {
		const struct event_starved *d = &w->starved[i];

		buf__printf(b, "  %8s until %+.6f s, %s of %s on CPU %u%s\n", SPAN(d->task.ns),
			    when(t, d->task.at_ns), WHO(d->task.comm, d->task.pid),
			    d->path[0] ? d->path : "an unknown cgroup", d->task.cpu,
			    d->ended ? "" : ", and it did not run again");
		if (d->nr_before)
			buf__printf(b, "    CPU %u when that had become too long:\n", d->task.cpu);
		for (uint32_t n = 0; n < d->nr_before; n++)
			print_brief(b, t, &d->before[n]);
		if (d->nr_after)
			buf__printf(b, "    and where it ran in the end:\n");
		for (uint32_t n = 0; n < d->nr_after; n++)
			print_brief(b, t, &d->after[n]);
	}
}

static void print_scx(struct buf *b, const struct event_scx *x)
{
	if (!x->enables && !x->disables && !x->nr_counters)
		return;
	buf__printf(b, "\nsched_ext: %s%s%s; enabled %" PRIu64 " times, disabled %" PRIu64 "\n",
		    x->enabled ? "enabled" : "disabled", x->name[0] ? ", " : "", x->name,
		    x->enables, x->disables);
	if (x->disables)
		buf__printf(b, "  exit kind %u, code %" PRId64 ", %s\n", x->exit_kind,
			    x->exit_code, x->reason);
	buf__printf(b, "  dispatched: user %" PRIu64 ", local %" PRIu64 ", local-on %" PRIu64
		    ", global %" PRIu64 "\n", x->dispatched[KTSTR_DSQ_USER],
		    x->dispatched[KTSTR_DSQ_LOCAL], x->dispatched[KTSTR_DSQ_LOCAL_ON],
		    x->dispatched[KTSTR_DSQ_GLOBAL]);
	for (uint32_t i = 0; i < x->nr_counters; i++)
		buf__printf(b, "  %-31s %+" PRId64 "\n", x->counters[i].name,
			    (int64_t)(x->counters[i].last - x->counters[i].first));
}

void event_text__state(struct buf *b, const struct event_state *s)
{
	const struct event_totals *t = event_state__totals(s);

	if (!t->active) {
		buf__printf(b, "No window: nothing was measured\n");
		return;
	}
	print_totals(b, s);
	print_cgroups(b, s);
	print_cpus(b, s);
	print_tasks(b, s);
	print_worst(b, t, "Wake to run", &t->account.wake.worst);
	print_worst(b, t, "Run delay", &t->account.delay.worst);
	print_starved(b, s);
	print_idled(b, s);
	print_scx(b, &t->scx);
}

void event_text__stream(struct buf *b, const struct event_stream *s)
{
	const struct event_totals *t = event_state__totals(event_stream__state(s));
	const struct event_page_stats *p = event_stream__page_stats(s);
	uint64_t lost = p->missed;

	for (uint32_t i = 0; i < event_state__nr_cpus(event_stream__state(s)); i++)
		lost += event_state__cpu(event_stream__state(s), i)->lost;
	buf__printf(b, "Events: %" PRIu64 " in %" PRIu64 " frames; ", p->records,
		    event_stream__stats(s)->frames);
	if (event_stream__complete(s))
		buf__printf(b, "none missing\n");
	else
		buf__printf(b, "incomplete: %" PRIu64 " lost by the kernel, %" PRIu64
			    " frames missing, %" PRIu64 " damaged, %" PRIu64 " events late, %"
			    PRIu64 " contradictions: times below are of what is known\n", lost,
			    event_stream__stats(s)->gaps, event_stream__stats(s)->cut,
			    event_stream__merge_stats(s)->late, t->inconsistent);
	event_text__state(b, event_stream__state(s));
}
