/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events by hand: what tests of the event consumers are fed with.
 */
#ifndef EVENT_FEED_H
#define EVENT_FEED_H

#include <stdlib.h>
#include <string.h>

#include "host/event_state.h"

#define US	1000ull
#define MS	1000000ull
#define SEC	1000000000ull

#define RUNNABLE	0u
#define PREEMPTED	0x10000u	/* with KTSTR_EVF_PREEMPT */
#define ASLEEP		1u
#define DEAD		0x80u

#define FEED_PIDS	1024u
#define FEED_CPUS	64u

/*
 * Where events go: to every consumer that is there. What tasks ran is added up here, as a
 * kernel does it, less what a test says was stolen.
 */
struct feed {
	event_record_fn fn[2];
	void *arg[2];
	uint64_t ran[FEED_PIDS], since[FEED_CPUS];
};

static inline void feed_any(struct feed *f, uint32_t cpu, uint64_t t, const void *ev, uint32_t len)
{
	uint64_t copy[KTSTR_EV_SIZE_MAX / 8];
	struct event_record r = { .time_ns = t, .cpu = cpu, .len = len, .ev = (void *)copy };

	memcpy(copy, ev, len);
	for (int i = 0; i < 2; i++)
		if (f->fn[i])
			f->fn[i](f->arg[i], &r);
}

#define FEED(_f, _cpu, _t, _ev) feed_any(_f, _cpu, _t, &(_ev), sizeof(_ev))

/* Of what the task on @cpu runs there so much is the host's. */
static inline void feed_steal(struct feed *f, uint32_t cpu, uint64_t ns)
{
	f->since[cpu % FEED_CPUS] += ns;
}

/* The CPU time of @prev, which leaves @cpu at @t. */
static inline uint32_t feed_ran(struct feed *f, uint32_t cpu, uint64_t t, uint32_t prev)
{
	uint64_t *ran = &f->ran[prev % FEED_PIDS], *since = &f->since[cpu % FEED_CPUS];

	if (*since && t > *since)
		*ran += t - *since;
	*since = t;
	return (uint32_t)(*ran >> KTSTR_EV_RAN_SHIFT);
}

static inline void feed_switch(struct feed *f, uint32_t cpu, uint64_t t, uint32_t prev,
			       uint32_t state, uint32_t next)
{
	struct ktstr_ev_switch ev = {
		.h = { .type = KTSTR_EV_SWITCH, .arg = state & 0xffff, .pid = prev,
		       .flags = state == PREEMPTED ? KTSTR_EVF_PREEMPT : 0 },
		.next_pid = next, .prev_prio = 120, .next_prio = 120,
		.prev_ran = feed_ran(f, cpu, t, prev),
	};

	FEED(f, cpu, t, ev);
}

static inline void feed_wake(struct feed *f, uint32_t type, uint32_t on, uint64_t t, uint32_t pid,
			     uint32_t cpu, uint32_t waker)
{
	struct ktstr_ev_wake ev = {
		.h = { .type = type, .arg = cpu, .pid = pid }, .waker = waker,
	};

	FEED(f, on, t, ev);
}

static inline void feed_task(struct feed *f, uint32_t type, uint32_t on, uint64_t t, uint32_t pid,
			     uint32_t peer, uint64_t cgroup, const char *comm)
{
	struct ktstr_ev_task ev = {
		.h = { .type = type, .pid = pid }, .peer = peer, .tgid = pid, .prio = 120,
		.cgroup = cgroup,
	};

	strncpy(ev.comm, comm, sizeof(ev.comm) - 1);
	FEED(f, on, t, ev);
}

static inline void feed_affinity(struct feed *f, uint32_t on, uint64_t t, uint32_t pid,
				 uint64_t mask)
{
	struct ktstr_ev_affinity ev = {
		.h = { .type = KTSTR_EV_AFFINITY, .pid = pid },
		.nr_cpus = __builtin_popcountll(mask), .mask = mask,
	};

	FEED(f, on, t, ev);
}

static inline void feed_cgroup(struct feed *f, uint32_t on, uint64_t t, uint64_t id,
			       const char *path)
{
	struct ktstr_ev_cgroup ev = { .h = { .type = KTSTR_EV_CGROUP }, .id = id };

	strncpy(ev.path, path, sizeof(ev.path) - 1);
	FEED(f, on, t, ev);
}

static inline void feed_throttle(struct feed *f, uint32_t on, uint64_t t, uint64_t id, bool begins)
{
	struct ktstr_ev_throttle ev = {
		.h = { .type = KTSTR_EV_THROTTLE, .flags = begins ? KTSTR_EVF_ON : 0 },
		.cgroup = id,
	};

	FEED(f, on, t, ev);
}

static inline void feed_mark(struct feed *f, uint32_t on, uint64_t t, uint64_t id, uint64_t arg)
{
	struct ktstr_ev_mark ev = {
		.h = { .type = KTSTR_EV_MARK, .pid = 1 }, .id = id, .arg = arg,
	};

	FEED(f, on, t, ev);
}

static inline void feed_cpu(struct feed *f, uint32_t cpu, uint64_t t, enum ktstr_cpu_step step)
{
	struct ktstr_event ev = { .type = KTSTR_EV_CPU, .arg = step };

	FEED(f, cpu, t, ev);
}

static inline void feed_migrate(struct feed *f, uint32_t on, uint64_t t, uint32_t pid,
				uint32_t from, uint32_t to)
{
	struct ktstr_ev_migrate ev = {
		.h = { .type = KTSTR_EV_MIGRATE, .arg = to, .pid = pid }, .from_cpu = from,
	};

	FEED(f, on, t, ev);
}

static inline uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif /* EVENT_FEED_H */
