/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run by hand, on two CPUs in two LLCs: its plan, what the guest did, what its workers say and
 * what its scheduler events tell. Perfect until a test makes something of it wrong.
 *
 * The window begins at T0 and lasts as long as the holds.
 */
#ifndef RUN_FEED_H
#define RUN_FEED_H

#include "events_feed.h"
#include "host/expect.h"
#include "op_feed.h"

#define RUN_OPS	64u

struct run {
	struct plan plan;
	struct ktstr_op ops[RUN_OPS];
	struct evidence *ev;
	struct guest *g;
	struct events *events;
	uint64_t now_ns;		/* of the guest that carries operations out */
	bool told;			/* the trace and the events are there */
	struct verdict v;
};

#define F	(&self->r.g->feed)

static inline void run_phase(struct run *r, enum ktstr_life_phase p, const char *reason)
{
	r->ev->phase = p;
	r->ev->phase_seen |= 1u << p;
	strcpy(r->ev->reason[p], reason);
}

/* The scheduler was enabled before all else. */
static inline void run_enable(struct run *r)
{
	struct ktstr_ev_scx_state st = {
		.h = { .type = KTSTR_EV_SCX_STATE, .flags = KTSTR_EVF_ON }, .name = "simple",
	};

	feed_any(&r->g->feed, 0, T0 - 1 * SEC, &st, sizeof(st));
}

static inline void run_begin_events(struct run *r)
{
	struct events_opts eo = { .sz = sizeof(eo), .topology = { 1, 2, 1, 1 } };

	r->g = guest_new();
	r->events = events__new(&eo);
	r->g->takers[0] = events__frame;
	r->g->args[0] = r->events;
	guest_helo(r->g);
	guest_say_info(r->g, KTSTR_EVENTS_BPF, "");
	run_enable(r);
	feed_mark(&r->g->feed, 0, T0, KTSTR_MARK_WINDOW_BEGIN, 0);
}

static inline void run_init(struct run *r)
{
	struct evidence *ev = evidence__new(NULL);

	memset(r, 0, sizeof(*r));
	r->ev = ev;
	r->plan.scenario = "made";
	r->plan.events = KTSTR_WISH_AUTO;
	r->plan.ops = r->ops;
	strv__add(&r->plan.sched, "/ktstr/bin/scx_simple");
	ev->has_helo = ev->has_ready = ev->has_test = ev->has_exit = true;
	ev->helo.nr_cpus = GUEST_CPUS;
	run_phase(r, KTSTR_LIFE_INIT, "");
	run_phase(r, KTSTR_LIFE_SCHED_ATTACHED, "simple");
	run_phase(r, KTSTR_LIFE_PAYLOAD, "");
	ev->start.seen = ev->end.seen = true;
	ev->start.time_ns = T0;
	strcpy(ev->start.sched.state, "enabled");
	strcpy(ev->start.sched.ops, "simple");
	ev->start.sched.enable_seq = 1;
	ev->end.sched = ev->start.sched;
	ev->machine_end = VMM_END_RESET;
	ev->frames.frames = 20;
	tail__add(&ev->tail[EVIDENCE_DMSG], "<6,0,0>Linux\n", 13);
	r->now_ns = T0 - 1 * SEC;
	run_begin_events(r);
}

static inline void run_free(struct run *r)
{
	strv__free(&r->plan.sched);
	events__free(r->events);
	free(r->g);
	free(r->ev);
}

/* The plan has this operation next, and the guest does it: a hold in its time, others in 1 ms. */
static inline void run_op(struct run *r, const struct ktstr_op *op)
{
	uint64_t ns = op->verb == KTSTR_V_HOLD ? op->value2 * MS : 1 * MS;

	r->ops[r->plan.nr_ops++] = *op;
	if (op->verb == KTSTR_V_HOLD && r->now_ns < T0)
		r->now_ns = T0;
	op_did(r->ev, op, r->now_ns, r->now_ns + ns);
	r->now_ns += ns;
	if (op->verb == KTSTR_V_HOLD)
		r->ev->end.time_ns = r->now_ns;
}

/* An expectation is of the plan, and told like the rest. */
static inline void run_expect(struct run *r, const struct ktstr_op *op)
{
	run_op(r, op);
}

/* A worker that ran @cpu_ms, wanted no more than that and was never kept from it. */
static inline struct evidence_worker *run_worker(struct run *r, const char *cgroup,
						 const char *name, uint32_t i, uint64_t cpu_ms)
{
	struct evidence_worker *w = &r->ev->workers[r->ev->nr_workers];

	strcpy(w->cgroup, cgroup);
	strcpy(w->name, name);
	w->worker = i;
	w->pid = 100 + r->ev->nr_workers++;
	w->start_ns = T0;
	w->end_ns = r->ev->end.time_ns;
	w->cpu_ns = cpu_ms * MS;
	w->iterations = 1000;
	w->max_gap_ns = 10 * MS;
	w->max_gap_at_ns = T0 + 1 * SEC;
	return w;
}

/* Nothing more happens in the guest. */
static inline void run_tell(struct run *r)
{
	if (r->told)
		return;
	r->told = true;
	feed_mark(&r->g->feed, 0, r->ev->end.time_ns, KTSTR_MARK_WINDOW_END, 0);
	for (uint32_t i = 0; i < GUEST_CPUS; i++)
		guest_flush(r->g, i);
	guest_account(r->g, 0);
	events__finish(r->events);
	r->ev->events = *events__result(r->events);
}

static inline void run_judge(struct run *r)
{
	run_tell(r);
	verdict__judge(&r->v, &r->plan, r->ev, r->events);
}

/* A point by its name, NULL when it does not apply. */
static inline const struct verdict_check *run_point(const struct run *r, const char *name)
{
	for (uint32_t i = 0; i < r->v.nr; i++)
		if (r->v.checks[i].applies && !strcmp(r->v.checks[i].name, name))
			return &r->v.checks[i];
	return NULL;
}

/* Each vCPU could have run for so long and had no host CPU. */
static inline void run_host(struct run *r, uint64_t wait0_ms, uint64_t wait1_ms)
{
	struct host_delay *d = &r->ev->host_delay;

	d->nr_vcpus = GUEST_CPUS;
	d->start.valid = d->end.valid = true;
	d->start.time_ns = 1;
	d->end.time_ns = 1 + r->ev->end.time_ns - r->ev->start.time_ns;
	d->end.vcpu[0].wait_ns = wait0_ms * MS;
	d->end.vcpu[1].wait_ns = wait1_ms * MS;
}

#define POINT(_name, _status, _kind) do {						\
	const struct verdict_check *__c;						\
											\
	run_judge(&self->r);								\
	__c = run_point(&self->r, _name);						\
	ASSERT_NE(NULL, __c) TH_LOG("no point %s", _name);				\
	EXPECT_EQ(_status, __c->status) TH_LOG("%s: %s", _name, __c->reason);		\
	EXPECT_EQ(_kind, __c->kind) TH_LOG("%s: %s", _name, __c->reason);		\
	self->reason = __c->reason;							\
} while (0)

#define REASON(_text)	\
	EXPECT_NE(NULL, strstr(self->reason, _text)) TH_LOG("%s", self->reason)

#define RUN(_verb, ...)	run_op(&self->r, OP(_verb, ##__VA_ARGS__))
#define WANT(_kind, ...) \
	RUN(KTSTR_V_EXPECT, .expect = { .kind = KTSTR_X_##_kind, ##__VA_ARGS__ })
/* The same with words of the operation: a cgroup, a phase. */
#define WANT_OF(_kind, _words, ...) \
	RUN(KTSTR_V_EXPECT, .expect = { .kind = KTSTR_X_##_kind, ##__VA_ARGS__ }, _words)
#define WORDS(...) __VA_ARGS__
#define SPIN(_nr)	.work = { .kind = "spin", .nr = (_nr), .group = 1 }

#endif /* RUN_FEED_H */
