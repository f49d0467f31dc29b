// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a worker says of itself: gaps, moves, CPUs that it may not use, latencies.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "guest/compute.h"
#include "guest/work_bell.h"
#include "work_rig.h"

#include "unit.h"

#define FAR_NS		(5 * NSEC_PER_SEC)	/* longer than any disturbance of a test */
#define STOPPED_MS	50

/* Used by the test's own thread as if it were the worker. */
FIXTURE(account) {
	struct work_rig r;
	struct ktstr_worker *w;
	struct worker_account *a;
};

FIXTURE_SETUP(account)
{
	struct ktstr_work work = { .kind = "spin" };

	memset(&self->r, 0, sizeof(self->r));
	ASSERT_EQ(0, rig__init(&self->r, &work));
	self->w = &self->r.w[0];
	self->a = &self->w->account;
	self->a->last_ns = now_ns();
}

FIXTURE_TEARDOWN(account)
{
	rig__end(&self->r);
}

static void pin_to(pid_t tid, unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(tid, sizeof(set), &set);
}

/* The n-th CPU that the test may use, or -1. */
static int nth_cpu(unsigned int n)
{
	struct cpu_mask m = rig__cpus();

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(&m, cpu) && !n--)
			return (int)cpu;
	return -1;
}

TEST_F(account, time_between_two_units_is_a_gap)
{
	self->a->last_ns = now_ns() - FAR_NS;
	ktstr_worker__unit(self->w);
	EXPECT_GE(self->a->max_gap_ns, FAR_NS);
	EXPECT_EQ(self->a->max_gap_at_ns, self->a->last_ns);
	ktstr_worker__unit(self->w);
	EXPECT_EQ(self->a->iterations, 2);
	EXPECT_LT(self->a->max_gap_at_ns, self->a->last_ns);
}

TEST_F(account, time_asleep_of_its_own_will_is_no_gap)
{
	self->a->last_ns = now_ns() - FAR_NS;
	ktstr_worker__slept(self->w);
	ktstr_worker__unit(self->w);
	EXPECT_LT(self->a->max_gap_ns, FAR_NS);
}

TEST_F(account, being_late_after_a_sleep_is_a_gap_and_a_latency)
{
	self->a->last_ns = now_ns() - 3 * FAR_NS;
	worker__woken(self->w, now_ns() - FAR_NS);
	ktstr_worker__unit(self->w);
	EXPECT_GE(self->a->max_gap_ns, FAR_NS);
	EXPECT_LT(self->a->max_gap_ns, 2 * FAR_NS);
	EXPECT_EQ(self->a->nr_latencies, 1);
	EXPECT_GE(self->a->max_latency_ns, FAR_NS);
}

/* What was waiting for it while it ran did not keep it from running. */
TEST_F(account, a_cause_that_found_it_awake_makes_no_gap)
{
	worker__woken(self->w, now_ns() - FAR_NS);
	ktstr_worker__unit(self->w);
	EXPECT_LT(self->a->max_gap_ns, FAR_NS);
}

TEST_F(account, a_pause_is_no_gap_and_is_measured)
{
	ktstr_worker__pause(self->w, 1);
	EXPECT_EQ(self->a->nr_latencies, 1);
	EXPECT_EQ(self->a->iterations, 0);
}

TEST_F(account, a_sleep_of_the_kind_s_own_is_not_measured)
{
	work__sleep(self->w, 1);
	EXPECT_EQ(self->a->nr_latencies, 0);
}

TEST_F(account, computing_takes_samples_on_the_way)
{
	ktstr_worker__compute(self->w, 1000);
	EXPECT_GE(self->a->samples, 5);
	EXPECT_EQ(self->a->iterations, 0);
}

TEST_F(account, nothing_counts_after_the_end_of_the_window)
{
	self->r.board->stop_ns = now_ns() - 1;
	EXPECT_FALSE(ktstr_worker__go_on(self->w));
	ktstr_worker__unit(self->w);
	ktstr_worker__latency(self->w, 1);
	ktstr_worker__compute(self->w, 1000000000);
	EXPECT_EQ(self->a->iterations, 0);
	EXPECT_EQ(self->a->samples, 0);
	EXPECT_EQ(self->a->nr_latencies, 0);
}

TEST_F(account, a_worker_can_be_stopped_by_itself)
{
	EXPECT_TRUE(ktstr_worker__go_on(self->w));
	self->w->stop_ns = now_ns() - 1;
	EXPECT_FALSE(ktstr_worker__go_on(self->w));
}

TEST_F(account, a_move_to_another_cpu_is_seen)
{
	int first = nth_cpu(0), second = nth_cpu(1);

	if (second < 0)
		SKIP(return, "this machine has one CPU");
	pin_to(0, (unsigned int)first);
	ktstr_worker__unit(self->w);
	ktstr_worker__unit(self->w);
	EXPECT_EQ(self->a->migrations, 0);
	pin_to(0, (unsigned int)second);
	ktstr_worker__unit(self->w);
	EXPECT_EQ(self->a->migrations, 1);
	EXPECT_EQ(self->a->last_cpu, (uint32_t)second);
}

static struct cpu_mask all_but(unsigned int cpu)
{
	struct cpu_mask m;

	memset(&m, 0xff, sizeof(m));
	m.bits[cpu / 64] &= ~(1ull << cpu % 64);
	return m;
}

/* Samples off the CPUs that it was told at @since_ns, after one sample. */
static uint64_t off_after(struct ktstr_worker *w, const struct cpu_mask *cpus, int64_t since_ns)
{
	worker__set_cpus(w, cpus, since_ns);
	ktstr_worker__unit(w);
	return w->account.off_cpuset;
}

TEST_F(account, one_sample_outside_of_its_cpus_counts)
{
	unsigned int here = (unsigned int)nth_cpu(0);
	struct cpu_mask others = all_but(here), mine = all_but(here + 1);

	pin_to(0, here);
	EXPECT_EQ(off_after(self->w, &mine, now_ns() - FAR_NS), 0);
	EXPECT_EQ(off_after(self->w, &others, now_ns() - FAR_NS), 1);
	EXPECT_EQ(off_after(self->w, &mine, now_ns() - FAR_NS), 1);
}

TEST_F(account, cpus_that_have_just_changed_are_not_judged)
{
	unsigned int here = (unsigned int)nth_cpu(0);
	struct cpu_mask others = all_but(here);

	pin_to(0, here);
	EXPECT_EQ(off_after(self->w, &others, now_ns()), 0);
	EXPECT_EQ(off_after(self->w, &others, now_ns() - FAR_NS), 1);
}

TEST_F(account, cpus_that_are_about_to_change_are_not_judged)
{
	unsigned int here = (unsigned int)nth_cpu(0);
	struct cpu_mask others = all_but(here);

	pin_to(0, here);
	worker__set_cpus(self->w, &others, now_ns() - FAR_NS);
	worker__suspend_cpus(self->w);
	ktstr_worker__unit(self->w);
	EXPECT_FALSE(worker__cpus(self->w, &others));
	worker__suspend_cpus(self->w);
	ktstr_worker__unit(self->w);
	EXPECT_EQ(self->a->off_cpuset, 0);
	EXPECT_EQ(off_after(self->w, &others, now_ns() - FAR_NS), 1);
}

#define FLIPS	500000u	/* and as many reads; each side goes on until the other is done, too */

struct flipper {
	struct ktstr_worker *w;
	bool flipped, read;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	struct cpu_mask m;

	for (unsigned int i = 0; i <= FLIPS || !__atomic_load_n(&f->read, __ATOMIC_RELAXED); i++) {
		memset(&m, i & 1 ? 0xff : 0, sizeof(m));
		worker__set_cpus(f->w, &m, 0);
		if (i == FLIPS)
			__atomic_store_n(&f->flipped, true, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F(account, cpus_are_never_torn)
{
	struct flipper f = { .w = self->w };
	unsigned int reads = 0, whole = 0, torn = 0;
	struct cpu_mask m;
	pthread_t id;

	/* All or nothing: what the rig set is neither. */
	memset(&m, 0, sizeof(m));
	worker__set_cpus(self->w, &m, 0);
	ASSERT_EQ(0, pthread_create(&id, NULL, flip, &f));
	for (; reads < FLIPS || !__atomic_load_n(&f.flipped, __ATOMIC_RELAXED); reads++) {
		if (!worker__cpus(self->w, &m))
			continue;
		whole++;
		torn += cpu_mask__count(&m) != 0 && cpu_mask__count(&m) != CPU_MASK_BITS;
	}
	__atomic_store_n(&f.read, true, __ATOMIC_RELAXED);
	pthread_join(id, NULL);
	EXPECT_TRUE(worker__cpus(self->w, &m));
	EXPECT_EQ(torn, 0);
	TH_LOG("%u of %u reads were whole", whole, reads);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

#define LATENCIES	5000u

TEST_F(account, percentiles_are_at_most_an_eighth_too_large)
{
	static const double pct[] = { 0, 1, 25, 50, 90, 99, 99.9, 100 };
	static int64_t exact[LATENCIES];

	/* From nanoseconds to minutes, all orders of magnitude alike. */
	for (unsigned int i = 0; i < LATENCIES; i++) {
		exact[i] = (int64_t)(ktstr_worker__random(self->w) >> (24 + i % 40));
		ktstr_worker__latency(self->w, exact[i]);
	}
	qsort(exact, LATENCIES, sizeof(exact[0]), by_value);
	for (unsigned int i = 0; i < sizeof(pct) / sizeof(pct[0]); i++) {
		unsigned int rank = (unsigned int)ceil(LATENCIES * pct[i] / 100);
		uint64_t is = (uint64_t)exact[rank ? rank - 1 : 0];
		uint64_t got = worker__percentile(self->a, pct[i]);

		EXPECT_GE(got, is);
		EXPECT_LE(got, is + is / 8);
	}
	EXPECT_EQ(self->a->nr_latencies, LATENCIES);
	EXPECT_EQ(self->a->max_latency_ns, (uint64_t)exact[LATENCIES - 1]);
}

TEST_F(account, a_percentile_is_that_of_the_nearest_rank)
{
	for (int64_t ns = 1; ns <= 3; ns++)
		ktstr_worker__latency(self->w, ns);
	EXPECT_EQ(worker__percentile(self->a, 0), 1);
	EXPECT_EQ(worker__percentile(self->a, 33), 1);
	EXPECT_EQ(worker__percentile(self->a, 34), 2);
	EXPECT_EQ(worker__percentile(self->a, 50), 2);
	EXPECT_EQ(worker__percentile(self->a, 67), 3);
	EXPECT_EQ(worker__percentile(self->a, 100), 3);
}

TEST_F(account, every_latency_has_a_bucket)
{
	EXPECT_EQ(worker__percentile(self->a, 50), 0);
	ktstr_worker__latency(self->w, INT64_MIN);
	EXPECT_EQ(worker__percentile(self->a, 100), 0);
	for (unsigned int i = 0; i < 63; i++) {
		int64_t v = 1ll << i;

		ktstr_worker__latency(self->w, v - 1);
		EXPECT_EQ(worker__percentile(self->a, 100), (uint64_t)v - 1);
		ktstr_worker__latency(self->w, v);
		EXPECT_EQ(worker__percentile(self->a, 100), (uint64_t)v);
	}
	ktstr_worker__latency(self->w, INT64_MAX);
	EXPECT_EQ(worker__percentile(self->a, 100), (uint64_t)INT64_MAX);
	EXPECT_EQ(self->a->nr_latencies, 128);
}

TEST_F(account, computing_takes_about_as_long_as_said)
{
	struct timespec before, after;
	double us;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	ktstr_worker__compute(self->w, 20000);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	us = (double)(after.tv_sec - before.tv_sec) * 1e6 +
	     (double)(after.tv_nsec - before.tv_nsec) / 1e3;
	/* A CPU may be slower than when it was calibrated, but not by much faster. */
	EXPECT_GT(us, 20000 / 3.);
	TH_LOG("20000 us took %.0f us of CPU time", us);
}

TEST_F(account, a_parameter_is_the_test_s_or_the_kind_s)
{
	const struct ktstr_work_kind *k = ktstr_work_kind__find("random-read");

	self->w->kind = k;
	EXPECT_EQ(work__busy_us(self->w), k->busy_us);
	EXPECT_EQ(work__idle_us(self->w), k->idle_us);
	EXPECT_EQ(work__bytes(self->w), (size_t)k->kib << 10);
	self->w->work = (struct ktstr_work){ .busy_us = 7, .idle_us = 8, .kib = 4u << 20 };
	EXPECT_EQ(work__busy_us(self->w), 7);
	EXPECT_EQ(work__idle_us(self->w), 8);
	EXPECT_EQ(work__bytes(self->w), 4ull << 30);
}

TEST_F(account, a_bell_rung_before_it_is_waited_for_costs_no_sleep)
{
	struct work_bell b = { 0 };
	uint32_t heard = 0;
	int64_t first;

	work_bell__ring(&b);
	first = b.since_ns;
	work_bell__ring(&b);
	EXPECT_EQ(b.since_ns, first);
	work_bell__wait(self->w, &b, &heard);
	EXPECT_EQ(heard, 2);
	EXPECT_EQ(b.since_ns, 0);
	EXPECT_EQ(self->a->nr_latencies, 0);
}

struct sleeper {
	struct ktstr_worker *w;
	struct work_bell bell;
	pid_t tid;
};

static void *sleep_on_bell(void *arg)
{
	struct sleeper *s = arg;
	uint32_t heard = 0;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELAXED);
	work_bell__wait(s->w, &s->bell, &heard);
	return NULL;
}

/* In its futex: a thread that has not got there yet may sleep for another reason. */
static bool in_futex(pid_t tid)
{
	char path[64], buf[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	f = fopen(path, "r");
	if (f && !fgets(buf, sizeof(buf), f))
		buf[0] = '\0';
	if (f)
		fclose(f);
	return atoi(buf) == SYS_futex;
}

TEST_F(account, a_sleeper_counts_from_the_first_cause)
{
	struct sleeper s = { .w = self->w };
	pthread_t id;

	ASSERT_EQ(0, pthread_create(&id, NULL, sleep_on_bell, &s));
	while (!__atomic_load_n(&s.tid, __ATOMIC_RELAXED) || !in_futex(s.tid))
		rig__nap();
	/* Rung long ago, and again now. */
	__atomic_store_n(&s.bell.since_ns, now_ns() - FAR_NS, __ATOMIC_RELAXED);
	work_bell__ring(&s.bell);
	pthread_join(id, NULL);
	EXPECT_EQ(self->a->nr_latencies, 1);
	EXPECT_GE(self->a->max_latency_ns, FAR_NS);
	EXPECT_EQ(s.bell.since_ns, 0);
}

/* Workers as processes, disturbed from outside. */
FIXTURE(worker) {
	struct work_rig r;
};

FIXTURE_SETUP(worker)
{
	struct ktstr_work work = { .kind = "spin" };

	memset(&self->r, 0, sizeof(self->r));
	ASSERT_EQ(0, rig__init(&self->r, &work));
}

FIXTURE_TEARDOWN(worker)
{
	rig__end(&self->r);
}

static void await_units(struct __test_metadata *_metadata, struct work_rig *r)
{
	uint64_t from = rig__units(r, 0);
	int64_t end = deadline_ns(RIG_WAIT_MS);

	while (rig__units(r, 0) < from + 3 && now_ns() < end)
		rig__nap();
	ASSERT_GE(rig__units(r, 0), from + 3);
}

TEST_F(worker, one_that_is_kept_from_running_has_a_gap)
{
	struct worker_account *a = &self->r.w[0].account;
	int64_t stopped;

	ASSERT_TRUE(rig__start(&self->r));
	await_units(_metadata, &self->r);
	kill(self->r.pid[0], SIGSTOP);
	waitpid(self->r.pid[0], NULL, WUNTRACED);
	stopped = now_ns();
	usleep(STOPPED_MS * 1000);
	kill(self->r.pid[0], SIGCONT);
	await_units(_metadata, &self->r);
	EXPECT_GE(a->max_gap_ns, STOPPED_MS * NSEC_PER_MSEC);
	EXPECT_GT(a->max_gap_at_ns, stopped);
}

TEST_F(worker, the_wait_before_its_first_unit_is_a_gap)
{
	ASSERT_TRUE(rig__start(&self->r));
	await_units(_metadata, &self->r);
	EXPECT_GT(self->r.w[0].account.max_gap_ns, 0);
	EXPECT_GE(self->r.w[0].account.max_gap_at_ns, self->r.w[0].start_ns);
}

TEST_F(worker, its_sleeps_have_no_slack)
{
	char path[64], slack[16] = "";
	FILE *f;

	ASSERT_TRUE(rig__start(&self->r));
	snprintf(path, sizeof(path), "/proc/%d/timerslack_ns", self->r.pid[0]);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	EXPECT_NE(NULL, fgets(slack, sizeof(slack), f));
	fclose(f);
	EXPECT_STREQ(slack, "1\n");
}

TEST_F(worker, none_begins_before_it_may)
{
	self->r.pid[0] = fork();
	if (!self->r.pid[0])
		rig__process(&self->r, 0);
	ASSERT_TRUE(rig__until(&self->r, rig__all_ready));
	usleep(5000);
	EXPECT_EQ(rig__units(&self->r, 0), 0);
	EXPECT_GT(self->r.w[0].tid, 0);
}

static void give_up(struct ktstr_worker *w)
{
	ktstr_worker__fail(w, "it has no %s", "reason");
}

TEST_F(worker, one_that_cannot_work_says_why_and_ends)
{
	int status;

	self->r.w[0].kind = ktstr_work_kind__find(KTSTR_WORK_FUNCTION);
	self->r.w[0].work.fn = give_up;
	ASSERT_TRUE(rig__start(&self->r));
	ASSERT_EQ(self->r.pid[0], waitpid(self->r.pid[0], &status, 0));
	self->r.pid[0] = 0;
	EXPECT_STREQ(self->r.w[0].failed, "it has no reason");
	EXPECT_EQ(status, 1 << 8);
}

TEST_F(worker, a_function_that_was_not_given_is_a_reason)
{
	int status;

	self->r.w[0].kind = ktstr_work_kind__find(KTSTR_WORK_FUNCTION);
	ASSERT_TRUE(rig__start(&self->r));
	ASSERT_EQ(self->r.pid[0], waitpid(self->r.pid[0], &status, 0));
	self->r.pid[0] = 0;
	EXPECT_NE(NULL, strstr(self->r.w[0].failed, "needs a function"));
}

TEST_HARNESS_MAIN
