// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups that compete on equal terms.
 */
#include <string.h>

#include <ktstr/work_kinds.h>

#include "expect_terms.h"

static uint32_t window_begin(const struct op_list *ops)
{
	uint32_t i = 0;

	while (i < ops->nr && !op__lets_time_pass(op_list__at(ops, i)))
		i++;
	return i;
}

/* Those that take their turns; of others one runs and another does not, and rightly so. */
static bool takes_turns(enum ktstr_policy policy)
{
	return policy == KTSTR_INHERIT || policy == KTSTR_NORMAL || policy == KTSTR_BATCH ||
	       policy == KTSTR_EXT;
}

/* Nor those that leave that policy, the cpuset or the cgroup by themselves, now and then. */
static bool keeps_terms(const struct ktstr_op_work *work)
{
	const struct ktstr_work_kind *kind = ktstr_work_kind__find(work->kind);

	return takes_turns(work->policy) &&
	       !(kind && kind->sets & (KTSTR_WORK_SETS_POLICY | KTSTR_WORK_SETS_AFFINITY |
				       KTSTR_WORK_SETS_CGROUP));
}

/* Is it, or what it is in, or what is in it, meant by an operation? */
static bool concerns(const struct ktstr_op *op, const char *cgroup)
{
	return (*op->cgroup && (op_path__within(cgroup, op->cgroup) ||
				op_path__within(op->cgroup, cgroup))) ||
	       (*op->other && (op_path__within(cgroup, op->other) ||
			       op_path__within(op->other, cgroup)));
}

/* An operation after which the terms are not the same all the time, or not those of all. */
static bool upsets(const struct ktstr_op *op, const char *cgroup, bool before)
{
	switch (op->verb) {
	case KTSTR_V_HOLD:
	case KTSTR_V_WAIT:
	case KTSTR_V_MARK:
	case KTSTR_V_EXPECT:
	case KTSTR_V_MEMORY_MAX:
		return false;
	case KTSTR_V_CPU_OFFLINE:
	case KTSTR_V_CPU_ONLINE:
		return true;
	case KTSTR_V_CGROUP:
		return !before && concerns(op, cgroup);
	case KTSTR_V_WEIGHT:
		return !before && concerns(op, cgroup);
	case KTSTR_V_SPAWN:
		/* One in it or above it has workers of its own. */
		return concerns(op, cgroup) &&
		       (!before || strcmp(op->cgroup, cgroup) || !keeps_terms(&op->work));
	default:
		return concerns(op, cgroup);
	}
}

static bool undisturbed(const struct op_list *ops, const char *cgroup)
{
	uint32_t begin = window_begin(ops);

	for (uint32_t i = 0; i < ops->nr; i++)
		if (upsets(op_list__at(ops, i), cgroup, i < begin))
			return false;
	return true;
}

/* The next SPAWN in a cgroup from @*i on; NULL: none. */
static const struct ktstr_op *next_spawn(const struct op_list *ops, uint32_t *i,
					 const char *cgroup)
{
	while (*i < ops->nr) {
		const struct ktstr_op *op = op_list__at(ops, (*i)++);

		if (op->verb == KTSTR_V_SPAWN && !strcmp(op->cgroup, cgroup))
			return op;
	}
	return NULL;
}

static bool same_work(const struct ktstr_op_work *a, const struct ktstr_op_work *b)
{
	return !strcmp(a->kind, b->kind) && a->nr == b->nr && a->group == b->group &&
	       a->threads == b->threads && a->nice == b->nice && a->policy == b->policy &&
	       a->busy_us == b->busy_us && a->idle_us == b->idle_us && a->kib == b->kib;
}

static bool same_workers(const struct op_list *ops, const char *a, const char *b)
{
	uint32_t i = 0, k = 0;
	const struct ktstr_op *x, *y;

	do {
		x = next_spawn(ops, &i, a);
		y = next_spawn(ops, &k, b);
		if (!x != !y || (x && !same_work(&x->work, &y->work)))
			return false;
	} while (x);
	return true;
}

static bool same_parent(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');

	if (!x || !y)
		return !x && !y;
	return x - a == y - b && !memcmp(a, b, (size_t)(x - a));
}

static bool known(const struct expect_terms *t, const char *cgroup)
{
	for (uint32_t i = 0; i < t->nr; i++)
		if (!strcmp(t->sides[i].cgroup, cgroup))
			return true;
	return false;
}

static void add(struct expect_terms *t, const struct op_list *ops, const struct op_state *s,
		const char *cgroup)
{
	const struct op_cgroup *cg = op_state__cgroup(s, cgroup);
	struct expect_side *side;

	if (!cg || t->nr == KTSTR_CGROUPS_MAX || known(t, cgroup) || !undisturbed(ops, cgroup))
		return;
	side = &t->sides[t->nr];
	*side = (struct expect_side){
		.cgroup = cgroup, .set = t->nr_sets, .workers = op_state__workers(s, cgroup),
		.weight = cg->weight ? cg->weight : OP_WEIGHT_DEFAULT,
	};
	op_state__cpus(s, cgroup, &side->cpus);
	for (uint32_t i = 0; i < t->nr; i++) {
		const struct expect_side *other = &t->sides[i];

		if (!cpu_mask__equal(&side->cpus, &other->cpus) ||
		    !same_parent(cgroup, other->cgroup) ||
		    !same_workers(ops, cgroup, other->cgroup))
			continue;
		side->set = other->set;
		break;
	}
	t->nr_sets += side->set == t->nr_sets;
	t->nr++;
}

static bool meet(const struct cpu_mask *a, const struct cpu_mask *b)
{
	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

/* Does an operation set somebody else to work on CPUs of a set? */
static bool intrudes(const struct expect_terms *t, const struct expect_side *side,
		     const struct op_list *ops, const struct op_state *s,
		     const struct ktstr_op *op)
{
	struct cpu_mask cpus;

	if (op->verb != KTSTR_V_SPAWN && op->verb != KTSTR_V_RUN)
		return false;
	for (uint32_t i = 0; i < t->nr; i++)
		if (t->sides[i].set == side->set && !strcmp(t->sides[i].cgroup, op->cgroup))
			return false;
	op_state__cpus(s, op->cgroup, &cpus);
	return meet(&cpus, &side->cpus) || !undisturbed(ops, op->cgroup);
}

static bool alone(const struct expect_terms *t, const struct expect_side *side,
		  const struct op_list *ops, const struct op_state *s)
{
	for (uint32_t i = 0; i < ops->nr; i++)
		if (intrudes(t, side, ops, s, op_list__at(ops, i)))
			return false;
	return true;
}

static bool same_weights(const struct expect_terms *t, uint32_t set)
{
	double weight = 0;

	for (uint32_t i = 0; i < t->nr; i++) {
		const struct expect_side *side = &t->sides[i];

		if (side->set == set && weight > 0 && side->weight != weight)
			return false;
		weight = side->set == set ? side->weight : weight;
	}
	return true;
}

/*
 * Beside others a rich cgroup may have all that its workers can use, and then its share and
 * that of a poor one do not stand as their weights do. Equal ones are equal in any company.
 */
static void part_unequal(struct expect_terms *t, const struct op_list *ops,
			 const struct op_state *s)
{
	bool stays[KTSTR_CGROUPS_MAX];
	uint32_t nr_sets = t->nr_sets;

	for (uint32_t i = 0; i < t->nr; i++)
		stays[i] = same_weights(t, t->sides[i].set) || alone(t, &t->sides[i], ops, s);
	for (uint32_t i = 0; i < t->nr; i++)
		if (!stays[i])
			t->sides[i].set = nr_sets++;
	t->nr_sets = nr_sets;
}

static bool contested(const struct expect_terms *t)
{
	for (uint32_t i = 1; i < t->nr; i++)
		for (uint32_t k = 0; k < i; k++)
			if (t->sides[i].set == t->sides[k].set)
				return true;
	return false;
}

void expect_terms__of(struct expect_terms *t, const struct op_list *ops, uint32_t nr_cpus)
{
	uint32_t begin = window_begin(ops);
	struct op_state s;

	t->nr = t->nr_sets = 0;
	op_state__init(&s, nr_cpus);
	for (uint32_t i = 0; i < begin; i++)
		op_state__apply(&s, op_list__at(ops, i));
	for (uint32_t i = 0; i < begin; i++)
		if (op_list__at(ops, i)->verb == KTSTR_V_SPAWN)
			add(t, ops, &s, op_list__at(ops, i)->cgroup);
	part_unequal(t, ops, &s);
	t->contested = contested(t);
}
