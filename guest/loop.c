// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event loop of PID 1's main thread.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "loop.h"

static int epfd = -1;
static bool deadline_hit;

static void deadline_ready(struct loop_watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) == sizeof(n))
		deadline_hit = true;
}

static struct loop_watch deadline_watch = { .fd = -1, .ready = deadline_ready };

int loop__timer(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void loop__timer_set(int fd, int64_t period_ns)
{
	struct itimerspec its = {
		.it_value = { period_ns / NSEC_PER_SEC, period_ns % NSEC_PER_SEC },
		.it_interval = { period_ns / NSEC_PER_SEC, period_ns % NSEC_PER_SEC },
	};

	timerfd_settime(fd, 0, &its, NULL);
}

static void deadline_set(int64_t at)
{
	struct itimerspec its = { .it_value = { at / NSEC_PER_SEC, at % NSEC_PER_SEC } };

	if (at == LOOP_FOREVER)
		its.it_value = (struct timespec){ 0, 0 };
	timerfd_settime(deadline_watch.fd, TFD_TIMER_ABSTIME, &its, NULL);
	deadline_hit = false;
}

int loop__add(struct loop_watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(epfd, EPOLL_CTL_ADD, w->fd, &ev) ? -errno : 0;
}

void loop__del(struct loop_watch *w)
{
	epoll_ctl(epfd, EPOLL_CTL_DEL, w->fd, NULL);
}

int loop__init(void)
{
	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epfd < 0)
		return -errno;
	deadline_watch.fd = loop__timer();
	if (deadline_watch.fd < 0)
		return deadline_watch.fd;
	return loop__add(&deadline_watch, EPOLLIN);
}

/* One event at a time: a handler may delete any other watch without leaving a stale one behind. */
static void dispatch_one(void)
{
	struct epoll_event ev;
	struct loop_watch *w;
	int n = epoll_wait(epfd, &ev, 1, -1);

	if (n < 0 && errno != EINTR)
		die("epoll_wait failed (%s): this is a bug in ktstr, report it", strerror(errno));
	if (n == 1) {
		w = ev.data.ptr;
		w->ready(w, ev.events);
	}
}

int loop__until(bool (*done)(void *arg), void *arg, int64_t deadline)
{
	deadline_set(deadline);
	while (!done(arg)) {
		if (deadline_hit)
			return -ETIMEDOUT;
		dispatch_one();
	}
	deadline_set(LOOP_FOREVER);
	return 0;
}
