// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver of the console: virtio v1.2, 3.1.1, 4.2.3 and 5.3.
 */
#include "driver.h"
#include "token.h"

#define RX_BUFS		16
#define RX_BUF_SIZE	64

/* Per port: RX_BUFS receive buffers; behind all of them, a token per port. */
#define RX_BUF(_port, _i) (ECHO_BUF + ((_port) * RX_BUFS + (_i)) * RX_BUF_SIZE)
#define CTRL_BUF(_i)	RX_BUF(KTSTR_NR_PORTS, _i)
#define CTRL_MSG	RX_BUF(KTSTR_NR_PORTS + 1, 0)
#define TOKEN(_port)	RX_BUF(KTSTR_NR_PORTS + 2, _port)

struct queue queues[KTSTR_NR_QUEUES];

/* Next receive buffer to offer, per port. */
static unsigned int rx_next[KTSTR_NR_PORTS];
static struct sum sent[KTSTR_NR_PORTS];
static uint64_t kicks;
static bool no_sums, no_counts;

int queue_port(unsigned int q)
{
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (q == port_rxq(p) || q == port_txq(p))
			return p;
	return -1;
}

bool driver_negotiate(void)
{
	reg_write(VIRTIO_MMIO_STATUS, 0);
	reg_write(VIRTIO_MMIO_STATUS, S_ACK);
	reg_write(VIRTIO_MMIO_STATUS, S_ACK | S_DRV);
	reg_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	reg_write(VIRTIO_MMIO_DRIVER_FEATURES, 1u << (VIRTIO_F_VERSION_1 - 32));
	reg_write(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	reg_write(VIRTIO_MMIO_DRIVER_FEATURES, 1u << VIRTIO_CONSOLE_F_MULTIPORT);
	reg_write(VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT);
	return reg_read(VIRTIO_MMIO_STATUS) == (S_ACK | S_DRV | S_FEAT);
}

static void write_addr(uint32_t low, uint64_t gpa)
{
	reg_write(low, gpa);
	reg_write(low + 4, gpa >> 32);
}

uint32_t driver_rings(unsigned int q, uint32_t num, uint64_t desc, uint64_t avail, uint64_t used)
{
	reg_write(VIRTIO_MMIO_QUEUE_SEL, q);
	reg_write(VIRTIO_MMIO_QUEUE_NUM, num);
	write_addr(VIRTIO_MMIO_QUEUE_DESC_LOW, desc);
	write_addr(VIRTIO_MMIO_QUEUE_AVAIL_LOW, avail);
	write_addr(VIRTIO_MMIO_QUEUE_USED_LOW, used);
	reg_write(VIRTIO_MMIO_QUEUE_READY, 1);
	return reg_read(VIRTIO_MMIO_QUEUE_READY);
}

uint32_t driver_queue(unsigned int q, uint32_t num)
{
	uint64_t gpa = RINGS + q * RING_STRIDE;

	memset((void *)gpa, 0, RING_STRIDE);
	queues[q] = (struct queue) {
		.num = num,
		.desc = (void *)gpa,
		.avail = (void *)(gpa + 0x1000),
		.used = (void *)(gpa + 0x2000),
	};
	return driver_rings(q, num, gpa, gpa + 0x1000, gpa + 0x2000);
}

bool driver_try_start(uint32_t num)
{
	if (!driver_negotiate())
		return false;
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		if (driver_queue(q, num) != 1)
			return false;
	reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
	return reg_read(VIRTIO_MMIO_STATUS) == S_LIVE;
}

void driver_start(uint32_t num)
{
	REQUIRE(driver_try_start(num));
}

void driver_publish(unsigned int q, uint16_t head)
{
	struct queue *dq = &queues[q];

	WRITE_ONCE(dq->avail->ring[dq->avail_idx & (dq->num - 1)], head);
	/* Pairs with the device's acquire load of the index. */
	__atomic_store_n(&dq->avail->idx, ++dq->avail_idx, __ATOMIC_RELEASE);
}

uint16_t driver_add(unsigned int q, const struct seg *seg, unsigned int n)
{
	struct queue *dq = &queues[q];
	uint16_t head = dq->next_desc;

	for (unsigned int i = 0; i < n; i++) {
		struct vring_desc *d = &dq->desc[dq->next_desc];

		dq->next_desc = (dq->next_desc + 1) & (dq->num - 1);
		d->addr = seg[i].gpa;
		d->len = seg[i].len;
		d->flags = (seg[i].write ? VRING_DESC_F_WRITE : 0) |
			   (i + 1 < n ? VRING_DESC_F_NEXT : 0);
		d->next = dq->next_desc;
	}
	driver_publish(q, head);
	return head;
}

uint16_t driver_add1(unsigned int q, uint64_t gpa, uint32_t len, bool write)
{
	const struct seg seg = { gpa, len, write };

	return driver_add(q, &seg, 1);
}

void driver_kick(unsigned int q)
{
	__atomic_fetch_add(&kicks, 1, __ATOMIC_RELAXED);
	reg_write(VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

int driver_used(unsigned int q, uint32_t *len)
{
	struct queue *dq = &queues[q];
	struct vring_used_elem *e = &dq->used->ring[dq->used_idx & (dq->num - 1)];

	/* Pairs with the device's release store of the index. */
	if (__atomic_load_n(&dq->used->idx, __ATOMIC_ACQUIRE) == dq->used_idx)
		return -1;
	dq->used_idx++;
	if (len)
		*len = READ_ONCE(e->len);
	return READ_ONCE(e->id);
}

uint32_t driver_take(unsigned int q, uint16_t head)
{
	uint32_t len;
	int got;

	WAIT((got = driver_used(q, &len)) >= 0);
	CHECK_EQ(head, got);
	return len;
}

void driver_send(unsigned int port, uint64_t gpa, uint32_t len)
{
	unsigned int q = port_txq(port);
	uint16_t head = driver_add1(q, gpa, len, false);

	driver_sent(port, gpa, len);
	driver_kick(q);
	CHECK_EQ(0, driver_take(q, head));
}

void driver_sent(unsigned int port, uint64_t gpa, uint32_t len)
{
	if (no_sums)
		sent[port].bytes += len;
	else
		sum_add(&sent[port], (const void *)gpa, len);
}

void driver_no_sums(void)
{
	no_sums = true;
}

void driver_no_counts(void)
{
	no_counts = true;
}

void driver_report(void)
{
	if (no_counts)
		return;
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		say("sent %u %lu bytes\n", p, sent[p].bytes);
		if (!no_sums)
			say("sum %u %lx %lx\n", p, sent[p].a, sent[p].b);
	}
	say("kicks %lu\n", kicks);
}

void driver_control(uint32_t id, uint16_t event, uint16_t value)
{
	struct virtio_console_control *msg = (void *)CTRL_MSG;
	uint32_t len = ~0u;
	uint16_t head;

	*msg = (struct virtio_console_control) { .id = id, .event = event, .value = value };
	head = driver_add1(KTSTR_Q_CTRL_TX, CTRL_MSG, sizeof(*msg), false);
	driver_kick(KTSTR_Q_CTRL_TX);
	/* Linux spins for it with a lock held, so it is there when the kick returns. */
	CHECK_EQ(head, driver_used(KTSTR_Q_CTRL_TX, &len));
	CHECK_EQ(0, len);
}

void driver_offer(unsigned int port)
{
	unsigned int q = port_rxq(port);

	driver_add1(q, RX_BUF(port, rx_next[port]++ % RX_BUFS), RX_BUF_SIZE, true);
	if (!(READ_ONCE(queues[q].used->flags) & VRING_USED_F_NO_NOTIFY))
		driver_kick(q);
}

/* 3 ADD, 1 CONSOLE_PORT, 3 NAME and 3 OPEN, once per reset. */
#define CTRL_ANSWERS	10

static void open_port(unsigned int port, int spare)
{
	driver_control(port, VIRTIO_CONSOLE_PORT_READY, 1);
	driver_control(port, VIRTIO_CONSOLE_PORT_OPEN, 1);
	rx_next[port] = 0;
	if (spare == (int)port_rxq(port))
		return;
	for (unsigned int i = 0; i < RX_BUFS; i++)
		driver_offer(port);
}

void driver_handshake(int spare)
{
	unsigned int answers = 0;

	for (unsigned int i = 0; spare != KTSTR_Q_CTRL_RX && i < RX_BUFS; i++)
		driver_add1(KTSTR_Q_CTRL_RX, CTRL_BUF(i), RX_BUF_SIZE, true);
	driver_control(VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		open_port(p, spare);
	if (spare == KTSTR_Q_CTRL_RX)
		return;
	while (driver_used(KTSTR_Q_CTRL_RX, NULL) >= 0)
		answers++;
	CHECK_EQ(CTRL_ANSWERS, answers);
}

void driver_up(void)
{
	driver_start(QUEUE_SIZE);
	driver_handshake(-1);
}

uint64_t echo_ask(unsigned int port)
{
	struct token *t = (void *)TOKEN(port);

	t->magic = TOKEN_MAGIC;
	t->nonce = random64();
	driver_send(port, TOKEN(port), sizeof(*t));
	return t->nonce;
}

/* A token may lie across buffers: match the stream byte by byte. */
static bool stream_has(uint64_t *window, const uint8_t *p, uint32_t len, uint64_t nonce)
{
	bool found = false;

	for (; len; len--) {
		*window = *window >> 8 | (uint64_t)*p++ << 56;
		found = found || *window == nonce;
	}
	return found;
}

static void await_token(unsigned int port, uint64_t nonce)
{
	unsigned int q = port_rxq(port);
	uint64_t window = 0;
	bool found = false;
	uint32_t len;
	int head;

	while (!found) {
		WAIT((head = driver_used(q, &len)) >= 0);
		REQUIRE((unsigned int)head < QUEUE_SIZE && len <= queues[q].desc[head].len);
		found = stream_has(&window, (void *)queues[q].desc[head].addr, len, nonce);
		driver_offer(port);
	}
}

void echo(unsigned int ports)
{
	uint64_t nonce[KTSTR_NR_PORTS] = { 0 };

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (ports & 1u << p)
			nonce[p] = echo_ask(p);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		if (ports & 1u << p)
			await_token(p, nonce[p]);
}

void host_has_room(void)
{
	echo(1u << KTSTR_PORT_STATS);
	echo(1u << KTSTR_PORT_BULK);
}

void driver_quiet(void)
{
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		WAIT(!(READ_ONCE(queues[port_txq(p)].used->flags) & VRING_USED_F_NO_NOTIFY));
	reg_read(VIRTIO_MMIO_STATUS);
}
