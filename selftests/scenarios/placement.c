// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where tasks may run, task by task: affinity and policy.
 */
#include <ktstr/test.h>

#define NO_FAIR	KTSTR_X_BIT(KTSTR_X_FAIR)
/* Below others by design, so that being kept waiting is no fault. */
#define LOW	(NO_FAIR | KTSTR_X_BIT(KTSTR_X_NOT_STARVED) | KTSTR_X_BIT(KTSTR_X_MAX_GAP))
/*
 * Below real-time tasks, which pause: what they leave is enough to live. A hog that a slow CPU
 * leaves no pause leaves the kernel's reserve, 50 ms a second: no bound for a gap.
 */
#define BELOW_RT (NO_FAIR | KTSTR_X_BIT(KTSTR_X_MAX_GAP))

KTSTR_SCENARIO(affinity_pinned, "affinity/pinned",
	.summary = "two workers pinned to one CPU, the others free",
	.tags = "affinity spin",
	.needs = { .cpus = 2 },
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "pinned", .kind = "spin", .nr = 2, .affinity = "0"),
		KTSTR_SPAWN_AS("a", "free", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(affinity_change, "affinity/change",
	.summary = "workers are sent from CPU to CPU by their affinity",
	.tags = "affinity spin change",
	.needs = { .cpus = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "w", .kind = "spin", .nr = 2),
		KTSTR_LOOP(5),
		KTSTR_AFFINITY("a", "w", KTSTR_ONE(0)),
		KTSTR_HOLD(10),
		KTSTR_AFFINITY("a", "w", KTSTR_ONE(1)),
		KTSTR_HOLD(10),
		KTSTR_LOOP_END()));

KTSTR_SCENARIO(affinity_llc, "affinity/llc",
	.summary = "pairs that talk are kept on an LLC each, then exchange them",
	.tags = "affinity llc wake",
	.needs = { .llcs = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "p", .kind = "pipe", .nr = 2),
		KTSTR_SPAWN_AS("a", "q", .kind = "pipe", .nr = 2),
		KTSTR_AFFINITY("a", "p", KTSTR_LLC(0)),
		KTSTR_AFFINITY("a", "q", KTSTR_LLC(1)),
		KTSTR_HOLD(50),
		KTSTR_AFFINITY("a", "p", KTSTR_LLC(1)),
		KTSTR_AFFINITY("a", "q", KTSTR_LLC(0)),
		KTSTR_HOLD(50)));

KTSTR_SCENARIO(affinity_sibling, "affinity/sibling",
	.summary = "a pair that talks shares a core",
	.tags = "affinity smt wake",
	.needs = { .threads = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "p", .kind = "pipe", .nr = 2),
		KTSTR_AFFINITY("a", "p", KTSTR_CORE(0)),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(affinity_random, "affinity/random",
	.summary = "affinities that the seed draws, changed in mid-run",
	.tags = "affinity spin change random",
	.needs = { .cpus = 2 },
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "w", .kind = "mixed", .nr = 4),
		KTSTR_LOOP(10),
		KTSTR_AFFINITY("a", "w", KTSTR_RANDOM(1)),
		KTSTR_HOLD(10),
		KTSTR_LOOP_END()));

KTSTR_SCENARIO(affinity_churn, "affinity/churn",
	.summary = "workers that change their own affinity all the time",
	.tags = "affinity churn",
	.needs = { .cpus = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "affinity-churn", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(affinity_churn_cross, "affinity/churn-cross",
	.summary = "workers that change each other's affinity all the time",
	.tags = "affinity churn",
	.needs = { .cpus = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "affinity-churn-cross", .nr = 4),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(policy_nice, "policy/nice",
	.summary = "nice 0 beside nice 5 on one CPU: neither is starved, shares are not compared",
	.tags = "policy spin",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_ONE(0)),
		KTSTR_SPAWN_AS("a", "plain", .kind = "spin", .nr = 1),
		KTSTR_SPAWN_AS("a", "nice", .kind = "spin", .nr = 1, .nice = 5),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(policy_nice_sweep, "policy/nice-sweep",
	.summary = "workers that go through nice values",
	.tags = "policy churn",
	.without = LOW,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "nice-sweep", .per_cpu = 2),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(policy_batch_idle, "policy/batch-idle",
	.summary = "SCHED_BATCH and SCHED_IDLE beside normal tasks",
	.tags = "policy spin",
	.without = LOW,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "normal", .kind = "mixed", .per_cpu = 1),
		KTSTR_SPAWN_AS("a", "batch", .kind = "spin", .per_cpu = 1, .policy = KTSTR_BATCH),
		KTSTR_SPAWN_AS("a", "idle", .kind = "spin", .per_cpu = 1, .policy = KTSTR_IDLE),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(policy_fifo, "policy/fifo",
	.summary = "real-time bursts over normal load",
	.tags = "policy rt",
	.without = BELOW_RT | KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING),
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "normal", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN_AS("a", "fifo", .kind = "bursty", .nr = 1, .policy = KTSTR_FIFO, .prio = 10),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(policy_deadline, "policy/deadline",
	.summary = "a SCHED_DEADLINE task of 10 % over normal load",
	.tags = "policy deadline",
	.without = BELOW_RT,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "normal", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN_AS("a", "deadline", .kind = "bursty", .nr = 1, .policy = KTSTR_DEADLINE,
			       .runtime_us = 10000, .deadline_us = 100000, .period_us = 100000),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(policy_change, "policy/change",
	.summary = "workers go from normal to batch, idle and back",
	.tags = "policy spin change",
	.without = LOW,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "stay", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN_AS("a", "w", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(25),
		KTSTR_SET_POLICY("a", "w", .policy = KTSTR_BATCH),
		KTSTR_HOLD(25),
		KTSTR_SET_POLICY("a", "w", .policy = KTSTR_IDLE),
		KTSTR_HOLD(25),
		KTSTR_SET_POLICY("a", "w", .policy = KTSTR_NORMAL),
		KTSTR_HOLD(25)));

KTSTR_SCENARIO(policy_churn, "policy/churn",
	.summary = "workers that change their own policy all the time",
	.tags = "policy churn",
	.without = LOW,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "policy-churn", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(policy_rt_starve, "policy/rt-starve",
	.summary = "a real-time hog on one CPU: what else is there must live on what it leaves",
	.tags = "policy rt",
	.without = BELOW_RT | KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING),
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "normal", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN_AS("a", "hog", .kind = "rt-starve", .nr = 1),
		KTSTR_HOLD(100)));
