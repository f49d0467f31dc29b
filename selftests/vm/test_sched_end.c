// SPDX-License-Identifier: GPL-2.0-only
/*
 * How schedulers end, with a real kernel that ends them: why, how soon the verdict knows,
 * and what of it a user reads. And files that judge lines of that kernel's log.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

#define PROVOKE "/sys/kernel/debug/provoke-crash/DIRECT"
/* A shell that goes on when the scheduler it has put into the background is in charge. */
#define IN_CHARGE "until read s < /sys/kernel/sched_ext/state; test $s = enabled; " \
	"do sleep 0.1; done; "

FIXTURE(end)
{
	struct ktstr_run k;
	char out[128];
	char json[128];
	json_t *o, *run, *exit;
};

FIXTURE_SETUP(end)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->out, sizeof(self->out), "%s/out", self->k.dir);
	snprintf(self->json, sizeof(self->json), "%s/out.json", self->k.dir);
}

/* A failed test shows what ktstr printed: the state, not only the predicate. */
FIXTURE_TEARDOWN(end)
{
	json_decref(self->o);
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

/* Every run of a scenario here, and its JSON. */
#define RUN(_timeout, ...) do {								\
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, "run", "steady",	\
					"--accel", "kvm", "--json", self->json,		\
					__VA_ARGS__, NULL));				\
	json_decref(self->o);								\
	self->o = json_load_file(self->json, 0, NULL);					\
	self->run = json_array_get(json_object_get(self->o, "runs"), 0);		\
	self->exit = json_object_get(self->run, "scx_exit");			\
	ASSERT_TRUE(json_is_object(self->run));						\
} while (0)

#define EXPECT_OUT(_text) EXPECT_NE(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout lacks \"%s\"", _text)
/* Of a point that passed: with the line's begin, for "not ok" ends like "ok". */
#define EXPECT_POINT(_text) EXPECT_OUT("\nok " _text)
/* Nothing failed; a host that is busy may have made something inconclusive. */
#define EXPECT_NO_FAILURE() \
	EXPECT_TRUE(self->k.r.status == 0 || self->k.r.status == 3) \
	TH_LOG("status %d", self->k.r.status)
/* What is null is no text; the harness would not survive it. */
static const char *text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "(null)";
}

#define EXPECT_TEXT(_value, _key) EXPECT_STREQ(_value, text_of(self->exit, _key))

static double seconds(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) / 1e9 : -1;
}

/*
 * From the moment the kernel begins to end it, by the guest's clock, to the verdict. An end
 * that is no error is told when it is over; until then the kernel stops every task, patches
 * its code and waits for RCU grace periods: about 10 ms on hardware, but half a second in an
 * emulated machine.
 */
#define EXPECT_VERDICT_WITHIN_1S_OF_DEATH() do {					\
	double s_ = seconds(self->exit, "to_verdict_ns");				\
											\
	TH_LOG("the verdict came %.3f s after the scheduler's end", s_);		\
	EXPECT_LE(0, s_);								\
	if (!ktstr_run__calm(self->run))						\
		break;									\
	EXPECT_GT(1.0, s_);								\
	s_ = seconds(self->run, "verdict_ns") - seconds(self->run, "cause_ns");		\
	TH_LOG("and %.3f s after it was known", s_);					\
	EXPECT_GT(0.9, s_);								\
} while (0)

/*
 * One task in a hundred is forgotten; five seconds later the watchdog finds it, or a tick
 * that it is late (scx_tick()), where the machine itself stood still for half of that.
 */
static bool tells_a_stall(const char *message)
{
	return strstr(message, " failed to run for ") ||
	       strstr(message, "watchdog failed to check in for ");
}

TEST_F_TIMEOUT(end, a_stall_is_told_with_task_time_and_dump, 90)
{
	static char dump[1 << 20];
	char path[160];
	FILE *f;

	RUN(80, "--duration", "20", "--out", self->out, "--sched", "scx_qmap -t 100");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("the scheduler died");
	EXPECT_OUT("runnable task stall (");
	EXPECT_TRUE(tells_a_stall(self->k.r.out));
	EXPECT_TEXT("SCX_EXIT_ERROR_STALL", "kind");
	EXPECT_EQ(1026, json_integer_value(json_object_get(self->exit, "kind_number")));
	EXPECT_TEXT("events", "kind_by");
	EXPECT_TEXT("qmap", "ops");
	EXPECT_TEXT("runnable task stall", "reason");
	EXPECT_TRUE(tells_a_stall(text_of(self->exit, "message")))
		TH_LOG("%s", text_of(self->exit, "message"));
	EXPECT_TEXT("trace", "dump_by");
	EXPECT_EQ(0, json_array_size(json_object_get(self->exit, "contradictions")));
	EXPECT_VERDICT_WITHIN_1S_OF_DEATH();
	snprintf(path, sizeof(path), "%s/sched_dump.txt", self->out);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	dump[fread(dump, 1, sizeof(dump) - 1, f)] = '\0';
	fclose(f);
	EXPECT_NE(NULL, strstr(dump, "triggered exit kind 1026:"));
	EXPECT_NE(NULL, strstr(dump, "CPU states"));
	EXPECT_EQ(strlen(dump), json_integer_value(json_object_get(self->exit, "dump_bytes")));
	/* The same once more, from events.ktstr. */
	ASSERT_EQ(0, ktstr_run__command(&self->k, 20, NULL, 0, "report", "--text", self->out, NULL));
	EXPECT_OUT("scheduler exit: qmap: SCX_EXIT_ERROR_STALL, kind 1026 (by events)");
}

TEST_F_TIMEOUT(end, an_error_of_its_bpf_code_is_told_in_its_words, 90)
{
	RUN(80, "--duration", "20", "--sched", "scx_qmap -e 150");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("the scheduler died");
	EXPECT_OUT("scx_bpf_error (test triggering error)");
	EXPECT_TEXT("SCX_EXIT_ERROR_BPF", "kind");
	EXPECT_EQ(0, json_array_size(json_object_get(self->exit, "contradictions")));
	EXPECT_VERDICT_WITHIN_1S_OF_DEATH();
}

TEST_F_TIMEOUT(end, a_death_at_start_costs_less_than_a_second, 60)
{
	double boot, verdict;

	RUN(50, "--duration", "20", "--events", "off", "--sched", "sh -c \"exit 7\"");
	EXPECT_EQ(1, self->k.r.status);
	boot = seconds(json_object_get(self->run, "machine"), "boot_ns");
	verdict = seconds(self->run, "verdict_ns");
	TH_LOG("boot %.3f s, verdict at %.3f s", boot, verdict);
	EXPECT_LT(0, boot);
	if (ktstr_run__calm(self->run))
		EXPECT_GT(boot + 1, verdict);
}

TEST_F_TIMEOUT(end, a_scheduler_that_comes_back_is_not_the_one_that_was_there, 90)
{
	RUN(80, "--duration", "20", "--sched-enable",
	    "sh -c \"scx_simple & " IN_CHARGE "sleep 1; kill $!; wait; exec scx_simple\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("not ok 3 steady/sched_enabled");
	EXPECT_TEXT("SCX_EXIT_UNREG", "kind");
	EXPECT_TEXT("events", "kind_by");
	EXPECT_VERDICT_WITHIN_1S_OF_DEATH();
}

/* The command ends, what it started stays. */
#define BACKGROUND "sh -c \"scx_simple & echo $! > /tmp/pid\""

TEST_F_TIMEOUT(end, a_scheduler_that_commands_switch_passes, 90)
{
	RUN(80, "--duration", "1", "--sched-enable", BACKGROUND, "--sched-disable",
	    "sh -c \"read p < /tmp/pid; kill $p\"");
	EXPECT_NO_FAILURE();
	EXPECT_POINT("1 steady/completed");
	EXPECT_POINT("3 steady/sched_enabled");
	EXPECT_OUT("simple enabled for the whole window (enable_seq 1, and no event says otherwise)");
	EXPECT_TEXT("SCX_EXIT_UNREG", "kind");
	EXPECT_TRUE(json_is_null(json_object_get(self->run, "sched_exit")));
}

TEST_F_TIMEOUT(end, a_scheduler_that_is_not_switched_off_fails, 90)
{
	RUN(80, "--duration", "1", "--sched-enable", BACKGROUND, "--sched-disable", "true");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("the scheduler \"simple\" is still there");
}

TEST_F_TIMEOUT(end, a_command_that_fails_to_switch_one_on_fails, 60)
{
	RUN(50, "--duration", "1", "--sched-enable", "sh -c \"exit 3\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("the scheduler was not enabled: its command exited with status 3");
	EXPECT_OUT("sched_died_at_start");
}

static void write_file(struct __test_metadata *_metadata, const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ASSERT_NE(NULL, f);
	fputs(text, f);
	ASSERT_EQ(0, fclose(f));
}

#define WARNS "sh -c \"echo WARNING > " PROVOKE "; exec scx_simple\""

/* Without the file it fails: test_run has that. */
TEST_F_TIMEOUT(end, a_splat_that_a_file_allows_passes, 60)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/allow", self->k.dir);
	write_file(_metadata, path, "9999-12-31 \"WARNING: CPU: * PID: * at drivers/misc/lkdtm/*\" provoked on purpose\n"
		   "9999-12-31 \"BUG: nothing like that *\" is not used\n");
	RUN(50, "--duration", "1", "--splat-allow", path, "--sched", WARNS);
	EXPECT_NO_FAILURE();
	EXPECT_POINT("11 steady/kernel_log_clean");
	EXPECT_EQ(NULL, strstr(self->k.r.out, "(splat)"));
	EXPECT_OUT("kernel_log_clean: no splat but 1 lines that are allowed");
	EXPECT_OUT("allow:1 (until 9999-12-31, used 1 times): provoked on purpose");
	EXPECT_EQ(NULL, strstr(self->k.r.out, "is not used"));
	EXPECT_EQ(2, json_array_size(json_object_get(self->run, "splat_rules")));
}

TEST_F_TIMEOUT(end, an_expired_entry_allows_nothing, 60)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/allow", self->k.dir);
	write_file(_metadata, path, "2020-01-31 \"WARNING: *\" was provoked on purpose\n");
	RUN(50, "--duration", "1", "--splat-allow", path, "--sched", WARNS);
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("FAIL (splat)");
	EXPECT_OUT("allow:1 that allowed it expired after 2020-01-31");
}

TEST_HARNESS_MAIN
