// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process with closed descriptors or small limits, and sentences that quote names
 * which were made to fool the reader.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/error.h>

#include "host/process.h"
#include "host/sentence.h"
#include "unit.h"

/* Run @fn in a process of its own; return: its exit status, -1 when a signal ended it. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int all_closed(void)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	if (process__prepare())
		return 1;
	if (open("/dev/null", O_RDWR) <= STDERR_FILENO)
		return 2;
	if (write(STDOUT_FILENO, "x", 1) >= 0 || errno != EBADF)
		return 3;
	if (write(STDERR_FILENO, "x", 1) >= 0 || errno != EBADF)
		return 4;
	return 0;
}

TEST(a_file_never_takes_the_place_of_a_closed_stdout)
{
	EXPECT_EQ(0, in_child(all_closed));
}

static int only_stdout_closed(void)
{
	int in = open("/dev/null", O_RDWR);

	dup2(in, STDIN_FILENO);
	dup2(in, STDERR_FILENO);
	close(STDOUT_FILENO);
	if (process__prepare())
		return 1;
	/* Those that were open are as they were. */
	if (write(STDERR_FILENO, "x", 1) != 1 || write(STDIN_FILENO, "x", 1) != 1)
		return 2;
	return write(STDOUT_FILENO, "x", 1) >= 0 || errno != EBADF ? 3 : 0;
}

TEST(what_is_open_stays_as_it_is)
{
	EXPECT_EQ(0, in_child(only_stdout_closed));
}

static int small_files(void)
{
	const struct rlimit none = { 0, 0 };
	FILE *f = tmpfile();

	if (!f || process__prepare() || setrlimit(RLIMIT_FSIZE, &none))
		return 1;
	return write(fileno(f), "x", 1) >= 0 || errno != EFBIG ? 2 : 0;
}

/* Death by SIGXFSZ would say nothing and leave half a result. */
TEST(a_file_that_may_not_grow_is_an_error)
{
	EXPECT_EQ(0, in_child(small_files));
}

static void expect_sentence(struct __test_metadata *_metadata, const char *want, const char *text)
{
	char got[256] = "";
	FILE *f = fmemopen(got, sizeof(got), "w");

	ASSERT_NE(NULL, f);
	sentence__print(f, "ktstr: ", text);
	fclose(f);
	EXPECT_STREQ(want, got);
}

TEST(a_sentence_is_one_line_whatever_it_quotes)
{
	expect_sentence(_metadata, "ktstr: no a?b here\n", "no a\nb here");
	expect_sentence(_metadata, "ktstr: ?[2J?\n", "\033[2J\r");
	expect_sentence(_metadata, "ktstr: a?b?c\n", "a\tb\177c");
	expect_sentence(_metadata, "ktstr: caf\303\251\n", "caf\303\251");
	expect_sentence(_metadata, "ktstr: \n", "");
}

TEST(a_sentence_that_is_cut_says_so)
{
	struct ktstr_error e;
	char path[600];

	memset(path, 'x', sizeof(path) - 1);
	path[599] = '\0';
	ktstr_error_set(&e, 0, "%s", path);
	EXPECT_EQ(sizeof(e.msg) - 1, strlen(e.msg));
	EXPECT_STREQ("xx...", e.msg + sizeof(e.msg) - 6);
	path[sizeof(e.msg) - 1] = '\0';
	ktstr_error_set(&e, 0, "%s", path);
	EXPECT_STREQ(path, e.msg);
}

TEST_HARNESS_MAIN
