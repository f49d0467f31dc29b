// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes over the console's queues.
 *
 * A pass does a bounded amount of work. What it leaves behind announces itself
 * on rearm_evt: the driver has kicked already and need not kick again.
 */
#include <endian.h>
#include <string.h>
#include <sys/timerfd.h>

#include "console_data.h"
#include "event.h"

/* The longest that an interrupt for completed transmit chains is held back. */
#define IRQ_DELAY_NS	1000000

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void rearm(struct virtio_console *vc)
{
	vc->rearms++;
	event_signal(vc->cfg.rearm_evt);
}

/* Next chain of a queue; a ring that breaks here is reported here. */
static int pop(struct virtio_console *vc, struct virtqueue *vq, struct virtq_chain *chain)
{
	uint64_t repeats = vq->repeats;
	int ret = virtqueue__pop(vq, vc->cfg.mem, chain);

	if (vq->repeats != repeats)
		virtio_mmio__refuse(&vc->mmio, "chain offered again before it came back");
	if (ret < 0)
		virtio_mmio__broke(&vc->mmio, vq - vc->mmio.vq);
	return ret;
}

/*
 * Next chain of a queue whose notifications may be off: those of a receive queue
 * are while the host has nothing to say (Linux fills it with 256 separate kicks),
 * those of a transmit queue while work is left over. When it is found empty they
 * come on, and it is looked at once more.
 */
static int pop_or_ask(struct virtio_console *vc, struct virtqueue *vq, struct virtq_chain *chain)
{
	int ret = pop(vc, vq, chain);

	if (!ret && virtqueue__enable_notify(vq))
		ret = pop(vc, vq, chain);
	return ret;
}

/* Guest to host. */

static void signal_host(struct virtio_console *vc, unsigned int port)
{
	event_signal(port == KTSTR_PORT_STATS ? vc->cfg.stats_tx_evt : vc->cfg.tx_evt);
}

/* May bytes that find no room be dropped, or must the guest's writer wait? */
static bool may_drop(unsigned int port, enum console_tx_mode mode)
{
	/* Linux spins on port 0 with a lock held; after a reset nobody can wait. */
	return port == KTSTR_PORT_CONSOLE || mode == CONSOLE_TX_RESET;
}

static uint64_t readable_left(const struct console_port *p)
{
	uint64_t left = 0;

	for (unsigned int i = p->cur.seg; i < p->chain.nr; i++)
		if (!p->chain.seg[i].write)
			left += p->chain.seg[i].len - (i == p->cur.seg ? p->cur.off : 0);
	return left;
}

/* Copy on from the cursor; return: true when the chain is done with. */
static bool copy_chain(struct virtio_console *vc, unsigned int port, enum console_tx_mode mode,
		       size_t *budget)
{
	struct console_port *p = &vc->port[port];
	size_t n, taken;
	uint8_t *src;

	while ((n = virtq_chain__peek(&p->chain, &p->cur, false, &src))) {
		if (!*budget)
			return false;
		n = min_size(min_size(n, KTSTR_TX_SLICE_MAX), *budget);
		taken = byte_ring__append(&p->tx, src, n, KTSTR_TX_BUF_MAX);
		virtq_cursor__advance(&p->cur, taken);
		*budget -= taken;
		p->tx_bytes += taken;
		if (taken == n)
			continue;
		if (!may_drop(port, mode)) {
			p->stalled = true;
			return false;
		}
		p->tx_dropped += readable_left(p);
		return true;
	}
	return true;
}

/* Next chain to copy; one without anything to read is finished as it is. */
static int begin_chain(struct virtio_console *vc, struct virtqueue *vq, struct console_port *p,
		       enum console_tx_mode mode)
{
	int ret = mode == CONSOLE_TX_RESET ? pop(vc, vq, &p->chain) : pop_or_ask(vc, vq, &p->chain);

	if (ret <= 0)
		return ret;
	p->inflight = true;
	p->cur = (struct virtq_cursor) { 0 };
	if (p->chain.bad || !p->chain.readable) {
		virtio_mmio__refuse(&vc->mmio, p->chain.bad ? "transmit buffer outside memory" :
				    "transmit chain with nothing to read");
		p->cur.seg = p->chain.nr;
	}
	return 1;
}

/* Return: chains completed. */
static unsigned int transmit(struct virtio_console *vc, unsigned int port, struct virtqueue *vq,
			     enum console_tx_mode mode, size_t budget)
{
	struct console_port *p = &vc->port[port];
	unsigned int done;

	/*
	 * Chains are bounded too: empty ones cost no budget, and another vCPU
	 * can offer them as fast as they are returned.
	 */
	for (done = 0; done < vq->num; done++) {
		if (!p->inflight && begin_chain(vc, vq, p, mode) <= 0)
			return done;
		p->backlog = true;
		if (!copy_chain(vc, port, mode, &budget))
			return done;
		p->inflight = false;
		p->backlog = false;
		if (mode != CONSOLE_TX_RESET)
			virtqueue__push(vq, p->chain.head, 0);
	}
	p->backlog = true;
	return done;
}

/*
 * An interrupt costs the guest three exits (its entry reads and acknowledges the
 * status) and tells its driver only that there is room. In the exit of a kick the
 * driver is awake, so it is held back until a quarter of the ring came back or a
 * millisecond went by: one interrupt for many writes. A pass that runs for any
 * other reason may serve a driver that waits, and interrupts at once.
 */
static void announce_used(struct virtio_console *vc, unsigned int port, enum console_tx_mode mode,
			  unsigned int done)
{
	unsigned int q = console_port_txq(port);
	struct console_port *p = &vc->port[port];
	const struct itimerspec delay = { .it_value.tv_nsec = IRQ_DELAY_NS };

	p->uninterrupted += done;
	if (mode != CONSOLE_TX_KICK || port == KTSTR_PORT_CONSOLE || vc->cfg.irq_timer_fd < 0 ||
	    p->uninterrupted >= vc->mmio.vq[q].num / 4) {
		p->uninterrupted = 0;
		virtio_mmio__used(&vc->mmio, q);
		return;
	}
	if (vc->irq_timer_set || !virtqueue__wants_interrupt(&vc->mmio.vq[q]))
		return;
	vc->irq_timer_set = !timerfd_settime(vc->cfg.irq_timer_fd, 0, &delay, NULL);
}

void console_data__interrupt(struct virtio_console *vc)
{
	vc->irq_timer_set = false;
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		unsigned int q = console_port_txq(i);

		if (vc->port[i].uninterrupted && virtio_mmio__queue(&vc->mmio, q))
			virtio_mmio__used(&vc->mmio, q);
		vc->port[i].uninterrupted = 0;
	}
}

void console_data__transmit(struct virtio_console *vc, unsigned int port,
			    enum console_tx_mode mode)
{
	unsigned int q = console_port_txq(port);
	struct virtqueue *vq = virtio_mmio__queue(&vc->mmio, q);
	struct console_port *p = &vc->port[port];
	uint64_t before = p->tx_bytes;
	bool bounded = mode == CONSOLE_TX_KICK || mode == CONSOLE_TX_PASS;
	size_t budget = KTSTR_TX_PASS_BYTES;
	unsigned int done;

	if (!vq)
		return;
	/* Port 0 is bounded by its buffer's room: all it offers comes back now. */
	if (!bounded || port == KTSTR_PORT_CONSOLE)
		budget = SIZE_MAX;
	p->backlog = false;
	p->stalled = false;
	done = transmit(vc, port, vq, mode, budget);
	if (done && mode != CONSOLE_TX_RESET)
		announce_used(vc, port, mode, done);
	if (p->tx_bytes != before)
		signal_host(vc, port);
	if (!p->backlog || !bounded)
		return;
	/* What is left over goes on by itself, so kicks would only cost exits. */
	virtqueue__disable_notify(vq);
	/* A pass that ended at a full buffer goes on when the host reads. */
	if (!p->stalled)
		rearm(vc);
}

/* Host to guest. */

static bool deliverable(const struct virtio_console *vc, unsigned int port)
{
	return port == KTSTR_PORT_CONSOLE || vc->ctrl.open[port];
}

/* Move pending bytes into a chain; return: bytes written. */
static uint32_t fill_chain(struct virtio_console *vc, struct console_port *p)
{
	struct virtq_cursor cur = { 0 };
	uint32_t done = 0;
	uint8_t *dst;
	size_t n;

	if (vc->scratch.bad || !vc->scratch.writable) {
		virtio_mmio__refuse(&vc->mmio, vc->scratch.bad ? "receive buffer outside memory" :
				    "receive chain with nothing to write");
		return 0;
	}
	while ((n = virtq_chain__peek(&vc->scratch, &cur, true, &dst))) {
		n = byte_ring__take(&p->rx, dst, n);
		if (!n)
			break;
		virtq_cursor__advance(&cur, n);
		done += n;
	}
	p->rx_bytes += done;
	return done;
}

/* At half, so that a host with much to say is not woken for every chain. */
void console_data__tell_room(struct virtio_console *vc, unsigned int port)
{
	struct console_port *p = &vc->port[port];

	if (!p->rx_refused || p->rx.len > KTSTR_PENDING_RX_MAX / 2)
		return;
	p->rx_refused = false;
	signal_host(vc, port);
}

void console_data__receive(struct virtio_console *vc, unsigned int port)
{
	unsigned int q = console_port_rxq(port), done = 0;
	struct virtqueue *vq = virtio_mmio__queue(&vc->mmio, q);
	struct console_port *p = &vc->port[port];

	if (!vq || !deliverable(vc, port))
		return;
	while (p->rx.len) {
		if (done == KTSTR_RX_PASS_CHAINS) {
			rearm(vc);
			break;
		}
		if (pop_or_ask(vc, vq, &vc->scratch) <= 0)
			break;
		virtqueue__push(vq, vc->scratch.head, fill_chain(vc, p));
		done++;
	}
	if (!p->rx.len && !vq->broken)
		virtqueue__disable_notify(vq);
	if (done)
		virtio_mmio__used(&vc->mmio, q);
	console_data__tell_room(vc, port);
}

/* Control queues. */

/*
 * Place one message. It is never split over chains, so a chain that is too small
 * goes back empty and the message stays owed; a driver that offers nothing else
 * has broken the queue.
 */
static void place_message(struct virtio_console *vc, struct virtqueue *vq,
			  const struct console_msg *msg)
{
	const struct virtq_chain *chain = &vc->scratch;

	if (!chain->bad && chain->writable >= msg->len) {
		virtq_chain__scatter(chain, msg->data, msg->len);
		virtqueue__push(vq, chain->head, msg->len);
		console_control__sent(&vc->ctrl, msg);
		vc->ctrl_small = 0;
		return;
	}
	virtio_mmio__refuse(&vc->mmio, "control buffer that cannot hold a message");
	virtqueue__push(vq, chain->head, 0);
	if (++vc->ctrl_small == KTSTR_QUEUE_SIZE_MAX)
		virtio_mmio__broke(&vc->mmio, KTSTR_Q_CTRL_RX);
}

void console_data__control_receive(struct virtio_console *vc)
{
	struct virtqueue *vq = virtio_mmio__queue(&vc->mmio, KTSTR_Q_CTRL_RX);
	struct console_msg msg;
	unsigned int done = 0;
	bool owed = false;

	if (!vq)
		return;
	while (!vq->broken && (owed = console_control__next(&vc->ctrl, &msg))) {
		if (done == KTSTR_CTRL_PASS_CHAINS) {
			rearm(vc);
			break;
		}
		if (pop_or_ask(vc, vq, &vc->scratch) <= 0)
			break;
		place_message(vc, vq, &msg);
		done++;
	}
	if (!owed && !vq->broken)
		virtqueue__disable_notify(vq);
	if (done)
		virtio_mmio__used(&vc->mmio, KTSTR_Q_CTRL_RX);
}

static void take_message(struct virtio_console *vc)
{
	struct virtio_console_control msg;
	const char *why = "control message outside memory";

	if (!vc->scratch.bad) {
		why = "control message that is too short";
		if (virtq_chain__gather(&vc->scratch, &msg, sizeof(msg)) == sizeof(msg))
			why = console_control__receive(&vc->ctrl, &msg);
		if (!why && !vc->accesses_to_ready &&
		    le16toh(msg.event) == VIRTIO_CONSOLE_PORT_READY)
			vc->accesses_to_ready = vc->mmio.accesses;
	}
	if (why)
		virtio_mmio__refuse(&vc->mmio, why);
}

/* Return: true if the pass ended at its limit. */
static bool control_transmit(struct virtio_console *vc)
{
	struct virtqueue *vq = virtio_mmio__queue(&vc->mmio, KTSTR_Q_CTRL_TX);
	unsigned int done = 0;

	if (!vq)
		return false;
	while (done < KTSTR_CTRL_PASS_CHAINS && pop(vc, vq, &vc->scratch) > 0) {
		take_message(vc);
		virtqueue__push(vq, vc->scratch.head, 0);
		done++;
	}
	if (done)
		virtio_mmio__used(&vc->mmio, KTSTR_Q_CTRL_TX);
	return done == KTSTR_CTRL_PASS_CHAINS;
}

/* Answers go out with every pass. */
static bool control_round(struct virtio_console *vc)
{
	bool more = control_transmit(vc);

	console_data__control_receive(vc);
	return more;
}

void console_data__control_pass(struct virtio_console *vc)
{
	if (control_round(vc))
		rearm(vc);
}

/*
 * Linux spins for its message with a lock held, so all that was published when
 * it kicked is answered in the same exit: as many passes as a full ring needs.
 */
void console_data__control(struct virtio_console *vc)
{
	unsigned int passes = KTSTR_QUEUE_SIZE_MAX / KTSTR_CTRL_PASS_CHAINS;

	while (passes--)
		if (!control_round(vc))
			return;
	rearm(vc);
}
