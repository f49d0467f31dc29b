/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where records go: into the companion module's buffer, or, on a kernel that has
 * no such module, into a BPF ring buffer per CPU. The same programs serve both; the
 * verifier removes the half that cannot be.
 */
#ifndef KTSTR_BPF_EMIT_H
#define KTSTR_BPF_EMIT_H

/* kmod/: counts what finds no room itself. */
extern int ktstr_event_emit(const void *rec, __u32 rec__sz) __weak __ksym;

#define PLAIN_CPUS_MAX	512

/* Every CPU's own ring, put in by the loader: no two CPUs ever wait for one lock. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PLAIN_CPUS_MAX);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, 4096);
	});
} plain_rings SEC(".maps");

/**
 * struct plain_count - what a CPU did with its records when there is no module
 * @emitted: it wanted to store
 * @lost: of these, found no room
 * @lost_told: @lost of the last KTSTR_MARK_LOST
 * @woke: @emitted of the last wakeup
 */
struct plain_count {
	__u64 emitted;
	__u64 lost;
	__u64 lost_told;
	__u64 woke;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct plain_count);
} plain_counts SEC(".maps");

/* Set before loading; the verifier then removes what they rule out. */
const volatile __u64 filter_events = ~0ull;	/* bits 1 << enum ktstr_event_type */
const volatile __u32 filter_by_cpu;		/* only those of filter_cpus */
const volatile __u64 filter_cpus[16];
const volatile __u64 filter_cgroup;		/* id; 0: every cgroup */
const volatile __u32 filter_cgroup_level;	/* how many cgroups are above it */

/* The loader wants the rings, though the module may be there: built in, or of no use. */
const volatile __u32 plain_only;

/* The loader's switch for records without the module, which has one of its own. */
volatile __u32 plain_on;

/* Bytes in a ring that are worth a wakeup; 0: nobody waits for one. Set before loading. */
const volatile __u32 plain_watermark;

#define WAKE_EVERY	64	/* records, when the reader does not come at once */

/*
 * Is the record that comes next to wake the reader? That is done by an irq_work of this
 * CPU (kernel/bpf/ringbuf.c), so it may be said in a scheduler's locks. An interrupt here
 * may make the ring pass its watermark unseen: then the next record sees it.
 */
static __always_inline __u64 wakeup_flag(struct plain_count *n, void *ring)
{
	if (!plain_watermark || n->emitted - n->woke < WAKE_EVERY ||
	    bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < plain_watermark)
		return BPF_RB_NO_WAKEUP;
	n->woke = n->emitted;
	return BPF_RB_FORCE_WAKEUP;
}

/* Say where records are missing, before the next one, as ktstr.ko does. */
static __always_inline bool tell_lost(struct plain_count *n, void *ring)
{
	struct {
		struct ktstr_ev_plain h;
		struct ktstr_ev_mark mark;
	} out = {
		.h = { .time_ns = bpf_ktime_get_ns(), .len = sizeof(out.mark) },
		.mark = {
			.h = { .type = KTSTR_EV_MARK, .pid = bpf_get_current_pid_tgid() },
			.id = KTSTR_MARK_LOST,
			.arg = n->lost,
		},
	};

	if (bpf_ringbuf_output(ring, &out, sizeof(out), BPF_RB_NO_WAKEUP))
		return false;
	__sync_fetch_and_add(&n->emitted, 1);
	/* An interrupt here may have told as much, or more: both are true. */
	n->lost_told = out.mark.arg;
	return true;
}

static __always_inline bool put_plain(struct plain_count *n, void *ring, const void *rec,
				      __u32 size)
{
	struct {
		struct ktstr_ev_plain h;
		__u8 rec[KTSTR_EV_SIZE_MAX];
	} out = { .h = { .len = size } };

	if (!ring || size > sizeof(out.rec) || bpf_probe_read_kernel(out.rec, size, rec))
		return false;
	if (n->lost_told != n->lost && !tell_lost(n, ring))
		return false;
	out.h.time_ns = bpf_ktime_get_ns();
	return !bpf_ringbuf_output(ring, &out, sizeof(out.h) + size, wakeup_flag(n, ring));
}

static __always_inline void emit_plain(const void *rec, __u32 size)
{
	__u32 cpu = bpf_get_smp_processor_id(), zero = 0;
	struct plain_count *n = bpf_map_lookup_elem(&plain_counts, &zero);
	void *ring = bpf_map_lookup_elem(&plain_rings, &cpu);

	if (!n || !plain_on)
		return;
	/* An interrupt may count between: not all programs run with interrupts off. */
	__sync_fetch_and_add(&n->emitted, 1);
	if (!put_plain(n, ring, rec, size))
		__sync_fetch_and_add(&n->lost, 1);
}

/* The kfunc is looked for once, when the object is loaded. */
static __always_inline bool has_module(void)
{
	return !plain_only && bpf_ksym_exists(ktstr_event_emit);
}

static __always_inline void emit(const void *rec, __u32 size)
{
	if (has_module())
		ktstr_event_emit(rec, size);
	else
		emit_plain(rec, size);
}

static __always_inline bool cpu_wanted(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return !filter_by_cpu || (cpu < 1024 && filter_cpus[cpu / 64] & 1ull << cpu % 64);
}

static __always_inline __u64 cgroup_of(struct task_struct *p)
{
	return BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id);
}

/* Is it the filter's, or below that? A cgroup has all those above it by their level. */
static __always_inline bool cgroup_wanted(struct cgroup *cgrp)
{
	__u32 at = bpf_core_field_offset(struct cgroup, ancestors) +
		   filter_cgroup_level * sizeof(void *);
	struct cgroup *above = NULL;

	if (!filter_cgroup)
		return true;
	if (!cgrp || BPF_CORE_READ(cgrp, level) < (int)filter_cgroup_level ||
	    bpf_probe_read_kernel(&above, sizeof(above), (void *)cgrp + at))
		return false;
	return BPF_CORE_READ(above, kn, id) == filter_cgroup;
}

static __always_inline bool task_wanted(struct task_struct *p)
{
	return !filter_cgroup || cgroup_wanted(BPF_CORE_READ(p, cgroups, dfl_cgrp));
}

/* Who a task is and which cgroups there are is told wherever it happens. */
#define WANTED(_type)		(filter_events & 1ull << (_type))
#define WANTED_HERE(_type)	(WANTED(_type) && cpu_wanted())

#endif /* KTSTR_BPF_EMIT_H */
