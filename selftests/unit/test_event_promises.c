// SPDX-License-Identifier: GPL-2.0-only
/*
 * What expectations ask of events: CPUs idle beside waiting tasks, tasks where they may not
 * be, placements, and who ran where when.
 */
#include "unit.h"

#include <ktstr/dev.h>

#include "event_feed.h"
#include "host/event_places.h"

#define T0	(5 * SEC)

FIXTURE(promise)
{
	struct event_state *s;
	struct feed f;
};

FIXTURE_SETUP(promise)
{
	/* CPUs 0 to 3: one node, two LLCs of two. */
	struct event_state_opts opts = { .sz = sizeof(opts), .topology = { 1, 2, 2, 1 } };

	self->s = event_state__new(&opts);
	ASSERT_NE(NULL, self->s);
	self->f = (struct feed){ .fn = { event_state__record }, .arg = { self->s } };
	feed_task(&self->f, KTSTR_EV_TASK, 0, T0, 10, 0, 7, "ten");
	feed_task(&self->f, KTSTR_EV_TASK, 0, T0, 11, 0, 7, "eleven");
	feed_affinity(&self->f, 0, T0, 10, 0xf);
	feed_affinity(&self->f, 0, T0, 11, 0xf);
}

FIXTURE_TEARDOWN(promise)
{
	event_state__free(self->s);
}

#define F	(&self->f)
#define SW(cpu, t, prev, state, next)	feed_switch(F, cpu, t, prev, state, next)
#define WAKEUP(t, pid, cpu)	feed_wake(F, KTSTR_EV_WAKEUP, cpu, t, pid, cpu, 0)
#define WASTED(cpu)		(&event_state__watch(self->s)->wasted[cpu])
#define CGROUP(id)		event_tasks__cgroup(event_state__tasks(self->s), id)

/* 10 and 11 take turns on CPU 0 and CPU 1 is idle: neither waits for long, but one always does. */
TEST_F(promise, a_cpu_that_is_ignored_is_seen_although_no_task_waits_for_long)
{
	SW(1, T0 + 1 * MS, 99, ASLEEP, 0);
	SW(0, T0 + 2 * MS, 0, RUNNABLE, 10);
	WAKEUP(T0 + 3 * MS, 11, 0);
	for (int i = 0; i < 100; i++)
		SW(0, T0 + (4 + i) * MS, 10 + i % 2, PREEMPTED, 11 - i % 2);
	SW(0, T0 + 200 * MS, 10, ASLEEP, 11);
	SW(0, T0 + 300 * MS, 11, ASLEEP, 0);
	event_state__end(self->s, 0);
	EXPECT_EQ(197 * MS, WASTED(1)->ns);
	EXPECT_EQ(T0 + 200 * MS, WASTED(1)->at_ns);
	EXPECT_EQ(11, WASTED(1)->pid);
	EXPECT_EQ(0, WASTED(0)->ns);
	EXPECT_EQ(0, WASTED(2)->ns);
}

TEST_F(promise, a_task_may_wait_beside_an_idle_cpu_that_is_not_for_it)
{
	feed_affinity(F, 0, T0, 11, 0x1);
	SW(1, T0 + 1 * MS, 99, ASLEEP, 0);
	SW(0, T0 + 2 * MS, 0, RUNNABLE, 10);
	WAKEUP(T0 + 3 * MS, 11, 0);
	SW(0, T0 + 100 * MS, 10, ASLEEP, 11);
	event_state__end(self->s, 0);
	EXPECT_EQ(0, WASTED(1)->ns);
}

TEST_F(promise, the_time_counts_from_when_its_affinity_lets_it)
{
	feed_affinity(F, 0, T0, 11, 0x1);
	SW(1, T0 + 1 * MS, 99, ASLEEP, 0);
	SW(0, T0 + 2 * MS, 0, RUNNABLE, 10);
	WAKEUP(T0 + 3 * MS, 11, 0);
	feed_affinity(F, 0, T0 + 60 * MS, 11, 0x3);
	feed_affinity(F, 0, T0 + 80 * MS, 11, 0x1);
	SW(0, T0 + 100 * MS, 10, ASLEEP, 11);
	event_state__end(self->s, 0);
	EXPECT_EQ(20 * MS, WASTED(1)->ns);
	EXPECT_EQ(T0 + 80 * MS, WASTED(1)->at_ns);
}

TEST_F(promise, tasks_of_unknown_affinity_blame_nobody)
{
	SW(1, T0 + 1 * MS, 99, ASLEEP, 0);
	SW(0, T0 + 2 * MS, 0, RUNNABLE, 10);
	WAKEUP(T0 + 3 * MS, 50, 0);
	SW(0, T0 + 100 * MS, 10, ASLEEP, 50);
	event_state__end(self->s, 0);
	EXPECT_EQ(0, WASTED(1)->ns);
}

TEST_F(promise, what_goes_on_at_the_end_counts_and_what_was_before_the_window_does_not)
{
	SW(1, T0 + 1 * MS, 99, ASLEEP, 0);
	SW(0, T0 + 2 * MS, 0, RUNNABLE, 10);
	WAKEUP(T0 + 3 * MS, 11, 0);
	feed_mark(F, 0, T0 + 50 * MS, KTSTR_MARK_WINDOW_BEGIN, 0);
	feed_mark(F, 0, T0 + 90 * MS, KTSTR_MARK_WINDOW_END, 0);
	EXPECT_EQ(40 * MS, WASTED(1)->ns);
	EXPECT_EQ(T0 + 90 * MS, WASTED(1)->at_ns);
}

TEST_F(promise, throttled_tasks_do_not_wait)
{
	feed_cgroup(F, 0, T0, 7, "/ktstr/a");
	SW(1, T0 + 1 * MS, 99, ASLEEP, 0);
	SW(0, T0 + 2 * MS, 0, RUNNABLE, 10);
	feed_throttle(F, 0, T0 + 3 * MS, 7, true);
	SW(0, T0 + 3 * MS, 10, PREEMPTED, 0);
	feed_throttle(F, 0, T0 + 80 * MS, 7, false);
	SW(0, T0 + 81 * MS, 0, RUNNABLE, 10);
	event_state__end(self->s, 0);
	EXPECT_EQ(1 * MS, WASTED(1)->ns);
}

TEST_F(promise, running_outside_of_the_affinity_counts_after_a_grace)
{
	SW(0, T0 + 10 * MS, 0, RUNNABLE, 10);
	feed_affinity(F, 0, T0 + 20 * MS, 10, 0x2);
	SW(0, T0 + 20 * MS + EVENT_STRAY_GRACE_NS, 10, PREEMPTED, 0);
	EXPECT_EQ(0, CGROUP(7)->strayed_ns);
	SW(2, T0 + 100 * MS, 0, RUNNABLE, 10);
	SW(2, T0 + 107 * MS, 10, PREEMPTED, 0);
	SW(3, T0 + 110 * MS, 0, RUNNABLE, 10);
	SW(3, T0 + 112 * MS, 10, PREEMPTED, 0);
	SW(1, T0 + 120 * MS, 0, RUNNABLE, 10);
	event_state__end(self->s, T0 + 500 * MS);
	EXPECT_EQ(9 * MS, CGROUP(7)->strayed_ns);
	EXPECT_EQ(7 * MS, CGROUP(7)->strayed.ns);
	EXPECT_EQ(2, CGROUP(7)->strayed.cpu);
	EXPECT_EQ(10, CGROUP(7)->strayed.pid);
	EXPECT_STREQ("ten", CGROUP(7)->strayed.comm);
}

TEST_F(promise, time_before_a_move_is_of_the_cgroup_before)
{
	SW(0, T0 + 10 * MS, 0, RUNNABLE, 10);
	feed_task(F, KTSTR_EV_CGROUP_ATTACH, 1, T0 + 40 * MS, 10, 0, 8, "ten");
	SW(0, T0 + 60 * MS, 10, ASLEEP, 0);
	event_state__end(self->s, 0);
	EXPECT_EQ(30 * MS, CGROUP(7)->account.run_ns);
	EXPECT_EQ(20 * MS, CGROUP(8)->account.run_ns);
	EXPECT_EQ(50 * MS, histogram__max(event_state__totals(self->s)->account.slice.h));
	EXPECT_EQ(1, histogram__count(event_state__totals(self->s)->account.slice.h));
}

TEST_F(promise, placements_are_wakeups_and_moves)
{
	const struct event_account *a = &CGROUP(7)->account;

	SW(0, T0 + 1 * MS, 0, RUNNABLE, 10);
	SW(0, T0 + 2 * MS, 10, PREEMPTED, 11);
	/* Back on the same CPU without a wakeup: nobody chose. */
	SW(0, T0 + 3 * MS, 11, ASLEEP, 10);
	EXPECT_EQ(0, a->placements);
	WAKEUP(T0 + 4 * MS, 11, 1);
	SW(1, T0 + 5 * MS, 0, RUNNABLE, 11);
	WAKEUP(T0 + 6 * MS, 11, 1);
	SW(1, T0 + 7 * MS, 11, ASLEEP, 0);
	WAKEUP(T0 + 8 * MS, 11, 1);
	SW(1, T0 + 9 * MS, 0, RUNNABLE, 11);
	SW(0, T0 + 10 * MS, 10, PREEMPTED, 0);
	SW(2, T0 + 11 * MS, 0, RUNNABLE, 10);
	EXPECT_EQ(3, a->placements);
	EXPECT_EQ(1, a->moves[EVENT_MOVE_LLC]);
	EXPECT_EQ(1, a->moves[EVENT_MOVE_NODE]);
}

FIXTURE(places)
{
	struct event_places *p;
	uint64_t at;
};

FIXTURE_SETUP(places)
{
	self->p = event_places__new();
	ASSERT_NE(NULL, self->p);
	event_places__begin(self->p, T0);
}

FIXTURE_TEARDOWN(places)
{
	event_places__free(self->p);
}

#define ADD(cg, cpu, from, to)	event_places__add(self->p, cg, cpu, T0 + (from), T0 + (to))
#define RAN(cg, cpu, from, to)	\
	event_places__ran(self->p, cg, cpu, T0 + (from), T0 + (to), &self->at)

TEST_F(places, who_ran_where_and_when)
{
	ADD(7, 1, 10 * MS, 12 * MS);
	EXPECT_EQ(2 * MS, RAN(7, 1, 0, 100 * MS));
	EXPECT_EQ(T0 + 10 * MS, self->at);
	EXPECT_EQ(0, RAN(7, 0, 0, 100 * MS));
	EXPECT_EQ(0, RAN(8, 1, 0, 100 * MS));
	EXPECT_EQ(0, RAN(7, 1, 0, 10 * MS));
	EXPECT_EQ(0, RAN(7, 1, 12 * MS, 100 * MS));
	EXPECT_EQ(1 * MS, RAN(7, 1, 11 * MS, 100 * MS));
	EXPECT_EQ(0, RAN(7, 1, 20 * MS, 10 * MS));
}

TEST_F(places, parts_that_are_half_inside_prove_nothing)
{
	ADD(7, 1, 10 * MS, 10 * MS + 1);
	EXPECT_EQ(0, RAN(7, 1, 10 * MS + 1, 11 * MS));
	EXPECT_EQ(0, RAN(7, 1, 9 * MS, 10 * MS + 100 * US));
	EXPECT_EQ(250 * US, RAN(7, 1, 10 * MS, 10 * MS + 250 * US));
}

TEST_F(places, a_long_run_makes_parts_wider_and_loses_nothing)
{
	ADD(7, 1, 10 * MS, 11 * MS);
	ADD(7, 3, 100 * SEC, 100 * SEC + 1 * MS);
	EXPECT_EQ(4 * MS, event_places__width_ns(self->p));
	EXPECT_NE(0, RAN(7, 1, 0, 100 * SEC));
	EXPECT_EQ(T0 + 8 * MS, self->at);
	EXPECT_NE(0, RAN(7, 3, 0, 200 * SEC));
	EXPECT_EQ(0, RAN(7, 3, 0, 99 * SEC));
	/* Times of a hostile stream. */
	event_places__add(self->p, 7, 1, UINT64_MAX - 5, UINT64_MAX);
	event_places__add(self->p, 7, 1, 0, 1);
	EXPECT_NE(0, RAN(7, 1, 0, 1ull << 63));
}

TEST_F(places, room_is_bounded_and_its_end_is_told)
{
	for (uint32_t i = 0; i < EVENT_PLACES_MAX; i++)
		ADD(1 + i / 1024, i % 1024, 0, 1 * MS);
	EXPECT_EQ(0, event_places__dropped(self->p));
	ADD(99, 0, 0, 1 * MS);
	EXPECT_EQ(1, event_places__dropped(self->p));
	EXPECT_EQ(0, RAN(99, 0, 0, 1 * SEC));
	EXPECT_EQ(1 * MS, RAN(4, 1023, 0, 1 * SEC));
	event_places__begin(self->p, T0);
	EXPECT_EQ(0, event_places__dropped(self->p));
	EXPECT_EQ(0, RAN(4, 1023, 0, 1 * SEC));
}

TEST_HARNESS_MAIN
