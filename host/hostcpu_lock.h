/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks on host CPUs, among all ktstr processes of a network namespace.
 *
 * A lock is a listening socket whose name, in the abstract namespace, has the number of
 * the CPU: "\0ktstr-cpu-3". One socket can have a name, whoever made it. There is no file,
 * so nobody needs a directory, no mode is wrong and no link leads astray; the kernel
 * frees the name when the last process that has the socket dies, by whatever signal, so
 * nothing can be stale. It knows who listens (SO_PEERCRED), and a connection to a lock
 * hangs up the moment the lock is gone, so one can wait for that.
 *
 * Locks are advice: any user can take one, as any user can run a busy loop.
 */
#ifndef KTSTR_HOST_HOSTCPU_LOCK_H
#define KTSTR_HOST_HOSTCPU_LOCK_H

#include <sys/types.h>

#include "hostcpu.h"

/**
 * struct hostcpu_locks - those of one process
 * @name: first part of their names: "ktstr", but for tests
 * @fd: socket of each CPU that is ours, else -1
 * @wait_fd: connection to the lock of each CPU that is another's and waited for, else -1
 * @pid: who that is; 0: a process that cannot be seen from here
 */
struct hostcpu_locks {
	const char *name;
	int fd[CPU_MASK_BITS];
	int wait_fd[CPU_MASK_BITS];
	pid_t pid[CPU_MASK_BITS];
};

/** hostcpu_locks__init() - none; then hostcpu_locks__free() is right at any time */
void hostcpu_locks__init(struct hostcpu_locks *l, const char *name);

/**
 * hostcpu_locks__gate() - keep others from choosing while we do
 * @l: locks
 * @interrupt_fd: readable when the user wants to stop, or -1
 * @gate: gets a descriptor to close() afterwards
 * @e: sentence on failure
 *
 * Held for microseconds, so waiting for it is not told.
 * Return: 0; -EINTR when @interrupt_fd became readable; another negative errno.
 */
int hostcpu_locks__gate(struct hostcpu_locks *l, int interrupt_fd, int *gate,
			struct ktstr_error *e);

/** hostcpu_locks__taken() - which of some CPUs are locked by others? Behind the gate. */
int hostcpu_locks__taken(struct hostcpu_locks *l, const struct cpu_mask *of,
			 struct cpu_mask *taken, struct ktstr_error *e);

/**
 * hostcpu_locks__take() - lock CPUs, all or none; behind the gate
 * Return: 0; -EBUSY when one is another's; another negative errno.
 */
int hostcpu_locks__take(struct hostcpu_locks *l, const struct cpu_mask *cpus,
			struct ktstr_error *e);

/**
 * hostcpu_locks__watch() - find out who has them, to wait for that
 * @l: locks
 * @taken: CPUs of others
 * @e: sentence on failure
 *
 * One that has become free meanwhile is left out. Return: how many are watched, or a
 * negative errno.
 */
int hostcpu_locks__watch(struct hostcpu_locks *l, const struct cpu_mask *taken,
			 struct ktstr_error *e);

/** hostcpu_locks__holders() - "CPU 0-1 by process 12, CPU 3 by process 15"; return: @buf */
char *hostcpu_locks__holders(const struct hostcpu_locks *l, char *buf, size_t size);

/**
 * hostcpu_locks__wait() - until one of the watched is free
 * Return: 0; -EINTR when @interrupt_fd became readable; another negative errno.
 */
int hostcpu_locks__wait(struct hostcpu_locks *l, int interrupt_fd, struct ktstr_error *e);

/** hostcpu_locks__free() - unlock everything and watch nothing; zeroed @l is fine */
void hostcpu_locks__free(struct hostcpu_locks *l);

#endif /* KTSTR_HOST_HOSTCPU_LOCK_H */
