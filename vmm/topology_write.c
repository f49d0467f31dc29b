// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology as the text that vmm/topology_read.c reads.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ktstr/topology_text.h>

const char *ktstr_topology__size(char *dst, size_t len, uint64_t kib)
{
	static const char units[] = "KMGT";
	unsigned int unit = 0;

	while (kib && unit < 3 && kib % 1024 == 0) {
		kib /= 1024;
		unit++;
	}
	snprintf(dst, len, "%llu%c", (unsigned long long)kib, units[unit]);
	return dst;
}

static void put_size(FILE *f, uint64_t kib)
{
	char text[KTSTR_TOPOLOGY_SIZE_TEXT];

	fputs(ktstr_topology__size(text, sizeof(text), kib), f);
}

/* A "shape" line says nothing of an LLC's size. */
static bool is_a_shape(const struct ktstr_topology *t)
{
	for (uint32_t llc = 0; t->detail && llc < t->detail->nr_llcs; llc++)
		if (t->detail->llc_kib[llc])
			return false;
	return ktstr_topology__is_even(t);
}

static void put_caches(FILE *f, const struct ktstr_topology_detail *d)
{
	static const char * const names[] = {
		[KTSTR_L1D] = "l1d", [KTSTR_L1I] = "l1i", [KTSTR_L2] = "l2", [KTSTR_L3] = "l3",
	};

	for (int i = 0; i < KTSTR_NR_CACHES; i++) {
		if (!d->cache_kib[i])
			continue;
		fprintf(f, "cache %s ", names[i]);
		put_size(f, d->cache_kib[i]);
		fprintf(f, "\n");
	}
}

/* Without @always nothing is said of a node that is as nodes are. */
static void put_node(FILE *f, const struct ktstr_topology_detail *d, uint32_t node, bool always)
{
	bool sized = d->memory_mib[node] != KTSTR_NODE_MEMORY_AUTO;

	if (!always && !sized && !d->memory_cache_kib[node])
		return;
	fprintf(f, "node %u", node);
	if (sized && !d->memory_mib[node]) {
		fprintf(f, " memory 0");
	} else if (sized) {
		fprintf(f, " memory ");
		put_size(f, (uint64_t)d->memory_mib[node] << 10);
	}
	if (d->memory_cache_kib[node]) {
		fprintf(f, " memory-cache ");
		put_size(f, d->memory_cache_kib[node]);
	}
	fprintf(f, "\n");
}

static bool same_llc(const struct ktstr_topology *t, uint32_t a, uint32_t b)
{
	struct ktstr_range ca = ktstr_topology__llc_cores(t, a);
	struct ktstr_range cb = ktstr_topology__llc_cores(t, b);

	if (ca.nr != cb.nr || t->detail->llc_kib[a] != t->detail->llc_kib[b])
		return false;
	for (uint32_t i = 0; i < ca.nr; i++)
		if (ktstr_topology__core_cpus(t, ca.first + i).nr !=
		    ktstr_topology__core_cpus(t, cb.first + i).nr)
			return false;
	return true;
}

/* Runs of cores that are alike. */
static void put_cores(FILE *f, const struct ktstr_topology *t, uint32_t llc)
{
	struct ktstr_range cores = ktstr_topology__llc_cores(t, llc);
	uint32_t run;

	for (uint32_t i = 0; i < cores.nr; i += run) {
		uint32_t threads = ktstr_topology__core_cpus(t, cores.first + i).nr;

		for (run = 1; i + run < cores.nr; run++)
			if (ktstr_topology__core_cpus(t, cores.first + i + run).nr != threads)
				break;
		fprintf(f, i ? "+%u" : "%u", run);
		if (threads > 1)
			fprintf(f, "x%u", threads);
	}
}

static void put_llcs(FILE *f, const struct ktstr_topology *t, uint32_t node)
{
	struct ktstr_range llcs = ktstr_topology__node_llcs(t, node);
	uint32_t end = llcs.first + llcs.nr, run;

	for (uint32_t llc = llcs.first; llc < end; llc += run) {
		for (run = 1; llc + run < end && same_llc(t, llc, llc + run); run++)
			;
		fprintf(f, "llc ");
		put_cores(f, t, llc);
		if (t->detail->llc_kib[llc]) {
			fprintf(f, " size ");
			put_size(f, t->detail->llc_kib[llc]);
		}
		if (run > 1)
			fprintf(f, " times %u", run);
		fprintf(f, "\n");
	}
}

/* Both ways in one line where they are the same. */
static void put_matrix(FILE *f, const struct ktstr_topology *t, const char *name, uint32_t none,
		       uint32_t (*of)(const struct ktstr_topology *t, uint32_t a, uint32_t b))
{
	for (uint32_t a = 0; a < t->nodes; a++) {
		for (uint32_t b = 0; b < t->nodes; b++) {
			uint32_t there = of(t, a, b), back = of(t, b, a);
			bool said = a > b && there == back;

			if (!said && (there != none || back != there) && there)
				fprintf(f, "%s %u %u %u\n", name, a, b, there);
		}
	}
}

static uint32_t distance_to_others(const struct ktstr_topology *t, uint32_t a, uint32_t b)
{
	return a == b ? KTSTR_DISTANCE_REMOTE : ktstr_topology__distance(t, a, b);
}

static void put_capacities(FILE *f, const struct ktstr_topology *t)
{
	uint32_t nr = ktstr_topology__nr_cpus(t), run;

	for (uint32_t cpu = 0; cpu < nr; cpu += run) {
		uint32_t capacity = ktstr_topology__capacity(t, cpu);

		for (run = 1; cpu + run < nr; run++)
			if (ktstr_topology__capacity(t, cpu + run) != capacity)
				break;
		if (capacity && run > 1)
			fprintf(f, "capacity %u-%u %u\n", cpu, cpu + run - 1, capacity);
		else if (capacity)
			fprintf(f, "capacity %u %u\n", cpu, capacity);
	}
}

static void put(FILE *f, const struct ktstr_topology *t, const char *about)
{
	bool even = is_a_shape(t);

	if (about && *about)
		fprintf(f, "about %s\n", about);
	if (even)
		fprintf(f, "shape %u,%u,%u,%u\n", t->nodes, t->llcs, t->cores, t->threads);
	if (!t->detail)
		return;
	put_caches(f, t->detail);
	for (uint32_t node = 0; node < t->nodes; node++) {
		put_node(f, t->detail, node, !even);
		if (!even)
			put_llcs(f, t, node);
	}
	put_matrix(f, t, "distance", KTSTR_DISTANCE_REMOTE, distance_to_others);
	put_matrix(f, t, "latency", 0, ktstr_topology__latency_ns);
	put_matrix(f, t, "bandwidth", 0, ktstr_topology__bandwidth_mbps);
	put_capacities(f, t);
}

char *ktstr_topology__text(const struct ktstr_topology *t, const char *about)
{
	char *text = NULL;
	size_t len;
	int failed;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	put(f, t, about);
	failed = ferror(f);
	if (!fclose(f) && !failed)
		return text;
	free(text);
	return NULL;
}
