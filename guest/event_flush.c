// SPDX-License-Identifier: GPL-2.0-only
/*
 * The timer of flushes.
 */
#include <errno.h>
#include <sys/timerfd.h>

#include "clock.h"
#include "event_flush.h"

#define FLUSH_NS	(10 * NSEC_PER_MSEC)
#define FLUSH_MAX_NS	(400 * NSEC_PER_MSEC)
#define FLUSH_SHARE	200

/* With a good descriptor and a good time it cannot fail. */
static void set_timer(const struct event_flush *f, int64_t ns)
{
	const struct itimerspec its = { .it_value.tv_nsec = ns };

	timerfd_settime(f->timer, 0, &its, NULL);
}

static void arm(struct event_flush *f)
{
	int64_t ns = f->cost * FLUSH_SHARE;

	ns = ns < FLUSH_NS ? FLUSH_NS : ns;
	f->period = ns < FLUSH_MAX_NS ? ns : FLUSH_MAX_NS;
	f->due_ns = now_ns() + f->period;
	set_timer(f, f->period);
}

int event_flush__init(struct event_flush *f)
{
	*f = (struct event_flush) {
		.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
	};
	return f->timer < 0 ? -errno : bulk__watch(f->timer);
}

void event_flush__start(struct event_flush *f)
{
	arm(f);
}

void event_flush__stop(struct event_flush *f)
{
	f->began = 0;
	f->due_ns = 0;
	set_timer(f, 0);
}

bool event_flush__due(struct event_flush *f)
{
	int64_t now = now_ns();

	if (!f->due_ns || now < f->due_ns - f->period / 2)
		return false;
	f->due_ns = 0;
	f->began = now;
	f->waited = false;
	return true;
}

void event_flush__did(struct event_flush *f, enum bulk_pumped did)
{
	if (!f->began)
		return;
	if (did == BULK_PUMP_FULL || did == BULK_PUMP_TORN)
		f->waited = true;
	if (did != BULK_PUMP_IDLE)
		return;
	if (!f->waited)
		f->cost = (f->cost * 7 + now_ns() - f->began) / 8;
	f->began = 0;
	arm(f);
}
