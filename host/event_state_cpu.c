// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs that go and come.
 *
 * No tracepoint tells anything on a CPU that is not online: that is a condition of every one
 * (include/linux/tracepoint.h). take_cpu_down() (kernel/cpu.c) takes it away in the CPU's
 * stopper thread, migration/N, with interrupts off, and on its return start_secondary() of
 * arch/ gives it back in the idle task. One switch lies between, and is told by nobody: from the
 * stopper to idle, when the stopper parks. balance_hotplug_wait() (kernel/sched/core.c) has
 * seen to it that no other task is left by then. So KTSTR_CPU_DEAD, the idle task's, stands for
 * that switch, and only that one: whatever else was believed to run is a contradiction.
 *
 * Untold are also wakeups by that CPU in those moments, of whoever waits for the stopper.
 * Such a task comes without a wait, and nothing is said of how long that was.
 */
#include "event_state_priv.h"

#define TASK_PARKED	0x40u	/* include/linux/sched.h */

/* One without a place in the tables can be anybody. */
static bool may_be_stopper(const struct event_cpu *c)
{
	return c->state == EVENT_CPU_BUSY && (!c->task || c->task->kthread);
}

static void stopper_parks(struct event_state *s, uint32_t cpu)
{
	struct event_cpu *c = &s->cpus[cpu];
	struct ktstr_ev_switch ev = {
		.h = { .type = KTSTR_EV_SWITCH, .arg = TASK_PARKED, .pid = c->pid },
		.prev_prio = c->task ? c->task->prio : 0,
		.prev_ran = c->task ? c->task->ran : 0,
	};

	event_state__switch(s, cpu, &ev);
}

/* What was told of the CPU until now cannot be. */
static void contradict(struct event_state *s, uint32_t cpu)
{
	s->totals.inconsistent++;
	s->cpus[cpu].holes++;
	event_state__forget_cpu(s, cpu, s->cpus[cpu].last_ns);
}

static void become(struct event_state *s, uint32_t cpu, enum event_cpu_state state)
{
	struct event_cpu *c = &s->cpus[cpu];

	event_state__close_cpu(s, cpu, s->now_ns);
	event_watch__idle_over(&s->watch, cpu, s->now_ns);
	event_watch__busy(&s->watch, cpu, NULL);
	c->state = state;
	c->pid = 0;
	c->fresh = false;
}

static void on_leaves(struct event_state *s, uint32_t cpu)
{
	event_watch__idle_over(&s->watch, cpu, s->now_ns);
	s->cpus[cpu].leaving = true;
}

static void on_dead(struct event_state *s, uint32_t cpu)
{
	struct event_cpu *c = &s->cpus[cpu];

	if (may_be_stopper(c))
		stopper_parks(s, cpu);
	else if (c->state != EVENT_CPU_UNKNOWN)
		contradict(s, cpu);
	become(s, cpu, EVENT_CPU_OFFLINE);
	c->leaving = true;
}

static void on_starts(struct event_state *s, uint32_t cpu)
{
	struct event_cpu *c = &s->cpus[cpu];

	if (c->state == EVENT_CPU_UNKNOWN && c->fresh)
		c->state = EVENT_CPU_OFFLINE;	/* since before anything was told */
	else if (c->state == EVENT_CPU_BUSY || c->state == EVENT_CPU_IDLE)
		contradict(s, cpu);
	become(s, cpu, EVENT_CPU_IDLE);
	c->leaving = true;
}

static void on_active(struct event_state *s, uint32_t cpu)
{
	struct event_cpu *c = &s->cpus[cpu];

	c->leaving = false;
	if (c->state == EVENT_CPU_IDLE)
		event_state__begin_idle(s, cpu);
}

void event_state__cpu_step(struct event_state *s, const struct event_record *rec)
{
	switch (rec->ev->arg) {
	case KTSTR_CPU_LEAVES:
		on_leaves(s, rec->cpu);
		break;
	case KTSTR_CPU_DEAD:
		on_dead(s, rec->cpu);
		break;
	case KTSTR_CPU_STARTS:
		on_starts(s, rec->cpu);
		break;
	case KTSTR_CPU_ACTIVE:
		on_active(s, rec->cpu);
		break;
	}
}
