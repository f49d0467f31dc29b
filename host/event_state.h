/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every task and CPU does, followed event by event, and what comes of it:
 * latencies, shares, migrations, broken promises. Takes events in the order of time
 * (event_merge.h) and keeps no event: its memory does not depend on the length of
 * the run.
 *
 * For every CPU and any window, exactly:
 *
 *	time of tasks + time idle + time offline + time unknown == length of the window
 *
 * Where events are missing, what is not known is counted as unknown and never
 * guessed: after a hole nothing is said of a CPU until its next switch, nor of the
 * tasks that were there.
 */
#ifndef KTSTR_HOST_EVENT_STATE_H
#define KTSTR_HOST_EVENT_STATE_H

#include "event_merge.h"
#include "event_tasks.h"
#include "event_watch.h"

enum event_cpu_state {
	EVENT_CPU_UNKNOWN,
	EVENT_CPU_IDLE,
	EVENT_CPU_BUSY,
	EVENT_CPU_OFFLINE,
};

/**
 * event_did_fn() - a CPU did one thing for a while
 * @arg: of struct event_state_opts
 * @cpu: which
 * @what: it did
 * @task: BUSY: with it; NULL when that has no place in the tables
 * @from_ns, @to_ns: when
 */
typedef void (*event_did_fn)(void *arg, uint32_t cpu, enum event_cpu_state what,
			     const struct event_task *task, uint64_t from_ns, uint64_t to_ns);

/**
 * struct event_state_opts - what to follow, and how
 * @sz: sizeof(struct event_state_opts): the structure may grow
 * @topology: CPUs and nodes; its detail must outlive this
 * @max_tasks: tasks with a place of their own at a time; 0: %EVENT_TASKS_MAX
 * @idle_bound_ns: a CPU idle for longer while a task waits is told; 0: 10 ms
 * @starve_bound_ns: a wait longer than this is told; 0: 1 s
 * @wait_for_window: count nothing before event_state__begin() or
 *	%KTSTR_MARK_WINDOW_BEGIN
 * @did: told, with @arg, of every stretch of time of a CPU in the window, in the order of
 *	time on each CPU: exactly what is counted; NULL: nobody
 */
struct event_state_opts {
	size_t sz;
	struct ktstr_topology topology;
	uint32_t max_tasks;
	uint64_t idle_bound_ns;
	uint64_t starve_bound_ns;
	bool wait_for_window;
	event_did_fn did;
	void *arg;
};

/**
 * struct event_cpu - a CPU
 * @state: since @since_ns; BUSY with @pid
 * @task: that one, NULL when it has no place in the tables
 * @last_ns: of its last event
 * @fresh: no event that tells what it does has been seen, and none is missing
 * @switch_ns, @nr_same: time of the last switch, and how many before it had the same
 * @leaving: since KTSTR_CPU_LEAVES, until KTSTR_CPU_ACTIVE: its idling is nobody's fault
 * @account: of what ran here
 * @idle_ns: time without a task
 * @offline_ns: time between KTSTR_CPU_DEAD and KTSTR_CPU_STARTS
 * @unknown_ns: time of which nothing is known
 * @idles: times it became idle
 * @holes: times events were missing
 * @lost: events that the kernel's buffer had no room for, as far as told
 * @lost_told: the same since the buffer was made
 */
struct event_cpu {
	enum event_cpu_state state;
	uint64_t since_ns;
	uint64_t last_ns;
	uint32_t pid;
	struct event_task *task;
	uint64_t switch_ns;
	uint32_t nr_same;
	bool fresh;
	bool leaving;
	struct event_account account;
	uint64_t idle_ns;
	uint64_t offline_ns;
	uint64_t unknown_ns;
	uint64_t idles;
	uint64_t holes;
	uint64_t lost;
	uint64_t lost_told;
};

/*
 * A CPU that switches three times in the same nanosecond has no clock: it stood still, or
 * went back and was held, as kvm-clock is where the host's TSC does not hold. What was measured
 * meanwhile, by the guest's scheduler too, is nonsense: whoever happens to run when it
 * goes on is charged with all of it. A clock of ticks, of 10 ms at most, is none of that.
 */
#define EVENT_STILL_SWITCHES	3u
#define EVENT_STILL_NS		20000000ull

#define EVENT_MARKS	64u
#define EVENT_COUNTERS	64u

/** struct event_mark - KTSTR_EV_MARK, but those of lost events */
struct event_mark {
	uint64_t time_ns, id, arg;
	uint32_t cpu, pid;
};

/** struct event_counter - KTSTR_EV_SCX_COUNTER: @first as first told, @last as told last */
struct event_counter {
	char name[32];
	uint64_t first, last;
};

/**
 * struct event_scx - what sched_ext did
 * @enabled: it is, as far as was told; @name: by which scheduler
 * @enables, @disables: how often
 * @enables_before: of @enables, before the window began
 * @window_enables, @window_disables: in the window
 * @exit_kind, @exit_code, @reason: why it went away the last time
 * @exit_ns: and when
 * @closing: it ended with an error, and its process is still to let go of it
 * @dispatched: by enum ktstr_dsq_kind
 * @nr_counters, @counters: event counters
 */
struct event_scx {
	bool enabled;
	char name[32];
	uint64_t enables, disables;
	uint64_t enables_before, window_enables, window_disables;
	uint32_t exit_kind;
	int64_t exit_code;
	char reason[KTSTR_EV_REASON];
	uint64_t exit_ns;
	bool closing;
	uint64_t dispatched[KTSTR_DSQ_GLOBAL + 1];
	uint32_t nr_counters;
	struct event_counter counters[EVENT_COUNTERS];
};

/**
 * struct event_totals - all CPUs and tasks together
 * @from_ns, @to_ns: the window; @to_ns is the last event's time until it has ended
 * @active: it has begun; @ended: and ended
 * @events: records taken, by type
 * @account: sums and distributions; @account.share adds up all CPUs
 * @migrations: MIGRATE events: tasks that changed runqueues, running or not
 * @inconsistent: switches, and CPUs going and coming, that contradict what was told before
 * @nr_stills: times the guest's clock stood still, see %EVENT_STILL_SWITCHES
 * @still_ns: how far it jumped when it went on, all together
 * @holes: by enum event_hole_kind
 * @nr_marks, @marks: the first of them
 */
struct event_totals {
	uint64_t from_ns, to_ns;
	bool active, ended;
	uint64_t events[KTSTR_EV_NR];
	struct event_account account;
	uint64_t migrations;
	uint64_t inconsistent;
	uint64_t nr_stills, still_ns;
	uint64_t holes[EVENT_HOLE_MEMORY + 1];
	uint64_t nr_marks;
	struct event_mark marks[EVENT_MARKS];
	struct event_scx scx;
};

struct event_state;

/** event_state__new() - return: NULL without memory or for a topology that cannot be */
struct event_state *event_state__new(const struct event_state_opts *opts);

/** event_state__free() - NULL is fine */
void event_state__free(struct event_state *s);

/** event_state__record() - take a record; an event_record_fn */
void event_state__record(void *s, const struct event_record *rec);

/** event_state__hole() - records are missing here; an event_hole_fn */
void event_state__hole(void *s, const struct event_hole *hole);

/**
 * event_state__begin() - the window begins: forget what was counted
 * @s: state
 * @time_ns: when; never before what has been taken already
 *
 * Return: when it really begins.
 */
uint64_t event_state__begin(struct event_state *s, uint64_t time_ns);

/**
 * event_state__end() - the window ends
 * @s: state
 * @time_ns: when; never before what has been taken already: 0 is now
 *
 * What goes on is counted up to here. Nothing is counted after. Return: when it
 * really ends.
 */
uint64_t event_state__end(struct event_state *s, uint64_t time_ns);

/* Results. Times of what still goes on are in there only after event_state__end(). */
const struct event_totals *event_state__totals(const struct event_state *s);
const struct event_watch *event_state__watch(const struct event_state *s);
const struct ktstr_topology *event_state__topology(const struct event_state *s);
uint32_t event_state__nr_cpus(const struct event_state *s);
const struct event_cpu *event_state__cpu(const struct event_state *s, uint32_t cpu);
struct event_tasks *event_state__tasks(const struct event_state *s);

#endif /* KTSTR_HOST_EVENT_STATE_H */
