/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest without a machine: memory, the console device, and around it the
 * kernel's virtqueues on one side and a host that reads and writes the ports on
 * the other. Who calls whom when is up to the test.
 */
#ifndef DIFF_RIG_H
#define DIFF_RIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ktstr/ports.h>

#include "vmm/guest_memory.h"
#include "vmm/virtio_console.h"

#include "kring.h"
#include "traffic.h"

#define RIG_RAM		(16ull << 20)
#define RIG_ARENA	(1ull << 20)	/* buffers of one queue */
#define RIG_UNKNOWN	UINT64_MAX

/* How the driver treats notifications, and lets itself be treated. */
enum rig_mode {
	RIG_SUPPRESS,	/* as Linux: asks before it kicks, no interrupts while it works */
	RIG_ALWAYS,	/* kicks for every chain, interrupts are never off */
	RIG_POLL,	/* interrupts are never on */
};

/**
 * struct rig_plan - what is going to happen
 * @test: name, for the command that repeats it
 * @mode: the driver's habits
 * @moderated: the device has a timer (virtio_console_cfg.irq_timer_fd) and spares kicks
 *	and interrupts of ports 1 and 2
 * @stepped: time is what the test makes of it
 * @small: half of the rings have random sizes; else all have 256 entries
 * @seed: of everything random
 * @buffers: chains per data queue, on average and at least
 * @watchdog_s: nothing moves for so long: that is a hang
 */
struct rig_plan {
	const char *test;
	enum rig_mode mode;
	bool moderated;
	bool stepped;
	bool small;
	uint64_t seed;
	uint64_t buffers;
	unsigned int watchdog_s;
};

/** struct bell - wakes one thread that may be asleep */
struct bell {
	_Atomic bool asleep;
	int fd;
};

/**
 * struct rig_link - what guest and host programs would tell each other
 * @sent: bytes that the guest has put into transmit chains, per port
 * @sent_total: all of them, once it is known
 * @taken: bytes that the host has read, per port
 * @written_total: bytes that the host wrote in all, once it is known
 * @received: bytes that the guest found in receive chains, per port
 * @filled: receive chains that came back, per port
 * @solo: only this data queue moves, or -1: nothing else then wakes a sleeper
 * @guest_idle: the guest can do nothing but wait
 * @guest: wakes the guest
 * @host: wakes the host
 */
struct rig_link {
	_Atomic uint64_t sent[KTSTR_NR_PORTS];
	_Atomic uint64_t sent_total[KTSTR_NR_PORTS];
	_Atomic uint64_t taken[KTSTR_NR_PORTS];
	_Atomic uint64_t written_total[KTSTR_NR_PORTS];
	_Atomic uint64_t received[KTSTR_NR_PORTS];
	_Atomic uint64_t filled[KTSTR_NR_PORTS];
	_Atomic int solo;
	_Atomic bool guest_idle;
	struct bell guest;
	struct bell host;
};

struct guest;
struct host;

/** struct rig - everything */
struct rig {
	struct rig_plan plan;
	struct rnd rnd;
	struct guest_memory gm;
	uint8_t *ram;
	uint64_t ram_used;
	uint64_t now;		/* of a stepped test */
	struct virtio_console *vc;
	int irq, tx_evt, stats_evt, rearm, irq_timer;
	uint64_t buffers[KTSTR_NR_PORTS];
	struct rig_link link;
	struct virtio_console_stats base;	/* counters before the traffic */
	struct guest *guest;
	struct host *host;
};

/** rig__start() - device, driver and handshake; ends the test on failure */
void rig__start(struct rig *rig, const struct rig_plan *plan);

/** rig__finish() - the counters must agree: then print them and free everything */
void rig__finish(struct rig *rig);

/** rig__alloc() - zeroed pages of guest memory; return: NULL when it is used up */
void *rig__alloc(struct rig *rig, uint64_t size);

/** rig__read32() - read a register */
uint32_t rig__read32(struct rig *rig, uint64_t off);

/** rig__write32() - write a register */
void rig__write32(struct rig *rig, uint64_t off, uint32_t val);

/** rig__event() - read an eventfd or timerfd; return: was it signalled? */
bool rig__event(int fd);

/** bell__ring() - what the sleeper looks at has changed */
void bell__ring(struct bell *b);

/**
 * rig__fail() - end the test: print why, both sides' state and how to repeat it
 *
 * Any thread may find a fault, so this does not come back: the process, one test
 * of the harness, exits.
 */
void rig__fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/** rig__check_lost() - between two acts of a single thread: fail if a notification was lost */
void rig__check_lost(struct rig *rig);

/** device_dump() - print what the device keeps to itself */
void device_dump(struct virtio_console *vc);

/** device_queue() - the device's place in a ring */
void device_queue(struct virtio_console *vc, unsigned int q, uint16_t *last_avail,
		  uint16_t *used_idx);

static inline unsigned int rig_rxq(unsigned int port)
{
	return port ? 2 + 2 * port : 0;
}

static inline unsigned int rig_txq(unsigned int port)
{
	return rig_rxq(port) + 1;
}

#endif /* DIFF_RIG_H */
