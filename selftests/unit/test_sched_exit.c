// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exit of a scheduler, from what a 6.12 kernel and its schedulers really print, and from
 * what only looks like it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/sched_exit.h"
#include "kselftest_harness.h"

#define RULE "================================================================================\n"
#define LOG_STALL \
	"<3,500,9000001>sched_ext: BPF scheduler \"simple\" disabled (runnable task stall)\n" \
	"<3,501,9000002>sched_ext: simple: a/0[123] failed to run for 3.100s\n" \
	"<4,502,9000003>   check_rq_for_timeouts+0x80/0x100\n"
#define DUMP \
	"kworker/u8:1[42] triggered exit kind 1026:\n" \
	"  runnable task stall (a/0[123] failed to run for 3.100s)\n" \
	"\nBacktrace:\n  check_rq_for_timeouts+0x80/0x100\n\nCPU states\n----------\n"
#define SELF_STALL "\nDEBUG DUMP\n" RULE "\n" DUMP "\n" RULE "\n" \
	"EXIT: runnable task stall (a/0[123] failed to run for 3.100s)\n"

FIXTURE(exit)
{
	struct sched_exit *x;
	struct sched_exit_facts f;
};

FIXTURE_SETUP(exit)
{
	self->x = calloc(1, sizeof(*self->x));
	ASSERT_NE(NULL, self->x);
}

FIXTURE_TEARDOWN(exit)
{
	free(self->x);
}

#define FEED(_from, _text) sched_exit__feed(self->x, _from, _text, strlen(_text))
#define FACTS() sched_exit__facts(self->x, &self->f)

/* As trace_pipe shows the lines of a dump. */
static void feed_trace(struct sched_exit *x, const char *dump)
{
	char line[512];

	while (*dump) {
		size_t len = strcspn(dump, "\n");
		int n = snprintf(line, sizeof(line),
				 "    kworker/u8:1-42      [001] d.h1.     9.000001: sched_ext_dump: %.*s\n",
				 (int)len, dump);

		sched_exit__feed(x, SCHED_EXIT_BY_TRACE, line, (size_t)n);
		dump += len + 1;
	}
}

static void tell_event(struct sched_exit *x, uint32_t kind, int64_t code, const char *msg, bool cut)
{
	struct sched_exit_told t = {
		.kind = kind, .code = code, .has_code = true, .msg_cut = cut, .time_ns = 9000000,
	};

	strcpy(t.msg, msg);
	sched_exit__tell(x, SCHED_EXIT_BY_EVENTS, &t);
}

TEST_F(exit, nothing_is_known_of_nothing)
{
	FACTS();
	EXPECT_FALSE(self->f.known);
	EXPECT_FALSE(sched_exit__by_itself(&self->f));
	EXPECT_EQ(NULL, self->f.dump);
	EXPECT_STREQ("", self->f.contradictions);
}

TEST_F(exit, a_stall_from_every_source_agrees)
{
	char why[256];

	FEED(SCHED_EXIT_BY_LOG, LOG_STALL);
	FEED(SCHED_EXIT_BY_SELF, "local=1 global=2\n" SELF_STALL);
	feed_trace(self->x, DUMP);
	tell_event(self->x, 1026, 0, "a/0[123] failed to run", true);
	FACTS();
	EXPECT_TRUE(self->f.known);
	EXPECT_TRUE(sched_exit__by_itself(&self->f));
	EXPECT_EQ(SCHED_EXIT_ERROR_STALL, self->f.kind);
	EXPECT_EQ(SCHED_EXIT_BY_EVENTS, self->f.kind_by);
	EXPECT_EQ(SCHED_EXIT_BY_LOG, self->f.reason_by);
	EXPECT_STREQ("simple", self->f.ops);
	EXPECT_STREQ("a/0[123] failed to run for 3.100s", self->f.msg);
	EXPECT_STREQ("runnable task stall (a/0[123] failed to run for 3.100s)",
		     sched_exit__describe(&self->f, why, sizeof(why)));
	EXPECT_STREQ("", self->f.contradictions);
	ASSERT_NE(NULL, self->f.dump);
	EXPECT_EQ(SCHED_EXIT_BY_TRACE, self->f.dump_by);
	EXPECT_STREQ(DUMP, self->f.dump->text);
	EXPECT_EQ(9000000, self->f.time_ns);
}

TEST_F(exit, every_source_alone_will_do)
{
	for (int from = 0; from < SCHED_EXIT_SOURCES; from++) {
		memset(self->x, 0, sizeof(*self->x));
		if (from == SCHED_EXIT_BY_EVENTS)
			tell_event(self->x, 1026, 0, "a/0[123] failed to run for 3.100s", false);
		else if (from == SCHED_EXIT_BY_LOG)
			FEED(SCHED_EXIT_BY_LOG, LOG_STALL);
		else if (from == SCHED_EXIT_BY_TRACE)
			feed_trace(self->x, DUMP);
		else
			FEED(SCHED_EXIT_BY_SELF, SELF_STALL);
		FACTS();
		EXPECT_EQ(SCHED_EXIT_ERROR_STALL, self->f.kind) TH_LOG("source %d", from);
		EXPECT_STREQ("runnable task stall", self->f.reason);
		EXPECT_STREQ("a/0[123] failed to run for 3.100s", self->f.msg);
		EXPECT_EQ(from, (int)self->f.kind_by);
		EXPECT_STREQ("", self->f.contradictions);
	}
	ASSERT_NE(NULL, self->f.dump);
	EXPECT_STREQ(DUMP "\n", self->f.dump->text);
}

TEST_F(exit, every_cut_of_the_stream_gives_the_same)
{
	static const char text[] = SELF_STALL;
	size_t len = strlen(text);

	for (size_t i = 0; i <= len; i++) {
		memset(self->x, 0, sizeof(*self->x));
		sched_exit__feed(self->x, SCHED_EXIT_BY_SELF, text, i);
		sched_exit__feed(self->x, SCHED_EXIT_BY_SELF, text + i, len - i);
		FACTS();
		ASSERT_EQ(SCHED_EXIT_ERROR_STALL, self->f.kind);
		ASSERT_STREQ(DUMP "\n", self->f.dump->text);
	}
}

TEST_F(exit, every_kind_has_its_name_and_reason)
{
	static const struct {
		uint32_t kind;
		const char *name, *reason;
		bool by_itself;
	} kinds[] = {
		{ 64, "SCX_EXIT_UNREG", "unregistered from user space", false },
		{ 65, "SCX_EXIT_UNREG_BPF", "unregistered from BPF", true },
		{ 66, "SCX_EXIT_UNREG_KERN", "unregistered from the main kernel", true },
		{ 67, "SCX_EXIT_SYSRQ", "disabled by sysrq-S", true },
		{ 1024, "SCX_EXIT_ERROR", "runtime error", true },
		{ 1025, "SCX_EXIT_ERROR_BPF", "scx_bpf_error", true },
		{ 1026, "SCX_EXIT_ERROR_STALL", "runnable task stall", true },
	};
	char line[256];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		memset(self->x, 0, sizeof(*self->x));
		snprintf(line, sizeof(line),
			 "<6,1,2>sched_ext: BPF scheduler \"q\" disabled (%s)\n", kinds[i].reason);
		FEED(SCHED_EXIT_BY_LOG, line);
		FACTS();
		EXPECT_EQ(kinds[i].kind, self->f.kind);
		EXPECT_STREQ(kinds[i].name, sched_exit__kind_name(self->f.kind));
		EXPECT_EQ(kinds[i].by_itself, sched_exit__by_itself(&self->f));
	}
	EXPECT_STREQ("SCX_EXIT_NONE", sched_exit__kind_name(0));
	EXPECT_STREQ("SCX_EXIT_DONE", sched_exit__kind_name(1));
	EXPECT_STREQ("unknown", sched_exit__kind_name(77));
	for (int i = 0; i < SCHED_EXIT_SOURCES; i++)
		EXPECT_NE(NULL, sched_exit__source_name(i));
}

TEST_F(exit, a_code_of_the_schedulers_own_is_told)
{
	char why[256];

	tell_event(self->x, 65, 1ll << 48 | 7, "restart me", false);
	FEED(SCHED_EXIT_BY_SELF, "EXIT: unregistered from BPF (restart me)\n");
	FACTS();
	EXPECT_TRUE(self->f.has_code);
	EXPECT_STREQ("unregistered from BPF (restart me), exit code 0x1000000000007",
		     sched_exit__describe(&self->f, why, sizeof(why)));
}

TEST_F(exit, contradictions_are_told_and_the_kernel_is_believed)
{
	FEED(SCHED_EXIT_BY_LOG, LOG_STALL);
	FEED(SCHED_EXIT_BY_SELF, "EXIT: unregistered from user space\n");
	FACTS();
	EXPECT_EQ(SCHED_EXIT_ERROR_STALL, self->f.kind);
	EXPECT_STREQ("log says SCX_EXIT_ERROR_STALL, but scheduler says SCX_EXIT_UNREG\n",
		     self->f.contradictions);
	memset(self->x, 0, sizeof(*self->x));
	FEED(SCHED_EXIT_BY_LOG, LOG_STALL);
	FEED(SCHED_EXIT_BY_SELF, "EXIT: runnable task stall (all is well)\n");
	FACTS();
	EXPECT_NE(NULL, strstr(self->f.contradictions, "but scheduler says \"all is well\""))
		TH_LOG("%s", self->f.contradictions);
	EXPECT_STREQ("a/0[123] failed to run for 3.100s", self->f.msg);
}

TEST_F(exit, another_number_of_exits_is_no_contradiction)
{
	FEED(SCHED_EXIT_BY_LOG, "<6,1,2>sched_ext: BPF scheduler \"q\" disabled (unregistered from user space)\n"
	     LOG_STALL);
	FEED(SCHED_EXIT_BY_SELF, "EXIT: unregistered from user space\n");
	FACTS();
	/* An error outranks what came before it. */
	EXPECT_EQ(SCHED_EXIT_ERROR_STALL, self->f.kind);
	EXPECT_STREQ("simple", self->f.ops);
	EXPECT_STREQ("", self->f.contradictions);
}

TEST_F(exit, of_two_errors_the_first_keeps_its_message)
{
	FEED(SCHED_EXIT_BY_LOG,
	     "<3,1,2>sched_ext: BPF scheduler \"q\" disabled (runtime error)\n"
	     "<3,2,2>sched_ext: BPF scheduler \"q\" disabled (scx_bpf_error)\n"
	     "<3,3,2>sched_ext: q: of the second\n");
	FACTS();
	EXPECT_EQ(SCHED_EXIT_ERROR, self->f.kind);
	EXPECT_STREQ("", self->f.msg);
}

TEST_F(exit, what_only_looks_like_an_exit_is_left_alone)
{
	/* A process cannot speak for the kernel. */
	FEED(SCHED_EXIT_BY_LOG, "<11,1,2>sched_ext: BPF scheduler \"q\" disabled (runtime error)\n");
	FEED(SCHED_EXIT_BY_LOG, "<6,1,2>sched_ext: BPF scheduler \"q\" enabled\n");
	FEED(SCHED_EXIT_BY_LOG, "<3,1,2>sched_ext: q: message without an exit\n");
	FEED(SCHED_EXIT_BY_LOG, "sched_ext: BPF scheduler \"q\" disabled (runtime error)\n");
	FEED(SCHED_EXIT_BY_SELF, "no EXIT: here\nDEBUG DUMP\nwithout a rule\n");
	FEED(SCHED_EXIT_BY_TRACE, "CPU:1 [LOST 5 EVENTS]\n");
	FACTS();
	EXPECT_FALSE(self->f.known);
	EXPECT_EQ(NULL, self->f.dump);
}

TEST_F(exit, a_dump_without_an_exit_is_kept)
{
	feed_trace(self->x, "Debug dump triggered by SysRq-D\n\nCPU states\n");
	FACTS();
	EXPECT_FALSE(self->f.known);
	ASSERT_NE(NULL, self->f.dump);
	EXPECT_STREQ("Debug dump triggered by SysRq-D\n\nCPU states\n", self->f.dump->text);
}

TEST_F(exit, endless_lines_and_dumps_are_bounded)
{
	char *text = malloc(1 << 20);

	memset(text, 0x1b, 1 << 20);
	memcpy(text, "EXIT: runtime error (", 21);
	sched_exit__feed(self->x, SCHED_EXIT_BY_SELF, text, 1 << 20);
	FEED(SCHED_EXIT_BY_SELF, "\n");
	FACTS();
	EXPECT_EQ(SCHED_EXIT_ERROR, self->f.kind);
	EXPECT_TRUE(self->x->told[SCHED_EXIT_BY_SELF].msg_cut);
	EXPECT_EQ(NULL, strchr(self->f.msg, 0x1b));
	memset(self->x, 0, sizeof(*self->x));
	FEED(SCHED_EXIT_BY_SELF, "DEBUG DUMP\n" RULE);
	for (int i = 0; i < 10000; i++)
		FEED(SCHED_EXIT_BY_SELF, "CPU 0   : nr_run=1 flags=0x1 cpu_rel=0 pnt_seq=12\n");
	FEED(SCHED_EXIT_BY_SELF, RULE "EXIT: runtime error\n");
	FACTS();
	ASSERT_NE(NULL, self->f.dump);
	EXPECT_TRUE(self->f.dump->cut);
	EXPECT_GT(SCHED_EXIT_DUMP_MAX, self->f.dump->len);
	EXPECT_EQ(SCHED_EXIT_ERROR, self->f.kind);
	free(text);
}

TEST_HARNESS_MAIN
