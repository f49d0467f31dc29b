// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a command line mentions and a guest must have: programs, and files for them to read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/pack_command.h"
#include "unit.h"

FIXTURE(command)
{
	struct pack p;
	struct finder f;
	struct ktstr_error e;
	char file[64];
};

FIXTURE_SETUP(command)
{
	int fd;

	ASSERT_EQ(0, pack__init(&self->p));
	ASSERT_EQ(0, finder__init(&self->f, NULL));
	strcpy(self->file, "/tmp/ktstr-input-XXXXXX");
	fd = mkstemp(self->file);
	ASSERT_LE(0, fd);
	EXPECT_EQ(3, write(fd, "{}\n", 3));
	close(fd);
}

FIXTURE_TEARDOWN(command)
{
	unlink(self->file);
	pack__free(&self->p);
	finder__free(&self->f);
}

static int pack(struct _test_data_command *self, const char *program, const char *arg)
{
	struct strv argv = { 0 };
	int ret = strv__add(&argv, program) ?: strv__add(&argv, arg);

	if (!ret)
		ret = pack_command(&self->p, &self->f, &argv, "test", &self->e);
	strv__free(&argv);
	return ret;
}

TEST_F(command, a_file_by_its_absolute_path_goes_where_it_is)
{
	ASSERT_EQ(0, pack(self, "cat", self->file));
	EXPECT_TRUE(pack__has(&self->p, self->file));
}

TEST_F(command, a_file_in_a_piece_of_shell_too)
{
	char script[128];

	snprintf(script, sizeof(script), "cat <%s>/tmp/other && ls", self->file);
	ASSERT_EQ(0, pack(self, "sh", script));
	EXPECT_TRUE(pack__has(&self->p, self->file));
}

/* What the host has of that name is an old one. */
TEST_F(command, a_file_that_a_shell_writes_is_no_input)
{
	static const char * const how[] = { "ls >%s", "ls >> %s", "ls 2>\t%s", "ls; ls >%s; ls" };
	char script[256];

	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		snprintf(script, sizeof(script), how[i], self->file);
		ASSERT_EQ(0, pack(self, "sh", script));
		EXPECT_FALSE(pack__has(&self->p, self->file)) TH_LOG("%s", script);
	}
	snprintf(script, sizeof(script), "ls >%s; cat %s", self->file, self->file);
	ASSERT_EQ(0, pack(self, "sh", script));
	EXPECT_TRUE(pack__has(&self->p, self->file));
}

TEST_F(command, what_is_no_file_or_the_guests_own_is_left_alone)
{
	unsigned int before;

	ASSERT_EQ(0, pack(self, "cat", "nothing"));
	before = (unsigned int)self->p.nr;
	ASSERT_EQ(0, pack(self, "cat", "/proc/uptime"));
	ASSERT_EQ(0, pack(self, "cat", "/dev/null"));
	ASSERT_EQ(0, pack(self, "cat", "/tmp"));
	ASSERT_EQ(0, pack(self, "cat", "/nonesuch/file"));
	ASSERT_EQ(0, pack(self, "cat", self->file + 1));
	EXPECT_EQ(before, self->p.nr);
}

/* Without it such a program aborts when its first thread ends. */
TEST_F(command, a_program_that_ends_threads_has_the_unwinder)
{
	if (access("/usr/bin/rt-app", X_OK))
		SKIP(return, "no rt-app here");
	ASSERT_EQ(0, pack(self, "cat", "-"));
	EXPECT_FALSE(pack__has(&self->p, "/lib/x86_64-linux-gnu/libgcc_s.so.1"));
	ASSERT_EQ(0, pack(self, "rt-app", "-"));
	EXPECT_TRUE(pack__has(&self->p, "/lib/x86_64-linux-gnu/libgcc_s.so.1"));
}

TEST_HARNESS_MAIN
