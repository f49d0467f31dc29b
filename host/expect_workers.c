// SPDX-License-Identifier: GPL-2.0-only
/*
 * What workers say of themselves: progress, gaps, throughput; and what the harness costs.
 */
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "verdict_end.h"

/* A worker that lived for less need not have got anywhere. */
#define SHORT_LIFE_NS	100000000ull
/* Turns of one round of workers on a CPU: SCX_SLICE_DFL is 20 ms. */
#define TURN_MS		20.0
#define ROUNDS		3.0

static const char *name_of(const struct evidence_worker *w, char *buf, size_t size)
{
	if (*w->name)
		snprintf(buf, size, "%s/%s/%u", w->cgroup, w->name, w->worker);
	else
		snprintf(buf, size, "%s/%u", w->cgroup, w->worker);
	return buf;
}

/* Lengths of a hostile account may run backwards. */
static uint64_t life_ns(const struct evidence_worker *w)
{
	return w->end_ns > w->start_ns ? w->end_ns - w->start_ns : 0;
}

static bool same_crew(const struct evidence_worker *w, const struct ktstr_op *op)
{
	return !strcmp(w->cgroup, op->cgroup) && !strcmp(w->name, op->name);
}

/* All workers of a cgroup and name, whichever of several spawns they are of. */
static uint32_t spawned(const struct expect_case *x, const struct ktstr_op *crew)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < x->ops.nr; i++) {
		const struct ktstr_op *op = op_list__at(&x->ops, i);

		if (op->verb == KTSTR_V_SPAWN && !strcmp(op->cgroup, crew->cgroup) &&
		    !strcmp(op->name, crew->name))
			n += op->work.nr;
	}
	return n;
}

static bool all_reported(const struct expect_case *x, const struct ktstr_op *ask,
			 struct verdict_check *c)
{
	for (uint32_t i = 0; i < x->ops.nr; i++) {
		const struct ktstr_op *op = op_list__at(&x->ops, i);
		uint32_t n = 0;

		if (op->verb != KTSTR_V_SPAWN || !expect__subject(x, ask, op->cgroup))
			continue;
		for (uint32_t k = 0; k < x->ev->nr_workers; k++)
			n += same_crew(&x->ev->workers[k], op);
		if (n == spawned(x, op))
			continue;
		verdict_set(c, VERDICT_FAIL, KIND_WORKER_MISSING,
			    "%s: %u of %u workers %s of cgroup %s reported", op->at, n,
			    spawned(x, op), op->name, op->cgroup);
		return false;
	}
	return true;
}

/* Could it not even have begun? */
static bool had_time(const struct expect_case *x, const struct evidence_worker *w)
{
	uint64_t life = life_ns(w);

	return life - expect__frozen_ns(x, w->cgroup, w->start_ns, w->end_ns) >= SHORT_LIFE_NS;
}

static void no_progress(const struct expect_case *x, const struct evidence_worker *w,
			const char *at, struct verdict_check *c)
{
	double life = (double)life_ns(w);
	char name[128], host[128];
	bool excused = expect_host__excuses_ns(&x->host, life, (double)SHORT_LIFE_NS);

	verdict_set(c, excused ? VERDICT_INCONCLUSIVE : VERDICT_FAIL, KIND_NO_PROGRESS,
		    "%sworker %s made no progress: %llu iterations in %.1f ms of CPU time, %.1f ms long%s%s",
		    at, name_of(w, name, sizeof(name)), (unsigned long long)w->iterations,
		    w->cpu_ns / 1e6, life / 1e6, excused ? "; but " : "",
		    excused ? expect_host__text(&x->host, host, sizeof(host)) : "");
}

void judge__not_starved(const struct expect_case *x, const struct ktstr_op *ask,
			struct verdict_check *c)
{
	char at[KTSTR_OP_AT_MAX + 2], name[128];
	uint32_t n = 0;

	if (!all_reported(x, ask, c))
		return;
	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		const struct evidence_worker *w = &x->ev->workers[i];

		if (!expect__subject(x, ask, w->cgroup))
			continue;
		n++;
		if (w->exit_status)
			return verdict_set(c, VERDICT_FAIL, KIND_WORKER_DIED,
					   "worker %s died in the window with wait status 0x%x",
					   name_of(w, name, sizeof(name)), w->exit_status);
		if ((!w->iterations || !w->cpu_ns) && had_time(x, w))
			return no_progress(x, w, expect__at(ask, at), c);
	}
	if (!n)
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA, "%sthere were no workers",
				   expect__at(ask, at));
	verdict_set(c, VERDICT_PASS, KIND_OK, "all %u workers finished and made progress", n);
}

struct limits {
	const char *cgroup;
	uint64_t period_us;
};

/* The longest period of the limits that a cgroup was under. */
static void add_limits(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns)
{
	struct limits *l = arg;

	(void)from_ns;
	(void)to_ns;
	for (uint32_t i = 0; i < s->nr_cgroups; i++) {
		const struct op_cgroup *cg = &s->cgroups[i];

		if (*cg->path && cg->quota_us && cg->period_us > l->period_us &&
		    op_path__within(l->cgroup, cg->path))
			l->period_us = cg->period_us;
	}
}

static double gap_bound_ns(const struct expect_case *x, const struct ktstr_op *ask,
			   const struct expect_crowd *crowd, const struct evidence_worker *w)
{
	/* What it may have to wait for the others on its CPUs. */
	double rounds = ROUNDS * TURN_MS * expect_crowd__each(crowd, w->cgroup, w->name);
	struct limits l = { .cgroup = w->cgroup };
	double ms = expect__bound(ask);

	if (!(ask->expect.bound > 0) && rounds > ms)
		ms = rounds;
	op_trace__walk(&x->ev->trace, x->nr_cpus, x->from_ns, x->to_ns, add_limits, &l);
	return ms * 1e6 + (double)l.period_us * 1e3;
}

/* The worker that is the furthest beyond its bound, or the nearest to it. */
static const struct evidence_worker *longest_gap(const struct expect_case *x,
						 const struct ktstr_op *ask, double *gap,
						 double *bound)
{
	const struct evidence_worker *worst = NULL;
	struct expect_crowd crowd;

	expect_crowd__make(&crowd, x);
	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		const struct evidence_worker *w = &x->ev->workers[i];
		double g, b;

		if (!expect__subject(x, ask, w->cgroup))
			continue;
		g = expect__gap_ns(x, w);
		b = gap_bound_ns(x, ask, &crowd, w);
		if (worst && g - b <= *gap - *bound)
			continue;
		worst = w;
		*gap = g;
		*bound = b;
	}
	return worst;
}

void judge__max_gap(const struct expect_case *x, const struct ktstr_op *ask,
		    struct verdict_check *c)
{
	double gap = 0, bound = 0;
	const struct evidence_worker *w = longest_gap(x, ask, &gap, &bound);
	char at[KTSTR_OP_AT_MAX + 2], name[128], host[128];

	if (!w)
		verdict_set(c, VERDICT_SKIP, KIND_NO_DATA, "%sthere were no workers",
			    expect__at(ask, at));
	else if (gap <= bound)
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "at most %.1f ms (worker %s), allowed are %.0f ms", gap / 1e6,
			    name_of(w, name, sizeof(name)), bound / 1e6);
	else if (expect_host__excuses_ns(&x->host, gap, bound))
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_STARVED,
			    "%sworker %s did not run for %.1f ms, allowed are %.0f ms, but up to %.1f ms of that may be the host's and the harness's: %s",
			    expect__at(ask, at), name_of(w, name, sizeof(name)), gap / 1e6,
			    bound / 1e6, expect_host__ns(&x->host, gap) / 1e6,
			    expect_host__text(&x->host, host, sizeof(host)));
	else
		verdict_set(c, VERDICT_FAIL, KIND_STARVED,
			    "%sworker %s did not run for %.1f ms, allowed are %.0f ms; %s",
			    expect__at(ask, at), name_of(w, name, sizeof(name)), gap / 1e6,
			    bound / 1e6, expect_host__text(&x->host, host, sizeof(host)));
}

void judge__throughput(const struct expect_case *x, const struct ktstr_op *ask,
		       struct verdict_check *c)
{
	char at[KTSTR_OP_AT_MAX + 2], host[128];
	double sum = 0, rate;
	uint32_t n = 0;

	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		if (!expect__subject(x, ask, x->ev->workers[i].cgroup))
			continue;
		n++;
		sum += (double)x->ev->workers[i].iterations;
	}
	rate = sum / expect__window_s(x);
	if (!n)
		verdict_set(c, VERDICT_SKIP, KIND_NO_DATA, "%sthere were no workers",
			    expect__at(ask, at));
	else if (rate >= ask->expect.min)
		verdict_set(c, VERDICT_PASS, KIND_OK, "%.1f iterations/s, wanted are %g", rate,
			    ask->expect.min);
	else if (rate * expect_host__speed(&x->host, x->host.window_ns, x->nr_cpus) >=
		 ask->expect.min)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_SLOW,
			    "%s%.1f iterations/s, wanted are %g, but %s", expect__at(ask, at), rate,
			    ask->expect.min, expect_host__text(&x->host, host, sizeof(host)));
	else
		verdict_set(c, VERDICT_FAIL, KIND_SLOW, "%s%.1f iterations/s, wanted are %g; %s",
			    expect__at(ask, at), rate, ask->expect.min,
			    expect_host__text(&x->host, host, sizeof(host)));
}

/* (max - min) / mean of iterations, in per cent; < 0 when there were none. */
static double spread_pct(const struct expect_case *x, const struct ktstr_op *ask, uint32_t *nr)
{
	double sum = 0, min = 0, max = 0;

	*nr = 0;
	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		double v = (double)x->ev->workers[i].iterations;

		if (!expect__subject(x, ask, x->ev->workers[i].cgroup))
			continue;
		min = !*nr || v < min ? v : min;
		max = !*nr || v > max ? v : max;
		sum += v;
		(*nr)++;
	}
	return sum > 0 ? 100 * (max - min) * *nr / sum : -1;
}

void judge__spread(const struct expect_case *x, const struct ktstr_op *ask,
		   struct verdict_check *c)
{
	double bound = expect__bound(ask), spread;
	char at[KTSTR_OP_AT_MAX + 2], host[128];
	uint32_t nr;

	spread = spread_pct(x, ask, &nr);
	if (spread < 0)
		verdict_set(c, nr ? VERDICT_FAIL : VERDICT_SKIP, nr ? KIND_SPREAD : KIND_NO_DATA,
			    "%sthere were no iterations", expect__at(ask, at));
	else if (spread <= bound)
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "iterations of %u workers are %.1f %% of their mean apart, allowed are %g %%",
			    nr, spread, bound);
	else
		verdict_set(c, spread - expect_host__spread_pct(&x->host) <= bound ?
			    VERDICT_INCONCLUSIVE : VERDICT_FAIL, KIND_SPREAD,
			    "%siterations of %u workers are %.1f %% of their mean apart, allowed are %g %%; up to %.1f may be the host's: %s",
			    expect__at(ask, at), nr, spread, bound,
			    expect_host__spread_pct(&x->host),
			    expect_host__text(&x->host, host, sizeof(host)));
}

void judge__node_local(const struct expect_case *x, const struct ktstr_op *ask,
		       struct verdict_check *c)
{
	char at[KTSTR_OP_AT_MAX + 2];
	double pages = 0, remote = 0, pct;

	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		const struct evidence_worker *w = &x->ev->workers[i];

		if (!expect__subject(x, ask, w->cgroup))
			continue;
		pages += (double)w->node_pages;
		remote += (double)w->remote_pages;
	}
	if (!(pages > 0) || remote > pages)
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "%sno worker looked where its pages are", expect__at(ask, at));
	pct = 100 * (pages - remote) / pages;
	verdict_set(c, pct >= ask->expect.min ? VERDICT_PASS : VERDICT_FAIL,
		    pct >= ask->expect.min ? KIND_OK : KIND_NOT_LOCAL,
		    "%s%.1f %% of %.0f pages were on their worker's node, wanted are %g %%",
		    pct >= ask->expect.min ? "" : expect__at(ask, at), pct, pages,
		    ask->expect.min);
}

/*
 * Where the machine is emulated an exit costs up to half a millisecond and the guest's kernel
 * runs at a fiftieth of its speed: the harness of an idle guest takes 3 to 6 % of a CPU there, by
 * time, and 0.35 % by instructions.
 */
#define OVERHEAD_EMULATED_PCT	10.0

static double overhead_bound(const struct expect_case *x, const struct ktstr_op *ask)
{
	return x->plan->emulated && !(ask->expect.bound > 0) ? OVERHEAD_EMULATED_PCT :
							       expect__bound(ask);
}

/* It is our own doing, so it takes the trust out of a run and blames no scheduler. */
void judge__overhead(const struct expect_case *x, const struct ktstr_op *ask,
		     struct verdict_check *c)
{
	double bound = overhead_bound(x, ask), pct;
	uint64_t harness_ns, ops_ns;
	char at[KTSTR_OP_AT_MAX + 2];

	if (!evidence__cost(x->ev, &harness_ns, &ops_ns) || !x->nr_cpus)
		return verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
				   "the guest's account of its own CPU time makes no sense");
	pct = 100 * (double)harness_ns / ((double)(x->to_ns - x->from_ns) * x->nr_cpus);
	verdict_set(c, pct <= bound ? VERDICT_PASS : VERDICT_INCONCLUSIVE,
		    pct <= bound ? KIND_OK : KIND_OVERHEAD,
		    "%sthe harness used %.2f %% of the guest's CPU time in the window (%.1f ms), allowed are %g %%",
		    pct <= bound ? "" : expect__at(ask, at), pct, (double)harness_ns / 1e6, bound);
}
