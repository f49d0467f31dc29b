// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single operations, carried out.
 */
#include <errno.h>

#include <ktstr/event.h>
#include <ktstr/words.h>

#include "cgroup.h"
#include "child.h"
#include "clock.h"
#include "events.h"
#include "hotplug.h"
#include "loop.h"
#include "payloads.h"
#include "sched.h"
#include "sched_state.h"
#include "steps_priv.h"
#include "workers.h"

/* A scheduler that switches all tasks by itself needs no help of policy. */
static bool wants_ext_policy(void)
{
	struct ktstr_sched_state state;

	sched_state__read(&state);
	return sched_state__enabled(&state) && !state.switch_all;
}

static const struct cpu_mask *cpus_of(const struct ktstr_op *op)
{
	return op->has_cpus ? &op->cpus : NULL;
}

static int do_cgroup(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return cgroup__add(op->cgroup, cpus_of(op), e);
}

static int do_cgroup_remove(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	int err = workers__stop(op->cgroup, "", e);

	(void)t;
	return err ? err : cgroup__remove(op->cgroup, e);
}

static int set_cpuset(const char *cgroup, const struct cpu_mask *cpus, struct ktstr_error *e)
{
	int err;

	workers__cpuset_changes(cgroup);
	err = cgroup__set_cpus(cgroup, cpus, e);
	return err ? err : workers__cpuset_changed(cgroup, e);
}

static int do_cpuset(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return set_cpuset(op->cgroup, &op->cpus, e);
}

static int do_cpuset_clear(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return set_cpuset(op->cgroup, NULL, e);
}

static int do_cpuset_swap(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	struct cpu_mask a, b;
	int err = cgroup__effective(op->cgroup, &a, e);

	(void)t;
	if (!err)
		err = cgroup__effective(op->other, &b, e);
	if (!err)
		err = set_cpuset(op->cgroup, &b, e);
	return err ? err : set_cpuset(op->other, &a, e);
}

static int do_weight(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return cgroup__set_weight(op->cgroup, op->value, e);
}

static int do_quota(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return cgroup__set_quota(op->cgroup, op->value, op->value2, e);
}

static int do_freeze(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return cgroup__freeze(op->cgroup, op->verb == KTSTR_V_FREEZE, e);
}

static int do_memory_max(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return cgroup__set_memory_max(op->cgroup, op->value, e);
}

static int do_spawn(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	int err = workers__spawn(op, t->fn, wants_ext_policy(), e);

	sched__check();
	return !err && sched__lost() ?
		ktstr_error_set(e, -ECANCELED, "the scheduler was lost meanwhile") : err;
}

static int do_stop(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return workers__stop(op->cgroup, op->name, e);
}

static int do_affinity(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return workers__set_affinity(op->cgroup, op->name, cpus_of(op), e);
}

static int do_nice(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return workers__set_nice(op->cgroup, op->name, (int)(int64_t)op->value, e);
}

static int do_policy(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return workers__set_policy(op->cgroup, op->name, &op->work, e);
}

static int do_move(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return workers__move(op->cgroup, op->name, op->other, e);
}

/* What became of it is in the outcome already: this is for the operation's own frame. */
static int sched_failed(const struct ktstr_run *t, struct ktstr_error *e)
{
	return ktstr_error_set(e, -ECANCELED, "%.400s", t->o->reason);
}

/* Of a test that is data this was checked before; a body can say what it likes. */
static int check_sched(const struct ktstr_run *t, const char *verb, struct ktstr_error *e)
{
	if (t->plan->sched || t->plan->sched_enable)
		return 0;
	return ktstr_error_set(e, -EINVAL,
			       "there is no scheduler to %s; give one with --sched or --sched-enable",
			       verb);
}

static int do_sched_attach(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	int err = check_sched(t, "attach", e);

	(void)op;
	if (err)
		return err;
	return sched__start(t->plan, t->o) ? 0 : sched_failed(t, e);
}

static int do_sched_detach(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	int err = check_sched(t, "detach", e);

	(void)op;
	if (err)
		return err;
	/* One that is lost already was not taken away by this, and its end must not look so. */
	child__reap();
	sched__check();
	if (sched__lost()) {
		sched__report_loss(t->o);
		return sched_failed(t, e);
	}
	sched__stop(t->plan, t->o);
	return t->o->status == KTSTR_GUEST_DONE ? 0 : sched_failed(t, e);
}

static int do_sched_restart(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	int err = do_sched_detach(t, op, e);

	return err ? err : do_sched_attach(t, op, e);
}

static int do_sched_replace(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	struct guest_plan other = *t->plan;
	struct ktstr_words argv;
	int err = ktstr_words__split(&argv, op->cmd, e);

	if (err)
		return err;
	err = do_sched_detach(t, op, e);
	if (!err) {
		other.sched = argv.v;
		err = sched__start(&other, t->o) ? 0 : sched_failed(t, e);
	}
	ktstr_words__free(&argv);
	return err;
}

static int do_run(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	return payloads__run(t->index, op, wants_ext_policy(), e);
}

static int do_wait(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	steps__open_window(t);
	return payloads__wait(op->name, op->value, steps__broken, e);
}

static int do_kill(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	return payloads__kill(op->name, e);
}

static int do_hotplug(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	int err;

	(void)t;
	/* All cgroups follow: a worker may find itself there before anybody could tell it. */
	workers__cpuset_changes("");
	err = hotplug__set((unsigned int)op->value, op->verb == KTSTR_V_CPU_ONLINE, e);
	return err ? err : workers__cpuset_changed("", e);
}

static int do_hold(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	steps__open_window(t);
	if (loop__until(steps__broken, NULL, deadline_ns(op->value2)) == -ETIMEDOUT)
		return 0;
	return ktstr_error_set(e, -ECANCELED, "the window ended early");
}

static int do_mark(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)op;
	(void)e;
	events__mark(KTSTR_MARK_PHASE, ++t->marks);
	if (t->open)
		workers__mark(t->marks);
	return 0;
}

/* Judged by the host alone. */
static int do_expect(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	(void)t;
	(void)op;
	(void)e;
	return 0;
}

static int (*const handlers[KTSTR_V_NR])(struct ktstr_run *t, const struct ktstr_op *op,
					 struct ktstr_error *e) = {
	[KTSTR_V_CGROUP] = do_cgroup,
	[KTSTR_V_CGROUP_REMOVE] = do_cgroup_remove,
	[KTSTR_V_CPUSET] = do_cpuset,
	[KTSTR_V_CPUSET_CLEAR] = do_cpuset_clear,
	[KTSTR_V_CPUSET_SWAP] = do_cpuset_swap,
	[KTSTR_V_WEIGHT] = do_weight,
	[KTSTR_V_QUOTA] = do_quota,
	[KTSTR_V_FREEZE] = do_freeze,
	[KTSTR_V_THAW] = do_freeze,
	[KTSTR_V_MEMORY_MAX] = do_memory_max,
	[KTSTR_V_SPAWN] = do_spawn,
	[KTSTR_V_STOP] = do_stop,
	[KTSTR_V_AFFINITY] = do_affinity,
	[KTSTR_V_NICE] = do_nice,
	[KTSTR_V_POLICY] = do_policy,
	[KTSTR_V_MOVE] = do_move,
	[KTSTR_V_SCHED_ATTACH] = do_sched_attach,
	[KTSTR_V_SCHED_DETACH] = do_sched_detach,
	[KTSTR_V_SCHED_RESTART] = do_sched_restart,
	[KTSTR_V_SCHED_REPLACE] = do_sched_replace,
	[KTSTR_V_RUN] = do_run,
	[KTSTR_V_WAIT] = do_wait,
	[KTSTR_V_KILL] = do_kill,
	[KTSTR_V_CPU_OFFLINE] = do_hotplug,
	[KTSTR_V_CPU_ONLINE] = do_hotplug,
	[KTSTR_V_HOLD] = do_hold,
	[KTSTR_V_MARK] = do_mark,
	[KTSTR_V_EXPECT] = do_expect,
};

int steps__carry_out(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e)
{
	return handlers[op->verb](t, op, e);
}
