// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr kernel clean" removes what nothing points at, and never anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/kernels_clean.h"
#include "unit.h"

FIXTURE(clean)
{
	char dir[64];
	struct ktstr_error e;
};

/* Kernels a, b and c; default and box point at b, debug at c by an absolute path. */
FIXTURE_SETUP(clean)
{
	char cmd[512];

	strcpy(self->dir, "/tmp/ktstr-clean-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(cmd, sizeof(cmd), "cd %s && mkdir -p a/x/y b/x c && touch a/x/y/f a/g b/x/f .lock file && "
		 "ln -s /dev/null a/x/link && ln -s .. a/x/up && ln -s b default && ln -s b box && "
		 "ln -s $PWD/c debug", self->dir);
	ASSERT_EQ(0, system(cmd));
}

FIXTURE_TEARDOWN(clean)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", self->dir);
	EXPECT_EQ(0, system(cmd));
}

static bool there(struct _test_data_clean *self, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", self->dir, name);
	return !access(path, F_OK);
}

TEST_F(clean, what_a_link_points_at_stays)
{
	EXPECT_EQ(1, kernels_clean__dir(self->dir, false, &self->e));
	EXPECT_FALSE(there(self, "a"));
	EXPECT_TRUE(there(self, "b/x/f"));
	EXPECT_TRUE(there(self, "c"));
	EXPECT_TRUE(there(self, "default/x/f") && there(self, "box") && there(self, "debug"));
	/* Nor is a link in it followed. */
	EXPECT_TRUE(there(self, "file") && there(self, ".lock"));
	EXPECT_EQ(0, access("/dev/null", F_OK));
	EXPECT_EQ(0, kernels_clean__dir(self->dir, false, &self->e));
}

TEST_F(clean, a_dry_run_removes_nothing)
{
	EXPECT_EQ(1, kernels_clean__dir(self->dir, true, &self->e));
	EXPECT_TRUE(there(self, "a/x/y/f"));
}

TEST_F(clean, what_an_interrupted_build_left_goes)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/.tmp.abc", self->dir);
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(2, kernels_clean__dir(self->dir, false, &self->e));
	EXPECT_FALSE(there(self, ".tmp.abc"));
}

TEST_F(clean, a_link_that_leads_nowhere_stops_it)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/old", self->dir);
	ASSERT_EQ(0, symlink("gone", path));
	EXPECT_EQ(-ENOENT, kernels_clean__dir(self->dir, false, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "/old leads nowhere")) TH_LOG("%s", self->e.msg);
	EXPECT_TRUE(there(self, "a/g"));
}

TEST_F(clean, while_a_kernel_is_made_nothing_goes)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/.lock", self->dir);
	fd = open(path, O_RDWR);
	ASSERT_EQ(0, flock(fd, LOCK_EX));
	EXPECT_EQ(-EBUSY, kernels_clean__dir(self->dir, false, &self->e));
	EXPECT_TRUE(there(self, "a/g"));
	close(fd);
}

TEST_F(clean, an_empty_cache_is_clean)
{
	EXPECT_EQ(0, kernels_clean__dir("/nonesuch/kernels", false, &self->e));
	ASSERT_EQ(0, setenv("XDG_CACHE_HOME", self->dir, 1));
	EXPECT_EQ(0, kernels_clean(false, &self->e));
	EXPECT_TRUE(there(self, "a/g"));
}

TEST_HARNESS_MAIN
