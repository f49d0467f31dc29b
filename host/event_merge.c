// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of chunks per CPU, and a heap of those CPUs that have something queued,
 * the one with the oldest record on top.
 */
#include <stdlib.h>
#include <string.h>

#include <ktstr/topology.h>

#include "event_merge.h"

#define CHUNK_BYTES	(16u << 10)
#define CHUNK_ROOM	(CHUNK_BYTES - sizeof(struct chunk))

struct chunk {
	struct chunk *next;
	uint32_t used;
	uint32_t read;
	uint64_t data[];
};

/* In a chunk, before a record padded to 8 bytes. @hole: enum event_hole_kind, 0 a record */
struct item {
	uint64_t time_ns;
	uint32_t len;
	uint32_t hole;
};

/*
 * @last_ns: time of the last record added
 * @watermark_ns: nothing earlier will come
 * @told_late: a hole has been handed on for those that came late
 */
struct stream {
	struct chunk *head, *tail;
	uint64_t last_ns;
	uint64_t watermark_ns;
	bool told_late;
};

struct event_merge {
	struct event_merge_opts opts;
	struct event_merge_stats stats;
	uint64_t newest_ns;		/* of all CPUs */
	uint64_t handed_ns;		/* time of the last one handed on */
	uint32_t nr_heap;
	uint16_t heap[KTSTR_CPUS_MAX];	/* CPUs; every one that has something queued */
	struct stream streams[];
};

_Static_assert(KTSTR_CPUS_MAX <= UINT16_MAX, "a CPU is a word of the heap");

struct event_merge *event_merge__new(const struct event_merge_opts *opts)
{
	size_t least = 2ull * CHUNK_BYTES * opts->nr_cpus;
	struct event_merge *m;

	if (!opts->nr_cpus || opts->nr_cpus > KTSTR_CPUS_MAX)
		return NULL;
	m = calloc(1, sizeof(*m) + opts->nr_cpus * sizeof(m->streams[0]));
	if (!m)
		return NULL;
	m->opts = *opts;
	if (!m->opts.horizon_ns)
		m->opts.horizon_ns = EVENT_MERGE_HORIZON_NS;
	if (!m->opts.max_bytes)
		m->opts.max_bytes = EVENT_MERGE_MAX_BYTES;
	if (m->opts.max_bytes < least)
		m->opts.max_bytes = least;
	return m;
}

void event_merge__free(struct event_merge *m)
{
	struct chunk *c;

	if (!m)
		return;
	for (uint32_t cpu = 0; cpu < m->opts.nr_cpus; cpu++) {
		while ((c = m->streams[cpu].head)) {
			m->streams[cpu].head = c->next;
			free(c);
		}
	}
	free(m);
}

const struct event_merge_stats *event_merge__stats(const struct event_merge *m)
{
	return &m->stats;
}

static const struct item *first_of(const struct stream *s)
{
	return (const void *)((const uint8_t *)s->head->data + s->head->read);
}

static uint64_t key_of(const struct event_merge *m, uint32_t at)
{
	return first_of(&m->streams[m->heap[at]])->time_ns;
}

/* Of two at the same time the lower CPU is first: the order is the same every time. */
static bool is_before(const struct event_merge *m, uint32_t a, uint32_t b)
{
	uint64_t ta = key_of(m, a), tb = key_of(m, b);

	return ta < tb || (ta == tb && m->heap[a] < m->heap[b]);
}

static void heap_swap(struct event_merge *m, uint32_t a, uint32_t b)
{
	uint16_t cpu = m->heap[a];

	m->heap[a] = m->heap[b];
	m->heap[b] = cpu;
}

static void heap_up(struct event_merge *m, uint32_t at)
{
	while (at && is_before(m, at, (at - 1) / 2)) {
		heap_swap(m, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void heap_down(struct event_merge *m, uint32_t at)
{
	for (;;) {
		uint32_t best = at, kid = 2 * at + 1;

		if (kid < m->nr_heap && is_before(m, kid, best))
			best = kid;
		if (kid + 1 < m->nr_heap && is_before(m, kid + 1, best))
			best = kid + 1;
		if (best == at)
			return;
		heap_swap(m, at, best);
		at = best;
	}
}

static size_t item_bytes(uint32_t len)
{
	return sizeof(struct item) + ((len + 7) & ~7u);
}

static void hand_on(struct event_merge *m, uint32_t cpu, const struct item *it)
{
	const uint64_t *data = (const uint64_t *)(it + 1);
	struct event_record rec = {
		.time_ns = it->time_ns, .cpu = cpu, .len = it->len, .ev = (const void *)data,
	};
	struct event_hole hole = { .time_ns = it->time_ns, .cpu = cpu, .kind = it->hole };

	m->handed_ns = it->time_ns;
	if (!it->hole) {
		m->stats.records++;
		m->opts.record(m->opts.arg, &rec);
		return;
	}
	hole.count = data[0];
	m->stats.holes++;
	m->opts.hole(m->opts.arg, &hole);
}

static void drop_chunk(struct event_merge *m, struct stream *s)
{
	struct chunk *c = s->head;

	s->head = c->next;
	if (!s->head)
		s->tail = NULL;
	free(c);
	m->stats.bytes -= CHUNK_BYTES;
}

/* Hand on the oldest of all. Return: its CPU. */
static uint32_t pop(struct event_merge *m)
{
	uint32_t cpu = m->heap[0];
	struct stream *s = &m->streams[cpu];
	const struct item *it = first_of(s);

	hand_on(m, cpu, it);
	m->stats.waiting--;
	s->head->read += item_bytes(it->len);
	if (s->head->read == s->head->used)
		drop_chunk(m, s);
	if (!s->head)
		m->heap[0] = m->heap[--m->nr_heap];
	heap_down(m, 0);
	return cpu;
}

static bool has_room(const struct stream *s, uint32_t len)
{
	return s->tail && s->tail->used + item_bytes(len) <= CHUNK_ROOM;
}

/* Another chunk may be had after this; the time may have moved on. */
static void make_room(struct event_merge *m)
{
	while (m->stats.bytes + CHUNK_BYTES > m->opts.max_bytes && m->nr_heap) {
		m->stats.forced++;
		pop(m);
	}
}

static struct chunk *new_chunk(struct event_merge *m)
{
	struct chunk *c = malloc(CHUNK_BYTES);

	if (!c)
		return NULL;
	c->next = NULL;
	c->used = c->read = 0;
	m->stats.bytes += CHUNK_BYTES;
	if (m->stats.bytes > m->stats.bytes_max)
		m->stats.bytes_max = m->stats.bytes;
	return c;
}

/* Where an item goes at the end of a stream, NULL without memory. */
static struct item *place_of(struct event_merge *m, struct stream *s, uint32_t len)
{
	struct chunk *c;

	if (!has_room(s, len)) {
		c = new_chunk(m);
		if (!c)
			return NULL;
		if (s->tail)
			s->tail->next = c;
		else
			s->head = c;
		s->tail = c;
	}
	return (void *)((uint8_t *)s->tail->data + s->tail->used);
}

static void append(struct event_merge *m, uint32_t cpu, const struct item *it, const void *data)
{
	struct stream *s = &m->streams[cpu];
	struct item *at = place_of(m, s, it->len);
	bool was_empty;

	if (!at) {
		m->stats.no_memory++;
		return;
	}
	was_empty = s->head->read == s->head->used;
	*at = *it;
	memcpy(at + 1, data, it->len);
	s->tail->used += item_bytes(it->len);
	m->stats.waiting++;
	if (was_empty) {
		m->heap[m->nr_heap++] = cpu;
		heap_up(m, m->nr_heap - 1);
	}
}

static void drop_late(struct event_merge *m, const struct event_record *rec)
{
	struct stream *s = &m->streams[rec->cpu];
	struct event_hole hole = {
		.time_ns = m->handed_ns, .cpu = rec->cpu, .kind = EVENT_HOLE_LATE,
	};

	m->stats.late++;
	if (s->told_late)
		return;
	s->told_late = true;
	m->stats.holes++;
	m->opts.hole(m->opts.arg, &hole);
}

void event_merge__add(void *arg, const struct event_record *rec)
{
	struct event_merge *m = arg;
	struct item it = { .time_ns = rec->time_ns, .len = rec->len };
	struct stream *s;

	if (rec->cpu >= m->opts.nr_cpus || rec->len > KTSTR_EV_SIZE_MAX)
		return;
	s = &m->streams[rec->cpu];
	if (it.time_ns < s->last_ns) {
		/* An interrupt between taking the time and the room. */
		m->stats.backwards++;
		it.time_ns = s->last_ns;
	}
	s->last_ns = it.time_ns;
	if (it.time_ns > m->newest_ns)
		m->newest_ns = it.time_ns;
	if (!has_room(s, it.len))
		make_room(m);
	if (it.time_ns < m->handed_ns) {
		drop_late(m, rec);
		return;
	}
	s->told_late = false;
	append(m, rec->cpu, &it, rec->ev);
}

void event_merge__hole(struct event_merge *m, uint32_t cpu, enum event_hole_kind kind,
		       uint64_t count)
{
	struct item it = { .len = sizeof(count), .hole = kind };

	if (cpu >= m->opts.nr_cpus)
		return;
	if (!has_room(&m->streams[cpu], it.len))
		make_room(m);
	it.time_ns = m->streams[cpu].last_ns;
	/* Its place may be past already; it is still in front of the next record. */
	if (it.time_ns < m->handed_ns)
		it.time_ns = m->handed_ns;
	append(m, cpu, &it, &count);
}

void event_merge__watermark(struct event_merge *m, uint32_t cpu, uint64_t time_ns)
{
	if (cpu >= m->opts.nr_cpus)
		return;
	if (time_ns > m->streams[cpu].watermark_ns)
		m->streams[cpu].watermark_ns = time_ns;
	if (time_ns > m->newest_ns)
		m->newest_ns = time_ns;
}

/* Nothing before this time will come from a CPU that has nothing queued. */
static uint64_t bound_of(const struct event_merge *m, uint32_t cpu)
{
	const struct stream *s = &m->streams[cpu];
	uint64_t bound = s->last_ns > s->watermark_ns ? s->last_ns : s->watermark_ns;
	uint64_t silent = 0;

	if (m->newest_ns > m->opts.horizon_ns)
		silent = m->newest_ns - m->opts.horizon_ns;
	return bound > silent ? bound : silent;
}

static uint64_t bound_of_all(const struct event_merge *m)
{
	uint64_t least = UINT64_MAX, bound;

	for (uint32_t cpu = 0; cpu < m->opts.nr_cpus; cpu++) {
		if (m->streams[cpu].head)
			continue;
		bound = bound_of(m, cpu);
		if (bound < least)
			least = bound;
	}
	return least;
}

void event_merge__run(struct event_merge *m)
{
	uint64_t bound = bound_of_all(m), other;
	uint32_t cpu;

	/* At the bound itself one of a lower CPU may still come. */
	while (m->nr_heap && key_of(m, 0) < bound) {
		cpu = pop(m);
		if (m->streams[cpu].head)
			continue;
		other = bound_of(m, cpu);
		if (other < bound)
			bound = other;
	}
}

void event_merge__flush(struct event_merge *m)
{
	while (m->nr_heap)
		pop(m);
}
