/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of all kinds of work: what a test may ask for, and what it means if it does not
 * say. Every floor reads it; what they do is in guest/work_*.c, prose in
 * Documentation/workloads.rst.
 *
 * Included by <ktstr/work.h>.
 */
#ifndef KTSTR_WORK_KINDS_H
#define KTSTR_WORK_KINDS_H

#include <string.h>

#include <ktstr/work.h>

#define KTSTR_LATE_	"from when its sleep should have ended to running again"
#define KTSTR_RUNG_	"from being woken to running"
#define KTSTR_CHANGE_	"of the call that makes the change"

/* X(identifier, name, summary, group, smallest and largest group, members that are not 0) */
#define KTSTR_WORK_KINDS(X) \
	X(spin, "spin", "computes and never sleeps", 1, 1, 0, .busy_us = 5) \
	X(yield, "yield", "gives the CPU up after every few microseconds", 1, 1, 0, .busy_us = 5, \
	  .latency = "from yielding to running again") \
	X(mixed, "mixed", "computes, yields, computes, sleeps", 1, 1, 0, \
	  .busy_us = 500, .idle_us = 1000, .latency = KTSTR_LATE_) \
	X(alu, "alu", "fills the arithmetic units of a core, without memory", 1, 1, 0) \
	X(smt, "smt", "two that hand a cache line to each other and spin meanwhile", 2, 2, 2, \
	  .latency = "from handing the line over to having it back") \
	X(bursty, "bursty", "long bursts and long pauses of random length", 1, 1, 0, \
	  .busy_us = 5000, .idle_us = 5000, .latency = KTSTR_LATE_) \
	X(idle_churn, "idle-churn", "sleeps, looks, and sleeps again", 1, 1, 0, \
	  .busy_us = 1, .idle_us = 100, .latency = KTSTR_LATE_) \
	X(phases, "phases", "in turn: computes, wakes often, yields, sleeps", 1, 1, 0, \
	  .busy_us = 10000, .idle_us = 500, .latency = KTSTR_LATE_) \
	X(pipe, "pipe", "two that pass a word back and forth through pipes", 2, 2, 2, \
	  .busy_us = 2, .latency = "from writing to having read it") \
	X(futex, "futex", "two that wake each other by futex", 2, 2, 2, .busy_us = 2, \
	  .latency = KTSTR_RUNG_) \
	X(futex_fanout, "futex-fanout", "one wakes all others at once, now and then", 5, 2, 0, \
	  .busy_us = 5, .idle_us = 1000, .latency = KTSTR_RUNG_) \
	X(fanout_compute, "fanout-compute", "one hands out work that all others compute", \
	  5, 2, 0, .busy_us = 500, .latency = KTSTR_RUNG_) \
	X(asym_waker, "asym-waker", "a busy one wakes others that hardly compute", 2, 2, 0, \
	  .busy_us = 1000, .latency = KTSTR_RUNG_) \
	X(wake_chain, "wake-chain", "a wake-up travels round a ring of sleepers", 4, 2, 0, \
	  .busy_us = 10, .latency = KTSTR_RUNG_) \
	X(herd, "herd", "all are woken for a piece of work that one gets", 8, 2, 0, \
	  .busy_us = 50, .latency = KTSTR_RUNG_) \
	X(schbench, "schbench", "a message thread wakes workers that serve requests", 5, 2, 0, \
	  .busy_us = 500, .idle_us = 100, .latency = KTSTR_RUNG_) \
	X(epoll_storm, "epoll-storm", "bursts of events for all who wait in one epoll", 4, 2, 0, \
	  .busy_us = 20, .idle_us = 100, .latency = "from an event to running because of it") \
	X(cache_l1, "cache-l1", "walks memory of the size of a first-level cache", 1, 1, 0, \
	  .kib = 24) \
	X(cache_l2, "cache-l2", "walks memory of the size of a second-level cache", 1, 1, 0, \
	  .kib = 512) \
	X(cache_l3, "cache-l3", "walks memory of the size of a last-level cache", 1, 1, 0, \
	  .kib = 8192) \
	X(cache_yield, "cache-yield", "warms its cache, and yields", 1, 1, 0, .kib = 256, \
	  .latency = "from yielding to running again") \
	X(cache_pipe, "cache-pipe", "two that warm their caches in turn, by pipes", 2, 2, 2, \
	  .kib = 256, .latency = "from writing to having read it") \
	X(page_fault, "page-fault", "touches pages and gives them back", 1, 1, 0, .kib = 256) \
	X(nice_sweep, "nice-sweep", "changes its nice value all the time", 1, 1, 0, \
	  .busy_us = 500, .sets = KTSTR_WORK_SETS_NICE) \
	X(affinity_churn, "affinity-churn", "pins itself to another CPU all the time", 1, 1, 0, \
	  .busy_us = 500, .sets = KTSTR_WORK_SETS_AFFINITY, .latency = KTSTR_CHANGE_) \
	X(affinity_churn_cross, "affinity-churn-cross", "each pins the next to another CPU", \
	  2, 2, 0, .busy_us = 500, .sets = KTSTR_WORK_SETS_AFFINITY, .latency = KTSTR_CHANGE_) \
	X(policy_churn, "policy-churn", "changes its scheduling policy all the time", 1, 1, 0, \
	  .busy_us = 200, .sets = KTSTR_WORK_SETS_POLICY | KTSTR_WORK_SETS_NICE, \
	  .latency = KTSTR_CHANGE_) \
	X(preempt_storm, "preempt-storm", "short real-time bursts preempt others that compute", \
	  2, 2, 0, .busy_us = 20, .idle_us = 200, .sets = KTSTR_WORK_SETS_POLICY, \
	  .latency = KTSTR_LATE_) \
	X(rt_starve, "rt-starve", "long real-time bursts leave others the rest of a CPU", 1, 1, 0, \
	  .busy_us = 20000, .idle_us = 5000, .sets = KTSTR_WORK_SETS_POLICY, \
	  .latency = KTSTR_LATE_) \
	X(mutex, "mutex", "a mutex that is held half of the time is wanted by all", 4, 2, 0, \
	  .busy_us = 50, .latency = "from wanting a mutex that was taken to having it") \
	X(prio_inversion, "prio-inversion", "a real-time one wants what a nice one holds", \
	  3, 3, 0, \
	  .busy_us = 500, .idle_us = 1000, \
	  .sets = KTSTR_WORK_SETS_POLICY | KTSTR_WORK_SETS_NICE, \
	  .latency = "from wanting a mutex that was taken to having it") \
	X(prio_inversion_pi, "prio-inversion-pi", "the same with priority inheritance", 3, 3, 0, \
	  .busy_us = 500, .idle_us = 1000, \
	  .sets = KTSTR_WORK_SETS_POLICY | KTSTR_WORK_SETS_NICE, \
	  .latency = "from wanting a mutex that was taken to having it") \
	X(producer_consumer, "producer-consumer", "many fill a store that one empties too slowly", \
	  4, 2, 0, .busy_us = 50, .latency = "from putting an item to taking it") \
	X(signal_storm, "signal-storm", "each signals the next as fast as that handles it", \
	  2, 2, 0, \
	  .busy_us = 5, .latency = "from sending a signal to its handler") \
	X(timer_storm, "timer-storm", "timers of four periods expire all the time", 1, 1, 0, \
	  .busy_us = 5, .idle_us = 200, \
	  .latency = "from when a timer was due to running because of it") \
	X(fork_exit, "fork-exit", "makes a process that computes and exits, again and again", \
	  1, 1, 0, \
	  .busy_us = 20, .latency = "from fork() to the child's first instruction") \
	X(sync_write, "sync-write", "writes a block, syncs it, waits for the device", 1, 1, 0, \
	  .idle_us = 200, .kib = 1024, .latency = KTSTR_LATE_) \
	X(random_read, "random-read", "reads a block, computes, waits for the device", 1, 1, 0, \
	  .busy_us = 20, .idle_us = 100, .kib = 1024, .latency = KTSTR_LATE_) \
	X(io_convoy, "io-convoy", "all queue up for one slow device", 4, 2, 32, .busy_us = 50, \
	  .idle_us = 200, .kib = 1024, .latency = "from asking the device to its answer") \
	X(numa_churn, "numa-churn", "moves itself and its memory from node to node", 1, 1, 0, \
	  .busy_us = 500, .kib = 256, .sets = KTSTR_WORK_SETS_AFFINITY, .latency = KTSTR_CHANGE_) \
	X(numa_sweep, "numa-sweep", "walks memory and looks on which node it is", 1, 1, 0, \
	  .kib = 4096) \
	X(cgroup_churn, "cgroup-churn", "goes to a new cgroup below its own and back", 1, 1, 0, \
	  .busy_us = 200, .sets = KTSTR_WORK_SETS_CGROUP, .latency = KTSTR_CHANGE_) \
	X(function, KTSTR_WORK_FUNCTION, "the test's own function", 1, 1, 0, \
	  .latency = "what it measures itself")

/* Declared in <ktstr/work.h>. Inline, so that each floor has them without linking another. */
static inline const struct ktstr_work_kind *ktstr_work_kind__at(unsigned int i)
{
#define KTSTR_WORK_KIND_(id, name_, summary_, group_, min, max, ...) \
	{ .name = (name_), .summary = (summary_), .group = (group_), .group_min = (min), \
	  .group_max = (max), ##__VA_ARGS__ },
	static const struct ktstr_work_kind kinds[] = { KTSTR_WORK_KINDS(KTSTR_WORK_KIND_) };
#undef KTSTR_WORK_KIND_

	return i < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[i] : NULL;
}

static inline const struct ktstr_work_kind *ktstr_work_kind__find(const char *name)
{
	const struct ktstr_work_kind *k;

	for (unsigned int i = 0; (k = ktstr_work_kind__at(i)); i++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

#endif /* KTSTR_WORK_KINDS_H */
