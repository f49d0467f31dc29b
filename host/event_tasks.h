/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tasks and cgroups that events speak of, in tables of a fixed size.
 *
 * A task that is dead keeps its place until another needs it: what it did has been
 * counted for its cgroup all along. When all places are taken by the living, the
 * next ones are nobody's: they are counted together as "other".
 */
#ifndef KTSTR_HOST_EVENT_TASKS_H
#define KTSTR_HOST_EVENT_TASKS_H

#include "event_metrics.h"

#define EVENT_TASKS_MAX		1024u
#define EVENT_CGROUPS_MAX	256u
#define EVENT_CPU_WORDS		((KTSTR_CPUS_MAX + 63) / 64)

/*
 * A running task is taken off a CPU that it may not use any more by that CPU's stopper thread,
 * which needs that CPU: a vCPU that the host keeps waiting for some 10 ms keeps it too.
 */
#define EVENT_STRAY_GRACE_NS	50000000ull

/**
 * struct event_cgroup - a cgroup
 * @id: 0 is the place of tasks whose cgroup is not known or has no place
 * @path: below the root, clean; empty: not known
 * @throttled: bit of every CPU on which bandwidth control has stopped it
 * @account: of its own tasks, without those of cgroups below it
 * @strayed_ns: time that its tasks ran where they are not allowed to, later than
 *	%EVENT_STRAY_GRACE_NS after that was changed the last time
 * @strayed: the longest such stretch
 */
struct event_cgroup {
	uint64_t id;
	char path[KTSTR_EV_PATH];
	uint64_t throttled[EVENT_CPU_WORDS];
	struct event_account account;
	uint64_t strayed_ns;
	struct event_moment strayed;
};

enum event_task_state {
	EVENT_TASK_UNKNOWN,	/* we have not seen, or events are missing */
	EVENT_TASK_SLEEPING,
	EVENT_TASK_WAITING,	/* runnable, or about to be */
	EVENT_TASK_RUNNING,
	EVENT_TASK_DEAD,
};

/** struct event_link - place in a list of event_watch.h; all NULL: in none */
struct event_link {
	struct event_link *prev, *next;
};

/**
 * struct event_own - a task's CPU time as the kernel's scheduling class counts it
 * @least_ns, @most_ns: it is between the two. The kernel tells it at switches: of a slice
 *	that the window cuts, nobody knows in which part of it time was stolen.
 * @run_ns: struct event_account.run_ns up to which it was told
 */
struct event_own {
	uint64_t least_ns, most_ns, run_ns;
};

/**
 * struct event_task - a task
 * @pid, @tgid, @policy, @prio, @comm: as last told; @comm is clean
 * @described: that was told at all
 * @kthread: a kernel thread
 * @exiting: its next switch is its last
 * @has_affinity: @nr_allowed and @mask (the first 64 CPUs) are known, since @affinity_ns
 * @state: what it does since @since_ns on @cpu
 * @queued: WAITING: it is on a runqueue; else it was told to wake up
 * @wake_pending: RUNNING: somebody wants it to run; it may be on its way to sleep
 * @woken: WAITING: since @woken_ns, by a wakeup
 * @throttled: WAITING: by bandwidth control since @throttled_ns
 * @has_run: on @last_cpu
 * @eligible_ns: WAITING: since when nothing but the scheduler keeps it from running
 * @idle_ns: WAITING: how long a CPU it may use was idle meanwhile, at most
 * @idle_cpu: and which
 * @episode: of event_watch.h, 0 none
 * @wait: in the lists of event_watch.h
 * @waits: in its counts
 * @cgroup: never NULL
 * @account: what it did
 * @told: @ran was told, by the record of its fork or of the last switch away from it
 * @ran: struct ktstr_ev_switch.prev_ran of then
 * @own: CPU time by that count, of the time that @account has
 * @next: in a list of event_tasks.c
 */
struct event_task {
	uint32_t pid, tgid;
	uint16_t policy;
	uint16_t prio;
	char comm[KTSTR_EV_COMM];
	bool described, kthread, exiting, has_affinity;
	uint32_t nr_allowed;
	uint64_t mask, affinity_ns;

	enum event_task_state state;
	bool queued, wake_pending, woken, throttled, has_run;
	uint32_t cpu, last_cpu;
	uint64_t since_ns, woken_ns, throttled_ns, eligible_ns;
	uint64_t idle_ns;
	uint32_t idle_cpu;
	uint32_t episode;
	struct event_link wait;
	bool waits;

	struct event_cgroup *cgroup;
	struct event_account account;
	bool told;
	uint32_t ran;
	struct event_own own;
	struct event_task *next;
};

struct event_tasks;

/** event_tasks__new() - room for so many tasks, 0: %EVENT_TASKS_MAX; NULL without memory */
struct event_tasks *event_tasks__new(uint32_t max_tasks);

/** event_tasks__free() - NULL is fine */
void event_tasks__free(struct event_tasks *t);

/** event_tasks__restart() - every account, old and new, begins at this time */
void event_tasks__restart(struct event_tasks *t, uint64_t start_ns);

/** event_tasks__find() - the living task of that pid, or NULL */
struct event_task *event_tasks__find(struct event_tasks *t, uint32_t pid);

/** event_tasks__get() - find it or make it; NULL when there is no room, which is counted */
struct event_task *event_tasks__get(struct event_tasks *t, uint32_t pid);

/** event_tasks__bury() - it is dead: its pid may come again */
void event_tasks__bury(struct event_tasks *t, struct event_task *task);

/** event_tasks__rename() - a living task has another pid from now on */
void event_tasks__rename(struct event_tasks *t, struct event_task *task, uint32_t pid);

/** event_tasks__cgroup() - find it or make it; without room the one of id 0; never NULL */
struct event_cgroup *event_tasks__cgroup(struct event_tasks *t, uint64_t id);

/** event_tasks__other() - account of all those without a place */
struct event_account *event_tasks__other(struct event_tasks *t);

/**
 * event_task__told() - a switch away from a task tells what it ran
 * @t: the task, its account closed at the switch
 * @ran: struct ktstr_ev_switch.prev_ran
 * @slice_ns: how long it had the CPU, in the window or not
 */
void event_task__told(struct event_task *t, uint32_t ran, uint64_t slice_ns);

/** event_task__own() - its CPU time up to now; a slice that has no end yet may be all stolen */
struct event_own event_task__own(const struct event_task *t);

/** event_tasks__at() - all that have a place, from 0, in no order; NULL after the last */
struct event_task *event_tasks__at(struct event_tasks *t, uint32_t at);

/** event_tasks__cgroup_at() - the cgroups, from 0 (the unknown one); NULL after the last */
struct event_cgroup *event_tasks__cgroup_at(struct event_tasks *t, uint32_t at);

/**
 * struct event_tasks_stats - how full the tables are
 * @seen: tasks that ever had a place
 * @evicted: dead ones that lost it
 * @no_room: times a task found none
 * @no_cgroup: times a cgroup found none
 */
struct event_tasks_stats {
	uint64_t seen;
	uint64_t evicted;
	uint64_t no_room;
	uint64_t no_cgroup;
};

/** event_tasks__stats() - the counters so far */
const struct event_tasks_stats *event_tasks__stats(const struct event_tasks *t);

/** event_task__may_use() - may it run there, as far as is known? */
bool event_task__may_use(const struct event_task *t, uint32_t cpu, uint32_t nr_cpus);

/** event_task__must_not_use() - is it known that it may not run there? */
bool event_task__must_not_use(const struct event_task *t, uint32_t cpu, uint32_t nr_cpus);

#endif /* KTSTR_HOST_EVENT_TASKS_H */
