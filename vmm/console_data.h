/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console device's state and its passes over the queues; shared by
 * virtio_console.c and console_data.c only. Everything runs under the lock.
 */
#ifndef VMM_CONSOLE_DATA_H
#define VMM_CONSOLE_DATA_H

#include <pthread.h>

#include "byte_ring.h"
#include "console_control.h"
#include "virtio_console.h"
#include "virtio_mmio.h"

/**
 * struct console_port - one port
 * @tx: bytes from the guest, waiting for the host
 * @rx: bytes from the host, waiting for the guest
 * @chain: transmit chain being copied
 * @cur: place in it
 * @inflight: @chain is valid; it is in no used ring yet
 * @backlog: the last transmit pass ended before the ring was empty
 * @stalled: it ended because @tx had no room
 * @uninterrupted: chains that came back and whose interrupt is held back
 * @since_ns: when the first of them did
 * @last_ns: when chains came back last
 * @told_ns: when the last interrupt was sent, 0: something new has come since
 * @patience_ns: how long the driver is taken to do without one
 * @rx_refused: the host was told that @rx has no room, and waits to hear of some
 * @tx_bytes: bytes taken over from the guest
 * @rx_bytes: bytes placed in the guest
 * @tx_dropped: bytes from the guest that found no room
 */
struct console_port {
	struct byte_ring tx;
	struct byte_ring rx;
	struct virtq_chain chain;
	struct virtq_cursor cur;
	bool inflight;
	bool backlog;
	bool stalled;
	bool rx_refused;
	unsigned int uninterrupted;
	uint64_t since_ns;
	uint64_t last_ns;
	uint64_t told_ns;
	uint64_t patience_ns;
	uint64_t tx_bytes;
	uint64_t rx_bytes;
	uint64_t tx_dropped;
};

/**
 * struct virtio_console - the device
 * @lock: guards everything below; priority-inheriting, since a real-time vCPU
 *	thread may wait for the host's ordinary one
 * @cfg: connections
 * @mmio: transport
 * @ctrl: control protocol
 * @port: ports
 * @scratch: chain of a queue that never keeps one across calls
 * @ctrl_small: control buffers in a row that were too small
 * @emerg: byte written to emerg_wr by the access being served, or -1
 * @timer_set: @cfg.irq_timer_fd is going to expire
 * @timer_at: when
 * @accesses_to_ready: value of @mmio.accesses at the first PORT_READY ever, or 0
 * @rearms: times left-over work was announced
 */
struct virtio_console {
	pthread_mutex_t lock;
	struct virtio_console_cfg cfg;
	struct virtio_mmio mmio;
	struct console_control ctrl;
	struct console_port port[KTSTR_NR_PORTS];
	struct virtq_chain scratch;
	unsigned int ctrl_small;
	int emerg;
	bool timer_set;
	uint64_t timer_at;
	uint64_t accesses_to_ready;
	uint64_t rearms;
};

/*
 * Work in one exit, besides the bounds of ports.h: a hostile chain has as many
 * descriptors as the ring, and a ring as many chains.
 */
#define CONSOLE_PASS_DESCS	4096
/* Passes in one read by the host: twice what fills its buffer. */
#define CONSOLE_READ_PASSES	(2 * KTSTR_TX_BUF_MAX / KTSTR_TX_PASS_BYTES)
/*
 * What a reset may add to a buffer at its bound: all that Linux can have on offer,
 * a ring of its largest writes. Its write() has returned, so it must not be lost.
 */
#define CONSOLE_LAST_WORDS	(KTSTR_QUEUE_SIZE_MAX * KTSTR_TX_SLICE_MAX)
/* Port 0 takes more than a pass: Linux spins until its bytes are taken. */
#define CONSOLE_TX0_BYTES	(2 * KTSTR_TX_PASS_BYTES)

/* How a transmit queue is emptied. */
enum console_tx_mode {
	CONSOLE_TX_KICK,	/* bounded pass, in the exit of the vCPU that asked for it */
	CONSOLE_TX_PASS,	/* bounded pass, whoever runs it */
	CONSOLE_TX_DRAIN,	/* all that is published */
	CONSOLE_TX_RESET,	/* the same, leaving the guest's memory alone */
};

/** console_port_rxq() - receive queue (host to guest) of a port (5.3.2) */
static inline unsigned int console_port_rxq(unsigned int port)
{
	return port ? 2 + 2 * port : 0;
}

/** console_port_txq() - transmit queue (guest to host) of a port (5.3.2) */
static inline unsigned int console_port_txq(unsigned int port)
{
	return console_port_rxq(port) + 1;
}

/** console_data__transmit() - guest to host: one pass over @port's transmit queue */
void console_data__transmit(struct virtio_console *vc, unsigned int port,
			    enum console_tx_mode mode);

/**
 * console_data__tell_room() - wake a host that was refused once @rx is half empty
 * @vc: device, locked
 * @port: enum ktstr_port
 */
void console_data__tell_room(struct virtio_console *vc, unsigned int port);

/** console_data__receive() - host to guest: one pass over @port's receive queue */
void console_data__receive(struct virtio_console *vc, unsigned int port);

/** console_data__control() - answer what the guest sent on the control queues at entry */
void console_data__control(struct virtio_console *vc);

/** console_data__control_receive() - place owed control messages */
void console_data__control_receive(struct virtio_console *vc);

/** console_data__control_pass() - take one pass of control messages and place the answers */
void console_data__control_pass(struct virtio_console *vc);

#endif /* VMM_CONSOLE_DATA_H */
