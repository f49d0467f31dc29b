// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ktstr: a sched_ext scheduler that is right unless it is told to be wrong.
 *
 * One queue for each LLC, in the order of vtime; a CPU takes the first task it may run, of
 * its own LLC or, when that has none or has got ahead, of another. Weights, also of cgroups,
 * are in how fast vtime runs (scx_share.h). What can be made wrong is in scx_fault.h.
 */
#include "scx_core.h"
#include "scx_fault.h"
#include "scx_place.h"
#include "scx_share.h"

char LICENSE[] SEC("license") = "GPL";

UEI_DEFINE(uei);

static __always_inline void insert_local(struct task_struct *p, __u64 enq_flags)
{
	count(KTSTR_SCX_dispatch_local);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, enq_flags);
}

s32 BPF_STRUCT_OPS(ktstr_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	s32 cpu;

	/* A fault may want it: ktstr_enqueue() knows all of them. */
	if (faults_armed())
		return prev_cpu;
	cpu = pick_idle(allowed_of(p), prev_cpu);
	if (cpu < 0)
		return prev_cpu;
	count(KTSTR_SCX_idle_picks);
	insert_local(p, 0);
	return cpu;
}

/* To its LLC's queue, and somebody to look there. */
static __always_inline void enqueue_shared(struct task_struct *p, struct task_state *ts,
					   u64 enq_flags, u64 dead)
{
	u32 llc = queue_for(p);
	s32 cpu;

	count(KTSTR_SCX_dispatch_global);
	scx_bpf_dsq_insert_vtime(p, llc, slice_for(llc), ts->vtime, enq_flags);
	cpu = pick_idle(allowed_of(p) & ~dead, scx_bpf_task_cpu(p));
	if (cpu >= 0) {
		count(KTSTR_SCX_idle_picks);
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	} else if (enq_flags & SCX_ENQ_WAKEUP) {
		maybe_preempt(p, ts);
	}
}

static __always_inline bool enqueue_faulty(struct ktstr_faults *f, struct task_struct *p,
					   struct task_state *ts, u64 enq_flags, u64 *dead)
{
	*dead = fault_dead_cpus(f);
	return fault_bogus(f, p, enq_flags) || fault_hold(f, p, ts, enq_flags) ||
	       (!*dead && fault_bounce(f, p, enq_flags));
}

void BPF_STRUCT_OPS(ktstr_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_state *ts = task_state(p);
	struct ktstr_faults *f = faults_armed();
	u64 dead = 0;

	count(KTSTR_SCX_enqueues);
	if (!ts) {
		insert_local(p, enq_flags);
		return;
	}
	if (f && enqueue_faulty(f, p, ts, enq_flags, &dead))
		return;
	/* What it waits for keeps a whole CPU; but one that goes on and on must share. */
	if (is_percpu_kthread(p) && (enq_flags & SCX_ENQ_WAKEUP) && dead != ~0ull) {
		insert_local(p, enq_flags | SCX_ENQ_PREEMPT);
		return;
	}
	if ((enq_flags & SCX_ENQ_LAST) && !(dead & bit(scx_bpf_task_cpu(p)))) {
		insert_local(p, enq_flags);
		return;
	}
	enqueue_shared(p, ts, enq_flags, dead);
}

/* Nothing found: promise to be idle, then look again, for a task may just have come. */
static __always_inline void become_idle(s32 cpu, u32 own)
{
	__sync_fetch_and_or(&cpus_idle, bit(cpu));
	if (scx_bpf_dsq_move_to_local(own) || steal(own))
		__sync_fetch_and_and(&cpus_idle, ~bit(cpu));
}

static __always_inline bool may_stay(struct task_struct *prev)
{
	struct ktstr_faults *f = faults_armed();
	struct task_state *ts;

	if (!prev || !(prev->scx.flags & SCX_TASK_QUEUED))
		return false;
	if (!f)
		return true;
	ts = task_state(prev);
	return !(ts && ts->evicted) && !(fault_on(f, KTSTR_FAULT_BOUNCE) && can_bounce(prev));
}

/* Is @prev due before @first, the vtime of whom it would have to make room for? */
static __always_inline bool keep(struct task_struct *prev, s32 cpu, u64 *first)
{
	struct task_state *ts = task_state(prev);

	if (!ts || !(allowed_of(prev) & bit(cpu)))
		return false;
	charge(prev, ts);
	if (*first != NOBODY && (ts->yielded || before(*first, ts->vtime)))
		return false;
	*first = ts->vtime;
	return true;
}

static __always_inline void go_on(struct task_struct *prev, s32 cpu, u32 own)
{
	struct cpu_state *c = cpu_state(cpu);
	struct task_state *ts = task_state(prev);

	count(KTSTR_SCX_keeps);
	if (ts) {
		c->clock = later(c->clock, ts->vtime);
		c->vtime = ts->vtime;
	}
	prev->scx.slice = slice_for(own);
}

/* Return: that is all, this CPU gets nothing else. */
static __always_inline bool dispatch_faulty(s32 cpu)
{
	struct ktstr_faults *f = faults_armed();

	if (f) {
		fault_error(f);
		fault_loop(f);
		if (fault_dead_cpus(f) & bit(cpu)) {
			fault_hit(fault_on(f, KTSTR_FAULT_STALL) ?:
				  &f->faults[KTSTR_FAULT_IGNORE_CPU]);
			return true;
		}
	}
	return parked_once && (slow_release(cpu) || fault_release());
}

void BPF_STRUCT_OPS(ktstr_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 own = cpu_llc(cpu);
	u64 first;
	bool stays;

	if (own >= nr_llcs)
		own = 0;
	if (dispatch_faulty(cpu))
		return;
	first = peek(own, cpu);
	stays = may_stay(prev);
	if (stays && keep(prev, cpu, &first)) {
		if (!balance(cpu, own, first))
			go_on(prev, cpu, own);
		return;
	}
	if (balance(cpu, own, first) || scx_bpf_dsq_move_to_local(own) || steal(own))
		return;
	if (stays)
		go_on(prev, cpu, own);
	else
		become_idle(cpu, own);
}

void BPF_STRUCT_OPS(ktstr_runnable, struct task_struct *p, u64 enq_flags)
{
	struct task_state *ts = task_state(p);

	if (!ts)
		return;
	task_counts(p, ts, true);
	if (!(enq_flags & SCX_ENQ_WAKEUP))
		return;
	count(KTSTR_SCX_wakeups);
	place_woken(p, ts);
}

static __always_inline void note_move(struct task_state *ts, s32 cpu)
{
	if (ts->cpu >= 0 && ts->cpu != cpu) {
		count(KTSTR_SCX_migrations_cpu);
		if (cpu_llc(ts->cpu) != cpu_llc(cpu))
			count(KTSTR_SCX_migrations_llc);
	}
	ts->cpu = cpu;
}

void BPF_STRUCT_OPS(ktstr_running, struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p);
	struct cpu_state *c = cpu_state(cpu);
	struct task_state *ts = task_state(p);

	if (cpus_idle & bit(cpu))
		__sync_fetch_and_and(&cpus_idle, ~bit(cpu));
	if (!ts)
		return;
	note_move(ts, cpu);
	ts->ran_ns = p->se.sum_exec_runtime;
	ts->parked = 0;
	ts->yielded = false;
	ts->evicted = false;
	update_share(p, ts);
	c->clock = later(c->clock, ts->vtime);
	c->vtime = ts->vtime;
	c->since = bpf_ktime_get_ns();
}

void BPF_STRUCT_OPS(ktstr_stopping, struct task_struct *p, bool runnable)
{
	struct task_state *ts = task_state(p);

	if (!ts)
		return;
	update_share(p, ts);
	charge(p, ts);
	bound_wait(ts, clock_of(allowed_of(p) & cpus_online));
}

void BPF_STRUCT_OPS(ktstr_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct task_state *ts = task_state(p);

	if (!ts)
		return;
	task_counts(p, ts, false);
	if (deq_flags & SCX_DEQ_SLEEP)
		ts->parked = 0;
}

bool BPF_STRUCT_OPS(ktstr_yield, struct task_struct *from, struct task_struct *to)
{
	struct task_state *ts = task_state(from);

	if (to)
		return false;
	if (ts)
		ts->yielded = true;
	from->scx.slice = 0;
	return false;
}

void BPF_STRUCT_OPS(ktstr_tick, struct task_struct *p)
{
	struct ktstr_faults *f = faults_armed();
	struct task_state *ts = task_state(p);

	faults_beat();
	if (ts)
		update_share(p, ts);
	if (!f)
		return;
	fault_error(f);
	if (ts)
		ts->evicted = fault_starves(p) >= 0;
	/* Who runs where nobody shall, or must not go on, leaves at once. */
	if ((ts && ts->evicted) || (fault_dead_cpus(f) & bit(scx_bpf_task_cpu(p))))
		p->scx.slice = 0;
}

void BPF_STRUCT_OPS(ktstr_update_idle, s32 cpu, bool idle)
{
	faults_beat();
	if (idle)
		__sync_fetch_and_or(&cpus_idle, bit(cpu));
	else
		__sync_fetch_and_and(&cpus_idle, ~bit(cpu));
}

/* A real-time task has the CPU: what waits there can run elsewhere. */
void BPF_STRUCT_OPS(ktstr_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	scx_bpf_reenqueue_local();
}

void BPF_STRUCT_OPS(ktstr_set_cpumask, struct task_struct *p, const struct cpumask *cpumask)
{
	struct task_state *ts = task_state(p);

	if (ts)
		place_moved(p, ts);
}

/* A task comes to sched_ext: neither early nor late. */
void BPF_STRUCT_OPS(ktstr_enable, struct task_struct *p)
{
	struct task_state *ts = task_state(p);

	if (!ts)
		return;
	ts->allowed = allowed_of(p);
	ts->vtime = clock_of(ts->allowed);
}

s32 BPF_STRUCT_OPS(ktstr_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task_state *ts;

	ts = bpf_task_storage_get(&task_states, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!ts)
		return -ENOMEM;
	ts->cpu = -1;
	__sync_fetch_and_add(&nr_tasks, 1);
	return 0;
}

void BPF_STRUCT_OPS(ktstr_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	__sync_fetch_and_add(&nr_tasks, -1);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(ktstr_cgroup_init, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	struct group_state *g;

	g = bpf_cgrp_storage_get(&group_states, cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!g)
		return -ENOMEM;
	g->weight = args->weight;
	return 0;
}

void BPF_STRUCT_OPS(ktstr_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	group_set_weight(cgrp, weight);
}

static __always_inline void count_online(void)
{
	u64 n = 0;
	u32 cpu;

	bpf_for(cpu, 0, KTSTR_SCX_CPUS_MAX) {
		if (cpus_online & bit(cpu))
			n++;
	}
	nr_online = n ?: 1;
}

/* The loader knows LLCs of CPUs that were online; of another one it must ask again. */
void BPF_STRUCT_OPS(ktstr_cpu_online, s32 cpu)
{
	if (cpu_llc(cpu) == KTSTR_SCX_NO_LLC)
		scx_bpf_exit(SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG,
			     "CPU %d came, whose caches are not known", cpu);
	__sync_fetch_and_or(&cpus_online, bit(cpu));
	count_online();
}

void BPF_STRUCT_OPS(ktstr_cpu_offline, s32 cpu)
{
	__sync_fetch_and_and(&cpus_online, ~bit(cpu));
	__sync_fetch_and_and(&cpus_idle, ~bit(cpu));
	count_online();
}

void BPF_STRUCT_OPS(ktstr_dump, struct scx_dump_ctx *dctx)
{
	struct ktstr_faults *f = faults_armed();

	scx_bpf_dump("ktstr: online 0x%llx idle 0x%llx tasks %lld faults 0x%llx",
		     cpus_online, cpus_idle, nr_tasks, f ? f->armed : 0);
}

void BPF_STRUCT_OPS(ktstr_dump_task, struct scx_dump_ctx *dctx, struct task_struct *p)
{
	struct task_state *ts = task_state(p);

	if (ts)
		scx_bpf_dump("ktstr: vtime %llu held by fault %d", ts->vtime, (int)ts->parked - 1);
}

static int queues_init(void)
{
	int ret = scx_bpf_create_dsq(DSQ_SLOW, -1);
	u32 i;

	bpf_for(i, 0, nr_llcs) {
		if (!ret)
			ret = scx_bpf_create_dsq(i, -1);
	}
	bpf_for(i, 0, KTSTR_FAULT_NR) {
		if (!ret && i != KTSTR_FAULT_SLOW)
			ret = scx_bpf_create_dsq(DSQ_PARK + i, -1);
	}
	return ret;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(ktstr_init)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	int ret;

	cpus_online = online->bits[0];
	scx_bpf_put_cpumask(online);
	count_online();
	/* Who is idle now does not say so; it will if it was wrong. */
	cpus_idle = cpus_online;
	ret = queues_init();
	return ret ?: slow_init();
}

void BPF_STRUCT_OPS(ktstr_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(ktstr_ops,
	       .select_cpu		= (void *)ktstr_select_cpu,
	       .enqueue			= (void *)ktstr_enqueue,
	       .dispatch		= (void *)ktstr_dispatch,
	       .runnable		= (void *)ktstr_runnable,
	       .running			= (void *)ktstr_running,
	       .stopping		= (void *)ktstr_stopping,
	       .quiescent		= (void *)ktstr_quiescent,
	       .yield			= (void *)ktstr_yield,
	       .tick			= (void *)ktstr_tick,
	       .update_idle		= (void *)ktstr_update_idle,
	       .cpu_release		= (void *)ktstr_cpu_release,
	       .set_cpumask		= (void *)ktstr_set_cpumask,
	       .enable			= (void *)ktstr_enable,
	       .init_task		= (void *)ktstr_init_task,
	       .exit_task		= (void *)ktstr_exit_task,
	       .cgroup_init		= (void *)ktstr_cgroup_init,
	       .cgroup_set_weight	= (void *)ktstr_cgroup_set_weight,
	       .cpu_online		= (void *)ktstr_cpu_online,
	       .cpu_offline		= (void *)ktstr_cpu_offline,
	       .dump			= (void *)ktstr_dump,
	       .dump_task		= (void *)ktstr_dump_task,
	       .init			= (void *)ktstr_init,
	       .exit			= (void *)ktstr_exit,
	       .flags			= SCX_OPS_ENQ_LAST | SCX_OPS_HAS_CGROUP_WEIGHT,
	       .name			= "ktstr");
