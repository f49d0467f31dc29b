// SPDX-License-Identifier: GPL-2.0-only
/*
 * From operations to what they leave: cpusets, limits, workers, and times without a change.
 */
#include "unit.h"

#include "host/op_state.h"
#include "op_feed.h"

FIXTURE(state)
{
	struct op_state s;
	struct evidence *ev;
};

FIXTURE_SETUP(state)
{
	op_state__init(&self->s, 4);
	self->ev = evidence__new(NULL);
	ASSERT_NE(NULL, self->ev);
}

FIXTURE_TEARDOWN(state)
{
	free(self->ev);
}

#define DO(...)	op_state__apply(&self->s, OP(__VA_ARGS__))

static uint64_t cpus(const struct op_state *s, const char *path)
{
	struct cpu_mask m;

	op_state__cpus(s, path, &m);
	return m.bits[0];
}

TEST_F(state, a_cpuset_is_cut_by_those_above_it)
{
	EXPECT_EQ(0xf, cpus(&self->s, "a"));
	DO(KTSTR_V_CGROUP, .cgroup = "a", CPUS(0x7));
	DO(KTSTR_V_CGROUP, .cgroup = "a/b");
	DO(KTSTR_V_CGROUP, .cgroup = "a/b/c", CPUS(0xc));
	EXPECT_EQ(0x7, cpus(&self->s, "a"));
	EXPECT_EQ(0x7, cpus(&self->s, "a/b"));
	EXPECT_EQ(0x4, cpus(&self->s, "a/b/c"));
	DO(KTSTR_V_CPUSET, .cgroup = "a", CPUS(0x3));
	/* Nothing would be left. */
	EXPECT_EQ(0x3, cpus(&self->s, "a/b/c"));
	DO(KTSTR_V_CPUSET_CLEAR, .cgroup = "a");
	EXPECT_EQ(0xc, cpus(&self->s, "a/b/c"));
	DO(KTSTR_V_CPU_OFFLINE, .value = 3);
	EXPECT_EQ(0x4, cpus(&self->s, "a/b/c"));
	DO(KTSTR_V_CPU_ONLINE, .value = 3);
	EXPECT_EQ(0xc, cpus(&self->s, "a/b/c"));
}

TEST_F(state, cpusets_are_swapped_as_they_are_in_effect)
{
	DO(KTSTR_V_CGROUP, .cgroup = "a", CPUS(0x3));
	DO(KTSTR_V_CGROUP, .cgroup = "b");
	DO(KTSTR_V_CPUSET_SWAP, .cgroup = "a", .other = "b");
	EXPECT_EQ(0xf, cpus(&self->s, "a"));
	EXPECT_EQ(0x3, cpus(&self->s, "b"));
}

TEST_F(state, limits_hold_below)
{
	DO(KTSTR_V_CGROUP, .cgroup = "a");
	DO(KTSTR_V_CGROUP, .cgroup = "a/b");
	EXPECT_GT(0, op_state__quota(&self->s, "a/b"));
	DO(KTSTR_V_QUOTA, .cgroup = "a/b", .value = 200000, .value2 = 100000);
	DO(KTSTR_V_QUOTA, .cgroup = "a", .value = 50000, .value2 = 100000);
	EXPECT_EQ(0.5, op_state__quota(&self->s, "a/b"));
	EXPECT_EQ(0.5, op_state__quota(&self->s, "a"));
	DO(KTSTR_V_QUOTA, .cgroup = "a", .value = 0, .value2 = 100000);
	EXPECT_EQ(2, op_state__quota(&self->s, "a/b"));
	DO(KTSTR_V_FREEZE, .cgroup = "a");
	EXPECT_TRUE(op_state__frozen(&self->s, "a/b"));
	DO(KTSTR_V_THAW, .cgroup = "a");
	EXPECT_FALSE(op_state__frozen(&self->s, "a/b"));
	DO(KTSTR_V_WEIGHT, .cgroup = "a", .value = 300);
	EXPECT_EQ(300, op_state__cgroup(&self->s, "a")->weight);
	EXPECT_EQ(OP_WEIGHT_DEFAULT, op_state__cgroup(&self->s, "a/b")->weight);
}

TEST_F(state, workers_come_go_and_move)
{
	DO(KTSTR_V_CGROUP, .cgroup = "a");
	DO(KTSTR_V_CGROUP, .cgroup = "ab");
	DO(KTSTR_V_SPAWN, .cgroup = "a", .name = "w0", .work.nr = 4);
	DO(KTSTR_V_SPAWN, .cgroup = "a", .name = "w1", .work.nr = 2);
	EXPECT_EQ(6, op_state__workers(&self->s, "a"));
	EXPECT_EQ(0, op_state__workers(&self->s, "ab"));
	EXPECT_EQ(6, op_state__workers(&self->s, ""));
	DO(KTSTR_V_MOVE, .cgroup = "a", .name = "w1", .other = "ab");
	EXPECT_EQ(2, op_state__workers(&self->s, "ab"));
	DO(KTSTR_V_STOP, .cgroup = "a", .name = "w1");
	EXPECT_EQ(2, op_state__workers(&self->s, "ab"));
	DO(KTSTR_V_STOP, .cgroup = "ab");
	EXPECT_EQ(4, op_state__workers(&self->s, ""));
	DO(KTSTR_V_CGROUP_REMOVE, .cgroup = "a");
	EXPECT_EQ(0, op_state__workers(&self->s, ""));
	EXPECT_EQ(NULL, op_state__cgroup(&self->s, "a"));
}

TEST_F(state, there_is_room_for_as_many_as_can_be_and_no_more)
{
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < KTSTR_CGROUPS_MAX; i++) {
			struct ktstr_op op = { .verb = KTSTR_V_CGROUP };

			snprintf(op.cgroup, sizeof(op.cgroup), "c%u", i);
			op_state__apply(&self->s, &op);
			EXPECT_NE(NULL, op_state__cgroup(&self->s, op.cgroup));
			if (round == 2)
				continue;
			op.verb = KTSTR_V_CGROUP_REMOVE;
			op_state__apply(&self->s, &op);
		}
	}
	DO(KTSTR_V_CGROUP, .cgroup = "one more");
	EXPECT_EQ(NULL, op_state__cgroup(&self->s, "one more"));
	/* Of what is not there nothing comes. */
	DO(KTSTR_V_WEIGHT, .cgroup = "nobody", .value = 3);
	DO(KTSTR_V_CPUSET, .cgroup = "nobody", CPUS(1));
	DO(KTSTR_V_CPU_OFFLINE, .value = UINT64_MAX);
	EXPECT_EQ(0xf, cpus(&self->s, "nobody"));
}

struct spans {
	uint32_t nr;
	uint64_t from[8], to[8], cpus[8];
};

static void on_span(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns)
{
	struct spans *w = arg;

	w->from[w->nr] = from_ns;
	w->to[w->nr] = to_ns;
	w->cpus[w->nr++] = cpus(s, "a");
}

static void check_span(struct __test_metadata *_metadata, const struct spans *w, uint32_t i,
		       uint64_t from, uint64_t to, uint64_t mask)
{
	EXPECT_EQ(from, w->from[i]);
	EXPECT_EQ(to, w->to[i]);
	EXPECT_EQ(mask, w->cpus[i]);
}

TEST_F(state, a_change_is_in_no_span)
{
	struct spans w = { 0 };

	op_did(self->ev, OP(KTSTR_V_CGROUP, .cgroup = "a", CPUS(0x3)), 10, 20);
	op_did(self->ev, OP(KTSTR_V_HOLD, .value2 = 1), 100, 200);
	op_did(self->ev, OP(KTSTR_V_CPUSET, .cgroup = "a", CPUS(0xc)), 200, 230);
	op_did(self->ev, OP(KTSTR_V_HOLD, .value2 = 1), 231, 400);
	op_did(self->ev, OP(KTSTR_V_CGROUP_REMOVE, .cgroup = "a"), 400, 500);
	op_trace__walk(&self->ev->trace, 4, 100, 400, on_span, &w);
	ASSERT_EQ(2, w.nr);
	check_span(_metadata, &w, 0, 100, 200, 0x3);
	check_span(_metadata, &w, 1, 230, 400, 0xc);
}

TEST_F(state, after_a_failure_nothing_is_known)
{
	struct spans w = { 0 };

	op_did(self->ev, OP(KTSTR_V_CGROUP, .cgroup = "a", CPUS(0x3)), 10, 20);
	op_begin(self->ev, OP(KTSTR_V_CPUSET, .cgroup = "a", CPUS(0xc)), 200);
	op_end(self->ev, 230, 22, "no");
	op_trace__walk(&self->ev->trace, 4, 100, 400, on_span, &w);
	ASSERT_EQ(1, w.nr);
	check_span(_metadata, &w, 0, 100, 200, 0x3);
	EXPECT_EQ(1, op_list__of_trace(&self->ev->trace).nr);
}

TEST_F(state, without_operations_there_is_one_span)
{
	struct spans w = { 0 };

	op_trace__walk(&self->ev->trace, 4, 100, 400, on_span, &w);
	ASSERT_EQ(1, w.nr);
	check_span(_metadata, &w, 0, 100, 400, 0xf);
}

TEST_HARNESS_MAIN
