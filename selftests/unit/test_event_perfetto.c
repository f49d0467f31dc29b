// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Perfetto trace, read again by protoc, which knows nothing of our writer, with
 * message definitions that are written down here a second time.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "unit.h"

#include <ktstr/dev.h>

#include "event_feed.h"
#include "host/event_perfetto.h"
#include "host/protobuf_put.h"

#define T0	(5 * SEC)

static const char schema[] =
"syntax = \"proto2\";\n"
"message Sw { optional string prev_comm = 1; optional int32 prev_pid = 2;\n"
"  optional int32 prev_prio = 3; optional int64 prev_state = 4; optional string next_comm = 5;\n"
"  optional int32 next_pid = 6; optional int32 next_prio = 7; }\n"
"message Wake { optional string comm = 1; optional int32 pid = 2; optional int32 prio = 3;\n"
"  optional int32 success = 4; optional int32 target_cpu = 5; }\n"
"message Idle { optional uint32 state = 1; optional uint32 cpu_id = 2; }\n"
"message New { optional int32 pid = 1; optional string comm = 2; optional uint64 flags = 3; }\n"
"message Rename { optional int32 pid = 1; optional string oldcomm = 2;\n"
"  optional string newcomm = 3; }\n"
"message Exit { optional string comm = 1; optional int32 pid = 2; optional int32 tgid = 3; }\n"
"message Event { optional uint64 timestamp = 1; optional uint32 pid = 2;\n"
"  optional Sw sched_switch = 4; optional Idle cpu_idle = 13; optional Wake wakeup = 17;\n"
"  optional Wake waking = 20; optional New newtask = 235; optional Rename rename = 236;\n"
"  optional Exit exit = 238; }\n"
"message Bundle { optional uint32 cpu = 1; repeated Event event = 2;\n"
"  optional bool lost_events = 3; }\n"
"message Process { optional int32 pid = 1; optional int32 ppid = 2;\n"
"  repeated string cmdline = 3; }\n"
"message Thread { optional int32 tid = 1; optional string name = 2; optional int32 tgid = 3; }\n"
"message Tree { repeated Process processes = 1; repeated Thread threads = 2; }\n"
"message Uts { optional string sysname = 1; optional string release = 3; }\n"
"message System { optional Uts utsname = 1; }\n"
"message Track { optional uint64 uuid = 1; optional string name = 2; }\n"
"message TrackEvent { optional int32 type = 9; optional uint64 track_uuid = 11;\n"
"  optional string name = 23; }\n"
"message Packet { optional Bundle ftrace_events = 1; optional Tree process_tree = 2;\n"
"  optional uint64 timestamp = 8; optional uint32 trusted_packet_sequence_id = 10;\n"
"  optional TrackEvent track_event = 11; optional uint32 sequence_flags = 13;\n"
"  optional System system_info = 45; optional Track track_descriptor = 60; }\n"
"message Trace { repeated Packet packet = 1; }\n";

struct out {
	uint8_t *data;
	size_t len, cap;
	int err;
};

static int take(void *arg, const void *data, size_t len)
{
	struct out *o = arg;

	if (o->err)
		return o->err;
	if (o->len + len > o->cap)
		return -ENOSPC;
	memcpy(o->data + o->len, data, len);
	o->len += len;
	return 0;
}

FIXTURE(trace)
{
	struct out out;
	struct event_state *s;
	struct event_perfetto *p;
	struct feed f;
	char dir[32];
};

FIXTURE_SETUP(trace)
{
	struct event_state_opts so = {
		.sz = sizeof(so), .topology = { 1, 1, 4, 1 }, .starve_bound_ns = 100 * MS,
		.idle_bound_ns = 10 * MS,
	};
	struct event_perfetto_opts po = {
		.sz = sizeof(po), .nr_cpus = 4, .write = take, .release = "6.12.0-test",
	};

	self->out.cap = 64 << 20;
	self->out.data = malloc(self->out.cap);
	self->s = event_state__new(&so);
	po.state = self->s;
	po.arg = &self->out;
	self->p = event_perfetto__new(&po);
	ASSERT_TRUE(self->out.data && self->s && self->p);
	self->f = (struct feed){
		.fn = { event_perfetto__record, event_state__record },
		.arg = { self->p, self->s },
	};
	strcpy(self->dir, "/tmp/ktstr-perfetto-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
}

FIXTURE_TEARDOWN(trace)
{
	char cmd[64];

	event_perfetto__free(self->p);
	event_state__free(self->s);
	free(self->out.data);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", self->dir);
	ASSERT_EQ(0, system(cmd));
}

static int put_file(const char *dir, const char *name, const void *data, size_t len)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		return -1;
	return 0;
}

/* The trace as protoc tells it, without blanks and newlines; NULL when it cannot read it. */
static char *decode(const char *dir, const struct out *o)
{
	char cmd[256];
	size_t len = 0, cap = o->len * 20 + 4096;
	char *text = malloc(cap);
	FILE *f;
	int c;

	if (put_file(dir, "trace.proto", schema, strlen(schema)) ||
	    put_file(dir, "trace", o->data, o->len))
		return NULL;
	snprintf(cmd, sizeof(cmd), "protoc -I %s --decode=Trace trace.proto <%s/trace", dir, dir);
	f = popen(cmd, "r");
	while (f && (c = getc(f)) != EOF && len + 1 < cap)
		if (c != ' ' && c != '\n')
			text[len++] = c;
	text[len] = 0;
	if (!f || pclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static bool have_protoc(void)
{
	return !system("protoc --version >/dev/null 2>&1");
}

/* Not strstr(): the sanitizer's looks at the rest of the text every time. */
static unsigned int count(const char *text, const char *what)
{
	size_t len = strlen(what);
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == *what && !strncmp(text, what, len);
	return n;
}

/* What is expected must be there, in this order; what comes between is not looked at. */
#define EXPECT_THERE(at, what) do {					\
	char *__found = strstr(at, what);				\
									\
	ASSERT_NE(NULL, __found) {					\
		TH_LOG("missing: %s\nin: %s", what, at);		\
	}								\
	at = __found + strlen(what);					\
} while (0)

TEST_F(trace, every_event_field_by_field)
{
	struct feed *f = &self->f;
	char *text, *at;

	if (!have_protoc())
		SKIP(return, "no protoc: apt install protobuf-compiler");
	feed_task(f, KTSTR_EV_TASK, 0, T0, 100, 1, 5, "worker");
	feed_task(f, KTSTR_EV_FORK, 0, T0 + 1, 101, 100, 5, "child");
	feed_switch(f, 0, T0 + 2, 0, RUNNABLE, 100);
	feed_wake(f, KTSTR_EV_NEW, 0, T0 + 3, 101, 2, 100);
	feed_wake(f, KTSTR_EV_WAKING, 0, T0 + 4, 77, 3, 100);
	feed_wake(f, KTSTR_EV_WAKEUP, 0, T0 + 5, 77, 1, 0);
	feed_switch(f, 0, T0 + 6, 100, PREEMPTED, 101);
	feed_task(f, KTSTR_EV_EXEC, 0, T0 + 7, 101, 101, 5, "prog");
	feed_task(f, KTSTR_EV_EXIT, 0, T0 + 8, 101, 0, 5, "prog");
	feed_switch(f, 0, T0 + 9, 101, DEAD, 0);
	FEED(f, 0, T0 + 10, ((struct ktstr_event){ .type = KTSTR_EV_IDLE, .arg = 2 }));
	FEED(f, 0, T0 + 11, ((struct ktstr_event){ .type = KTSTR_EV_IDLE, .arg = 0xffff }));
	event_state__end(self->s, 0);
	ASSERT_EQ(0, event_perfetto__finish(self->p));
	EXPECT_EQ(self->out.len, event_perfetto__stats(self->p)->bytes);
	text = at = decode(self->dir, &self->out);
	ASSERT_NE(NULL, text);
	EXPECT_THERE(at, "packet{trusted_packet_sequence_id:1sequence_flags:1system_info{utsname{"
		     "sysname:\"Linux\"release:\"6.12.0-test\"}}}");
	EXPECT_THERE(at, "process_tree{processes{pid:100cmdline:\"worker\"}"
		     "threads{tid:100name:\"worker\"tgid:100}}timestamp:5000000000");
	EXPECT_THERE(at, "ftrace_events{cpu:0event{timestamp:5000000001pid:100"
		     "newtask{pid:101comm:\"child\"flags:0}}");
	EXPECT_THERE(at, "event{timestamp:5000000002pid:0sched_switch{prev_comm:\"swapper/0\""
		     "prev_pid:0prev_prio:120prev_state:0next_comm:\"worker\"next_pid:100"
		     "next_prio:120}}");
	EXPECT_THERE(at, "event{timestamp:5000000003pid:100waking{comm:\"child\"pid:101prio:120"
		     "success:1target_cpu:2}}");
	EXPECT_THERE(at, "event{timestamp:5000000003pid:100wakeup{comm:\"child\"");
	EXPECT_THERE(at, "event{timestamp:5000000004pid:100waking{comm:\"<...>\"pid:77prio:120"
		     "success:1target_cpu:3}}");
	EXPECT_THERE(at, "event{timestamp:5000000005pid:0wakeup{comm:\"<...>\"pid:77");
	EXPECT_THERE(at, "event{timestamp:5000000006pid:100sched_switch{prev_comm:\"worker\""
		     "prev_pid:100prev_prio:120prev_state:256next_comm:\"child\"");
	EXPECT_THERE(at, "event{timestamp:5000000007pid:101rename{pid:101oldcomm:\"child\""
		     "newcomm:\"prog\"}}");
	EXPECT_THERE(at, "event{timestamp:5000000008pid:101exit{comm:\"prog\"pid:101tgid:101}}");
	EXPECT_THERE(at, "event{timestamp:5000000009pid:101sched_switch{prev_comm:\"prog\""
		     "prev_pid:101prev_prio:120prev_state:128next_comm:\"swapper/0\"next_pid:0");
	EXPECT_THERE(at, "event{timestamp:5000000010pid:0cpu_idle{state:2cpu_id:0}}");
	EXPECT_THERE(at, "event{timestamp:5000000011pid:0cpu_idle{state:4294967295cpu_id:0}}");
	free(text);
}

TEST_F(trace, marks_holes_and_the_worst)
{
	struct ktstr_ev_scx_state scx = {
		.h = { .type = KTSTR_EV_SCX_STATE, .flags = KTSTR_EVF_ON }, .name = "simple",
	};
	struct event_hole hole = { .cpu = 2, .kind = EVENT_HOLE_FRAMES, .time_ns = T0 + 40 };
	struct feed *f = &self->f;
	char *text, *at;

	if (!have_protoc())
		SKIP(return, "no protoc: apt install protobuf-compiler");
	FEED(f, 0, T0, scx);
	feed_mark(f, 0, T0 + 1, KTSTR_MARK_WINDOW_BEGIN, 0);
	feed_mark(f, 0, T0 + 2, 0x42, 7);
	feed_throttle(f, 3, T0 + 3, 9, true);
	feed_throttle(f, 3, T0 + 4, 9, false);
	feed_switch(f, 2, T0 + 5, 50, ASLEEP, 51);
	event_perfetto__hole(self->p, &hole);
	event_state__hole(self->s, &hole);
	feed_switch(f, 2, T0 + 50, 50, ASLEEP, 51);
	feed_switch(f, 0, T0 + 60, 10, RUNNABLE, 11);
	feed_switch(f, 0, T0 + 60 + 200 * MS, 11, ASLEEP, 10);
	scx.h.flags = 0;
	strcpy(scx.reason, "bye");
	FEED(f, 0, T0 + 300 * MS, scx);
	feed_mark(f, 0, T0 + 300 * MS, KTSTR_MARK_LOST, 12);
	event_state__end(self->s, 0);
	ASSERT_EQ(0, event_perfetto__finish(self->p));
	text = at = decode(self->dir, &self->out);
	ASSERT_NE(NULL, text);
	EXPECT_THERE(at, "track_descriptor{uuid:2name:\"sched_ext\"}");
	EXPECT_THERE(at, "timestamp:5000000000trusted_packet_sequence_id:1"
		     "track_event{type:1track_uuid:2name:\"simple\"}");
	EXPECT_THERE(at, "track_event{type:3track_uuid:1name:\"windowbegins\"}");
	EXPECT_THERE(at, "track_event{type:3track_uuid:1name:\"mark0x42(7)\"}");
	EXPECT_THERE(at, "name:\"throttled\"}");
	EXPECT_THERE(at, "track_event{type:2track_uuid:12884911107");	/* 3 << 32, cgroup, CPU */
	EXPECT_THERE(at, "name:\"CPU2:eventsaremissing\"}");
	EXPECT_THERE(at, "name:\"simpledisabled:bye\"}");
	EXPECT_THERE(at, "name:\"CPU0:12lostsofar\"}");
	EXPECT_THERE(at, "ftrace_events{cpu:2event{timestamp:5000000050");
	EXPECT_THERE(at, "lost_events:true}");
	EXPECT_THERE(at, "timestamp:5000000060trusted_packet_sequence_id:1"
		     "track_event{type:1track_uuid:4294967296name:\"(10)waitsonCPU0\"}");
	EXPECT_THERE(at, "timestamp:5200000060trusted_packet_sequence_id:1"
		     "track_event{type:2track_uuid:4294967296}");
	free(text);
}

/* Many packets of many CPUs: every event is there once, and nothing is unknown. */
TEST_F(trace, a_storm_is_whole)
{
	uint64_t seed = 99, t = T0;
	unsigned int nr = 20000;
	char *text;

	if (!have_protoc())
		SKIP(return, "no protoc: apt install protobuf-compiler");
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t r = next_random(&seed);

		t += r % 5000;
		feed_switch(&self->f, r >> 20 & 3, t, (r >> 24) % 500, r >> 50 & 1,
			    (r >> 34) % 500);
	}
	ASSERT_EQ(0, event_perfetto__finish(self->p));
	EXPECT_EQ(nr, event_perfetto__stats(self->p)->events);
	text = decode(self->dir, &self->out);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(nr, count(text, "sched_switch{prev_comm:"));
	EXPECT_EQ(nr, count(text, "event{timestamp:"));
	/* A field that protoc does not know is told by its number. */
	EXPECT_EQ(0, count(text, "}1:") + count(text, "{1:"));
	free(text);
}

TEST_F(trace, no_more_than_the_bound_and_still_whole)
{
	struct event_perfetto_opts po = {
		.sz = sizeof(po), .nr_cpus = 4, .write = take, .max_bytes = 100000,
		.state = self->s, .arg = &self->out,
	};
	unsigned int nr = 20000;
	char *text;

	if (!have_protoc())
		SKIP(return, "no protoc: apt install protobuf-compiler");
	event_perfetto__free(self->p);
	self->out.len = 0;
	self->p = event_perfetto__new(&po);
	self->f.arg[0] = self->p;
	for (unsigned int i = 0; i < nr; i++)
		feed_switch(&self->f, i % 4, T0 + i, 1 + i % 7, RUNNABLE, 1 + (i + 4) % 7);
	ASSERT_EQ(0, event_perfetto__finish(self->p));
	EXPECT_LE(self->out.len, 100000);
	EXPECT_GT(self->out.len, 100000 - 4 * 8192);
	EXPECT_EQ(nr, event_perfetto__stats(self->p)->events +
		  event_perfetto__stats(self->p)->dropped);
	text = decode(self->dir, &self->out);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(event_perfetto__stats(self->p)->events, count(text, "sched_switch{"));
	free(text);
}

TEST_F(trace, an_error_ends_it)
{
	self->out.err = -EIO;
	feed_switch(&self->f, 0, T0, 0, RUNNABLE, 1);
	EXPECT_EQ(-EIO, event_perfetto__finish(self->p));
	EXPECT_EQ(self->out.len, event_perfetto__stats(self->p)->bytes);
}

TEST(varints_and_bounds)
{
	static const struct { uint64_t v; uint8_t len; } c[] = {
		{ 0, 1 }, { 127, 1 }, { 128, 2 }, { 16383, 2 }, { 16384, 3 },
		{ UINT32_MAX, 5 }, { 1ull << 63, 10 }, { UINT64_MAX, 10 },
	};
	uint8_t buf[16];

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct protobuf p = { .data = buf, .size = sizeof(buf) };
		uint64_t v = 0;

		protobuf_put_varint(&p, c[i].v);
		ASSERT_EQ(c[i].len, p.len);
		for (size_t b = 0; b < p.len; b++)
			v |= (uint64_t)(buf[b] & 0x7f) << 7 * b;
		ASSERT_EQ(c[i].v, v);
	}
	for (size_t size = 0; size < 12; size++) {
		struct protobuf p = { .data = buf, .size = size };
		size_t at = protobuf_begin(&p, 1);

		protobuf_put_string(&p, 2, "12345");
		protobuf_end(&p, at);
		ASSERT_EQ(size < 11, p.full);
		ASSERT_LE(p.len, size);
	}
}

TEST_HARNESS_MAIN
