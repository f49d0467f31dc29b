/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which cells of a matrix are run, and in which order. Arithmetic only.
 */
#ifndef KTSTR_HOST_MATRIX_PLAN_H
#define KTSTR_HOST_MATRIX_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What tells cells apart: a value of each of these. */
#define MATRIX_FACTORS	4u	/* scenario, topology, scheduler, kernel */
#define MATRIX_PAIRS	(MATRIX_FACTORS * (MATRIX_FACTORS - 1) / 2)

/* Why a cell is not run. */
enum matrix_out {
	MATRIX_IN = 0,
	MATRIX_OUT_SHARD,	/* another shard's */
	MATRIX_OUT_BUDGET,	/* the budget is spent on others */
	MATRIX_OUT_SKIP,	/* its topology cannot carry it: nothing can cover that */
};

/**
 * struct matrix_load - a cell as planning sees it
 * @value: number of its value of each factor
 * @fixed_ns: estimate that depends on the command line alone, the same on every machine
 * @ns: the best estimate there is
 * @cpus, @memory_mib: of the host, while it runs
 * @out: is it run?
 */
struct matrix_load {
	uint32_t value[MATRIX_FACTORS];
	uint64_t fixed_ns, ns;
	uint32_t cpus, memory_mib;
	enum matrix_out out;
};

/**
 * struct matrix_room - what cells may use of the host at the same time
 * @cpus: CPUs; at least one cell runs, however many it wants
 * @memory_mib: memory, the same; 0: unknown, no limit
 * @jobs: cells, 0: no limit
 */
struct matrix_room {
	uint32_t cpus, memory_mib, jobs;
};

/**
 * struct matrix_coverage - what the cells that are run cover
 * @values, @of_values: values of factors, and how many there are
 * @pairs, @of_pairs: pairs of values of two factors
 */
struct matrix_coverage {
	size_t values, of_values, pairs, of_pairs;
};

/**
 * matrix_plan__shard() - keep the cells of shard @i of @n, counted from 1
 *
 * Longest first, each to the shard that has the least to do by then. Only @fixed_ns counts:
 * every machine must come to the same shards, whatever it remembers.
 * Return: 0 or -ENOMEM.
 */
int matrix_plan__shard(struct matrix_load *cells, size_t nr, uint32_t i, uint32_t n);

/**
 * matrix_plan__budget() - keep the cells that cover most in a time
 * @cells, @nr: cells; those that are out stay out
 * @room: of the host
 * @budget_ns: wall time in ns
 *
 * Greedy: the next cell is the one with the most values and pairs that are not covered yet
 * for each second of its estimate. Once all are covered the shortest comes next. A cell
 * that no longer fits is left out. So many cells run at a time that each costs its estimate
 * divided by how many like it have room.
 * Return: 0 or -ENOMEM.
 */
int matrix_plan__budget(struct matrix_load *cells, size_t nr, const struct matrix_room *room,
			uint64_t budget_ns);

/**
 * matrix_plan__coverage() - of the cells that are in, among them and what the budget left out
 *
 * Return: 0 or -ENOMEM.
 */
int matrix_plan__coverage(const struct matrix_load *cells, size_t nr, struct matrix_coverage *c);

/**
 * matrix_plan__order() - the cells that are in, in the order in which they shall start
 * @order: gets their numbers, room for @nr
 *
 * Longest first, so that no long one is left when the rest is done; then the widest.
 * Return: how many.
 */
size_t matrix_plan__order(const struct matrix_load *cells, size_t nr, size_t *order);

/** matrix_plan__fits() - may this cell start beside others that use @used? */
bool matrix_plan__fits(const struct matrix_load *cell, const struct matrix_room *room,
		       const struct matrix_room *used);

/** matrix_plan__at_a_time() - how many cells like this one have room; at least 1 */
uint32_t matrix_plan__at_a_time(const struct matrix_load *cell, const struct matrix_room *room);

#endif /* KTSTR_HOST_MATRIX_PLAN_H */
