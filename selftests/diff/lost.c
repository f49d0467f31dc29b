// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lost notifications, known before they matter: while nobody acts, whoever has
 * something to do must have been told, or something must be under way that tells
 * him. A hang needs that and that nothing else ever comes by.
 */
#include <poll.h>
#include <sys/timerfd.h>

#include "vmm/console_data.h"

#include "guest.h"
#include "host.h"

static bool signalled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Is the device going to look at its queues by itself? */
static bool device_will_look(const struct rig *rig)
{
	struct itimerspec left = { 0 };

	/* Not the other way round: it may expire between the two. */
	timerfd_gettime(rig->irq_timer, &left);
	if (left.it_value.tv_sec || left.it_value.tv_nsec)
		return true;
	return signalled(rig->rearm) || signalled(rig->irq_timer);
}

/* Chains that the device would take if it looked. */
static unsigned int wanted_chains(const struct guest_queue *gq, const struct virtio_console *vc,
				  const struct kring_state *st)
{
	const struct console_port *p = &vc->port[gq->port];
	uint16_t offered = st->avail_idx - vc->mmio.vq[gq->q].last_avail;

	if (gq->tx)
		return p->stalled ? 0 : offered + p->inflight;
	return p->rx.len ? offered : 0;
}

/* Does the driver wait for an interrupt that there is reason for? */
static bool wants_interrupt(const struct guest_queue *gq, const struct kring_state *st)
{
	if (gq->awake || st->used_idx == (uint16_t)gq->returned)
		return false;
	/* virtqueue_enable_cb_delayed() leaves some for an interrupt that follows. */
	return !gq->delayed || st->used_idx == st->avail_idx;
}

static void check_queue(const struct rig *rig, const struct guest_queue *gq)
{
	struct kring_state st;
	unsigned int chains;

	kring__state(gq->k, &st);
	chains = wanted_chains(gq, rig->vc, &st);
	if (chains && !rig->guest->pending[gq->q] && !device_will_look(rig))
		rig__fail("queue %u: %u chains that the device could use, and nothing tells it: a kick was lost",
			  gq->q, chains);
	if (wants_interrupt(gq, &st) && !signalled(rig->irq) && !device_will_look(rig))
		rig__fail("queue %u: %u used elements, and nothing tells the driver: an interrupt was lost",
			  gq->q, (uint16_t)(st.used_idx - gq->returned));
}

static void check_port(const struct rig *rig, unsigned int port)
{
	const struct host_port *hp = &rig->host->port[port];
	const struct console_port *p = &rig->vc->port[port];
	int fd = port == KTSTR_PORT_STATS ? rig->stats_evt : rig->tx_evt;

	if (p->tx.len && !hp->readable && !signalled(fd))
		rig__fail("port %u: %zu bytes to read, and nothing tells the host", port, p->tx.len);
	if (hp->refused && p->rx.len <= KTSTR_PENDING_RX_MAX / 2 && !signalled(fd))
		rig__fail("port %u: there is room to write, and nothing tells the host", port);
}

void rig__check_lost(struct rig *rig)
{
	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		check_queue(rig, &rig->guest->gq[i]);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		check_port(rig, p);
}
