// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steady load: every CPU is busy all the time.
 */
#include <ktstr/test.h>

/*
 * With caches to divide, a and b never meet and each must get all of its half;
 * without, they compete for every CPU and must share it.
 */
KTSTR_SCENARIO(steady, "steady",
	.summary = "two cgroups of spinning workers: every CPU is busy all the time",
	.tags = "basic spin",
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC_PART(0, 2)),
		KTSTR_CGROUP("b", .cpus = KTSTR_LLC_PART(1, 2)),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_SPAWN("b", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));
