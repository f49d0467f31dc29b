// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams of many CPUs become one: in order, in bounded memory, and a silent CPU
 * holds nobody up for ever.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include <ktstr/topology.h>

#include "host/event_merge.h"

#define CPUS		8u
#define HORIZON		1000u
#define SEEN_MAX	200000u

struct seen {
	uint32_t n, holes;
	struct { uint64_t time; uint32_t cpu, pid; } rec[SEEN_MAX];
	struct event_hole hole[64];
	uint32_t hole_at[64];		/* records before it */
	uint32_t bad;			/* content that is not what was put in */
};

static void on_record(void *arg, const struct event_record *r)
{
	struct seen *s = arg;
	const uint8_t *b = (const void *)r->ev;

	if ((uintptr_t)r->ev % 8 || r->ev->type != KTSTR_EV_IDLE)
		s->bad++;
	for (uint32_t i = 8; i < r->len; i++)
		s->bad += b[i] != (uint8_t)(r->ev->pid + i);
	if (s->n < SEEN_MAX) {
		s->rec[s->n].time = r->time_ns;
		s->rec[s->n].cpu = r->cpu;
		s->rec[s->n].pid = r->ev->pid;
	}
	s->n++;
}

static void on_hole(void *arg, const struct event_hole *hole)
{
	struct seen *s = arg;

	if (s->holes < 64) {
		s->hole[s->holes] = *hole;
		s->hole_at[s->holes] = s->n;
	}
	s->holes++;
}

FIXTURE(merge)
{
	struct seen *seen;
	struct event_merge *m;
};

FIXTURE_SETUP(merge)
{
	struct event_merge_opts opts = {
		.sz = sizeof(opts), .nr_cpus = CPUS, .horizon_ns = HORIZON,
		.record = on_record, .hole = on_hole,
	};

	self->seen = calloc(1, sizeof(*self->seen));
	opts.arg = self->seen;
	self->m = event_merge__new(&opts);
	ASSERT_NE(NULL, self->m);
}

FIXTURE_TEARDOWN(merge)
{
	event_merge__free(self->m);
	free(self->seen);
}

/* @id also decides the length and the content. */
static void add(struct event_merge *m, uint32_t cpu, uint64_t time, uint32_t id)
{
	uint64_t data[KTSTR_EV_SIZE_MAX / 8];
	struct ktstr_event *ev = (void *)data;
	struct event_record r = {
		.time_ns = time, .cpu = cpu, .len = 8 + id % 31 * 4, .ev = ev,
	};

	*ev = (struct ktstr_event){ .type = KTSTR_EV_IDLE, .pid = id };
	for (uint32_t i = 8; i < r.len; i++)
		((uint8_t *)data)[i] = id + i;
	event_merge__add(m, &r);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

TEST_F(merge, waits_for_every_cpu)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		event_merge__run(self->m);
		EXPECT_EQ(0, self->seen->n);
		add(self->m, cpu, 100 - cpu, cpu);
	}
	event_merge__run(self->m);
	/*
	 * The oldest is CPU 7's, which may send more of that time: every other CPU's
	 * has to wait for it.
	 */
	EXPECT_EQ(1, self->seen->n);
	EXPECT_EQ(7, self->seen->rec[0].cpu);
	add(self->m, 7, 200, 9);
	event_merge__run(self->m);
	EXPECT_EQ(2, self->seen->n);
	EXPECT_EQ(6, self->seen->rec[1].cpu);
	event_merge__flush(self->m);
	EXPECT_EQ(9, self->seen->n);
	EXPECT_EQ(0, event_merge__stats(self->m)->waiting);
	EXPECT_EQ(0, event_merge__stats(self->m)->bytes);
}

TEST_F(merge, a_watermark_is_as_good_as_a_record)
{
	add(self->m, 0, 100, 1);
	for (uint32_t cpu = 1; cpu < CPUS; cpu++) {
		event_merge__run(self->m);
		EXPECT_EQ(0, self->seen->n);
		event_merge__watermark(self->m, cpu, 100 + (cpu != 1));
	}
	/* CPU 1 may still have one of the same time. */
	event_merge__run(self->m);
	EXPECT_EQ(0, self->seen->n);
	event_merge__watermark(self->m, 1, 101);
	event_merge__run(self->m);
	EXPECT_EQ(1, self->seen->n);
	/* An older one does not take it back, one of an unknown CPU is nothing. */
	event_merge__watermark(self->m, 1, 50);
	event_merge__watermark(self->m, CPUS, 5000);
	add(self->m, 0, 100, 2);
	event_merge__run(self->m);
	EXPECT_EQ(2, self->seen->n);
}

TEST_F(merge, a_silent_cpu_is_waited_for_as_long_as_the_horizon)
{
	add(self->m, 0, 5000, 1);
	add(self->m, 0, 5000 + HORIZON, 2);
	event_merge__run(self->m);
	EXPECT_EQ(0, self->seen->n);
	add(self->m, 0, 5001 + HORIZON, 3);
	event_merge__run(self->m);
	EXPECT_EQ(1, self->seen->n);
	/* The silent one still comes in time. */
	add(self->m, 1, 5001, 4);
	event_merge__run(self->m);
	event_merge__flush(self->m);
	ASSERT_EQ(4, self->seen->n);
	EXPECT_EQ(4, self->seen->rec[1].pid);
	EXPECT_EQ(0, event_merge__stats(self->m)->late);
}

TEST_F(merge, what_is_late_is_a_hole)
{
	add(self->m, 0, 100, 1);
	add(self->m, 0, 5000, 2);
	event_merge__run(self->m);
	EXPECT_EQ(1, self->seen->n);
	for (uint32_t i = 0; i < 5; i++)
		add(self->m, 3, 90 + i, 10 + i);
	EXPECT_EQ(5, event_merge__stats(self->m)->late);
	ASSERT_EQ(1, self->seen->holes);
	EXPECT_EQ(EVENT_HOLE_LATE, self->seen->hole[0].kind);
	EXPECT_EQ(3, self->seen->hole[0].cpu);
	/* At the same time as the last one is in time. */
	add(self->m, 3, 100, 20);
	add(self->m, 3, 101, 21);
	event_merge__flush(self->m);
	EXPECT_EQ(4, self->seen->n);
	EXPECT_EQ(1, self->seen->holes);
	add(self->m, 3, 102, 22);
	EXPECT_EQ(2, self->seen->holes);
}

TEST_F(merge, a_cpu_that_goes_back_stays_where_it_was)
{
	add(self->m, 0, 100, 1);
	add(self->m, 0, 90, 2);
	add(self->m, 0, 110, 3);
	event_merge__flush(self->m);
	ASSERT_EQ(3, self->seen->n);
	EXPECT_EQ(2, self->seen->rec[1].pid);
	EXPECT_EQ(100, self->seen->rec[1].time);
	EXPECT_EQ(1, event_merge__stats(self->m)->backwards);
}

TEST_F(merge, holes_keep_their_place)
{
	add(self->m, 0, 100, 1);
	event_merge__hole(self->m, 0, EVENT_HOLE_BUFFER, 77);
	add(self->m, 0, 300, 2);
	add(self->m, 1, 200, 3);
	event_merge__hole(self->m, 5, EVENT_HOLE_FRAMES, 0);
	event_merge__flush(self->m);
	ASSERT_EQ(3, self->seen->n);
	ASSERT_EQ(2, self->seen->holes);
	EXPECT_EQ(5, self->seen->hole[0].cpu);
	EXPECT_EQ(0, self->seen->hole_at[0]);
	EXPECT_EQ(77, self->seen->hole[1].count);
	EXPECT_EQ(EVENT_HOLE_BUFFER, self->seen->hole[1].kind);
	EXPECT_EQ(1, self->seen->hole_at[1]);
}

TEST_F(merge, strangers_are_refused)
{
	add(self->m, CPUS, 1, 1);
	add(self->m, UINT32_MAX, 1, 1);
	event_merge__hole(self->m, CPUS, EVENT_HOLE_BUFFER, 1);
	event_merge__flush(self->m);
	EXPECT_EQ(0, self->seen->n + self->seen->holes);
}

/* Times from a guest gone mad: nothing is endless, and everything comes out. */
TEST_F(merge, times_at_both_ends)
{
	add(self->m, 0, UINT64_MAX, 1);
	add(self->m, 1, 0, 2);
	add(self->m, 1, UINT64_MAX, 3);
	add(self->m, 2, 7, 4);
	event_merge__watermark(self->m, 3, UINT64_MAX);
	event_merge__run(self->m);
	add(self->m, 0, 5, 5);
	event_merge__flush(self->m);
	EXPECT_EQ(5, self->seen->n);
	for (uint32_t i = 1; i < self->seen->n; i++)
		EXPECT_LE(self->seen->rec[i - 1].time, self->seen->rec[i].time);
}

TEST(memory_is_bounded_and_the_oldest_go_first)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct event_merge_opts opts = {
		.sz = sizeof(opts), .nr_cpus = 2, .horizon_ns = UINT64_MAX, .max_bytes = 1,
		.record = on_record, .hole = on_hole, .arg = seen,
	};
	struct event_merge *m = event_merge__new(&opts);
	uint32_t n = 20000;

	/* CPU 1 is silent for ever. */
	for (uint32_t i = 0; i < n; i++) {
		add(m, 0, i, i);
		event_merge__run(m);
		ASSERT_LE(event_merge__stats(m)->bytes, 4 * 16384);
	}
	EXPECT_GT(event_merge__stats(m)->forced, 0);
	EXPECT_EQ(4 * 16384, event_merge__stats(m)->bytes_max);
	EXPECT_EQ(n, seen->n + event_merge__stats(m)->waiting);
	/* And it comes back from the past, then from the present. */
	add(m, 1, 5, 1);
	EXPECT_EQ(1, event_merge__stats(m)->late);
	add(m, 1, n, 1);
	event_merge__flush(m);
	EXPECT_EQ(n + 1, seen->n);
	for (uint32_t i = 0; i < n; i++)
		ASSERT_EQ(i, seen->rec[i].time);
	EXPECT_EQ(0, seen->bad);
	event_merge__free(m);
	free(seen);
}

TEST(cpus_out_of_range_are_refused)
{
	struct event_merge_opts opts = { .sz = sizeof(opts), .nr_cpus = 0 };

	EXPECT_EQ(NULL, event_merge__new(&opts));
	opts.nr_cpus = KTSTR_CPUS_MAX + 1;
	EXPECT_EQ(NULL, event_merge__new(&opts));
	event_merge__free(NULL);
}

struct planned { uint64_t time; uint32_t cpu, id; };

static int by_time(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/*
 * Random streams in random pages, none later than the horizon: what comes out is
 * what sorting all of them gives.
 */
static void storm(struct __test_metadata *_metadata, uint64_t seed, uint32_t nr_cpus)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct event_merge_opts opts = {
		.sz = sizeof(opts), .nr_cpus = nr_cpus, .horizon_ns = HORIZON,
		.record = on_record, .hole = on_hole, .arg = seen,
	};
	struct event_merge *m = event_merge__new(&opts);
	struct planned *all = calloc(SEEN_MAX, sizeof(*all));
	uint64_t *clock = calloc(nr_cpus, sizeof(*clock)), now = 0, first = seed;
	uint32_t n = 0;

	while (n < 60000) {
		/* Every CPU is brought from where it was to now, in steps or at once. */
		uint32_t cpu = next_random(&seed) % nr_cpus;

		now += next_random(&seed) % (4 * HORIZON / nr_cpus / 8 + 1);
		for (uint32_t c = 0; c < nr_cpus; c++) {
			/* Nobody may be further behind than the horizon. */
			if (c != cpu && clock[c] + HORIZON / 2 > now)
				continue;
			while (clock[c] < now && n < SEEN_MAX) {
				clock[c] += next_random(&seed) % 64;
				all[n] = (struct planned){ clock[c], c, n };
				add(m, c, clock[c], n);
				n++;
			}
			event_merge__run(m);
		}
	}
	ASSERT_LT(event_merge__stats(m)->waiting, n / 2);
	event_merge__flush(m);
	ASSERT_EQ(n, seen->n) {
		TH_LOG("seed %#llx, %u CPUs", (unsigned long long)first, nr_cpus);
	}
	qsort(all, n, sizeof(*all), by_time);
	for (uint32_t i = 0; i < n; i++) {
		ASSERT_TRUE(all[i].time == seen->rec[i].time && all[i].cpu == seen->rec[i].cpu &&
			    all[i].id == seen->rec[i].pid) {
			TH_LOG("seed %#llx, %u CPUs, record %u", (unsigned long long)first,
			       nr_cpus, i);
		}
	}
	ASSERT_EQ(0, seen->bad);
	ASSERT_EQ(0, event_merge__stats(m)->late);
	ASSERT_EQ(0, event_merge__stats(m)->forced);
	event_merge__free(m);
	free(clock);
	free(all);
	free(seen);
}

TEST(random_streams_come_out_sorted)
{
	static const uint32_t cpus[] = { 1, 2, 3, 7, 16, 64, 300 };

	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
		storm(_metadata, 0x9e3779b97f4a7c15 + i, cpus[i]);
}

TEST_HARNESS_MAIN
