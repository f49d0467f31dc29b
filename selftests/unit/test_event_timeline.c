// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cells of the timeline against an oracle that keeps every stretch of time.
 */
#include <stdio.h>

#include "unit.h"

#include "event_synth.h"
#include "host/event_timeline.h"

#define CPUS		3u
#define STRETCHES	4000u
#define CGROUPS		100u	/* more than may be owners */

struct stretch {
	uint32_t cpu;
	enum event_cpu_state what;
	uint64_t cgroup, from, to;
};

FIXTURE(timeline)
{
	struct event_timeline *t;
	struct stretch *did;
};

FIXTURE_SETUP(timeline)
{
	self->t = event_timeline__new(CPUS);
	self->did = calloc(STRETCHES, sizeof(*self->did));
	ASSERT_TRUE(self->t && self->did);
	event_timeline__begin(self->t, SYNTH_T0);
}

FIXTURE_TEARDOWN(timeline)
{
	event_timeline__free(self->t);
	free(self->did);
}

/* Time of one kind, or of one cgroup, between two times, as it was told. */
static uint64_t told(const struct stretch *did, uint32_t cpu, int what, uint64_t cgroup,
		     uint64_t from, uint64_t to)
{
	uint64_t sum = 0, a, b;

	for (uint32_t i = 0; i < STRETCHES; i++) {
		if (did[i].cpu != cpu || (what >= 0 && (int)did[i].what != what) ||
		    (cgroup && did[i].cgroup != cgroup))
			continue;
		a = did[i].from > from ? did[i].from : from;
		b = did[i].to < to ? did[i].to : to;
		sum += a < b ? b - a : 0;
	}
	return sum;
}

/* Stretches one after the other on every CPU, some long enough to widen cells often. */
static void tell_all(struct event_timeline *t, struct stretch *did, uint64_t seed,
		     uint32_t nr_cgroups, uint64_t about_ns)
{
	uint64_t at[CPUS] = { SYNTH_T0, SYNTH_T0, SYNTH_T0 };

	for (uint32_t i = 0; i < STRETCHES; i++) {
		struct stretch *d = &did[i];

		d->cpu = next_random(&seed) % CPUS;
		d->what = next_random(&seed) % 4;
		d->what = d->what > EVENT_CPU_BUSY ? EVENT_CPU_BUSY : d->what;
		d->cgroup = d->what == EVENT_CPU_BUSY ? 1 + next_random(&seed) % nr_cgroups : 0;
		d->from = at[d->cpu];
		d->to = at[d->cpu] = d->from + next_random(&seed) % (2 * about_ns);
		event_timeline__add(t, d->cpu, d->what, d->cgroup, d->from, d->to);
	}
}

static void check(struct __test_metadata *_metadata, const struct event_timeline *t,
		  const struct stretch *did, bool all_fit)
{
	uint64_t width = event_timeline__width_ns(t), from, owned;

	for (uint32_t i = 0; i < CPUS * EVENT_TIMELINE_CELLS; i++) {
		uint32_t cpu = i / EVENT_TIMELINE_CELLS, at = i % EVENT_TIMELINE_CELLS;
		const struct event_timeline_cell *c = event_timeline__cell(t, cpu, at);

		from = SYNTH_T0 + at * width;
		ASSERT_EQ(event_timeline_cell__sum(c), told(did, cpu, -1, 0, from, from + width));
		ASSERT_EQ(c->idle, told(did, cpu, EVENT_CPU_IDLE, 0, from, from + width));
		ASSERT_EQ(c->unknown, told(did, cpu, EVENT_CPU_UNKNOWN, 0, from, from + width));
		for (uint32_t k = 0; k < EVENT_TIMELINE_OWNERS; k++) {
			if (!c->ns[k])
				continue;
			owned = told(did, cpu, EVENT_CPU_BUSY,
				     event_timeline__cgroup(t, c->owner[k]), from, from + width);
			ASSERT_LE(c->ns[k], owned);
			if (all_fit)
				ASSERT_EQ(c->ns[k], owned);
		}
		if (all_fit)
			ASSERT_EQ(c->other, 0);
	}
}

TEST_F(timeline, few_owners_are_exact_after_every_doubling)
{
	for (uint64_t ns = 100 * US; ns < 20 * SEC; ns *= 7) {
		event_timeline__begin(self->t, SYNTH_T0);
		tell_all(self->t, self->did, 11 + ns, EVENT_TIMELINE_OWNERS, ns);
		check(_metadata, self->t, self->did, true);
	}
	ASSERT_GT(event_timeline__width_ns(self->t), EVENT_TIMELINE_FIRST_NS);
}

TEST_F(timeline, many_owners_keep_the_sum)
{
	tell_all(self->t, self->did, 5, CGROUPS, 3 * MS);
	check(_metadata, self->t, self->did, false);
}

TEST_F(timeline, what_is_before_the_start_is_cut)
{
	event_timeline__add(self->t, 0, EVENT_CPU_IDLE, 0, SYNTH_T0 - MS, SYNTH_T0 + 7);
	event_timeline__add(self->t, 0, EVENT_CPU_IDLE, 0, SYNTH_T0 - MS, SYNTH_T0 - 1);
	ASSERT_EQ(event_timeline__cell(self->t, 0, 0)->idle, 7);
}

TEST_F(timeline, a_cpu_that_is_not_there_is_ignored)
{
	event_timeline__add(self->t, CPUS, EVENT_CPU_IDLE, 0, SYNTH_T0, SYNTH_T0 + MS);
	ASSERT_EQ(event_timeline__cell(self->t, CPUS, 0), NULL);
	ASSERT_EQ(event_timeline__cell(self->t, 0, EVENT_TIMELINE_CELLS), NULL);
}

TEST_F(timeline, the_end_of_all_times_is_no_crash)
{
	event_timeline__add(self->t, 0, EVENT_CPU_IDLE, 0, SYNTH_T0, UINT64_MAX);
	ASSERT_GT(event_timeline__cell(self->t, 0, 0)->idle, 0);
}

/* The stream's own timeline is what the state counted, CPU by CPU. */
static void check_stream(struct __test_metadata *_metadata, const struct synth_opts *o)
{
	struct event_stream *s = synth_run(o);
	uint64_t busy, idle, unknown;

	ASSERT_NE(s, NULL);
	for (uint32_t cpu = 0; cpu < event_state__nr_cpus(event_stream__state(s)); cpu++) {
		const struct event_cpu *c = event_state__cpu(event_stream__state(s), cpu);
		const struct event_totals *t = event_state__totals(event_stream__state(s));

		busy = idle = unknown = 0;
		for (uint32_t i = 0; i < EVENT_TIMELINE_CELLS; i++) {
			const struct event_timeline_cell *cell =
				event_timeline__cell(event_stream__timeline(s), cpu, i);

			idle += cell->idle;
			unknown += cell->unknown;
			busy += event_timeline_cell__sum(cell) - cell->idle - cell->unknown;
		}
		ASSERT_EQ(busy, c->account.run_ns);
		ASSERT_EQ(idle, c->idle_ns);
		ASSERT_EQ(unknown, c->unknown_ns);
		ASSERT_EQ(busy + idle + unknown, t->to_ns - t->from_ns);
	}
	event_stream__free(s);
}

TEST(stream_counts_the_same_with_holes_and_many_tasks)
{
	struct synth_opts o = {
		.topology = { 1, 2, 2, 1 }, .length_ns = SEC, .pace_ns = MS, .nr_tasks = 200,
		.nr_cgroups = 40, .trouble = true,
	};

	for (o.seed = 1; o.seed <= 5; o.seed++)
		check_stream(_metadata, &o);
}

TEST(stream_counts_the_same_on_64_cpus)
{
	struct synth_opts o = {
		.topology = { 2, 4, 8, 2 }, .length_ns = SEC, .pace_ns = 5 * MS, .nr_tasks = 128,
		.nr_cgroups = 3, .seed = 9,
	};

	check_stream(_metadata, &o);
}

TEST_HARNESS_MAIN
