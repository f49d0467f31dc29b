// SPDX-License-Identifier: GPL-2.0-only
/*
 * Switches faults of scx_ktstr while it runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault_switch.h"

#define MS		1000000ull
#define LOOK_MS		5	/* while an order is out */
#define HITS_MS		100	/* while a fault is armed */
#define AGAIN_MS	500	/* without a sign of life: it may have started anew elsewhere */
#define FINDS_AT_ONCE	64	/* pages that look like it from afar, in one tick */
#define BYTES_AT_ONCE	(32ull << 20)	/* of RAM, likewise, and what one find may pass beyond */
#define SEQ_AHEAD_MAX	(1u << 20)	/* writes that nobody has taken */
#define OPS		"ktstr"

/* How the page begins: magic, version, size. */
struct head {
	__u64 magic;
	__u32 version;
	__u32 size;
};

static const struct head head = {
	.magic = KTSTR_FAULTS_MAGIC, .version = KTSTR_FAULTS_VERSION,
	.size = sizeof(struct ktstr_faults),
};

_Static_assert(sizeof(struct ktstr_faults) <= 4096, "the map is one page");

static bool is_zero(const void *p, size_t len)
{
	const uint8_t *b = p;

	return !*b && !memcmp(b, b + 1, len - 1);
}

/* Nothing in it that no map has: what is no map any more shall not be written. */
static bool is_plausible(const struct ktstr_faults *f)
{
	if (memcmp(f, &head, sizeof(head)) || !f->random || f->armed >> KTSTR_FAULT_NR ||
	    f->seq - f->seq_taken > SEQ_AHEAD_MAX)
		return false;
	for (int i = 0; i < KTSTR_FAULT_NR; i++)
		if (!memchr(f->faults[i].name, '\0', sizeof(f->faults[i].name)) ||
		    f->faults[i].after_ns > FAULT_WORDS_MS_MAX * MS)
			return false;
	return is_zero(&f->faults[KTSTR_FAULT_NR],
		       (KTSTR_FAULTS_ROOM - KTSTR_FAULT_NR) * sizeof(f->faults[0]));
}

/* A copy that the guest does not change; return: it can be the map */
static bool read_map(const struct ktstr_faults *page, struct ktstr_faults *copy)
{
	memcpy(copy, page, sizeof(*copy));
	return is_plausible(copy);
}

/* The same of one that was written: its loader takes the magic away when it ends. */
static bool read_alive(const struct fault_switch *s, struct ktstr_faults *copy)
{
	memcpy(copy, s->alive, sizeof(*copy));
	if (!copy->magic)
		copy->magic = KTSTR_FAULTS_MAGIC;
	return is_plausible(copy);
}

static bool has_work(const struct fault_switch *s)
{
	return s->orders && s->orders->nr && !s->over;
}

static const struct fault_order *current(const struct fault_switch *s)
{
	return s->next < s->orders->nr ? &s->orders->v[s->next] : NULL;
}

static uint64_t due_ns(const struct fault_switch *s)
{
	return s->window_ns + current(s)->at_ms * MS;
}

static void begin_search(struct fault_switch *s)
{
	s->searching = true;
	s->at = 0;
	s->nr = 0;
}

static void note_found(struct fault_switch *s, void *page)
{
	struct ktstr_faults copy;

	if (s->nr == FAULT_SWITCH_FOUND_MAX || !read_map(page, &copy))
		return;
	s->found[s->nr++] = (struct fault_found){ .page = page, .beat = copy.beat };
	s->any = true;
}

/* Part of a search; a guest full of pages that look like it takes its time, not ours. */
static void search(struct fault_switch *s, uint64_t now_ns)
{
	uint64_t enough = s->at + BYTES_AT_ONCE;
	int ret = 1;

	for (int n = 0; ret == 1 && n < FINDS_AT_ONCE && s->at < enough; n++) {
		void *page;

		ret = s->find(s->arg, &head, sizeof(head), &s->at, &page);
		if (ret == 1)
			note_found(s, page);
	}
	if (ret == 1 || ret == -EAGAIN)
		return;
	s->searching = false;
	s->searched_ns = now_ns;
}

/*
 * Hits of what is armed, as long as they can be read. A scheduler that starts anew may get the same
 * page, and counts from 0: what the one before did stays.
 */
static void look(struct fault_switch *s)
{
	struct ktstr_faults copy;

	if (!s->alive || !read_alive(s, &copy))
		return;
	for (int id = 0; id < KTSTR_FAULT_NR; id++) {
		uint64_t hits = copy.faults[id].hits;
		struct fault_done *d;

		if (!s->armed_by[id] || hits < s->base[id])
			continue;
		d = &s->log->v[s->armed_by[id] - 1];
		if (hits - s->base[id] > d->hits)
			d->hits = hits - s->base[id];
	}
}

static void __attribute__((format(printf, 2, 3)))
fail(struct fault_switch *s, const char *fmt, ...)
{
	struct fault_done *d = &s->log->v[s->next++];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->why, sizeof(d->why), fmt, ap);
	va_end(ap);
	d->state = FAULT_FAILED;
}

/* Seen alive a moment ago, and whole. */
static void write_order(struct fault_switch *s, struct ktstr_faults *page,
			const struct ktstr_faults *copy, uint64_t now_ns)
{
	const struct fault_order *o = current(s);
	struct fault_done *d = &s->log->v[s->next];

	if (s->alive != page)
		memset(s->armed_by, 0, sizeof(s->armed_by));
	s->alive = page;
	if (o->arm) {
		s->base[o->id] = copy->faults[o->id].hits;
		s->seq = fault_words__arm(page, o->id, &o->fault);
	} else {
		s->seq = fault_words__disarm(page, o->id);
	}
	d->state = FAULT_WRITTEN;
	d->written_ns = now_ns - s->window_ns;
}

/* Whose beat has changed since the order was due, or since the page was found, lives. */
static void seek(struct fault_switch *s, uint64_t now_ns)
{
	struct ktstr_faults copy;

	for (uint32_t i = 0; i < s->nr; i++)
		if (read_map(s->found[i].page, &copy) && copy.beat != s->found[i].beat)
			return write_order(s, s->found[i].page, &copy, now_ns);
	if (now_ns - s->searched_ns >= AGAIN_MS * MS)
		begin_search(s);
}

static bool is_taken(const struct fault_switch *s)
{
	struct ktstr_faults copy;

	return read_alive(s, &copy) && (int64_t)(copy.seq_taken - s->seq) >= 0;
}

static void note_taken(struct fault_switch *s, uint64_t now_ns)
{
	const struct fault_order *o = current(s);
	struct fault_done *d = &s->log->v[s->next];

	d->state = FAULT_TAKEN;
	d->taken_ns = now_ns - s->window_ns;
	/* What it did until it was off counts. */
	look(s);
	s->armed_by[o->id] = o->arm ? s->next + 1 : 0;
	s->next++;
	look(s);
}

static void note_if_taken(struct fault_switch *s, uint64_t now_ns)
{
	if (current(s) && s->log->v[s->next].state == FAULT_WRITTEN && is_taken(s))
		note_taken(s, now_ns);
}

/* Due: life from now on is what counts. */
static void begin_order(struct fault_switch *s, uint64_t now_ns)
{
	struct ktstr_faults copy;
	uint32_t kept = 0;

	if (*s->ops && strcmp(s->ops, OPS))
		return fail(s, "the scheduler is \"%.40s\", and only that of scx_ktstr has such faults",
			    s->ops);
	s->log->v[s->next].state = FAULT_SEEKING;
	s->deadline_ns = now_ns + FAULT_SWITCH_TIMEOUT_MS * MS;
	for (uint32_t i = 0, n = s->nr; i < n; i++)
		if (read_map(s->found[i].page, &copy))
			s->found[kept++] = (struct fault_found){ s->found[i].page, copy.beat };
	s->nr = kept;
	if (!s->searched_ns)
		begin_search(s);
	else if (s->nr)
		s->searched_ns = now_ns;
}

/* Why an order that is out has not been carried out. */
static const char *what_is_missing(const struct fault_switch *s)
{
	if (s->log->v[s->next].state == FAULT_WRITTEN)
		return "it was written, but the scheduler did not take it";
	return s->any ? "the map of faults that was found in the guest's memory shows no life" :
		       "there is no map of faults of scx_ktstr in the guest's memory";
}

static void step(struct fault_switch *s, uint64_t now_ns)
{
	switch (s->log->v[s->next].state) {
	case FAULT_WAITING:
		if (now_ns >= due_ns(s))
			begin_order(s, now_ns);
		return;
	case FAULT_SEEKING:
		if (!s->searching)
			seek(s, now_ns);
		break;
	default:
		if (is_taken(s))
			return note_taken(s, now_ns);
	}
	if (now_ns >= s->deadline_ns)
		fail(s, "%s within %u ms", what_is_missing(s), FAULT_SWITCH_TIMEOUT_MS);
}

void fault_switch__tick(struct fault_switch *s, uint64_t now_ns)
{
	if (!has_work(s) || now_ns < fault_switch__next_ns(s))
		return;
	if (s->searching)
		search(s, now_ns);
	s->looked_ns = now_ns;
	look(s);
	if (s->window_ns && current(s))
		step(s, now_ns);
}

static bool any_armed(const struct fault_switch *s)
{
	return !is_zero(s->armed_by, sizeof(s->armed_by));
}

uint64_t fault_switch__next_ns(const struct fault_switch *s)
{
	uint64_t next = UINT64_MAX;

	if (!has_work(s))
		return next;
	if (s->searching)
		return 1;	/* at once; 0 would be no time for a timer */
	if (any_armed(s))
		next = s->looked_ns + HITS_MS * MS;
	if (!s->window_ns || !current(s))
		return next;
	if (s->log->v[s->next].state != FAULT_WAITING)
		return s->looked_ns + LOOK_MS * MS;
	return due_ns(s) < next ? due_ns(s) : next;
}

/* What is out now will not be. */
static void give_up(struct fault_switch *s)
{
	while (current(s)) {
		if (s->log->v[s->next].state == FAULT_WAITING)
			fail(s, "the window was over before it was due");
		else
			fail(s, "%s before the window was over", what_is_missing(s));
	}
}

void fault_switch__follow(struct fault_switch *s, const struct evidence *ev, uint64_t now_ns)
{
	if (!has_work(s))
		return;
	/* Before the window, where it disturbs nothing. */
	if (!s->searched_ns && !s->searching &&
	    (evidence__phase_seen(ev, KTSTR_LIFE_SCHED_ATTACHED) || ev->start.seen))
		begin_search(s);
	if (ev->start.seen && !s->window_ns) {
		s->window_ns = now_ns;
		snprintf(s->ops, sizeof(s->ops), "%s", ev->start.sched.ops);
	}
	look(s);
	note_if_taken(s, now_ns);
	if (ev->end.seen) {
		give_up(s);
		s->over = true;
	}
}

void fault_switch__end(struct fault_switch *s, uint64_t now_ns)
{
	if (!has_work(s))
		return;
	look(s);
	note_if_taken(s, now_ns);
	s->over = true;
}
