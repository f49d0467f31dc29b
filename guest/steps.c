// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of a test, and the judged window around those that let time pass.
 */
#include <errno.h>
#include <stdlib.h>

#include <ktstr/event.h>
#include <ktstr/random.h>

#include "bulk.h"
#include "child.h"
#include "clock.h"
#include "console_wake.h"
#include "events.h"
#include "payloads.h"
#include "sched.h"
#include "sched_state.h"
#include "steps.h"
#include "steps_priv.h"
#include "workers.h"

bool steps__broken(void *arg)
{
	(void)arg;
	return sched__lost() || workers__any_dead() || console_wake__shutdown();
}

/* A worker that had no machine to work on says nothing about a scheduler. */
static void judge_dead(struct outcome *o)
{
	bool lacks = workers__machine_lacks();
	char what[256];

	if (!workers__dead(what, sizeof(what)))
		return;
	if (lacks && o->status == KTSTR_GUEST_DONE)
		emit__life(KTSTR_LIFE_ENV_ERROR, "%s", what);
	outcome__set(o, lacks ? KTSTR_GUEST_ENV : KTSTR_GUEST_FAILED, "%s during the window", what);
}

/* Why it ended early, if it did. The scheduler comes first: the rest may be its doing. */
static void judge_end(struct outcome *o)
{
	if (sched__lost())
		sched__report_loss(o);
	judge_dead(o);
	if (console_wake__shutdown()) {
		emit__life(KTSTR_LIFE_SHUTDOWN, "the window ends now");
		outcome__set(o, KTSTR_GUEST_ABORTED, "the host ended the run");
	}
}

void steps__open_window(struct ktstr_run *t)
{
	struct ktstr_sched_state state;
	struct window_edge begin;
	uint64_t steal_ns;

	if (t->open)
		return;
	t->open = true;
	emit__life(KTSTR_LIFE_PAYLOAD, "%u workers", workers__count());
	sched_state__read(&state);
	events__scx_counters();
	workers__prepare();
	/* Outside of the window, whose harness CPU time it would be. */
	steal_ns = emit__steal_ns();
	events__mark(KTSTR_MARK_WINDOW_BEGIN, 0);
	begin = emit__edge();
	begin.steal_ns = steal_ns;
	begin.ops_ns = t->ops_ns;
	workers__start(begin.time_ns);
	emit__window(KTSTR_T_SCST, &begin, &state);
}

static void close_window(struct ktstr_run *t)
{
	struct ktstr_sched_state state;
	struct window_edge end;

	if (!t->open || t->closed)
		return;
	t->closed = true;
	/* A death or a detach whose event is still on its way counts too. */
	child__reap();
	sched__check();
	workers__look();
	end = emit__edge();
	events__mark(KTSTR_MARK_WINDOW_END, 0);
	workers__freeze(end.time_ns);
	events__scx_counters();
	sched_state__read(&state);
	judge_end(t->o);
	end.steal_ns = emit__steal_ns();
	end.ops_ns = t->ops_ns;
	emit__window(KTSTR_T_SCEN, &end, &state);
}

/* An operation that failed: whose fault? */
static void judge_failure(struct ktstr_run *t, const struct ktstr_op *op, int err, const char *why)
{
	struct outcome *o = t->o;

	/* It may have been ejected for starving workers, and its uevent be on the way. */
	sched__check();
	if (sched__lost())
		sched__report_loss(o);
	if (console_wake__shutdown())
		outcome__set(o, KTSTR_GUEST_ABORTED, "the host ended the run");
	/* These were the scheduler's to run, whichever it is. */
	if (err == -ETIMEDOUT || (err == -ECHILD && !workers__machine_lacks()))
		outcome__set(o, KTSTR_GUEST_FAILED, "%s: %s", op->at, why);
	if (o->status == KTSTR_GUEST_DONE) {
		emit__life(KTSTR_LIFE_ENV_ERROR, "%s: %s", op->at, why);
		outcome__set(o, KTSTR_GUEST_ENV, "%s: %s", op->at, why);
	}
}

/* Time passes in these: the window is around them. */
static bool lets_time_pass(const struct ktstr_op *op)
{
	return op->verb == KTSTR_V_HOLD || op->verb == KTSTR_V_WAIT;
}

/*
 * What such an operation costs is the test's load, as if a program of its author's did it:
 * sched_domains built anew, tasks moved, a scheduler loaded. What the harness has to do
 * while time passes, and at a mark, is its own. (One that waits, as a restart does, has
 * the heartbeats of that time in it.)
 */
static bool is_load(const struct ktstr_op *op)
{
	return !lets_time_pass(op) && op->verb != KTSTR_V_MARK && op->verb != KTSTR_V_EXPECT;
}

static int apply(struct ktstr_run *t, const struct ktstr_op *op)
{
	struct ktstr_error e = { "" };
	int64_t from;

	emit__step_begin(t->index, op);
	from = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	t->err = steps__carry_out(t, op, &e);
	if (is_load(op))
		t->ops_ns += (uint64_t)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - from);
	emit__step_end(t->index, t->err, e.msg, t->in_body);
	t->index++;
	/* The end of a window in the middle of a hold is judged with the window. */
	if (t->err && !(t->err == -ECANCELED && t->open))
		judge_failure(t, op, t->err, e.msg);
	return t->err;
}

static void run_ops(struct ktstr_run *t)
{
	const struct guest_plan *plan = t->plan;
	unsigned int last = 0;

	for (unsigned int i = 0; i < plan->nr_ops; i++)
		if (lets_time_pass(&plan->ops[i]))
			last = i;
	for (unsigned int i = 0; i < plan->nr_ops; i++) {
		/* A function cannot be in a plan; where the test is, it is. */
		t->fn = t->test && t->test->ops ? t->test->ops[plan->ops[i].test_op].work.fn : NULL;
		if (apply(t, &plan->ops[i]))
			return;
		if (i == last && !plan->body)
			close_window(t);
	}
}

int ktstr_run__do(struct ktstr_run *t, const struct ktstr_do *spec)
{
	struct ktstr_error e;
	struct ktstr_op *op;

	if (t->err)
		return t->err;
	op = calloc(1, sizeof(*op));
	t->err = op ? ktstr_compiler__op(t->compiler, spec, 0, op, &e) :
		      ktstr_error_set(&e, -ENOMEM, "out of memory");
	t->fn = spec->work.fn;
	if (t->err)
		outcome__set(t->o, KTSTR_GUEST_ENV, "%s", e.msg);
	else
		apply(t, op);
	free(op);
	return t->err;
}

uint64_t ktstr_run__random(struct ktstr_run *t)
{
	return ktstr_random__next(&t->random);
}

/* What the data did counts for the body: the compiler has to have seen it. */
static int prepare_body(struct ktstr_run *t, struct ktstr_error *e)
{
	const struct guest_plan *plan = t->plan;
	struct ktstr_op *ops;
	uint32_t nr;
	int err;

	if (!t->test || !t->test->body)
		return ktstr_error_set(e, -ENOENT,
				       "the image's init has no test %.100s with a body: is it that of the test's own program?",
				       plan->body);
	t->compiler = ktstr_compiler__new(plan->shape, plan->seed, plan->duration_ms);
	ops = calloc(KTSTR_OPS_MAX, sizeof(*ops));
	err = t->compiler && ops ? ktstr_ops__compile(t->test, t->compiler, ops, &nr, e) :
		ktstr_error_set(e, -ENOMEM, "out of memory");
	free(ops);
	return err;
}

static void run_body(struct ktstr_run *t)
{
	struct ktstr_error e;

	t->in_body = true;
	t->test->body(t);
	if (!t->err && ktstr_ops__check_end(t->test, t->compiler, &e))
		outcome__set(t->o, KTSTR_GUEST_ENV, "%s", e.msg);
}

void steps__run(const struct guest_plan *plan, struct outcome *o)
{
	struct ktstr_run t = { .plan = plan, .o = o, .random = plan->seed };
	struct ktstr_error e = { "" };

	t.test = ktstr_test__find(plan->scenario);
	t.err = plan->body ? prepare_body(&t, &e) : 0;
	if (!t.err)
		t.err = workers__init(plan->seed, &e);
	if (t.err)
		outcome__set(o, KTSTR_GUEST_ENV, "%s", e.msg);
	else
		run_ops(&t);
	if (plan->body && !t.err)
		run_body(&t);
	close_window(&t);
	payloads__end();
	workers__destroy();
	ktstr_compiler__free(t.compiler);
}
