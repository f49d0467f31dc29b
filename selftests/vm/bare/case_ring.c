// SPDX-License-Identifier: GPL-2.0-only
/*
 * Broken rings and scribbled ones (virtio v1.2, 2.7.6 to 2.7.8).
 */
#include "driver.h"

enum breakage {
	JUMP_BY_ONE,	/* one more chain on offer than the ring holds */
	JUMP_HALF,
	JUMP_BACK,
	HEAD_IS_SIZE,
	HEAD_IS_MAX,
	LOOP_TO_ITSELF,
	LOOP_OF_ALL,
	NEXT_IS_SIZE,
	NEXT_IS_MAX,
	INDIRECT,
	NR_BREAKAGES,
};

static void set_desc(unsigned int q, unsigned int i, uint16_t flags, uint16_t next)
{
	queues[q].desc[i] = (struct vring_desc) {
		.addr = SCRATCH, .len = 16, .flags = flags, .next = next,
	};
}

static void jump(unsigned int q, uint16_t by)
{
	queues[q].avail_idx += by;
	__atomic_store_n(&queues[q].avail->idx, queues[q].avail_idx, __ATOMIC_RELEASE);
}

static void spoil(unsigned int q, enum breakage how)
{
	const uint16_t next = VRING_DESC_F_NEXT;
	uint16_t head = QUEUE_SIZE / 2;

	switch (how) {
	case JUMP_BY_ONE:
		return jump(q, QUEUE_SIZE + 1);
	case JUMP_HALF:
		return jump(q, 0x8000);
	case JUMP_BACK:
		return jump(q, 0xffff);
	case HEAD_IS_SIZE:
		return driver_publish(q, QUEUE_SIZE);
	case HEAD_IS_MAX:
		return driver_publish(q, 0xffff);
	case LOOP_TO_ITSELF:
		set_desc(q, head, next, head);
		break;
	case LOOP_OF_ALL:
		for (unsigned int i = 0; i < QUEUE_SIZE; i++)
			set_desc(q, i, next, (i + 1) % QUEUE_SIZE);
		break;
	case NEXT_IS_SIZE:
		set_desc(q, head, next, QUEUE_SIZE);
		break;
	case NEXT_IS_MAX:
		set_desc(q, head, next, 0xffff);
		break;
	default:
		set_desc(q, head, VRING_DESC_F_INDIRECT, 0);
		break;
	}
	driver_publish(q, head);
}

/* Get the device to look at queue @q. */
static void provoke(unsigned int q)
{
	if (q == KTSTR_Q_CTRL_RX)
		driver_handshake(q);
	else if (queue_port(q) >= 0 && q == port_rxq(queue_port(q)))
		echo_ask(queue_port(q));
	driver_kick(q);
}

/* 2.1.2, and that nothing else happens to the queue or to the others. */
static void broken(unsigned int q)
{
	uint16_t used = READ_ONCE(queues[q].used->idx);
	unsigned int others = ALL_PORTS;

	WAIT(reg_read(VIRTIO_MMIO_STATUS) & S_RESET);
	CHECK_EQ(S_LIVE | S_RESET, reg_read(VIRTIO_MMIO_STATUS));
	CHECK(reg_read(VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG);
	reg_write(VIRTIO_MMIO_INTERRUPT_ACK, ~0u);
	driver_publish(q, 0);
	driver_kick(q);
	if (queue_port(q) >= 0)
		others &= ~(1u << queue_port(q));
	echo(others);
	CHECK_EQ(used, READ_ONCE(queues[q].used->idx));
	/* Said once. */
	CHECK(!(reg_read(VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG));
	/* 2.1.1: only a reset takes it back. */
	reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
	CHECK_EQ(S_LIVE | S_RESET, reg_read(VIRTIO_MMIO_STATUS));
}

static void D1_D4_E1_E4_E7_a_broken_ring_stops_alone(void)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		for (enum breakage how = 0; how < NR_BREAKAGES; how++) {
			driver_start(QUEUE_SIZE);
			if (q != KTSTR_Q_CTRL_RX)
				driver_handshake(q);
			spoil(q, how);
			provoke(q);
			broken(q);
		}
	say("broken %u\n", KTSTR_NR_QUEUES * NR_BREAKAGES);
}

/* What was on offer when the device looked may not be taken back (2.7.6.1). */
static void D2_an_index_that_goes_back(void)
{
	for (unsigned int port = 0; port < KTSTR_NR_PORTS; port++) {
		driver_up();
		echo(ALL_PORTS);
		/* Of the two, one was offered since. */
		jump(port_rxq(port), (uint16_t)-2);
		provoke(port_rxq(port));
		broken(port_rxq(port));
	}
}

/* The second and later ones are not announced again: NEEDS_RESET is set already. */
static void D1_all_rings_broken_at_once(void)
{
	for (enum breakage how = 0; how < NR_BREAKAGES; how++) {
		driver_up();
		for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2) {
			spoil(q, how);
			driver_kick(q);
			CHECK_EQ(S_LIVE | S_RESET, reg_read(VIRTIO_MMIO_STATUS));
			CHECK_EQ(q == 1, !!(reg_read(VIRTIO_MMIO_INTERRUPT_STATUS) &
					    VIRTIO_MMIO_INT_CONFIG));
			reg_write(VIRTIO_MMIO_INTERRUPT_ACK, ~0u);
		}
	}
}

/* The device has indices of its own and reads nothing of the used ring back (2.7.8). */
static void D8_a_scribbled_used_ring_changes_nothing(void)
{
	struct queue *dq = &queues[KTSTR_Q_BULK_TX];

	driver_up();
	dq->avail->flags = 0xfffe;	/* 2.7.7: of these only bit 0 means something */
	for (unsigned int i = 1; i <= 2 * QUEUE_SIZE + 3; i++) {
		uint16_t head;

		for (unsigned int j = 0; j < 8; j++)
			dq->used->ring[random64() % QUEUE_SIZE].id = random64();
		dq->used->flags = random64();
		dq->used->idx = i + 1000;
		head = driver_add1(KTSTR_Q_BULK_TX, SCRATCH, 1, false);
		driver_sent(KTSTR_PORT_BULK, SCRATCH, 1);
		driver_kick(KTSTR_Q_BULK_TX);
		WAIT(READ_ONCE(dq->used->idx) == (uint16_t)i);
		CHECK_EQ(head, dq->used->ring[(i - 1) % QUEUE_SIZE].id);
		CHECK_EQ(0, dq->used->ring[(i - 1) % QUEUE_SIZE].len);
		dq->used_idx = i;
	}
	echo(ALL_PORTS);
}

static void D8_a_scribbled_receive_ring_changes_nothing(void)
{
	struct queue *dq = &queues[KTSTR_Q_BULK_RX];
	uint16_t before;

	driver_up();
	for (unsigned int i = 0; i < 2 * QUEUE_SIZE; i++) {
		before = dq->used_idx;
		dq->used->idx = before + 1000;
		dq->used->ring[random64() % QUEUE_SIZE].len = random64();
		echo_ask(KTSTR_PORT_BULK);
		WAIT(READ_ONCE(dq->used->idx) == (uint16_t)(before + 1));
		CHECK_EQ(16, dq->used->ring[before % QUEUE_SIZE].len);
		CHECK(driver_used(KTSTR_Q_BULK_RX, NULL) >= 0);
		driver_offer(KTSTR_PORT_BULK);
	}
	echo(ALL_PORTS);
}

#define CANARY	0xc5

/* One token meets @n descriptors, each its own chain or all of them one. */
static void meet_token(const struct seg *seg, unsigned int n, bool one_chain)
{
	memset((void *)SCRATCH, CANARY, 0x1000);
	driver_start(QUEUE_SIZE);
	driver_handshake(KTSTR_Q_BULK_RX);
	if (one_chain)
		driver_add(KTSTR_Q_BULK_RX, seg, n);
	for (unsigned int i = 0; !one_chain && i < n; i++)
		driver_add(KTSTR_Q_BULK_RX, &seg[i], 1);
	driver_kick(KTSTR_Q_BULK_RX);
	echo_ask(KTSTR_PORT_BULK);
}

static void untouched(uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		CHECK_EQ(CANARY, *(uint8_t *)from);
}

static void D13_E23_used_lengths_of_receive(void)
{
	const struct seg fives[] = {
		{ SCRATCH, 5, true }, { SCRATCH + 8, 5, true }, { SCRATCH + 16, 5, true },
		{ SCRATCH + 24, 5, true },
	};
	const struct seg mixed[] = {
		{ SCRATCH, 8, false }, { SCRATCH + 16, 3, true }, { SCRATCH + 32, 0, true },
		{ SCRATCH + 48, 4, true }, { SCRATCH + 64, 8, false }, { SCRATCH + 80, 64, true },
	};
	struct seg ones[16];

	meet_token(fives, 4, false);
	for (unsigned int i = 0; i < 4; i++) {
		CHECK_EQ(i < 3 ? 5 : 1, driver_take(KTSTR_Q_BULK_RX, i));
		untouched(SCRATCH + 8 * i + (i < 3 ? 5 : 1), SCRATCH + 8 * i + 8);
	}
	meet_token(fives, 4, true);
	CHECK_EQ(16, driver_take(KTSTR_Q_BULK_RX, 0));
	untouched(SCRATCH + 25, SCRATCH + 64);

	/* Written in order, only where it may be, and not beyond what there was. */
	meet_token(mixed, 6, true);
	CHECK_EQ(16, driver_take(KTSTR_Q_BULK_RX, 0));
	untouched(SCRATCH, SCRATCH + 16);
	untouched(SCRATCH + 19, SCRATCH + 48);
	untouched(SCRATCH + 52, SCRATCH + 80);
	untouched(SCRATCH + 89, SCRATCH + 0x1000);

	for (unsigned int i = 0; i < 16; i++)
		ones[i] = (struct seg) { SCRATCH + i * 2, 1, true };
	meet_token(ones, 16, false);
	for (unsigned int i = 0; i < 16; i++)
		CHECK_EQ(1, driver_take(KTSTR_Q_BULK_RX, i));
}

/* 2.7.13.1 forbids it; the device has no state that it could upset. */
static void D6_a_head_offered_again(void)
{
	driver_start(QUEUE_SIZE);
	driver_handshake(KTSTR_Q_BULK_RX);
	driver_add1(KTSTR_Q_BULK_RX, SCRATCH, 16, true);
	for (unsigned int i = 0; i < 3; i++)
		driver_publish(KTSTR_Q_BULK_RX, 0);
	driver_kick(KTSTR_Q_BULK_RX);
	for (unsigned int i = 0; i < 4; i++) {
		echo_ask(KTSTR_PORT_BULK);
		CHECK_EQ(16, driver_take(KTSTR_Q_BULK_RX, 0));
	}
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
}

const struct bare_case ring_cases[] = {
	CASE(D1_D4_E1_E4_E7_a_broken_ring_stops_alone),
	CASE(D2_an_index_that_goes_back),
	CASE(D1_all_rings_broken_at_once),
	CASE(D6_a_head_offered_again),
	CASE(D8_a_scribbled_used_ring_changes_nothing),
	CASE(D8_a_scribbled_receive_ring_changes_nothing),
	CASE(D13_E23_used_lengths_of_receive),
	{ NULL, NULL }
};
