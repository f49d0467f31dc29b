// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a test may say about time, payloads, the scheduler, CPUs that come and go, loops,
 * phases and expectations; and the list of tests. Each refusal beside what is good.
 */
#include <errno.h>
#include <float.h>
#include <math.h>

#include <ktstr/op.h>

#include "op_check.h"

/* A whole test without a body. */
#define TEST_IS(why, ...) \
	EXPECT_STREQ(why, op_check__test(&self->t, &(const struct ktstr_test){ \
		.name = "test", __VA_ARGS__ }))

TEST_F(ops, holds)
{
	self->t.duration_ms = 3000;
	TAKEN(KTSTR_HOLD(33), KTSTR_HOLD(67), KTSTR_HOLD_MS(86400000));
	LINE(0, "hold ms=990");
	LINE(1, "hold ms=2010");
	LINE(2, "hold ms=86400000");
	REFUSED("holds of 33 % before and 68 % here are more than 100 % of the duration; hold shorter, or for milliseconds",
		KTSTR_HOLD(33), KTSTR_HOLD(68));
	REFUSED("holds of 0 % before and 101 % here are more than 100 % of the duration; hold shorter, or for milliseconds",
		KTSTR_HOLD(101));
	REFUSED("holds of 1 % before and 18446744073709551615 % here are more than 100 % of the duration; hold shorter, or for milliseconds",
		KTSTR_HOLD(1), KTSTR_HOLD(UINT64_MAX));
	REFUSED("a hold is of a part of the duration or of a time; give one of the two, not 0",
		KTSTR_HOLD(0));
	REFUSED("a hold is of a part of the duration or of a time; give one of the two, not both",
		{ .verb = KTSTR_V_HOLD, .value = 1, .value2 = 1, .at = KTSTR_AT });
	REFUSED("86400001 ms are more than a day; say 86400000 at most", KTSTR_HOLD_MS(86400001));
}

TEST_F(ops, a_part_of_the_duration_is_never_nothing)
{
	self->t.duration_ms = 10;
	TAKEN(KTSTR_HOLD(1));
	LINE(0, "hold ms=1");
	self->t.duration_ms = UINT32_MAX;
	TAKEN(KTSTR_HOLD(1));
	LINE(0, "hold ms=42949672");
	REFUSED("4294967295 ms are more than a day; say 86400000 at most", KTSTR_HOLD(100));
}

TEST_F(ops, workers_want_a_hold)
{
	TEST_IS("", .ops = KTSTR_OPS(A, SPIN, KTSTR_HOLD(100)));
	TEST_IS("nothing is held or waited for after this, so it would be ended at once; hold some time, with KTSTR_HOLD()",
		.ops = KTSTR_OPS(A, SPIN));
	TEST_IS("nothing is held or waited for after this, so it would be ended at once; hold some time, with KTSTR_HOLD()",
		.ops = KTSTR_OPS(A, KTSTR_HOLD(100), SPIN));
	/* The body may. */
	TEST_IS("", .ops = KTSTR_OPS(A, SPIN), .body = op_check__body);
	TEST_IS("", .body = op_check__body);
	TEST_IS("test test has neither operations nor a body; give it some", .ops = &(const struct ktstr_do){ .verb = KTSTR_V_NR });
	TEST_IS("test test has neither operations nor a body; give it some", .ops = NULL);
}

TEST_F(ops, payloads_want_a_hold_or_a_wait)
{
	TEST_IS("", .ops = KTSTR_OPS(KTSTR_RUN("p", "true"), KTSTR_WAIT("p")));
	TEST_IS("", .ops = KTSTR_OPS(KTSTR_RUN("p", "true"), KTSTR_HOLD(1)));
	TEST_IS("nothing is held or waited for after this, so it would be ended at once; hold some time, with KTSTR_HOLD()",
		.ops = KTSTR_OPS(KTSTR_RUN("p", "true"), KTSTR_KILL("p")));
}

TEST_F(ops, payloads)
{
	TAKEN(A, KTSTR_RUN("p", "echo 'a b' \"c\\\"\"", .cgroup = "a"), KTSTR_WAIT("p", .value = 500),
	      KTSTR_RUN("p", "true"), KTSTR_KILL("p"));
	LINE(1, "run cg=a name=p cmd=echo%20'a%20b'%20\"c\\\"\"");
	LINE(2, "wait name=p ms=500");
	LINE(3, "run name=p cmd=true");
	LINE(4, "kill name=p");
	REFUSED("payload \"p\" runs already; wait for it or kill it first, or use another name",
		KTSTR_RUN("p", "true"), KTSTR_RUN("p", "true"));
	REFUSED("payload \"bench\" was not run before; did you mean \"beach\"?",
		KTSTR_RUN("beach", "true"), KTSTR_WAIT("bench"));
	REFUSED("payload \"p\" was not run before; run it first, with KTSTR_RUN()", KTSTR_KILL("p"));
	REFUSED("payload \"p\" was waited for or killed before; run it again first",
		KTSTR_RUN("p", "true"), KTSTR_WAIT("p"), KTSTR_WAIT("p"));
	REFUSED("payload \"p\" was waited for or killed before; run it again first",
		KTSTR_RUN("p", "true"), KTSTR_KILL("p"), KTSTR_KILL("p"));
	REFUSED("86400001 ms are more than a day; say 86400000 at most",
		KTSTR_RUN("p", "true"), KTSTR_WAIT("p", .value = 86400001));
	REFUSED("run needs a name for the payload; give it one", KTSTR_RUN(NULL, "true"));
	REFUSED("\"p/q\" is no name for a payload; use 1 to 31 letters, digits, '_' and '-'",
		KTSTR_RUN("p/q", "true"));
	REFUSED("cgroup \"a\" does not exist here; make it first, with KTSTR_CGROUP()",
		KTSTR_RUN("p", "true", .cgroup = "a"));
}

TEST_F(ops, payload_names_end)
{
	struct ktstr_do ops[2 * 65 + 1];
	char names[65][8];

	for (unsigned int i = 0; i < 65; i++) {
		snprintf(names[i], sizeof(names[i]), "p%u", i);
		ops[2 * i] = (struct ktstr_do)KTSTR_RUN(names[i], "true");
		ops[2 * i + 1] = (struct ktstr_do)KTSTR_WAIT(names[i]);
	}
	ops[130].verb = KTSTR_V_NR;
	EXPECT_STREQ("more than 64 names of payloads; use names again", op_check__ops(&self->t, ops));
	ops[128].verb = KTSTR_V_NR;
	EXPECT_STREQ("", op_check__ops(&self->t, ops));
}

TEST_F(ops, commands)
{
	char cmd[KTSTR_OP_CMD_MAX + 1];

	REFUSED("run needs a command; give it one", KTSTR_RUN("p", ""));
	REFUSED("run needs a command; give it one", KTSTR_RUN("p", " \t\n"));
	REFUSED("run needs a command; give it one", KTSTR_RUN("p", NULL));
	REFUSED("the command echo 'a has an open quote or ends in a backslash", KTSTR_RUN("p", "echo 'a"));
	REFUSED("the command echo \"a' has an open quote or ends in a backslash",
		KTSTR_RUN("p", "echo \"a'"));
	REFUSED("the command echo \\ has an open quote or ends in a backslash", KTSTR_RUN("p", "echo \\"));
	/* Quotes without anything in them are a word, in double ones a backslash is one. */
	TAKEN(KTSTR_RUN("p", "''"), KTSTR_WAIT("p"), KTSTR_RUN("p", "echo \"a\\b\""));
	TAKEN(KTSTR_RUN("p", "echo '\\' \"'\" \\' \\\\"));
	memset(cmd, 'x', sizeof(cmd));
	cmd[KTSTR_OP_CMD_MAX] = '\0';
	REFUSED("a command of 1024 bytes is too long, 1023 can be; put it into a script",
		KTSTR_RUN("p", cmd));
	cmd[KTSTR_OP_CMD_MAX - 1] = '\0';
	TAKEN(KTSTR_RUN("p", cmd));
	REFUSED("sched_replace needs a command; give it one", KTSTR_SCHED_REPLACE(NULL));
}

TEST_F(ops, schedulers)
{
	TAKEN(KTSTR_SCHED_DETACH(), KTSTR_SCHED_ATTACH(), KTSTR_SCHED_RESTART(),
	      KTSTR_SCHED_REPLACE("scx_qmap -f"), KTSTR_SCHED_DETACH());
	LINE(2, "sched_restart");
	LINE(3, "sched_replace cmd=scx_qmap%20-f");
	REFUSED("the scheduler is attached already; detach it first", KTSTR_SCHED_ATTACH());
	REFUSED("the scheduler is detached here; attach it first",
		KTSTR_SCHED_DETACH(), KTSTR_SCHED_DETACH());
	REFUSED("the scheduler is detached here; attach it first",
		KTSTR_SCHED_DETACH(), KTSTR_SCHED_RESTART());
	REFUSED("the scheduler is detached here; attach it first",
		KTSTR_SCHED_DETACH(), KTSTR_SCHED_REPLACE("x"));
}

TEST_F(ops, a_test_that_changes_the_scheduler_needs_one)
{
	TEST_IS("sched_detach in a test that may run without a scheduler; say .needs = { .sched_ext = true }",
		.ops = KTSTR_OPS(KTSTR_SCHED_DETACH()));
	TEST_IS("", .ops = KTSTR_OPS(KTSTR_SCHED_DETACH()), .needs = { .sched_ext = true });
	TEST_IS("", .ops = KTSTR_OPS(KTSTR_SCHED_DETACH()), .sched = "scx_simple");
}

TEST_F(ops, hotplug)
{
	TAKEN(KTSTR_CPU_OFFLINE(7), KTSTR_CPU_OFFLINE(1), KTSTR_CPU_ONLINE(7));
	LINE(0, "cpu_offline cpu=7");
	LINE(2, "cpu_online cpu=7");
	REFUSED("CPU 0 cannot be taken offline on this architecture; choose another",
		KTSTR_CPU_OFFLINE(0));
	REFUSED("there is no CPU 8 in this topology, it has 8; choose another, or need more CPUs",
		KTSTR_CPU_OFFLINE(8));
	REFUSED("there is no CPU 4294967297 in this topology, it has 8; choose another, or need more CPUs",
		KTSTR_CPU_OFFLINE((1ull << 32) + 1));
	REFUSED("CPU 1 is offline already; bring it online first",
		KTSTR_CPU_OFFLINE(1), KTSTR_CPU_OFFLINE(1));
	REFUSED("CPU 1 is online already; take it offline first", KTSTR_CPU_ONLINE(1));
	self->t.shape.online.bits[0] &= ~(1ull << 3);
	REFUSED("there is no CPU 3 in this topology, it has 7; choose another, or need more CPUs",
		KTSTR_CPU_ONLINE(3));
}

TEST_F(ops, a_cpu_that_is_offline_is_not_chosen)
{
	TAKEN(KTSTR_CPU_OFFLINE(1), KTSTR_CGROUP("a", .cpus = KTSTR_LLC(0)), KTSTR_CPU_ONLINE(1),
	      KTSTR_CPUSET("a", KTSTR_LLC(0)));
	LINE(1, "cgroup cg=a cpus=0,2-3");
	LINE(3, "cpuset cg=a cpus=0-3");
	REFUSED("\"1\" has CPUs that are not to be had here: 1; choose from 0,2-7",
		KTSTR_CPU_OFFLINE(1), KTSTR_CGROUP("a", .cpus = KTSTR_LIST("1")));
}

/* As the guest and the host have it. */
TEST_F(ops, a_cpu_that_is_offline_is_not_exchanged)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_LIST("0-1")),
	      KTSTR_CGROUP("b", .cpus = KTSTR_LIST("2-3")), KTSTR_CPU_OFFLINE(1),
	      KTSTR_CPUSET_SWAP("a", "b"), KTSTR_CPU_ONLINE(1),
	      KTSTR_SPAWN("b", .kind = "spin"));
	LINE(5, "spawn cg=b name=w0 kind=spin nr=1 group=1");
}

TEST_F(ops, no_cgroup_loses_its_last_cpu)
{
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_CORE(1)), KTSTR_CPU_OFFLINE(2), KTSTR_CPU_ONLINE(2),
	      KTSTR_CPU_OFFLINE(3));
	REFUSED("this takes the last CPU online of cgroup \"a\", and the kernel would let it run on others; change its cpuset 2-3 first",
		KTSTR_CGROUP("a", .cpus = KTSTR_CORE(1)), KTSTR_CPU_OFFLINE(2), KTSTR_CPU_OFFLINE(3));
	TAKEN(KTSTR_CGROUP("a", .cpus = KTSTR_CORE(1)), KTSTR_CPU_OFFLINE(2), KTSTR_CPUSET_CLEAR("a"),
	      KTSTR_CPU_OFFLINE(3));
}

TEST_F(ops, loops)
{
	TAKEN(A, KTSTR_LOOP(3), SPIN, KTSTR_STOP("a"), KTSTR_LOOP_END(), KTSTR_HOLD(1), KTSTR_LOOP(1),
	      KTSTR_HOLD(2), KTSTR_LOOP_END());
	EXPECT_EQ(1 + 6 + 1 + 1, self->t.nr);
	LINE(5, "spawn cg=a name=w kind=spin nr=2 group=1");
	LINE(8, "hold ms=20");
	EXPECT_EQ(2, self->t.ops[5].test_op);
	EXPECT_EQ(7, self->t.ops[8].test_op);
	/* Whoever has no name gets another in each round. */
	TAKEN(A, KTSTR_LOOP(2), KTSTR_SPAWN("a", .kind = "spin", .nr = 1), KTSTR_LOOP_END());
	LINE(2, "spawn cg=a name=w1 kind=spin nr=1 group=1");
}

TEST_F(ops, loops_that_cannot_be)
{
	char why[512];

	op_check__ops(&self->t, KTSTR_OPS(KTSTR_LOOP(2), A, KTSTR_LOOP(2), KTSTR_LOOP_END(),
					  KTSTR_LOOP_END()));
	snprintf(why, sizeof(why), "%s:%d: a loop inside the loop at %s:%d; end that first", __FILE__,
		 __LINE__ - 3, __FILE__, __LINE__ - 3);
	EXPECT_STREQ(why, self->t.e.msg);
	REFUSED("a loop that never ends; end it with KTSTR_LOOP_END()", A, KTSTR_LOOP(2), KTSTR_HOLD(1));
	REFUSED("a loop ends that never began; begin it with KTSTR_LOOP()", A, KTSTR_LOOP_END());
	REFUSED("a loop of 0 rounds does nothing; say 1 or more",
		KTSTR_LOOP(0), KTSTR_HOLD(1), KTSTR_LOOP_END());
	REFUSED("a loop with nothing in it; drop it", KTSTR_LOOP(UINT64_MAX), KTSTR_LOOP_END());
	REFUSED("loop takes nothing but its number of rounds; drop the rest",
		{ .verb = KTSTR_V_LOOP, .value = 1, .cgroup = "a", .at = KTSTR_AT }, KTSTR_HOLD(1),
		KTSTR_LOOP_END());
}

TEST_F(ops, a_later_round_that_fails_is_told)
{
	const struct ktstr_do ops[] = {
		{ .verb = KTSTR_V_LOOP, .value = 3, .at = "t.c:1" },
		{ .verb = KTSTR_V_CGROUP, .cgroup = "a", .at = "t.c:2" },
		{ .verb = KTSTR_V_END, .at = "t.c:3" },
		{ .verb = KTSTR_V_NR },
	};

	op_check__ops(&self->t, ops);
	EXPECT_STREQ("t.c:2: cgroup \"a\" is there already; remove it first, or use another name (in round 2 of the loop at t.c:1)",
		     self->t.e.msg);
	EXPECT_EQ(0, self->t.nr);
}

TEST_F(ops, too_many_operations)
{
	const struct ktstr_expect expect[] = {
		{ .kind = KTSTR_X_NOT_STARVED, .at = "t.c:9" }, { .kind = KTSTR_X_NR },
	};

	TAKEN(KTSTR_LOOP(512), KTSTR_HOLD_MS(1), KTSTR_LOOP_END());
	EXPECT_EQ(KTSTR_OPS_MAX, self->t.nr);
	REFUSED("more than 512 operations, loops unrolled; use fewer rounds",
		KTSTR_LOOP(513), KTSTR_HOLD_MS(1), KTSTR_LOOP_END());
	REFUSED("more than 512 operations, loops unrolled; use fewer rounds",
		KTSTR_LOOP(UINT64_MAX), KTSTR_HOLD_MS(1), KTSTR_LOOP_END());
	TEST_IS("more than 512 operations, loops unrolled; use fewer rounds", .expect = expect,
		.ops = KTSTR_OPS(KTSTR_LOOP(512), KTSTR_HOLD_MS(1), KTSTR_LOOP_END()));
}

TEST_F(ops, phases)
{
	TAKEN(KTSTR_MARK("one"), KTSTR_MARK("two"));
	LINE(1, "mark name=two");
	REFUSED("phase \"one\" began before; use another name", KTSTR_MARK("one"), KTSTR_MARK("one"));
	REFUSED("mark needs a name for the phase; give it one", KTSTR_MARK(NULL));
	REFUSED("\"a b\" is no name for a phase; use 1 to 31 letters, digits, '_' and '-'",
		KTSTR_MARK("a b"));
}

#define X(kind_, ...)	KTSTR_X_(KTSTR_X_##kind_, ##__VA_ARGS__)

/* Operations with a cgroup that is gone, two phases and a payload; then expectations. */
#define EXPECTS(why, ...)							\
	TEST_IS(why, .expect = KTSTR_EXPECT(__VA_ARGS__), .ops = KTSTR_OPS(A, B,	\
		KTSTR_CGROUP_REMOVE("b"), KTSTR_MARK("one"), KTSTR_RUN("bench", "true"), \
		KTSTR_WAIT("bench"), KTSTR_MARK("two"), KTSTR_HOLD(1)))

TEST_F(ops, expectations)
{
	EXPECTS("", X(NOT_STARVED), X(ISOLATED, .cgroup = "a"), KTSTR_FAIR("a", "b", 15), X(FAIR),
		X(QUOTA, .bound = 1), X(WORK_CONSERVING, .bound = 1.5), X(MAX_GAP, .bound = 10),
		X(WAKE_LATENCY, .cgroup = "a", .pct = 99.9, .bound = 3), X(THROUGHPUT, .min = 1e6),
		X(SPREAD, .bound = 20), X(MIGRATIONS, .bound = 5), X(LLC_LOCAL, .min = 100),
		X(NODE_LOCAL, .min = 0.5),
		X(NO_REGRESSION, .name = "two", .other = "one", .min = 90),
		X(METRIC, .name = "bench", .metric = "p99 us", .min = -DBL_MAX, .max = 20),
		X(EXIT_STATUS, .name = "bench"), X(EXIT_STATUS, .name = "bench", .min = 255),
		X(OVERHEAD, .bound = 2), X(ACCOUNT, .bound = 2));
	EXPECT_EQ(8 + 19, self->t.nr);
	LINE(8, "expect kind=not_starved");
	LINE(10, "expect cg=a other=b kind=fair bound=15");
	LINE(21, "expect other=one name=two kind=no_regression min=90");
	LINE(22, "expect name=bench kind=metric metric=p99%20us min=-1.7976931348623157e+308 max=20");
	EXPECT_EQ(0, self->t.ops[26].test_op);
}

TEST_F(ops, expectations_of_what_never_is)
{
	EXPECTS("cgroup \"x\" does not exist here; make it first, with KTSTR_CGROUP()",
		X(ISOLATED, .cgroup = "x"));
	EXPECTS("cgroup \"c/d\" does not exist here; make it first, with KTSTR_CGROUP()",
		KTSTR_FAIR("a", "c/d", 15));
	EXPECTS("\"..\" is no name of a cgroup; use that of one that the test makes",
		X(ISOLATED, .cgroup = ".."));
	EXPECTS("there is no payload \"bunch\"; did you mean \"bench\"?",
		X(EXIT_STATUS, .name = "bunch"));
	EXPECTS("there is no phase \"tow\"; did you mean \"two\"?",
		X(NO_REGRESSION, .name = "tow", .other = "one", .min = 1));
	EXPECTS("there is no phase \"bench\"; the operations have to make it",
		X(NO_REGRESSION, .name = "two", .other = "bench", .min = 1));
	EXPECTS("\"a/b\" is no name of a phase or payload; use that of one that the test makes",
		X(EXIT_STATUS, .name = "a/b"));
}

TEST_F(ops, expectations_that_always_hold)
{
	EXPECTS("cgroup \"a\" is always as good as itself; name two", KTSTR_FAIR("a", "a", 15));
	EXPECTS("phase \"one\" is always as good as itself; name two",
		X(NO_REGRESSION, .name = "one", .other = "one", .min = 90));
	EXPECTS("expectation \"throughput\" needs .min; give it", X(THROUGHPUT));
	EXPECTS("expectation \"llc_local\" needs .min; give it", X(LLC_LOCAL));
	EXPECTS("expectation \"no_regression\" needs .min; give it",
		X(NO_REGRESSION, .name = "one", .other = "two"));
}

TEST_F(ops, expectations_with_wrong_limits)
{
	EXPECTS("expectation \"max_gap\" has a bound of -1; give one above 0, or 0 for the default",
		X(MAX_GAP, .bound = -1));
	EXPECTS("expectation \"max_gap\" has a limit that is no finite number; give one, DBL_MAX for an open end",
		X(MAX_GAP, .bound = NAN));
	EXPECTS("expectation \"metric\" has a limit that is no finite number; give one, DBL_MAX for an open end",
		X(METRIC, .name = "bench", .metric = "m", .max = INFINITY));
	EXPECTS("expectation \"metric\" has a minimum of 2 above its maximum of 1; exchange them, or give DBL_MAX for an open end",
		X(METRIC, .name = "bench", .metric = "m", .min = 2, .max = 1));
	EXPECTS("expectation \"wake_latency\" asks for percentile 100.5; give one of 0 to 100",
		X(WAKE_LATENCY, .pct = 100.5));
	EXPECTS("expectation \"wake_latency\" asks for percentile -1; give one of 0 to 100",
		X(WAKE_LATENCY, .pct = -1));
	EXPECTS("expectation \"throughput\" has a minimum of -1; give one above 0",
		X(THROUGHPUT, .min = -1));
	EXPECTS("expectation \"node_local\" has a minimum of 101; give one above 0, at most 100",
		X(NODE_LOCAL, .min = 101));
	EXPECTS("an exit status of 256 cannot be; give a whole number of 0 to 255",
		X(EXIT_STATUS, .name = "bench", .min = 256));
	EXPECTS("an exit status of 0.5 cannot be; give a whole number of 0 to 255",
		X(EXIT_STATUS, .name = "bench", .min = 0.5));
}

TEST_F(ops, expectations_with_wrong_members)
{
	EXPECTS("expectation \"overhead\" takes no .cgroup; drop it", X(OVERHEAD, .cgroup = "a"));
	EXPECTS("expectation \"max_gap\" takes no .pct; drop it", X(MAX_GAP, .pct = 99));
	EXPECTS("expectation \"metric\" needs .name; give it", X(METRIC, .metric = "m"));
	EXPECTS("expectation \"metric\" needs .metric; give it", X(METRIC, .name = "bench"));
	EXPECTS("expectation \"fair\" is between two cgroups or all; give .cgroup and .other, or none",
		X(FAIR, .cgroup = "a"));
	EXPECTS("metric \"01234567890123456789012345678901\" has a name longer than 31 bytes; name another",
		X(METRIC, .name = "bench", .metric = "01234567890123456789012345678901"));
	EXPECTS("the metric's name has a byte 0x0a; name another",
		X(METRIC, .name = "bench", .metric = "a\n"));
	EXPECTS("18 is no kind of expectation; use KTSTR_X_FAIR and the like",
		{ .kind = (enum ktstr_expect_kind)(KTSTR_X_NR + 1), .at = KTSTR_AT });
}

TEST_F(ops, a_body_may_make_what_is_expected_of)
{
	const struct ktstr_expect expect[] = { X(ISOLATED, .cgroup = "later"), { .kind = KTSTR_X_NR } };
	const struct ktstr_test test = { .name = "test", .expect = expect, .body = op_check__body };
	const struct ktstr_do later = KTSTR_CGROUP("later");
	struct ktstr_op op;

	EXPECT_STREQ("", op_check__test(&self->t, &test));
	EXPECT_EQ(1, self->t.nr);
	/* If it never does, it is an error at the end. */
	EXPECT_EQ(-EINVAL, ktstr_ops__check_end(&test, self->t.c, &self->t.e));
	EXPECT_NE(NULL, strstr(self->t.e.msg, ": cgroup \"later\" does not exist here"));
	EXPECT_STREQ("", op_check__test(&self->t, &test));
	ASSERT_EQ(0, ktstr_compiler__op(self->t.c, &later, 0, &op, &self->t.e));
	EXPECT_EQ(0, ktstr_ops__check_end(&test, self->t.c, &self->t.e));
}

TEST_F(ops, a_body_goes_on_where_the_data_ended)
{
	const struct ktstr_expect fair = KTSTR_FAIR("a", "b", 15);
	const struct ktstr_do b = B, twice = A, loop = KTSTR_LOOP(2);
	const struct ktstr_do expect = { .verb = KTSTR_V_EXPECT, .expect = &fair, .at = "t.c:1" };
	struct ktstr_op op;

	TAKEN(A, SPIN);
	EXPECT_EQ(-EINVAL, ktstr_compiler__op(self->t.c, &expect, 0, &op, &self->t.e));
	EXPECT_STREQ("t.c:1: cgroup \"b\" does not exist here; make it first, with KTSTR_CGROUP()",
		     self->t.e.msg);
	TAKEN(A, SPIN);
	ASSERT_EQ(0, ktstr_compiler__op(self->t.c, &b, 0, &op, &self->t.e));
	ASSERT_EQ(0, ktstr_compiler__op(self->t.c, &expect, 7, &op, &self->t.e));
	EXPECT_EQ(KTSTR_X_FAIR, op.expect.kind);
	EXPECT_STREQ("b", op.other);
	EXPECT_EQ(7, op.test_op);
	EXPECT_EQ(-EINVAL, ktstr_compiler__op(self->t.c, &twice, 0, &op, &self->t.e));
	EXPECT_EQ(-EINVAL, ktstr_compiler__op(self->t.c, &loop, 0, &op, &self->t.e));
	EXPECT_NE(NULL, strstr(self->t.e.msg, "loop cannot stand here"));
	EXPECT_EQ(-EINVAL, ktstr_compiler__op(self->t.c, &loop, 0, &op, NULL));
}

/* Only a body can come so far: data ends before. */
TEST_F(ops, names_of_a_long_run_end)
{
	char name[8];
	struct ktstr_do mark = KTSTR_MARK(name), make = KTSTR_CGROUP(name);
	struct ktstr_do drop = KTSTR_CGROUP_REMOVE(name);
	struct ktstr_op op;

	TAKEN(KTSTR_HOLD(1));
	for (unsigned int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		ASSERT_EQ(0, ktstr_compiler__op(self->t.c, &mark, 0, &op, &self->t.e));
		ASSERT_EQ(0, ktstr_compiler__op(self->t.c, &make, 0, &op, &self->t.e));
		ASSERT_EQ(0, ktstr_compiler__op(self->t.c, &drop, 0, &op, &self->t.e));
	}
	ASSERT_EQ(0, ktstr_compiler__op(self->t.c, &make, 0, &op, &self->t.e));
	strcpy(name, "n256");
	EXPECT_EQ(-EINVAL, ktstr_compiler__op(self->t.c, &mark, 0, &op, &self->t.e));
	EXPECT_NE(NULL, strstr(self->t.e.msg, ": more than 256 phases; mark fewer"));
	EXPECT_EQ(-EINVAL, ktstr_compiler__op(self->t.c, &make, 0, &op, &self->t.e));
	EXPECT_NE(NULL, strstr(self->t.e.msg, ": more than 256 names of cgroups; use names again"));
}

TEST_F(ops, an_expectation_that_is_none)
{
	REFUSED("expect needs an expectation; use ktstr_expect()",
		{ .verb = KTSTR_V_EXPECT, .at = KTSTR_AT });
}

KTSTR_SCENARIO(first, "list/first", .summary = "1");
KTSTR_SCENARIO(again, "list/first", .summary = "2");

KTSTR_TEST(with_a_body, .summary = "3")
{
	(void)t;
}

TEST(tests_are_found_by_name)
{
	const struct ktstr_test *test;
	unsigned int own = 0;

	/* The catalog may be linked, too. */
	for (unsigned int i = 0; (test = ktstr_test__at(i)); i++)
		own += !strcmp(test->name, "list/first") || !strcmp(test->name, "with_a_body");
	EXPECT_EQ(3, own);
	EXPECT_EQ(NULL, ktstr_test__at(UINT32_MAX));
	EXPECT_STREQ("3", ktstr_test__find("with_a_body")->summary);
	EXPECT_TRUE(ktstr_test__find("with_a_body")->body == ktstr_body_with_a_body);
	EXPECT_NE(NULL, ktstr_test__find("list/first"));
	EXPECT_EQ(NULL, ktstr_test__find("list"));
	EXPECT_EQ(NULL, ktstr_test__find(""));
}

TEST(a_name_that_two_tests_have_is_told)
{
	ASSERT_NE(NULL, ktstr_test__namesake());
	EXPECT_STREQ("list/first", ktstr_test__namesake()->name);
}

TEST_HARNESS_MAIN
