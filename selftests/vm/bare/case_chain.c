// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors that lead where they should not (virtio v1.2, 2.7.5).
 */
#include "driver.h"
#include "token.h"

#define CANARY	0xc5

/* Addresses and lengths of which at least one byte is no memory. */
static unsigned int bad_ranges(struct seg *seg, bool write)
{
	const uint64_t end = ram_end();
	const struct seg bad[] = {
		{ SCRATCH, 0xffffffff, write },
		{ 0, 0xffffffff, write },
		{ end - 15, 16, write },
		{ end, 1, write },
		{ LAYOUT_HOLE_START, 16, write },
		{ LAYOUT_CONSOLE_MMIO, 16, write },
		{ LAYOUT_CONSOLE_MMIO + VIRTIO_MMIO_QUEUE_NOTIFY, 4, write },
		{ LAYOUT_CONSOLE_MMIO + VIRTIO_MMIO_STATUS, 4, write },
		{ LAYOUT_LAPIC, 4, write },
		{ LAYOUT_HOLE_END, 16, write },
		{ 0xfffffffffffffff8ull, 16, write },
		{ 0xffffffffffffffffull, 1, write },
		{ 0xffffffff00000000ull, 0xffffffff, write },
		{ 1ull << 63, 1, write },
	};

	memcpy(seg, bad, sizeof(bad));
	return ARRAY_SIZE(bad);
}

static void unused(unsigned int q, const struct seg *seg, unsigned int n)
{
	uint16_t head = driver_add(q, seg, n);

	driver_kick(q);
	CHECK_EQ(0, driver_take(q, head));
}

/* Alone, and at both ends of a chain that is good otherwise. */
static void E14_E16_E17_transmit_from_no_memory(void)
{
	struct seg bad[16], chain[3];
	unsigned int n = bad_ranges(bad, false);

	driver_up();
	for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2)
		for (unsigned int i = 0; i < n; i++) {
			const struct seg good = { SCRATCH, 16, false };

			unused(q, &bad[i], 1);
			chain[0] = chain[2] = good;
			chain[1] = bad[i];
			unused(q, chain, 3);
			unused(q, chain, 2);
			unused(q, chain + 1, 2);
		}
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	echo(ALL_PORTS);
	say("refused %u\n", 4 * n * KTSTR_NR_QUEUES / 2);
}

static void E12_E20_transmit_with_nothing_to_read(void)
{
	const struct seg chains[] = {
		{ SCRATCH, 16, true }, { SCRATCH, 0, false }, { SCRATCH, 0, true },
		{ LAYOUT_CONSOLE_MMIO, 0, false }, { SCRATCH, 0x10000, true },
	};
	unsigned int refused = 0;

	memset((void *)SCRATCH, CANARY, 0x10000);
	driver_up();
	for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2)
		for (unsigned int i = 0; i < ARRAY_SIZE(chains); i++, refused++)
			unused(q, &chains[i], 1);
	for (unsigned int i = 0; i < 0x10000; i++)
		CHECK_EQ(CANARY, *(uint8_t *)(SCRATCH + i));
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	echo(ALL_PORTS);
	say("refused %u\n", refused);
}

/* Readable parts count, wherever they are; writable ones are left alone. */
static void E23_transmit_of_a_mixed_chain(void)
{
	const struct seg mixed[] = {
		{ SCRATCH, 7, false }, { SCRATCH + 0x100, 16, true }, { SCRATCH + 7, 9, false },
	};

	driver_up();
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		memset((void *)SCRATCH, 'a' + p, 16);
		memset((void *)(SCRATCH + 0x100), CANARY, 16);
		driver_sent(p, SCRATCH, 16);
		unused(port_txq(p), mixed, 3);
		for (unsigned int i = 0; i < 16; i++)
			CHECK_EQ(CANARY, *(uint8_t *)(SCRATCH + 0x100 + i));
	}
	echo(ALL_PORTS);
}

/* Buffers that hold nothing come back empty; the token waits for one that does. */
static void receive_after(unsigned int port, const struct seg *bad, unsigned int n)
{
	const unsigned int q = port_rxq(port);
	const struct token *t = (void *)(SCRATCH + 0x8000);
	uint16_t heads[32];
	uint64_t nonce;

	memset((void *)SCRATCH, CANARY, 0x10000);
	driver_start(QUEUE_SIZE);
	driver_handshake(q);
	for (unsigned int i = 0; i < n; i++)
		heads[i] = driver_add(q, &bad[i], 1);
	heads[n] = driver_add1(q, (uint64_t)t, sizeof(*t), true);
	driver_kick(q);
	nonce = echo_ask(port);
	for (unsigned int i = 0; i < n; i++)
		CHECK_EQ(0, driver_take(q, heads[i]));
	CHECK_EQ(sizeof(*t), driver_take(q, heads[n]));
	CHECK_EQ(nonce, t->nonce);
	for (unsigned int i = 0; i < 0x8000; i++)
		CHECK_EQ(CANARY, *(uint8_t *)(SCRATCH + i));
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
}

static void E14_E17_E21_receive_into_no_memory(void)
{
	struct seg bad[20];
	unsigned int n = bad_ranges(bad, true);

	bad[n++] = (struct seg) { SCRATCH, 16, false };		/* 2.7.5.1: not written */
	bad[n++] = (struct seg) { SCRATCH, 0, true };
	bad[n++] = (struct seg) { SCRATCH, 0x8000, false };
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		receive_after(p, bad, n);
	say("refused %u\n", KTSTR_NR_PORTS * n);
}

/* A message is never split, so small ones are bad too (5.3.6.2). */
static void E21_F20_control_buffers_that_hold_nothing(void)
{
	struct seg bad[20];
	unsigned int n = bad_ranges(bad, true);
	struct seg halves[] = { { SCRATCH, 4, true }, { SCRATCH + 16, 60, true } };
	struct virtio_console_control *msg = (void *)SCRATCH;

	bad[n++] = (struct seg) { SCRATCH + 0x100, 64, false };
	bad[n++] = (struct seg) { SCRATCH + 0x200, 1, true };
	bad[n++] = (struct seg) { SCRATCH + 0x200, 7, true };
	memset((void *)SCRATCH, CANARY, 0x1000);
	driver_start(QUEUE_SIZE);
	for (unsigned int i = 0; i < n; i++)
		driver_add(KTSTR_Q_CTRL_RX, &bad[i], 1);
	driver_add(KTSTR_Q_CTRL_RX, halves, 2);
	driver_kick(KTSTR_Q_CTRL_RX);
	driver_control(VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	for (unsigned int i = 0; i < n; i++)
		CHECK_EQ(0, driver_take(KTSTR_Q_CTRL_RX, i));
	/* F22: scattered over both halves. */
	CHECK_EQ(sizeof(*msg), driver_take(KTSTR_Q_CTRL_RX, n));
	memcpy((void *)(SCRATCH + 4), (void *)(SCRATCH + 16), 4);
	CHECK_EQ(0, msg->id);
	CHECK_EQ(VIRTIO_CONSOLE_PORT_ADD, msg->event);
	CHECK_EQ(1, msg->value);
	for (unsigned int i = 0x100; i < 0x1000; i++)
		CHECK_EQ(CANARY, *(uint8_t *)(SCRATCH + i));
	say("refused %u\n", n);
}

static void E18_the_last_byte_of_memory(void)
{
	const uint64_t last = ram_end() - 16;
	struct token *t = (void *)last;
	uint64_t nonce;

	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		unsigned int q = port_rxq(p);
		const struct seg beyond = { last, 17, false };

		memset((void *)last, 'x', 16);
		driver_start(QUEUE_SIZE);
		driver_handshake(q);
		driver_send(p, last, 16);
		driver_send(p, last + 15, 1);
		unused(port_txq(p), &beyond, 1);
		driver_add1(q, last, 17, true);
		driver_add1(q, last, 16, true);
		driver_kick(q);
		nonce = echo_ask(p);
		CHECK_EQ(0, driver_take(q, 0));
		CHECK_EQ(16, driver_take(q, 1));
		CHECK_EQ(nonce, t->nonce);
	}
	say("refused %u\n", 2 * KTSTR_NR_PORTS);
}

/*
 * RAM ends at 3 GiB and goes on at 4 GiB, and the host has both parts side by
 * side: what begins in one and ends in the other is in no memory all the same.
 */
static void E18_the_hole_between_two_parts_of_memory(void)
{
	const uint64_t low = ram_end(), high = LAYOUT_HOLE_END, end = high_ram_end();
	const struct seg bad[] = {
		{ low - 8, 16, false }, { high - 8, 16, false }, { low, 8, false },
		{ low - 8, LAYOUT_HOLE_END - LAYOUT_HOLE_START + 16, false },
		{ end - 8, 16, false }, { end, 1, false },
	};
	const struct seg good[] = {
		{ low - 8, 8, false }, { high, 8, false }, { end - 8, 8, false },
	};

	REQUIRE(low == LAYOUT_HOLE_START && end > high);
	for (uint64_t i = 0; i < 8; i++) {
		*(uint8_t *)(low - 8 + i) = 'l';
		*(uint8_t *)(high + i) = 'h';
		*(uint8_t *)(end - 8 + i) = 'e';
	}
	driver_up();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		unused(KTSTR_Q_BULK_TX, &bad[i], 1);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		driver_send(KTSTR_PORT_BULK, good[i].gpa, good[i].len);
	driver_sent(KTSTR_PORT_BULK, low - 8, 8);
	driver_sent(KTSTR_PORT_BULK, high, 8);
	unused(KTSTR_Q_BULK_TX, good, 2);
	say("refused %lu\n", ARRAY_SIZE(bad));
}

/* C19: both halves of an address count. */
static void C19_rings_above_4_gib(void)
{
	const unsigned int q = KTSTR_Q_BULK_TX;
	const uint64_t gpa = high_ram_end() - 0x3000;

	REQUIRE(high_ram_end());
	REQUIRE(driver_negotiate());
	for (unsigned int i = 0; i < KTSTR_NR_QUEUES; i++)
		REQUIRE(i == q || driver_queue(i, QUEUE_SIZE) == 1);
	memset((void *)gpa, 0, 0x3000);
	REQUIRE(driver_rings(q, QUEUE_SIZE, gpa, gpa + 0x1000, gpa + 0x2000) == 1);
	queues[q] = (struct queue) {
		.num = QUEUE_SIZE, .desc = (void *)gpa, .avail = (void *)(gpa + 0x1000),
		.used = (void *)(gpa + 0x2000),
	};
	reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
	driver_handshake(-1);
	for (unsigned int i = 0; i < 2 * QUEUE_SIZE; i++)
		driver_send(KTSTR_PORT_BULK, SCRATCH, 1);
	echo(ALL_PORTS);
}

static void fill_big(uint64_t len)
{
	for (uint64_t i = 0; i < len; i += 8)
		*(uint64_t *)(BIG + i) = random64();
}

#define MIB	(1u << 20)

/* In one descriptor and in as many as a ring has (E3). */
static void E3_E25_one_mebibyte(void)
{
	struct seg seg[QUEUE_SIZE];
	uint16_t head;

	fill_big(MIB);
	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		seg[i] = (struct seg) { BIG + i * (MIB / QUEUE_SIZE), MIB / QUEUE_SIZE, false };
	driver_up();
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		driver_send(p, BIG, MIB);
		head = driver_add(port_txq(p), seg, QUEUE_SIZE);
		driver_sent(p, BIG, MIB);
		driver_kick(port_txq(p));
		CHECK_EQ(0, driver_take(port_txq(p), head));
	}
	echo(ALL_PORTS);
}

/* What is read there is what it was at the time; how much it is, is known. */
static void E28_transmit_of_the_rings_themselves(void)
{
	driver_no_sums();
	driver_up();
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
			driver_send(p, RINGS + q * RING_STRIDE, RING_STRIDE);
	echo(ALL_PORTS);
}

/* Its own rings are the buffer: what the device finds there next is the host's token. */
static void C18_E28_receive_into_the_rings_themselves(void)
{
	for (unsigned int port = 0; port < KTSTR_NR_PORTS; port++)
		for (unsigned int part = 0; part < 3; part++) {
			unsigned int q = port_rxq(port);

			driver_start(QUEUE_SIZE);
			driver_handshake(q);
			for (unsigned int i = 0; i < 8; i++)
				driver_add1(q, RINGS + q * RING_STRIDE + part * 0x1000, 16, true);
			for (unsigned int i = 0; i < 8; i++) {
				echo_ask(port);
				driver_kick(q);
			}
			/* Broken or not, the others live on. */
			echo(ALL_PORTS & ~(1u << port));
		}
}

/* Descriptor table, avail and used ring are one and the same page (C16). */
static void C16_rings_that_overlap(void)
{
	driver_no_counts();
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		REQUIRE(driver_negotiate());
		for (unsigned int i = 0; i < KTSTR_NR_QUEUES; i++)
			if (i != q)
				driver_queue(i, QUEUE_SIZE);
		memset((void *)SCRATCH, 0, 0x1000);
		CHECK_EQ(1, driver_rings(q, QUEUE_SIZE, SCRATCH, SCRATCH, SCRATCH));
		reg_write(VIRTIO_MMIO_STATUS, S_LIVE);
		for (unsigned int i = 0; i < 64; i++) {
			*(uint64_t *)(SCRATCH + random64() % 64) = random64();
			driver_kick(q);
		}
	}
}

const struct bare_case chain_cases[] = {
	CASE(C16_rings_that_overlap),
	CASE(C18_E28_receive_into_the_rings_themselves),
	CASE(E12_E20_transmit_with_nothing_to_read),
	CASE(E14_E16_E17_transmit_from_no_memory),
	CASE(E14_E17_E21_receive_into_no_memory),
	CASE(E21_F20_control_buffers_that_hold_nothing),
	CASE(E18_the_last_byte_of_memory),
	CASE(C19_rings_above_4_gib),
	CASE(E18_the_hole_between_two_parts_of_memory),
	CASE(E23_transmit_of_a_mixed_chain),
	CASE(E3_E25_one_mebibyte),
	CASE(E28_transmit_of_the_rings_themselves),
	{ NULL, NULL }
};
