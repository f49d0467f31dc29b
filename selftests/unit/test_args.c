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
	EXPECT_EQ(3, a.duration_s);
	EXPECT_EQ(60, a.timeout_s);
	EXPECT_EQ(ACCEL_AUTO, a.accel);
	ASSERT_EQ(1, a.scenarios.n);
	EXPECT_STREQ("steady", a.scenarios.v[0]);
	EXPECT_EQ(NULL, a.sched);
	EXPECT_EQ(KTSTR_WISH_AUTO, a.events);
	EXPECT_FALSE(a.pin || a.perf || a.cpus);
	args__free(&a);
}

TEST(every_option_is_taken)
{
	struct ktstr_error e;
	struct args a;

	ASSERT_EQ(0, parse(&a, &e, "steady --kernel k --sched 's 1' --topology 2,4,2,1 --memory 256 "
			   "--append 'maxcpus=4 x' --duration 7 --seed 9 --timeout 11 --accel box --out o --json j --events bpf --dry-run -v",
			   false)) TH_LOG("%s", e.msg);
	EXPECT_STREQ("k", a.kernel);
	EXPECT_STREQ("s 1", a.sched);
	EXPECT_EQ(8, ktstr_topology__nr_cpus(&a.topology));
	EXPECT_EQ(256, a.memory_mib);
	EXPECT_STREQ("maxcpus=4 x", a.append);
	EXPECT_EQ(7, a.duration_s);
	EXPECT_EQ(9, a.seed);
	EXPECT_EQ(11, a.timeout_s);
	EXPECT_EQ(ACCEL_BOX, a.accel);
	EXPECT_EQ(KTSTR_WISH_BPF, a.events);
	EXPECT_STREQ("o", a.out);
	EXPECT_STREQ("j", a.json);
	EXPECT_TRUE(a.dry_run && a.verbose);
	args__free(&a);
}

/* Words, and what the sentence must name. */
static const char * const wrong[][2] = {
	{ "--frobnicate", "--frobnicate" }, { "-x", "-x" }, { "--kernel", "--kernel" },
	{ "nonesuch", "nonesuch" },
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
			  .ack_timeout_ms = 8, .nr_cgroups = 1 };
	struct buf b;

	p.cgroups[0] = (struct plan_cgroup){ "a", "0-1", 2, KTSTR_WORK_SPIN, 3 };
	strv__add(&p.sched, "x y");
	strv__add(&p.sched, "50%\x7f\n");
	strv__add(&p.sched, "");
	strv__add(&p.sched, "\xc3\xa4");
	buf__init(&b, KTSTR_PLAN_MAX);
	ASSERT_EQ(0, plan_write(&p, &b, NULL));
	EXPECT_STREQ("ktstr-plan 1\nscenario steady\nduration-ms 5\n"
		     "sched x%20y 50%25%7F%0A  \xc3\xa4\nsched-timeout-ms 7\n"
		     "cgroup a cpuset 0-1\nworkers a spin 3\nseed 6\nack-timeout-ms 8\nend\n", b.data);
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
