/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The workers of a test, as PID 1 has them: spawned, placed, changed, accounted for, ended.
 *
 * What they do is in guest/worker.h and guest/work_*.c. Workers are addressed as operations do:
 * by cgroup and name, and by an empty name all of the cgroup. All functions that return
 * int return 0 or a negative errno with a sentence.
 */
#ifndef GUEST_WORKERS_H
#define GUEST_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/op.h>

/** workers__init() - before the first: @seed is the run's */
int workers__init(uint64_t seed, struct ktstr_error *e);

/**
 * workers__spawn() - make the workers of an operation
 * @op: of verb SPAWN
 * @fn: the author's function for kind "function", or NULL
 * @ext: give those that ask for no policy SCHED_EXT: the scheduler takes only tasks that ask
 * @e: sentence on failure
 *
 * Waits until all ran their first instructions. They begin to work when the
 * window starts, or at once when it has.
 * Return: 0; -ETIMEDOUT when one did not run its first instructions; -ECHILD when one
 * died; -ECANCELED when the host ended the run or the scheduler was lost meanwhile.
 */
int workers__spawn(const struct ktstr_op *op, void (*fn)(struct ktstr_worker *w), bool ext,
		   struct ktstr_error *e);

/** workers__stop() - take their accounts, kill them, wait for their death */
int workers__stop(const char *cgroup, const char *name, struct ktstr_error *e);

/** workers__set_affinity() - of every thread of them; NULL: all CPUs of their cgroup */
int workers__set_affinity(const char *cgroup, const char *name, const struct cpu_mask *cpus,
			  struct ktstr_error *e);

/** workers__set_nice() - of every thread of them */
int workers__set_nice(const char *cgroup, const char *name, int nice, struct ktstr_error *e);

/** workers__set_policy() - of every thread of them, with the parameters of @work but its nice value */
int workers__set_policy(const char *cgroup, const char *name, const struct ktstr_op_work *work,
			struct ktstr_error *e);

/** workers__move() - to cgroup @to; they keep their name, and are addressed by @to from then on */
int workers__move(const char *cgroup, const char *name, const char *to, struct ktstr_error *e);

/**
 * workers__cpuset_changes() - the CPUs of @cgroup, "" all, are about to change: judge no samples
 * until then
 */
void workers__cpuset_changes(const char *cgroup);

/** workers__cpuset_changed() - the CPUs of @cgroup, "" all, are others now: judge samples by these */
int workers__cpuset_changed(const char *cgroup, struct ktstr_error *e);

/** workers__prepare() - the window is about to start: take the baselines */
void workers__prepare(void);

/** workers__start() - the window started at @now_ns: release all at once */
void workers__start(int64_t now_ns);

/** workers__mark() - send the accounts up to now as those of mark @mark, from 1 */
void workers__mark(uint32_t mark);

/** workers__look() - note who sleeps of its own will; right before the end of the window */
void workers__look(void);

/** workers__freeze() - the window ended at @end_ns: take the kernel's counters; they park */
void workers__freeze(int64_t end_ns);

/** workers__count() - how many are there now */
unsigned int workers__count(void);

/** workers__dead() - did one end before it was told to? @what gets a sentence */
bool workers__dead(char *what, size_t len);

/** workers__machine_lacks() - did that one end because this machine cannot do its kind of work? */
bool workers__machine_lacks(void);

/** workers__any_dead() - as workers__dead(), cheap */
bool workers__any_dead(void);

/** workers__destroy() - kill and reap them, then send PMET if the window has been frozen */
void workers__destroy(void);

#endif /* GUEST_WORKERS_H */
