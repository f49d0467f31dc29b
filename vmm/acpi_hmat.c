// SPDX-License-Identifier: GPL-2.0-only
/*
 * HMAT: what an access costs, from each node with CPUs to each with memory, and
 * caches in front of memory (ACPI 6.3, section 5.2.27).
 */
#include <stdbool.h>

#include "acpi_put.h"

#define HMAT_REVISION		2
#define HMAT_PROXIMITY		0
#define HMAT_LOCALITY		1
#define HMAT_CACHE		2
#define INITIATOR_VALID		1u
#define ACCESS_LATENCY		0
#define ACCESS_BANDWIDTH	3
#define ENTRY_MAX		0xfffeu		/* 0xffff means unreachable, 0 unknown */
#define PS_PER_NS		1000u
#define CACHE_ONE_LEVEL		(1u | 1u << 4)
#define CACHE_DIRECT_MAPPED	(1u << 8)
#define CACHE_WRITE_BACK	(1u << 12)
#define CACHE_LINE		(64u << 16)

/* struct locality - one of the two tables of costs */
struct locality {
	uint8_t type;
	uint32_t (*cost)(const struct ktstr_topology *t, uint32_t from, uint32_t to);
};

static const struct locality localities[] = {
	{ ACCESS_LATENCY, ktstr_topology__latency_ns },
	{ ACCESS_BANDWIDTH, ktstr_topology__bandwidth_mbps },
};

static bool has_cpus(const struct ktstr_topology *t, uint32_t node)
{
	return ktstr_topology__node_llcs(t, node).nr;
}

/* A node with CPUs is its own memory's initiator; Linux looks for the best one of others. */
static void put_proximity(struct acpi_blob *b, const struct ktstr_topology *t, uint32_t node)
{
	bool initiator = has_cpus(t, node);

	acpi_put(b, HMAT_PROXIMITY, 2);
	acpi_put(b, 0, 2);
	acpi_put(b, 40, 4);
	acpi_put(b, initiator ? INITIATOR_VALID : 0, 2);
	acpi_put(b, 0, 2);
	acpi_put(b, initiator ? node : 0, 4);
	acpi_put(b, node, 4);
	acpi_put_zeros(b, 20);
}

static uint32_t largest(const struct ktstr_topology *t, const struct locality *l)
{
	uint32_t most = 0;

	for (uint32_t from = 0; from < t->nodes; from++) {
		for (uint32_t to = 0; to < t->nodes; to++) {
			uint32_t cost = l->cost(t, from, to);

			most = cost > most ? cost : most;
		}
	}
	return most;
}

/* The nodes that are initiators, or the targets; return: how many. */
static uint32_t put_nodes(struct acpi_blob *b, const struct ktstr_topology *t,
			  bool (*wanted)(const struct ktstr_topology *t, uint32_t node))
{
	uint32_t nr = 0;

	for (uint32_t node = 0; node < t->nodes; node++) {
		if (!wanted(t, node))
			continue;
		acpi_put(b, node, 4);
		nr++;
	}
	return nr;
}

/* An entry is the cost in units of the table; what is known never becomes "unknown". */
static void put_costs(struct acpi_blob *b, const struct ktstr_topology *t,
		      const struct locality *l, uint32_t unit)
{
	for (uint32_t from = 0; from < t->nodes; from++) {
		for (uint32_t to = 0; has_cpus(t, from) && to < t->nodes; to++) {
			uint32_t cost = l->cost(t, from, to);

			if (!ktstr_topology__node_has_memory(t, to))
				continue;
			acpi_put(b, cost && cost < unit ? 1 : cost / unit, 2);
		}
	}
}

static void put_locality(struct acpi_blob *b, const struct ktstr_topology *t,
			 const struct locality *l)
{
	uint32_t most = largest(t, l), unit = most / ENTRY_MAX + !!(most % ENTRY_MAX);
	uint32_t initiators, targets;
	size_t start = b->len;

	if (!most)
		return;
	acpi_put(b, HMAT_LOCALITY, 2);
	acpi_put(b, 0, 2);
	acpi_put(b, 0, 4);		/* length, later */
	acpi_put(b, 0, 1);		/* memory itself, not its cache */
	acpi_put(b, l->type, 1);
	acpi_put(b, 0, 2);
	acpi_put(b, 0, 8);		/* initiators, targets: later */
	acpi_put(b, 0, 4);
	acpi_put(b, (uint64_t)unit * (l->type == ACCESS_LATENCY ? PS_PER_NS : 1), 8);
	initiators = put_nodes(b, t, has_cpus);
	targets = put_nodes(b, t, ktstr_topology__node_has_memory);
	put_costs(b, t, l, unit);
	acpi_patch32(b, start + 4, (uint32_t)(b->len - start));
	acpi_patch32(b, start + 12, initiators);
	acpi_patch32(b, start + 16, targets);
}

static void put_cache(struct acpi_blob *b, uint32_t node, uint32_t kib)
{
	acpi_put(b, HMAT_CACHE, 2);
	acpi_put(b, 0, 2);
	acpi_put(b, 32, 4);
	acpi_put(b, node, 4);
	acpi_put(b, 0, 4);
	acpi_put(b, (uint64_t)kib * 1024, 8);
	acpi_put(b, CACHE_ONE_LEVEL | CACHE_DIRECT_MAPPED | CACHE_WRITE_BACK | CACHE_LINE, 4);
	acpi_put(b, 0, 2);
	acpi_put(b, 0, 2);		/* no SMBIOS handles */
}

/**
 * acpi_put_hmat() - append the HMAT
 * @b: blob
 * @t: checked topology with facts for it
 */
void acpi_put_hmat(struct acpi_blob *b, const struct ktstr_topology *t)
{
	size_t start = acpi_table_begin(b, "HMAT", HMAT_REVISION);

	acpi_put(b, 0, 4);
	for (uint32_t node = 0; node < t->nodes; node++)
		if (ktstr_topology__node_has_memory(t, node))
			put_proximity(b, t, node);
	for (size_t i = 0; i < sizeof(localities) / sizeof(localities[0]); i++)
		put_locality(b, t, &localities[i]);
	for (uint32_t node = 0; node < t->nodes; node++)
		if (ktstr_topology__memory_cache_kib(t, node))
			put_cache(b, node, ktstr_topology__memory_cache_kib(t, node));
	acpi_table_end(b, start);
}
