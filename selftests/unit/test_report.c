// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people and machines read: KTAP, JSON, the results directory, tails.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "host/json_out.h"
#include "host/outdir.h"
#include "host/result.h"
#include "host/scenario.h"
#include "kselftest_harness.h"

FIXTURE(report)
{
	struct args args;
	struct report_run run;
	struct report r;
	char *text;
	size_t len;
	struct ktap k;
};

FIXTURE_SETUP(report)
{
	memset(self, 0, sizeof(*self));
	self->args.topology = (struct ktstr_topology){ 1, 1, 2, 1 };
	self->args.memory_mib = 1024;
	self->args.duration_ms = 3000;
	self->args.timeout_s = 60;
	self->args.seed = 1ull << 51;
	self->args.sched = "sh -c \"it's \xff\"";
	self->run.plan.scenario = "steady";
	self->run.plan.events = KTSTR_WISH_AUTO;
	scenario__plan(ktstr_test__find("steady"), &self->args.topology, &self->run.plan, NULL);
	self->run.ev = evidence__new(NULL);
	ASSERT_NE(NULL, self->run.ev);
	self->r = (struct report){ .args = &self->args, .kernel = "/k/vmlinux", .runs = &self->run,
				   .nr = 1, .exec_ns = 5 };
	report__names(&self->r);
	report__repeat(&self->run, &self->args);
	self->k.out = open_memstream(&self->text, &self->len);
	ASSERT_NE(NULL, self->k.out);
}

FIXTURE_TEARDOWN(report)
{
	fclose(self->k.out);
	free(self->text);
	free(self->run.ev);
}

static void print(struct report *r, struct ktap *k)
{
	struct report_run *run = &r->runs[0];

	verdict__judge(&run->verdict, &run->plan, run->ev, NULL);
	ktap__begin(k, result__points(&run->plan));
	result__print(k, r, run);
	ktap__end(k);
	fflush(k->out);
}

TEST_F(report, what_the_topology_cannot_carry_is_one_skipped_point)
{
	json_t *json, *run;
	size_t len = 0;
	char *text;

	free(self->run.ev);
	self->run.ev = NULL;
	strcpy(self->run.skip, "steady needs at least 9 CPUs, the topology has 2");
	self->run.verdict.status = VERDICT_SKIP;
	result__print(&self->k, &self->r, &self->run);
	fflush(self->k.out);
	EXPECT_STREQ("ok 1 steady # SKIP steady needs at least 9 CPUs, the topology has 2\n",
		     self->text);
	EXPECT_EQ(EXIT_ALL_SKIPPED, report__exit_status(&self->r, 1));
	text = json_out__dump(&self->r, EXIT_ALL_SKIPPED, &len);
	json = json_loadb(text, len, 0, NULL);
	run = json_array_get(json_object_get(json, "runs"), 0);
	EXPECT_STREQ("SKIP", json_string_value(json_object_get(run, "verdict")));
	EXPECT_STREQ(self->run.skip, json_string_value(json_object_get(run, "reason")));
	json_decref(json);
	free(text);
}

TEST_F(report, the_plan_line_counts_the_points_of_every_verdict)
{
	unsigned int planned, seen;

	for (int end = VMM_END_NONE; end <= VMM_END_STOPPED; end++) {
		self->run.ev->machine_end = end;
		rewind(self->k.out);
		self->k.n = self->k.pass = self->k.fail = self->k.skip = 0;
		print(&self->r, &self->k);
		ASSERT_EQ(1, sscanf(self->text, "TAP version 13\n1..%u\n", &planned));
		seen = 0;
		for (char *p = self->text; p; p = strchr(p, '\n')) {
			p += *p == '\n';
			seen += !strncmp(p, "ok ", 3) || !strncmp(p, "not ok ", 7);
			if (!*p)
				break;
		}
		EXPECT_EQ(planned, seen);
		EXPECT_EQ(planned, self->k.pass + self->k.fail + self->k.skip);
	}
}

TEST_F(report, a_failure_tells_its_reason_and_how_to_repeat_it)
{
	print(&self->r, &self->k);
	EXPECT_NE(NULL, strstr(self->text, "not ok 1 steady/completed\n"));
	EXPECT_NE(NULL, strstr(self->text, "# repeat with: ktstr run steady "));
	EXPECT_NE(NULL, strstr(self->text, "--seed 2251799813685248"));
	EXPECT_NE(NULL, strstr(self->text, "# SKIP not judged"));
	EXPECT_NE(NULL, strstr(self->text, "CRASH (boot_failed)"));
}

static void worker(struct evidence *ev, const char *cgroup, uint32_t nr, uint64_t p99_us,
		   uint64_t max_us)
{
	struct evidence_worker *w = &ev->workers[ev->nr_workers++];

	strcpy(w->cgroup, cgroup);
	strcpy(w->name, "w0");
	w->worker = ev->nr_workers;
	w->nr_latencies = nr;
	w->latency_ns[0] = w->latency_ns[1] = 1000;
	w->latency_ns[2] = w->latency_ns[3] = p99_us * 1000;
	w->latency_ns[4] = max_us * 1000;
}

TEST_F(report, latencies_of_a_crew_are_those_of_its_worst_worker)
{
	const char *first, *second;
	unsigned int lines = 0;

	for (int i = 0; i < 3; i++) {
		struct op_step *s = &self->run.ev->trace.steps[self->run.ev->trace.nr++];

		s->op.verb = KTSTR_V_CGROUP;
		snprintf(s->op.cgroup, sizeof(s->op.cgroup), "%c", 'a' + i);
		s->done = true;
	}
	worker(self->run.ev, "a", 10, 30, 70);
	worker(self->run.ev, "a", 0, 9999, 9999);
	worker(self->run.ev, "b", 5, 7, 8);
	worker(self->run.ev, "a", 20, 50, 60);
	worker(self->run.ev, "c", 0, 1, 1);
	print(&self->r, &self->k);
	first = strstr(self->text, "w0 latency of the worst worker: p50 1.0 us, p90 1.0 us, p99 50.0 us, p99.9 50.0 us, max 70.0 us (30 of all)\n");
	EXPECT_NE(NULL, first) TH_LOG("%s", self->text);
	second = strstr(self->text, "p99 7.0 us, p99.9 7.0 us, max 8.0 us (5 of all)\n");
	EXPECT_NE(NULL, second);
	/* A crew once, and none that measures nothing. */
	for (const char *p = self->text; (p = strstr(p, "latency of the worst")); p++)
		lines++;
	EXPECT_EQ(2, lines);
	EXPECT_EQ(NULL, strstr(self->text, "9999"));
}

TEST_F(report, text_of_the_guest_cannot_forge_points)
{
	static const char evil[] = "line\nok 99 forged\n\x1b[2Jnot ok 98\nBail out!";

	tail__add(&self->run.ev->tail[EVIDENCE_SLOG], evil, sizeof(evil) - 1);
	print(&self->r, &self->k);
	EXPECT_NE(NULL, strstr(self->text, "#   | ok 99 forged"));
	EXPECT_EQ(NULL, strstr(self->text, "\nok 99"));
	EXPECT_EQ(NULL, strstr(self->text, "\nBail"));
	EXPECT_EQ(NULL, strchr(self->text, 0x1b));
}

TEST_F(report, totals_are_true)
{
	ktap__begin(&self->k, 4);
	ktap__pass(&self->k, "a", "%s", "");
	ktap__fail(&self->k, "b", "# time=%dms", 5);
	ktap__skip(&self->k, "c", "%s", "why");
	ktap__pass(&self->k, "d", "%s", "");
	ktap__end(&self->k);
	fflush(self->k.out);
	EXPECT_STREQ("TAP version 13\n1..4\nok 1 a\nnot ok 2 b # time=5ms\nok 3 c # SKIP why\nok 4 d\n"
		     "# Totals: pass:2 fail:1 xfail:0 xpass:0 skip:1 error:0\n", self->text);
}

TEST_F(report, runs_of_the_same_scenario_have_names_of_their_own)
{
	struct report_run runs[3] = {
		{ .plan.scenario = "steady" }, { .plan.scenario = "other" },
		{ .plan.scenario = "steady" },
	};
	struct report r = { .args = &self->args, .runs = runs, .nr = 3 };
	size_t len = 0;
	char *text;

	report__names(&r);
	EXPECT_STREQ("steady", runs[0].name);
	EXPECT_STREQ("other", runs[1].name);
	EXPECT_STREQ("steady.2", runs[2].name);
	text = json_out__dump(&r, 2, &len);
	EXPECT_NE(NULL, strstr(text, "\"name\": \"steady.2\""));
	free(text);
	runs[2].ev = self->run.ev;
	print(&(struct report){ .args = &self->args, .runs = &runs[2], .nr = 1 }, &self->k);
	EXPECT_NE(NULL, strstr(self->text, "not ok 1 steady.2/completed\n"));
	EXPECT_EQ(NULL, strstr(self->text, " steady/"));
}

TEST_F(report, json_parses_and_carries_the_verdict)
{
	json_t *o, *run;
	size_t len = 0;
	char *text;

	verdict__judge(&self->run.verdict, &self->run.plan, self->run.ev, NULL);
	text = json_out__dump(&self->r, 1, &len);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(strlen(text), len);
	EXPECT_EQ('\n', text[len - 1]);
	o = json_loads(text, 0, NULL);
	ASSERT_NE(NULL, o);
	EXPECT_EQ(JSON_OUT_VERSION, json_integer_value(json_object_get(o, "version")));
	EXPECT_EQ(1, json_integer_value(json_object_get(o, "exit_status")));
	EXPECT_EQ(1ll << 51, json_integer_value(json_object_get(o, "seed")));
	/* No UTF-8: the byte is replaced, the field stays. */
	EXPECT_STREQ("sh -c \"it's ?\"", json_string_value(json_object_get(o, "sched")));
	run = json_array_get(json_object_get(o, "runs"), 0);
	EXPECT_STREQ("CRASH", json_string_value(json_object_get(run, "verdict")));
	EXPECT_STREQ("boot_failed", json_string_value(json_object_get(run, "kind")));
	EXPECT_TRUE(json_is_null(json_object_get(run, "window_ns")));
	/* All points of this plan: it has no quota, no body and no faults. */
	EXPECT_EQ(CHECK_NR - 3, json_array_size(json_object_get(run, "checks")));
	EXPECT_EQ(0, json_array_size(json_object_get(run, "operations")));
	json_decref(o);
	free(text);
}

static json_t *only_run(struct report *r, json_t **o)
{
	size_t len = 0;
	char *text = json_out__dump(r, 1, &len);

	*o = json_loads(text, 0, NULL);
	free(text);
	return json_array_get(json_object_get(*o, "runs"), 0);
}

TEST_F(report, why_a_scheduler_ended_is_printed_and_in_the_json)
{
	static const char log[] =
		"<3,5,9>sched_ext: BPF scheduler \"simple\" disabled (runnable task stall)\n"
		"<3,6,9>sched_ext: simple: a/0[77] failed to run for 3.100s\n";
	json_t *o, *x;

	x = json_object_get(only_run(&self->r, &o), "scx_exit");
	EXPECT_TRUE(json_is_null(x));
	json_decref(o);
	sched_exit__feed(&self->run.ev->sched_exit, SCHED_EXIT_BY_LOG, log, strlen(log));
	sched_exit__feed(&self->run.ev->sched_exit, SCHED_EXIT_BY_SELF, "EXIT: runtime error\n", 20);
	print(&self->r, &self->k);
	EXPECT_NE(NULL, strstr(self->text, "#   scheduler exit: simple: SCX_EXIT_ERROR_STALL, kind 1026 (by log)\n"
			       "#     reason (by log): runnable task stall\n"
			       "#     message (by log): a/0[77] failed to run for 3.100s\n"
			       "#     contradiction: log says SCX_EXIT_ERROR_STALL, but scheduler says SCX_EXIT_ERROR\n"))
		TH_LOG("%s", self->text);
	x = json_object_get(only_run(&self->r, &o), "scx_exit");
	EXPECT_STREQ("SCX_EXIT_ERROR_STALL", json_string_value(json_object_get(x, "kind")));
	EXPECT_STREQ("log", json_string_value(json_object_get(x, "message_by")));
	EXPECT_EQ(1, json_array_size(json_object_get(x, "contradictions")));
	EXPECT_TRUE(json_is_null(json_object_get(x, "exit_code")));
	EXPECT_TRUE(json_is_null(json_object_get(x, "to_verdict_ns")));
	json_decref(o);
}

TEST_F(report, entries_that_were_used_are_listed_and_the_others_for_who_asks)
{
	static const char rules[] = "2026-12-31 \"BUG: *\" known bug\n2026-12-31 \"x\" no use\n";
	struct splat_rules *r = &self->r.splat_rules;
	json_t *o, *a;

	ASSERT_EQ(0, splat_rules__parse(r, rules, strlen(rules), "f", false, 20260101, NULL));
	self->run.ev->splats.rules = r;
	splat__feed(&self->run.ev->splats, SPLAT_FROM_DMSG, "<4,1,1>BUG: x\n", 14);
	print(&self->r, &self->k);
	EXPECT_NE(NULL, strstr(self->text, "#   allowed by f:1 (until 2026-12-31, used 1 times): known bug\n"));
	EXPECT_EQ(NULL, strstr(self->text, "no use"));
	self->args.verbose = true;
	print(&self->r, &self->k);
	EXPECT_NE(NULL, strstr(self->text, "#   allowed by f:2 (until 2026-12-31, used 0 times): no use\n"));
	a = json_object_get(only_run(&self->r, &o), "splat_rules");
	ASSERT_EQ(2, json_array_size(a));
	EXPECT_EQ(1, json_integer_value(json_object_get(json_array_get(a, 0), "used")));
	EXPECT_STREQ("2026-12-31", json_string_value(json_object_get(json_array_get(a, 0), "expires")));
	json_decref(o);
	splat_rules__free(r);
}

TEST_F(report, what_the_events_tell_stands_behind_the_checks_and_in_the_json)
{
	json_t *o, *run;
	size_t len = 0;
	char *text;

	print(&self->r, &self->k);
	EXPECT_EQ(NULL, strstr(self->text, "#   from 7 events"));
	text = json_out__dump(&self->r, 1, &len);
	o = json_loads(text, 0, NULL);
	run = json_array_get(json_object_get(o, "runs"), 0);
	EXPECT_TRUE(json_is_null(json_object_get(run, "events")));
	json_decref(o);
	free(text);

	self->run.events_brief = "from 7 events\n  share of all CPUs: 100 % /%s/\n";
	self->run.events = json_pack("{s:i}", "received", 7);
	print(&self->r, &self->k);
	EXPECT_NE(NULL, strstr(self->text, "\n#   from 7 events\n#     share of all CPUs: 100 % /%s/\n"))
		TH_LOG("%s", self->text);
	text = json_out__dump(&self->r, 1, &len);
	o = json_loads(text, 0, NULL);
	run = json_array_get(json_object_get(o, "runs"), 0);
	EXPECT_EQ(7, json_integer_value(json_object_get(json_object_get(run, "events"), "received")));
	json_decref(o);
	json_decref(self->run.events);
	free(text);
}

/* A program that failed, and what it said. */
static void payload_failed(struct report_run *run)
{
	struct verdict_check *c = &run->verdict.checks[run->verdict.nr++];
	struct payload_out *p = &run->ev->payloads.all[run->ev->payloads.nr++];

	run->ev->trace.nr = 1;
	run->ev->trace.steps[0].op.verb = KTSTR_V_RUN;
	strcpy(run->ev->trace.steps[0].op.name, "bench");
	strcpy(run->ev->trace.steps[0].op.cmd, "hackbench -g 1");
	*c = (struct verdict_check){ .applies = true, .asked = true, .name = "exit_status(bench)",
				     .status = VERDICT_FAIL, .kind = KIND_EXIT_STATUS };
	*p = (struct payload_out){ .ended = true, .wait_status = 256, .bytes = { 10, 9 },
				   .len = { 10, 9 }, .text = { "Time: 0.5\n", "no \x1b[2J\n/" } };
}

TEST_F(report, what_a_failed_payload_said_is_quoted_and_in_the_json)
{
	json_t *o, *p;
	size_t len = 0;
	char *text;

	verdict__judge(&self->run.verdict, &self->run.plan, self->run.ev, NULL);
	payload_failed(&self->run);
	result__print(&self->k, &self->r, &self->run);
	fflush(self->k.out);
	EXPECT_NE(NULL, strstr(self->text, "\n# stdout of payload bench (10 bytes in all):\n#   | Time: 0.5\n"))
		TH_LOG("%s", self->text);
	EXPECT_NE(NULL, strstr(self->text, "\n# stderr of payload bench (9 bytes in all):\n#   | no ?[2J\n"));
	text = json_out__dump(&self->r, 1, &len);
	o = json_loads(text, 0, NULL);
	p = json_array_get(json_object_get(json_array_get(json_object_get(o, "runs"), 0),
					   "payloads"), 0);
	EXPECT_STREQ("bench", json_string_value(json_object_get(p, "name")));
	EXPECT_EQ(256, json_integer_value(json_object_get(p, "wait_status")));
	EXPECT_EQ(0.5, json_real_value(json_object_get(json_object_get(p, "metrics"), "time_s")));
	json_decref(o);
	free(text);
}

TEST_F(report, cut_json_is_known_for_it)
{
	size_t len = 0;
	char *text;

	verdict__judge(&self->run.verdict, &self->run.plan, self->run.ev, NULL);
	text = json_out__dump(&self->r, 1, &len);
	ASSERT_NE(NULL, text);
	EXPECT_TRUE(json_out__is_whole(text, len));
	for (size_t cut = 0; cut < len; cut++)
		EXPECT_FALSE(json_out__is_whole(text, cut));
	free(text);
}

TEST_F(report, json_of_a_run_that_never_began_is_whole)
{
	struct evidence *ev = self->run.ev;
	json_t *o;
	size_t len = 0;
	char *text;

	self->run.ev = NULL;
	text = json_out__dump(&self->r, 2, &len);
	o = json_loads(text, 0, NULL);
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_is_null(json_object_get(json_array_get(json_object_get(o, "runs"), 0), "verdict")));
	json_decref(o);
	free(text);
	self->run.ev = ev;
}

TEST_F(report, a_full_disk_is_an_error_that_names_the_file)
{
	struct ktstr_error e;

	EXPECT_EQ(-ENOSPC, outfile__write("/dev/full", "x", 1, &e));
	EXPECT_NE(NULL, strstr(e.msg, "/dev/full"));
	EXPECT_NE(NULL, strstr(e.msg, "No space left"));
}

TEST_F(report, a_file_that_cannot_be_written_whole_is_removed)
{
	char dir[] = "/tmp/ktstr-out-XXXXXX", path[64];
	struct rlimit lim = { 10, 10 };
	struct ktstr_error e;

	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.json", dir);
	signal(SIGXFSZ, SIG_IGN);
	EXPECT_EQ(0, setrlimit(RLIMIT_FSIZE, &lim));
	EXPECT_EQ(-EFBIG, outfile__write(path, "more than ten bytes", 19, &e));
	EXPECT_NE(NULL, strstr(e.msg, path));
	EXPECT_NE(0, access(path, F_OK));
	EXPECT_EQ(0, rmdir(dir));
}

TEST_F(report, the_result_of_an_earlier_run_is_removed)
{
	char dir[] = "/tmp/ktstr-out-XXXXXX", file[64], link[64], cmd[96];
	struct ktstr_error e;
	struct outdir o;

	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/result.json", dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	ASSERT_EQ(0, outfile__write(file, "{}", 2, &e));
	ASSERT_EQ(0, symlink("result.json", link));
	EXPECT_EQ(0, outfile__remove(link, "--json", &e));
	EXPECT_NE(0, access(file, F_OK));
	EXPECT_EQ(0, outfile__remove(file, "--json", &e));
	EXPECT_EQ(0, outfile__remove("/dev/null", "--json", &e));
	EXPECT_EQ(0, access("/dev/null", F_OK));
	ASSERT_EQ(0, outfile__write(file, "{}", 2, &e));
	outdir__init(&o);
	EXPECT_EQ(0, outdir__open(&o, dir, &e));
	EXPECT_NE(0, access(file, F_OK));
	EXPECT_EQ(0, outdir__close(&o, &e));
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	EXPECT_EQ(0, system(cmd));
}

TEST_F(report, files_that_cannot_be_written_are_found_before)
{
	struct ktstr_error e;

	EXPECT_EQ(-ENOENT, outfile__check("/nonexistent/x.json", "--json", &e));
	EXPECT_NE(NULL, strstr(e.msg, "/nonexistent/x.json"));
	EXPECT_EQ(-EISDIR, outfile__check("/tmp", "--json", &e));
	EXPECT_EQ(-EBADF, outfile__check("/dev/fd/999", "--json", &e));
	EXPECT_EQ(0, outfile__check("/dev/full", "--json", &e));
}

TEST_F(report, an_inherited_descriptor_is_written_not_opened_again)
{
	char path[32], got[8] = "";
	struct ktstr_error e;
	int p[2];

	ASSERT_EQ(0, pipe(p));
	snprintf(path, sizeof(path), "/dev/fd/%d", p[1]);
	EXPECT_EQ(0, outfile__check(path, "--json", &e));
	EXPECT_EQ(0, outfile__write(path, "abc", 3, &e));
	EXPECT_EQ(3, read(p[0], got, sizeof(got)));
	EXPECT_STREQ("abc", got);
	EXPECT_EQ(0, fcntl(p[1], F_GETFD));
}

TEST(a_scenario_of_a_group_has_logs_too)
{
	char dir[] = "/tmp/ktstr-group-XXXXXX", path[96];
	struct ktstr_error e;
	struct outdir o;

	ASSERT_NE(NULL, mkdtemp(dir));
	outdir__init(&o);
	ASSERT_EQ(0, outdir__open(&o, dir, &e)) TH_LOG("%s", e.msg);
	outdir__logs(&o, "cpuset/swap");
	outdir__logs(&o, "cpuset/swap.2");
	EXPECT_EQ(0, outdir__close(&o, &e)) TH_LOG("%s", e.msg);
	snprintf(path, sizeof(path), "%s/cpuset/swap.2/console.log", dir);
	EXPECT_EQ(0, access(path, F_OK));
	snprintf(path, sizeof(path), "rm -rf %s", dir);
	EXPECT_EQ(0, system(path));
}

TEST_F(report, the_results_directory_remembers_its_first_error)
{
	char dir[] = "/tmp/ktstr-out-XXXXXX", path[64], cmd[96];
	struct ktstr_error e;
	struct outdir o;
	struct stat st;

	ASSERT_NE(NULL, mkdtemp(dir));
	outdir__init(&o);
	ASSERT_EQ(0, outdir__open(&o, dir, &e)) TH_LOG("%s", e.msg);
	outdir__logs(&o, "steady");
	outdir__bytes(&o, EVIDENCE_COM1, "boot", 4);
	snprintf(path, sizeof(path), "%s/steady/console.log", dir);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(4, st.st_size);
	close(o.logs[EVIDENCE_DMSG]);
	o.logs[EVIDENCE_DMSG] = open("/dev/full", O_WRONLY);
	outdir__bytes(&o, EVIDENCE_DMSG, "x", 1);
	outdir__bytes(&o, EVIDENCE_COM1, "y", 1);
	EXPECT_EQ(-ENOSPC, outdir__close(&o, &e));
	EXPECT_NE(NULL, strstr(e.msg, "dmesg.log"));
	EXPECT_NE(NULL, strstr(e.msg, dir));
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	EXPECT_EQ(0, system(cmd));
}

TEST_F(report, no_results_directory_takes_everything_and_says_nothing)
{
	struct ktstr_error e;
	struct outdir o;

	outdir__init(&o);
	outdir__logs(&o, NULL);
	outdir__bytes(&o, EVIDENCE_COM1, "x", 1);
	EXPECT_EQ(0, outdir__close(&o, &e));
	EXPECT_NE(0, outdir__open(&o, "/proc/nowhere", &e));
	EXPECT_NE(NULL, strstr(e.msg, "/proc/nowhere"));
	outdir__close(&o, NULL);
}

TEST(tails_keep_the_end_of_any_stream)
{
	static const size_t steps[] = { 1, 7, 1000, TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1, 100000 };
	char *data = malloc(300000);

	for (int i = 0; i < 300000; i++)
		data[i] = i % 50 == 49 ? '\n' : 'a' + i / 50 % 26;
	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		struct tail *t = calloc(1, sizeof(*t));
		const char *p;
		size_t len;

		for (size_t i = 0; i < 300000; i += steps[s])
			tail__add(t, data + i, 300000 - i < steps[s] ? 300000 - i : steps[s]);
		EXPECT_EQ(300000, t->total);
		p = tail__lines(t, 20, &len);
		ASSERT_EQ(1000, len);
		EXPECT_EQ(0, memcmp(p, data + 299000, 1000));
		p = tail__lines(t, 0, &len);
		EXPECT_GE(1, len);
		free(t);
	}
	free(data);
}

TEST(buffers_stop_at_their_bound)
{
	struct buf b;

	buf__init(&b, 10);
	EXPECT_EQ(0, buf__add(&b, "12345", 5));
	EXPECT_EQ(0, buf__printf(&b, "%d", 67890));
	EXPECT_EQ(-ENOBUFS, buf__add(&b, "x", 1));
	EXPECT_EQ(-ENOBUFS, b.err);
	EXPECT_STREQ("1234567890", b.data);
	buf__free(&b);
	EXPECT_EQ(0, buf__add(&b, "again", 5));
	buf__free(&b);
}

TEST_HARNESS_MAIN
