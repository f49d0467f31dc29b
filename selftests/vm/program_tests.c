// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test program whose tests do everything once, are wrong, or go wrong: what a person
 * must be told of them is in test_program.c.
 */
#define _GNU_SOURCE
#include <sched.h>

#include <ktstr/test.h>

static void work(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		ktstr_worker__compute(w, 500);
		ktstr_worker__unit(w);
		ktstr_worker__pause(w, 500);
	}
}

static void fails(struct ktstr_worker *w)
{
	ktstr_worker__compute(w, 100);
	ktstr_worker__fail(w, "it wanted a pony");
}

/* A cpuset that was cleared follows what is there. */
static void has_two_cpus(struct ktstr_worker *w)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) != 2)
		ktstr_worker__fail(w, "it may use %d CPUs", CPU_COUNT(&set));
	work(w);
}

KTSTR_TEST(everything,
	.summary = "every operation that a body can do with cgroups, workers and payloads",
	.tags = "good",
	.without = KTSTR_X_BIT(KTSTR_X_FAIR) | KTSTR_X_BIT(KTSTR_X_MAX_GAP) |
		   KTSTR_X_BIT(KTSTR_X_QUOTA) | KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING) |
		   KTSTR_X_BIT(KTSTR_X_OVERHEAD),
	/* What data runs is packed into the guest; a body finds it there. */
	.ops = KTSTR_OPS(KTSTR_RUN("first", "sleep 0.01"), KTSTR_WAIT("first")))
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_CGROUP("a/b", .cpus = KTSTR_ONE(0)));
	ktstr_do(t, KTSTR_CGROUP("c"));
	ktstr_do(t, KTSTR_CGROUP("d", .cpus = KTSTR_ONE(1)));
	ktstr_do(t, KTSTR_WEIGHT("a", 200));
	ktstr_do(t, KTSTR_MEMORY_MAX("d", 65536));
	ktstr_do(t, KTSTR_RUN("short", "sleep 0.01", .cgroup = "d"));
	ktstr_do(t, KTSTR_RUN("endless", "sleep 1000", .cgroup = "d"));
	ktstr_do(t, KTSTR_SPAWN_AS("a/b", "w", .kind = "function", .fn = work, .nr = 2));
	ktstr_do(t, KTSTR_SPAWN_AS("c", "fifo", .kind = "bursty", .nr = 1, .policy = KTSTR_FIFO,
				   .prio = 3));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_CPUSET_SWAP("a/b", "d"));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_CPUSET("a/b", KTSTR_ONE(0)));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_CPUSET_CLEAR("a/b"));
	ktstr_do(t, KTSTR_AFFINITY("a/b", "w", KTSTR_ONE(0)));
	ktstr_do(t, KTSTR_NICE("a/b", "w", 3));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_SET_POLICY("a/b", "w", .policy = KTSTR_BATCH));
	ktstr_do(t, KTSTR_MOVE("a/b", "w", "c"));
	ktstr_do(t, KTSTR_QUOTA("c", 50000, 100000));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_FREEZE("c"));
	ktstr_do(t, KTSTR_HOLD_MS(50));
	ktstr_do(t, KTSTR_THAW("c"));
	ktstr_do(t, KTSTR_MARK("second"));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_STOP("c", .name = "w"));
	ktstr_do(t, KTSTR_CGROUP_REMOVE("a/b"));
	ktstr_do(t, KTSTR_WAIT("short", .value = 10000));
	ktstr_do(t, KTSTR_KILL("endless"));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_expect(t, KTSTR_X_(KTSTR_X_EXIT_STATUS, .name = "short"));
}

KTSTR_TEST(schedulers,
	.summary = "every operation that a body can do with schedulers",
	.tags = "good",
	.needs = { .sched_ext = true },
	.without = KTSTR_X_BIT(KTSTR_X_MAX_GAP) | KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING) |
		   KTSTR_X_BIT(KTSTR_X_OVERHEAD))
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN("a", .kind = "function", .fn = work, .nr = 2));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_SCHED_RESTART());
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_SCHED_REPLACE("scx_simple -f"));
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_SCHED_DETACH());
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_do(t, KTSTR_SCHED_ATTACH());
	ktstr_do(t, KTSTR_HOLD(10));
	ktstr_expect(t, KTSTR_X_(KTSTR_X_THROUGHPUT, .cgroup = "a", .min = 1));
}

KTSTR_TEST(cpus,
	.summary = "every operation that a body can do with CPUs",
	.tags = "good",
	.topology = { 1, 1, 2, 1 },
	.needs = { .cpus = 2 },
	.without = KTSTR_X_BIT(KTSTR_X_MAX_GAP) | KTSTR_X_BIT(KTSTR_X_OVERHEAD))
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN("a", .kind = "function", .fn = work, .nr = 2));
	ktstr_do(t, KTSTR_HOLD(20));
	ktstr_do(t, KTSTR_CPUSET("a", KTSTR_ONE(0)));
	ktstr_do(t, KTSTR_CPU_OFFLINE(1));
	ktstr_do(t, KTSTR_HOLD(20));
	ktstr_do(t, KTSTR_CPUSET_CLEAR("a"));
	ktstr_do(t, KTSTR_CPU_ONLINE(1));
	ktstr_do(t, KTSTR_SPAWN("a", .kind = "function", .fn = has_two_cpus, .nr = 2));
	ktstr_do(t, KTSTR_HOLD(20));
	ktstr_expect(t, KTSTR_X_(KTSTR_X_THROUGHPUT, .cgroup = "a", .min = 1));
}

KTSTR_TEST(hopeless, .summary = "a body that expects what no machine does", .tags = "wrong")
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN("a", .kind = "spin", .nr = 1));
	ktstr_do(t, KTSTR_HOLD(100));
	ktstr_expect(t, KTSTR_X_(KTSTR_X_THROUGHPUT, .cgroup = "a", .min = 1e12));
}

KTSTR_TEST(misspelt, .summary = "a cgroup that was never made", .tags = "wrong")
{
	ktstr_do(t, KTSTR_CGROUP("alpha"));
#line 1000
	ktstr_do(t, KTSTR_SPAWN("alhpa", .kind = "spin", .nr = 1));
	ktstr_do(t, KTSTR_HOLD(100));
}

KTSTR_TEST(pony, .summary = "a worker that cannot work", .tags = "wrong")
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN_AS("a", "w", .kind = "function", .fn = fails, .nr = 1));
	ktstr_do(t, KTSTR_HOLD(100));
}

#line 2000
KTSTR_SCENARIO(impossible, "impossible",
	.summary = "a cpuset that no such machine has",
	.tags = "wrong",
	.ops = KTSTR_OPS(KTSTR_CGROUP("a", .cpus = KTSTR_LLC(7)), KTSTR_HOLD(100)));
