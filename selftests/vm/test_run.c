// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr as its users meet it: the command, its exit status, its KTAP and its
 * sentences, with a real kernel, real schedulers and a real guest behind it.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

#define PROVOKE "/sys/kernel/debug/provoke-crash/DIRECT"

FIXTURE(run)
{
	struct ktstr_run k;
	char out[128];
	char json[128];
};

FIXTURE_SETUP(run)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->out, sizeof(self->out), "%s/out", self->k.dir);
	snprintf(self->json, sizeof(self->json), "%s/out.json", self->k.dir);
}

/* A failed test shows what ktstr printed: the state, not only the predicate. */
FIXTURE_TEARDOWN(run)
{
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

#define RUN(_timeout, ...) \
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, __VA_ARGS__, NULL))

#define EXPECT_OUT(_text) EXPECT_NE(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout lacks \"%s\"", _text)
#define EXPECT_NO_OUT(_text) EXPECT_EQ(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout has \"%s\"", _text)

/* A helper program built beside this one. */
static const char *kill_init(void)
{
	const char *path = getenv("KTSTR_KILL_INIT");

	return path ? path : "build/vm/kill_init";
}

/* From the cause of the verdict to the verdict; -1 when the JSON does not tell. */
static double verdict_delay_s(const char *path, bool *calm)
{
	json_t *o = json_load_file(path, 0, NULL);
	json_t *run = json_array_get(json_object_get(o, "runs"), 0);
	json_t *cause = json_object_get(run, "cause_ns");
	json_t *verdict = json_object_get(run, "verdict_ns");
	double s = -1;

	if (json_is_integer(cause) && json_is_integer(verdict))
		s = (json_integer_value(verdict) - json_integer_value(cause)) / 1e9;
	*calm = ktstr_run__calm(run);
	json_decref(o);
	return s;
}

#define EXPECT_VERDICT_WITHIN_1S() do {							\
	bool calm_;									\
	double s_ = verdict_delay_s(self->json, &calm_);				\
											\
	EXPECT_LE(0, s_);								\
	if (calm_)									\
		EXPECT_GT(1, s_);							\
	TH_LOG("the verdict came %.3f s after its cause", s_);				\
} while (0)

/* The verdict that the passing runs share. */
#define EXPECT_PASS() do {								\
	EXPECT_TRUE(ktstr_run__passed(&self->k, true));					\
	EXPECT_OUT("TAP version 13");							\
} while (0)

/* Of the judgement that the tests below trust. */
TEST(nothing_but_a_busy_host_excuses)
{
	static const struct {
		char *out;
		int status;
		bool passed, whole;
	} runs[] = {
		{ "ok 1 a\nok 2 b # time=3ms\n", 0, true, true },
		{ "ok 1 a\nok 2 b\n", 1, false },
		{ "ok 1 a\nnot ok 2 b\n", 0, false },
		{ "ok 1 a # SKIP no cgroup was limited\n", 0, true },
		{ "ok 1 a # SKIP no cgroup was limited\n", 0, false, true },
		{ "ok 1 a # SKIP inconclusive: late; vCPUs waited for a host CPU 9 %\n", 3, true },
		{ "ok 1 a # SKIP inconclusive: late; vCPUs waited for a host CPU 9 %\n", 0, false },
		{ "ok 1 a # SKIP inconclusive: late; vCPUs waited for a host CPU 9 %\n"
		  "ok 2 b # SKIP inconclusive: events are missing\n", 3, false },
		{ "# a line, and no result\n", 0, false },
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct ktstr_run k = { .r = { .out = runs[i].out, .status = runs[i].status } };

		EXPECT_EQ(runs[i].passed, ktstr_run__passed(&k, runs[i].whole)) TH_LOG("run %zu", i);
	}
}

TEST_F_TIMEOUT(run, eevdf_passes_steady, 90)
{
	RUN(80, "run", "steady", "--accel", "kvm", "--duration", "2");
	EXPECT_PASS();
}

TEST_F_TIMEOUT(run, scx_simple_passes_steady, 90)
{
	RUN(80, "run", "steady", "--accel", "kvm", "--sched", "scx_simple",
	    "--topology", "1,1,2,1");
	EXPECT_PASS();
	EXPECT_OUT("simple");
}

TEST_F_TIMEOUT(run, scx_qmap_passes_steady, 90)
{
	RUN(80, "run", "steady", "--accel", "kvm", "--sched", "scx_qmap",
	    "--topology", "1,1,2,1", "--duration", "2");
	EXPECT_PASS();
	EXPECT_OUT("qmap");
}

TEST_F_TIMEOUT(run, two_llcs_pass_steady, 90)
{
	RUN(80, "run", "steady", "--accel", "kvm", "--topology", "1,2,1,2", "--duration", "2");
	EXPECT_PASS();
}

/* A memory-only node, and an LLC with SMT on one of its two cores. */
TEST_F_TIMEOUT(run, a_topology_file_passes_steady, 90)
{
	static const char text[] = "node 0\nllc 1x2+1\nnode 1 memory 256M\ndistance 0 1 30\n";
	char path[200];
	json_t *o, *topo;
	FILE *f;

	snprintf(path, sizeof(path), "%s/uneven", self->k.dir);
	f = fopen(path, "w");
	ASSERT_NE(NULL, f);
	fputs(text, f);
	fclose(f);
	RUN(80, "run", "steady", "--accel", "kvm", "--topology", path, "--duration", "2",
	    "--json", self->json);
	EXPECT_PASS();
	EXPECT_OUT("uneven (2 nodes, 1 LLCs, 3 CPUs)");
	o = json_load_file(self->json, 0, NULL);
	topo = json_object_get(o, "topology");
	ASSERT_TRUE(json_is_string(json_object_get(topo, "text")));
	EXPECT_EQ(3, json_integer_value(json_object_get(topo, "cpus")));
	EXPECT_STREQ(text, json_string_value(json_object_get(topo, "text")));
	json_decref(o);
}

/* Tasks of this name among the events of the first run; -1 when the JSON does not tell. */
static int tasks_named(const char *path, const char *name)
{
	json_t *o = json_load_file(path, 0, NULL);
	json_t *run = json_array_get(json_object_get(o, "runs"), 0);
	json_t *metrics = json_object_get(json_object_get(run, "events"), "metrics");
	json_t *tasks = json_object_get(metrics, "tasks"), *task;
	int n = tasks ? 0 : -1;
	size_t i;

	json_array_foreach(tasks, i, task)
		n += !strcmp(name, json_string_value(json_object_get(task, "comm")));
	json_decref(o);
	return n;
}

/*
 * 16 of its tasks on each side, on all CPUs and beside the scenario's workers, which may
 * then wait too long for this machine: the verdict is not the subject.
 */
TEST_F_TIMEOUT(run, every_event_of_hackbench_arrives, 120)
{
	RUN(110, "run", "steady", "--accel", "kvm", "--json", self->json, "--duration", "6",
	    "--topology", "1,2,2,1",
	    "--sched", "sh -c \"scx_simple & until read s < /sys/kernel/sched_ext/state; "
	    "test $s = enabled; do sleep 0.1; done; sleep 0.5; "
	    "hackbench -p -g 4 -f 4 -l 1000; wait\"");
	EXPECT_OUT("events_complete: all ");
	EXPECT_OUT("none was lost in the window (0 outside), every CPU's account balances");
	EXPECT_LE(16, tasks_named(self->json, "hackbench"));
}

TEST_F_TIMEOUT(run, scheduler_killed_in_mid_run_fails, 90)
{
	RUN(80, "run", "steady", "--accel", "kvm", "--json", self->json, "--duration", "20",
	    "--sched", "sh -c \"scx_simple & until read s < /sys/kernel/sched_ext/state; "
	    "test $s = enabled; do sleep 0.1; done; sleep 1; kill $!\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_VERDICT_WITHIN_1S();
	EXPECT_OUT("not ok");
	EXPECT_OUT("mid-run");
	EXPECT_GT(20, self->k.r.seconds);
}

/* Of the sched_ext events of the first run: NULL when there are none; freed by the caller. */
static json_t *scx_events(const char *path)
{
	json_t *o = json_load_file(path, 0, NULL);
	json_t *at = json_array_get(json_object_get(o, "runs"), 0);

	at = json_object_get(json_object_get(json_object_get(at, "events"), "metrics"),
			     "sched_ext");
	json_incref(at);
	json_decref(o);
	return at;
}

/* The kernel's scx_exit_info has them, which no BTF tells the programs of. */
TEST_F_TIMEOUT(run, kind_and_reason_of_an_end_are_in_the_events, 90)
{
	json_t *scx;

	RUN(80, "run", "steady", "--accel", "kvm", "--json", self->json, "--duration", "20",
	    "--sched", "scx_qmap -e 250");
	EXPECT_EQ(1, self->k.r.status);
	scx = scx_events(self->json);
	EXPECT_EQ(1025, json_integer_value(json_object_get(scx, "exit_kind")));
	EXPECT_STREQ("test triggering error", json_string_value(json_object_get(scx, "reason")));
	json_decref(scx);
}

/* SysRq-S throws the scheduler out of the kernel; its process may live on. */
TEST_F_TIMEOUT(run, scheduler_thrown_out_in_mid_run_fails, 90)
{
	RUN(80, "run", "steady", "--accel", "kvm", "--json", self->json, "--duration", "20",
	    "--sched", "sh -c \"scx_simple & until read s < /sys/kernel/sched_ext/state; "
	    "test $s = enabled; do sleep 0.1; done; sleep 1; echo S > /proc/sysrq-trigger; sleep 60\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("not ok");
	EXPECT_VERDICT_WITHIN_1S();
	EXPECT_OUT("the scheduler died: disabled by sysrq-S");
	EXPECT_OUT("was detached while its process lives on");
	EXPECT_GT(20, self->k.r.seconds);
}

TEST_F_TIMEOUT(run, scheduler_that_exits_at_start_fails_with_its_own_words, 60)
{
	RUN(50, "run", "steady", "--accel", "kvm", "--json", self->json, "--duration", "20",
	    "--sched", "sh -c \"echo my last words >&2; exit 7\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_VERDICT_WITHIN_1S();
	EXPECT_OUT("my last words");
	EXPECT_OUT("status 7");
	EXPECT_GT(20, self->k.r.seconds);
}

TEST_F_TIMEOUT(run, scheduler_that_does_not_attach_fails, 60)
{
	RUN(50, "run", "steady", "--accel", "kvm", "--json", self->json, "--sched", "sleep 1000");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_VERDICT_WITHIN_1S();
	EXPECT_OUT("not attach");
}

TEST_F_TIMEOUT(run, kernel_panic_is_a_crash_with_its_console, 60)
{
	char path[160];
	static char log[1 << 20];
	FILE *f;

	RUN(50, "run", "steady", "--accel", "kvm", "--json", self->json,
	    "--duration", "20", "--out", self->out,
	    "--sched", "sh -c \"echo c > /proc/sysrq-trigger\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_VERDICT_WITHIN_1S();
	EXPECT_OUT("CRASH");
	EXPECT_OUT("sysrq triggered crash");
	EXPECT_GT(20, self->k.r.seconds);
	snprintf(path, sizeof(path), "%s/console.log", self->out);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	log[fread(log, 1, sizeof(log) - 1, f)] = '\0';
	fclose(f);
	EXPECT_NE(NULL, strstr(log, "Kernel panic - not syncing"));
	EXPECT_NE(NULL, strstr(log, "Call Trace"));
	/* The rest is in dmesg.log already (see test_boot_log for when it is not). */
	EXPECT_EQ(NULL, strstr(log, "Linux version"));
}

/* Nothing ends this machine: the line on COM1 must. */
TEST_F_TIMEOUT(run, panic_without_a_reboot_is_a_crash_at_once, 60)
{
	bool calm;

	RUN(50, "run", "steady", "--accel", "kvm", "--json", self->json, "--duration", "20",
	    "--sched", "sh -c \"echo 0 > /proc/sys/kernel/panic; echo c > /proc/sysrq-trigger\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("CRASH (panic)");
	EXPECT_OUT("sysrq triggered crash");
	/* Its last line is waited for, but for 850 ms at most, which a busy machine may need. */
	if (verdict_delay_s(self->json, &calm) < 0.85 || calm)
		EXPECT_OUT("end Kernel panic");
	EXPECT_VERDICT_WITHIN_1S();
	EXPECT_GT(40, self->k.r.seconds);
}

TEST_F_TIMEOUT(run, dead_init_is_a_crash, 60)
{
	RUN(50, "run", "steady", "--accel", "kvm", "--duration", "20",
	    "--sched", kill_init());
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("CRASH");
	EXPECT_OUT("kill init");
	EXPECT_GT(20, self->k.r.seconds);
}

TEST_F_TIMEOUT(run, warning_in_the_kernel_log_fails, 60)
{
	RUN(50, "run", "steady", "--accel", "kvm", "--duration", "2",
	    "--sched", "sh -c \"echo WARNING > " PROVOKE "; exec scx_simple\"");
	EXPECT_EQ(1, self->k.r.status);
	EXPECT_OUT("WARNING:");
}

TEST_F_TIMEOUT(run, hang_with_interrupts_off_times_out, 60)
{
	const char *line;
	double s = 0;

	RUN(50, "run", "steady", "--accel", "kvm", "--json", self->json,
	    "--topology", "1,1,1,1", "--timeout", "8",
	    "--sched", "sh -c \"echo HARDLOCKUP > " PROVOKE "\"");
	EXPECT_EQ(1, self->k.r.status);
	/* Its last sign of life plus the time-out is the cause; who waits may wake late. */
	line = strstr(self->k.r.out, "timeout: no sign of life for ");
	ASSERT_NE(NULL, line);
	ASSERT_EQ(1, sscanf(strstr(line, " for "), " for %lf s", &s));
	EXPECT_LE(8.0, s);
	EXPECT_GT(10.0, s);
	/* A boot that takes too long is silent as well. */
	EXPECT_OUT("the last phase was \"scheduler starting\"");
	EXPECT_VERDICT_WITHIN_1S();
	EXPECT_GT(30, self->k.r.seconds);
}

TEST_F_TIMEOUT(run, kernel_in_bzimage_form_passes, 90)
{
	const char *kernel = getenv("KTSTR_BZIMAGE");

	ASSERT_NE(NULL, kernel) TH_LOG("KTSTR_BZIMAGE is not set: run me through selftests/vm/run");
	RUN(80, "run", "steady", "--accel", "kvm", "--duration", "1", "--kernel", kernel);
	EXPECT_PASS();
}

TEST_HARNESS_MAIN
