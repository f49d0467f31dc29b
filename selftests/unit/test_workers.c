// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers as PID 1 has them: what operations do to real ones, whose cgroups are made up.
 */
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "guest/hotplug.h"
#include "guest/steps_priv.h"
#include "guest/workers.c"
#include "cgroup_fakes.h"
#include "unit.h"

/* While the CPU came, was anybody judged by what had been told before? */
static bool judged;

int hotplug__set(unsigned int cpu, bool online, struct ktstr_error *e)
{
	struct cpu_mask m;

	(void)e;
	for (const struct crew *c = workers.crews; c; c = c->next)
		judged |= worker__cpus(c->members[0].w, &m);
	effective.bits[0] &= ~(1ull << cpu);
	effective.bits[0] |= (uint64_t)online << cpu;
	return 0;
}

FIXTURE(workers) {
	struct ktstr_error e;
};

FIXTURE_SETUP(workers)
{
	memset(&effective, 0, sizeof(effective));
	cpu_mask__set(&effective, 0);
	ASSERT_EQ(0, loop__init());
	ASSERT_EQ(0, child__init());
	ASSERT_EQ(0, workers__init(1, &self->e));
}

FIXTURE_TEARDOWN(workers)
{
	workers__destroy();
}

/* One worker "w"; NULL when that failed. */
static struct ktstr_worker *spawn_in(const char *cgroup, int nice, enum ktstr_policy policy,
				     struct ktstr_error *e)
{
	struct ktstr_op op = {
		.verb = KTSTR_V_SPAWN, .name = "w",
		.work = {
			.kind = "spin", .nr = 1, .group = 1, .nice = nice, .policy = policy,
		},
	};

	strcpy(op.cgroup, cgroup);
	return workers__spawn(&op, NULL, false, e) ? NULL : workers.crews->members[0].w;
}

static struct ktstr_worker *spawn(int nice, enum ktstr_policy policy, struct ktstr_error *e)
{
	return spawn_in("a", nice, policy, e);
}

static int nice_of(const struct ktstr_worker *w)
{
	return getpriority(PRIO_PROCESS, (id_t)w->tid);
}

TEST_F(workers, a_change_of_policy_keeps_the_nice_value)
{
	const struct ktstr_op_work batch = { .policy = KTSTR_BATCH };
	const struct ktstr_op_work normal = { .policy = KTSTR_NORMAL };
	struct ktstr_worker *w = spawn(10, KTSTR_NORMAL, &self->e);

	ASSERT_NE(NULL, w) TH_LOG("%s", self->e.msg);
	EXPECT_EQ(nice_of(w), 10);
	ASSERT_EQ(0, workers__set_policy("a", "w", &batch, &self->e));
	EXPECT_EQ(sched_getscheduler(w->tid), SCHED_BATCH);
	EXPECT_EQ(nice_of(w), 10);
	ASSERT_EQ(0, workers__set_nice("a", "w", 5, &self->e));
	ASSERT_EQ(0, workers__set_policy("a", "w", &normal, &self->e));
	EXPECT_EQ(sched_getscheduler(w->tid), SCHED_OTHER);
	EXPECT_EQ(nice_of(w), 5);
}

TEST_F(workers, of_one_name_in_two_cgroups_draw_different_numbers)
{
	struct ktstr_worker *a = spawn_in("a", 0, KTSTR_NORMAL, &self->e);
	struct ktstr_worker *b = spawn_in("b", 0, KTSTR_NORMAL, &self->e);

	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	EXPECT_NE(a->random, b->random);
}

static int hotplug(enum ktstr_verb verb, unsigned int cpu, struct ktstr_error *e)
{
	const struct ktstr_op op = { .verb = verb, .value = cpu };

	return steps__carry_out(NULL, &op, e);
}

/* One that was spawned while it was away was told that it may not run there. */
TEST_F(workers, a_cpu_that_comes_may_be_used)
{
	struct ktstr_worker *w = spawn(0, KTSTR_NORMAL, &self->e);
	struct cpu_mask m;

	ASSERT_NE(NULL, w) TH_LOG("%s", self->e.msg);
	ASSERT_TRUE(worker__cpus(w, &m));
	EXPECT_FALSE(cpu_mask__test(&m, 1));
	ASSERT_EQ(0, hotplug(KTSTR_V_CPU_ONLINE, 1, &self->e));
	EXPECT_FALSE(judged);
	ASSERT_TRUE(worker__cpus(w, &m));
	EXPECT_TRUE(cpu_mask__test(&m, 1));
	ASSERT_EQ(0, hotplug(KTSTR_V_CPU_OFFLINE, 1, &self->e));
	ASSERT_TRUE(worker__cpus(w, &m));
	EXPECT_FALSE(cpu_mask__test(&m, 1));
	EXPECT_TRUE(cpu_mask__test(&m, 0));
}

TEST_HARNESS_MAIN
