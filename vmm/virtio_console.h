/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three-port virtio console (virtio v1.2, 5.3) on virtio-mmio.
 *
 * Needs guest memory and eventfds, nothing else. Every function may be called
 * from any thread at any time: one priority-inheriting mutex serialises them,
 * and none of them blocks on the guest.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/ports.h>

#include "guest_memory.h"

#define VIRTIO_CONSOLE_MMIO_SIZE 0x1000

/* What virtio_console__push_back() may add to a buffer at its bound: more than any frame. */
#define VIRTIO_CONSOLE_PUSH_BACK_MAX	(512u << 10)

struct virtio_console;

/**
 * struct virtio_console_cfg - what the device is connected to
 * @mem: guest memory; outlives the device, does not change
 * @irq_fd: eventfd, written for every interrupt (an irqfd in a machine)
 * @tx_evt: eventfd: port 0 or 1 has data for the host
 * @stats_tx_evt: eventfd: port 2 has data for the host
 * @rearm_evt: eventfd: work is left over; whoever polls it reads it and calls
 *	virtio_console__service()
 * @irq_timer_fd: timerfd (CLOCK_MONOTONIC, non-blocking) for ports 1 and 2: while their
 *	driver is busy it need not kick and interrupts are held back; when the timer
 *	expires, whoever polls it reads it and calls virtio_console__service().
 *	Negative: every chain is kicked for and every completion interrupts.
 * @clock: monotonic time in ns for that, any context; NULL: CLOCK_MONOTONIC
 * @clock_arg: its argument
 * @emerg: a byte was written to emerg_wr, in any device state; called by the
 *	vCPU thread without the device's lock. May be NULL.
 * @emerg_arg: its first argument
 */
struct virtio_console_cfg {
	const struct guest_memory *mem;
	int irq_fd;
	int tx_evt;
	int stats_tx_evt;
	int rearm_evt;
	int irq_timer_fd;
	uint64_t (*clock)(void *arg);
	void *clock_arg;
	void (*emerg)(void *arg, uint8_t byte);
	void *emerg_arg;
};

/**
 * struct virtio_console_stats - counters since virtio_console__new()
 * @kicks: QueueNotify writes per queue
 * @interrupts: writes to irq_fd
 * @accesses: reads and writes of the device's window
 * @accesses_to_ready: how many of them it took until the first PORT_READY, or 0
 * @broken: a bit per queue that ever broke
 * @driver_errors: accesses ignored, chains refused, queues broken
 * @last_error: what the newest driver error was: static text, or NULL
 * @tx_bytes: bytes the guest sent, per port
 * @rx_bytes: bytes placed in the guest's buffers, per port
 * @tx_dropped: bytes lost: on port 0 because its buffer was full; on the others
 *	only what did not fit any more when the guest reset the device or stopped the queue
 * @rearms: times left-over work was announced
 */
struct virtio_console_stats {
	uint64_t kicks[KTSTR_NR_QUEUES];
	uint64_t interrupts;
	uint64_t accesses;
	uint64_t accesses_to_ready;
	uint32_t broken;
	uint64_t driver_errors;
	const char *last_error;
	uint64_t tx_bytes[KTSTR_NR_PORTS];
	uint64_t rx_bytes[KTSTR_NR_PORTS];
	uint64_t tx_dropped[KTSTR_NR_PORTS];
	uint64_t rearms;
};

/** virtio_console__new() - a device in its power-on state; return: NULL without memory */
struct virtio_console *virtio_console__new(const struct virtio_console_cfg *cfg);

/** virtio_console__free() - free it; no other call may be running; NULL is fine */
void virtio_console__free(struct virtio_console *vc);

/**
 * virtio_console__mmio_read() - the guest reads from the device's window
 * @vc: device
 * @off: offset in the window
 * @data: @len bytes to fill; at most 8 are touched
 * @len: width of the access
 */
void virtio_console__mmio_read(struct virtio_console *vc, uint64_t off, void *data,
			       unsigned int len);

/** virtio_console__mmio_write() - the guest writes to the device's window */
void virtio_console__mmio_write(struct virtio_console *vc, uint64_t off, const void *data,
				unsigned int len);

/**
 * virtio_console__service() - one bounded round over all queues, and held-back interrupts
 * @vc: device
 *
 * For whoever polls rearm_evt and irq_timer_fd.
 */
void virtio_console__service(struct virtio_console *vc);

/**
 * virtio_console__read() - take bytes that the guest sent
 * @vc: device
 * @port: enum ktstr_port
 * @buf: where to
 * @len: room in bytes
 *
 * Room that becomes free is filled from chains that wait for it, so a writer
 * that was held back goes on without a kick. The work is bounded: of a guest that
 * sends on and on less than @len may be taken, and the port's event fires again.
 *
 * Return: bytes taken, 0 when there are none or @port is no port.
 */
size_t virtio_console__read(struct virtio_console *vc, unsigned int port, void *buf, size_t len);

/**
 * virtio_console__push_back() - put bytes back before the first one
 * @vc: device
 * @port: enum ktstr_port
 * @buf: bytes taken earlier
 * @len: how many
 *
 * The buffer may exceed its bound by what is put back. Nobody is woken: the
 * caller knows, and would be woken by its own residue for ever.
 *
 * Return: 0; -ENOBUFS, nothing is put back, when it finds no room: what is at most
 * %VIRTIO_CONSOLE_PUSH_BACK_MAX always does, once; -EINVAL for no such port.
 */
int virtio_console__push_back(struct virtio_console *vc, unsigned int port, const void *buf,
			      size_t len);

/**
 * virtio_console__write() - queue bytes for the guest
 * @vc: device
 * @port: enum ktstr_port
 * @buf: bytes
 * @len: how many
 *
 * They are placed when the port is open (port 0 always is) and the guest offers
 * buffers. What was not placed is dropped when the guest resets the device.
 *
 * Return: 0 all queued; -ENOBUFS none queued, %KTSTR_PENDING_RX_MAX would be
 * passed, and the port's event fires once half of it is free; -EPIPE none queued,
 * the host has closed the port; -EINVAL no such port.
 */
int virtio_console__write(struct virtio_console *vc, unsigned int port, const void *buf,
			  size_t len);

/**
 * virtio_console__connect() - open or close the host's side of port 1 or 2
 * @vc: device
 * @port: %KTSTR_PORT_BULK or %KTSTR_PORT_STATS; port 0 is always open
 * @open: the new state; both are open after power-on
 *
 * The guest is told by PORT_OPEN: while the port is closed Linux lets writers
 * wait and readers see the end of the file. Bytes queued before the close are
 * still placed, bytes that the guest sent stay readable. Survives a reset.
 *
 * Return: 0, or -EINVAL for any other port.
 */
int virtio_console__connect(struct virtio_console *vc, unsigned int port, bool open);

/** virtio_console__pending() - bytes queued for the guest and not yet placed */
size_t virtio_console__pending(struct virtio_console *vc, unsigned int port);

/** virtio_console__is_open() - did the guest open the port? Port 0 always is. */
bool virtio_console__is_open(struct virtio_console *vc, unsigned int port);

/**
 * virtio_console__drain() - take what the guest published, kicked or not
 * @vc: device whose vCPUs have stopped
 *
 * No interrupts, no pass limits. What finds no room stays in the ring and
 * follows as virtio_console__read() makes room.
 */
void virtio_console__drain(struct virtio_console *vc);

/** virtio_console__stats() - copy the counters */
void virtio_console__stats(struct virtio_console *vc, struct virtio_console_stats *st);

#endif /* VMM_VIRTIO_CONSOLE_H */
