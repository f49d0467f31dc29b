/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Real-time priorities of the harness: no scheduler under test reaches them.
 */
#ifndef GUEST_RT_H
#define GUEST_RT_H

#include <pthread.h>

/*
 * Below 50, where the kernel puts its own FIFO threads (sched_set_fifo(): the
 * sched_ext helpers among them), so that enabling and disabling a scheduler is
 * never held up by its observer. Above everything that is under test.
 *
 * Nothing throttles them: kernels since 6.12 do it with RT_GROUP_SCHED only, and
 * their fair server helps no task of sched_ext. So none of them may ever poll:
 * each sleeps until an event, and handles no more than a bounded queue holds.
 */
enum rt_prio {
	RT_PRIO_LOADER	= 41,	/* the main thread while it loads programs: seconds, emulated */
	RT_PRIO_RELAY	= 42,	/* kernel log, pipes, statistics */
	RT_PRIO_BULK	= 43,	/* the writer of port 1 */
	RT_PRIO_MAIN	= 44,	/* the event loop */
};

/**
 * rt__enter() - make the calling thread SCHED_FIFO; its children start as SCHED_NORMAL
 *
 * Return: 0 or negative errno.
 */
int rt__enter(enum rt_prio prio);

/**
 * rt__lock_memory() - keep the process resident: a page fault could wait for a starved task
 *
 * Return: 0 or negative errno.
 */
int rt__lock_memory(void);

/**
 * rt__thread() - start a SCHED_FIFO thread with a small stack and all signals blocked
 * @thread: result
 * @prio: its priority
 * @fn: its body
 * @arg: passed to @fn
 *
 * Return: 0 or a negative errno (-EPERM without CAP_SYS_NICE).
 */
int rt__thread(pthread_t *thread, enum rt_prio prio, void *(*fn)(void *), void *arg);

#endif /* GUEST_RT_H */
