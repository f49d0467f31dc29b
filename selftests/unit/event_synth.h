/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run that never was: tasks of some cgroups sleep, are woken, wait and run on CPUs,
 * and all of it goes through an event_stream as plain frames would.
 */
#ifndef EVENT_SYNTH_H
#define EVENT_SYNTH_H

#include <stdio.h>

#include <ktstr/wire.h>

#include "event_feed.h"
#include "host/event_stream.h"

#define SYNTH_CPUS	64u
#define SYNTH_TASKS	256u
#define SYNTH_BYTES	32768u
#define SYNTH_T0	(5 * SEC)
#define SYNTH_NEVER	UINT64_MAX

/**
 * struct synth_opts - what kind of run
 * @topology: at most SYNTH_CPUS
 * @seed: not 0
 * @length_ns: of it
 * @pace_ns: a slice or a sleep is about that long
 * @nr_tasks: at most SYNTH_TASKS
 * @nr_cgroups: they are in
 * @comm, @path: what tasks and cgroups are all called; NULL: something sensible
 * @trouble: a task starves, a CPU idles beside a waiting one, frames are missing
 */
struct synth_opts {
	struct ktstr_topology topology;
	uint64_t seed, length_ns, pace_ns;
	uint32_t nr_tasks, nr_cgroups;
	const char *comm, *path;
	bool trouble;
};

struct synth_task {
	uint64_t wakes_ns, waits_ns;	/* SYNTH_NEVER: it does not */
	uint32_t cpu;
};

struct synth {
	struct synth_opts o;
	struct event_stream *s;
	struct feed f;
	uint32_t nr_cpus;
	uint64_t seed;
	struct synth_task task[SYNTH_TASKS];
	uint32_t runs[SYNTH_CPUS];	/* task + 1, 0 idle */
	uint64_t next_ns[SYNTH_CPUS];
	uint32_t seq[SYNTH_CPUS];
	size_t len[SYNTH_CPUS];
	uint8_t data[SYNTH_CPUS][SYNTH_BYTES];
};

static inline void synth_flush(struct synth *y)
{
	for (uint32_t cpu = 0; cpu < y->nr_cpus; cpu++) {
		struct assembler_frame f = {
			.type = KTSTR_T_EVNT, .stream = 1 + cpu, .seq = y->seq[cpu]++,
			.flags = KTSTR_F_PLAIN, .data = y->data[cpu], .len = y->len[cpu],
		};

		event_stream__frame(y->s, &f);
		y->len[cpu] = 0;
	}
}

static inline void synth_put(void *arg, const struct event_record *r)
{
	struct ktstr_ev_plain h = { .time_ns = r->time_ns, .len = r->len };
	struct synth *y = arg;

	if (y->len[r->cpu] + sizeof(h) + r->len > SYNTH_BYTES)
		synth_flush(y);
	memcpy(y->data[r->cpu] + y->len[r->cpu], &h, sizeof(h));
	memcpy(y->data[r->cpu] + y->len[r->cpu] + sizeof(h), r->ev, r->len);
	y->len[r->cpu] += sizeof(h) + r->len;
}

/* Mostly short, now and then ten or a hundred times as long. */
static inline uint64_t synth_span(struct synth *y, uint64_t about_ns)
{
	uint64_t ns = about_ns / 8 + next_random(&y->seed) % (about_ns + 1);

	for (int i = 0; i < 2 && next_random(&y->seed) % 16 == 0; i++)
		ns *= 4;
	return ns + 1;
}

static inline void synth_names(struct synth *y)
{
	static const char * const paths[] = {
		"/", "/ktstr/web", "/ktstr/batch", "/ktstr/db", "/ktstr/cron", "/ktstr/build",
		"/ktstr/monitor", "/ktstr/logs", "/ktstr/backup", "/ktstr/mail",
	};
	static const char * const comms[] = {
		"kworker/u8:1", "nginx", "stress-ng", "postgres", "cron", "cc1", "prometheus",
		"journald", "restic", "dovecot",
	};
	char name[KTSTR_EV_COMM];

	for (uint32_t i = 0; i < y->o.nr_cgroups; i++)
		feed_cgroup(&y->f, 0, SYNTH_T0, 1 + i, y->o.path ? y->o.path : paths[i % 10]);
	for (uint32_t i = 0; i < y->o.nr_tasks; i++) {
		uint32_t cg = i % y->o.nr_cgroups;

		snprintf(name, sizeof(name), "%s", y->o.comm ? y->o.comm : comms[cg % 10]);
		feed_task(&y->f, KTSTR_EV_TASK, 0, SYNTH_T0, 100 + i, 0, 1 + cg, name);
		y->task[i] = (struct synth_task){
			.wakes_ns = SYNTH_T0 + synth_span(y, y->o.pace_ns), .waits_ns = SYNTH_NEVER,
		};
	}
}

static inline void synth_scx(struct synth *y, uint64_t t, bool on, uint64_t count)
{
	struct ktstr_ev_scx_state st = {
		.h = { .type = KTSTR_EV_SCX_STATE, .flags = on ? KTSTR_EVF_ON : 0,
		       .arg = on ? 0 : 64 },
	};
	struct ktstr_ev_scx_counter c = {
		.h = { .type = KTSTR_EV_SCX_COUNTER }, .value = count,
		.name = "SCX_EV_SELECT_CPU_FALLBACK",
	};

	strncpy(st.name, y->o.comm ? y->o.comm : "simple", sizeof(st.name) - 1);
	if (!on)
		strncpy(st.reason, y->o.comm ? y->o.comm : "unregistered from user space",
			sizeof(st.reason) - 1);
	FEED(&y->f, 0, t, st);
	FEED(&y->f, 0, t, c);
}

/* Trouble keeps one task waiting, and CPU 1 from taking anything, for a tenth of the run. */
static inline bool synth_stalled(const struct synth *y, uint32_t cpu, uint64_t t)
{
	uint64_t at = t - SYNTH_T0;

	return y->o.trouble && cpu == 1 && at > y->o.length_ns / 2 &&
	       at < y->o.length_ns / 2 + y->o.length_ns / 10;
}

static inline uint32_t synth_pick(struct synth *y, uint32_t cpu, uint64_t t)
{
	uint32_t best = 0;
	uint64_t since = SYNTH_NEVER;

	if (synth_stalled(y, cpu, t))
		return 0;
	for (uint32_t i = 0; i < y->o.nr_tasks; i++) {
		if (y->task[i].waits_ns < since && y->task[i].waits_ns <= t &&
		    !(y->o.trouble && i == 3 && t - SYNTH_T0 > y->o.length_ns * 2 / 5 &&
		      t - SYNTH_T0 < y->o.length_ns * 3 / 5)) {
			best = i + 1;
			since = y->task[i].waits_ns;
		}
	}
	return best;
}

static inline void synth_switch(struct synth *y, uint32_t cpu, uint64_t t)
{
	uint32_t was = y->runs[cpu], next = synth_pick(y, cpu, t);
	bool stays = was && next_random(&y->seed) % 4 == 0;
	struct ktstr_ev_scx_dispatch d = { .h = { .type = KTSTR_EV_SCX_DISPATCH } };

	uint64_t slice = y->o.pace_ns / (1 + (next - 1) % y->o.nr_cgroups) + 1;

	y->next_ns[cpu] = next ? t + synth_span(y, slice) : SYNTH_NEVER;
	if (next == was && !next)
		return;
	if (next) {
		d.h.pid = 99 + next;
		d.h.arg = next_random(&y->seed) % 3;
		FEED(&y->f, cpu, t, d);
		y->task[next - 1].waits_ns = SYNTH_NEVER;
	}
	feed_switch(&y->f, cpu, t, was ? 99 + was : 0, stays ? PREEMPTED : ASLEEP,
		    next ? 99 + next : 0);
	if (stays)
		y->task[was - 1].waits_ns = t;
	else if (was)
		y->task[was - 1].wakes_ns = t + synth_span(y, y->o.pace_ns * 2);
	if (was)
		y->task[was - 1].cpu = cpu;
	y->runs[cpu] = next;
	if (!next && stays)
		y->next_ns[cpu] = t + 3 * US;
}

static inline void synth_wake(struct synth *y, uint32_t i, uint64_t t)
{
	uint32_t cpu = y->task[i].cpu;

	for (uint32_t c = 0; c < y->nr_cpus && y->runs[cpu]; c++)
		cpu = (cpu + 1) % y->nr_cpus;
	feed_wake(&y->f, KTSTR_EV_WAKING, cpu, t, 100 + i, cpu, 0);
	feed_wake(&y->f, KTSTR_EV_WAKEUP, cpu, t, 100 + i, cpu, 0);
	y->task[i].wakes_ns = SYNTH_NEVER;
	y->task[i].waits_ns = t;
	if (!y->runs[cpu] && y->next_ns[cpu] == SYNTH_NEVER)
		y->next_ns[cpu] = t + synth_span(y, 4 * US);
}

/* Return: when the next thing happens; @cpu or @task, whichever is not ~0, does it. */
static inline uint64_t synth_next(const struct synth *y, uint32_t *cpu, uint32_t *task)
{
	uint64_t t = SYNTH_NEVER;

	*cpu = *task = ~0u;
	for (uint32_t i = 0; i < y->nr_cpus; i++) {
		if (y->next_ns[i] < t) {
			t = y->next_ns[i];
			*cpu = i;
		}
	}
	for (uint32_t i = 0; i < y->o.nr_tasks; i++) {
		if (y->task[i].wakes_ns < t) {
			t = y->task[i].wakes_ns;
			*task = i;
			*cpu = ~0u;
		}
	}
	return t;
}

static inline void synth_play(struct synth *y)
{
	uint64_t t, end = SYNTH_T0 + y->o.length_ns, tenth = 0;
	uint32_t cpu, task;

	while ((t = synth_next(y, &cpu, &task)) < end) {
		if (task != ~0u)
			synth_wake(y, task, t);
		else
			synth_switch(y, cpu, t);
		if (y->o.trouble && (t - SYNTH_T0) / (y->o.length_ns / 40 + 1) > tenth) {
			tenth = (t - SYNTH_T0) / (y->o.length_ns / 40 + 1);
			synth_flush(y);
			y->seq[0] += tenth == 31;
			for (uint32_t i = 0; i < y->nr_cpus; i++)
				if (y->next_ns[i] == SYNTH_NEVER)
					y->next_ns[i] = t + 2 * US;
		}
	}
}

/** synth_run() - play a run to its end; return: the finished stream, NULL without memory */
static inline struct event_stream *synth_run(const struct synth_opts *o)
{
	struct event_stream_opts so = {
		.sz = sizeof(so), .state = {
			.topology = o->topology, .starve_bound_ns = 50 * MS,
			.idle_bound_ns = 10 * MS,
		},
	};
	struct synth *y = calloc(1, sizeof(*y));
	struct event_stream *s = event_stream__new(&so);

	if (y && s) {
		y->o = *o;
		y->s = s;
		y->seed = o->seed;
		y->nr_cpus = ktstr_topology__nr_cpus(&o->topology);
		y->f = (struct feed){ .fn = { synth_put }, .arg = { y } };
		memset(y->next_ns, 0xff, sizeof(y->next_ns));
		feed_mark(&y->f, 0, SYNTH_T0, KTSTR_MARK_WINDOW_BEGIN, 0);
		synth_names(y);
		synth_scx(y, SYNTH_T0, true, 5);
		synth_play(y);
		synth_scx(y, SYNTH_T0 + o->length_ns, false, 1234);
		feed_mark(&y->f, 0, SYNTH_T0 + o->length_ns, KTSTR_MARK_WINDOW_END, 0);
		synth_flush(y);
		event_stream__finish(s);
	}
	free(y);
	return s;
}

#endif /* EVENT_SYNTH_H */
