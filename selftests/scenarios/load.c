// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load: too much of it, too little, in bursts, and that moves.
 */
#include <ktstr/test.h>

#define NO_FAIR	KTSTR_X_BIT(KTSTR_X_FAIR)

KTSTR_SCENARIO(load_single, "load/single",
	.summary = "one worker on a machine that is idle but for it",
	.tags = "load spin basic",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_oversubscribed, "load/oversubscribed",
	.summary = "four spinning workers for each CPU",
	.tags = "load spin",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 4),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_idle, "load/idle",
	.summary = "workers that only sleep and look, thousands of times a second",
	.tags = "load wake idle",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "idle-churn", .per_cpu = 2),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_idle_busy, "load/idle-busy",
	.summary = "workers that wake now and then beside CPUs full of spinning ones",
	.tags = "load wake spin",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("busy"),
		KTSTR_CGROUP("idle"),
		KTSTR_SPAWN("busy", .kind = "spin", .per_cpu = 2),
		KTSTR_SPAWN("idle", .kind = "idle-churn", .nr = 4),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_imbalance, "load/imbalance",
	.summary = "all workers begin on one CPU and may then go anywhere",
	.tags = "load spin balance",
	.needs = { .cpus = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "w", .kind = "spin", .per_cpu = 2, .affinity = "0"),
		KTSTR_HOLD(20),
		KTSTR_AFFINITY("a", "w", KTSTR_ALL),
		KTSTR_HOLD(80)));

KTSTR_SCENARIO(load_shift, "load/shift",
	.summary = "load stops on one half of the CPUs and begins on the other",
	.tags = "load spin change",
	.needs = { .cpus = 2 },
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_PART(0, 2)),
		KTSTR_CGROUP("b", .cpus = KTSTR_PART(1, 2)),
		KTSTR_SPAWN_AS("a", "first", .kind = "spin", .per_cpu = 2),
		KTSTR_HOLD(50),
		KTSTR_STOP("a", .name = "first"),
		KTSTR_SPAWN_AS("b", "second", .kind = "spin", .per_cpu = 2),
		KTSTR_HOLD(50)));

KTSTR_SCENARIO(load_bursty, "load/bursty",
	.summary = "bursts of work with pauses, more of them than CPUs",
	.tags = "load wake",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "bursty", .per_cpu = 2),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_mixed, "load/mixed",
	.summary = "compute, yield, pause: one of each beside each other on every CPU",
	.tags = "load wake yield",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "mixed", .per_cpu = 1),
		KTSTR_SPAWN("a", .kind = "yield", .per_cpu = 1),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_yield, "load/yield",
	.summary = "two workers for each CPU that yield all the time",
	.tags = "load yield",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "yield", .per_cpu = 2),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_phases, "load/phases",
	.summary = "workers that compute, sleep, yield and spin in turn",
	.tags = "load wake yield",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "phases", .per_cpu = 2),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_come_and_go, "load/come-and-go",
	.summary = "workers are spawned and stopped again and again",
	.tags = "load spin change",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN_AS("a", "stay", .kind = "spin", .nr = 1),
		KTSTR_LOOP(5),
		KTSTR_SPAWN_AS("a", "guest", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(12),
		KTSTR_STOP("a", .name = "guest"),
		KTSTR_HOLD(8),
		KTSTR_LOOP_END()));

KTSTR_SCENARIO(load_smt, "load/smt",
	.summary = "both threads of a core compute, the other cores idle",
	.tags = "load smt",
	.needs = { .threads = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_CORE(0)),
		KTSTR_SPAWN("a", .kind = "smt", .nr = 2),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_alu, "load/alu",
	.summary = "arithmetic without a memory access on every CPU",
	.tags = "load spin",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "alu", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(load_fork, "load/fork",
	.summary = "processes that live for one exit, as fast as they can be made",
	.tags = "load fork",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a", .kind = "fork-exit", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));
