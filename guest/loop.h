/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event loop of PID 1's main thread.
 *
 * The scenario is written as straight code that says what it waits for;
 * whatever else happens meanwhile (a death, a wake byte, a heartbeat) is
 * dispatched to handlers, which only take notes.
 */
#ifndef GUEST_LOOP_H
#define GUEST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Deadline of a wait that ends by its event only. */
#define LOOP_FOREVER	INT64_MAX

/**
 * struct loop_watch - a file descriptor and who handles it
 * @fd: descriptor
 * @ready: called with EPOLL* bits; may add and delete watches, must not wait
 */
struct loop_watch {
	int fd;
	void (*ready)(struct loop_watch *w, uint32_t events);
};

/** loop__init() - create the loop; return: 0 or negative errno */
int loop__init(void);

/**
 * loop__add() - watch @w->fd for @events (EPOLLIN, ...); @w stays the caller's
 *
 * Return: 0 or negative errno.
 */
int loop__add(struct loop_watch *w, uint32_t events);

/** loop__del() - stop watching; before the descriptor is closed */
void loop__del(struct loop_watch *w);

/**
 * loop__until() - dispatch events until a condition holds
 * @done: the condition, evaluated before waiting and after every event
 * @arg: passed to @done
 * @deadline: CLOCK_MONOTONIC in nanoseconds, or %LOOP_FOREVER
 *
 * Context: main thread, not from a handler.
 * Return: 0 when the condition holds, -ETIMEDOUT at the deadline. A failing
 * epoll is a bug and ends in die().
 */
int loop__until(bool (*done)(void *arg), void *arg, int64_t deadline);

/** loop__timer() - make a periodic CLOCK_MONOTONIC timerfd; return: descriptor or negative errno */
int loop__timer(void);

/** loop__timer_set() - start a timer with @period_ns, or stop it with 0 */
void loop__timer_set(int fd, int64_t period_ns);

#endif /* GUEST_LOOP_H */
