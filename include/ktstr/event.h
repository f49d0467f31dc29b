/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scheduler event records.
 *
 * bpf/ writes them, kmod/ carries them in pages of the kernel's own ring buffer
 * (whose events have a length and a time of their own), host/ reads them and
 * trusts nothing. Without the module the same records travel one after the other
 * in EVNT frames that are marked as such.
 *
 * A record begins with struct ktstr_event. Numbers are little endian, which is
 * the byte order of every machine ktstr runs on; there is no padding. The CPU is
 * that of the buffer a record came from, the time that of the ring buffer's event, in
 * ns of the guest's sched_clock(): a module cannot choose another trace clock, so
 * struct ktstr_clock (wire.h) says where that stands against CLOCK_MONOTONIC. A reader
 * skips types it does not know and bytes behind the fields it knows.
 */
#ifndef KTSTR_EVENT_H
#define KTSTR_EVENT_H

#ifndef __VMLINUX_H__	/* BPF programs have these types from vmlinux.h */
#include <linux/types.h>
#endif

/* Bits of a set of events are 1 << type. */
enum ktstr_event_type {
	KTSTR_EV_SWITCH		= 1,	/* struct ktstr_ev_switch */
	KTSTR_EV_WAKING		= 2,	/* struct ktstr_ev_wake: somebody wants the task to run */
	KTSTR_EV_WAKEUP		= 3,	/* struct ktstr_ev_wake: it is on a runqueue */
	KTSTR_EV_NEW		= 4,	/* struct ktstr_ev_wake: its first wakeup */
	KTSTR_EV_MIGRATE	= 5,	/* struct ktstr_ev_migrate */
	KTSTR_EV_FORK		= 6,	/* struct ktstr_ev_task: @peer is the parent */
	KTSTR_EV_EXEC		= 7,	/* struct ktstr_ev_task: @peer is the pid before */
	KTSTR_EV_EXIT		= 8,	/* struct ktstr_ev_task */
	KTSTR_EV_TASK		= 9,	/* struct ktstr_ev_task: a task that was there before us */
	KTSTR_EV_CGROUP_ATTACH	= 10,	/* struct ktstr_ev_task: with the new cgroup */
	KTSTR_EV_CGROUP		= 11,	/* struct ktstr_ev_cgroup: a cgroup's name */
	KTSTR_EV_IDLE		= 12,	/* struct ktstr_event: @arg is the state, or ~0 at the exit */
	KTSTR_EV_PRIO		= 13,	/* struct ktstr_ev_prio */
	KTSTR_EV_AFFINITY	= 14,	/* struct ktstr_ev_affinity */
	KTSTR_EV_THROTTLE	= 15,	/* struct ktstr_ev_throttle */
	KTSTR_EV_SCX_STATE	= 16,	/* struct ktstr_ev_scx_state */
	KTSTR_EV_SCX_DISPATCH	= 17,	/* struct ktstr_ev_scx_dispatch */
	KTSTR_EV_SCX_COUNTER	= 18,	/* struct ktstr_ev_scx_counter */
	KTSTR_EV_MARK		= 19,	/* struct ktstr_ev_mark */
	KTSTR_EV_CPU		= 20,	/* struct ktstr_event: @arg is enum ktstr_cpu_step */
	KTSTR_EV_NR,
};

/* Their names, for an array by type: on the command line, in the plan and in reports. */
#define KTSTR_EVENT_NAMES						\
	"?", "switch", "waking", "wakeup", "new", "migrate", "fork", "exec", "exit", "task",	\
	"cgroup_attach", "cgroup", "idle", "prio", "affinity", "throttle", "scx_state",	\
	"scx_dispatch", "scx_counter", "mark", "cpu"

/**
 * struct ktstr_event - how every record begins
 * @type: enum ktstr_event_type
 * @flags: KTSTR_EVF_* of that type
 * @arg: of that type
 * @pid: the task it is about, 0 the idle task; or of that type
 */
struct ktstr_event {
	__u8  type;
	__u8  flags;
	__u16 arg;
	__u32 pid;
};

#define KTSTR_EVF_PREEMPT	1u	/* SWITCH: the task was preempted, it still wants to run */
#define KTSTR_EVF_KTHREAD	2u	/* TASK, FORK, EXEC: a kernel thread */
#define KTSTR_EVF_ON		8u	/* THROTTLE: begins; SCX_STATE: enabled */

/**
 * struct ktstr_ev_switch - a CPU changes tasks
 * @h: @h.pid the task that leaves, @h.arg its state: 0 runnable, else TASK_* bits
 * @next_pid: the task that comes
 * @prev_prio: kernel priority (0 to 139) of the one that leaves
 * @next_prio: of the one that comes
 * @prev_ran: CPU time of the one that leaves since it was made, as its scheduling class
 *	counts it (sum_exec_runtime: without time that the host stole, if the kernel was built
 *	to know that), in units of 2^%KTSTR_EV_RAN_SHIFT ns; wraps after 1099 s of CPU time
 */
struct ktstr_ev_switch {
	struct ktstr_event h;
	__u32 next_pid;
	__u16 prev_prio;
	__u16 next_prio;
	__u32 prev_ran;
};

#define KTSTR_EV_RAN_SHIFT	8

/**
 * struct ktstr_ev_wake - a task becomes runnable
 * @h: @h.pid the task, @h.arg the CPU it is going to be on (WAKING: was on)
 * @waker: pid of the task in whose context this happened, 0 idle or interrupt
 */
struct ktstr_ev_wake {
	struct ktstr_event h;
	__u32 waker;
};

/** struct ktstr_ev_migrate - a task changes runqueues; @h.arg the new CPU */
struct ktstr_ev_migrate {
	struct ktstr_event h;
	__u32 from_cpu;
};

#define KTSTR_EV_COMM	16

/**
 * struct ktstr_ev_task - who a task is
 * @h: @h.pid the task, @h.arg its policy (SCHED_*)
 * @peer: see the type
 * @tgid: its process
 * @prio: kernel priority
 * @cgroup: id of its cgroup (v2)
 * @comm: name, NUL terminated
 */
struct ktstr_ev_task {
	struct ktstr_event h;
	__u32 peer;
	__u32 tgid;
	__u32 prio;
	__u32 reserved;
	__u64 cgroup;
	char  comm[KTSTR_EV_COMM];
};

#define KTSTR_EV_PATH	96

/** struct ktstr_ev_cgroup - the path of cgroup @id below the root, NUL terminated, maybe cut */
struct ktstr_ev_cgroup {
	struct ktstr_event h;
	__u64 id;
	char  path[KTSTR_EV_PATH];
};

/** struct ktstr_ev_prio - @h.arg the policy; @prio the kernel priority from here on */
struct ktstr_ev_prio {
	struct ktstr_event h;
	__u32 prio;
};

/** struct ktstr_ev_affinity - @nr_cpus allowed from here on, the first 64 of them in @mask */
struct ktstr_ev_affinity {
	struct ktstr_event h;
	__u32 nr_cpus;
	__u32 reserved;
	__u64 mask;
};

/** struct ktstr_ev_throttle - bandwidth control stops (KTSTR_EVF_ON) or lets go of @cgroup here */
struct ktstr_ev_throttle {
	struct ktstr_event h;
	__u64 cgroup;
};

#define KTSTR_EV_REASON	64

/**
 * struct ktstr_ev_scx_state - sched_ext was enabled or went away
 * @h: KTSTR_EVF_ON or not, @h.arg enum scx_exit_kind when it went away
 * @exit_code: as the scheduler gave it
 * @name: ops name, NUL terminated
 * @reason: why it went away, NUL terminated, maybe cut
 */
struct ktstr_ev_scx_state {
	struct ktstr_event h;
	__s64 exit_code;
	char  name[32];
	char  reason[KTSTR_EV_REASON];
};

/* What a dispatch queue is, struct ktstr_ev_scx_dispatch.h.arg. */
enum ktstr_dsq_kind {
	KTSTR_DSQ_USER		= 0,
	KTSTR_DSQ_LOCAL		= 1,
	KTSTR_DSQ_LOCAL_ON	= 2,
	KTSTR_DSQ_GLOBAL	= 3,
};

/** struct ktstr_ev_scx_dispatch - @h.pid goes to a queue of kind @h.arg (enum ktstr_dsq_kind) */
struct ktstr_ev_scx_dispatch {
	struct ktstr_event h;
	__u64 dsq_id;
	__u64 slice_ns;
};

/** struct ktstr_ev_scx_counter - event counter @h.arg of the scheduler stands at @value */
struct ktstr_ev_scx_counter {
	struct ktstr_event h;
	__u64 value;
	char  name[32];
};

/*
 * A CPU that goes and comes back tells of itself, KTSTR_EV_CPU.arg. Between DEAD and
 * STARTS nothing runs there, and a little before and after that no tracepoint tells anything
 * there: each has the condition cpu_online() (include/linux/tracepoint.h).
 */
enum ktstr_cpu_step {
	KTSTR_CPU_LEAVES	= 0,	/* no task but those bound to it may come here any more */
	KTSTR_CPU_DEAD		= 1,	/* its idle task runs, and will do nothing more */
	KTSTR_CPU_STARTS	= 2,	/* its idle task runs again */
	KTSTR_CPU_ACTIVE	= 3,	/* any task may come, also when it only was about to leave */
};

/** struct ktstr_ev_mark - a moment that guest or host wants to find again; @h.pid who made it */
struct ktstr_ev_mark {
	struct ktstr_event h;
	__u64 id;
	__u64 arg;
};

/*
 * struct ktstr_ev_mark.id with a meaning: the judged window begins and ends here. They
 * are in the stream, so no event can be on the wrong side of them.
 */
#define KTSTR_MARK_WINDOW_BEGIN	(1ull << 62 | 1)
#define KTSTR_MARK_WINDOW_END	(1ull << 62 | 2)
#define KTSTR_MARK_PING		(1ull << 62 | 3)	/* arg: struct ktstr_ping.id */
#define KTSTR_MARK_PHASE	(1ull << 62 | 4)	/* arg: number of the MARK operation, from 1 */

/*
 * With this bit whoever carries the records made the mark, ktstr.ko or our programs
 * without it; everybody else takes any id without it.
 */
#define KTSTR_MARK_KERNEL	(1ull << 63)
#define KTSTR_MARK_LOST		(KTSTR_MARK_KERNEL | 1)	/* arg: so many were lost here by then */

#define KTSTR_EV_SIZE_MAX	128	/* bytes: no record is longer */

/**
 * struct ktstr_ev_plain - what stands before a record where there is no module
 * @time_ns: guest CLOCK_MONOTONIC
 * @len: bytes of the record that follows; the next header follows that, unaligned
 * @reserved: 0
 */
struct ktstr_ev_plain {
	__u64 time_ns;
	__u32 len;
	__u32 reserved;
};

_Static_assert(sizeof(struct ktstr_event) == 8, "record header is 8 bytes");
_Static_assert(sizeof(struct ktstr_ev_switch) == 20, "no padding in struct ktstr_ev_switch");
_Static_assert(sizeof(struct ktstr_ev_wake) == 12, "no padding in struct ktstr_ev_wake");
_Static_assert(sizeof(struct ktstr_ev_task) == 48, "no padding in struct ktstr_ev_task");
_Static_assert(sizeof(struct ktstr_ev_cgroup) == 112, "no padding in struct ktstr_ev_cgroup");
_Static_assert(sizeof(struct ktstr_ev_affinity) == 24, "no padding in struct ktstr_ev_affinity");
_Static_assert(sizeof(struct ktstr_ev_scx_state) == 112, "no padding in struct ktstr_ev_scx_state");
_Static_assert(sizeof(struct ktstr_ev_scx_dispatch) == 24, "no padding in struct ktstr_ev_scx_dispatch");
_Static_assert(sizeof(struct ktstr_ev_scx_counter) == 48, "no padding in struct ktstr_ev_scx_counter");
_Static_assert(sizeof(struct ktstr_ev_mark) == 24, "no padding in struct ktstr_ev_mark");

#endif /* KTSTR_EVENT_H */
