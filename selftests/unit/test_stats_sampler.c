// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a scheduler is asked for statistics, what is kept of them and written, and what
 * "ktstr report" makes of that file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/stats.h>

#include "unit.h"

#include "host/stats_log.h"
#include "host/stats_sampler.h"

#define MS		1000000ull
#define INTERVAL_MS	100u
#define BEGIN		(5000 * MS)	/* of the run, in CLOCK_MONOTONIC */

FIXTURE(sampler)
{
	struct outdir out;
	char dir[48];
	char path[80];
	struct evidence *ev;
	struct stats_sampler *s;
	struct event_clock_result clock;
	char sent[256];		/* the last request */
	unsigned int requests;
	int refuse;
	uint64_t now;
};

static int on_write(void *arg, const void *data, size_t len)
{
	FIXTURE_DATA(sampler) *self = arg;

	if (self->refuse)
		return self->refuse;
	snprintf(self->sent, sizeof(self->sent), "%.*s", (int)len, (const char *)data);
	self->requests++;
	return 0;
}

static void begin(FIXTURE_DATA(sampler) *self, bool sched, bool seldom)
{
	const struct stats_sampler_opts so = {
		.interval_ms = INTERVAL_MS, .sched = sched, .seldom = seldom, .out = &self->out,
	};

	stats_sampler__free(self->s);
	self->s = stats_sampler__new(&so);
	stats_sampler__connect(self->s, on_write, self);
}

FIXTURE_SETUP(sampler)
{
	const struct evidence_sink sink = { 0 };
	struct ktstr_error e;

	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-sampler-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/stats.jsonl", self->dir);
	outdir__init(&self->out);
	ASSERT_EQ(0, outdir__open(&self->out, self->dir, &e)) TH_LOG("%s", e.msg);
	outdir__logs(&self->out, NULL);
	self->ev = evidence__new(&sink);
	ASSERT_NE(NULL, self->ev);
	self->ev->create_ns = BEGIN;
	self->now = BEGIN;
	self->clock.state = EVENT_CLOCK_NO_GUEST;
	begin(self, true, false);
	ASSERT_NE(NULL, self->s);
}

FIXTURE_TEARDOWN(sampler)
{
	char cmd[80];

	stats_sampler__free(self->s);
	EXPECT_EQ(0, outdir__close(&self->out, NULL));
	free(self->ev);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", self->dir);
	EXPECT_EQ(0, system(cmd));
}

static void reach(FIXTURE_DATA(sampler) *self, enum ktstr_life_phase phase)
{
	self->ev->phase_seen |= 1u << phase;
	stats_sampler__follow(self->s, self->ev, self->now);
}

static void pass(FIXTURE_DATA(sampler) *self, unsigned int ms)
{
	self->now += ms * MS;
	stats_sampler__tick(self->s, self->now);
}

static void hear(FIXTURE_DATA(sampler) *self, const char *text)
{
	stats_sampler__bytes(self->s, text, strlen(text), self->now);
}

static void hear_value(FIXTURE_DATA(sampler) *self, const char *value)
{
	hear(self, "{\"errno\":0,\"args\":{\"resp\":");
	hear(self, value);
	hear(self, "}}\n");
}

/* One good sample, and no descriptions. */
static void first_sample(FIXTURE_DATA(sampler) *self, const char *value)
{
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	pass(self, 0);
	hear_value(self, value);
	hear(self, "{\"errno\":22,\"args\":{\"resp\":\"no\"}}\n");
}

/* A number of the result, by up to two keys. */
static json_int_t number(FIXTURE_DATA(sampler) *self, const char *key, const char *inner)
{
	json_t *o = stats_sampler__json(self->s, &self->clock), *v = json_object_get(o, key);
	json_int_t n;

	v = inner ? json_object_get(v, inner) : v;
	n = json_is_integer(v) ? json_integer_value(v) : -1;
	json_decref(o);
	return n;
}

static size_t lines(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n = 0;
	int c;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

TEST_F(sampler, nobody_is_asked_before_the_scheduler_is_attached)
{
	self->ev->has_ready = true;
	reach(self, KTSTR_LIFE_SCHED_STARTING);
	pass(self, 1000);
	EXPECT_EQ(0, self->requests);
	EXPECT_EQ(UINT64_MAX, stats_sampler__next_ns(self->s));
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	EXPECT_EQ(self->now, stats_sampler__next_ns(self->s));
	pass(self, 0);
	EXPECT_EQ(1, self->requests);
	EXPECT_STREQ("{\"req\":\"stats\",\"args\":{}}\n", self->sent);
}

TEST_F(sampler, without_one_under_test_the_guest_need_only_be_ready)
{
	begin(self, false, false);
	stats_sampler__follow(self->s, self->ev, self->now);
	pass(self, 1000);
	EXPECT_EQ(0, self->requests);
	self->ev->has_ready = true;
	stats_sampler__follow(self->s, self->ev, self->now);
	pass(self, 0);
	EXPECT_EQ(1, self->requests);
}

TEST_F(sampler, samples_come_at_the_interval_and_descriptions_once)
{
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	pass(self, 0);
	hear_value(self, "{\"a\":1}");
	EXPECT_STREQ("{\"req\":\"stats_meta\",\"args\":{}}\n", self->sent);
	hear_value(self, "{\"a\":\"first letter\"}");
	for (int i = 0; i < 5; i++) {
		pass(self, INTERVAL_MS - 1);
		EXPECT_EQ(2 + i, self->requests);
		pass(self, 1);
		EXPECT_EQ(3 + i, self->requests);
		EXPECT_STREQ("{\"req\":\"stats\",\"args\":{}}\n", self->sent);
		hear_value(self, "{\"a\":2}");
	}
	EXPECT_EQ(6, number(self, "ok", NULL));
	EXPECT_EQ(0, number(self, "skipped", NULL));
}

TEST_F(sampler, while_an_answer_is_owed_nobody_is_asked)
{
	first_sample(self, "1");
	pass(self, INTERVAL_MS);
	EXPECT_EQ(3, self->requests);
	/* Its time-out, and beyond. */
	for (unsigned int ms = 0; ms < 2 * STATS_TIMEOUT_MS; ms += INTERVAL_MS)
		pass(self, INTERVAL_MS);
	EXPECT_EQ(3, self->requests);
	EXPECT_EQ(1, number(self, "errors", "timeout"));
	EXPECT_EQ(2 * STATS_TIMEOUT_MS / INTERVAL_MS, number(self, "skipped", NULL));
	hear_value(self, "2");
	EXPECT_EQ(1, number(self, "ok", NULL));
	EXPECT_EQ(1, number(self, "late_replies", NULL));
	pass(self, INTERVAL_MS);
	EXPECT_EQ(4, self->requests);
	hear_value(self, "3");
	EXPECT_EQ(2, number(self, "ok", NULL));
}

TEST_F(sampler, at_the_end_of_the_window_nobody_is_asked_any_more)
{
	first_sample(self, "1");
	pass(self, INTERVAL_MS);
	EXPECT_EQ(3, self->requests);
	self->ev->end.seen = true;
	stats_sampler__follow(self->s, self->ev, self->now);
	pass(self, 2 * STATS_TIMEOUT_MS);
	EXPECT_EQ(3, self->requests);
	EXPECT_EQ(UINT64_MAX, stats_sampler__next_ns(self->s));
	EXPECT_EQ(1, number(self, "errors", "cancelled"));
	EXPECT_EQ(0, number(self, "errors", "timeout"));
	/* The last answer and words that follow harm nobody. */
	stats_sampler__end(self->s, self->now);
	hear(self, KTSTR_STATS_LOST "rubbish\n");
	EXPECT_EQ(1, number(self, "ok", NULL));
}

TEST_F(sampler, a_scheduler_that_died_is_not_asked)
{
	first_sample(self, "1");
	reach(self, KTSTR_LIFE_SCHED_DIED);
	pass(self, 10 * INTERVAL_MS);
	EXPECT_EQ(2, self->requests);
}

/* The kernel says so before the guest does, and meanwhile its socket goes. */
TEST_F(sampler, a_scheduler_that_made_an_error_is_not_asked)
{
	first_sample(self, "1");
	pass(self, INTERVAL_MS);
	self->ev->sched_exit.told[SCHED_EXIT_BY_LOG].kind = SCHED_EXIT_ERROR_STALL;
	reach(self, KTSTR_LIFE_SCHED_STARTING);
	hear(self, KTSTR_STATS_LOST);
	pass(self, 10 * INTERVAL_MS);
	EXPECT_EQ(3, self->requests);
	EXPECT_EQ(1, number(self, "errors", "cancelled"));
	EXPECT_EQ(0, number(self, "errors", "lost"));
}

TEST_F(sampler, of_a_scheduler_without_statistics_nothing_is_said)
{
	struct buf b;

	buf__init(&b, 4096);
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	for (int i = 0; i < 3; i++) {
		pass(self, INTERVAL_MS);
		hear(self, KTSTR_STATS_NO_SOCKET);
	}
	stats_sampler__end(self->s, self->now);
	stats_sampler__brief(self->s, &b);
	EXPECT_EQ(0, b.len) TH_LOG("%s", b.data);
	EXPECT_NE(0, access(self->path, F_OK));
	EXPECT_EQ(3, number(self, "errors", "no_scheduler"));
	buf__free(&b);
}

/* Milliseconds until it is asked again. */
static unsigned int until_asked(FIXTURE_DATA(sampler) *self)
{
	unsigned int ms = 0, before = self->requests;

	for (; self->requests == before && ms < 100 * INTERVAL_MS; ms += 10)
		pass(self, 10);
	return ms;
}

/* Likewise, and it is told that nobody listens. */
static unsigned int asked_in_vain(FIXTURE_DATA(sampler) *self)
{
	unsigned int ms = until_asked(self);

	hear(self, KTSTR_STATS_NO_SOCKET);
	return ms;
}

TEST_F(sampler, where_nobody_listens_it_may_ask_ever_more_seldom)
{
	begin(self, true, true);
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	self->ev->attached = 1;
	pass(self, 0);
	hear(self, KTSTR_STATS_NO_SOCKET);
	for (unsigned int ms = INTERVAL_MS; ms <= 8000; ms *= 2)
		EXPECT_EQ(ms, asked_in_vain(self));
	EXPECT_EQ(6400, asked_in_vain(self));
	/* The next scheduler, though nothing else has changed. */
	pass(self, 1000);
	self->ev->attached = 2;
	stats_sampler__follow(self->s, self->ev, self->now);
	EXPECT_EQ(INTERVAL_MS, asked_in_vain(self));
	EXPECT_EQ(INTERVAL_MS, asked_in_vain(self));
	EXPECT_EQ(2 * INTERVAL_MS, asked_in_vain(self));
	/* And the first answer. */
	EXPECT_EQ(4 * INTERVAL_MS, until_asked(self));
	hear_value(self, "1");
	hear(self, "{\"errno\":22,\"args\":{\"resp\":\"no\"}}\n");
	/* Also when that loses its socket. */
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(INTERVAL_MS, asked_in_vain(self));
}

/* The twin: whoever gives an interval means it. */
TEST_F(sampler, an_interval_that_was_given_is_kept)
{
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	pass(self, 0);
	hear(self, KTSTR_STATS_NO_SOCKET);
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(INTERVAL_MS, asked_in_vain(self));
}

/* The twin: one that had some. What it did before it had any is no failure. */
TEST_F(sampler, of_a_scheduler_that_lost_its_socket_it_is_said)
{
	struct buf b;

	buf__init(&b, 4096);
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	pass(self, 0);
	hear(self, KTSTR_STATS_NO_SOCKET);
	pass(self, INTERVAL_MS);
	hear_value(self, "1");
	hear_value(self, "\"meta\"");
	pass(self, INTERVAL_MS);
	hear(self, KTSTR_STATS_NO_SOCKET);
	stats_sampler__brief(self->s, &b);
	EXPECT_STREQ("stats: 1 samples, one every 100 ms, each within 0.0 ms; failed requests: "
		     "no_scheduler 1 (last: no_scheduler: no scheduler serves statistics)\n", b.data);
	EXPECT_EQ(2, number(self, "errors", "no_scheduler"));
	EXPECT_EQ(3, lines(self->path));
	buf__free(&b);
}

TEST_F(sampler, a_port_without_room_is_an_error_of_its_own)
{
	first_sample(self, "1");
	self->refuse = -ENOBUFS;
	pass(self, INTERVAL_MS);
	EXPECT_EQ(1, number(self, "errors", "no_room"));
	self->refuse = 0;
	pass(self, INTERVAL_MS);
	hear_value(self, "2");
	EXPECT_EQ(2, number(self, "ok", NULL));
}

/* Also when it is full just when the descriptions are asked for. */
TEST_F(sampler, descriptions_without_room_are_not_taken_for_a_sample)
{
	reach(self, KTSTR_LIFE_SCHED_ATTACHED);
	pass(self, 0);
	self->refuse = -ENOBUFS;
	hear_value(self, "1");
	EXPECT_EQ(1, number(self, "errors", "no_room"));
	self->refuse = 0;
	pass(self, INTERVAL_MS);
	hear_value(self, "2");
	EXPECT_EQ(2, number(self, "ok", NULL));
}

static json_t *sample_at(json_t *o, size_t i)
{
	return json_array_get(json_object_get(o, "samples"), i);
}

TEST_F(sampler, a_sample_has_its_times)
{
	json_t *o;

	self->clock = (struct event_clock_result){
		.state = EVENT_CLOCK_OK,
		.guest = { .cycles = 0, .ns = 0, .d_cycles = 1000000000, .d_ns = 1000000000 },
		.host = { .cycles = 0, .ns = 3000 * MS, .d_cycles = 1000000000, .d_ns = 1000000000 },
	};
	first_sample(self, "1");
	self->now += 50 * MS;
	self->ev->start.seen = true;
	stats_sampler__follow(self->s, self->ev, self->now);
	pass(self, 50);
	self->now += 7 * MS;
	hear_value(self, "2");
	o = stats_sampler__json(self->s, &self->clock);
	EXPECT_TRUE(json_is_null(json_object_get(sample_at(o, 0), "window_ns")));
	EXPECT_EQ(107 * MS, json_integer_value(json_object_get(sample_at(o, 1), "time_ns")));
	EXPECT_EQ(7 * MS, json_integer_value(json_object_get(sample_at(o, 1), "took_ns")));
	EXPECT_EQ(57 * MS, json_integer_value(json_object_get(sample_at(o, 1), "window_ns")));
	EXPECT_EQ(2107 * MS, json_integer_value(json_object_get(sample_at(o, 1), "guest_ns")));
	json_decref(o);
	self->clock.state = EVENT_CLOCK_STUCK;
	o = stats_sampler__json(self->s, &self->clock);
	EXPECT_TRUE(json_is_null(json_object_get(sample_at(o, 1), "guest_ns")));
	json_decref(o);
}

/* Of a long run every 2nd, 4th, ... stays, from its begin to its end. */
TEST_F(sampler, what_is_kept_has_a_bound_in_number)
{
	const unsigned int all = 3 * STATS_KEEP_MAX + 1;
	json_t *o;
	char text[16];
	size_t n;

	first_sample(self, "0");
	for (unsigned int i = 1; i < all; i++) {
		pass(self, INTERVAL_MS);
		snprintf(text, sizeof(text), "%u", i);
		hear_value(self, text);
	}
	o = stats_sampler__json(self->s, &self->clock);
	n = json_array_size(json_object_get(o, "samples"));
	EXPECT_EQ(all, json_integer_value(json_object_get(o, "ok")));
	EXPECT_EQ(4, json_integer_value(json_object_get(o, "kept_every")));
	EXPECT_EQ(3 * STATS_KEEP_MAX / 4 + 1, n);
	for (size_t i = 0; i < n; i++)
		ASSERT_EQ(4 * i, json_integer_value(json_object_get(sample_at(o, i), "stats")));
	json_decref(o);
	EXPECT_EQ(all, lines(self->path));
}

static char *string_of(size_t bytes)
{
	char *text = malloc(bytes + 3);

	memset(text, 'x', bytes + 2);
	text[0] = text[bytes + 1] = '"';
	text[bytes + 2] = '\0';
	return text;
}

TEST_F(sampler, what_is_kept_has_a_bound_in_bytes)
{
	char *text = string_of(STATS_KEEP_BYTES / 4);
	size_t bytes = 0;
	json_t *o, *sample;
	size_t i;

	first_sample(self, text);
	for (i = 1; i < 40; i++) {
		pass(self, INTERVAL_MS);
		hear_value(self, text);
	}
	o = stats_sampler__json(self->s, &self->clock);
	json_array_foreach(json_object_get(o, "samples"), i, sample)
		bytes += json_string_length(json_object_get(sample, "stats"));
	EXPECT_GE(STATS_KEEP_BYTES, bytes);
	EXPECT_LT(STATS_KEEP_BYTES / 4, bytes);
	EXPECT_EQ(40, json_integer_value(json_object_get(o, "ok")));
	json_decref(o);
	free(text);
}

TEST_F(sampler, the_file_has_a_bound)
{
	char *text = string_of(STATS_LINE_MAX - 1000);
	struct stat st;

	first_sample(self, text);
	for (int i = 1; i < 70; i++) {
		pass(self, INTERVAL_MS);
		hear_value(self, text);
	}
	stats_sampler__end(self->s, self->now);
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_GE(STATS_FILE_MAX, st.st_size);
	EXPECT_EQ(st.st_size, number(self, "file_bytes", NULL));
	EXPECT_EQ(70, lines(self->path) + number(self, "file_dropped", NULL));
	EXPECT_LE(1, number(self, "file_dropped", NULL));
	free(text);
}

/* What "ktstr report" prints of this file's content, in @b. */
static int table_of(const char *path, const char *content, struct buf *b, struct ktstr_error *e)
{
	FILE *f = fopen(path, "we");

	fputs(content, f);
	fclose(f);
	buf__init(b, 1u << 20);
	return stats_log__text(path, b, e);
}

TEST_F(sampler, what_is_written_can_be_reported)
{
	struct ktstr_error e;
	struct buf b;

	first_sample(self, "{\"load\":[1.5,{\"x\":-2}],\"name\":\"n\",\"on\":true}");
	pass(self, INTERVAL_MS);
	hear_value(self, "{\"load\":[2.5,{\"x\":4}]}");
	pass(self, INTERVAL_MS);
	hear(self, "{\"errno\":5,\"args\":{\"resp\":\"say \\\"no\\\"\"}}\n");
	stats_sampler__end(self->s, self->now);
	buf__init(&b, 1u << 20);
	ASSERT_EQ(0, stats_log__text(self->path, &b, &e)) TH_LOG("%s", e.msg);
	EXPECT_NE(NULL, strstr(b.data, "Scheduler statistics: 2 samples from 0.0 s to 0.1 s of the run; "
			       "1 requests failed (last: errno 5: say \"no\")\n")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "load.0 ")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "load.1.x  ")) TH_LOG("%s", b.data);
	EXPECT_EQ(NULL, strstr(b.data, "damaged")) TH_LOG("%s", b.data);
	buf__free(&b);
}

TEST_F(sampler, a_damaged_file_gives_what_can_be_had_of_it)
{
	struct ktstr_error e;
	struct buf b;

	ASSERT_EQ(0, table_of(self->path, "{\"time_ns\":1,\"stats\":{\"a\\u001b[2J\":7}}\n\n[]\n{}\n"
			      "{\"error\":7}\n{\"stats\":8,\"time_ns\":\"x\"}\n{\"stats\":1", &b, &e));
	EXPECT_NE(NULL, strstr(b.data, "2 samples")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "5 lines of stats.jsonl are damaged")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "a?[2J")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "  value ")) TH_LOG("%s", b.data);
	buf__free(&b);
	ASSERT_EQ(0, table_of(self->path, "", &b, &e));
	EXPECT_STREQ("Scheduler statistics: 0 samples\n", b.data);
	buf__free(&b);
	EXPECT_EQ(-EISDIR, stats_log__text(self->dir, &b, &e));
}

TEST_F(sampler, rows_have_a_bound)
{
	struct ktstr_error e;
	char text[4096];
	size_t len = sprintf(text, "{\"stats\":[0");
	struct buf b;

	for (unsigned int i = 1; i < STATS_LOG_ROWS + 3; i++)
		len += sprintf(text + len, ",%u", i);
	strcpy(text + len, "]}\n");
	ASSERT_EQ(0, table_of(self->path, text, &b, &e));
	EXPECT_NE(NULL, strstr(b.data, "and 3 more in a sample")) TH_LOG("%s", b.data);
	buf__free(&b);
}

TEST_HARNESS_MAIN
