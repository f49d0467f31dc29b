// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest's kernel says of itself: a task's own CPU time, CPUs that go and come, and a
 * clock that stands still.
 */
#include "event_sched.h"

/* @_least and @_most are of the kernel's count, in ms of a window that begins after 100. */
#define EXPECT_OWN(_pid, _least, _most, _run) do {				\
	struct event_own own = event_task__own(TASK(_pid));			\
										\
	EXPECT_EQ((_least) * MS >> 9, own.least_ns >> 9);			\
	EXPECT_EQ((_most) * MS >> 9, own.most_ns >> 9);				\
	EXPECT_EQ((_run) * MS, own.run_ns);					\
} while (0)

TEST_F(sched, the_kernels_own_count_of_a_task)
{
	feed_task(F, KTSTR_EV_FORK, 0, 1, 10, 1, 0, "ten");
	SW(0, 0, 0, RUNNABLE, 10);
	feed_steal(F, 0, 10 * MS);
	SW(0, 50 * MS, 10, PREEMPTED, 0);
	/* 80 ms before the window and 20 in it, of which 90 are left: so 10 to 20. */
	SW(0, 70 * MS, 0, RUNNABLE, 10);
	event_state__begin(self->s, 150 * MS);
	feed_steal(F, 0, 10 * MS);
	SW(0, 170 * MS, 10, PREEMPTED, 0);
	EXPECT_OWN(10, 10, 20, 20);
	/* All of it in the window: exact. */
	SW(0, 200 * MS, 0, RUNNABLE, 10);
	feed_steal(F, 0, 5 * MS);
	SW(0, 230 * MS, 10, PREEMPTED, 0);
	EXPECT_OWN(10, 35, 45, 50);
	/* No end, so not told. */
	SW(0, 240 * MS, 0, RUNNABLE, 10);
	event_state__end(self->s, 300 * MS);
	EXPECT_OWN(10, 35, 105, 110);
}

TEST_F(sched, the_kernels_own_count_of_a_task_that_was_there_before)
{
	SW(0, 1, 0, RUNNABLE, 10);
	event_state__begin(self->s, 10 * MS);
	self->f.ran[10] = 77 * SEC;
	SW(0, 30 * MS, 10, PREEMPTED, 0);
	EXPECT_OWN(10, 0, 20, 20);
	SW(0, 40 * MS, 0, RUNNABLE, 10);
	SW(0, 70 * MS, 10, PREEMPTED, 0);
	EXPECT_OWN(10, 30, 50, 50);
}

/* 2^40 ns are 1099.5 s. */
TEST_F(sched, the_kernels_own_count_of_a_task_wraps)
{
	static const uint64_t before[] = {
		(1ull << 40) - 1, (1ull << 40) - 20 * MS, (1ull << 40), (1ull << 41) - 1 * MS,
	};

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t pid = 10 + i;
		uint64_t t = (1 + i) * SEC;

		self->f.ran[pid] = before[i];
		SW(0, t, 0, RUNNABLE, pid);
		SW(0, t + 1 * MS, pid, PREEMPTED, 0);
		SW(0, t + 10 * MS, 0, RUNNABLE, pid);
		SW(0, t + 40 * MS, pid, PREEMPTED, 0);
		EXPECT_OWN(pid, 30, 31, 31);
	}
}

/* What kernel 6.12 tells of a CPU that is taken away and comes back; 24 is its stopper. */
static void cpu_goes_and_comes(FIXTURE_DATA(sched) *self, bool steps)
{
	feed_task(F, KTSTR_EV_TASK, 0, T0, 23, 2, 1, "cpuhp/1");
	feed_task(F, KTSTR_EV_TASK, 0, T0, 24, 2, 1, "migration/1");
	TASK(23)->kthread = TASK(24)->kthread = true;
	SW(1, T0, 50, PREEMPTED, 23);
	if (steps)
		feed_cpu(F, 1, T0 + 1 * MS, KTSTR_CPU_LEAVES);
	SW(1, T0 + 2 * MS, 23, 2, 50);
	feed_wake(F, KTSTR_EV_WAKING, 1, T0 + 2 * MS, 24, 1, 50);
	SW(1, T0 + 3 * MS, 50, PREEMPTED, 24);
	feed_migrate(F, 1, T0 + 3 * MS, 50, 1, 0);
	SW(1, T0 + 4 * MS, 24, ASLEEP, 0);
	WAKING(T0 + 54 * MS, 24, 1);
	SW(1, T0 + 60 * MS, 0, RUNNABLE, 24);
	if (steps) {
		feed_cpu(F, 1, T0 + 70 * MS, KTSTR_CPU_DEAD);
		feed_cpu(F, 1, T0 + 370 * MS, KTSTR_CPU_STARTS);
	}
	feed_wake(F, KTSTR_EV_WAKING, 1, T0 + 372 * MS, 24, 1, 0);
	SW(1, T0 + 373 * MS, 0, RUNNABLE, 24);
	SW(1, T0 + 374 * MS, 24, ASLEEP, 0);
	WAKING(T0 + 380 * MS, 23, 1);
	SW(1, T0 + 390 * MS, 0, RUNNABLE, 23);
	if (steps)
		feed_cpu(F, 1, T0 + 391 * MS, KTSTR_CPU_ACTIVE);
	SW(1, T0 + 392 * MS, 23, 2, 0);
	event_state__end(self->s, T0 + 400 * MS);
}

TEST_F(sched, a_cpu_that_goes_and_comes_contradicts_nothing)
{
	cpu_goes_and_comes(self, true);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(0, TOTALS->inconsistent);
	EXPECT_EQ(0, CPU(1)->holes);
	EXPECT_EQ(0, CPU(1)->unknown_ns);
	EXPECT_EQ(300 * MS, CPU(1)->offline_ns);
	/* Until it died the stopper had it, and from then on no more. */
	EXPECT_EQ(12 * MS, TASK(24)->account.run_ns);
	EXPECT_EQ(10 * MS, histogram__max(TASK(24)->account.slice.h));
	EXPECT_EQ(3, TASK(24)->account.wakeups);
}

/* The negative twin: the missing switch alone, as on a kernel without the functions. */
TEST_F(sched, a_switch_of_a_dying_cpu_that_nothing_stands_for_contradicts)
{
	cpu_goes_and_comes(self, false);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(1, TOTALS->inconsistent);
	EXPECT_EQ(0, CPU(1)->offline_ns);
}

/* Only the stopper's switch is modelled: a dead CPU does not excuse that others were lost. */
TEST_F(sched, a_cpu_that_dies_under_a_user_task_contradicts)
{
	SW(1, T0, 0, RUNNABLE, 50);
	feed_cpu(F, 1, T0 + 10 * MS, KTSTR_CPU_DEAD);
	feed_cpu(F, 1, T0 + 20 * MS, KTSTR_CPU_STARTS);
	event_state__end(self->s, T0 + 30 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(1, TOTALS->inconsistent);
	EXPECT_EQ(1, CPU(1)->holes);
	EXPECT_EQ(10 * MS, CPU(1)->offline_ns);
}

TEST_F(sched, a_cpu_that_dies_idle_contradicts)
{
	SW(1, T0, 50, ASLEEP, 0);
	feed_cpu(F, 1, T0 + 10 * MS, KTSTR_CPU_DEAD);
	event_state__end(self->s, T0 + 30 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(1, TOTALS->inconsistent);
}

TEST_F(sched, a_cpu_that_starts_and_never_was_away_contradicts)
{
	SW(1, T0, 50, ASLEEP, 0);
	feed_cpu(F, 1, T0 + 10 * MS, KTSTR_CPU_STARTS);
	event_state__end(self->s, T0 + 30 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(1, TOTALS->inconsistent);
	EXPECT_EQ(0, CPU(1)->offline_ns);
}

TEST_F(sched, a_cpu_that_comes_for_the_first_time_was_away_and_not_idle)
{
	SW(0, T0, 0, RUNNABLE, 10);
	feed_cpu(F, 1, T0 + 10 * MS, KTSTR_CPU_STARTS);
	SW(1, T0 + 11 * MS, 0, RUNNABLE, 50);
	event_state__end(self->s, T0 + 30 * MS);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(0, TOTALS->inconsistent);
	EXPECT_EQ(10 * MS, CPU(1)->offline_ns);
	EXPECT_EQ(1 * MS, CPU(1)->idle_ns);
}

/* Between LEAVES and ACTIVE no task may come: that it idles is not the scheduler's doing. */
TEST_F(sched, a_cpu_on_its_way_out_may_idle)
{
	for (int leaves = 1; leaves >= 0; leaves--) {
		uint64_t t = T0 + !leaves * SEC, told = WATCH->nr_idled;

		feed_affinity(F, 0, t, 10, 0xff);
		SW(1, t, 50, ASLEEP, 0);
		if (leaves)
			feed_cpu(F, 1, t, KTSTR_CPU_LEAVES);
		WAKEUP(t + MS, 10, 0);
		if (leaves)
			feed_cpu(F, 1, t + 40 * MS, KTSTR_CPU_ACTIVE);
		SW(0, t + 45 * MS, 11, ASLEEP, 10);
		SW(0, t + 46 * MS, 10, ASLEEP, 11);
		EXPECT_EQ(told + !leaves, WATCH->nr_idled);
		SW(1, t + 50 * MS, 0, RUNNABLE, 50);
	}
	event_state__end(self->s, 0);
	check_conservation(_metadata, self->s);
	EXPECT_EQ(0, TOTALS->inconsistent);
}

/* As in a guest whose kvm-clock went back: three switches in one ns, then a jump. */
TEST_F(sched, a_clock_that_stands_still_is_told)
{
	SW(0, T0, 10, PREEMPTED, 11);
	for (int i = 0; i < 3; i++)
		SW(0, T0 + MS, 11 + (i & 1), PREEMPTED, 12 - (i & 1));
	feed_wake(F, KTSTR_EV_WAKING, 0, T0 + 372 * MS, 20, 1, 12);
	SW(0, T0 + 373 * MS, 12, PREEMPTED, 11);
	event_state__end(self->s, 0);
	EXPECT_EQ(1, TOTALS->nr_stills);
	EXPECT_EQ(371 * MS, TOTALS->still_ns);
}

/* Two switches in one ns are a coarse clock; many are one of ticks. */
TEST_F(sched, a_coarse_clock_does_not_stand_still)
{
	uint64_t t = T0;

	SW(0, t, 10, PREEMPTED, 11);
	SW(0, t, 11, PREEMPTED, 12);
	SW(0, t + 400 * MS, 12, PREEMPTED, 10);
	for (t += 410 * MS; t < T0 + SEC; t += 10 * MS)
		for (int i = 0; i < 6; i++)
			SW(0, t, 10 + i % 3, PREEMPTED, 10 + (i + 1) % 3);
	SW(0, t, 10, PREEMPTED, 11);
	SW(0, t, 11, PREEMPTED, 12);
	SW(0, t, 12, ASLEEP, 0);
	SW(0, t + 400 * MS, 0, RUNNABLE, 12);
	event_state__end(self->s, 0);
	EXPECT_EQ(0, TOTALS->nr_stills);
	EXPECT_EQ(0, TOTALS->still_ns);
}

TEST_HARNESS_MAIN
