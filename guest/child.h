/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that PID 1 starts, and the orphans that it inherits.
 *
 * A child of interest is watched by its pidfd; its status is kept here, so
 * that reaping everything never loses one.
 */
#ifndef GUEST_CHILD_H
#define GUEST_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "loop.h"

/**
 * struct child - a process of interest
 * @watch: its pidfd in the event loop
 * @next: list of children of interest
 * @pid: process id, and process group of a spawned command
 * @dead: it is gone and @status holds
 * @status: as from waitpid()
 * @used: what it and the children that it waited for used, once it is dead
 * @exec_errno: shared with the process: why exec failed, or 0
 * @started_ns: CLOCK_MONOTONIC before it was forked
 * @died_ns: CLOCK_MONOTONIC when it was reaped
 */
struct child {
	struct loop_watch watch;
	struct child *next;
	pid_t pid;
	bool dead;
	int status;
	struct rusage used;
	int *exec_errno;
	int64_t started_ns;
	int64_t died_ns;
};

/**
 * child__init() - begin to reap; after loop__init(), before any thread and child
 *
 * Return: 0 or negative errno.
 */
int child__init(void);

/**
 * child__reap() - note all deaths up to now, for a judgement that must not depend on which of
 * two ready events the loop sees first
 */
void child__reap(void);

/**
 * child__spawn() - run a command in a session of its own, as SCHED_NORMAL
 * @c: result; stays registered until child__forget()
 * @argv: command; without a slash it is looked for in PATH
 * @out: its stdout
 * @err: its stderr
 *
 * An exec that fails shows as a death with status 127 and child__exec_error().
 * Return: 0 or a negative errno when no process could be made.
 */
int child__spawn(struct child *c, char *const argv[], int out, int err);

/**
 * struct child_place - where a command shall be before its first instruction
 * @procs: path of its cgroup's cgroup.procs, NULL: with PID 1
 * @ext: as SCHED_EXT
 */
struct child_place {
	const char *procs;
	bool ext;
};

/** child__spawn_at() - child__spawn() in a place; one that cannot be taken is an exec that fails */
int child__spawn_at(struct child *c, char *const argv[], int out, int err,
		    const struct child_place *place);

/**
 * child__fork() - run @fn, which must not return, in a process as SCHED_NORMAL
 *
 * Return: 0 or negative errno.
 */
int child__fork(struct child *c, void (*fn)(void *arg), void *arg);

/** child__exec_error() - errno with which exec failed, 0 if it did not */
int child__exec_error(const struct child *c);

/** child__kill_group() - signal a spawned command and all that stayed in its process group */
void child__kill_group(const struct child *c, int sig);

/** child__is_dead() - condition for loop__until(); @c is a struct child */
bool child__is_dead(void *c);

/** child__forget() - stop watching and free; the process itself is left alone */
void child__forget(struct child *c);

#endif /* GUEST_CHILD_H */
