/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scx_ktstr: faults, which are all off unless somebody arms them in the map "ktstr_faults"
 * (include/ktstr/scx_ktstr.h). A task that a fault holds back waits in a queue of that
 * fault, which no CPU serves until the fault is disarmed.
 */
#ifndef KTSTR_BPF_SCX_FAULT_H
#define KTSTR_BPF_SCX_FAULT_H

#include "scx_core.h"

#define LOOP_TURNS	(1 << 23)	/* as many as the verifier lets bpf_for() make */
#define SLOW_TICK_NS	NSEC_PER_MSEC

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ktstr_faults);
} ktstr_faults SEC(".maps");

struct slow_timer {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct slow_timer);
} slow_timers SEC(".maps");

__u64 parked_once;	/* faults whose queue has been used */
__u64 nr_wakeups;	/* since lose-wakeups was armed */

static __always_inline struct ktstr_faults *faults_map(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ktstr_faults, &zero);
}

static __always_inline void kick_idle_cpus(void)
{
	__s32 cpu;

	bpf_for(cpu, 0, nr_cpus) {
		if (cpus_idle & bit(cpu))
			scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	}
}

/*
 * What was written since: a fault's time counts from when it is seen. Whom one held back
 * that is disarmed may wait for a CPU that sleeps.
 */
__weak __noinline int faults_take(void)
{
	struct ktstr_faults *f = faults_map();
	__u64 seq, now = bpf_ktime_get_ns();
	__u32 i;

	if (!f)
		return 0;
	seq = *(volatile __u64 *)&f->seq;
	bpf_for(i, 0, KTSTR_FAULT_NR) {
		struct ktstr_fault *x = &f->faults[i & (KTSTR_FAULTS_ROOM - 1)];
		bool armed = f->armed & bit(i);

		if (armed == !!x->since_ns)
			continue;
		x->since_ns = armed ? now : 0;
		if (i == KTSTR_FAULT_LOSE_WAKEUPS)
			nr_wakeups = 0;
	}
	f->seq_taken = seq;
	kick_idle_cpus();
	return 0;
}

/* NULL when nothing is armed: the one test that a sane scheduler spends on faults. */
static __always_inline struct ktstr_faults *faults_armed(void)
{
	struct ktstr_faults *f = faults_map();

	if (!f)
		return NULL;
	if (f->seq != f->seq_taken)
		faults_take();
	if (!f->armed)
		return NULL;
	/* What is held back leaves no ticks to beat at. */
	f->beat++;
	return f;
}

/* A sign of life for who writes from outside; two CPUs that count as one do no harm. */
static __always_inline void faults_beat(void)
{
	struct ktstr_faults *f = faults_map();

	if (f)
		f->beat++;
}

static __always_inline struct ktstr_fault *fault_on(struct ktstr_faults *f,
						    enum ktstr_fault_id id)
{
	struct ktstr_fault *x = &f->faults[id];

	if (!(f->armed & bit(id)) || !x->since_ns ||
	    bpf_ktime_get_ns() - x->since_ns < x->after_ns)
		return NULL;
	return x;
}

static __always_inline void fault_hit(struct ktstr_fault *x)
{
	__sync_fetch_and_add(&x->hits, 1);
	count(KTSTR_SCX_faults);
}

/* xorshift64; two CPUs that take the same number do no harm. */
static __always_inline __u32 fault_random(struct ktstr_faults *f)
{
	__u64 x = f->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	f->random = x;
	return x >> 32;
}

/* Is @want how @have begins, and all of it if @whole? An empty @want is none. */
static __always_inline bool name_matches(const char *want, const char *have, int max, bool whole)
{
	for (int i = 0; i < max; i++) {
		if (!want[i])
			return i && (!whole || !have[i]);
		if (want[i] != have[i])
			return false;
	}
	return true;
}

__weak __noinline int cgroup_matches(struct cgroup *cgrp __arg_trusted)
{
	char name[KTSTR_FAULT_NAME_MAX] = "";
	struct ktstr_faults *f = faults_map();
	struct ktstr_fault *x;

	if (!f)
		return 0;
	x = &f->faults[KTSTR_FAULT_STARVE_CGROUP];
	if (!x->name[0])
		return cgrp->kn->id == x->arg;
	bpf_probe_read_kernel_str(name, sizeof(name), cgrp->kn->name);
	return name_matches(x->name, name, KTSTR_FAULT_NAME_MAX - 1, true);
}

/* Is @p in the cgroup to starve, or below it? */
__weak __noinline int in_starved_cgroup(struct task_struct *p __arg_trusted)
{
	struct cgroup *cgrp, *up;
	int level, depth, ret = 0;

	cgrp = scx_bpf_task_cgroup(p);
	if (!cgrp)
		return 0;
	depth = cgrp->level;
	bpf_for(level, 0, 32) {
		if (level > depth || ret)
			break;
		up = bpf_cgroup_ancestor(cgrp, level);
		if (!up)
			break;
		ret = cgroup_matches(up);
		bpf_cgroup_release(up);
	}
	bpf_cgroup_release(cgrp);
	return ret;
}

__weak __noinline int is_stalled_task(struct task_struct *p __arg_trusted)
{
	struct ktstr_faults *f = faults_map();
	struct ktstr_fault *x;

	if (!f)
		return 0;
	x = &f->faults[KTSTR_FAULT_STALL_TASK];
	return x->name[0] ? name_matches(x->name, p->comm, sizeof(p->comm), false) :
			    p->pid == (__s32)x->arg;
}

static __always_inline bool loses(struct ktstr_fault *x, __u64 enq_flags)
{
	__u64 n = x->arg ?: 1;

	if (!(enq_flags & SCX_ENQ_WAKEUP))
		return false;
	return __sync_fetch_and_add(&nr_wakeups, 1) % n == n - 1;
}

/* The fault that lets @p never run, or -1. */
__weak __noinline int fault_starves(struct task_struct *p __arg_trusted)
{
	struct ktstr_faults *f = faults_map();

	if (!f)
		return -1;
	if (fault_on(f, KTSTR_FAULT_STALL_TASK) && is_stalled_task(p))
		return KTSTR_FAULT_STALL_TASK;
	if (fault_on(f, KTSTR_FAULT_STARVE_CGROUP) && in_starved_cgroup(p))
		return KTSTR_FAULT_STARVE_CGROUP;
	return -1;
}

/* A BPF program disables migration of the task in whose context it runs: not its own doing. */
static __always_inline bool can_bounce(struct task_struct *p)
{
	__u32 own = bpf_get_current_task_btf() == p;

	return p->nr_cpus_allowed > 1 && p->migration_disabled <= own;
}

/* The fault that holds @p back, or -1. One that was lost stays so until it ran. */
static __always_inline int fault_holding(struct ktstr_faults *f, struct task_struct *p,
					 struct task_state *ts, __u64 enq_flags)
{
	struct ktstr_fault *x;
	int id = fault_starves(p);

	if (id >= 0)
		return id;
	/* The machine's own threads are let through: the fault is one of its tasks. */
	x = fault_on(f, KTSTR_FAULT_LOSE_WAKEUPS);
	if (x && !(p->flags & PF_KTHREAD) &&
	    (ts->parked == 1 + KTSTR_FAULT_LOSE_WAKEUPS || loses(x, enq_flags)))
		return KTSTR_FAULT_LOSE_WAKEUPS;
	return -1;
}

static int slow_fired(void *map, int *key, struct slow_timer *t)
{
	kick_idle_cpus();
	if (scx_bpf_dsq_nr_queued(DSQ_SLOW) > 0)
		bpf_timer_start(&t->timer, SLOW_TICK_NS, 0);
	return 0;
}

static __always_inline int slow_init(void)
{
	struct slow_timer *t;
	__u32 zero = 0;
	int ret;

	t = bpf_map_lookup_elem(&slow_timers, &zero);
	if (!t)
		return -ENOENT;
	ret = bpf_timer_init(&t->timer, &slow_timers, CLOCK_MONOTONIC);
	return ret ?: bpf_timer_set_callback(&t->timer, slow_fired);
}

/* Hold a woken task until its time, by which its queue is in order. */
static __always_inline void slow_hold(struct ktstr_fault *x, struct task_struct *p,
				      __u64 enq_flags)
{
	struct slow_timer *t;
	__u32 zero = 0;

	__sync_fetch_and_or(&parked_once, 1ull << KTSTR_FAULT_SLOW);
	scx_bpf_dsq_insert_vtime(p, DSQ_SLOW, slice_ns,
				 bpf_ktime_get_ns() + x->arg * NSEC_PER_MSEC, enq_flags);
	t = bpf_map_lookup_elem(&slow_timers, &zero);
	if (t)
		bpf_timer_start(&t->timer, SLOW_TICK_NS, 0);
	fault_hit(x);
}

/* Keep @p from running if a fault wants that; return: it does */
static __always_inline bool fault_hold(struct ktstr_faults *f, struct task_struct *p,
				       struct task_state *ts, __u64 enq_flags)
{
	struct ktstr_fault *x;
	int id = fault_holding(f, p, ts, enq_flags);

	if (id >= 0) {
		ts->parked = 1 + id;
		__sync_fetch_and_or(&parked_once, bit(id));
		scx_bpf_dsq_insert(p, DSQ_PARK + id, slice_ns, enq_flags);
		fault_hit(&f->faults[id & (KTSTR_FAULTS_ROOM - 1)]);
		return true;
	}
	x = fault_on(f, KTSTR_FAULT_SLOW);
	if (!x || !(enq_flags & SCX_ENQ_WAKEUP) || is_percpu_kthread(p))
		return false;
	slow_hold(x, p, enq_flags);
	return true;
}

/*
 * One of @usable, by chance: in the next LLC after that of @here, or just another CPU if
 * there is one LLC; -1 if there is none
 */
__weak __noinline __s32 bounce_target(__s32 here, __u64 usable, __u32 skip)
{
	__u32 i, llc = cpu_llc(here);
	__u64 there = 0;

	bpf_for(i, 1, nr_llcs) {
		there = usable & llc_mask((llc + i) % nr_llcs);
		if (there)
			break;
	}
	if (!there)
		there = usable & ~bit(here);
	if (!there)
		return -1;
	/* The first at or after a random place. */
	skip &= 63;
	return lowest(there >> skip ? there >> skip << skip : there);
}

static __always_inline bool fault_bounce(struct ktstr_faults *f, struct task_struct *p,
					 __u64 enq_flags)
{
	struct ktstr_fault *x = fault_on(f, KTSTR_FAULT_BOUNCE);
	__s32 cpu;

	if (!x || !can_bounce(p))
		return false;
	cpu = bounce_target(scx_bpf_task_cpu(p), allowed_of(p) & cpus_online, fault_random(f));
	if (cpu < 0)
		return false;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu, slice_ns, enq_flags);
	scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	fault_hit(x);
	return true;
}

static __always_inline bool fault_bogus(struct ktstr_faults *f, struct task_struct *p,
					__u64 enq_flags)
{
	struct ktstr_fault *x = fault_on(f, KTSTR_FAULT_BOGUS_DSQ);

	if (!x || (p->flags & PF_KTHREAD))
		return false;
	fault_hit(x);
	scx_bpf_dsq_insert(p, DSQ_BOGUS, slice_ns, enq_flags);
	return true;
}

/* CPUs that are not to be used; all of them while nothing is to be dispatched. */
static __always_inline __u64 fault_dead_cpus(struct ktstr_faults *f)
{
	struct ktstr_fault *x = fault_on(f, KTSTR_FAULT_STALL);

	if (x)
		return ~0ull;
	x = fault_on(f, KTSTR_FAULT_IGNORE_CPU);
	return x ? bit(x->arg) : 0;
}

__weak __noinline int turn_in_circles(__u64 ms)
{
	__u64 end = bpf_ktime_get_ns() + ms * NSEC_PER_MSEC;
	__u32 i;

	bpf_for(i, 0, LOOP_TURNS) {
		if (!before(bpf_ktime_get_ns(), end))
			break;
	}
	return 0;
}

static __always_inline void fault_loop(struct ktstr_faults *f)
{
	struct ktstr_fault *x = fault_on(f, KTSTR_FAULT_LOOP);

	if (!x)
		return;
	fault_hit(x);
	turn_in_circles(x->arg);
}

static __always_inline void fault_error(struct ktstr_faults *f)
{
	struct ktstr_fault *x = fault_on(f, KTSTR_FAULT_ERROR);

	/* The kernel takes the first one only. */
	if (x && !x->hits) {
		fault_hit(x);
		scx_bpf_error("%s", x->name);
	}
}

/* Let go what faults held that are no longer armed; return: a task was taken */
__weak __noinline int fault_release(void)
{
	struct ktstr_faults *f = faults_map();
	__u32 id;

	if (!f)
		return 0;

	bpf_for(id, 0, KTSTR_FAULT_NR) {
		if (id == KTSTR_FAULT_SLOW || !(parked_once & ~f->armed & bit(id)))
			continue;
		if (scx_bpf_dsq_move_to_local(DSQ_PARK + id))
			return true;
	}
	return false;
}

/* Take a task that was held long enough, or all of them once the fault is disarmed. */
__weak __noinline int slow_release(__s32 cpu)
{
	struct ktstr_faults *f = faults_map();
	struct task_struct *p;
	bool due = false;

	if (!f || scx_bpf_dsq_nr_queued(DSQ_SLOW) <= 0)
		return 0;
	if (!fault_on(f, KTSTR_FAULT_SLOW))
		return scx_bpf_dsq_move_to_local(DSQ_SLOW);
	bpf_for_each(scx_dsq, p, DSQ_SLOW, 0) {
		if (!(allowed_of(p) & bit(cpu)))
			continue;
		due = !before(bpf_ktime_get_ns(), p->scx.dsq_vtime);
		break;
	}
	return due && scx_bpf_dsq_move_to_local(DSQ_SLOW);
}

#endif /* KTSTR_BPF_SCX_FAULT_H */
