// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a topology that four numbers cannot describe.
 */
#include <errno.h>
#include <stdlib.h>

#include <ktstr/topology.h>

struct ktstr_topology_detail *ktstr_topology_detail__new(void)
{
	return calloc(1, sizeof(struct ktstr_topology_detail));
}

int ktstr_topology_detail__add_node(struct ktstr_topology_detail *d)
{
	if (d->nr_nodes == KTSTR_NODES_MAX)
		return -E2BIG;
	d->memory_mib[d->nr_nodes++] = KTSTR_NODE_MEMORY_AUTO;
	d->node_llc[d->nr_nodes] = (uint16_t)d->nr_llcs;
	return 0;
}

int ktstr_topology_detail__add_llc(struct ktstr_topology_detail *d)
{
	if (!d->nr_nodes)
		return -EINVAL;
	if (d->nr_llcs == KTSTR_CPUS_MAX)
		return -E2BIG;
	d->llc_node[d->nr_llcs++] = (uint16_t)(d->nr_nodes - 1);
	d->llc_core[d->nr_llcs] = (uint16_t)d->nr_cores;
	d->node_llc[d->nr_nodes] = (uint16_t)d->nr_llcs;
	return 0;
}

static void add_core(struct ktstr_topology_detail *d, uint32_t threads)
{
	d->core_llc[d->nr_cores] = (uint16_t)(d->nr_llcs - 1);
	for (uint32_t i = 0; i < threads; i++)
		d->cpu_core[d->nr_cpus++] = (uint16_t)d->nr_cores;
	d->core_cpu[++d->nr_cores] = (uint16_t)d->nr_cpus;
	d->llc_core[d->nr_llcs] = (uint16_t)d->nr_cores;
}

int ktstr_topology_detail__add_cores(struct ktstr_topology_detail *d, uint32_t cores,
				     uint32_t threads)
{
	if (!cores || !threads || !d->nr_llcs)
		return -EINVAL;
	if ((uint64_t)cores * threads > KTSTR_CPUS_MAX - d->nr_cpus)
		return -E2BIG;
	while (cores--)
		add_core(d, threads);
	return 0;
}

static int add_even_node(struct ktstr_topology_detail *d, const struct ktstr_topology *t)
{
	int err = ktstr_topology_detail__add_node(d);

	for (uint32_t i = 0; !err && i < t->llcs / t->nodes; i++) {
		err = ktstr_topology_detail__add_llc(d);
		if (!err)
			err = ktstr_topology_detail__add_cores(d, t->cores, t->threads);
	}
	return err;
}

/**
 * ktstr_topology_detail__even() - a detail that says the same as four numbers
 * @t: checked topology without detail
 *
 * Return: the detail, for free(); NULL without memory.
 */
struct ktstr_topology_detail *ktstr_topology_detail__even(const struct ktstr_topology *t)
{
	struct ktstr_topology_detail *d = ktstr_topology_detail__new();
	int err = 0;

	for (uint32_t node = 0; d && !err && node < t->nodes; node++)
		err = add_even_node(d, t);
	if (!err)
		return d;
	free(d);
	return NULL;
}

/* The most that one of @nr things has, the one after the last having the end. */
static uint32_t most(const uint16_t *first, uint32_t nr)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < nr; i++)
		if ((uint32_t)(first[i + 1] - first[i]) > found)
			found = first[i + 1] - first[i];
	return found;
}

bool ktstr_topology__is_even(const struct ktstr_topology *t)
{
	if (!t->detail)
		return true;
	for (uint32_t node = 0; node < t->nodes; node++)
		if (ktstr_topology__node_llcs(t, node).nr * t->nodes != t->llcs)
			return false;
	/* None has more, so all have as many. */
	return ktstr_topology__nr_cpus(t) == t->llcs * t->cores * t->threads;
}

static int check_llcs(const struct ktstr_topology_detail *d, struct ktstr_error *e)
{
	if (!d->nr_nodes)
		return ktstr_error_set(e, -EINVAL, "the topology has no node: add one");
	if (!d->nr_cpus)
		return ktstr_error_set(e, -EINVAL, "the topology has no CPU: add an LLC with cores");
	for (uint32_t llc = 0; llc < d->nr_llcs; llc++)
		if (d->llc_core[llc] == d->llc_core[llc + 1])
			return ktstr_error_set(e, -EINVAL,
					       "LLC %u has no core: add one, or leave the LLC out",
					       llc);
	return 0;
}

static int check_memory(const struct ktstr_topology_detail *d, struct ktstr_error *e)
{
	bool any = false;

	for (uint32_t node = 0; node < d->nr_nodes; node++) {
		bool has_cpus = d->node_llc[node] != d->node_llc[node + 1];

		any |= d->memory_mib[node] != 0;
		if (!d->memory_mib[node] && !has_cpus)
			return ktstr_error_set(e, -EINVAL,
				"node %u has neither CPUs nor memory: give it one of them, or leave it out",
				node);
		if (!d->memory_mib[node] && d->memory_cache_kib[node])
			return ktstr_error_set(e, -EINVAL,
				"node %u has a memory-side cache and no memory: give it memory, or no such cache",
				node);
		if (d->memory_mib[node] != KTSTR_NODE_MEMORY_AUTO &&
		    d->memory_mib[node] % KTSTR_NODE_ALIGN_MIB)
			return ktstr_error_set(e, -EINVAL,
				"the memory of node %u, %u MiB, is no multiple of %u MiB: round it",
				node, d->memory_mib[node], KTSTR_NODE_ALIGN_MIB);
	}
	return any ? 0 : ktstr_error_set(e, -EINVAL,
					 "no node has memory: give memory to one of them");
}

static int check_distances(const struct ktstr_topology_detail *d, struct ktstr_error *e)
{
	for (uint32_t a = 0; a < d->nr_nodes; a++) {
		for (uint32_t b = 0; b < d->nr_nodes; b++) {
			uint32_t distance = d->distance[a][b];

			if (a == b && distance && distance != KTSTR_DISTANCE_SELF)
				return ktstr_error_set(e, -EINVAL,
					"the distance of node %u to itself is %u: it is always %u",
					a, distance, KTSTR_DISTANCE_SELF);
			if (a != b && distance && (distance <= KTSTR_DISTANCE_SELF ||
						   distance > KTSTR_DISTANCE_MAX))
				return ktstr_error_set(e, -EINVAL,
					"the distance from node %u to node %u is %u: give %u to %u",
					a, b, distance, KTSTR_DISTANCE_SELF + 1,
					KTSTR_DISTANCE_MAX);
		}
	}
	return 0;
}

/* An initiator has CPUs and a target has memory; HMAT has no room for anything else. */
static int check_hmat(const struct ktstr_topology_detail *d, struct ktstr_error *e)
{
	for (uint32_t a = 0; a < d->nr_nodes; a++) {
		bool has_cpus = d->node_llc[a] != d->node_llc[a + 1];

		for (uint32_t b = 0; b < d->nr_nodes; b++) {
			const char *what = d->latency_ns[a][b] ? "latency" : "bandwidth";

			if (!d->latency_ns[a][b] && !d->bandwidth_mbps[a][b])
				continue;
			if (!has_cpus)
				return ktstr_error_set(e, -EINVAL,
					"there is a %s from node %u, which has no CPU: leave it out",
					what, a);
			if (!d->memory_mib[b])
				return ktstr_error_set(e, -EINVAL,
					"there is a %s to node %u, which has no memory: leave it out",
					what, b);
		}
	}
	return 0;
}

int ktstr_topology__of_detail(struct ktstr_topology *out, const struct ktstr_topology_detail *d,
			      struct ktstr_error *e)
{
	struct ktstr_topology t = {
		.nodes = d->nr_nodes, .llcs = d->nr_llcs, .cores = most(d->llc_core, d->nr_llcs),
		.threads = most(d->core_cpu, d->nr_cores), .detail = d,
	};
	int err = check_llcs(d, e);

	if (!err)
		err = check_memory(d, e);
	if (!err)
		err = check_distances(d, e);
	if (!err)
		err = check_hmat(d, e);
	if (!err)
		err = ktstr_topology__check(&t, e);
	if (!err)
		*out = t;
	return err;
}
