// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cpusets: parts that meet or do not, and that change while workers run in them.
 */
#include <ktstr/test.h>

/* Shares are fair between cgroups whose CPUs stay the same; here they change. */
#define CHANGES	KTSTR_X_BIT(KTSTR_X_FAIR)

KTSTR_SCENARIO(cpuset_partition, "cpuset/partition",
	.summary = "two cgroups on halves of the CPUs that never meet",
	.tags = "cpuset spin",
	.needs = { .cpus = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_PART(0, 2)),
		KTSTR_CGROUP("b", .cpus = KTSTR_PART(1, 2)),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 2),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cpuset_overlap, "cpuset/overlap",
	.summary = "two cgroups whose CPUs overlap by half of a part",
	.tags = "cpuset spin",
	.needs = { .cpus = 2 },
	.without = CHANGES,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_OVERLAP(0, 2, 50)),
		KTSTR_CGROUP("b", .cpus = KTSTR_PART(1, 2)),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cpuset_resize, "cpuset/resize",
	.summary = "a cgroup shrinks to one CPU and grows again under its workers",
	.tags = "cpuset spin change",
	.needs = { .cpus = 2 },
	.without = CHANGES,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(30),
		KTSTR_CPUSET("a", KTSTR_ONE(0)),
		KTSTR_HOLD(40),
		KTSTR_CPUSET("a", KTSTR_ALL),
		KTSTR_HOLD(30)));

KTSTR_SCENARIO(cpuset_swap, "cpuset/swap",
	.summary = "two cgroups exchange their CPUs in mid-run",
	.tags = "cpuset spin change",
	.needs = { .cpus = 2 },
	.without = CHANGES,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_PART(0, 2)),
		KTSTR_CGROUP("b", .cpus = KTSTR_PART(1, 2)),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "mixed", .per_cpu = 1),
		KTSTR_LOOP(4),
		KTSTR_HOLD(25),
		KTSTR_CPUSET_SWAP("a", "b"),
		KTSTR_LOOP_END()));

KTSTR_SCENARIO(cpuset_clear, "cpuset/clear",
	.summary = "a cgroup on one CPU is let out to all of them",
	.tags = "cpuset spin change",
	.needs = { .cpus = 2 },
	.without = CHANGES,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_ONE(1)),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 4),
		KTSTR_HOLD(50),
		KTSTR_CPUSET_CLEAR("a"),
		KTSTR_HOLD(50)));

KTSTR_SCENARIO(cpuset_llc, "cpuset/llc",
	.summary = "a cgroup of its own on each of two LLCs, workers that share data",
	.tags = "cpuset llc wake",
	.needs = { .llcs = 2 },
	.without = CHANGES,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)),
		KTSTR_CGROUP("b", .cpus = KTSTR_LLC(1)),
		KTSTR_SPAWN("a", .kind = "pipe", .nr = 4),
		KTSTR_SPAWN("b", .kind = "futex", .nr = 4),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cpuset_node, "cpuset/node",
	.summary = "a cgroup on each of two nodes, one of them overloaded",
	.tags = "cpuset numa spin",
	.needs = { .nodes = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_NODE(0)),
		KTSTR_CGROUP("b", .cpus = KTSTR_NODE(1)),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 3),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cpuset_random, "cpuset/random",
	.summary = "a cgroup jumps between CPUs that the seed draws",
	.tags = "cpuset spin change random",
	.needs = { .cpus = 2 },
	.without = CHANGES,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "mixed", .nr = 4),
		KTSTR_LOOP(10),
		KTSTR_CPUSET("a", KTSTR_RANDOM(1)),
		KTSTR_HOLD(10),
		KTSTR_LOOP_END()));

KTSTR_SCENARIO(cpuset_fraction, "cpuset/fraction",
	.summary = "many workers on a quarter of the CPUs beside a machine that is idle",
	.tags = "cpuset spin",
	.needs = { .cpus = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_FRACTION(25)),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 4),
		KTSTR_HOLD(100)));
