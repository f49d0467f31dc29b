// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test program with a scenario for each expectation, and as little else expected as can be:
 * what passes or fails here does so by that expectation. test_twins.c runs each of them under
 * the kernel's own scheduler, under one that is right, and under one that is wrong in the
 * way that the expectation is there to find.
 *
 * One CPU wherever somebody must be found waiting: two vCPUs on one CPU of an emulating host
 * wait for each other, and what they wait excuses a scheduler.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/test.h>

#define DEFAULTS	(KTSTR_X_BIT(KTSTR_X_NOT_STARVED) | KTSTR_X_BIT(KTSTR_X_ISOLATED) | \
			 KTSTR_X_BIT(KTSTR_X_FAIR) | KTSTR_X_BIT(KTSTR_X_QUOTA) | \
			 KTSTR_X_BIT(KTSTR_X_WORK_CONSERVING) | KTSTR_X_BIT(KTSTR_X_MAX_GAP) | \
			 KTSTR_X_BIT(KTSTR_X_OVERHEAD) | KTSTR_X_BIT(KTSTR_X_ACCOUNT))
#define ONLY(kind)	(DEFAULTS & ~KTSTR_X_BIT(kind))

#define ONE_CPU		{ 1, 1, 1, 1 }
#define TWO_CPUS	{ 1, 1, 2, 1 }
#define TWO_LLCS	{ 1, 2, 1, 1 }
#define TWO_NODES	{ 2, 2, 1, 1 }
#define WINDOW_MS	1500

#define TWIN(id, name_, what, ...) \
	KTSTR_SCENARIO(id, "twins/" name_, .summary = what, .duration_ms = WINDOW_MS, \
		       ##__VA_ARGS__)

/* Two cgroups of one spinning worker each, over all CPUs. */
#define TWO_SPIN \
	KTSTR_OPS(KTSTR_CGROUP("a"), KTSTR_CGROUP("b"), \
		  KTSTR_SPAWN("a", .kind = "spin", .nr = 1), \
		  KTSTR_SPAWN("b", .kind = "spin", .nr = 1), \
		  KTSTR_HOLD(100))

/* --fault starve-cgroup=b */
TWIN(not_starved, "not-starved", "every worker gets somewhere",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_NOT_STARVED), .ops = TWO_SPIN);

/* The same fault: it wants to run all the time, and never does. */
TWIN(max_gap, "max-gap", "no worker that wants to run stands still for long",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_MAX_GAP), .ops = TWO_SPIN);

/* --fault break-weight=invert */
TWIN(fair, "fair", "weights of three to one are shares of three to one",
	.topology = ONE_CPU, .without = DEFAULTS,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_WEIGHT("a", 300),
		KTSTR_WEIGHT("b", 100),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 2),
		KTSTR_SPAWN("b", .kind = "spin", .nr = 2),
		KTSTR_HOLD(100)),
	.expect = KTSTR_EXPECT(KTSTR_FAIR("a", "b", 20)));

/* The same without being asked for: between cgroups on equal terms it is a default. */
TWIN(fair_default, "fair-default", "cgroups on equal terms share by weight",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_FAIR),
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_WEIGHT("a", 300),
		KTSTR_WEIGHT("b", 100),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 2),
		KTSTR_SPAWN("b", .kind = "spin", .nr = 2),
		KTSTR_HOLD(100)));

/* --fault ignore-cpu=1: an idle vCPU leaves the host's CPU to the other one. */
TWIN(work_conserving, "work-conserving", "no CPU is idle beside waiting tasks",
	.topology = TWO_CPUS, .without = ONLY(KTSTR_X_WORK_CONSERVING),
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 4),
		KTSTR_HOLD(100)));

#define TELL_MS	300	/* into the window, far beyond what is forgiven around changes */

static void write_to(struct ktstr_worker *w, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ktstr_worker__fail(w, "cannot write %s to %s", text, path);
	close(fd);
}

static void spin_on(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		ktstr_worker__compute(w, 100);
		ktstr_worker__unit(w);
	}
}

/*
 * The kernel lets no scheduler run a task outside of its cpuset, so it takes root and a
 * file that ktstr did not write: behind its back the cgroup may use all CPUs...
 */
static void widen_cpuset(struct ktstr_worker *w)
{
	ktstr_worker__pause(w, TELL_MS * 1000);
	write_to(w, "/sys/fs/cgroup/ktstr/a/cpuset.cpus", "0-1");
	spin_on(w);
}

/* ...or the worker leaves for a cgroup that may: only it can see that it is elsewhere. */
static void leave_cgroup(struct ktstr_worker *w)
{
	ktstr_worker__pause(w, TELL_MS * 1000);
	write_to(w, "/sys/fs/cgroup/ktstr/b/cgroup.procs", "0");
	spin_on(w);
}

#define PARTITIONED(fn_) \
	KTSTR_OPS(KTSTR_CGROUP("a", .cpus = KTSTR_ONE(0)), \
		  KTSTR_CGROUP("b", .cpus = KTSTR_ONE(1)), \
		  KTSTR_SPAWN("a", .kind = "function", .fn = (fn_), .nr = 2), \
		  KTSTR_HOLD(100))

TWIN(isolated, "isolated", "a cgroup keeps to its cpuset",
	.topology = TWO_CPUS, .without = ONLY(KTSTR_X_ISOLATED), .ops = PARTITIONED(spin_on));
TWIN(isolated_widened, "isolated-widened", "workers who give their cgroup another CPU",
	.topology = TWO_CPUS, .without = ONLY(KTSTR_X_ISOLATED), .ops = PARTITIONED(widen_cpuset));
TWIN(isolated_left, "isolated-left", "workers who leave their cgroup and its CPU",
	.topology = TWO_CPUS, .without = ONLY(KTSTR_X_ISOLATED), .ops = PARTITIONED(leave_cgroup));

/* --fault bounce. Two workers wake up where they slept, in LLCs of one CPU each. */
TWIN(moves, "moves", "tasks stay where they were",
	.topology = TWO_LLCS, .without = DEFAULTS,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "mixed", .nr = 2, .busy_us = 1000, .idle_us = 20000),
		KTSTR_HOLD(100)),
	.expect = KTSTR_EXPECT(
		KTSTR_X_(KTSTR_X_MIGRATIONS, .cgroup = "a", .bound = 100),
		KTSTR_X_(KTSTR_X_LLC_LOCAL, .cgroup = "a", .min = 70)));

/* --fault slow=100: far more than three of them sleep, and than an emulated CPU is late. */
#define SLEEPERS \
	KTSTR_OPS(KTSTR_CGROUP("a"), \
		  KTSTR_SPAWN("a", .kind = "mixed", .nr = 3, .busy_us = 500, .idle_us = 20000), \
		  KTSTR_HOLD(100))

TWIN(wake_latency, "wake-latency", "half of all wakeups run within 30 ms",
	.topology = ONE_CPU, .without = DEFAULTS, .ops = SLEEPERS,
	.expect = KTSTR_EXPECT(
		KTSTR_X_(KTSTR_X_WAKE_LATENCY, .cgroup = "a", .pct = 50, .bound = 30)));

/* Three that sleep 20 ms, twice in a unit of two: some 240 units a second, 50 with 120 ms. */
TWIN(throughput, "throughput", "sleepers get their rounds done",
	.topology = ONE_CPU, .without = DEFAULTS, .ops = SLEEPERS,
	.expect = KTSTR_EXPECT(KTSTR_X_(KTSTR_X_THROUGHPUT, .cgroup = "a", .min = 120)));

/* --fault starve-cgroup=b: one of four workers does nothing, and so 133 % of the mean less. */
TWIN(spread, "spread", "workers of one kind get as far as each other",
	.topology = ONE_CPU, .without = DEFAULTS,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_CGROUP("b"),
		KTSTR_SPAWN("a", .kind = "spin", .nr = 3),
		KTSTR_SPAWN("b", .kind = "spin", .nr = 1),
		KTSTR_WEIGHT("a", 300),
		KTSTR_HOLD(100)),
	.expect = KTSTR_EXPECT(KTSTR_X_(KTSTR_X_SPREAD, .bound = 100)));

/*
 * No scheduler before Linux 6.17 is even told of cpu.max: under any of them, a right one too, it
 * holds of those who want no more than it allows, and fails of those who do.
 */
#define HALF_A_CPU(...) \
	KTSTR_OPS(KTSTR_CGROUP("a"), \
		  KTSTR_QUOTA("a", 50000, 100000), \
		  KTSTR_SPAWN("a", .nr = 1, ##__VA_ARGS__), \
		  KTSTR_HOLD(100))

TWIN(quota, "quota", "no more than half a CPU for one who wants all of it",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_QUOTA), .ops = HALF_A_CPU(.kind = "spin"));
TWIN(quota_modest, "quota-modest", "no more than half a CPU for one who wants less",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_QUOTA),
	.ops = HALF_A_CPU(.kind = "mixed", .busy_us = 500, .idle_us = 5000));

/*
 * --fault bounce: each LLC is on another node. Memory comes anew after some slices only, and with
 * a worker for each CPU none of these is idle and calls one over: 76 % were seen without that.
 */
TWIN(node_local, "node-local", "workers stay where their memory is",
	.topology = TWO_NODES, .without = DEFAULTS,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "numa-sweep", .nr = 2, .kib = 2048),
		KTSTR_HOLD(100)),
	.expect = KTSTR_EXPECT(KTSTR_X_(KTSTR_X_NODE_LOCAL, .cgroup = "a", .min = 85)));

#define NOT_SLOWER \
	KTSTR_EXPECT(KTSTR_X_(KTSTR_X_NO_REGRESSION, .cgroup = "a", .name = "new", .other = "old", \
			      .min = 60))

/* --fault slow=100; "old" is the kernel's own, in the same boot. */
TWIN(no_regression, "no-regression", "rounds under a scheduler beside the kernel's own",
	.topology = ONE_CPU, .without = DEFAULTS, .needs = { .sched_ext = true },
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "mixed", .nr = 3, .busy_us = 500, .idle_us = 20000),
		KTSTR_MARK("new"),
		KTSTR_HOLD(50),
		KTSTR_SCHED_DETACH(),
		KTSTR_MARK("old"),
		KTSTR_HOLD(50)),
	.expect = NOT_SLOWER);
TWIN(no_regression_none, "no-regression-none", "rounds under one scheduler in both phases",
	.topology = ONE_CPU, .without = DEFAULTS,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "mixed", .nr = 3, .busy_us = 500, .idle_us = 20000),
		KTSTR_MARK("new"),
		KTSTR_HOLD(50),
		KTSTR_MARK("old"),
		KTSTR_HOLD(50)),
	.expect = NOT_SLOWER);

/* --fault slow=100; cyclictest prints the mean latency of its timer of 20 ms. */
TWIN(metric, "metric", "cyclictest's own figure of a timer's latency",
	.topology = ONE_CPU, .without = DEFAULTS,
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_RUN("timer", "cyclictest -q -l 10 -i 20000", .cgroup = "a"),
		KTSTR_WAIT("timer")),
	.expect = KTSTR_EXPECT(
		KTSTR_X_(KTSTR_X_METRIC, .name = "timer", .metric = "avg_us", .min = 1,
			 .max = 50000)));

/* How a program ends is its own doing under any scheduler, so it is one that ends otherwise. */
#define ENDS_WITH(status) \
	KTSTR_OPS(KTSTR_CGROUP("a"), \
		  KTSTR_RUN("sh", "sh -c 'exit " #status "'", .cgroup = "a"), \
		  KTSTR_WAIT("sh"), \
		  KTSTR_HOLD_MS(100))
#define EXITS_0	KTSTR_EXPECT(KTSTR_X_(KTSTR_X_EXIT_STATUS, .name = "sh", .min = 0))

TWIN(exit_status, "exit-status", "a program exits with 0",
	.topology = ONE_CPU, .without = DEFAULTS, .ops = ENDS_WITH(0), .expect = EXITS_0);
TWIN(exit_status_3, "exit-status-3", "a program exits with 3",
	.topology = ONE_CPU, .without = DEFAULTS, .ops = ENDS_WITH(3), .expect = EXITS_0);

/*
 * What the harness takes is no scheduler's doing: a bound that is below what the sign of life
 * alone costs. That is never a failure, but takes the trust out of a run.
 */
TWIN(overhead, "overhead", "the harness takes little of the CPU",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_OVERHEAD), .ops = TWO_SPIN);
TWIN(overhead_none, "overhead-none", "the harness takes nothing of the CPU",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_OVERHEAD), .ops = TWO_SPIN,
	.expect = KTSTR_EXPECT(KTSTR_X_(KTSTR_X_OVERHEAD, .bound = 0.0001)));

/*
 * Nobody can ask the kernel about a thread that has ended itself: its account lacks what it did
 * before, and events do not.
 */
static void end_early(struct ktstr_worker *w)
{
	if (!ktstr_worker__index(w))
		return spin_on(w);
	ktstr_worker__compute(w, 300000);
	syscall(SYS_exit, 0);
}

TWIN(account, "account", "workers and events agree about CPU time",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_ACCOUNT), .ops = TWO_SPIN);
TWIN(account_short, "account-short", "a thread that takes its account with it",
	.topology = ONE_CPU, .without = ONLY(KTSTR_X_ACCOUNT),
	.ops = KTSTR_OPS(
		KTSTR_CGROUP("a"),
		KTSTR_SPAWN("a", .kind = "function", .fn = end_early, .nr = 2, .group = 2,
			    .threads = true),
		KTSTR_HOLD(100)));
