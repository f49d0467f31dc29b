// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes over the console's queues.
 *
 * A pass does a bounded amount of work. What it leaves behind announces itself
 * on rearm_evt: the driver has kicked already and need not kick again.
 */
#include <endian.h>
#include <string.h>

#include "console_data.h"
#include "console_irq.h"
#include "event.h"

/**
 * struct budget - what a pass may still do
 * @bytes: to copy
 * @descs: to walk; a chain that was begun is walked to its end
 */
struct budget {
	size_t bytes;
	size_t descs;
};

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void spend_descs(struct budget *b, const struct virtq_chain *chain)
{
	b->descs -= min_size(b->descs, chain->walked);
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
		       struct budget *b)
{
	size_t limit = KTSTR_TX_BUF_MAX + (mode == CONSOLE_TX_RESET ? CONSOLE_LAST_WORDS : 0);
	struct console_port *p = &vc->port[port];
	size_t n, taken;
	uint8_t *src;

	while ((n = virtq_chain__peek(&p->chain, &p->cur, false, &src))) {
		if (!b->bytes)
			return false;
		n = min_size(min_size(n, KTSTR_TX_SLICE_MAX), b->bytes);
		taken = byte_ring__append(&p->tx, src, n, limit);
		virtq_cursor__advance(&p->cur, taken);
		b->bytes -= taken;
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

/*
 * Pop, and if there is nothing say who looks next: the driver with a kick, or we
 * when the timer expires. A queue that had chains in this pass is likely to get
 * more; its driver then adds them without an exit.
 */
static int pop_transmit(struct virtio_console *vc, unsigned int port, struct virtqueue *vq,
			enum console_tx_mode mode, bool busy)
{
	struct virtq_chain *chain = &vc->port[port].chain;
	int ret;

	/* After a reset the rings belong to nobody: used->flags must stay as it is. */
	if (mode == CONSOLE_TX_RESET)
		return pop(vc, vq, chain);
	if (!console_irq__moderated(vc, port) || !(busy || mode == CONSOLE_TX_KICK))
		return pop_or_ask(vc, vq, chain);
	ret = pop(vc, vq, chain);
	if (!ret)
		virtqueue__disable_notify(vq);
	return ret;
}

/* Next chain to copy; one without anything to read is finished as it is. */
static int begin_chain(struct virtio_console *vc, unsigned int port, struct virtqueue *vq,
		       enum console_tx_mode mode, bool busy)
{
	struct console_port *p = &vc->port[port];
	int ret = pop_transmit(vc, port, vq, mode, busy);

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
			     enum console_tx_mode mode, struct budget *b)
{
	struct console_port *p = &vc->port[port];
	unsigned int done;

	/* Chains are bounded too: another vCPU can offer them as fast as they come back. */
	for (done = 0; done < vq->num; done++) {
		if (!p->inflight) {
			if (!b->descs)
				break;
			if (begin_chain(vc, port, vq, mode, done) <= 0)
				return done;
			spend_descs(b, &p->chain);
		}
		p->backlog = true;
		if (!copy_chain(vc, port, mode, b))
			return done;
		p->inflight = false;
		p->backlog = false;
		if (mode != CONSOLE_TX_RESET)
			virtqueue__push(vq, p->chain.head, 0);
	}
	p->backlog = true;
	return done;
}

/* A pass is over: whoever is to know of it or to go on is told. */
static void end_pass(struct virtio_console *vc, unsigned int port, struct virtqueue *vq,
		     enum console_tx_mode mode, unsigned int done)
{
	struct console_port *p = &vc->port[port];

	console_irq__pass(vc, port, done, done || mode == CONSOLE_TX_KICK);
	if (vq->broken)
		return;
	/* What is left over goes on by itself, so kicks would only cost exits. */
	if (p->backlog)
		virtqueue__disable_notify(vq);
	/* A pass that ended at a full buffer goes on when the host reads. */
	if (p->backlog && !p->stalled)
		rearm(vc);
	else if (console_irq__moderated(vc, port) && vq->notify_off && !p->stalled)
		console_irq__look(vc);
}

void console_data__transmit(struct virtio_console *vc, unsigned int port,
			    enum console_tx_mode mode)
{
	struct virtqueue *vq = virtio_mmio__queue(&vc->mmio, console_port_txq(port));
	bool bounded = mode == CONSOLE_TX_KICK || mode == CONSOLE_TX_PASS;
	struct console_port *p = &vc->port[port];
	struct budget b = { .bytes = SIZE_MAX, .descs = SIZE_MAX };
	uint64_t before = p->tx_bytes;
	unsigned int done;

	if (!vq)
		return;
	if (bounded) {
		b.bytes = port == KTSTR_PORT_CONSOLE ? CONSOLE_TX0_BYTES : KTSTR_TX_PASS_BYTES;
		b.descs = CONSOLE_PASS_DESCS;
	}
	p->backlog = false;
	p->stalled = false;
	done = transmit(vc, port, vq, mode, &b);
	if (p->tx_bytes != before)
		signal_host(vc, port);
	if (mode != CONSOLE_TX_RESET)
		end_pass(vc, port, vq, mode, done);
}

/* Host to guest. */

static bool deliverable(const struct virtio_console *vc, unsigned int port)
{
	return port == KTSTR_PORT_CONSOLE || vc->ctrl.open[port];
}

/* Move pending bytes into a chain; return: bytes written. */
static uint32_t fill_chain(struct virtio_console *vc, struct console_port *p, struct budget *b)
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
		n = byte_ring__take(&p->rx, dst, min_size(n, b->bytes));
		if (!n)
			break;
		virtq_cursor__advance(&cur, n);
		b->bytes -= n;
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
	struct budget b = { .bytes = KTSTR_TX_PASS_BYTES, .descs = CONSOLE_PASS_DESCS };

	if (!vq || !deliverable(vc, port))
		return;
	while (p->rx.len) {
		if (done == KTSTR_RX_PASS_CHAINS || !b.bytes || !b.descs) {
			rearm(vc);
			break;
		}
		if (pop_or_ask(vc, vq, &vc->scratch) <= 0)
			break;
		spend_descs(&b, &vc->scratch);
		virtqueue__push(vq, vc->scratch.head, fill_chain(vc, p, &b));
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

/* Place what is owed while there is budget. */
static void control_receive(struct virtio_console *vc, struct budget *b)
{
	struct virtqueue *vq = virtio_mmio__queue(&vc->mmio, KTSTR_Q_CTRL_RX);
	struct console_msg msg;
	unsigned int done = 0;
	bool owed = false;

	if (!vq)
		return;
	while (!vq->broken && (owed = console_control__next(&vc->ctrl, &msg))) {
		if (done == KTSTR_CTRL_PASS_CHAINS || !b->descs) {
			rearm(vc);
			break;
		}
		if (pop_or_ask(vc, vq, &vc->scratch) <= 0)
			break;
		spend_descs(b, &vc->scratch);
		place_message(vc, vq, &msg);
		done++;
	}
	if (!owed && !vq->broken)
		virtqueue__disable_notify(vq);
	if (done)
		virtio_mmio__used(&vc->mmio, KTSTR_Q_CTRL_RX);
}

void console_data__control_receive(struct virtio_console *vc)
{
	struct budget b = { .descs = CONSOLE_PASS_DESCS };

	control_receive(vc, &b);
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

/* Return: true if the pass ended at a limit. */
static bool control_transmit(struct virtio_console *vc, struct budget *b)
{
	struct virtqueue *vq = virtio_mmio__queue(&vc->mmio, KTSTR_Q_CTRL_TX);
	unsigned int done = 0;
	bool more = true;

	if (!vq)
		return false;
	while (done < KTSTR_CTRL_PASS_CHAINS && b->descs) {
		more = pop(vc, vq, &vc->scratch) > 0;
		if (!more)
			break;
		spend_descs(b, &vc->scratch);
		take_message(vc);
		virtqueue__push(vq, vc->scratch.head, 0);
		done++;
	}
	if (done)
		virtio_mmio__used(&vc->mmio, KTSTR_Q_CTRL_TX);
	return more;
}

/* Answers go out with every pass. */
static bool control_round(struct virtio_console *vc, struct budget *b)
{
	bool more = control_transmit(vc, b);

	control_receive(vc, b);
	return more;
}

void console_data__control_pass(struct virtio_console *vc)
{
	struct budget b = { .descs = CONSOLE_PASS_DESCS };

	if (control_round(vc, &b))
		rearm(vc);
}

/*
 * Linux spins for its message with a lock held, so all that was published when
 * it kicked is answered in the same exit: as many passes as a full ring of
 * messages needs.
 */
void console_data__control(struct virtio_console *vc)
{
	unsigned int passes = KTSTR_QUEUE_SIZE_MAX / KTSTR_CTRL_PASS_CHAINS;
	struct budget b = { .descs = CONSOLE_PASS_DESCS };

	while (passes-- && b.descs)
		if (!control_round(vc, &b))
			return;
	rearm(vc);
}
