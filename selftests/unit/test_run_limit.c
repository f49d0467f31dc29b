// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a run may take: as long as its operations ask for, not as its duration says.
 */
#include <ktstr/test.h>

#include "host/run.h"
#include "host/scenario.h"
#include "unit.h"

/* Of a plan without operations: 20 s for the scheduler, 60 s beside, and two of these. */
#define TIMEOUT_S	7
#define FIXED		(20000 + 60000 + 2000 * TIMEOUT_S)
#define HOUR		3600000

static uint64_t limit(const struct ktstr_test *test)
{
	const struct ktstr_topology topology = { 1, 1, 2, 1 };
	struct plan p = { .duration_ms = 3000, .sched_timeout_ms = 20000 };
	struct ktstr_error e = { "" };
	uint64_t ms = UINT64_MAX;

	/* So that operations may change it. */
	if (!strv__add(&p.sched, "scx_simple") && !scenario__plan(test, &topology, &p, &e))
		ms = run__limit_ms(&p, TIMEOUT_S);
	else
		ksft_print_msg("%s\n", e.msg);
	plan__free(&p);
	return ms;
}

#define LIMIT(...) limit(&(const struct ktstr_test){ \
	.name = "t", .needs = { .sched_ext = true }, .ops = KTSTR_OPS(__VA_ARGS__) })

TEST(a_run_may_take_as_long_as_its_holds)
{
	EXPECT_EQ(FIXED + 3000, LIMIT(KTSTR_HOLD(100)));
	EXPECT_EQ(FIXED + 300000, LIMIT(KTSTR_HOLD_MS(300000)));
	EXPECT_EQ(FIXED + 86400000, LIMIT(KTSTR_HOLD_MS(86400000)));
	/* Shorter than the duration, too. */
	EXPECT_EQ(FIXED + 100, LIMIT(KTSTR_HOLD_MS(100)));
}

TEST(a_loop_counts_as_often_as_it_goes_round)
{
	EXPECT_EQ(FIXED + 100 * 3000, LIMIT(KTSTR_LOOP(100), KTSTR_HOLD_MS(3000),
					    KTSTR_LOOP_END()));
	/* More days than 32 bits have milliseconds. */
	EXPECT_EQ(FIXED + 500ull * 86400000, LIMIT(KTSTR_LOOP(500), KTSTR_HOLD_MS(86400000),
						   KTSTR_LOOP_END()));
}

TEST(a_wait_counts_with_its_limit)
{
	EXPECT_EQ(FIXED + 240000 + 500, LIMIT(KTSTR_RUN("p", "sleep 230"),
					      KTSTR_WAIT("p", .value = 240000),
					      KTSTR_HOLD_MS(500)));
}

TEST(a_wait_without_a_limit_may_take_an_hour)
{
	EXPECT_EQ(FIXED + 3000 + HOUR, LIMIT(KTSTR_RUN("p", "true"), KTSTR_HOLD(100),
					     KTSTR_WAIT("p")));
	EXPECT_EQ(FIXED + 3000, LIMIT(KTSTR_RUN("p", "true"), KTSTR_HOLD(100), KTSTR_KILL("p")));
}

static void body(struct ktstr_run *t)
{
	(void)t;
}

TEST(a_body_may_take_an_hour)
{
	EXPECT_EQ(FIXED + HOUR, limit(&(const struct ktstr_test){ .name = "t", .body = body }));
	EXPECT_EQ(FIXED + HOUR + 3000, limit(&(const struct ktstr_test){
		.name = "t", .body = body, .ops = KTSTR_OPS(KTSTR_HOLD(100)) }));
}

TEST(schedulers_that_change_on_the_way_have_their_time)
{
	EXPECT_EQ(FIXED + 3000 + 20000, LIMIT(KTSTR_HOLD(50), KTSTR_SCHED_DETACH(),
					      KTSTR_HOLD(50)));
	EXPECT_EQ(FIXED + 3000 + 80000, LIMIT(KTSTR_SCHED_RESTART(), KTSTR_HOLD(100),
					      KTSTR_SCHED_REPLACE("scx_qmap")));
}

TEST(a_plan_without_operations_takes_its_duration)
{
	const struct plan p = { .duration_ms = 4000, .sched_timeout_ms = 20000 };

	EXPECT_EQ(FIXED + 4000, run__limit_ms(&p, TIMEOUT_S));
}

TEST_HARNESS_MAIN
