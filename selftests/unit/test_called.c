// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is printed for a person to type: it has to be this program, however it was called.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/called.h"
#include "host/report.h"
#include "unit.h"

FIXTURE(called)
{
	char exe[PATH_MAX];
	char dir[64];
	char link[128];	/* another path of this program */
};

FIXTURE_SETUP(called)
{
	ssize_t n = readlink("/proc/self/exe", self->exe, sizeof(self->exe) - 1);

	ASSERT_LT(0, n);
	self->exe[n] = '\0';
	strcpy(self->dir, "/tmp/ktstr-called-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->link, sizeof(self->link), "%s/it's mine", self->dir);
	ASSERT_EQ(0, symlink(self->exe, self->link));
	unsetenv(CALLED_ENV);
}

FIXTURE_TEARDOWN(called)
{
	unsetenv(CALLED_ENV);
	unlink(self->link);
	EXPECT_EQ(0, rmdir(self->dir));
}

#define CALLED_AS(_expected, _argv0) do {						\
	EXPECT_EQ(0, called__init(_argv0));						\
	EXPECT_STREQ(_expected, called__name());					\
	EXPECT_STREQ(_expected, getenv(CALLED_ENV));					\
} while (0)

TEST_F(called, by_any_path_and_by_a_name_of_the_search_path)
{
	CALLED_AS(self->link, self->link);
	unsetenv(CALLED_ENV);
	CALLED_AS(self->exe, self->exe);
	unsetenv(CALLED_ENV);
	CALLED_AS("test_called", "test_called");
	unsetenv(CALLED_ENV);
	ASSERT_EQ(0, chdir(self->dir));
	CALLED_AS("./it's mine", "./it's mine");
}

TEST_F(called, what_leads_nowhere_or_elsewhere_is_not_printed)
{
	char *longest = malloc(2 * PATH_MAX);
	const char *wrong[] = { NULL, "", "-sh", "/bin/true", "/nonesuch/test_called",
				"/proc/self/exe", longest };

	memset(longest, '/', 2 * PATH_MAX - 1);
	longest[2 * PATH_MAX - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		unsetenv(CALLED_ENV);
		CALLED_AS(self->exe, wrong[i]);
		/* Neither is what some other program left in the environment. */
		setenv(CALLED_ENV, wrong[i] ? wrong[i] : "", 1);
		CALLED_AS(self->link, self->link);
	}
	free(longest);
}

/* A cell of a matrix is /proc/self/exe, ktstr in the emulated machine an absolute path. */
TEST_F(called, children_say_what_the_first_one_was)
{
	CALLED_AS(self->link, self->link);
	CALLED_AS(self->link, "/proc/self/exe");
	CALLED_AS(self->link, self->exe);
}

TEST_F(called, the_command_that_repeats_a_run_begins_with_it)
{
	struct args a = { .topology = { 1, 1, 2, 1 }, .memory_mib = 1024, .duration_ms = 1000,
			  .timeout_s = 60, .seed = 7 };
	struct report_run run = { .plan.scenario = "mine" };

	ASSERT_EQ(0, called__init("test_called"));
	report__repeat(&run, &a);
	EXPECT_EQ(0, strncmp(run.repeat, "test_called run mine --topology ", 32))
		TH_LOG("%s", run.repeat);
	unsetenv(CALLED_ENV);
	ASSERT_EQ(0, called__init(self->link));
	report__repeat(&run, &a);
	EXPECT_NE(NULL, strstr(run.repeat, "/it'\\''s mine' run mine --topology ")) TH_LOG("%s", run.repeat);
}

TEST_HARNESS_MAIN
