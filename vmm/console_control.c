// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control protocol of the multiport console.
 */
#include <endian.h>
#include <string.h>

#include "console_control.h"

static const char * const port_names[KTSTR_NR_PORTS] = {
	[KTSTR_PORT_CONSOLE] = KTSTR_PORT_CONSOLE_NAME,
	[KTSTR_PORT_BULK]    = KTSTR_PORT_BULK_NAME,
	[KTSTR_PORT_STATS]   = KTSTR_PORT_STATS_NAME,
};

_Static_assert(sizeof(KTSTR_PORT_CONSOLE_NAME) <= CONSOLE_NAME_MAX &&
	       sizeof(KTSTR_PORT_BULK_NAME) <= CONSOLE_NAME_MAX &&
	       sizeof(KTSTR_PORT_STATS_NAME) <= CONSOLE_NAME_MAX, "port names fit");

/* 5.3.6.2.1: ports are added once per reset. Linux sends id ~0 here; it means nothing. */
static const char *device_ready(struct console_control *cc, uint16_t value)
{
	if (value != 1)
		return "DEVICE_READY with a value that is not 1";
	if (cc->device_ready)
		return NULL;
	cc->device_ready = true;
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		cc->owed[p] |= CONSOLE_OWE_ADD;
	return NULL;
}

/*
 * A resumed Linux sends this without DEVICE_READY, for ports it knows from
 * before its reset, so DEVICE_READY is no condition.
 */
static const char *port_ready(struct console_control *cc, uint32_t port, uint16_t value)
{
	if (value != 1)
		return "the guest failed to add a port";
	if (cc->port_ready[port])
		return NULL;
	cc->port_ready[port] = true;
	if (port == KTSTR_PORT_CONSOLE)
		cc->owed[port] |= CONSOLE_OWE_CONSOLE;
	cc->owed[port] |= CONSOLE_OWE_NAME;
	if (!cc->closed[port])
		cc->owed[port] |= CONSOLE_OWE_OPEN;
	return NULL;
}

/*
 * Linux lets a port be opened before it says PORT_READY (add_port() puts it on the
 * list first), and says PORT_OPEN only once: no order is asked for, and 5.3.6.2 has none.
 */
static const char *port_open(struct console_control *cc, uint32_t port, uint16_t value)
{
	if (value > 1)
		return "PORT_OPEN with a value above 1";
	cc->open[port] = value;
	return NULL;
}

void console_control__reset(struct console_control *cc)
{
	struct console_control fresh = { 0 };

	memcpy(fresh.closed, cc->closed, sizeof(fresh.closed));
	*cc = fresh;
}

void console_control__connect(struct console_control *cc, unsigned int port, bool open)
{
	if (cc->closed[port] == !open)
		return;
	cc->closed[port] = !open;
	/* Before PORT_READY the guest believes it closed, and is told with the answer. */
	if (cc->port_ready[port])
		cc->owed[port] ^= CONSOLE_OWE_OPEN;
}

const char *console_control__receive(struct console_control *cc,
				     const struct virtio_console_control *msg)
{
	uint32_t port = le32toh(msg->id);
	uint16_t event = le16toh(msg->event);
	uint16_t value = le16toh(msg->value);

	if (event == VIRTIO_CONSOLE_DEVICE_READY)
		return device_ready(cc, value);
	if (port >= KTSTR_NR_PORTS)
		return "control message for no port";
	if (event == VIRTIO_CONSOLE_PORT_READY)
		return port_ready(cc, port, value);
	if (event == VIRTIO_CONSOLE_PORT_OPEN)
		return port_open(cc, port, value);
	return "control event that a driver does not send";
}

static void build(const struct console_control *cc, struct console_msg *out, unsigned int port,
		  uint8_t bit)
{
	struct virtio_console_control hdr = { .id = htole32(port), .value = htole16(1) };

	switch (bit) {
	case CONSOLE_OWE_ADD:
		hdr.event = htole16(VIRTIO_CONSOLE_PORT_ADD);
		break;
	case CONSOLE_OWE_CONSOLE:
		hdr.event = htole16(VIRTIO_CONSOLE_CONSOLE_PORT);
		break;
	case CONSOLE_OWE_NAME:
		hdr.event = htole16(VIRTIO_CONSOLE_PORT_NAME);
		break;
	case CONSOLE_OWE_OPEN:
		hdr.event = htole16(VIRTIO_CONSOLE_PORT_OPEN);
		hdr.value = htole16(!cc->closed[port]);
		break;
	}
	out->port = port;
	out->bit = bit;
	out->len = sizeof(hdr);
	memcpy(out->data, &hdr, sizeof(hdr));
	if (bit == CONSOLE_OWE_NAME) {
		size_t n = strlen(port_names[port]) + 1;

		memcpy(out->data + sizeof(hdr), port_names[port], n);
		out->len += n;
	}
}

bool console_control__next(const struct console_control *cc, struct console_msg *out)
{
	/* All ports first exist, then each gets its particulars, lowest bit first. */
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		if (cc->owed[p] & CONSOLE_OWE_ADD) {
			build(cc, out, p, CONSOLE_OWE_ADD);
			return true;
		}
	}
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		if (cc->owed[p]) {
			build(cc, out, p, cc->owed[p] & -cc->owed[p]);
			return true;
		}
	}
	return false;
}
