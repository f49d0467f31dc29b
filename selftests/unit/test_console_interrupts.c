// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and kicks that are spared (virtio v1.2, 2.7.7, 2.7.10): when they
 * stay out, and that none is ever missing. These tests play the I/O thread, so
 * that a look of the timer happens where they want it.
 */
#include <stdlib.h>

#include "driver_alive.h"

#include "unit.h"

#define BULK_TX	KTSTR_Q_BULK_TX
#define NUM	64u
#define QUARTER	(NUM / 4)
#define LOOK_NS	1000000u	/* from one look to the next */
#define LOOKS	4	/* an interrupt for a driver that is busy is held back no longer than that */
#define HOLD_MS	50	/* and one that nobody seems to wait for */
#define KIB	1024u
#define MIB	(1024u * KIB)

FIXTURE(irq)
{
	struct driver d;
};

FIXTURE_SETUP(irq)
{
	ASSERT_TRUE(driver__create(&self->d));
	/* Time goes on where these tests want it to. */
	ASSERT_TRUE(driver__power_on(&self->d, self->d.timer, driver__clock));
	ASSERT_TRUE(driver__bring_up(&self->d, NUM));
}

FIXTURE_TEARDOWN(irq)
{
	driver__destroy(&self->d);
}

/* Nanoseconds until the timer expires, 0 if it is not set. */
static long timer_left(struct driver *d)
{
	struct itimerspec left;

	timerfd_gettime(d->timer, &left);
	return left.it_value.tv_sec * 1000000000 + left.it_value.tv_nsec;
}

/*
 * The timer expires, @ns after it was set; what the I/O thread does then. Return:
 * interrupts that came.
 */
static uint64_t look_after(struct driver *d, uint64_t ns)
{
	struct pollfd p = { .fd = d->timer, .events = POLLIN };

	/* An event, and no measure of time: where the timer is set it comes at once. */
	if (poll(&p, 1, 10000) != 1)
		return UINT64_MAX;
	driver__event(d->timer);
	d->now += ns;
	virtio_console__service(d->vc);
	return driver__event(d->irq);
}

static uint64_t look(struct driver *d)
{
	return look_after(d, LOOK_NS);
}

static bool expects_look(struct driver *d)
{
	struct pollfd p = { .fd = d->timer, .events = POLLIN };

	return timer_left(d) || poll(&p, 1, 0) == 1;
}

/* Bring all looks and left-over work to their end; return: interrupts that came. */
static uint64_t quiesce(struct driver *d)
{
	uint64_t n = 0;

	do {
		driver__settle(d);
		n += driver__event(d->irq);
		/* Nothing is put off for longer. */
		if (expects_look(d))
			n += look_after(d, HOLD_MS * LOOK_NS);
	} while (expects_look(d));
	return n + driver__event(d->irq);
}

static void add(struct driver *d, unsigned int q, unsigned int n)
{
	while (n--)
		driver__add1(d, q, DRIVER_DATA_GPA, 8, false);
}

static void send(struct driver *d, unsigned int q, unsigned int n)
{
	add(d, q, n);
	driver__kick(d, q);
}

TEST_F(irq, transmit_interrupt_comes_with_the_timer)
{
	struct driver *d = &self->d;

	for (unsigned int q = BULK_TX; q <= KTSTR_Q_STATS_TX; q += 2) {
		/* More than once: the timer is set anew after it expired. */
		for (int i = 0; i < 5; i++) {
			driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 3);
			send(d, q, 1);
			EXPECT_LE(0, driver__used(d, q, NULL));
			EXPECT_EQ(0, driver__event(d->irq));
			EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
			EXPECT_TRUE(expects_look(d));
			EXPECT_GE(1000000, timer_left(d));
			EXPECT_EQ(1, look(d)) TH_LOG("queue %u round %d", q, i);
			EXPECT_EQ(1, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
			/* All is said: nothing wakes up for nothing. */
			EXPECT_FALSE(expects_look(d));
			EXPECT_TRUE(driver__needs_kick(d, q));
		}
	}
	EXPECT_ALIVE(d, 0);
}

/* A driver that kicks on does not push its interrupt before it. */
TEST_F(irq, timer_is_not_put_off_by_another_kick)
{
	struct driver *d = &self->d;

	for (int i = 0; i < 20; i++) {
		long left;

		send(d, BULK_TX, 1);
		left = timer_left(d);
		send(d, BULK_TX, 1);
		EXPECT_GE(left, timer_left(d));
		send(d, KTSTR_Q_STATS_TX, 1);
		EXPECT_GE(left, timer_left(d));
		quiesce(d);
	}
	EXPECT_ALIVE(d, 0);
}

TEST_F(irq, quarter_of_the_ring_is_interrupted_at_once)
{
	struct driver *d = &self->d;

	for (unsigned int n = 1; n < 2 * QUARTER; n++) {
		send(d, BULK_TX, n);
		EXPECT_EQ(n >= QUARTER, driver__event(d->irq)) TH_LOG("%u chains", n);
		/* What was held back counts for the next one. */
		send(d, BULK_TX, n < QUARTER ? QUARTER - n : QUARTER);
		EXPECT_EQ(1, driver__event(d->irq)) TH_LOG("%u chains", n);
		EXPECT_EQ(0, quiesce(d));
	}
	EXPECT_ALIVE(d, 0);
}

/* With fewer than four entries a quarter is nothing, so nothing is held back. */
TEST_F(irq, small_rings_hold_nothing_back)
{
	struct driver *d = &self->d;

	for (uint32_t num = 1; num < 8; num *= 2) {
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, num));
		driver__event(d->irq);
		for (int i = 0; i < 10; i++) {
			send(d, BULK_TX, 1);
			EXPECT_EQ(1, driver__event(d->irq)) TH_LOG("ring of %u", num);
		}
	}
}

TEST_F(irq, busy_driver_is_interrupted_after_a_few_looks)
{
	struct driver *d = &self->d;

	for (int round = 0; round < 20; round++) {
		unsigned int looks = 0;
		uint16_t before;

		/* Another one, of which nothing is known. */
		ASSERT_TRUE(driver__bring_up(d, NUM));
		before = d->q[BULK_TX].used->idx;
		send(d, BULK_TX, 1);
		do {
			/* No kicks are wanted, and none is needed. */
			ASSERT_FALSE(driver__needs_kick(d, BULK_TX));
			add(d, BULK_TX, 1);
			ASSERT_GT(LOOKS + 1, ++looks);
		} while (!look(d));
		EXPECT_EQ((uint16_t)(before + 1 + looks), d->q[BULK_TX].used->idx);
		/* Then a look that finds nothing: kicks are on, and that is the end. */
		while (expects_look(d)) {
			EXPECT_EQ(0, look(d));
		}
		EXPECT_TRUE(driver__needs_kick(d, BULK_TX));
	}
	EXPECT_ALIVE(d, 0);
}

/* Interrupts that come while @ms pass, with a chain every @every_ms for its own reasons. */
static unsigned int interrupts_in(struct driver *d, unsigned int ms, unsigned int every_ms)
{
	unsigned int n = 0;

	for (unsigned int t = 0; t < ms; t++) {
		if (t % every_ms == 0)
			send(d, BULK_TX, 1);
		n += driver__event(d->irq);
		/* More looks than the timer asks for: none of them may change a thing. */
		d->now += LOOK_NS;
		virtio_console__service(d->vc);
		n += driver__event(d->irq);
	}
	return n;
}

/* A driver that goes on without is interrupted less and less, but never not at all. */
TEST_F(irq, patient_driver_is_interrupted_rarely)
{
	struct driver *d = &self->d;
	unsigned int first, later;

	/* After 1, 2, 4, ... 32, 50 ms, each counted from the next chain; none when one comes. */
	first = interrupts_in(d, 200, 7);
	EXPECT_EQ(8, first);
	later = interrupts_in(d, 1000, 7);
	EXPECT_LE(1000 / (HOLD_MS + 7), later);
	EXPECT_GE(1000 / HOLD_MS, later);
	EXPECT_ALIVE(d, 0);
}

/* One that begins to wait does so in vain for once, and then is known to. */
TEST_F(irq, driver_that_loses_patience_is_noticed_at_once)
{
	struct driver *d = &self->d;

	interrupts_in(d, 1000, 7);
	quiesce(d);
	d->now += 7 * LOOK_NS;
	send(d, BULK_TX, 1);
	EXPECT_EQ(0, look(d));
	EXPECT_EQ(1, quiesce(d));
	for (int i = 0; i < 10; i++) {
		send(d, BULK_TX, 1);
		EXPECT_EQ(1, look(d)) TH_LOG("chain %d", i);
	}
	EXPECT_ALIVE(d, 0);
}

/*
 * One that sleeps for each chain, and is slow: its guest is emulated, or shares its CPU.
 * An answer that takes a few milliseconds must not be taken for one that needs no interrupt.
 */
TEST_F(irq, slow_driver_that_waits_is_not_held_up_much_longer_than_it_is_slow)
{
	struct driver *d = &self->d;

	for (unsigned int slow_ms = 1; slow_ms <= 8; slow_ms++) {
		unsigned int held_ms = 0, most_ms = 0, ms, n = 100;

		ASSERT_TRUE(driver__bring_up(d, NUM));
		driver__event(d->irq);
		for (unsigned int i = 0; i < n; i++) {
			send(d, BULK_TX, 1);
			for (ms = 0; !driver__event(d->irq); ms++) {
				ASSERT_GT(2 * HOLD_MS, ms);
				d->now += LOOK_NS;
				virtio_console__service(d->vc);
			}
			held_ms += ms;
			most_ms = ms > most_ms ? ms : most_ms;
			/* It wakes up, reclaims, and has the next one. */
			d->now += slow_ms * LOOK_NS;
		}
		EXPECT_GE(8 * slow_ms * n, held_ms) {
			TH_LOG("slow by %u ms: held %u ms for %u chains, %u at most", slow_ms,
			       held_ms, n, most_ms);
		}
	}
	EXPECT_ALIVE(d, 0);
}

/* Linux spins on port 0, and receive and control queues have somebody waiting. */
TEST_F(irq, other_queues_are_interrupted_at_once)
{
	struct driver *d = &self->d;

	for (int i = 0; i < 10; i++) {
		send(d, KTSTR_Q_CONSOLE_TX, 1);
		EXPECT_EQ(1, driver__event(d->irq));
		EXPECT_TRUE(driver__needs_kick(d, KTSTR_Q_CONSOLE_TX));
		EXPECT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
		EXPECT_EQ(1, driver__event(d->irq));
		for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
			driver__add1(d, driver__rxq(p), DRIVER_DATA_GPA, 8, true);
			EXPECT_EQ(0, virtio_console__write(d->vc, p, "x", 1));
			EXPECT_EQ(1, driver__event(d->irq)) TH_LOG("port %u", p);
		}
	}
	EXPECT_FALSE(expects_look(d));
	EXPECT_ALIVE(d, 0);
}

/* Whoever makes room may serve a driver that waits for it: no time to lose. */
TEST_F(irq, chains_taken_outside_of_a_kick_do_not_wait_for_ever)
{
	struct driver *d = &self->d;

	for (unsigned int i = 0; i < NUM; i++)
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 256 * KIB, false);
	driver__kick(d, BULK_TX);
	ASSERT_LE(0, driver__settle(d));
	while (expects_look(d))
		look(d);
	driver__event(d->irq);
	ASSERT_EQ(32, d->q[BULK_TX].used->idx);
	/* Full; the guest waits, and only the host moves. */
	for (unsigned int read = 0; read < 32; read++) {
		uint16_t before = d->q[BULK_TX].used->idx;
		static uint8_t buf[256 * KIB];

		ASSERT_EQ(sizeof(buf), virtio_console__read(d->vc, 1, buf, sizeof(buf)));
		ASSERT_EQ((uint16_t)(before + 1), d->q[BULK_TX].used->idx);
		ASSERT_LE(1, quiesce(d)) TH_LOG("read %u", read);
	}
	EXPECT_ALIVE(d, 0);
}

TEST_F(irq, without_a_timer_nothing_is_held_back)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__new_device(d, -1));
	ASSERT_TRUE(driver__bring_up(d, NUM));
	for (unsigned int q = BULK_TX; q <= KTSTR_Q_STATS_TX; q += 2) {
		for (int i = 0; i < 10; i++) {
			send(d, q, 1);
			EXPECT_EQ(1, driver__event(d->irq));
			EXPECT_TRUE(driver__needs_kick(d, q));
		}
	}
	/* While work is left over its kicks are spared all the same. */
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, MIB, false);
	driver__kick(d, BULK_TX);
	EXPECT_FALSE(driver__needs_kick(d, BULK_TX));
	EXPECT_LT(0, driver__settle(d));
	EXPECT_TRUE(driver__needs_kick(d, BULK_TX));
	EXPECT_EQ(1, driver__event(d->irq));
	EXPECT_FALSE(expects_look(d));
	EXPECT_ALIVE(d, 0);
}

/* The flag counts when the interrupt is due, not when the chain came back. */
TEST_F(irq, H6_no_interrupt_is_looked_at_when_the_timer_expires)
{
	struct driver *d = &self->d;
	uint16_t *flags = &d->q[BULK_TX].avail->flags;

	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(driver__bring_up(d, NUM));
		*flags = 0;
		send(d, BULK_TX, 1);
		*flags = VRING_AVAIL_F_NO_INTERRUPT;
		EXPECT_EQ(0, look(d));
		/* Enabled again: it is not made up for, the driver looks for itself (2.7.7). */
		*flags = 0;
		EXPECT_FALSE(expects_look(d));
		*flags = VRING_AVAIL_F_NO_INTERRUPT;
		send(d, BULK_TX, 1);
		*flags = 0;
		EXPECT_EQ(1, look(d));
		*flags = VRING_AVAIL_F_NO_INTERRUPT;
		send(d, BULK_TX, QUARTER);
		EXPECT_EQ(0, driver__event(d->irq));
		while (expects_look(d)) {
			EXPECT_EQ(0, look(d));
		}
	}
	*flags = 0;
	EXPECT_ALIVE(d, 0);
}

/*
 * NO_INTERRUPT toggled at random, on every queue: without it an interrupt MUST
 * follow a used index that moved, with it none comes (2.7.7.2).
 */
TEST_F(irq, H6_no_interrupt_toggled_at_random)
{
	struct driver *d = &self->d;
	unsigned int seed = 6, with = 0;

	srandom(seed);
	for (int i = 0; i < 3000; i++) {
		unsigned int q = random() % KTSTR_NR_QUEUES, n = random() % QUARTER;
		bool off = random() & 1;
		uint16_t before = d->q[q].used->idx;
		uint64_t irqs;

		d->q[q].avail->flags = off ? 0xffff : 0xfffe;
		for (unsigned int k = 0; k < n; k++) {
			if (q == KTSTR_Q_CTRL_RX) {
				driver__add1(d, q, CTRL_BUF_GPA, CTRL_BUF_SIZE, true);
				virtio_console__connect(d->vc, 2, k & 1);
			} else if (q & 1) {
				driver__add1(d, q, DRIVER_DATA_GPA, random() % 9, false);
			} else {
				driver__add1(d, q, DRIVER_DATA_GPA, 16, true);
				virtio_console__write(d->vc, q ? q / 2 - 1 : 0, "abc",
						      1 + random() % 2);
			}
			if (k + 1 == n || random() % 3 == 0)
				driver__kick(d, q);
			if (random() % 16 == 0 && expects_look(d))
				virtio_console__service(d->vc);
		}
		irqs = quiesce(d);
		ASSERT_EQ(!off && before != d->q[q].used->idx, irqs > 0) {
			TH_LOG("seed %u round %d queue %u: %u chains, flag %d, %lu interrupts",
			       seed, i, q, n, off, irqs);
		}
		with += irqs > 0;
		for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
			driver__discard(d, p);
		if (q == KTSTR_Q_CTRL_RX) {
			virtio_console__connect(d->vc, 2, true);
			quiesce(d);
		}
		driver__all_back(d, q);
	}
	EXPECT_LT(500, with);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++)
		d->q[q].avail->flags = 0;
	EXPECT_ALIVE(d, 0);
}

/*
 * EVENT_IDX is not offered: used_event behind the avail ring means nothing, the
 * flag decides alone; and where avail_event would be nothing is written.
 */
TEST_F(irq, H7_used_event_is_ignored)
{
	struct driver *d = &self->d;
	struct driver_queue *dq = &d->q[KTSTR_Q_CONSOLE_TX];
	uint16_t *avail_event = (uint16_t *)&dq->used->ring[NUM];

	driver__write32(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	ASSERT_FALSE(driver__read32(d, VIRTIO_MMIO_DEVICE_FEATURES) &
		     1u << VIRTIO_RING_F_EVENT_IDX);
	srandom(7);
	*avail_event = 0x5a5a;
	for (unsigned int i = 0; i < 5000; i++) {
		static const int near[] = { -2, -1, 0, 1, 2, 0x7fff, -0x8000 };
		bool off = random() % 3 == 0;

		dq->avail->ring[NUM] = i % 8 == 7 ? random() : dq->used->idx + near[i % 8];
		dq->avail->flags = off;
		send(d, KTSTR_Q_CONSOLE_TX, 1);
		ASSERT_EQ(!off, driver__event(d->irq)) {
			TH_LOG("used_event %u at %u", dq->avail->ring[NUM], dq->used->idx);
		}
		ASSERT_EQ(0x5a5a, *avail_event);
		driver__used(d, KTSTR_Q_CONSOLE_TX, NULL);
		driver__discard(d, 0);
	}
	dq->avail->flags = 0;
	EXPECT_ALIVE(d, 0);
}

TEST_F(irq, nothing_comes_after_a_reset)
{
	struct driver *d = &self->d;

	for (int i = 0; i < 5; i++) {
		send(d, BULK_TX, 1);
		driver__write32(d, VIRTIO_MMIO_STATUS, 0);
		if (expects_look(d)) {
			EXPECT_EQ(0, look(d));
		}
		EXPECT_EQ(0, driver__event(d->irq));
		EXPECT_EQ(0, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS));
		ASSERT_TRUE(driver__bring_up(d, NUM));
		/* The timer of the last driver still runs; this one's chains have a look too. */
		send(d, BULK_TX, 1);
		driver__write32(d, VIRTIO_MMIO_STATUS, 0);
		ASSERT_TRUE(driver__bring_up(d, NUM));
		send(d, BULK_TX, 1);
		ASSERT_TRUE(expects_look(d));
		EXPECT_EQ(1, quiesce(d)) TH_LOG("round %d", i);
	}
	EXPECT_ALIVE(d, 0);
}

TEST_F(irq, nothing_comes_after_the_queue_was_stopped)
{
	struct driver *d = &self->d;

	send(d, BULK_TX, 1);
	driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, BULK_TX);
	driver__write32(d, VIRTIO_MMIO_QUEUE_READY, 0);
	EXPECT_EQ(0, quiesce(d));
	/* The twin: the queue beside it has its own. */
	send(d, KTSTR_Q_STATS_TX, 1);
	EXPECT_EQ(1, quiesce(d));
	EXPECT_ALIVE(d, 1u << BULK_TX);
}

/* Chains that came back before the ring broke are owed their interrupt like any other. */
TEST_F(irq, chains_before_a_broken_one_are_interrupted_for)
{
	struct driver *d = &self->d;

	for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2) {
		ASSERT_TRUE(driver__bring_up(d, NUM));
		driver__write32(d, VIRTIO_MMIO_INTERRUPT_ACK, 3);
		add(d, q, 3);
		driver__publish(d, q, NUM);
		driver__kick(d, q);
		EXPECT_LE(2, quiesce(d)) TH_LOG("queue %u", q);
		EXPECT_EQ(3, driver__read32(d, VIRTIO_MMIO_INTERRUPT_STATUS)) TH_LOG("queue %u", q);
		EXPECT_ALIVE(d, 1u << q);
	}
}

/* Kicks are off while a backlog waits, for the I/O thread or for the host ... */
TEST_F(irq, no_kick_is_asked_for_while_a_backlog_waits)
{
	struct driver *d = &self->d;

	EXPECT_TRUE(driver__needs_kick(d, BULK_TX));
	for (unsigned int i = 0; i < 10; i++) {
		driver__add1(d, BULK_TX, DRIVER_DATA_GPA, MIB, false);
		if (i == 0)
			driver__kick(d, BULK_TX);
		EXPECT_FALSE(driver__needs_kick(d, BULK_TX));
	}
	/* Left over: it goes on by itself, and finds what came without a kick. */
	ASSERT_LT(0, driver__settle(d));
	EXPECT_EQ(KTSTR_TX_BUF_MAX, driver__stats(d).tx_bytes[1]);
	quiesce(d);
	/* Stalled at a full buffer: no kick, no timer and no rearm can help. */
	EXPECT_FALSE(driver__needs_kick(d, BULK_TX));
	EXPECT_FALSE(expects_look(d));
	EXPECT_EQ(0, driver__settle(d));
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, MIB, false);
	EXPECT_EQ(11 * MIB, driver__discard(d, 1));
	/* ... and come on again when it is gone, with a look for what came meanwhile. */
	driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 77, false);
	quiesce(d);
	EXPECT_EQ(77, driver__discard(d, 1));
	EXPECT_TRUE(driver__needs_kick(d, BULK_TX));
	EXPECT_TRUE(driver__all_back(d, BULK_TX));
	EXPECT_ALIVE(d, 0);
}

TEST_F(irq, port_0_has_its_kicks_back_when_its_backlog_is_gone)
{
	struct driver *d = &self->d;

	for (unsigned int i = 0; i < NUM; i++)
		driver__add1(d, KTSTR_Q_CONSOLE_TX, DRIVER_DATA_GPA, 32 * KIB, false);
	driver__kick(d, KTSTR_Q_CONSOLE_TX);
	EXPECT_FALSE(driver__needs_kick(d, KTSTR_Q_CONSOLE_TX));
	EXPECT_LT(0, driver__settle(d));
	EXPECT_TRUE(driver__needs_kick(d, KTSTR_Q_CONSOLE_TX));
	EXPECT_TRUE(driver__all_back(d, KTSTR_Q_CONSOLE_TX));
	EXPECT_FALSE(expects_look(d));
	EXPECT_ALIVE(d, 0);
}

/* Wait for an event of the device, serving it as the I/O thread does; -1: none ever came. */
static int wait_event(struct driver *d)
{
	struct pollfd p[] = {
		{ .fd = d->irq, .events = POLLIN },
		{ .fd = d->timer, .events = POLLIN },
		{ .fd = d->rearm, .events = POLLIN },
	};

	/* A hang's end and no measure of time: whatever comes, comes in 50 ms. */
	if (poll(p, 3, 10000) <= 0)
		return -1;
	if (driver__event(d->timer) | driver__event(d->rearm))
		virtio_console__service(d->vc);
	return driver__event(d->irq);
}

/*
 * A driver that keeps to the rules, kicks only when it is asked to and sleeps until
 * an interrupt when @window chains are out. It must never sleep for ever.
 */
TEST_F(irq, sleeping_driver_is_always_woken)
{
	struct driver *d = &self->d;

	/* By the real clock. */
	ASSERT_TRUE(driver__new_device(d, d->timer));
	for (uint32_t num = 1; num <= 256; num *= 2) {
		for (uint32_t window = 1; window <= num; window *= num > 16 ? 8 : 2) {
			/* Single chains wait for the timer: a millisecond for each window. */
			unsigned int chains = 100 * window;
			uint32_t out = 0;

			ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, num));
			for (unsigned int i = 0; i < chains; i++) {
				while (out == window) {
					while (driver__used(d, BULK_TX, NULL) >= 0)
						out--;
					if (out == window) {
						ASSERT_LE(0, wait_event(d)) {
							TH_LOG("ring %u window %u chain %u", num,
							       window, i);
						}
					}
				}
				driver__add1(d, BULK_TX, DRIVER_DATA_GPA, 1 + i % 4096, false);
				out++;
				if (driver__needs_kick(d, BULK_TX))
					driver__kick(d, BULK_TX);
				if (i % 7 == 0)
					driver__discard(d, 1);
			}
			quiesce(d);
			ASSERT_TRUE(driver__all_back(d, BULK_TX));
			driver__discard(d, 1);
		}
	}
	EXPECT_EQ(0, driver__stats(d).driver_errors);
}

TEST_HARNESS_MAIN
