// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduling domains: names in debugfs, spans in /proc/schedstat, beside what
 * kernel/sched/topology.c makes of the model: levels from SMT up, of which one that
 * has a single CPU, or no more CPUs than the one below, is dropped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo_check.h"

#define DOMAINS_MAX	16

/* struct domain - of one CPU */
struct domain {
	const char *name;
	bool span[KTSTR_CPUS_MAX];
};

struct domains {
	struct domain d[DOMAINS_MAX];
	int nr;
};

static void add(struct domains *ds, const char *name, const bool *span)
{
	uint32_t cpus = 0;

	for (uint32_t cpu = 0; cpu < KTSTR_CPUS_MAX; cpu++)
		cpus += span[cpu];
	if (cpus < 2 || ds->nr == DOMAINS_MAX)
		return;
	if (ds->nr && !memcmp(ds->d[ds->nr - 1].span, span, sizeof(ds->d[0].span)))
		return;
	ds->d[ds->nr].name = name;
	memcpy(ds->d[ds->nr++].span, span, sizeof(ds->d[0].span));
}

static void add_range(struct domains *ds, const struct topo_check *c, const char *name,
		      struct ktstr_range range)
{
	bool span[KTSTR_CPUS_MAX] = { false };

	for (uint32_t cpu = range.first; cpu < range.first + range.nr; cpu++)
		span[cpu] = c->online[cpu];
	add(ds, name, span);
}

static bool node_is_up(const struct topo_check *c, uint32_t node)
{
	struct ktstr_range cpus = ktstr_topology__node_cpus(c->t, node);

	for (uint32_t cpu = cpus.first; cpu < cpus.first + cpus.nr; cpu++)
		if (c->online[cpu])
			return true;
	return false;
}

/* Every distance between nodes with CPUs, of the whole machine, is a level. */
static void find_levels(const struct topo_check *c, bool levels[KTSTR_DISTANCE_MAX + 1])
{
	for (uint32_t a = 0; a < c->t->nodes; a++)
		for (uint32_t b = 0; b < c->t->nodes; b++)
			if (node_is_up(c, a) && node_is_up(c, b))
				levels[ktstr_topology__distance(c->t, a, b)] = true;
}

static void add_numa(struct domains *ds, const struct topo_check *c, uint32_t node)
{
	bool levels[KTSTR_DISTANCE_MAX + 1] = { false };

	find_levels(c, levels);
	for (uint32_t level = KTSTR_DISTANCE_SELF + 1; level <= KTSTR_DISTANCE_MAX; level++) {
		bool span[KTSTR_CPUS_MAX] = { false };

		if (!levels[level])
			continue;
		for (uint32_t to = 0; to < c->t->nodes; to++) {
			struct ktstr_range r = ktstr_topology__node_cpus(c->t, to);

			for (uint32_t cpu = r.first; cpu < r.first + r.nr; cpu++)
				span[cpu] = c->online[cpu] &&
					    ktstr_topology__distance(c->t, node, to) <= level;
		}
		add(ds, "NUMA", span);
	}
}

static void expect(struct domains *ds, const struct topo_check *c, uint32_t cpu)
{
	uint32_t core = ktstr_topology__cpu_core(c->t, cpu);
	uint32_t llc = ktstr_topology__core_llc(c->t, core);
	uint32_t node = ktstr_topology__llc_node(c->t, llc);

	ds->nr = 0;
	add_range(ds, c, "SMT", ktstr_topology__core_cpus(c->t, core));
	add_range(ds, c, "MC", ktstr_topology__llc_cpus(c->t, llc));
	add_range(ds, c, "PKG", ktstr_topology__node_cpus(c->t, node));
	add_numa(ds, c, node);
}

/* Line "domain<n> <mask> ..." of a CPU; the mask is hex in groups of 32 bits, highest first. */
static const char *span_text(const struct topo_check *c, uint32_t cpu, int n)
{
	const char *at = topo_report__get(c->r, c->pass, "/proc/schedstat");
	uint32_t of = UINT32_MAX;
	int domain, skip;

	for (; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		sscanf(at, "cpu%u ", &of);
		if (of == cpu && sscanf(at, "domain%d %n", &domain, &skip) == 1 && domain == n)
			return at + skip;
	}
	return NULL;
}

static const char *span_list(const char *mask, char *buf, size_t len)
{
	bool set[KTSTR_CPUS_MAX] = { false };
	size_t digits = strspn(mask, "0123456789abcdef,");
	uint32_t bit = 0;

	while (digits--) {
		unsigned int value = 0;

		if (mask[digits] == ',')
			continue;
		sscanf((char []){ mask[digits], '\0' }, "%x", &value);
		for (int i = 0; i < 4 && bit < KTSTR_CPUS_MAX; i++, bit++)
			set[bit] = value >> i & 1;
	}
	return topo_check__list(set, KTSTR_CPUS_MAX, buf, len);
}

static void check_cpu(struct topo_check *c, uint32_t cpu, const struct domains *ds)
{
	char what[64], want[512], got[512];

	/* One more than expected must not be there. */
	for (int i = 0; i <= ds->nr && i < DOMAINS_MAX; i++) {
		const char *name = topo_report__get(c->r, c->pass,
				"/sys/kernel/debug/sched/domains/cpu%u/domain%d/name", cpu, i);
		const char *span = span_text(c, cpu, i);

		snprintf(what, sizeof(what), "name of domain %d of CPU %u", i, cpu);
		topo_check__same(c, what, i < ds->nr ? ds->d[i].name : "", name ? name : "");
		snprintf(what, sizeof(what), "span of domain %d of CPU %u", i, cpu);
		topo_check__list(i < ds->nr ? ds->d[i].span : (bool [KTSTR_CPUS_MAX]){ false },
				 KTSTR_CPUS_MAX, want, sizeof(want));
		topo_check__same(c, what, want, span ? span_list(span, got, sizeof(got)) : "");
	}
}

/** topo_check__domains() - the scheduling domains of every CPU that is up */
void topo_check__domains(struct topo_check *c)
{
	struct domains *ds = malloc(sizeof(*ds));

	for (uint32_t cpu = 0; ds && cpu < ktstr_topology__nr_cpus(c->t); cpu++) {
		if (!c->online[cpu])
			continue;
		expect(ds, c, cpu);
		check_cpu(c, cpu, ds);
	}
	if (!ds)
		c->wrong++;
	free(ds);
}
