/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scx_ktstr: what its parts share. The machine as the loader found it, the state of each
 * CPU and task, counters, and small helpers. Sets of CPUs are one 64-bit word.
 */
#ifndef KTSTR_BPF_SCX_CORE_H
#define KTSTR_BPF_SCX_CORE_H

#include <scx/common.bpf.h>
#include <scx/compat.bpf.h>

#include <ktstr/scx_ktstr.h>

/* Kernels from 6.13 on have new names for the same calls, and macros of these names. */
#ifndef scx_bpf_dsq_insert
#define scx_bpf_dsq_insert		scx_bpf_dispatch
#define scx_bpf_dsq_insert_vtime	scx_bpf_dispatch_vtime
#define scx_bpf_dsq_move_to_local	scx_bpf_consume
#endif

/*
 * Functions that are not static are verified once and for all of their arguments, others again
 * on every path that leads to a call: without them the verifier gives up. They are weak, or
 * the compiler would go by what it knows of their results and drop checks that the verifier wants.
 */
#define NSEC_PER_MSEC	1000000ull

/* Queues: one for each LLC from 0 on, one for each fault that holds tasks back. */
#define DSQ_PARK	0x1000ull	/* + enum ktstr_fault_id */
#define DSQ_SLOW	(DSQ_PARK + KTSTR_FAULT_SLOW)
#define DSQ_BOGUS	0xdeadbeefull	/* is never made */

const volatile __u32 nr_cpus = 1;
const volatile __u32 nr_llcs = 1;
const volatile __u64 slice_ns = 20 * NSEC_PER_MSEC;
const volatile __u8 llc_of[KTSTR_SCX_CPUS_MAX];		/* or KTSTR_SCX_NO_LLC */
const volatile __u64 llc_cpus[KTSTR_SCX_LLCS_MAX];
const volatile __u64 smt_cpus[KTSTR_SCX_CPUS_MAX];	/* the CPU's core, itself included */

/*
 * Written by atomic operations only. @cpus_idle is a promise: a CPU in it has looked at the
 * queues after it was put in, so whoever queues a task afterwards sees it.
 */
__u64 cpus_online;
__u64 cpus_idle;
__u64 nr_online = 1;	/* CPUs in @cpus_online */
__s64 nr_tasks;

/**
 * struct cpu_state - a CPU
 * @clock: greatest vtime with which a task has begun to run here
 * @vtime: of the task that runs
 * @since: when it began, ns
 * @balanced_at: when other LLCs were last looked at, ns
 */
struct cpu_state {
	__u64 clock;
	__u64 vtime;
	__u64 since;
	__u64 balanced_at;
};

/* Static: the loader has no such type. */
static struct cpu_state cpu_states[KTSTR_SCX_CPUS_MAX];

/**
 * struct task_state - a task
 * @vtime: what it has run in ns, times the number of those that share with it. In here and
 *	not in p->scx.dsq_vtime: queues in another order write that
 * @share: of the machine, as last computed while it ran: ops.dispatch() may not ask for its
 *	cgroup
 * @allowed: CPUs it may use, as last told
 * @ran_ns: its sum_exec_runtime up to which it was charged
 * @weight: that its cgroup's load counts it with; 0 while it does not run nor wait
 * @cpu: where it ran last, or -1
 * @parked: 1 + the fault that holds it back, or 0
 * @yielded: it gave up the rest of its slice
 * @evicted: a fault does not let it go on
 */
struct task_state {
	__u64 vtime;
	__u64 share;
	__u64 allowed;
	__u64 ran_ns;
	__u32 weight;
	__s32 cpu;
	__u32 parked;
	bool yielded;
	bool evicted;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} task_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KTSTR_SCX_NR_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &what);

	if (n)
		(*n)++;
}

static __always_inline struct task_state *task_state(struct task_struct *p)
{
	return bpf_task_storage_get(&task_states, p, 0, 0);
}

static __always_inline struct cpu_state *cpu_state(__s32 cpu)
{
	return &cpu_states[cpu & (KTSTR_SCX_CPUS_MAX - 1)];
}

static __always_inline __u32 cpu_llc(__s32 cpu)
{
	return llc_of[cpu & (KTSTR_SCX_CPUS_MAX - 1)];
}

static __always_inline __u64 llc_mask(__u32 llc)
{
	return llc_cpus[llc & (KTSTR_SCX_LLCS_MAX - 1)];
}

static __always_inline __u64 bit(__s32 n)
{
	return 1ull << (n & 63);
}

static __always_inline __u64 allowed_of(const struct task_struct *p)
{
	return p->cpus_ptr->bits[0];
}

static __always_inline bool before(__u64 a, __u64 b)
{
	return (__s64)(a - b) < 0;
}

static __always_inline __u64 later(__u64 a, __u64 b)
{
	return before(a, b) ? b : a;
}

/*
 * Where the lowest bit of @m is, which has one. BPF has no such instruction, and branches
 * would multiply what the verifier looks at: the bit times a de Bruijn number has a
 * different 6-bit prefix for each.
 */
static const volatile __u8 debruijn_bit[64] = {
	 0,  1,  2,  7,  3, 13,  8, 19,  4, 25, 14, 28,  9, 34, 20, 40,
	 5, 17, 26, 38, 15, 46, 29, 48, 10, 31, 35, 54, 21, 50, 41, 57,
	63,  6, 12, 18, 24, 27, 33, 39, 16, 37, 45, 47, 30, 53, 49, 56,
	62, 11, 23, 32, 36, 44, 52, 55, 61, 22, 43, 51, 60, 42, 59, 58,
};

static __always_inline __s32 lowest(__u64 m)
{
	return debruijn_bit[((m & -m) * 0x0218a392cd3d5dbfull) >> 58];
}

static __always_inline bool is_percpu_kthread(const struct task_struct *p)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1;
}

#endif /* KTSTR_BPF_SCX_CORE_H */
