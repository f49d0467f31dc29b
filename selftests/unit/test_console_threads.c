// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console under concurrency: vCPU threads, an I/O thread and the host at
 * once. Built with -fsanitize=thread it also proves the ring's ordering.
 */
#include "driver_threads.h"

#include "unit.h"

#define TOTAL	((BENCH_SLOW ? 1u : 4u) << 20)
#define CHUNK	4096u
#define SLOTS	16u

static uint8_t pattern(uint32_t pos)
{
	return pos * 131 ^ pos >> 9;
}

/* A guest's writer on port 1: fills its slots, waits for them by polling the used ring. */
static void *writer_thread(void *arg)
{
	struct bench *b = arg;
	uint32_t inflight = 0;

	for (uint32_t pos = 0; pos < TOTAL; pos += CHUNK) {
		uint64_t gpa = DRIVER_DATA_GPA + pos / CHUNK % SLOTS * CHUNK;
		uint8_t *p = driver__ptr(&b->d, gpa);

		while (inflight == SLOTS) {
			if (driver__used(&b->d, KTSTR_Q_BULK_TX, NULL) >= 0)
				inflight--;
			else
				sched_yield();
		}
		for (uint32_t i = 0; i < CHUNK; i++)
			p[i] = pattern(pos + i);
		driver__add1(&b->d, KTSTR_Q_BULK_TX, gpa, CHUNK, false);
		inflight++;
		if (driver__needs_kick(&b->d, KTSTR_Q_BULK_TX))
			driver__kick(&b->d, KTSTR_Q_BULK_TX);
	}
	return NULL;
}

/* A guest's reader on port 2: offers one buffer at a time, checks what it gets. */
static void *reader_thread(void *arg)
{
	struct bench *b = arg;
	const uint64_t gpa = DRIVER_DATA_GPA + (1u << 20);
	uint32_t pos = 0, len, bad = 0;

	while (pos < TOTAL) {
		driver__add1(&b->d, KTSTR_Q_STATS_RX, gpa, CHUNK, true);
		if (driver__needs_kick(&b->d, KTSTR_Q_STATS_RX))
			driver__kick(&b->d, KTSTR_Q_STATS_RX);
		while (driver__used(&b->d, KTSTR_Q_STATS_RX, &len) < 0)
			sched_yield();
		for (uint32_t i = 0; i < len; i++)
			bad += driver__ptr(&b->d, gpa)[i] != pattern(pos + i);
		pos += len;
	}
	bench__count_bad(b, bad);
	return NULL;
}

/* Another vCPU: kicks, registers, control messages. */
static void *noise_thread(void *arg)
{
	struct bench *b = arg;

	for (uint32_t i = 0; !bench__stopped(b); i++) {
		driver__kick(&b->d, i % 9);
		driver__read32(&b->d, VIRTIO_MMIO_INTERRUPT_STATUS);
		driver__write32(&b->d, VIRTIO_MMIO_INTERRUPT_ACK, 3);
		if (!driver__control(&b->d, 0, VIRTIO_CONSOLE_PORT_OPEN, i & 1))
			bench__count_bad(b, 1);
	}
	return NULL;
}

FIXTURE(threads)
{
	struct bench b;
	uint8_t buf[CHUNK];
};

FIXTURE_SETUP(threads)
{
	ASSERT_TRUE(bench__init(&self->b, 64));
}

FIXTURE_TEARDOWN(threads)
{
	bench__exit(&self->b);
}

TEST_F(threads, both_ways_with_noise)
{
	struct bench *b = &self->b;
	uint32_t got = 0, put = 0, wrong = 0;
	pthread_t io, writer, reader, noise;

	ASSERT_EQ(0, pthread_create(&io, NULL, bench__io_thread, b));
	ASSERT_EQ(0, pthread_create(&writer, NULL, writer_thread, b));
	ASSERT_EQ(0, pthread_create(&reader, NULL, reader_thread, b));
	ASSERT_EQ(0, pthread_create(&noise, NULL, noise_thread, b));
	while (got < TOTAL || put < TOTAL) {
		size_t n = virtio_console__read(b->d.vc, 1, self->buf, CHUNK);

		for (size_t i = 0; i < n; i++)
			wrong += self->buf[i] != pattern(got + i);
		got += n;
		if (put < TOTAL && virtio_console__pending(b->d.vc, 2) < 16 * CHUNK) {
			for (uint32_t i = 0; i < CHUNK; i++)
				self->buf[i] = pattern(put + i);
			wrong += virtio_console__write(b->d.vc, 2, self->buf, CHUNK) != 0;
			put += CHUNK;
		}
	}
	pthread_join(writer, NULL);
	pthread_join(reader, NULL);
	bench__stop(b);
	pthread_join(noise, NULL);
	pthread_join(io, NULL);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, b->bad);
	EXPECT_EQ(TOTAL, got);
	EXPECT_EQ(0, virtio_console__pending(b->d.vc, 2));
	EXPECT_ALIVE(&b->d, 0);
}

/* A vCPU that resets and sets up again, while others kick and the host goes on. */
TEST_F(threads, resets_under_fire)
{
	struct bench *b = &self->b;
	pthread_t io[2];
	uint8_t byte = 0;

	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&io[i], NULL, bench__io_thread, b));
	for (int i = 0; i < 3000; i++) {
		driver__write32(&b->d, VIRTIO_MMIO_STATUS, 0);
		virtio_console__service(b->d.vc);
		if (i % 10)
			continue;
		ASSERT_TRUE(driver__init(&b->d, DRIVER_FEATURES, 64));
		ASSERT_TRUE(driver__handshake(&b->d));
		driver__add1(&b->d, KTSTR_Q_BULK_TX, DRIVER_DATA_GPA, 1 << 20, false);
		driver__kick(&b->d, KTSTR_Q_BULK_TX);
		virtio_console__write(b->d.vc, 1, &byte, 1);
		while (virtio_console__read(b->d.vc, 1, self->buf, CHUNK))
			;
	}
	bench__stop(b);
	for (int i = 0; i < 2; i++)
		pthread_join(io[i], NULL);
	EXPECT_ALIVE(&b->d, DRIVER_ALL_QUEUES);
}

/*
 * Two sides that meet: the device finds a queue empty and asks for kicks while the
 * driver adds a chain and, as long as none are asked for, does not kick. One of them
 * must see the other (2.7.10). Each meeting ends before the next one begins, so a
 * chain that was overlooked is found by looking, not by waiting.
 */
struct meeting {
	struct bench *b;
	void (*host_side)(struct bench *b);
	unsigned int rounds;
	unsigned int here;	/* counts arrivals of both: round i begins at 2i + 2 */
	unsigned int left;
};

/* Arrive and wait for the other one. */
static void meet(unsigned int *count, unsigned int round)
{
	__atomic_fetch_add(count, 1, __ATOMIC_ACQ_REL);
	/* Who yields too soon is not there at the moment that matters. */
	for (unsigned int spins = 0; __atomic_load_n(count, __ATOMIC_ACQUIRE) < 2 * round + 2;
	     spins++)
		if (spins > 20000)
			sched_yield();
}

static void *host_side_thread(void *arg)
{
	struct meeting *m = arg;

	for (unsigned int i = 0; i < m->rounds; i++) {
		meet(&m->here, i);
		m->host_side(m->b);
		meet(&m->left, i);
	}
	return NULL;
}

static void host_writes(struct bench *b)
{
	virtio_console__write(b->d.vc, 0, "x", 1);
}

static void timer_looks(struct bench *b)
{
	const struct itimerspec off = { 0 };

	/* It has expired: who looks after this look is up to the device. */
	timerfd_settime(b->d.timer, 0, &off, NULL);
	driver__event(b->d.timer);
	virtio_console__service(b->d.vc);
}

/* Is somebody going to look at the queue? */
static bool looked_at_later(struct driver *d)
{
	struct pollfd p[] = {
		{ .fd = d->rearm, .events = POLLIN }, { .fd = d->timer, .events = POLLIN },
	};
	struct itimerspec left;

	timerfd_gettime(d->timer, &left);
	return left.it_value.tv_nsec || poll(p, 2, 0) > 0;
}

/* @delay: loops that it may take the host's side to get there; return: chains nobody saw. */
static unsigned int meetings(struct bench *b, unsigned int q, unsigned int delay,
			     void (*host_side)(struct bench *b))
{
	struct meeting m = {
		.b = b, .host_side = host_side, .rounds = bench__rounds(1000000, 8000),
	};
	unsigned int overlooked = 0;
	struct driver *d = &b->d;
	pthread_t thread;

	if (pthread_create(&thread, NULL, host_side_thread, &m))
		return ~0u;
	for (unsigned int i = 0; i < m.rounds; i++) {
		/* A kick puts the queue where a look that finds nothing asks for kicks again. */
		if (q & 1)
			driver__kick(d, q);
		meet(&m.here, i);
		/* A little later each time: somewhere in there is the moment that matters. */
		for (volatile unsigned int n = i * 37 % delay; n; n--)
			;
		driver__add1(d, q, DRIVER_DATA_GPA, 16, !(q & 1));
		if (driver__needs_kick(d, q))
			driver__kick(d, q);
		meet(&m.left, i);
		if (driver__used(d, q, NULL) >= 0)
			continue;
		overlooked += !(q & 1) || !looked_at_later(d);
		/* Mend it for the next round. */
		driver__kick(d, q);
		while (driver__used(d, q, NULL) < 0)
			driver__kick(d, q);
	}
	pthread_join(thread, NULL);
	return overlooked;
}

TEST_F_TIMEOUT(threads, buffer_and_byte_that_cross_each_other, 300)
{
	EXPECT_EQ(0, meetings(&self->b, KTSTR_Q_CONSOLE_RX, 1024, host_writes));
	EXPECT_ALIVE(&self->b.d, 0);
}

TEST_F_TIMEOUT(threads, chain_and_look_that_cross_each_other, 300)
{
	EXPECT_EQ(0, meetings(&self->b, KTSTR_Q_BULK_TX, 4096, timer_looks));
	EXPECT_ALIVE(&self->b.d, 0);
}

TEST_HARNESS_MAIN
