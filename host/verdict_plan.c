// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which points a plan has: the defaults that apply to it, and what its test expects.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "expect_terms.h"
#include "verdict_end.h"

/* What the default points are called, and which kind each is of; KTSTR_X_NR: none. */
static const struct {
	const char *name;
	enum ktstr_expect_kind kind;
} defaults[CHECK_NR] = {
	[CHECK_COMPLETED]	= { "completed", KTSTR_X_NR },
	[CHECK_OPERATIONS]	= { "operations_done", KTSTR_X_NR },
	[CHECK_SCHED]		= { "sched_enabled", KTSTR_X_NR },
	[CHECK_PROGRESS]	= { "workers_progress", KTSTR_X_NOT_STARVED },
	[CHECK_OFF_CPU]		= { "longest_off_cpu", KTSTR_X_MAX_GAP },
	[CHECK_CPUSET]		= { "cpuset_kept", KTSTR_X_ISOLATED },
	[CHECK_SHARES]		= { "fair_shares", KTSTR_X_FAIR },
	[CHECK_QUOTA]		= { "quota_kept", KTSTR_X_QUOTA },
	[CHECK_CONSERVING]	= { "work_conserving", KTSTR_X_WORK_CONSERVING },
	[CHECK_ACCOUNT]		= { "accounts_agree", KTSTR_X_ACCOUNT },
	[CHECK_OVERHEAD]	= { "overhead", KTSTR_X_OVERHEAD },
	[CHECK_BODY]		= { "body_expectations", KTSTR_X_NR },
	[CHECK_KERNEL_LOG]	= { "kernel_log_clean", KTSTR_X_NR },
	[CHECK_EVIDENCE]	= { "evidence_whole", KTSTR_X_NR },
	[CHECK_EVENTS]		= { "events_complete", KTSTR_X_NR },
	[CHECK_FAULTS]		= { "faults_switched", KTSTR_X_NR },
};

static bool has_verb(const struct plan *plan, enum ktstr_verb verb)
{
	for (uint32_t i = 0; i < plan->nr_ops; i++)
		if (plan->ops[i].verb == verb)
			return true;
	return false;
}

/* What a body does is not known before: it may do anything. */
static bool may_do(const struct plan *plan, enum ktstr_verb verb)
{
	return plan__has_body(plan) || has_verb(plan, verb);
}

static bool any_contested(const struct plan *plan)
{
	struct op_list ops = {
		.first = plan->ops, .stride = sizeof(*plan->ops), .nr = plan->nr_ops,
	};
	struct expect_terms t;

	expect_terms__of(&t, &ops, plan->shape ? plan->shape->nr_cpus : CPU_MASK_BITS);
	return t.contested;
}

static bool is_without(const struct plan *plan, enum ktstr_expect_kind kind)
{
	return plan->test && plan->test->without & KTSTR_X_BIT(kind);
}

static bool applies(const struct plan *plan, enum verdict_check_id id)
{
	bool events = plan->events != KTSTR_WISH_OFF;

	if (defaults[id].kind != KTSTR_X_NR && is_without(plan, defaults[id].kind))
		return false;
	switch (id) {
	case CHECK_OPERATIONS:
		return plan->nr_ops || plan__has_body(plan);
	case CHECK_PROGRESS:
	case CHECK_OFF_CPU:
		return may_do(plan, KTSTR_V_SPAWN);
	case CHECK_SHARES:
		return any_contested(plan) || plan__has_body(plan);
	case CHECK_QUOTA:
		return may_do(plan, KTSTR_V_QUOTA);
	case CHECK_CONSERVING:
		return events;
	case CHECK_ACCOUNT:
		return events && may_do(plan, KTSTR_V_SPAWN);
	case CHECK_BODY:
		return plan__has_body(plan);
	case CHECK_EVENTS:
		return events;
	case CHECK_FAULTS:
		return plan__has_faults(plan);
	default:
		return true;
	}
}

bool verdict_ask__folds(const struct plan *plan, const struct ktstr_op *op)
{
	return expect__is_default(op->expect.kind) && !*op->cgroup &&
	       !is_without(plan, op->expect.kind);
}

void verdict_ask__of(struct ktstr_op *ask, const struct plan *plan, enum verdict_check_id id)
{
	*ask = (struct ktstr_op){ .verb = KTSTR_V_EXPECT, .expect.kind = defaults[id].kind };
	for (uint32_t i = 0; i < plan->nr_ops; i++) {
		const struct ktstr_op *op = &plan->ops[i];

		if (op->verb == KTSTR_V_EXPECT && op->expect.kind == defaults[id].kind &&
		    verdict_ask__folds(plan, op))
			*ask = *op;
	}
}

/* A name that is there already has a number behind it. */
static void set_name(struct verdict *v, struct verdict_check *c, const struct ktstr_op *op)
{
	char name[VERDICT_NAME_MAX - 8];
	unsigned int nth = 1;

	expect__name(op, name, sizeof(name));
	snprintf(c->name, sizeof(c->name), "%s", name);
	for (uint32_t i = 0; i < v->nr; i++) {
		if (!v->checks[i].applies || strcmp(v->checks[i].name, c->name))
			continue;
		snprintf(c->name, sizeof(c->name), "%s.%u", name, ++nth);
		i = (uint32_t)-1;
	}
}

static void add_asked(struct verdict *v, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->nr_ops && v->nr < VERDICT_CHECKS_MAX; i++) {
		const struct ktstr_op *op = &plan->ops[i];
		struct verdict_check *c = &v->checks[v->nr];

		if (op->verb != KTSTR_V_EXPECT)
			continue;
		if (verdict_ask__folds(plan, op)) {
			for (int id = 0; id < CHECK_NR; id++)
				if (defaults[id].kind == op->expect.kind)
					v->checks[id].applies = v->checks[id].asked = true;
			continue;
		}
		*c = (struct verdict_check){ .asked = true };
		set_name(v, c, op);
		c->applies = true;
		v->nr++;
	}
}

void verdict__plan_checks(struct verdict *v, const struct plan *plan)
{
	/* Not all of it: there is room for many more points than a plan has. */
	memset(v, 0, offsetof(struct verdict, checks[CHECK_NR]));
	v->nr = CHECK_NR;
	v->steal_pct = 0;
	for (int id = 0; id < CHECK_NR; id++) {
		snprintf(v->checks[id].name, sizeof(v->checks[id].name), "%s",
			 id == CHECK_SCHED && !plan__has_sched(plan) ? "sched_none" : defaults[id].name);
		v->checks[id].applies = applies(plan, id);
	}
	add_asked(v, plan);
}
