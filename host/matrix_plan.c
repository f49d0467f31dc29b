// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shards, budget and order. Ties are broken by the cells' numbers: the same command line
 * comes to the same answer everywhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matrix_plan.h"

/* A cell while it is sorted. */
struct key {
	uint64_t ns;
	uint32_t cpus;
	size_t i;
};

static int by_length(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	if (x->cpus != y->cpus)
		return x->cpus > y->cpus ? -1 : 1;
	return x->i < y->i ? -1 : 1;
}

static size_t least(const uint64_t *load, uint32_t n)
{
	size_t at = 0;

	for (uint32_t i = 1; i < n; i++)
		if (load[i] < load[at])
			at = i;
	return at;
}

int matrix_plan__shard(struct matrix_load *cells, size_t nr, uint32_t i, uint32_t n)
{
	struct key *keys = calloc(nr + 1, sizeof(*keys));
	uint64_t *load = calloc(n, sizeof(*load));
	int ret = keys && load ? 0 : -ENOMEM;

	for (size_t k = 0; !ret && k < nr; k++)
		keys[k] = (struct key){ .ns = cells[k].fixed_ns, .i = k };
	if (!ret)
		qsort(keys, nr, sizeof(*keys), by_length);
	for (size_t k = 0; !ret && k < nr; k++) {
		size_t to = least(load, n);

		load[to] += keys[k].ns;
		if (to != i - 1)
			cells[keys[k].i].out = MATRIX_OUT_SHARD;
	}
	free(keys);
	free(load);
	return ret;
}

/*
 * What is covered: a byte for each value and for each pair of values, one block behind the
 * other. @values: how many values a factor has; @of: where its block begins; @pair_of: the
 * same of pairs.
 */
struct cover {
	uint32_t values[MATRIX_FACTORS];
	size_t of[MATRIX_FACTORS], pair_of[MATRIX_PAIRS], len;
	uint8_t *seen;
};

static int cover_init(struct cover *c, const struct matrix_load *cells, size_t nr)
{
	size_t pair = 0;

	memset(c, 0, sizeof(*c));
	for (size_t k = 0; k < nr; k++)
		for (unsigned int f = 0; f < MATRIX_FACTORS; f++)
			if (cells[k].value[f] >= c->values[f])
				c->values[f] = cells[k].value[f] + 1;
	for (unsigned int f = 0; f < MATRIX_FACTORS; f++) {
		c->of[f] = c->len;
		c->len += c->values[f];
	}
	for (unsigned int f = 0; f < MATRIX_FACTORS; f++) {
		for (unsigned int g = f + 1; g < MATRIX_FACTORS; g++) {
			c->pair_of[pair++] = c->len;
			c->len += (size_t)c->values[f] * c->values[g];
		}
	}
	c->seen = calloc(c->len + 1, 1);
	return c->seen ? 0 : -ENOMEM;
}

/* The places of a cell: its values, then its pairs. */
static void places(const struct cover *c, const struct matrix_load *cell,
		   size_t at[MATRIX_FACTORS + MATRIX_PAIRS])
{
	size_t pair = 0, n = MATRIX_FACTORS;

	for (unsigned int f = 0; f < MATRIX_FACTORS; f++)
		at[f] = c->of[f] + cell->value[f];
	for (unsigned int f = 0; f < MATRIX_FACTORS; f++)
		for (unsigned int g = f + 1; g < MATRIX_FACTORS; g++)
			at[n++] = c->pair_of[pair++] +
				  (size_t)cell->value[f] * c->values[g] + cell->value[g];
}

static unsigned int gain(const struct cover *c, const struct matrix_load *cell)
{
	size_t at[MATRIX_FACTORS + MATRIX_PAIRS];
	unsigned int n = 0;

	places(c, cell, at);
	for (unsigned int k = 0; k < MATRIX_FACTORS + MATRIX_PAIRS; k++)
		n += !c->seen[at[k]];
	return n;
}

static void cover_add(struct cover *c, const struct matrix_load *cell)
{
	size_t at[MATRIX_FACTORS + MATRIX_PAIRS];

	places(c, cell, at);
	for (unsigned int k = 0; k < MATRIX_FACTORS + MATRIX_PAIRS; k++)
		c->seen[at[k]] = 1;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t matrix_plan__at_a_time(const struct matrix_load *cell, const struct matrix_room *room)
{
	uint32_t n = cell->cpus ? room->cpus / cell->cpus : UINT32_MAX;

	if (room->memory_mib && cell->memory_mib)
		n = smaller(n, room->memory_mib / cell->memory_mib);
	if (room->jobs)
		n = smaller(n, room->jobs);
	return n ? n : 1;
}

bool matrix_plan__fits(const struct matrix_load *cell, const struct matrix_room *room,
		       const struct matrix_room *used)
{
	if (!used->jobs)
		return true;
	return (!room->jobs || used->jobs < room->jobs) &&
	       (uint64_t)used->cpus + cell->cpus <= room->cpus &&
	       (!room->memory_mib ||
		(uint64_t)used->memory_mib + cell->memory_mib <= room->memory_mib);
}

/* Is @a a better next cell than @b? More for a second; when nothing is new: the shorter. */
static bool better(const struct matrix_load *a, unsigned int gain_a, const struct matrix_load *b,
		   unsigned int gain_b)
{
	double x = (double)gain_a * b->ns, y = (double)gain_b * a->ns;

	return x != y ? x > y : a->ns < b->ns;
}

/* The best of those that are not decided; @nr when none is left. */
static size_t next_best(const struct cover *c, const struct matrix_load *cells, size_t nr,
			const uint8_t *decided)
{
	unsigned int best_gain = 0;
	size_t best = nr;

	for (size_t k = 0; k < nr; k++) {
		unsigned int g;

		if (decided[k])
			continue;
		g = gain(c, &cells[k]);
		if (best == nr || better(&cells[k], g, &cells[best], best_gain)) {
			best = k;
			best_gain = g;
		}
	}
	return best;
}

int matrix_plan__budget(struct matrix_load *cells, size_t nr, const struct matrix_room *room,
			uint64_t budget_ns)
{
	uint8_t *decided = calloc(nr + 1, 1);
	uint64_t spent = 0;
	struct cover c;
	size_t k;
	int ret = cover_init(&c, cells, nr);

	if (!decided)
		ret = -ENOMEM;
	for (k = 0; !ret && k < nr; k++)
		decided[k] = cells[k].out != MATRIX_IN;
	while (!ret && (k = next_best(&c, cells, nr, decided)) < nr) {
		uint64_t cost = cells[k].ns / matrix_plan__at_a_time(&cells[k], room);

		decided[k] = 1;
		if (cells[k].ns > budget_ns || spent + cost > budget_ns) {
			cells[k].out = MATRIX_OUT_BUDGET;
			continue;
		}
		spent += cost;
		cover_add(&c, &cells[k]);
	}
	free(decided);
	free(c.seen);
	return ret;
}

int matrix_plan__coverage(const struct matrix_load *cells, size_t nr, struct matrix_coverage *out)
{
	struct cover all, in;
	int ret = cover_init(&all, cells, nr), in_ret = cover_init(&in, cells, nr);

	memset(out, 0, sizeof(*out));
	ret = ret ? ret : in_ret;
	for (size_t k = 0; !ret && k < nr; k++) {
		if (cells[k].out == MATRIX_IN || cells[k].out == MATRIX_OUT_BUDGET)
			cover_add(&all, &cells[k]);
		if (cells[k].out == MATRIX_IN)
			cover_add(&in, &cells[k]);
	}
	for (size_t k = 0; !ret && k < all.len; k++) {
		bool pair = k >= all.pair_of[0];

		*(pair ? &out->of_pairs : &out->of_values) += all.seen[k];
		*(pair ? &out->pairs : &out->values) += in.seen[k];
	}
	free(all.seen);
	free(in.seen);
	return ret;
}

size_t matrix_plan__order(const struct matrix_load *cells, size_t nr, size_t *order)
{
	struct key *keys = calloc(nr + 1, sizeof(*keys));
	size_t n = 0;

	for (size_t k = 0; k < nr; k++)
		if (cells[k].out == MATRIX_IN) {
			order[n] = k;
			if (keys)
				keys[n] = (struct key){ cells[k].ns, cells[k].cpus, k };
			n++;
		}
	/* Without memory any order will do. */
	if (keys)
		qsort(keys, n, sizeof(*keys), by_length);
	for (size_t k = 0; keys && k < n; k++)
		order[k] = keys[k].i;
	free(keys);
	return n;
}
