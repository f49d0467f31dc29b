// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expectations that scheduler events decide: each holds, and has a twin in which it fails; none
 * is a success without events, or with a part of them.
 */
#include "unit.h"

#include "run_feed.h"

FIXTURE(made)
{
	struct run r;
	const char *reason;
};

FIXTURE_SETUP(made)
{
	run_init(&self->r);
}

FIXTURE_TEARDOWN(made)
{
	run_free(&self->r);
}

#define W(i)	(&self->r.ev->workers[i])
#define SW(cpu, t, prev, state, next)	feed_switch(F, cpu, T0 + (t), prev, state, next)
#define WAKEUP(t, pid, cpu)	feed_wake(F, KTSTR_EV_WAKEUP, cpu, T0 + (t), pid, cpu, 0)
#define IN_A	5
#define IN_B	6

/* Cgroup a on CPU 0, b on both; worker 100 is in a, 101 in b. */
static void cgroups(struct run *r)
{
	struct feed *f = &r->g->feed;

	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "a", CPUS(1)));
	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "b"));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(1)));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(1)));
	feed_cgroup(f, 0, T0, IN_A, "/ktstr/a");
	feed_cgroup(f, 0, T0, IN_B, "/ktstr/b");
	feed_task(f, KTSTR_EV_FORK, 0, T0, 100, 1, IN_A, "a0");
	feed_task(f, KTSTR_EV_FORK, 0, T0, 101, 1, IN_B, "b0");
	feed_affinity(f, 0, T0, 100, 3);
	feed_affinity(f, 0, T0, 101, 3);
}

static void hold_1s(struct run *r)
{
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 1000));
}

static void workers(struct run *r, uint64_t a_ms, uint64_t b_ms)
{
	run_worker(r, "a", "w0", 0, a_ms);
	run_worker(r, "b", "w0", 0, b_ms);
}

/* 100 on CPU 0 and 101 on CPU 1 for all of the window. */
static void both_run(struct run *r)
{
	feed_switch(&r->g->feed, 0, T0, 0, RUNNABLE, 100);
	feed_switch(&r->g->feed, 1, T0, 0, RUNNABLE, 101);
	feed_switch(&r->g->feed, 0, T0 + 1 * SEC - 1, 100, PREEMPTED, 0);
	feed_switch(&r->g->feed, 1, T0 + 1 * SEC - 1, 101, PREEMPTED, 0);
}

TEST_F(made, a_perfect_run_passes)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 1000, 1000);
	both_run(&self->r);
	run_judge(&self->r);
	EXPECT_EQ(VERDICT_PASS, self->r.v.status) TH_LOG("%s", self->r.v.reason);
	for (int i = 0; i < CHECK_NR; i++) {
		const struct verdict_check *c = &self->r.v.checks[i];

		if (!c->applies)
			continue;
		EXPECT_EQ(VERDICT_PASS, c->status) TH_LOG("%s: %s", c->name, c->reason);
	}
}

TEST_F(made, isolated)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	SW(0, 0, 0, RUNNABLE, 100);
	SW(0, 500 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_PASS, KIND_OK);
	REASON("2 cgroups");
}

TEST_F(made, isolated_fails_when_a_task_runs_where_it_must_not)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	SW(1, 300 * MS, 0, RUNNABLE, 100);
	SW(1, 310 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
	REASON("t.c:1: tasks of cgroup a ran on CPU 1, outside of CPUs 0, for about 10.");
	REASON("0.300 s into the window");
}

TEST_F(made, isolated_fails_for_a_task_outside_of_its_own_affinity)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	feed_affinity(F, 0, T0, 101, 1);
	SW(1, 300 * MS, 0, RUNNABLE, 101);
	SW(1, 310 * MS, 101, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
	REASON("task 101 (b0) of cgroup b ran on CPU 1, outside of its affinity");
}

TEST_F(made, isolated_believes_a_worker_too)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	W(0)->off_cpuset = 3;
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
	REASON("worker a/w0/0 was seen 3 times");
	/* Its grace is told by the guest's clock, and so is where it stood when. */
	self->r.ev->events.nr_stills = 1;
	POINT("cpuset_kept", VERDICT_INCONCLUSIVE, KIND_OFF_CPUSET);
	REASON("but the guest's clock stood still 1 times");
}

/* The cpuset of a moves from CPU 0 to CPU 1 after half a second. */
static void change(struct run *r)
{
	cgroups(r);
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 500));
	run_op(r, OP(KTSTR_V_CPUSET, .cgroup = "a", CPUS(2)));
	hold_1s(r);
	workers(r, 500, 0);
}

TEST_F(made, isolated_gives_a_change_its_time)
{
	change(&self->r);
	SW(0, 0, 0, RUNNABLE, 100);
	SW(0, 550 * MS, 100, PREEMPTED, 0);
	SW(1, 551 * MS, 0, RUNNABLE, 100);
	SW(1, 1400 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_PASS, KIND_OK);
}

/* The same, and the weight of b right behind it. */
static void change_and_more(struct run *r)
{
	cgroups(r);
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 500));
	run_op(r, OP(KTSTR_V_CPUSET, .cgroup = "a", CPUS(2)));
	/* Some time is between them, in which the change shows. */
	r->now_ns += 10 * US;
	run_op(r, OP(KTSTR_V_WEIGHT, .cgroup = "b", .value = 50));
	hold_1s(r);
	workers(r, 500, 0);
}

TEST_F(made, isolated_gives_a_change_its_time_whatever_follows_it)
{
	change_and_more(&self->r);
	SW(0, 0, 0, RUNNABLE, 100);
	SW(0, 550 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_PASS, KIND_OK);
}

TEST_F(made, isolated_gives_a_change_no_second_time_for_what_follows_it)
{
	change_and_more(&self->r);
	SW(0, 0, 0, RUNNABLE, 100);
	SW(0, 553 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
}

TEST_F(made, isolated_gives_a_change_no_more_than_that)
{
	change(&self->r);
	SW(0, 0, 0, RUNNABLE, 100);
	SW(0, 553 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
	REASON("outside of CPUs 1");
}

TEST_F(made, isolated_knows_the_new_cpuset_only_after_the_change)
{
	change(&self->r);
	SW(1, 490 * MS, 0, RUNNABLE, 100);
	SW(1, 495 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
	REASON("outside of CPUs 0");
}

TEST_F(made, isolated_of_one_cgroup_is_a_point_of_its_own)
{
	cgroups(&self->r);
	WANT_OF(ISOLATED, .cgroup = "a");
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	SW(1, 300 * MS, 0, RUNNABLE, 100);
	SW(1, 310 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept(a)", VERDICT_FAIL, KIND_OFF_CPUSET);
	POINT("cpuset_kept", VERDICT_PASS, KIND_OK);
}

TEST_F(made, isolated_of_a_cgroup_that_no_event_named_is_no_success)
{
	cgroups(&self->r);
	RUN(KTSTR_V_CGROUP, .cgroup = "c", CPUS(1));
	WANT_OF(ISOLATED, .cgroup = "c");
	hold_1s(&self->r);
	workers(&self->r, 1000, 1000);
	both_run(&self->r);
	POINT("cpuset_kept(c)", VERDICT_SKIP, KIND_NO_DATA);
	REASON("t.c:1: no event told");
	EXPECT_NE(VERDICT_PASS, self->r.v.status);
	POINT("cpuset_kept", VERDICT_PASS, KIND_OK);
}

TEST_F(made, isolated_holds_of_cgroups_that_a_worker_made)
{
	cgroups(&self->r);
	feed_cgroup(F, 0, T0, 7, "/ktstr/a/own");
	feed_task(F, KTSTR_EV_TASK, 0, T0, 102, 0, 7, "child");
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	SW(1, 300 * MS, 0, RUNNABLE, 102);
	SW(1, 310 * MS, 102, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
	REASON("cgroup a/own ran on CPU 1, outside of CPUs 0");
}

/* 100 wakeups of 101, @late of them take 50 ms, the others 1 ms. */
static void wakeups(struct run *r, int late)
{
	struct feed *f = &r->g->feed;
	uint64_t t = T0;

	feed_switch(f, 1, t, 101, ASLEEP, 0);
	for (int i = 0; i < 100; i++) {
		feed_wake(f, KTSTR_EV_WAKEUP, 1, t += 1 * MS, 101, 1, 0);
		feed_switch(f, 1, t += (i < late ? 50 : 1) * MS, 0, RUNNABLE, 101);
		feed_switch(f, 1, t += 1 * MS, 101, ASLEEP, 0);
	}
}

/* As many cgroups as there are places for, and then the one that counts. */
static void crowd_of_cgroups(struct run *r)
{
	char path[64];

	for (uint32_t i = 0; i < EVENT_CGROUPS_MAX; i++) {
		snprintf(path, sizeof(path), "/ktstr/b/n%u", i);
		feed_cgroup(&r->g->feed, 0, T0, 1000 + i, path);
		guest_flush(r->g, 0);
	}
	feed_cgroup(&r->g->feed, 0, T0, 7, "/ktstr/a/own");
	feed_task(&r->g->feed, KTSTR_EV_TASK, 0, T0, 102, 0, 7, "child");
}

TEST_F(made, with_more_cgroups_than_can_be_followed_nothing_is_a_success)
{
	static const char * const names[] = {
		"cpuset_kept", "wake_latency_p99", "migrations", "llc_local",
	};

	cgroups(&self->r);
	WANT(WAKE_LATENCY, .pct = 99);
	WANT(MIGRATIONS, .bound = 100);
	WANT(LLC_LOCAL, .min = 1);
	crowd_of_cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	wakeups(&self->r, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		POINT(names[i], VERDICT_SKIP, KIND_NO_DATA);
		REASON("more tasks or cgroups than can be followed");
	}
}

TEST_F(made, isolated_fails_of_what_is_known_in_a_crowd)
{
	cgroups(&self->r);
	crowd_of_cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 0);
	SW(1, 300 * MS, 0, RUNNABLE, 100);
	SW(1, 310 * MS, 100, PREEMPTED, 0);
	POINT("cpuset_kept", VERDICT_FAIL, KIND_OFF_CPUSET);
}

TEST_F(made, with_more_tasks_than_can_be_followed_isolation_is_no_success)
{
	cgroups(&self->r);
	for (uint32_t i = 0; i < EVENT_TASKS_MAX; i++) {
		feed_task(F, KTSTR_EV_TASK, 0, T0, 1000 + i, 0, IN_A, "many");
		guest_flush(self->r.g, 0);
	}
	hold_1s(&self->r);
	workers(&self->r, 1000, 1000);
	both_run(&self->r);
	POINT("cpuset_kept", VERDICT_SKIP, KIND_NO_DATA);
	/* One that nobody follows may have waited beside an idle CPU. */
	POINT("work_conserving", VERDICT_SKIP, KIND_NO_DATA);
	REASON("more tasks or cgroups than can be followed");
}

/* CPU 1 idles, and of 100 and 101 one waits for CPU 0 at any time, for @ms. */
static void crowd(struct run *r, uint64_t ms)
{
	struct feed *f = &r->g->feed;

	feed_switch(f, 1, T0, 99, ASLEEP, 0);
	feed_switch(f, 0, T0, 0, RUNNABLE, 100);
	feed_wake(f, KTSTR_EV_WAKEUP, 0, T0, 101, 0, 0);
	for (uint64_t t = 10; t < ms; t += 10)
		feed_switch(f, 0, T0 + t * MS, 100 + (t / 10 + 1) % 2, PREEMPTED,
			    100 + t / 10 % 2);
	feed_switch(f, 0, T0 + ms * MS, 100 + (ms / 10 + 1) % 2, ASLEEP, 100 + ms / 10 % 2);
}

TEST_F(made, work_conserving)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 500);
	crowd(&self->r, 90);
	POINT("work_conserving", VERDICT_PASS, KIND_OK);
	REASON("90.0 ms");
}

TEST_F(made, work_conserving_fails_beside_an_idle_cpu)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 500);
	crowd(&self->r, 400);
	POINT("work_conserving", VERDICT_FAIL, KIND_IDLED);
	REASON("CPU 1 was idle for 400.0 ms");
	run_host(&self->r, 299, 0);
	POINT("work_conserving", VERDICT_FAIL, KIND_IDLED);
	run_host(&self->r, 300, 0);
	POINT("work_conserving", VERDICT_INCONCLUSIVE, KIND_IDLED);
	REASON("up to 300.0 ms");
}

TEST_F(made, work_conserving_has_the_bound_of_the_test)
{
	cgroups(&self->r);
	WANT(WORK_CONSERVING, .bound = 50);
	hold_1s(&self->r);
	workers(&self->r, 500, 500);
	crowd(&self->r, 90);
	POINT("work_conserving", VERDICT_FAIL, KIND_IDLED);
	REASON("t.c:1: CPU 1");
}

TEST_F(made, work_conserving_asks_nothing_of_a_cpu_that_was_unplugged)
{
	cgroups(&self->r);
	RUN(KTSTR_V_HOLD, .value2 = 500);
	RUN(KTSTR_V_CPU_OFFLINE, .value = 1);
	RUN(KTSTR_V_HOLD, .value2 = 10);
	workers(&self->r, 500, 500);
	crowd(&self->r, 400);
	POINT("work_conserving", VERDICT_PASS, KIND_OK);
}

TEST_F(made, wake_latency)
{
	cgroups(&self->r);
	WANT_OF(WAKE_LATENCY, .cgroup = "b", .pct = 95, .bound = 5);
	hold_1s(&self->r);
	workers(&self->r, 0, 100);
	wakeups(&self->r, 5);
	POINT("wake_latency_p95(b)", VERDICT_PASS, KIND_OK);
	REASON("95 % of 100 wakeups ran within 1.0");
}

TEST_F(made, wake_latency_fails_when_too_many_are_late)
{
	cgroups(&self->r);
	WANT_OF(WAKE_LATENCY, .cgroup = "b", .pct = 95, .bound = 5);
	hold_1s(&self->r);
	workers(&self->r, 0, 100);
	wakeups(&self->r, 6);
	POINT("wake_latency_p95(b)", VERDICT_FAIL, KIND_LATE);
	REASON("within 50.");
	/* Five of them by 45 ms: that takes 225 ms of the host. */
	run_host(&self->r, 0, 220);
	POINT("wake_latency_p95(b)", VERDICT_FAIL, KIND_LATE);
	run_host(&self->r, 0, 230);
	POINT("wake_latency_p95(b)", VERDICT_INCONCLUSIVE, KIND_LATE);
}

TEST_F(made, wake_latency_of_nobody_is_no_success)
{
	cgroups(&self->r);
	WANT_OF(WAKE_LATENCY, .cgroup = "a", .pct = 95, .bound = 5);
	hold_1s(&self->r);
	workers(&self->r, 0, 100);
	wakeups(&self->r, 0);
	POINT("wake_latency_p95(a)", VERDICT_SKIP, KIND_NO_DATA);
	EXPECT_EQ(VERDICT_SKIP, self->r.v.checks[CHECK_NR].status);
	EXPECT_NE(VERDICT_PASS, self->r.v.status);
}

/* 101 runs 10 ms at a time, on the other CPU after every @every-th. */
static void wander(struct run *r, int every)
{
	struct feed *f = &r->g->feed;
	uint32_t cpu = 0;
	uint64_t t = T0;

	for (int i = 0; i < 50; i++) {
		feed_switch(f, cpu, t += 1 * MS, 0, RUNNABLE, 101);
		feed_switch(f, cpu, t += 10 * MS, 101, ASLEEP, 0);
		cpu ^= i % every == every - 1;
		feed_wake(f, KTSTR_EV_WAKEUP, cpu, t, 101, cpu, 0);
	}
}

TEST_F(made, migrations_and_locality)
{
	cgroups(&self->r);
	WANT_OF(MIGRATIONS, .cgroup = "b", .bound = 20);
	WANT_OF(LLC_LOCAL, .cgroup = "b", .min = 85);
	hold_1s(&self->r);
	workers(&self->r, 0, 500);
	wander(&self->r, 10);
	/* Four in half a second, of 49 placements. */
	POINT("migrations(b)", VERDICT_PASS, KIND_OK);
	REASON("8.0 migrations per second");
	POINT("llc_local(b)", VERDICT_PASS, KIND_OK);
	REASON("91.8 % of 49");
}

TEST_F(made, migrations_and_locality_fail_for_a_task_that_is_bounced)
{
	cgroups(&self->r);
	WANT_OF(MIGRATIONS, .cgroup = "b", .bound = 20);
	WANT_OF(LLC_LOCAL, .cgroup = "b", .min = 85);
	hold_1s(&self->r);
	workers(&self->r, 0, 500);
	wander(&self->r, 1);
	POINT("migrations(b)", VERDICT_FAIL, KIND_MIGRATIONS);
	REASON("98.0 migrations per second");
	POINT("llc_local(b)", VERDICT_FAIL, KIND_NOT_LOCAL);
	REASON("0.0 % of 49");
}

TEST_F(made, accounts_agree)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 1000, 970);
	both_run(&self->r);
	POINT("accounts_agree", VERDICT_PASS, KIND_OK);
	REASON("1.50 % apart");
	W(1)->cpu_ns = 950 * MS;
	POINT("accounts_agree", VERDICT_INCONCLUSIVE, KIND_ACCOUNT);
	REASON("worker b/w0/0: 50.0 ms");
	/* One that events never saw. */
	W(1)->cpu_ns = 1000 * MS;
	W(1)->pid = 777;
	POINT("accounts_agree", VERDICT_INCONCLUSIVE, KIND_ACCOUNT);
	W(0)->cpu_ns = W(1)->cpu_ns = 1;
	W(0)->pid = 778;
	POINT("accounts_agree", VERDICT_SKIP, KIND_NO_DATA);
}

/* Half of what events saw of 100 on its CPU was the host's, and the kernel told so. */
TEST_F(made, accounts_agree_when_half_of_it_was_stolen)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 500, 1000);
	SW(0, 0, 0, RUNNABLE, 100);
	SW(1, 0, 0, RUNNABLE, 101);
	feed_steal(F, 0, 500 * MS);
	SW(0, 1 * SEC - 1, 100, PREEMPTED, 0);
	SW(1, 1 * SEC - 1, 101, PREEMPTED, 0);
	self->r.ev->end.steal_ns = 500 * MS;
	POINT("accounts_agree", VERDICT_PASS, KIND_OK);
	REASON("0.00 % apart");
	/* The sum is right, and nobody ran what it says. */
	W(0)->cpu_ns = 1000 * MS;
	W(1)->cpu_ns = 500 * MS;
	POINT("accounts_agree", VERDICT_INCONCLUSIVE, KIND_ACCOUNT);
	REASON("50.00 % apart");
	REASON("worker a/w0/0: 500.0 ms");
}

/* Idle CPUs, from which much may have been stolen, hide nothing. */
TEST_F(made, accounts_agree_beside_idle_cpus)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 800, 0);
	SW(1, 0, 99, ASLEEP, 0);
	SW(0, 0, 0, RUNNABLE, 100);
	feed_steal(F, 0, 200 * MS);
	SW(0, 1 * SEC - 1, 100, PREEMPTED, 0);
	self->r.ev->end.steal_ns = 300 * MS;
	POINT("accounts_agree", VERDICT_PASS, KIND_OK);
	W(0)->cpu_ns = 770 * MS;
	POINT("accounts_agree", VERDICT_INCONCLUSIVE, KIND_ACCOUNT);
	REASON("3.00 % apart");
}

/* Nothing tells of a slice that has no end how much of it was stolen. */
TEST_F(made, accounts_agree_of_a_worker_that_never_left_its_cpu)
{
	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 900, 0);
	SW(0, 0, 0, RUNNABLE, 100);
	self->r.ev->end.steal_ns = 100 * MS;
	POINT("accounts_agree", VERDICT_PASS, KIND_OK);
	REASON("900.0 to 1000.0 ms, of 1000.0 ms on a CPU");
	W(0)->cpu_ns = 870 * MS;
	POINT("accounts_agree", VERDICT_INCONCLUSIVE, KIND_ACCOUNT);
	REASON("3.00 % apart");
}

/* None of these may be a success without all events. */
static const char * const by_events[] = {
	"cpuset_kept", "work_conserving", "accounts_agree", "wake_latency_p99", "migrations",
	"llc_local",
};

static void want_all(struct run *r)
{
	static const enum ktstr_expect_kind kinds[] = {
		KTSTR_X_WAKE_LATENCY, KTSTR_X_MIGRATIONS, KTSTR_X_LLC_LOCAL,
	};

	cgroups(r);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		run_op(r, OP(KTSTR_V_EXPECT, .expect = { .kind = kinds[i], .pct = 99 }));
	hold_1s(r);
	workers(r, 1000, 1000);
	both_run(r);
}

#define EXPECT_SKIPPED(_events, _kind, _text) do {					\
	verdict__judge(&self->r.v, &self->r.plan, self->r.ev, _events);			\
	for (size_t __i = 0; __i < sizeof(by_events) / sizeof(by_events[0]); __i++) {	\
		const struct verdict_check *__c = run_point(&self->r, by_events[__i]);	\
											\
		ASSERT_NE(NULL, __c) TH_LOG("no point %s", by_events[__i]);		\
		EXPECT_EQ(VERDICT_SKIP, __c->status)					\
			TH_LOG("%s: %s", __c->name, __c->reason);			\
		EXPECT_EQ(_kind, __c->kind) TH_LOG("%s: %s", __c->name, __c->reason);	\
		EXPECT_NE(NULL, strstr(__c->reason, _text)) TH_LOG("%s", __c->reason);	\
	}										\
	EXPECT_NE(VERDICT_PASS, self->r.v.status);					\
} while (0)

TEST_F(made, without_events_none_of_these_is_a_success)
{
	struct events_opts eo = { .sz = sizeof(eo) };
	struct events *none = events__new(&eo);

	want_all(&self->r);
	run_tell(&self->r);
	EXPECT_SKIPPED(NULL, KIND_NO_EVENTS, "asked for");
	events__finish(none);
	EXPECT_SKIPPED(none, KIND_NO_EVENTS, "no path");
	events__free(none);
}

static void body(struct ktstr_run *t)
{
	(void)t;
}

/* A guest without a path for events, whose workers are well: all else passes. */
TEST_F(made, what_only_a_body_asks_for_is_no_success_without_events_either)
{
	static const struct ktstr_test test = { .name = "made", .body = body };
	const struct ktstr_op *op = OP(KTSTR_V_EXPECT, .cgroup = "a", .expect = {
				       .kind = KTSTR_X_WAKE_LATENCY, .pct = 99 });
	struct events_opts eo = { .sz = sizeof(eo) };
	struct events *none = events__new(&eo);

	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 1000, 1000);
	memset(&self->r.ev->events, 0, sizeof(self->r.ev->events));
	self->r.ev->events.has_info = true;
	events__finish(none);
	self->r.plan.test = &test;
	verdict__judge(&self->r.v, &self->r.plan, self->r.ev, none);
	EXPECT_EQ(VERDICT_PASS, self->r.v.status) TH_LOG("%s", self->r.v.reason);
	op_did(self->r.ev, op, self->r.now_ns, self->r.now_ns);
	verdict__judge(&self->r.v, &self->r.plan, self->r.ev, none);
	EXPECT_EQ(VERDICT_SKIP, self->r.v.status);
	EXPECT_EQ(KIND_NO_EVENTS, self->r.v.kind);
	EXPECT_TRUE(self->r.v.checks[CHECK_BODY].asked);
	EXPECT_NE(NULL, strstr(self->r.v.reason, "wake_latency_p99(a): "))
		TH_LOG("%s", self->r.v.reason);
	events__free(none);
}

TEST_F(made, with_a_part_of_the_events_none_of_these_is_a_success)
{
	struct events_opts eo = { .sz = sizeof(eo) };
	struct events *part = events__new(&eo);
	struct guest *g = guest_new();

	want_all(&self->r);
	run_tell(&self->r);
	g->takers[0] = events__frame;
	g->args[0] = part;
	guest_part_run(g, 0xffffe, KTSTR_FILTER_CPUS);
	events__finish(part);
	EXPECT_SKIPPED(part, KIND_NO_EVENTS, "part");
	events__free(part);
	free(g);
}

TEST_F(made, with_a_hole_in_the_events_none_of_these_is_a_success)
{
	want_all(&self->r);
	guest_flush(self->r.g, 0);
	guest_flush(self->r.g, 1);
	/* A frame of CPU 1 is missing. */
	self->r.g->seq[2]++;
	WAKEUP(1 * SEC - 1, 101, 1);
	run_tell(&self->r);
	EXPECT_SKIPPED(self->r.events, KIND_EVENTS_LOST, "missing");
}

TEST_F(made, defaults_that_were_skipped_do_not_decide)
{
	struct events_opts eo = { .sz = sizeof(eo) };
	struct events *none = events__new(&eo);

	cgroups(&self->r);
	hold_1s(&self->r);
	workers(&self->r, 1000, 1000);
	memset(&self->r.ev->events, 0, sizeof(self->r.ev->events));
	self->r.ev->events.has_info = true;
	self->r.told = true;
	events__finish(none);
	verdict__judge(&self->r.v, &self->r.plan, self->r.ev, none);
	EXPECT_EQ(VERDICT_PASS, self->r.v.status) TH_LOG("%s", self->r.v.reason);
	EXPECT_EQ(VERDICT_SKIP, self->r.v.checks[CHECK_CONSERVING].status);
	events__free(none);
}

TEST_HARNESS_MAIN
