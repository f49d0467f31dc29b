/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control protocol of the multiport console (virtio v1.2, 5.3.6.2): what the
 * guest said and which messages the device still owes it. Pure state, no queues.
 */
#ifndef VMM_CONSOLE_CONTROL_H
#define VMM_CONSOLE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_console.h>

#include <ktstr/ports.h>

#define CONSOLE_NAME_MAX	32	/* with the NUL */

/* Messages that may be owed to the guest for a port, in the order they are sent. */
#define CONSOLE_OWE_ADD		1u
#define CONSOLE_OWE_CONSOLE	2u
#define CONSOLE_OWE_NAME	4u
#define CONSOLE_OWE_OPEN	8u

/**
 * struct console_control - protocol state, zero after power-on
 * @device_ready: DEVICE_READY was seen; ports are added once per reset
 * @port_ready: PORT_READY was seen, per port; answered once per reset
 * @open: the guest has the port open, per port; not used for port 0
 * @closed: the host has its side of the port closed; survives a reset
 * @owed: CONSOLE_OWE_* per port. A set of bits cannot be flooded and loses
 *	nothing while the guest offers no buffers.
 */
struct console_control {
	bool device_ready;
	bool port_ready[KTSTR_NR_PORTS];
	bool open[KTSTR_NR_PORTS];
	bool closed[KTSTR_NR_PORTS];
	uint8_t owed[KTSTR_NR_PORTS];
};

/**
 * struct console_msg - a message to the guest
 * @port: whose
 * @bit: CONSOLE_OWE_*
 * @len: bytes of @data
 * @data: struct virtio_console_control, then the name if it is a PORT_NAME
 */
struct console_msg {
	unsigned int port;
	uint8_t bit;
	size_t len;
	uint8_t data[sizeof(struct virtio_console_control) + CONSOLE_NAME_MAX];
};

/** console_control__reset() - the driver is gone; what the host decided stays */
void console_control__reset(struct console_control *cc);

/**
 * console_control__connect() - the host opens or closes its side of a port
 * @cc: state
 * @port: enum ktstr_port
 * @open: the new state; the present one changes nothing
 *
 * The guest is told the state, not its history: a port that was closed and
 * opened again while no message could be placed was open all the time.
 */
void console_control__connect(struct console_control *cc, unsigned int port, bool open);

/**
 * console_control__receive() - take a message from the guest
 * @cc: state
 * @msg: as the guest wrote it, little endian
 *
 * Return: NULL if it was taken (or repeats what is known), else static text
 * saying why it was ignored.
 */
const char *console_control__receive(struct console_control *cc,
				     const struct virtio_console_control *msg);

/** console_control__next() - build the next owed message; return: false if none is owed */
bool console_control__next(const struct console_control *cc, struct console_msg *out);

/** console_control__sent() - @msg reached the guest: it is owed no longer */
static inline void console_control__sent(struct console_control *cc, const struct console_msg *msg)
{
	cc->owed[msg->port] &= ~msg->bit;
}

#endif /* VMM_CONSOLE_CONTROL_H */
