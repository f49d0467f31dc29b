/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's driver for the console. Rings and descriptors are open to be
 * spoilt; driver_up() makes everything good again, whatever was done before.
 */
#ifndef BARE_DRIVER_H
#define BARE_DRIVER_H

#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include <ktstr/ports.h>

#include "vmm/layout.h"
#include "bare.h"

#define QUEUE_SIZE	KTSTR_QUEUE_SIZE_MAX
#define ALL_PORTS	((1u << KTSTR_NR_PORTS) - 1)

#define S_ACK	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define S_DRV	VIRTIO_CONFIG_S_DRIVER
#define S_FEAT	VIRTIO_CONFIG_S_FEATURES_OK
#define S_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define S_RESET	VIRTIO_CONFIG_S_NEEDS_RESET
#define S_FAIL	VIRTIO_CONFIG_S_FAILED
#define S_LIVE	(S_ACK | S_DRV | S_FEAT | S_OK)

/* Where things lie in RAM: the program is below, the last page is left free. */
#define RINGS		0x800000ull	/* RING_STRIDE for every queue */
#define RING_STRIDE	0x4000ull	/* a page each for descriptors, avail, used */
#define ECHO_BUF	0x900000ull	/* receive buffers and tokens of the driver itself */
#define SCRATCH		0xa00000ull	/* small buffers of a case */
#define SCRATCH_SIZE	0x100000ull
#define BIG		0x1000000ull	/* large ones */
#define BIG_SIZE	0x1000000ull

/** struct queue - the driver's view of a ring */
struct queue {
	uint32_t num;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t avail_idx;
	uint16_t used_idx;
	uint16_t next_desc;
};

/** struct seg - one descriptor to be */
struct seg {
	uint64_t gpa;
	uint32_t len;
	bool write;
};

extern struct queue queues[KTSTR_NR_QUEUES];

/** console - the register window as bytes */
#define console ((volatile uint8_t *)LAYOUT_CONSOLE_MMIO)

static inline uint32_t reg_read(uint32_t off)
{
	uint32_t val;

	__asm__ volatile("movl (%1), %0" : "=r" (val) : "r" (console + off) : "memory");
	return val;
}

static inline void reg_write(uint32_t off, uint32_t val)
{
	__asm__ volatile("movl %0, (%1)" :: "r" (val), "r" (console + off) : "memory");
}

static inline unsigned int port_rxq(unsigned int port)
{
	return port ? 2 + 2 * port : 0;
}

static inline unsigned int port_txq(unsigned int port)
{
	return port_rxq(port) + 1;
}

/** driver_negotiate() - reset up to FEATURES_OK with all features; return: was it accepted? */
bool driver_negotiate(void);

/** driver_rings() - write queue @q's registers, QueueReady = 1; return: QueueReady as read back */
uint32_t driver_rings(unsigned int q, uint32_t num, uint64_t desc, uint64_t avail, uint64_t used);

/** driver_queue() - the same with zeroed rings at RINGS */
uint32_t driver_queue(unsigned int q, uint32_t num);

/** driver_try_start() - reset, all queues with @num entries, DRIVER_OK; return: is it live? */
bool driver_try_start(uint32_t num);

/** driver_start() - the same, and it must be */
void driver_start(uint32_t num);

/**
 * driver_handshake() - open all ports and put receive buffers into their queues
 * @spare: receive queue that the case fills or spoils itself, or -1
 */
void driver_handshake(int spare);

/** driver_up() - driver_start() with full-size queues, then driver_handshake() */
void driver_up(void);

/** driver_add() - publish a chain, no kick; return: its head */
uint16_t driver_add(unsigned int q, const struct seg *seg, unsigned int n);

/** driver_add1() - the same for one buffer */
uint16_t driver_add1(unsigned int q, uint64_t gpa, uint32_t len, bool write);

/** driver_publish() - put any head into the avail ring */
void driver_publish(unsigned int q, uint16_t head);

/** driver_kick() - QueueNotify */
void driver_kick(unsigned int q);

/** driver_used() - take a used element; return: its head, or -1 if there is none */
int driver_used(unsigned int q, uint32_t *len);

/** driver_take() - wait for the next used element; return: its length */
uint32_t driver_take(unsigned int q, uint16_t head);

/** driver_send() - transmit a buffer on @port, wait until it is used, and count it as sent */
void driver_send(unsigned int port, uint64_t gpa, uint32_t len);

/** driver_sent() - count bytes that the host will get from @port */
void driver_sent(unsigned int port, uint64_t gpa, uint32_t len);

/** driver_report() - tell the host what it must have got: the last words of a case */
void driver_report(void);

/** driver_no_sums() - the content of what was sent is not known, only how much it is */
void driver_no_sums(void);

/** driver_no_counts() - nor how much; nor how often queues were kicked */
void driver_no_counts(void);

/** queue_port() - port that transmit or receive queue @q belongs to, -1 for control */
int queue_port(unsigned int q);

/** driver_control() - send a control message; it must come back in the same exit */
void driver_control(uint32_t id, uint16_t event, uint16_t value);

/** driver_offer() - put a receive buffer of @port into its queue, and kick */
void driver_offer(unsigned int port);

/**
 * echo() - a token goes to the host and comes back, on every port in @ports
 * @ports: a bit per port; their queues work
 *
 * The host sends every token back (see test_bare.c). Receive buffers that come
 * back on the way are offered again.
 */
void echo(unsigned int ports);

/**
 * host_has_room() - wait until the host has read what was sent before
 *
 * Port 0 drops what finds no room, so a token may be lost there after a flood.
 * The host reads its ports in turn: when it has answered on 2 and then on 1,
 * it was at 0 in between.
 */
void host_has_room(void);

/**
 * driver_quiet() - wait until the device looks at no transmit queue by itself
 *
 * After a busy time it does, and would take what a case publishes without a kick.
 * It has stopped when it asks for kicks on every port, and the look in which it
 * began to is over when an access to a register is.
 */
void driver_quiet(void);

/** echo_ask() - only the first half: send a token on @port; return: it */
uint64_t echo_ask(unsigned int port);

#endif /* BARE_DRIVER_H */
