// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options and command lines: right ones, wrong ones, and there and back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/args.h"
#include "host/command.h"
#include "host/plan.h"
#include "kselftest_harness.h"

static int parse(struct args *a, struct ktstr_error *e, const char *words, bool shell)
{
	struct strv v = { 0 };
	int ret;

	e->msg[0] = '\0';
	strv__add(&v, "run");
	if (*words)
		command__split(words, &v, e);
	/* The values point into the words: those are leaked on purpose until exit. */
	ret = shell ? args__parse_shell(a, v.n, v.v, e) : args__parse_run(a, v.n, v.v, e);
	return ret;
}

TEST(defaults_are_the_documented_ones)
{
	struct ktstr_error e;
	struct args a;

	ASSERT_EQ(0, parse(&a, &e, "", false)) TH_LOG("%s", e.msg);
	EXPECT_EQ(2, ktstr_topology__nr_cpus(&a.topology));
	EXPECT_EQ(1024, a.memory_mib);
	EXPECT_EQ(3000, a.duration_ms);
	EXPECT_EQ(60, a.timeout_s);
	EXPECT_EQ(ACCEL_AUTO, a.accel);
	ASSERT_EQ(1, a.scenarios.n);
	EXPECT_STREQ("steady", a.scenarios.v[0]);
	EXPECT_EQ(NULL, a.sched);
	EXPECT_EQ(0, a.stats_ms);
	EXPECT_EQ(KTSTR_WISH_AUTO, a.events);
	EXPECT_FALSE(a.pin || a.perf || a.cpus);
	args__free(&a);
}

TEST(every_option_is_taken)
{
	struct ktstr_error e;
	struct args a;

	ASSERT_EQ(0, parse(&a, &e, "steady --kernel k --sched 's 1' --topology 2,4,2,1 --memory 256 "
			   "--append 'maxcpus=4 x' --duration 7 --seed 9 --timeout 11 --accel box --out o --json j --events bpf --stats-interval 250 --dry-run -v",
			   false)) TH_LOG("%s", e.msg);
	EXPECT_STREQ("k", a.kernel);
	EXPECT_STREQ("s 1", a.sched);
	EXPECT_EQ(8, ktstr_topology__nr_cpus(&a.topology));
	EXPECT_EQ(256, a.memory_mib);
	EXPECT_STREQ("maxcpus=4 x", a.append);
	EXPECT_EQ(7000, a.duration_ms);
	EXPECT_EQ(9, a.seed);
	EXPECT_EQ(11, a.timeout_s);
	EXPECT_EQ(ACCEL_BOX, a.accel);
	EXPECT_EQ(KTSTR_WISH_BPF, a.events);
	EXPECT_EQ(250, a.stats_ms);
	EXPECT_STREQ("o", a.out);
	EXPECT_STREQ("j", a.json);
	EXPECT_TRUE(a.dry_run && a.verbose);
	args__free(&a);
}

/* Words, and what the sentence must name. */
static const char * const wrong[][2] = {
	{ "--frobnicate", "--frobnicate" }, { "-x", "-x" }, { "--kernel", "--kernel" },
	{ "nonesuch", "nonesuch" }, { "stedy", "the nearest is steady" },
	{ "'nothing/*'", "no scenario matches nothing/*" }, { "--tag nonesuch", "\"nonesuch\"" },
	{ "--tag ''", "--tag is empty" }, { "--tag", "--tag needs a value" },
	{ "--duration 1.", "--duration" }, { "--duration .5", "--duration" },
	{ "--duration 1.2345", "1.2345" }, { "--duration 1.5s", "1.5s" },
	{ "--duration 0.0", "--duration" }, { "--duration 3600.001", "--duration" },
	{ "--duration 1.-5", "1.-5" }, { "--duration -1.5", "--duration" },
	{ "--memory 0", "--memory" }, { "--memory -5", "--memory" }, { "--memory 1024MB", "1024MB" },
	{ "--memory 99999999999999999999", "--memory" }, { "--memory ''", "--memory" },
	{ "--memory ' 5'", "--memory" }, { "--memory +500", "--memory" },
	{ "--duration 0", "--duration" }, { "--duration soon", "soon" }, { "--duration 3601", "--duration" },
	{ "--timeout 0", "--timeout" }, { "--append ''", "--append" }, { "--seed 0x", "--seed" }, { "--seed 99999999999999999999", "--seed" },
	{ "--accel tcg", "tcg" }, { "--accel ''", "--accel" }, { "--topology ''", "topology" },
	{ "--topology 2,3,1,1", "topology" }, { "--sched ''", "--sched" }, { "--out ''", "--out" },
	{ "--events-only switch,foo", "\"foo\"" }, { "--events-only ''", "--events-only" },
	{ "--events-only switch,", "--events-only" }, { "--events-cpus 1-0", "1-0" },
	{ "--events-cpus ''", "--events-cpus" }, { "--events-cgroup ''", "--events-cgroup" },
	{ "--events-cpus 2", "no CPU 2; give some of 0-1" },
	{ "--events-cpus 1-300 --topology 1,1,4,1", "no CPU 4; give some of 0-3" },
	{ "--events off --events-only switch", "--events-only" },
	{ "--events off --events-cpus 0", "--events-cpus" },
	{ "--events-cgroup a --events off", "--events-cgroup" },
	{ "--events yes", "yes" }, { "--events ''", "--events" }, { "--events", "--events" },
	{ "--stats-interval 9", "give 0 for none, or at least 10 ms" },
	{ "--stats-interval 3600001", "--stats-interval" }, { "--stats-interval 1s", "1s" },
	{ "--stats-interval ''", "--stats-interval" }, { "--stats-interval", "needs a value" },
	{ "--cpus 0", "--cpus" }, { "--cpus", "--cpus" }, { "--cpus -1", "--cpus" },
	{ "--cpus 1025", "--cpus" }, { "--cpus 0-3", "0-3" }, { "--pin=1", "--pin" },
	{ "--perf --cpus 2", "leave out --cpus" },
	{ "--preset nonesuch", "--preset: there is no preset \"nonesuch\": see ktstr topo" },
	{ "--preset ''", "there is no preset \"\"" }, { "--preset", "--preset needs a value" },
	{ "--preset cxl --topology 1,1,1,1", "--topology and --preset both describe" },
	{ "--topology 1,1,1,1 --preset cxl", "--topology and --preset both describe" },
	{ "--topology /dev/null/x", "--topology /dev/null/x: cannot open the topology" },
	{ "--topology /", "/ is no regular file" },
	{ "--topology 1,1,1,x", "is not four numbers" },
	{ "--events-cpus 8 --preset cxl", "no CPU 8; give some of 0-7" },
	{ "--matrix x=1", "there is no axis" }, { "--matrix", "--matrix needs a value" },
	{ "--matrix topologies=1,1,1,1 --preset cxl", "--matrix topologies and --preset both" },
	{ "--topology 1,1,1,1 --matrix topologies=1,1,1,1", "--matrix topologies and --topology both" },
	{ "--matrix schedulers=a --sched none", "--matrix schedulers and --sched both" },
	{ "--matrix kernels=a --kernel b", "--matrix kernels and --kernel both" },
	{ "--jobs 0", "--jobs" }, { "--jobs -1", "--jobs" }, { "--budget ''", "is no time" },
	{ "--budget 10x", "is no time" }, { "--budget 1m1h", "is no time" },
	{ "--budget 1m2m", "is no time" }, { "--budget m", "is no time" },
	{ "--budget -5", "is no time" }, { "--budget 1.5m", "is no time" },
	{ "--budget 0", "out of range" }, { "--budget 99999h", "out of range" },
	{ "--budget 99999999999", "is no time" },
	{ "--shard 0/3", "is no part" }, { "--shard 4/3", "is no part" }, { "--shard 1", "is no part" },
	{ "--shard 1/", "is no part" }, { "--shard /3", "is no part" }, { "--shard 1/3x", "is no part" },
	{ "--shard -1/3", "is no part" }, { "--shard 1/-3", "is no part" }, { "--shard '1/ 3'", "is no part" },
	{ "--shard 1/10001", "is no part" }, { "--shard 1/99999999999", "is no part" },
	{ "--sched a --sched-enable b", "--sched and --sched-enable both" },
	{ "--sched-disable a", "--sched-disable needs --sched-enable" },
	{ "--sched a --sched-disable b", "--sched-disable needs --sched-enable" },
	{ "--sched-enable ''", "--sched-enable" }, { "--sched-disable ''", "--sched-disable" },
	{ "--arm slow", "steady would run under the kernel's own scheduler" },
	{ "--sched none --arm slow", "the kernel's own scheduler" },
	{ "--matrix schedulers=none:scx_ktstr --arm slow", "the kernel's own scheduler" },
	{ "--sched s --arm slo", "--arm \"slo\" is unknown" }, { "--sched s --arm ''", "--arm \"\" is unknown" },
	{ "--sched s --arm slow=x@1", "--arm slow \"x\" is not a number" }, { "--sched s --arm", "--arm needs a value" },
	{ "--sched s --arm stall-task", "--arm stall-task needs an argument" },
	{ "--sched s --arm die-at-start", "--arm die-at-start: that fault is the loader's own" },
	{ "--sched s --arm slow@", "--arm slow@: the time behind the last \"@\", \"\" is not a number" },
	{ "--sched s --arm slow@-1", "\"-1\" is not a number" }, { "--sched s --arm slow@1s", "\"1s\" is not a number" },
	{ "--sched s --arm error=a@b", "\"b\" is not a number" },
	{ "--sched s --arm slow@3600001", "out of range" },
	{ "--sched s --arm slow@3000", "the window of 3000 ms is over" },
	{ "--sched s --duration 2 --arm slow,after=500@1500", "the window of 2000 ms is over" },
	{ "--sched s --arm slow --arm slow=9@5", "slow is armed already since 0 ms" },
	{ "--sched s --disarm slow", "does not say when" }, { "--sched s --disarm slow=9@5", "unknown" },
	{ "--sched s --disarm slow@5", "no --arm has slow armed by then" },
	{ "--sched s --arm slow@9 --disarm slow@5", "no --arm has slow armed by then" },
	{ "--sched s --arm slow --disarm slow@5 --disarm slow@6", "no --arm has slow armed by then" },
	{ "--sched s --arm slow@5 --disarm slow@5", "slow does not even begin before" },
	{ "--sched s --arm slow,after=9 --disarm slow@9", "slow does not even begin before" },
	{ "--splat-allow ''", "--splat-allow" }, { "--splat-deny ''", "--splat-deny" },
	{ "--json ''", "--json" }, { "--exec x", "--exec" }, { "--kernel ''", "--kernel" },
};

TEST(wrong_values_are_named_in_one_sentence)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ktstr_error e;
		struct args a;

		EXPECT_EQ(-EINVAL, parse(&a, &e, wrong[i][0], false)) TH_LOG("%s", wrong[i][0]);
		EXPECT_NE(NULL, strstr(e.msg, wrong[i][1])) TH_LOG("%s: %s", wrong[i][0], e.msg);
		EXPECT_EQ(NULL, strchr(e.msg, '\n'));
		args__free(&a);
	}
}

TEST(a_duration_may_have_a_fraction)
{
	static const struct {
		const char *words;
		uint32_t ms;
	} d[] = {
		{ "--duration 1", 1000 }, { "--duration 1.5", 1500 }, { "--duration 0.001", 1 },
		{ "--duration 2.25", 2250 }, { "--duration 2.050", 2050 }, { "--duration 3600", 3600000 },
		{ "--duration 1.0", 1000 }, { "--duration 3599.999", 3599999 },
	};

	for (size_t i = 0; i < sizeof(d) / sizeof(d[0]); i++) {
		struct strv v = { 0 };
		struct ktstr_error e;
		struct args a, b;

		ASSERT_EQ(0, parse(&a, &e, d[i].words, false)) TH_LOG("%s", e.msg);
		EXPECT_EQ(d[i].ms, a.duration_ms) TH_LOG("%s", d[i].words);
		strv__add(&v, "run");
		ASSERT_EQ(0, args__to_argv(&a, "steady", true, &v));
		ASSERT_EQ(0, args__parse_run(&b, v.n, v.v, &e)) TH_LOG("%s", e.msg);
		EXPECT_EQ(d[i].ms, b.duration_ms) TH_LOG("%s", d[i].words);
		args__free(&a);
		args__free(&b);
		strv__free(&v);
	}
}

static const struct ktstr_test own = {
	.name = "own", .topology = { 1, 2, 2, 1 }, .sched = "scx_own -x", .duration_ms = 1500,
};

TEST(what_a_test_has_of_its_own_counts_where_nothing_is_said)
{
	static const struct {
		const char *words, *sched;
		uint32_t cpus, ms;
	} d[] = {
		{ "", "scx_own -x", 4, 1500 },
		{ "--sched s", "s", 4, 1500 },
		{ "--sched none", NULL, 4, 1500 },
		{ "--topology 1,1,2,1", "scx_own -x", 2, 1500 },
		{ "--preset cxl", "scx_own -x", 8, 1500 },
		{ "--duration 3", "scx_own -x", 4, 3000 },
	};

	for (size_t i = 0; i < sizeof(d) / sizeof(d[0]); i++) {
		struct strv v = { 0 };
		struct ktstr_error e;
		struct args a, b, of;

		ASSERT_EQ(0, parse(&a, &e, d[i].words, false)) TH_LOG("%s", e.msg);
		of = args__of_test(&a, &own);
		EXPECT_STREQ(d[i].sched ? d[i].sched : "-", of.sched ? of.sched : "-");
		EXPECT_EQ(d[i].cpus, ktstr_topology__nr_cpus(&of.topology));
		EXPECT_EQ(d[i].ms, of.duration_ms);
		/* A repeat has what was used, whatever becomes of the test's own. */
		strv__add(&v, "run");
		ASSERT_EQ(0, args__to_argv(&of, "steady", true, &v));
		ASSERT_EQ(0, args__parse_run(&b, v.n, v.v, &e)) TH_LOG("%s", e.msg);
		EXPECT_STREQ(d[i].sched ? d[i].sched : "-", b.sched ? b.sched : "-");
		EXPECT_EQ(d[i].sched != NULL || strstr(d[i].words, "none"), b.sched_given);
		EXPECT_TRUE(ktstr_topology__equal(&of.topology, &b.topology));
		EXPECT_EQ(d[i].ms, b.duration_ms);
		args__free(&a);
		args__free(&b);
		strv__free(&v);
	}
}

/* The inner ktstr must see what was typed: a glob that skips is no name that fails. */
TEST(words_and_tags_survive_the_way_into_the_box)
{
	struct strv v = { 0 };
	struct ktstr_error e;
	struct args a, b;

	ASSERT_EQ(0, parse(&a, &e, "steady 'cpuset/*' --tag spin,change --tag '!slow'", false))
		TH_LOG("%s", e.msg);
	strv__add(&v, "run");
	ASSERT_EQ(0, args__to_argv(&a, NULL, false, &v));
	EXPECT_FALSE(strv__has(&v, "--topology") || strv__has(&v, "--duration"));
	ASSERT_EQ(0, args__parse_run(&b, v.n, v.v, &e)) TH_LOG("%s", e.msg);
	ASSERT_EQ(a.scenarios.n, b.scenarios.n);
	ASSERT_LT(3, a.scenarios.n);
	for (size_t i = 0; i < a.scenarios.n; i++)
		EXPECT_STREQ(a.scenarios.v[i], b.scenarios.v[i]);
	EXPECT_TRUE(args__is_named(&b, "steady"));
	EXPECT_FALSE(args__is_named(&b, "cpuset/swap"));
	EXPECT_FALSE(b.topology_given || b.duration_given || b.sched_given);
	args__free(&a);
	args__free(&b);
	strv__free(&v);
}

TEST(a_matrix_has_axes_jobs_budget_and_shard)
{
	static const struct {
		const char *words;
		uint32_t seconds;
	} d[] = {
		{ "600", 600 }, { "90s", 90 }, { "10m", 600 }, { "1h", 3600 }, { "1h30m", 5400 },
		{ "1h5s", 3605 }, { "1h2m3", 3723 }, { "720h", ARGS_BUDGET_MAX_S },
	};
	struct ktstr_error e;
	uint32_t seconds;
	struct args a;

	ASSERT_EQ(0, parse(&a, &e, "--matrix topologies=1,1,2,1:cxl,kernels=k --matrix 'schedulers=s -v' --jobs 3 --budget 10m --shard 2/5",
			   false)) TH_LOG("%s", e.msg);
	EXPECT_TRUE(args__is_matrix(&a));
	EXPECT_STREQ("cxl", a.matrix.v[MATRIX_TOPOLOGIES].v[1]);
	EXPECT_STREQ("s -v", a.matrix.v[MATRIX_SCHEDULERS].v[0]);
	EXPECT_EQ(1, a.matrix.v[MATRIX_KERNELS].n);
	EXPECT_EQ(3, a.jobs);
	EXPECT_EQ(600, a.budget_s);
	EXPECT_EQ(2, a.shard);
	EXPECT_EQ(5, a.shards);
	args__free(&a);
	ASSERT_EQ(0, parse(&a, &e, "steady", false));
	EXPECT_FALSE(args__is_matrix(&a));
	args__free(&a);
	for (size_t i = 0; i < sizeof(d) / sizeof(d[0]); i++) {
		EXPECT_EQ(0, args__parse_budget(d[i].words, &seconds, &e)) TH_LOG("%s", e.msg);
		EXPECT_EQ(d[i].seconds, seconds) TH_LOG("%s", d[i].words);
	}
}

TEST(another_topology_brings_its_own_memory)
{
	struct ktstr_error e;
	struct args a, b;

	ASSERT_EQ(0, parse(&a, &e, "", false));
	b = a;
	ASSERT_EQ(0, args__use_topology(&b, "1,1,3,1", &e)) TH_LOG("%s", e.msg);
	EXPECT_EQ(3, ktstr_topology__nr_cpus(&b.topology));
	EXPECT_EQ(1024, b.memory_mib);
	EXPECT_TRUE(b.topology_given);
	b = a;
	ASSERT_EQ(0, args__use_topology(&b, "cxl", &e)) TH_LOG("%s", e.msg);
	EXPECT_STREQ("cxl", b.preset);
	EXPECT_EQ(8, ktstr_topology__nr_cpus(&b.topology));
	ktstr_topology__free(&b.topology);
	b = a;
	EXPECT_EQ(-EINVAL, args__use_topology(&b, "cxll", &e));
	EXPECT_NE(NULL, strstr(e.msg, "cxll"));
	args__free(&a);
}

TEST(shell_wants_exec_and_nothing_else)
{
	struct ktstr_error e;
	struct args a;

	EXPECT_EQ(-EINVAL, parse(&a, &e, "", true));
	args__free(&a);
	EXPECT_EQ(-EINVAL, parse(&a, &e, "--exec x y", true));
	args__free(&a);
	EXPECT_EQ(-EINVAL, parse(&a, &e, "--exec x --sched y", true));
	args__free(&a);
	/* Not the directory we happen to be in. */
	EXPECT_EQ(-EINVAL, parse(&a, &e, "--exec x --include ''", true));
	EXPECT_NE(NULL, strstr(e.msg, "--include is empty"));
	args__free(&a);
	ASSERT_EQ(0, parse(&a, &e, "--exec 'x y' --include a --include b", true));
	EXPECT_STREQ("x y", a.exec);
	EXPECT_EQ(2, a.include.n);
	args__free(&a);
}

TEST(options_survive_the_way_into_the_box)
{
	struct ktstr_error e;
	struct strv words = { 0 };
	struct args a, b;

	ASSERT_EQ(0, parse(&a, &e, "--sched 'a \"b c\"' --topology 1,2,3,4 --memory 300 --out o -v", false));
	strv__add(&words, "run");
	ASSERT_EQ(0, args__to_argv(&a, NULL, false, &words));
	ASSERT_EQ(0, args__parse_run(&b, words.n, words.v, &e)) TH_LOG("%s", e.msg);
	EXPECT_STREQ(a.sched, b.sched);
	EXPECT_EQ(a.seed, b.seed);
	EXPECT_EQ(a.memory_mib, b.memory_mib);
	EXPECT_EQ(0, memcmp(&a.topology, &b.topology, sizeof(a.topology)));
	EXPECT_TRUE(b.verbose);
	EXPECT_STREQ("o", b.out);
	args__free(&a);
	args__free(&b);
	strv__free(&words);
}

/* A scheduler under test is asked, unless somebody says otherwise; that goes into a repeat. */
TEST(statistics_are_asked_of_a_scheduler_under_test)
{
	static const struct {
		const char *words;
		uint32_t ms;
	} cases[] = {
		{ "", 0 }, { "--sched x", 1000 }, { "--sched x --stats-interval 0", 0 },
		{ "--stats-interval 0 --sched x", 0 }, { "--stats-interval 500", 500 },
		{ "--sched-enable x", 1000 },
		{ "--sched x --stats-interval 10", 10 }, { "--sched x --stats-interval 3600000", 3600000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strv words = { 0 };
		struct ktstr_error e;
		struct args a, b;

		ASSERT_EQ(0, parse(&a, &e, cases[i].words, false)) TH_LOG("%s", e.msg);
		EXPECT_EQ(cases[i].ms, a.stats_ms) TH_LOG("%s", cases[i].words);
		strv__add(&words, "run");
		ASSERT_EQ(0, args__to_argv(&a, "steady", true, &words));
		ASSERT_EQ(0, args__parse_run(&b, words.n, words.v, &e)) TH_LOG("%s", e.msg);
		EXPECT_EQ(cases[i].ms, b.stats_ms) TH_LOG("%s", cases[i].words);
		args__free(&a);
		args__free(&b);
		strv__free(&words);
	}
}

TEST(what_switches_a_scheduler_and_judges_its_log_survives_too)
{
	struct ktstr_error e;
	struct strv words = { 0 };
	struct args a, b;

	ASSERT_EQ(0, parse(&a, &e, "--sched-enable 'on 1' --sched-disable off --splat-allow a "
			   "--splat-deny d --splat-allow 'b c'", false));
	EXPECT_STREQ("on 1", args__sched(&a));
	strv__add(&words, "run");
	ASSERT_EQ(0, args__to_argv(&a, NULL, true, &words));
	ASSERT_EQ(0, args__parse_run(&b, words.n, words.v, &e)) TH_LOG("%s", e.msg);
	EXPECT_STREQ("on 1", b.sched_enable);
	EXPECT_STREQ("off", b.sched_disable);
	ASSERT_EQ(2, b.splat_allow.n);
	EXPECT_STREQ("a", b.splat_allow.v[0]);
	EXPECT_STREQ("b c", b.splat_allow.v[1]);
	ASSERT_EQ(1, b.splat_deny.n);
	EXPECT_STREQ("d", b.splat_deny.v[0]);
	args__free(&a);
	args__free(&b);
	strv__free(&words);
}

/* In the order of time, each as it was given. */
TEST(faults_survive_too)
{
	struct ktstr_error e;
	struct strv words = { 0 };
	struct args a, b;

	ASSERT_EQ(0, parse(&a, &e, "--sched s --duration 2 --disarm slow@900 --arm 'error=x y,after=3@1990' "
			   "--arm slow --arm slow=7@901", false)) TH_LOG("%s", e.msg);
	strv__add(&words, "run");
	ASSERT_EQ(0, args__to_argv(&a, "steady", true, &words));
	ASSERT_EQ(0, args__parse_run(&b, words.n, words.v, &e)) TH_LOG("%s", e.msg);
	ASSERT_EQ(4, b.faults.nr);
	EXPECT_STREQ("slow", b.faults.v[0].text);
	EXPECT_EQ(50, b.faults.v[0].fault.arg);
	EXPECT_FALSE(b.faults.v[1].arm);
	EXPECT_EQ(900, b.faults.v[1].at_ms);
	EXPECT_EQ(7, b.faults.v[2].fault.arg);
	EXPECT_EQ(901, b.faults.v[2].at_ms);
	EXPECT_STREQ("x y", b.faults.v[3].fault.name);
	EXPECT_EQ(3000000, b.faults.v[3].fault.after_ns);
	args__free(&a);
	args__free(&b);
	strv__free(&words);
}

TEST(there_is_room_for_so_many_faults)
{
	struct fault_orders o = { 0 };
	struct ktstr_error e;

	for (uint32_t i = 0; i < FAULT_ORDERS_MAX; i++)
		ASSERT_EQ(0, fault_orders__add(&o, true, "slow@7", &e));
	EXPECT_EQ(-EINVAL, fault_orders__add(&o, true, "slow@7", &e));
	EXPECT_NE(NULL, strstr(e.msg, "is one too many")) TH_LOG("%s", e.msg);
}

/* They change what is measured, so a repeat must have them, too. */
TEST(host_cpus_go_into_every_command)
{
	static const char * const words[] = {
		"--pin", "--perf", "--cpus 5", "--pin --cpus 1", "--perf --pin", "",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (int portable = 0; portable < 2; portable++) {
			struct strv v = { 0 };
			struct ktstr_error e;
			struct args a, b;

			ASSERT_EQ(0, parse(&a, &e, words[i], false)) TH_LOG("%s", e.msg);
			strv__add(&v, "run");
			ASSERT_EQ(0, args__to_argv(&a, NULL, portable, &v));
			ASSERT_EQ(0, args__parse_run(&b, v.n, v.v, &e)) TH_LOG("%s", e.msg);
			EXPECT_EQ(!!strstr(words[i], "--pin"), b.pin);
			EXPECT_EQ(!!strstr(words[i], "--perf"), b.perf);
			EXPECT_EQ(a.cpus, b.cpus);
			args__free(&a);
			args__free(&b);
			strv__free(&v);
		}
	}
}

TEST(the_shell_takes_host_cpus_too)
{
	struct ktstr_error e;
	struct args a;

	ASSERT_EQ(0, parse(&a, &e, "--exec x --pin --cpus 3", true)) TH_LOG("%s", e.msg);
	EXPECT_TRUE(a.pin);
	EXPECT_EQ(3, a.cpus);
	args__free(&a);
	EXPECT_EQ(-EINVAL, parse(&a, &e, "--exec x --perf --cpus 3", true));
	args__free(&a);
}

/* A directory of its own with the file t. */
FIXTURE(topology)
{
	char dir[64], path[96], words[256];
	struct ktstr_error e;
	struct args a, b;
};

FIXTURE_SETUP(topology)
{
	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-args-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/t", self->dir);
}

FIXTURE_TEARDOWN(topology)
{
	args__free(&self->a);
	args__free(&self->b);
	unlink(self->path);
	rmdir(self->dir);
}

#define PARSE(text, options) ({								\
	FILE *f = fopen(self->path, "w");						\
	fputs(text, f);									\
	fclose(f);									\
	snprintf(self->words, sizeof(self->words), "--topology %s %s", self->path, options); \
	args__free(&self->a);								\
	parse(&self->a, &self->e, self->words, false);					\
})

TEST_F(topology, a_file_survives_the_way_into_the_box_and_a_repeat)
{
	for (int portable = 0; portable < 2; portable++) {
		struct strv v = { 0 };

		ASSERT_EQ(0, PARSE("node 0\nllc 2+1x2\nnode 1\n", "")) TH_LOG("%s", self->e.msg);
		EXPECT_EQ(4, ktstr_topology__nr_cpus(&self->a.topology));
		EXPECT_STREQ(self->path, args__topology_from(&self->a));
		strv__add(&v, "run");
		ASSERT_EQ(0, args__to_argv(&self->a, NULL, portable, &v));
		ASSERT_EQ(0, args__parse_run(&self->b, v.n, v.v, &self->e))
			TH_LOG("%s", self->e.msg);
		EXPECT_TRUE(ktstr_topology__equal(&self->a.topology, &self->b.topology));
		args__free(&self->b);
		strv__free(&v);
	}
}

TEST_F(topology, a_preset_survives_it_too)
{
	struct strv v = { 0 };

	ASSERT_EQ(0, parse(&self->a, &self->e, "--preset core-14900k", false));
	EXPECT_STREQ("core-14900k", args__topology_from(&self->a));
	strv__add(&v, "run");
	ASSERT_EQ(0, args__to_argv(&self->a, NULL, true, &v));
	ASSERT_EQ(0, args__parse_run(&self->b, v.n, v.v, &self->e)) TH_LOG("%s", self->e.msg);
	EXPECT_STREQ("core-14900k", self->b.preset);
	EXPECT_TRUE(ktstr_topology__equal(&self->a.topology, &self->b.topology));
	args__free(&self->b);
	strv__free(&v);
}

TEST_F(topology, a_relative_path_is_a_path_even_if_it_looks_like_numbers)
{
	char cwd[4096];

	ASSERT_EQ(0, PARSE("shape 1,1,3,1\n", ""));
	args__free(&self->a);
	ASSERT_NE(NULL, getcwd(cwd, sizeof(cwd)));
	ASSERT_EQ(0, chdir(self->dir));
	EXPECT_EQ(0, parse(&self->a, &self->e, "--topology t", false));
	EXPECT_EQ(3, ktstr_topology__nr_cpus(&self->a.topology));
	args__free(&self->a);
	ASSERT_EQ(0, rename("t", "1,1,1,1"));
	EXPECT_EQ(0, parse(&self->a, &self->e, "--topology 1,1,1,1", false));
	EXPECT_EQ(1, ktstr_topology__nr_cpus(&self->a.topology));
	args__free(&self->a);
	EXPECT_EQ(0, parse(&self->a, &self->e, "--topology ./1,1,1,1", false));
	EXPECT_EQ(3, ktstr_topology__nr_cpus(&self->a.topology));
	EXPECT_EQ(0, rename("1,1,1,1", "t"));
	EXPECT_EQ(0, chdir(cwd));
}

TEST_F(topology, the_last_of_several_counts)
{
	ASSERT_EQ(0, PARSE("shape 1,1,3,1\n", "--topology 1,1,5,1"));
	EXPECT_EQ(5, ktstr_topology__nr_cpus(&self->a.topology));
	EXPECT_EQ(NULL, args__topology_from(&self->a));
	args__free(&self->a);
	ASSERT_EQ(0, parse(&self->a, &self->e, "--preset cxl --preset 1n3l3c1t", false));
	EXPECT_EQ(9, ktstr_topology__nr_cpus(&self->a.topology));
}

TEST_F(topology, nodes_that_all_have_sizes_say_how_much_memory_there_is)
{
	static const char both[] = "node 0 memory 300M\nllc 1\nnode 1 memory 100M\n";

	ASSERT_EQ(0, PARSE(both, ""));
	EXPECT_EQ(400, self->a.memory_mib);
	ASSERT_EQ(0, PARSE(both, "--memory 400"));
	EXPECT_EQ(-EINVAL, PARSE(both, "--memory 401"));
	EXPECT_NE(NULL, strstr(self->e.msg, ": the nodes of the topology have 400 MiB and the machine has 401 MiB: make the two the same"));
	ASSERT_EQ(0, PARSE("node 0\nllc 1\nnode 1 memory 100M\n", ""));
	EXPECT_EQ(1024, self->a.memory_mib);
	EXPECT_EQ(-EINVAL, PARSE("node 0\nllc 1\nnode 1 memory 1G\n", ""));
	EXPECT_NE(NULL, strstr(self->e.msg, ": 1024 MiB are too few for the topology's nodes, 1024 MiB and a share for 1 more: give the machine more"));
	EXPECT_EQ(-EINVAL, PARSE("node 0 memory 126M\nllc 1\n", ""));
	EXPECT_NE(NULL, strstr(self->e.msg, ": its nodes have 126 MiB; give them 128 to 1048576 MiB in all"));
}

TEST_F(topology, capacities_are_refused_with_a_reason)
{
	EXPECT_EQ(-EINVAL, PARSE("shape 1,1,2,1\ncapacity 1 512\n", ""));
	EXPECT_NE(NULL, strstr(self->e.msg, ": the topology gives CPU 1 a capacity, and an x86 guest takes capacities from no table: leave them out"));
	args__free(&self->a);
	snprintf(self->words, sizeof(self->words), "--exec true --topology %s", self->path);
	EXPECT_EQ(-EINVAL, parse(&self->a, &self->e, self->words, true));
}

TEST_F(topology, a_wrong_line_is_named)
{
	EXPECT_EQ(-EINVAL, PARSE("node 0\n\nllc 1 2\n", ""));
	EXPECT_NE(NULL, strstr(self->e.msg, "/t:3: llc does not know \"2\"")) TH_LOG("%s", self->e.msg);
}

TEST_F(topology, a_file_that_is_not_there)
{
	EXPECT_EQ(-EINVAL, parse(&self->a, &self->e, "--topology nonesuch", false));
	EXPECT_STREQ("--topology nonesuch: there is no such file; name one, give N,L,C,T, or use --preset",
		     self->e.msg);
}

TEST(a_part_of_the_events_goes_into_command_and_plan)
{
	struct plan plan = { .scenario = "steady", .events = KTSTR_WISH_AUTO };
	struct strv v = { 0 };
	struct ktstr_error e;
	struct args a, b;
	struct buf out;

	ASSERT_EQ(0, parse(&a, &e, "--events-only switch,idle --events-cpus 0-1 --events-cgroup a",
			   false)) TH_LOG("%s", e.msg);
	for (int portable = 0; portable < 2; portable++) {
		strv__add(&v, "run");
		ASSERT_EQ(0, args__to_argv(&a, NULL, portable, &v));
		ASSERT_EQ(0, args__parse_run(&b, v.n, v.v, &e)) TH_LOG("%s", e.msg);
		EXPECT_STREQ("switch,idle", b.events_only);
		EXPECT_STREQ("0-1", b.events_cpus);
		EXPECT_STREQ("a", b.events_cgroup);
		args__free(&b);
		strv__free(&v);
	}
	plan.events_only = a.events_only;
	plan.events_cpus = a.events_cpus;
	plan.events_cgroup = a.events_cgroup;
	buf__init(&out, KTSTR_PLAN_MAX);
	ASSERT_EQ(0, plan_write(&plan, &out, &e));
	EXPECT_NE(NULL, strstr(out.data, "\nevents auto\nevents-only switch,idle\nevents-cpus 0-1\nevents-cgroup ktstr/a\n"))
		TH_LOG("%s", out.data);
	buf__free(&out);
	args__free(&a);
}

TEST(every_path_of_events_has_a_word_in_command_and_plan)
{
	static const char * const words[] = { "off", "module", "bpf", "auto" };

	for (int i = 0; i < 4; i++) {
		struct plan plan = { .scenario = "steady", .events = i };
		char text[64], line[64];
		struct strv v = { 0 };
		struct ktstr_error e;
		struct args a, b;
		struct buf out;

		snprintf(text, sizeof(text), "--events %s", words[i]);
		ASSERT_EQ(0, parse(&a, &e, text, false)) TH_LOG("%s", e.msg);
		EXPECT_EQ(i, a.events);
		EXPECT_STREQ(words[i], args__events_name(a.events));
		/* Into the box, and into the command that repeats a run. */
		for (int portable = 0; portable < 2; portable++) {
			strv__add(&v, "run");
			ASSERT_EQ(0, args__to_argv(&a, NULL, portable, &v));
			ASSERT_EQ(0, args__parse_run(&b, v.n, v.v, &e)) TH_LOG("%s", e.msg);
			EXPECT_EQ(i, b.events);
			args__free(&b);
			strv__free(&v);
		}
		buf__init(&out, KTSTR_PLAN_MAX);
		ASSERT_EQ(0, plan_write(&plan, &out, &e));
		snprintf(line, sizeof(line), "\nevents %s\n", words[i]);
		EXPECT_EQ(i != KTSTR_WISH_OFF, strstr(out.data, line) != NULL) TH_LOG("%s", out.data);
		EXPECT_EQ(i != KTSTR_WISH_OFF, strstr(out.data, "events") != NULL);
		buf__free(&out);
		args__free(&a);
	}
}

TEST(words_are_split_as_a_shell_does)
{
	static const struct {
		const char *in;
		const char *out;	/* words joined by | */
	} cases[] = {
		{ "a", "a" }, { "  a\t b \n", "a|b" }, { "'a b' c", "a b|c" }, { "\"a b\"c", "a bc" },
		{ "a\\ b", "a b" }, { "\"a\\\"b\"", "a\"b" }, { "\"a\\nb\"", "a\\nb" },
		{ "'a\\'", "a\\" }, { "'' x", "|x" }, { "a''b", "ab" }, { "a\\\\b", "a\\b" },
		{ "sh -c \"x & y; kill $!\"", "sh|-c|x & y; kill $!" }, { "\"\\$x\"", "$x" },
		{ "*", "*" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strv v = { 0 };
		char got[128] = "";

		ASSERT_EQ(0, command__split(cases[i].in, &v, NULL)) TH_LOG("%s", cases[i].in);
		for (size_t k = 0; k < v.n; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", k ? "|" : "", v.v[k]);
		EXPECT_STREQ(cases[i].out, got);
		strv__free(&v);
	}
}

TEST(unfinished_and_empty_commands_are_refused)
{
	static const char * const bad[] = { "", "   ", "'a", "\"a", "a\\", "\"a\\", "\"a\\\"" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct strv v = { 0 };
		struct ktstr_error e;

		EXPECT_EQ(-EINVAL, command__split(bad[i], &v, &e)) TH_LOG("<%s>", bad[i]);
		strv__free(&v);
	}
}

TEST(commands_have_a_bound)
{
	char *s = malloc(COMMAND_BYTES_MAX + 2);
	struct strv v = { 0 };
	struct ktstr_error e;

	memset(s, 'a', COMMAND_BYTES_MAX + 1);
	s[COMMAND_BYTES_MAX + 1] = '\0';
	EXPECT_EQ(-E2BIG, command__split(s, &v, &e));
	s[COMMAND_BYTES_MAX] = '\0';
	EXPECT_EQ(0, command__split(s, &v, &e));
	strv__free(&v);
	for (unsigned int i = 0; i < COMMAND_WORDS_MAX + 1; i++)
		memcpy(s + 2 * i, "a ", 2);
	s[2 * COMMAND_WORDS_MAX + 1] = '\0';
	EXPECT_EQ(-E2BIG, command__split(s, &v, &e));
	strv__free(&v);
	free(s);
}

TEST(quoting_survives_splitting)
{
	static const char * const words[] = {
		"plain", "", "a b", "it's", "'", "\"", "\\", "$x `y`", "a\nb", "''", "\xff\x01",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct strv v = { 0 };
		char quoted[64];

		ASSERT_EQ(0, command__quote(quoted, sizeof(quoted), words[i]));
		ASSERT_EQ(0, command__split(quoted, &v, NULL)) TH_LOG("%s", quoted);
		ASSERT_EQ(1, v.n);
		EXPECT_STREQ(words[i], v.v[0]);
		strv__free(&v);
	}
	for (size_t size = 0; size < 8; size++) {
		char small[8];

		EXPECT_EQ(size < 6 ? -ENOBUFS : 0, command__quote(small, size, "a b")) TH_LOG("%zu", size);
	}
}

TEST(mentioned_words_stand_between_metacharacters)
{
	struct strv v = { 0 };

	ASSERT_EQ(0, command__mentioned("a&b;(c|d)>e $f `g` 'h' x=i", &v));
	EXPECT_EQ(10, v.n);
	for (char c = 'a'; c <= 'i'; c++)
		EXPECT_TRUE(strv__has(&v, (char[]){ c, '\0' }));
	strv__free(&v);
}

TEST(the_plan_escapes_what_its_format_cannot_hold)
{
	struct plan p = { .scenario = "steady", .duration_ms = 5, .seed = 6, .sched_timeout_ms = 7,
			  .ack_timeout_ms = 8, .nr_ops = 1 };
	struct buf b;

	p.ops = calloc(1, sizeof(*p.ops));
	p.ops[0] = (struct ktstr_op){ .verb = KTSTR_V_HOLD, .value2 = 9, .at = "a b.c:1" };
	strv__add(&p.sched, "x y");
	strv__add(&p.sched, "50%\x7f\n");
	strv__add(&p.sched, "");
	strv__add(&p.sched, "\xc3\xa4");
	buf__init(&b, KTSTR_PLAN_MAX);
	ASSERT_EQ(0, plan_write(&p, &b, NULL));
	EXPECT_STREQ("ktstr-plan 1\nscenario steady\nduration-ms 5\n"
		     "sched x%20y 50%25%7F%0A  \xc3\xa4\nsched-timeout-ms 7\n"
		     "op hold ms=9 at=a%20b.c:1\nseed 6\nack-timeout-ms 8\nend\n", b.data);
	buf__free(&b);
	plan__free(&p);
}

TEST(a_plan_that_the_guest_would_refuse_is_not_written)
{
	struct plan p = { 0 };
	struct ktstr_error e;
	struct buf b;
	char *s = calloc(1, KTSTR_PLAN_MAX / 3 + 2);

	memset(s, ' ', KTSTR_PLAN_MAX / 3 + 1);
	strv__add(&p.exec, s);
	buf__init(&b, KTSTR_PLAN_MAX);
	EXPECT_EQ(-E2BIG, plan_write(&p, &b, &e));
	buf__free(&b);
	plan__free(&p);
	free(s);
}

TEST_HARNESS_MAIN
