/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU topology of a guest: nodes, LLCs in all, cores per LLC, threads per core.
 *
 * CPUs are numbered densely: cpu = (llc * cores + core) * threads + thread.
 * APIC ids leave holes where a level is no power of two; vmm/topology.c has
 * that arithmetic and is used by the ACPI tables and by CPUID alike.
 */
#ifndef KTSTR_TOPOLOGY_H
#define KTSTR_TOPOLOGY_H

#include <stdint.h>

#include <ktstr/error.h>

#define KTSTR_CPUS_MAX	254u	/* xAPIC ids 0..253: no x2APIC-only id is ever needed */

struct ktstr_topology {
	uint32_t nodes;		/* NUMA nodes, divides llcs */
	uint32_t llcs;		/* last-level caches in the whole machine */
	uint32_t cores;		/* per LLC */
	uint32_t threads;	/* per core */
};

/**
 * ktstr_topology__parse() - read "nodes,llcs,cores,threads"
 * @s: text, four decimal numbers separated by commas and nothing else
 * @out: result, written only on success
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL on a malformed text, a zero, llcs not divisible by nodes,
 * or more CPUs in all (or APIC ids) than %KTSTR_CPUS_MAX allows.
 */
int ktstr_topology__parse(const char *s, struct ktstr_topology *out, struct ktstr_error *e);

/** ktstr_topology__check() - the same rules for numbers; return: 0 or -EINVAL */
int ktstr_topology__check(const struct ktstr_topology *t, struct ktstr_error *e);

static inline uint32_t ktstr_topology__nr_cpus(const struct ktstr_topology *t)
{
	return t->llcs * t->cores * t->threads;
}

static inline uint32_t ktstr_topology__cpu_llc(const struct ktstr_topology *t, uint32_t cpu)
{
	return cpu / (t->cores * t->threads);
}

static inline uint32_t ktstr_topology__cpu_node(const struct ktstr_topology *t, uint32_t cpu)
{
	return ktstr_topology__cpu_llc(t, cpu) / (t->llcs / t->nodes);
}

/** ktstr_topology__apic_id() - APIC id of a CPU; bits: node/package | llc | core | thread */
uint32_t ktstr_topology__apic_id(const struct ktstr_topology *t, uint32_t cpu);

/** ktstr_topology__shifts() - bit position of core, LLC and package in an APIC id */
void ktstr_topology__shifts(const struct ktstr_topology *t, uint32_t *core, uint32_t *llc,
			    uint32_t *pkg);

#endif /* KTSTR_TOPOLOGY_H */
