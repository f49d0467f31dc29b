// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event counters of sched_ext, as a kernel tells them and as none would.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/scx_counters.h"

#include "unit.h"

static struct ktstr_ev_scx_counter told[128];
static unsigned int nr_told, refuse_at;

static int emit(struct ktstr_ev_scx_counter *ev)
{
	if (nr_told == refuse_at)
		return -ENOSPC;
	told[nr_told++] = *ev;
	return 0;
}

/* What is told of a file that holds @text. */
static unsigned int tell(const char *text)
{
	char path[] = "/tmp/scx_counters.XXXXXX";
	int fd = mkstemp(path);
	unsigned int nr;

	memset(told, 0xff, sizeof(told));
	nr_told = 0;
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
	nr = scx_counters__tell(path, emit);
	unlink(path);
	return nr;
}

FIXTURE(counters) {
};

FIXTURE_SETUP(counters)
{
	refuse_at = ~0u;
}

FIXTURE_TEARDOWN(counters)
{
}

/* scx_attr_events_show() of Linux 6.15: one of its names has 33 letters. */
TEST_F(counters, all_that_a_kernel_has)
{
	static const char text[] =
		"SCX_EV_SELECT_CPU_FALLBACK 0\n"
		"SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE 7\n"
		"SCX_EV_DISPATCH_KEEP_LAST 18446744073709551615\n"
		"SCX_EV_ENQ_SKIP_MIGRATION_DISABLED 3\n";

	ASSERT_EQ(tell(text), 4);
	EXPECT_STREQ(told[0].name, "SELECT_CPU_FALLBACK");
	EXPECT_EQ(told[0].value, 0);
	EXPECT_STREQ(told[1].name, "DISPATCH_LOCAL_DSQ_OFFLINE");
	EXPECT_EQ(told[1].value, 7);
	EXPECT_EQ(told[2].value, UINT64_MAX);
	EXPECT_STREQ(told[3].name, "ENQ_SKIP_MIGRATION_DISABLED");
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_EQ(told[i].h.arg, i);
}

TEST_F(counters, a_name_too_long_is_cut_and_its_number_kept)
{
	ASSERT_EQ(tell("SCX_EV_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 42\nx 1\n"), 2);
	EXPECT_STREQ(told[0].name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234");
	EXPECT_EQ(told[0].value, 42);
	EXPECT_STREQ(told[1].name, "x");
}

TEST_F(counters, what_is_no_counter_is_left_out)
{
	ASSERT_EQ(tell("\n \nSCX_EV_ 1\nSCX_EV_NO_VALUE\nSCX_EV_BLANK \nA -1\nA +1\nA  1\n"
		       "A 1x\nA 1 2\nA 18446744073709551616\nA\t1\nA 0x1\nGOOD 5\n"), 1);
	EXPECT_STREQ(told[0].name, "GOOD");
	EXPECT_EQ(told[0].value, 5);
	EXPECT_EQ(told[0].h.arg, 0);
}

/* A number that was cut is a wrong number. */
TEST_F(counters, a_line_without_an_end_is_not_told)
{
	EXPECT_EQ(tell("A 1\nB 123"), 1);
	EXPECT_EQ(tell("B 123"), 0);
	EXPECT_EQ(tell(""), 0);
}

TEST_F(counters, a_file_too_long_is_told_as_far_as_it_was_read)
{
	char *text = calloc(1, 8192), name[] = "SCX_EV_XXXXXXXXXXXXXXXXXXXXXXXXXXX";
	unsigned int nr;

	/* 112 bytes a line: the read ends in the 37th. */
	for (unsigned int i = 0; i < 64; i++)
		sprintf(text + strlen(text), "%s%0*d %d\n", name, 108 - (int)strlen(name), 0,
			99);
	ASSERT_EQ(strlen(text) % 112, 0);
	nr = tell(text);
	EXPECT_EQ(nr, 4095 / 112);
	for (unsigned int i = 0; i < nr; i++)
		EXPECT_EQ(told[i].value, 99);
	free(text);
}

TEST_F(counters, no_more_than_the_host_keeps)
{
	char text[128 * 5 + 1] = "";

	for (unsigned int i = 0; i < 128; i++)
		strcat(text, "A 12\n");
	EXPECT_EQ(tell(text), 64);
}

TEST_F(counters, a_refusal_ends_it)
{
	refuse_at = 2;
	EXPECT_EQ(tell("A 1\nB 2\nC 3\nD 4\n"), 2);
}

TEST_F(counters, a_kernel_without_them_has_none)
{
	EXPECT_EQ(scx_counters__tell("/nonexistent/events", emit), 0);
	EXPECT_EQ(scx_counters__tell("/tmp", emit), 0);
	EXPECT_EQ(nr_told, 0);
}

TEST_HARNESS_MAIN
