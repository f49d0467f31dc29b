// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expectations that workers, payloads and operations decide: each holds, and has a twin in
 * which it fails; and what a host that was away makes of it.
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

/* Two cgroups over both CPUs with two spinning workers each, 3 s: each gets its half. */
static void two(struct run *r)
{
	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "a"));
	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "b"));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(2)));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(2)));
}

static void hold_3s(struct run *r)
{
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 3000));
	for (uint32_t i = 0; i < 2; i++) {
		run_worker(r, "a", "w0", i, 1500)->wait_ns = 1500 * MS;
		run_worker(r, "b", "w0", i, 1500)->wait_ns = 1500 * MS;
	}
}

static void two_for_3s(struct run *r)
{
	two(r);
	hold_3s(r);
}

TEST_F(made, not_starved)
{
	two_for_3s(&self->r);
	POINT("workers_progress", VERDICT_PASS, KIND_OK);
	W(2)->iterations = 0;
	POINT("workers_progress", VERDICT_FAIL, KIND_NO_PROGRESS);
	REASON("a/w0/1");
	W(2)->iterations = 5;
	W(2)->exit_status = 11;
	POINT("workers_progress", VERDICT_FAIL, KIND_WORKER_DIED);
	self->r.ev->nr_workers = 2;
	POINT("workers_progress", VERDICT_FAIL, KIND_WORKER_MISSING);
	REASON("t.c:1: 1 of 2 workers w0 of cgroup a");
}

TEST_F(made, not_starved_of_nobody_is_no_success)
{
	two(&self->r);
	RUN(KTSTR_V_CGROUP, .cgroup = "c");
	WANT_OF(NOT_STARVED, .cgroup = "c");
	hold_3s(&self->r);
	POINT("workers_progress", VERDICT_PASS, KIND_OK);
	POINT("workers_progress(c)", VERDICT_SKIP, KIND_NO_DATA);
	REASON("t.c:1: there were no workers");
	EXPECT_NE(VERDICT_PASS, self->r.v.status);
}

TEST_F(made, not_starved_asks_nothing_of_those_that_had_no_time)
{
	two(&self->r);
	RUN(KTSTR_V_FREEZE, .cgroup = "b");
	hold_3s(&self->r);
	W(1)->iterations = W(3)->iterations = 0;
	POINT("workers_progress", VERDICT_PASS, KIND_OK);
	W(0)->iterations = 0;
	W(0)->start_ns = W(0)->end_ns - 50 * MS;
	POINT("workers_progress", VERDICT_PASS, KIND_OK);
	W(0)->start_ns = W(0)->end_ns - 150 * MS;
	POINT("workers_progress", VERDICT_FAIL, KIND_NO_PROGRESS);
	run_host(&self->r, 100, 0);
	POINT("workers_progress", VERDICT_INCONCLUSIVE, KIND_NO_PROGRESS);
	REASON("vCPU 0 for 100.0 ms");
}

TEST_F(made, max_gap)
{
	two_for_3s(&self->r);
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);
	W(1)->max_gap_ns = 500 * MS;
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);
	W(1)->max_gap_ns++;
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
	REASON("b/w0/0");
	REASON("500.0 ms");
}

TEST_F(made, max_gap_is_inconclusive_up_to_what_the_host_took)
{
	two_for_3s(&self->r);
	W(1)->max_gap_ns = 900 * MS;
	run_host(&self->r, 0, 399);
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
	run_host(&self->r, 0, 400);
	POINT("longest_off_cpu", VERDICT_INCONCLUSIVE, KIND_STARVED);
	REASON("up to 400.0 ms of that may be the host's");
	/* A bound that held is not doubted. */
	W(1)->max_gap_ns = 5 * MS;
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);
}

TEST_F(made, max_gap_has_the_bound_of_the_test)
{
	two(&self->r);
	WANT(MAX_GAP, .bound = 50);
	hold_3s(&self->r);
	W(1)->max_gap_ns = 60 * MS;
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
	REASON("t.c:1: worker b/w0/0");
	REASON("allowed are 50 ms");
}

TEST_F(made, max_gap_of_one_cgroup_leaves_the_default_to_the_others)
{
	two(&self->r);
	WANT_OF(MAX_GAP, .cgroup = "b", .bound = 2000);
	hold_3s(&self->r);
	W(1)->max_gap_ns = 1900 * MS;
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);
	POINT("longest_off_cpu(b)", VERDICT_PASS, KIND_OK);
	W(0)->max_gap_ns = 600 * MS;
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
	POINT("longest_off_cpu(b)", VERDICT_PASS, KIND_OK);
	W(1)->max_gap_ns = 2100 * MS;
	POINT("longest_off_cpu(b)", VERDICT_FAIL, KIND_STARVED);
}

TEST_F(made, max_gap_is_no_gap_while_frozen_and_longer_with_a_quota)
{
	two(&self->r);
	RUN(KTSTR_V_QUOTA, .cgroup = "a", .value = 10000, .value2 = 200000);
	RUN(KTSTR_V_HOLD, .value2 = 1000);
	RUN(KTSTR_V_FREEZE, .cgroup = "b");
	RUN(KTSTR_V_HOLD, .value2 = 1000);
	RUN(KTSTR_V_THAW, .cgroup = "b");
	hold_3s(&self->r);
	W(1)->max_gap_ns = 1400 * MS;
	W(1)->max_gap_at_ns = T0 + 2200 * MS;
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);
	W(1)->max_gap_ns = 1600 * MS;
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
	W(1)->max_gap_ns = 0;
	W(0)->max_gap_ns = 700 * MS;
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);
	W(0)->max_gap_ns = 701 * MS;
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
}

TEST_F(made, fair_shares_by_default)
{
	two_for_3s(&self->r);
	POINT("fair_shares", VERDICT_PASS, KIND_OK);
	for (int pct = 0; pct <= 100; pct++) {
		for (int i = 0; i < 4; i++) {
			W(i)->cpu_ns = 1 + 30 * MS * (i % 2 ? 100 - pct : pct);
			W(i)->wait_ns = 3000 * MS - W(i)->cpu_ns;
		}
		POINT("fair_shares", pct < 30 || pct > 70 ? VERDICT_FAIL : VERDICT_PASS,
		      pct < 30 || pct > 70 ? KIND_UNFAIR : KIND_OK);
	}
}

TEST_F(made, fair_shares_go_by_weight)
{
	run_op(&self->r, OP(KTSTR_V_CGROUP, .cgroup = "a"));
	run_op(&self->r, OP(KTSTR_V_CGROUP, .cgroup = "b"));
	RUN(KTSTR_V_WEIGHT, .cgroup = "b", .value = 300);
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(2));
	RUN(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(2));
	hold_3s(&self->r);
	/* Halves, a quarter and three quarters are what is right. */
	POINT("fair_shares", VERDICT_FAIL, KIND_UNFAIR);
	REASON("25.0 points off");
	W(0)->cpu_ns = W(2)->cpu_ns = 750 * MS;
	W(1)->cpu_ns = W(3)->cpu_ns = 2250 * MS;
	POINT("fair_shares", VERDICT_PASS, KIND_OK);
}

/* a and b, of weights 1 to 3, each with a worker on CPU 0, and four workers of c somewhere. */
static bool asks_for_fair_shares(struct run *r, uint32_t b_weight, uint64_t c_cpus)
{
	bool asks;

	run_init(r);
	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "a", CPUS(1)));
	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "b", CPUS(1)));
	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "c", CPUS(c_cpus)));
	run_op(r, OP(KTSTR_V_WEIGHT, .cgroup = "b", .value = b_weight));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(1)));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(1)));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "c", .name = "w0", SPIN(4)));
	hold_3s(r);
	run_judge(r);
	asks = run_point(r, "fair_shares");
	run_free(r);
	return asks;
}

/* Beside a third the richer may have all that it can use, and then three to one is wrong. */
TEST(fair_shares_of_different_weights_are_no_question_beside_others)
{
	struct run r;

	EXPECT_FALSE(asks_for_fair_shares(&r, 300, 1));
	EXPECT_FALSE(asks_for_fair_shares(&r, 300, 3));
	EXPECT_TRUE(asks_for_fair_shares(&r, 300, 2));
	EXPECT_TRUE(asks_for_fair_shares(&r, 100, 3));
}

TEST_F(made, fair_shares_are_inconclusive_up_to_what_is_uneven_in_the_host)
{
	two_for_3s(&self->r);
	W(0)->cpu_ns = W(2)->cpu_ns = 600 * MS;
	W(0)->wait_ns = W(2)->wait_ns = 2400 * MS;
	W(1)->cpu_ns = W(3)->cpu_ns = 2400 * MS;
	run_host(&self->r, 1000, 1000);
	POINT("fair_shares", VERDICT_FAIL, KIND_UNFAIR);
	/* 30 points off; 2 to 1 may make 16.7 of them. */
	run_host(&self->r, 1500, 0);
	POINT("fair_shares", VERDICT_INCONCLUSIVE, KIND_UNFAIR);
	REASON("16.7 points may be the host's");
}

TEST_F(made, a_small_share_is_no_wrong_when_nobody_wanted_more)
{
	two_for_3s(&self->r);
	W(0)->cpu_ns = W(2)->cpu_ns = 300 * MS;
	W(0)->wait_ns = W(2)->wait_ns = 100 * MS;
	POINT("fair_shares", VERDICT_SKIP, KIND_NOT_CONTESTED);
	/* One that waited until the end is in no count of waits. */
	W(0)->max_gap_ns = W(2)->max_gap_ns = 2600 * MS;
	POINT("fair_shares", VERDICT_FAIL, KIND_UNFAIR);
}

/* Weights 1, 4, 4 of which the heavy ones sleep: what they left is not taken from them. */
TEST_F(made, who_has_much_is_no_wrong_when_nobody_wanted_more)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a");
	RUN(KTSTR_V_CGROUP, .cgroup = "b");
	RUN(KTSTR_V_CGROUP, .cgroup = "c");
	RUN(KTSTR_V_WEIGHT, .cgroup = "b", .value = 400);
	RUN(KTSTR_V_WEIGHT, .cgroup = "c", .value = 400);
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(1));
	RUN(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(1));
	RUN(KTSTR_V_SPAWN, .cgroup = "c", .name = "w0", SPIN(1));
	RUN(KTSTR_V_HOLD, .value2 = 3000);
	run_worker(&self->r, "a", "w0", 0, 1500);
	run_worker(&self->r, "b", "w0", 0, 1500);
	run_worker(&self->r, "c", "w0", 0, 1500);
	POINT("fair_shares", VERDICT_SKIP, KIND_NOT_CONTESTED);
	/* One of them is enough for it to be wrong. */
	W(2)->wait_ns = 1500 * MS;
	POINT("fair_shares", VERDICT_FAIL, KIND_UNFAIR);
	REASON("cgroup a got 33.3 %");
}

/* A weight says nothing to a real-time task, nor to one that is alone on its CPU. */
TEST_F(made, fair_shares_are_no_question_for_work_that_sets_its_own_terms)
{
	static const char * const kinds[] = {
		"rt-starve", "policy-churn", "affinity-churn", "cgroup-churn", "numa-churn",
	};

	two_for_3s(&self->r);
	run_judge(&self->r);
	ASSERT_NE(NULL, run_point(&self->r, "fair_shares"));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (uint32_t k = 0; k < self->r.plan.nr_ops; k++)
			if (self->r.ops[k].verb == KTSTR_V_SPAWN)
				strcpy(self->r.ops[k].work.kind, kinds[i]);
		run_judge(&self->r);
		EXPECT_EQ(NULL, run_point(&self->r, "fair_shares")) TH_LOG("%s", kinds[i]);
	}
	/* A nice value counts inside of its cgroup only. */
	for (uint32_t k = 0; k < self->r.plan.nr_ops; k++)
		if (self->r.ops[k].verb == KTSTR_V_SPAWN)
			strcpy(self->r.ops[k].work.kind, "nice-sweep");
	POINT("fair_shares", VERDICT_PASS, KIND_OK);
}

TEST_F(made, nobody_wants_to_run_while_frozen)
{
	two(&self->r);
	WANT_OF(FAIR, WORDS(.cgroup = "a", .other = "b"), .bound = 5);
	RUN(KTSTR_V_HOLD, .value2 = 1000);
	RUN(KTSTR_V_FREEZE, .cgroup = "a");
	RUN(KTSTR_V_HOLD, .value2 = 3500);
	RUN(KTSTR_V_THAW, .cgroup = "a");
	hold_3s(&self->r);
	/* Of the 4 s in which it was not frozen a wanted a tenth. */
	W(0)->cpu_ns = W(2)->cpu_ns = 300 * MS;
	W(0)->wait_ns = W(2)->wait_ns = 100 * MS;
	W(1)->cpu_ns = W(3)->cpu_ns = 4000 * MS;
	W(0)->max_gap_ns = W(2)->max_gap_ns = 3600 * MS;
	W(0)->max_gap_at_ns = W(2)->max_gap_at_ns = T0 + 4550 * MS;
	POINT("fair(a,b)", VERDICT_SKIP, KIND_NOT_CONTESTED);
	/* At another time such a gap is a wait. */
	W(0)->cpu_ns = W(2)->cpu_ns = 700 * MS;
	W(0)->max_gap_ns = W(2)->max_gap_ns = 3000 * MS;
	W(0)->max_gap_at_ns = W(2)->max_gap_at_ns = T0 + 7500 * MS;
	POINT("fair(a,b)", VERDICT_FAIL, KIND_UNFAIR);
}

TEST_F(made, what_the_host_stole_was_wanted_too)
{
	two_for_3s(&self->r);
	/* Half of all CPU time was stolen, so 600 and 2400 ms are counted as 300 and 1200. */
	self->r.ev->end.steal_ns = 3000 * MS;
	W(0)->cpu_ns = W(2)->cpu_ns = 300 * MS;
	W(0)->wait_ns = W(2)->wait_ns = 2400 * MS;
	W(1)->cpu_ns = W(3)->cpu_ns = 1200 * MS;
	run_host(&self->r, 1500, 1500);
	POINT("fair_shares", VERDICT_FAIL, KIND_UNFAIR);
}

TEST_F(made, fair_shares_are_no_question_on_unequal_terms)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a", CPUS(1));
	RUN(KTSTR_V_CGROUP, .cgroup = "b", CPUS(2));
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(2));
	RUN(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(2));
	hold_3s(&self->r);
	run_judge(&self->r);
	EXPECT_EQ(NULL, run_point(&self->r, "fair_shares"));
}

TEST_F(made, fair_of_two_that_share_one_cpu_of_two)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a", CPUS(3));
	RUN(KTSTR_V_CGROUP, .cgroup = "b", CPUS(1));
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(2));
	RUN(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(2));
	WANT_OF(FAIR, WORDS(.cgroup = "a", .other = "b"), .bound = 5);
	hold_3s(&self->r);
	/* CPU 1 is a's alone, CPU 0 is shared: three quarters. */
	W(0)->cpu_ns = W(2)->cpu_ns = 2250 * MS;
	W(1)->cpu_ns = W(3)->cpu_ns = 750 * MS;
	W(1)->wait_ns = W(3)->wait_ns = 2250 * MS;
	POINT("fair(a,b)", VERDICT_PASS, KIND_OK);
	W(0)->cpu_ns = W(2)->cpu_ns = 2600 * MS;
	W(1)->cpu_ns = W(3)->cpu_ns = 400 * MS;
	W(1)->wait_ns = W(3)->wait_ns = 2600 * MS;
	POINT("fair(a,b)", VERDICT_FAIL, KIND_UNFAIR);
	REASON("t.c:1: cgroup a got 86.7 %");
	REASON("fair share of 75.0 %");
}

TEST_F(made, fair_counts_what_changes_in_the_window)
{
	two(&self->r);
	RUN(KTSTR_V_HOLD, .value2 = 1499);
	RUN(KTSTR_V_WEIGHT, .cgroup = "a", .value = 300);
	WANT_OF(FAIR, WORDS(.cgroup = "a", .other = "b"), .bound = 3);
	RUN(KTSTR_V_HOLD, .value2 = 1500);
	for (uint32_t i = 0; i < 2; i++) {
		run_worker(&self->r, "a", "w0", i, 1875);
		run_worker(&self->r, "b", "w0", i, 1125)->wait_ns = 1875 * MS;
	}
	/* A half, then three quarters. */
	POINT("fair(a,b)", VERDICT_PASS, KIND_OK);
	W(0)->cpu_ns = 2500 * MS;
	POINT("fair(a,b)", VERDICT_FAIL, KIND_UNFAIR);
}

TEST_F(made, water_finds_its_level)
{
	const double weight[] = { 100, 300, 100 }, want[] = { 4, 0.5, 4 };
	double got[3];

	expect_share__fair(3, weight, want, 2, got);
	EXPECT_EQ(0.5, got[1]);
	EXPECT_EQ(0.75, got[0]);
	EXPECT_EQ(0.75, got[2]);
	/* More than anybody wants. */
	expect_share__fair(3, weight, want, 100, got);
	EXPECT_EQ(4, got[0]);
	EXPECT_EQ(0.5, got[1]);
	expect_share__fair(3, weight, want, 0, got);
	EXPECT_EQ(0, got[0]);
}

TEST_F(made, quota)
{
	two(&self->r);
	RUN(KTSTR_V_QUOTA, .cgroup = "a", .value = 50000, .value2 = 100000);
	hold_3s(&self->r);
	/* Half a CPU for 3 s, and one period's worth. */
	W(0)->cpu_ns = W(2)->cpu_ns = 775 * MS;
	POINT("quota_kept", VERDICT_PASS, KIND_OK);
	W(0)->cpu_ns = W(2)->cpu_ns = 860 * MS;
	POINT("quota_kept", VERDICT_FAIL, KIND_QUOTA);
	REASON("cgroup a used 1720.0 ms");
	REASON("its quota was 1550.0 ms");
}

TEST_F(made, quota_counts_from_when_it_is_set_and_holds_below)
{
	two(&self->r);
	RUN(KTSTR_V_CGROUP, .cgroup = "a/c");
	RUN(KTSTR_V_SPAWN, .cgroup = "a/c", .name = "w1", SPIN(1));
	RUN(KTSTR_V_HOLD, .value2 = 999);
	RUN(KTSTR_V_QUOTA, .cgroup = "a", .value = 50000, .value2 = 100000);
	RUN(KTSTR_V_HOLD, .value2 = 2000);
	for (uint32_t i = 0; i < 2; i++) {
		run_worker(&self->r, "a", "w0", i, 1000);
		run_worker(&self->r, "b", "w0", i, 1500);
	}
	run_worker(&self->r, "a/c", "w1", 0, 1000);
	/* Two CPUs for a second, then 0.5 for two seconds and a period. */
	POINT("quota_kept", VERDICT_PASS, KIND_OK);
	W(4)->cpu_ns = 1400 * MS;
	POINT("quota_kept", VERDICT_FAIL, KIND_QUOTA);
}

TEST_F(made, throughput)
{
	two(&self->r);
	WANT_OF(THROUGHPUT, .cgroup = "a", .min = 600);
	hold_3s(&self->r);
	POINT("throughput(a)", VERDICT_PASS, KIND_OK);
	W(0)->iterations = 700;
	POINT("throughput(a)", VERDICT_FAIL, KIND_SLOW);
	REASON("566.7 iterations/s, wanted are 600");
	run_host(&self->r, 300, 300);
	POINT("throughput(a)", VERDICT_INCONCLUSIVE, KIND_SLOW);
	/* Without workers there is nothing, and nothing is no success: the test asked. */
	self->r.ev->nr_workers = 0;
	POINT("throughput(a)", VERDICT_SKIP, KIND_NO_DATA);
	EXPECT_NE(VERDICT_PASS, self->r.v.status);
}

TEST_F(made, spread)
{
	two(&self->r);
	WANT_OF(SPREAD, .cgroup = "a", .bound = 10);
	hold_3s(&self->r);
	W(0)->iterations = 1050;
	POINT("spread(a)", VERDICT_PASS, KIND_OK);
	W(0)->iterations = 1200;
	POINT("spread(a)", VERDICT_FAIL, KIND_SPREAD);
	run_host(&self->r, 600, 0);
	POINT("spread(a)", VERDICT_INCONCLUSIVE, KIND_SPREAD);
	W(0)->iterations = W(2)->iterations = 0;
	POINT("spread(a)", VERDICT_FAIL, KIND_SPREAD);
}

TEST_F(made, node_local)
{
	two(&self->r);
	WANT_OF(NODE_LOCAL, .cgroup = "a", .min = 90);
	hold_3s(&self->r);
	POINT("node_local(a)", VERDICT_SKIP, KIND_NO_DATA);
	W(0)->node_pages = W(2)->node_pages = 500;
	W(2)->remote_pages = 100;
	POINT("node_local(a)", VERDICT_PASS, KIND_OK);
	W(0)->remote_pages = 1;
	POINT("node_local(a)", VERDICT_FAIL, KIND_NOT_LOCAL);
	/* More pages elsewhere than there are. */
	W(0)->remote_pages = 5000;
	POINT("node_local(a)", VERDICT_SKIP, KIND_NO_DATA);
}

TEST_F(made, overhead_is_never_the_schedulers_fault)
{
	two_for_3s(&self->r);
	self->r.ev->start.self_ns = 500 * MS;
	self->r.ev->end.self_ns = 620 * MS;
	POINT("overhead", VERDICT_PASS, KIND_OK);
	REASON("2.00 %");
	self->r.ev->end.self_ns = 621 * MS;
	POINT("overhead", VERDICT_INCONCLUSIVE, KIND_OVERHEAD);
	/* An emulated CPU takes longer for the same. */
	self->r.plan.emulated = true;
	POINT("overhead", VERDICT_PASS, KIND_OK);
	self->r.ev->end.self_ns = 1101 * MS;
	POINT("overhead", VERDICT_INCONCLUSIVE, KIND_OVERHEAD);
	self->r.ev->end.self_ns = 1;
	POINT("overhead", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
}

TEST_F(made, what_the_tests_operations_took_is_no_overhead)
{
	two_for_3s(&self->r);
	self->r.ev->start.self_ns = 500 * MS;
	self->r.ev->end.self_ns = 720 * MS;
	self->r.ev->start.ops_ns = 200 * MS;
	self->r.ev->end.ops_ns = 300 * MS;
	POINT("overhead", VERDICT_PASS, KIND_OK);
	REASON("2.00 % of the guest's CPU time in the window (120.0 ms)");
	self->r.ev->end.ops_ns = 299 * MS;
	POINT("overhead", VERDICT_INCONCLUSIVE, KIND_OVERHEAD);
	/* They are a part of it, and never run backwards. */
	self->r.ev->end.ops_ns = 420 * MS;
	POINT("overhead", VERDICT_PASS, KIND_OK);
	self->r.ev->end.ops_ns = 421 * MS;
	POINT("overhead", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	self->r.ev->end.ops_ns = 199 * MS;
	POINT("overhead", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
}

/* An account of worker @i at a mark. */
static void marked(struct run *r, uint32_t mark, uint32_t i, uint64_t iterations)
{
	struct evidence_worker *m = &r->ev->marked[r->ev->nr_marked++];

	*m = r->ev->workers[i];
	m->mark = mark;
	m->iterations = iterations;
}

/* One second of the kernel, one of the scheduler, one of the kernel again; one worker. */
static void phases(struct run *r)
{
	run_op(r, OP(KTSTR_V_CGROUP, .cgroup = "a"));
	run_op(r, OP(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", SPIN(1)));
	run_op(r, OP(KTSTR_V_MARK, .name = "kernel"));
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 1000));
	run_op(r, OP(KTSTR_V_MARK, .name = "sched"));
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 999));
	run_op(r, OP(KTSTR_V_MARK, .name = "kernel"));
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 999));
	run_op(r, OP(KTSTR_V_EXPECT, .cgroup = "a", .name = "sched", .other = "kernel",
		     .expect = { .kind = KTSTR_X_NO_REGRESSION, .min = 90 }));
	run_worker(r, "a", "w0", 0, 3000)->iterations = 2950;
	marked(r, 2, 0, 1000);
	marked(r, 3, 0, 1950);
}

#define REGRESSION "no_regression(a,sched,kernel)"

TEST_F(made, no_regression)
{
	phases(&self->r);
	POINT(REGRESSION, VERDICT_PASS, KIND_OK);
	/* Half as fast as before and after. */
	self->r.ev->marked[1].iterations = 1500;
	self->r.ev->workers[0].iterations = 2500;
	POINT(REGRESSION, VERDICT_FAIL, KIND_REGRESSION);
	REASON("50.0 %");
	REASON("t.c:1: ");
	run_host(&self->r, 100, 100);
	POINT(REGRESSION, VERDICT_FAIL, KIND_REGRESSION);
	run_host(&self->r, 500, 500);
	POINT(REGRESSION, VERDICT_INCONCLUSIVE, KIND_REGRESSION);
}

/* The kernel could be twice as fast, and the host hid that. */
TEST_F(made, no_regression_does_not_trust_a_phase_that_the_host_slowed_down)
{
	phases(&self->r);
	self->r.ev->marked[0].iterations = 500;
	self->r.ev->marked[1].iterations = 1000;
	self->r.ev->workers[0].iterations = 1500;
	POINT(REGRESSION, VERDICT_PASS, KIND_OK);
	run_host(&self->r, 1000, 1000);
	POINT(REGRESSION, VERDICT_INCONCLUSIVE, KIND_REGRESSION);
	REASON("may be the host that slowed the latter");
	EXPECT_NE(VERDICT_PASS, self->r.v.status);
	/* Faster than 90 % of twice the other, it is no slower in any case. */
	self->r.ev->marked[1].iterations = 500 + 950;
	self->r.ev->workers[0].iterations = 1450 + 500;
	POINT(REGRESSION, VERDICT_PASS, KIND_OK);
	/* A host that took next to nothing hides nothing. */
	self->r.ev->marked[1].iterations = 500 + 500;
	self->r.ev->workers[0].iterations = 1500;
	run_host(&self->r, 10, 10);
	POINT(REGRESSION, VERDICT_PASS, KIND_OK);
}

TEST_F(made, no_regression_needs_the_accounts_of_its_marks)
{
	phases(&self->r);
	self->r.ev->nr_marked--;
	POINT(REGRESSION, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	self->r.ev->nr_marked++;
	/* Of another worker. */
	self->r.ev->marked[1].pid++;
	POINT(REGRESSION, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	self->r.ev->marked[1].pid--;
	/* Backwards. */
	self->r.ev->marked[1].iterations = 10;
	POINT(REGRESSION, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
}

TEST_F(made, no_regression_of_phases_in_which_nothing_happened)
{
	phases(&self->r);
	self->r.ev->marked[0].iterations = 0;
	self->r.ev->workers[0].iterations = 1950;
	POINT(REGRESSION, VERDICT_SKIP, KIND_NO_DATA);
}

static void payload(struct run *r, const char *out, uint32_t status)
{
	struct payload_out *p = &r->ev->payloads.all[0];

	run_op(r, OP(KTSTR_V_RUN, .name = "p", .cmd = "/usr/bin/hackbench -g 2"));
	r->ev->payloads.nr = 1;
	p->index = 0;
	p->ended = true;
	p->wait_status = status;
	p->len[0] = strlen(out);
	memcpy(p->text[0], out, strlen(out));
	run_op(r, OP(KTSTR_V_EXPECT, .name = "p", .expect = {
		     .kind = KTSTR_X_METRIC, .metric = "time_s", .min = 0.1, .max = 2 }));
	run_op(r, OP(KTSTR_V_EXPECT, .name = "p", .expect = { .kind = KTSTR_X_EXIT_STATUS }));
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 1000));
}

TEST_F(made, a_payload_that_is_well)
{
	payload(&self->r, "Time: 1.5\n", 0);
	POINT("metric(p,time_s)", VERDICT_PASS, KIND_OK);
	POINT("exit_status(p)", VERDICT_PASS, KIND_OK);
	run_judge(&self->r);
	EXPECT_EQ(VERDICT_PASS, self->r.v.status) TH_LOG("%s", self->r.v.reason);
}

TEST_F(made, a_payload_that_is_slow_and_fails)
{
	payload(&self->r, "Time: 2.5\n", 3 << 8);
	POINT("metric(p,time_s)", VERDICT_FAIL, KIND_METRIC);
	REASON("t.c:1: time_s of payload p is 2.5, wanted are 0.1 to 2");
	POINT("exit_status(p)", VERDICT_FAIL, KIND_EXIT_STATUS);
	REASON("status 3");
	/* What a host that was away for a quarter does to it nobody knows. */
	run_host(&self->r, 250, 250);
	POINT("metric(p,time_s)", VERDICT_INCONCLUSIVE, KIND_METRIC);
	POINT("exit_status(p)", VERDICT_FAIL, KIND_EXIT_STATUS);
	self->r.ev->payloads.all[0].wait_status = 15;
	self->r.ev->payloads.all[0].expected = true;
	POINT("exit_status(p)", VERDICT_FAIL, KIND_EXIT_STATUS);
	REASON("signal 15, by the test or its end");
}

TEST_F(made, a_payload_that_says_nothing)
{
	payload(&self->r, "hello\n", 0);
	POINT("metric(p,time_s)", VERDICT_FAIL, KIND_METRIC);
	REASON("printed no time_s");
	self->r.ev->payloads.all[0].ended = false;
	POINT("metric(p,time_s)", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	POINT("exit_status(p)", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	self->r.ev->payloads.nr = 0;
	POINT("exit_status(p)", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
}

TEST_F(made, output_of_a_payload_that_may_be_lost_is_no_failure)
{
	payload(&self->r, "", 0);
	self->r.ev->frames.corrupt = 1;
	POINT("metric(p,time_s)", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	REASON("printed no time_s");
	REASON("1 corrupt");
	EXPECT_EQ(VERDICT_INCONCLUSIVE, self->r.v.status);
	/* How it ended came in a frame of its own. */
	self->r.ev->payloads.all[0].wait_status = 3 << 8;
	POINT("exit_status(p)", VERDICT_FAIL, KIND_EXIT_STATUS);
	self->r.ev->payloads.all[0].wait_status = 0;
	self->r.ev->frames.corrupt = 0;
	POINT("metric(p,time_s)", VERDICT_FAIL, KIND_METRIC);
}

TEST_F(made, a_payload_of_which_only_the_beginning_is_kept)
{
	struct payload_out *p = &self->r.ev->payloads.all[0];

	payload(&self->r, "Time: 1.5\n", 0);
	for (int stream = 0; stream < 2; stream++) {
		p->bytes[0] = p->len[0];
		p->bytes[stream] = p->len[stream] + 1;
		POINT("metric(p,time_s)", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
		REASON(stream ? "1 bytes to stderr" : "11 bytes to stdout");
		POINT("exit_status(p)", VERDICT_PASS, KIND_OK);
	}
	p->bytes[1] = 0;
	POINT("metric(p,time_s)", VERDICT_PASS, KIND_OK);
}

TEST_F(made, a_metric_may_have_no_upper_limit)
{
	payload(&self->r, "Time: 1e9\n", 0);
	self->r.ops[1].expect.max = 0;
	POINT("metric(p,time_s)", VERDICT_PASS, KIND_OK);
	/* But from 0 to 0 is 0. */
	self->r.ops[1].expect.min = 0;
	POINT("metric(p,time_s)", VERDICT_FAIL, KIND_METRIC);
}

TEST_F(made, operations_must_all_be_done)
{
	two_for_3s(&self->r);
	POINT("operations_done", VERDICT_PASS, KIND_OK);
	/* The plan has one more. */
	strcpy(self->r.ops[self->r.plan.nr_ops].at, "late.c:9");
	self->r.ops[self->r.plan.nr_ops++].verb = KTSTR_V_HOLD;
	POINT("operations_done", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	REASON("late.c:9: ");
	self->r.plan.nr_ops -= 2;
	POINT("operations_done", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	self->r.plan.nr_ops++;
	self->r.ops[1].cgroup[0] = 'x';
	POINT("operations_done", VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	REASON("operation 1");
}

TEST_F(made, an_operation_that_failed_is_told_with_its_line)
{
	const struct ktstr_op *op = OP(KTSTR_V_CPUSET, .cgroup = "a", CPUS(3));

	two(&self->r);
	self->r.ops[self->r.plan.nr_ops++] = *op;
	op_begin(self->r.ev, op, T0);
	op_end(self->r.ev, T0, 22, "no such CPU");
	self->r.ev->test_status = KTSTR_GUEST_FAILED;
	self->r.ev->end.time_ns = T0 + 1 * SEC;
	POINT("operations_done", VERDICT_FAIL, KIND_OPERATION);
	REASON("t.c:1: cpuset failed: no such CPU (Invalid argument)");
	self->r.ev->test_status = KTSTR_GUEST_ENV;
	POINT("operations_done", VERDICT_ENV, KIND_OPERATION);
	EXPECT_EQ(VERDICT_ENV, self->r.v.status);
}

TEST_F(made, a_hold_that_the_schedulers_death_ended_is_no_failure_of_its_own)
{
	const struct ktstr_op *op = OP(KTSTR_V_HOLD, .value2 = 3000);

	two(&self->r);
	self->r.ops[self->r.plan.nr_ops++] = *op;
	op_begin(self->r.ev, op, T0);
	op_end(self->r.ev, T0 + 1, 125, "the window ended early");
	self->r.ev->test_status = KTSTR_GUEST_FAILED;
	self->r.ev->end.time_ns = T0 + 1 * SEC;
	run_phase(&self->r, KTSTR_LIFE_SCHED_DIED, "gone");
	POINT("operations_done", VERDICT_SKIP, KIND_NOT_REACHED);
	POINT("workers_progress", VERDICT_SKIP, KIND_NOT_REACHED);
	EXPECT_EQ(KIND_SCHED_DETACHED, self->r.v.kind);
}

TEST_F(made, a_scheduler_that_operations_change_is_judged_by_them)
{
	two(&self->r);
	RUN(KTSTR_V_HOLD, .value2 = 1000);
	RUN(KTSTR_V_SCHED_DETACH);
	RUN(KTSTR_V_HOLD, .value2 = 1000);
	hold_3s(&self->r);
	strcpy(self->r.ev->end.sched.state, "disabled");
	POINT("sched_enabled", VERDICT_PASS, KIND_OK);
	strcpy(self->r.ev->end.sched.state, "enabled");
	POINT("sched_enabled", VERDICT_FAIL, KIND_SCHED_DETACHED);
	strcpy(self->r.ev->end.sched.state, "disabled");
	self->r.ev->end.sched.enable_seq = 2;
	POINT("sched_enabled", VERDICT_FAIL, KIND_SCHED_REPLACED);
}

TEST_F(made, a_restart_enables_once)
{
	two(&self->r);
	RUN(KTSTR_V_HOLD, .value2 = 1000);
	RUN(KTSTR_V_SCHED_RESTART);
	hold_3s(&self->r);
	POINT("sched_enabled", VERDICT_FAIL, KIND_SCHED_REPLACED);
	self->r.ev->end.sched.enable_seq = 2;
	POINT("sched_enabled", VERDICT_PASS, KIND_OK);
	strcpy(self->r.ev->end.sched.state, "disabled");
	POINT("sched_enabled", VERDICT_FAIL, KIND_SCHED_DETACHED);
}

static void body(struct ktstr_run *t)
{
	(void)t;
}

TEST_F(made, what_a_body_expects_is_one_point)
{
	static const struct ktstr_test test = { .name = "made", .body = body };
	const struct ktstr_op *op = OP(KTSTR_V_EXPECT, .cgroup = "a", .expect = {
				       .kind = KTSTR_X_THROUGHPUT, .min = 10 });

	two_for_3s(&self->r);
	self->r.plan.test = &test;
	POINT("body_expectations", VERDICT_PASS, KIND_OK);
	REASON("expects nothing");
	op_did(self->r.ev, op, self->r.now_ns, self->r.now_ns);
	POINT("body_expectations", VERDICT_PASS, KIND_OK);
	REASON("1 expectations");
	op = OP(KTSTR_V_EXPECT, .cgroup = "a", .expect = {
		.kind = KTSTR_X_THROUGHPUT, .min = 1e9 });
	op_did(self->r.ev, op, self->r.now_ns, self->r.now_ns);
	POINT("body_expectations", VERDICT_FAIL, KIND_SLOW);
	REASON("throughput(a): ");
	POINT("operations_done", VERDICT_PASS, KIND_OK);
}

TEST_F(made, defaults_are_off_for_tests_without_them)
{
	static const struct ktstr_test test = {
		.name = "made", .without = KTSTR_X_BIT(KTSTR_X_MAX_GAP) | KTSTR_X_BIT(KTSTR_X_FAIR),
	};

	two(&self->r);
	WANT(MAX_GAP, .bound = 7);
	hold_3s(&self->r);
	self->r.plan.test = &test;
	run_judge(&self->r);
	EXPECT_EQ(NULL, run_point(&self->r, "fair_shares"));
	/* What it asks for itself it gets all the same. */
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
	EXPECT_FALSE(self->r.v.checks[CHECK_OFF_CPU].applies);
}

TEST_F(made, points_have_names_of_their_own_and_are_known_before)
{
	struct verdict before;

	two(&self->r);
	WANT_OF(WAKE_LATENCY, .cgroup = "a", .pct = 99, .bound = 5);
	WANT_OF(WAKE_LATENCY, .cgroup = "a", .pct = 99.9, .bound = 5);
	WANT_OF(WAKE_LATENCY, .cgroup = "a", .pct = 99, .bound = 6);
	WANT_OF(FAIR, WORDS(.cgroup = "b", .other = "a"));
	hold_3s(&self->r);
	verdict__plan_checks(&before, &self->r.plan);
	run_judge(&self->r);
	ASSERT_EQ(before.nr, self->r.v.nr);
	ASSERT_EQ(CHECK_NR + 4, before.nr);
	EXPECT_STREQ("wake_latency_p99(a)", before.checks[CHECK_NR].name);
	EXPECT_STREQ("wake_latency_p99.9(a)", before.checks[CHECK_NR + 1].name);
	EXPECT_STREQ("wake_latency_p99(a).2", before.checks[CHECK_NR + 2].name);
	EXPECT_STREQ("fair(b,a)", before.checks[CHECK_NR + 3].name);
	for (uint32_t i = 0; i < before.nr; i++) {
		EXPECT_EQ(before.checks[i].applies, self->r.v.checks[i].applies);
		EXPECT_STREQ(before.checks[i].name, self->r.v.checks[i].name);
	}
}

TEST_HARNESS_MAIN
