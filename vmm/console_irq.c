// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts that are held back.
 */
#include <sys/timerfd.h>
#include <time.h>

#include "console_irq.h"

#define LOOK_NS		1000000ull
#define BUSY_NS		(4 * LOOK_NS)
#define HOLD_NS_MAX	(50 * LOOK_NS)

static uint64_t clock_ns(const struct virtio_console *vc)
{
	struct timespec ts;

	if (vc->cfg.clock)
		return vc->cfg.clock(vc->cfg.clock_arg);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

bool console_irq__moderated(const struct virtio_console *vc, unsigned int port)
{
	return port != KTSTR_PORT_CONSOLE && vc->cfg.irq_timer_fd >= 0 && !vc->mmio.quiet;
}

/* One timer for all that wait: the earliest has it. */
static void look_in(struct virtio_console *vc, uint64_t now, uint64_t ns)
{
	const struct itimerspec delay = { .it_value.tv_nsec = (long)ns };

	if (vc->timer_set && vc->timer_at <= now + ns)
		return;
	vc->timer_set = !timerfd_settime(vc->cfg.irq_timer_fd, 0, &delay, NULL);
	vc->timer_at = now + ns;
}

void console_irq__look(struct virtio_console *vc)
{
	look_in(vc, clock_ns(vc), LOOK_NS);
}

void console_irq__forget(struct console_port *p)
{
	p->uninterrupted = 0;
	p->told_ns = 0;
	p->patience_ns = LOOK_NS;
}

/*
 * It has something new: because it was interrupted, or by itself? At once is the
 * former. So may be later: a driver on a slow machine takes its time, but was
 * silent for much longer until it was interrupted.
 */
static void judge_driver(struct console_port *p, uint64_t now)
{
	uint64_t took = now - p->told_ns, silent = p->told_ns - p->last_ns;

	if (!p->told_ns)
		return;
	if (took < LOOK_NS)
		p->patience_ns = 0;
	else if (took < silent / 4)
		p->patience_ns /= 2;
	else
		p->patience_ns *= 2;
	if (p->patience_ns < LOOK_NS)
		p->patience_ns = LOOK_NS;
	if (p->patience_ns > HOLD_NS_MAX)
		p->patience_ns = HOLD_NS_MAX;
	p->told_ns = 0;
}

/* Return: ns for which the interrupt may still be held back, 0 none. */
static uint64_t may_hold(const struct console_port *p, const struct virtqueue *vq, uint64_t now,
			 bool busy)
{
	uint64_t age = now - p->since_ns, most = p->patience_ns;

	/* A ring that broke is looked at no more: what came back is told now. */
	if (vq->broken || p->uninterrupted >= vq->num / 4)
		return 0;
	if (busy && most < BUSY_NS)
		most = BUSY_NS;
	return age < most ? most - age : 0;
}

void console_irq__pass(struct virtio_console *vc, unsigned int port, unsigned int done, bool busy)
{
	unsigned int q = console_port_txq(port);
	struct virtqueue *vq = &vc->mmio.vq[q];
	struct console_port *p = &vc->port[port];
	uint64_t now, left = 0;

	if (!p->uninterrupted && !done)
		return;
	if (console_irq__moderated(vc, port)) {
		now = clock_ns(vc);
		if (done) {
			judge_driver(p, now);
			p->last_ns = now;
		}
		if (!p->uninterrupted)
			p->since_ns = now;
		p->uninterrupted += done;
		left = may_hold(p, vq, now, busy);
		if (left) {
			/* While it is busy there are looks anyway. */
			look_in(vc, now, busy ? LOOK_NS : left);
			return;
		}
		p->told_ns = now;
	}
	p->uninterrupted = 0;
	virtio_mmio__used(&vc->mmio, q);
}
