// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages are the kernel's struct buffer_data_page (kernel/trace/ring_buffer.c) as
 * every 64-bit little endian kernel has them: time, fill level, events. An event
 * is a word of five bits of type and 27 bits of time, and what its type says
 * (include/linux/ring_buffer.h).
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <traceevent/kbuffer.h>

#include <ktstr/wire.h>

#include "event_page.h"

#define PAGE_HEAD	16u		/* u64 time_stamp, long commit */
#define COMMIT_MASK	((1u << 27) - 1)	/* kbuffer's idea of the fill level */
#define MISSED_EVENTS	(1ull << 31)
#define MISSED_STORED	(1ull << 30)	/* a long behind the last event says how many */
#define TYPE_BITS	5u

/*
 * kbuffer reads an event's second word before it looks at the end: room for it, and
 * for a long at the end, whatever there is.
 */
#define SLACK		16u

struct event_page {
	struct kbuffer *kbuf;
	struct event_page_stats stats;
	uint32_t cpu;
	event_record_fn fn;
	void *arg;
	uint64_t record[KTSTR_EV_SIZE_MAX / 8];	/* aligned copy */
	uint64_t page[(EVENT_PAGE_MAX + SLACK) / 8];
};

struct event_page *event_page__new(void)
{
	struct event_page *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->kbuf = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	if (!p->kbuf) {
		free(p);
		return NULL;
	}
	return p;
}

void event_page__free(struct event_page *p)
{
	if (!p)
		return;
	kbuffer_free(p->kbuf);
	free(p);
}

const struct event_page_stats *event_page__stats(const struct event_page *p)
{
	return &p->stats;
}

size_t event_page__size(unsigned int type)
{
	static const uint8_t sizes[KTSTR_EV_NR] = {
		[KTSTR_EV_SWITCH]	= sizeof(struct ktstr_ev_switch),
		[KTSTR_EV_WAKING]	= sizeof(struct ktstr_ev_wake),
		[KTSTR_EV_WAKEUP]	= sizeof(struct ktstr_ev_wake),
		[KTSTR_EV_NEW]		= sizeof(struct ktstr_ev_wake),
		[KTSTR_EV_MIGRATE]	= sizeof(struct ktstr_ev_migrate),
		[KTSTR_EV_FORK]		= sizeof(struct ktstr_ev_task),
		[KTSTR_EV_EXEC]		= sizeof(struct ktstr_ev_task),
		[KTSTR_EV_EXIT]		= sizeof(struct ktstr_ev_task),
		[KTSTR_EV_TASK]		= sizeof(struct ktstr_ev_task),
		[KTSTR_EV_CGROUP_ATTACH] = sizeof(struct ktstr_ev_task),
		[KTSTR_EV_CGROUP]	= sizeof(struct ktstr_ev_cgroup),
		[KTSTR_EV_IDLE]		= sizeof(struct ktstr_event),
		[KTSTR_EV_PRIO]		= sizeof(struct ktstr_ev_prio),
		[KTSTR_EV_AFFINITY]	= sizeof(struct ktstr_ev_affinity),
		[KTSTR_EV_THROTTLE]	= sizeof(struct ktstr_ev_throttle),
		[KTSTR_EV_SCX_STATE]	= sizeof(struct ktstr_ev_scx_state),
		[KTSTR_EV_SCX_DISPATCH]	= sizeof(struct ktstr_ev_scx_dispatch),
		[KTSTR_EV_SCX_COUNTER]	= sizeof(struct ktstr_ev_scx_counter),
		[KTSTR_EV_MARK]		= sizeof(struct ktstr_ev_mark),
		[KTSTR_EV_CPU]		= sizeof(struct ktstr_event),
	};

	return type < KTSTR_EV_NR ? sizes[type] : 0;
}

static void hand_on(struct event_page *p, uint64_t time_ns, const void *data, size_t len)
{
	const struct ktstr_event *ev = (const void *)p->record;
	struct event_record rec = { .time_ns = time_ns, .cpu = p->cpu, .len = len, .ev = ev };
	size_t least;

	if (len < sizeof(*ev) || len > KTSTR_EV_SIZE_MAX) {
		p->stats.malformed_records++;
		return;
	}
	memcpy(p->record, data, len);
	least = event_page__size(ev->type);
	if (!least) {
		p->stats.unknown++;
	} else if (len < least) {
		p->stats.malformed_records++;
	} else {
		p->stats.records++;
		p->fn(p->arg, &rec);
	}
}

static uint32_t word_at(const uint8_t *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof(word));
	return le32toh(word);
}

/* How long an event is on the page, 0: not at all within @left bytes. */
static size_t event_size(const uint8_t *at, size_t left)
{
	uint32_t head, type, array;
	uint64_t size;

	if (left < 4)
		return 0;
	head = word_at(at);
	type = head & ((1u << TYPE_BITS) - 1);
	if (type && type < KBUFFER_TYPE_PADDING)
		return 4 + 4 * type <= left ? 4 + 4 * type : 0;
	/* The others have a second word. */
	if (left < 8)
		return 0;
	array = word_at(at + 4);
	if (type == KBUFFER_TYPE_TIME_EXTEND || type == KBUFFER_TYPE_TIME_STAMP)
		return 8;
	/*
	 * Padding without time has no length: the page ends there. Lengths are of
	 * the second word and what follows it, so 4 at the least; kbuffer rounds
	 * those of events up, and goes on from an odd place after odd padding.
	 */
	if (array < 4 || (type == KBUFFER_TYPE_PADDING && (!(head >> TYPE_BITS) || array % 4)))
		return 0;
	size = 4 + (((uint64_t)array + 3) & ~3ull);
	return size <= left ? size : 0;
}

/* Bytes of events, from the first on, that can be believed. */
static size_t sound_bytes(const uint8_t *events, size_t len)
{
	size_t at = 0, size;

	while (at < len) {
		size = event_size(events + at, len - at);
		if (!size)
			break;
		at += size;
	}
	return at;
}

/*
 * Events missing before the page, as its fill level says; not kbuffer: it forgets
 * them when the page begins with time.
 */
static unsigned int note_missed(struct event_page *p, uint64_t commit, size_t used, size_t room)
{
	uint64_t count;

	if (!(commit & MISSED_EVENTS))
		return 0;
	if (!(commit & MISSED_STORED) || used + sizeof(count) > room) {
		p->stats.missed_unknown++;
		return EVENT_PAGE_MISSED;
	}
	memcpy(&count, (const uint8_t *)p->page + PAGE_HEAD + used, sizeof(count));
	p->stats.missed += le64toh(count);
	return EVENT_PAGE_MISSED;
}

bool event_page__missed(uint32_t flags, const void *data, size_t len)
{
	uint64_t commit;

	if (flags & KTSTR_F_PLAIN || len < PAGE_HEAD)
		return false;
	memcpy(&commit, (const uint8_t *)data + 8, sizeof(commit));
	return le64toh(commit) & MISSED_EVENTS;
}

/* Copy a page, let it end where it is no longer sound, and without flags. */
static unsigned int take_page(struct event_page *p, const void *data, size_t len)
{
	uint64_t commit, sound_le;
	size_t used, sound;
	unsigned int ret;

	memcpy(p->page, data, len);
	memset((uint8_t *)p->page + len, 0, SLACK);
	commit = le64toh(p->page[1]);
	used = commit & COMMIT_MASK;
	ret = note_missed(p, commit, used, len - PAGE_HEAD);
	if (used > len - PAGE_HEAD)
		used = len - PAGE_HEAD;
	sound = sound_bytes((const uint8_t *)p->page + PAGE_HEAD, used);
	if (sound != (commit & COMMIT_MASK))
		ret |= EVENT_PAGE_CUT;
	sound_le = htole64(sound);
	p->page[1] = sound_le;
	return ret;
}

static unsigned int decode_page(struct event_page *p, const void *data, size_t len)
{
	unsigned long long time;
	unsigned int ret;
	void *event;

	if (len < PAGE_HEAD || len > EVENT_PAGE_MAX)
		return EVENT_PAGE_CUT;
	ret = take_page(p, data, len);
	if (kbuffer_load_subbuffer(p->kbuf, p->page))
		return ret | EVENT_PAGE_CUT;
	for (event = kbuffer_read_event(p->kbuf, &time); event;
	     event = kbuffer_next_event(p->kbuf, &time))
		hand_on(p, time, event, kbuffer_event_size(p->kbuf));
	return ret;
}

static unsigned int decode_plain(struct event_page *p, const uint8_t *data, size_t len)
{
	struct ktstr_ev_plain h;

	while (len) {
		if (len < sizeof(h))
			return EVENT_PAGE_CUT;
		memcpy(&h, data, sizeof(h));
		data += sizeof(h);
		len -= sizeof(h);
		if (le32toh(h.len) > len)
			return EVENT_PAGE_CUT;
		hand_on(p, le64toh(h.time_ns), data, le32toh(h.len));
		data += le32toh(h.len);
		len -= le32toh(h.len);
	}
	return 0;
}

unsigned int event_page__decode(struct event_page *p, uint32_t cpu, uint32_t flags,
				const void *data, size_t len, event_record_fn fn, void *arg)
{
	unsigned int ret;

	p->cpu = cpu;
	p->fn = fn;
	p->arg = arg;
	p->stats.pages++;
	ret = flags & KTSTR_F_PLAIN ? decode_plain(p, data, len) : decode_page(p, data, len);
	if (ret & EVENT_PAGE_CUT)
		p->stats.malformed_pages++;
	return ret;
}
