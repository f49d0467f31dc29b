// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page: well-formed, bounded, whatever the run was and whatever the guest is called.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "unit.h"

#include "event_synth.h"
#include "host/event_html.h"

#define HOSTILE "\"'>&<b>x\x01\x1b[m"

static struct buf page_of(const struct event_stream *s, const char *title)
{
	struct event_html_opts o = { .sz = sizeof(o), .title = title, .subtitle = title };
	struct buf b;

	buf__init(&b, EVENT_HTML_MAX_BYTES);
	event_html__write(&b, s, &o);
	return b;
}

/* Return: 0 when xmllint has nothing to say against it, 127 when there is none. */
static int parse(const struct buf *b)
{
	FILE *p = popen("command -v xmllint >/dev/null || exit 127; exec xmllint --noout -", "w");
	int ret;

	if (!p)
		return 127;
	fwrite(b->data, 1, b->len, p);
	ret = pclose(p);
	return WIFEXITED(ret) ? WEXITSTATUS(ret) : -1;
}

#define CHECK_PAGE(b) do {							\
	int __ret;								\
										\
	ASSERT_EQ((b)->err, 0);							\
	ASSERT_LT((b)->len, EVENT_HTML_MAX_BYTES);				\
	ASSERT_EQ(strlen((b)->data), (b)->len);					\
	ASSERT_EQ(strstr((b)->data, "nan"), NULL);				\
	ASSERT_EQ(strstr((b)->data, "http://"), NULL);				\
	ASSERT_EQ(strstr((b)->data, "https://"), NULL);				\
	__ret = parse(b);							\
	if (__ret == 127)							\
		SKIP(return, "no xmllint: scripts/setup installs libxml2-utils"); \
	ASSERT_EQ(__ret, 0);							\
} while (0)

static void check_run(struct __test_metadata *_metadata, const struct synth_opts *o)
{
	struct event_stream *s = synth_run(o);
	struct buf b;

	ASSERT_NE(s, NULL);
	b = page_of(s, "a run");
	CHECK_PAGE(&b);
	buf__free(&b);
	event_stream__free(s);
}

static struct synth_opts run_of(uint32_t cpus, uint64_t length_ns, uint64_t pace_ns)
{
	return (struct synth_opts){
		.topology = { 1, 1, cpus, 1 }, .seed = 3, .length_ns = length_ns,
		.pace_ns = pace_ns, .nr_tasks = 2 * cpus, .nr_cgroups = 5, .trouble = cpus > 1,
	};
}

TEST(a_usual_run_has_every_part)
{
	static const char * const parts[] = {
		"timeline", "waits", "wake", "delay", "slice", "shares", "cgroups", "cpus", "tasks",
		"moves", "scx",
	};
	struct synth_opts o = run_of(4, SEC, MS);
	struct event_stream *s = synth_run(&o);
	struct buf b = page_of(s, NULL);
	char *at = b.data, id[48];

	CHECK_PAGE(&b);
	/* In this order. */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(id, sizeof(id), "<section id=\"%s\">", parts[i]);
		at = strstr(at, id);
		ASSERT_NE(at, NULL) TH_LOG("no %s", parts[i]);
	}
	ASSERT_NE(strstr(b.data, ">S1</text>"), NULL);
	ASSERT_NE(strstr(b.data, "class=\"unk\" d="), NULL);
	buf__free(&b);
	event_stream__free(s);
}

TEST(nothing_happened)
{
	struct event_stream_opts so = { .sz = sizeof(so), .state.topology = { 1, 1, 2, 1 } };
	struct event_stream *s = event_stream__new(&so);
	struct buf b;

	event_stream__finish(s);
	b = page_of(s, "nothing");
	CHECK_PAGE(&b);
	buf__free(&b);
	event_stream__free(s);
}

TEST(nothing_but_holes)
{
	struct event_stream_opts so = { .sz = sizeof(so), .state.topology = { 1, 1, 2, 1 } };
	struct event_stream *s = event_stream__new(&so);
	struct buf b;

	for (uint32_t i = 0; i < 64; i++) {
		struct assembler_frame f = {
			.type = KTSTR_T_EVNT, .stream = 1 + i % 2, .seq = 3 * i, .corrupt = true,
			.flags = KTSTR_F_PLAIN, .data = (const void *)"", .len = 0,
		};

		event_stream__frame(s, &f);
	}
	event_stream__finish(s);
	b = page_of(s, "holes");
	CHECK_PAGE(&b);
	ASSERT_NE(strstr(b.data, ">incomplete<"), NULL);
	buf__free(&b);
	event_stream__free(s);
}

TEST(one_cpu)
{
	struct synth_opts o = run_of(1, SEC, MS);

	check_run(_metadata, &o);
}

TEST(sixty_four_cpus)
{
	struct synth_opts o = run_of(64, SEC, 5 * MS);

	check_run(_metadata, &o);
}

TEST(five_hours)
{
	struct synth_opts o = run_of(4, 5 * 3600 * SEC, 2 * SEC);

	check_run(_metadata, &o);
}

TEST(hostile_names_stay_text)
{
	struct synth_opts o = run_of(2, SEC / 4, MS);
	struct event_stream *s;
	struct buf b;

	o.comm = o.path = HOSTILE;
	s = synth_run(&o);
	b = page_of(s, HOSTILE);
	CHECK_PAGE(&b);
	ASSERT_EQ(strstr(b.data, "<b>x"), NULL);
	ASSERT_EQ(strchr(b.data, 1), NULL);
	ASSERT_EQ(strchr(b.data, 0x1b), NULL);
	ASSERT_NE(strstr(b.data, "&quot;&#39;&gt;&amp;&lt;b&gt;x??[m"), NULL);
	buf__free(&b);
	event_stream__free(s);
}

/* All cells of 254 CPUs differ from their neighbours: as many shapes as can be. */
TEST(the_largest_page_is_below_its_bound)
{
	struct event_stream_opts so = {
		.sz = sizeof(so), .state.topology = { 1, 1, 127, 2 },
	};
	struct event_stream *s = event_stream__new(&so);
	struct event_timeline *t = (void *)event_stream__timeline(s);
	uint64_t seed = 5, at, ns;
	struct buf b;

	ASSERT_NE(s, NULL);
	event_state__begin((void *)event_stream__state(s), SYNTH_T0);
	event_state__end((void *)event_stream__state(s), SYNTH_T0 + 256 * MS);
	event_timeline__begin(t, SYNTH_T0);
	for (uint32_t cpu = 0; cpu < 254; cpu++)
		for (at = SYNTH_T0; at < SYNTH_T0 + 256 * MS; at += ns) {
			ns = 1 + next_random(&seed) % (200 * US);
			event_timeline__add(t, cpu, next_random(&seed) % 3, next_random(&seed) % 9,
					    at, at + ns < SYNTH_T0 + 256 * MS ? at + ns :
					    SYNTH_T0 + 256 * MS);
		}
	b = page_of(s, "large");
	CHECK_PAGE(&b);
	buf__free(&b);
	event_stream__free(s);
}

TEST(no_room_is_an_error)
{
	struct synth_opts o = run_of(2, SEC / 10, MS);
	struct event_html_opts ho = { .sz = sizeof(ho) };
	struct event_stream *s = synth_run(&o);
	struct buf b;

	buf__init(&b, 4096);
	ASSERT_EQ(event_html__write(&b, s, &ho), -ENOBUFS);
	buf__free(&b);
	event_stream__free(s);
}

TEST_HARNESS_MAIN
