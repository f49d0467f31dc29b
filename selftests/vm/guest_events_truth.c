// SPDX-License-Identifier: GPL-2.0-only
/* Workloads whose schedule is known: a token that goes round, and a stall. */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/dev.h>

#include "guest_events.h"

#define SPINNERS	3
#define STAGE		1	/* the CPU where it happens; whoever arranges it is on 0 */
#define SPIN_PRIO	10	/* above everything that is not the harness or the kernel's */

struct ring {
	uint32_t turn[SPINNERS + 1];	/* how often each was told; the last is who arranges */
	uint32_t quit;
};

struct schedstat {
	unsigned long long run, wait, times;
};

static struct schedstat schedstat_of(pid_t pid)
{
	struct schedstat s;
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	read_file(path, text, sizeof(text));
	NEED(sscanf(text, "%llu %llu %llu", &s.run, &s.wait, &s.times) == 3);
	return s;
}

static unsigned long long cgroup_usec(const char *cgroup)
{
	unsigned long long usec;
	char path[128], text[1024];

	snprintf(path, sizeof(path), "%s/cpu.stat", cgroup);
	read_file(path, text, sizeof(text));
	NEED(sscanf(text, "usage_usec %llu", &usec) == 1);
	return usec;
}

#define FAMILY	"/sys/fs/cgroup/family"

/* Two spinners are in one cgroup, the other is alone. */
static const char *cgroup_of(int i)
{
	return i < SPINNERS - 1 ? FAMILY "/pair" : FAMILY "/single";
}

/* It may be there already, when the plan names it. */
static void make_cgroup(const char *path)
{
	NEED(!mkdir(path, 0755) || errno == EEXIST);
}

/*
 * Who has the token wakes the next one, spins, and sleeps until it comes back: so the
 * next one waits for as long as this one spins.
 */
static void spinner(struct ring *r, int me, int rounds, int spin_us)
{
	char path[128], pid[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_of(me));
	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(path, pid);
	pin(STAGE);
	fifo(SPIN_PRIO);
	for (int round = 1; round <= rounds; round++) {
		token_wait(&r->turn[me], round);
		if (me < SPINNERS - 1)
			token_pass(&r->turn[me + 1]);
		else
			token_pass(&r->turn[round < rounds ? 0 : SPINNERS]);
		/* They do not all take the same. */
		spin_ns((me + 1) * 1000ull * spin_us);
	}
	token_wait(&r->quit, 1);
	_exit(0);
}

void case_handover(int rounds, int spin_us)
{
	struct ring *r = shared(sizeof(*r));
	struct schedstat before[SPINNERS], after;
	unsigned long long usec[2];
	pid_t pids[SPINNERS];
	uint64_t from, to;

	make_cgroup(FAMILY);
	make_cgroup(cgroup_of(0));
	make_cgroup(cgroup_of(SPINNERS - 1));
	pin(0);
	for (int i = 0; i < SPINNERS; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (!pids[i])
			spinner(r, i, rounds, spin_us);
		wait_asleep(pids[i]);
	}
	for (int i = 0; i < SPINNERS; i++)
		before[i] = schedstat_of(pids[i]);
	usec[0] = cgroup_usec(cgroup_of(0));
	usec[1] = cgroup_usec(cgroup_of(SPINNERS - 1));
	from = now_ns();
	token_pass(&r->turn[0]);
	token_wait(&r->turn[SPINNERS], 1);
	for (int i = 0; i < SPINNERS; i++)
		wait_asleep(pids[i]);
	/*
	 * One that looks asleep may still be about to leave its CPU. Who is allowed
	 * there only now gets it when that has happened.
	 */
	pin(STAGE);
	pin(0);
	to = now_ns();
	printf("handover main %d from %llu to %llu\n", getpid(), (unsigned long long)from,
	       (unsigned long long)to);
	for (int i = 0; i < SPINNERS; i++) {
		after = schedstat_of(pids[i]);
		printf("spinner %d pid %d run %llu wait %llu times %llu\n", i, pids[i],
		       after.run - before[i].run, after.wait - before[i].wait,
		       after.times - before[i].times);
	}
	printf("cgroups pair %llu single %llu\n", cgroup_usec(cgroup_of(0)) - usec[0],
	       cgroup_usec(cgroup_of(SPINNERS - 1)) - usec[1]);
	token_pass(&r->quit);
	reap(pids, SPINNERS);
}

struct stall {
	uint32_t runs;		/* the victim does */
	uint32_t stop;
	uint32_t ready, wake;	/* the sleeper */
	uint64_t woken_ns;
};

static pid_t start_victim(struct stall *s)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid)
		return pid;
	pin(STAGE);
	token_pass(&s->runs);
	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE))
		;
	_exit(0);
}

static pid_t start_sleeper(struct stall *s)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid)
		return pid;
	pin(STAGE);
	fifo(SPIN_PRIO);
	token_pass(&s->ready);
	token_wait(&s->wake, 1);
	_exit(0);
}

/* Wakes the sleeper when a third of the stall is over, from the other CPU. */
static pid_t start_waker(struct stall *s, int ms)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid)
		return pid;
	pin(0);
	fifo(SPIN_PRIO);
	sleep_ns(ms * MSEC / 3);
	s->woken_ns = now_ns();
	token_pass(&s->wake);
	_exit(0);
}

void case_stall(int kind, int ms)
{
	struct stall *s = shared(sizeof(*s));
	struct ktstr_stimulus stim = {
		.kind = kind, .cpu = STAGE, .duration_ns = ms * MSEC,
	};
	uint64_t from, to;
	pid_t pids[3];
	int dev;

	load_module();
	dev = open_dev();
	pin(0);
	pids[0] = start_victim(s);
	pids[1] = start_sleeper(s);
	token_wait(&s->runs, 1);
	token_wait(&s->ready, 1);
	wait_asleep(pids[1]);
	pids[2] = start_waker(s, ms);
	from = now_ns();
	NEED(!ioctl(dev, KTSTR_IOC_STIMULUS, &stim));
	to = now_ns();
	s->stop = 1;
	reap(pids, 3);
	printf("stall victim %d sleeper %d waker %d from %llu to %llu took %llu woken %llu\n",
	       pids[0], pids[1], pids[2], (unsigned long long)from, (unsigned long long)to,
	       (unsigned long long)stim.took_ns, (unsigned long long)s->woken_ns);
}
