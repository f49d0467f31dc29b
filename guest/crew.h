/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A crew: the workers of one SPAWN operation, with what PID 1 knows of each.
 * Between guest/workers.c, which changes and ends them, guest/crew.c, which makes
 * them, and guest/crew_account.c, which accounts for them.
 */
#ifndef GUEST_CREW_H
#define GUEST_CREW_H

#include <ktstr/op.h>
#include <ktstr/wire.h>

#include "child.h"
#include "worker.h"

/* What the kernel counts for a task: /proc/PID/task/TID/schedstat and status. */
struct counters {
	uint64_t cpu_ns;
	uint64_t wait_ns;
	uint64_t switches;
};

/**
 * struct member - one worker
 * @w: what it shares
 * @crew: it belongs to
 * @proc: its process; threads share it
 * @schedstat_fd: kept open: still readable while the task is a zombie
 * @base, @used: at its start and at its end
 * @policy: read back at its end
 * @counted: @used and @end_ns hold
 * @blocked: it slept of its own will when it was looked at for the last time
 * @died: it was gone before it was told to
 * @end_ns: CLOCK_MONOTONIC of @used
 */
struct member {
	struct ktstr_worker *w;
	struct crew *crew;
	struct child *proc;
	int schedstat_fd;
	struct counters base, used;
	int policy;
	bool counted, blocked, died;
	int64_t end_ns;
};

/**
 * struct crew - the workers of one SPAWN
 * @next: newest first
 * @cgroup, @name: how operations address it
 * @spawned_in: cgroup in its metrics
 * @kind, @work: what it does
 * @affinity, @has_affinity: asked for; the cpuset bounds it
 * @members, @nr: workers
 * @groups, @nr_groups: theirs
 * @procs, @nr_procs: processes
 * @shared, @shared_bytes: memory of all struct ktstr_worker
 * @stopped: accounted for and killed
 */
struct crew {
	struct crew *next;
	char cgroup[KTSTR_OP_CGROUP_MAX], name[KTSTR_OP_NAME_MAX];
	char spawned_in[KTSTR_OP_CGROUP_MAX];
	const struct ktstr_work_kind *kind;
	struct ktstr_work work;
	struct cpu_mask affinity;
	bool has_affinity;
	struct member *members;
	uint32_t nr;
	struct ktstr_group *groups;
	uint32_t nr_groups;
	struct child *procs;
	uint32_t nr_procs;
	struct ktstr_worker *shared;
	size_t shared_bytes;
	bool stopped;
};

/**
 * crew__new() - memory for a crew and its groups
 * @op: SPAWN
 * @fn: for kind "function"
 * @board: of all workers
 * @e: sentence on failure
 *
 * Return: for crew__free(); NULL on failure, with *@err set.
 */
struct crew *crew__new(const struct ktstr_op *op, void (*fn)(struct ktstr_worker *w),
		       const struct worker_board *board, int *err, struct ktstr_error *e);

/**
 * crew__fork() - make its processes, stopped; each adds its workers to @ready_fd when they run
 * Return: 0 or a negative errno.
 */
int crew__fork(struct crew *c, int ready_fd, struct ktstr_error *e);

/*
 * Its place in the kernel, as the crew's members say it now. @ext: policy %KTSTR_INHERIT means
 * SCHED_EXT, else SCHED_NORMAL. Return: 0 or a negative errno.
 */
int crew__apply_cgroup(struct crew *c, struct ktstr_error *e);
int crew__apply_policy(struct crew *c, bool ext, struct ktstr_error *e);
int crew__apply_nice(struct crew *c, struct ktstr_error *e);
int crew__apply_affinity(struct crew *c, struct ktstr_error *e);

/** crew__set_cpus() - tell its workers where they may run now: @effective and its affinity */
void crew__set_cpus(struct crew *c, const struct cpu_mask *effective, int64_t now_ns);

/** crew__open_counters() - they run: find the kernel's counters of each */
int crew__open_counters(struct crew *c, struct ktstr_error *e);

/** crew__begin() - take the baselines; crew__release() lets them go */
void crew__begin(struct crew *c);
void crew__release(struct crew *c, int64_t now_ns);

/** crew__look() - note who sleeps of its own will, before crew__count() */
void crew__look(struct crew *c);

/** crew__count() - take the counters of those not yet counted, as of @end_ns; @final: for good */
void crew__count(struct crew *c, int64_t end_ns, bool final);

/** crew__fill() - a member's metrics as counted; @mark as in struct ktstr_worker_metrics */
void crew__fill(const struct member *m, uint32_t mark, struct ktstr_worker_metrics *to);

/** member__machine_lacks() - did it end with a sentence that says what the machine lacks? */
bool member__machine_lacks(const struct member *m);

/**
 * crew__dead() - a member whose process is gone, NULL when there is none
 *
 * It is one that says why, where any does; one that lacks something only if all that are gone do.
 */
const struct member *crew__dead(const struct crew *c);

/** crew__kill() - SIGKILL to all its processes; crew__all_dead(): did that arrive? */
void crew__kill(struct crew *c);
bool crew__all_dead(const struct crew *c);

/** crew__free_groups() - all are dead: give back what its groups share; before their cgroup goes */
void crew__free_groups(struct crew *c);

/** crew__free() - forget its processes and give everything back */
void crew__free(struct crew *c);

#endif /* GUEST_CREW_H */
