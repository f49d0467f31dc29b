/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Topologies that tests try, one of each kind: all presets, and what none of them has.
 * "nodes,llcs,cores,threads" is what the presets of that shape say, too. Unit tests build tables of all of them, VM tests boot them.
 */
#ifndef KTSTR_SHAPES_H
#define KTSTR_SHAPES_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/topology.h>
#include <ktstr/topology_text.h>

/**
 * struct shape - a topology to try
 * @name: "nodes,llcs,cores,threads", or a preset, or what is special of it
 * @build: makes a detail, NULL for the first two; return: 0 or an error
 */
struct shape {
	const char *name;
	int (*build)(struct ktstr_topology_detail *d);
};

static inline int shape_node(struct ktstr_topology_detail *d, uint32_t memory_mib)
{
	int err = ktstr_topology_detail__add_node(d);

	if (!err)
		d->memory_mib[d->nr_nodes - 1] = memory_mib;
	return err;
}

static inline int shape_llc(struct ktstr_topology_detail *d, uint32_t cores, uint32_t threads)
{
	int err = ktstr_topology_detail__add_llc(d);

	return err ? err : ktstr_topology_detail__add_cores(d, cores, threads);
}

/* A package with a full die, one that lost a core, and one of a single core. */
static inline int shape_uneven_llcs(struct ktstr_topology_detail *d)
{
	int err = shape_node(d, KTSTR_NODE_MEMORY_AUTO);

	err = err ? err : shape_llc(d, 3, 2);
	err = err ? err : shape_llc(d, 2, 2);
	err = err ? err : shape_llc(d, 1, 2);
	d->llc_kib[2] = 4096;
	return err;
}

/* Two fast cores with SMT and three without, behind one LLC; sizes as a laptop has them. */
static inline int shape_some_smt(struct ktstr_topology_detail *d)
{
	int err = shape_node(d, KTSTR_NODE_MEMORY_AUTO);

	err = err ? err : shape_llc(d, 2, 2);
	err = err ? err : ktstr_topology_detail__add_cores(d, 3, 1);
	d->cache_kib[KTSTR_L1D] = 48;
	d->cache_kib[KTSTR_L1I] = 64;
	d->cache_kib[KTSTR_L2] = 1280;
	d->cache_kib[KTSTR_L3] = 18432;
	return err;
}

/* Two sockets that differ: one LLC of two cores, and three LLCs. */
static inline int shape_uneven_nodes(struct ktstr_topology_detail *d)
{
	int err = shape_node(d, 192);

	err = err ? err : shape_llc(d, 2, 1);
	err = err ? err : shape_node(d, KTSTR_NODE_MEMORY_AUTO);
	err = err ? err : shape_llc(d, 1, 2);
	err = err ? err : shape_llc(d, 3, 2);
	err = err ? err : shape_llc(d, 2, 2);
	d->distance[0][1] = 32;
	d->distance[1][0] = 32;
	return err;
}

/* Two sockets, and memory on a CXL card of the second: HMAT knows what it costs. */
static inline int shape_memory_only(struct ktstr_topology_detail *d)
{
	static const uint8_t distance[3][3] = { { 10, 21, 24 }, { 21, 10, 14 }, { 24, 14, 10 } };
	static const uint16_t latency[2][3] = { { 90, 140, 310 }, { 140, 90, 250 } };
	static const uint32_t bandwidth[2][3] = { { 200000, 90000, 24000 },
						  { 90000, 200000, 30000 } };
	int err = shape_node(d, KTSTR_NODE_MEMORY_AUTO);

	err = err ? err : shape_llc(d, 2, 1);
	err = err ? err : shape_node(d, KTSTR_NODE_MEMORY_AUTO);
	err = err ? err : shape_llc(d, 2, 1);
	err = err ? err : shape_node(d, 128);
	for (int from = 0; from < 3; from++) {
		for (int to = 0; to < 3; to++) {
			d->distance[from][to] = distance[from][to];
			d->latency_ns[from][to] = from < 2 ? latency[from][to] : 0;
			d->bandwidth_mbps[from][to] = from < 2 ? bandwidth[from][to] : 0;
		}
	}
	d->memory_cache_kib[2] = 65536;
	return err;
}

static inline int shape_no_memory(struct ktstr_topology_detail *d)
{
	int err = shape_node(d, KTSTR_NODE_MEMORY_AUTO);

	err = err ? err : shape_llc(d, 2, 1);
	err = err ? err : shape_node(d, 0);
	err = err ? err : shape_llc(d, 2, 1);
	return err;
}

/* The first node has CPUs only, the second memory only. */
static inline int shape_apart(struct ktstr_topology_detail *d)
{
	int err = shape_node(d, 0);

	err = err ? err : shape_llc(d, 2, 2);
	err = err ? err : shape_node(d, KTSTR_NODE_MEMORY_AUTO);
	return err;
}

/* Four sockets in a ring: no level of distance has all of them but the last. */
static inline int shape_ring(struct ktstr_topology_detail *d)
{
	static const uint8_t distance[4] = { 10, 16, 22, 16 };
	int err = 0;

	for (int node = 0; !err && node < 4; node++) {
		err = shape_node(d, KTSTR_NODE_MEMORY_AUTO);
		err = err ? err : shape_llc(d, 1, 1);
		for (int to = 0; to < 4; to++)
			d->distance[node][to] = distance[(to - node) & 3];
	}
	return err;
}

/* The first four CPUs have the APIC ids 0, 128, 256 and 384. */
static inline int shape_wide_ids(struct ktstr_topology_detail *d)
{
	int err = 0;

	for (int node = 0; !err && node < 4; node++) {
		err = shape_node(d, KTSTR_NODE_MEMORY_AUTO);
		err = err ? err : shape_llc(d, 1, 1);
	}
	err = err ? err : shape_node(d, KTSTR_NODE_MEMORY_AUTO);
	return err ? err : shape_llc(d, 65, 1);
}

static const struct shape shapes[] = {
	{ "1,1,1,1" }, { "1,1,4,1" }, { "1,2,2,1" }, { "1,3,3,1" }, { "1,5,3,1" }, { "1,7,2,1" },
	{ "1,2,2,2" }, { "1,3,2,2" }, { "1,4,4,2" }, { "1,8,4,2" }, { "1,4,16,2" },
	{ "1,8,8,2" }, { "1,15,8,2" }, { "1,14,9,2" }, { "1,4,8,1" }, { "1,8,8,1" },
	{ "1,4,32,1" }, { "1,8,16,1" }, { "1,15,16,1" }, { "1,14,18,1" }, { "2,2,8,2" },
	{ "2,4,4,1" }, { "2,8,8,2" }, { "2,8,16,1" }, { "4,8,4,1" }, { "4,12,8,2" },
	{ "epyc-9654" }, { "epyc-9654-2s" }, { "epyc-9654-nps4" }, { "epyc-9634" },
	{ "epyc-9965" }, { "xeon-8480" }, { "xeon-max-9480" }, { "ryzen-9950x" },
	{ "ryzen-7950x3d" }, { "ryzen-ai-370" }, { "core-14900k" }, { "cxl" },
	{ "no-memory-node" },
	{ "uneven LLCs", shape_uneven_llcs },
	{ "SMT on some cores", shape_some_smt },
	{ "uneven nodes", shape_uneven_nodes },
	{ "memory-only node", shape_memory_only },
	{ "node without memory", shape_no_memory },
	{ "CPUs and memory apart", shape_apart },
	{ "four nodes in a ring", shape_ring },
	{ "wide APIC ids", shape_wide_ids },
};

#define NR_SHAPES	(sizeof(shapes) / sizeof(shapes[0]))

/** shape__make() - the topology of a shape, for ktstr_topology__free(); return: 0 or an error */
static inline int shape__make(const struct shape *s, struct ktstr_topology *t,
			      struct ktstr_error *e)
{
	struct ktstr_topology_detail *d;
	int err;

	if (!s->build)
		return strchr(s->name, ',') ? ktstr_topology__parse(s->name, t, e) :
					      ktstr_topology_preset__load(s->name, t, NULL, e);
	d = ktstr_topology_detail__new();
	if (!d)
		return -ENOMEM;
	err = s->build(d);
	if (!err)
		err = ktstr_topology__of_detail(t, d, e);
	if (err)
		free(d);
	return err;
}

#endif /* KTSTR_SHAPES_H */
