// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the guest flushes events: soon, never twice at once, and seldom where it is dear.
 */
#include <poll.h>
#include <sys/timerfd.h>

#include "guest/clock.h"
#include "guest/event_flush.h"

#include "unit.h"

static int watched = -1;

/* Of the writer of port 1, which is not here. */
int bulk__watch(int fd)
{
	watched = fd;
	return 0;
}

FIXTURE(flush) {
	struct event_flush f;
};

FIXTURE_SETUP(flush)
{
	ASSERT_EQ(0, event_flush__init(&self->f));
}

FIXTURE_TEARDOWN(flush)
{
	close(self->f.timer);
}

/* ns until the timer fires, 0: it is not set. */
static int64_t left(const struct event_flush *f)
{
	struct itimerspec its;

	timerfd_gettime(f->timer, &its);
	return its.it_value.tv_sec * NSEC_PER_SEC + its.it_value.tv_nsec;
}

static bool wait_due(struct event_flush *f)
{
	struct pollfd p = { f->timer, POLLIN, 0 };

	return poll(&p, 1, 5000) == 1 && event_flush__due(f);
}

TEST_F(flush, the_writer_is_woken_by_it_and_not_before_it_is_started)
{
	EXPECT_EQ(self->f.timer, watched);
	EXPECT_EQ(0, left(&self->f));
	EXPECT_FALSE(event_flush__due(&self->f));
	event_flush__start(&self->f);
	EXPECT_LT(0, left(&self->f));
	EXPECT_GE(10 * NSEC_PER_MSEC, left(&self->f));
}

TEST_F(flush, the_next_is_due_only_when_the_last_is_through)
{
	event_flush__start(&self->f);
	ASSERT_TRUE(wait_due(&self->f));
	EXPECT_FALSE(event_flush__due(&self->f));
	EXPECT_EQ(0, left(&self->f));
	event_flush__did(&self->f, BULK_PUMP_MORE);
	EXPECT_EQ(0, left(&self->f)) TH_LOG("it goes on");
	event_flush__did(&self->f, BULK_PUMP_FULL);
	EXPECT_EQ(0, left(&self->f)) TH_LOG("a host that does not read is asked again");
	event_flush__did(&self->f, BULK_PUMP_TORN);
	EXPECT_EQ(0, left(&self->f)) TH_LOG("a host that does not read is asked again");
	event_flush__did(&self->f, BULK_PUMP_IDLE);
	EXPECT_LT(0, left(&self->f));
}

TEST_F(flush, what_is_sent_without_one_does_not_move_it)
{
	event_flush__start(&self->f);
	ASSERT_TRUE(wait_due(&self->f));
	event_flush__did(&self->f, BULK_PUMP_IDLE);
	ASSERT_TRUE(wait_due(&self->f));
	event_flush__did(&self->f, BULK_PUMP_IDLE);
	event_flush__stop(&self->f);
	event_flush__did(&self->f, BULK_PUMP_IDLE);
	EXPECT_EQ(0, left(&self->f)) TH_LOG("it was stopped");
	EXPECT_FALSE(event_flush__due(&self->f));
}

TEST_F(flush, a_writer_that_is_awake_need_not_be_woken_again_soon_after)
{
	event_flush__start(&self->f);
	/* Minutes: this process may stand still between two lines. */
	self->f.period = 400 * NSEC_PER_SEC;
	self->f.due_ns = now_ns() + 300 * NSEC_PER_SEC;
	EXPECT_FALSE(event_flush__due(&self->f)) TH_LOG("less than half the time is over");
	self->f.due_ns = now_ns() + 199 * NSEC_PER_SEC;
	EXPECT_TRUE(event_flush__due(&self->f));
	EXPECT_EQ(0, self->f.due_ns) TH_LOG("it has begun");
	event_flush__did(&self->f, BULK_PUMP_IDLE);
	EXPECT_LT(self->f.began, self->f.due_ns) TH_LOG("the next has a time of its own");
	EXPECT_GE(10 * NSEC_PER_MSEC, left(&self->f));
}

/* A flush that took @ns for a while: when is the next? */
static int64_t next_after(struct event_flush *f, int64_t ns, bool waited)
{
	for (int i = 0; i < 64; i++) {
		f->began = now_ns() - ns;
		f->waited = waited;
		event_flush__did(f, BULK_PUMP_IDLE);
	}
	return left(f);
}

TEST_F(flush, a_dear_one_comes_seldom)
{
	int64_t cheap = next_after(&self->f, 1000, false);
	int64_t dear = next_after(&self->f, NSEC_PER_MSEC, false);
	int64_t dearest = next_after(&self->f, NSEC_PER_SEC, false);

	EXPECT_GE(10 * NSEC_PER_MSEC, cheap);
	/* 200 times 1 ms, less what the average lacks and the timer has run. */
	EXPECT_LT(160 * NSEC_PER_MSEC, dear);
	EXPECT_GE(400 * NSEC_PER_MSEC, dearest);
	EXPECT_LT(320 * NSEC_PER_MSEC, dearest);
	EXPECT_LT(cheap, dear);
}

TEST_F(flush, waiting_for_the_host_is_not_its_cost)
{
	int64_t ns = next_after(&self->f, NSEC_PER_SEC, true);

	EXPECT_EQ(0, self->f.cost);
	EXPECT_GE(10 * NSEC_PER_MSEC, ns);
}

TEST_HARNESS_MAIN
