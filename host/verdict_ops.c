// SPDX-License-Identifier: GPL-2.0-only
/*
 * Did the guest do what the plan says?
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "op_state.h"
#include "verdict_end.h"

/* Plans without operations are of tests that make evidence by hand. */
bool verdict_ops__lasts(const struct plan *plan, const struct evidence *ev)
{
	if (!plan->nr_ops && !ev->trace.nr)
		return plan->scenario;
	for (uint32_t i = 0; i < plan->nr_ops; i++)
		if (op__lets_time_pass(&plan->ops[i]))
			return true;
	for (uint32_t i = 0; i < ev->trace.nr; i++)
		if (op__lets_time_pass(&ev->trace.steps[i].op))
			return true;
	return false;
}

uint64_t verdict_ops__window_ns(const struct plan *plan)
{
	/* How long a body holds is known when it has: its operations tell. */
	bool told = plan->nr_ops || plan__has_body(plan);
	uint64_t ms = told ? 0 : plan->duration_ms;

	for (uint32_t i = 0; i < plan->nr_ops; i++)
		if (plan->ops[i].verb == KTSTR_V_HOLD)
			ms += plan->ops[i].value2;
	return ms * 1000000;
}

/* The words of both, as they go over the wire; what is told is clean, so both must be. */
static bool same(const struct ktstr_op *planned, const struct ktstr_op *told)
{
	char a[KTSTR_OP_LINE_MAX], b[KTSTR_OP_LINE_MAX];
	struct ktstr_op clean = *planned;

	op_trace__clean(&clean);
	return ktstr_op__write(&clean, a, sizeof(a)) > 0 &&
	       ktstr_op__write(told, b, sizeof(b)) > 0 && !strcmp(a, b);
}

/* The first operation that is not as planned; false: none. */
static bool contradicts(struct verdict_check *c, const struct plan *plan,
			const struct op_trace *t)
{
	bool body = plan__has_body(plan);

	for (uint32_t i = 0; i < t->nr; i++) {
		if (i < plan->nr_ops ? same(&plan->ops[i], &t->steps[i].op) : body)
			continue;
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "%s: operation %u was %s, the plan has %s there", t->steps[i].op.at, i,
			    ktstr_verb__name(t->steps[i].op.verb), i < plan->nr_ops ?
			    ktstr_verb__name(plan->ops[i].verb) : "none");
		return true;
	}
	return false;
}

/* The end of a run shows in the operation that it ended: that is no failure of it. */
static void judge_failed(struct verdict_check *c, const struct verdict_check *completed,
			 const struct op_step *s)
{
	if (s->error == ECANCELED && completed->status != VERDICT_PASS)
		verdict_set(c, VERDICT_SKIP, KIND_NOT_REACHED,
			    "%s: the run ended in %s: %s", s->op.at, ktstr_verb__name(s->op.verb),
			    s->reason);
	else
		verdict_set(c, completed->status == VERDICT_ENV ? VERDICT_ENV : VERDICT_FAIL,
			    KIND_OPERATION, "%s: %s failed: %s (%s)", s->op.at,
			    ktstr_verb__name(s->op.verb),
			    *s->reason ? s->reason : "no reason given", strerror((int)s->error));
}

void verdict_ops__judge(struct verdict_check *c, const struct verdict_check *completed,
			const struct plan *plan, const struct evidence *ev)
{
	const struct op_trace *t = &ev->trace;
	uint32_t good = op_list__of_trace(t).nr;

	if (!c->applies)
		return;
	if (good < t->nr && t->steps[good].done)
		judge_failed(c, completed, &t->steps[good]);
	else if (completed->status != VERDICT_PASS)
		verdict_set(c, VERDICT_SKIP, KIND_NOT_REACHED,
			    "not judged: the run ended after %u of %u operations", good,
			    plan->nr_ops);
	else if (contradicts(c, plan, t))
		return;
	else if (good < t->nr || good < plan->nr_ops)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "%s: of %u operations %u are known to be done, and this is not one of them",
			    good < t->nr ? t->steps[good].op.at : plan->ops[good].at,
			    t->nr > plan->nr_ops ? t->nr : plan->nr_ops, good);
	else
		verdict_set(c, VERDICT_PASS, KIND_OK, "all %u operations were carried out", good);
}
