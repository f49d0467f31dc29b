// SPDX-License-Identifier: GPL-2.0-only
/*
 * Figures out of what programs print: as they print it, cut, and hostile.
 */
#include <errno.h>
#include <stdlib.h>

#include "host/payload_metrics.h"

#include "unit.h"

FIXTURE(metrics) {
	struct payload_metrics m;
};

FIXTURE_SETUP(metrics)
{
}

FIXTURE_TEARDOWN(metrics)
{
}

/* On the heap and exactly as long, so that ASan sees a step too far. */
static int parse_bytes(struct payload_metrics *m, const char *program, const void *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int err;

	memcpy(copy, text, len);
	err = payload_metrics__parse(program, copy, len, m);
	free(copy);
	return err;
}

static int parse(struct payload_metrics *m, const char *program, const char *text)
{
	return parse_bytes(m, program, text, strlen(text));
}

static double value(const struct payload_metrics *m, const char *name)
{
	const struct payload_metric *x = payload_metrics__find(m, name);

	return x ? x->value : -1e300;
}

TEST_F(metrics, hackbench)
{
	ASSERT_EQ(0, parse(&self->m, "/usr/bin/hackbench",
			   "Running in process mode with 1 groups using 40 file descriptors each (== 40 tasks)\n"
			   "Each sender will pass 20 messages of 100 bytes\nTime: 0.035\n"));
	EXPECT_EQ(0.035, value(&self->m, "time_s"));
	EXPECT_EQ(1, self->m.nr);
}

TEST_F(metrics, cyclictest_over_all_threads)
{
	ASSERT_EQ(0, parse(&self->m, "cyclictest",
			   "# /dev/cpu_dma_latency set to 0us\n"
			   "T: 0 (28453) P: 3 I:1000 C:    100 Min:     14 Act:   21 Avg:   20 Max:      68\n"
			   "T: 1 (28454) P: 3 I:1500 C:     74 Min:     18 Act:   29 Avg:   38 Max:     109\n"));
	EXPECT_EQ(14, value(&self->m, "min_us"));
	EXPECT_EQ(29, value(&self->m, "avg_us"));
	EXPECT_EQ(109, value(&self->m, "max_us"));
	EXPECT_EQ(174, value(&self->m, "cycles"));
}

TEST_F(metrics, stress_ng_every_stressor_and_not_its_table_head)
{
	ASSERT_EQ(0, parse(&self->m, "stress-ng",
			   "stress-ng: info:  [28460] dispatching hogs: 1 cpu\n"
			   "stress-ng: metrc: [28460] stressor       bogo ops real time  usr time  sys time   bogo ops/s     bogo ops/s\n"
			   "stress-ng: metrc: [28460]                           (secs)    (secs)    (secs)   (real time) (usr+sys time)\n"
			   "stress-ng: metrc: [28460] cpu                 961      1.00      0.55      0.02       958.66        1692.41\n"
			   "stress-ng: metrc: [28460] pipe              12000      1.00      0.30      0.60     12000.50       13333.00\n"
			   "stress-ng: info:  [28460] successful run completed in 1.01s\n"));
	EXPECT_EQ(961, value(&self->m, "cpu_ops"));
	EXPECT_EQ(958.66, value(&self->m, "cpu_ops_per_s"));
	EXPECT_EQ(12000.5, value(&self->m, "pipe_ops_per_s"));
	EXPECT_EQ(4, self->m.nr);
}

TEST_F(metrics, perf_bench)
{
	ASSERT_EQ(0, parse(&self->m, "perf",
			   "# Running 'sched/pipe' benchmark:\n"
			   "# Executed 1000 pipe operations between two processes\n\n"
			   "     Total time: 0.011 [sec]\n\n      11.686000 usecs/op\n          85572 ops/sec\n"));
	EXPECT_EQ(0.011, value(&self->m, "time_s"));
	EXPECT_EQ(11.686, value(&self->m, "us_per_op"));
	EXPECT_EQ(85572, value(&self->m, "ops_per_s"));
}

TEST_F(metrics, schbench_wakeups_and_not_its_other_tables)
{
	ASSERT_EQ(0, parse(&self->m, "schbench",
			   "Wakeup Latencies percentiles (usec) runtime 10 (s) (100 total samples)\n"
			   "\t  50.0th: 7          (50 samples)\n\t* 99.0th: 31         (20 samples)\n"
			   "\t  99.9th: 84         (2 samples)\nRequest Latencies percentiles (usec)\n"
			   "\t  50.0th: 9000       (50 samples)\n"));
	EXPECT_EQ(7, value(&self->m, "p50_us"));
	EXPECT_EQ(31, value(&self->m, "p99_us"));
	EXPECT_EQ(84, value(&self->m, "p99.9_us"));
}

TEST_F(metrics, rt_app_logs)
{
	ASSERT_EQ(0, parse(&self->m, "rt-app",
			   "#idx perf run period start end rel_st slack c_duration c_period wu_lat\n"
			   "0 1000 2000 10000 1 2 3 400 5 6 70\n0 1000 4000 12000 1 2 3 -50 5 6 20\n"));
	EXPECT_EQ(2, value(&self->m, "runs"));
	EXPECT_EQ(3000, value(&self->m, "run_us"));
	EXPECT_EQ(11000, value(&self->m, "period_us"));
	EXPECT_EQ(-50, value(&self->m, "slack_min_us"));
	EXPECT_EQ(70, value(&self->m, "wake_max_us"));
}

TEST_F(metrics, any_program_that_prints_json)
{
	ASSERT_EQ(0, parse(&self->m, "./mine",
			   " {\"a\": 1, \"b\": {\"c\": 2.5, \"text\": \"x\"}, \"l\": [3, true, null]}\ntrailing\n"));
	EXPECT_EQ(1, value(&self->m, "a"));
	EXPECT_EQ(2.5, value(&self->m, "b.c"));
	EXPECT_EQ(3, value(&self->m, "l.0"));
	EXPECT_EQ(1, value(&self->m, "l.1"));
	EXPECT_EQ(4, self->m.nr);
}

TEST_F(metrics, a_json_key_that_is_too_long_is_dropped_and_has_no_other_name)
{
	parse(&self->m, "any", "{ \"a123456789b123456789c123456789d1\": 7, \"ok\": 1 }");
	EXPECT_EQ(1, self->m.nr);
	EXPECT_EQ(1, self->m.dropped);
}

TEST_F(metrics, none_where_there_are_none)
{
	static const char * const nothing[] = {
		"", "\n", "Time:", "Time: soon", "{", "{}", "[1]", "T: 0 Min: Avg: Max:",
		"stress-ng: metrc: [1] cpu 1 2 3", "nonsense",
	};

	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		EXPECT_EQ(-ENOENT, parse(&self->m, i < 4 ? "hackbench" : "cyclictest", nothing[i]));
	/* The same text says nothing when another program prints it. */
	EXPECT_EQ(-ENOENT, parse(&self->m, "cat", "Time: 0.035\n"));
}

TEST_F(metrics, the_last_of_two_counts_and_no_name_twice)
{
	ASSERT_EQ(0, parse(&self->m, "hackbench", "Time: 1\nTime: 2\n"));
	EXPECT_EQ(2, value(&self->m, "time_s"));
	EXPECT_EQ(1, self->m.nr);
}

TEST_F(metrics, bounded_however_many_there_are)
{
	char *text = malloc(1 << 20), *p = text;

	p += sprintf(p, "{");
	for (int i = 0; i < 1000; i++)
		p += sprintf(p, "\"k%d\": %d, ", i, i);
	p += sprintf(p, "\"a_name_that_is_longer_than_any_test_can_give\": 1}");
	ASSERT_EQ(0, parse(&self->m, "x", text));
	EXPECT_EQ(PAYLOAD_METRICS_MAX, self->m.nr);
	EXPECT_EQ(1001 - PAYLOAD_METRICS_MAX, self->m.dropped);
	free(text);
}

TEST_F(metrics, deep_json_ends_and_infinite_numbers_are_none)
{
	char text[4096];
	int n = 0;

	for (int i = 0; i < 500; i++)
		n += sprintf(text + n, "{\"a\":");
	n += sprintf(text + n, "1");
	for (int i = 0; i < 500; i++)
		n += sprintf(text + n, "}");
	EXPECT_EQ(-ENOENT, parse_bytes(&self->m, "x", text, (size_t)n));
	EXPECT_EQ(-ENOENT, parse(&self->m, "hackbench", "Time: inf\n"));
	EXPECT_EQ(-ENOENT, parse(&self->m, "hackbench", "Time: nan\n"));
}

/* Cut anywhere and every byte changed: ASan and UBSan are the judges. */
TEST_F(metrics, hostile_bytes)
{
	static const char good[] =
		"T: 0 (1) P: 3 I:1000 C:    100 Min:     14 Act:   21 Avg:   20 Max:      68\n"
		"stress-ng: metrc: [1] cpu 961 1.00 0.55 0.02 958.66 1692.41\n99.0th: 31\n";
	static const char * const programs[] = { "cyclictest", "stress-ng", "schbench", "rt-app", "x" };
	char text[sizeof(good)];

	for (size_t k = 0; k < ARRAY_SIZE(programs); k++)
		for (size_t i = 0; i < sizeof(good); i++) {
			memcpy(text, good, sizeof(good));
			text[i] = (char)(i * 37);
			parse_bytes(&self->m, programs[k], text, i);
			parse_bytes(&self->m, programs[k], text, sizeof(good) - 1);
			ASSERT_LE(self->m.nr, PAYLOAD_METRICS_MAX);
		}
}

TEST_HARNESS_MAIN
