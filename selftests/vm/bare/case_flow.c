// SPDX-License-Identifier: GPL-2.0-only
/*
 * Floods of the control queue, a host that does not read, and what a kick costs.
 */
#include "driver.h"

#define SLICE	KTSTR_TX_SLICE_MAX

static struct virtio_console_control *frame(unsigned int i)
{
	return (struct virtio_console_control *)SCRATCH + i;
}

static void put_frame(unsigned int i, uint32_t id, uint16_t event, uint16_t value)
{
	*frame(i) = (struct virtio_console_control) { .id = id, .event = event, .value = value };
}

/* A ring full of frames in one kick: all of them are back when it returns. */
static void send_frames(void)
{
	struct queue *dq = &queues[KTSTR_Q_CTRL_TX];

	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		driver_add1(KTSTR_Q_CTRL_TX, (uint64_t)frame(i), sizeof(*frame(i)), false);
	driver_kick(KTSTR_Q_CTRL_TX);
	dq->used_idx += QUEUE_SIZE;
	CHECK_EQ(dq->used_idx, READ_ONCE(dq->used->idx));
}

static unsigned int answers(void)
{
	unsigned int n = 0;

	while (driver_used(KTSTR_Q_CTRL_RX, NULL) >= 0)
		n++;
	return n;
}

static void offer_answers(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		driver_add1(KTSTR_Q_CTRL_RX, SCRATCH + 0x10000 + 64 * i, 64, true);
	driver_kick(KTSTR_Q_CTRL_RX);
}

static void F18_a_full_ring_of_control_frames(void)
{
	/* With buffers for the answers: 1 set for each port that is readied. */
	driver_start(QUEUE_SIZE);
	offer_answers(64);
	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		put_frame(i, i % 4, VIRTIO_CONSOLE_PORT_READY, 1);
	send_frames();
	CHECK_EQ(7, answers());
	/* Without: they are owed, and come when there is room. */
	driver_start(QUEUE_SIZE);
	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		put_frame(i, 0, i ? VIRTIO_CONSOLE_PORT_READY : VIRTIO_CONSOLE_DEVICE_READY, 1);
	send_frames();
	CHECK_EQ(0, answers());
	offer_answers(16);
	CHECK_EQ(6, answers());
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
}

#define FLOOD	100000u

static void flood(uint32_t id, uint16_t event, uint16_t value, uint16_t other)
{
	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		put_frame(i, id, event, i % 2 ? value : other);
	for (unsigned int sent = 0; sent < FLOOD; sent += QUEUE_SIZE)
		send_frames();
}

/* The host looks at its own memory between "mark" and the end. */
static void F6_F10_F12_control_floods(void)
{
	memset((void *)SCRATCH, 0, SCRATCH_SIZE);
	driver_up();
	offer_answers(64);
	say("mark\n");
	flood(VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1, 1);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		flood(p, VIRTIO_CONSOLE_PORT_READY, 1, 0);
	flood(KTSTR_PORT_BULK, VIRTIO_CONSOLE_PORT_OPEN, 1, 0);	/* ends with 1 */
	echo(ALL_PORTS);
	for (unsigned int i = 0; i < QUEUE_SIZE; i++)
		put_frame(i, random64(), random64(), random64());
	for (unsigned int sent = 0; sent < FLOOD; sent += QUEUE_SIZE)
		send_frames();
	/* 5.3.6.2.1: said once per reset, however often it is asked for. */
	CHECK_EQ(0, answers());
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	echo(ALL_PORTS);
}

#define FULL_CHAINS	(KTSTR_TX_BUF_MAX / SLICE)
#define MORE_CHAINS	64u

static void add_slices(unsigned int q, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		driver_add1(q, BIG + i * SLICE, SLICE, false);
		driver_sent(queue_port(q), BIG + i * SLICE, SLICE);
	}
	driver_kick(q);
}

/* Says "full" to a host that does not read port 1, and needs no kick when it does. */
static void G2_G3_a_host_that_stops_reading(void)
{
	const unsigned int q = KTSTR_Q_BULK_TX;
	struct queue *dq = &queues[q];
	uint16_t used;

	for (uint64_t i = 0; i < FULL_CHAINS * SLICE; i += 8)
		*(uint64_t *)(BIG + i) = random64();
	driver_up();
	used = dq->used_idx;
	add_slices(q, FULL_CHAINS);
	WAIT((uint16_t)(READ_ONCE(dq->used->idx) - used) == FULL_CHAINS);
	dq->used_idx += FULL_CHAINS;
	add_slices(q, MORE_CHAINS);
	for (unsigned int i = 0; i < 50; i++)
		echo(ALL_PORTS & ~(1u << KTSTR_PORT_BULK));
	CHECK_EQ(dq->used_idx, READ_ONCE(dq->used->idx));
	say("full\n");
	WAIT((uint16_t)(READ_ONCE(dq->used->idx) - dq->used_idx) == MORE_CHAINS);
	dq->used_idx += MORE_CHAINS;
	CHECK_EQ(S_LIVE, reg_read(VIRTIO_MMIO_STATUS));
	echo(ALL_PORTS);
}

/* Between two of its steps an honest driver may take any time. */
static void dawdle(unsigned int max_us)
{
	uint64_t t = rdtsc(), ticks = random64() % (max_us * tsc_khz / 1000 + 1);

	while (rdtsc() - t < ticks)
		pause();
}

/* What virtqueue_kick_prepare() asks before a kick. */
static void kick_if_asked(unsigned int q)
{
	/* Pairs with the device's barrier after it turned notifications on. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(READ_ONCE(queues[q].used->flags) & VRING_USED_F_NO_NOTIFY))
		driver_kick(q);
}

static unsigned int take_used(unsigned int q)
{
	uint32_t len;
	unsigned int n = 0;

	for (; driver_used(q, &len) >= 0; n++)
		CHECK_EQ(0, len);
	return n;
}

/* Sleep until an interrupt, unless what it would tell is there already (2.7.7.1). */
static void sleep_on(unsigned int q, unsigned int want)
{
	struct queue *dq = &queues[q];

	for (;;) {
		uint64_t before = irq_count;

		want -= take_used(q);
		if (!want)
			return;
		WRITE_ONCE(dq->avail->flags, 0);
		/* Pairs with the device's barrier before it looks at the flags. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (READ_ONCE(dq->used->idx) != dq->used_idx)
			continue;
		WAIT(irq_count != before);
	}
}

/*
 * H6: a driver that kicks only when it is asked to and looks only when it was
 * interrupted: one notification lost, either way, and it sleeps for ever.
 */
static void H6_a_driver_that_trusts_the_flags(void)
{
	const uint64_t since = rdtsc();
	unsigned int round;

	irq_connect();
	driver_up();
	for (round = 0; round < bare_arg && !time_is_up(since); round++) {
		unsigned int port = random64() % KTSTR_NR_PORTS, q = port_txq(port);
		unsigned int n = 1 + random64() % 40;

		WRITE_ONCE(queues[q].avail->flags, random64() & VRING_AVAIL_F_NO_INTERRUPT);
		for (unsigned int i = 0; i < n; i++) {
			uint32_t len = 1 + random64() % 64;

			driver_add1(q, SCRATCH, len, false);
			driver_sent(port, SCRATCH, len);
			if (random64() % 4)
				continue;
			kick_if_asked(q);
			dawdle(i % 8 ? 20 : 1500);
		}
		kick_if_asked(q);
		sleep_on(q, n);
		if (!(random64() % 8))
			dawdle(6000);
	}
	say("# %u rounds\n", round);
	echo(ALL_PORTS);
}

/* A table of 256 descriptors in a row, offered by 256 heads that are all 0, or all different. */
struct shape {
	const char *name;
	uint64_t addr, step;
	uint32_t len;
	uint16_t flags;
	bool loop, single;
};

static const struct shape shapes[] = {
	{ .name = "256 x 256 descriptors outside memory",
	  .addr = LAYOUT_CONSOLE_MMIO, .len = 16 },
	{ .name = "256 x 256 descriptors of 4 GiB", .addr = BIG, .len = 0xffffffff },
	{ .name = "256 x 256 descriptors of 1 byte", .addr = BIG, .step = 1, .len = 1 },
	{ .name = "256 x 256 descriptors of 0 bytes", .addr = BIG },
	{ .name = "256 x 256 descriptors, writable", .addr = BIG, .len = 16,
	  .flags = VRING_DESC_F_WRITE },
	{ .name = "256 x 256 descriptors of 16 MiB", .addr = BIG, .len = BIG_SIZE },
	{ .name = "a descriptor that is its own next", .addr = BIG, .len = 16, .loop = true },
	{ .name = "256 x 32 KiB, honest", .addr = BIG, .step = SLICE, .len = SLICE,
	  .single = true },
};

static void offer_shape(unsigned int q, const struct shape *s)
{
	struct queue *dq = &queues[q];

	for (unsigned int i = 0; i < QUEUE_SIZE; i++) {
		bool last = s->single || i == QUEUE_SIZE - 1;

		dq->desc[i] = (struct vring_desc) {
			.addr = s->addr + i * s->step, .len = s->len,
			.flags = s->flags | (last && !s->loop ? 0 : VRING_DESC_F_NEXT),
			.next = s->loop ? i : i + 1,
		};
		driver_publish(q, s->single ? i : 0);
	}
}

/* Fifteen bytes wait for buffers when this returns. */
static void leave_pending(unsigned int port)
{
	const unsigned int q = port_rxq(port);

	driver_start(QUEUE_SIZE);
	driver_handshake(q);
	driver_add1(q, SCRATCH, 1, true);
	driver_kick(q);
	echo_ask(port);
	CHECK_EQ(1, driver_take(q, 0));
}

static uint64_t timed_write(uint32_t reg, uint32_t val)
{
	uint64_t t = rdtsc();

	reg_write(reg, val);
	return (rdtsc() - t) * 1000 / tsc_khz;
}

static void cost_of(unsigned int q, const struct shape *s, uint64_t times)
{
	const bool rx = queue_port(q) >= 0 && q == port_rxq(queue_port(q));
	uint64_t best = ~0ull, worst = 0, reset = 0;

	while (times--) {
		uint64_t us;

		driver_up();
		host_has_room();
		if (rx)
			leave_pending(queue_port(q));
		offer_shape(q, s);
		us = timed_write(VIRTIO_MMIO_QUEUE_NOTIFY, q);
		best = us < best ? us : best;
		worst = us > worst ? us : worst;
		/* What is left over, a terabyte of it at times, the reset has to cope with. */
		us = timed_write(VIRTIO_MMIO_STATUS, 0);
		reset = us > reset ? us : reset;
	}
	say("# queue %u, %s: kick %lu to %lu us, reset up to %lu us\n", q, s->name, best, worst,
	    reset);
}

/* Numbers for people, no verdict: what one exit may cost at worst. */
static void cost_of_one_kick(void)
{
	static const uint8_t qs[] = {
		KTSTR_Q_CONSOLE_TX, KTSTR_Q_CTRL_TX, KTSTR_Q_BULK_TX, KTSTR_Q_STATS_RX,
	};

	driver_no_counts();
	for (size_t i = 0; i < ARRAY_SIZE(qs); i++)
		for (size_t j = 0; j < ARRAY_SIZE(shapes); j++)
			cost_of(qs[i], &shapes[j], bare_arg);
}

/* The machine ends while these are published and nobody was told. */
static void hostile_last_words(void)
{
	driver_up();
	REQUIRE(bare_arg < ARRAY_SIZE(shapes));
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		offer_shape(port_txq(p), &shapes[bare_arg]);
	say("%s\n", shapes[bare_arg].name);
	power_off();
}

const struct bare_case flow_cases[] = {
	CASE(F18_a_full_ring_of_control_frames),
	CASE(F6_F10_F12_control_floods),
	CASE(G2_G3_a_host_that_stops_reading),
	CASE(H6_a_driver_that_trusts_the_flags),
	CASE(hostile_last_words),
	CASE(cost_of_one_kick),
	{ NULL, NULL }
};
