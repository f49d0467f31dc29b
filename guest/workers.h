/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The workers: processes that load the scheduler and account for themselves.
 */
#ifndef GUEST_WORKERS_H
#define GUEST_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/cpulist.h>
#include <ktstr/error.h>

#include "plan_read.h"

/**
 * struct worker_account - what a worker says of itself; written by it alone
 * @iterations: units of work
 * @last_ns: CLOCK_MONOTONIC of its latest sample
 * @max_gap_ns: longest time between two samples
 * @max_gap_at_ns: end of that gap
 * @migrations: samples on another CPU than the one before
 * @off_cpuset: samples outside its cpuset
 * @last_cpu: CPU of the latest sample
 *
 * Two cache lines each: workers share nothing that they write.
 */
struct worker_account {
	uint64_t iterations;
	int64_t last_ns;
	int64_t max_gap_ns;
	int64_t max_gap_at_ns;
	uint64_t migrations;
	uint64_t off_cpuset;
	uint32_t last_cpu;
} __attribute__((aligned(128)));

/**
 * struct worker_board - memory shared by PID 1 and all workers
 * @go: futex, 0 until the window starts
 * @start_ns: CLOCK_MONOTONIC when it started
 * @stop_ns: CLOCK_MONOTONIC when it ended, INT64_MAX before: nothing later counts
 * @account: one per worker
 */
struct worker_board {
	uint32_t go;
	int64_t start_ns;
	int64_t stop_ns;
	struct worker_account account[];
};

/**
 * work_spin() - compute without ever sleeping, and notice when it did not run
 * @board: shared memory; returns when @board->stop_ns has passed
 * @me: this worker's account
 * @cpus: where it may run
 */
void work_spin(const struct worker_board *board, struct worker_account *me,
	       const struct cpu_mask *cpus);

/**
 * workers__create() - fork all workers of the plan, stopped, in their cgroups
 * @plan: plan; its cgroups exist
 * @ext: give them SCHED_EXT: the scheduler is attached and takes only tasks that ask
 * @e: sentence on failure
 *
 * Return: 0; -ETIMEDOUT when a worker did not run its first instructions;
 * -ECANCELED when the host ended the run or the scheduler was lost meanwhile;
 * other negative errno.
 */
int workers__create(const struct guest_plan *plan, bool ext, struct ktstr_error *e);

/**
 * workers__start() - take the baselines and release all at once
 *
 * Return: start of the window, CLOCK_MONOTONIC.
 */
int64_t workers__start(void);

/**
 * workers__freeze() - the window ended at @end_ns: take the kernel's counters; the workers
 * park by themselves
 */
void workers__freeze(int64_t end_ns);

/** workers__dead() - did a worker end before it was told to? @what gets a sentence */
bool workers__dead(char *what, size_t len);

/** workers__any_dead() - as workers__dead(), cheap */
bool workers__any_dead(void);

/** workers__destroy() - kill and reap them, then send PMET if the window has been frozen */
void workers__destroy(void);

#endif /* GUEST_WORKERS_H */
