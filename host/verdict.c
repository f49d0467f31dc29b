// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict: every point of the plan decided, and what they come to.
 */
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "verdict_end.h"

/* Host steal, per cent of the CPU time of the window; < 0 when unknown. */
static double steal_pct(const struct evidence *ev)
{
	double window = (double)ev->end.time_ns - (double)ev->start.time_ns;
	double steal = (double)ev->end.steal_ns - (double)ev->start.steal_ns;

	if (!ev->start.seen || !ev->end.seen || !ev->has_helo || !ev->helo.nr_cpus || window <= 0)
		return -1;
	return 100.0 * steal / (window * ev->helo.nr_cpus);
}

/* What is told in the guest's time, and is no bound that expect_host.h has been asked about. */
static void doubt_time(const struct expect_case *x, struct verdict_check *c)
{
	char why[VERDICT_REASON_MAX], host[128];

	if (c->status != VERDICT_FAIL || !x->host.nr_stills ||
	    (c->kind != KIND_METRIC && c->kind != KIND_OFF_CPUSET && c->kind != KIND_QUOTA))
		return;
	snprintf(why, sizeof(why), "%s", c->reason);
	verdict_set(c, VERDICT_INCONCLUSIVE, c->kind, "%.300s; but %s", why,
		    expect_host__text(&x->host, host, sizeof(host)));
}

static void judge_one(const struct verdict *v, const struct expect_case *x,
		      const struct ktstr_op *ask, struct verdict_check *c)
{
	expect__judge(x, ask, c);
	doubt_time(x, c);
	verdict_evidence__doubt(c, v, x->ev);
}

/* What the test expects itself, in its order; body: what the body asked for. */
static void judge_asked(struct verdict *v, const struct expect_case *x)
{
	struct verdict_check *c = &v->checks[CHECK_NR];

	for (uint32_t i = 0; i < x->plan->nr_ops; i++) {
		const struct ktstr_op *op = &x->plan->ops[i];

		if (op->verb == KTSTR_V_EXPECT && !verdict_ask__folds(x->plan, op))
			judge_one(v, x, op, c++);
	}
}

/* The gravest of what a body expects; its expectations follow those of the plan. */
static void judge_body(struct verdict *v, const struct expect_case *x)
{
	struct verdict_check one, *c = &v->checks[CHECK_BODY];
	char name[VERDICT_NAME_MAX];
	uint32_t n = 0;

	verdict_set(c, VERDICT_PASS, KIND_OK, "the test's body expects nothing");
	for (uint32_t i = x->plan->nr_ops; i < x->ops.nr; i++) {
		const struct ktstr_op *op = op_list__at(&x->ops, i);

		if (op->verb != KTSTR_V_EXPECT)
			continue;
		judge_one(v, x, op, &one);
		if (!n++ || one.status > c->status)
			verdict_set(c, one.status, one.kind, "%s: %.400s",
				    expect__name(op, name, sizeof(name)), one.reason);
	}
	/* A body asks as much as a plan does: what of it was not judged is no success. */
	c->asked = n > 0;
	if (n && c->status == VERDICT_PASS)
		verdict_set(c, VERDICT_PASS, KIND_OK, "%u expectations of the test's body hold",
			    n);
}

static void judge_defaults(struct verdict *v, const struct expect_case *x)
{
	for (int id = CHECK_PROGRESS; id <= CHECK_OVERHEAD; id++) {
		struct ktstr_op ask;

		if (!v->checks[id].applies)
			continue;
		verdict_ask__of(&ask, x->plan, id);
		judge_one(v, x, &ask, &v->checks[id]);
	}
}

/* Without a whole window these have nothing to judge, and say so. */
static void skip_window(struct verdict *v, const struct plan *plan)
{
	struct verdict_check *c = v->checks;

	for (uint32_t i = CHECK_SCHED; i < v->nr; i++)
		if (i <= CHECK_BODY || i >= CHECK_NR)
			verdict_set(&c[i], VERDICT_SKIP, KIND_NOT_REACHED,
				    "not judged: the run did not complete its window");
	/* What ended the run is about the scheduler: it is the answer here as well. */
	if (plan__has_sched(plan) && c[CHECK_COMPLETED].kind >= KIND_SCHED_DIED_AT_START &&
	    c[CHECK_COMPLETED].kind <= KIND_SCHED_REPLACED)
		verdict_set(&c[CHECK_SCHED], VERDICT_FAIL, c[CHECK_COMPLETED].kind, "%s",
			    c[CHECK_COMPLETED].reason);
}

static void judge_window(struct verdict *v, const struct plan *plan, const struct evidence *ev,
			 const struct events *events)
{
	struct expect_case x;

	if (v->checks[CHECK_COMPLETED].status != VERDICT_PASS || !ev->start.seen ||
	    !ev->end.seen)
		return skip_window(v, plan);
	expect_case__init(&x, plan, ev, events);
	verdict_sched__judge(&v->checks[CHECK_SCHED], plan, ev);
	verdict_evidence__doubt(&v->checks[CHECK_SCHED], v, ev);
	judge_defaults(v, &x);
	if (v->checks[CHECK_BODY].applies)
		judge_body(v, &x);
	judge_asked(v, &x);
}

static void judge_events(struct verdict *v, const struct plan *plan, const struct evidence *ev)
{
	struct verdict_check *c = &v->checks[CHECK_EVENTS];

	if (!c->applies)
		return;
	if (v->checks[CHECK_COMPLETED].status != VERDICT_PASS)
		verdict_set(c, VERDICT_SKIP, KIND_NOT_REACHED,
			    "not judged: the run did not complete its window");
	else
		verdict_events__judge(c, plan, ev);
}

/*
 * A run is judged by all the rest where a default had nothing to judge by: no path for
 * events in this kernel, say. What the test asks for must be judged.
 */
static bool decides(const struct verdict_check *c)
{
	return c->applies && (c->status != VERDICT_SKIP || c->asked ||
			      c->kind == KIND_NOT_REACHED);
}

/* The gravest point decides; among equals the first. */
static void judge_whole(struct verdict *v)
{
	v->status = VERDICT_PASS;
	v->kind = KIND_OK;
	v->reason = "";
	for (uint32_t i = 0; i < v->nr; i++) {
		const struct verdict_check *c = &v->checks[i];

		if (!decides(c) || c->status <= v->status)
			continue;
		v->status = c->status;
		v->kind = c->kind;
		v->reason = c->reason;
	}
}

/* What held for a part of the window is not known to hold for all of it. */
static void judge_length(struct verdict_check *c, const struct plan *plan,
			 const struct evidence *ev)
{
	uint64_t asked = verdict_ops__window_ns(plan);

	if (!ev->start.seen || !ev->end.seen)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest is done, but the %s of its window never arrived",
			    ev->start.seen ? "end" : "start");
	else if (ev->end.time_ns <= ev->start.time_ns ||
		 ev->end.time_ns - ev->start.time_ns < asked)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest is done, but its window was %.3f s long, not %.3f s",
			    ((double)ev->end.time_ns - (double)ev->start.time_ns) / 1e9,
			    asked / 1e9);
}

void verdict__judge(struct verdict *v, const struct plan *plan, const struct evidence *ev,
		    const struct events *events)
{
	struct verdict_check *c = v->checks;

	verdict__plan_checks(v, plan);
	v->steal_pct = steal_pct(ev);
	/* First: whether something is not there, or was lost, the others have to know. */
	verdict_evidence__judge(&c[CHECK_EVIDENCE], ev);
	verdict_end__judge(&c[CHECK_COMPLETED], &c[CHECK_EVIDENCE], plan, ev);
	if (c[CHECK_COMPLETED].status == VERDICT_PASS && verdict_ops__lasts(plan, ev))
		judge_length(&c[CHECK_COMPLETED], plan, ev);
	verdict_ops__judge(&c[CHECK_OPERATIONS], &c[CHECK_COMPLETED], plan, ev);
	judge_window(v, plan, ev, events);
	verdict_log__judge(&c[CHECK_KERNEL_LOG], ev, c[CHECK_COMPLETED].status == VERDICT_PASS);
	judge_events(v, plan, ev);
	if (c[CHECK_FAULTS].applies)
		verdict_faults__judge(&c[CHECK_FAULTS], plan, ev);
	judge_whole(v);
}
