// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology as text for a terminal.
 */
#include <stdio.h>
#include <string.h>

#include "topo_out.h"

#define COLUMNS		80
#define NAME_WIDTH	15	/* of the longest preset */

void topo_out__label(char *dst, size_t size, const struct ktstr_topology *t, const char *from)
{
	char clean[100];

	/* A path may be any bytes. */
	text__clean(clean, sizeof(clean), from ? from : "", from ? strlen(from) : 0);
	if (!from)
		snprintf(dst, size, "%u,%u,%u,%u", t->nodes, t->llcs, t->cores, t->threads);
	else
		snprintf(dst, size, "%s (%u nodes, %u LLCs, %u CPUs)", clean, t->nodes, t->llcs,
			 ktstr_topology__nr_cpus(t));
}

void topo_out__line(struct buf *b, const char *name, const struct ktstr_topology *t,
		    const struct ktstr_topology_about *about)
{
	char shape[48];

	snprintf(shape, sizeof(shape), "%u,%u,%u,%u", t->nodes, t->llcs, t->cores, t->threads);
	buf__printf(b, "%-*s %4u CPUs  %-10s %s\n", NAME_WIDTH, name, ktstr_topology__nr_cpus(t),
		    ktstr_topology__is_even(t) ? shape : "uneven", about->text);
}

static int digits(uint32_t n)
{
	return n > 99 ? n > 999 ? 4 : 3 : n > 9 ? 2 : 1;
}

static void put_size(struct buf *b, uint64_t kib)
{
	char text[KTSTR_TOPOLOGY_SIZE_TEXT];

	buf__printf(b, "%s", ktstr_topology__size(text, sizeof(text), kib));
}

/* No core has that many threads, but what can be asked for must fit a line. */
#define THREADS_SHOWN	8u

static size_t core_width(uint32_t threads, int width)
{
	return 2 + (threads > THREADS_SHOWN ? 2 : threads) * (size_t)(width + 1);
}

static void put_core(struct buf *b, struct ktstr_range cpus, int width)
{
	if (cpus.nr > THREADS_SHOWN) {
		buf__printf(b, " [%*u-%*u]", width, cpus.first, width, cpus.first + cpus.nr - 1);
		return;
	}
	buf__printf(b, " [");
	for (uint32_t i = 0; i < cpus.nr; i++)
		buf__printf(b, "%s%*u", i ? " " : "", width, cpus.first + i);
	buf__printf(b, "]");
}

static void put_llc(struct buf *b, const struct ktstr_topology *t, uint32_t llc)
{
	struct ktstr_range cores = ktstr_topology__llc_cores(t, llc);
	int width = digits(ktstr_topology__nr_cpus(t) - 1);
	uint32_t kib = ktstr_topology__cache_kib(t, ktstr_topology__llc_cpus(t, llc).first,
						 KTSTR_L3);
	size_t start = b->len, indent, column;

	buf__printf(b, "  LLC %u:%*s", llc, digits(t->llcs - 1) - digits(llc), "");
	if (kib) {
		buf__printf(b, " ");
		put_size(b, kib);
	}
	indent = column = b->len - start;
	for (uint32_t i = 0; i < cores.nr; i++) {
		struct ktstr_range cpus = ktstr_topology__core_cpus(t, cores.first + i);
		size_t len = core_width(cpus.nr, width);

		if (column + len > COLUMNS && column > indent) {
			buf__printf(b, "\n%*s", (int)indent, "");
			column = indent;
		}
		put_core(b, cpus, width);
		column += len;
	}
	buf__printf(b, "\n");
}

static void put_memory(struct buf *b, const struct ktstr_topology *t, uint32_t node)
{
	uint32_t mib = t->detail ? t->detail->memory_mib[node] : KTSTR_NODE_MEMORY_AUTO;
	uint32_t cache = ktstr_topology__memory_cache_kib(t, node);

	if (mib == KTSTR_NODE_MEMORY_AUTO) {
		buf__printf(b, "a share of the memory");
	} else if (mib) {
		put_size(b, (uint64_t)mib << 10);
		buf__printf(b, " of memory");
	} else {
		buf__printf(b, "no memory");
	}
	if (cache) {
		buf__printf(b, " behind a cache of ");
		put_size(b, cache);
	}
}

static void put_node(struct buf *b, const struct ktstr_topology *t, uint32_t node)
{
	struct ktstr_range cpus = ktstr_topology__node_cpus(t, node);
	struct ktstr_range llcs = ktstr_topology__node_llcs(t, node);

	buf__printf(b, "node %u: ", node);
	if (cpus.nr > 1)
		buf__printf(b, "CPUs %u-%u, ", cpus.first, cpus.first + cpus.nr - 1);
	else if (cpus.nr)
		buf__printf(b, "CPU %u, ", cpus.first);
	else
		buf__printf(b, "no CPU, ");
	put_memory(b, t, node);
	buf__printf(b, "\n");
	for (uint32_t i = 0; i < llcs.nr; i++)
		put_llc(b, t, llcs.first + i);
}

typedef uint32_t (*figure_fn)(const struct ktstr_topology *t, uint32_t from, uint32_t to);

static void put_figure(struct buf *b, uint32_t value, int width)
{
	if (value)
		buf__printf(b, "%*u", width, value);
	else
		buf__printf(b, "%*s", width, "-");
}

/* Blocks of columns, so that 64 nodes fit a terminal as well. */
static void put_matrix(struct buf *b, const struct ktstr_topology *t, const char *title,
		       figure_fn of, int width)
{
	uint32_t block = (COLUMNS - 6) / (uint32_t)width;

	buf__printf(b, "%s, from row to column\n", title);
	for (uint32_t first = 0; first < t->nodes; first += block) {
		uint32_t end = first + block < t->nodes ? first + block : t->nodes;

		buf__printf(b, "  node");
		for (uint32_t to = first; to < end; to++)
			buf__printf(b, "%*u", width, to);
		buf__printf(b, "\n");
		for (uint32_t from = 0; from < t->nodes; from++) {
			buf__printf(b, "  %4u", from);
			for (uint32_t to = first; to < end; to++)
				put_figure(b, of(t, from, to), width);
			buf__printf(b, "\n");
		}
	}
}

static bool has_figure(const struct ktstr_topology *t, figure_fn of)
{
	for (uint32_t from = 0; from < t->nodes; from++)
		for (uint32_t to = 0; to < t->nodes; to++)
			if (of(t, from, to))
				return true;
	return false;
}

static void put_caches(struct buf *b, const struct ktstr_topology *t)
{
	static const char * const names[] = {
		[KTSTR_L1D] = "L1d", [KTSTR_L1I] = "L1i", [KTSTR_L2] = "L2",
	};
	const char *sep = "caches of a core: ";

	for (int i = KTSTR_L1D; i <= KTSTR_L2; i++) {
		uint32_t kib = ktstr_topology__cache_kib(t, 0, i);

		if (!kib)
			continue;
		buf__printf(b, "%s%s ", sep, names[i]);
		put_size(b, kib);
		sep = ", ";
	}
	if (*sep == ',')
		buf__printf(b, "\n");
}

static void put_capacities(struct buf *b, const struct ktstr_topology *t)
{
	uint32_t nr = ktstr_topology__nr_cpus(t), run;

	for (uint32_t cpu = 0; cpu < nr; cpu += run) {
		uint32_t capacity = ktstr_topology__capacity(t, cpu);

		for (run = 1; cpu + run < nr; run++)
			if (ktstr_topology__capacity(t, cpu + run) != capacity)
				break;
		if (capacity)
			buf__printf(b, "capacity of CPUs %u-%u: %u\n", cpu, cpu + run - 1,
				    capacity);
	}
}

void topo_out__picture(struct buf *b, const struct ktstr_topology *t)
{
	uint32_t nr = ktstr_topology__nr_cpus(t), cores = ktstr_topology__nr_cores(t);

	buf__printf(b, "%u CPU%s, %u core%s, %u LLC%s, %u node%s; APIC ids to %u; [] is a core\n", nr,
		    nr > 1 ? "s" : "", cores, cores > 1 ? "s" : "", t->llcs,
		    t->llcs > 1 ? "s" : "", t->nodes, t->nodes > 1 ? "s" : "",
		    ktstr_topology__apic_id_max(t));
	put_caches(b, t);
	for (uint32_t node = 0; node < t->nodes; node++)
		put_node(b, t, node);
	if (t->nodes > 1)
		put_matrix(b, t, "distance", ktstr_topology__distance, 4);
	if (has_figure(t, ktstr_topology__latency_ns))
		put_matrix(b, t, "latency in ns", ktstr_topology__latency_ns, 6);
	if (has_figure(t, ktstr_topology__bandwidth_mbps))
		put_matrix(b, t, "bandwidth in MB/s", ktstr_topology__bandwidth_mbps, 9);
	put_capacities(b, t);
}
