// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which events a plan can make happen.
 */
#include <ktstr/event.h>
#include <ktstr/event_set.h>

#include "guest/plan_events.h"
#include "unit.h"

#define HAS(_p, _type)	(!!(guest_plan__events(_p) & 1ull << (_type)))

static char *argv[] = { "x", NULL };

TEST(a_plain_plan_has_neither_cpus_that_go_nor_a_scheduler)
{
	struct ktstr_op ops[] = { { .verb = KTSTR_V_CGROUP }, { .verb = KTSTR_V_SPAWN },
				  { .verb = KTSTR_V_HOLD } };
	struct guest_plan p = { .scenario = "x", .ops = ops, .nr_ops = 3 };

	EXPECT_EQ(0, HAS(&p, KTSTR_EV_CPU));
	EXPECT_EQ(0, HAS(&p, KTSTR_EV_SCX_DISPATCH));
	EXPECT_EQ(0, HAS(&p, KTSTR_EV_SCX_COUNTER));
	EXPECT_EQ(0, HAS(&p, KTSTR_EV_SCX_STATE));
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_SWITCH));
	/* Workers change both on their way into their cgroup. */
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_PRIO));
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_AFFINITY));
}

TEST(only_who_can_set_a_quota_can_be_throttled)
{
	struct ktstr_op ops[] = { { .verb = KTSTR_V_CGROUP }, { .verb = KTSTR_V_SPAWN },
				  { .verb = KTSTR_V_QUOTA } };
	struct guest_plan p = { .scenario = "x", .ops = ops, .nr_ops = 2 };

	EXPECT_EQ(0, HAS(&p, KTSTR_EV_THROTTLE));
	p.nr_ops = 3;
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_THROTTLE));
	p.nr_ops = 2;
	p.sched = argv;
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_THROTTLE));
}

TEST(operations_and_schedulers_are_told_of)
{
	struct ktstr_op off = { .verb = KTSTR_V_CPU_OFFLINE }, on = { .verb = KTSTR_V_CPU_ONLINE };
	struct guest_plan p = { .scenario = "x", .ops = &off, .nr_ops = 1 };

	EXPECT_EQ(1, HAS(&p, KTSTR_EV_CPU));
	EXPECT_EQ(0, HAS(&p, KTSTR_EV_SCX_DISPATCH));
	p.ops = &on;
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_CPU));
	p.nr_ops = 0;
	p.sched = argv;
	EXPECT_EQ(0, HAS(&p, KTSTR_EV_CPU));
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_SCX_STATE));
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_SCX_DISPATCH));
	EXPECT_EQ(1, HAS(&p, KTSTR_EV_SCX_COUNTER));
}

TEST(where_programs_of_the_author_run_anything_can_happen)
{
	struct ktstr_op run = { .verb = KTSTR_V_RUN };
	struct ktstr_op own = { .verb = KTSTR_V_SPAWN, .work.kind = KTSTR_WORK_FUNCTION };
	struct guest_plan plans[] = {
		{ .exec = argv }, { .body = "x" }, { .sched_enable = argv },
		{ .ops = &run, .nr_ops = 1 }, { .ops = &own, .nr_ops = 1 },
	};

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		EXPECT_EQ(KTSTR_EVENT_SET_ALL, guest_plan__events(&plans[i])) TH_LOG("%zu", i);
	}
}

TEST_HARNESS_MAIN
