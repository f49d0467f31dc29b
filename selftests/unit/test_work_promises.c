// SPDX-License-Identifier: GPL-2.0-only
/*
 * What single kinds of work promise beyond working at all, looked at from outside.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "guest/work_bell.h"
#include "work_rig.h"

#include "unit.h"

#define LOOKS	200u	/* at a worker that changes all the time */

FIXTURE(kind) {
	struct work_rig r;
};

FIXTURE_SETUP(kind)
{
	memset(&self->r, 0, sizeof(self->r));
}

FIXTURE_TEARDOWN(kind)
{
	rig__end(&self->r);
}

static bool start_group(struct work_rig *r, const char *kind, uint32_t group)
{
	struct ktstr_work work = { .kind = kind, .group = group };

	return !rig__init(r, &work) && rig__start(r) && rig__until(r, rig__all_worked);
}

static bool start(struct work_rig *r, const char *kind)
{
	return start_group(r, kind, 0);
}

/* The @n-th field of a task's stat, from 3, the state, on; see proc(5). "" when it is gone. */
static const char *stat_text(pid_t pid, unsigned int n, char *buf, size_t size)
{
	char path[64], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return "";
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
	/* Gone between the two calls: empty. */
	p = strrchr(buf, ')');
	if (!p)
		return "";
	for (p += 2; n > 3; n--)
		p = strchr(p, ' ') + 1;
	return p;
}

static long stat_field(pid_t pid, unsigned int n)
{
	char buf[1024];

	return strtol(stat_text(pid, n, buf, sizeof(buf)), NULL, 10);
}

/* Distinct values of what @look says of worker 0; at least @enough, or as many as there were. */
static unsigned int distinct(struct work_rig *r, int (*look)(pid_t pid), unsigned int enough)
{
	int64_t end = deadline_ns(RIG_WAIT_MS);
	int seen[64];
	unsigned int n = 0;

	while (n < enough && now_ns() < end) {
		int v = look(r->pid[0]);
		unsigned int i;

		for (i = 0; i < n && seen[i] != v; i++)
			;
		if (i == n)
			seen[n++] = v;
		usleep(100);
	}
	return n;
}

static int look_nice(pid_t pid)
{
	return getpriority(PRIO_PROCESS, (id_t)pid);
}

TEST_F_TIMEOUT(kind, nice_sweep_has_many_nice_values, 60)
{
	ASSERT_TRUE(start(&self->r, "nice-sweep"));
	EXPECT_EQ(distinct(&self->r, look_nice, 5), 5);
}

TEST_F_TIMEOUT(kind, nice_sweep_goes_to_both_ends, 60)
{
	int64_t end = deadline_ns(RIG_WAIT_MS);
	bool top = false, bottom = false;

	ASSERT_TRUE(start(&self->r, "nice-sweep"));
	while (!(top && bottom) && now_ns() < end) {
		int nice = look_nice(self->r.pid[0]);

		top |= nice == 19;
		bottom |= nice == -20;
	}
	EXPECT_TRUE(top);
	EXPECT_TRUE(bottom);
}

#define PHASE_US	50000u

/* How far into round and phase, in phases from 0 to 4. */
static double phase_at(const struct ktstr_worker *w)
{
	int64_t round = 4 * PHASE_US * 1000ll;

	return (double)((now_ns() - w->start_ns) % round) / (PHASE_US * 1000.);
}

static void await_phase(const struct ktstr_worker *w, double from)
{
	while (phase_at(w) < from || phase_at(w) > from + 0.3)
		usleep(500);
}

static char state_of(pid_t pid)
{
	char buf[1024];

	return *stat_text(pid, 3, buf, sizeof(buf));
}

/* Kept from running from its first phase to its third. */
TEST_F_TIMEOUT(kind, phases_stay_in_step_with_the_clock, 60)
{
	struct ktstr_work work = { .kind = "phases", .busy_us = PHASE_US };
	const struct ktstr_worker *w;

	ASSERT_EQ(0, rig__init(&self->r, &work));
	ASSERT_TRUE(rig__start(&self->r));
	w = &self->r.w[0];
	await_phase(w, 0.1);
	kill(self->r.pid[0], SIGSTOP);
	await_phase(w, 2);
	kill(self->r.pid[0], SIGCONT);
	await_phase(w, 3.3);
	EXPECT_EQ(state_of(self->r.pid[0]), 'S');
	await_phase(w, 0.3);
	EXPECT_EQ(state_of(self->r.pid[0]), 'R');
}

static int look_policy(pid_t pid)
{
	return sched_getscheduler(pid);
}

TEST_F_TIMEOUT(kind, policy_churn_has_many_policies, 60)
{
	ASSERT_TRUE(start(&self->r, "policy-churn"));
	EXPECT_EQ(distinct(&self->r, look_policy, 4), 4);
}

TEST_F_TIMEOUT(kind, preempt_storm_is_one_of_real_time_and_others, 60)
{
	ASSERT_TRUE(start(&self->r, "preempt-storm"));
	EXPECT_EQ(sched_getscheduler(self->r.pid[0]), SCHED_FIFO);
	EXPECT_EQ(sched_getscheduler(self->r.pid[1]), SCHED_OTHER);
}

static int look_affinity(pid_t pid)
{
	cpu_set_t set;

	sched_getaffinity(pid, sizeof(set), &set);
	for (int cpu = 0; CPU_COUNT(&set) == 1 && cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			return cpu;
	return -1;
}

TEST_F_TIMEOUT(kind, affinity_churn_goes_where_it_pins_itself, 60)
{
	struct cpu_mask cpus = rig__cpus();

	if (cpu_mask__count(&cpus) < 2)
		SKIP(return, "this machine has one CPU");
	ASSERT_TRUE(start(&self->r, "affinity-churn"));
	EXPECT_EQ(distinct(&self->r, look_affinity, 2), 2);
	while (!__atomic_load_n(&self->r.w[0].account.migrations, __ATOMIC_RELAXED))
		rig__nap();
}

TEST_F_TIMEOUT(kind, affinity_churn_goes_to_another_cpu_each_time, 60)
{
	struct cpu_mask cpus = rig__cpus();
	uint64_t units;

	if (cpu_mask__count(&cpus) < 2)
		SKIP(return, "this machine has one CPU");
	ASSERT_TRUE(start(&self->r, "affinity-churn"));
	while (rig__units(&self->r, 0) < 100)
		rig__nap();
	units = rig__units(&self->r, 0);
	EXPECT_GE(self->r.w[0].account.migrations + 2, units);
}

TEST_F_TIMEOUT(kind, affinity_churn_cross_is_pinned_by_another, 60)
{
	struct cpu_mask cpus = rig__cpus();

	if (cpu_mask__count(&cpus) < 2)
		SKIP(return, "this machine has one CPU");
	ASSERT_TRUE(start(&self->r, "affinity-churn-cross"));
	/* Nobody but worker 1 pins worker 0. */
	kill(self->r.pid[0], SIGSTOP);
	EXPECT_EQ(distinct(&self->r, look_affinity, 2), 2);
}

/* It stays on the CPUs that it is told, though it may use more. */
TEST_F_TIMEOUT(kind, affinity_churn_keeps_to_its_cpus, 60)
{
	struct ktstr_work work = { .kind = "affinity-churn" };
	struct cpu_mask cpus = rig__cpus(), one = { 0 };
	unsigned int cpu = 0;

	while (!cpu_mask__test(&cpus, cpu))
		cpu++;
	cpu_mask__set(&one, cpu);
	ASSERT_EQ(0, rig__init(&self->r, &work));
	worker__set_cpus(&self->r.w[0], &one, 0);
	ASSERT_TRUE(rig__start(&self->r));
	ASSERT_TRUE(rig__until(&self->r, rig__all_worked));
	for (unsigned int i = 0; i < LOOKS; i++) {
		EXPECT_EQ(look_affinity(self->r.pid[0]), (int)cpu);
		usleep(100);
	}
}

#define STAT_PPID	4

/* By everybody's parent: not every kernel has /proc/PID/task/TID/children. */
static unsigned int children(pid_t pid)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned int n = 0;

	while (d && (e = readdir(d)))
		n += atoi(e->d_name) && stat_field(atoi(e->d_name), STAT_PPID) == pid;
	if (d)
		closedir(d);
	return n;
}

TEST_F_TIMEOUT(kind, fork_exit_has_one_child_at_a_time, 60)
{
	unsigned int most = 0, n;

	ASSERT_TRUE(start(&self->r, "fork-exit"));
	for (unsigned int i = 0; i < LOOKS || !most; i++) {
		n = children(self->r.pid[0]);
		most = n > most ? n : most;
		usleep(100);
	}
	EXPECT_EQ(most, 1);
}

/* The number of the system call that a stopped process is in; -1: in none. */
static long syscall_of(pid_t pid)
{
	char path[64], buf[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	f = fopen(path, "r");
	if (f && !fgets(buf, sizeof(buf), f))
		buf[0] = '\0';
	if (f)
		fclose(f);
	return *buf >= '0' && *buf <= '9' ? strtol(buf, NULL, 10) : -1;
}

#define STOPPED_MS	100

/*
 * Worker @i, stopped while it sleeps in @nr, and woken meanwhile: it wants to run from then on.
 * Its longest gap in ns since then; -1 when it was never found there.
 */
static int64_t gap_of_sleeper(struct work_rig *r, uint32_t i, long nr)
{
	int64_t end = deadline_ns(RIG_WAIT_MS);
	struct worker_account *a = &r->w[i].account;
	uint64_t units;

	for (;;) {
		kill(r->pid[i], SIGSTOP);
		waitpid(r->pid[i], NULL, WUNTRACED);
		if (syscall_of(r->pid[i]) == nr)
			break;
		kill(r->pid[i], SIGCONT);
		if (now_ns() > end)
			return -1;
		usleep(300);
	}
	a->max_gap_ns = 0;
	units = rig__units(r, i);
	usleep(STOPPED_MS * 1000);
	kill(r->pid[i], SIGCONT);
	while (rig__units(r, i) < units + 2 && now_ns() < end)
		rig__nap();
	return a->max_gap_ns;
}

TEST_F_TIMEOUT(kind, fork_exit_has_a_gap_when_it_is_late_for_its_child_s_end, 60)
{
	ASSERT_TRUE(start(&self->r, "fork-exit"));
	EXPECT_GE(gap_of_sleeper(&self->r, 0, SYS_wait4), STOPPED_MS / 2 * NSEC_PER_MSEC);
}

TEST_F_TIMEOUT(kind, mutex_has_a_gap_when_it_is_late_for_a_release, 60)
{
	ASSERT_TRUE(start_group(&self->r, "mutex", 2));
	EXPECT_GE(gap_of_sleeper(&self->r, 0, SYS_futex), STOPPED_MS / 2 * NSEC_PER_MSEC);
}

/* Worker 1 produces. */
TEST_F_TIMEOUT(kind, a_producer_has_a_gap_when_it_is_late_for_room, 60)
{
	ASSERT_TRUE(start_group(&self->r, "producer-consumer", 2));
	EXPECT_GE(gap_of_sleeper(&self->r, 1, SYS_futex), STOPPED_MS / 2 * NSEC_PER_MSEC);
}

#define STAT_MINFLT	10
#define STAT_PRIORITY	18
#define STAT_RSS	24

TEST_F_TIMEOUT(kind, page_fault_faults_for_every_page_and_does_not_grow, 60)
{
	const struct ktstr_work_kind *k = ktstr_work_kind__find("page-fault");
	long faults, rss, pages = k->kib / 4;
	uint64_t units;

	ASSERT_TRUE(start(&self->r, k->name));
	units = rig__units(&self->r, 0);
	faults = stat_field(self->r.pid[0], STAT_MINFLT);
	rss = stat_field(self->r.pid[0], STAT_RSS);
	while (rig__units(&self->r, 0) < units + 50)
		rig__nap();
	EXPECT_GE(stat_field(self->r.pid[0], STAT_MINFLT), faults + 40 * pages);
	EXPECT_LE(stat_field(self->r.pid[0], STAT_RSS), rss + 2 * pages);
}

TEST_F_TIMEOUT(kind, numa_sweep_says_where_its_pages_are, 60)
{
	struct worker_account *a;

	ASSERT_TRUE(start(&self->r, "numa-sweep"));
	a = &self->r.w[0].account;
	EXPECT_GE(a->node_pages, ktstr_work_kind__find("numa-sweep")->kib / 4);
	EXPECT_LE(a->remote_pages, a->node_pages);
}

/* The holder stopped for a while: did the other wait for it, and had it its priority then? */
static void stop_holder(struct work_rig *r, bool *waited, bool *boosted)
{
	uint64_t units;

	kill(r->pid[0], SIGSTOP);
	waitpid(r->pid[0], NULL, WUNTRACED);
	units = rig__units(r, 1);
	usleep(5000);
	*waited |= rig__units(r, 1) == units && stat_field(r->pid[0], STAT_PRIORITY) >= 0;
	/* Real-time priorities are negative there. */
	*boosted |= stat_field(r->pid[0], STAT_PRIORITY) < 0;
	kill(r->pid[0], SIGCONT);
	usleep(1000);
}

TEST_F_TIMEOUT(kind, prio_inversion_pi_boosts_the_holder, 60)
{
	int64_t end = deadline_ns(RIG_WAIT_MS);
	bool waited = false, boosted = false;

	ASSERT_TRUE(start(&self->r, "prio-inversion-pi"));
	while (!boosted && now_ns() < end)
		stop_holder(&self->r, &waited, &boosted);
	EXPECT_TRUE(boosted);
}

TEST_F_TIMEOUT(kind, prio_inversion_does_not_boost_the_holder, 60)
{
	bool waited = false, boosted = false;

	ASSERT_TRUE(start(&self->r, "prio-inversion"));
	for (unsigned int i = 0; i < 20 || !waited; i++)
		stop_holder(&self->r, &waited, &boosted);
	EXPECT_FALSE(boosted);
}

TEST_F_TIMEOUT(kind, producer_consumer_makes_producers_wait, 60)
{
	const struct ktstr_worker *w;

	ASSERT_TRUE(start(&self->r, "producer-consumer"));
	while (rig__units(&self->r, 0) < 200)
		rig__nap();
	w = self->r.w;
	/* Three produce; what they are ahead of the consumer by is at most the store. */
	EXPECT_LE(w[1].account.iterations + w[2].account.iterations + w[3].account.iterations,
		  rig__units(&self->r, 0) + 64 + 3);
}

struct user {
	struct ktstr_worker *w;
	struct work_queue *q;
	unsigned int *inside, *collisions, *total;
};

static void *use(void *arg)
{
	struct user *u = arg;

	for (unsigned int i = 0; i < 2000; i++) {
		work_queue__enter(u->w, u->q);
		if (__atomic_fetch_add(u->inside, 1, __ATOMIC_RELAXED))
			__atomic_fetch_add(u->collisions, 1, __ATOMIC_RELAXED);
		if (i % 50 == 0)
			sched_yield();
		/* Not atomic: two at once would lose some. */
		*u->total += 1;
		__atomic_fetch_sub(u->inside, 1, __ATOMIC_RELAXED);
		work_queue__leave(u->q);
	}
	return NULL;
}

TEST_F_TIMEOUT(kind, one_at_a_time_is_served_by_the_device, 60)
{
	struct ktstr_work work = { .kind = "io-convoy" };
	unsigned int inside = 0, collisions = 0, total = 0;
	struct work_queue q = { .next = UINT32_MAX - 100, .serving = UINT32_MAX - 100 };
	struct user u[4];
	pthread_t id[4];

	ASSERT_EQ(0, rig__init(&self->r, &work));
	for (unsigned int i = 0; i < 4; i++) {
		u[i] = (struct user){ &self->r.w[i], &q, &inside, &collisions, &total };
		ASSERT_EQ(0, pthread_create(&id[i], NULL, use, &u[i]));
	}
	for (unsigned int i = 0; i < 4; i++)
		pthread_join(id[i], NULL);
	EXPECT_EQ(collisions, 0);
	EXPECT_EQ(total, 8000);
	EXPECT_EQ(q.next, q.serving);
}

TEST_HARNESS_MAIN
