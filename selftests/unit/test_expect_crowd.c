// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a worker may have to wait goes by those that shared its CPUs, where cpusets and
 * affinities put them.
 */
#include "unit.h"

#include "run_feed.h"

FIXTURE(crowd)
{
	struct run r;
	const char *reason;
};

FIXTURE_SETUP(crowd)
{
	run_init(&self->r);
}

FIXTURE_TEARDOWN(crowd)
{
	run_free(&self->r);
}

#define W(i)	(&self->r.ev->workers[i])

/* Twenty on one CPU of two: a round is 400 ms, and three of them are 1200. */
static void twenty(struct run *r)
{
	run_op(r, OP(KTSTR_V_HOLD, .value2 = 3000));
	for (uint32_t i = 0; i < 20; i++)
		run_worker(r, "a", "w", i, 150)->wait_ns = 2850 * MS;
}

#define GAP_IS_BOUND_BY(_ms) do {							\
	W(1)->max_gap_ns = (_ms) * MS;							\
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);				\
	W(1)->max_gap_ns += MS;								\
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);				\
} while (0)

TEST_F(crowd, max_gap_has_rounds_of_those_that_an_affinity_put_on_a_cpu)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a");
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w", CPUS(1), SPIN(20));
	RUN(KTSTR_V_HOLD, .value2 = 600);
	RUN(KTSTR_V_AFFINITY, .cgroup = "a", .name = "w", CPUS(3));
	twenty(&self->r);
	GAP_IS_BOUND_BY(1200);
}

TEST_F(crowd, max_gap_has_rounds_of_those_that_a_cpuset_put_on_a_cpu)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a");
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w", SPIN(20));
	RUN(KTSTR_V_HOLD, .value2 = 600);
	RUN(KTSTR_V_CPUSET, .cgroup = "a", CPUS(2));
	RUN(KTSTR_V_HOLD, .value2 = 600);
	RUN(KTSTR_V_CPUSET_CLEAR, .cgroup = "a");
	twenty(&self->r);
	GAP_IS_BOUND_BY(1200);
}

TEST_F(crowd, max_gap_has_no_rounds_of_a_crowd_before_the_window_or_elsewhere)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a");
	RUN(KTSTR_V_CGROUP, .cgroup = "b", CPUS(2));
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w", CPUS(1), SPIN(20));
	RUN(KTSTR_V_AFFINITY, .cgroup = "a", .name = "w", CPUS(3));
	RUN(KTSTR_V_SPAWN, .cgroup = "b", .name = "w0", SPIN(1));
	twenty(&self->r);
	run_worker(&self->r, "b", "w0", 0, 1500);
	/* Ten and a half on each of two CPUs. */
	GAP_IS_BOUND_BY(630);
	W(1)->max_gap_ns = 1 * MS;
	W(20)->max_gap_ns = 660 * MS;
	POINT("longest_off_cpu", VERDICT_PASS, KIND_OK);
	W(20)->max_gap_ns = 661 * MS;
	POINT("longest_off_cpu", VERDICT_FAIL, KIND_STARVED);
	REASON("b/w0/0");
}

TEST_F(crowd, max_gap_of_workers_that_moved_has_rounds_of_where_they_went)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a");
	RUN(KTSTR_V_CGROUP, .cgroup = "b", CPUS(2));
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w", SPIN(20));
	RUN(KTSTR_V_HOLD, .value2 = 600);
	RUN(KTSTR_V_MOVE, .cgroup = "a", .name = "w", .other = "b");
	twenty(&self->r);
	GAP_IS_BOUND_BY(1200);
}

TEST_F(crowd, max_gap_has_no_rounds_of_those_that_were_stopped)
{
	RUN(KTSTR_V_CGROUP, .cgroup = "a");
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "w", SPIN(20));
	RUN(KTSTR_V_SPAWN, .cgroup = "a", .name = "early", SPIN(40));
	RUN(KTSTR_V_STOP, .cgroup = "a", .name = "early");
	twenty(&self->r);
	for (uint32_t i = 0; i < 40; i++)
		run_worker(&self->r, "a", "early", i, 1)->max_gap_ns = 1 * MS;
	GAP_IS_BOUND_BY(600);
}

TEST_HARNESS_MAIN
