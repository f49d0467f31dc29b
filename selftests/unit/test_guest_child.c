// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes that PID 1 watches, and the event loop that watches them.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/child.h"
#include "guest/clock.h"
#include "guest/loop.h"

#include "unit.h"

FIXTURE(child) {
	struct child c;
};

FIXTURE_SETUP(child)
{
	memset(&self->c, 0, sizeof(self->c));
	ASSERT_EQ(loop__init(), 0);
	ASSERT_EQ(child__init(), 0);
}

FIXTURE_TEARDOWN(child)
{
}

static void exit_with_3(void *arg)
{
	_exit(3);
}

/* Until it is a zombie, which stays: nobody has dispatched its event. */
static bool wait_zombie(pid_t pid)
{
	siginfo_t info;

	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

static bool never(void *arg)
{
	return false;
}

/* A worker that dies as the window ends: the timer's event may be seen before the death. */
TEST_F(child, a_death_whose_event_is_still_queued_counts)
{
	ASSERT_EQ(child__fork(&self->c, exit_with_3, NULL), 0);
	ASSERT_TRUE(wait_zombie(self->c.pid));
	EXPECT_EQ(loop__until(child__is_dead, &self->c, now_ns()), self->c.dead ? 0 : -ETIMEDOUT);
	child__reap();
	EXPECT_TRUE(self->c.dead);
	EXPECT_EQ(self->c.status, 3 << 8);
	EXPECT_LE(self->c.started_ns, self->c.died_ns);
	child__forget(&self->c);
}

TEST_F(child, a_death_ends_the_wait)
{
	ASSERT_EQ(child__fork(&self->c, exit_with_3, NULL), 0);
	EXPECT_EQ(loop__until(child__is_dead, &self->c, deadline_ns(5000)), 0);
	EXPECT_EQ(self->c.status, 3 << 8);
	child__forget(&self->c);
}

/* The pidfd of a dead process is readable for ever: watched on, the loop would spin. */
TEST_F(child, a_dead_child_costs_no_time)
{
	struct timespec used;

	ASSERT_EQ(child__fork(&self->c, exit_with_3, NULL), 0);
	ASSERT_EQ(loop__until(child__is_dead, &self->c, deadline_ns(5000)), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	int64_t before = used.tv_sec * NSEC_PER_SEC + used.tv_nsec;

	EXPECT_EQ(loop__until(never, NULL, deadline_ns(300)), -ETIMEDOUT);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	EXPECT_LT(used.tv_sec * NSEC_PER_SEC + used.tv_nsec - before, 100 * NSEC_PER_MSEC);
	child__forget(&self->c);
}

static void fork_and_leave(void *arg)
{
	if (!fork())
		_exit(9);
	_exit(0);
}

static bool no_children(void *arg)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) && errno == ECHILD;
}

TEST_F(child, an_orphan_is_reaped_and_takes_nobodys_status)
{
	ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ASSERT_EQ(child__fork(&self->c, fork_and_leave, NULL), 0);
	EXPECT_EQ(loop__until(child__is_dead, &self->c, deadline_ns(5000)), 0);
	EXPECT_EQ(loop__until(no_children, NULL, deadline_ns(5000)), 0);
	EXPECT_EQ(self->c.status, 0);
	child__forget(&self->c);
}

TEST_F(child, a_command_that_cannot_be_executed_says_why)
{
	char *argv[] = { "/nothing/here", NULL };

	ASSERT_EQ(child__spawn(&self->c, argv, STDERR_FILENO, STDERR_FILENO), 0);
	ASSERT_EQ(loop__until(child__is_dead, &self->c, deadline_ns(5000)), 0);
	EXPECT_EQ(child__exec_error(&self->c), ENOENT);
	EXPECT_EQ(WEXITSTATUS(self->c.status), 127);
	child__forget(&self->c);
}

static void report_signals(void *arg)
{
	struct sigaction sa;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigismember(&mask, sig) == 1)
			_exit(1);
	sigaction(SIGPIPE, NULL, &sa);
	_exit(sa.sa_handler == SIG_DFL ? 0 : 2);
}

/* PID 1 blocks SIGCHLD and SIGALRM and ignores SIGPIPE: a scheduler must inherit none of it. */
TEST_F(child, a_child_has_no_signal_blocked_or_ignored)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(child__fork(&self->c, report_signals, NULL), 0);
	ASSERT_EQ(loop__until(child__is_dead, &self->c, deadline_ns(5000)), 0);
	EXPECT_EQ(self->c.status, 0);
	child__forget(&self->c);
}

TEST_HARNESS_MAIN
