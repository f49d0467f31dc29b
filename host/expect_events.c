// SPDX-License-Identifier: GPL-2.0-only
/*
 * What scheduler events tell: idle CPUs beside waiting tasks, latencies, moves, and whether
 * workers' accounts are true.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "verdict_end.h"

/* With less CPU time in all there is nothing to compare. */
#define ACCOUNT_LEAST_NS	10000000.0

const char *expect_events__cgroup(const char *path)
{
	static const char root[] = "/" KTSTR_CGROUP_NAME "/";

	return strncmp(path, root, sizeof(root) - 1) ? NULL : path + sizeof(root) - 1;
}

bool expect_events__missing(const struct expect_case *x, struct verdict_check *c)
{
	if (x->stream)
		return false;
	verdict_set(c, VERDICT_SKIP, x->no_events_kind, "not judged: %s", x->no_events);
	return true;
}

static struct event_tasks *tasks_of(const struct expect_case *x)
{
	return event_state__tasks(event_stream__state(x->stream));
}

bool expect_events__crowded(const struct expect_case *x, struct verdict_check *c)
{
	const struct event_tasks_stats *s = event_tasks__stats(tasks_of(x));

	if (!s->no_room && !s->no_cgroup)
		return false;
	verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
		    "there were more tasks or cgroups than can be followed (%u cgroups, and %llu tasks at a time)",
		    EVENT_CGROUPS_MAX, (unsigned long long)EVENT_TASKS_MAX);
	return true;
}

/* The next cgroup in events, from *@i on, that is meant. */
static const struct event_cgroup *next_cgroup(const struct expect_case *x,
					      const struct ktstr_op *ask, uint32_t *i)
{
	const struct event_cgroup *cg;
	const char *cgroup;

	while ((cg = event_tasks__cgroup_at(tasks_of(x), (*i)++))) {
		cgroup = expect_events__cgroup(cg->path);
		if (cgroup && expect__subject(x, ask, cgroup))
			return cg;
	}
	return NULL;
}

/* CPUs of which something is said: there all the time, and if of a cgroup, always in its cpuset. */
struct always {
	const char *cgroup;
	bool begun;
	struct cpu_mask cpus;
};

static void keep_common(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns)
{
	struct always *a = arg;
	struct cpu_mask m = s->online;

	(void)from_ns;
	(void)to_ns;
	if (*a->cgroup)
		op_state__cpus(s, a->cgroup, &m);
	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		a->cpus.bits[i] = (a->begun ? a->cpus.bits[i] : ~0ull) & m.bits[i];
	a->begun = true;
}

void judge__work_conserving(const struct expect_case *x, const struct ktstr_op *ask,
			    struct verdict_check *c)
{
	struct always a = { .cgroup = ask->cgroup };
	const struct event_wasted *w, *worst = NULL;
	double bound = expect__bound(ask) * 1e6;
	char at[KTSTR_OP_AT_MAX + 2], host[128];
	uint32_t cpu = 0;

	if (expect_events__missing(x, c))
		return;
	op_trace__walk(&x->ev->trace, x->nr_cpus, x->from_ns, x->to_ns, keep_common, &a);
	for (uint32_t i = 0; i < x->nr_cpus; i++) {
		w = &event_state__watch(event_stream__state(x->stream))->wasted[i];
		if (!cpu_mask__test(&a.cpus, i) || (worst && w->ns <= worst->ns))
			continue;
		worst = w;
		cpu = i;
	}
	if (!worst)
		verdict_set(c, VERDICT_SKIP, KIND_NO_DATA, "%sno CPU was there all the time",
			    expect__at(ask, at));
	else if (worst->ns <= bound && event_tasks__stats(tasks_of(x))->no_room)
		expect_events__crowded(x, c);
	else if (worst->ns <= bound)
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "no CPU was idle for more than %.1f ms while tasks waited that may run there, allowed are %.0f ms",
			    worst->ns / 1e6, bound / 1e6);
	else if (expect_host__excuses_ns(&x->host, worst->ns, bound))
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_IDLED,
			    "%sCPU %u was idle for %.1f ms while task %u and others waited that may run there, allowed are %.0f ms, but up to %.1f ms of that may be the host's and the harness's: %s",
			    expect__at(ask, at), cpu, worst->ns / 1e6, worst->pid, bound / 1e6,
			    expect_host__ns(&x->host, worst->ns) / 1e6,
			    expect_host__text(&x->host, host, sizeof(host)));
	else
		verdict_set(c, VERDICT_FAIL, KIND_IDLED,
			    "%sCPU %u was idle for %.1f ms, until %.3f s into the window, while task %u and others waited that may run there, allowed are %.0f ms; %s",
			    expect__at(ask, at), cpu, worst->ns / 1e6,
			    ((double)worst->at_ns - (double)x->from_ns) / 1e9, worst->pid,
			    bound / 1e6, expect_host__text(&x->host, host, sizeof(host)));
}

/* Wakeups of all that are meant; NULL when there were none or without memory. */
static struct histogram *all_wakes(const struct expect_case *x, const struct ktstr_op *ask)
{
	struct histogram *h = histogram__new(HISTOGRAM_2_DIGITS);
	const struct event_cgroup *cg;
	uint32_t i = 0;

	while (h && (cg = next_cgroup(x, ask, &i)))
		if (cg->account.wake.h)
			histogram__merge(h, cg->account.wake.h);
	if (h && histogram__count(h))
		return h;
	free(h);
	return NULL;
}

/*
 * What the host must have done for a percentile to be as long as it is: hold up as many
 * wakeups as are above it, each by what it misses the bound by.
 */
static void judge_wakes(const struct expect_case *x, const struct ktstr_op *ask,
			const struct histogram *h, struct verdict_check *c)
{
	double bound = expect__bound(ask) * 1e6, n = (double)histogram__count(h);
	double got = (double)histogram__percentile(h, ask->expect.pct);
	double late = n * (1 - ask->expect.pct / 100);
	double tasks = x->nr_cpus ? (double)x->ev->nr_workers / x->nr_cpus : 1;
	char at[KTSTR_OP_AT_MAX + 2], host[128];
	bool excused;

	if (got <= bound)
		return verdict_set(c, VERDICT_PASS, KIND_OK,
				   "%g %% of %.0f wakeups ran within %.3f ms, wanted are %g ms",
				   ask->expect.pct, n, got / 1e6, bound / 1e6);
	late = late < 1 ? 1 : late;
	excused = expect_host__excuses_wakes(&x->host, late, got - bound, tasks);
	verdict_set(c, excused ? VERDICT_INCONCLUSIVE : VERDICT_FAIL, KIND_LATE,
		    "%s%g %% of %.0f wakeups ran within %.3f ms, wanted are %g ms; the host alone would have had to hold up %.0f of them for %.1f ms in all: %s",
		    expect__at(ask, at), ask->expect.pct, n, got / 1e6, bound / 1e6, late,
		    late * (got - bound) / 1e6, expect_host__text(&x->host, host, sizeof(host)));
}

void judge__wake_latency(const struct expect_case *x, const struct ktstr_op *ask,
			 struct verdict_check *c)
{
	char at[KTSTR_OP_AT_MAX + 2];
	struct histogram *h;

	if (expect_events__missing(x, c) || expect_events__crowded(x, c))
		return;
	h = all_wakes(x, ask);
	if (h)
		judge_wakes(x, ask, h, c);
	else
		verdict_set(c, VERDICT_SKIP, KIND_NO_DATA, "%sno task was woken",
			    expect__at(ask, at));
	free(h);
}

/* Sums over all that are meant. */
struct moved {
	double run_s, moves, far, placements;
};

static struct moved all_moves(const struct expect_case *x, const struct ktstr_op *ask)
{
	const struct event_cgroup *cg;
	struct moved m = { 0 };
	uint32_t i = 0;

	while ((cg = next_cgroup(x, ask, &i))) {
		const struct event_account *a = &cg->account;

		m.run_s += (double)a->run_ns / 1e9;
		for (int d = 0; d < EVENT_MOVES; d++)
			m.moves += (double)a->moves[d];
		m.far += (double)(a->moves[EVENT_MOVE_NODE] + a->moves[EVENT_MOVE_FAR]);
		m.placements += (double)a->placements;
	}
	return m;
}

void judge__migrations(const struct expect_case *x, const struct ktstr_op *ask,
		       struct verdict_check *c)
{
	double bound = expect__bound(ask), rate;
	char at[KTSTR_OP_AT_MAX + 2];
	struct moved m;

	if (expect_events__missing(x, c) || expect_events__crowded(x, c))
		return;
	m = all_moves(x, ask);
	if (!(m.run_s > 0))
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA, "%snothing ran",
				   expect__at(ask, at));
	rate = m.moves / m.run_s;
	verdict_set(c, rate <= bound ? VERDICT_PASS : VERDICT_FAIL,
		    rate <= bound ? KIND_OK : KIND_MIGRATIONS,
		    "%s%.1f migrations per second of CPU time (%.0f in %.3f s), allowed are %g",
		    rate <= bound ? "" : expect__at(ask, at), rate, m.moves, m.run_s, bound);
}

void judge__llc_local(const struct expect_case *x, const struct ktstr_op *ask,
		      struct verdict_check *c)
{
	char at[KTSTR_OP_AT_MAX + 2];
	struct moved m;
	double pct;

	if (expect_events__missing(x, c) || expect_events__crowded(x, c))
		return;
	m = all_moves(x, ask);
	if (!(m.placements > 0))
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA, "%sno task was woken or moved",
				   expect__at(ask, at));
	pct = 100 * (m.placements - m.far) / m.placements;
	verdict_set(c, pct >= ask->expect.min ? VERDICT_PASS : VERDICT_FAIL,
		    pct >= ask->expect.min ? KIND_OK : KIND_NOT_LOCAL,
		    "%s%.1f %% of %.0f wakeups and migrations stayed in their LLC, wanted are %g %%",
		    pct >= ask->expect.min ? "" : expect__at(ask, at), pct, m.placements,
		    ask->expect.min);
}

/* CPU time of a pid by events, of all the tasks that had it; false when it is not known. */
static bool ran(const struct expect_case *x, uint32_t pid, struct event_own *sum)
{
	const struct event_task *t;
	struct event_own own;
	bool found = false;

	*sum = (struct event_own){ 0 };
	for (uint32_t i = 0; (t = event_tasks__at(tasks_of(x), i)); i++) {
		if (t->pid != pid)
			continue;
		found = true;
		own = event_task__own(t);
		sum->least_ns += own.least_ns;
		sum->most_ns += own.most_ns;
		sum->run_ns += own.run_ns;
	}
	return found || (!event_tasks__stats(tasks_of(x))->evicted &&
			 !event_tasks__stats(tasks_of(x))->no_room);
}

/* Sums over workers, in ns; @each: what every one of them is off. */
struct compared {
	double workers, least, most, on_cpu, each, worst_off;
	const struct evidence_worker *worst;
	uint32_t nr;
};

/* How far a number is outside of a range. */
static double outside(double v, double low, double high)
{
	return v < low ? low - v : v > high ? v - high : 0;
}

static void compare(const struct expect_case *x, const struct evidence_worker *w,
		    struct compared *s)
{
	struct event_own own;
	double off;

	if (!ran(x, w->pid, &own))
		return;
	off = outside((double)w->cpu_ns, (double)own.least_ns, (double)own.most_ns);
	s->nr++;
	s->workers += (double)w->cpu_ns;
	s->least += (double)own.least_ns;
	s->most += (double)own.most_ns;
	s->on_cpu += (double)own.run_ns;
	s->each += off;
	if (s->worst && off <= s->worst_off)
		return;
	s->worst = w;
	s->worst_off = off;
}

/*
 * A switch tells what the task ran by the kernel's count. Of slices that the window cuts, or that
 * last to its end, as that of a worker alone on its CPU does, only this is known: of all
 * CPUs together no more was stolen than the guest's kernel saw.
 */
static double unexplained(const struct expect_case *x, struct compared *s)
{
	double all;

	if (s->least < s->on_cpu - x->host.stolen_ns)
		s->least = s->on_cpu - x->host.stolen_ns;
	all = outside(s->workers, s->least, s->most);
	return s->each > all ? s->each : all;
}

void judge__account(const struct expect_case *x, const struct ktstr_op *ask,
		    struct verdict_check *c)
{
	double bound = expect__bound(ask), pct, most;
	char at[KTSTR_OP_AT_MAX + 2], host[128];
	struct compared s = { 0 };

	if (expect_events__missing(x, c))
		return;
	for (uint32_t i = 0; i < x->ev->nr_workers; i++)
		if (expect__subject(x, ask, x->ev->workers[i].cgroup))
			compare(x, &x->ev->workers[i], &s);
	most = s.workers > s.on_cpu ? s.workers : s.on_cpu;
	if (most < ACCOUNT_LEAST_NS)
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "%sworkers used too little CPU time to compare",
				   expect__at(ask, at));
	pct = 100 * unexplained(x, &s) / most;
	if (pct <= bound)
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "CPU time of %u workers by their own account (%.1f ms) and by events (%.1f to %.1f ms, of %.1f ms on a CPU): %.2f %% apart, allowed are %g %%",
			    s.nr, s.workers / 1e6, s.least / 1e6, s.most / 1e6, s.on_cpu / 1e6,
			    pct, bound);
	else
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_ACCOUNT,
			    "%sCPU time of %u workers by their own account (%.1f ms) and by events (%.1f to %.1f ms, of %.1f ms on a CPU): %.2f %% apart, allowed are %g %%; the most by worker %s/%s/%u: %.1f ms; %s",
			    expect__at(ask, at), s.nr, s.workers / 1e6, s.least / 1e6,
			    s.most / 1e6, s.on_cpu / 1e6, pct, bound, s.worst->cgroup,
			    s.worst->name, s.worst->worker, s.worst_off / 1e6,
			    expect_host__text(&x->host, host, sizeof(host)));
}
