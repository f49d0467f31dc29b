// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of a run: accounts that balance and accounts that do not, the clock, and
 * guests that lie.
 */
#include <errno.h>
#include <stdio.h>

#include "unit.h"

#include "events_feed.h"
#include "host/events_json.h"
#include "host/events_text.h"

FIXTURE(events)
{
	struct events *ev;
	const struct events_result *r;
	struct guest *g;
};

FIXTURE_SETUP(events)
{
	struct events_opts o = { .sz = sizeof(o), .topology = { 1, 1, GUEST_CPUS, 1 } };

	self->ev = events__new(&o);
	ASSERT_NE(NULL, self->ev);
	self->r = events__result(self->ev);
	self->g = guest_new();
	self->g->takers[0] = events__frame;
	self->g->args[0] = self->ev;
}

FIXTURE_TEARDOWN(events)
{
	events__free(self->ev);
	free(self->g);
}

TEST_F(events, a_whole_run_balances)
{
	guest_run(self->g);
	ASSERT_EQ(0, events__finish(self->ev));
	EXPECT_TRUE(self->r->has_info && self->r->measured && self->r->complete);
	EXPECT_EQ(KTSTR_EVENTS_BPF, self->r->path);
	EXPECT_EQ(12, self->r->received);
	EXPECT_EQ(12, self->r->sent);
	EXPECT_EQ(5, self->r->cpus[0].received);
	EXPECT_EQ(7, self->r->cpus[1].received);
	EXPECT_EQ(0, self->r->unbalanced + self->r->unexplained + self->r->explained);
	EXPECT_EQ(0, self->r->not_final);
	EXPECT_EQ(0, self->r->repeated + self->r->early + self->r->misfits + self->r->malformed);
	EXPECT_EQ(1, self->r->clock.pings);
	EXPECT_STREQ("no scx_counter: this kernel has none\n", self->r->notes);
}

TEST_F(events, figures_in_a_few_lines)
{
	struct buf b;

	buf__init(&b, 1 << 16);
	guest_run(self->g);
	events__finish(self->ev);
	events_text__brief(&b, self->ev);
	ASSERT_EQ(0, b.err);
	EXPECT_NE(NULL, strstr(b.data, "from 12 events (path bpf, 0 lost)\n")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "wake to run  p50 12.0us, p99 12.0us, p99.9 12.0us, max 12.0us (1)\n"))
		TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "/ktstr/a 25.0 %")) TH_LOG("%s", b.data);
	events_text__full(&b, self->ev);
	EXPECT_NE(NULL, strstr(b.data, "Path bpf, 2 CPUs, 1024 KiB")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "guest: no scx_counter")) TH_LOG("%s", b.data);
	EXPECT_EQ(NULL, strstr(b.data, "does not balance")) TH_LOG("%s", b.data);
	buf__free(&b);
}

static const struct part {
	uint64_t wanted;
	uint32_t filter;
	bool partial;
} parts[] = {
	{ 0xffffe, 0, false },
	{ 0xffffe, KTSTR_FILTER_CPUS, true },
	{ 0xffffe, KTSTR_FILTER_CGROUP, true },
	{ 0xffffe, 1u << 31, true },
	{ 0xffffe & ~(1ull << KTSTR_EV_SWITCH), 0, true },
	{ 0xffffe & ~(1ull << KTSTR_EV_WAKING), 0, true },
	{ 0xffffe & ~(1ull << KTSTR_EV_EXIT), 0, true },
	{ 0xffffe & ~(1ull << KTSTR_EV_PRIO), 0, false },
	{ 0xffffe, KTSTR_FILTER_TYPES, false },
	/* Left out by a plan without quotas, or by who asked for others. */
	{ 0xffffe & ~(1ull << KTSTR_EV_THROTTLE), 0, false },
	{ 0xffffe & ~(1ull << KTSTR_EV_THROTTLE), KTSTR_FILTER_TYPES, true },
	{ 0xffffe & ~(1ull << KTSTR_EV_SWITCH), KTSTR_FILTER_TYPES, true },
	{ 0xffffe & ~(7ull << KTSTR_EV_SCX_STATE), 0, false },
};

TEST_F(events, a_part_of_them_gives_no_figures)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct events_opts o = { .sz = sizeof(o), .topology = { 1, 1, GUEST_CPUS, 1 } };
		struct events *ev = events__new(&o);
		struct guest *g = guest_new();
		struct buf b;
		json_t *j;

		g->takers[0] = events__frame;
		g->args[0] = ev;
		guest_part_run(g, parts[i].wanted, parts[i].filter);
		ASSERT_EQ(0, events__finish(ev));
		EXPECT_EQ(parts[i].partial, events__result(ev)->partial) TH_LOG("part %zu", i);
		EXPECT_EQ(!parts[i].partial, events__has_figures(ev));
		EXPECT_TRUE(events__result(ev)->measured);
		EXPECT_EQ(1, events__result(ev)->inconsistent);
		/* A contradiction is a hole only where everything should be there. */
		EXPECT_EQ(parts[i].partial, events__result(ev)->complete) TH_LOG("part %zu", i);
		buf__init(&b, 1 << 16);
		events_text__brief(&b, ev);
		EXPECT_EQ(parts[i].partial, !!strstr(b.data, "in the window: switch 2, mark "))
			TH_LOG("%s", b.data);
		EXPECT_EQ(parts[i].partial, !strstr(b.data, "wake to run")) TH_LOG("%s", b.data);
		b.len = 0;
		events_text__full(&b, ev);
		EXPECT_EQ(parts[i].partial, !!strstr(b.data, "no figures: ")) TH_LOG("%s", b.data);
		EXPECT_EQ(parts[i].partial, !strstr(b.data, "contradictions")) TH_LOG("%s", b.data);
		j = events_json(ev);
		EXPECT_EQ(parts[i].partial, json_is_true(json_object_get(j, "partial")));
		EXPECT_EQ(parts[i].partial, json_is_null(json_object_get(j, "metrics")));
		EXPECT_EQ(2, json_integer_value(json_object_get(json_object_get(j, "in_window"),
								"switch")));
		json_decref(j);
		buf__free(&b);
		events__free(ev);
		free(g);
	}
}

TEST_F(events, a_part_of_them_with_a_hole_is_not_whole)
{
	struct ktstr_events_info in = guest_info(KTSTR_EVENTS_BPF);

	in.filter = KTSTR_FILTER_CPUS;
	guest_send(self->g, KTSTR_T_EVIN, 0, 0, &in, sizeof(in));
	feed_mark(&self->g->feed, 0, T0, KTSTR_MARK_WINDOW_BEGIN, 0);
	guest_flush(self->g, 0);
	self->g->seq[1]++;	/* a frame that never comes */
	feed_mark(&self->g->feed, 0, T0 + 3 * MS, KTSTR_MARK_WINDOW_END, 0);
	guest_flush(self->g, 0);
	guest_account(self->g, 0);
	events__finish(self->ev);
	EXPECT_TRUE(self->r->partial && !self->r->complete);
}

TEST_F(events, a_guest_without_a_path_says_why)
{
	struct buf b;

	buf__init(&b, 1 << 16);
	guest_say_info(self->g, KTSTR_EVENTS_OFF, "no BTF\x1b[2J\nnothing else");
	events__finish(self->ev);
	EXPECT_EQ(NULL, events__stream(self->ev));
	EXPECT_TRUE(self->r->has_info);
	events_text__brief(&b, self->ev);
	EXPECT_STREQ("no scheduler events\n  guest: no BTF?[2J\n  guest: nothing else\n", b.data);
	buf__free(&b);
}

/* A page of the module's with one switch at ring time @t. */
static void send_page(struct guest *g, uint64_t t, uint32_t prev, uint32_t next, uint32_t bytes)
{
	static uint64_t page[8192];
	struct ktstr_ev_switch sw = {
		.h = { .type = KTSTR_EV_SWITCH, .arg = 1, .pid = prev }, .next_pid = next,
	};
	uint32_t head = sizeof(sw) / 4;

	memset(page, 0, sizeof(page));
	page[0] = t;
	page[1] = 4 + sizeof(sw);
	memcpy(&page[2], &head, 4);
	memcpy((uint8_t *)&page[2] + 4, &sw, sizeof(sw));
	guest_send(g, KTSTR_T_EVNT, 1, KTSTR_F_NOCRC, page, bytes);
}

static void send_mark_page(struct guest *g, uint64_t t, uint64_t id)
{
	static uint64_t page[512];
	struct ktstr_ev_mark m = { .h = { .type = KTSTR_EV_MARK, .pid = 1 }, .id = id };
	uint32_t head = sizeof(m) / 4;

	memset(page, 0, sizeof(page));
	page[0] = t;
	page[1] = 4 + sizeof(m);
	memcpy(&page[2], &head, 4);
	memcpy((uint8_t *)&page[2] + 4, &m, sizeof(m));
	guest_send(g, KTSTR_T_EVNT, 1, KTSTR_F_NOCRC, page, sizeof(page));
}

TEST_F(events, times_of_pages_are_moved_and_the_drift_is_told)
{
	struct buf b;

	guest_say_info(self->g, KTSTR_EVENTS_MODULE, "");
	send_mark_page(self->g, 6 * SEC, KTSTR_MARK_WINDOW_BEGIN);
	send_page(self->g, 7 * SEC, 1, 2, 4096);
	guest_clock(self->g, KTSTR_CLOCK_END, 14 * SEC, 13 * SEC + 250);
	events__finish(self->ev);
	EXPECT_TRUE(self->r->clock.used);
	EXPECT_EQ(-(int64_t)SEC, (int64_t)self->r->clock.offset_ns);
	EXPECT_EQ(250, self->r->clock.drift_ns);
	EXPECT_EQ(5 * SEC, event_state__totals(event_stream__state(events__stream(self->ev)))->from_ns);
	buf__init(&b, 1 << 16);
	events_text__full(&b, self->ev);
	EXPECT_NE(NULL, strstr(b.data, "pages moved by -1000000000 ns")) TH_LOG("%s", b.data);
	EXPECT_NE(NULL, strstr(b.data, "drift from begin to end: +250 ns in 10.000 s")) TH_LOG("%s", b.data);
	buf__free(&b);
}

/* The order of what was taken must not depend on when a clock came. */
TEST_F(events, a_clock_in_mid_stream_moves_nothing)
{
	struct ktstr_events_info in = guest_info(KTSTR_EVENTS_MODULE);

	in.at.why = 0;
	guest_send(self->g, KTSTR_T_EVIN, 0, 0, &in, sizeof(in));
	send_mark_page(self->g, 6 * SEC, KTSTR_MARK_WINDOW_BEGIN);
	guest_clock(self->g, KTSTR_CLOCK_BEGIN, 4 * SEC, 3 * SEC);
	send_page(self->g, 7 * SEC, 1, 2, 4096);
	events__finish(self->ev);
	EXPECT_FALSE(self->r->clock.used);
	EXPECT_TRUE(self->r->clock.has_begin);
	EXPECT_EQ(6 * SEC, event_state__totals(event_stream__state(events__stream(self->ev)))->from_ns);
}

TEST_F(events, events_before_their_path_is_known_are_not_believed)
{
	guest_story(self->g);
	EXPECT_EQ(NULL, events__stream(self->ev));
	EXPECT_EQ(4, self->r->early);
	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	events__finish(self->ev);
	EXPECT_EQ(0, self->r->received);
}

TEST_F(events, the_first_word_on_the_path_counts)
{
	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	guest_story(self->g);
	guest_say_info(self->g, KTSTR_EVENTS_MODULE, "");
	guest_say_info(self->g, KTSTR_EVENTS_OFF, "");
	guest_account(self->g, 0);
	events__finish(self->ev);
	EXPECT_EQ(2, self->r->repeated);
	EXPECT_EQ(KTSTR_EVENTS_BPF, self->r->path);
	EXPECT_EQ(12, self->r->received);
}

TEST_F(events, absurd_infos_are_not_believed)
{
	static const uint32_t pages[] = { 0, 1, 4095, 4097, 2048, 12288, 131072, 1u << 31, ~0u };
	static const uint32_t cpus[] = { 0, KTSTR_CPUS_MAX + 1, ~0u };
	struct events_opts o = { .sz = sizeof(o), .topology = { 1, 1, GUEST_CPUS, 1 } };

	for (size_t i = 0; i < 14; i++) {
		struct ktstr_events_info in = guest_info(KTSTR_EVENTS_MODULE);
		struct events *ev = events__new(&o);

		if (i < 9)
			in.page_size = pages[i];
		else if (i < 12)
			in.nr_cpus = cpus[i - 9];
		else if (i == 12)
			in.path = 3;
		else
			in.clock = 2;
		self->g->args[0] = ev;
		guest_send(self->g, KTSTR_T_EVIN, 0, 0, &in, sizeof(in));
		send_page(self->g, 7 * SEC, 1, 2, 4096);
		events__finish(ev);
		EXPECT_FALSE(events__result(ev)->has_info) TH_LOG("case %zu", i);
		EXPECT_EQ(1, events__result(ev)->malformed) TH_LOG("case %zu", i);
		EXPECT_EQ(1, events__result(ev)->early) TH_LOG("case %zu", i);
		EXPECT_EQ(NULL, events__stream(ev)) TH_LOG("case %zu", i);
		events__free(ev);
	}
}

TEST_F(events, short_frames_are_not_believed)
{
	struct ktstr_events_info in = guest_info(KTSTR_EVENTS_BPF);
	struct ktstr_event_loss l[2] = { { .flags = KTSTR_LOSS_FINAL } };
	struct ktstr_clock c = { .why = KTSTR_CLOCK_END };
	uint64_t n = 0;

	for (size_t len = 0; len < sizeof(in); len++, n++)
		guest_send(self->g, KTSTR_T_EVIN, 0, 0, &in, len);
	for (size_t len = 0; len < sizeof(c); len++, n++)
		guest_send(self->g, KTSTR_T_CLCK, 0, 0, &c, len);
	for (size_t len = 0; len < sizeof(l); len++)
		if (len != sizeof(l[0])) {
			guest_send(self->g, KTSTR_T_EVLS, 0, 0, l, len);
			n++;
		}
	EXPECT_EQ(n, self->r->malformed);
	EXPECT_FALSE(self->r->cpus[0].told || self->r->has_info || self->r->clock.has_end);
	/* And a frame that goes on from another has no head. */
	guest_frame(self->g, (struct assembler_frame){ .type = KTSTR_T_EVIN, .continues = true,
		    .data = (void *)&in, .len = sizeof(in) });
	EXPECT_EQ(n + 1, self->r->malformed);
	/* None of this keeps a good one from being taken. */
	guest_run(self->g);
	events__finish(self->ev);
	EXPECT_EQ(12, self->r->received);
}

TEST_F(events, accounts_of_no_cpu_and_after_the_last_are_not_believed)
{
	struct ktstr_event_loss l = { .cpu = KTSTR_CPUS_MAX, .flags = KTSTR_LOSS_FINAL };

	guest_run(self->g);
	guest_send(self->g, KTSTR_T_EVLS, 0, 0, &l, sizeof(l));
	l.cpu = ~0u;
	guest_send(self->g, KTSTR_T_EVLS, 0, 0, &l, sizeof(l));
	l.cpu = 0;
	guest_send(self->g, KTSTR_T_EVLS, 0, 0, &l, sizeof(l));
	guest_clock(self->g, KTSTR_CLOCK_END, 1, 1);
	guest_clock(self->g, 9, 1, 1);
	events__finish(self->ev);
	EXPECT_EQ(5, self->r->malformed);
	EXPECT_EQ(5, self->r->cpus[0].sent);
	EXPECT_EQ(0, self->r->unbalanced + self->r->unexplained);
	EXPECT_EQ(250, self->r->clock.drift_ns);
}

TEST_F(events, events_of_the_other_path_are_not_believed)
{
	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	send_page(self->g, 7 * SEC, 1, 2, 4096);
	guest_story(self->g);
	guest_account(self->g, 0);
	events__finish(self->ev);
	EXPECT_EQ(1, self->r->misfits);
	/* Its number is missing in the stream of its CPU. */
	EXPECT_EQ(1, self->r->gaps);
	EXPECT_EQ(12, self->r->received);
}

TEST_F(events, events_of_a_cpu_that_there_is_not)
{
	struct ktstr_event_loss l = {
		.cpu = 7, .flags = KTSTR_LOSS_FINAL, .emitted = 1, .sent = 1,
	};

	guest_run(self->g);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t streams[] = { 0, 1 + GUEST_CPUS, ASSEMBLER_STREAMS - 1 };

		guest_send(self->g, KTSTR_T_EVNT, streams[i], KTSTR_F_PLAIN, "x", 1);
	}
	guest_send(self->g, KTSTR_T_EVLS, 0, 0, &l, sizeof(l));
	events__finish(self->ev);
	EXPECT_EQ(3, event_stream__stats(events__stream(self->ev))->strangers);
	EXPECT_FALSE(self->r->complete);
	EXPECT_EQ(1, self->r->unexplained);
	EXPECT_EQ(7, self->r->unexplained_cpu);
}

/* One record too many or too few in any number does not balance. */
TEST_F(events, every_account_that_is_off_by_one_is_found)
{
	struct events_opts o = { .sz = sizeof(o), .topology = { 1, 1, GUEST_CPUS, 1 } };

	for (int i = 0; i < 7; i++) {
		struct events *ev = events__new(&o);
		const struct events_result *r = events__result(ev);
		struct guest *g = guest_new();
		struct ktstr_event_loss l[2];

		g->takers[0] = events__frame;
		g->args[0] = ev;
		guest_say_info(g, KTSTR_EVENTS_BPF, "");
		guest_story(g);
		for (uint32_t cpu = 0; cpu < 2; cpu++)
			l[cpu] = (struct ktstr_event_loss){ .cpu = cpu, .flags = KTSTR_LOSS_FINAL,
				.emitted = g->emitted[cpu], .sent = g->emitted[cpu] };
		l[1].emitted += i == 0 ? 1 : i == 1 ? -1 : 0;
		l[1].lost += i == 2;
		l[1].sent += i == 3 ? 1 : i == 4 ? -1 : 0;
		if (i == 5) {	/* right, but for 2^64 */
			l[1].lost = ~0ull;
			l[1].emitted -= 1;
		}
		guest_send(g, KTSTR_T_EVLS, 0, 0, l, sizeof(l));
		events__finish(ev);
		EXPECT_EQ(i < 6, r->unbalanced + r->unexplained > 0) TH_LOG("case %d", i);
		if (r->unbalanced)
			EXPECT_EQ(1, r->unbalanced_cpu);
		if (r->unexplained)
			EXPECT_EQ(1, r->unexplained_cpu);
		events__free(ev);
		free(g);
	}
}

TEST_F(events, a_missing_frame_without_records_takes_none_away)
{
	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	self->g->seq[1]++;
	guest_story(self->g);
	guest_account(self->g, 0);
	events__finish(self->ev);
	/* All that was sent came, whatever the numbers say. */
	EXPECT_EQ(0, self->r->explained + self->r->unexplained);
	EXPECT_EQ(1, self->r->gaps);
}

TEST_F(events, records_in_a_damaged_frame_are_explained)
{
	struct assembler_frame f = { .type = KTSTR_T_EVNT, .stream = 1, .flags = KTSTR_F_PLAIN };

	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	feed_switch(&self->g->feed, 0, T0 - MS, 1, ASLEEP, 2);
	f.data = self->g->data[0];
	f.len = self->g->len[0];
	f.seq = self->g->seq[1]++;
	f.corrupt = true;
	guest_frame(self->g, f);
	self->g->len[0] = 0;
	guest_story(self->g);
	guest_account(self->g, 0);
	events__finish(self->ev);
	EXPECT_EQ(1, self->r->explained);
	EXPECT_EQ(0, self->r->explained_cpu);
	EXPECT_EQ(0, self->r->unexplained + self->r->unbalanced);
}

/* Damage takes records away; it makes none. */
TEST_F(events, more_records_than_were_sent_are_never_explained)
{
	struct ktstr_event_loss l[2];

	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	self->g->seq[1]++;
	guest_story(self->g);
	for (uint32_t cpu = 0; cpu < 2; cpu++)
		l[cpu] = (struct ktstr_event_loss){ .cpu = cpu, .flags = KTSTR_LOSS_FINAL,
			.emitted = self->g->emitted[cpu] - 1, .sent = self->g->emitted[cpu] - 1 };
	guest_send(self->g, KTSTR_T_EVLS, 0, 0, l, sizeof(l));
	events__finish(self->ev);
	EXPECT_TRUE(self->r->cpus[0].explained);
	EXPECT_EQ(2, self->r->unexplained);
	EXPECT_EQ(0, self->r->explained);
}

TEST_F(events, losses_that_the_stream_does_not_tell_are_nobodys_guess)
{
	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	guest_story(self->g);
	guest_account(self->g, 3);
	events__finish(self->ev);
	EXPECT_EQ(6, self->r->lost);
	EXPECT_EQ(6, self->r->lost_untold);
	EXPECT_EQ(0, self->r->lost_window);
	EXPECT_TRUE(self->r->complete);
	EXPECT_EQ(0, self->r->unbalanced + self->r->unexplained);
}

TEST_F(events, losses_in_the_window_are_told_apart_from_those_before_it)
{
	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	feed_mark(&self->g->feed, 0, T0 - MS, KTSTR_MARK_LOST, 2);
	feed_mark(&self->g->feed, 1, T0 - MS, KTSTR_MARK_LOST, 5);
	guest_story(self->g);
	guest_account(self->g, 5);
	events__finish(self->ev);
	EXPECT_EQ(0, self->r->lost_window);
	EXPECT_EQ(3, self->r->lost_untold);
	EXPECT_EQ(10, self->r->lost);
}

TEST_F(events, no_final_account_is_known_for_it)
{
	struct ktstr_event_loss l = { .cpu = 1, .emitted = 100, .sent = 1 };

	guest_say_info(self->g, KTSTR_EVENTS_BPF, "");
	guest_story(self->g);
	guest_send(self->g, KTSTR_T_EVLS, 0, 0, &l, sizeof(l));
	events__finish(self->ev);
	EXPECT_EQ(2, self->r->not_final);
	/* An account that is not final need not balance. */
	EXPECT_EQ(0, self->r->unbalanced + self->r->unexplained);
}

/* Text of any length and bytes: clean lines within their room. */
TEST_F(events, the_guests_words_are_clean_and_bounded)
{
	uint8_t data[sizeof(struct ktstr_events_info) + 8192];
	struct ktstr_events_info in = guest_info(KTSTR_EVENTS_OFF);
	uint64_t seed = 99;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = next_random(&seed) % 7 ? next_random(&seed) : '\n';
	memcpy(data, &in, sizeof(in));
	guest_send(self->g, KTSTR_T_EVIN, 0, 0, data, sizeof(data));
	ASSERT_LT(strlen(self->r->notes), sizeof(self->r->notes));
	EXPECT_GT(strlen(self->r->notes), 1000);
	for (const char *p = self->r->notes; *p; p++)
		ASSERT_TRUE(*p == '\n' || (*p >= ' ' && *p <= '~'));
}

TEST_F(events, noise)
{
	static const uint32_t types[] = {
		KTSTR_T_EVIN, KTSTR_T_EVNT, KTSTR_T_EVLS, KTSTR_T_CLCK, KTSTR_T_HELO,
		KTSTR_T_DMSG,
	};
	struct events_opts o = { .sz = sizeof(o), .topology = { 1, 1, GUEST_CPUS, 1 } };
	uint64_t seed = 4711;
	uint8_t data[4096];
	struct buf b;

	for (int round = 0; round < 20; round++) {
		struct events *ev = events__new(&o);

		self->g->args[0] = ev;
		if (round & 1)
			guest_say_info(self->g, 1 + (round >> 1 & 1), "");
		for (int i = 0; i < 500; i++) {
			struct assembler_frame f = { .data = data, .seq = i };

			for (size_t n = 0; n < sizeof(data); n += 8) {
				uint64_t r = next_random(&seed) & next_random(&seed);

				r &= 0x010003030f0f1f1f;
				memcpy(data + n, &r, 8);
			}
			f.type = types[next_random(&seed) % 6];
			f.stream = seed >> 8 & 3;
			f.flags = seed >> 16 & 7;
			f.len = seed >> 20 & 1 ? 4096 : (seed >> 24) % 4096;
			f.corrupt = !(seed >> 60);
			f.continues = !(seed >> 36 & 15);
			guest_frame(self->g, f);
		}
		events__finish(ev);
		buf__init(&b, 1 << 20);
		events_text__brief(&b, ev);
		events_text__full(&b, ev);
		EXPECT_EQ(0, b.err);
		buf__free(&b);
		json_decref(events_json(ev));
		events__free(ev);
	}
}

TEST_HARNESS_MAIN
