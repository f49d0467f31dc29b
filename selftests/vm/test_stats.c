// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler's statistics through a whole run: server, relay, port 2, client, result.
 * Needs KVM that boots kernels: runs in the box or on hardware.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "selftests/unit/unit.h"
#include "ktstr_run.h"

FIXTURE(stats)
{
	struct ktstr_run k;
	char out[128];
	char sched[512];
	json_t *result;
	json_t *run;
	json_t *stats;
};

FIXTURE_SETUP(stats)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ktstr_run__init(&self->k));
	snprintf(self->out, sizeof(self->out), "%s/out", self->k.dir);
}

FIXTURE_TEARDOWN(stats)
{
	if (_metadata->exit_code == KSFT_FAIL)
		json_dumpf(self->stats, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	json_decref(self->result);
	ktstr_run__finish(&self->k, _metadata->exit_code == KSFT_FAIL);
}

/* scx_simple with the server beside it. */
static void serve(char *sched, size_t len, const char *script)
{
	const char *path = getenv("KTSTR_GUEST_STATS");

	snprintf(sched, len, "sh -c \"%s %s & exec scx_simple\"",
		 path ? path : "build/vm/guest_stats", script);
}

#define RUN(_timeout, ...) do {								\
	char path_[160];								\
											\
	ASSERT_EQ(0, ktstr_run__command(&self->k, _timeout, NULL, 0, "run", "steady",	\
					"--accel", "kvm", "--out", self->out,		\
					__VA_ARGS__, NULL));				\
	snprintf(path_, sizeof(path_), "%s/result.json", self->out);			\
	self->result = json_load_file(path_, 0, NULL);					\
	self->run = json_array_get(json_object_get(self->result, "runs"), 0);		\
	self->stats = json_object_get(self->run, "stats");				\
	ASSERT_TRUE(json_is_object(self->stats));					\
} while (0)

/* Passed, or this host was too busy for it: not the subject here. */
#define EXPECT_JUDGED() do {								\
	if (self->k.r.status != 3)							\
		EXPECT_EQ(0, self->k.r.status);						\
} while (0)

#define EXPECT_OUT(_text) EXPECT_NE(NULL, strstr(self->k.r.out, _text)) \
	TH_LOG("stdout lacks \"%s\"", _text)

static json_int_t number(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : -1;
}

/* Of one name among the errors. */
static json_int_t failed(json_t *stats, const char *name)
{
	return number(json_object_get(stats, "errors"), name);
}

/* Of the Nth sample that was kept; -1 when there is none. */
static json_int_t seq_of(json_t *stats, size_t i)
{
	json_t *sample = json_array_get(json_object_get(stats, "samples"), i);

	return number(json_object_get(sample, "stats"), "seq");
}

/* Every request in the script meets another fate; none is answered by another's answer. */
TEST_F_TIMEOUT(stats, whatever_a_server_does_the_run_goes_on, 120)
{
	json_t *sample, *start, *meta;

	serve(self->sched, sizeof(self->sched), "nehcsnnx");
	RUN(110, "--sched", self->sched, "--stats-interval", "200", "--duration", "12",
	    "--topology", "1,1,1,1", "--events", "off");
	EXPECT_JUDGED();
	EXPECT_EQ(3, number(self->stats, "ok"));
	EXPECT_EQ(1, seq_of(self->stats, 0));
	EXPECT_EQ(6, seq_of(self->stats, 1));
	EXPECT_EQ(7, seq_of(self->stats, 2));
	EXPECT_EQ(1, failed(self->stats, "errno"));
	EXPECT_EQ(1, failed(self->stats, "too_large"));
	EXPECT_EQ(2, failed(self->stats, "lost"));
	EXPECT_EQ(1, failed(self->stats, "timeout"));
	EXPECT_LE(1, failed(self->stats, "no_scheduler"));
	EXPECT_EQ(1, number(self->stats, "late_replies"));
	EXPECT_EQ(0, number(self->stats, "stray_lines"));
	EXPECT_LE(10, number(self->stats, "skipped"));
	meta = json_object_get(self->stats, "meta");
	EXPECT_STREQ("number of the request", json_string_value(json_object_get(meta, "seq")));
	EXPECT_OUT("stats: 3 samples, one every 200 ms, each within ");

	/* Guest and host tell the same time of a sample in the window. */
	sample = json_array_get(json_object_get(self->stats, "samples"), 2);
	start = json_object_get(self->run, "sched_start");
	EXPECT_LT(0, number(sample, "window_ns"));
	EXPECT_GT(500000000, llabs(number(sample, "guest_ns") - number(start, "time_ns") -
				   number(sample, "window_ns")));

	ASSERT_EQ(0, ktstr_run__command(&self->k, 20, NULL, 0, "report", "--text", self->out,
					NULL));
	EXPECT_EQ(0, self->k.r.status);
	EXPECT_OUT("Scheduler statistics: 3 samples");
	EXPECT_OUT("load.pct");
}

/* The negative twin: nobody serves, and nothing is said of it. */
TEST_F_TIMEOUT(stats, a_scheduler_without_statistics_is_no_news, 90)
{
	char path[160];

	RUN(80, "--sched", "scx_simple", "--duration", "2", "--topology", "1,1,1,1",
	    "--events", "off");
	EXPECT_JUDGED();
	EXPECT_EQ(NULL, strstr(self->k.r.out, "stats:"));
	EXPECT_EQ(0, number(self->stats, "ok"));
	EXPECT_LE(2, failed(self->stats, "no_scheduler"));
	EXPECT_EQ(0, failed(self->stats, "timeout"));
	EXPECT_TRUE(json_is_null(json_object_get(self->stats, "last_error")));
	snprintf(path, sizeof(path), "%s/stats.jsonl", self->out);
	EXPECT_NE(0, access(path, F_OK));
}

TEST_HARNESS_MAIN
