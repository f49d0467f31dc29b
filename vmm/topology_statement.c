// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statements of a topology file, one a line.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/cpulist.h>

#include "topology_read.h"

#define CACHE_MAX_KIB		(4ull << 20)	/* 4 GiB */
#define MEMORY_CACHE_MAX_KIB	(1ull << 30)	/* 1 TiB */
#define MEMORY_MIN_MIB		4ull		/* x86 kernels ignore a node with less */
#define LATENCY_MAX_NS		65534u		/* what an entry of HMAT holds */
#define BANDWIDTH_MAX_MBPS	10000000u

/* Decimal digits and nothing else; strtoull() alone would take blanks and signs. */
static int number(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > max)
			return -ERANGE;
	}
	*out = n;
	return 0;
}

/* A number with its unit, which every size but 0 must have; in KiB. */
static int size_kib(struct topology_reader *r, const char *what, const char *s, uint64_t min,
		    uint64_t max, uint64_t *out)
{
	static const char units[] = "KMGT";
	size_t len = strlen(s);
	const char *unit = len ? strchr(units, s[len - 1]) : NULL;
	char digits[24];

	if (!strcmp(s, "0") && !min) {
		*out = 0;
		return 0;
	}
	if (!unit || len - 1 >= sizeof(digits))
		return topology_reader__fail(r, "%s %.40s is no size: give a number and K, M, G or T, such as 64M",
					     what, s);
	memcpy(digits, s, len - 1);
	digits[len - 1] = '\0';
	switch (number(digits, max >> 10 * (unit - units), out)) {
	case 0:
		*out <<= 10 * (unit - units);
		if (*out >= min)
			return 0;
		break;
	case -EINVAL:
		return topology_reader__fail(r, "%s %.40s is no size: give a number and K, M, G or T, such as 64M",
					     what, s);
	}
	return topology_reader__fail(r, "%s %.40s is out of range: give %s to %" PRIu64 "G",
				     what, s, min ? "1K" : "0", max >> 20);
}

static int count(struct topology_reader *r, const char *what, const char *s, uint32_t min,
		 uint32_t max, uint32_t *out)
{
	uint64_t n;
	int err = number(s, max, &n);

	if (err == -EINVAL)
		return topology_reader__fail(r, "%s \"%.40s\" is no number: give a decimal one",
					     what, s);
	if (err || n < min)
		return topology_reader__fail(r, "%s %.40s is out of range: give %u to %u", what, s,
					     min, max);
	*out = (uint32_t)n;
	return 0;
}

/* A node that a line above declares. */
static int known_node(struct topology_reader *r, const char *s, uint32_t *out)
{
	int err = count(r, "node", s, 0, KTSTR_NODES_MAX - 1, out);

	if (!err && *out >= r->d->nr_nodes)
		return topology_reader__fail(r, "there is no node %u above this line: declare it first",
					     *out);
	return err;
}

static int adopt_shape(struct topology_reader *r, const struct ktstr_topology *t)
{
	struct ktstr_topology_detail *d = ktstr_topology_detail__even(t);

	if (!d)
		return ktstr_error_set(r->e, -ENOMEM, "out of memory for a topology");
	memcpy(d->cache_kib, r->d->cache_kib, sizeof(d->cache_kib));
	free(r->d);
	r->d = d;
	r->has_shape = true;
	for (uint32_t node = 0; node < t->nodes; node++)
		r->node_line[node] = r->line;
	return 0;
}

static int do_shape(struct topology_reader *r)
{
	struct ktstr_topology t;
	struct ktstr_error why;

	if (r->d->nr_nodes)
		return topology_reader__fail(r, "a shape comes after node, llc or another shape: it is the whole machine, keep one of the two");
	if (ktstr_topology__parse(r->words[1], &t, &why))
		return topology_reader__fail(r, "%.200s", why.msg);
	return adopt_shape(r, &t);
}

static int set_memory(struct topology_reader *r, uint32_t node, const char *s)
{
	uint64_t kib;
	int err = size_kib(r, "memory", s, 0, (uint64_t)KTSTR_TOPOLOGY_MEMORY_MAX_MIB << 10, &kib);

	if (err)
		return err;
	if (kib && (kib < MEMORY_MIN_MIB << 10 || kib % (KTSTR_NODE_ALIGN_MIB << 10)))
		return topology_reader__fail(r, "memory %.40s cannot be a node's: give 0, or a multiple of %uM of %" PRIu64 "M or more",
					     s, KTSTR_NODE_ALIGN_MIB, (uint64_t)MEMORY_MIN_MIB);
	r->d->memory_mib[node] = (uint32_t)(kib >> 10);
	return 0;
}

static int set_memory_cache(struct topology_reader *r, uint32_t node, const char *s)
{
	uint64_t kib;
	int err = size_kib(r, "memory-cache", s, 1, MEMORY_CACHE_MAX_KIB, &kib);

	if (!err)
		r->d->memory_cache_kib[node] = (uint32_t)kib;
	return err;
}

static int node_options(struct topology_reader *r, uint32_t node)
{
	bool memory = false, cache = false;
	int err = 0;

	for (unsigned int i = 2; !err && i < r->nr_words; i += 2) {
		bool *seen = !strcmp(r->words[i], "memory") ? &memory :
			     !strcmp(r->words[i], "memory-cache") ? &cache : NULL;

		if (!seen)
			return topology_reader__fail(r, "node does not know \"%.40s\": it takes memory SIZE and memory-cache SIZE",
						     r->words[i]);
		if (*seen || i + 1 == r->nr_words)
			return topology_reader__fail(r, *seen ? "%s is there twice: keep one of the two" :
						     "%s has no size behind it: give one, such as 64M",
						     r->words[i]);
		*seen = true;
		err = seen == &memory ? set_memory(r, node, r->words[i + 1]) :
					set_memory_cache(r, node, r->words[i + 1]);
	}
	return err;
}

static int do_node(struct topology_reader *r)
{
	uint32_t node;
	int err = count(r, "node", r->words[1], 0, KTSTR_NODES_MAX - 1, &node);

	if (err)
		return err;
	if (node > r->d->nr_nodes)
		return topology_reader__fail(r, "node %u comes too early: nodes are numbered in order, the next one is node %u",
					     node, r->d->nr_nodes);
	if (r->named >> node & 1)
		return topology_reader__fail(r, "node %u was on line %u already: keep one of the two",
					     node, r->node_line[node]);
	if (node == r->d->nr_nodes && ktstr_topology_detail__add_node(r->d))
		return topology_reader__fail(r, "there are more than %u nodes: leave some out",
					     KTSTR_NODES_MAX);
	r->named |= 1ull << node;
	r->node_line[node] = r->line;
	return node_options(r, node);
}

/* CORES or CORESxTHREADS */
static int add_group(struct topology_reader *r, char *group)
{
	char *x = strchr(group, 'x');
	uint32_t cores, threads = 1;
	int err;

	if (x)
		*x = '\0';
	err = count(r, "the number of cores", group, 1, KTSTR_CPUS_MAX, &cores);
	if (!err && x)
		err = count(r, "the number of threads", x + 1, 1, KTSTR_CPUS_MAX, &threads);
	if (err)
		return err;
	return ktstr_topology_detail__add_cores(r->d, cores, threads) ?
	       topology_reader__fail(r, "there are more than %u CPUs with this: leave some out",
				     KTSTR_CPUS_MAX) : 0;
}

static int add_llc(struct topology_reader *r, const char *cores, uint32_t kib)
{
	char copy[TOPOLOGY_LINE_MAX + 1], *group = copy, *plus;
	int err;

	/* No more LLCs than CPUs: the cores are what passes a limit first. */
	if (ktstr_topology_detail__add_llc(r->d))
		return topology_reader__fail(r, "there are more than %u CPUs with this: leave some out",
					     KTSTR_CPUS_MAX);
	r->d->llc_kib[r->d->nr_llcs - 1] = kib;
	strcpy(copy, cores);
	do {
		plus = strchr(group, '+');
		if (plus)
			*plus++ = '\0';
		err = add_group(r, group);
		group = plus;
	} while (!err && group);
	return err;
}

struct llc_options {
	uint32_t times, kib;
};

static int llc_options(struct topology_reader *r, struct llc_options *o)
{
	uint64_t kib;
	int err = 0;

	for (unsigned int i = 2; !err && i < r->nr_words; i += 2) {
		bool times = !strcmp(r->words[i], "times");

		if (!times && strcmp(r->words[i], "size"))
			return topology_reader__fail(r, "llc does not know \"%.40s\": it takes size SIZE and times N",
						     r->words[i]);
		if (i + 1 == r->nr_words)
			return topology_reader__fail(r, "%s has nothing behind it: give a %s",
						     r->words[i], times ? "number" : "size");
		if (times ? o->times : o->kib)
			return topology_reader__fail(r, "%s is there twice: keep one of the two",
						     r->words[i]);
		if (times) {
			err = count(r, "times", r->words[i + 1], 1, KTSTR_CPUS_MAX, &o->times);
		} else {
			err = size_kib(r, "size", r->words[i + 1], 1, CACHE_MAX_KIB, &kib);
			o->kib = err ? 0 : (uint32_t)kib;
		}
	}
	return err;
}

static int do_llc(struct topology_reader *r)
{
	struct llc_options o = { 0 };
	int err;

	if (r->has_shape)
		return topology_reader__fail(r, "an llc comes after shape, which has them all: write nodes and LLCs one by one instead");
	if (!r->d->nr_nodes)
		return topology_reader__fail(r, "an llc comes before the first node: write \"node 0\" above it");
	err = llc_options(r, &o);
	for (uint32_t i = 0; !err && i < (o.times ? o.times : 1); i++)
		err = add_llc(r, r->words[1], o.kib);
	return err;
}

static int do_cache(struct topology_reader *r)
{
	static const char * const names[] = {
		[KTSTR_L1D] = "l1d", [KTSTR_L1I] = "l1i", [KTSTR_L2] = "l2", [KTSTR_L3] = "l3",
	};
	uint64_t kib;
	int err;

	for (int i = 0; i < KTSTR_NR_CACHES; i++) {
		if (strcmp(r->words[1], names[i]))
			continue;
		if (r->d->cache_kib[i])
			return topology_reader__fail(r, "cache %s is there twice: keep one of the two",
						     names[i]);
		err = size_kib(r, names[i], r->words[2], 1, CACHE_MAX_KIB, &kib);
		if (!err)
			r->d->cache_kib[i] = (uint32_t)kib;
		return err;
	}
	return topology_reader__fail(r, "there is no cache \"%.40s\": choose l1d, l1i, l2 or l3",
				     r->words[1]);
}

static int two_nodes(struct topology_reader *r, uint32_t *from, uint32_t *to)
{
	int err = known_node(r, r->words[1], from);

	return err ? err : known_node(r, r->words[2], to);
}

static int given_twice(struct topology_reader *r, uint32_t from, uint32_t to)
{
	return topology_reader__fail(r, "the %s from node %u to node %u is there twice: keep one of the two",
				     r->words[0], from, to);
}

static int do_distance(struct topology_reader *r)
{
	uint32_t from, to, value;
	int err = two_nodes(r, &from, &to);

	if (!err)
		err = count(r, "distance", r->words[3], 0, 255, &value);
	if (err)
		return err;
	if (from == to && value != KTSTR_DISTANCE_SELF)
		return topology_reader__fail(r, "the distance of node %u to itself is %u: it is always %u",
					     from, value, KTSTR_DISTANCE_SELF);
	if (from != to && (value <= KTSTR_DISTANCE_SELF || value > KTSTR_DISTANCE_MAX))
		return topology_reader__fail(r, "the distance from node %u to node %u is %u: give %u to %u",
					     from, to, value, KTSTR_DISTANCE_SELF + 1,
					     KTSTR_DISTANCE_MAX);
	if (r->d->distance[from][to])
		return given_twice(r, from, to);
	r->d->distance[from][to] = (uint8_t)value;
	return 0;
}

/* Of HMAT: from CPUs to memory. */
static int check_way(struct topology_reader *r, uint32_t from, uint32_t to)
{
	if (r->d->node_llc[from] == r->d->node_llc[from + 1])
		return topology_reader__fail(r, "node %u has no CPU above this line, so there is no %s from it: leave it out",
					     from, r->words[0]);
	if (!r->d->memory_mib[to])
		return topology_reader__fail(r, "node %u has no memory, so there is no %s to it: leave it out",
					     to, r->words[0]);
	return 0;
}

static int hmat_value(struct topology_reader *r, uint32_t max, uint32_t *from, uint32_t *to,
		      uint32_t *value)
{
	int err = two_nodes(r, from, to);

	if (!err)
		err = check_way(r, *from, *to);
	return err ? err : count(r, r->words[0], r->words[3], 1, max, value);
}

static int do_latency(struct topology_reader *r)
{
	uint32_t from, to, value;
	int err = hmat_value(r, LATENCY_MAX_NS, &from, &to, &value);

	if (err || r->d->latency_ns[from][to])
		return err ? err : given_twice(r, from, to);
	r->d->latency_ns[from][to] = (uint16_t)value;
	return 0;
}

static int do_bandwidth(struct topology_reader *r)
{
	uint32_t from, to, value;
	int err = hmat_value(r, BANDWIDTH_MAX_MBPS, &from, &to, &value);

	if (err || r->d->bandwidth_mbps[from][to])
		return err ? err : given_twice(r, from, to);
	r->d->bandwidth_mbps[from][to] = value;
	return 0;
}

static int do_capacity(struct topology_reader *r)
{
	struct cpu_mask cpus;
	uint32_t value;
	int err;

	if (cpulist__parse(r->words[1], &cpus))
		return topology_reader__fail(r, "\"%.40s\" is no CPU list: give one such as 0-3,8",
					     r->words[1]);
	err = count(r, "capacity", r->words[2], 1, KTSTR_CAPACITY_MAX, &value);
	for (uint32_t cpu = 0; !err && cpu < CPU_MASK_BITS; cpu++) {
		if (!cpu_mask__test(&cpus, cpu))
			continue;
		if (cpu >= r->d->nr_cpus)
			return topology_reader__fail(r, "there is no CPU %u above this line: declare it first",
						     cpu);
		if (r->d->capacity[cpu])
			return topology_reader__fail(r, "CPU %u has a capacity already: keep one of the two",
						     cpu);
		r->d->capacity[cpu] = (uint16_t)value;
	}
	return err;
}

_Static_assert(CPU_MASK_BITS >= KTSTR_CPUS_MAX, "a list can name every CPU");

static const struct statement {
	const char *name;
	unsigned int min, max;	/* words */
	const char *usage;
	int (*fn)(struct topology_reader *r);
} statements[] = {
	{ "shape", 2, 2, "shape NODES,LLCS,CORES,THREADS", do_shape },
	{ "node", 2, 6, "node N [memory SIZE] [memory-cache SIZE]", do_node },
	{ "llc", 2, 6, "llc CORES[xTHREADS][+...] [size SIZE] [times N]", do_llc },
	{ "cache", 3, 3, "cache l1d|l1i|l2|l3 SIZE", do_cache },
	{ "distance", 4, 4, "distance FROM TO VALUE", do_distance },
	{ "latency", 4, 4, "latency FROM TO NANOSECONDS", do_latency },
	{ "bandwidth", 4, 4, "bandwidth FROM TO MEGABYTES_PER_SECOND", do_bandwidth },
	{ "capacity", 3, 3, "capacity CPUS VALUE", do_capacity },
};

/**
 * topology_reader__statement() - do what the words of the line say
 * @r: reader with at least one word
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int topology_reader__statement(struct topology_reader *r)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		const struct statement *s = &statements[i];

		if (strcmp(r->words[0], s->name))
			continue;
		if (r->nr_words < s->min || r->nr_words > s->max)
			return topology_reader__fail(r, "%s has too %s words: write %s", s->name,
						     r->nr_words < s->min ? "few" : "many",
						     s->usage);
		return s->fn(r);
	}
	return topology_reader__fail(r, "there is no statement \"%.40s\": choose about, shape, node, llc, cache, distance, latency, bandwidth or capacity",
				     r->words[0]);
}
