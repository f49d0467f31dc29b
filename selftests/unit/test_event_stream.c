// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames in, metrics, tables and JSON out.
 */
#include <errno.h>
#include <stdio.h>

#include "unit.h"

#include <ktstr/wire.h>

#include "event_feed.h"
#include "host/event_json.h"
#include "host/event_text.h"

#define T0	(5 * SEC)
#define CPUS	2u

/* A plain payload per CPU, filled by the feed. */
struct payloads {
	size_t len[CPUS];
	uint8_t data[CPUS][65536];
	uint32_t seq[CPUS];
};

static void on_feed(void *arg, const struct event_record *r)
{
	struct payloads *p = arg;
	struct ktstr_ev_plain h = { .time_ns = r->time_ns, .len = r->len };

	memcpy(p->data[r->cpu] + p->len[r->cpu], &h, sizeof(h));
	memcpy(p->data[r->cpu] + p->len[r->cpu] + sizeof(h), r->ev, r->len);
	p->len[r->cpu] += sizeof(h) + r->len;
}

static int count_bytes(void *arg, const void *data, size_t len)
{
	*(size_t *)arg += len;
	return 0;
}

FIXTURE(stream)
{
	struct event_stream *s;
	struct payloads *p;
	struct feed f;
	size_t *trace;
};

FIXTURE_SETUP(stream)
{
	struct event_stream_opts opts = {
		.sz = sizeof(opts), .state = {
			.topology = { 1, 1, 2, 1 }, .starve_bound_ns = 50 * MS,
			.idle_bound_ns = 10 * MS,
		},
		.perfetto = { .write = count_bytes },
	};

	self->trace = calloc(1, sizeof(*self->trace));
	opts.perfetto.arg = self->trace;
	self->s = event_stream__new(&opts);
	self->p = calloc(1, sizeof(*self->p));
	ASSERT_TRUE(self->s && self->p);
	self->f = (struct feed){ .fn = { on_feed }, .arg = { self->p } };
}

FIXTURE_TEARDOWN(stream)
{
	event_stream__free(self->s);
	free(self->p);
	free(self->trace);
}

static struct assembler_frame frame(struct payloads *p, uint32_t cpu)
{
	struct assembler_frame f = {
		.type = KTSTR_T_EVNT, .stream = 1 + cpu, .seq = p->seq[cpu]++,
		.flags = KTSTR_F_PLAIN, .data = p->data[cpu], .len = p->len[cpu],
	};

	p->len[cpu] = 0;
	return f;
}

/* Everything the feed has, CPU 1 first. */
static void send_all(struct event_stream *s, struct payloads *p)
{
	for (uint32_t cpu = CPUS; cpu--;) {
		struct assembler_frame f = frame(p, cpu);

		event_stream__frame(s, &f);
	}
}

static const struct event_totals *totals(struct event_stream *s)
{
	return event_state__totals(event_stream__state(s));
}

/* A starving task, an idle CPU beside it, shares, marks: something for every table. */
static void tell_a_story(struct feed *f)
{
	feed_cgroup(f, 1, T0, 5, "/slice/one");
	feed_task(f, KTSTR_EV_TASK, 1, T0, 10, 1, 5, "spinner");
	feed_task(f, KTSTR_EV_TASK, 1, T0, 11, 1, 6, "vic\ttim");
	feed_switch(f, 1, T0, 12, ASLEEP, 0);
	feed_switch(f, 0, T0 + 1 * MS, 11, PREEMPTED, 10);
	feed_switch(f, 0, T0 + 101 * MS, 10, ASLEEP, 11);
	feed_wake(f, KTSTR_EV_WAKING, 1, T0 + 101 * MS, 12, 1, 0);
	feed_wake(f, KTSTR_EV_WAKEUP, 1, T0 + 101 * MS + 2 * US, 12, 1, 0);
	feed_switch(f, 1, T0 + 101 * MS + 12 * US, 0, RUNNABLE, 12);
	feed_switch(f, 0, T0 + 150 * MS, 11, ASLEEP, 0);
	feed_switch(f, 1, T0 + 200 * MS, 12, ASLEEP, 0);
}

TEST_F(stream, frames_become_metrics)
{
	tell_a_story(&self->f);
	send_all(self->s, self->p);
	ASSERT_EQ(0, event_stream__finish(self->s));
	EXPECT_TRUE(event_stream__complete(self->s));
	EXPECT_EQ(200 * MS, totals(self->s)->to_ns - totals(self->s)->from_ns);
	EXPECT_EQ(12 * US, histogram__max(totals(self->s)->account.wake.h));
	EXPECT_EQ(1, event_state__watch(event_stream__state(self->s))->nr_starved);
	EXPECT_EQ(2, event_stream__stats(self->s)->frames);
	EXPECT_EQ(11, event_stream__page_stats(self->s)->records);
	EXPECT_EQ(*self->trace, event_stream__perfetto_stats(self->s)->bytes);
	EXPECT_GT(*self->trace, 500);
}

TEST_F(stream, other_frames_are_not_looked_at)
{
	struct assembler_frame f = { .type = KTSTR_T_DMSG, .stream = 9, .seq = 7 };

	event_stream__frame(self->s, &f);
	EXPECT_EQ(0, event_stream__stats(self->s)->frames);
	EXPECT_EQ(0, event_stream__stats(self->s)->strangers);
	f.type = KTSTR_T_EVNT;
	f.stream = 0;
	event_stream__frame(self->s, &f);
	f.stream = 1 + CPUS;
	event_stream__frame(self->s, &f);
	f.stream = UINT32_MAX;
	event_stream__frame(self->s, &f);
	EXPECT_EQ(3, event_stream__stats(self->s)->strangers);
}

/* Every way a piece can be missing makes the stream incomplete. */
TEST_F(stream, a_missing_frame_is_a_hole)
{
	feed_switch(&self->f, 0, T0, 1, ASLEEP, 2);
	send_all(self->s, self->p);
	feed_switch(&self->f, 0, T0 + MS, 2, ASLEEP, 3);
	frame(self->p, 0);
	feed_switch(&self->f, 0, T0 + 2 * MS, 3, ASLEEP, 4);
	send_all(self->s, self->p);
	event_stream__finish(self->s);
	EXPECT_EQ(1, event_stream__stats(self->s)->gaps);
	EXPECT_EQ(1, totals(self->s)->holes[EVENT_HOLE_FRAMES]);
	EXPECT_EQ(0, totals(self->s)->inconsistent);
	EXPECT_EQ(2 * MS, event_state__cpu(event_stream__state(self->s), 0)->unknown_ns);
	EXPECT_FALSE(event_stream__complete(self->s));
}

TEST_F(stream, the_first_frame_may_be_missing_and_numbers_may_go_back)
{
	struct assembler_frame f;

	frame(self->p, 0);
	feed_switch(&self->f, 0, T0, 1, ASLEEP, 2);
	f = frame(self->p, 0);
	event_stream__frame(self->s, &f);
	EXPECT_EQ(1, event_stream__stats(self->s)->gaps);
	f.seq = 0;
	event_stream__frame(self->s, &f);
	EXPECT_EQ(2, event_stream__stats(self->s)->gaps);
	f.seq = 1;
	event_stream__frame(self->s, &f);
	EXPECT_EQ(2, event_stream__stats(self->s)->gaps);
}

TEST_F(stream, a_corrupt_frame_is_a_hole)
{
	struct assembler_frame f;

	feed_switch(&self->f, 0, T0, 1, ASLEEP, 2);
	send_all(self->s, self->p);
	feed_switch(&self->f, 0, T0 + MS, 2, ASLEEP, 3);
	f = frame(self->p, 0);
	f.corrupt = true;
	event_stream__frame(self->s, &f);
	feed_switch(&self->f, 0, T0 + 2 * MS, 3, ASLEEP, 4);
	f = frame(self->p, 0);
	f.len -= 3;
	event_stream__frame(self->s, &f);
	event_stream__finish(self->s);
	EXPECT_EQ(2, event_stream__stats(self->s)->cut);
	EXPECT_EQ(2, totals(self->s)->holes[EVENT_HOLE_DAMAGED]);
	EXPECT_FALSE(event_stream__complete(self->s));
}

TEST_F(stream, a_record_too_short_for_its_type_is_a_hole)
{
	feed_switch(&self->f, 0, T0, 1, ASLEEP, 2);
	feed_any(&self->f, 0, T0, &(struct ktstr_event){ .type = KTSTR_EV_SWITCH }, 8);
	send_all(self->s, self->p);
	event_stream__finish(self->s);
	EXPECT_EQ(1, totals(self->s)->holes[EVENT_HOLE_DAMAGED]);
}

/* A page of the module: its own clock, and events missing before it. */
TEST_F(stream, a_page_of_another_clock)
{
	struct ktstr_dev_clock clock = { .ring_ns = 2 * SEC, .mono_ns = 1 * SEC };
	uint64_t page[512] = { 6 * SEC, 4 + sizeof(struct ktstr_ev_switch) };
	struct ktstr_ev_switch sw = {
		.h = { .type = KTSTR_EV_SWITCH, .arg = 1, .pid = 7 }, .next_pid = 0,
	};
	struct assembler_frame f = {
		.type = KTSTR_T_EVNT, .stream = 1, .flags = KTSTR_F_NOCRC,
		.data = (void *)page, .len = sizeof(page),
	};
	uint32_t head = 5u << 5 | sizeof(sw) / 4;

	memcpy(&page[2], &head, 4);
	memcpy((uint8_t *)&page[2] + 4, &sw, sizeof(sw));
	event_stream__clock(self->s, &clock);
	event_stream__frame(self->s, &f);
	f.seq++;
	page[0] += MS;
	page[1] |= 1ull << 31;
	event_stream__frame(self->s, &f);
	event_stream__finish(self->s);
	EXPECT_EQ(5 * SEC + 5, totals(self->s)->from_ns);
	EXPECT_EQ(5 * SEC + MS + 5, totals(self->s)->to_ns);
	EXPECT_EQ(1, totals(self->s)->holes[EVENT_HOLE_BUFFER]);
	EXPECT_EQ(0, totals(self->s)->inconsistent);
	EXPECT_EQ(MS, event_state__cpu(event_stream__state(self->s), 0)->unknown_ns);
}

TEST(several_pages_in_a_frame)
{
	struct event_stream_opts opts = {
		.sz = sizeof(opts), .state.topology = { 1, 1, 2, 1 }, .page_size = 4096,
	};
	struct event_stream *s = event_stream__new(&opts);
	uint64_t pages[3 * 512] = { 0 };
	struct assembler_frame f = {
		.type = KTSTR_T_EVNT, .stream = 1, .data = (void *)pages, .len = sizeof(pages),
	};

	for (uint32_t i = 0; i < 3; i++) {
		struct ktstr_ev_switch sw = {
			.h = { .type = KTSTR_EV_SWITCH, .arg = 1, .pid = i }, .next_pid = i + 1,
		};
		uint32_t head = sizeof(sw) / 4;

		pages[i * 512] = T0 + i * MS;
		pages[i * 512 + 1] = 4 + sizeof(sw);
		memcpy(&pages[i * 512 + 2], &head, 4);
		memcpy((uint8_t *)&pages[i * 512 + 2] + 4, &sw, sizeof(sw));
	}
	event_stream__frame(s, &f);
	/* The third is cut within its event. */
	f.seq++;
	f.len = 2 * 4096 + 30;
	for (uint32_t i = 0; i < 3; i++)
		pages[i * 512] += 10 * MS;
	event_stream__frame(s, &f);
	event_stream__finish(s);
	EXPECT_EQ(5, totals(s)->events[KTSTR_EV_SWITCH]);
	EXPECT_EQ(1, event_stream__stats(s)->cut);
	event_stream__free(s);
}

#define EXPECT_TOLD(text, what) do {					\
	EXPECT_NE(NULL, strstr(text, what)) {				\
		TH_LOG("missing: %s\nin: %s", what, text);		\
	}								\
} while (0)

TEST_F(stream, tables)
{
	struct buf b;

	buf__init(&b, 1 << 20);
	tell_a_story(&self->f);
	send_all(self->s, self->p);
	event_stream__finish(self->s);
	event_text__stream(&b, self->s);
	ASSERT_EQ(0, b.err);
	EXPECT_TOLD(b.data, "Events: 11 in 2 frames; none missing\n");
	EXPECT_TOLD(b.data, "Window 0.200 s, 2 CPUs, 11 events\n");
	EXPECT_TOLD(b.data, "  wake to run           1   12.0us   12.0us   12.0us   12.0us   12.0us\n");
	EXPECT_TOLD(b.data, "/slice/one                         25.0% ");
	EXPECT_TOLD(b.data, "cgroup 6                           12.5% ");
	EXPECT_TOLD(b.data, "spinner (10)                       50.0% ");
	EXPECT_TOLD(b.data, "\npid 12                             49.5% ");
	EXPECT_TOLD(b.data, "CPU 1: 50.5%, 0.0%, 0.0%           49.5% ");
	EXPECT_TOLD(b.data, "\nRunnable for more than 50.0ms without running: 1 times, 100ms ");
	EXPECT_TOLD(b.data, "     100ms until +0.101000 s, vic tim (11) of an unknown cgroup on CPU 0\n");
	EXPECT_TOLD(b.data, "      +0.001000 s CPU 0 switch     11 (preempted) -> 10\n");
	EXPECT_TOLD(b.data, "CPU 1 idle, vic tim (11) waits on CPU 0 (its affinity is assumed)\n");
	EXPECT_TOLD(b.data, "CPU 1                            |");
	EXPECT_TOLD(b.data, "| 4.00ms each\n");
	for (size_t i = 0; i < b.len; i++)
		ASSERT_TRUE(b.data[i] == '\n' || (b.data[i] >= ' ' && b.data[i] <= '~'));
	buf__free(&b);
}

TEST_F(stream, nothing_was_measured)
{
	struct buf b;

	buf__init(&b, 1 << 20);
	event_stream__finish(self->s);
	EXPECT_FALSE(event_stream__complete(self->s));
	event_text__stream(&b, self->s);
	EXPECT_TOLD(b.data, "No window: nothing was measured\n");
	buf__free(&b);
}

static json_int_t at(json_t *o, const char *a, const char *b, const char *c)
{
	json_t *v = json_object_get(json_object_get(o, "metrics"), a);

	if (b)
		v = json_object_get(v, b);
	if (c)
		v = json_object_get(v, c);
	return json_is_integer(v) ? json_integer_value(v) : -1;
}

TEST_F(stream, json)
{
	json_t *o, *again, *m;
	char *text;

	tell_a_story(&self->f);
	send_all(self->s, self->p);
	event_stream__finish(self->s);
	o = event_json__stream(self->s);
	ASSERT_NE(NULL, o);
	text = json_dumps(o, JSON_INDENT(1));
	ASSERT_NE(NULL, text);
	again = json_loads(text, 0, NULL);
	ASSERT_TRUE(json_equal(o, again));
	m = json_object_get(o, "metrics");
	EXPECT_TRUE(json_is_true(json_object_get(o, "complete")));
	EXPECT_EQ(11, json_integer_value(json_object_get(o, "records")));
	EXPECT_EQ(12000, at(o, "all", "wake", "max_ns"));
	EXPECT_EQ(12000, at(o, "all", "wake", "p99_ns"));
	EXPECT_EQ(1, at(o, "starved", "count", NULL));
	EXPECT_EQ(50000000, at(o, "starved", "bound_ns", NULL));
	EXPECT_EQ(1, at(o, "idle_beside_waiting", "count", NULL));
	EXPECT_EQ(2, json_array_size(json_object_get(m, "cpus")));
	EXPECT_EQ(3, json_array_size(json_object_get(m, "tasks")));
	EXPECT_EQ(3, json_array_size(json_object_get(m, "cgroups")));
	json_decref(o);
	json_decref(again);
	free(text);
}

/* More tasks than are listed: those that ran for the longest are. */
TEST_F(stream, json_lists_the_tasks_that_ran_most)
{
	uint64_t t = T0, last = UINT64_MAX, run;
	json_t *o, *list;

	for (uint32_t i = 0; i < 100; i++) {
		uint32_t pid = 1000 + i * 37 % 100;

		/* A task runs for as many us as its number says. */
		feed_switch(&self->f, 0, t, i ? 1000 + (i - 1) * 37 % 100 : 0, ASLEEP, pid);
		t += (pid - 999) * US;
	}
	feed_switch(&self->f, 0, t, 1000 + 99 * 37 % 100, ASLEEP, 0);
	send_all(self->s, self->p);
	event_stream__finish(self->s);
	o = event_json__stream(self->s);
	list = json_object_get(json_object_get(o, "metrics"), "tasks");
	ASSERT_EQ(EVENT_JSON_TASKS, json_array_size(list));
	EXPECT_EQ(100 - EVENT_JSON_TASKS, at(o, "tasks_not_listed", NULL, NULL));
	for (uint32_t i = 0; i < EVENT_JSON_TASKS; i++) {
		run = json_integer_value(json_object_get(json_array_get(list, i), "run_ns"));
		EXPECT_EQ((100 - i) * US, run);
		EXPECT_LT(run, last);
		last = run;
	}
	json_decref(o);
}

/* Frames of noise, then the tables of what came of it. */
TEST_F(stream, noise)
{
	uint64_t seed = 4242;
	uint8_t data[4096];
	struct buf b;

	buf__init(&b, 1 << 20);
	for (int i = 0; i < 3000; i++) {
		struct assembler_frame f = { .type = KTSTR_T_EVNT, .data = data };

		for (size_t n = 0; n < sizeof(data); n += 8) {
			uint64_t r = next_random(&seed) & next_random(&seed) & 0x1f0f03ff0f0f1f1f;

			memcpy(data + n, &r, 8);
		}
		f.stream = seed % 4;
		f.seq = seed >> 8 & 1 ? (uint32_t)i : seed >> 9;
		f.flags = seed >> 40 & 1 ? KTSTR_F_PLAIN : 0;
		f.len = seed >> 42 & 1 ? 4096 : (seed >> 43) % 4096;
		f.corrupt = !(seed >> 60);
		event_stream__frame(self->s, &f);
	}
	event_stream__finish(self->s);
	EXPECT_GT(event_stream__page_stats(self->s)->records, 100);
	event_text__stream(&b, self->s);
	EXPECT_EQ(0, b.err);
	json_decref(event_json__stream(self->s));
	buf__free(&b);
}

TEST(topologies_that_cannot_be_are_refused)
{
	struct event_stream_opts opts = { .sz = sizeof(opts) };

	EXPECT_EQ(NULL, event_stream__new(&opts));
	event_stream__free(NULL);
}

TEST_HARNESS_MAIN
