// SPDX-License-Identifier: GPL-2.0-only
/*
 * SRAT and SLIT: which node CPUs and memory belong to, and how far apart nodes are
 * (ACPI 6.3, sections 5.2.16 and 5.2.17).
 */
#include "acpi_put.h"
#include "node_memory.h"

#define SRAT_REVISION		3
#define SRAT_CPU		0
#define SRAT_MEMORY		1
#define SRAT_X2APIC		2
#define ENABLED			1u	/* and not hot-pluggable */

static void put_cpu(struct acpi_blob *b, uint32_t node, uint32_t id)
{
	if (id < ACPI_X2APIC_IDS) {
		acpi_put(b, SRAT_CPU, 1);
		acpi_put(b, 16, 1);
		acpi_put(b, node, 1);
		acpi_put(b, id, 1);
		acpi_put(b, ENABLED, 4);
		acpi_put_zeros(b, 8);	/* SAPIC EID, domain bits 31:8, clock domain */
		return;
	}
	acpi_put(b, SRAT_X2APIC, 1);
	acpi_put(b, 24, 1);
	acpi_put(b, 0, 2);
	acpi_put(b, node, 4);
	acpi_put(b, id, 4);
	acpi_put(b, ENABLED, 4);
	acpi_put_zeros(b, 8);		/* clock domain */
}

static void put_memory(struct acpi_blob *b, uint32_t node, const struct node_range *range)
{
	acpi_put(b, SRAT_MEMORY, 1);
	acpi_put(b, 40, 1);
	acpi_put(b, node, 4);
	acpi_put(b, 0, 2);
	acpi_put(b, range->start, 8);
	acpi_put(b, range->len, 8);
	acpi_put(b, 0, 4);
	acpi_put(b, ENABLED, 4);
	acpi_put(b, 0, 8);
}

/**
 * acpi_put_srat() - append the SRAT
 * @b: blob
 * @t: checked topology
 * @ram: RAM
 */
void acpi_put_srat(struct acpi_blob *b, const struct ktstr_topology *t, const struct acpi_ram *ram)
{
	struct node_range range[NODE_MEMORY_RANGES];
	size_t start = acpi_table_begin(b, "SRAT", SRAT_REVISION);

	acpi_put(b, 1, 4);
	acpi_put(b, 0, 8);
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++)
		put_cpu(b, ktstr_topology__cpu_node(t, cpu), ktstr_topology__apic_id(t, cpu));
	for (uint32_t node = 0; node < t->nodes; node++) {
		unsigned int nr = node_memory__ranges(t, node, ram->low, ram->high, range);

		for (unsigned int i = 0; i < nr; i++)
			put_memory(b, node, &range[i]);
	}
	acpi_table_end(b, start);
}

/**
 * acpi_put_slit() - append the SLIT
 * @b: blob
 * @t: checked topology
 */
void acpi_put_slit(struct acpi_blob *b, const struct ktstr_topology *t)
{
	size_t start = acpi_table_begin(b, "SLIT", 1);

	acpi_put(b, t->nodes, 8);
	for (uint32_t from = 0; from < t->nodes; from++)
		for (uint32_t to = 0; to < t->nodes; to++)
			acpi_put(b, ktstr_topology__distance(t, from, to), 1);
	acpi_table_end(b, start);
}
