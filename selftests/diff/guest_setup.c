// SPDX-License-Identifier: GPL-2.0-only
/*
 * From reset to open ports, in the order in which drivers/virtio/virtio_mmio.c
 * and drivers/char/virtio_console.c do it.
 */
#include <stdio.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_mmio.h>

#include "guest.h"

#define CTRL_BUFS	32u
#define CTRL_BUF_SIZE	128u
#define SPINS_MAX	1000000u

#define S_ACK	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define S_DRV	VIRTIO_CONFIG_S_DRIVER
#define S_FEAT	VIRTIO_CONFIG_S_FEATURES_OK
#define S_OK	VIRTIO_CONFIG_S_DRIVER_OK

static void negotiate(struct guest *g)
{
	uint64_t features = kring_dev__features(g->kdev);
	struct rig *rig = g->rig;

	rig__write32(rig, VIRTIO_MMIO_STATUS, 0);
	rig__write32(rig, VIRTIO_MMIO_STATUS, S_ACK);
	rig__write32(rig, VIRTIO_MMIO_STATUS, S_ACK | S_DRV);
	rig__write32(rig, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	rig__write32(rig, VIRTIO_MMIO_DRIVER_FEATURES, features >> 32);
	rig__write32(rig, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	rig__write32(rig, VIRTIO_MMIO_DRIVER_FEATURES, features);
	rig__write32(rig, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT);
	if (!(rig__read32(rig, VIRTIO_MMIO_STATUS) & S_FEAT))
		rig__fail("features 0x%llx refused", (unsigned long long)features);
}

static void write_address(struct rig *rig, uint64_t low, uint64_t addr)
{
	rig__write32(rig, low, addr);
	rig__write32(rig, low + 4, addr >> 32);
}

static struct kring *setup_queue(struct guest *g, unsigned int q, unsigned int num)
{
	struct rig *rig = g->rig;
	struct kring *k;
	uint64_t addr[3];

	rig__write32(rig, VIRTIO_MMIO_QUEUE_SEL, q);
	if (rig__read32(rig, VIRTIO_MMIO_QUEUE_READY) ||
	    rig__read32(rig, VIRTIO_MMIO_QUEUE_NUM_MAX) < num)
		rig__fail("queue %u: in use, or too small for %u entries", q, num);
	k = kring__new(g->kdev, q, num);
	if (!k)
		rig__fail("queue %u: the driver cannot make a ring of %u entries", q, num);
	kring__addresses(k, addr);
	rig__write32(rig, VIRTIO_MMIO_QUEUE_NUM, num);
	write_address(rig, VIRTIO_MMIO_QUEUE_DESC_LOW, addr[0]);
	write_address(rig, VIRTIO_MMIO_QUEUE_AVAIL_LOW, addr[1]);
	write_address(rig, VIRTIO_MMIO_QUEUE_USED_LOW, addr[2]);
	rig__write32(rig, VIRTIO_MMIO_QUEUE_READY, 1);
	if (rig__read32(rig, VIRTIO_MMIO_QUEUE_READY) != 1)
		rig__fail("queue %u: rings of %u entries refused", q, num);
	if (rig->plan.mode == RIG_POLL)
		kring__disable_cb(k);
	return k;
}

static void setup_queues(struct guest *g)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		if (q == KTSTR_Q_CTRL_RX)
			g->ctrl_rx = setup_queue(g, q, KTSTR_QUEUE_SIZE_MAX);
		if (q == KTSTR_Q_CTRL_TX)
			g->ctrl_tx = setup_queue(g, q, KTSTR_QUEUE_SIZE_MAX);
		for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
			if (g->gq[i].q == q)
				g->gq[i].k = setup_queue(g, q, g->gq[i].num);
	}
}

/*
 * Linux spins here with a lock held, on real hardware's time; the device has to
 * answer in the exit that the kick is, so one look would do.
 */
static void send_control(struct guest *g, uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control *msg = g->ctrl_msg;
	struct kring_seg seg = { .ptr = g->ctrl_msg, .len = sizeof(*msg) };
	unsigned int len = ~0u, spins = 0;

	*msg = (struct virtio_console_control) { .id = id, .event = event, .value = value };
	if (kring__add(g->ctrl_tx, &seg, 1, 0, 0, msg))
		rig__fail("control transmit queue: no room for one message");
	if (kring__kick_prepare(g->ctrl_tx))
		rig__write32(g->rig, VIRTIO_MMIO_QUEUE_NOTIFY, KTSTR_Q_CTRL_TX);
	while (!kring__get(g->ctrl_tx, &len))
		if (++spins > SPINS_MAX)
			rig__fail("control message (%u, %u, %u): no answer in %u looks",
				  id, event, value, spins);
	if (len)
		rig__fail("control transmit queue: used.len %u", len);
	if (spins)
		rig__fail("control message (%u, %u, %u): not answered in its exit",
			  id, event, value);
}

static void offer_control_buffer(struct guest *g, uint8_t *buf)
{
	struct kring_seg seg = { .ptr = buf, .len = CTRL_BUF_SIZE };

	if (kring__add(g->ctrl_rx, &seg, 0, 1, 0, buf))
		rig__fail("control receive queue: no room");
	if (kring__kick_prepare(g->ctrl_rx))
		rig__write32(g->rig, VIRTIO_MMIO_QUEUE_NOTIFY, KTSTR_Q_CTRL_RX);
}

/* One message from the device; return: false if there is none. */
static bool handle_control(struct guest *g, unsigned int seen[16])
{
	struct virtio_console_control msg;
	unsigned int len;
	uint8_t *buf = kring__get(g->ctrl_rx, &len);

	if (!buf)
		return false;
	if (len < sizeof(msg) || len > CTRL_BUF_SIZE)
		rig__fail("control receive queue: used.len %u", len);
	memcpy(&msg, buf, sizeof(msg));
	if (msg.id >= KTSTR_NR_PORTS || msg.event >= 16)
		rig__fail("control message (%u, %u, %u)", msg.id, msg.event, msg.value);
	seen[msg.event]++;
	offer_control_buffer(g, buf);
	if (msg.event == VIRTIO_CONSOLE_PORT_ADD)
		send_control(g, msg.id, VIRTIO_CONSOLE_PORT_READY, 1);
	if (msg.event == VIRTIO_CONSOLE_PORT_OPEN && msg.id)
		send_control(g, msg.id, VIRTIO_CONSOLE_PORT_OPEN, 1);
	return true;
}

static void handshake(struct guest *g)
{
	uint8_t *bufs = rig__alloc(g->rig, CTRL_BUFS * CTRL_BUF_SIZE);
	unsigned int seen[16] = { 0 };

	if (!bufs)
		rig__fail("no memory");
	for (unsigned int i = 0; i < CTRL_BUFS; i++)
		offer_control_buffer(g, bufs + i * CTRL_BUF_SIZE);
	send_control(g, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	while (handle_control(g, seen))
		;
	if (seen[VIRTIO_CONSOLE_PORT_ADD] != KTSTR_NR_PORTS ||
	    seen[VIRTIO_CONSOLE_PORT_NAME] != KTSTR_NR_PORTS ||
	    seen[VIRTIO_CONSOLE_PORT_OPEN] != KTSTR_NR_PORTS ||
	    seen[VIRTIO_CONSOLE_CONSOLE_PORT] != 1)
		rig__fail("handshake: %u ADD, %u NAME, %u OPEN, %u CONSOLE_PORT",
			  seen[VIRTIO_CONSOLE_PORT_ADD], seen[VIRTIO_CONSOLE_PORT_NAME],
			  seen[VIRTIO_CONSOLE_PORT_OPEN], seen[VIRTIO_CONSOLE_CONSOLE_PORT]);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (!virtio_console__is_open(g->rig->vc, p))
			rig__fail("port %u did not open", p);
}

void guest_setup__run(struct guest *g)
{
	g->ctrl_msg = rig__alloc(g->rig, sizeof(struct virtio_console_control));
	if (!g->kdev || !g->ctrl_msg)
		rig__fail("no memory");
	negotiate(g);
	setup_queues(g);
	rig__write32(g->rig, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	if (rig__read32(g->rig, VIRTIO_MMIO_STATUS) != (S_ACK | S_DRV | S_FEAT | S_OK))
		rig__fail("status 0x%x after DRIVER_OK", rig__read32(g->rig, VIRTIO_MMIO_STATUS));
	handshake(g);
	if (rig__event(g->rig->irq))
		guest__interrupt(g);
}

/* A repeat that changes nothing. */
void guest__chatter(struct guest *g)
{
	send_control(g, rnd__below(&g->rnd, KTSTR_NR_PORTS), VIRTIO_CONSOLE_PORT_READY, 1);
}
