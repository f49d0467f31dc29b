/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test author's API: cgroups, CPUs, workloads, operations and expectations as data.
 *
 * A test is data, and a body if data is not enough:
 *
 *	KTSTR_TEST(halves_share_fairly,
 *		.summary = "two cgroups over the same CPUs get the same",
 *		.topology = { 1, 2, 2, 1 },
 *		.ops = KTSTR_OPS(
 *			KTSTR_CGROUP("a"),
 *			KTSTR_CGROUP("b"),
 *			KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
 *			KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
 *			KTSTR_HOLD(100)),
 *		.expect = KTSTR_EXPECT(KTSTR_FAIR("a", "b", 15)));
 *
 * Operations are carried out in their order. The judged window begins with the first
 * hold and ends with the last; workers spawned before it start together at its begin.
 * What a test says is checked against the topology before anything boots: a cgroup that
 * was not made, CPUs that are not there, a number of workers that makes no whole group is
 * an error that names file and line of the operation.
 *
 * Names, lists and pointers must outlive the test; literals do.
 */
#ifndef KTSTR_TEST_H
#define KTSTR_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/work.h>

#define KTSTR_STRING_(x)	#x
#define KTSTR_STRING(x)		KTSTR_STRING_(x)
#define KTSTR_AT		__FILE__ ":" KTSTR_STRING(__LINE__)

/* How a set of CPUs is described; what it is, is decided for a topology and a base set. */
enum ktstr_cpus_kind {
	KTSTR_CPUS_ALL = 0,	/* the whole base; as an affinity: inherited */
	KTSTR_CPUS_LIST,	/* exactly these */
	KTSTR_CPUS_LLC,		/* those of LLC i */
	KTSTR_CPUS_NODE,	/* those of node i */
	KTSTR_CPUS_CORE,	/* SMT siblings: those of core i */
	KTSTR_CPUS_ONE,		/* the i-th of the base */
	KTSTR_CPUS_PART,	/* part i of n that do not meet */
	KTSTR_CPUS_LLC_PART,	/* the same of whole LLCs; with fewer than n LLCs: the whole base */
	KTSTR_CPUS_OVERLAP,	/* part i of n, and pct per cent of the next part */
	KTSTR_CPUS_FRACTION,	/* the first pct per cent, at least one */
	KTSTR_CPUS_RANDOM,	/* n of them, drawn from the seed */
};

/**
 * struct ktstr_cpus - a set of CPUs as a test describes it
 * @kind: how
 * @i, @n, @pct: its numbers
 * @list: of %KTSTR_CPUS_LIST, as cpuset.cpus has it, "0-1,3"
 *
 * The base of a cpuset is that of the parent, at the top all CPUs; the base of an affinity
 * is the cgroup's cpuset; CPUs that are offline are in neither. What is outside of the base
 * is an error, except for LLC, node and core, which are cut to it and must leave something.
 * Parts that cannot be of one size differ by one CPU.
 */
struct ktstr_cpus {
	enum ktstr_cpus_kind kind;
	uint32_t i, n, pct;
	const char *list;
};

#define KTSTR_ALL		{ .kind = KTSTR_CPUS_ALL }
#define KTSTR_LIST(list_)	{ .kind = KTSTR_CPUS_LIST, .list = (list_) }
#define KTSTR_LLC(i_)		{ .kind = KTSTR_CPUS_LLC, .i = (i_) }
#define KTSTR_NODE(i_)		{ .kind = KTSTR_CPUS_NODE, .i = (i_) }
#define KTSTR_CORE(i_)		{ .kind = KTSTR_CPUS_CORE, .i = (i_) }
#define KTSTR_ONE(i_)		{ .kind = KTSTR_CPUS_ONE, .i = (i_) }
#define KTSTR_PART(i_, n_)	{ .kind = KTSTR_CPUS_PART, .i = (i_), .n = (n_) }
#define KTSTR_LLC_PART(i_, n_)	{ .kind = KTSTR_CPUS_LLC_PART, .i = (i_), .n = (n_) }
#define KTSTR_OVERLAP(i_, n_, pct_) \
	{ .kind = KTSTR_CPUS_OVERLAP, .i = (i_), .n = (n_), .pct = (pct_) }
#define KTSTR_FRACTION(pct_)	{ .kind = KTSTR_CPUS_FRACTION, .pct = (pct_) }
#define KTSTR_RANDOM(n_)	{ .kind = KTSTR_CPUS_RANDOM, .n = (n_) }

/* What an operation does. The comment says which members of struct ktstr_do it takes. */
enum ktstr_verb {
	KTSTR_V_CGROUP,		/* make: cgroup, cpus; "a/b" is below "a", which must be there */
	KTSTR_V_CGROUP_REMOVE,	/* stop its workers, remove it: cgroup */
	KTSTR_V_CPUSET,		/* set or resize: cgroup, cpus */
	KTSTR_V_CPUSET_CLEAR,	/* inherit from the parent: cgroup */
	KTSTR_V_CPUSET_SWAP,	/* exchange those of two: cgroup, other */
	KTSTR_V_WEIGHT,		/* cpu.weight: cgroup, value (1 to 10000) */
	KTSTR_V_QUOTA,		/* cpu.max: cgroup, value us, value2 period us; 0 us: none */
	KTSTR_V_FREEZE,		/* cgroup */
	KTSTR_V_THAW,		/* cgroup */
	KTSTR_V_MEMORY_MAX,	/* memory.max: cgroup, value KiB; 0: none */
	KTSTR_V_SPAWN,		/* workers: cgroup, name, work */
	KTSTR_V_STOP,		/* stop workers: cgroup, name; no name: all of the cgroup */
	KTSTR_V_AFFINITY,	/* of workers: cgroup, name, cpus */
	KTSTR_V_NICE,		/* of workers: cgroup, name, value (as int64_t) */
	KTSTR_V_POLICY,		/* of workers: cgroup, name, work.policy, its parameters */
	KTSTR_V_MOVE,		/* workers to another cgroup: cgroup, name, other */
	KTSTR_V_SCHED_ATTACH,	/* start the scheduler under test again, wait until it rules */
	KTSTR_V_SCHED_DETACH,	/* end it; the kernel's own rules from here on */
	KTSTR_V_SCHED_RESTART,	/* both */
	KTSTR_V_SCHED_REPLACE,	/* start another in its place: cmd */
	KTSTR_V_RUN,		/* start a payload: name, cmd, cgroup (may be NULL) */
	KTSTR_V_WAIT,		/* until the payload ended: name, value ms at most, 0: none of its own */
	KTSTR_V_KILL,		/* end a payload: name */
	KTSTR_V_CPU_OFFLINE,	/* hot-unplug: value, the CPU's number */
	KTSTR_V_CPU_ONLINE,	/* value */
	KTSTR_V_HOLD,		/* let it run: value per cent of the duration, or value2 ms */
	KTSTR_V_LOOP,		/* repeat what follows, up to END, value times; not nested */
	KTSTR_V_END,
	KTSTR_V_MARK,		/* a phase begins: name; all workers are accounted up to here */
	KTSTR_V_EXPECT,		/* an expectation from a body: expect */
	KTSTR_V_NR,
};

/* What can be expected. The comment says which members of struct ktstr_expect count. */
enum ktstr_expect_kind {
	KTSTR_X_NOT_STARVED,	/* every worker progressed; default */
	KTSTR_X_ISOLATED,	/* no run outside of the cpuset, from events; default */
	KTSTR_X_FAIR,		/* CPU time by weight: cgroup, other; bound: points of share;
				 * default among cgroups with equal cpusets */
	KTSTR_X_QUOTA,		/* no more than cpu.max: cgroup; bound: per cent above; default */
	KTSTR_X_WORK_CONSERVING,	/* no CPU idle while a task waits that may run there; bound:
				 * ms; default */
	KTSTR_X_MAX_GAP,	/* longest time a worker wanted to run and did not; bound: ms;
				 * default */
	KTSTR_X_WAKE_LATENCY,	/* percentile pct of wake to run; cgroup; bound: ms */
	KTSTR_X_THROUGHPUT,	/* iterations per second of the cgroup; at least min */
	KTSTR_X_SPREAD,		/* (max - min) / mean of its workers' iterations; bound: per cent */
	KTSTR_X_MIGRATIONS,	/* per second of CPU time: cgroup; bound */
	KTSTR_X_LLC_LOCAL,	/* per cent of migrations and wakes within the LLC: cgroup; min */
	KTSTR_X_NODE_LOCAL,	/* per cent of pages on the worker's node: cgroup; min */
	KTSTR_X_NO_REGRESSION,	/* throughput in phase name, at least min per cent of that in
				 * phase other: cgroup */
	KTSTR_X_METRIC,		/* of payload name: metric between min and max */
	KTSTR_X_EXIT_STATUS,	/* of payload name: min */
	KTSTR_X_OVERHEAD,	/* CPU time of the harness in the guest; bound: per cent; default */
	KTSTR_X_ACCOUNT,	/* workers' own CPU time and the events agree; bound: per cent;
				 * default; INCONCLUSIVE where not */
	KTSTR_X_NR,
};

#define KTSTR_X_BIT(kind)	(1u << (kind))

/**
 * struct ktstr_expect - one expectation
 * @kind: what
 * @cgroup, @other: about whom; NULL: about all
 * @name: phase or payload
 * @metric: of a payload, or NULL
 * @bound: what is still good, 0: the kind's default; unit by kind
 * @min, @max: limits, where a kind has them
 * @pct: percentile, 0 to 100
 * @at: file and line
 */
struct ktstr_expect {
	enum ktstr_expect_kind kind;
	const char *cgroup, *other, *name, *metric;
	double bound, min, max, pct;
	const char *at;
};

/**
 * struct ktstr_do - one operation as a test says it
 * @verb: what to do
 * @cgroup, @other: cgroups
 * @name: of a group of workers, a payload or a phase
 * @cpus: CPUs
 * @work: workers
 * @value, @value2: numbers
 * @cmd: command in shell quoting
 * @expect: expectation
 * @at: file and line
 */
struct ktstr_do {
	enum ktstr_verb verb;
	const char *cgroup, *other, *name;
	struct ktstr_cpus cpus;
	struct ktstr_work work;
	uint64_t value, value2;
	const char *cmd;
	const struct ktstr_expect *expect;
	const char *at;
};

#define KTSTR_DO_(verb_, ...)	{ .verb = (verb_), .at = KTSTR_AT, ##__VA_ARGS__ }
#define KTSTR_CGROUP(cg, ...)	KTSTR_DO_(KTSTR_V_CGROUP, .cgroup = (cg), ##__VA_ARGS__)
#define KTSTR_CGROUP_REMOVE(cg)	KTSTR_DO_(KTSTR_V_CGROUP_REMOVE, .cgroup = (cg))
#define KTSTR_CPUSET(cg, ...)	KTSTR_DO_(KTSTR_V_CPUSET, .cgroup = (cg), .cpus = __VA_ARGS__)
#define KTSTR_CPUSET_CLEAR(cg)	KTSTR_DO_(KTSTR_V_CPUSET_CLEAR, .cgroup = (cg))
#define KTSTR_CPUSET_SWAP(a, b)	KTSTR_DO_(KTSTR_V_CPUSET_SWAP, .cgroup = (a), .other = (b))
#define KTSTR_WEIGHT(cg, v)	KTSTR_DO_(KTSTR_V_WEIGHT, .cgroup = (cg), .value = (v))
#define KTSTR_QUOTA(cg, us, period_us) \
	KTSTR_DO_(KTSTR_V_QUOTA, .cgroup = (cg), .value = (us), .value2 = (period_us))
#define KTSTR_FREEZE(cg)	KTSTR_DO_(KTSTR_V_FREEZE, .cgroup = (cg))
#define KTSTR_THAW(cg)		KTSTR_DO_(KTSTR_V_THAW, .cgroup = (cg))
#define KTSTR_MEMORY_MAX(cg, kib) KTSTR_DO_(KTSTR_V_MEMORY_MAX, .cgroup = (cg), .value = (kib))
#define KTSTR_SPAWN(cg, ...)	KTSTR_DO_(KTSTR_V_SPAWN, .cgroup = (cg), .work = { __VA_ARGS__ })
#define KTSTR_SPAWN_AS(cg, who, ...) \
	KTSTR_DO_(KTSTR_V_SPAWN, .cgroup = (cg), .name = (who), .work = { __VA_ARGS__ })
#define KTSTR_STOP(cg, ...)	KTSTR_DO_(KTSTR_V_STOP, .cgroup = (cg), ##__VA_ARGS__)
#define KTSTR_AFFINITY(cg, who, ...) \
	KTSTR_DO_(KTSTR_V_AFFINITY, .cgroup = (cg), .name = (who), .cpus = __VA_ARGS__)
#define KTSTR_NICE(cg, who, n)	\
	KTSTR_DO_(KTSTR_V_NICE, .cgroup = (cg), .name = (who), .value = (uint64_t)(int64_t)(n))
#define KTSTR_SET_POLICY(cg, who, ...) \
	KTSTR_DO_(KTSTR_V_POLICY, .cgroup = (cg), .name = (who), .work = { __VA_ARGS__ })
#define KTSTR_MOVE(cg, who, to)	\
	KTSTR_DO_(KTSTR_V_MOVE, .cgroup = (cg), .name = (who), .other = (to))
#define KTSTR_SCHED_ATTACH()	KTSTR_DO_(KTSTR_V_SCHED_ATTACH)
#define KTSTR_SCHED_DETACH()	KTSTR_DO_(KTSTR_V_SCHED_DETACH)
#define KTSTR_SCHED_RESTART()	KTSTR_DO_(KTSTR_V_SCHED_RESTART)
#define KTSTR_SCHED_REPLACE(c)	KTSTR_DO_(KTSTR_V_SCHED_REPLACE, .cmd = (c))
#define KTSTR_RUN(who, c, ...)	KTSTR_DO_(KTSTR_V_RUN, .name = (who), .cmd = (c), ##__VA_ARGS__)
#define KTSTR_WAIT(who, ...)	KTSTR_DO_(KTSTR_V_WAIT, .name = (who), ##__VA_ARGS__)
#define KTSTR_KILL(who)		KTSTR_DO_(KTSTR_V_KILL, .name = (who))
#define KTSTR_CPU_OFFLINE(cpu)	KTSTR_DO_(KTSTR_V_CPU_OFFLINE, .value = (cpu))
#define KTSTR_CPU_ONLINE(cpu)	KTSTR_DO_(KTSTR_V_CPU_ONLINE, .value = (cpu))
#define KTSTR_HOLD(pct)		KTSTR_DO_(KTSTR_V_HOLD, .value = (pct))
#define KTSTR_HOLD_MS(ms)	KTSTR_DO_(KTSTR_V_HOLD, .value2 = (ms))
#define KTSTR_LOOP(times)	KTSTR_DO_(KTSTR_V_LOOP, .value = (times))
#define KTSTR_LOOP_END()	KTSTR_DO_(KTSTR_V_END)
#define KTSTR_MARK(phase)	KTSTR_DO_(KTSTR_V_MARK, .name = (phase))

#define KTSTR_OPS(...)		((const struct ktstr_do[]){ __VA_ARGS__, { .verb = KTSTR_V_NR } })

#define KTSTR_X_(kind_, ...)	{ .kind = (kind_), .at = KTSTR_AT, ##__VA_ARGS__ }
#define KTSTR_FAIR(a, b, points) \
	KTSTR_X_(KTSTR_X_FAIR, .cgroup = (a), .other = (b), .bound = (points))
#define KTSTR_EXPECT(...)	\
	((const struct ktstr_expect[]){ __VA_ARGS__, { .kind = KTSTR_X_NR } })

/**
 * struct ktstr_needs - which topologies can carry a test; 0: no limit
 * @cpus, @max_cpus: CPUs at least, at most
 * @llcs, @nodes, @threads: at least
 * @sched_ext: a scheduler under test must be given
 */
struct ktstr_needs {
	uint32_t cpus, max_cpus, llcs, nodes, threads;
	bool sched_ext;
};

struct ktstr_run;

/**
 * struct ktstr_test - one test, or one scenario of the catalog
 * @name: unique; "cpuset/swap" is of group cpuset
 * @summary: one line for "ktstr list"
 * @tags: words with a space between two
 * @topology: nodes, LLCs in all, cores per LLC, threads; zeros: the command line's or the default
 * @needs: which topologies can carry it
 * @sched: scheduler command if the command line has none, or NULL
 * @duration_ms: of the window if the command line does not say, 0: 3000
 * @ops: ended by a verb of %KTSTR_V_NR; NULL: the body does it all
 * @expect: beside the defaults; ended by a kind of %KTSTR_X_NR; or NULL
 * @without: KTSTR_X_BIT() of defaults that do not apply to it
 * @body: runs in the guest after @ops, or NULL
 */
struct ktstr_test {
	const char *name, *summary, *tags;
	struct { uint32_t nodes, llcs, cores, threads; } topology;
	struct ktstr_needs needs;
	const char *sched;
	uint32_t duration_ms;
	const struct ktstr_do *ops;
	const struct ktstr_expect *expect;
	uint32_t without;
	void (*body)(struct ktstr_run *t);
};

/* A test registers itself by being linked: the linker collects the pointers. */
#define KTSTR_REGISTER_(id) \
	static const struct ktstr_test *const ktstr_test_ptr_##id \
	__attribute__((used, section("ktstr_tests"))) = &ktstr_test_##id

/** KTSTR_SCENARIO() - a test that is data alone: @id for C, its name as people type it */
#define KTSTR_SCENARIO(id, name_, ...) \
	static const struct ktstr_test ktstr_test_##id = { .name = (name_), __VA_ARGS__ }; \
	KTSTR_REGISTER_(id)

/** KTSTR_TEST() - a test with a body, which follows: KTSTR_TEST(id, ...) { ktstr_do(t, ...); } */
#define KTSTR_TEST(id, ...) \
	static void ktstr_body_##id(struct ktstr_run *t); \
	static const struct ktstr_test ktstr_test_##id = { \
		.name = #id, .body = ktstr_body_##id, __VA_ARGS__ }; \
	KTSTR_REGISTER_(id); \
	static void ktstr_body_##id(struct ktstr_run *t)

/** ktstr_test__at() - the @i-th test linked into this program; NULL past the end */
const struct ktstr_test *ktstr_test__at(unsigned int i);

/** ktstr_test__find() - by name; NULL when there is none */
const struct ktstr_test *ktstr_test__find(const char *name);

/** ktstr_test__namesake() - a test whose name one before it has; NULL when all names are unique */
const struct ktstr_test *ktstr_test__namesake(void);

/**
 * ktstr_do() - carry an operation out, from a body
 * @t: the running test
 * @op: KTSTR_CGROUP() and the like; expectations by ktstr_expect()
 *
 * Context: guest, in a body. An operation that is wrong or fails ends the test with a sentence
 * that names its line: all later calls do nothing.
 * Return: 0 or a negative errno, which a body need not look at.
 */
#define ktstr_do(t, ...) ktstr_run__do(t, &(const struct ktstr_do)__VA_ARGS__)
int ktstr_run__do(struct ktstr_run *t, const struct ktstr_do *op);

/** ktstr_expect() - expect something, from a body: ktstr_expect(t, KTSTR_FAIR("a", "b", 15)) */
#define ktstr_expect(t, ...) \
	ktstr_run__do(t, &(const struct ktstr_do){ .verb = KTSTR_V_EXPECT, .at = KTSTR_AT, \
		.expect = &(const struct ktstr_expect)__VA_ARGS__ })

/** ktstr_run__random() - the next number of the run's seed, for bodies */
uint64_t ktstr_run__random(struct ktstr_run *t);

#endif /* KTSTR_TEST_H */
