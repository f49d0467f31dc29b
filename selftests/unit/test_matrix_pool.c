// SPDX-License-Identifier: GPL-2.0-only
/*
 * Children of a matrix: good ones, and those that hang, die, flood and leave others behind.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/matrix_pool.h"
#include "unit.h"

#define CELLS	8

struct seen {
	bool ended, overdue;
	int status, start_err;
	size_t dropped, len, json_len, order;
	char out[4096], err[256], json[256];
	uint64_t start_ns, end_ns;
};

FIXTURE(pool)
{
	struct matrix_load load[CELLS];
	size_t order[CELLS], left[CELLS];
	struct matrix_room room;
	struct matrix_pool_opts o;
	const char *script[CELLS];
	char *argv[4];
	uint64_t limit_ms;
	struct seen seen[CELLS];
	size_t nr_ended, most_running;
	int interrupt_fd, interrupt_at;
};

static char **words(void *arg, size_t cell)
{
	struct _test_data_pool *self = arg;

	self->argv[0] = "/bin/sh";
	self->argv[1] = "-c";
	self->argv[2] = (char *)self->script[cell];
	return self->argv;
}

static uint64_t limit(void *arg, size_t cell)
{
	struct _test_data_pool *self = arg;

	return self->limit_ms;
}

static void ended(void *arg, const struct matrix_child *c)
{
	struct _test_data_pool *self = arg;
	struct seen *s = &self->seen[c->cell];
	const char *err;
	size_t len;

	s->ended = true;
	s->overdue = c->overdue;
	s->status = c->wait_status;
	s->start_err = c->start_err;
	s->dropped = c->out_dropped;
	s->len = c->out.len;
	s->json_len = c->json.len;
	s->order = self->nr_ended++;
	s->start_ns = c->start_ns;
	s->end_ns = c->end_ns;
	snprintf(s->out, sizeof(s->out), "%s", c->out.len ? c->out.data : "");
	snprintf(s->json, sizeof(s->json), "%s", c->json.len ? c->json.data : "");
	err = tail__lines(&c->err, 1, &len);
	snprintf(s->err, sizeof(s->err), "%.*s", (int)len, err);
}

static void tick(void *arg, size_t running)
{
	struct _test_data_pool *self = arg;
	const uint64_t one = 1;

	if (running > self->most_running)
		self->most_running = running;
	if (self->interrupt_at && running >= (size_t)self->interrupt_at)
		write(self->interrupt_fd, &one, sizeof(one));
}

FIXTURE_SETUP(pool)
{
	memset(self, 0, sizeof(*self));
	self->interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->room = (struct matrix_room){ .cpus = 100 };
	for (size_t i = 0; i < CELLS; i++) {
		self->order[i] = i;
		self->load[i].cpus = 1;
		self->script[i] = "exit 0";
	}
	self->o = (struct matrix_pool_opts){
		.cells = self->load, .order = self->order, .nr = 1, .room = &self->room,
		.interrupt_fd = self->interrupt_fd, .argv = words, .limit_ms = limit,
		.ended = ended, .tick = tick, .arg = self,
	};
}

FIXTURE_TEARDOWN(pool)
{
	close(self->interrupt_fd);
	/* Nothing of it is left to wait for. */
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

static ssize_t run(struct _test_data_pool *self)
{
	return matrix_pool__run(&self->o, self->left);
}

TEST_F(pool, what_a_child_says_arrives_whole_and_apart)
{
	self->script[0] = "echo out; echo err >&2; echo json >&3; echo more; exit 3";
	ASSERT_EQ(0, run(self));
	ASSERT_TRUE(self->seen[0].ended);
	EXPECT_STREQ("out\nmore\n", self->seen[0].out);
	EXPECT_STREQ("err\n", self->seen[0].err);
	EXPECT_STREQ("json\n", self->seen[0].json);
	EXPECT_EQ(3, WEXITSTATUS(self->seen[0].status));
	EXPECT_FALSE(self->seen[0].overdue);
}

/* The second one starts while the first one's pipes are open. */
TEST_F(pool, stdin_is_empty_and_the_pipes_of_others_are_not_inherited)
{
	self->o.nr = 2;
	self->script[0] = "cat; ls -l /proc/self/fd | grep -c pipe:; sleep 0.2";
	self->script[1] = "cat; ls -l /proc/self/fd | grep -c pipe:";
	ASSERT_EQ(0, run(self));
	EXPECT_LT(self->seen[1].start_ns, self->seen[0].end_ns);
	EXPECT_STREQ(self->seen[0].out, self->seen[1].out);
	EXPECT_LE(3, atoi(self->seen[0].out));
}

TEST_F(pool, a_child_that_dies_is_told_with_its_signal)
{
	self->o.nr = 3;
	self->script[0] = "echo last words >&2; kill -SEGV $$";
	self->script[1] = "kill -KILL $$";
	ASSERT_EQ(0, run(self));
	EXPECT_EQ(SIGSEGV, WTERMSIG(self->seen[0].status));
	EXPECT_STREQ("last words\n", self->seen[0].err);
	EXPECT_EQ(SIGKILL, WTERMSIG(self->seen[1].status));
	EXPECT_TRUE(WIFEXITED(self->seen[2].status));
}

TEST_F(pool, a_child_that_hangs_is_ended_at_its_limit)
{
	uint64_t ns;

	self->limit_ms = 300;
	self->script[0] = "exec sleep 1000";
	ASSERT_EQ(0, run(self));
	EXPECT_TRUE(self->seen[0].overdue);
	EXPECT_EQ(SIGTERM, WTERMSIG(self->seen[0].status));
	ns = self->seen[0].end_ns - self->seen[0].start_ns;
	EXPECT_LE(300000000, ns);
	EXPECT_GT(2000000000, ns);
}

TEST_F(pool, one_that_ignores_sigterm_is_killed)
{
	uint64_t ns;

	self->limit_ms = 100;
	self->script[0] = "trap '' TERM; echo deaf; while :; do sleep 1000; done";
	ASSERT_EQ(0, run(self));
	EXPECT_TRUE(self->seen[0].overdue);
	EXPECT_EQ(SIGKILL, WTERMSIG(self->seen[0].status));
	EXPECT_STREQ("deaf\n", self->seen[0].out);
	ns = self->seen[0].end_ns - self->seen[0].start_ns;
	EXPECT_LE((100 + MATRIX_END_MS) * 1000000ull, ns);
	EXPECT_GT((1500 + MATRIX_END_MS) * 1000000ull, ns);
}

TEST_F(pool, a_flood_is_cut_and_does_not_block)
{
	self->limit_ms = 60000;
	self->o.nr = 2;
	self->script[0] = "head -c 5000000 /dev/zero | tr '\\0' x; echo end >&2; exit 1";
	self->script[1] = "head -c 5000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end >&2";
	ASSERT_EQ(0, run(self));
	EXPECT_EQ(1, WEXITSTATUS(self->seen[0].status));
	EXPECT_EQ(MATRIX_OUT_MAX, self->seen[0].len);
	EXPECT_EQ(5000000 - MATRIX_OUT_MAX, self->seen[0].dropped);
	EXPECT_STREQ("end\n", self->seen[0].err);
	EXPECT_EQ(0, WEXITSTATUS(self->seen[1].status));
	EXPECT_STREQ("end\n", self->seen[1].err);
}

/* Whoever has inherited the pipes must not keep us: sleep holds all three of them. */
TEST_F(pool, what_a_child_leaves_behind_goes_with_it)
{
	uint64_t began = clock__now_ns();
	pid_t pid = 0;

	self->script[0] = "sleep 1000 & echo $!; exit 0";
	ASSERT_EQ(0, run(self));
	EXPECT_GT(5000000000, clock__now_ns() - began);
	ASSERT_EQ(1, sscanf(self->seen[0].out, "%d", &pid));
	/* Its parent is init now, which may take a moment to bury it: a zombie counts as gone. */
	for (int i = 0; i < 1000; i++) {
		char path[64], state = 'Z';
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		if (f && fscanf(f, "%*d %*s %c", &state) != 1)
			state = '?';
		if (f)
			fclose(f);
		if (state == 'Z' || state == 'X')
			return;
		usleep(1000);
	}
	EXPECT_TRUE(false) TH_LOG("process %d lives", pid);
}

TEST_F(pool, an_interrupt_ends_all_and_starts_no_more)
{
	uint64_t began = clock__now_ns();

	self->o.nr = CELLS;
	self->room.jobs = 3;
	self->interrupt_at = 3;
	for (size_t i = 0; i < CELLS; i++)
		self->script[i] = "exec sleep 1000";
	ASSERT_EQ(CELLS - 3, run(self));
	EXPECT_GT(2500000000, clock__now_ns() - began);
	for (size_t i = 0; i < 3; i++) {
		EXPECT_TRUE(self->seen[i].ended);
		EXPECT_EQ(SIGTERM, WTERMSIG(self->seen[i].status));
		EXPECT_FALSE(self->seen[i].overdue);
	}
	for (size_t i = 0; i < CELLS - 3; i++) {
		EXPECT_EQ(i + 3, self->left[i]);
		EXPECT_FALSE(self->seen[i + 3].ended);
	}
}

TEST_F(pool, no_more_run_at_a_time_than_there_is_room_for)
{
	static const struct {
		struct matrix_room room;
		size_t most;
	} r[] = {
		{ { .cpus = 4 }, 2 }, { { .cpus = 1 }, 1 }, { { .cpus = 100, .jobs = 3 }, 3 },
		{ { .cpus = 100, .memory_mib = 2500 }, 2 }, { { .cpus = 100 }, CELLS },
	};

	self->o.nr = CELLS;
	for (size_t i = 0; i < CELLS; i++) {
		self->load[i].cpus = 2;
		self->load[i].memory_mib = 1000;
		self->script[i] = "sleep 0.2";
	}
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		self->room = r[i].room;
		self->most_running = 0;
		ASSERT_EQ(0, run(self));
		EXPECT_EQ(r[i].most, self->most_running) TH_LOG("row %zu", i);
	}
}

/* A wide cell waits until the host is empty; narrow ones go past it. */
TEST_F(pool, what_has_room_goes_past_what_has_none)
{
	self->o.nr = 3;
	self->room.cpus = 4;
	self->load[0].cpus = 2;
	self->load[1].cpus = 9;
	self->load[2].cpus = 2;
	self->script[0] = "sleep 0.3";
	self->script[2] = "sleep 0.3";
	ASSERT_EQ(0, run(self));
	EXPECT_EQ(2, self->seen[1].order);
	EXPECT_LE(self->seen[0].end_ns, self->seen[1].start_ns);
	EXPECT_LE(self->seen[2].end_ns, self->seen[1].start_ns);
}

TEST_F(pool, after_the_budget_nothing_starts)
{
	self->o.nr = 3;
	self->room.jobs = 1;
	self->script[0] = "sleep 0.5";
	self->o.start_until_ns = clock__now_ns() + 200000000;
	ASSERT_EQ(2, run(self));
	EXPECT_TRUE(self->seen[0].ended);
	EXPECT_EQ(0, WEXITSTATUS(self->seen[0].status));
	EXPECT_EQ(1, self->left[0]);
	EXPECT_EQ(2, self->left[1]);
}

static char **no_such_program(void *arg, size_t cell)
{
	static char *argv[] = { "/nonesuch/ktstr", NULL };

	return argv;
}

TEST_F(pool, a_program_that_is_not_there_is_told)
{
	self->o.argv = no_such_program;
	ASSERT_EQ(0, run(self));
	EXPECT_EQ(127, WEXITSTATUS(self->seen[0].status));
	EXPECT_STREQ("ktstr: cannot execute /nonesuch/ktstr: No such file or directory\n",
		     self->seen[0].err);
}

/* The harness forks each test, so this is a process that can be killed. */
TEST_F(pool, children_die_with_us)
{
	int ready[2], status;
	pid_t pid, child = 0;
	char text[32] = "";

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		char script[64];

		snprintf(script, sizeof(script), "echo $$ >&%d; exec sleep 1000", ready[1]);
		self->script[0] = script;
		run(self);
		_exit(0);
	}
	ASSERT_LT(0, read(ready[0], text, sizeof(text) - 1));
	child = atoi(text);
	ASSERT_LT(1, child);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	/* The pipe ends when its last holder has ended, and that is the grandchild. */
	close(ready[1]);
	EXPECT_EQ(0, read(ready[0], text, sizeof(text)));
	close(ready[0]);
}

TEST_HARNESS_MAIN
