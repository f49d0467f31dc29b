// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who runs where, who waits, and since when.
 *
 *	SLEEPING --WAKING--> WAITING --WAKEUP--> WAITING, queued --SWITCH--> RUNNING
 *	RUNNING --SWITCH, it sleeps--> SLEEPING
 *	RUNNING --SWITCH, it still wants to run--> WAITING, queued
 *
 * A task can be told to wake up while it is on its way to sleep: WAKING comes before
 * the SWITCH then, and after that it waits. If it never left the runqueue its WAKEUP
 * comes before the SWITCH too, and there was nothing to wait for.
 */
#include <stdlib.h>
#include <string.h>

#include "event_state_priv.h"

#define STATE_DEAD	(0x10 | 0x20 | 0x80)	/* EXIT_DEAD, EXIT_ZOMBIE, TASK_DEAD */

struct event_state *event_state__new(const struct event_state_opts *opts)
{
	struct event_state *s;
	uint32_t nr_cpus;

	if (ktstr_topology__check(&opts->topology, NULL))
		return NULL;
	nr_cpus = ktstr_topology__nr_cpus(&opts->topology);
	s = calloc(1, sizeof(*s) + nr_cpus * sizeof(s->cpus[0]));
	if (!s)
		return NULL;
	s->opts = *opts;
	s->nr_cpus = nr_cpus;
	s->tasks = event_tasks__new(opts->max_tasks);
	if (!s->tasks) {
		free(s);
		return NULL;
	}
	event_watch__init(&s->watch, nr_cpus, opts->idle_bound_ns, opts->starve_bound_ns);
	for (uint32_t i = 0; i < nr_cpus; i++)
		s->cpus[i].fresh = true;
	return s;
}

void event_state__free(struct event_state *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->nr_cpus; i++)
		event_account__free(&s->cpus[i].account);
	event_account__free(&s->totals.account);
	event_tasks__free(s->tasks);
	free(s);
}

/* Is what happens now counted? */
static bool counts(const struct event_state *s)
{
	return s->totals.active && !s->totals.ended;
}

#define NR_ACCOUNTS 4

/* The accounts that a thing is counted in; a task without a place is one of the others. */
static void accounts_of(struct event_state *s, struct event_task *task, uint32_t cpu,
			struct event_account *dst[NR_ACCOUNTS])
{
	dst[0] = &s->totals.account;
	dst[1] = &s->cpus[cpu].account;
	dst[2] = task ? &task->account : event_tasks__other(s->tasks);
	dst[3] = task ? &task->cgroup->account : &event_tasks__cgroup(s->tasks, 0)->account;
}

/* Cut to the window; false when nothing of it is inside. */
static bool clip(const struct event_state *s, uint64_t *from_ns, uint64_t to_ns)
{
	if (*from_ns < s->totals.from_ns)
		*from_ns = s->totals.from_ns;
	return counts(s) && *from_ns < to_ns;
}

/* It ran from @from_ns on where it may not: is that longer ago than a change takes? */
static void note_stray(struct event_state *s, struct event_task *task, uint32_t cpu,
		       uint64_t from_ns, uint64_t to_ns)
{
	uint64_t since = task->affinity_ns + EVENT_STRAY_GRACE_NS;
	struct event_cgroup *cg = task->cgroup;
	struct event_moment m = { .at_ns = to_ns, .pid = task->pid, .cpu = cpu };

	if (from_ns < since)
		from_ns = since;
	if (from_ns >= to_ns || !event_task__must_not_use(task, cpu, s->nr_cpus))
		return;
	m.ns = to_ns - from_ns;
	memcpy(m.comm, task->comm, sizeof(m.comm));
	cg->strayed_ns += m.ns;
	if (m.ns > cg->strayed.ns)
		cg->strayed = m;
}

static void add_run(struct event_state *s, struct event_task *task, uint32_t cpu,
		    uint64_t from_ns, uint64_t to_ns)
{
	struct event_account *a[NR_ACCOUNTS];

	if (!clip(s, &from_ns, to_ns))
		return;
	accounts_of(s, task, cpu, a);
	for (int i = 0; i < NR_ACCOUNTS; i++)
		event_account__ran(a[i], from_ns, to_ns);
	if (task)
		note_stray(s, task, cpu, from_ns, to_ns);
}

#define ADD_COUNT(_s, _task, _cpu, _field, _n) do {			\
	struct event_account *__a[NR_ACCOUNTS];				\
									\
	if (counts(_s)) {						\
		accounts_of(_s, _task, _cpu, __a);			\
		for (int __i = 0; __i < NR_ACCOUNTS; __i++)		\
			__a[__i]->_field += (_n);			\
	}								\
} while (0)

#define ADD_TIME(_s, _task, _cpu, _dist, _ns) do {			\
	struct event_account *__a[NR_ACCOUNTS];				\
	struct event_moment __m;					\
									\
	if (counts(_s)) {						\
		__m = moment_of(_s, _task, _cpu, _ns);			\
		accounts_of(_s, _task, _cpu, __a);			\
		for (int __i = 0; __i < NR_ACCOUNTS; __i++)		\
			event_dist__add(__a[__i], &__a[__i]->_dist, &__m); \
	}								\
} while (0)

static struct event_moment moment_of(const struct event_state *s, const struct event_task *task,
				     uint32_t cpu, uint64_t ns)
{
	struct event_moment m = { .ns = ns, .at_ns = s->now_ns, .cpu = cpu };

	m.pid = task ? task->pid : s->cpus[cpu].pid;
	if (task)
		memcpy(m.comm, task->comm, sizeof(m.comm));
	return m;
}

static void begin_wait(struct event_state *s, struct event_task *task, uint32_t cpu, bool queued)
{
	task->state = EVENT_TASK_WAITING;
	task->since_ns = s->now_ns;
	task->cpu = cpu;
	task->queued = queued;
	task->throttled = s->nr_throttled && event_state__is_throttled(s, task);
	task->throttled_ns = s->now_ns;
	if (!task->throttled)
		event_watch__wait(&s->watch, task, s->now_ns);
}

void event_state__add_throttled(struct event_state *s, struct event_task *task)
{
	uint64_t from = task->throttled_ns;

	if (clip(s, &from, s->now_ns))
		ADD_COUNT(s, task, task->cpu, throttled_ns, s->now_ns - from);
}

static void add_wait(struct event_state *s, struct event_task *task, uint32_t cpu)
{
	uint64_t from = task->since_ns;

	if (clip(s, &from, s->now_ns))
		ADD_COUNT(s, task, cpu, wait_ns, s->now_ns - from);
	if (task->throttled)
		event_state__add_throttled(s, task);
}

/* It gets @cpu now. */
static void end_wait(struct event_state *s, struct event_task *task, uint32_t cpu)
{
	add_wait(s, task, cpu);
	ADD_TIME(s, task, cpu, delay, s->now_ns - task->since_ns);
	if (task->woken)
		ADD_TIME(s, task, cpu, wake, s->now_ns - task->woken_ns);
	event_watch__wait_over(&s->watch, task, s->now_ns, true, cpu);
}

static void lose_task(struct event_state *s, struct event_task *task)
{
	event_watch__forget(&s->watch, task);
	task->state = EVENT_TASK_UNKNOWN;
	task->woken = task->wake_pending = task->throttled = false;
}

/* Where the time of a CPU goes that no task has. */
static uint64_t *time_of(struct event_cpu *c)
{
	if (c->state == EVENT_CPU_OFFLINE)
		return &c->offline_ns;
	return c->state == EVENT_CPU_IDLE ? &c->idle_ns : &c->unknown_ns;
}

/* Count what a CPU did up to @to_ns. */
void event_state__close_cpu(struct event_state *s, uint32_t cpu, uint64_t to_ns)
{
	struct event_cpu *c = &s->cpus[cpu];
	uint64_t from = c->since_ns;

	/* What another CPU told of its task may have cut its time behind its own last record. */
	if (to_ns < from)
		return;
	c->since_ns = to_ns;
	if (!clip(s, &from, to_ns))
		return;
	if (s->opts.did)
		s->opts.did(s->opts.arg, cpu, c->state, c->task, from, to_ns);
	if (c->state == EVENT_CPU_BUSY)
		add_run(s, c->task, cpu, from, to_ns);
	else
		*time_of(c) += to_ns - from;
}

/* From now on nothing is known of a CPU, nor of the task there. */
void event_state__forget_cpu(struct event_state *s, uint32_t cpu, uint64_t to_ns)
{
	struct event_cpu *c = &s->cpus[cpu];

	event_state__close_cpu(s, cpu, to_ns);
	event_watch__idle_over(&s->watch, cpu, to_ns);
	event_watch__busy(&s->watch, cpu, NULL);
	if (c->state == EVENT_CPU_BUSY && c->task)
		lose_task(s, c->task);
	c->state = EVENT_CPU_UNKNOWN;
	c->task = NULL;
	c->fresh = false;
}

/* Events of a CPU are missing since its last one. */
void event_state__lose_cpu(struct event_state *s, uint32_t cpu)
{
	struct event_cpu *c = &s->cpus[cpu];
	struct event_task *task;

	c->holes++;
	event_state__forget_cpu(s, cpu, c->last_ns > c->since_ns ? c->last_ns : c->since_ns);
	for (uint32_t i = 0; (task = event_tasks__at(s->tasks, i)); i++)
		if (task->state == EVENT_TASK_WAITING && task->cpu == cpu)
			lose_task(s, task);
}

/* It is known to be dead, whatever it was thought to do. */
void event_state__bury(struct event_state *s, struct event_task *task)
{
	if (task->state == EVENT_TASK_RUNNING && s->cpus[task->cpu].task == task)
		event_state__forget_cpu(s, task->cpu, s->cpus[task->cpu].last_ns);
	lose_task(s, task);
	event_tasks__bury(s->tasks, task);
}

/*
 * Until now @pid ran here. What was believed may be something else, when programs
 * were filtered or the records lie: then neither is known to have run.
 */
static void leave_cpu(struct event_state *s, uint32_t cpu, uint32_t pid, struct event_task *task)
{
	struct event_cpu *c = &s->cpus[cpu];
	enum event_cpu_state was = pid ? EVENT_CPU_BUSY : EVENT_CPU_IDLE;

	if (c->state == EVENT_CPU_UNKNOWN && c->fresh) {
		/* It has run since before anything was told. */
		c->state = was;
		c->pid = pid;
		c->task = task;
		event_state__close_cpu(s, cpu, s->now_ns);
	} else if (c->state == EVENT_CPU_UNKNOWN) {
		event_state__close_cpu(s, cpu, s->now_ns);
	} else if (c->state != was || (pid && (c->pid != pid || c->task != task))) {
		s->totals.inconsistent++;
		if (c->state == EVENT_CPU_BUSY && c->task)
			lose_task(s, c->task);
		c->state = EVENT_CPU_UNKNOWN;
		event_state__close_cpu(s, cpu, s->now_ns);
		c->holes++;
	} else {
		/* A change of its cgroup has cut the CPU's time, but not the task's slice. */
		if (was == EVENT_CPU_BUSY)
			ADD_TIME(s, task, cpu, slice, s->now_ns -
				 (task && task->state == EVENT_TASK_RUNNING ? task->since_ns :
				  c->since_ns));
		event_state__close_cpu(s, cpu, s->now_ns);
	}
	event_watch__idle_over(&s->watch, cpu, s->now_ns);
	c->state = EVENT_CPU_UNKNOWN;
	c->task = NULL;
	c->fresh = false;
}

/* If it is believed to run elsewhere, that is wrong. */
static void check_not_elsewhere(struct event_state *s, struct event_task *task, uint32_t cpu)
{
	if (task->state != EVENT_TASK_RUNNING || task->cpu == cpu ||
	    s->cpus[task->cpu].task != task)
		return;
	s->totals.inconsistent++;
	event_state__forget_cpu(s, task->cpu, s->cpus[task->cpu].last_ns);
}

static void task_leaves(struct event_state *s, struct event_task *task, uint32_t cpu,
			const struct ktstr_ev_switch *ev)
{
	bool runnable = !ev->h.arg || ev->h.flags & KTSTR_EVF_PREEMPT;
	bool pending = task->wake_pending;

	event_task__told(task, ev->prev_ran,
			 task->state == EVENT_TASK_RUNNING ? s->now_ns - task->since_ns : 0);
	lose_task(s, task);
	task->prio = ev->prev_prio;
	task->has_run = true;
	task->last_cpu = cpu;
	if (runnable) {
		ADD_COUNT(s, task, cpu, preempted, 1);
		begin_wait(s, task, cpu, true);
		return;
	}
	task->state = EVENT_TASK_SLEEPING;
	task->since_ns = s->now_ns;
	if (task->exiting || ev->h.arg & STATE_DEAD) {
		event_tasks__bury(s->tasks, task);
	} else if (pending) {
		ADD_COUNT(s, task, cpu, wakeups, 1);
		task->woken = true;
		task->woken_ns = s->now_ns;
		begin_wait(s, task, cpu, false);
	}
}

static void task_comes(struct event_state *s, struct event_task *task, uint32_t cpu,
		       const struct ktstr_ev_switch *ev)
{
	check_not_elsewhere(s, task, cpu);
	/* Where a task goes that was woken, or that goes elsewhere, somebody chose. */
	if (task->has_run && (task->woken || task->last_cpu != cpu))
		ADD_COUNT(s, task, cpu, placements, 1);
	if (task->state == EVENT_TASK_WAITING)
		end_wait(s, task, cpu);
	lose_task(s, task);
	if (task->has_run && task->last_cpu != cpu)
		ADD_COUNT(s, task, cpu,
			  moves[event_distance__of(&s->opts.topology, task->last_cpu, cpu)], 1);
	task->prio = ev->next_prio;
	task->has_run = true;
	task->last_cpu = cpu;
	task->state = EVENT_TASK_RUNNING;
	task->cpu = cpu;
	task->since_ns = s->now_ns;
}

/* Of one on its way out nobody expects work. */
void event_state__begin_idle(struct event_state *s, uint32_t cpu)
{
	if (!s->cpus[cpu].leaving)
		event_watch__idle(&s->watch, cpu, s->now_ns);
}

static void enter_cpu(struct event_state *s, uint32_t cpu, const struct ktstr_ev_switch *ev)
{
	struct event_cpu *c = &s->cpus[cpu];

	c->pid = ev->next_pid;
	c->since_ns = s->now_ns;
	if (!ev->next_pid) {
		c->state = EVENT_CPU_IDLE;
		c->idles += counts(s);
		event_state__begin_idle(s, cpu);
		return;
	}
	c->task = event_tasks__get(s->tasks, ev->next_pid);
	if (c->task)
		task_comes(s, c->task, cpu, ev);
	event_watch__busy(&s->watch, cpu, c->task);
	c->state = EVENT_CPU_BUSY;
	ADD_COUNT(s, c->task, cpu, runs, 1);
}

void event_state__switch(struct event_state *s, uint32_t cpu, const struct ktstr_ev_switch *ev)
{
	struct event_task *prev = NULL;

	if (ev->h.pid) {
		prev = event_tasks__get(s->tasks, ev->h.pid);
		/* One that found a place only now ran without one. */
		if (prev && s->cpus[cpu].state == EVENT_CPU_BUSY && !s->cpus[cpu].task &&
		    s->cpus[cpu].pid == ev->h.pid)
			s->cpus[cpu].task = prev;
		if (prev)
			check_not_elsewhere(s, prev, cpu);
	}
	leave_cpu(s, cpu, ev->h.pid, prev);
	if (prev)
		task_leaves(s, prev, cpu, ev);
	enter_cpu(s, cpu, ev);
}

/* A CPU that a record names; one that cannot be is the one that says so. */
static uint32_t cpu_named(const struct event_state *s, uint32_t cpu, uint32_t by)
{
	return cpu < s->nr_cpus ? cpu : by;
}

static void on_wake(struct event_state *s, const struct event_record *rec)
{
	const struct ktstr_ev_wake *ev = (const void *)rec->ev;
	uint32_t cpu = cpu_named(s, ev->h.arg, rec->cpu);
	bool waking = ev->h.type == KTSTR_EV_WAKING;
	struct event_task *task = ev->h.pid ? event_tasks__get(s->tasks, ev->h.pid) : NULL;

	if (!task)
		return;
	if (task->state == EVENT_TASK_RUNNING) {
		task->wake_pending = waking;
	} else if (task->state == EVENT_TASK_WAITING) {
		if (!waking && !task->queued)
			begin_wait(s, task, cpu, true);
	} else if (task->state == EVENT_TASK_SLEEPING || ev->h.type == KTSTR_EV_NEW ||
		   s->cpus[cpu].state != EVENT_CPU_UNKNOWN) {
		/* One of which nothing is known may run where nothing is known. */
		ADD_COUNT(s, task, cpu, wakeups, 1);
		task->woken = true;
		task->woken_ns = s->now_ns;
		begin_wait(s, task, cpu, !waking);
	}
}

static void on_migrate(struct event_state *s, const struct event_record *rec)
{
	struct event_task *task = event_tasks__find(s->tasks, rec->ev->pid);

	s->totals.migrations += counts(s);
	if (!task || task->state == EVENT_TASK_RUNNING)
		return;
	task->cpu = cpu_named(s, rec->ev->arg, rec->cpu);
	if (task->state == EVENT_TASK_WAITING && (s->nr_throttled || task->throttled))
		event_state__recheck(s, task);
}

/* A CPU that goes to sleep has nothing to run. */
static void on_idle(struct event_state *s, const struct event_record *rec)
{
	struct event_cpu *c = &s->cpus[rec->cpu];

	if (rec->ev->arg == UINT16_MAX || c->state != EVENT_CPU_UNKNOWN)
		return;
	if (c->fresh)
		c->state = EVENT_CPU_IDLE;
	event_state__close_cpu(s, rec->cpu, s->now_ns);
	c->state = EVENT_CPU_IDLE;
	c->fresh = false;
	event_state__begin_idle(s, rec->cpu);
}

static void start(struct event_state *s, uint64_t time_ns)
{
	s->started = true;
	s->now_ns = time_ns;
	for (uint32_t i = 0; i < s->nr_cpus; i++)
		s->cpus[i].since_ns = s->cpus[i].last_ns = time_ns;
	if (!s->opts.wait_for_window && !s->totals.active)
		event_state__begin(s, time_ns);
}

/* Did the clock go on only now? */
static void check_clock(struct event_state *s, const struct event_record *rec)
{
	struct event_cpu *c = &s->cpus[rec->cpu];
	uint64_t jump = rec->time_ns > c->switch_ns ? rec->time_ns - c->switch_ns : 0;

	/* A clock of ticks goes on in long steps where a CPU idles. */
	if (c->nr_same + 1 >= EVENT_STILL_SWITCHES && jump >= EVENT_STILL_NS &&
	    c->state == EVENT_CPU_BUSY && counts(s)) {
		s->totals.nr_stills++;
		s->totals.still_ns += jump;
	}
	if (rec->ev->type == KTSTR_EV_SWITCH)
		c->nr_same = jump ? 0 : c->nr_same + 1;
	else if (jump)
		c->nr_same = 0;
	if (rec->ev->type == KTSTR_EV_SWITCH)
		c->switch_ns = rec->time_ns;
}

static void dispatch(struct event_state *s, const struct event_record *rec)
{
	switch (rec->ev->type) {
	case KTSTR_EV_SWITCH:
		event_state__switch(s, rec->cpu, (const void *)rec->ev);
		break;
	case KTSTR_EV_WAKING:
	case KTSTR_EV_WAKEUP:
	case KTSTR_EV_NEW:
		on_wake(s, rec);
		break;
	case KTSTR_EV_MIGRATE:
		on_migrate(s, rec);
		break;
	case KTSTR_EV_IDLE:
		on_idle(s, rec);
		break;
	case KTSTR_EV_CPU:
		event_state__cpu_step(s, rec);
		break;
	default:
		event_state__info(s, rec);
	}
}

void event_state__record(void *arg, const struct event_record *rec)
{
	struct event_state *s = arg;

	if (rec->cpu >= s->nr_cpus || rec->ev->type >= KTSTR_EV_NR || s->totals.ended)
		return;
	if (!s->started)
		start(s, rec->time_ns);
	if (rec->time_ns > s->now_ns)
		s->now_ns = rec->time_ns;
	s->totals.to_ns = s->now_ns;
	s->totals.events[rec->ev->type] += counts(s);
	event_watch__time(&s->watch, s->now_ns);
	event_watch__event(&s->watch, rec);
	check_clock(s, rec);
	dispatch(s, rec);
	s->cpus[rec->cpu].last_ns = s->now_ns;
}

void event_state__hole(void *arg, const struct event_hole *hole)
{
	struct event_state *s = arg;

	if (hole->cpu >= s->nr_cpus || (uint32_t)hole->kind > EVENT_HOLE_MEMORY || s->totals.ended)
		return;
	s->totals.holes[hole->kind]++;
	event_state__lose_cpu(s, hole->cpu);
}

uint64_t event_state__begin(struct event_state *s, uint64_t time_ns)
{
	struct event_totals *t = &s->totals;

	if (t->ended)
		return t->from_ns;
	if (!s->started)
		start(s, time_ns);
	if (time_ns > s->now_ns)
		s->now_ns = time_ns;
	t->active = true;
	t->from_ns = t->to_ns = s->now_ns;
	memset(t->events, 0, sizeof(t->events));
	memset(t->holes, 0, sizeof(t->holes));
	t->migrations = t->inconsistent = t->nr_stills = t->still_ns = 0;
	memset(t->scx.dispatched, 0, sizeof(t->scx.dispatched));
	t->scx.enables_before = t->scx.enables;
	t->scx.window_enables = t->scx.window_disables = 0;
	for (uint32_t i = 0; i < t->scx.nr_counters; i++)
		t->scx.counters[i].first = t->scx.counters[i].last;
	event_account__start(&t->account, HISTOGRAM_3_DIGITS, t->from_ns);
	event_tasks__restart(s->tasks, t->from_ns);
	event_watch__restart(&s->watch);
	for (uint32_t i = 0; i < s->nr_cpus; i++) {
		struct event_cpu *c = &s->cpus[i];

		event_account__start(&c->account, HISTOGRAM_2_DIGITS, t->from_ns);
		c->idle_ns = c->offline_ns = c->unknown_ns = c->idles = c->holes = c->lost = 0;
	}
	return t->from_ns;
}

uint64_t event_state__end(struct event_state *s, uint64_t time_ns)
{
	struct event_task *task;

	if (s->totals.ended)
		return s->totals.to_ns;
	if (time_ns > s->now_ns)
		s->now_ns = time_ns;
	for (uint32_t i = 0; i < s->nr_cpus; i++)
		event_state__close_cpu(s, i, s->now_ns);
	for (uint32_t i = 0; (task = event_tasks__at(s->tasks, i)); i++)
		if (task->state == EVENT_TASK_WAITING)
			add_wait(s, task, task->cpu);
	event_watch__end(&s->watch, s->now_ns);
	s->totals.to_ns = s->now_ns;
	s->totals.ended = true;
	return s->now_ns;
}

const struct event_totals *event_state__totals(const struct event_state *s)
{
	return &s->totals;
}

const struct event_watch *event_state__watch(const struct event_state *s)
{
	return &s->watch;
}

const struct ktstr_topology *event_state__topology(const struct event_state *s)
{
	return &s->opts.topology;
}

uint32_t event_state__nr_cpus(const struct event_state *s)
{
	return s->nr_cpus;
}

const struct event_cpu *event_state__cpu(const struct event_state *s, uint32_t cpu)
{
	return cpu < s->nr_cpus ? &s->cpus[cpu] : NULL;
}

struct event_tasks *event_state__tasks(const struct event_state *s)
{
	return s->tasks;
}
