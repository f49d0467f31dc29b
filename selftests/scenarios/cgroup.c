// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cgroups: that come and go, nest, weigh, and are limited.
 */
#include <ktstr/test.h>

#define NO_FAIR	KTSTR_X_BIT(KTSTR_X_FAIR)

KTSTR_SCENARIO(cgroup_add, "cgroup/add",
	.summary = "a cgroup and its workers arrive in mid-run",
	.tags = "cgroup spin change",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(40),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(60)));

KTSTR_SCENARIO(cgroup_remove, "cgroup/remove",
	.summary = "one of two cgroups goes, the other must get what it had",
	.tags = "cgroup spin change",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(50),
		KTSTR_CGROUP_REMOVE("b"),
		KTSTR_HOLD(50)));

KTSTR_SCENARIO(cgroup_nested, "cgroup/nested",
	.summary = "cgroups three deep, workers at the leaves",
	.tags = "cgroup spin",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("a/x"),
		KTSTR_CGROUP("a/x/1"),
		KTSTR_CGROUP("a/x/2"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a/x/1", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("a/x/2", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cgroup_equal, "cgroup/equal",
	.summary = "two cgroups of the same weight, one with twice the workers",
	.tags = "cgroup spin weight",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 2),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)),
	/* Two thirds, as many as the workers are, are 17 points off: fair by task passes too. */
	.expect = KTSTR_EXPECT(KTSTR_FAIR("a", "b", 20)));

KTSTR_SCENARIO(cgroup_weight, "cgroup/weight",
	.summary = "weights 300 and 100 over the same CPUs share three to one",
	.tags = "cgroup spin weight",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_WEIGHT("a", 300),
		KTSTR_WEIGHT("b", 100),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 2),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 2),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cgroup_weight_change, "cgroup/weight-change",
	.summary = "two cgroups exchange their weights in mid-run",
	.tags = "cgroup spin weight change",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_WEIGHT("a", 400),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(50),
		KTSTR_WEIGHT("a", 100),
		KTSTR_WEIGHT("b", 400),
		KTSTR_HOLD(50)));

KTSTR_SCENARIO(cgroup_quota, "cgroup/quota",
	.summary = "a cgroup with a quota of half a CPU beside one without",
	.tags = "cgroup spin quota",
	.without = NO_FAIR | KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING) | KTSTR_X_BIT(KTSTR_X_MAX_GAP),
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_QUOTA("a", 50000, 100000),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 2),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cgroup_quota_change, "cgroup/quota-change",
	.summary = "a quota comes, shrinks and goes",
	.tags = "cgroup spin quota change",
	.without = NO_FAIR | KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING) | KTSTR_X_BIT(KTSTR_X_MAX_GAP),
	/* Short without a quota: what is used up then must not hide what is used in spite of it. */
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(10),
		KTSTR_QUOTA("a", 80000, 100000),
		KTSTR_HOLD(40),
		KTSTR_QUOTA("a", 20000, 100000),
		KTSTR_HOLD(40),
		KTSTR_QUOTA("a", 0, 100000),
		KTSTR_HOLD(10)));

KTSTR_SCENARIO(cgroup_freeze, "cgroup/freeze",
	.summary = "a cgroup is frozen for a while and comes back",
	.tags = "cgroup spin change",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "mixed", .per_cpu = 1),
		KTSTR_HOLD(30),
		KTSTR_FREEZE("a"),
		KTSTR_HOLD(30),
		KTSTR_THAW("a"),
		KTSTR_HOLD(40)));

KTSTR_SCENARIO(cgroup_move, "cgroup/move",
	.summary = "workers are moved between two cgroups and back",
	.tags = "cgroup spin change",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN_AS("a", "mover", .kind = "spin", .nr = 2),
		KTSTR_SPAWN("b", .kind = "spin", .nr = 2),
		KTSTR_LOOP(3),
		KTSTR_HOLD(16),
		KTSTR_MOVE("a", "mover", "b"),
		KTSTR_HOLD(16),
		KTSTR_MOVE("b", "mover", "a"),
		KTSTR_LOOP_END()));

KTSTR_SCENARIO(cgroup_churn, "cgroup/churn",
	.summary = "cgroups are made, entered and removed all the time beside steady load",
	.tags = "cgroup churn",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a", .kind = "cgroup-churn", .nr = 2),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cgroup_memory, "cgroup/memory",
	.summary = "page faults under a memory limit beside compute",
	.tags = "cgroup memory",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_MEMORY_MAX("a", 65536),
		KTSTR_SPAWN("a", .kind = "page-fault", .nr = 2, .kib = 1024),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(cgroup_many, "cgroup/many",
	.summary = "eight cgroups, one worker each",
	.tags = "cgroup spin",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("c0"), KTSTR_CGROUP("c1"), KTSTR_CGROUP("c2"), KTSTR_CGROUP("c3"),
		KTSTR_CGROUP("c4"), KTSTR_CGROUP("c5"), KTSTR_CGROUP("c6"), KTSTR_CGROUP("c7"),
		KTSTR_SPAWN("c0", .kind = "spin", .nr = 1),
		KTSTR_SPAWN("c1", .kind = "spin", .nr = 1),
		KTSTR_SPAWN("c2", .kind = "spin", .nr = 1),
		KTSTR_SPAWN("c3", .kind = "spin", .nr = 1),
		KTSTR_SPAWN("c4", .kind = "spin", .nr = 1),
		KTSTR_SPAWN("c5", .kind = "spin", .nr = 1),
		KTSTR_SPAWN("c6", .kind = "spin", .nr = 1),
		KTSTR_SPAWN("c7", .kind = "spin", .nr = 1),
		KTSTR_HOLD(100)));
