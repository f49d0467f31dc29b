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

TEST_HARNESS_MAIN
