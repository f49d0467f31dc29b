// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU locks among real processes, which are killed without warning.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "host/hostcpu_lock.h"
#include "unit.h"

#define CHILDREN	8

FIXTURE(lock)
{
	char name[32];
	struct hostcpu_locks l;
	struct cpu_mask all, taken;
	struct ktstr_error e;
	pid_t child[CHILDREN];
};

static struct cpu_mask cpus(const char *list)
{
	struct cpu_mask m;

	return cpulist__parse(list, &m) ? (struct cpu_mask){ 0 } : m;
}

FIXTURE_SETUP(lock)
{
	memset(self, 0, sizeof(*self));
	/* Names of our own: tests run beside each other, and beside ktstr. */
	snprintf(self->name, sizeof(self->name), "ktstr-test-%d", (int)getpid());
	hostcpu_locks__init(&self->l, self->name);
	self->all = cpus("0-1023");
}

static void end_child(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

FIXTURE_TEARDOWN(lock)
{
	hostcpu_locks__free(&self->l);
	for (int i = 0; i < CHILDREN; i++)
		end_child(&self->child[i]);
}

/* A child that no death of this test leaves behind. */
static pid_t fork_child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* A process that has these CPUs when this returns, until it is killed; 0: it got none. */
static pid_t holder(const char *name, const char *list)
{
	struct hostcpu_locks l;
	int fds[2], err = -1;
	struct cpu_mask m = cpus(list);
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork_child();
	if (!pid) {
		hostcpu_locks__init(&l, name);
		err = hostcpu_locks__take(&l, &m, NULL);
		if (write(fds[1], &err, sizeof(err)) == sizeof(err) && !err)
			for (;;)
				pause();
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &err, sizeof(err)) != sizeof(err))
		err = -EIO;
	close(fds[0]);
	if (!err)
		return pid;
	waitpid(pid, NULL, 0);
	return 0;
}

static const char *text(const struct cpu_mask *m)
{
	static char buf[256];

	return cpu_mask__text(m, buf, sizeof(buf));
}

#define TAKEN() ASSERT_EQ(0, hostcpu_locks__taken(&self->l, &self->all, &self->taken, &self->e)) \
	TH_LOG("%s", self->e.msg)

TEST_F(lock, nobody_has_anything_at_first)
{
	TAKEN();
	EXPECT_EQ(0, cpu_mask__count(&self->taken));
}

TEST_F(lock, what_another_process_has_is_taken_until_it_is_killed)
{
	struct cpu_mask want = cpus("2-4");
	pid_t pid = self->child[0] = holder(self->name, "1-2,1023");

	ASSERT_LT(0, pid);
	TAKEN();
	EXPECT_STREQ("1-2,1023", text(&self->taken));
	EXPECT_EQ(-EBUSY, hostcpu_locks__take(&self->l, &want, &self->e));
	end_child(&self->child[0]);
	TAKEN();
	EXPECT_STREQ("", text(&self->taken));
	EXPECT_EQ(0, hostcpu_locks__take(&self->l, &want, &self->e));
}

TEST_F(lock, a_set_is_locked_whole_or_not_at_all)
{
	struct cpu_mask want = cpus("0-5");

	self->child[0] = holder(self->name, "5");
	ASSERT_LT(0, self->child[0]);
	EXPECT_EQ(-EBUSY, hostcpu_locks__take(&self->l, &want, &self->e));
	/* Another process can have those that ours gave back. */
	self->child[1] = holder(self->name, "0-4");
	EXPECT_LT(0, self->child[1]);
}

TEST_F(lock, ours_keep_others_out_until_they_are_given_back)
{
	struct cpu_mask want = cpus("7");

	ASSERT_EQ(0, hostcpu_locks__take(&self->l, &want, &self->e));
	EXPECT_EQ(0, holder(self->name, "6-7"));
	hostcpu_locks__free(&self->l);
	self->child[0] = holder(self->name, "6-7");
	EXPECT_LT(0, self->child[0]);
}

TEST_F(lock, holders_are_named_by_process)
{
	char is[256], want[256];

	self->child[0] = holder(self->name, "0-1,4");
	self->child[1] = holder(self->name, "2");
	ASSERT_LT(0, self->child[0]);
	ASSERT_LT(0, self->child[1]);
	TAKEN();
	EXPECT_EQ(4, hostcpu_locks__watch(&self->l, &self->taken, &self->e));
	snprintf(want, sizeof(want), "CPU 0-1,4 by process %d, CPU 2 by process %d",
		 (int)self->child[0], (int)self->child[1]);
	EXPECT_STREQ(want, hostcpu_locks__holders(&self->l, is, sizeof(is)));
	/* Again: connections are kept, not piled up. */
	EXPECT_EQ(4, hostcpu_locks__watch(&self->l, &self->taken, &self->e));
}

TEST_F(lock, a_wait_ends_with_the_death_of_a_holder)
{
	self->child[0] = holder(self->name, "0");
	self->child[1] = holder(self->name, "1");
	ASSERT_LT(0, self->child[0]);
	ASSERT_LT(0, self->child[1]);
	TAKEN();
	ASSERT_EQ(2, hostcpu_locks__watch(&self->l, &self->taken, &self->e));
	self->child[2] = fork_child();
	if (!self->child[2]) {
		/* Nothing tells that the test has begun to wait; it most likely has by then. */
		usleep(50000);
		kill(self->child[1], SIGKILL);
		_exit(0);
	}
	EXPECT_EQ(0, hostcpu_locks__wait(&self->l, -1, &self->e));
	waitpid(self->child[1], NULL, 0);
	self->child[1] = 0;
	TAKEN();
	EXPECT_STREQ("0", text(&self->taken));
	EXPECT_EQ(1, hostcpu_locks__watch(&self->l, &self->taken, &self->e));
}

TEST_F(lock, a_wait_ends_with_an_interrupt)
{
	int fd = eventfd(1, EFD_CLOEXEC);

	self->child[0] = holder(self->name, "0");
	ASSERT_LT(0, self->child[0]);
	TAKEN();
	ASSERT_EQ(1, hostcpu_locks__watch(&self->l, &self->taken, &self->e));
	EXPECT_EQ(-EINTR, hostcpu_locks__wait(&self->l, fd, &self->e));
	close(fd);
}

TEST_F(lock, a_holder_that_died_meanwhile_is_not_waited_for)
{
	self->child[0] = holder(self->name, "0");
	ASSERT_LT(0, self->child[0]);
	TAKEN();
	end_child(&self->child[0]);
	EXPECT_EQ(0, hostcpu_locks__watch(&self->l, &self->taken, &self->e));
}

TEST_F(lock, the_gate_lets_one_in_and_opens_when_it_is_killed)
{
	int gate, fd = eventfd(1, EFD_CLOEXEC), fds[2];
	char c;

	ASSERT_EQ(0, pipe(fds));
	self->child[0] = fork_child();
	if (!self->child[0]) {
		if (!hostcpu_locks__gate(&self->l, -1, &gate, NULL) && write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(fds[0], &c, 1));
	EXPECT_EQ(-EINTR, hostcpu_locks__gate(&self->l, fd, &gate, &self->e));
	self->child[1] = fork_child();
	if (!self->child[1]) {
		usleep(50000);
		kill(self->child[0], SIGKILL);
		_exit(0);
	}
	ASSERT_EQ(0, hostcpu_locks__gate(&self->l, -1, &gate, &self->e));
	/* The gate is no CPU. */
	TAKEN();
	EXPECT_STREQ("", text(&self->taken));
	close(gate);
	close(fd);
}

TEST_F(lock, names_that_a_stranger_squats_end_in_a_sentence)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int gate, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int len = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s-gate", self->name);

	/* Bound, and never listening. */
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&a,
			  offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len));
	EXPECT_EQ(-ECONNREFUSED, hostcpu_locks__gate(&self->l, -1, &gate, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "leave out --pin, --cpus and --perf"));
	close(fd);
}

TEST_F(lock, without_descriptors_it_says_so_and_keeps_nothing)
{
	struct rlimit old, few = { .rlim_cur = 8, .rlim_max = 8 };
	struct cpu_mask want = cpus("0-63");

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	few.rlim_max = old.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	EXPECT_EQ(-EMFILE, hostcpu_locks__take(&self->l, &want, &self->e));
	EXPECT_NE(NULL, strstr(self->e.msg, "ulimit -n"));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	self->child[0] = holder(self->name, "0-63");
	EXPECT_LT(0, self->child[0]);
}

/* An exec'ed program, such as the emulated machine, must not keep the locks alive. */
TEST_F(lock, a_program_that_is_executed_does_not_inherit_them)
{
	struct cpu_mask want = cpus("3");

	ASSERT_EQ(0, hostcpu_locks__take(&self->l, &want, &self->e));
	EXPECT_TRUE(fcntl(self->l.fd[3], F_GETFD) & FD_CLOEXEC);
}

TEST_F(lock, giving_back_what_was_never_initialized_closes_nothing)
{
	struct hostcpu_locks zeroed = { 0 };

	hostcpu_locks__free(&zeroed);
	EXPECT_LE(0, fcntl(STDIN_FILENO, F_GETFD));
}

struct shared {
	int owner[2];		/* of CPU 0 and 1: a process, 0 for none */
	int clashes;
	int turns;
};

/* Lock one or both CPUs, see that nobody else is there, give them back; for ever. */
static void contend(const char *name, struct shared *s, int me)
{
	struct cpu_mask want = cpus(me % 3 ? me % 2 ? "0" : "1" : "0-1"), taken;
	struct hostcpu_locks l;
	int gate, ret;

	hostcpu_locks__init(&l, name);
	for (;;) {
		if (hostcpu_locks__gate(&l, -1, &gate, NULL))
			_exit(2);
		ret = hostcpu_locks__take(&l, &want, NULL);
		if (ret)
			hostcpu_locks__taken(&l, &want, &taken, NULL);
		close(gate);
		if (ret) {
			if (hostcpu_locks__watch(&l, &taken, NULL) > 0)
				hostcpu_locks__wait(&l, -1, NULL);
			continue;
		}
		for (int cpu = 0; cpu < 2; cpu++)
			if (cpu_mask__test(&want, cpu) &&
			    __atomic_exchange_n(&s->owner[cpu], me, __ATOMIC_SEQ_CST))
				__atomic_add_fetch(&s->clashes, 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&s->turns, 1, __ATOMIC_SEQ_CST);
		for (int cpu = 0; cpu < 2; cpu++)
			if (cpu_mask__test(&want, cpu))
				__atomic_store_n(&s->owner[cpu], 0, __ATOMIC_SEQ_CST);
		hostcpu_locks__free(&l);
	}
}

TEST_F(lock, contenders_never_meet_on_a_cpu_and_none_is_stuck)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, s);
	for (int i = 0; i < 6; i++) {
		self->child[i] = fork_child();
		if (!self->child[i])
			contend(self->name, s, i + 1);
	}
	for (int ms = 0; ms < 20000 && __atomic_load_n(&s->turns, __ATOMIC_SEQ_CST) < 2000; ms++)
		usleep(1000);
	for (int i = 0; i < 6; i++)
		end_child(&self->child[i]);
	EXPECT_EQ(0, s->clashes);
	EXPECT_LE(2000, s->turns);
	TAKEN();
	EXPECT_STREQ("", text(&self->taken));
	munmap(s, sizeof(*s));
}

TEST_HARNESS_MAIN
