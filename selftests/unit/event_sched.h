/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eight CPUs and the state that events of them make.
 */
#ifndef EVENT_SCHED_H
#define EVENT_SCHED_H

#include "unit.h"

#include <ktstr/dev.h>

#include "event_feed.h"

#define T0	(5 * SEC)

FIXTURE(sched)
{
	struct event_state *s;
	struct feed f;
};

FIXTURE_SETUP(sched)
{
	/* CPUs 0 to 7: two nodes of one LLC, of two cores, of two threads. */
	struct event_state_opts opts = {
		.sz = sizeof(opts), .topology = { 2, 2, 2, 2 }, .max_tasks = 8,
		.idle_bound_ns = 10 * MS, .starve_bound_ns = 100 * MS,
	};

	self->s = event_state__new(&opts);
	ASSERT_NE(NULL, self->s);
	self->f = (struct feed){ .fn = { event_state__record }, .arg = { self->s } };
}

FIXTURE_TEARDOWN(sched)
{
	event_state__free(self->s);
}

#define F	(&self->f)
#define SW(cpu, t, prev, state, next)	feed_switch(F, cpu, t, prev, state, next)
#define WAKING(t, pid, cpu)	feed_wake(F, KTSTR_EV_WAKING, 0, t, pid, cpu, 0)
#define WAKEUP(t, pid, cpu)	feed_wake(F, KTSTR_EV_WAKEUP, 0, t, pid, cpu, 0)
#define TASK(pid)		event_tasks__find(event_state__tasks(self->s), pid)
#define TOTALS			event_state__totals(self->s)
#define WATCH			event_state__watch(self->s)
#define CPU(n)			event_state__cpu(self->s, n)
#define HOLE(n)	\
	event_state__hole(self->s, &(struct event_hole){ .cpu = n, .kind = EVENT_HOLE_FRAMES })

/* What must hold of any stream: every CPU's time is somewhere, and every task's. */
static inline void check_conservation(struct __test_metadata *_metadata, struct event_state *s)
{
	const struct event_totals *t = event_state__totals(s);
	uint64_t window = t->to_ns - t->from_ns, cpus = 0, cgroups = 0, tasks = 0;
	const struct event_cgroup *c;
	const struct event_task *task;

	ASSERT_TRUE(t->ended);
	for (uint32_t i = 0; i < event_state__nr_cpus(s); i++) {
		const struct event_cpu *cpu = event_state__cpu(s, i);

		cpus += cpu->account.run_ns;
		ASSERT_EQ(window, cpu->account.run_ns + cpu->idle_ns + cpu->offline_ns +
			  cpu->unknown_ns) {
			TH_LOG("cpu %u: ran %llu idle %llu unknown %llu", i,
			       (unsigned long long)cpu->account.run_ns,
			       (unsigned long long)cpu->idle_ns,
			       (unsigned long long)cpu->unknown_ns);
		}
	}
	for (uint32_t i = 0; (c = event_tasks__cgroup_at(event_state__tasks(s), i)); i++)
		cgroups += c->account.run_ns;
	for (uint32_t i = 0; (task = event_tasks__at(event_state__tasks(s), i)); i++)
		tasks += task->account.run_ns;
	tasks += event_tasks__other(event_state__tasks(s))->run_ns;
	ASSERT_EQ(t->account.run_ns, cpus);
	ASSERT_EQ(t->account.run_ns, cgroups);
	if (!event_tasks__stats(event_state__tasks(s))->evicted)
		ASSERT_EQ(t->account.run_ns, tasks);
}

#endif /* EVENT_SCHED_H */
