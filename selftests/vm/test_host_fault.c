// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of scx_ktstr that the host switches while the guest runs: in real memory, of a
 * scheduler that lives, died or never was there.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

FIXTURE(fault)
{
	struct ktstr_run k;
	char json[128];
	json_t *o, *run, *faults;
};

FIXTURE_SETUP(fault)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->json, sizeof(self->json), "%s/out.json", self->k.dir);
}

/* A failed test shows what ktstr printed: the state, not only the predicate. */
FIXTURE_TEARDOWN(fault)
{
	json_decref(self->o);
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define RUN(_timeout, ...) do {								\
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, "run", "--accel",	\
					"kvm", "--json", self->json, __VA_ARGS__, NULL));	\
	self->o = json_load_file(self->json, 0, NULL);					\
	self->run = json_array_get(json_object_get(self->o, "runs"), 0);		\
	self->faults = json_object_get(self->run, "faults");				\
	ASSERT_TRUE(json_is_object(self->run));						\
} while (0)

#define EXPECT_OUT(_text) EXPECT_NE(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout lacks \"%s\"", _text)

static const char *text(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key)) ?: "";
}

static long long number(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : -1;
}

/* Order @_i was taken, not before its time. */
#define EXPECT_TAKEN(_i) do {								\
	json_t *d = json_array_get(self->faults, _i);					\
											\
	EXPECT_STREQ("taken", text(d, "state")) TH_LOG("%s", text(d, "reason"));	\
	EXPECT_LE(number(d, "at_ns"), number(d, "written_ns"));				\
	EXPECT_LE(number(d, "written_ns"), number(d, "taken_ns"));			\
} while (0)
#define EXPECT_HIT(_i) EXPECT_LT(0, number(json_array_get(self->faults, _i), "hits"))

/* One CPU, for with two on one of the host's the steal would make it inconclusive. */
#define STEADY "steady", "--topology", "1,1,1,1", "--duration", "4", "--sched"

TEST_F_TIMEOUT(fault, one_that_is_armed_in_mid_window_is_found, 90)
{
	const char *off;
	double ms = 0;

	RUN(80, STEADY, "scx_ktstr", "--arm", "stall-task=w0/0@1500");
	EXPECT_EQ(1, self->k.r.status);
	/* From about then to the end of the window; a host that is late is so at both. */
	off = strstr(self->k.r.out, "longest_off_cpu: FAIL: worker a/w0/0 did not run for ");
	ASSERT_NE(NULL, off);
	ASSERT_EQ(1, sscanf(strstr(off, " for "), " for %lf ms", &ms));
	EXPECT_LT(1500, ms);
	EXPECT_GT(3500, ms);
	EXPECT_OUT("ktstr enabled for the whole window");
	EXPECT_OUT("faults_switched: 1 of 1 orders");
	EXPECT_OUT("repeat with: ");
	EXPECT_OUT("--arm stall-task=w0/0@1500 --seed");
	EXPECT_TAKEN(0);
	EXPECT_HIT(0);
}

/* The same, for so short that no bound is passed. */
TEST_F_TIMEOUT(fault, one_that_is_disarmed_at_once_is_forgiven, 90)
{
	long long ns;

	RUN(80, STEADY, "scx_ktstr", "--arm", "stall-task=w0/0@1500", "--disarm", "stall-task@1600");
	ns = number(json_array_get(self->faults, 1), "taken_ns") -
	     number(json_array_get(self->faults, 0), "written_ns");
	TH_LOG("armed for %lld us", ns / 1000);
	/* A busy host that was late with the second passed the bound of 500 ms itself. */
	if (ns < 400000000 || ktstr_run__calm(self->run))
		EXPECT_EQ(0, self->k.r.status);
	EXPECT_OUT("faults_switched: 2 of 2 orders");
	EXPECT_TAKEN(0);
	EXPECT_HIT(0);
	EXPECT_TAKEN(1);
}

/* Nothing runs in the guest then, the scheduler's loader included: only the host can end it. */
TEST_F_TIMEOUT(fault, a_stall_is_taken_back, 90)
{
	RUN(80, STEADY, "scx_ktstr", "--arm", "stall@1000", "--disarm", "stall@1300");
	EXPECT_OUT("ktstr enabled for the whole window");
	EXPECT_OUT("completed: the guest ran to its end");
	EXPECT_TAKEN(0);
	EXPECT_HIT(0);
	EXPECT_TAKEN(1);
}

TEST_F_TIMEOUT(fault, one_that_finds_nothing_to_do_is_no_success, 90)
{
	RUN(80, STEADY, "scx_ktstr", "--arm", "starve-cgroup=nonesuch@500");
	EXPECT_EQ(3, self->k.r.status);
	EXPECT_TAKEN(0);
	EXPECT_OUT("inconclusive: --arm starve-cgroup=nonesuch@500 was taken, but did nothing");
}

/*
 * Its loader is killed after 8 s, so the map of the first one is left behind in memory, as it
 * was. Emulated, the second takes up to 10 s to come, and is sought for 5 s.
 */
TEST_F_TIMEOUT(fault, the_map_of_a_killed_scheduler_is_left_alone, 110)
{
	RUN(100, "sched/restart", "--topology", "1,1,1,1", "--duration", "20", "--sched",
	    "sh -c \"trap 'kill -9 \\$p' TERM INT; scx_ktstr & p=\\$!; wait; wait\"",
	    "--arm", "slow=5@300", "--arm", "break-weight@19500");
	EXPECT_OUT("faults_switched: 2 of 2 orders");
	EXPECT_TAKEN(0);
	EXPECT_HIT(0);
	EXPECT_TAKEN(1);
	EXPECT_HIT(1);
}

TEST_F_TIMEOUT(fault, another_scheduler_has_none, 90)
{
	RUN(80, STEADY, "scx_simple", "--arm", "stall-task=w0/0@500");
	EXPECT_EQ(3, self->k.r.status);
	EXPECT_OUT("came to nothing: the scheduler is \"simple\", and only that of scx_ktstr has such faults");
	EXPECT_STREQ("failed", text(json_array_get(self->faults, 0), "state"));
}

TEST_F_TIMEOUT(fault, the_kernels_own_has_none, 20)
{
	ASSERT_EQ(0, ktstr_run__command(&self->k, 10, NULL, 0, "run", "steady", "--accel", "kvm",
					"--arm", "stall-task=w0/0@500", NULL));
	EXPECT_EQ(2, self->k.r.status);
	EXPECT_NE(NULL, strstr(self->k.r.err, "under the kernel's own scheduler, which has no faults"));
}

TEST_HARNESS_MAIN
