/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scx_ktstr: where and when. Idle CPUs, and the vtime of a task against those it meets.
 *
 * Tasks with different affinities need not meet, so there is no one vtime "now": each CPU
 * has a clock, the greatest vtime with which a task began there. When a task wakes up,
 * the latest clock of the CPUs it may use is what it is compared with: that CPU serves it as
 * an equal, and on the others it is never in front of anybody because it slept.
 */
#ifndef KTSTR_BPF_SCX_PLACE_H
#define KTSTR_BPF_SCX_PLACE_H

#include "scx_core.h"
#include "scx_fault.h"
#include "scx_share.h"

#define CREDIT_NS	(20 * NSEC_PER_MSEC)	/* of vtime: what a sleeper keeps at most */
/*
 * Of vtime, for each CPU: how far a task may fall behind, that is how long it may have to
 * wait. A share below slice / AHEAD_NS is thereby rounded up, far from the watchdog's time.
 */
#define AHEAD_NS	(4000 * NSEC_PER_MSEC)
#define LAG_NS		(20 * NSEC_PER_MSEC)	/* for each CPU: LLCs may differ by that */
#define PREEMPT_NS	(10 * NSEC_PER_MSEC)	/* of vtime: so much earlier a woken task must be */
#define PREEMPT_RAN_NS	(2 * NSEC_PER_MSEC)	/* so long a task runs at least */
#define SLICE_MIN_NS	(4 * NSEC_PER_MSEC)
#define NOBODY		(~0ull)	/* no vtime */

/* The latest clock of these CPUs. */
__weak __noinline __u64 clock_of(__u64 cpus)
{
	__u64 clock = 0;
	__u32 cpu;

	bpf_for(cpu, 0, nr_cpus) {
		if (cpus & bit(cpu))
			clock = later(clock, cpu_state(cpu)->clock);
	}
	return clock;
}

static __always_inline void update_share(struct task_struct *p, struct task_state *ts)
{
	ts->share = task_share(p, ts->weight ?: p->scx.weight);
}

/* @p ran since it was last charged. */
static __always_inline void charge(struct task_struct *p, struct task_state *ts)
{
	__u64 ran = p->se.sum_exec_runtime - ts->ran_ns, share = ts->share ?: SHARE_ONE;
	struct ktstr_faults *f = faults_armed();
	struct ktstr_fault *x = f ? fault_on(f, KTSTR_FAULT_BREAK_WEIGHT) : NULL;

	ts->ran_ns = p->se.sum_exec_runtime;
	if (x) {
		fault_hit(x);
		ts->vtime += x->arg == KTSTR_WEIGHT_INVERT ? ran * share / (SHARE_ONE / 64) : ran;
		return;
	}
	ts->vtime += ran * SHARE_ONE / share;
}

/* Not too far behind those it meets, or it would wait for longer than anybody stands. */
static __always_inline void bound_wait(struct task_state *ts, __u64 clock)
{
	__u64 most = clock + AHEAD_NS * nr_online;

	if (before(most, ts->vtime))
		ts->vtime = most;
}

static __always_inline void place_woken(struct task_struct *p, struct task_state *ts)
{
	__u64 clock = clock_of(allowed_of(p) & cpus_online);

	ts->vtime = later(ts->vtime, clock - CREDIT_NS);
	bound_wait(ts, clock);
}

/* Other CPUs, other clocks: what @p is ahead or behind goes along. */
static __always_inline void place_moved(struct task_struct *p, struct task_state *ts)
{
	__u64 allowed = allowed_of(p), from, to;

	if (allowed == ts->allowed)
		return;
	from = clock_of(ts->allowed);
	to = clock_of(allowed);
	ts->allowed = allowed;
	ts->vtime = later(ts->vtime, from - CREDIT_NS) - from + to;
	bound_wait(ts, to);
}

/* Those of @cpus whose whole core is idle; without SMT that is all of them. */
static __always_inline __u64 whole_cores(__u64 cpus, __u64 idle)
{
	__u64 whole = 0;
	__u32 cpu;

	bpf_for(cpu, 0, nr_cpus) {
		if (!(smt_cpus[cpu & (KTSTR_SCX_CPUS_MAX - 1)] & cpus_online & ~idle))
			whole |= bit(cpu);
	}
	return cpus & whole;
}

/* The best of @usable, of which there is one, for a task that ran on @prev. */
static __always_inline __s32 best_idle(__u64 usable, __s32 prev, __u64 idle)
{
	__u64 near = usable & llc_mask(cpu_llc(prev));
	__u64 whole = whole_cores(usable, idle);

	/* In the order of these: near before whole, and where it was before elsewhere. */
	if (whole & near)
		near &= whole;
	else if (!near)
		near = whole ? whole : usable;
	return near & bit(prev) ? prev : lowest(near);
}

/* Claim an idle CPU of @allowed for a task that ran on @prev; return: it, or -1 */
__weak __noinline __s32 pick_idle(__u64 allowed, __s32 prev)
{
	int try;

	allowed &= cpus_online;
	bpf_for(try, 0, 4) {
		__u64 idle = cpus_idle;
		__s32 cpu;

		if (!(allowed & idle))
			return -1;
		cpu = best_idle(allowed & idle, prev, idle);
		if (__sync_fetch_and_and(&cpus_idle, ~bit(cpu)) & bit(cpu))
			return cpu;
	}
	return -1;
}

/* The queue for @p: of the LLC where it was, or of one that it may use. */
static __always_inline __u32 queue_for(struct task_struct *p)
{
	__u32 llc = cpu_llc(scx_bpf_task_cpu(p));
	__u64 allowed = allowed_of(p) & cpus_online;

	if (llc < nr_llcs && (!allowed || (allowed & llc_mask(llc))))
		return llc;
	llc = allowed ? cpu_llc(lowest(allowed)) : 0;
	return llc < nr_llcs ? llc : 0;
}

/* Long slices are for those who are alone. */
static __always_inline __u64 slice_for(__u32 llc)
{
	__u64 least = slice_ns < SLICE_MIN_NS ? slice_ns : SLICE_MIN_NS, slice = slice_ns;
	__s32 waiting = scx_bpf_dsq_nr_queued(llc);

	if (waiting > 0)
		slice /= 1 + (__u32)waiting;
	return slice < least ? least : slice;
}

/* A woken task that is due long before the one that runs where it was takes its place. */
static __always_inline void maybe_preempt(struct task_struct *p, struct task_state *ts)
{
	__s32 cpu = scx_bpf_task_cpu(p);
	struct cpu_state *c = cpu_state(cpu);

	if (!(allowed_of(p) & bit(cpu)) || !before(ts->vtime + PREEMPT_NS, c->vtime) ||
	    bpf_ktime_get_ns() - c->since < PREEMPT_RAN_NS)
		return;
	count(KTSTR_SCX_preempts);
	scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
}

/* The vtime of the first task of a queue that may run on @cpu, or NOBODY. */
__weak __noinline __u64 peek(__u32 llc, __s32 cpu)
{
	struct task_struct *p;
	__u64 vtime = NOBODY;

	if (scx_bpf_dsq_nr_queued(llc) <= 0)
		return vtime;
	bpf_for_each(scx_dsq, p, llc, 0) {
		if (allowed_of(p) & bit(cpu)) {
			vtime = p->scx.dsq_vtime;
			break;
		}
	}
	return vtime;
}

/*
 * LLCs with more load per CPU fall behind. Once in a slice each CPU looks whether the
 * first task of another LLC is due long before @first, the vtime of whom it has itself;
 * return: it has taken it
 */
__weak __noinline int balance(__s32 cpu, __u32 own, __u64 first)
{
	struct cpu_state *c = cpu_state(cpu);
	__u64 now = bpf_ktime_get_ns(), theirs;
	__u32 i;

	if (nr_llcs == 1 || first == NOBODY || now - c->balanced_at < slice_ns)
		return 0;
	c->balanced_at = now;
	bpf_for(i, 1, nr_llcs) {
		__u32 llc = (own + i) % nr_llcs;

		theirs = peek(llc, cpu);
		if (theirs != NOBODY && before(theirs + LAG_NS * nr_online, first) &&
		    scx_bpf_dsq_move_to_local(llc)) {
			count(KTSTR_SCX_balances);
			return 1;
		}
	}
	return 0;
}

__weak __noinline int steal(__u32 own)
{
	__u32 i;

	bpf_for(i, 1, nr_llcs) {
		__u32 llc = (own + i) % nr_llcs;

		if (scx_bpf_dsq_nr_queued(llc) > 0 && scx_bpf_dsq_move_to_local(llc)) {
			count(KTSTR_SCX_steals);
			return 1;
		}
	}
	return 0;
}

#endif /* KTSTR_BPF_SCX_PLACE_H */
