// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology file that was accepted, read again: without a check, word by word.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/topology_text.h>

#include "oracle.h"
#include "tables.h"

#define WORDS_MAX	16u

/**
 * struct model - what the lines so far said
 * @nodes, @llcs, @cpus: how many there are
 * @word, @nr: words of the line
 */
struct model {
	const struct ktstr_topology *t;
	uint32_t nodes, llcs, cpus;
	char *word[WORDS_MAX];
	unsigned int nr;
};

static uint32_t number_of(const char *s)
{
	return (uint32_t)strtoul(s, NULL, 10);
}

static uint64_t kib_of(const char *s)
{
	char *unit;
	uint64_t n = strtoull(s, &unit, 10);

	return *unit ? n << 10 * (strchr("KMGT", *unit) - "KMGT") : n;
}

/* The word behind a word, or NULL. */
static const char *option(const struct model *m, const char *name)
{
	for (unsigned int i = 2; i + 1 < m->nr; i += 2)
		if (!strcmp(m->word[i], name))
			return m->word[i + 1];
	return NULL;
}

static void take_shape(struct model *m)
{
	uint32_t cores, threads;

	CHECK(sscanf(m->word[1], "%u,%u,%u,%u", &m->nodes, &m->llcs, &cores, &threads) == 4,
	      "shape %s was accepted", m->word[1]);
	m->cpus = m->llcs * cores * threads;
}

static void take_node(struct model *m)
{
	uint32_t node = number_of(m->word[1]);
	const char *memory = option(m, "memory"), *cache = option(m, "memory-cache");
	uint64_t total = ktstr_topology__sized_memory(m->t) << 20, got;

	CHECK(node <= m->nodes && node < m->t->nodes, "node %u of %u", node, m->t->nodes);
	m->nodes += node == m->nodes;
	if (memory) {
		got = ktstr_topology__node_memory(m->t, node, total);
		CHECK(got >> 10 == kib_of(memory), "memory %s of node %u is %lu", memory, node,
		      got);
	}
	if (cache)
		CHECK(ktstr_topology__memory_cache_kib(m->t, node) == kib_of(cache),
		      "memory-cache %s of node %u", cache, node);
}

static uint32_t llc_cpus(char *groups)
{
	uint32_t cpus = 0;

	for (char *end = groups; ; groups = end + 1) {
		uint32_t cores = (uint32_t)strtoul(groups, &end, 10), threads = 1;

		if (*end == 'x')
			threads = (uint32_t)strtoul(end + 1, &end, 10);
		cpus += cores * threads;
		if (*end != '+')
			return cpus;
	}
}

static void take_llc(struct model *m)
{
	const char *times = option(m, "times"), *size = option(m, "size");
	uint32_t cpus = llc_cpus(m->word[1]);

	for (uint32_t n = times ? number_of(times) : 1; n; n--) {
		CHECK(m->llcs < m->t->llcs, "%u LLCs are too few", m->t->llcs);
		CHECK(ktstr_topology__llc_node(m->t, m->llcs) == m->nodes - 1, "node of LLC %u",
		      m->llcs);
		CHECK(ktstr_topology__llc_cpus(m->t, m->llcs).nr == cpus, "CPUs of LLC %u",
		      m->llcs);
		if (size)
			CHECK(ktstr_topology__cache_kib(m->t, m->cpus, KTSTR_L3) == kib_of(size),
			      "size of LLC %u", m->llcs);
		m->llcs++;
		m->cpus += cpus;
	}
}

static void take_cache(struct model *m)
{
	static const struct {
		const char *name;
		enum ktstr_cache cache;
	} caches[] = {
		{ "l1d", KTSTR_L1D }, { "l1i", KTSTR_L1I }, { "l2", KTSTR_L2 },
	};

	for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
		if (!strcmp(m->word[1], caches[i].name))
			CHECK(ktstr_topology__cache_kib(m->t, 0, caches[i].cache) ==
			      kib_of(m->word[2]), "size of %s", m->word[1]);
}

static void take_way(struct model *m)
{
	uint32_t from = number_of(m->word[1]), to = number_of(m->word[2]), got;

	CHECK(from < m->t->nodes && to < m->t->nodes, "from node %u to %u", from, to);
	if (!strcmp(m->word[0], "distance"))
		got = ktstr_topology__distance(m->t, from, to);
	else if (!strcmp(m->word[0], "latency"))
		got = ktstr_topology__latency_ns(m->t, from, to);
	else
		got = ktstr_topology__bandwidth_mbps(m->t, from, to);
	CHECK(got == number_of(m->word[3]), "%s from %u to %u is %u, not %s", m->word[0], from, to,
	      got, m->word[3]);
}

static void take_line(struct model *m, char *line)
{
	static const struct {
		const char *name;
		void (*take)(struct model *m);
	} statements[] = {
		{ "shape", take_shape }, { "node", take_node }, { "llc", take_llc },
		{ "cache", take_cache }, { "distance", take_way }, { "latency", take_way },
		{ "bandwidth", take_way },
	};
	char *save, *word = strtok_r(line, " \t", &save);

	for (m->nr = 0; word && m->nr < WORDS_MAX; word = strtok_r(NULL, " \t", &save))
		m->word[m->nr++] = word;
	for (size_t i = 0; m->nr && i < sizeof(statements) / sizeof(statements[0]); i++)
		if (!strcmp(m->word[0], statements[i].name))
			statements[i].take(m);
}

/* Bytes as a string: a comment may have a NUL. */
static char *copy_of(const char *text, size_t len)
{
	char *copy = malloc(len + 1);

	CHECK(copy, "no memory");
	for (size_t i = 0; i < len; i++)
		copy[i] = text[i] ? text[i] : '?';
	copy[len] = '\0';
	return copy;
}

void topology_model__check(const char *text, size_t len, const struct ktstr_topology *t)
{
	struct model m = { .t = t };
	char *copy = copy_of(text, len), *save;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "#")] = '\0';
		take_line(&m, line);
	}
	free(copy);
	CHECK(m.nodes == t->nodes && m.llcs == t->llcs && m.cpus == ktstr_topology__nr_cpus(t),
	      "%u nodes, %u LLCs, %u CPUs are %u, %u, %u", m.nodes, m.llcs, m.cpus, t->nodes,
	      t->llcs, ktstr_topology__nr_cpus(t));
}
