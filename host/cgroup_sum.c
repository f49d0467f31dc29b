// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums by cgroup.
 */
#include <string.h>

#include "cgroup_sum.h"

static bool made_before(const struct op_trace *t, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (t->steps[k].op.verb == KTSTR_V_CGROUP &&
		    !strcmp(t->steps[k].op.cgroup, t->steps[i].op.cgroup))
			return true;
	return false;
}

const char *cgroup_sum__next(const struct evidence *ev, uint32_t *i)
{
	for (; *i < ev->trace.nr; (*i)++) {
		const struct op_step *s = &ev->trace.steps[*i];

		if (s->op.verb != KTSTR_V_CGROUP || !op_trace__good(s) ||
		    made_before(&ev->trace, *i))
			continue;
		(*i)++;
		return s->op.cgroup;
	}
	return NULL;
}

struct capacity {
	const char *cgroup;
	struct cgroup_sum *s;
};

static void add_capacity(void *arg, const struct op_state *state, uint64_t from_ns,
			 uint64_t to_ns)
{
	struct capacity *c = arg;

	if (!op_state__cgroup(state, c->cgroup))
		return;
	op_state__cpus(state, c->cgroup, &c->s->cpus);
	c->s->of_ns += (double)(to_ns - from_ns) * cpu_mask__count(&c->s->cpus);
}

static void add_worker(struct cgroup_sum *s, const struct evidence_worker *w)
{
	s->workers++;
	s->cpu_ns += (double)w->cpu_ns;
	s->migrations += w->migrations;
	if (w->max_gap_ns > s->max_gap_ns)
		s->max_gap_ns = w->max_gap_ns;
}

void cgroup_sum__of(struct cgroup_sum *s, const struct evidence *ev, const char *cgroup)
{
	struct capacity c = { .cgroup = cgroup, .s = s };

	memset(s, 0, sizeof(*s));
	for (uint32_t i = 0; i < ev->nr_workers; i++)
		if (!strcmp(ev->workers[i].cgroup, cgroup))
			add_worker(s, &ev->workers[i]);
	for (uint32_t i = 0; !s->kind && i < ev->trace.nr; i++)
		if (ev->trace.steps[i].op.verb == KTSTR_V_SPAWN &&
		    !strcmp(ev->trace.steps[i].op.cgroup, cgroup))
			s->kind = ev->trace.steps[i].op.work.kind;
	if (ev->start.seen && ev->end.seen)
		op_trace__walk(&ev->trace, ev->helo.nr_cpus, ev->start.time_ns, ev->end.time_ns,
			       add_capacity, &c);
}
