// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many workers shared a CPU with a worker: those of its cgroup and of all others that might
 * run where it might, and those that could also run elsewhere in part.
 */
#include <string.h>

#include "expect.h"

/* Where the workers of a crew might run, as the kernel cuts an affinity by a cpuset. */
static void cpus_of(const struct op_state *s, const struct op_crew *crew, struct cpu_mask *out)
{
	struct cpu_mask both = { 0 };

	op_state__cpus(s, crew->cgroup, out);
	for (size_t i = 0; crew->has_cpus && i < CPU_MASK_BITS / 64; i++)
		both.bits[i] = out->bits[i] & crew->cpus.bits[i];
	if (cpu_mask__count(&both))
		*out = both;
}

/* Of @load the mean over the CPUs of @cpus; or, with @add, @add shared out among these. */
static double spread(double *load, uint32_t nr_cpus, const struct cpu_mask *cpus, double add)
{
	uint32_t n = cpu_mask__count(cpus);
	double sum = 0;

	for (uint32_t cpu = 0; n && cpu < nr_cpus && cpu < CPU_MASK_BITS; cpu++) {
		if (!cpu_mask__test(cpus, cpu))
			continue;
		load[cpu] += add / n;
		sum += load[cpu];
	}
	return n ? sum / n : 0;
}

static void look(struct expect_crowd *c, uint32_t nr_cpus)
{
	double load[CPU_MASK_BITS] = { 0 }, each;
	const struct op_state *s = &c->s;
	struct cpu_mask cpus;

	for (uint32_t i = 0; i < s->nr_crews; i++) {
		if (!s->crews[i].nr)
			continue;
		cpus_of(s, &s->crews[i], &cpus);
		spread(load, nr_cpus, &cpus, s->crews[i].nr);
	}
	for (uint32_t i = 0; i < s->nr_crews; i++) {
		if (!s->crews[i].nr)
			continue;
		cpus_of(s, &s->crews[i], &cpus);
		each = spread(load, nr_cpus, &cpus, 0);
		if (each > c->most[i])
			c->most[i] = each;
	}
}

static bool moves_workers(enum ktstr_verb verb)
{
	return op_state__changes(verb) || verb == KTSTR_V_AFFINITY;
}

/*
 * Not by op_trace__walk(): an affinity ends none of its times, for the other expectations look
 * at none.
 */
void expect_crowd__make(struct expect_crowd *c, const struct expect_case *x)
{
	const struct op_trace *t = &x->ev->trace;

	memset(c, 0, sizeof(*c));
	op_state__init(&c->s, x->nr_cpus);
	for (uint32_t i = 0; i < t->nr && op_trace__good(&t->steps[i]); i++) {
		const struct op_step *next = i + 1 < t->nr ? &t->steps[i + 1] : NULL;
		bool moves = moves_workers(t->steps[i].op.verb);

		op_state__apply(&c->s, &t->steps[i].op);
		if (moves && t->steps[i].end_ns >= x->to_ns)
			return;
		/* What lasts over the next operation, too, is looked at once. */
		if ((!next || next->begin_ns > x->from_ns) && (moves || !c->looked)) {
			c->looked = true;
			look(c, x->nr_cpus);
		}
	}
}

double expect_crowd__each(const struct expect_crowd *c, const char *cgroup, const char *name)
{
	double each = 0;

	for (uint32_t i = 0; i < c->s.nr_crews; i++)
		if (!strcmp(c->s.crews[i].home, cgroup) && !strcmp(c->s.crews[i].name, name) &&
		    c->most[i] > each)
			each = c->most[i];
	return each;
}
