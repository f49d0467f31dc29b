/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Topology of a guest: nodes, LLCs, cores, threads, and how far they are apart.
 *
 * Four numbers say all of an even machine: { 1, 2, 4, 2 } is a topology. What
 * they cannot say (LLCs that differ, nodes without CPUs or without memory,
 * distances, cache sizes) is in struct ktstr_topology_detail; the four numbers
 * are true then, too: counts of nodes and LLCs, and the most cores of an LLC
 * and the most threads of a core. Ask the functions below, which know both.
 *
 * CPUs, cores and LLCs are numbered densely through the machine, node by node;
 * the CPUs of a core, an LLC or a node follow each other. A package is a node
 * that has CPUs, and has its number. APIC ids give each level as many bits as
 * its largest member needs, package | LLC | core | thread, so that they leave
 * holes; the ACPI tables and CPUID both take them from here.
 *
 * A topology is copied as it is. Its detail belongs to whoever made it and must
 * outlive the copies; it never changes once it is part of a topology.
 */
#ifndef KTSTR_TOPOLOGY_H
#define KTSTR_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/error.h>

#define KTSTR_CPUS_MAX		1024u	/* what KVM takes at most, as Linux builds it */
#define KTSTR_NODES_MAX		64u	/* as x86 kernels are built */
#define KTSTR_APIC_IDS_MAX	4096u	/* KVM's vCPU ids, which are APIC ids, end below */

#define KTSTR_DISTANCE_SELF	10u
#define KTSTR_DISTANCE_REMOTE	20u	/* where none is given */
#define KTSTR_DISTANCE_MAX	254u	/* 255 means that there is no way */
#define KTSTR_CAPACITY_MAX	1024u	/* as the kernel counts it: the fastest CPU */
#define KTSTR_NODE_ALIGN_MIB	2u	/* no huge page spans two nodes */
#define KTSTR_NODE_MEMORY_AUTO	UINT32_MAX

enum ktstr_cache { KTSTR_L1D, KTSTR_L1I, KTSTR_L2, KTSTR_L3, KTSTR_NR_CACHES };

/**
 * struct ktstr_topology_detail - what four numbers cannot say
 * @nr_nodes, @nr_llcs, @nr_cores, @nr_cpus: how many there are
 * @node_llc: first LLC of each node; the one after the last has the end. So have the next two
 * @llc_core: first core of each LLC
 * @core_cpu: first CPU of each core
 * @llc_node: node of an LLC
 * @core_llc: LLC of a core
 * @cpu_core: core of a CPU
 * @memory_mib: RAM of a node in MiB, 0 none, %KTSTR_NODE_MEMORY_AUTO an even share of
 *	what the others leave
 * @memory_cache_kib: cache in front of a node's memory in KiB, 0 none
 * @distance: SLIT, [from][to], 0 where nothing was given
 * @latency_ns: HMAT, [initiator][target], 0 where nothing was given
 * @bandwidth_mbps: the same in MB/s
 * @cache_kib: sizes that all CPUs share, in KiB, 0 where nothing was given
 * @llc_kib: size of an LLC that differs, 0 when it does not
 * @capacity: of a CPU, 1 to %KTSTR_CAPACITY_MAX, 0 where nothing was given
 *
 * Made by the functions below; all arrays are bounded by the limits above.
 */
struct ktstr_topology_detail {
	uint32_t nr_nodes, nr_llcs, nr_cores, nr_cpus;
	uint16_t node_llc[KTSTR_NODES_MAX + 1];
	uint16_t llc_core[KTSTR_CPUS_MAX + 1];
	uint16_t core_cpu[KTSTR_CPUS_MAX + 1];
	uint16_t llc_node[KTSTR_CPUS_MAX];
	uint16_t core_llc[KTSTR_CPUS_MAX];
	uint16_t cpu_core[KTSTR_CPUS_MAX];
	uint32_t memory_mib[KTSTR_NODES_MAX];
	uint32_t memory_cache_kib[KTSTR_NODES_MAX];
	uint8_t distance[KTSTR_NODES_MAX][KTSTR_NODES_MAX];
	uint16_t latency_ns[KTSTR_NODES_MAX][KTSTR_NODES_MAX];
	uint32_t bandwidth_mbps[KTSTR_NODES_MAX][KTSTR_NODES_MAX];
	uint32_t cache_kib[KTSTR_NR_CACHES];
	uint32_t llc_kib[KTSTR_CPUS_MAX];
	uint16_t capacity[KTSTR_CPUS_MAX];
};

/**
 * struct ktstr_topology - a machine's CPUs and nodes
 * @nodes: NUMA nodes
 * @llcs: last-level caches in the whole machine; without @detail @nodes divides it
 * @cores: per LLC, the most
 * @threads: per core, the most
 * @detail: NULL when the four numbers say all
 */
struct ktstr_topology {
	uint32_t nodes;
	uint32_t llcs;
	uint32_t cores;
	uint32_t threads;
	const struct ktstr_topology_detail *detail;
};

/** struct ktstr_range - @nr things, numbered from @first on */
struct ktstr_range {
	uint32_t first, nr;
};

/**
 * ktstr_topology__parse() - read "nodes,llcs,cores,threads"
 * @s: text, four decimal numbers separated by commas and nothing else
 * @out: result, written only on success; it has no detail
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL on a malformed text, a zero, llcs not divisible by nodes,
 * or more nodes, CPUs or APIC ids than the limits above allow.
 */
int ktstr_topology__parse(const char *s, struct ktstr_topology *out, struct ktstr_error *e);

/** ktstr_topology__check() - the same rules for numbers, with or without detail; 0 or -EINVAL */
int ktstr_topology__check(const struct ktstr_topology *t, struct ktstr_error *e);

/**
 * ktstr_topology__check_guest() - can tables tell a guest all of this?
 * @t: checked topology
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL for capacities of CPUs: an x86 kernel takes them from the
 * P-state driver of a hybrid CPU, which no machine of ours has.
 */
int ktstr_topology__check_guest(const struct ktstr_topology *t, struct ktstr_error *e);

/**
 * ktstr_topology__check_memory() - does this much RAM fit the nodes?
 * @t: checked topology
 * @mib: RAM of the machine in MiB
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL when the sizes of nodes do not add up to @mib or leave nothing for
 * a node that takes a share.
 */
int ktstr_topology__check_memory(const struct ktstr_topology *t, uint32_t mib,
				 struct ktstr_error *e);

/** ktstr_topology__equal() - do both describe the same machine, however they were written? */
bool ktstr_topology__equal(const struct ktstr_topology *a, const struct ktstr_topology *b);

/** ktstr_topology__is_even() - do the four numbers alone say how its CPUs hang together? */
bool ktstr_topology__is_even(const struct ktstr_topology *t);

/** ktstr_topology__free() - give a detail back that its caller owns; the topology is zeroed */
void ktstr_topology__free(struct ktstr_topology *t);

/*
 * Making a detail: new, then node, llc, cores in the order of the machine, then whatever
 * else is known, then of_detail(). Each refuses what would pass a limit.
 */

/** ktstr_topology_detail__new() - an empty one, for free(); NULL without memory */
struct ktstr_topology_detail *ktstr_topology_detail__new(void);

/** ktstr_topology_detail__even() - one that says the same as four numbers; NULL without memory */
struct ktstr_topology_detail *ktstr_topology_detail__even(const struct ktstr_topology *t);

/** ktstr_topology_detail__add_node() - a node with an even share of RAM; 0 or -E2BIG */
int ktstr_topology_detail__add_node(struct ktstr_topology_detail *d);

/** ktstr_topology_detail__add_llc() - an LLC of the newest node; 0, -E2BIG, -EINVAL: no node */
int ktstr_topology_detail__add_llc(struct ktstr_topology_detail *d);

/**
 * ktstr_topology_detail__add_cores() - cores of the newest LLC
 * @d: detail
 * @cores: how many, any number
 * @threads: of each of them, any number
 *
 * Return: 0; -E2BIG when the machine would have more than %KTSTR_CPUS_MAX CPUs, with
 * nothing added; -EINVAL on a zero or without an LLC.
 */
int ktstr_topology_detail__add_cores(struct ktstr_topology_detail *d, uint32_t cores,
				     uint32_t threads);

/**
 * ktstr_topology__of_detail() - a topology of a finished detail
 * @out: result, written only on success; ktstr_topology__free() ends it
 * @d: detail, owned by @out on success
 * @e: sentence on failure
 *
 * Return: 0 or what ktstr_topology__check() says.
 */
int ktstr_topology__of_detail(struct ktstr_topology *out, const struct ktstr_topology_detail *d,
			      struct ktstr_error *e);

/*
 * Questions. Numbers of CPUs, cores, LLCs and nodes must be below their count; none of
 * these functions checks that.
 */

static inline uint32_t ktstr_topology__nr_cpus(const struct ktstr_topology *t)
{
	return t->detail ? t->detail->nr_cpus : t->llcs * t->cores * t->threads;
}

static inline uint32_t ktstr_topology__nr_cores(const struct ktstr_topology *t)
{
	return t->detail ? t->detail->nr_cores : t->llcs * t->cores;
}

/** ktstr_topology__cpu_core() - core of a CPU, numbered through the machine */
static inline uint32_t ktstr_topology__cpu_core(const struct ktstr_topology *t, uint32_t cpu)
{
	return t->detail ? t->detail->cpu_core[cpu] : cpu / t->threads;
}

static inline uint32_t ktstr_topology__core_llc(const struct ktstr_topology *t, uint32_t core)
{
	return t->detail ? t->detail->core_llc[core] : core / t->cores;
}

static inline uint32_t ktstr_topology__llc_node(const struct ktstr_topology *t, uint32_t llc)
{
	return t->detail ? t->detail->llc_node[llc] : llc / (t->llcs / t->nodes);
}

static inline uint32_t ktstr_topology__cpu_llc(const struct ktstr_topology *t, uint32_t cpu)
{
	return ktstr_topology__core_llc(t, ktstr_topology__cpu_core(t, cpu));
}

/** ktstr_topology__cpu_node() - node of a CPU, and its package */
static inline uint32_t ktstr_topology__cpu_node(const struct ktstr_topology *t, uint32_t cpu)
{
	return ktstr_topology__llc_node(t, ktstr_topology__cpu_llc(t, cpu));
}

/** ktstr_topology__cpu_thread() - number of a CPU among the threads of its core */
uint32_t ktstr_topology__cpu_thread(const struct ktstr_topology *t, uint32_t cpu);

/** ktstr_topology__core_cpus() - SMT siblings */
struct ktstr_range ktstr_topology__core_cpus(const struct ktstr_topology *t, uint32_t core);

/** ktstr_topology__llc_cores() - cores that share an LLC */
struct ktstr_range ktstr_topology__llc_cores(const struct ktstr_topology *t, uint32_t llc);

/** ktstr_topology__llc_cpus() - CPUs that share an LLC */
struct ktstr_range ktstr_topology__llc_cpus(const struct ktstr_topology *t, uint32_t llc);

/** ktstr_topology__node_llcs() - LLCs of a node, none when it is memory only */
struct ktstr_range ktstr_topology__node_llcs(const struct ktstr_topology *t, uint32_t node);

/** ktstr_topology__node_cpus() - CPUs of a node, none when it is memory only */
struct ktstr_range ktstr_topology__node_cpus(const struct ktstr_topology *t, uint32_t node);

/** ktstr_topology__apic_id() - APIC id of a CPU; bits: package | llc | core | thread */
uint32_t ktstr_topology__apic_id(const struct ktstr_topology *t, uint32_t cpu);

/** ktstr_topology__apic_id_max() - the highest of them: 255 and more need an x2APIC */
uint32_t ktstr_topology__apic_id_max(const struct ktstr_topology *t);

/** ktstr_topology__shifts() - bit position of core, LLC and package in an APIC id */
void ktstr_topology__shifts(const struct ktstr_topology *t, uint32_t *core, uint32_t *llc,
			    uint32_t *pkg);

/**
 * ktstr_topology__node_memory() - RAM of a node
 * @t: checked topology
 * @node: node
 * @total: bytes of RAM of the machine, as ktstr_topology__check_memory() accepts them
 *
 * RAM is dealt out in the order of the nodes. A share is a multiple of
 * %KTSTR_NODE_ALIGN_MIB; the last node that takes a share gets the rest.
 *
 * Return: bytes.
 */
uint64_t ktstr_topology__node_memory(const struct ktstr_topology *t, uint32_t node,
				     uint64_t total);

/** ktstr_topology__sized_memory() - MiB of the nodes that have a size of their own; 0: none has */
uint64_t ktstr_topology__sized_memory(const struct ktstr_topology *t);

/** ktstr_topology__node_has_memory() - has it any? */
bool ktstr_topology__node_has_memory(const struct ktstr_topology *t, uint32_t node);

/** ktstr_topology__distance() - as SLIT has it: 10 to itself, more to others */
uint32_t ktstr_topology__distance(const struct ktstr_topology *t, uint32_t from, uint32_t to);

/** ktstr_topology__latency_ns() - of a load from @to by a CPU of @from; 0: not given */
uint32_t ktstr_topology__latency_ns(const struct ktstr_topology *t, uint32_t from, uint32_t to);

/** ktstr_topology__bandwidth_mbps() - of the same; 0: not given */
uint32_t ktstr_topology__bandwidth_mbps(const struct ktstr_topology *t, uint32_t from,
					uint32_t to);

/** ktstr_topology__has_hmat() - is a latency, a bandwidth or a memory-side cache given? */
bool ktstr_topology__has_hmat(const struct ktstr_topology *t);

/** ktstr_topology__memory_cache_kib() - cache in front of a node's memory; 0: none */
uint32_t ktstr_topology__memory_cache_kib(const struct ktstr_topology *t, uint32_t node);

/** ktstr_topology__cache_kib() - size of a CPU's cache in KiB; 0: not given, choose one */
uint32_t ktstr_topology__cache_kib(const struct ktstr_topology *t, uint32_t cpu,
				   enum ktstr_cache cache);

/** ktstr_topology__capacity() - of a CPU; 0: not given */
uint32_t ktstr_topology__capacity(const struct ktstr_topology *t, uint32_t cpu);

#endif /* KTSTR_TOPOLOGY_H */
