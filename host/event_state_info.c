// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who tasks and cgroups are, what bandwidth control stops, what sched_ext does, and
 * marks.
 */
#include <string.h>

#include <ktstr/dev.h>

#include "buf.h"
#include "event_state_priv.h"
#include "sched_exit.h"

static void describe(struct event_state *s, struct event_task *task,
		     const struct ktstr_ev_task *ev)
{
	struct event_cgroup *cg = event_tasks__cgroup(s->tasks, ev->cgroup);

	/* What it did until now is of the cgroup it was in. */
	if (task->cgroup != cg && task->state == EVENT_TASK_RUNNING &&
	    s->cpus[task->cpu].task == task)
		event_state__close_cpu(s, task->cpu, s->now_ns);
	task->described = true;
	task->tgid = ev->tgid;
	task->policy = ev->h.arg;
	task->prio = ev->prio;
	task->kthread = ev->h.flags & KTSTR_EVF_KTHREAD;
	task->cgroup = cg;
	text__clean(task->comm, sizeof(task->comm), ev->comm, sizeof(ev->comm));
}

/* A new task of an old pid: the old one's end was not told. */
static void on_fork(struct event_state *s, const struct ktstr_ev_task *ev)
{
	struct event_task *old = event_tasks__find(s->tasks, ev->h.pid);
	struct event_task *parent = event_tasks__find(s->tasks, ev->peer), *child;

	if (old)
		event_state__bury(s, old);
	child = event_tasks__get(s->tasks, ev->h.pid);
	if (!child)
		return;
	describe(s, child, ev);
	child->state = EVENT_TASK_SLEEPING;
	child->since_ns = s->now_ns;
	/* __sched_fork() in kernel/sched/core.c: its CPU time is 0. */
	child->told = true;
	child->ran = 0;
	if (parent && parent->has_affinity) {
		event_watch__affinity(&s->watch, child, parent->nr_allowed, parent->mask);
		child->affinity_ns = parent->affinity_ns;
	}
}

/* A thread that execs takes its leader's pid, and the leader is gone. */
static void on_exec(struct event_state *s, const struct ktstr_ev_task *ev)
{
	struct event_task *task = event_tasks__find(s->tasks, ev->peer), *leader;

	if (task && ev->peer != ev->h.pid) {
		leader = event_tasks__find(s->tasks, ev->h.pid);
		if (leader)
			event_state__bury(s, leader);
		if (task->state == EVENT_TASK_RUNNING && s->cpus[task->cpu].task == task)
			s->cpus[task->cpu].pid = ev->h.pid;
		event_tasks__rename(s->tasks, task, ev->h.pid);
	}
	task = event_tasks__get(s->tasks, ev->h.pid);
	if (task)
		describe(s, task, ev);
}

static void on_task(struct event_state *s, const struct ktstr_ev_task *ev)
{
	struct event_task *task;

	/* The idle tasks have pid 0, all of them. */
	if (!ev->h.pid)
		return;
	if (ev->h.type == KTSTR_EV_FORK) {
		on_fork(s, ev);
		return;
	}
	if (ev->h.type == KTSTR_EV_EXEC) {
		on_exec(s, ev);
		return;
	}
	task = event_tasks__get(s->tasks, ev->h.pid);
	if (!task)
		return;
	describe(s, task, ev);
	if (ev->h.type == KTSTR_EV_EXIT)
		task->exiting = true;
}

static void on_cgroup(struct event_state *s, const struct ktstr_ev_cgroup *ev)
{
	struct event_cgroup *c = event_tasks__cgroup(s->tasks, ev->id);

	if (ev->id && c->id == ev->id)
		text__clean(c->path, sizeof(c->path), ev->path, sizeof(ev->path));
}

static void on_prio(struct event_state *s, const struct ktstr_ev_prio *ev)
{
	struct event_task *task = event_tasks__find(s->tasks, ev->h.pid);

	if (!task)
		return;
	task->policy = ev->h.arg;
	task->prio = ev->prio;
}

static void on_affinity(struct event_state *s, const struct ktstr_ev_affinity *ev)
{
	struct event_task *task = ev->h.pid ? event_tasks__get(s->tasks, ev->h.pid) : NULL;

	if (!task)
		return;
	event_watch__affinity(&s->watch, task, ev->nr_cpus, ev->mask);
	task->affinity_ns = s->now_ns;
}

static bool is_within(const struct event_cgroup *c, const struct event_cgroup *above)
{
	size_t len = strlen(above->path);

	if (c == above)
		return true;
	/* A name that is not known is above nobody. */
	return len && !strncmp(c->path, above->path, len) &&
	       (above->path[len - 1] == '/' || c->path[len] == '/');
}

static bool has_bit(const struct event_cgroup *c, uint32_t cpu)
{
	return c->throttled[cpu / 64] & 1ull << cpu % 64;
}

bool event_state__is_throttled(struct event_state *s, const struct event_task *task)
{
	struct event_cgroup *c;

	for (uint32_t i = 0; (c = event_tasks__cgroup_at(s->tasks, i)); i++)
		if (has_bit(c, task->cpu) && is_within(task->cgroup, c))
			return true;
	return false;
}

/* Is a waiting task stopped by bandwidth control now, and was it before? */
void event_state__recheck(struct event_state *s, struct event_task *task)
{
	bool throttled = event_state__is_throttled(s, task);

	if (throttled == task->throttled)
		return;
	if (throttled) {
		event_watch__wait_over(&s->watch, task, s->now_ns, false, 0);
	} else {
		event_state__add_throttled(s, task);
		event_watch__wait(&s->watch, task, s->now_ns);
	}
	task->throttled = throttled;
	task->throttled_ns = s->now_ns;
}

static void on_throttle(struct event_state *s, uint32_t cpu, const struct ktstr_ev_throttle *ev)
{
	struct event_cgroup *c = event_tasks__cgroup(s->tasks, ev->cgroup);
	bool on = ev->h.flags & KTSTR_EVF_ON;
	struct event_task *task;

	if (!ev->cgroup || c->id != ev->cgroup || has_bit(c, cpu) == on)
		return;
	c->throttled[cpu / 64] ^= 1ull << cpu % 64;
	s->nr_throttled += on ? 1 : -1;
	for (uint32_t i = 0; (task = event_tasks__at(s->tasks, i)); i++)
		if (task->state == EVENT_TASK_WAITING && task->cpu == cpu)
			event_state__recheck(s, task);
}

static void on_scx_enable(struct event_state *s, const struct ktstr_ev_scx_state *ev)
{
	struct event_scx *x = &s->totals.scx;
	bool measuring = s->totals.active && !s->totals.ended;

	x->enabled = true;
	text__clean(x->name, sizeof(x->name), ev->name, sizeof(ev->name));
	x->enables++;
	x->window_enables += measuring;
}

static void on_scx_state(struct event_state *s, const struct ktstr_ev_scx_state *ev)
{
	struct event_scx *x = &s->totals.scx;
	bool was = x->enabled;

	if (ev->h.flags & KTSTR_EVF_ON)
		return on_scx_enable(s, ev);
	x->enabled = false;
	/*
	 * Programs that cannot read the kind tell an end as well when, after an error, the
	 * scheduler's process lets go of what is gone already.
	 */
	if (ev->h.arg < SCHED_EXIT_UNREG && (x->closing || !was)) {
		x->closing = false;
		return;
	}
	x->closing = ev->h.arg >= SCHED_EXIT_ERROR;
	x->disables++;
	x->window_disables += s->totals.active && !s->totals.ended;
	x->exit_ns = s->now_ns;
	x->exit_kind = ev->h.arg;
	x->exit_code = ev->exit_code;
	text__clean(x->reason, sizeof(x->reason), ev->reason, sizeof(ev->reason));
}

static void on_scx_counter(struct event_state *s, const struct ktstr_ev_scx_counter *ev)
{
	struct event_scx *x = &s->totals.scx;
	char name[sizeof(ev->name)];
	uint32_t i = 0;

	text__clean(name, sizeof(name), ev->name, sizeof(ev->name));
	while (i < x->nr_counters && strcmp(x->counters[i].name, name))
		i++;
	if (i == EVENT_COUNTERS)
		return;
	if (i == x->nr_counters) {
		memcpy(x->counters[i].name, name, sizeof(name));
		x->counters[i].first = ev->value;
		x->nr_counters++;
	}
	x->counters[i].last = ev->value;
}

static void keep_mark(struct event_state *s, uint32_t cpu, const struct ktstr_ev_mark *ev)
{
	struct event_totals *t = &s->totals;

	if (t->nr_marks < EVENT_MARKS)
		t->marks[t->nr_marks] = (struct event_mark){
			.time_ns = s->now_ns, .id = ev->id, .arg = ev->arg, .cpu = cpu,
			.pid = ev->h.pid,
		};
	t->nr_marks++;
}

static void on_mark(struct event_state *s, uint32_t cpu, const struct ktstr_ev_mark *ev)
{
	switch (ev->id) {
	case KTSTR_MARK_LOST:
		if (ev->arg > s->cpus[cpu].lost_told) {
			s->cpus[cpu].lost += ev->arg - s->cpus[cpu].lost_told;
			s->cpus[cpu].lost_told = ev->arg;
		}
		s->totals.holes[EVENT_HOLE_BUFFER]++;
		event_state__lose_cpu(s, cpu);
		return;
	case KTSTR_MARK_WINDOW_BEGIN:
		event_state__begin(s, s->now_ns);
		break;
	case KTSTR_MARK_WINDOW_END:
		if (s->totals.active)
			event_state__end(s, s->now_ns);
		break;
	}
	keep_mark(s, cpu, ev);
}

void event_state__info(struct event_state *s, const struct event_record *rec)
{
	const void *ev = rec->ev;

	switch (rec->ev->type) {
	case KTSTR_EV_FORK:
	case KTSTR_EV_EXEC:
	case KTSTR_EV_EXIT:
	case KTSTR_EV_TASK:
	case KTSTR_EV_CGROUP_ATTACH:
		on_task(s, ev);
		break;
	case KTSTR_EV_CGROUP:
		on_cgroup(s, ev);
		break;
	case KTSTR_EV_PRIO:
		on_prio(s, ev);
		break;
	case KTSTR_EV_AFFINITY:
		on_affinity(s, ev);
		break;
	case KTSTR_EV_THROTTLE:
		on_throttle(s, rec->cpu, ev);
		break;
	case KTSTR_EV_SCX_STATE:
		on_scx_state(s, ev);
		break;
	case KTSTR_EV_SCX_DISPATCH:
		if (rec->ev->arg <= KTSTR_DSQ_GLOBAL)
			s->totals.scx.dispatched[rec->ev->arg]++;
		break;
	case KTSTR_EV_SCX_COUNTER:
		on_scx_counter(s, ev);
		break;
	case KTSTR_EV_MARK:
		on_mark(s, rec->cpu, ev);
		break;
	}
}
