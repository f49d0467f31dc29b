// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ktstr: right by default, and each fault makes the symptom it is there for. "run" tests
 * look as ktstr's users do, "shell" tests from within the guest (guest_scx.c).
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

#define COMMAND_MAX	8192

FIXTURE(run)
{
	struct ktstr_run k;
};

FIXTURE_SETUP(run)
{
	ASSERT_EQ(0, ktstr_run__init(&self->k));
}

/* A failed test shows what ktstr printed: the state, not only the predicate. */
FIXTURE_TEARDOWN(run)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define RUN(_timeout, ...) \
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, "run", "steady", "--accel", \
					"kvm", __VA_ARGS__, NULL))

#define EXPECT_OUT(_text) EXPECT_NE(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout lacks \"%s\"", _text)
#define EXPECT_NO_OUT(_text) EXPECT_EQ(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout has \"%s\"", _text)

/* Whether the kernel's word or its process' end came first, is not what is tested here. */
#define EXPECT_DEATH(_why) do {								\
	const char *died_ = strstr(self->k.r.out, ": the scheduler died");		\
	const char *why_ = died_ ? strstr(died_, ": " _why) : NULL;			\
											\
	ASSERT_NE(NULL, died_);								\
	EXPECT_NE(NULL, why_);								\
	EXPECT_EQ(NULL, memchr(died_, '\n', why_ ? (size_t)(why_ - died_) : 0))		\
		TH_LOG("the verdict's reason is not: %s", _why);			\
	EXPECT_NO_OUT("the scheduler died at start");					\
} while (0)

#define EXPECT_PASS() do {								\
	EXPECT_TRUE(ktstr_run__passed(&self->k, false));					\
	EXPECT_OUT("ktstr enabled for the whole window");				\
} while (0)

TEST_F_TIMEOUT(run, correct_by_default, 90)
{
	RUN(80, "--sched", "scx_ktstr", "--topology", "1,1,2,1", "--duration", "2");
	EXPECT_PASS();
}

TEST_F_TIMEOUT(run, correct_on_one_cpu, 90)
{
	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	RUN(80, "--sched", "scx_ktstr", "--topology", "1,1,1,1", "--duration", "2");
	EXPECT_PASS();
}

TEST_F_TIMEOUT(run, correct_on_two_llcs, 90)
{
	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	RUN(80, "--sched", "scx_ktstr", "--topology", "1,2,2,1", "--duration", "3");
	EXPECT_PASS();
}

TEST_F_TIMEOUT(run, error_is_death_with_its_message, 90)
{
	RUN(80, "--topology", "1,1,2,1", "--duration", "20",
	    "--sched", "scx_ktstr --fault error=the-sky-falls,after=2000");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_DEATH("scx_bpf_error (the-sky-falls)");
	EXPECT_GT(20, self->k.r.seconds);
}

/*
 * The watchdog is far away: it is the workers' own account that shows it. One CPU, for with
 * two on one of the host's the steal would make it inconclusive.
 */
TEST_F_TIMEOUT(run, stalled_task_is_off_the_cpu_too_long, 90)
{
	RUN(80, "--topology", "1,1,1,1", "--duration", "6",
	    "--sched", "scx_ktstr --fault stall-task=w0/0,after=3000");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("longest_off_cpu: FAIL: worker a/w0/0 did not run for");
	EXPECT_OUT("ktstr enabled for the whole window");
}

TEST_F_TIMEOUT(run, stall_is_ended_by_the_watchdog, 90)
{
	RUN(80, "--topology", "1,1,2,1", "--duration", "20",
	    "--sched", "scx_ktstr --timeout-ms 1500 --fault stall,after=2000");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_DEATH("runnable task stall (");
}

TEST_F_TIMEOUT(run, dead_at_start_has_not_attached, 60)
{
	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	RUN(50, "--duration", "20", "--sched", "scx_ktstr --fault die-at-start=9");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("exited with status 9 at start, before it attached");
}

/* Steps of guest_scx in one guest, and the lines that they print, in their order. */
FIXTURE(shell)
{
	struct ktstr_run k;
	char cmd[COMMAND_MAX];
	char sched[PATH_MAX];
	const char *at;		/* in the output: what is behind is not read yet */
};

FIXTURE_SETUP(shell)
{
	const char *sched = ktstr_run__env("KTSTR_SCX_KTSTR", "build/sched/scx_ktstr");
	char guest[PATH_MAX];

	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	ASSERT_NE(NULL, realpath(sched, self->sched)) TH_LOG("there is no %s", sched);
	ASSERT_NE(NULL, realpath(ktstr_run__env("KTSTR_GUEST_SCX", "build/vm/guest_scx"), guest));
	strcpy(self->cmd, guest);
}

FIXTURE_TEARDOWN(shell)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

static void add_step(char *cmd, const char *text)
{
	size_t len = strlen(cmd);

	if (snprintf(cmd + len, COMMAND_MAX - len, " \"%s\"", text) >= (int)(COMMAND_MAX - len))
		abort();
}

static void add_start(char *cmd, const char *sched, const char *options)
{
	char text[PATH_MAX + 256];

	snprintf(text, sizeof(text), "start=%s %s", sched, options);
	add_step(cmd, text);
}

#define START(_options) add_start(self->cmd, self->sched, _options)
#define STEP(_text) add_step(self->cmd, _text)
#define GO(_timeout, _topology, ...) do {							\
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, "shell", "--accel", "kvm",	\
					"--topology", _topology, "--include", self->sched,	\
					"--exec", self->cmd, ##__VA_ARGS__, NULL));				\
	ASSERT_EQ(0, self->k.r.status);							\
	self->at = self->k.r.out;							\
} while (0)

/* The next line that begins so, without that; NULL if there is none. */
static const char *next_line(const char **at, const char *begin)
{
	for (const char *p = *at; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, begin, strlen(begin)))
			continue;
		*at = strchr(p, '\n');
		return p + strlen(begin);
	}
	return NULL;
}

#define EXPECT_LINE(_text) EXPECT_NE(NULL, next_line(&self->at, _text)) \
	TH_LOG("no line that begins with \"%s\" here", _text)

/*
 * The next line must tell of a stall. Of which task the kernel does not say where a tick finds
 * that the watchdog itself is late, as after a standstill of the machine. Return: is it @task's?
 */
static bool stall_of(struct __test_metadata *_metadata, const char **at, const char *task)
{
	static const char late[] = "watchdog failed to check in";
	const char *why = next_line(at, "EXIT: runnable task stall (");
	bool of_task;

	ASSERT_NE(NULL, why) TH_LOG("no stall is told of here");
	of_task = !strncmp(why, task, strlen(task));
	EXPECT_TRUE(of_task || !strncmp(why, late, strlen(late))) TH_LOG("%.60s", why);
	return of_task;
}

/* The next share of a set in per cent, or -1; the lines of one step may be asked in order. */
static double share(const char **at, const char *name)
{
	char begin[64];
	const char *p;

	snprintf(begin, sizeof(begin), "share %s ", name);
	p = next_line(at, begin);
	return p ? atof(p) : -1;
}

#define EXPECT_SHARE(_name, _low, _high) do {						\
	double s_ = share(&self->at, _name);						\
											\
	EXPECT_LE(_low, s_) TH_LOG("%s has %.1f %%", _name, s_);			\
	EXPECT_GE(_high, s_) TH_LOG("%s has %.1f %%", _name, s_);			\
} while (0)

/* How many CPUs all sets together had, what the host stole included. */
#define EXPECT_CPUS(_low, _high) do {							\
	const char *p_ = next_line(&self->at, "cpus ");					\
	double n_ = p_ ? atof(p_) : -1;							\
											\
	EXPECT_LE(_low, n_) TH_LOG("the load had %.2f CPUs", n_);			\
	EXPECT_GE(_high, n_) TH_LOG("the load had %.2f CPUs", n_);			\
} while (0)

/* The next answer of the statistics socket, to be released; NULL if it is none. */
static json_t *answer(const char **at)
{
	const char *p = next_line(at, "answer ");

	return p ? json_loadb(p, strcspn(p, "\n"), 0, NULL) : NULL;
}

static json_t *resp_of(json_t *o)
{
	return json_object_get(json_object_get(o, "args"), "resp");
}

static long long number(json_t *o, const char *name)
{
	json_t *n = json_object_get(o, name);

	return json_is_integer(n) ? json_integer_value(n) : -1;
}

static long long hits(json_t *stats, const char *fault)
{
	return number(json_object_get(json_object_get(resp_of(stats), "fault"), fault), "hits");
}

#define EXPECT_SWITCHED() do {								\
	json_t *o_ = answer(&self->at);							\
											\
	EXPECT_EQ(0, number(o_, "errno"));						\
	json_decref(o_);								\
} while (0)

/*
 * x and y share what p has, 75 % of all, 1 to 3: 18.75, 56.25 and 25 %, within a fifth. Nice
 * 0 and 5 weigh 1024 to 335: 75.3 %. When weights are ignored all six tasks are the same.
 */
TEST_F_TIMEOUT(shell, weights_hold_until_they_are_broken, 120)
{
	json_t *before, *after;

	START("");
	STEP("group=p,300");
	STEP("group=p/x,100");
	STEP("group=p/y,300");
	STEP("group=q,100");
	STEP("spin=x,p/x,2,0,0");
	STEP("spin=y,p/y,2,0,0");
	STEP("spin=q,q,2,0,0");
	STEP("share=3000");
	STEP("ask=stats");
	STEP("arm=break-weight");
	STEP("share=3000");
	STEP("arm=break-weight=invert");
	STEP("share=3000");
	STEP("disarm=break-weight");
	STEP("ask=stats");
	STEP("kill");
	STEP("spin=n0,,1,1,0");
	STEP("spin=n5,,1,1,5");
	STEP("share=2000");
	STEP("state");
	STEP("end");
	GO(110, "1,1,2,1");
	EXPECT_LINE("start enabled");
	EXPECT_SHARE("x", 15.0, 22.5);
	EXPECT_SHARE("y", 45.0, 67.5);
	EXPECT_SHARE("q", 20.0, 30.0);
	before = answer(&self->at);
	EXPECT_SWITCHED();
	EXPECT_SHARE("x", 25.0, 42.0);
	EXPECT_SHARE("y", 25.0, 42.0);
	EXPECT_SHARE("q", 25.0, 42.0);
	EXPECT_SWITCHED();
	EXPECT_SHARE("x", 35.0, 100.0);
	EXPECT_SHARE("y", 0.0, 30.0);
	EXPECT_SWITCHED();
	after = answer(&self->at);
	EXPECT_EQ(0, hits(before, "break-weight"));
	EXPECT_LT(0, hits(after, "break-weight"));
	EXPECT_EQ(0, number(resp_of(before), "faults"));
	EXPECT_SHARE("n0", 62.0, 88.0);
	EXPECT_LINE("state enabled ktstr");
	EXPECT_LINE("fate exited 0");
	json_decref(before);
	json_decref(after);
}

/*
 * Tasks that are killed as they run and as they wait, and weights that change meanwhile: a
 * load that is counted once too often would stay, and the shares with it be wrong.
 */
TEST_F_TIMEOUT(shell, tasks_that_die_leave_no_load, 90)
{
	START("");
	STEP("group=p,300");
	STEP("group=q,100");
	for (int i = 0; i < 5; i++) {
		STEP("spin=p,p,6,0,0");
		STEP("spin=q,q,2,0,0");
		STEP("share=150");
		STEP("kill");
	}
	STEP("group=p,100");
	STEP("spin=even,p,2,0,0");
	STEP("spin=q,q,2,0,0");
	STEP("share=2000");
	STEP("group=p,300");
	STEP("share=2000");
	STEP("end");
	GO(80, "1,1,2,1");
	EXPECT_SHARE("even", 40.0, 60.0);
	EXPECT_SHARE("even", 60.0, 90.0);
	EXPECT_LINE("fate exited 0");
}

TEST_F_TIMEOUT(shell, statistics_are_served_beside_deaf_clients, 90)
{
	json_t *stats, *meta;

	START("");
	STEP("spin=a,,3,0,0");
	STEP("deaf=20");
	STEP("share=500");
	STEP("ask=stats");
	STEP("ask=stats_meta");
	STEP("ask=nonesuch");
	STEP("end");
	GO(80, "1,2,1,1");
	stats = answer(&self->at);
	meta = answer(&self->at);
	EXPECT_EQ(0, number(stats, "errno"));
	EXPECT_EQ(2, number(resp_of(stats), "nr_cpus"));
	EXPECT_EQ(2, json_object_size(json_object_get(resp_of(stats), "llc")));
	EXPECT_LT(0, number(resp_of(stats), "enqueues"));
	EXPECT_LT(0, number(resp_of(stats), "dispatch_global"));
	EXPECT_LT(0, number(resp_of(stats), "wakeups"));
	EXPECT_LT(10, number(resp_of(stats), "tasks"));
	EXPECT_EQ(0, number(resp_of(stats), "faults"));
	EXPECT_EQ(0, number(meta, "errno"));
	json_decref(stats);
	stats = answer(&self->at);
	EXPECT_EQ(22, number(stats, "errno"));
	json_decref(stats);
	json_decref(meta);
	EXPECT_LINE("fate exited 0");
}

/* One after the other in one guest: each of them ends the scheduler, and says why. */
TEST_F_TIMEOUT(shell, faults_that_end_it_say_so, 180)
{
	int named;

	STEP("group=a,100");
	STEP("spin=a,a,3,0,0");
	START("--fault bogus-dsq,after=300");
	STEP("fate=15000");
	START("--timeout-ms 1500 --fault stall-task=guest_scx,after=300");
	STEP("fate=15000");
	START("--timeout-ms 1500 --fault starve-cgroup=a,after=300");
	STEP("fate=15000");
	START("--timeout-ms 1500 --fault lose-wakeups=3,after=300");
	STEP("wake=4000");
	STEP("fate=15000");
	START("--fault exit-after=200");
	STEP("fate=15000");
	START("--fault die-at-start=9");
	START("");
	STEP("fate=1000");
	STEP("end");
	GO(170, "1,1,2,1");
	EXPECT_LINE("EXIT: runtime error (non-existent DSQ 0xdeadbeef");
	EXPECT_LINE("fate exited 1");
	named = stall_of(_metadata, &self->at, "guest_scx");
	EXPECT_LINE("fate exited 1");
	named += stall_of(_metadata, &self->at, "guest_scx");
	EXPECT_LINE("fate exited 1");
	EXPECT_LT(0, named) TH_LOG("neither stall is said to be guest_scx's");
	EXPECT_LINE("EXIT: runnable task stall (");
	EXPECT_LINE("fate exited 1");
	EXPECT_LINE("EXIT: unregistered from user space");
	EXPECT_LINE("fate exited 0");
	EXPECT_LINE("fate exited 9");
	/* After all that it is right again. */
	EXPECT_LINE("fate lives");
	EXPECT_LINE("fate exited 0");
}

static void expect_bounced(struct __test_metadata *_metadata, const char **at)
{
	json_t *before = answer(at), *armed = answer(at), *after = answer(at);
	long long n = hits(after, "bounce"), moved = number(resp_of(after), "migrations_llc") -
		number(resp_of(before), "migrations_llc");

	EXPECT_EQ(0, number(armed, "errno"));
	/* One that is put off before it ran bounces back: that is no migration. */
	EXPECT_LT(10, n);
	EXPECT_LT(n / 3, moved) TH_LOG("%lld migrations, %lld bounces", moved, n);
	json_decref(before);
	json_decref(armed);
	json_decref(after);
}

/* They go on and off while it runs, and nothing is left of them. */
TEST_F_TIMEOUT(shell, faults_begin_and_end_in_mid_run, 180)
{
	const char *wake;
	double a;

	START("");
	STEP("group=a,100");
	STEP("group=b,100");
	STEP("spin=a,a,2,0,0");
	STEP("spin=b,b,2,0,0");
	STEP("arm=starve-cgroup=b");
	STEP("share=1500");
	STEP("disarm=starve-cgroup");
	STEP("share=2000");
	STEP("ask=stats");
	STEP("arm=bounce");
	STEP("share=1500");
	STEP("ask=stats");
	STEP("disarm=bounce");
	STEP("arm=ignore-cpu=1");
	STEP("spin=c,,1,2,0");
	STEP("share=1000");
	STEP("disarm=ignore-cpu");
	STEP("share=1000");
	STEP("kill");
	STEP("arm=slow=100");
	STEP("wake=1000");
	STEP("disarm=slow");
	STEP("wake=1000");
	STEP("state");
	STEP("end");
	GO(170, "1,2,1,1");
	EXPECT_LINE("start enabled");
	EXPECT_SWITCHED();
	/* What ran when it began may have ended its tick. */
	EXPECT_SHARE("a", 95.0, 100.0);
	EXPECT_SWITCHED();
	/* Both run. How evenly, after one was starved, is for tests of shares and their seconds. */
	EXPECT_SHARE("a", 20.0, 80.0);
	expect_bounced(_metadata, &self->at);
	EXPECT_SWITCHED();
	EXPECT_SWITCHED();
	/* c may run on the CPU that is ignored, and on no other. */
	EXPECT_SHARE("c", 0.0, 1.0);
	EXPECT_SWITCHED();
	a = share(&self->at, "a");
	EXPECT_LT(10, a);
	EXPECT_SHARE("c", 20.0, 60.0);
	EXPECT_SWITCHED();
	wake = next_line(&self->at, "wake mean_us ");
	ASSERT_NE(NULL, wake);
	EXPECT_LE(90000, atoi(wake));
	EXPECT_SWITCHED();
	wake = next_line(&self->at, "wake mean_us ");
	ASSERT_NE(NULL, wake);
	EXPECT_GT(50000, atoi(wake));
	EXPECT_LINE("state enabled ktstr");
	EXPECT_LINE("fate exited 0");
}

TEST_F_TIMEOUT(shell, cpus_go_and_come_back, 180)
{
	START("--timeout-ms 4000");
	STEP("spin=a,,4,0,0");
	STEP("cpu=1,0");
	STEP("share=1000");
	STEP("cpu=1,1");
	STEP("share=1000");
	STEP("spin=b,,1,2,0");
	STEP("share=1000");
	STEP("fate=1000");
	STEP("state");
	STEP("cpu=1,0");
	STEP("end");
	START("");
	STEP("cpu=1,1");
	STEP("attached=60000");
	STEP("share=1000");
	STEP("end");
	GO(170, "1,1,2,1");
	EXPECT_LINE("start enabled");
	/* One CPU, and then both; the tenths are the harness's, and ticks of 10 ms. */
	EXPECT_LINE("cpu 1 0");
	EXPECT_CPUS(0.7, 1.2);
	EXPECT_LINE("cpu 1 1");
	EXPECT_CPUS(1.6, 2.2);
	/* b is bound to the CPU that came back. */
	EXPECT_SHARE("b", 10.0, 60.0);
	EXPECT_LINE("fate lives");
	EXPECT_LINE("state enabled ktstr");
	EXPECT_LINE("fate exited 0");
	/* One that was away when it began: it begins anew, in the same process. */
	EXPECT_LINE("start enabled");
	EXPECT_LINE("EXIT: unregistered from BPF (CPU 1 came, whose caches are not known)");
	EXPECT_LINE("attached enabled");
	EXPECT_SHARE("b", 10.0, 60.0);
	EXPECT_LINE("fate exited 0");
}

/* It deserves a 10001st: its wait is bounded by 4 s, far below the watchdog's patience. */
TEST_F_TIMEOUT(shell, the_least_share_is_not_starved, 90)
{
	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	START("--timeout-ms 8000");
	STEP("group=a,10000");
	STEP("group=b,1");
	STEP("spin=a,a,1,0,0");
	STEP("spin=b,b,1,0,0");
	STEP("share=12000");
	STEP("state");
	STEP("end");
	GO(80, "1,1,1,1");
	EXPECT_SHARE("a", 95.0, 99.99);
	EXPECT_SHARE("b", 0.01, 5.0);
	EXPECT_LINE("state enabled ktstr");
	EXPECT_LINE("fate exited 0");
}

/* Most of them are not there, and the last one comes. */
TEST_F_TIMEOUT(shell, sixty_four_cpus_are_not_too_many, 90)
{
	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	START("");
	STEP("group=p,300");
	STEP("group=q,100");
	STEP("spin=p,p,2,0,0");
	STEP("spin=q,q,2,0,0");
	STEP("share=3000");
	STEP("cpu=63,1");
	STEP("attached=20000");
	STEP("spin=far,,1,8000000000000000,0");
	STEP("share=1000");
	STEP("end");
	GO(80, "2,4,16,1", "--append", "maxcpus=2");
	EXPECT_SHARE("p", 60.0, 90.0);
	EXPECT_SHARE("q", 20.0, 30.0);
	EXPECT_LINE("attached enabled");
	EXPECT_SHARE("far", 10.0, 60.0);
	EXPECT_LINE("fate exited 0");
}

TEST_F_TIMEOUT(shell, more_cpus_than_fit_are_refused, 60)
{
	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	START("");
	GO(50, "2,4,33,1", "--append", "maxcpus=2");
	EXPECT_LINE("scx_ktstr: scx_ktstr works with 64 CPUs at most");
	EXPECT_LINE("fate exited 2");
}

/* Whoever is to run waits for the turns first. */
TEST_F_TIMEOUT(shell, loop_delays_every_wakeup, 90)
{
	const char *line;
	int without, with;

	if (!ktstr_run__full())
		SKIP(return, "KTSTR_FULL=1 runs it");
	START("");
	STEP("wake=1000");
	STEP("arm=loop=5");
	STEP("wake=1000");
	STEP("disarm=loop");
	STEP("ask=stats");
	STEP("end");
	GO(80, "1,1,2,1");
	line = next_line(&self->at, "wake mean_us ");
	ASSERT_NE(NULL, line);
	without = atoi(line);
	EXPECT_SWITCHED();
	line = next_line(&self->at, "wake mean_us ");
	ASSERT_NE(NULL, line);
	with = atoi(line);
	EXPECT_LE(without + 4000, with) TH_LOG("%d us without, %d us with it", without, with);
	EXPECT_SWITCHED();
	EXPECT_LINE("fate exited 0");
}

TEST_HARNESS_MAIN
