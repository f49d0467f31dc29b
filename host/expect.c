// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of expectations: their names, default bounds and judges, and what these share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "verdict_end.h"

/* Which words of an operation are part of its point's name, in this order. */
#define NAME_CGROUP	1u
#define NAME_OTHER	2u
#define NAME_NAME	4u
#define NAME_METRIC	8u

/*
 * Bounds in the unit of the kind; the reasons are in Documentation/expectations.rst and
 * must change with the numbers.
 */
static const struct {
	const char *name;
	bool is_default;
	double bound;
	unsigned int words;
	expect_judge_fn judge;
} kinds[KTSTR_X_NR] = {
	[KTSTR_X_NOT_STARVED] = { "workers_progress", true, 0, NAME_CGROUP, judge__not_starved },
	[KTSTR_X_ISOLATED] = { "cpuset_kept", true, 0, NAME_CGROUP, judge__isolated },
	[KTSTR_X_FAIR] = { "fair", true, 20, NAME_CGROUP | NAME_OTHER, judge__fair },
	[KTSTR_X_QUOTA] = { "quota_kept", true, 10, NAME_CGROUP, judge__quota },
	[KTSTR_X_WORK_CONSERVING] = { "work_conserving", true, 100, NAME_CGROUP,
				      judge__work_conserving },
	[KTSTR_X_MAX_GAP] = { "longest_off_cpu", true, 500, NAME_CGROUP, judge__max_gap },
	[KTSTR_X_WAKE_LATENCY] = { "wake_latency", false, 10, NAME_CGROUP, judge__wake_latency },
	[KTSTR_X_THROUGHPUT] = { "throughput", false, 0, NAME_CGROUP, judge__throughput },
	[KTSTR_X_SPREAD] = { "spread", false, 50, NAME_CGROUP, judge__spread },
	[KTSTR_X_MIGRATIONS] = { "migrations", false, 100, NAME_CGROUP, judge__migrations },
	[KTSTR_X_LLC_LOCAL] = { "llc_local", false, 0, NAME_CGROUP, judge__llc_local },
	[KTSTR_X_NODE_LOCAL] = { "node_local", false, 0, NAME_CGROUP, judge__node_local },
	[KTSTR_X_NO_REGRESSION] = { "no_regression", false, 0,
				    NAME_CGROUP | NAME_NAME | NAME_OTHER, judge__no_regression },
	[KTSTR_X_METRIC] = { "metric", false, 0, NAME_NAME | NAME_METRIC, judge__metric },
	[KTSTR_X_EXIT_STATUS] = { "exit_status", false, 0, NAME_NAME, judge__exit_status },
	[KTSTR_X_OVERHEAD] = { "overhead", true, 2, 0, judge__overhead },
	[KTSTR_X_ACCOUNT] = { "accounts_agree", true, 2, NAME_CGROUP, judge__account },
};

bool expect__is_default(enum ktstr_expect_kind kind)
{
	return kind < KTSTR_X_NR && kinds[kind].is_default;
}

double expect__bound(const struct ktstr_op *ask)
{
	return ask->expect.bound > 0 ? ask->expect.bound : kinds[ask->expect.kind].bound;
}

void expect__judge(const struct expect_case *x, const struct ktstr_op *ask,
		   struct verdict_check *c)
{
	kinds[ask->expect.kind].judge(x, ask, c);
}

static void add_word(char *list, size_t size, bool wanted, const char *word)
{
	size_t len = strlen(list);

	if (wanted && *word)
		snprintf(list + len, size - len, "%s%s", len ? "," : "", word);
}

char *expect__name(const struct ktstr_op *ask, char *buf, size_t size)
{
	unsigned int words = kinds[ask->expect.kind].words;
	char list[4 * KTSTR_OP_CGROUP_MAX] = "", pct[16] = "";

	add_word(list, sizeof(list), words & NAME_CGROUP, ask->cgroup);
	add_word(list, sizeof(list), words & NAME_NAME, ask->name);
	add_word(list, sizeof(list), words & NAME_OTHER, ask->other);
	add_word(list, sizeof(list), words & NAME_METRIC, ask->expect.metric);
	if (ask->expect.kind == KTSTR_X_WAKE_LATENCY)
		snprintf(pct, sizeof(pct), "_p%g", ask->expect.pct);
	snprintf(buf, size, "%s%s%s%s%s", kinds[ask->expect.kind].name, pct, *list ? "(" : "",
		 list, *list ? ")" : "");
	return buf;
}

/* A test that says something of one cgroup wants the default to be of the others. */
static bool has_its_own(const struct plan *plan, enum ktstr_expect_kind kind, const char *cgroup)
{
	for (uint32_t i = 0; i < plan->nr_ops; i++) {
		const struct ktstr_op *op = &plan->ops[i];

		if (op->verb == KTSTR_V_EXPECT && op->expect.kind == kind && *op->cgroup &&
		    op_path__within(cgroup, op->cgroup))
			return true;
	}
	return false;
}

bool expect__subject(const struct expect_case *x, const struct ktstr_op *ask, const char *cgroup)
{
	if (*ask->cgroup)
		return op_path__within(cgroup, ask->cgroup);
	return !has_its_own(x->plan, ask->expect.kind, cgroup);
}

const char *expect__at(const struct ktstr_op *ask, char buf[KTSTR_OP_AT_MAX + 2])
{
	snprintf(buf, KTSTR_OP_AT_MAX + 2, "%s%s", ask->at, *ask->at ? ": " : "");
	return buf;
}

double expect__window_s(const struct expect_case *x)
{
	return (double)(x->to_ns - x->from_ns) / 1e9;
}

struct frozen {
	const char *cgroup;
	uint64_t ns;
};

static void add_frozen(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns)
{
	struct frozen *f = arg;

	if (op_state__frozen(s, f->cgroup))
		f->ns += to_ns - from_ns;
}

uint64_t expect__frozen_ns(const struct expect_case *x, const char *cgroup, uint64_t from_ns,
			   uint64_t to_ns)
{
	struct frozen f = { .cgroup = cgroup };

	op_trace__walk(&x->ev->trace, x->nr_cpus, from_ns, to_ns, add_frozen, &f);
	return f.ns;
}

double expect__gap_ns(const struct expect_case *x, const struct evidence_worker *w)
{
	uint64_t from = w->max_gap_at_ns > w->max_gap_ns ? w->max_gap_at_ns - w->max_gap_ns : 0;

	return (double)(w->max_gap_ns -
			expect__frozen_ns(x, w->cgroup, from, from + w->max_gap_ns));
}

static void no_events(struct expect_case *x, enum verdict_kind kind, const char *why)
{
	x->no_events_kind = kind;
	snprintf(x->no_events, sizeof(x->no_events), "%s", why);
}

/* Never judge by a part: what is missing may be what matters. */
static void find_events(struct expect_case *x, const struct events *events)
{
	const struct events_result *r = events ? events__result(events) : NULL;

	if (!r)
		no_events(x, KIND_NO_EVENTS, "no scheduler events were asked for");
	else if (!events__stream(events))
		no_events(x, KIND_NO_EVENTS, "the guest had no path for scheduler events");
	else if (!events__has_figures(events))
		no_events(x, KIND_NO_EVENTS, "only a part of the scheduler events was asked for");
	else if (!r->measured || !r->complete || r->lost_window || r->lost_untold ||
		 r->not_final || r->explained)
		no_events(x, KIND_EVENTS_LOST, "scheduler events of the window are missing");
	else
		x->stream = events__stream(events);
	if (r)
		x->drift_ns = r->clock.drift_ns < 0 ? -(uint64_t)r->clock.drift_ns :
			      (uint64_t)r->clock.drift_ns;
}

void expect_case__init(struct expect_case *x, const struct plan *plan, const struct evidence *ev,
		       const struct events *events)
{
	memset(x, 0, sizeof(*x));
	x->plan = plan;
	x->ev = ev;
	x->ops = op_list__of_trace(&ev->trace);
	x->nr_cpus = ev->helo.nr_cpus < CPU_MASK_BITS ? ev->helo.nr_cpus : CPU_MASK_BITS;
	x->from_ns = ev->start.time_ns;
	x->to_ns = ev->end.time_ns;
	find_events(x, events);
	expect_host__of(&x->host, ev);
}
