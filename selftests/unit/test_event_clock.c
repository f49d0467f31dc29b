// SPDX-License-Identifier: GPL-2.0-only
/*
 * The conversion between guest and host time: exact where it can be, refused where
 * the readings say so, and unmoved by what a hostile guest sends.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "host/event_clock.h"

#define SEC	1000000000ull

/*
 * A machine whose true clocks are known. Host: 2.5 GHz, and at host time @host0 the
 * TSC is @tsc0. Guest: CLOCK_MONOTONIC is 0 at @guest0 and goes @ppm faster.
 */
struct world {
	uint64_t host0, tsc0, guest0, offset;
	int64_t ppm;
};

static uint64_t tsc_of(const struct world *w, uint64_t host_ns)
{
	return w->tsc0 + (uint64_t)((__int128)(int64_t)(host_ns - w->host0) * 5 / 2);
}

static uint64_t guest_of(const struct world *w, uint64_t host_ns)
{
	int64_t d = (int64_t)(host_ns - w->guest0);

	return (uint64_t)(d + (int64_t)((__int128)d * w->ppm / 1000000));
}

static struct vmm_time host_at(const struct world *w, uint64_t ns)
{
	return (struct vmm_time){ tsc_of(w, ns), ns, ns, 40 };
}

static struct ktstr_clock guest_at(const struct world *w, uint32_t why, uint64_t id,
				   uint64_t host_ns)
{
	return (struct ktstr_clock){
		.why = htole32(why), .valid = htole32(KTSTR_CLOCK_HAS_CYCLES), .id = htole64(id),
		.cycles = htole64(tsc_of(w, host_ns) + w->offset),
		.mono_ns = htole64(guest_of(w, host_ns)),
		.boot_ns = htole64(guest_of(w, host_ns)),
		.window_ns = htole64(60),
	};
}

static void hear(struct event_clock *c, const struct ktstr_clock *k, const struct world *w,
		 uint64_t host_ns)
{
	struct vmm_time t = host_at(w, host_ns);

	event_clock__heard(c, k, &t);
}

static void ask(struct event_clock *c, const struct world *w, uint64_t host_ns)
{
	struct vmm_time t = host_at(w, host_ns);

	event_clock__asked(c, &t);
}

/* Asked at @ns, read 20 us later, heard after 50 us. */
static void ping(struct event_clock *c, const struct world *w, uint64_t ns)
{
	struct ktstr_clock k;

	ask(c, w, ns);
	k = guest_at(w, KTSTR_CLOCK_PING, c->sent, ns + 20000);
	hear(c, &k, w, ns + 50000);
}

static struct vmm_clock machine_of(const struct world *w, uint64_t seconds)
{
	return (struct vmm_clock){
		.sz = sizeof(struct vmm_clock),
		.valid = VMM_CLOCK_OFFSET | VMM_CLOCK_KHZ | VMM_CLOCK_BEFORE | VMM_CLOCK_AFTER,
		.tsc_offset = w->offset, .tsc_khz = 2500000,
		.before.host = host_at(w, w->host0),
		.after.host = host_at(w, w->host0 + seconds * SEC),
	};
}

FIXTURE(clock)
{
	struct event_clock *c;
	struct event_clock_result r;
	struct world w;
	struct vmm_clock m;
};

FIXTURE_VARIANT(clock)
{
	uint64_t tsc0;
	uint64_t offset;
	int64_t ppm;
	uint64_t guest_delay;	/* ns: the guest's clock begins this long after the host's line */
};

/* As ktstr makes it: the guest's TSC starts near 0. */
FIXTURE_VARIANT_ADD(clock, negative_offset) {
	.tsc0 = 900ull << 40, .offset = -(900ull << 40), .guest_delay = SEC / 2 };
FIXTURE_VARIANT_ADD(clock, positive_offset) {
	.tsc0 = 5, .offset = 3ull << 50, .ppm = 100, .guest_delay = 1 };
FIXTURE_VARIANT_ADD(clock, no_offset) { .tsc0 = 1ull << 40, .ppm = -250 };
FIXTURE_VARIANT_ADD(clock, host_tsc_wraps) {
	.tsc0 = -(25ull * SEC / 10), .offset = 77, .ppm = 40, .guest_delay = SEC / 3 };
FIXTURE_VARIANT_ADD(clock, guest_tsc_wraps) {
	.tsc0 = 1ull << 41, .offset = -(1ull << 41) - 5 * SEC, .ppm = -1, .guest_delay = 7 };
FIXTURE_VARIANT_ADD(clock, both_wrap_and_sign_bits_differ) {
	.tsc0 = -(10ull * SEC), .offset = 1ull << 63, .guest_delay = 123456789 };

FIXTURE_SETUP(clock)
{
	self->c = calloc(1, sizeof(*self->c));
	ASSERT_NE(NULL, self->c);
	self->w = (struct world){ .host0 = 5000 * SEC, .tsc0 = variant->tsc0,
		.offset = variant->offset, .ppm = variant->ppm,
		.guest0 = 5000 * SEC + variant->guest_delay };
	self->m = machine_of(&self->w, 20);
	event_clock__machine(self->c, &self->m);
}

FIXTURE_TEARDOWN(clock)
{
	free(self->c);
}

/* A run of 20 s: events from second 2 to second 18, a ping in each. */
static void honest_run(struct event_clock *c, const struct world *w)
{
	struct ktstr_clock k = guest_at(w, KTSTR_CLOCK_BEGIN, 0, w->host0 + 2 * SEC);

	hear(c, &k, w, w->host0 + 2 * SEC + 900);
	for (uint64_t s = 3; s < 18; s++)
		ping(c, w, w->host0 + s * SEC);
	k = guest_at(w, KTSTR_CLOCK_END, 0, w->host0 + 18 * SEC);
	hear(c, &k, w, w->host0 + 18 * SEC + 900);
}

TEST_F(clock, converts_both_ways_within_the_stated_bound)
{
	uint64_t host, guest;

	honest_run(self->c, &self->w);
	event_clock__solve(self->c, &self->r);
	ASSERT_EQ(EVENT_CLOCK_OK, self->r.state);
	EXPECT_EQ(15, self->r.checked);
	EXPECT_EQ(100, self->r.window_ns);	/* 60 of the guest and 40 of the host */
	EXPECT_LE(self->r.line_ns, 2);
	EXPECT_LE(self->r.bound_ns, 104);
	EXPECT_EQ(50000, self->r.ping_bound_ns);
	for (uint64_t t = 2 * SEC; t <= 18 * SEC; t += 123456789) {
		uint64_t real = self->w.host0 + t, g = guest_of(&self->w, real);

		ASSERT_TRUE(event_clock__to_host(&self->r, g, &host));
		ASSERT_LE(host, real + 2);	/* the readings are exact: so is the conversion */
		ASSERT_GE(host + 2, real);
		ASSERT_TRUE(event_clock__to_guest(&self->r, real, &guest));
		ASSERT_LE(guest, g + 2);
		ASSERT_GE(guest + 2, g);
	}
}

TEST_F(clock, states_drift_and_distance)
{
	int64_t want;

	honest_run(self->c, &self->w);
	event_clock__solve(self->c, &self->r);
	ASSERT_EQ(EVENT_CLOCK_OK, self->r.state);
	EXPECT_LE(llabs(self->r.drift_ppb - self->w.ppm * 1000), 1);
	want = (int64_t)(guest_of(&self->w, self->w.host0 + 2 * SEC) - self->w.host0 - 2 * SEC);
	EXPECT_LE(llabs(self->r.ahead_ns - want), 2);
}

TEST_F(clock, pings_alone_are_readings_enough)
{
	ping(self->c, &self->w, self->w.host0 + 3 * SEC);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_NO_GUEST, self->r.state);
	ping(self->c, &self->w, self->w.host0 + 4 * SEC);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_OK, self->r.state);
}

/* The guest's TSC is another than the offset says: by less than a ping takes, and by more. */
TEST_F(clock, a_reading_from_before_the_question_is_a_contradiction)
{
	struct ktstr_clock k;

	honest_run(self->c, &self->w);
	ask(self->c, &self->w, self->w.host0 + 19 * SEC);
	k = guest_at(&self->w, KTSTR_CLOCK_PING, self->c->sent, self->w.host0 + 19 * SEC - 10);
	hear(self->c, &k, &self->w, self->w.host0 + 19 * SEC + 1000);
	EXPECT_EQ(1, self->c->contradictions);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_CONTRADICTED, self->r.state);
}

TEST_F(clock, a_reading_from_after_the_answer_is_a_contradiction)
{
	struct ktstr_clock k;

	honest_run(self->c, &self->w);
	ask(self->c, &self->w, self->w.host0 + 19 * SEC);
	k = guest_at(&self->w, KTSTR_CLOCK_PING, self->c->sent, self->w.host0 + 19 * SEC + 1010);
	hear(self->c, &k, &self->w, self->w.host0 + 19 * SEC + 1000);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_CONTRADICTED, self->r.state);
	EXPECT_EQ(1, self->r.contradictions);
}

TEST_F(clock, a_begin_from_before_the_machine_ran_is_a_contradiction)
{
	struct ktstr_clock k = guest_at(&self->w, KTSTR_CLOCK_BEGIN, 0, self->w.host0 - 1000);

	k.mono_ns = k.boot_ns = 0;
	hear(self->c, &k, &self->w, self->w.host0 + 2 * SEC);
	EXPECT_FALSE(self->c->has_begin);
	EXPECT_EQ(1, self->c->contradictions);
}

/*
 * Its TSC is right, its CLOCK_MONOTONIC is not. Between two ends that are right this is
 * off the line, so the bound grows until it covers it: nothing false is claimed.
 */
TEST_F(clock, a_guest_clock_that_jumps_widens_the_bound_by_the_jump)
{
	struct ktstr_clock k;

	honest_run(self->c, &self->w);
	ask(self->c, &self->w, self->w.host0 + 10 * SEC);
	k = guest_at(&self->w, KTSTR_CLOCK_PING, self->c->sent, self->w.host0 + 10 * SEC + 500);
	k.mono_ns = htole64(le64toh(k.mono_ns) + 3000000);
	hear(self->c, &k, &self->w, self->w.host0 + 10 * SEC + 1000);
	event_clock__solve(self->c, &self->r);
	EXPECT_GE(self->r.bound_ns, 3000000);
	EXPECT_GE(self->r.line_ns, 2999900);
}

TEST_F(clock, a_host_clock_that_is_slewed_widens_the_bound)
{
	struct vmm_time t = host_at(&self->w, self->w.host0 + 9 * SEC);
	struct ktstr_clock k;

	honest_run(self->c, &self->w);
	t.mono_ns += 7000;
	event_clock__asked(self->c, &t);
	k = guest_at(&self->w, KTSTR_CLOCK_PING, self->c->sent, self->w.host0 + 9 * SEC + 500);
	t.cycles += 5000;
	t.mono_ns += 2000;
	event_clock__heard(self->c, &k, &t);
	event_clock__solve(self->c, &self->r);
	ASSERT_EQ(EVENT_CLOCK_OK, self->r.state);
	EXPECT_GE(self->r.bound_ns, 7000);
}

/* A guest on a slower TSC than the host's: no offset can be right. */
TEST_F(clock, scaling_is_said_and_nothing_is_converted)
{
	uint64_t host;
	char text[256];

	honest_run(self->c, &self->w);
	self->m.tsc_khz = 2400000;
	event_clock__machine(self->c, &self->m);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_SCALED, self->r.state);
	EXPECT_FALSE(event_clock__to_host(&self->r, SEC, &host));
	event_clock__text(&self->r, text, sizeof(text));
	EXPECT_NE(NULL, strstr(text, "not converted"));
	EXPECT_NE(NULL, strstr(text, "scaling"));
}

TEST_F(clock, missing_facts_are_told_apart)
{
	static const struct {
		uint32_t valid;
		enum event_clock_state state;
	} t[] = {
		{ VMM_CLOCK_KHZ | VMM_CLOCK_BEFORE | VMM_CLOCK_AFTER, EVENT_CLOCK_NO_OFFSET },
		{ VMM_CLOCK_MOVED | VMM_CLOCK_BEFORE | VMM_CLOCK_AFTER, EVENT_CLOCK_MOVED },
		{ VMM_CLOCK_OFFSET | VMM_CLOCK_BEFORE, EVENT_CLOCK_NO_HOST },
		{ VMM_CLOCK_OFFSET | VMM_CLOCK_AFTER, EVENT_CLOCK_NO_HOST },
		{ VMM_CLOCK_OFFSET | VMM_CLOCK_BEFORE | VMM_CLOCK_AFTER, EVENT_CLOCK_OK },
		{ 0, EVENT_CLOCK_NO_OFFSET },
	};

	honest_run(self->c, &self->w);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		self->m.valid = t[i].valid;
		event_clock__machine(self->c, &self->m);
		event_clock__solve(self->c, &self->r);
		EXPECT_EQ(t[i].state, self->r.state) TH_LOG("case %zu", i);
	}
}

TEST_F(clock, strangers_and_repeats_change_nothing)
{
	struct event_clock_result before;
	struct ktstr_clock k;

	honest_run(self->c, &self->w);
	event_clock__solve(self->c, &before);
	/* Nobody asked; the answer of before again; a number from the future; 0. */
	for (uint64_t id = 0; id < 40; id++) {
		k = guest_at(&self->w, KTSTR_CLOCK_PING, id, self->w.host0 + 19 * SEC);
		hear(self->c, &k, &self->w, self->w.host0 + 19 * SEC);
	}
	k = guest_at(&self->w, KTSTR_CLOCK_BEGIN, 0, self->w.host0 + 19 * SEC);
	hear(self->c, &k, &self->w, self->w.host0 + 19 * SEC);
	k = guest_at(&self->w, KTSTR_CLOCK_END, 0, self->w.host0 + 19 * SEC);
	hear(self->c, &k, &self->w, self->w.host0 + 19 * SEC);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(42, self->r.strangers);
	self->r.strangers = 0;
	EXPECT_EQ(0, memcmp(&before, &self->r, sizeof(before)));
	/* While a question is out, only its own number answers it. */
	ask(self->c, &self->w, self->w.host0 + 19 * SEC);
	k = guest_at(&self->w, KTSTR_CLOCK_PING, self->c->sent + 1, self->w.host0 + 19 * SEC);
	hear(self->c, &k, &self->w, self->w.host0 + 19 * SEC);
	EXPECT_TRUE(self->c->waiting);
	EXPECT_EQ(15, self->c->answered);
}

TEST_F(clock, absurd_numbers_are_refused)
{
	struct ktstr_clock good = guest_at(&self->w, KTSTR_CLOCK_BEGIN, 0, self->w.host0 + SEC);
	struct ktstr_clock bad[6];

	for (int i = 0; i < 6; i++)
		bad[i] = good;
	bad[0].mono_ns = htole64(UINT64_MAX);
	bad[1].boot_ns = htole64(1ull << 63);
	bad[2].window_ns = htole64(UINT64_MAX);
	bad[3].valid = 0;
	bad[4].why = htole32(99);
	bad[5].why = 0;
	for (int i = 0; i < 6; i++) {
		hear(self->c, &bad[i], &self->w, self->w.host0 + 2 * SEC);
		EXPECT_EQ(i + 1, self->c->refused);
	}
	EXPECT_FALSE(self->c->has_begin);
	/* A refused answer is an answer: the next question may go out. */
	ask(self->c, &self->w, self->w.host0 + 3 * SEC);
	bad[2].why = htole32(KTSTR_CLOCK_PING);
	bad[2].id = htole64(self->c->sent);
	hear(self->c, &bad[2], &self->w, self->w.host0 + 3 * SEC + 100);
	EXPECT_FALSE(self->c->waiting);
	EXPECT_EQ(0, self->c->answered);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_NO_GUEST, self->r.state);
}

TEST_F(clock, a_guest_whose_time_stands_still_is_not_converted)
{
	struct ktstr_clock k = guest_at(&self->w, KTSTR_CLOCK_BEGIN, 0, self->w.host0 + 2 * SEC);
	uint64_t mono = k.mono_ns;

	hear(self->c, &k, &self->w, self->w.host0 + 2 * SEC);
	k = guest_at(&self->w, KTSTR_CLOCK_END, 0, self->w.host0 + 18 * SEC);
	k.mono_ns = mono;
	hear(self->c, &k, &self->w, self->w.host0 + 18 * SEC);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_STUCK, self->r.state);
}

TEST_F(clock, a_long_run_is_kept_in_the_same_room)
{
	uint64_t nr = 10 * EVENT_CLOCK_PINGS + 37;

	self->m = machine_of(&self->w, nr + 10);
	event_clock__machine(self->c, &self->m);
	for (uint64_t s = 1; s <= nr; s++)
		ping(self->c, &self->w, self->w.host0 + s * SEC);
	EXPECT_EQ(nr, self->c->answered);
	EXPECT_LE(self->c->nr_pings, EVENT_CLOCK_PINGS);
	EXPECT_GT(self->c->nr_pings, EVENT_CLOCK_PINGS / 2 - 1);
	/* Evenly spread from the first one on. */
	for (uint32_t i = 0; i < self->c->nr_pings; i++)
		ASSERT_EQ(self->w.host0 + ((uint64_t)i << self->c->halved) * SEC + SEC,
			  self->c->pings[i].asked.mono_ns);
	event_clock__solve(self->c, &self->r);
	ASSERT_EQ(EVENT_CLOCK_OK, self->r.state);
	EXPECT_EQ(self->c->nr_pings + 1, self->r.checked);
	EXPECT_EQ((nr - 1) * SEC, self->r.host.d_ns - 11 * SEC);
}

TEST_F(clock, random_frames_never_crash_it_nor_make_it_believe)
{
	uint64_t seed = 0x9e3779b97f4a7c15ull, host;
	struct ktstr_clock k;

	for (int n = 0; n < 20000; n++) {
		uint8_t *p = (uint8_t *)&k;

		for (size_t i = 0; i < sizeof(k); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			p[i] = seed;
		}
		k.why = htole32(seed % 5);
		if (seed & 64)
			k.valid = htole32(KTSTR_CLOCK_HAS_CYCLES);
		if (seed & 128)
			k.window_ns = 0;
		if (seed & 256)
			k.mono_ns = htole64(le64toh(k.mono_ns) >> 2);
		if (seed & 512)
			k.boot_ns = 0;
		if (!self->c->waiting)
			ask(self->c, &self->w, self->w.host0 + SEC);
		if (seed & 1024)
			k.id = htole64(self->c->sent);
		/* Late facts: nothing is held against the TSC as it comes. */
		if (seed & 2048)
			self->c->machine.valid = 0;
		hear(self->c, &k, &self->w, self->w.host0 + SEC + 1000);
		self->c->machine.valid = self->m.valid;
		if (!(n % 16)) {
			self->c->contradictions = 0;
			event_clock__solve(self->c, &self->r);
			if (event_clock__to_host(&self->r, seed, &host))
				event_clock__to_guest(&self->r, host, &host);
		}
	}
	EXPECT_GT(self->c->refused, 0);
	EXPECT_GT(self->c->strangers, 0);
	self->c->contradictions = 1;
	event_clock__solve(self->c, &self->r);
	EXPECT_NE(EVENT_CLOCK_OK, self->r.state);
}

TEST_F(clock, times_beyond_all_bounds_have_no_counterpart)
{
	uint64_t t;

	honest_run(self->c, &self->w);
	event_clock__solve(self->c, &self->r);
	EXPECT_FALSE(event_clock__to_host(&self->r, UINT64_MAX, &t));
	EXPECT_FALSE(event_clock__to_host(&self->r, 1ull << 63, &t));
	EXPECT_FALSE(event_clock__to_guest(&self->r, UINT64_MAX, &t));
	/* The guest's clock did not exist at the host's time 0. */
	EXPECT_FALSE(event_clock__to_guest(&self->r, 0, &t));
}

TEST_F(clock, line_and_json_say_the_same)
{
	json_t *o;
	char text[256], want[128];

	honest_run(self->c, &self->w);
	event_clock__solve(self->c, &self->r);
	event_clock__text(&self->r, text, sizeof(text));
	snprintf(want, sizeof(want), "clock: guest = host - %lld ns, error below 50000 ns by 15 pings",
		 -(long long)self->r.ahead_ns);
	EXPECT_EQ(0, strncmp(want, text, strlen(want))) TH_LOG("%s", text);
	snprintf(want, sizeof(want), "drift %lld ppb", (long long)self->r.drift_ppb);
	EXPECT_NE(NULL, strstr(text, want)) TH_LOG("%s", text);
	o = event_clock__json(self->c, &self->r);
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_is_true(json_object_get(o, "known")));
	EXPECT_EQ(self->r.bound_ns, json_integer_value(json_object_get(
			json_object_get(o, "conversion"), "bound_ns")));
	EXPECT_EQ(50000, json_integer_value(json_object_get(
			json_object_get(o, "pings"), "bound_ns")));
	snprintf(want, sizeof(want), "%#llx", (unsigned long long)self->w.offset);
	EXPECT_EQ(0, strcmp(want, json_string_value(json_object_get(
			json_object_get(o, "machine"), "tsc_offset"))));
	json_decref(o);
}

/* Pings that contradict: the offset is wrong by half a millisecond, known only at the end. */
TEST_F(clock, a_wrong_offset_is_refuted_by_pings)
{
	json_t *o;

	self->m.valid = 0;
	event_clock__machine(self->c, &self->m);
	honest_run(self->c, &self->w);
	self->m = machine_of(&self->w, 20);
	self->m.tsc_offset += 5 * SEC / 4000;
	event_clock__machine(self->c, &self->m);
	event_clock__solve(self->c, &self->r);
	EXPECT_EQ(EVENT_CLOCK_CONTRADICTED, self->r.state);
	EXPECT_EQ(15, self->r.contradictions);
	o = event_clock__json(self->c, &self->r);
	EXPECT_TRUE(json_is_false(json_object_get(o, "known")));
	EXPECT_TRUE(json_is_null(json_object_get(o, "conversion")));
	json_decref(o);
}

TEST_HARNESS_MAIN
