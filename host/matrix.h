/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A matrix: every scenario on every topology with every scheduler on every kernel. Each of
 * these cells is one "ktstr run" in a process of its own.
 */
#ifndef KTSTR_HOST_MATRIX_H
#define KTSTR_HOST_MATRIX_H

#include "args.h"
#include "ktap.h"
#include "matrix_plan.h"
#include "matrix_pool.h"
#include "outdir.h"
#include "verdict.h"

#define MATRIX_CELLS_MAX	5000u
#define MATRIX_NAME_MAX		256u
#define MATRIX_DIR_MAX		128u

/**
 * struct matrix_cell - one cell
 * @name: as a test point: the scenario and its value of every axis
 * @dir: of its results, below --out
 * @test: its scenario
 * @args: options of its run, settled; they share what the matrix has
 * @words: of its process
 * @repeat: command that repeats it; empty when that is too long to be copied
 * @key: of its time (matrix_times.h)
 * @skip: why its topology cannot carry it, or empty
 * @run_limit_ms: run__limit_ms() of it
 * @ran: it was run, or skipped: what follows counts
 * @exit_status: of its process; -1 when it has none
 * @status, @kind, @reason: verdict; @kind as in JSON
 * @took_ns: wall time of its process
 * @result: its own JSON, or NULL
 */
struct matrix_cell {
	char name[MATRIX_NAME_MAX];
	char dir[MATRIX_DIR_MAX];
	const struct ktstr_test *test;
	struct args args;
	struct strv words;
	char repeat[1024];
	uint64_t key;
	char skip[256];
	uint64_t run_limit_ms;
	bool ran;
	int exit_status;
	enum verdict_status status;
	char kind[32];
	char reason[320];
	uint64_t took_ns;
	struct json_t *result;
};

/**
 * struct matrix - all of them
 * @args: options of the call
 * @topologies, @nr_topologies: options with each of the axis' topologies
 * @cells, @loads, @nr: cells, in the order of scenario, topology, scheduler, kernel
 * @nr_value: values of each factor
 * @use_box: cells run in an emulated machine each
 * @room: of the host
 */
struct matrix {
	const struct args *args;
	struct args *topologies;
	size_t nr_topologies;
	struct matrix_cell *cells;
	struct matrix_load *loads;
	size_t nr;
	uint32_t nr_value[MATRIX_FACTORS];
	bool use_box;
	struct matrix_room room;
};

/**
 * matrix__build() - the product
 * @m: @args and @use_box count; matrix__free() in every case
 * @e: sentence on failure
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int matrix__build(struct matrix *m, struct ktstr_error *e);

/**
 * matrix__check() - find before anything runs what is wrong, and what cannot be carried
 * @m: built; cells get @skip and @run_limit_ms
 * @e: sentence on failure
 *
 * Everything that "ktstr run" checks, for each topology, scheduler and kernel.
 * Return: 0 or a negative errno.
 */
int matrix__check(struct matrix *m, struct ktstr_error *e);

/**
 * matrix__choose() - shard and budget
 * @m: checked, with @room
 *
 * Cells that were skipped belong to a shard and cost nothing. Return: 0 or -ENOMEM.
 */
int matrix__choose(struct matrix *m);

/** matrix__words() - the words of every cell's process, results below @out if that is open */
int matrix__words(struct matrix *m, const struct outdir *out, struct ktstr_error *e);

/**
 * matrix__limit_ms() - how long the process of a checked cell may take before it is ended
 *
 * Return: ms; 0: there is no limit, it may wait for CPUs.
 */
uint64_t matrix__limit_ms(const struct matrix *m, const struct matrix_cell *cell);

/** matrix__free() - give everything back */
void matrix__free(struct matrix *m);

/**
 * matrix__take() - what a child comes to
 * @cell: gets everything behind @ran
 * @child: ended
 * @interrupted: it was ended because the user wanted so
 *
 * A child that died, or that did not say what it should have said, is a CRASH; it is a
 * matter of the environment when it says so or could not be started.
 */
void matrix__take(struct matrix_cell *cell, const struct matrix_child *child, bool interrupted);

/** matrix__settle() - a cell that was not run after all, and why */
void matrix__settle(struct matrix_cell *cell, enum verdict_status status, const char *kind,
		    const char *reason);

/** matrix__exit_status() - as of "ktstr run" (enum report_exit), over the cells that ran */
int matrix__exit_status(const struct matrix *m);

/** matrix_ktap__begin() - version, plan, what there is and what is left out */
void matrix_ktap__begin(struct ktap *k, const struct matrix *m);

/**
 * matrix_ktap__cell() - a cell: the KTAP of its process as a subtest, and its own point
 * @k: where to
 * @cell: cell that ran
 * @child: its process; NULL when it had none
 */
void matrix_ktap__cell(struct ktap *k, const struct matrix_cell *cell,
		       const struct matrix_child *child);

/** matrix_ktap__end() - counts, and what has not passed */
void matrix_ktap__end(struct ktap *k, const struct matrix *m);

/** matrix_json__dump() - everything; as json_out__dump() */
char *matrix_json__dump(const struct matrix *m, int exit_status, size_t *len);

/** matrix__run() - "ktstr run" with options of a matrix; return: exit status */
int matrix__run(const struct args *a);

#endif /* KTSTR_HOST_MATRIX_H */
