/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workloads: what workers are told, and what the functions that they run can use.
 *
 * Workers come in groups (a pipe has two ends, a waker has its sleepers). All workers of
 * a group run the same function, which asks for its place in the group. A function works
 * until ktstr_worker__go_on() says no, and says what it does:
 *
 *	void my_work(struct ktstr_worker *w)
 *	{
 *		while (ktstr_worker__go_on(w)) {
 *			compute();
 *			ktstr_worker__unit(w);		// a unit of work is done
 *			nanosleep(&pause, NULL);
 *			ktstr_worker__slept(w);		// not running was its own will
 *		}
 *	}
 *
 * From that come iterations, the longest gap (it wanted to run and did not), migrations and
 * samples outside of its cpuset. A function that blocks for good when the window is over is
 * killed; it need not care.
 */
#ifndef KTSTR_WORK_H
#define KTSTR_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KTSTR_WORK_FUNCTION	"function"	/* kind of the author's own work: ktstr_work.fn */

struct ktstr_worker;

/* Policies; as struct ktstr_work has them 0 is "as inherited". */
enum ktstr_policy {
	KTSTR_INHERIT = 0,
	KTSTR_NORMAL, KTSTR_BATCH, KTSTR_IDLE,
	KTSTR_FIFO, KTSTR_RR,		/* prio */
	KTSTR_DEADLINE,			/* runtime_us, deadline_us, period_us */
	KTSTR_EXT,
	KTSTR_POLICY_NR,
};

/**
 * struct ktstr_work - workers, as a test asks for them
 * @kind: of work, "spin", "pipe", ...: see Documentation/workloads.rst
 * @nr: how many; 0: @per_cpu for each CPU of the cpuset, rounded up to whole groups
 * @per_cpu: workers for each CPU; with @nr 0 and @per_cpu 0: 1
 * @group: workers in a group; 0: as the kind has it. It must divide @nr.
 * @threads: the workers of a group are threads of one process
 * @nice: -20 to 19
 * @policy, @prio, @runtime_us, @deadline_us, @period_us: how they are scheduled
 * @affinity: list as in cpuset.cpus, NULL: inherited. Set by %KTSTR_V_AFFINITY in other ways.
 * @busy_us: how long a unit of work computes, 0: as the kind has it
 * @idle_us: how long it sleeps or waits between units, 0: as the kind has it
 * @kib: of memory or file, 0: as the kind has it
 * @fn: of kind "function": the author's own
 *
 * A kind takes those of @busy_us, @idle_us and @kib for which it has a default.
 */
struct ktstr_work {
	const char *kind;
	uint32_t nr, per_cpu, group;
	bool threads;
	int32_t nice;
	enum ktstr_policy policy;
	uint32_t prio, runtime_us, deadline_us, period_us;
	const char *affinity;
	uint32_t busy_us, idle_us, kib;
	void (*fn)(struct ktstr_worker *w);
};

struct ktstr_work_kind;

/**
 * struct ktstr_group - what the workers of a group share
 * @kind: what they do
 * @nr: how many they are
 * @shared: memory that all of them see, zeroed, of the kind's size and more for @nr
 * @shared_bytes: its size
 * @fds: descriptors that were opened for them, inherited by all
 * @nr_fds: how many
 */
#define KTSTR_GROUP_FDS 16u
struct ktstr_group {
	const struct ktstr_work_kind *kind;
	uint32_t nr;
	void *shared;
	size_t shared_bytes;
	int fds[KTSTR_GROUP_FDS];
	uint32_t nr_fds;
};

/* What a kind changes of its own workers, so that nobody judges them by what they were told. */
#define KTSTR_WORK_SETS_POLICY		1u
#define KTSTR_WORK_SETS_NICE		2u
#define KTSTR_WORK_SETS_AFFINITY	4u
#define KTSTR_WORK_SETS_CGROUP		8u	/* and comes back */

/**
 * struct ktstr_work_kind - what everybody may know of a kind of work
 * @name: as tests have it
 * @summary: one line
 * @group: workers in a group, when a test does not say
 * @group_min, @group_max: what a test may say; 0 as max: no limit
 * @busy_us, @idle_us, @kib: its defaults of these members of struct ktstr_work; 0: it takes none
 * @sets: KTSTR_WORK_SETS_*
 * @latency: what its latencies are, "from ... to ..."; NULL: it measures none
 */
struct ktstr_work_kind {
	const char *name, *summary;
	uint32_t group, group_min, group_max;
	uint32_t busy_us, idle_us, kib;
	uint32_t sets;
	const char *latency;
};

/** ktstr_work_kind__at() - the @i-th kind of <ktstr/work_kinds.h>; NULL past the end */
static inline const struct ktstr_work_kind *ktstr_work_kind__at(unsigned int i);

/** ktstr_work_kind__find() - by name; NULL when there is none */
static inline const struct ktstr_work_kind *ktstr_work_kind__find(const char *name);

/*
 * For the functions that workers run; all only from the worker itself.
 */

/** ktstr_worker__go_on() - is there something to do? False for good once the window is over */
bool ktstr_worker__go_on(struct ktstr_worker *w);

/** ktstr_worker__unit() - a unit of work is done: counts it, and notices gaps and moves */
void ktstr_worker__unit(struct ktstr_worker *w);

/** ktstr_worker__slept() - it waited of its own will, until now: that was no gap */
void ktstr_worker__slept(struct ktstr_worker *w);

/** ktstr_worker__latency() - one measurement of the kind's own: @ns from cause to effect */
void ktstr_worker__latency(struct ktstr_worker *w, int64_t ns);

/** ktstr_worker__index() - its place in the group, from 0 */
uint32_t ktstr_worker__index(const struct ktstr_worker *w);

/** ktstr_worker__group() - its group */
struct ktstr_group *ktstr_worker__group(struct ktstr_worker *w);

/** ktstr_worker__work() - what it was told */
const struct ktstr_work *ktstr_worker__work(const struct ktstr_worker *w);

/** ktstr_worker__random() - the next number of its own stream, from the run's seed */
uint64_t ktstr_worker__random(struct ktstr_worker *w);

/**
 * ktstr_worker__compute() - compute for about @us of CPU time, without a system call
 * @w: itself
 * @us: of a CPU that this thread has for itself
 *
 * An amount of work that was calibrated before the workers began: on a slower CPU, or
 * beside a busy sibling, it takes longer. Notices gaps and moves on the way, and comes back early
 * when the window is over.
 */
void ktstr_worker__compute(struct ktstr_worker *w, uint32_t us);

/**
 * ktstr_worker__pause() - sleep for @us, and account for how late it woke as latency
 *
 * The sleep is of its own will, being late is not: a gap begins when the sleep should have ended.
 */
void ktstr_worker__pause(struct ktstr_worker *w, uint32_t us);

/* How the reason begins of a worker that this machine, and no scheduler, keeps from its work. */
#define KTSTR_MACHINE_HAS	"this machine has "

/**
 * ktstr_worker__fail() - it cannot work: a sentence for the verdict; the worker ends
 *
 * The run has failed, unless the sentence begins with %KTSTR_MACHINE_HAS: then it could not be
 * made here, which is nobody's failure.
 */
void __attribute__((format(printf, 2, 3), noreturn))
ktstr_worker__fail(struct ktstr_worker *w, const char *fmt, ...);

/** ktstr_now_ns() - CLOCK_MONOTONIC in ns */
int64_t ktstr_now_ns(void);

#include <ktstr/work_kinds.h>

#endif /* KTSTR_WORK_H */
