// SPDX-License-Identifier: GPL-2.0-only
/*
 * Performance mode: what a host must have, and where on it a machine goes.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "hostcpu_plan.h"

#define HUGE_KIB	2048u

static void __attribute__((format(printf, 2, 3)))
refuse(struct hostcpu_reasons *r, const char *fmt, ...)
{
	va_list ap;

	if (r->nr >= HOSTCPU_REASONS)
		return;
	va_start(ap, fmt);
	vsnprintf(r->why[r->nr++].msg, sizeof(r->why[0].msg), fmt, ap);
	va_end(ap);
}

static bool leads_llc(const struct hostcpu *h, unsigned int cpu)
{
	return h->cpu[cpu].online && h->cpu[cpu].llc == (int)cpu;
}

/* Does this CPU lead a core of the LLC whose first @threads siblings are allowed? */
static bool leads_core(const struct hostcpu *h, unsigned int cpu, int llc, uint32_t threads)
{
	uint32_t n = 0;

	if (!h->cpu[cpu].online || h->cpu[cpu].llc != llc || h->cpu[cpu].core != (int)cpu)
		return false;
	for (unsigned int i = cpu; i < CPU_MASK_BITS; i++)
		n += h->cpu[i].core == (int)cpu && h->cpu[i].allowed &&
		     h->cpu[i].thread < (int)threads;
	return n == threads;
}

static uint32_t cores_of(const struct hostcpu *h, int llc, uint32_t threads)
{
	uint32_t n = 0;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		n += leads_core(h, cpu, llc, threads);
	return n;
}

static bool any_taken(const struct hostcpu *h, int llc, const struct cpu_mask *taken)
{
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (h->cpu[cpu].online && h->cpu[cpu].llc == llc && cpu_mask__test(taken, cpu))
			return true;
	return false;
}

static uint64_t huge_wanted(const struct hostcpu_want *w)
{
	return ((uint64_t)w->memory_mib * 1024 + HUGE_KIB - 1) / HUGE_KIB;
}

static bool has_hugetlb(const struct hostcpu *h, const struct hostcpu_want *w, int node)
{
	return h->node[node].free_huge >= huge_wanted(w);
}

static bool any_hugetlb(const struct hostcpu *h, const struct hostcpu_want *w)
{
	for (int node = 0; node < (int)HOSTCPU_NODES; node++)
		if (has_hugetlb(h, w, node))
			return true;
	return false;
}

static bool has_memory(const struct hostcpu *h, const struct hostcpu_want *w, int node)
{
	return has_hugetlb(h, w, node) ||
	       (h->thp && h->node[node].free_kib >= (uint64_t)w->memory_mib * 1024);
}

/* One guest core on each of the LLC's cores, thread by thread. */
static void take_cores(struct hostcpu_plan *p, const struct hostcpu *h,
		       const struct hostcpu_want *w, int llc, struct cpu_mask *used)
{
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS && p->nr < w->vcpus; cpu++) {
		if (!leads_core(h, cpu, llc, w->threads))
			continue;
		for (unsigned int i = cpu; i < CPU_MASK_BITS; i++) {
			if (!h->cpu[i].online || h->cpu[i].core != (int)cpu)
				continue;
			cpu_mask__set(used, i);
			if (h->cpu[i].thread < (int)w->threads)
				p->cpu[p->nr++] = i;
		}
	}
}

/*
 * A machine on this LLC. The whole LLC is locked; ktstr's own threads go to any allowed
 * CPU that is no sibling of a vCPU's, within the lock first.
 */
static bool place(struct hostcpu_plan *p, const struct hostcpu *h, const struct hostcpu_want *w,
		  int llc, const struct cpu_mask *taken)
{
	struct cpu_mask used = { 0 };
	bool inside = false;

	memset(p, 0, sizeof(*p));
	take_cores(p, h, w, llc, &used);
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		const struct hostcpu_one *one = &h->cpu[cpu];

		if (one->online && one->llc == llc)
			cpu_mask__set(&p->lock, cpu);
		if (one->allowed && one->llc == llc && !cpu_mask__test(&used, cpu)) {
			cpu_mask__set(&p->rest, cpu);
			inside = true;
		}
	}
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS && !inside; cpu++)
		if (h->cpu[cpu].allowed && !cpu_mask__test(&used, cpu) &&
		    !cpu_mask__test(taken, cpu))
			cpu_mask__set(&p->rest, cpu);
	p->node = h->cpu[p->cpu[0]].node;
	return p->nr == w->vcpus && cpu_mask__count(&p->rest);
}

static bool node_in_range(const struct hostcpu *h, unsigned int cpu)
{
	return h->cpu[cpu].node >= 0 && h->cpu[cpu].node < (int)HOSTCPU_NODES;
}

int hostcpu_perf__make(struct hostcpu_plan *p, const struct hostcpu *h,
		       const struct hostcpu_want *w, const struct cpu_mask *taken)
{
	for (unsigned int llc = 0; llc < CPU_MASK_BITS; llc++) {
		if (!leads_llc(h, llc) || !node_in_range(h, llc) ||
		    any_taken(h, (int)llc, taken) || !place(p, h, w, (int)llc, taken) ||
		    !has_memory(h, w, p->node))
			continue;
		p->hugetlb = has_hugetlb(h, w, p->node);
		return 0;
	}
	return -EBUSY;
}

static void check_cores(const struct hostcpu *h, const struct hostcpu_want *w,
			struct hostcpu_reasons *r)
{
	uint32_t best = 0, wanted = w->vcpus / w->threads;
	bool known = false;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		if (!leads_llc(h, cpu))
			continue;
		known = true;
		if (cores_of(h, (int)cpu, w->threads) > best)
			best = cores_of(h, (int)cpu, w->threads);
	}
	if (!known)
		refuse(r, "the host does not say which CPUs share a last-level cache (/sys/devices/system/cpu/cpu*/cache): run on a host that does");
	else if (best < wanted)
		refuse(r, "the guest has %u cores of %u thread%s and no last-level cache of the host has more than %u such cores that this process may use: use a smaller --topology, or widen its affinity (taskset, cpuset)",
		       wanted, w->threads, w->threads > 1 ? "s" : "", best);
}

/* Only when the cores are there is it a question whether one is left over. */
static void check_rest(const struct hostcpu *h, const struct hostcpu_want *w,
		       struct hostcpu_reasons *r)
{
	const struct cpu_mask none = { 0 };
	struct hostcpu_plan p;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (leads_llc(h, cpu) && place(&p, h, w, (int)cpu, &none))
			return;
	refuse(r, "the vCPUs would take every core that this process may use, and ktstr needs a CPU for itself: use a smaller --topology, or widen its affinity (taskset, cpuset)");
}

static void check_memory(const struct hostcpu *h, const struct hostcpu_want *w,
			 struct hostcpu_reasons *r)
{
	const struct cpu_mask none = { 0 };
	struct hostcpu_plan p;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (leads_llc(h, cpu) && node_in_range(h, cpu) &&
		    place(&p, h, w, (int)cpu, &none) && has_memory(h, w, p.node))
			return;
	if (h->thp)
		refuse(r, "no NUMA node beside enough cores has %u MiB free for the guest: lower --memory, or set %llu huge pages aside (/sys/devices/system/node/node*/hugepages/hugepages-2048kB/nr_hugepages)",
		       w->memory_mib, (unsigned long long)huge_wanted(w));
	else
		refuse(r, "transparent huge pages are off and no NUMA node beside enough cores has %llu huge pages of 2 MiB free: echo madvise >/sys/kernel/mm/transparent_hugepage/enabled, or set them aside (/sys/devices/system/node/node*/hugepages/hugepages-2048kB/nr_hugepages)",
		       (unsigned long long)huge_wanted(w));
}

void hostcpu_perf__check(const struct hostcpu *h, const struct hostcpu_want *w,
			 struct hostcpu_reasons *r)
{
	uint32_t before = r->nr;

	check_cores(h, w, r);
	if (r->nr == before)
		check_rest(h, w, r);
	if (r->nr == before)
		check_memory(h, w, r);
	else if (!h->thp && !any_hugetlb(h, w))
		refuse(r, "transparent huge pages are off and no NUMA node has %llu huge pages of 2 MiB free: echo madvise >/sys/kernel/mm/transparent_hugepage/enabled",
		       (unsigned long long)huge_wanted(w));
	if (h->rt_runtime_us != -1)
		refuse(r, "kernel.sched_rt_runtime_us is %ld, so the host may take real-time vCPUs off their CPUs: sysctl -w kernel.sched_rt_runtime_us=-1",
		       h->rt_runtime_us);
}
