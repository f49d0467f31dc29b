// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs, caches, nodes and memory in sysfs, and what the kernel log must not have.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo_check.h"

#define CPU	"/sys/devices/system/cpu/"
#define NODE	"/sys/devices/system/node/"
#define PAGE	4096u
#define LIST	512u

/* RAM below 1 MiB that is not the kernel's: page 0, and from 639 KiB to 1 MiB. */
#define LOW_HOLE_PAGES	(1 + 256 - 159)

void topo_check__same(struct topo_check *c, const char *what, const char *want, const char *got)
{
	c->compared++;
	if (got && !strcmp(want, got))
		return;
	c->wrong++;
	if (!c->quiet)
		printf("# pass %d: %s is '%s', not '%s'\n", c->pass, what,
		       got ? got : "(not there)", want);
}

const char *topo_check__list(const bool *set, uint32_t nr, char *buf, size_t len)
{
	size_t at = 0;

	buf[0] = '\0';
	for (uint32_t i = 0; i < nr && at < len; i++) {
		uint32_t last = i;

		if (!set[i])
			continue;
		while (last + 1 < nr && set[last + 1])
			last++;
		at += snprintf(buf + at, len - at, "%s%u", at ? "," : "", i);
		if (last > i && at < len)
			at += snprintf(buf + at, len - at, "-%u", last);
		i = last;
	}
	return buf;
}

static void same_file(struct topo_check *c, const char *want, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void same_file(struct topo_check *c, const char *want, const char *fmt, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	topo_check__same(c, path, want, topo_report__get(c->r, c->pass, "%s", path));
}

/* Of some CPUs that follow each other, those that are up. */
static const char *online_of(const struct topo_check *c, struct ktstr_range range, char *buf)
{
	bool set[KTSTR_CPUS_MAX] = { false };

	for (uint32_t cpu = range.first; cpu < range.first + range.nr; cpu++)
		set[cpu] = c->online[cpu];
	return topo_check__list(set, KTSTR_CPUS_MAX, buf, LIST);
}

static void check_siblings(struct topo_check *c, uint32_t cpu)
{
	uint32_t core = ktstr_topology__cpu_core(c->t, cpu);
	char list[LIST], text[16];

	online_of(c, ktstr_topology__core_cpus(c->t, core), list);
	same_file(c, list, CPU "cpu%u/topology/thread_siblings_list", cpu);
	same_file(c, list, CPU "cpu%u/topology/core_cpus_list", cpu);
	online_of(c, ktstr_topology__llc_cpus(c->t, ktstr_topology__core_llc(c->t, core)), list);
	same_file(c, list, CPU "cpu%u/topology/die_cpus_list", cpu);
	online_of(c, ktstr_topology__node_cpus(c->t, ktstr_topology__cpu_node(c->t, cpu)), list);
	same_file(c, list, CPU "cpu%u/topology/package_cpus_list", cpu);
	same_file(c, list, CPU "cpu%u/topology/core_siblings_list", cpu);
	snprintf(text, sizeof(text), "%u", ktstr_topology__cpu_node(c->t, cpu));
	same_file(c, text, CPU "cpu%u/topology/physical_package_id", cpu);
}

static void check_caches(struct topo_check *c, uint32_t cpu)
{
	static const struct { const char *level, *type; uint32_t kib; } known[] = {
		[KTSTR_L1D] = { "1", "Data", 32 }, [KTSTR_L1I] = { "1", "Instruction", 32 },
		[KTSTR_L2] = { "2", "Unified", 512 }, [KTSTR_L3] = { "3", "Unified", 16384 },
	};
	uint32_t core = ktstr_topology__cpu_core(c->t, cpu);
	char list[LIST], text[16];

	for (int i = 0; i < KTSTR_NR_CACHES; i++) {
		uint32_t kib = ktstr_topology__cache_kib(c->t, cpu, i);

		same_file(c, known[i].level, CPU "cpu%u/cache/index%d/level", cpu, i);
		same_file(c, known[i].type, CPU "cpu%u/cache/index%d/type", cpu, i);
		snprintf(text, sizeof(text), "%uK", kib ? kib : known[i].kib);
		same_file(c, text, CPU "cpu%u/cache/index%d/size", cpu, i);
		online_of(c, i == KTSTR_L3 ?
			  ktstr_topology__llc_cpus(c->t, ktstr_topology__core_llc(c->t, core)) :
			  ktstr_topology__core_cpus(c->t, core), list);
		same_file(c, list, CPU "cpu%u/cache/index%d/shared_cpu_list", cpu, i);
	}
	c->compared++;
	if (topo_report__get(c->r, c->pass, CPU "cpu%u/cache/index4/level", cpu))
		topo_check__same(c, "a fifth cache", "", "there");
}

/** topo_check__cpus() - SMT siblings, dies, packages and caches of every CPU that is up */
void topo_check__cpus(struct topo_check *c)
{
	uint32_t nr = ktstr_topology__nr_cpus(c->t);
	bool all[KTSTR_CPUS_MAX] = { false };
	char list[LIST];

	memset(all, true, nr);
	topo_check__list(all, nr, list, sizeof(list));
	same_file(c, list, CPU "possible");
	same_file(c, list, CPU "present");
	topo_check__list(c->online, nr, list, sizeof(list));
	same_file(c, list, CPU "online");
	for (uint32_t cpu = 0; cpu < nr; cpu++) {
		if (!c->online[cpu])
			continue;
		check_siblings(c, cpu);
		check_caches(c, cpu);
	}
}

/* "Node 1, zone DMA32" ... "        present  32768": the sum over a node's zones. */
static uint64_t present_pages(const struct topo_check *c, uint32_t node)
{
	const char *at = topo_report__get(c->r, c->pass, "/proc/zoneinfo");
	uint64_t sum = 0, pages;
	uint32_t of = UINT32_MAX;

	for (; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		sscanf(at, "Node %u, zone", &of);
		if (of == node && sscanf(at, " present %lu", &pages) == 1)
			sum += pages;
	}
	return sum;
}

static void check_memory(struct topo_check *c, uint32_t node)
{
	uint64_t bytes = ktstr_topology__node_memory(c->t, node, c->memory), before = 0;
	uint64_t pages = bytes / PAGE, got = present_pages(c, node);

	for (uint32_t i = 0; i < node; i++)
		before += ktstr_topology__node_memory(c->t, i, c->memory);
	if (bytes && !before)
		pages -= LOW_HOLE_PAGES;
	c->compared++;
	if (pages == got)
		return;
	c->wrong++;
	if (!c->quiet)
		printf("# pass %d: node %u has %lu pages, not %lu\n", c->pass, node, got, pages);
}

static void check_distances(struct topo_check *c, uint32_t node)
{
	char text[LIST];
	size_t at = 0;

	for (uint32_t to = 0; to < c->t->nodes; to++)
		at += snprintf(text + at, sizeof(text) - at, "%s%u", to ? " " : "",
			       ktstr_topology__distance(c->t, node, to));
	same_file(c, text, NODE "node%u/distance", node);
}

/* HMAT's entries have 16 bits: the largest bandwidth says how coarse all of them are. */
static uint32_t told_bandwidth(const struct topo_check *c, uint32_t from, uint32_t to)
{
	uint32_t most = 0, unit;

	for (uint32_t a = 0; a < c->t->nodes; a++)
		for (uint32_t b = 0; b < c->t->nodes; b++)
			if (ktstr_topology__bandwidth_mbps(c->t, a, b) > most)
				most = ktstr_topology__bandwidth_mbps(c->t, a, b);
	unit = (most + 65533) / 65534;
	return ktstr_topology__bandwidth_mbps(c->t, from, to) / unit * unit;
}

/* Linux shows the costs of the best initiator: least latency, then most bandwidth. */
static void check_costs(struct topo_check *c, uint32_t node)
{
	uint32_t from = node, cache = ktstr_topology__memory_cache_kib(c->t, node);
	char text[32];

	if (!ktstr_topology__has_hmat(c->t) || !ktstr_topology__node_has_memory(c->t, node))
		return;
	if (!ktstr_topology__node_cpus(c->t, node).nr)
		for (uint32_t i = from = 0; i < c->t->nodes; i++)
			if (ktstr_topology__node_cpus(c->t, i).nr &&
			    ktstr_topology__latency_ns(c->t, i, node) <
			    ktstr_topology__latency_ns(c->t, from, node))
				from = i;
	snprintf(text, sizeof(text), "%u", ktstr_topology__latency_ns(c->t, from, node));
	same_file(c, text, NODE "node%u/access0/initiators/read_latency", node);
	snprintf(text, sizeof(text), "%u", told_bandwidth(c, from, node));
	same_file(c, text, NODE "node%u/access0/initiators/read_bandwidth", node);
	if (!cache)
		return;
	snprintf(text, sizeof(text), "%lu", cache * 1024ul);
	same_file(c, text, NODE "node%u/memory_side_cache/index1/size", node);
}

/** topo_check__nodes() - which nodes there are, with which CPUs, memory, distances, costs */
void topo_check__nodes(struct topo_check *c)
{
	bool all[KTSTR_NODES_MAX] = { false }, cpus[KTSTR_NODES_MAX] = { false };
	bool memory[KTSTR_NODES_MAX] = { false };
	char list[LIST];

	for (uint32_t node = 0; node < c->t->nodes; node++) {
		all[node] = true;
		memory[node] = ktstr_topology__node_has_memory(c->t, node);
		online_of(c, ktstr_topology__node_cpus(c->t, node), list);
		cpus[node] = *list;
		same_file(c, list, NODE "node%u/cpulist", node);
		check_memory(c, node);
		check_distances(c, node);
		check_costs(c, node);
	}
	same_file(c, topo_check__list(all, KTSTR_NODES_MAX, list, LIST), NODE "online");
	same_file(c, topo_check__list(cpus, KTSTR_NODES_MAX, list, LIST), NODE "has_cpu");
	same_file(c, topo_check__list(memory, KTSTR_NODES_MAX, list, LIST), NODE "has_memory");
}

/* What a kernel prints that does not believe its topology or its tables. */
static const char * const doubts[] = {
	"[Firmware ", "-sibling CPU", "APIC ID mismatch", "Topology: ", "topology: ",
	"CPU limit of", "exceed the limit", "not the first enumerated", "Unknown domain type",
	"ACPI Error", "ACPI BIOS Error", "ACPI Warning", "ACPI Exception", "ACPI: Failed",
	"SRAT not used", "SRAT: Hotplug", "skipped apicid", "Too many proximity",
	"Your BIOS", "BIOS bug", "NUMA: Warning", "not covered", "Node-distance", "Ignoring dependency",
	"HMAT: Ignoring", "HMAT: Unsupported", "HMAT: Unexpected", "Invalid Memory domain",
	"failed to reserve", "WARNING: ", "BUG: ", "Oops", "Call Trace", "stuck",
	"failed to come online", "do_boot_cpu failed", "unchecked MSR", "Faking a node",
};

static bool is_doubt(const struct topo_check *c, const char *line, size_t len, const char *doubt)
{
	/* A machine of one node needs no SRAT. */
	if (!strcmp(doubt, "Faking a node") && c->t->nodes == 1)
		return false;
	return memmem(line, len, doubt, strlen(doubt));
}

/** topo_check__log() - the kernel log has no complaint */
void topo_check__log(struct topo_check *c)
{
	const char *log = topo_report__get(c->r, 0, "log"), *line = log;

	topo_check__same(c, "the kernel log", "there", log && strstr(log, "Linux version") ?
			 "there" : NULL);
	for (size_t len; line && *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		c->compared++;
		for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++) {
			if (!is_doubt(c, line, len, doubts[i]))
				continue;
			c->wrong++;
			printf("# the kernel doubts: %.*s\n", (int)len, line);
			break;
		}
	}
}
