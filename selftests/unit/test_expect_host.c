// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of a missed bound the host can account for.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "host/expect_host.h"

#define MS	1000000ull

FIXTURE(host)
{
	struct evidence *ev;
	struct expect_host h;
};

/* A window of one second on four CPUs. */
FIXTURE_SETUP(host)
{
	self->ev = evidence__new(NULL);
	ASSERT_NE(NULL, self->ev);
	self->ev->has_helo = true;
	self->ev->helo.nr_cpus = 4;
	self->ev->start.seen = self->ev->end.seen = true;
	self->ev->start.time_ns = 5000 * MS;
	self->ev->end.time_ns = 6000 * MS;
}

FIXTURE_TEARDOWN(host)
{
	free(self->ev);
}

static void waits(struct evidence *ev, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct host_delay *h = &ev->host_delay;

	h->nr_vcpus = 4;
	h->start.valid = h->end.valid = true;
	h->start.time_ns = 10 * MS;
	h->end.time_ns = 1010 * MS;
	h->end.vcpu[0].wait_ns = a * MS;
	h->end.vcpu[1].wait_ns = b * MS;
	h->end.vcpu[2].wait_ns = c * MS;
	h->end.vcpu[3].wait_ns = d * MS;
}

static bool near(double a, double b)
{
	return a - b < 1e-6 * b + 1e-9 && b - a < 1e-6 * b + 1e-9;
}

TEST_F(host, a_host_that_took_nothing_excuses_nothing)
{
	waits(self->ev, 0, 0, 0, 0);
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(self->h.known);
	EXPECT_FALSE(expect_host__excuses_ns(&self->h, 501e6, 500e6));
	EXPECT_TRUE(near(expect_host__speed(&self->h, 1e9, 4), 1));
	EXPECT_TRUE(near(expect_host__points(&self->h), 0));
	EXPECT_FALSE(expect_host__excuses_wakes(&self->h, 1, 1, 8));
}

TEST_F(host, what_the_harness_ran_can_all_be_in_one_wait_too)
{
	char text[128];

	waits(self->ev, 0, 100, 0, 0);
	self->ev->start.self_ns = 50 * MS;
	self->ev->end.self_ns = 250 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(expect_host__excuses_ns(&self->h, 800e6, 500e6));
	EXPECT_FALSE(expect_host__excuses_ns(&self->h, 801e6, 500e6));
	EXPECT_TRUE(near(expect_host__ns(&self->h, 900e6), 300e6));
	EXPECT_NE(NULL, strstr(expect_host__text(&self->h, text, sizeof(text)),
			       "vCPU 1 for 100.0 ms, and the harness ran for 200.0 ms"));
	/* Of wakeups likewise: 100 ms of a vCPU and 200 of the harness. */
	EXPECT_TRUE(expect_host__excuses_wakes(&self->h, 3, 99e6, 1));
	EXPECT_FALSE(expect_host__excuses_wakes(&self->h, 3, 101e6, 1));
	/* What PID 1 does for the test comes before every scheduler's tasks, too. */
	self->ev->end.ops_ns = 150 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(expect_host__excuses_ns(&self->h, 800e6, 500e6));
	EXPECT_NE(NULL, strstr(expect_host__text(&self->h, text, sizeof(text)),
			       "and the harness and operations ran for 200.0 ms"));
	self->ev->end.ops_ns = 201 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_FALSE(expect_host__excuses_ns(&self->h, 601e6, 500e6));
	self->ev->end.ops_ns = 0;
	/* An account that runs backwards says nothing. */
	self->ev->start.self_ns = 251 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_FALSE(expect_host__excuses_ns(&self->h, 601e6, 500e6));
}

TEST_F(host, what_one_vcpu_lost_can_all_be_in_one_wait)
{
	waits(self->ev, 10, 300, 20, 0);
	expect_host__of(&self->h, self->ev);
	EXPECT_EQ(1, self->h.worst_vcpu);
	EXPECT_TRUE(near(self->h.worst_ns, 300e6));
	EXPECT_TRUE(near(self->h.total_ns, 330e6));
	EXPECT_TRUE(near(self->h.mean, 0.0825));
	EXPECT_TRUE(expect_host__excuses_ns(&self->h, 800e6, 500e6));
	EXPECT_FALSE(expect_host__excuses_ns(&self->h, 801e6, 500e6));
	EXPECT_TRUE(near(expect_host__ns(&self->h, 100e6), 100e6));
	EXPECT_TRUE(near(expect_host__ns(&self->h, 900e6), 300e6));
}

TEST_F(host, the_threads_are_asked_before_the_guest)
{
	self->ev->end.steal_ns = 900 * MS;
	waits(self->ev, 10, 10, 10, 10);
	expect_host__of(&self->h, self->ev);
	EXPECT_FALSE(self->h.by_steal);
	EXPECT_TRUE(near(self->h.worst_ns, 10e6));
}

TEST_F(host, steal_may_all_be_of_one_vcpu)
{
	self->ev->start.steal_ns = 100 * MS;
	self->ev->end.steal_ns = 400 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(self->h.by_steal);
	EXPECT_TRUE(near(self->h.worst_ns, 300e6));
	EXPECT_TRUE(near(self->h.mean, 0.075));
	EXPECT_TRUE(near(self->h.least, 0));
	/* But of one CPU not more than there is. */
	self->ev->end.steal_ns = 3000 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(near(self->h.worst_ns, 1000e6));
	EXPECT_TRUE(near(self->h.total_ns, 2900e6));
}

TEST_F(host, what_is_not_known_excuses_nothing)
{
	char text[128];

	self->ev->end.steal_ns = 900 * MS;
	self->ev->has_helo = false;
	expect_host__of(&self->h, self->ev);
	EXPECT_FALSE(self->h.known);
	EXPECT_FALSE(expect_host__excuses_ns(&self->h, 501e6, 500e6));
	EXPECT_TRUE(near(expect_host__speed(&self->h, 1e9, 4), 1));
	EXPECT_STREQ("what the host took is not known",
		     expect_host__text(&self->h, text, sizeof(text)));
	/* Steal that runs backwards. */
	self->ev->has_helo = true;
	self->ev->start.steal_ns = 950 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_FALSE(self->h.known);
	self->ev->end.time_ns = self->ev->start.time_ns;
	self->ev->start.steal_ns = 0;
	expect_host__of(&self->h, self->ev);
	EXPECT_FALSE(self->h.known);
}

TEST_F(host, shares_suffer_only_from_what_is_uneven)
{
	waits(self->ev, 500, 500, 500, 500);
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(near(expect_host__points(&self->h), 0));
	EXPECT_TRUE(near(expect_host__spread_pct(&self->h), 0));
	/* One ran twice as much as another: 2/3 to 1/3 instead of halves. */
	waits(self->ev, 500, 0, 250, 250);
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(near(expect_host__points(&self->h), 100.0 * 2 / 3 - 50));
	EXPECT_TRUE(near(expect_host__spread_pct(&self->h), 200.0 / 3));
	/* One that did not run at all: a large number, and no nonsense. */
	waits(self->ev, 1000, 0, 0, 0);
	expect_host__of(&self->h, self->ev);
	EXPECT_LT(49, expect_host__points(&self->h));
	EXPECT_GT(50, expect_host__points(&self->h));
}

TEST_F(host, all_that_was_lost_can_be_lost_in_one_phase)
{
	waits(self->ev, 100, 100, 100, 100);
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(near(expect_host__speed(&self->h, 1e9, 4), 1 / 0.9));
	EXPECT_TRUE(near(expect_host__speed(&self->h, 200e6, 4), 2));
	EXPECT_TRUE(near(expect_host__speed(&self->h, 50e6, 4), 100));
	EXPECT_TRUE(near(expect_host__speed(&self->h, 0, 4), 1));
}

TEST_F(host, many_late_wakeups_take_a_host_that_was_away_for_long)
{
	waits(self->ev, 100, 0, 0, 0);
	expect_host__of(&self->h, self->ev);
	EXPECT_TRUE(expect_host__excuses_wakes(&self->h, 10, 10e6, 1));
	EXPECT_FALSE(expect_host__excuses_wakes(&self->h, 11, 10e6, 1));
	/* Tasks that wait for the same vCPU are held up together. */
	EXPECT_TRUE(expect_host__excuses_wakes(&self->h, 40, 10e6, 4));
	EXPECT_FALSE(expect_host__excuses_wakes(&self->h, 41, 10e6, 4));
}

TEST_F(host, the_sentence_has_the_numbers)
{
	char text[128];

	waits(self->ev, 10, 300, 20, 0);
	expect_host__of(&self->h, self->ev);
	EXPECT_STREQ("vCPUs waited for a host CPU 8.2 % of the window, vCPU 1 for 300.0 ms",
		     expect_host__text(&self->h, text, sizeof(text)));
	memset(&self->ev->host_delay, 0, sizeof(self->ev->host_delay));
	self->ev->end.steal_ns = 300 * MS;
	expect_host__of(&self->h, self->ev);
	EXPECT_STREQ("the host stole 300.0 ms of the window, 7.5 % of its CPU time",
		     expect_host__text(&self->h, text, sizeof(text)));
}

/* No time was measured, so none can fail; the twin is the same host with a clock that goes. */
TEST_F(host, a_clock_that_stood_still_excuses_every_bound_of_time)
{
	char text[128];

	for (int stills = 0; stills < 2; stills++) {
		waits(self->ev, 0, 0, 0, 0);
		self->ev->events.nr_stills = 35 * stills;
		self->ev->events.still_ns = 4205 * MS * stills;
		expect_host__of(&self->h, self->ev);
		EXPECT_EQ(stills, expect_host__excuses_ns(&self->h, 2300.0 * MS, 500.0 * MS));
		EXPECT_EQ(stills, expect_host__excuses_wakes(&self->h, 10, 50.0 * MS, 4));
		EXPECT_EQ(stills, expect_host__points(&self->h) > 40);
		EXPECT_EQ(stills, expect_host__spread_pct(&self->h) > 100);
		EXPECT_EQ(stills, expect_host__speed(&self->h, 1000.0 * MS, 4) > 10);
		EXPECT_EQ(stills, !!strstr(expect_host__text(&self->h, text, sizeof(text)),
					   "clock stood still 35 times and jumped by 4205.0 ms"));
	}
}

TEST_HARNESS_MAIN
