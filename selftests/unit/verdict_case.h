/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A perfect run, for tests of the verdict that then spoil one thing.
 */
#ifndef KTSTR_UNIT_VERDICT_CASE_H
#define KTSTR_UNIT_VERDICT_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/scenario.h"
#include "host/verdict.h"
#include "kselftest_harness.h"
#include "op_feed.h"

FIXTURE(verdict)
{
	struct plan plan;
	struct evidence *ev;
	struct verdict v;
};

static inline void phase(struct evidence *ev, enum ktstr_life_phase p, const char *reason)
{
	ev->phase = p;
	ev->phase_seen |= 1u << p;
	strcpy(ev->reason[p], reason);
}

static inline void worker(struct evidence *ev, const struct ktstr_op *crew, uint32_t i)
{
	struct evidence_worker *w = &ev->workers[ev->nr_workers++];

	strcpy(w->cgroup, crew->cgroup);
	strcpy(w->name, crew->name);
	w->worker = i;
	w->cpu_ns = w->wait_ns = 1500 * 1000000ull;
	w->end_ns = w->start_ns + 3000 * 1000000ull;
	w->iterations = 1000;
	w->max_gap_ns = 10 * 1000000ull;
}

/* The guest does what the plan says: a window of 3 s from 1 s on, the rest at its begin. */
static inline void do_plan(struct evidence *ev, const struct plan *plan)
{
	uint64_t t = 1000000000ull;

	for (uint32_t i = 0; i < plan->nr_ops; i++) {
		bool hold = plan->ops[i].verb == KTSTR_V_HOLD;

		op_did(ev, &plan->ops[i], t, hold ? t + 3000000000ull : t);
		t += hold ? 3000000000ull : 0;
	}
	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t k = 0; k < plan->nr_ops; k++)
			if (plan->ops[k].verb == KTSTR_V_SPAWN)
				worker(ev, &plan->ops[k], i);
}

/* scx_simple, two cgroups over two CPUs, two workers in each: all is well. */
FIXTURE_SETUP(verdict)
{
	const struct ktstr_topology t = { 1, 1, 2, 1 };
	struct evidence *ev = evidence__new(NULL);

	memset(&self->plan, 0, sizeof(self->plan));
	ASSERT_NE(NULL, ev);
	self->ev = ev;
	self->plan.duration_ms = 3000;
	ASSERT_EQ(0, scenario__plan(ktstr_test__find("steady"), &t, &self->plan, NULL));
	ASSERT_EQ(0, strv__add(&self->plan.sched, "/ktstr/bin/scx_simple"));
	ev->has_helo = ev->has_ready = ev->has_test = ev->has_exit = true;
	ev->helo.nr_cpus = 2;
	phase(ev, KTSTR_LIFE_INIT, "");
	phase(ev, KTSTR_LIFE_SCHED_ATTACHED, "simple");
	phase(ev, KTSTR_LIFE_PAYLOAD, "");
	ev->start.seen = ev->end.seen = true;
	ev->start.time_ns = 1000000000ull;
	ev->end.time_ns = 4000000000ull;
	strcpy(ev->start.sched.state, "enabled");
	strcpy(ev->start.sched.ops, "simple");
	ev->start.sched.enable_seq = 1;
	ev->end.sched = ev->start.sched;
	do_plan(ev, &self->plan);
	ev->machine_end = VMM_END_RESET;
	tail__add(&ev->tail[EVIDENCE_DMSG], "<6,0,0>Linux\n", 13);
	ev->frames.frames = 20;
	self->plan.events = KTSTR_WISH_AUTO;
	ev->events = (struct events_result){
		.has_info = true, .path = KTSTR_EVENTS_MODULE, .nr_cpus = 2, .emitted = 300,
		.sent = 300, .received = 300, .measured = true, .complete = true,
	};
}

FIXTURE_TEARDOWN(verdict)
{
	plan__free(&self->plan);
	free(self->ev);
}

static inline void dmsg(struct evidence *ev, const char *log)
{
	struct assembler_frame f = {
		.type = KTSTR_T_DMSG, .data = (const uint8_t *)log, .len = strlen(log),
	};

	evidence__frame(ev, &f);
}

#define JUDGE(_status, _kind) do {							\
	verdict__judge(&self->v, &self->plan, self->ev, NULL);			\
	EXPECT_EQ(_status, self->v.status) TH_LOG("%s", self->v.reason);		\
	EXPECT_EQ(_kind, self->v.kind)							\
		TH_LOG("%s: %s", verdict__kind_name(self->v.kind), self->v.reason);	\
} while (0)

#define EXPECT_REASON(_text) EXPECT_NE(NULL, strstr(self->v.reason, _text)) TH_LOG("%s", self->v.reason)

#endif /* KTSTR_UNIT_VERDICT_CASE_H */
