// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a test and a topology to a plan.
 */
#include <errno.h>
#include <stdlib.h>

#include "scenario.h"

struct ktstr_shape *scenario__shape(const struct ktstr_topology *t)
{
	struct ktstr_shape *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->nr_cpus = ktstr_topology__nr_cpus(t);
	for (uint32_t cpu = 0; cpu < s->nr_cpus; cpu++) {
		cpu_mask__set(&s->online, cpu);
		s->core[cpu] = (uint16_t)ktstr_topology__cpu_core(t, cpu);
		s->llc[cpu] = (uint16_t)ktstr_topology__cpu_llc(t, cpu);
		s->node[cpu] = (uint16_t)ktstr_topology__cpu_node(t, cpu);
	}
	return s;
}

static uint32_t most_threads(const struct ktstr_shape *s)
{
	uint32_t n = 0, most = 0;

	for (uint32_t cpu = 0; cpu < s->nr_cpus; cpu++) {
		n = cpu && s->core[cpu] == s->core[cpu - 1] ? n + 1 : 1;
		most = n > most ? n : most;
	}
	return most;
}

static int too_few(const struct ktstr_test *test, const char *what, uint32_t need, uint32_t have,
		   struct ktstr_error *e)
{
	return ktstr_error_set(e, -ENOTSUP, "%s needs at least %u %s, the topology has %u",
			       test->name, need, what, have);
}

static int check_needs(const struct ktstr_test *test, const struct ktstr_topology *t,
		       const struct ktstr_shape *s, struct ktstr_error *e)
{
	const struct ktstr_needs *n = &test->needs;

	if (s->nr_cpus < n->cpus)
		return too_few(test, "CPUs", n->cpus, s->nr_cpus, e);
	if (t->llcs < n->llcs)
		return too_few(test, "LLCs", n->llcs, t->llcs, e);
	if (t->nodes < n->nodes)
		return too_few(test, "nodes", n->nodes, t->nodes, e);
	if (most_threads(s) < n->threads)
		return too_few(test, "threads in a core", n->threads, most_threads(s), e);
	if (n->max_cpus && s->nr_cpus > n->max_cpus)
		return ktstr_error_set(e, -ENOTSUP, "%s takes at most %u CPUs, the topology has %u",
				       test->name, n->max_cpus, s->nr_cpus);
	return 0;
}

int scenario__plan(const struct ktstr_test *test, const struct ktstr_topology *t,
		   struct plan *plan, struct ktstr_error *e)
{
	struct ktstr_compiler *c;
	int err;

	plan->scenario = test->name;
	plan->test = test;
	if (test->needs.sched_ext && !plan->sched.n)
		return ktstr_error_set(e, -ENOTSUP,
				       "%s needs a scheduler under test; give one with --sched",
				       test->name);
	plan->shape = scenario__shape(t);
	plan->ops = calloc(KTSTR_OPS_MAX, sizeof(*plan->ops));
	if (!plan->shape || !plan->ops)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	err = check_needs(test, t, plan->shape, e);
	if (err)
		return err;
	c = ktstr_compiler__new(plan->shape, plan->seed, plan->duration_ms);
	if (!c)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	err = ktstr_ops__compile(test, c, plan->ops, &plan->nr_ops, e);
	ktstr_compiler__free(c);
	return err;
}
