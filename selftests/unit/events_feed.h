/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest by hand that streams events: its frames go to whoever takes them.
 */
#ifndef EVENTS_FEED_H
#define EVENTS_FEED_H

#include <ktstr/dev.h>
#include <ktstr/wire.h>

#include "event_feed.h"
#include "host/event_file.h"
#include "host/events.h"

#define GUEST_CPUS	2u
#define T0		(5 * SEC)

/* @takers: up to two; @emitted counts records by CPU until they are told by guest_account() */
struct guest {
	assembler_frame_fn takers[2];
	void *args[2];
	struct feed feed;
	uint32_t seq[ASSEMBLER_STREAMS];
	uint64_t emitted[GUEST_CPUS];
	size_t len[GUEST_CPUS];
	uint8_t data[GUEST_CPUS][65536];
};

static inline void guest_frame(struct guest *g, struct assembler_frame f)
{
	for (int i = 0; i < 2; i++)
		if (g->takers[i])
			g->takers[i](g->args[i], &f);
}

static inline void guest_send(struct guest *g, uint32_t type, uint32_t stream, uint32_t flags,
			      const void *data, size_t len)
{
	guest_frame(g, (struct assembler_frame){
		.type = type, .stream = stream, .seq = g->seq[stream]++, .flags = flags,
		.data = data, .len = len,
	});
}

static inline void guest_on_record(void *arg, const struct event_record *r)
{
	struct guest *g = arg;
	struct ktstr_ev_plain h = { .time_ns = r->time_ns, .len = r->len };

	memcpy(g->data[r->cpu] + g->len[r->cpu], &h, sizeof(h));
	memcpy(g->data[r->cpu] + g->len[r->cpu] + sizeof(h), r->ev, r->len);
	g->len[r->cpu] += sizeof(h) + r->len;
	g->emitted[r->cpu]++;
}

static inline struct guest *guest_new(void)
{
	struct guest *g = calloc(1, sizeof(*g));

	g->feed = (struct feed){ .fn = { guest_on_record }, .arg = { g } };
	return g;
}

static inline void guest_helo(struct guest *g)
{
	struct ktstr_helo h = { .nr_cpus = GUEST_CPUS, .release = "6.12.0-test" };

	guest_send(g, KTSTR_T_HELO, 0, 0, &h, sizeof(h));
}

static inline struct ktstr_events_info guest_info(uint32_t path)
{
	return (struct ktstr_events_info){
		.path = path, .nr_cpus = GUEST_CPUS, .page_size = 4096,
		.clock = path == KTSTR_EVENTS_MODULE ? KTSTR_CLOCK_LOCAL : KTSTR_CLOCK_MONO,
		.buffer_bytes = 1 << 20, .wanted = 0xffffe, .attached = 0x7fffe,
		.at = { .why = KTSTR_CLOCK_BEGIN, .valid = KTSTR_CLOCK_HAS_RING,
			.ring_ns = 4 * SEC, .mono_ns = 3 * SEC, .window_ns = 200 },
	};
}

static inline void guest_say_info(struct guest *g, uint32_t path, const char *text)
{
	uint8_t data[sizeof(struct ktstr_events_info) + 4096];
	struct ktstr_events_info in = guest_info(path);

	memcpy(data, &in, sizeof(in));
	memcpy(data + sizeof(in), text, strlen(text));
	guest_send(g, KTSTR_T_EVIN, 0, 0, data, sizeof(in) + strlen(text));
}

/* What the feed has gathered of one CPU. */
static inline void guest_flush(struct guest *g, uint32_t cpu)
{
	guest_send(g, KTSTR_T_EVNT, 1 + cpu, KTSTR_F_PLAIN | KTSTR_F_NOCRC, g->data[cpu],
		   g->len[cpu]);
	g->len[cpu] = 0;
}

static inline void guest_clock(struct guest *g, uint32_t why, uint64_t ring, uint64_t mono)
{
	struct ktstr_clock c = {
		.why = why, .valid = KTSTR_CLOCK_HAS_RING, .ring_ns = ring, .mono_ns = mono,
	};

	guest_send(g, KTSTR_T_CLCK, 0, 0, &c, sizeof(c));
}

/* The final accounts, with so many lost on every CPU. */
static inline void guest_account(struct guest *g, uint64_t lost)
{
	struct ktstr_event_loss l[GUEST_CPUS];

	for (uint32_t i = 0; i < GUEST_CPUS; i++)
		l[i] = (struct ktstr_event_loss){
			.cpu = i, .flags = KTSTR_LOSS_FINAL, .emitted = g->emitted[i] + lost,
			.lost = lost, .sent = g->emitted[i],
		};
	guest_send(g, KTSTR_T_EVLS, 0, 0, l, sizeof(l));
}

/* 200 ms of window: two tasks share CPU 0, one wakes up on CPU 1. */
static inline void guest_story(struct guest *g)
{
	struct feed *f = &g->feed;

	feed_cgroup(f, 1, T0, 5, "/ktstr/a");
	feed_task(f, KTSTR_EV_TASK, 1, T0, 10, 1, 5, "spinner");
	feed_mark(f, 0, T0, KTSTR_MARK_WINDOW_BEGIN, 0);
	feed_switch(f, 1, T0 + 1, 12, ASLEEP, 0);
	feed_switch(f, 0, T0 + 1 * MS, 11, PREEMPTED, 10);
	feed_switch(f, 0, T0 + 101 * MS, 10, ASLEEP, 11);
	guest_flush(g, 1);
	guest_flush(g, 0);
	feed_wake(f, KTSTR_EV_WAKING, 1, T0 + 101 * MS, 12, 1, 0);
	feed_wake(f, KTSTR_EV_WAKEUP, 1, T0 + 101 * MS + 2 * US, 12, 1, 0);
	feed_switch(f, 1, T0 + 101 * MS + 12 * US, 0, RUNNABLE, 12);
	feed_switch(f, 0, T0 + 150 * MS, 11, ASLEEP, 0);
	feed_switch(f, 1, T0 + 199 * MS, 12, ASLEEP, 0);
	feed_mark(f, 0, T0 + 200 * MS, KTSTR_MARK_WINDOW_END, 0);
	guest_flush(g, 0);
	guest_flush(g, 1);
}

/* A run from its first frame to its last. */
static inline void guest_run(struct guest *g)
{
	guest_helo(g);
	guest_say_info(g, KTSTR_EVENTS_BPF, "no scx_counter: this kernel has none\n");
	guest_story(g);
	guest_clock(g, KTSTR_CLOCK_PING, 5 * SEC, 4 * SEC);
	guest_clock(g, KTSTR_CLOCK_END, 14 * SEC, 13 * SEC + 250);
	guest_account(g, 0);
}

/* @wanted of all types, and @filter; what comes contradicts itself, as a part does. */
static inline void guest_part_run(struct guest *g, uint64_t wanted, uint32_t filter)
{
	struct ktstr_events_info in = guest_info(KTSTR_EVENTS_BPF);

	in.wanted = wanted;
	in.filter = filter;
	guest_send(g, KTSTR_T_EVIN, 0, 0, &in, sizeof(in));
	feed_mark(&g->feed, 0, T0, KTSTR_MARK_WINDOW_BEGIN, 0);
	feed_switch(&g->feed, 0, T0 + 1 * MS, 11, PREEMPTED, 10);
	feed_switch(&g->feed, 0, T0 + 2 * MS, 13, ASLEEP, 12);
	feed_mark(&g->feed, 0, T0 + 3 * MS, KTSTR_MARK_WINDOW_END, 0);
	guest_flush(g, 0);
	guest_account(g, 0);
}

#endif /* EVENTS_FEED_H */
