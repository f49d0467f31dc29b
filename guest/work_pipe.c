// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work whose workers wake each other through descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "work.h"
#include "work_set.h"
#include "worker.h"

/* Two pipes; worker i reads from the i-th. */
static int pipe_setup(struct ktstr_group *g, const struct ktstr_work *work)
{
	(void)work;
	for (; g->nr_fds < 4; g->nr_fds += 2)
		if (pipe2(&g->fds[g->nr_fds], O_CLOEXEC))
			return -errno;
	return 0;
}

/* What goes through is when it was written. */
static void pipe_give(struct ktstr_worker *w)
{
	int fd = ktstr_worker__group(w)->fds[2 * !ktstr_worker__index(w) + 1];
	int64_t now = now_ns();

	work__must(w, write(fd, &now, sizeof(now)) == sizeof(now), "write to its pipe");
}

static void pipe_take(struct ktstr_worker *w)
{
	int fd = ktstr_worker__group(w)->fds[2 * ktstr_worker__index(w)];
	int64_t since;

	work__must(w, read(fd, &since, sizeof(since)) == sizeof(since), "read from its pipe");
	worker__woken(w, since);
}

static void pipe_pair(struct ktstr_worker *w)
{
	if (!ktstr_worker__index(w))
		pipe_give(w);
	while (ktstr_worker__go_on(w)) {
		pipe_take(w);
		work__busy(w);
		ktstr_worker__unit(w);
		pipe_give(w);
	}
}

const struct work_ops work_ops_pipe = { .setup = pipe_setup, .run = pipe_pair };

static void cache_pipe(struct ktstr_worker *w)
{
	struct work_set set = work_set__new(w);

	if (!ktstr_worker__index(w))
		pipe_give(w);
	while (ktstr_worker__go_on(w)) {
		pipe_take(w);
		work_set__walk(w, &set);
		ktstr_worker__unit(w);
		pipe_give(w);
	}
}

const struct work_ops work_ops_cache_pipe = { .setup = pipe_setup, .run = cache_pipe };

#define STORM_FDS	4u
#define STORM_WAIT_MS	10	/* then it looks again: an event may always find another */

/* The first unread event of each eventfd came then. */
struct storm {
	int64_t since_ns[STORM_FDS];
};

/* The eventfds, then the epoll instance that has them all. */
static int storm_setup(struct ktstr_group *g, const struct ktstr_work *work)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);

	(void)work;
	if (ep < 0)
		return -errno;
	g->fds[g->nr_fds++] = ep;
	while (g->nr_fds <= STORM_FDS) {
		struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.u32 = g->nr_fds - 1 };
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return -errno;
		g->fds[g->nr_fds++] = fd;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
			return -errno;
	}
	return 0;
}

static void storm_source(struct ktstr_worker *w, struct storm *s)
{
	const struct ktstr_group *g = ktstr_worker__group(w);

	while (ktstr_worker__go_on(w)) {
		for (uint32_t i = 0; i < STORM_FDS; i++) {
			int64_t none = 0;

			__atomic_compare_exchange_n(&s->since_ns[i], &none, now_ns(), false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
			work__must(w, !eventfd_write(g->fds[1 + i], 1) || errno == EAGAIN,
				   "write to an eventfd");
		}
		ktstr_worker__unit(w);
		work__sleep(w, work__idle_us(w));
	}
}

/* Edge triggered: one event wakes one waiter. Which source, or -1 after a while without any. */
static int storm_wait(struct ktstr_worker *w, int ep, bool *slept)
{
	struct epoll_event ev;
	int n = epoll_wait(ep, &ev, 1, 0);

	*slept = !n;
	if (!n)
		n = epoll_wait(ep, &ev, 1, STORM_WAIT_MS);
	work__must(w, n >= 0 || errno == EINTR, "wait for events");
	return n > 0 ? (int)ev.data.u32 : -1;
}

static void storm_sink(struct ktstr_worker *w, struct storm *s)
{
	const struct ktstr_group *g = ktstr_worker__group(w);
	int64_t since = 0;
	eventfd_t value;
	bool slept;
	int i = storm_wait(w, g->fds[0], &slept);

	if (i >= 0) {
		/* Another may have been faster: nothing to read is no error. */
		(void)!eventfd_read(g->fds[1 + i], &value);
		since = __atomic_exchange_n(&s->since_ns[i], 0, __ATOMIC_RELAXED);
	}
	if (slept && since)
		worker__woken(w, since);
	else if (slept)
		ktstr_worker__slept(w);
	if (i >= 0)
		work__busy(w);
	ktstr_worker__unit(w);
}

static void storm(struct ktstr_worker *w)
{
	struct storm *s = ktstr_worker__group(w)->shared;

	if (!ktstr_worker__index(w))
		return storm_source(w, s);
	while (ktstr_worker__go_on(w))
		storm_sink(w, s);
}

const struct work_ops work_ops_epoll_storm = {
	.setup = storm_setup, .run = storm, .shared_bytes = sizeof(struct storm),
};
