// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schedules whose metrics are known by construction.
 */
#include "event_sched.h"

static uint64_t series_sum(const struct event_series *s)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < EVENT_SERIES; i++)
		sum += s->ns[i];
	return sum;
}

/* Three tasks take turns of 1 ms on one CPU for 300 turns. */
TEST_F(sched, round_robin)
{
	for (int i = 0; i < 300; i++)
		SW(0, T0 + i * MS, 10 + i % 3, PREEMPTED, 10 + (i + 1) % 3);
	ASSERT_EQ(T0 + 299 * MS, event_state__end(self->s, 0));
	check_conservation(_metadata, self->s);
	for (int i = 10; i < 13; i++) {
		const struct event_account *a = &TASK(i)->account;

		/* 299 ms; the last turn has just begun for 10. */
		EXPECT_EQ((i == 10 ? 99 : 100) * MS, a->run_ns);
		EXPECT_EQ(1 * MS, histogram__max(a->slice.h));
		EXPECT_EQ(1 * MS, histogram__min(a->slice.h));
		EXPECT_EQ(100, a->runs);
		EXPECT_EQ(100, a->preempted);
		EXPECT_EQ(0, a->wakeups);
		EXPECT_EQ(NULL, a->wake.h);
		/* Who has run waits for the two others. */
		EXPECT_EQ(2 * MS, histogram__max(a->delay.h));
		EXPECT_EQ(2 * MS, histogram__percentile(a->delay.h, 50));
		EXPECT_EQ(a->run_ns, series_sum(&a->share));
	}
	EXPECT_EQ(299 * MS, CPU(0)->account.run_ns);
	EXPECT_EQ(0, CPU(0)->idle_ns);
	EXPECT_EQ(299 * MS, CPU(1)->unknown_ns);
	EXPECT_EQ(299, histogram__count(CPU(0)->account.slice.h));
	EXPECT_EQ(0, TOTALS->inconsistent);
	EXPECT_EQ(0, WATCH->nr_starved);
	EXPECT_EQ(0, WATCH->nr_idled);
}

TEST_F(sched, wake_to_run)
{
	/* 10 sleeps; woken 3 us before it is queued, it runs 40 us after that. */
	SW(1, T0, 10, ASLEEP, 0);
	for (uint64_t t = T0 + MS; t <= T0 + 10 * MS; t += MS) {
		WAKING(t, 10, 1);
		WAKEUP(t + 3 * US, 10, 1);
		SW(1, t + 43 * US, 0, RUNNABLE, 10);
		SW(1, t + 143 * US, 10, ASLEEP, 0);
	}
	event_state__end(self->s, T0 + 11 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(43 * US, histogram__max(TASK(10)->account.wake.h));
	EXPECT_EQ(43 * US, histogram__min(TASK(10)->account.wake.h));
	EXPECT_EQ(40 * US, histogram__max(TASK(10)->account.delay.h));
	EXPECT_EQ(10, TASK(10)->account.wakeups);
	EXPECT_EQ(10, histogram__count(TOTALS->account.wake.h));
	EXPECT_EQ(10 * 40 * US, TASK(10)->account.wait_ns);
	EXPECT_EQ(10 * 100 * US, TASK(10)->account.run_ns);
	EXPECT_EQ(11 * MS - 1000 * US, CPU(1)->idle_ns);
	EXPECT_EQ(11, CPU(1)->idles);
	EXPECT_EQ(0, TASK(10)->account.preempted);
}

TEST_F(sched, a_second_wakeup_changes_nothing)
{
	SW(1, T0, 10, ASLEEP, 0);
	WAKEUP(T0 + 10 * US, 10, 1);
	WAKING(T0 + 20 * US, 10, 1);
	WAKEUP(T0 + 30 * US, 10, 1);
	SW(1, T0 + 50 * US, 0, RUNNABLE, 10);
	EXPECT_EQ(40 * US, histogram__max(TASK(10)->account.wake.h));
	EXPECT_EQ(40 * US, histogram__max(TASK(10)->account.delay.h));
	EXPECT_EQ(1, TASK(10)->account.wakeups);
}

TEST_F(sched, the_worst_ten_are_told_with_their_time)
{
	const struct event_worst *w;
	uint64_t t = T0;

	SW(1, t, 10, ASLEEP, 0);
	for (uint64_t i = 1; i <= 50; i++) {
		/* 7 is coprime to 50: every latency once, in no order. */
		uint64_t us = 1 + i * 7 % 50;

		t += MS;
		WAKEUP(t, 10, 1);
		SW(1, t + us * US, 0, RUNNABLE, 10);
		SW(1, t + 100 * US, 10, ASLEEP, 0);
	}
	w = &TOTALS->account.wake.worst;
	ASSERT_EQ(EVENT_WORST, w->nr);
	for (uint32_t i = 0; i < w->nr; i++) {
		EXPECT_EQ((50 - i) * US, w->m[i].ns);
		EXPECT_EQ(10, w->m[i].pid);
		EXPECT_EQ(1, w->m[i].cpu);
		EXPECT_EQ(w->m[i].ns, (w->m[i].at_ns - T0) % MS);
	}
	EXPECT_EQ(50 * US, histogram__max(TOTALS->account.wake.h));
}

/* Three ways to be woken while still on a CPU. */
TEST_F(sched, woken_on_its_way_to_sleep)
{
	SW(0, T0, 0, RUNNABLE, 10);
	/* It never left the runqueue. */
	WAKING(T0 + 10 * US, 10, 0);
	WAKEUP(T0 + 11 * US, 10, 0);
	SW(0, T0 + 20 * US, 10, RUNNABLE, 11);
	SW(0, T0 + 30 * US, 11, ASLEEP, 10);
	EXPECT_EQ(0, TASK(10)->account.wakeups);
	EXPECT_EQ(NULL, TASK(10)->account.wake.h);
	EXPECT_EQ(10 * US, histogram__max(TASK(10)->account.delay.h));
	/* It left, and was queued again. */
	WAKING(T0 + 40 * US, 10, 0);
	SW(0, T0 + 42 * US, 10, ASLEEP, 0);
	WAKEUP(T0 + 45 * US, 10, 1);
	SW(1, T0 + 50 * US, 0, RUNNABLE, 10);
	EXPECT_EQ(1, TASK(10)->account.wakeups);
	EXPECT_EQ(8 * US, histogram__max(TASK(10)->account.wake.h));
	EXPECT_EQ(1, TASK(10)->account.moves[EVENT_MOVE_SMT]);
	/* Woken, and before it slept it was over; then it sleeps. */
	WAKING(T0 + 60 * US, 10, 1);
	WAKEUP(T0 + 60 * US, 10, 1);
	SW(1, T0 + 70 * US, 10, ASLEEP, 0);
	EXPECT_EQ(EVENT_TASK_SLEEPING, TASK(10)->state);
	event_state__end(self->s, 0);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(0, TOTALS->inconsistent);
}

TEST_F(sched, migrations_by_distance)
{
	static const uint8_t path[] = { 0, 1, 2, 0, 4, 5, 7, 7, 3 };
	uint64_t t = T0;

	for (size_t i = 0; i < sizeof(path); i++) {
		SW(path[i], t++, 0, RUNNABLE, 10);
		SW(path[i], t++, 10, RUNNABLE, 0);
	}
	EXPECT_EQ(2, TASK(10)->account.moves[EVENT_MOVE_SMT]);	/* 0-1 4-5 */
	EXPECT_EQ(3, TASK(10)->account.moves[EVENT_MOVE_LLC]);	/* 1-2 2-0 5-7 */
	EXPECT_EQ(0, TASK(10)->account.moves[EVENT_MOVE_NODE]);
	EXPECT_EQ(2, TASK(10)->account.moves[EVENT_MOVE_FAR]);	/* 0-4 7-3 */
	EXPECT_EQ(2, CPU(5)->account.moves[EVENT_MOVE_SMT] + CPU(1)->account.moves[0]);
	EXPECT_EQ(0, TOTALS->migrations);
	feed_migrate(F, 0, t, 10, 3, 6);
	EXPECT_EQ(1, TOTALS->migrations);
}

TEST(distances)
{
	struct ktstr_topology t = { .nodes = 2, .llcs = 4, .cores = 2, .threads = 2 };

	EXPECT_EQ(EVENT_MOVE_SMT, event_distance__of(&t, 0, 1));
	EXPECT_EQ(EVENT_MOVE_LLC, event_distance__of(&t, 1, 2));
	EXPECT_EQ(EVENT_MOVE_NODE, event_distance__of(&t, 3, 4));
	EXPECT_EQ(EVENT_MOVE_FAR, event_distance__of(&t, 7, 8));
	EXPECT_EQ(EVENT_MOVE_NODE, event_distance__of(&t, 15, 8));
	EXPECT_EQ(EVENT_MOVE_FAR, event_distance__of(&t, 16, 0));
	for (int d = 0; d <= EVENT_MOVES; d++)
		EXPECT_NE(NULL, event_distance__name(d));
}

/* 11 waits on CPU 0 from T0 + 50 ms for 400 ms; the switch that ends it is the last event. */
TEST_F(sched, starvation_with_what_was_around)
{
	const struct event_starved *s;

	feed_cgroup(F, 3, T0, 77, "/work/slow");
	feed_task(F, KTSTR_EV_TASK, 3, T0, 11, 1, 77, "victim");
	SW(0, T0, 10, PREEMPTED, 11);
	SW(0, T0 + 50 * MS, 11, PREEMPTED, 10);
	for (int i = 1; i < 40; i++)
		SW(0, T0 + 50 * MS + i * 10 * MS, i % 2 ? 10 : 12, PREEMPTED, i % 2 ? 12 : 10);
	EXPECT_EQ(0, WATCH->nr_starved);	/* it goes on */
	SW(0, T0 + 450 * MS, 12, ASLEEP, 11);
	ASSERT_EQ(1, WATCH->nr_starved);
	s = &WATCH->starved[0];
	EXPECT_EQ(400 * MS, s->task.ns);
	EXPECT_EQ(T0 + 450 * MS, s->task.at_ns);
	EXPECT_EQ(11, s->task.pid);
	EXPECT_STREQ("victim", s->task.comm);
	EXPECT_STREQ("/work/slow", s->path);
	EXPECT_TRUE(s->ended);
	/* Detected by the first event behind 150 ms: that of 160 ms is not in there yet. */
	ASSERT_EQ(12, s->nr_before);
	EXPECT_EQ(T0 + 150 * MS, s->before[11].time_ns);
	EXPECT_EQ(T0 + 50 * MS, s->before[1].time_ns);
	EXPECT_EQ(11, s->before[1].ev.pid);
	EXPECT_EQ(10, s->before[1].other);
	ASSERT_EQ(EVENT_AFTER, s->nr_after);
	EXPECT_EQ(T0 + 450 * MS, s->after[EVENT_AFTER - 1].time_ns);
	EXPECT_EQ(11, s->after[EVENT_AFTER - 1].other);
	/* No CPU was idle meanwhile, as far as is known. */
	EXPECT_EQ(0, WATCH->nr_idled);
}

TEST_F(sched, starvation_at_and_beyond_the_bound)
{
	SW(0, T0, 10, PREEMPTED, 11);
	SW(0, T0 + 100 * MS, 11, PREEMPTED, 10);
	EXPECT_EQ(0, WATCH->nr_starved);
	SW(0, T0 + 200 * MS + 1, 10, PREEMPTED, 11);
	EXPECT_EQ(1, WATCH->nr_starved);
	/* 10 waits, and 11 has the CPU until the end. */
	event_state__end(self->s, T0 + 400 * MS);
	EXPECT_EQ(2, WATCH->nr_starved);
	EXPECT_EQ(10, WATCH->starved[0].task.pid);
	EXPECT_EQ(200 * MS - 1, WATCH->starved[0].task.ns);
	EXPECT_FALSE(WATCH->starved[0].ended);
	EXPECT_EQ(200 * MS - 1 + 100 * MS + 1, WATCH->starved_ns);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(100 * MS + 200 * MS - 1, TASK(10)->account.wait_ns);
}

/* CPU 0 is shared while CPU 1 idles from 10 ms to 60 ms. */
static void idle_beside_a_queue(struct feed *f)
{
	feed_switch(f, 0, T0, 10, PREEMPTED, 11);
	feed_switch(f, 1, T0, 0, RUNNABLE, 13);
	feed_switch(f, 2, T0, 12, RUNNABLE, 14);
	feed_switch(f, 1, T0 + 10 * MS, 13, ASLEEP, 0);
	feed_switch(f, 1, T0 + 60 * MS, 0, RUNNABLE, 13);
	feed_switch(f, 0, T0 + 70 * MS, 11, ASLEEP, 10);
}

TEST_F(sched, a_cpu_idles_while_a_task_waits)
{
	feed_affinity(F, 2, T0, 10, 3);
	feed_affinity(F, 2, T0, 12, 4);
	idle_beside_a_queue(F);
	ASSERT_EQ(1, WATCH->nr_idled);
	EXPECT_EQ(50 * MS, WATCH->idled_ns);
	EXPECT_EQ(10, WATCH->idled[0].task.pid);
	EXPECT_EQ(0, WATCH->idled[0].task.cpu);
	EXPECT_EQ(1, WATCH->idled[0].idle_cpu);
	EXPECT_EQ(50 * MS, WATCH->idled[0].task.ns);
	EXPECT_FALSE(WATCH->idled[0].assumed);
}

TEST_F(sched, an_idle_cpu_that_may_not_be_used_is_not_blamed)
{
	feed_affinity(F, 2, T0, 10, 1);
	feed_affinity(F, 2, T0, 12, 1);
	idle_beside_a_queue(F);
	event_state__end(self->s, 0);
	EXPECT_EQ(0, WATCH->nr_idled);
}

TEST_F(sched, affinity_that_is_not_known)
{
	struct ktstr_ev_task k = {
		.h = { .type = KTSTR_EV_TASK, .flags = KTSTR_EVF_KTHREAD, .pid = 12 },
	};

	/* 10 is assumed to be free, the kernel thread 12 to be bound. */
	FEED(F, 2, T0, k);
	idle_beside_a_queue(F);
	event_state__end(self->s, 0);
	ASSERT_EQ(1, WATCH->nr_idled);
	EXPECT_EQ(10, WATCH->idled[0].task.pid);
	EXPECT_TRUE(WATCH->idled[0].assumed);
}

/* Ten milliseconds are no more than the bound; and two short ones are not a long one. */
TEST_F(sched, idle_up_to_the_bound)
{
	SW(0, T0, 10, PREEMPTED, 11);
	SW(1, T0, 13, ASLEEP, 0);
	SW(1, T0 + 10 * MS, 0, RUNNABLE, 13);
	SW(1, T0 + 11 * MS, 13, ASLEEP, 0);
	SW(1, T0 + 20 * MS, 0, RUNNABLE, 13);
	SW(0, T0 + 60 * MS, 11, ASLEEP, 10);
	EXPECT_EQ(0, WATCH->nr_idled);
	SW(1, T0 + 61 * MS, 13, ASLEEP, 0);
	SW(0, T0 + 61 * MS, 10, PREEMPTED, 12);
	/* The CPU that takes it in the end is the one that idled. */
	SW(1, T0 + 71 * MS + 1, 0, RUNNABLE, 10);
	ASSERT_EQ(1, WATCH->nr_idled);
	EXPECT_EQ(10 * MS + 1, WATCH->idled[0].task.ns);
	EXPECT_EQ(1, WATCH->idled[0].idle_cpu);
}

/*
 * Two tasks share CPU 0 from 0 to 100 ms, so that one of them waits. CPU 1 idles but for 1 ms
 * at 40 ms and at 80 ms, in which it runs @visitor of priority @prio.
 */
static void idle_but_for(struct feed *f, uint32_t visitor, uint16_t prio)
{
	struct ktstr_ev_switch visit = {
		.h = { .type = KTSTR_EV_SWITCH }, .next_pid = visitor,
		.prev_prio = 120, .next_prio = prio,
	};

	feed_affinity(f, 2, T0, 10, 7);
	feed_affinity(f, 2, T0, 11, 7);
	feed_switch(f, 0, T0, 10, PREEMPTED, 11);
	feed_switch(f, 1, T0, 15, ASLEEP, 0);
	feed_switch(f, 0, T0 + 20 * MS, 11, PREEMPTED, 10);
	FEED(f, 1, T0 + 40 * MS, visit);
	feed_switch(f, 1, T0 + 41 * MS, visitor, ASLEEP, 0);
	feed_switch(f, 0, T0 + 60 * MS, 10, PREEMPTED, 11);
	FEED(f, 1, T0 + 80 * MS, visit);
	feed_switch(f, 1, T0 + 81 * MS, visitor, ASLEEP, 0);
	feed_switch(f, 0, T0 + 100 * MS, 11, ASLEEP, 10);
}

TEST_F(sched, a_cpus_own_kernel_thread_does_not_end_its_idling)
{
	feed_affinity(F, 2, T0, 14, 2);
	idle_but_for(F, 14, 100);
	EXPECT_EQ(98 * MS, WATCH->wasted[1].ns);
	EXPECT_EQ(T0 + 100 * MS, WATCH->wasted[1].at_ns);
	EXPECT_EQ(10, WATCH->wasted[1].pid);
	EXPECT_EQ(0, WATCH->wasted[0].ns);
}

/* It may run anywhere; by its priority it runs in spite of any scheduler. */
TEST_F(sched, a_real_time_task_does_not_end_it_either)
{
	feed_affinity(F, 2, T0, 14, 3);
	idle_but_for(F, 14, 99);
	EXPECT_EQ(98 * MS, WATCH->wasted[1].ns);
}

TEST_F(sched, nor_does_a_deadline_task)
{
	idle_but_for(F, 14, UINT16_MAX);
	EXPECT_EQ(98 * MS, WATCH->wasted[1].ns);
}

TEST_F(sched, a_task_that_could_run_elsewhere_ends_it)
{
	feed_affinity(F, 2, T0, 14, 3);
	idle_but_for(F, 14, 100);
	EXPECT_EQ(40 * MS, WATCH->wasted[1].ns);
}

TEST_F(sched, a_task_whose_affinity_is_not_known_ends_it)
{
	idle_but_for(F, 14, 100);
	EXPECT_EQ(40 * MS, WATCH->wasted[1].ns);
}

/* Before and behind a moment without a waiting task are two times, however it falls. */
TEST_F(sched, nobody_waits_while_a_cpu_runs_its_own_thread)
{
	feed_affinity(F, 2, T0, 14, 2);
	feed_affinity(F, 2, T0, 10, 7);
	feed_affinity(F, 2, T0, 11, 7);
	SW(0, T0, 10, PREEMPTED, 11);
	SW(1, T0, 15, ASLEEP, 0);
	SW(1, T0 + 40 * MS, 0, RUNNABLE, 14);
	SW(0, T0 + 40 * MS + 100 * US, 11, ASLEEP, 10);
	feed_wake(F, KTSTR_EV_WAKEUP, 0, T0 + 40 * MS + 200 * US, 11, 10, 0);
	SW(1, T0 + 41 * MS, 14, ASLEEP, 0);
	SW(0, T0 + 71 * MS, 10, ASLEEP, 11);
	EXPECT_EQ(40 * MS, WATCH->wasted[1].ns);
	event_state__end(self->s, T0 + 80 * MS);
	EXPECT_EQ(40 * MS, WATCH->wasted[1].ns);
}

/* 1 of 2 s throttled: neither starving nor an idle CPU's fault. */
TEST_F(sched, throttled_time_is_nobodys_fault)
{
	feed_cgroup(F, 3, T0, 5, "/quota");
	feed_cgroup(F, 3, T0, 6, "/quota/inner");
	feed_cgroup(F, 3, T0, 7, "/quotas");
	feed_task(F, KTSTR_EV_TASK, 3, T0, 10, 1, 6, "stopped");
	feed_task(F, KTSTR_EV_TASK, 3, T0, 12, 1, 7, "free");
	SW(1, T0, 15, ASLEEP, 0);
	SW(0, T0, 10, PREEMPTED, 12);
	feed_throttle(F, 0, T0 + 5 * MS, 5, true);
	feed_throttle(F, 0, T0 + 6 * MS, 5, true);		/* told twice */
	feed_throttle(F, 0, T0 + 1005 * MS, 5, false);
	feed_throttle(F, 0, T0 + 1006 * MS, 5, false);
	SW(0, T0 + 1010 * MS, 12, ASLEEP, 10);
	EXPECT_EQ(0, WATCH->nr_starved);
	EXPECT_EQ(0, WATCH->nr_idled);
	EXPECT_EQ(1000 * MS, TASK(10)->account.throttled_ns);
	EXPECT_EQ(1010 * MS, TASK(10)->account.wait_ns);
	/* Woken into a throttled group, and it never ends; it moves out of it, too. */
	feed_throttle(F, 0, T0 + 1020 * MS, 6, true);
	SW(0, T0 + 1020 * MS, 10, PREEMPTED, 0);
	feed_migrate(F, 0, T0 + 1520 * MS, 10, 0, 1);
	SW(1, T0 + 1525 * MS, 0, RUNNABLE, 10);
	EXPECT_EQ(1500 * MS, TASK(10)->account.throttled_ns);
	EXPECT_EQ(0, WATCH->nr_starved);
	SW(1, T0 + 1530 * MS, 10, PREEMPTED, 0);
	feed_migrate(F, 0, T0 + 1530 * MS, 10, 1, 0);
	event_state__end(self->s, T0 + 3 * SEC);
	EXPECT_EQ(1500 * MS + 1470 * MS, TASK(10)->account.throttled_ns);
	EXPECT_EQ(0, WATCH->nr_starved);
	check_conservation(_metadata, self->s);
}

/* Neither a group of a name that only begins alike, nor another CPU of the same. */
TEST_F(sched, a_throttle_stops_its_own_only)
{
	feed_cgroup(F, 3, T0, 5, "/quota");
	feed_cgroup(F, 3, T0, 7, "/quotas");
	feed_task(F, KTSTR_EV_TASK, 3, T0, 10, 1, 7, "free");
	feed_task(F, KTSTR_EV_TASK, 3, T0, 11, 1, 5, "elsewhere");
	feed_throttle(F, 0, T0, 5, true);
	SW(0, T0, 10, PREEMPTED, 12);
	SW(1, T0, 11, PREEMPTED, 13);
	SW(0, T0 + 200 * MS, 12, ASLEEP, 10);
	SW(1, T0 + 200 * MS, 13, ASLEEP, 11);
	EXPECT_EQ(2, WATCH->nr_starved);
	EXPECT_EQ(0, TOTALS->account.throttled_ns);
}

/* The same without the throttle: what the test above rules out is found here. */
TEST_F(sched, the_same_wait_without_a_throttle_is_found)
{
	SW(1, T0, 15, ASLEEP, 0);
	SW(0, T0, 10, PREEMPTED, 12);
	SW(0, T0 + 1010 * MS, 12, ASLEEP, 10);
	EXPECT_EQ(1, WATCH->nr_starved);
	EXPECT_EQ(1, WATCH->nr_idled);
}

TEST_F(sched, cgroups_add_up)
{
	feed_task(F, KTSTR_EV_TASK, 3, T0, 10, 1, 5, "a");
	feed_task(F, KTSTR_EV_TASK, 3, T0, 11, 1, 5, "b");
	feed_task(F, KTSTR_EV_TASK, 3, T0, 12, 1, 6, "c");
	for (int i = 0; i < 100; i++) {
		SW(0, T0 + i * 4 * MS, 12, PREEMPTED, 10);
		SW(0, T0 + i * 4 * MS + 1 * MS, 10, PREEMPTED, 11);
		SW(0, T0 + i * 4 * MS + 3 * MS, 11, PREEMPTED, 12);
	}
	event_state__end(self->s, T0 + 400 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(300 * MS, event_tasks__cgroup(event_state__tasks(self->s), 5)->account.run_ns);
	EXPECT_EQ(100 * MS, event_tasks__cgroup(event_state__tasks(self->s), 6)->account.run_ns);
	EXPECT_EQ(0, event_tasks__cgroup(event_state__tasks(self->s), 0)->account.run_ns);
	/* 128 parts of 1 ms became parts of 4 ms: 3 of 4 ms are the cgroup's. */
	EXPECT_EQ(4 * MS, TASK(12)->account.share.width_ns);
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(3 * MS, event_tasks__cgroup(event_state__tasks(self->s), 5)
			  ->account.share.ns[i]);
}

/* From 20 to 50 ms of a turn that lasts from 0 to 100. */
TEST_F(sched, marks_cut_the_window)
{
	SW(0, T0, 10, PREEMPTED, 11);
	feed_mark(F, 3, T0 + 20 * MS, KTSTR_MARK_WINDOW_BEGIN, 0);
	EXPECT_EQ(T0 + 20 * MS, TOTALS->from_ns);
	EXPECT_EQ(0, TASK(11)->account.runs);
	SW(0, T0 + 40 * MS, 11, PREEMPTED, 10);
	feed_mark(F, 3, T0 + 45 * MS, 7, 8);
	feed_mark(F, 3, T0 + 50 * MS, KTSTR_MARK_WINDOW_END, 0);
	SW(0, T0 + 100 * MS, 10, PREEMPTED, 11);
	ASSERT_TRUE(TOTALS->ended);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(30 * MS, TOTALS->to_ns - TOTALS->from_ns);
	EXPECT_EQ(20 * MS, TASK(11)->account.run_ns);
	EXPECT_EQ(10 * MS, TASK(10)->account.run_ns);
	EXPECT_EQ(20 * MS, TASK(10)->account.wait_ns);
	EXPECT_EQ(10 * MS, TASK(11)->account.wait_ns);
	EXPECT_EQ(30 * MS, CPU(1)->unknown_ns);
	/* A wait that ends in the window counts from its beginning. */
	EXPECT_EQ(40 * MS, histogram__max(TOTALS->account.delay.h));
	ASSERT_EQ(3, TOTALS->nr_marks);
	EXPECT_EQ(7, TOTALS->marks[1].id);
	EXPECT_EQ(8, TOTALS->marks[1].arg);
	EXPECT_EQ(1, TOTALS->events[KTSTR_EV_SWITCH]);
}

TEST(nothing_counts_before_the_window)
{
	struct event_state_opts opts = {
		.sz = sizeof(opts), .topology = { 1, 1, 2, 1 }, .wait_for_window = true,
	};
	struct event_state *s = event_state__new(&opts);
	struct feed f = { .fn = { event_state__record }, .arg = { s } };

	feed_mark(&f, 0, T0, KTSTR_MARK_WINDOW_END, 0);		/* of nothing */
	feed_switch(&f, 0, T0, 10, PREEMPTED, 11);
	feed_switch(&f, 0, T0 + MS, 11, PREEMPTED, 10);
	EXPECT_FALSE(event_state__totals(s)->active);
	EXPECT_EQ(0, event_state__totals(s)->account.run_ns);
	/* Not before what has been seen. */
	EXPECT_EQ(T0 + MS, event_state__begin(s, T0));
	feed_switch(&f, 0, T0 + 3 * MS, 10, PREEMPTED, 11);
	event_state__end(s, T0 + 4 * MS);
	EXPECT_EQ(3 * MS, event_state__totals(s)->account.run_ns);
	check_conservation(_metadata, s);
	event_state__free(s);
}

/* What ran when the stream began is known at its first switch. */
TEST_F(sched, the_first_switch_tells_what_ran_before)
{
	SW(0, T0, 10, PREEMPTED, 11);
	SW(1, T0 + 5 * MS, 12, ASLEEP, 0);
	SW(2, T0 + 6 * MS, 0, RUNNABLE, 13);
	FEED(F, 3, T0 + 7 * MS, ((struct ktstr_event){ .type = KTSTR_EV_IDLE, .arg = 1 }));
	FEED(F, 4, T0 + 7 * MS, ((struct ktstr_event){ .type = KTSTR_EV_IDLE, .arg = 0xffff }));
	event_state__end(self->s, T0 + 10 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(5 * MS, TASK(12)->account.run_ns);
	EXPECT_EQ(6 * MS, CPU(2)->idle_ns);
	EXPECT_EQ(10 * MS, CPU(3)->idle_ns);
	EXPECT_EQ(10 * MS, CPU(4)->unknown_ns);
}

TEST_F(sched, a_hole_is_unknown_until_the_next_switch)
{
	SW(0, T0, 0, RUNNABLE, 10);
	WAKEUP(T0 + 1 * MS, 11, 0);
	WAKEUP(T0 + 2 * MS, 12, 0);
	HOLE(0);
	SW(1, T0 + 5 * MS, 0, RUNNABLE, 14);
	SW(0, T0 + 900 * MS, 11, ASLEEP, 12);
	event_state__end(self->s, T0 + 910 * MS);
	check_conservation(_metadata, self->s);
	/* 10 ran until the last event before the hole; of 898 ms nothing is known. */
	EXPECT_EQ(2 * MS, TASK(10)->account.run_ns);
	EXPECT_EQ(898 * MS, CPU(0)->unknown_ns);
	EXPECT_EQ(10 * MS, TASK(12)->account.run_ns);
	/* Nobody knows when 11 and 12 began to wait, or ran. */
	EXPECT_EQ(0, WATCH->nr_starved);
	EXPECT_EQ(NULL, TOTALS->account.wake.h);
	EXPECT_EQ(1, CPU(0)->holes);
	EXPECT_EQ(1, TOTALS->holes[EVENT_HOLE_FRAMES]);
	EXPECT_EQ(0, TOTALS->inconsistent);
}

TEST_F(sched, a_hole_before_the_first_switch)
{
	WAKEUP(T0, 11, 1);
	HOLE(0);
	SW(0, T0 + 5 * MS, 10, ASLEEP, 0);
	event_state__end(self->s, T0 + 6 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(5 * MS, CPU(0)->unknown_ns);
	EXPECT_EQ(0, TASK(10)->account.run_ns);
}

TEST_F(sched, the_kernel_says_what_it_lost)
{
	SW(0, T0, 0, RUNNABLE, 10);
	feed_mark(F, 0, T0 + 8 * MS, KTSTR_MARK_LOST, 100);
	feed_mark(F, 0, T0 + 9 * MS, KTSTR_MARK_LOST, 150);
	/* Counted before the one above, which interrupted it. */
	feed_mark(F, 0, T0 + 9 * MS, KTSTR_MARK_LOST, 130);
	SW(0, T0 + 10 * MS, 11, ASLEEP, 0);
	EXPECT_EQ(150, CPU(0)->lost);
	EXPECT_EQ(3, TOTALS->holes[EVENT_HOLE_BUFFER]);
	event_state__begin(self->s, T0 + 10 * MS);
	EXPECT_EQ(0, CPU(0)->lost);
	feed_mark(F, 0, T0 + 11 * MS, KTSTR_MARK_LOST, 157);
	EXPECT_EQ(7, CPU(0)->lost);
	event_state__end(self->s, T0 + 20 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(10 * MS, CPU(0)->unknown_ns);
}

/* Events were filtered, or lie: time is not given to anybody who may not have had it. */
TEST_F(sched, switches_that_contradict)
{
	SW(0, T0, 0, RUNNABLE, 10);
	SW(0, T0 + 10 * MS, 11, ASLEEP, 12);		/* not 10 */
	EXPECT_EQ(1, TOTALS->inconsistent);
	SW(1, T0 + 15 * MS, 0, RUNNABLE, 12);		/* in two places */
	EXPECT_EQ(2, TOTALS->inconsistent);
	SW(1, T0 + 20 * MS, 0, RUNNABLE, 14);		/* not idle */
	EXPECT_EQ(3, TOTALS->inconsistent);
	SW(0, T0 + 21 * MS, 0, RUNNABLE, 0);
	event_state__end(self->s, T0 + 30 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(0, TASK(10)->account.run_ns);
	EXPECT_EQ(0, TASK(12)->account.run_ns);
	EXPECT_EQ(10 * MS, TASK(14)->account.run_ns);
}

TEST_F(sched, a_dead_task_and_another_of_its_pid)
{
	feed_task(F, KTSTR_EV_FORK, 0, T0, 10, 9, 5, "first");
	SW(0, T0, 0, RUNNABLE, 10);
	feed_task(F, KTSTR_EV_EXIT, 0, T0 + MS, 10, 0, 5, "first");
	SW(0, T0 + 2 * MS, 10, DEAD, 0);
	EXPECT_EQ(NULL, TASK(10));
	feed_task(F, KTSTR_EV_FORK, 0, T0 + 3 * MS, 10, 9, 5, "second");
	ASSERT_NE(NULL, TASK(10));
	EXPECT_STREQ("second", TASK(10)->comm);
	EXPECT_EQ(0, TASK(10)->account.run_ns);
	/* Its end was not told, and it runs while a third is born. */
	SW(0, T0 + 4 * MS, 0, RUNNABLE, 10);
	feed_task(F, KTSTR_EV_FORK, 0, T0 + 5 * MS, 10, 9, 5, "third");
	SW(0, T0 + 6 * MS, 77, ASLEEP, 10);
	EXPECT_STREQ("third", TASK(10)->comm);
	event_state__end(self->s, T0 + 10 * MS);
	check_conservation(_metadata, self->s);
	/* 2 by the first, 0 by the second for its end is not known, 4 by the third. */
	EXPECT_EQ(6 * MS, event_tasks__cgroup(event_state__tasks(self->s), 5)->account.run_ns);
}

TEST_F(sched, a_thread_that_execs_takes_its_leaders_pid)
{
	feed_task(F, KTSTR_EV_TASK, 0, T0, 20, 1, 5, "leader");
	feed_task(F, KTSTR_EV_TASK, 0, T0, 21, 1, 5, "thread");
	SW(0, T0, 0, RUNNABLE, 21);
	feed_task(F, KTSTR_EV_EXEC, 0, T0 + MS, 20, 21, 5, "program");
	SW(0, T0 + 3 * MS, 20, ASLEEP, 0);
	EXPECT_EQ(NULL, TASK(21));
	EXPECT_STREQ("program", TASK(20)->comm);
	EXPECT_EQ(3 * MS, TASK(20)->account.run_ns);
	EXPECT_EQ(0, TOTALS->inconsistent);
	/* An ordinary exec keeps its pid. */
	feed_task(F, KTSTR_EV_EXEC, 0, T0 + 4 * MS, 20, 20, 5, "again");
	EXPECT_STREQ("again", TASK(20)->comm);
}

/* Eight places: the dead give theirs away, and when all live there are others. */
TEST_F(sched, a_full_table)
{
	const struct event_tasks_stats *st = event_tasks__stats(event_state__tasks(self->s));

	for (uint32_t i = 0; i < 100; i++) {
		SW(0, T0 + i * 2 * MS, 0, RUNNABLE, 1000 + i);
		SW(0, T0 + i * 2 * MS + MS, 1000 + i, DEAD, 0);
	}
	EXPECT_EQ(100, st->seen);
	EXPECT_EQ(92, st->evicted);
	EXPECT_EQ(0, st->no_room);
	for (uint32_t i = 0; i < 20; i++) {
		SW(0, T0 + 300 * MS + i * 2 * MS, 0, RUNNABLE, 2000 + i);
		SW(0, T0 + 300 * MS + i * 2 * MS + MS, 2000 + i, ASLEEP, 0);
	}
	EXPECT_EQ(108, st->seen);
	EXPECT_GT(st->no_room, 0);
	EXPECT_EQ(12 * MS, event_tasks__other(event_state__tasks(self->s))->run_ns);
	EXPECT_EQ(12, event_tasks__other(event_state__tasks(self->s))->runs);
	EXPECT_EQ(120, histogram__count(TOTALS->account.slice.h));
	event_state__end(self->s, 0);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(0, TOTALS->inconsistent);
}

TEST_F(sched, sched_ext_is_followed)
{
	struct ktstr_ev_scx_state st = {
		.h = { .type = KTSTR_EV_SCX_STATE, .flags = KTSTR_EVF_ON }, .name = "simple",
	};
	struct ktstr_ev_scx_dispatch d = {
		.h = { .type = KTSTR_EV_SCX_DISPATCH, .arg = KTSTR_DSQ_GLOBAL },
	};
	struct ktstr_ev_scx_counter c = {
		.h = { .type = KTSTR_EV_SCX_COUNTER }, .value = 5, .name = "KEEP",
	};

	FEED(F, 0, T0, st);
	EXPECT_TRUE(TOTALS->scx.enabled);
	FEED(F, 0, T0, d);
	d.h.arg = 4;	/* there is no such kind */
	FEED(F, 0, T0, d);
	EXPECT_EQ(1, TOTALS->scx.dispatched[KTSTR_DSQ_GLOBAL]);
	for (int i = 0; i < 1000; i++) {
		c.value = 5 + i;
		snprintf(c.name, sizeof(c.name), "SCX_EV_%d", i % 100);
		FEED(F, 0, T0, c);
	}
	EXPECT_EQ(EVENT_COUNTERS, TOTALS->scx.nr_counters);
	EXPECT_EQ(900, TOTALS->scx.counters[3].last - TOTALS->scx.counters[3].first);
	st.h.flags = 0;
	st.h.arg = 1024;
	st.exit_code = -7;
	strcpy(st.reason, "runnable\ttask stall");
	FEED(F, 0, T0, st);
	EXPECT_FALSE(TOTALS->scx.enabled);
	EXPECT_EQ(1, TOTALS->scx.disables);
	EXPECT_EQ(-7, TOTALS->scx.exit_code);
	EXPECT_STREQ("runnable task stall", TOTALS->scx.reason);
}

static void scx_state(struct event_state *s, uint64_t t, bool on, uint16_t kind)
{
	struct ktstr_ev_scx_state st = {
		.h = { .type = KTSTR_EV_SCX_STATE, .flags = on ? KTSTR_EVF_ON : 0, .arg = kind },
	};
	struct event_record rec = { .ev = &st.h, .len = sizeof(st), .time_ns = t };

	event_state__record(s, &rec);
}

TEST_F(sched, comings_and_goings_are_counted_in_the_window_and_before)
{
	const struct event_scx *x = &TOTALS->scx;

	scx_state(self->s, T0, true, 0);
	EXPECT_EQ(1, x->enables);
	event_state__begin(self->s, T0 + MS);
	EXPECT_EQ(1, x->enables_before);
	EXPECT_EQ(0, x->window_enables);
	scx_state(self->s, T0 + 2 * MS, false, 64);
	scx_state(self->s, T0 + 3 * MS, true, 0);
	EXPECT_EQ(1, x->window_disables);
	EXPECT_EQ(1, x->window_enables);
	EXPECT_EQ(T0 + 2 * MS, x->exit_ns);
	EXPECT_TRUE(x->enabled);
	event_state__end(self->s, T0 + 4 * MS);
	scx_state(self->s, T0 + 5 * MS, false, 64);
	EXPECT_EQ(1, x->window_disables);
}

/* The process of a scheduler that was ejected closes what is gone already. */
TEST_F(sched, an_end_that_the_kernel_has_no_reason_for_is_none)
{
	const struct event_scx *x = &TOTALS->scx;

	scx_state(self->s, T0, true, 0);
	scx_state(self->s, T0 + 1, false, 1026);
	scx_state(self->s, T0 + 2, false, 0);
	EXPECT_EQ(1, x->disables);
	EXPECT_EQ(1026, x->exit_kind);
	/* One that fails while it is enabled ends before its start is told. */
	scx_state(self->s, T0 + 3, false, 1024);
	scx_state(self->s, T0 + 4, true, 0);
	scx_state(self->s, T0 + 5, false, 0);
	EXPECT_EQ(2, x->disables);
	EXPECT_EQ(1024, x->exit_kind);
	EXPECT_FALSE(x->enabled);
	/* It was let go of: the next end is one. */
	scx_state(self->s, T0 + 6, true, 0);
	scx_state(self->s, T0 + 7, false, 0);
	EXPECT_EQ(3, x->disables);
}

/* A kernel whose reasons cannot be read tells ends all the same. */
TEST_F(sched, an_end_without_any_reason_counts_where_none_are_told)
{
	scx_state(self->s, T0, true, 0);
	scx_state(self->s, T0 + 1, false, 0);
	scx_state(self->s, T0 + 2, false, 0);
	scx_state(self->s, T0 + 3, true, 0);
	scx_state(self->s, T0 + 4, false, 0);
	EXPECT_EQ(2, TOTALS->scx.disables);
}

TEST(series_keep_their_sum_when_they_widen)
{
	struct event_series s;
	uint64_t seed = 42, sum = 0, t = 1000;

	event_series__start(&s, t);
	for (int i = 0; i < 20000; i++) {
		uint64_t len = next_random(&seed) % (i * 100 + 1);

		event_series__add(&s, t, t + len);
		sum += len;
		t += len + next_random(&seed) % 1000;
		ASSERT_EQ(sum, series_sum(&s));
	}
	for (uint32_t i = 0; i < EVENT_SERIES; i++)
		ASSERT_LE(s.ns[i], s.width_ns);
	ASSERT_LT(t - 1000, s.width_ns * EVENT_SERIES);
	event_series__widen(&s, 100 * s.width_ns);
	EXPECT_EQ(sum, series_sum(&s));
	/* What is before the start is cut, what is behind all ends does not hang. */
	event_series__start(&s, 1000);
	event_series__add(&s, 0, 1010);
	EXPECT_EQ(10, series_sum(&s));
	event_series__add(&s, UINT64_MAX - 5, UINT64_MAX);
	event_series__widen(&s, UINT64_MAX);
}

TEST(topologies_that_cannot_be_are_refused)
{
	struct event_state_opts opts = { .sz = sizeof(opts), .topology = { 0, 0, 0, 0 } };

	EXPECT_EQ(NULL, event_state__new(&opts));
	event_state__free(NULL);
}

TEST_HARNESS_MAIN
