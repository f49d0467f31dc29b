// SPDX-License-Identifier: GPL-2.0-only
/*
 * From frames to metrics.
 */
#include <stdlib.h>

#include "event_stream.h"

struct event_stream {
	struct event_stream_stats stats;
	struct event_page *page;
	struct event_merge *merge;
	struct event_state *state;
	struct event_timeline *timeline;
	struct event_places *places;
	struct event_perfetto *perfetto;
	uint64_t offset_ns;		/* modulo 2^64: may be back in time */
	uint64_t add_ns;		/* @offset_ns, or 0 while a plain frame is read */
	uint32_t nr_cpus;
	uint32_t page_size;
	uint32_t next_seq[KTSTR_CPUS_MAX];
	struct event_stream_cpu cpus[KTSTR_CPUS_MAX];
};

/* The trace comes first: a task is not known any more after its last switch. */
static void on_merged(void *arg, const struct event_record *rec)
{
	struct event_stream *s = arg;

	if (s->perfetto)
		event_perfetto__record(s->perfetto, rec);
	event_state__record(s->state, rec);
}

/* A window that began meanwhile is seen with the first thing that is counted in it. */
static void sync_window(struct event_stream *s)
{
	const struct event_totals *t = event_state__totals(s->state);

	if (t->active && event_timeline__start_ns(s->timeline) != t->from_ns) {
		event_timeline__begin(s->timeline, t->from_ns);
		event_places__begin(s->places, t->from_ns);
	}
}

static void on_did(void *arg, uint32_t cpu, enum event_cpu_state what,
		   const struct event_task *task, uint64_t from_ns, uint64_t to_ns)
{
	struct event_stream *s = arg;

	sync_window(s);
	event_timeline__add(s->timeline, cpu, what, task ? task->cgroup->id : 0, from_ns, to_ns);
	if (what == EVENT_CPU_BUSY)
		event_places__add(s->places, task ? task->cgroup->id : 0, cpu, from_ns, to_ns);
}

static void on_hole(void *arg, const struct event_hole *hole)
{
	struct event_stream *s = arg;

	if (s->perfetto)
		event_perfetto__hole(s->perfetto, hole);
	event_state__hole(s->state, hole);
}

static void on_record(void *arg, const struct event_record *rec)
{
	struct event_stream *s = arg;
	struct event_record moved = *rec;

	moved.time_ns += s->add_ns;
	event_merge__add(s->merge, &moved);
}

struct event_stream *event_stream__new(const struct event_stream_opts *opts)
{
	struct event_perfetto_opts po = opts->perfetto;
	struct event_state_opts so = opts->state;
	struct event_merge_opts mo = {
		.sz = sizeof(mo), .horizon_ns = opts->horizon_ns, .max_bytes = opts->merge_bytes,
		.record = on_merged, .hole = on_hole,
	};
	struct event_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	so.did = on_did;
	so.arg = s;
	s->state = event_state__new(&so);
	if (!s->state)
		goto fail;
	s->nr_cpus = po.nr_cpus = mo.nr_cpus = event_state__nr_cpus(s->state);
	po.state = s->state;
	s->page_size = opts->page_size;
	mo.arg = s;
	s->timeline = event_timeline__new(s->nr_cpus);
	s->places = event_places__new();
	s->page = event_page__new();
	s->merge = event_merge__new(&mo);
	if (po.write)
		s->perfetto = event_perfetto__new(&po);
	if (s->timeline && s->places && s->page && s->merge && (s->perfetto || !po.write))
		return s;
fail:
	event_stream__free(s);
	return NULL;
}

void event_stream__free(struct event_stream *s)
{
	if (!s)
		return;
	event_perfetto__free(s->perfetto);
	event_merge__free(s->merge);
	event_page__free(s->page);
	event_places__free(s->places);
	event_timeline__free(s->timeline);
	event_state__free(s->state);
	free(s);
}

void event_stream__clock(struct event_stream *s, const struct ktstr_dev_clock *at)
{
	s->offset_ns = at->mono_ns - at->ring_ns;
}

/* Every frame of a stream has the next number: what is between is missing. */
static void check_seq(struct event_stream *s, uint32_t cpu, uint32_t seq)
{
	uint32_t gap = seq - s->next_seq[cpu];

	s->next_seq[cpu] = seq + 1;
	if (!gap)
		return;
	/* One that goes back says nothing of how many. */
	if (gap >> 31)
		gap = 0;
	s->stats.gaps += gap ? gap : 1;
	s->cpus[cpu].broken++;
	event_merge__hole(s->merge, cpu, EVENT_HOLE_FRAMES, gap);
}

static void damaged(struct event_stream *s, uint32_t cpu)
{
	s->stats.cut++;
	s->cpus[cpu].broken++;
	event_merge__hole(s->merge, cpu, EVENT_HOLE_DAMAGED, 0);
}

/* Every record that is on a page, whatever we make of it. */
static uint64_t all_records(const struct event_page_stats *st)
{
	return st->records + st->malformed_records + st->unknown;
}

static void decode(struct event_stream *s, uint32_t cpu, uint32_t flags, const uint8_t *data,
		   size_t len)
{
	const struct event_page_stats *st = event_page__stats(s->page);
	uint64_t malformed = st->malformed_records, before = all_records(st);
	unsigned int ret;

	if (event_page__missed(flags, data, len))
		event_merge__hole(s->merge, cpu, EVENT_HOLE_BUFFER, 0);
	ret = event_page__decode(s->page, cpu, flags, data, len, on_record, s);
	s->cpus[cpu].received += all_records(st) - before;
	if (ret & EVENT_PAGE_CUT || st->malformed_records != malformed)
		damaged(s, cpu);
}

static void decode_frame(struct event_stream *s, uint32_t cpu, const struct assembler_frame *f)
{
	bool plain = f->flags & KTSTR_F_PLAIN;
	size_t at = 0, size = plain || !s->page_size ? f->len : s->page_size;

	s->add_ns = plain ? 0 : s->offset_ns;
	do {
		decode(s, cpu, f->flags, f->data + at, size < f->len - at ? size : f->len - at);
		at += size;
	} while (at < f->len);
}

void event_stream__frame(void *arg, const struct assembler_frame *f)
{
	struct event_stream *s = arg;
	uint32_t cpu = f->stream - 1;

	if (f->type != KTSTR_T_EVNT)
		return;
	if (cpu >= s->nr_cpus) {
		s->stats.strangers++;
		return;
	}
	s->stats.frames++;
	check_seq(s, cpu, f->seq);
	if (f->corrupt)
		damaged(s, cpu);
	else
		decode_frame(s, cpu, f);
	event_merge__run(s->merge);
}

int event_stream__finish(struct event_stream *s)
{
	event_merge__flush(s->merge);
	event_state__end(s->state, 0);
	sync_window(s);
	return s->perfetto ? event_perfetto__finish(s->perfetto) : 0;
}

const struct event_state *event_stream__state(const struct event_stream *s)
{
	return s->state;
}

const struct event_timeline *event_stream__timeline(const struct event_stream *s)
{
	return s->timeline;
}

const struct event_places *event_stream__places(const struct event_stream *s)
{
	return s->places;
}

const struct event_stream_stats *event_stream__stats(const struct event_stream *s)
{
	return &s->stats;
}

const struct event_stream_cpu *event_stream__cpu(const struct event_stream *s, uint32_t cpu)
{
	static const struct event_stream_cpu none;

	return cpu < s->nr_cpus ? &s->cpus[cpu] : &none;
}

const struct event_page_stats *event_stream__page_stats(const struct event_stream *s)
{
	return event_page__stats(s->page);
}

const struct event_merge_stats *event_stream__merge_stats(const struct event_stream *s)
{
	return event_merge__stats(s->merge);
}

const struct event_perfetto_stats *event_stream__perfetto_stats(const struct event_stream *s)
{
	static const struct event_perfetto_stats none;

	return s->perfetto ? event_perfetto__stats(s->perfetto) : &none;
}

bool event_stream__whole(const struct event_stream *s)
{
	const struct event_totals *t = event_state__totals(s->state);

	for (uint32_t i = 0; i <= EVENT_HOLE_MEMORY; i++)
		if (t->holes[i])
			return false;
	return t->active && !s->stats.strangers && !event_merge__stats(s->merge)->no_memory;
}

bool event_stream__complete(const struct event_stream *s)
{
	return event_stream__whole(s) && !event_state__totals(s->state)->inconsistent;
}
