// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topology arithmetic: CPU number to APIC id, node to memory.
 *
 * The ACPI tables and CPUID both call these functions: that is what makes
 * them agree with each other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/topology.h>

#define MIB	(1ull << 20)

/* Bits that hold the numbers 0 .. n - 1; n is at least 1. */
static uint32_t width(uint32_t n)
{
	return n > 1 ? 32 - (uint32_t)__builtin_clz(n - 1) : 0;
}

struct ktstr_range ktstr_topology__core_cpus(const struct ktstr_topology *t, uint32_t core)
{
	const struct ktstr_topology_detail *d = t->detail;

	if (!d)
		return (struct ktstr_range){ core * t->threads, t->threads };
	return (struct ktstr_range){ d->core_cpu[core], d->core_cpu[core + 1] - d->core_cpu[core] };
}

struct ktstr_range ktstr_topology__llc_cores(const struct ktstr_topology *t, uint32_t llc)
{
	const struct ktstr_topology_detail *d = t->detail;

	if (!d)
		return (struct ktstr_range){ llc * t->cores, t->cores };
	return (struct ktstr_range){ d->llc_core[llc], d->llc_core[llc + 1] - d->llc_core[llc] };
}

struct ktstr_range ktstr_topology__llc_cpus(const struct ktstr_topology *t, uint32_t llc)
{
	struct ktstr_range cores = ktstr_topology__llc_cores(t, llc);
	uint32_t first = ktstr_topology__core_cpus(t, cores.first).first;
	struct ktstr_range last = ktstr_topology__core_cpus(t, cores.first + cores.nr - 1);

	return (struct ktstr_range){ first, last.first + last.nr - first };
}

struct ktstr_range ktstr_topology__node_llcs(const struct ktstr_topology *t, uint32_t node)
{
	const struct ktstr_topology_detail *d = t->detail;

	if (!d)
		return (struct ktstr_range){ node * (t->llcs / t->nodes), t->llcs / t->nodes };
	return (struct ktstr_range){ d->node_llc[node], d->node_llc[node + 1] - d->node_llc[node] };
}

struct ktstr_range ktstr_topology__node_cpus(const struct ktstr_topology *t, uint32_t node)
{
	struct ktstr_range llcs = ktstr_topology__node_llcs(t, node);
	struct ktstr_range first, last;

	if (!llcs.nr)
		return (struct ktstr_range){ 0, 0 };
	first = ktstr_topology__llc_cpus(t, llcs.first);
	last = ktstr_topology__llc_cpus(t, llcs.first + llcs.nr - 1);
	return (struct ktstr_range){ first.first, last.first + last.nr - first.first };
}

uint32_t ktstr_topology__cpu_thread(const struct ktstr_topology *t, uint32_t cpu)
{
	return cpu - ktstr_topology__core_cpus(t, ktstr_topology__cpu_core(t, cpu)).first;
}

static uint32_t most_llcs(const struct ktstr_topology *t)
{
	uint32_t most = 0;

	if (!t->detail)
		return t->llcs / t->nodes;
	for (uint32_t node = 0; node < t->nodes; node++) {
		uint32_t nr = ktstr_topology__node_llcs(t, node).nr;

		if (nr > most)
			most = nr;
	}
	return most;
}

/**
 * ktstr_topology__shifts() - bit position of core, LLC and package in an APIC id
 * @t: topology that ktstr_topology__check() accepts
 * @core: out: first bit of the core number within its LLC
 * @llc: out: first bit of the LLC number within its package
 * @pkg: out: first bit of the package number; a node is a package
 */
void ktstr_topology__shifts(const struct ktstr_topology *t, uint32_t *core, uint32_t *llc,
			    uint32_t *pkg)
{
	*core = width(t->threads);
	*llc = *core + width(t->cores);
	*pkg = *llc + width(most_llcs(t));
}

/* 64 bits: before the check a level may be so wide that 32 do not hold all of them. */
static uint64_t apic_id(const struct ktstr_topology *t, uint32_t cpu)
{
	uint32_t core = ktstr_topology__cpu_core(t, cpu);
	uint32_t llc = ktstr_topology__core_llc(t, core);
	uint32_t node = ktstr_topology__llc_node(t, llc);
	uint32_t core_shift, llc_shift, pkg_shift;

	ktstr_topology__shifts(t, &core_shift, &llc_shift, &pkg_shift);
	return ktstr_topology__cpu_thread(t, cpu) |
	       (uint64_t)(core - ktstr_topology__llc_cores(t, llc).first) << core_shift |
	       (uint64_t)(llc - ktstr_topology__node_llcs(t, node).first) << llc_shift |
	       (uint64_t)node << pkg_shift;
}

/**
 * ktstr_topology__apic_id() - APIC id of a CPU
 * @t: topology that ktstr_topology__check() accepts
 * @cpu: dense CPU number, below ktstr_topology__nr_cpus()
 *
 * Return: the id; ids leave holes where a level is no power of two.
 */
uint32_t ktstr_topology__apic_id(const struct ktstr_topology *t, uint32_t cpu)
{
	return (uint32_t)apic_id(t, cpu);
}

uint32_t ktstr_topology__apic_id_max(const struct ktstr_topology *t)
{
	/* CPUs are numbered node by node, LLC by LLC, core by core: ids grow with them. */
	return (uint32_t)apic_id(t, ktstr_topology__nr_cpus(t) - 1);
}

static int check_even(const struct ktstr_topology *t, struct ktstr_error *e)
{
	uint64_t cores = (uint64_t)t->llcs * t->cores;

	if (!t->nodes || !t->llcs || !t->cores || !t->threads)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u has a zero in it: give nodes,llcs,cores,threads of at least 1",
			t->nodes, t->llcs, t->cores, t->threads);
	if (t->llcs % t->nodes)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u has %u LLCs that cannot be shared evenly by %u nodes: make llcs a multiple of nodes",
			t->nodes, t->llcs, t->cores, t->threads, t->llcs, t->nodes);
	if (t->nodes > KTSTR_NODES_MAX)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u has more than %u nodes: give fewer",
			t->nodes, t->llcs, t->cores, t->threads, KTSTR_NODES_MAX);
	/* 32 x 32 bits fit in 64; a third factor is only safe below the limit. */
	if (cores > KTSTR_CPUS_MAX || cores * t->threads > KTSTR_CPUS_MAX)
		return ktstr_error_set(e, -EINVAL,
			"topology %u,%u,%u,%u has more than %u CPUs: make one of its numbers smaller",
			t->nodes, t->llcs, t->cores, t->threads, KTSTR_CPUS_MAX);
	return 0;
}

/**
 * ktstr_topology__check() - may a machine be built like this?
 * @t: any four numbers, or a topology with detail
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL on a zero, llcs not divisible by nodes, or more nodes, CPUs or
 * a higher APIC id than there may be, or what is wrong with the detail.
 */
int ktstr_topology__check(const struct ktstr_topology *t, struct ktstr_error *e)
{
	int err = t->detail ? 0 : check_even(t, e);
	uint64_t top;

	if (err)
		return err;
	top = apic_id(t, ktstr_topology__nr_cpus(t) - 1);
	if (top < KTSTR_APIC_IDS_MAX)
		return 0;
	return ktstr_error_set(e, -EINVAL,
		"a topology of up to %u nodes, %u LLCs each, %u cores each, %u threads each needs APIC id %llu and ids end at %u: use fewer CPUs, or powers of two",
		t->nodes, most_llcs(t), t->cores, t->threads, (unsigned long long)top,
		KTSTR_APIC_IDS_MAX - 1);
}

int ktstr_topology__check_guest(const struct ktstr_topology *t, struct ktstr_error *e)
{
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++)
		if (ktstr_topology__capacity(t, cpu))
			return ktstr_error_set(e, -EINVAL,
				"the topology gives CPU %u a capacity, and an x86 guest takes capacities from no table: leave them out",
				cpu);
	return 0;
}

static uint32_t node_mib(const struct ktstr_topology *t, uint32_t node)
{
	return t->detail ? t->detail->memory_mib[node] : KTSTR_NODE_MEMORY_AUTO;
}

bool ktstr_topology__node_has_memory(const struct ktstr_topology *t, uint32_t node)
{
	return node_mib(t, node);
}

uint64_t ktstr_topology__sized_memory(const struct ktstr_topology *t)
{
	uint64_t sum = 0;

	for (uint32_t node = 0; node < t->nodes; node++)
		if (node_mib(t, node) != KTSTR_NODE_MEMORY_AUTO)
			sum += node_mib(t, node);
	return sum;
}

/* How many nodes take a share, and which is the last. */
static uint32_t sharers(const struct ktstr_topology *t, uint32_t *last)
{
	uint32_t nr = 0;

	for (uint32_t node = 0; node < t->nodes; node++) {
		if (node_mib(t, node) == KTSTR_NODE_MEMORY_AUTO) {
			*last = node;
			nr++;
		}
	}
	return nr;
}

uint64_t ktstr_topology__node_memory(const struct ktstr_topology *t, uint32_t node, uint64_t total)
{
	uint64_t rest = total - ktstr_topology__sized_memory(t) * MIB, share;
	uint32_t last = 0, nr = sharers(t, &last);

	if (node_mib(t, node) != KTSTR_NODE_MEMORY_AUTO)
		return node_mib(t, node) * MIB;
	share = rest / nr & ~(KTSTR_NODE_ALIGN_MIB * MIB - 1);
	return node == last ? rest - share * (nr - 1) : share;
}

int ktstr_topology__check_memory(const struct ktstr_topology *t, uint32_t mib,
				 struct ktstr_error *e)
{
	uint64_t sized = ktstr_topology__sized_memory(t);
	uint32_t last, nr = sharers(t, &last);

	if (!nr && sized != mib)
		return ktstr_error_set(e, -EINVAL,
			"the nodes of the topology have %llu MiB and the machine has %u MiB: make the two the same",
			(unsigned long long)sized, mib);
	if (nr && sized + (uint64_t)nr * KTSTR_NODE_ALIGN_MIB > mib)
		return ktstr_error_set(e, -EINVAL,
			"%u MiB are too few for the topology's nodes, %llu MiB and a share for %u more: give the machine more",
			mib, (unsigned long long)sized, nr);
	return 0;
}

uint32_t ktstr_topology__distance(const struct ktstr_topology *t, uint32_t from, uint32_t to)
{
	if (from == to)
		return KTSTR_DISTANCE_SELF;
	if (t->detail && t->detail->distance[from][to])
		return t->detail->distance[from][to];
	return KTSTR_DISTANCE_REMOTE;
}

uint32_t ktstr_topology__latency_ns(const struct ktstr_topology *t, uint32_t from, uint32_t to)
{
	return t->detail ? t->detail->latency_ns[from][to] : 0;
}

uint32_t ktstr_topology__bandwidth_mbps(const struct ktstr_topology *t, uint32_t from, uint32_t to)
{
	return t->detail ? t->detail->bandwidth_mbps[from][to] : 0;
}

uint32_t ktstr_topology__memory_cache_kib(const struct ktstr_topology *t, uint32_t node)
{
	return t->detail ? t->detail->memory_cache_kib[node] : 0;
}

bool ktstr_topology__has_hmat(const struct ktstr_topology *t)
{
	for (uint32_t a = 0; a < t->nodes; a++) {
		if (ktstr_topology__memory_cache_kib(t, a))
			return true;
		for (uint32_t b = 0; b < t->nodes; b++)
			if (ktstr_topology__latency_ns(t, a, b) ||
			    ktstr_topology__bandwidth_mbps(t, a, b))
				return true;
	}
	return false;
}

uint32_t ktstr_topology__cache_kib(const struct ktstr_topology *t, uint32_t cpu,
				   enum ktstr_cache cache)
{
	const struct ktstr_topology_detail *d = t->detail;
	uint32_t own;

	if (!d)
		return 0;
	own = cache == KTSTR_L3 ? d->llc_kib[ktstr_topology__cpu_llc(t, cpu)] : 0;
	return own ? own : d->cache_kib[cache];
}

uint32_t ktstr_topology__capacity(const struct ktstr_topology *t, uint32_t cpu)
{
	return t->detail ? t->detail->capacity[cpu] : 0;
}

static bool same_cpu(const struct ktstr_topology *a, const struct ktstr_topology *b, uint32_t cpu)
{
	for (int cache = 0; cache < KTSTR_NR_CACHES; cache++)
		if (ktstr_topology__cache_kib(a, cpu, cache) !=
		    ktstr_topology__cache_kib(b, cpu, cache))
			return false;
	return ktstr_topology__cpu_core(a, cpu) == ktstr_topology__cpu_core(b, cpu) &&
	       ktstr_topology__cpu_llc(a, cpu) == ktstr_topology__cpu_llc(b, cpu) &&
	       ktstr_topology__cpu_node(a, cpu) == ktstr_topology__cpu_node(b, cpu) &&
	       ktstr_topology__capacity(a, cpu) == ktstr_topology__capacity(b, cpu);
}

static bool same_way(const struct ktstr_topology *a, const struct ktstr_topology *b, uint32_t from,
		     uint32_t to)
{
	return ktstr_topology__distance(a, from, to) == ktstr_topology__distance(b, from, to) &&
	       ktstr_topology__latency_ns(a, from, to) == ktstr_topology__latency_ns(b, from, to) &&
	       ktstr_topology__bandwidth_mbps(a, from, to) ==
	       ktstr_topology__bandwidth_mbps(b, from, to);
}

static bool same_node(const struct ktstr_topology *a, const struct ktstr_topology *b, uint32_t node)
{
	for (uint32_t to = 0; to < a->nodes; to++)
		if (!same_way(a, b, node, to))
			return false;
	return node_mib(a, node) == node_mib(b, node) &&
	       ktstr_topology__memory_cache_kib(a, node) ==
	       ktstr_topology__memory_cache_kib(b, node);
}

bool ktstr_topology__equal(const struct ktstr_topology *a, const struct ktstr_topology *b)
{
	if (a->nodes != b->nodes || a->llcs != b->llcs ||
	    ktstr_topology__nr_cpus(a) != ktstr_topology__nr_cpus(b))
		return false;
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(a); cpu++)
		if (!same_cpu(a, b, cpu))
			return false;
	for (uint32_t node = 0; node < a->nodes; node++)
		if (!same_node(a, b, node))
			return false;
	return true;
}

void ktstr_topology__free(struct ktstr_topology *t)
{
	free((void *)t->detail);
	memset(t, 0, sizeof(*t));
}
