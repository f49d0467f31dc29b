/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver for tests, all in this header: RAM, split rings and register accesses, as the guest's
 * side of the console device has them. It keeps no promise that a test does not
 * want kept: rings and descriptors are open to be spoilt. What must hold after
 * any of it is in driver_alive.h.
 *
 * Ring fields are accessed atomically, as the device does: threads that play vCPUs
 * may share a driver under ThreadSanitizer.
 */
#ifndef UNIT_DRIVER_H
#define UNIT_DRIVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include <ktstr/ports.h>

#include "vmm/guest_memory.h"
#include "vmm/virtio_console.h"

#define DRIVER_RAM_GPA	0x100000ull
#define DRIVER_RAM_SIZE	(32ull << 20)
#define DRIVER_DATA_GPA	(DRIVER_RAM_GPA + (1ull << 20))	/* below: rings */
#define DRIVER_ROM_GPA	0xf0000ull			/* one read-only page */

#define RING_STRIDE	0x4000u		/* per queue: 4 KiB table, avail, used */
#define CTRL_MSG_GPA	(DRIVER_RAM_GPA + 0x80000)
#define CTRL_BUF_GPA	(DRIVER_RAM_GPA + 0x90000)
#define CTRL_BUF_SIZE	64u

#define DRIVER_FEATURES	(1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_CONSOLE_F_MULTIPORT)

#define S_ACK	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define S_DRV	VIRTIO_CONFIG_S_DRIVER
#define S_FEAT	VIRTIO_CONFIG_S_FEATURES_OK
#define S_OK	VIRTIO_CONFIG_S_DRIVER_OK

/** struct driver_queue - the driver's view of a ring */
struct driver_queue {
	uint32_t num;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t avail_idx;
	uint16_t used_idx;
	uint16_t next_desc;
};

/** struct driver - RAM, device and its eventfds */
struct driver {
	struct guest_memory gm;
	uint8_t *ram;
	uint8_t *rom;
	struct virtio_console *vc;
	int irq, tx, stats, rearm, timer;
	uint64_t now;		/* of driver__clock() */
	int emerg_count;
	uint8_t emerg_byte;
	struct driver_queue q[KTSTR_NR_QUEUES];
};

/** struct driver_seg - one descriptor to be */
struct driver_seg {
	uint64_t gpa;
	uint32_t len;
	bool write;
};

/** driver__rxq() - receive queue (host to guest) of a port (5.3.2) */
static inline unsigned int driver__rxq(unsigned int port)
{
	return port ? 2 + 2 * port : 0;
}

/** driver__txq() - transmit queue (guest to host) of a port (5.3.2) */
static inline unsigned int driver__txq(unsigned int port)
{
	return driver__rxq(port) + 1;
}

/** driver__ptr() - host view of a guest address within RAM */
static inline uint8_t *driver__ptr(struct driver *d, uint64_t gpa)
{
	return d->ram + (gpa - DRIVER_RAM_GPA);
}

/** driver__stats() - the device's counters */
static inline struct virtio_console_stats driver__stats(struct driver *d)
{
	struct virtio_console_stats st;

	virtio_console__stats(d->vc, &st);
	return st;
}

/** driver__errors() - what the driver did wrong so far, as the device counts it */
static inline uint64_t driver__errors(struct driver *d)
{
	return driver__stats(d).driver_errors;
}

static inline void count_emerg(void *arg, uint8_t byte)
{
	struct driver *d = arg;

	d->emerg_count++;
	d->emerg_byte = byte;
}

static inline void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/** driver__clock() - a clock that a test moves, for struct virtio_console_cfg */
static inline uint64_t driver__clock(void *d)
{
	return ((struct driver *)d)->now;
}

/** driver__power_on() - a new device; @irq_timer_fd, @clock as in struct virtio_console_cfg */
static inline bool driver__power_on(struct driver *d, int irq_timer_fd, uint64_t (*clock)(void *))
{
	const struct virtio_console_cfg cfg = {
		.mem = &d->gm, .irq_fd = d->irq, .tx_evt = d->tx, .stats_tx_evt = d->stats,
		.rearm_evt = d->rearm, .irq_timer_fd = irq_timer_fd, .emerg = count_emerg,
		.emerg_arg = d, .clock = clock, .clock_arg = d,
	};

	virtio_console__free(d->vc);
	d->vc = virtio_console__new(&cfg);
	return d->vc;
}

/** driver__new_device() - the same, by the real clock */
static inline bool driver__new_device(struct driver *d, int irq_timer_fd)
{
	return driver__power_on(d, irq_timer_fd, NULL);
}

/** driver__create() - RAM and a device after power-on; return: false without resources */
static inline bool driver__create(struct driver *d)
{
	memset(d, 0, sizeof(*d));
	d->ram = map(DRIVER_RAM_SIZE);
	d->rom = map(4096);
	d->irq = eventfd(0, EFD_NONBLOCK);
	d->tx = eventfd(0, EFD_NONBLOCK);
	d->stats = eventfd(0, EFD_NONBLOCK);
	d->rearm = eventfd(0, EFD_NONBLOCK);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	if (!d->ram || !d->rom || d->irq < 0 || d->tx < 0 || d->stats < 0 || d->rearm < 0 ||
	    d->timer < 0)
		return false;
	/* A read-only page is really read-only: a write by the device is a crash. */
	if (mprotect(d->rom, 4096, PROT_READ) ||
	    guest_memory__add(&d->gm, DRIVER_RAM_GPA, DRIVER_RAM_SIZE, d->ram, false) ||
	    guest_memory__add(&d->gm, DRIVER_ROM_GPA, 4096, d->rom, true))
		return false;
	return driver__new_device(d, d->timer);
}

static inline void driver__destroy(struct driver *d)
{
	virtio_console__free(d->vc);
	munmap(d->ram, DRIVER_RAM_SIZE);
	munmap(d->rom, 4096);
	close(d->irq);
	close(d->tx);
	close(d->stats);
	close(d->rearm);
	close(d->timer);
}

static inline uint32_t driver__read32(struct driver *d, uint64_t off)
{
	uint32_t val = 0xdeadbeef;

	virtio_console__mmio_read(d->vc, off, &val, sizeof(val));
	return val;
}

static inline void driver__write32(struct driver *d, uint64_t off, uint32_t val)
{
	virtio_console__mmio_write(d->vc, off, &val, sizeof(val));
}

/** driver__status() - device status (2.1) */
static inline uint32_t driver__status(struct driver *d)
{
	return driver__read32(d, VIRTIO_MMIO_STATUS);
}

/** driver__negotiate() - reset to FEATURES_OK; return: the status that reads back */
static inline uint32_t driver__negotiate(struct driver *d, uint64_t features)
{
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK);
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV);
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, features >> 32);
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	driver__write32(d, VIRTIO_MMIO_DRIVER_FEATURES, features);
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT);
	return driver__read32(d, VIRTIO_MMIO_STATUS);
}

/** driver__ring_gpa() - where driver__setup_queue() puts queue @q's descriptor table */
static inline uint64_t driver__ring_gpa(unsigned int q)
{
	return DRIVER_RAM_GPA + q * RING_STRIDE;
}

static inline void write_addr(struct driver *d, uint64_t low, uint64_t gpa)
{
	driver__write32(d, low, gpa);
	driver__write32(d, low + 4, gpa >> 32);
}

/** driver__setup_queue() - zeroed rings, QueueReady = 1; return: QueueReady as read back */
static inline uint32_t driver__setup_queue(struct driver *d, unsigned int q, uint32_t num)
{
	uint64_t gpa = driver__ring_gpa(q);

	memset(driver__ptr(d, gpa), 0, RING_STRIDE);
	d->q[q] = (struct driver_queue) {
		.num = num,
		.desc = (void *)driver__ptr(d, gpa),
		.avail = (void *)driver__ptr(d, gpa + 0x1000),
		.used = (void *)driver__ptr(d, gpa + 0x2000),
	};
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
	driver__write32(d, VIRTIO_MMIO_QUEUE_NUM, num);
	write_addr(d, VIRTIO_MMIO_QUEUE_DESC_LOW, gpa);
	write_addr(d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, gpa + 0x1000);
	write_addr(d, VIRTIO_MMIO_QUEUE_USED_LOW, gpa + 0x2000);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 1);
	return driver__read32(d, VIRTIO_MMIO_QUEUE_READY);
}

/** driver__init() - everything up to DRIVER_OK, all queues of the features, @num entries */
static inline bool driver__init(struct driver *d, uint64_t features, uint32_t num)
{
	bool multiport = features & 1ull << VIRTIO_CONSOLE_F_MULTIPORT;

	if (!(driver__negotiate(d, features) & S_FEAT))
		return false;
	for (unsigned int q = 0; q < (multiport ? KTSTR_NR_QUEUES : 2); q++)
		if (driver__setup_queue(d, q, num) != 1)
			return false;
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	return driver__read32(d, VIRTIO_MMIO_STATUS) == (S_ACK | S_DRV | S_FEAT | S_OK);
}

/** driver__live() - reset to DRIVER_OK with queue @q alone; return: QueueReady was accepted */
static inline bool driver__live(struct driver *d, unsigned int q, uint32_t num)
{
	bool ready;

	driver__negotiate(d, DRIVER_FEATURES);
	ready = driver__setup_queue(d, q, num) == 1;
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	return ready;
}

/** driver__publish() - put any head into the avail ring */
static inline void driver__publish(struct driver *d, unsigned int q, uint16_t head)
{
	struct driver_queue *dq = &d->q[q];

	__atomic_store_n(&dq->avail->ring[dq->avail_idx & (dq->num - 1)], head, __ATOMIC_RELAXED);
	/* Pairs with ring_load_acquire16() in the device. */
	__atomic_store_n(&dq->avail->idx, ++dq->avail_idx, __ATOMIC_RELEASE);
}

/** driver__put_desc() - write a descriptor, any content */
static inline void driver__put_desc(struct vring_desc *desc, uint64_t addr, uint32_t len,
				    uint16_t flags, uint16_t next)
{
	__atomic_store_n(&desc->addr, addr, __ATOMIC_RELAXED);
	__atomic_store_n(&desc->len, len, __ATOMIC_RELAXED);
	__atomic_store_n(&desc->flags, flags, __ATOMIC_RELAXED);
	__atomic_store_n(&desc->next, next, __ATOMIC_RELAXED);
}

/** driver__add() - publish a chain, no kick; return: its head */
static inline uint16_t driver__add(struct driver *d, unsigned int q, const struct driver_seg *seg,
				   unsigned int n)
{
	struct driver_queue *dq = &d->q[q];
	uint16_t head = dq->next_desc;

	for (unsigned int i = 0; i < n; i++) {
		struct vring_desc *desc = &dq->desc[dq->next_desc];

		dq->next_desc = (dq->next_desc + 1) & (dq->num - 1);
		driver__put_desc(desc, seg[i].gpa, seg[i].len,
				 (seg[i].write ? VRING_DESC_F_WRITE : 0) |
				 (i + 1 < n ? VRING_DESC_F_NEXT : 0), dq->next_desc);
	}
	driver__publish(d, q, head);
	return head;
}

/** driver__add1() - the same for one buffer */
static inline uint16_t driver__add1(struct driver *d, unsigned int q, uint64_t gpa, uint32_t len,
				    bool write)
{
	struct driver_seg seg = { .gpa = gpa, .len = len, .write = write };

	return driver__add(d, q, &seg, 1);
}

static inline void driver__kick(struct driver *d, unsigned int q)
{
	driver__write32(d, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

/** driver__needs_kick() - what Linux asks before it kicks */
static inline bool driver__needs_kick(struct driver *d, unsigned int q)
{
	/* Pairs with ring_mb_after_enable() in the device. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(__atomic_load_n(&d->q[q].used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY);
}

/** driver__used() - take a used element; @len gets ~0 without one; return: its head or -1 */
static inline int driver__used(struct driver *d, unsigned int q, uint32_t *len)
{
	struct driver_queue *dq = &d->q[q];
	struct vring_used_elem *e = &dq->used->ring[dq->used_idx & (dq->num - 1)];

	if (len)
		*len = ~0u;
	/* Pairs with ring_store_release16() in the device. */
	if (__atomic_load_n(&dq->used->idx, __ATOMIC_ACQUIRE) == dq->used_idx)
		return -1;
	dq->used_idx++;
	if (len)
		*len = __atomic_load_n(&e->len, __ATOMIC_RELAXED);
	return __atomic_load_n(&e->id, __ATOMIC_RELAXED);
}

/** driver__control() - send a control message and expect it back at once */
static inline bool driver__control(struct driver *d, uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control msg = { .id = id, .event = event, .value = value };
	uint32_t len = ~0u;
	int head;

	memcpy(driver__ptr(d, CTRL_MSG_GPA), &msg, sizeof(msg));
	head = driver__add1(d, KTSTR_Q_CTRL_TX, CTRL_MSG_GPA, sizeof(msg), false);
	driver__kick(d, KTSTR_Q_CTRL_TX);
	return driver__used(d, KTSTR_Q_CTRL_TX, &len) == head && len == 0;
}

/** driver__event() - read and clear an eventfd; return: its count, 0 if not signalled */
static inline uint64_t driver__event(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/** driver__interrupts() - clear and count the interrupts, after those that are held back came */
static inline uint64_t driver__interrupts(struct driver *d)
{
	struct pollfd p = { .fd = d->timer, .events = POLLIN };
	struct itimerspec left;

	/* Held back again and again, but not for ever. */
	for (;;) {
		timerfd_gettime(d->timer, &left);
		if (left.it_value.tv_nsec)
			poll(&p, 1, -1);
		if (!driver__event(d->timer))
			break;
		virtio_console__service(d->vc);
	}
	return driver__event(d->irq);
}

/** driver__handshake() - DEVICE_READY, PORT_READY and PORT_OPEN for all ports, answers taken */
static inline bool driver__handshake(struct driver *d)
{
	unsigned int answers = 0;

	for (unsigned int i = 0; i < 16 && i < d->q[KTSTR_Q_CTRL_RX].num; i++)
		driver__add1(d, KTSTR_Q_CTRL_RX, CTRL_BUF_GPA + i * CTRL_BUF_SIZE, CTRL_BUF_SIZE,
			     true);
	if (!driver__control(d, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1))
		return false;
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (!driver__control(d, p, VIRTIO_CONSOLE_PORT_READY, 1) ||
		    !driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1))
			return false;
	while (driver__used(d, KTSTR_Q_CTRL_RX, NULL) >= 0)
		answers++;
	/* 3 ADD, 1 CONSOLE_PORT, 3 NAME, 3 OPEN, if the ring has room for them. */
	if (d->q[KTSTR_Q_CTRL_RX].num >= 16 && answers != 10)
		return false;
	driver__event(d->irq);
	return true;
}

/** driver__bring_up() - driver__init() with all features, driver__handshake() */
static inline bool driver__bring_up(struct driver *d, uint32_t num)
{
	return driver__init(d, DRIVER_FEATURES, num) && driver__handshake(d);
}

/** driver__ready() - driver__create(), driver__bring_up() */
static inline bool driver__ready(struct driver *d, uint32_t num)
{
	return driver__create(d) && driver__bring_up(d, num);
}

/** driver__settle() - play the I/O thread until no work is left; return: rounds, -1 if endless */
static inline int driver__settle(struct driver *d)
{
	for (int rounds = 0; rounds < 10000; rounds++) {
		if (!driver__event(d->rearm))
			return rounds;
		virtio_console__service(d->vc);
	}
	return -1;
}

#endif /* UNIT_DRIVER_H */
