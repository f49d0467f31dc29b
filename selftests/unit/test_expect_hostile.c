// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts of evidence that no honest guest gives: any operations in any order, any numbers.
 * Every point is decided, with a sentence, and the sanitizers have nothing to say.
 */
#include "unit.h"

#include "run_feed.h"

#define ROUNDS	4000

FIXTURE(hostile)
{
	struct run r;
	uint64_t seed;
};

FIXTURE_SETUP(hostile)
{
	run_init(&self->r);
	self->seed = 0x9e3779b97f4a7c15;
}

FIXTURE_TEARDOWN(hostile)
{
	run_free(&self->r);
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)((next_random(seed) >> 20) % n);
}

/* Small, huge, or in the middle of the window. */
static uint64_t any_number(uint64_t *seed)
{
	switch (below(seed, 5)) {
	case 0:
		return below(seed, 3);
	case 1:
		return UINT64_MAX - below(seed, 3);
	case 2:
		return next_random(seed);
	case 3:
		return next_random(seed) % (5 * SEC);
	default:
		return T0 + next_random(seed) % (2 * SEC);
	}
}

static double any_double(uint64_t *seed)
{
	static const double some[] = { 0, 1, -1, 1e-300, 1e300, -1e300, 50, 99.9, 100, 20 };

	return some[below(seed, sizeof(some) / sizeof(some[0]))];
}

static void any_op(struct ktstr_op *op, uint64_t *seed)
{
	static const char * const cgroups[] = { "", "a", "b", "a/b", "a/b/c", "c", "a/", "/" };
	static const char * const names[] = { "", "w0", "w1", "p" };

	memset(op, 0, sizeof(*op));
	op->verb = below(seed, KTSTR_V_NR);
	strcpy(op->cgroup, cgroups[below(seed, 8)]);
	strcpy(op->other, cgroups[below(seed, 8)]);
	strcpy(op->name, names[below(seed, 4)]);
	strcpy(op->at, "t.c:1");
	op->has_cpus = below(seed, 2);
	op->cpus.bits[below(seed, CPU_MASK_BITS / 64)] = next_random(seed) & 7;
	op->value = any_number(seed);
	op->value2 = any_number(seed);
	op->work.nr = (uint32_t)any_number(seed);
	strcpy(op->work.kind, "spin");
	op->expect = (struct ktstr_op_expect){
		.kind = below(seed, KTSTR_X_NR), .bound = any_double(seed),
		.min = any_double(seed), .max = any_double(seed), .pct = any_double(seed),
	};
}

static void any_trace(struct op_trace *t, uint64_t *seed)
{
	t->nr = below(seed, 24);
	for (uint32_t i = 0; i < t->nr; i++) {
		struct op_step *s = &t->steps[i];

		any_op(&s->op, seed);
		s->done = below(seed, 16) || i + 1 < t->nr;
		s->error = below(seed, 12) ? 0 : (uint32_t)any_number(seed);
		s->begin_ns = any_number(seed);
		s->end_ns = any_number(seed);
	}
}

static void any_worker(struct evidence_worker *w, uint64_t *seed)
{
	static const char * const cgroups[] = { "a", "b", "a/b", "" };

	memset(w, 0, sizeof(*w));
	strcpy(w->cgroup, cgroups[below(seed, 4)]);
	strcpy(w->name, below(seed, 2) ? "w0" : "w1");
	w->worker = below(seed, 3);
	w->pid = below(seed, 5);
	w->mark = below(seed, 4);
	w->start_ns = any_number(seed);
	w->end_ns = any_number(seed);
	w->cpu_ns = any_number(seed);
	w->wait_ns = any_number(seed);
	w->iterations = any_number(seed);
	w->max_gap_ns = any_number(seed);
	w->max_gap_at_ns = any_number(seed);
	w->off_cpuset = below(seed, 8) ? 0 : 1;
	w->node_pages = any_number(seed);
	w->remote_pages = any_number(seed);
}

static void any_evidence(struct evidence *ev, uint64_t *seed)
{
	any_trace(&ev->trace, seed);
	ev->nr_workers = below(seed, 6);
	ev->nr_marked = below(seed, 6);
	for (uint32_t i = 0; i < ev->nr_workers; i++)
		any_worker(&ev->workers[i], seed);
	for (uint32_t i = 0; i < ev->nr_marked; i++)
		any_worker(&ev->marked[i], seed);
	ev->start.time_ns = below(seed, 3) ? T0 : any_number(seed);
	ev->end.time_ns = below(seed, 3) ? T0 + 1 * SEC : any_number(seed);
	ev->start.steal_ns = any_number(seed);
	ev->end.steal_ns = any_number(seed);
	ev->start.self_ns = any_number(seed);
	ev->end.self_ns = any_number(seed);
	ev->start.ops_ns = any_number(seed);
	ev->end.ops_ns = any_number(seed);
	ev->start.sched.enable_seq = any_number(seed);
	ev->helo.nr_cpus = below(seed, 2) ? 2 : (uint32_t)any_number(seed);
	ev->payloads.nr = below(seed, 3);
	for (uint32_t i = 0; i < ev->payloads.nr; i++)
		ev->payloads.all[i] = (struct payload_out){
			.index = below(seed, 24), .ended = below(seed, 2),
			.wait_status = (uint32_t)any_number(seed), .start_ns = any_number(seed),
		};
}

TEST_F(hostile, every_point_is_decided_with_a_sentence)
{
	uint32_t judged = 0;

	for (int i = 0; i < GUEST_CPUS; i++)
		feed_switch(F, i, T0 + 1, 0, RUNNABLE, 1 + i);
	self->r.ev->end.time_ns = T0 + 900 * MS;
	run_tell(&self->r);
	for (int round = 0; round < ROUNDS; round++) {
		any_evidence(self->r.ev, &self->seed);
		self->r.plan.nr_ops = below(&self->seed, 24);
		for (uint32_t i = 0; i < self->r.plan.nr_ops; i++) {
			any_op(&self->r.ops[i], &self->seed);
			/* The plan is ours: its window can be. */
			if (self->r.ops[i].verb == KTSTR_V_HOLD)
				self->r.ops[i].value2 = 10;
		}
		verdict__judge(&self->r.v, &self->r.plan, self->r.ev,
			       round % 3 ? self->r.events : NULL);
		for (uint32_t i = 0; i < self->r.v.nr; i++) {
			const struct verdict_check *c = &self->r.v.checks[i];

			if (!c->applies)
				continue;
			ASSERT_NE('\0', c->name[0]) TH_LOG("round %d, point %u", round, i);
			ASSERT_NE('\0', c->reason[0]) TH_LOG("round %d: %s", round, c->name);
		}
		judged += self->r.v.checks[CHECK_OVERHEAD].kind != KIND_NOT_REACHED;
	}
	/* Most windows are whole, so that there was something to judge. */
	EXPECT_LT(ROUNDS / 2, judged);
}

TEST_HARNESS_MAIN
