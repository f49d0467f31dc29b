// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole tests with a body, run as in the guest but on made-up cgroups and with no host to tell:
 * who is at fault when they go wrong?
 */
#include <endian.h>
#include <string.h>

#include <ktstr/test.h>

#include "cgroup_fakes.h"
#include "guest/bulk.h"
#include "guest/child.h"
#include "guest/steps.h"
#include "op_shape.h"
#include "unit.h"

#define U __attribute__((unused))

static struct ktstr_window begin, end;
static unsigned int ends_later;		/* of operations, that were not sent at once */

/* Nobody listens but for the ends of the window. */
void bulk__send(uint32_t type, const void *buf, size_t len)
{
	if (type == KTSTR_T_SCST && len == sizeof(begin))
		memcpy(&begin, buf, len);
	if (type == KTSTR_T_SCEN && len == sizeof(end))
		memcpy(&end, buf, len);
}

void bulk__send_stream(U uint32_t type, U const void *buf, U size_t len)
{
}

bool bulk__try_send_later(uint32_t type, U const void *buf, U size_t len)
{
	ends_later += type == KTSTR_T_STEN;
	return true;
}

void bulk__set_source(U const struct bulk_source *source)
{
}

int bulk__watch(U int fd)
{
	return 0;
}

void bulk__kick(void)
{
}

FIXTURE(steps) {
	struct ktstr_shape shape;
	struct outcome o;
};

FIXTURE_SETUP(steps)
{
	memset(&self->o, 0, sizeof(self->o));
	self->shape = op_shape(1, 1, 1, 1);
	effective = self->shape.online;
	ASSERT_EQ(0, loop__init());
	ASSERT_EQ(0, child__init());
}

FIXTURE_TEARDOWN(steps)
{
}

static void run(const char *name, const struct ktstr_shape *shape, struct outcome *o)
{
	struct ktstr_shape own = *shape;
	const struct guest_plan plan = {
		.scenario = name, .body = name, .duration_ms = 100, .shape = &own,
	};

	steps__run(&plan, o);
}

static void lacks(struct ktstr_worker *w)
{
	ktstr_worker__fail(w, KTSTR_MACHINE_HAS "no pony");
}

static void breaks(struct ktstr_worker *w)
{
	ktstr_worker__fail(w, "it has no pony");
}

static void second_lacks(struct ktstr_worker *w)
{
	if (ktstr_worker__index(w) == 1)
		lacks(w);
	while (ktstr_worker__go_on(w))
		ktstr_worker__pause(w, 1000);
}

/* Until the worker's end ends it. */
static void hold_with(struct ktstr_run *t, void (*fn)(struct ktstr_worker *w))
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN_AS("a", "w", .kind = "function", .fn = fn, .nr = 1));
	ktstr_do(t, KTSTR_HOLD_MS(60000));
}

KTSTR_TEST(unit_lacks)
{
	hold_with(t, lacks);
}

KTSTR_TEST(unit_breaks)
{
	hold_with(t, breaks);
}

/* Threads end together, with the sentence of one. */
KTSTR_TEST(unit_thread_lacks)
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN("a", .kind = "function", .fn = second_lacks, .nr = 2, .group = 2,
				.threads = true));
	ktstr_do(t, KTSTR_HOLD_MS(60000));
}

TEST_F(steps, what_the_machine_lacks_is_no_failure)
{
	run("unit_lacks", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_ENV);
	EXPECT_NE(NULL, strstr(self->o.reason, "this machine has no pony")) TH_LOG("%s",
		  self->o.reason);
}

TEST_F(steps, what_a_second_thread_finds_lacking_is_no_failure)
{
	run("unit_thread_lacks", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_ENV);
	EXPECT_NE(NULL, strstr(self->o.reason, "this machine has no pony")) TH_LOG("%s",
		  self->o.reason);
}

TEST_F(steps, a_worker_that_breaks_is_a_failure)
{
	run("unit_breaks", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_FAILED);
	EXPECT_NE(NULL, strstr(self->o.reason, "it has no pony")) TH_LOG("%s", self->o.reason);
}

static void spins(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w))
		ktstr_worker__unit(w);
}

KTSTR_TEST(unit_no_hold)
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN_AS("a", "w", .kind = "function", .fn = spins, .nr = 1));
}

KTSTR_TEST(unit_hold)
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN_AS("a", "w", .kind = "function", .fn = spins, .nr = 1));
	ktstr_do(t, KTSTR_HOLD_MS(10));
}

TEST_F(steps, a_body_that_holds_nothing_is_a_mistake)
{
	run("unit_no_hold", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_ENV);
	EXPECT_NE(NULL, strstr(self->o.reason, "test_steps.c:"));
	EXPECT_NE(NULL, strstr(self->o.reason, ": nothing is held")) TH_LOG("%s", self->o.reason);
}

TEST_F(steps, a_body_that_holds_is_none)
{
	run("unit_hold", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_DONE) TH_LOG("%s", self->o.reason);
}

KTSTR_TEST(unit_ops)
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN_AS("a", "w", .kind = "function", .fn = spins, .nr = 1));
	ktstr_do(t, KTSTR_HOLD_MS(10));
	ktstr_do(t, KTSTR_WEIGHT("a", 200));
	ktstr_do(t, KTSTR_HOLD_MS(10));
}

KTSTR_TEST(unit_marks)
{
	ktstr_do(t, KTSTR_CGROUP("a"));
	ktstr_do(t, KTSTR_SPAWN_AS("a", "w", .kind = "function", .fn = spins, .nr = 1));
	ktstr_do(t, KTSTR_HOLD_MS(10));
	ktstr_do(t, KTSTR_MARK("second"));
	ktstr_do(t, KTSTR_HOLD_MS(10));
}

/* Its CPU time is told apart: it is the test's load, not what the harness costs. */
TEST_F(steps, an_operation_in_the_window_is_load)
{
	run("unit_ops", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_DONE) TH_LOG("%s", self->o.reason);
	EXPECT_LT(0, le64toh(begin.ops_ns));
	EXPECT_LT(le64toh(begin.ops_ns), le64toh(end.ops_ns));
	EXPECT_LT(le64toh(end.ops_ns) - le64toh(begin.ops_ns),
		  le64toh(end.self_ns) - le64toh(begin.self_ns));
}

/* Between two operations of a body its author's code may end the guest. */
TEST_F(steps, a_bodys_operations_are_told_before_its_code_goes_on)
{
	run("unit_ops", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_DONE) TH_LOG("%s", self->o.reason);
	EXPECT_EQ(0, ends_later);
}

TEST_F(steps, holds_and_marks_are_no_load)
{
	run("unit_marks", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_DONE) TH_LOG("%s", self->o.reason);
	EXPECT_LT(0, le64toh(begin.ops_ns));
	EXPECT_EQ(le64toh(begin.ops_ns), le64toh(end.ops_ns));
	EXPECT_LT(le64toh(begin.self_ns), le64toh(end.self_ns));
}

KTSTR_TEST(unit_detach)
{
	ktstr_do(t, KTSTR_SCHED_DETACH());
	ktstr_do(t, KTSTR_HOLD_MS(10));
}

TEST_F(steps, a_scheduler_that_is_not_there_is_not_detached)
{
	run("unit_detach", &self->shape, &self->o);
	EXPECT_EQ(self->o.status, KTSTR_GUEST_ENV);
	EXPECT_NE(NULL, strstr(self->o.reason, "there is no scheduler to detach")) {
		TH_LOG("%s", self->o.reason);
	}
}

TEST_HARNESS_MAIN
