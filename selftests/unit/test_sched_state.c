// SPDX-License-Identifier: GPL-2.0-only
/*
 * The heartbeat's look at sched_ext: cheap, and never blind to what is judged. The files are
 * those of a directory of our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[48];
static unsigned int opened;

/* By name, below @dir. */
static int open_ours(const char *path, int flags)
{
	char ours[96];

	opened++;
	snprintf(ours, sizeof(ours), "%s/%s", dir, strrchr(path, '/') + 1);
	return open(ours, flags);
}

#define open(_path, _flags)	open_ours(_path, _flags)
#include "guest/sched_state.c"
#undef open

#include "unit.h"

FIXTURE(scx) {
	struct ktstr_sched_state now;
};

static void put(const char *name, const char *text)
{
	char path[96];
	FILE *f;

	/* In place, as an attribute changes: the descriptors that are open see it. */
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

FIXTURE_SETUP(scx)
{
	strcpy(dir, "/tmp/ktstr-scx-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(dir));
	opened = 0;
	memset(&self->now, 0, sizeof(self->now));
	strcpy(self->now.state, "enabled");
	strcpy(self->now.ops, "simple");
	self->now.enable_seq = htole64(12);
}

FIXTURE_TEARDOWN(scx)
{
	char cmd[80];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	EXPECT_EQ(0, system(cmd));
}

TEST_F(scx, nothing_new_costs_no_file_to_be_opened)
{
	put("state", "enabled\n");
	put("enable_seq", "12\n");
	EXPECT_TRUE(sched_state__same(&self->now));
	EXPECT_EQ(2, opened);
	EXPECT_TRUE(sched_state__same(&self->now));
	EXPECT_EQ(2, opened);
}

TEST_F(scx, whatever_is_judged_is_news)
{
	static const struct { const char *state, *seq; } news[] = {
		{ "disabling\n", "12\n" }, { "disabled\n", "12\n" }, { "enable\n", "12\n" },
		{ "enabledx\n", "12\n" }, { "", "12\n" }, { "enabled\n", "13\n" },
		{ "enabled\n", "1\n" }, { "enabled\n", "120\n" }, { "enabled\n", "" },
	};

	put("state", "enabled\n");
	put("enable_seq", "12\n");
	ASSERT_TRUE(sched_state__same(&self->now));
	for (unsigned int i = 0; i < sizeof(news) / sizeof(news[0]); i++) {
		put("state", news[i].state);
		put("enable_seq", news[i].seq);
		EXPECT_FALSE(sched_state__same(&self->now)) {
			TH_LOG("state %s, enable_seq %s", news[i].state, news[i].seq);
		}
	}
}

TEST_F(scx, a_state_that_was_never_read_is_not_the_same)
{
	memset(&self->now, 0, sizeof(self->now));
	put("state", "disabled\n");
	put("enable_seq", "0\n");
	EXPECT_FALSE(sched_state__same(&self->now));
}

TEST_F(scx, a_kernel_without_it_stays_one)
{
	EXPECT_FALSE(sched_state__same(&self->now));
	strcpy(self->now.state, "absent");
	EXPECT_TRUE(sched_state__same(&self->now));
}

/* A file that cannot be had is to be found out about in full, each time. */
TEST_F(scx, half_of_it_is_not_enough)
{
	put("state", "enabled\n");
	EXPECT_FALSE(sched_state__same(&self->now));
	EXPECT_FALSE(sched_state__same(&self->now));
}

TEST_HARNESS_MAIN
