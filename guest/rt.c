// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real-time priorities of the harness.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "rt.h"

/* Locked memory is populated at once: the default of 8 MiB would cost real pages. */
#define RT_STACK_SIZE	(128u << 10)

int rt__enter(enum rt_prio prio)
{
	struct sched_param sp = { .sched_priority = prio };

	/* Scheduler, workers and payload are the subjects: a fork must not inherit FIFO. */
	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &sp) ? -errno : 0;
}

int rt__lock_memory(void)
{
	return mlockall(MCL_CURRENT | MCL_FUTURE) ? -errno : 0;
}

static int start(pthread_t *thread, pthread_attr_t *attr, enum rt_prio prio, void *(*fn)(void *),
		 void *arg)
{
	struct sched_param sp = { .sched_priority = prio };
	sigset_t all, old;
	int err;

	pthread_attr_setstacksize(attr, RT_STACK_SIZE);
	pthread_attr_setinheritsched(attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(attr, SCHED_FIFO);
	pthread_attr_setschedparam(attr, &sp);
	/* Signals belong to the event loop; an interrupted write of a frame helps nobody. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(thread, attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

int rt__thread(pthread_t *thread, enum rt_prio prio, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	int err = -pthread_attr_init(&attr);

	if (err)
		return err;
	err = start(thread, &attr, prio, fn, arg);
	pthread_attr_destroy(&attr);
	return err;
}
