// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caches, pages and disks: load that waits for something else than a CPU.
 */
#include <ktstr/test.h>

#define NO_FAIR	KTSTR_X_BIT(KTSTR_X_FAIR)

#define MEMORY(id, name_, kind_, tags_, what, ...) \
	KTSTR_SCENARIO(memory_##id, name_, \
		.summary = what, \
		.tags = tags_, \
		.ops = KTSTR_OPS( \
			KTSTR_CGROUP("a"), \
			KTSTR_SPAWN("a", .kind = kind_, ##__VA_ARGS__), \
			KTSTR_HOLD(100)))

MEMORY(l1, "cache/l1", "cache-l1", "cache", "working sets of the size of an L1", .per_cpu = 2);
MEMORY(l2, "cache/l2", "cache-l2", "cache", "working sets of the size of an L2", .per_cpu = 2);
MEMORY(l3, "cache/l3", "cache-l3", "cache", "working sets of the size of an LLC", .per_cpu = 1);
MEMORY(yield, "cache/yield", "cache-yield", "cache yield", "a warm cache given up by yielding",
       .per_cpu = 2);
MEMORY(pipe, "cache/pipe", "cache-pipe", "cache wake", "a warm cache given up for a pipe's sake",
       .nr = 4);
MEMORY(fault, "page/fault", "page-fault", "memory", "pages touched and given back all the time",
       .per_cpu = 1);

KTSTR_SCENARIO(numa_sweep, "numa/sweep",
	.summary = "working sets walked from every node's CPUs",
	.tags = "numa memory",
	.needs = { .nodes = 2 },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "numa-sweep", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(io_write, "io/write",
	.summary = "small synchronous writes beside compute",
	.tags = "io",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("io"),
		KTSTR_CGROUP("cpu"),
		KTSTR_SPAWN("io", .kind = "sync-write", .nr = 2),
		KTSTR_SPAWN("cpu", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(io_read, "io/read",
	.summary = "random reads beside compute",
	.tags = "io",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("io"),
		KTSTR_CGROUP("cpu"),
		KTSTR_SPAWN("io", .kind = "random-read", .nr = 2),
		KTSTR_SPAWN("cpu", .kind = "mixed", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(io_convoy, "io/convoy",
	.summary = "short I/O queued up behind long compute",
	.tags = "io",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "io-convoy", .nr = 4),
		KTSTR_SPAWN("a", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));
