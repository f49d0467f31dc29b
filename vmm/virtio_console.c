// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three-port virtio console: the device behind the transport, and the host's
 * side of its ports.
 */
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>

#include "console_data.h"
#include "console_irq.h"

static struct virtio_console *to_console(struct virtio_mmio *vm)
{
	return (struct virtio_console *)((char *)vm - offsetof(struct virtio_console, mmio));
}

/* 5.3.2: without MULTIPORT there is port 0 and no control queue. */
static bool console_queue_exists(uint64_t features, unsigned int q)
{
	return q <= KTSTR_Q_CONSOLE_TX || (features & 1ull << VIRTIO_CONSOLE_F_MULTIPORT);
}

/* Buffers may have been published before DRIVER_OK, when kicks were not allowed. */
static void console_start(struct virtio_mmio *vm)
{
	struct virtio_console *vc = to_console(vm);

	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q += 2)
		if (virtio_mmio__queue(vm, q))
			virtqueue__disable_notify(&vm->vq[q]);
	console_data__control(vc);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		console_data__transmit(vc, p, CONSOLE_TX_PASS);
		console_data__receive(vc, p);
	}
}

/* No chain of a queue that is gone can come back. */
static void forget_chain(struct console_port *p)
{
	p->inflight = false;
	p->backlog = false;
	p->stalled = false;
	console_irq__forget(p);
}

/*
 * A guest's last words survive its reboot: what it had published goes to the
 * host's buffers. Its memory may belong to a new kernel already, so nothing is
 * written there. What the host queued for a driver that is gone goes with it;
 * a reset of a device that no driver has touched loses nothing.
 */
static void console_reset(struct virtio_mmio *vm, bool live)
{
	struct virtio_console *vc = to_console(vm);

	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		struct console_port *p = &vc->port[i];

		if (live)
			console_data__transmit(vc, i, CONSOLE_TX_RESET);
		forget_chain(p);
		if (vm->status)
			byte_ring__clear(&p->rx);
		console_data__tell_room(vc, i);
	}
	console_control__reset(&vc->ctrl);
	vc->ctrl_small = 0;
}

/* What was published is taken, as at a reset; nothing can be returned any more. */
static void console_queue_stopped(struct virtio_mmio *vm, unsigned int q)
{
	struct virtio_console *vc = to_console(vm);

	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		if (console_port_txq(i) == q) {
			console_data__transmit(vc, i, CONSOLE_TX_RESET);
			forget_chain(&vc->port[i]);
		}
	}
}

/* A message may have opened a port that has bytes waiting. */
static void control_notify(struct virtio_console *vc)
{
	console_data__control(vc);
	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++)
		console_data__receive(vc, p);
}

static void console_notify(struct virtio_mmio *vm, unsigned int q)
{
	struct virtio_console *vc = to_console(vm);

	if (q == KTSTR_Q_CTRL_TX)
		return control_notify(vc);
	if (q == KTSTR_Q_CTRL_RX)
		return console_data__control_receive(vc);
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		if (console_port_txq(i) == q)
			return console_data__transmit(vc, i, CONSOLE_TX_KICK);
		if (console_port_rxq(i) == q)
			return console_data__receive(vc, i);
	}
}

static void console_config_read(struct virtio_mmio *vm, uint64_t off, uint8_t *buf,
				unsigned int len)
{
	const struct virtio_console_config cfg = { .max_nr_ports = htole32(KTSTR_NR_PORTS) };

	if (off >= sizeof(cfg))
		return virtio_mmio__refuse(vm, "read behind config space");
	if (len > sizeof(cfg) - off)
		len = sizeof(cfg) - off;
	memcpy(buf, (const uint8_t *)&cfg + off, len);
}

/* 5.3.5.1: emerg_wr works in every state, before any negotiation and after FAILED. */
static bool console_config_write(struct virtio_mmio *vm, uint64_t off, const uint8_t *buf,
				 unsigned int len)
{
	(void)len;
	if (off != offsetof(struct virtio_console_config, emerg_wr))
		return false;
	to_console(vm)->emerg = buf[0];
	return true;
}

static const struct virtio_mmio_ops console_ops = {
	.device_id	= VIRTIO_ID_CONSOLE,
	.features	= 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_CONSOLE_F_MULTIPORT,
	.nr_queues	= KTSTR_NR_QUEUES,
	.queue_exists	= console_queue_exists,
	.start		= console_start,
	.reset		= console_reset,
	.queue_stopped	= console_queue_stopped,
	.notify		= console_notify,
	.config_read	= console_config_read,
	.config_write	= console_config_write,
};

static int init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err)
		return -err;
	err = pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	if (!err)
		err = pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

static void exit_ports(struct virtio_console *vc)
{
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		byte_ring__exit(&vc->port[i].tx);
		byte_ring__exit(&vc->port[i].rx);
	}
}

static int init_ports(struct virtio_console *vc)
{
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		struct console_port *p = &vc->port[i];

		if (byte_ring__init(&p->tx, KTSTR_TX_BUF_MAX + CONSOLE_LAST_WORDS +
					    VIRTIO_CONSOLE_PUSH_BACK_MAX) ||
		    byte_ring__init(&p->rx, KTSTR_PENDING_RX_MAX)) {
			exit_ports(vc);
			return -ENOMEM;
		}
		console_irq__forget(p);
	}
	return 0;
}

struct virtio_console *virtio_console__new(const struct virtio_console_cfg *cfg)
{
	struct virtio_console *vc = calloc(1, sizeof(*vc));

	if (!vc)
		return NULL;
	vc->cfg = *cfg;
	vc->emerg = -1;
	virtio_mmio__init(&vc->mmio, &console_ops, cfg->mem, cfg->irq_fd);
	if (init_ports(vc))
		goto free_console;
	if (init_lock(&vc->lock))
		goto free_ports;
	return vc;

free_ports:
	exit_ports(vc);
free_console:
	free(vc);
	return NULL;
}

void virtio_console__free(struct virtio_console *vc)
{
	if (!vc)
		return;
	pthread_mutex_destroy(&vc->lock);
	exit_ports(vc);
	free(vc);
}

void virtio_console__mmio_read(struct virtio_console *vc, uint64_t off, void *data,
			       unsigned int len)
{
	pthread_mutex_lock(&vc->lock);
	virtio_mmio__read(&vc->mmio, off, data, len);
	pthread_mutex_unlock(&vc->lock);
}

void virtio_console__mmio_write(struct virtio_console *vc, uint64_t off, const void *data,
				unsigned int len)
{
	int emerg;

	pthread_mutex_lock(&vc->lock);
	virtio_mmio__write(&vc->mmio, off, data, len);
	emerg = vc->emerg;
	vc->emerg = -1;
	pthread_mutex_unlock(&vc->lock);

	if (emerg >= 0 && vc->cfg.emerg)
		vc->cfg.emerg(vc->cfg.emerg_arg, emerg);
}

void virtio_console__service(struct virtio_console *vc)
{
	pthread_mutex_lock(&vc->lock);
	vc->timer_set = false;
	console_data__control_pass(vc);
	pthread_mutex_unlock(&vc->lock);

	/* A vCPU that kicks waits for one pass, not for all of them. */
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		pthread_mutex_lock(&vc->lock);
		console_data__transmit(vc, i, CONSOLE_TX_PASS);
		pthread_mutex_unlock(&vc->lock);

		pthread_mutex_lock(&vc->lock);
		console_data__receive(vc, i);
		pthread_mutex_unlock(&vc->lock);
	}
}

size_t virtio_console__read(struct virtio_console *vc, unsigned int port, void *buf, size_t len)
{
	unsigned int passes = CONSOLE_READ_PASSES;
	struct console_port *p;
	size_t done = 0;

	if (port >= KTSTR_NR_PORTS)
		return 0;
	p = &vc->port[port];
	pthread_mutex_lock(&vc->lock);
	/*
	 * A guest can offer a byte a pass, as fast as they are taken. What the last
	 * pass brought was signalled, so a reader that waits for more has an event.
	 */
	do {
		done += byte_ring__take(&p->tx, (uint8_t *)buf + done, len - done);
		if (p->backlog)
			console_data__transmit(vc, port, CONSOLE_TX_PASS);
	} while (p->tx.len && done < len && --passes);
	pthread_mutex_unlock(&vc->lock);
	return done;
}

int virtio_console__push_back(struct virtio_console *vc, unsigned int port, const void *buf,
			      size_t len)
{
	int err;

	if (port >= KTSTR_NR_PORTS)
		return -EINVAL;
	pthread_mutex_lock(&vc->lock);
	err = byte_ring__push_front(&vc->port[port].tx, buf, len);
	pthread_mutex_unlock(&vc->lock);
	return err;
}

/* All or nothing: a caller that is told "no" must not have to guess how much. */
static int queue_bytes(struct byte_ring *r, const void *buf, size_t len)
{
	if (len > KTSTR_PENDING_RX_MAX - r->len)
		return -ENOBUFS;
	byte_ring__append(r, buf, len, KTSTR_PENDING_RX_MAX);
	return 0;
}

int virtio_console__write(struct virtio_console *vc, unsigned int port, const void *buf,
			  size_t len)
{
	int err;

	if (port >= KTSTR_NR_PORTS)
		return -EINVAL;
	pthread_mutex_lock(&vc->lock);
	err = vc->ctrl.closed[port] ? -EPIPE : queue_bytes(&vc->port[port].rx, buf, len);
	/* Kept until the event: another write may be small enough, or meet a closed port. */
	if (err == -ENOBUFS)
		vc->port[port].rx_refused = true;
	if (!err)
		console_data__receive(vc, port);
	pthread_mutex_unlock(&vc->lock);
	return err;
}

int virtio_console__connect(struct virtio_console *vc, unsigned int port, bool open)
{
	if (port == KTSTR_PORT_CONSOLE || port >= KTSTR_NR_PORTS)
		return -EINVAL;
	pthread_mutex_lock(&vc->lock);
	console_control__connect(&vc->ctrl, port, open);
	console_data__control_receive(vc);
	pthread_mutex_unlock(&vc->lock);
	return 0;
}

size_t virtio_console__pending(struct virtio_console *vc, unsigned int port)
{
	size_t n;

	if (port >= KTSTR_NR_PORTS)
		return 0;
	pthread_mutex_lock(&vc->lock);
	n = vc->port[port].rx.len;
	pthread_mutex_unlock(&vc->lock);
	return n;
}

bool virtio_console__is_open(struct virtio_console *vc, unsigned int port)
{
	bool open;

	if (port >= KTSTR_NR_PORTS)
		return false;
	pthread_mutex_lock(&vc->lock);
	open = port == KTSTR_PORT_CONSOLE || vc->ctrl.open[port];
	pthread_mutex_unlock(&vc->lock);
	return open;
}

void virtio_console__drain(struct virtio_console *vc)
{
	pthread_mutex_lock(&vc->lock);
	vc->mmio.quiet = true;
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++)
		console_data__transmit(vc, i, CONSOLE_TX_DRAIN);
	vc->mmio.quiet = false;
	pthread_mutex_unlock(&vc->lock);
}

void virtio_console__stats(struct virtio_console *vc, struct virtio_console_stats *st)
{
	pthread_mutex_lock(&vc->lock);
	*st = (struct virtio_console_stats) {
		.interrupts = vc->mmio.interrupts,
		.accesses = vc->mmio.accesses,
		.accesses_to_ready = vc->accesses_to_ready,
		.broken = vc->mmio.broken,
		.driver_errors = vc->mmio.driver_errors,
		.last_error = vc->mmio.last_error,
		.rearms = vc->rearms,
	};
	memcpy(st->kicks, vc->mmio.kicks, sizeof(st->kicks));
	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		st->tx_bytes[i] = vc->port[i].tx_bytes;
		st->rx_bytes[i] = vc->port[i].rx_bytes;
		st->tx_dropped[i] = vc->port[i].tx_dropped;
	}
	pthread_mutex_unlock(&vc->lock);
}
