// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work that are interrupted: by signals and by timers.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "work.h"
#include "worker.h"

/**
 * struct target - where a worker can be signalled
 * @pid, @tid: it; 0 until its handler is there
 * @sent_ns: when the signal was sent that it has not accounted for; 0: none is on its way
 * @handled_ns: when its handler ran; 0: not since
 */
struct target {
	pid_t pid, tid;
	int64_t sent_ns, handled_ns;
} __attribute__((aligned(64)));

static __thread struct target *me;

static void handler(int sig)
{
	(void)sig;
	__atomic_store_n(&me->handled_ns, now_ns(), __ATOMIC_RELEASE);
}

/* At most one is on its way to each: nothing is queued, and nothing is lost. */
static void send_signal(struct ktstr_worker *w, struct target *to)
{
	pid_t tid = __atomic_load_n(&to->tid, __ATOMIC_ACQUIRE);
	int64_t none = 0;

	if (!tid || !__atomic_compare_exchange_n(&to->sent_ns, &none, now_ns(), false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	work__must(w, !syscall(SYS_tgkill, to->pid, tid, SIGUSR1) || errno == ESRCH,
		   "send a signal");
}

static void account_for_signal(struct ktstr_worker *w)
{
	int64_t handled = __atomic_load_n(&me->handled_ns, __ATOMIC_ACQUIRE);

	if (!handled)
		return;
	ktstr_worker__latency(w, handled - __atomic_load_n(&me->sent_ns, __ATOMIC_RELAXED));
	__atomic_store_n(&me->handled_ns, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&me->sent_ns, 0, __ATOMIC_RELEASE);
}

static void signal_storm(struct ktstr_worker *w)
{
	const struct ktstr_group *g = ktstr_worker__group(w);
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	uint32_t i = ktstr_worker__index(w);
	struct target *targets = g->shared;

	me = &targets[i];
	work__must(w, !sigaction(SIGUSR1, &sa, NULL), "handle SIGUSR1");
	me->pid = getpid();
	__atomic_store_n(&me->tid, w->tid, __ATOMIC_RELEASE);
	while (ktstr_worker__go_on(w)) {
		send_signal(w, &targets[(i + 1) % g->nr]);
		work__busy(w);
		account_for_signal(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_signal_storm = {
	.run = signal_storm, .shared_each = sizeof(struct target),
};

#define STORM_TIMERS	4u

/* A timer that expires every @period_ns from @start_ns on; @seen of its expiries were read. */
struct storm_timer {
	int fd;
	int64_t start_ns, period_ns;
	uint64_t seen;
};

/* Periods that are no multiples of each other: the expiries drift apart and together. */
static void storm_timer__arm(struct ktstr_worker *w, struct storm_timer *t, int ep, uint32_t i)
{
	static const uint32_t tenths[STORM_TIMERS] = { 10, 13, 17, 23 };
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = i };
	struct itimerspec its;

	t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	work__must(w, t->fd >= 0, "make a timer");
	t->period_ns = work__idle_us(w) * 100ll * tenths[i];
	t->start_ns = now_ns();
	t->start_ns += t->period_ns;
	its.it_value.tv_sec = t->start_ns / NSEC_PER_SEC;
	its.it_value.tv_nsec = t->start_ns % NSEC_PER_SEC;
	its.it_interval.tv_sec = t->period_ns / NSEC_PER_SEC;
	its.it_interval.tv_nsec = t->period_ns % NSEC_PER_SEC;
	work__must(w, !timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &its, NULL), "arm a timer");
	work__must(w, !epoll_ctl(ep, EPOLL_CTL_ADD, t->fd, &ev), "watch a timer");
}

/* When the first of the expiries was due that had not been seen; 0: there was none. */
static int64_t storm_timer__due(struct storm_timer *t)
{
	int64_t due = t->start_ns + (int64_t)t->seen * t->period_ns;
	uint64_t n;

	if (read(t->fd, &n, sizeof(n)) != sizeof(n))
		return 0;
	t->seen += n;
	return due;
}

static void timer_storm(struct ktstr_worker *w)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct storm_timer t[STORM_TIMERS] = { 0 };
	struct epoll_event ev;

	work__must(w, ep >= 0, "wait for timers");
	for (uint32_t i = 0; i < STORM_TIMERS; i++)
		storm_timer__arm(w, &t[i], ep, i);
	while (ktstr_worker__go_on(w)) {
		int n = epoll_wait(ep, &ev, 1, -1);
		int64_t due = n == 1 ? storm_timer__due(&t[ev.data.u32]) : 0;

		work__must(w, n == 1 || errno == EINTR, "wait for timers");
		if (!due)
			continue;
		worker__woken(w, due);
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_timer_storm = { .run = timer_storm };
