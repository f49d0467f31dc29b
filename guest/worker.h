/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One worker: what it shares with PID 1, and its life from release to end.
 *
 * All of struct ktstr_worker is memory shared by PID 1 and the process or thread that
 * is the worker, mapped before the fork. Each member has one writer.
 */
#ifndef GUEST_WORKER_H
#define GUEST_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ktstr/cpulist.h>
#include <ktstr/error.h>
#include <ktstr/work.h>

/* Latencies: 2^3 buckets for each power of two, so at most 1/8 off. */
#define WORKER_LATENCY_SUB	3u
#define WORKER_LATENCY_BUCKETS	(64u << WORKER_LATENCY_SUB)

/**
 * struct worker_account - what a worker says of itself; written by it alone
 * @iterations: units of work
 * @samples: times that it looked at clock and CPU
 * @last_ns: CLOCK_MONOTONIC since when it has wanted to run, or of its latest sample
 * @max_gap_ns: longest time between two samples in which it wanted to run
 * @max_gap_at_ns: end of that gap
 * @migrations: samples on another CPU than the one before
 * @off_cpuset: samples outside of its cpuset
 * @last_cpu: CPU of the latest sample
 * @node_pages, @remote_pages: of its working set, and those not on its node, summed up over
 *	all times that it looked; of kinds that look
 * @nr_latencies, @max_latency_ns: of ktstr_worker__latency()
 * @latency: their histogram
 */
struct worker_account {
	uint64_t iterations;
	uint64_t samples;
	int64_t last_ns;
	int64_t max_gap_ns;
	int64_t max_gap_at_ns;
	uint64_t migrations;
	uint64_t off_cpuset;
	uint32_t last_cpu;
	uint64_t node_pages, remote_pages;
	uint64_t nr_latencies, max_latency_ns;
	uint32_t latency[WORKER_LATENCY_BUCKETS];
};

/**
 * struct worker_board - what PID 1 tells all workers; written by it alone
 * @stop_ns: CLOCK_MONOTONIC when it ended, INT64_MAX before: nothing later counts
 * @seed: of the run
 */
struct worker_board {
	int64_t stop_ns;
	uint64_t seed;
};

/**
 * struct ktstr_worker - a worker
 * @go: futex, 0 until it may begin; PID 1 writes it
 * @start_ns: when that was; PID 1 writes it before @go
 * @stop_ns: PID 1: it ends now, like the board's; INT64_MAX before
 * @cpus_seq: seqcount of @cpus and @cpus_since_ns: odd while PID 1 changes them
 * @cpus: where it may run
 * @cpus_since_ns: CLOCK_MONOTONIC of the last change; samples within a grace after it
 *	do not count as off the cpuset
 * @tid: thread id; the worker writes it before it says that it is ready
 * @failed: why it cannot work, "" when it can; the worker writes it before it ends
 * @index: in its group
 * @random: state of its random numbers
 * @work, @kind, @group, @board: what it is told; set before the fork
 * @account: of it; on cache lines of its own
 */
struct ktstr_worker {
	uint32_t go;
	int64_t start_ns;
	int64_t stop_ns;
	uint32_t cpus_seq;
	struct cpu_mask cpus;
	int64_t cpus_since_ns;
	pid_t tid;
	char failed[128];
	uint32_t index;
	uint64_t random;
	struct ktstr_work work;
	const struct ktstr_work_kind *kind;
	struct ktstr_group *group;
	const struct worker_board *board;
	struct worker_account account __attribute__((aligned(128)));
} __attribute__((aligned(128)));

/**
 * worker__run() - what a worker does once its thread exists, until it has nothing to do any more
 * @w: itself
 * @ready: told once, before it waits for @w->go
 * @arg: passed to @ready
 *
 * Context: the worker. Returns when it may not go on: the caller parks or ends it.
 */
void worker__run(struct ktstr_worker *w, void (*ready)(void *arg), void *arg);

/** worker__release() - PID 1: it may begin, as of @now_ns */
void worker__release(struct ktstr_worker *w, int64_t now_ns);

/**
 * worker__suspend_cpus() - PID 1: its CPUs are about to change: do not judge it until they are set
 *
 * The kernel lets a worker onto new CPUs at once, before anybody could tell of it.
 */
void worker__suspend_cpus(struct ktstr_worker *w);

/** worker__set_cpus() - PID 1: it may run there, as of @now_ns */
void worker__set_cpus(struct ktstr_worker *w, const struct cpu_mask *cpus, int64_t now_ns);

/**
 * worker__cpus() - where it may run now
 *
 * Context: the worker. Return: false when that is being changed right now; @out is garbage then.
 */
bool worker__cpus(const struct ktstr_worker *w, struct cpu_mask *out);

/** worker__sample() - the worker: it runs now; false when the window is over */
bool worker__sample(struct ktstr_worker *w);

/**
 * worker__woken() - the worker: it slept of its own will until @since_ns, when it was woken
 * @w: itself
 * @since_ns: CLOCK_MONOTONIC of the cause; from then until now it has waited to run
 *
 * Accounts for the time since then as latency; it is part of a gap that ends at the next sample.
 */
void worker__woken(struct ktstr_worker *w, int64_t since_ns);

/**
 * worker__wants_since() - as worker__woken(), for a wait that is no latency of its kind
 *
 * What was before its last sample found it awake and makes no gap.
 */
void worker__wants_since(struct ktstr_worker *w, int64_t since_ns);

/**
 * worker__percentile() - of its latencies
 * @a: account, possibly still written to
 * @pct: 0 to 100
 *
 * Return: in ns, at most 1/8 above the true one; 0 when there are none.
 */
uint64_t worker__percentile(const struct worker_account *a, double pct);

/**
 * worker_group__init() - PID 1: memory and descriptors of a group, before its workers exist
 * @g: result
 * @kind, @work: what it will do; they outlive it
 * @nr: workers in it
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int worker_group__init(struct ktstr_group *g, const struct ktstr_work_kind *kind,
		       const struct ktstr_work *work, uint32_t nr, struct ktstr_error *e);

/** worker_group__close() - PID 1: its workers exist and hold the descriptors: close ours */
void worker_group__close(struct ktstr_group *g);

/**
 * worker_group__free() - PID 1: its workers are dead: give memory, files and cgroups back
 *
 * Before the cgroup of the workers is removed. Again is no harm.
 */
void worker_group__free(struct ktstr_group *g);

#endif /* GUEST_WORKER_H */
