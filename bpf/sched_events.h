/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scheduler events: what happens to every task, as records of <ktstr/event.h>.
 *
 * Each program is one event and attaches on its own: a kernel that lacks its hook
 * loses that event and no other. Nothing here waits, allocates or loops over
 * more than a name.
 */
#ifndef KTSTR_BPF_SCHED_EVENTS_H
#define KTSTR_BPF_SCHED_EVENTS_H

#include "emit.h"

#define PF_KTHREAD	0x00200000
#define TASK_STATES	0xffff		/* without TASK_STATE_MAX and up */
#define TASK_REPORT	0xff		/* what sched_switch reports of a state */
#define TASK_PARKED	0x40		/* stands for sleeps that it does not report */

/*
 * State as sched_switch has it: 0 while the task still wants to run. A frozen one or
 * one that waits for an RT lock sleeps too, with no bit among those.
 */
static __u16 left_state(bool preempt, unsigned int state)
{
	if (preempt || !(state & TASK_STATES))
		return 0;
	return state & TASK_REPORT ? state & TASK_REPORT : TASK_PARKED;
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	struct ktstr_ev_switch ev = {
		.h = {
			.type = KTSTR_EV_SWITCH,
			.flags = preempt ? KTSTR_EVF_PREEMPT : 0,
			.arg = left_state(preempt, prev_state),
			.pid = prev->pid,
		},
		.next_pid = next->pid,
		.prev_prio = prev->prio,
		.next_prio = next->prio,
		.prev_ran = prev->se.sum_exec_runtime >> KTSTR_EV_RAN_SHIFT,
	};

	if (WANTED_HERE(KTSTR_EV_SWITCH) && (task_wanted(prev) || task_wanted(next)))
		emit(&ev, sizeof(ev));
	return 0;
}

static int wake(enum ktstr_event_type type, struct task_struct *p, __u16 cpu)
{
	struct ktstr_ev_wake ev = {
		.h = { .type = type, .arg = cpu, .pid = p->pid },
		.waker = bpf_get_current_pid_tgid(),
	};

	if (WANTED_HERE(type) && task_wanted(p))
		emit(&ev, sizeof(ev));
	return 0;
}

SEC("?tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *p)
{
	return wake(KTSTR_EV_WAKING, p, p->wake_cpu);
}

SEC("?tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *p)
{
	return wake(KTSTR_EV_WAKEUP, p, p->thread_info.cpu);
}

SEC("?tp_btf/sched_wakeup_new")
int BPF_PROG(on_new, struct task_struct *p)
{
	return wake(KTSTR_EV_NEW, p, p->thread_info.cpu);
}

SEC("?tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *p, int dest_cpu)
{
	struct ktstr_ev_migrate ev = {
		.h = { .type = KTSTR_EV_MIGRATE, .arg = dest_cpu, .pid = p->pid },
		.from_cpu = p->thread_info.cpu,
	};

	if (WANTED_HERE(KTSTR_EV_MIGRATE) && task_wanted(p))
		emit(&ev, sizeof(ev));
	return 0;
}

static int describe(enum ktstr_event_type type, struct task_struct *p, __u32 peer, __u64 cgroup)
{
	struct ktstr_ev_task ev = {
		.h = {
			.type = type,
			.flags = p->flags & PF_KTHREAD ? KTSTR_EVF_KTHREAD : 0,
			.arg = p->policy,
			.pid = p->pid,
		},
		.peer = peer,
		.tgid = p->tgid,
		.prio = p->prio,
		.cgroup = cgroup,
	};

	if (!WANTED(type) || !task_wanted(p))
		return 0;
	bpf_probe_read_kernel_str(ev.comm, sizeof(ev.comm), p->comm);
	emit(&ev, sizeof(ev));
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	return describe(KTSTR_EV_FORK, child, parent->pid, cgroup_of(child));
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm)
{
	return describe(KTSTR_EV_EXEC, p, old_pid, cgroup_of(p));
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *p)
{
	return describe(KTSTR_EV_EXIT, p, 0, cgroup_of(p));
}

SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *dst, const char *path, struct task_struct *p,
	     bool threadgroup)
{
	/* It is in there already. */
	return describe(KTSTR_EV_CGROUP_ATTACH, p, bpf_get_current_pid_tgid(), dst->kn->id);
}

SEC("?tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup, struct cgroup *cgrp, const char *path)
{
	struct ktstr_ev_cgroup ev = {
		.h = { .type = KTSTR_EV_CGROUP, .pid = bpf_get_current_pid_tgid() },
		.id = cgrp->kn->id,
	};

	if (!WANTED(KTSTR_EV_CGROUP))
		return 0;
	bpf_probe_read_kernel_str(ev.path, sizeof(ev.path), path);
	emit(&ev, sizeof(ev));
	return 0;
}

static int affinity(struct task_struct *p)
{
	struct ktstr_ev_affinity ev = {
		.h = { .type = KTSTR_EV_AFFINITY, .pid = p->pid },
		.nr_cpus = p->nr_cpus_allowed,
		.mask = p->cpus_mask.bits[0],
	};

	if (WANTED(KTSTR_EV_AFFINITY) && task_wanted(p))
		emit(&ev, sizeof(ev));
	return 0;
}

/* Tasks that were there before the programs: who they are and where they may run. */
SEC("?iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *p = ctx->task;

	if (!p)
		return 0;
	describe(KTSTR_EV_TASK, p, p->real_parent->pid, cgroup_of(p));
	return affinity(p);
}

SEC("?tp_btf/cpu_idle")
int BPF_PROG(on_idle, unsigned int state, unsigned int cpu)
{
	struct ktstr_event ev = { .type = KTSTR_EV_IDLE, .arg = state };

	/* A CPU that idles is no task's. */
	if (WANTED_HERE(KTSTR_EV_IDLE) && !filter_cgroup)
		emit(&ev, sizeof(ev));
	return 0;
}

static int prio(struct task_struct *p, __u32 value)
{
	struct ktstr_ev_prio ev = {
		.h = { .type = KTSTR_EV_PRIO, .arg = p->policy, .pid = p->pid },
		.prio = value,
	};

	if (WANTED_HERE(KTSTR_EV_PRIO) && task_wanted(p))
		emit(&ev, sizeof(ev));
	return 0;
}

SEC("?fexit/set_user_nice")
int BPF_PROG(on_nice, struct task_struct *p, long nice)
{
	return prio(p, p->prio);
}

SEC("?fexit/__sched_setscheduler")
int BPF_PROG(on_policy, struct task_struct *p, const struct sched_attr *attr, bool user, bool pi,
	     int ret)
{
	return ret ? 0 : prio(p, p->prio);
}

/* Priority inheritance: the task runs with the priority of one that waits for it. */
SEC("?tp_btf/sched_pi_setprio")
int BPF_PROG(on_boost, struct task_struct *p, struct task_struct *donor)
{
	return prio(p, donor && donor->prio < p->normal_prio ? donor->prio : p->normal_prio);
}

SEC("?fexit/set_cpus_allowed_common")
int BPF_PROG(on_affinity, struct task_struct *p, struct affinity_context *ac)
{
	return affinity(p);
}

static int throttle(struct cfs_rq *cfs_rq, bool on)
{
	struct ktstr_ev_throttle ev = {
		.h = { .type = KTSTR_EV_THROTTLE, .flags = on ? KTSTR_EVF_ON : 0 },
		.cgroup = BPF_CORE_READ(cfs_rq, tg, css.cgroup, kn, id),
	};

	if (WANTED_HERE(KTSTR_EV_THROTTLE) &&
	    cgroup_wanted(BPF_CORE_READ(cfs_rq, tg, css.cgroup)))
		emit(&ev, sizeof(ev));
	return 0;
}

SEC("?fexit/throttle_cfs_rq")
int BPF_PROG(on_throttle, struct cfs_rq *cfs_rq, bool throttled)
{
	return throttled ? throttle(cfs_rq, true) : 0;
}

SEC("?fentry/unthrottle_cfs_rq")
int BPF_PROG(on_unthrottle, struct cfs_rq *cfs_rq)
{
	return throttle(cfs_rq, false);
}

/*
 * CPUs that go and come (kernel/cpu.c, sched_cpu_deactivate() and its like in
 * kernel/sched/core.c). These are functions, for tracepoints are silent on a CPU that is not
 * online: take_cpu_down() ends that in the stopper thread, whose switch to idle is in nobody's
 * record then. RCU watches the CPU in all of them, which programs need.
 */
static int cpu_step(enum ktstr_cpu_step step)
{
	struct ktstr_event ev = { .type = KTSTR_EV_CPU, .arg = step };

	/* A CPU is no cgroup's. */
	if (WANTED_HERE(KTSTR_EV_CPU) && !filter_cgroup)
		emit(&ev, sizeof(ev));
	return 0;
}

SEC("?fentry/sched_cpu_deactivate")
int BPF_PROG(on_cpu_leaves, unsigned int cpu)
{
	return cpu_step(KTSTR_CPU_LEAVES);
}

SEC("?fexit/sched_cpu_deactivate")
int BPF_PROG(on_cpu_stays, unsigned int cpu, int ret)
{
	return ret ? cpu_step(KTSTR_CPU_ACTIVE) : 0;
}

/* The idle task, on its way out: the stopper has left the CPU. */
SEC("?fentry/cpuhp_report_idle_dead")
int BPF_PROG(on_cpu_dead)
{
	return cpu_step(KTSTR_CPU_DEAD);
}

SEC("?fentry/sched_cpu_starting")
int BPF_PROG(on_cpu_starts, unsigned int cpu)
{
	return cpu_step(KTSTR_CPU_STARTS);
}

SEC("?fexit/sched_cpu_activate")
int BPF_PROG(on_cpu_active, unsigned int cpu, int ret)
{
	return ret ? 0 : cpu_step(KTSTR_CPU_ACTIVE);
}

/* A cgroup that was there before the programs: the loader knows its name. */
SEC("?syscall")
int on_cgroup_name(struct ktstr_ev_cgroup *ctx)
{
	struct ktstr_ev_cgroup ev = *ctx;

	ev.h = (struct ktstr_event) { .type = KTSTR_EV_CGROUP };
	if (WANTED(KTSTR_EV_CGROUP))
		emit(&ev, sizeof(ev));
	return 0;
}

/* Do records go to the module? */
SEC("?syscall")
int on_path(void *ctx)
{
	return has_module();
}

/* A mark of the loader's. */
SEC("?syscall")
int on_mark(struct ktstr_ev_mark *ctx)
{
	struct ktstr_ev_mark ev = {
		.h = { .type = KTSTR_EV_MARK, .pid = bpf_get_current_pid_tgid() },
		.id = ctx->id,
		.arg = ctx->arg,
	};

	emit(&ev, sizeof(ev));
	return 0;
}

#endif /* KTSTR_BPF_SCHED_EVENTS_H */
