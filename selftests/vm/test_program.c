// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test programs, host and guest in one, as their authors meet them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

FIXTURE(program)
{
	struct ktstr_run k;
};

FIXTURE_SETUP(program)
{
	const char *b = getenv("B");
	char path[256];

	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(path, sizeof(path), "%s/vm/program_tests", b ? b : "build");
	setenv("KTSTR", path, 1);
	/* ktstr.ko is beside ktstr, and the program is not. */
	setenv("KTSTR_DIR", ".", 1);
}

FIXTURE_TEARDOWN(program)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define RUN(_timeout, ...) \
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, __VA_ARGS__, NULL))

#define EXPECT_IN(_where, _text) EXPECT_NE(NULL, strstr(self->k.r._where, _text)) \
	TH_LOG("std%s lacks \"%s\"", #_where, _text)

/* It passed, and so did the one thing that its body expects. */
#define EXPECT_BODY(_name) do {								\
	EXPECT_TRUE(ktstr_run__passed(&self->k, false));					\
	EXPECT_IN(out, "\n# " _name ": ");						\
	EXPECT_IN(out, "body_expectations: 1 expectations of the test's body hold");	\
} while (0)

TEST_F(program, lists_its_own_tests_and_no_others)
{
	RUN(10, "list");
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_IN(out, "everything");
	EXPECT_IN(out, "misspelt");
	EXPECT_EQ(NULL, strstr(self->k.r.out, "steady"));
}

/* As the first process of a container has it. */
TEST_F(program, pid_1_of_a_container_is_no_guest)
{
	char program[256];

	snprintf(program, sizeof(program), "%s", ktstr_run__env("KTSTR", "./ktstr"));
	setenv("KTSTR", "unshare", 1);
	RUN(10, "--fork", "--pid", program, "list");
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_IN(out, "everything");
}

TEST_F_TIMEOUT(program, every_operation_from_a_body, 90)
{
	RUN(80, "everything", "--accel", "kvm", "--duration", "2");
	EXPECT_BODY("everything");
}

TEST_F_TIMEOUT(program, schedulers_come_and_go_from_a_body, 90)
{
	RUN(80, "schedulers", "--accel", "kvm", "--duration", "2", "--sched", "scx_simple");
	EXPECT_BODY("schedulers");
	EXPECT_IN(out, "operations enabled it 3 times in the window");
}

TEST_F_TIMEOUT(program, cpus_go_and_come_from_a_body, 90)
{
	RUN(80, "cpus", "--accel", "kvm", "--duration", "2");
	EXPECT_BODY("cpus");
	EXPECT_IN(out, "all 11 operations were carried out");
}

TEST_F_TIMEOUT(program, what_a_body_expects_can_fail, 60)
{
	RUN(50, "hopeless", "--accel", "kvm", "--duration", "1");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_IN(out, "\nnot ok ");
	EXPECT_IN(out, "# hopeless: FAIL");
	EXPECT_IN(out, "wanted are 1e+12");
}

TEST_F_TIMEOUT(program, a_mistake_in_a_body_names_its_line, 60)
{
	RUN(50, "misspelt", "--accel", "kvm", "--duration", "2");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_IN(err, "program_tests.c:1000: ");
	EXPECT_IN(err, "alhpa");
}

TEST_F_TIMEOUT(program, a_worker_that_fails_says_why, 60)
{
	RUN(50, "pony", "--accel", "kvm", "--duration", "2");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_IN(out, "it wanted a pony");
}

#define REPEAT "repeat with: "

/* What is printed is typed as it stands: it must find the test, and end as the first did. */
TEST_F_TIMEOUT(program, the_command_that_repeats_a_run_is_the_programs_own, 120)
{
	char path[256], line[1200];
	const char *said;

	snprintf(path, sizeof(path), "%s run pony ",
		 ktstr_run__env("KTSTR", "./ktstr"));
	RUN(50, "pony", "--accel", "kvm", "--duration", "1", "--matrix", "schedulers=none");
	EXPECT_EQ(1, self->k.r.status);
	/* The cell's, in its document, and that of the whole. */
	said = strstr(self->k.r.out, "\n    # " REPEAT);
	ASSERT_NE(NULL, said);
	said += strlen("\n    # " REPEAT);
	EXPECT_EQ(said, strstr(said, path));
	said = strstr(self->k.r.out, "\n#   " REPEAT);
	ASSERT_NE(NULL, said);
	said += strlen("\n#   " REPEAT);
	EXPECT_EQ(said, strstr(said, path));
	snprintf(line, sizeof(line), "%.*s --accel kvm", (int)strcspn(said, "\n"), said);
	setenv("KTSTR", "/bin/sh", 1);
	RUN(50, "-c", line);
	EXPECT_EQ(1, self->k.r.status) TH_LOG("%s", line);
	EXPECT_IN(out, "it wanted a pony");
	EXPECT_IN(out, path);
}

TEST_F(program, what_no_machine_has_is_refused_before_one_boots)
{
	RUN(10, "impossible", "--accel", "kvm", "--topology", "1,2,1,1");
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_IN(err, "program_tests.c:200");
}

TEST_HARNESS_MAIN
