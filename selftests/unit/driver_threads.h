/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine's threads around a driver: its I/O thread, and what tests of several
 * vCPUs share.
 */
#ifndef UNIT_DRIVER_THREADS_H
#define UNIT_DRIVER_THREADS_H

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "driver_alive.h"

/**
 * struct bench - a driver and its threads
 * @d: driver
 * @gate: held by the I/O thread while it works; whoever else holds it stops it
 * @stop: threads that run for as long as the test end
 * @bad: what was wrong
 */
struct bench {
	struct driver d;
	pthread_mutex_t gate;
	bool stop;
	unsigned int bad;
};

/* ThreadSanitizer makes everything slower by a factor of five to fifteen. */
#ifdef __SANITIZE_THREAD__
#define BENCH_SLOW 1
#else
#define BENCH_SLOW 0
#endif

/** bench__rounds() - @full with KTSTR_FULL=1 in the environment, else what takes seconds */
static inline unsigned int bench__rounds(unsigned int full, unsigned int usual)
{
	if (getenv("KTSTR_FULL"))
		return full;
	return BENCH_SLOW ? usual / 4 : usual;
}

static inline bool bench__stopped(struct bench *b)
{
	return __atomic_load_n(&b->stop, __ATOMIC_ACQUIRE);
}

static inline void bench__stop(struct bench *b)
{
	__atomic_store_n(&b->stop, true, __ATOMIC_RELEASE);
}

static inline void bench__count_bad(struct bench *b, unsigned int n)
{
	__atomic_fetch_add(&b->bad, n, __ATOMIC_RELAXED);
}

/** bench__io_thread() - the machine's I/O thread: waits for work, never for time alone */
static inline void *bench__io_thread(void *arg)
{
	struct bench *b = arg;
	struct pollfd p[] = {
		{ .fd = b->d.rearm, .events = POLLIN },
		{ .fd = b->d.timer, .events = POLLIN },
	};

	while (!bench__stopped(b)) {
		/* 20 ms: how soon it sees that it is to end. */
		poll(p, 2, 20);
		pthread_mutex_lock(&b->gate);
		if (driver__event(b->d.rearm) | driver__event(b->d.timer))
			virtio_console__service(b->d.vc);
		pthread_mutex_unlock(&b->gate);
	}
	return NULL;
}

/** bench__init() - a driver that is ready, rings of @num */
static inline bool bench__init(struct bench *b, uint32_t num)
{
	memset(b, 0, sizeof(*b));
	return !pthread_mutex_init(&b->gate, NULL) && driver__ready(&b->d, num);
}

static inline void bench__exit(struct bench *b)
{
	driver__destroy(&b->d);
	pthread_mutex_destroy(&b->gate);
}

#endif /* UNIT_DRIVER_THREADS_H */
