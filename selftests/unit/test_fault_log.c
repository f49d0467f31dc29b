// SPDX-License-Identifier: GPL-2.0-only
/*
 * What became of orders to switch a fault: in lines, in JSON, and in the verdict, where one that
 * came to nothing is never a success.
 */
#include <stdlib.h>
#include <string.h>

#include "host/verdict_end.h"
#include "unit.h"

#define MS	1000000ull

FIXTURE(log)
{
	struct fault_orders orders;
	struct plan plan;
	struct evidence *ev;
	struct verdict_check c;
	struct buf text;
};

FIXTURE_SETUP(log)
{
	struct ktstr_error e;

	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, fault_orders__add(&self->orders, true, "starve-cgroup=b@500", &e));
	ASSERT_EQ(0, fault_orders__add(&self->orders, false, "starve-cgroup@1500", &e));
	self->plan.faults = &self->orders;
	self->ev = calloc(1, sizeof(*self->ev));
	ASSERT_NE(NULL, self->ev);
	for (int i = 0; i < 2; i++)
		self->ev->faults.v[i] = (struct fault_done){
			.state = FAULT_TAKEN, .written_ns = (500 + 1000 * i) * MS,
			.taken_ns = (504 + 1000 * i) * MS, .hits = i ? 0 : 3,
		};
	buf__init(&self->text, 4096);
}

FIXTURE_TEARDOWN(log)
{
	buf__free(&self->text);
	free(self->ev);
}

#define JUDGE(_status, _kind, _reason) do {						\
	verdict_faults__judge(&self->c, &self->plan, self->ev);				\
	EXPECT_EQ(_status, self->c.status);						\
	EXPECT_EQ(_kind, self->c.kind);							\
	EXPECT_NE(NULL, strstr(self->c.reason, _reason)) TH_LOG("%s", self->c.reason);	\
} while (0)

TEST_F(log, orders_that_were_taken_are_a_success)
{
	JUDGE(VERDICT_PASS, KIND_OK, "2 of 2 orders");
	fault_log__text(&self->ev->faults, &self->orders, &self->text);
	EXPECT_STREQ("--arm starve-cgroup=b@500: written after 500.0 ms, taken after 504.0 ms, hit 3 times\n"
		     "--disarm starve-cgroup@1500: written after 1500.0 ms, taken after 1504.0 ms\n",
		     self->text.data);
}

TEST_F(log, one_that_came_to_nothing_is_inconclusive)
{
	strcpy(self->ev->faults.v[1].why, "the scheduler is \"x\"");
	self->ev->faults.v[1].state = FAULT_FAILED;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_FAULT,
	      "--disarm starve-cgroup@1500 came to nothing: the scheduler is \"x\"");
	fault_log__text(&self->ev->faults, &self->orders, &self->text);
	EXPECT_NE(NULL, strstr(self->text.data, "@1500: failed: the scheduler is \"x\"\n"));
}

TEST_F(log, a_fault_that_did_nothing_is_inconclusive)
{
	self->ev->faults.v[0].hits = 0;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_FAULT, "--arm starve-cgroup=b@500 was taken, but did nothing");
}

TEST_F(log, what_the_run_did_not_come_to_is_not_judged)
{
	static const enum fault_state states[] = { FAULT_WAITING, FAULT_SEEKING, FAULT_WRITTEN };

	for (int i = 0; i < 3; i++) {
		self->ev->faults.v[1].state = states[i];
		JUDGE(VERDICT_SKIP, KIND_NOT_REACHED, "before --disarm starve-cgroup@1500");
	}
}

/* The point is there if there are orders, and it counts in the whole. */
TEST_F(log, it_is_a_point_of_the_plan)
{
	struct verdict *v = calloc(1, sizeof(*v));

	ASSERT_NE(NULL, v);
	self->ev->faults.v[0].hits = 0;
	verdict__judge(v, &self->plan, self->ev, NULL);
	EXPECT_STREQ("faults_switched", v->checks[CHECK_FAULTS].name);
	EXPECT_TRUE(v->checks[CHECK_FAULTS].applies);
	EXPECT_EQ(VERDICT_INCONCLUSIVE, v->checks[CHECK_FAULTS].status);
	self->orders.nr = 0;
	verdict__plan_checks(v, &self->plan);
	EXPECT_FALSE(v->checks[CHECK_FAULTS].applies);
	self->plan.faults = NULL;
	verdict__plan_checks(v, &self->plan);
	EXPECT_FALSE(v->checks[CHECK_FAULTS].applies);
	free(v);
}

TEST_F(log, json_has_all_of_it)
{
	json_t *a, *arm, *disarm;

	self->ev->faults.v[1].state = FAULT_FAILED;
	strcpy(self->ev->faults.v[1].why, "no");
	a = fault_log__json(&self->ev->faults, &self->orders);
	ASSERT_EQ(2, json_array_size(a));
	arm = json_array_get(a, 0);
	disarm = json_array_get(a, 1);
	EXPECT_STREQ("arm", json_string_value(json_object_get(arm, "what")));
	EXPECT_STREQ("starve-cgroup", json_string_value(json_object_get(arm, "fault")));
	EXPECT_STREQ("starve-cgroup=b@500", json_string_value(json_object_get(arm, "text")));
	EXPECT_STREQ("taken", json_string_value(json_object_get(arm, "state")));
	EXPECT_EQ(500 * MS, json_integer_value(json_object_get(arm, "at_ns")));
	EXPECT_EQ(500 * MS, json_integer_value(json_object_get(arm, "written_ns")));
	EXPECT_EQ(504 * MS, json_integer_value(json_object_get(arm, "taken_ns")));
	EXPECT_EQ(3, json_integer_value(json_object_get(arm, "hits")));
	EXPECT_TRUE(json_is_null(json_object_get(arm, "reason")));
	EXPECT_STREQ("disarm", json_string_value(json_object_get(disarm, "what")));
	EXPECT_STREQ("failed", json_string_value(json_object_get(disarm, "state")));
	EXPECT_STREQ("no", json_string_value(json_object_get(disarm, "reason")));
	EXPECT_TRUE(json_is_null(json_object_get(disarm, "written_ns")));
	EXPECT_TRUE(json_is_null(json_object_get(disarm, "hits")));
	json_decref(a);
}

TEST_HARNESS_MAIN
