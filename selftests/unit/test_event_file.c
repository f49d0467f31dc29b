// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.ktstr: what is written is what is read, and any part or ruin of it gives what
 * can be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/topology_text.h>

#include "unit.h"

#include "events_feed.h"
#include "host/capture.h"
#include "host/events_json.h"
#include "host/events_text.h"
#include "host/recompute.h"
#include "host/scenario.h"

FIXTURE(file)
{
	char dir[32];
	char path[64];
	struct guest *g;
	json_t *host;
};

FIXTURE_SETUP(file)
{
	strcpy(self->dir, "/tmp/ktstr-events-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/events.ktstr", self->dir);
	self->g = guest_new();
	self->host = json_pack("{s:s, s:{s:i, s:i, s:i, s:i}}", "name", "steady", "topology",
			       "nodes", 1, "llcs", 1, "cores_per_llc", 2, "threads_per_core", 1);
	ASSERT_NE(NULL, self->host);
}

FIXTURE_TEARDOWN(file)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", self->dir);
	EXPECT_EQ(0, system(cmd));
	free(self->g);
	json_decref(self->host);
}

/* A run goes to a file, and to @ev if that is there; return: event_file__end(). */
static int record(struct guest *g, const char *path, const json_t *host, uint64_t max,
		  struct events *ev, struct event_file *w)
{
	FILE *f = fopen(path, "we");
	int ret;

	event_file__begin(w, f, max, host);
	g->takers[0] = event_file__frame;
	g->args[0] = w;
	g->takers[1] = ev ? events__frame : NULL;
	g->args[1] = ev;
	guest_run(g);
	ret = event_file__end(w);
	fclose(f);
	return ret;
}

static size_t slurp(const char *path, uint8_t *data, size_t max)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, data, max);

	close(fd);
	return n < 0 ? 0 : n;
}

static void spill(const char *path, const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

static char *json_text(const struct events *ev)
{
	json_t *o = events_json(ev);
	char *text = json_dumps(o, JSON_INDENT(1));

	json_decref(o);
	return text;
}

TEST_F(file, live_and_from_the_file_the_same_comes_out_byte_for_byte)
{
	struct events_opts o = { .sz = sizeof(o), .topology = { 1, 1, GUEST_CPUS, 1 } };
	struct events *ev = events__new(&o);
	struct event_file w;
	struct recompute r;
	struct ktstr_error e;
	char *live, *again;
	struct buf b;

	ASSERT_EQ(0, record(self->g, self->path, self->host, 0, ev, &w));
	events__finish(ev);
	ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
	EXPECT_TRUE(r.facts.has_host && r.facts.ended);
	EXPECT_EQ(w.bytes, r.facts.bytes);
	live = json_text(ev);
	again = json_text(r.events);
	ASSERT_TRUE(live && again);
	EXPECT_STREQ(live, again);
	EXPECT_NE(NULL, strstr(live, "\"received\": 12"));
	buf__init(&b, 4096);
	recompute__complaint(&r, &b);
	EXPECT_EQ(0, b.len) TH_LOG("%s", b.data);
	EXPECT_STREQ("ktstr: steady", r.titles.title);
	free(live);
	free(again);
	buf__free(&b);
	recompute__free(&r);
	events__free(ev);
}

/* A damaged frame stays damaged, a missing one missing. */
TEST_F(file, damage_on_the_way_is_kept)
{
	struct events_opts o = { .sz = sizeof(o), .topology = { 1, 1, GUEST_CPUS, 1 } };
	struct events *ev = events__new(&o);
	FILE *f = fopen(self->path, "we");
	struct event_file w;
	struct recompute r;
	struct ktstr_error e;
	char *live, *again;

	event_file__begin(&w, f, 0, self->host);
	self->g->takers[0] = event_file__frame;
	self->g->args[0] = &w;
	self->g->takers[1] = events__frame;
	self->g->args[1] = ev;
	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	/* It could be decoded, but nobody may believe it. */
	feed_switch(&self->g->feed, 0, T0 - MS, 1, ASLEEP, 2);
	guest_frame(self->g, (struct assembler_frame){
		.type = KTSTR_T_EVNT, .stream = 1, .flags = KTSTR_F_PLAIN, .seq = self->g->seq[1]++,
		.data = self->g->data[0], .len = self->g->len[0], .corrupt = true });
	self->g->len[0] = 0;
	self->g->seq[2]++;
	guest_story(self->g);
	guest_account(self->g, 1);
	event_file__end(&w);
	fclose(f);
	events__finish(ev);
	ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
	live = json_text(ev);
	again = json_text(r.events);
	EXPECT_STREQ(live, again);
	EXPECT_EQ(1, events__result(r.events)->cut);
	EXPECT_EQ(12, events__result(r.events)->received);
	EXPECT_EQ(1, events__result(r.events)->gaps);
	free(live);
	free(again);
	recompute__free(&r);
	events__free(ev);
}

TEST_F(file, cut_anywhere_it_gives_what_is_there)
{
	static uint8_t data[65536];
	struct event_file w;
	struct recompute r;
	struct ktstr_error e;
	uint64_t received = 0;
	size_t len;
	struct buf b;
	int ret;

	ASSERT_EQ(0, record(self->g, self->path, self->host, 0, NULL, &w));
	len = slurp(self->path, data, sizeof(data));
	ASSERT_EQ(w.bytes, len);
	for (size_t cut = 0; cut <= len; cut++) {
		spill(self->path, data, cut);
		ret = recompute(self->path, NULL, &r, &e);
		if (ret) {
			/* Not even the first frame. */
			ASSERT_EQ(-ENODATA, ret);
			ASSERT_EQ(0, received);
			ASSERT_LT(cut, 300);
			ASSERT_NE(NULL, strstr(e.msg, self->path));
			recompute__free(&r);
			continue;
		}
		buf__init(&b, 4096);
		recompute__complaint(&r, &b);
		ASSERT_EQ(cut < len, b.len > 0) TH_LOG("cut at %zu: %s", cut, b.data);
		ASSERT_EQ(NULL, strchr(b.data ? b.data : "", '\n'));
		buf__free(&b);
		ASSERT_GE(events__result(r.events)->received, received) TH_LOG("cut at %zu", cut);
		received = events__result(r.events)->received;
		recompute__free(&r);
	}
	EXPECT_EQ(12, received);
}

TEST_F(file, a_byte_that_is_wrong_anywhere_is_told)
{
	static uint8_t data[65536];
	struct event_file w;
	struct recompute r;
	struct ktstr_error e;
	size_t len;
	struct buf b;

	ASSERT_EQ(0, record(self->g, self->path, self->host, 0, NULL, &w));
	len = slurp(self->path, data, sizeof(data));
	for (size_t at = 0; at < len; at++) {
		data[at] ^= 1 << at % 8;
		spill(self->path, data, len);
		data[at] ^= 1 << at % 8;
		ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
		buf__init(&b, 4096);
		recompute__complaint(&r, &b);
		ASSERT_LT(0, b.len) TH_LOG("byte %zu", at);
		buf__free(&b);
		recompute__free(&r);
	}
}

TEST_F(file, what_stands_behind_its_end_is_told)
{
	static uint8_t data[65536];
	struct event_file w;
	struct recompute r;
	struct ktstr_error e;
	struct buf b;

	ASSERT_EQ(0, record(self->g, self->path, self->host, 0, NULL, &w));
	ASSERT_EQ(w.bytes, slurp(self->path, data, sizeof(data)));
	memcpy(data + w.bytes, data, w.bytes - 10);
	spill(self->path, data, 2 * w.bytes - 10);
	ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
	EXPECT_FALSE(r.facts.ended);
	buf__init(&b, 4096);
	recompute__complaint(&r, &b);
	EXPECT_NE(NULL, strstr(b.data, "its end is missing"));
	buf__free(&b);
	recompute__free(&r);
}

TEST_F(file, without_its_beginning_the_topology_is_assumed)
{
	static uint8_t data[65536];
	struct ktstr_frame h;
	struct event_file w;
	struct recompute r;
	struct ktstr_error e;
	size_t len, skip;

	ASSERT_EQ(0, record(self->g, self->path, self->host, 0, NULL, &w));
	len = slurp(self->path, data, sizeof(data));
	memcpy(&h, data, sizeof(h));
	skip = sizeof(h) + h.len;
	spill(self->path, data + skip, len - skip);
	ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
	EXPECT_FALSE(r.facts.has_host);
	EXPECT_TRUE(events__result(r.events)->topology_assumed);
	EXPECT_EQ(12, events__result(r.events)->received);
	recompute__free(&r);
}

/* Facts of the host that make no sense are as good as none. */
TEST_F(file, hostile_facts_of_the_host)
{
	static const char * const hosts[] = {
		"[]", "{}", "{\"topology\":7}", "{\"name\":\"\\u001b[2J\\n\",\"topology\":[]}",
		"{\"topology\":{\"nodes\":4294967297,\"llcs\":1,\"cores_per_llc\":1,\"threads_per_core\":1}}",
		"{\"topology\":{\"nodes\":-1,\"llcs\":99999999999,\"cores_per_llc\":254,\"threads_per_core\":254}}",
		"{\"seed\":\"x\",\"topology\":{\"nodes\":254,\"llcs\":254,\"cores_per_llc\":254,\"threads_per_core\":254}}",
		"{\"topology\":{\"nodes\":1,\"llcs\":1,\"cores_per_llc\":2,\"threads_per_core\":1,"
		"\"text\":\"node 0\\nllc 1025\\n\"}}",
		"{\"topology\":{\"text\":\"\"}}", "{\"topology\":{\"text\":[\"shape 1,1,1,1\"]}}",
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		json_t *host = json_loads(hosts[i], 0, NULL);
		struct guest *g = guest_new();
		struct event_file w;
		struct recompute r;
		struct ktstr_error e;

		ASSERT_NE(NULL, host);
		ASSERT_EQ(0, record(g, self->path, host, 0, NULL, &w));
		ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
		EXPECT_TRUE(events__result(r.events)->topology_assumed) TH_LOG("%s", hosts[i]);
		EXPECT_EQ(12, events__result(r.events)->received);
		for (const char *p = r.titles.title; *p; p++)
			EXPECT_TRUE(*p >= ' ' && *p <= '~');
		recompute__free(&r);
		json_decref(host);
		free(g);
	}
}

/* Frames whose content is wrong and whose CRCs are right: @seed decides what and where. */
struct liar {
	struct event_file w;
	uint64_t seed;
	uint8_t data[65536];
};

static void lie(void *arg, const struct assembler_frame *f)
{
	struct liar *l = arg;
	struct assembler_frame g = *f;

	memcpy(l->data, f->data, f->len);
	for (uint64_t n = next_random(&l->seed) % 4; n && f->len; n--) {
		uint8_t *at = &l->data[next_random(&l->seed) % f->len];

		*at = l->seed >> 32 & 1 ? *at ^ 1 << (l->seed >> 40) % 8 : l->seed >> 48;
	}
	g.data = l->data;
	if (!(next_random(&l->seed) % 16) && g.len)
		g.len = l->seed % g.len;
	if (!(next_random(&l->seed) % 16))
		g.flags ^= 1 << l->seed % 3;
	if (!(next_random(&l->seed) % 32))
		return;
	event_file__frame(&l->w, &g);
}

TEST_F(file, lies_with_good_manners)
{
	struct liar *l = calloc(1, sizeof(*l));
	uint64_t measured = 0;
	struct recompute r;
	struct ktstr_error e;
	struct buf b;

	l->seed = 20261125;
	for (int i = 0; i < 400; i++) {
		struct guest *g = guest_new();
		FILE *f = fopen(self->path, "we");

		event_file__begin(&l->w, f, 0, self->host);
		g->takers[0] = lie;
		g->args[0] = l;
		guest_run(g);
		event_file__end(&l->w);
		fclose(f);
		free(g);
		ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
		measured += events__result(r.events)->measured;
		buf__init(&b, 1 << 20);
		events_text__brief(&b, r.events);
		events_text__full(&b, r.events);
		ASSERT_EQ(0, b.err);
		buf__free(&b);
		free(json_text(r.events));
		recompute__free(&r);
	}
	/* Most of them are good enough to be followed to some depth. */
	EXPECT_LT(100, measured);
	free(l);
}

TEST_F(file, what_is_no_file_of_events_is_said_so)
{
	struct recompute r;
	struct ktstr_error e;
	uint8_t junk[5000];
	uint64_t seed = 1;

	EXPECT_EQ(-ENOENT, recompute(self->path, NULL, &r, &e));
	EXPECT_NE(NULL, strstr(e.msg, self->path));
	recompute__free(&r);
	EXPECT_EQ(-EINVAL, recompute(self->dir, NULL, &r, &e));
	recompute__free(&r);
	ASSERT_EQ(0, mkfifo(self->path, 0600));
	EXPECT_EQ(-EINVAL, recompute(self->path, NULL, &r, &e));
	recompute__free(&r);
	unlink(self->path);
	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = next_random(&seed);
	spill(self->path, junk, sizeof(junk));
	EXPECT_EQ(-ENODATA, recompute(self->path, NULL, &r, &e));
	EXPECT_NE(NULL, strstr(e.msg, "5000 bytes"));
	recompute__free(&r);
}

TEST_F(file, events_stop_at_the_bound_and_the_accounts_do_not)
{
	struct event_file w;
	struct recompute r;
	struct ktstr_error e;
	struct stat st;
	struct buf b;

	ASSERT_EQ(0, record(self->g, self->path, self->host, 600, NULL, &w));
	EXPECT_TRUE(w.full);
	EXPECT_LT(0, w.dropped_frames);
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(w.bytes, st.st_size);
	ASSERT_EQ(0, recompute(self->path, NULL, &r, &e)) TH_LOG("%s", e.msg);
	EXPECT_EQ(w.dropped_frames, r.facts.dropped_frames);
	EXPECT_EQ(w.dropped_bytes, r.facts.dropped_bytes);
	EXPECT_LT(events__result(r.events)->received, 12);
	EXPECT_EQ(12, events__result(r.events)->sent);
	EXPECT_EQ(0, events__result(r.events)->not_final);
	buf__init(&b, 4096);
	recompute__complaint(&r, &b);
	EXPECT_NE(NULL, strstr(b.data, "it was full")) TH_LOG("%s", b.data);
	buf__free(&b);
	recompute__free(&r);
}

/* A guest that floods us with what is no event fills nothing either. */
TEST_F(file, the_rest_is_bounded_too)
{
	static const uint8_t much[KTSTR_WIRE_PAYLOAD_MAX];
	FILE *f = fopen(self->path, "we");
	struct event_file w;

	event_file__begin(&w, f, 1, self->host);
	self->g->takers[0] = event_file__frame;
	self->g->args[0] = &w;
	for (int i = 0; i < 100; i++)
		guest_send(self->g, KTSTR_T_DMSG, 0, 0, much, sizeof(much));
	EXPECT_EQ(0, event_file__end(&w));
	EXPECT_LT(w.bytes, EVENT_FILE_RESERVE + 2048);
	EXPECT_EQ(100 - 63, w.dropped_frames);
	fclose(f);
}

TEST_F(file, a_full_disk_is_an_error_and_not_a_shorter_file)
{
	struct event_file w;

	EXPECT_EQ(-ENOSPC, record(self->g, "/dev/full", self->host, 0, NULL, &w));
}

/* From here on: the whole way of a run with --out. */
FIXTURE(capture)
{
	char dir[32];
	struct args args;
	struct report_run run;
	struct report r;
	struct outdir out;
	struct guest *g;
};

FIXTURE_SETUP(capture)
{
	struct ktstr_error e;

	memset(self, 0, sizeof(*self));
	strcpy(self->dir, "/tmp/ktstr-events-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	self->args.topology = (struct ktstr_topology){ 1, 1, GUEST_CPUS, 1 };
	self->args.sched = "not \xff utf-8";
	self->run.plan.scenario = "steady";
	self->run.plan.events = KTSTR_WISH_AUTO;
	strcpy(self->run.name, "steady");
	self->run.ev = evidence__new(NULL);
	self->r = (struct report){ .args = &self->args, .kernel = "/k/vmlinux",
				   .runs = &self->run, .nr = 1 };
	outdir__init(&self->out);
	ASSERT_EQ(0, outdir__open(&self->out, self->dir, &e)) TH_LOG("%s", e.msg);
	self->g = guest_new();
}

FIXTURE_TEARDOWN(capture)
{
	char cmd[64];

	outdir__close(&self->out, NULL);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", self->dir);
	EXPECT_EQ(0, system(cmd));
	free(self->run.ev);
	free(self->run.events_brief);
	json_decref(self->run.events);
	free(self->g);
}

static struct capture *follow(struct guest *g, const struct report *r, struct outdir *out)
{
	struct capture *c = capture__new(r, r->runs, out);

	g->takers[0] = capture__frame;
	g->args[0] = c;
	guest_run(g);
	return c;
}

static void finish(struct capture *c, struct report_run *run)
{
	capture__finish(c, &run->ev->events);
	capture__report(c, run);
	capture__free(c);
}

/* Uneven LLCs: four numbers could not bring them to "ktstr report". */
TEST_F(capture, a_topology_file_is_known_later)
{
	static const char text[] = "node 0\nllc 1x2\nllc 1x2+1\nnode 1\n";
	char path[96];
	struct ktstr_error e;
	struct recompute r;
	struct capture *c;

	ASSERT_EQ(0, ktstr_topology__read(text, strlen(text), "t", &self->args.topology, NULL, &e));
	self->args.topology_file = "dir/uneven";
	outdir__logs(&self->out, "sub");
	c = follow(self->g, &self->r, &self->out);
	ASSERT_NE(NULL, c);
	finish(c, &self->run);
	snprintf(path, sizeof(path), "%s/sub/events.ktstr", self->dir);
	ASSERT_EQ(0, recompute(path, NULL, &r, &e)) TH_LOG("%s", e.msg);
	EXPECT_TRUE(ktstr_topology__equal(&self->args.topology, &r.topology));
	EXPECT_TRUE(ktstr_topology__equal(&self->args.topology,
					  event_state__topology(event_stream__state(
						events__stream(r.events)))));
	EXPECT_FALSE(events__result(r.events)->topology_assumed);
	EXPECT_NE(NULL, strstr(r.titles.subtitle, "topology dir/uneven: 2,2,2,2"))
		TH_LOG("%s", r.titles.subtitle);
	recompute__free(&r);
	ktstr_topology__free(&self->args.topology);
}

TEST_F(capture, what_a_run_wrote_says_the_same_later)
{
	char path[96];
	struct ktstr_error e;
	struct recompute r;
	struct capture *c;
	static uint8_t live_trace[1 << 16], again_trace[1 << 16];
	char *live, *again;
	struct stat st;
	FILE *trace;

	outdir__logs(&self->out, "sub");
	c = follow(self->g, &self->r, &self->out);
	ASSERT_NE(NULL, c);
	finish(c, &self->run);
	EXPECT_EQ(0, self->out.err);
	EXPECT_EQ(12, self->run.ev->events.received);
	EXPECT_NE(NULL, strstr(self->run.events_brief, "from 12 events"));
	snprintf(path, sizeof(path), "%s/sub/trace.perfetto-trace", self->dir);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(st.st_size, json_integer_value(json_object_get(
			json_object_get(self->run.events, "files"), "trace_bytes")));
	EXPECT_LT(500, st.st_size);
	snprintf(path, sizeof(path), "%s/sub/events.ktstr", self->dir);
	trace = fmemopen(again_trace, sizeof(again_trace), "w");
	ASSERT_EQ(0, recompute(path, trace, &r, &e)) TH_LOG("%s", e.msg);
	fclose(trace);
	snprintf(path, sizeof(path), "%s/sub/trace.perfetto-trace", self->dir);
	ASSERT_EQ(st.st_size, slurp(path, live_trace, sizeof(live_trace)));
	EXPECT_EQ(0, memcmp(live_trace, again_trace, st.st_size));
	EXPECT_NE(NULL, strstr(r.titles.subtitle, "not ? utf-8, kernel /k/vmlinux, topology 1,1,2,1"))
		TH_LOG("%s", r.titles.subtitle);
	json_object_del(self->run.events, "files");
	live = json_dumps(self->run.events, JSON_INDENT(1));
	again = json_text(r.events);
	EXPECT_STREQ(live, again);
	free(live);
	free(again);
	recompute__free(&r);
}

TEST_F(capture, without_a_directory_it_is_measured_all_the_same)
{
	struct outdir none;
	struct capture *c;

	outdir__init(&none);
	outdir__logs(&none, NULL);
	c = follow(self->g, &self->r, &none);
	ASSERT_NE(NULL, c);
	finish(c, &self->run);
	EXPECT_EQ(12, self->run.ev->events.received);
	EXPECT_TRUE(json_is_null(json_object_get(self->run.events, "files")));
	EXPECT_EQ(0, outdir__close(&none, NULL));
}

TEST_F(capture, a_full_disk_is_remembered_with_the_name_of_the_file)
{
	static const char * const names[] = {
		"events.ktstr", "trace.perfetto-trace", "report.html",
	};

	for (int i = 0; i < 3; i++) {
		char path[96];
		struct ktstr_error e;
		struct outdir out;
		struct capture *c;

		outdir__init(&out);
		ASSERT_EQ(0, outdir__open(&out, self->dir, &e));
		outdir__logs(&out, NULL);
		snprintf(path, sizeof(path), "%s/%s", self->dir, names[i]);
		unlink(path);
		ASSERT_EQ(0, symlink("/dev/full", path));
		c = follow(self->g, &self->r, &out);
		json_decref(self->run.events);
		free(self->run.events_brief);
		finish(c, &self->run);
		/* What was measured is not touched by that. */
		EXPECT_EQ(12, self->run.ev->events.received);
		EXPECT_EQ(-ENOSPC, outdir__close(&out, &e));
		EXPECT_NE(NULL, strstr(e.msg, names[i])) TH_LOG("%s", e.msg);
		unlink(path);
		memset(self->g->seq, 0, sizeof(self->g->seq));
		memset(self->g->emitted, 0, sizeof(self->g->emitted));
	}
}

TEST_F(capture, files_of_an_earlier_run_are_removed)
{
	static const char * const names[] = {
		"events.ktstr", "trace.perfetto-trace", "report.html", "notes.txt",
	};
	char path[96];

	outdir__logs(&self->out, NULL);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", self->dir, names[i]);
		spill(path, (const uint8_t *)"old", 3);
	}
	capture__remove_old(&self->out);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", self->dir, names[i]);
		EXPECT_EQ(i == 3, !access(path, F_OK)) TH_LOG("%s", path);
	}
}

/* The types of the file are none that a guest may send. */
static void count_frame(void *arg, const struct assembler_frame *f)
{
	(void)f;
	++*(int *)arg;
}

TEST(a_guest_cannot_play_the_host)
{
	static uint8_t data[512];
	FILE *f = fmemopen(data, sizeof(data), "w");
	json_t *o = json_object();
	struct assembler *a;
	struct event_file w;
	int n = 0;

	event_file__begin(&w, f, 0, o);
	event_file__end(&w);
	fclose(f);
	a = assembler__new(count_frame, &n);
	assembler__feed(a, data, w.bytes);
	EXPECT_EQ(0, n);
	EXPECT_EQ(2, assembler__stats(a)->unknown);
	assembler__free(a);
	json_decref(o);
}

TEST_HARNESS_MAIN
