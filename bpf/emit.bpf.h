/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where records go: into the companion module's buffer, or, on a kernel that has
 * no such module, into a BPF ring buffer per CPU. The same programs serve both; the
 * verifier removes the half that cannot be.
 */
#ifndef KTSTR_EMIT_BPF_H
#define KTSTR_EMIT_BPF_H

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

/** struct plain_count - what a CPU did with its records when there is no module */
struct plain_count {
	__u64 emitted;
	__u64 lost;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct plain_count);
} plain_counts SEC(".maps");

static __always_inline void emit_plain(const void *rec, __u32 size)
{
	__u32 cpu = bpf_get_smp_processor_id(), zero = 0;
	struct plain_count *n = bpf_map_lookup_elem(&plain_counts, &zero);
	void *ring = bpf_map_lookup_elem(&plain_rings, &cpu);
	struct {
		struct ktstr_ev_plain h;
		__u8 rec[KTSTR_EV_SIZE_MAX];
	} out = { .h = { .time_ns = bpf_ktime_get_ns(), .len = size } };

	if (!n)
		return;
	n->emitted++;
	if (size > sizeof(out.rec) || bpf_probe_read_kernel(out.rec, size, rec) || !ring ||
	    bpf_ringbuf_output(ring, &out, sizeof(out.h) + size, BPF_RB_NO_WAKEUP))
		n->lost++;
}

/* The kfunc is looked for once, when the object is loaded. */
static __always_inline void emit(const void *rec, __u32 size)
{
	if (bpf_ksym_exists(ktstr_event_emit))
		ktstr_event_emit(rec, size);
	else
		emit_plain(rec, size);
}

#endif /* KTSTR_EMIT_BPF_H */
