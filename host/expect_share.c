// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who got how much of the CPUs: two cgroups against each other, those that compete on equal
 * terms, and limits.
 */
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "expect_terms.h"
#include "verdict_end.h"

/* Whoever wanted to run for less of its time than this got less by its own will. */
#define CONTESTED	0.9

void expect_share__fair(uint32_t nr, const double *weight, const double *want, double cpus,
			double *got)
{
	double left = cpus, weights;

	for (uint32_t i = 0; i < nr; i++)
		got[i] = 0;
	/* Every round gives at least one all it wants, or all that is left away. */
	for (uint32_t round = 0; round < nr && left > 1e-9; round++) {
		double given = 0;
		bool full = false;

		weights = 0;
		for (uint32_t i = 0; i < nr; i++)
			weights += got[i] < want[i] ? weight[i] : 0;
		for (uint32_t i = 0; weights > 0 && i < nr; i++) {
			double part = got[i] < want[i] ? left * weight[i] / weights : 0;

			if (got[i] + part >= want[i] && part > 0) {
				part = want[i] - got[i];
				full = true;
			}
			got[i] += part;
			given += part;
		}
		left -= given;
		if (!full)
			return;
	}
}

static double cpu_ns(const struct expect_case *x, const char *cgroup)
{
	double sum = 0;

	for (uint32_t i = 0; i < x->ev->nr_workers; i++)
		if (op_path__within(x->ev->workers[i].cgroup, cgroup))
			sum += (double)x->ev->workers[i].cpu_ns;
	return sum;
}

/* CPU time is counted without what the host stole from it: how much more it took. */
static double stretch(const struct expect_case *x)
{
	double all = (double)(x->to_ns - x->from_ns) * x->nr_cpus;

	return x->host.stolen_ns < all ? all / (all - x->host.stolen_ns) : 1;
}

/* The share of their life in which workers ran or waited to run, frozen times apart. */
static double wanted(const struct expect_case *x, const char *cgroup)
{
	double life = 0, want = 0;

	for (uint32_t i = 0; i < x->ev->nr_workers; i++) {
		const struct evidence_worker *w = &x->ev->workers[i];
		double wait = (double)w->wait_ns;

		if (!op_path__within(w->cgroup, cgroup) || w->end_ns <= w->start_ns)
			continue;
		/* A wait that never ended is in no count of the kernel's, but in a gap. */
		if (expect__gap_ns(x, w) > wait)
			wait = expect__gap_ns(x, w);
		want += (double)w->cpu_ns * stretch(x) + wait;
		life += (double)(w->end_ns - w->start_ns) -
			(double)expect__frozen_ns(x, w->cgroup, w->start_ns, w->end_ns);
	}
	return life > 0 ? want / life : 0;
}

static bool was_moved(const struct expect_case *x, const char *cgroup)
{
	for (uint32_t i = 0; i < x->ops.nr; i++) {
		const struct ktstr_op *op = op_list__at(&x->ops, i);

		if (op->verb == KTSTR_V_MOVE && (op_path__within(op->cgroup, cgroup) ||
						 op_path__within(op->other, cgroup)))
			return true;
	}
	return false;
}

/* What two cgroups are entitled to in all. */
struct pair {
	const char *cgroup[2];
	double ns[2];
};

/* The weight that decides between two: of the cgroups right below what both are in. */
static double weight_beside(const struct op_state *s, const char *path, const char *other)
{
	size_t common = 0, end;
	const struct op_cgroup *cg;
	char part[KTSTR_OP_CGROUP_MAX];

	for (size_t i = 0; path[i] && path[i] == other[i]; i++)
		if (path[i] == '/')
			common = i + 1;
	end = common + strcspn(path + common, "/");
	snprintf(part, sizeof(part), "%.*s", (int)end, path);
	cg = op_state__cgroup(s, part);
	return cg && cg->weight ? cg->weight : OP_WEIGHT_DEFAULT;
}

static double want_of(const struct op_state *s, const char *cgroup)
{
	double want = op_state__workers(s, cgroup), quota = op_state__quota(s, cgroup);

	if (op_state__frozen(s, cgroup))
		return 0;
	return quota >= 0 && quota < want ? quota : want;
}

static double less(double a, double b)
{
	return a < b ? a : b;
}

/* What is one's alone is taken from first, then what is common is shared. */
static void add_entitled(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns)
{
	struct pair *p = arg;
	double weight[2], want[2], own[2], common[2];
	struct cpu_mask m[2], both;
	unsigned int n;

	for (int i = 0; i < 2; i++)
		op_state__cpus(s, p->cgroup[i], &m[i]);
	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		both.bits[i] = m[0].bits[i] & m[1].bits[i];
	n = cpu_mask__count(&both);
	for (int i = 0; i < 2; i++) {
		weight[i] = weight_beside(s, p->cgroup[i], p->cgroup[!i]);
		want[i] = want_of(s, p->cgroup[i]);
		own[i] = less(want[i], cpu_mask__count(&m[i]) - n);
		want[i] -= own[i];
	}
	expect_share__fair(2, weight, want, n, common);
	for (int i = 0; i < 2; i++)
		p->ns[i] += (own[i] + common[i]) * (double)(to_ns - from_ns);
}

static void set_share(const struct expect_case *x, const struct ktstr_op *ask,
		      struct verdict_check *c, const char *cgroup, double share, double fair)
{
	double off = share > fair ? share - fair : fair - share, bound = expect__bound(ask);
	double may = expect_host__points(&x->host);
	char at[KTSTR_OP_AT_MAX + 2], host[128];

	if (off <= bound)
		verdict_set(c, VERDICT_PASS, KIND_OK,
			    "at most %.1f points off the fair share (cgroup %s: %.1f %%), allowed are %.0f",
			    off, cgroup, share, bound);
	else
		verdict_set(c, off - may <= bound ? VERDICT_INCONCLUSIVE : VERDICT_FAIL,
			    KIND_UNFAIR,
			    "%scgroup %s got %.1f %%, %.1f points off its fair share of %.1f %%, allowed are %.0f; up to %.1f points may be the host's: %s",
			    expect__at(ask, at), cgroup, share, off, fair, bound, may,
			    expect_host__text(&x->host, host, sizeof(host)));
}

static void not_contested(const struct ktstr_op *ask, struct verdict_check *c,
			  const char *cgroup, double want)
{
	char at[KTSTR_OP_AT_MAX + 2];

	verdict_set(c, VERDICT_SKIP, KIND_NOT_CONTESTED,
		    "%sworkers of cgroup %s wanted to run for %.1f %% of their time only: its share is its own will",
		    expect__at(ask, at), cgroup, 100 * want);
}

static void judge_pair(const struct expect_case *x, const struct ktstr_op *ask,
		       struct verdict_check *c)
{
	struct pair p = { .cgroup = { ask->cgroup, ask->other } };
	double a = cpu_ns(x, ask->cgroup), b = cpu_ns(x, ask->other), share, fair, want;
	char at[KTSTR_OP_AT_MAX + 2];
	int poor;

	op_trace__walk(&x->ev->trace, x->nr_cpus, x->from_ns, x->to_ns, add_entitled, &p);
	if (was_moved(x, ask->cgroup) || was_moved(x, ask->other) ||
	    !(p.ns[0] > 0) || !(p.ns[1] > 0) || !(a + b > 0))
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "%scgroups %s and %s had no workers of their own to compare",
				   expect__at(ask, at), ask->cgroup, ask->other);
	share = 100 * a / (a + b);
	fair = 100 * p.ns[0] / (p.ns[0] + p.ns[1]);
	poor = share > fair;
	want = wanted(x, p.cgroup[poor]);
	set_share(x, ask, c, ask->cgroup, share, fair);
	if (c->status == VERDICT_FAIL && want < CONTESTED)
		not_contested(ask, c, p.cgroup[poor], want);
}

/*
 * The one of all sides that is the furthest off its share, and of the poor ones of its set
 * that which wanted to run for most of its time: nobody is rich at the cost of others
 * that want no more.
 */
struct worst {
	const struct expect_side *side;
	double share, fair, off;
	const char *poor;
	double want;
};

static void look_at_set(const struct expect_case *x, const struct expect_terms *t, uint32_t set,
			struct worst *worst)
{
	double weight[KTSTR_CGROUPS_MAX], want[KTSTR_CGROUPS_MAX], got[KTSTR_CGROUPS_MAX];
	const struct expect_side *side[KTSTR_CGROUPS_MAX];
	double cpu[KTSTR_CGROUPS_MAX], all = 0, given = 0, most = 0;
	const char *poor = NULL;
	uint32_t nr = 0;

	for (uint32_t i = 0; i < t->nr; i++) {
		if (t->sides[i].set != set)
			continue;
		side[nr] = &t->sides[i];
		weight[nr] = t->sides[i].weight;
		want[nr] = t->sides[i].workers;
		cpu[nr] = cpu_ns(x, t->sides[i].cgroup);
		all += cpu[nr++];
	}
	if (nr < 2)
		return;
	expect_share__fair(nr, weight, want, cpu_mask__count(&side[0]->cpus), got);
	for (uint32_t i = 0; i < nr; i++)
		given += got[i];
	for (uint32_t i = 0; i < nr; i++) {
		double wish = wanted(x, side[i]->cgroup);

		if (cpu[i] * given < got[i] * all && (!poor || wish > most)) {
			poor = side[i]->cgroup;
			most = wish;
		}
	}
	for (uint32_t i = 0; given > 0 && i < nr; i++) {
		double fair = 100 * got[i] / given, share = all > 0 ? 100 * cpu[i] / all : 0;
		double off = share > fair ? share - fair : fair - share;

		/* Of two that are as far off, the poor one is the one to speak of. */
		if (!worst->side || off > worst->off + 1e-6 ||
		    (off > worst->off - 1e-6 && share < fair && worst->share > worst->fair))
			*worst = (struct worst){ side[i], share, fair, off, poor, most };
	}
}

static void judge_all(const struct expect_case *x, const struct ktstr_op *ask,
		      struct verdict_check *c)
{
	struct worst worst = { 0 };
	struct expect_terms t;

	expect_terms__of(&t, &x->ops, x->nr_cpus);
	for (uint32_t set = 0; set < t.nr_sets; set++)
		look_at_set(x, &t, set, &worst);
	if (!worst.side)
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "no two cgroups compete on equal terms");
	set_share(x, ask, c, worst.side->cgroup, worst.share, worst.fair);
	if (c->status == VERDICT_FAIL && worst.poor && worst.want < CONTESTED)
		not_contested(ask, c, worst.poor, worst.want);
}

void judge__fair(const struct expect_case *x, const struct ktstr_op *ask, struct verdict_check *c)
{
	if (*ask->cgroup)
		judge_pair(x, ask, c);
	else
		judge_all(x, ask, c);
}

/* What a limited cgroup may have used at most. */
struct allowance {
	const char *cgroup;
	uint32_t nr_cpus;
	uint64_t at_ns;		/* counted up to here */
	double ns;
	bool limited;
};

static void add_allowance(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns)
{
	struct allowance *a = arg;
	const struct op_cgroup *cg = op_state__cgroup(s, a->cgroup);

	/* In the middle of a change any limit may hold. */
	a->ns += (double)(from_ns - a->at_ns) * a->nr_cpus;
	a->at_ns = to_ns;
	if (!cg || !cg->quota_us || !cg->period_us) {
		a->ns += (double)(to_ns - from_ns) * a->nr_cpus;
		return;
	}
	a->limited = true;
	/* A period that had begun before may be used up in one go. */
	a->ns += ((double)(to_ns - from_ns) / (double)cg->period_us + 1e3) *
		 (double)cg->quota_us;
}

static bool quota_of(const struct expect_case *x, const char *cgroup, double *used,
		     double *allowed)
{
	struct allowance a = { .cgroup = cgroup, .nr_cpus = x->nr_cpus, .at_ns = x->from_ns };

	op_trace__walk(&x->ev->trace, x->nr_cpus, x->from_ns, x->to_ns, add_allowance, &a);
	a.ns += (double)(x->to_ns - a.at_ns) * a.nr_cpus;
	*used = cpu_ns(x, cgroup);
	*allowed = a.ns;
	return a.limited && !was_moved(x, cgroup);
}

void judge__quota(const struct expect_case *x, const struct ktstr_op *ask, struct verdict_check *c)
{
	double used, allowed, worst_used = 0, worst_allowed = 0, bound = expect__bound(ask);
	const char *worst = NULL;
	char at[KTSTR_OP_AT_MAX + 2];
	bool good;

	for (uint32_t i = 0; i < x->ops.nr; i++) {
		const struct ktstr_op *op = op_list__at(&x->ops, i);

		if (op->verb != KTSTR_V_QUOTA || !expect__subject(x, ask, op->cgroup) ||
		    !quota_of(x, op->cgroup, &used, &allowed))
			continue;
		if (worst && used * worst_allowed <= worst_used * allowed)
			continue;
		worst = op->cgroup;
		worst_used = used;
		worst_allowed = allowed;
	}
	if (!worst)
		return verdict_set(c, VERDICT_SKIP, KIND_NO_DATA,
				   "%sno cgroup of workers was limited in the window",
				   expect__at(ask, at));
	good = worst_used <= worst_allowed * (1 + bound / 100);
	verdict_set(c, good ? VERDICT_PASS : VERDICT_FAIL, good ? KIND_OK : KIND_QUOTA,
		    "%scgroup %s used %.1f ms of CPU time, its quota was %.1f ms, allowed are %g %% more",
		    good ? "" : expect__at(ask, at), worst, worst_used / 1e6, worst_allowed / 1e6,
		    bound);
}
