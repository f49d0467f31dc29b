// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake-ups: who wakes whom, how many at a time, and over which distance.
 */
#include <ktstr/test.h>

#define NO_FAIR	KTSTR_X_BIT(KTSTR_X_FAIR)

#define WAKE_ON(cpus_, id, name_, kind_, what, ...) \
	KTSTR_SCENARIO(wake_##id, "wake/" name_, \
		.summary = what, \
		.tags = "wake", \
		.ops = KTSTR_OPS( \
			KTSTR_CGROUP("a", .cpus = cpus_), \
			KTSTR_SPAWN("a", .kind = kind_, ##__VA_ARGS__), \
			KTSTR_HOLD(100)))
#define WAKE(id, ...)	WAKE_ON(KTSTR_ALL, id, __VA_ARGS__)

WAKE(pipe, "pipe", "pipe", "pairs that pass a byte back and forth through pipes", .nr = 4);
WAKE(futex, "futex", "futex", "pairs that wake each other by futex", .nr = 4);
WAKE(fanout, "fanout", "futex-fanout", "one waker, many sleepers on a futex");
WAKE(fanout_compute, "fanout-compute", "fanout-compute", "one hands out work that many compute");
WAKE(asym, "asym", "asym-waker", "a busy waker and sleepers that hardly compute");
WAKE(chain, "chain", "wake-chain", "a wake-up that travels along a chain of tasks");
WAKE(epoll, "epoll", "epoll-storm", "events into epoll that several threads wait for");
WAKE(herd, "herd", "herd", "all sleepers woken at once for one piece of work");
WAKE(schbench, "schbench", "schbench", "message threads and workers, wake-up percentiles");
WAKE(signal, "signal", "signal-storm", "signals as fast as they are handled");
WAKE(timer, "timer", "timer-storm", "timers that expire all the time");
WAKE(produce, "produce", "producer-consumer", "producers that are faster than their consumers");
WAKE(mutex, "mutex", "mutex", "a mutex that all want");
WAKE(preempt, "preempt", "preempt-storm", "short tasks that preempt long ones");
/* With a CPU for each, nobody would keep the holder from running. */
WAKE_ON(KTSTR_ONE(0), inversion, "inversion", "prio-inversion",
	"a low task holds what a high one wants, on one CPU");
WAKE_ON(KTSTR_ONE(0), inversion_pi, "inversion-pi", "prio-inversion-pi",
	"the same with priority inheritance");

KTSTR_SCENARIO(wake_busy, "wake/busy",
	.summary = "pairs that talk while every CPU is busy with others",
	.tags = "wake spin",
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("talk"),
		KTSTR_CGROUP("busy"),
		KTSTR_SPAWN("talk", .kind = "pipe", .nr = 2),
		KTSTR_SPAWN("talk", .kind = "futex", .nr = 2),
		KTSTR_SPAWN("busy", .kind = "spin", .per_cpu = 1),
		KTSTR_HOLD(100)));

KTSTR_SCENARIO(wake_swap_llc, "wake/swap-llc",
	.summary = "a herd on one LLC, pairs that talk on another, and they change places",
	.tags = "wake llc change",
	.needs = { .llcs = 2 },
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)),
		KTSTR_CGROUP("b", .cpus = KTSTR_LLC(1)),
		KTSTR_SPAWN_AS("a", "herd", .kind = "herd"),
		KTSTR_SPAWN("b", .kind = "pipe", .nr = 2),
		KTSTR_LOOP(5),
		KTSTR_HOLD(20),
		KTSTR_CPUSET_SWAP("a", "b"),
		KTSTR_LOOP_END()));

KTSTR_SCENARIO(wake_cross_node, "wake/cross-node",
	.summary = "talkers and page movers over two nodes",
	.tags = "wake numa",
	.needs = { .nodes = 2 },
	.without = NO_FAIR,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "pipe", .nr = 4),
		KTSTR_SPAWN("a", .kind = "numa-churn", .nr = 2),
		KTSTR_HOLD(100)));
