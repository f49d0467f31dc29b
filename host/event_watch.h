/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two promises that a scheduler makes, watched while the events pass: that no CPU
 * idles while a task that may use it waits (work conservation), and that no task
 * waits for ever (starvation). Each is broken when it lasts beyond a bound.
 *
 * Time that bandwidth control keeps a task from running is nobody's fault: a wait
 * begins anew when it is let go.
 */
#ifndef KTSTR_HOST_EVENT_WATCH_H
#define KTSTR_HOST_EVENT_WATCH_H

#include "event_page.h"
#include "event_tasks.h"

#define EVENT_IDLE_BOUND_NS	10000000ull
#define EVENT_STARVE_BOUND_NS	1000000000ull

#define EVENT_BEFORE	24u	/* events told from before a wait became too long */
#define EVENT_AFTER	8u	/* and from before its end */
#define EVENT_OPEN	16u	/* starving tasks at a time whose events are kept */

/** struct event_brief - an event in short: @other is the next pid, the waker, the old CPU */
struct event_brief {
	uint64_t time_ns;
	struct ktstr_event ev;
	uint32_t cpu;
	uint32_t other;
};

/**
 * struct event_starved - a task that waited too long
 * @task: how long, until when; @task.cpu is where it waited
 * @path: of its cgroup
 * @ended: it ran in the end
 * @nr_before, @before: the last events of the CPU where it waited when the bound passed
 * @nr_after, @after: the last events of the CPU where it ran, when it did
 */
struct event_starved {
	struct event_moment task;
	char path[KTSTR_EV_PATH];
	bool ended;
	uint32_t nr_before, nr_after;
	struct event_brief before[EVENT_BEFORE];
	struct event_brief after[EVENT_AFTER];
};

/**
 * struct event_idled - a task that waited while a CPU was idle
 * @task: how long both were so, until when the task waited; @task.cpu is where it waited
 * @idle_cpu: the CPU, of several the one that was idle for the longest
 * @assumed: that the task may use it is not known, only likely
 */
struct event_idled {
	struct event_moment task;
	uint32_t idle_cpu;
	bool assumed;
};

/**
 * struct event_wasted - a CPU idle for a while, in every moment of which a task waited that
 *	may use it: one after the other maybe, but never none
 * @ns: how long; 0: never
 * @at_ns: until when
 * @pid: the task that waited when it began
 *
 * Of tasks whose affinity is known. A detour does not end it, and does not count: what can run
 * on this CPU alone, as a kernel thread of its own, or is real-time, as the harness's writer, is
 * nothing that the scheduler gave it.
 */
struct event_wasted {
	uint64_t ns;
	uint64_t at_ns;
	uint32_t pid;
};

/**
 * struct event_watch - what was seen; read freely, changed by the functions alone
 * @idle_bound_ns, @starve_bound_ns: what is too long
 * @nr_idled: waits during which a CPU idled too long
 * @idled_ns: sum of their times
 * @idled: the longest of them, the longest first
 * @nr_starved: waits that were too long
 * @starved_ns: sum of their times
 * @starved: the longest of them, the longest first
 * @wasted: the longest of each CPU
 */
struct event_watch {
	uint64_t idle_bound_ns, starve_bound_ns;
	uint64_t nr_idled, idled_ns;
	uint32_t nr_worst_idled;
	struct event_idled idled[EVENT_WORST];
	uint64_t nr_starved, starved_ns;
	uint32_t nr_worst_starved;
	struct event_starved starved[EVENT_WORST];
	struct event_wasted wasted[KTSTR_CPUS_MAX];

	/* Internal from here on. */
	uint32_t nr_cpus;
	struct event_link waiting;	/* the longest first */
	struct event_link starving;
	bool open_used[EVENT_OPEN];
	struct event_starved open[EVENT_OPEN];
	uint64_t idle_cpus[EVENT_CPU_WORDS];
	uint64_t idle_since[KTSTR_CPUS_MAX];
	uint64_t now_ns;
	uint32_t nr_anywhere;		/* waiting tasks that may use every CPU */
	uint32_t nr_for[KTSTR_CPUS_MAX];	/* others that may use this one */
	bool wasting[KTSTR_CPUS_MAX];
	uint64_t wasted_since[KTSTR_CPUS_MAX];
	uint32_t wasted_pid[KTSTR_CPUS_MAX];
	uint64_t kept_ns[KTSTR_CPUS_MAX];	/* wasted before a detour, */
	uint64_t kept_lull[KTSTR_CPUS_MAX];	/* and how many lulls there had been by then */
	uint64_t nr_lulls;		/* times that no task was left that may use every CPU */
	uint64_t nr_ring[KTSTR_CPUS_MAX];
	struct event_brief ring[KTSTR_CPUS_MAX][EVENT_BEFORE];
};

/** event_watch__init() - nothing was seen; bounds of 0 are the defaults */
void event_watch__init(struct event_watch *w, uint32_t nr_cpus, uint64_t idle_bound_ns,
		       uint64_t starve_bound_ns);

/** event_watch__restart() - forget what was found, not what is going on: that begins now */
void event_watch__restart(struct event_watch *w);

/** event_watch__event() - an event passes */
void event_watch__event(struct event_watch *w, const struct event_record *rec);

/** event_watch__time() - it is so late now */
void event_watch__time(struct event_watch *w, uint64_t now_ns);

/** event_watch__wait() - nothing but the scheduler keeps @task from running since now */
void event_watch__wait(struct event_watch *w, struct event_task *task, uint64_t now_ns);

/** event_watch__wait_over() - it runs on @cpu, or something else stops it; it may not wait */
void event_watch__wait_over(struct event_watch *w, struct event_task *task, uint64_t now_ns,
			    bool runs, uint32_t cpu);

/** event_watch__forget() - nothing is known of it any more */
void event_watch__forget(struct event_watch *w, struct event_task *task);

/**
 * event_watch__affinity() - where a task may run is about to change
 * @w: watch
 * @task: as it is
 * @nr_allowed, @mask: as it will be; written to @task
 */
void event_watch__affinity(struct event_watch *w, struct event_task *task, uint32_t nr_allowed,
			   uint64_t mask);

/** event_watch__idle() - a CPU is idle from now on */
void event_watch__idle(struct event_watch *w, uint32_t cpu, uint64_t now_ns);

/** event_watch__busy() - a CPU begins with a task, or with what is not known: NULL */
void event_watch__busy(struct event_watch *w, uint32_t cpu, const struct event_task *task);

/** event_watch__idle_over() - it is not, until now it was; or was not; or nothing is known */
void event_watch__idle_over(struct event_watch *w, uint32_t cpu, uint64_t now_ns);

/** event_watch__end() - all that goes on ends now, without having ended */
void event_watch__end(struct event_watch *w, uint64_t now_ns);

#endif /* KTSTR_HOST_EVENT_WATCH_H */
