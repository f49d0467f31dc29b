// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port 1 shared by the queue and a source of frames: who writes when, over a socket
 * that takes what it likes.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "guest/bulk.h"
#include "guest/frame_head.h"

#include "port_reader.h"
#include "unit.h"

/*
 * struct fake_source - sends frames of stream 1 like the real ones
 * @left: frames that it still has
 * @torn: it says TORN when a frame stops half way, as often as that happened
 */
static struct {
	unsigned int left;
	unsigned int calls;
	unsigned int torn;
	unsigned int full;
	uint32_t seq;
	uint8_t frame[sizeof(struct ktstr_frame) + 5000];
	size_t len, done;
	size_t stop_at;		/* stop once here, though the port would take more */
	uint64_t pings[64];
	unsigned int nr_pings;
	int woken;		/* eventfd: pump or ping was called */
} src;

static void tell_test(void)
{
	if (eventfd_write(src.woken, 1))
		abort();
}

static void make_frame(void)
{
	uint32_t len = 1 + src.seq * 997 % 5000;
	struct ktstr_frame f;

	for (uint32_t i = 0; i < len; i++)
		src.frame[sizeof(f) + i] = (uint8_t)(src.seq + i * 3);
	f = frame_head(KTSTR_T_EVNT, 0, 1, src.seq++, len,
		       (uint32_t)crc32(0, src.frame + sizeof(f), len));
	memcpy(src.frame, &f, sizeof(f));
	src.len = sizeof(f) + len;
	src.done = 0;
	src.left--;
}

static enum bulk_pumped half_way(void)
{
	if (src.done)
		src.torn++;
	else
		src.full++;
	return src.done ? BULK_PUMP_TORN : BULK_PUMP_FULL;
}

static enum bulk_pumped send_one(int port_fd)
{
	ssize_t n;

	if (!src.len && !src.left)
		return BULK_PUMP_IDLE;
	if (!src.len)
		make_frame();
	while (src.done < src.len) {
		size_t end = src.stop_at ? src.stop_at : src.len;

		n = write(port_fd, src.frame + src.done, end - src.done);
		if (n < 0 && errno != EAGAIN)
			abort();
		if (n <= 0)
			return half_way();
		src.done += (size_t)n;
		if (src.stop_at) {
			src.stop_at = 0;
			return half_way();
		}
	}
	src.len = 0;
	return BULK_PUMP_MORE;
}

static enum bulk_pumped pump_frames(void *arg, int port_fd)
{
	enum bulk_pumped did = send_one(port_fd);

	if (arg != &src)
		abort();
	__atomic_add_fetch(&src.calls, 1, __ATOMIC_RELEASE);
	tell_test();
	return did;
}

/* It always has more, and the port always room. */
static enum bulk_pumped pump_for_ever(void *arg, int port_fd)
{
	(void)arg;
	(void)port_fd;
	__atomic_add_fetch(&src.calls, 1, __ATOMIC_RELEASE);
	return BULK_PUMP_MORE;
}

static void on_ping(void *arg, uint64_t id)
{
	if (arg != &src || src.nr_pings == 64)
		abort();
	src.pings[src.nr_pings] = id;
	__atomic_store_n(&src.nr_pings, src.nr_pings + 1, __ATOMIC_RELEASE);
	tell_test();
}

static const struct bulk_source frames = { .pump = pump_frames, .ping = on_ping, .arg = &src };
static const struct bulk_source endless = { .pump = pump_for_ever, .ping = on_ping, .arg = &src };
static const struct bulk_source regular = {
	.pump = pump_frames, .ping = on_ping, .regular = true, .arg = &src,
};
static const struct bulk_source deaf = { .pump = pump_frames, .arg = &src };

static unsigned int calls(void)
{
	return __atomic_load_n(&src.calls, __ATOMIC_ACQUIRE);
}

static void lost(int err)
{
	port_die("the port was lost: %s", strerror(-err));
}

FIXTURE(source) {
	struct port_reader *port;
};

FIXTURE_SETUP(source)
{
	int err;

	memset(&src, 0, sizeof(src));
	src.woken = eventfd(0, 0);
	self->port = malloc(sizeof(*self->port));
	err = bulk__start(port_open_pair(self->port, 4096), lost);
	if (err == -EPERM)
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	ASSERT_EQ(err, 0);
}

FIXTURE_TEARDOWN(source)
{
	free(self->port);
}

/* Wait until the writer has called the source; false: it did not. */
static bool wait_call(int ms)
{
	struct pollfd p = { .fd = src.woken, .events = POLLIN };
	eventfd_t n;

	return poll(&p, 1, ms) == 1 && !eventfd_read(src.woken, &n);
}

static void check_payload(struct port_reader *r, const struct ktstr_frame *f)
{
	for (uint32_t i = 0; i < le32toh(f->len); i++)
		if (r->payload[i] != (uint8_t)(le32toh(f->seq) + i * 3))
			port_die("byte %u of frame %u is not what was sent", i, le32toh(f->seq));
}

#define FLOOD	3000u	/* more than the queue holds */

static void *flood_queue(void *arg)
{
	uint8_t block[3000] = { 0 };

	(void)arg;
	for (unsigned int i = 0; i < FLOOD; i++)
		bulk__send_stream(KTSTR_T_SOUT, block, 1 + i * 7 % sizeof(block));
	return NULL;
}

/* Both flood a port that takes 4 KiB: every frame is whole, in order and there. */
TEST_F(source, frames_of_queue_and_source_never_mix)
{
	unsigned int from_queue = 0, from_source = 0, runs = 0;
	bool was_queue = false;
	pthread_t thread;

	src.left = FLOOD;
	bulk__set_source(&frames);
	ASSERT_EQ(pthread_create(&thread, NULL, flood_queue, NULL), 0);
	while (from_queue < FLOOD || from_source < FLOOD) {
		struct ktstr_frame f = port_next(self->port);
		bool is_queue = !f.stream;

		if (!is_queue)
			check_payload(self->port, &f);
		from_queue += is_queue;
		from_source += !is_queue;
		runs += is_queue != was_queue;
		was_queue = is_queue;
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(from_queue, FLOOD);
	EXPECT_EQ(from_source, FLOOD);
	/* They took turns, and the port was too small for many a frame. */
	EXPECT_GT(runs, 10);
	EXPECT_GT(src.torn, 20);
}

TEST_F(source, what_was_torn_goes_on_before_the_queue)
{
	static const size_t stops[] = { 1, 31, 32, 33, 900 };
	struct ktstr_frame f;

	src.seq = 1;		/* 998 bytes */
	self->port->seq[1] = 1;
	bulk__set_source(&frames);
	ASSERT_TRUE(wait_call(5000));
	for (unsigned int i = 0; i < 5; i++) {
		src.seq = 1;
		self->port->seq[1] = 1;
		src.stop_at = stops[i];
		__atomic_store_n(&src.left, 1, __ATOMIC_RELEASE);
		bulk__kick();
		ASSERT_TRUE(wait_call(5000));
		/* Nothing is to come but the queue's frame, whose wakeup is for both. */
		bulk__send(KTSTR_T_LIFE, "between?", 8);
		f = port_next(self->port);
		EXPECT_EQ(le32toh(f.type), KTSTR_T_EVNT) TH_LOG("stopped at %zu", stops[i]);
		EXPECT_EQ(le32toh(f.len), 998);
		f = port_next(self->port);
		EXPECT_EQ(le32toh(f.type), KTSTR_T_LIFE);
		while (wait_call(50))
			;
	}
	EXPECT_EQ(src.torn, 5);
}

/*
 * EVIN says what the source's frames are. It is in the queue, and the writer is in
 * the middle of a turn that ends before it.
 */
TEST_F(source, what_was_queued_before_a_source_comes_before_its_frames)
{
	static const uint8_t block[100000];
	struct pollfd begun = { .fd = self->port->fd, .events = POLLIN };

	bulk__send(KTSTR_T_SOUT, block, sizeof(block));
	ASSERT_EQ(1, poll(&begun, 1, 5000));
	bulk__send(KTSTR_T_EVIN, "info", 4);
	src.left = 1;
	bulk__set_source(&frames);
	EXPECT_EQ(KTSTR_T_SOUT, le32toh(port_next(self->port).type));
	EXPECT_EQ(KTSTR_T_EVIN, le32toh(port_next(self->port).type));
	EXPECT_EQ(KTSTR_T_EVNT, le32toh(port_next(self->port).type));
}

/* Nobody polls: an idle source is called again only when something happened. */
TEST_F(source, an_idle_source_is_left_alone)
{
	unsigned int before;

	bulk__set_source(&frames);
	ASSERT_TRUE(wait_call(5000));
	while (wait_call(50))
		;
	before = calls();
	EXPECT_FALSE(wait_call(200));
	EXPECT_EQ(calls(), before);
	bulk__kick();
	EXPECT_TRUE(wait_call(5000));
	while (wait_call(50))
		;
	EXPECT_LE(calls(), before + 2);
}

/* The host reads all the time: room that nothing waits for wakes nobody. */
TEST_F(source, room_in_the_port_is_no_news_to_an_idle_writer)
{
	bulk__set_source(&frames);
	for (int i = 0; i < 3; i++) {
		bulk__send(KTSTR_T_LIFE, "read me", 7);
		ASSERT_TRUE(wait_call(5000));
		while (wait_call(100))
			;
		EXPECT_EQ(KTSTR_T_LIFE, le32toh(port_next(self->port).type));
		EXPECT_FALSE(wait_call(200)) TH_LOG("woken by a host that read, time %d", i);
	}
}

/* The source was given, and the writer has looked at it and sleeps. */
static bool set_and_wait(const struct bulk_source *source)
{
	bulk__set_source(source);
	if (!wait_call(5000))
		return false;
	while (wait_call(100))
		;
	return true;
}

static bool port_silent(struct port_reader *port, int ms)
{
	struct pollfd p = { .fd = port->fd, .events = POLLIN };

	return !poll(&p, 1, ms);
}

TEST_F(source, what_nobody_waits_for_leaves_with_what_is_sent_next)
{
	ASSERT_TRUE(set_and_wait(&regular));
	ASSERT_TRUE(bulk__try_send_later(KTSTR_T_LIFE, "alive", 5));
	EXPECT_FALSE(wait_call(200));
	EXPECT_TRUE(port_silent(self->port, 0));
	/* As its timer does. */
	bulk__kick();
	EXPECT_EQ(5, le32toh(port_next(self->port).len));
}

/* The queue is not empty then, and that once meant that the writer knows already. */
TEST_F(source, a_frame_behind_one_that_nobody_waits_for_leaves_at_once)
{
	ASSERT_TRUE(set_and_wait(&regular));
	ASSERT_TRUE(bulk__try_send_later(KTSTR_T_LIFE, "alive", 5));
	bulk__send(KTSTR_T_LIFE, "it died", 7);
	EXPECT_EQ(5, le32toh(port_next(self->port).len));
	EXPECT_EQ(7, le32toh(port_next(self->port).len));
}

TEST_F(source, without_regular_frames_nothing_is_left_lying)
{
	ASSERT_TRUE(bulk__try_send_later(KTSTR_T_LIFE, "no source", 9));
	EXPECT_EQ(9, le32toh(port_next(self->port).len));
	ASSERT_TRUE(set_and_wait(&frames));
	ASSERT_TRUE(bulk__try_send_later(KTSTR_T_LIFE, "alive", 5));
	EXPECT_EQ(5, le32toh(port_next(self->port).len));
}

/* A port that is full is written to when it has room, and not before. */
TEST_F(source, a_full_port_is_not_polled)
{
	unsigned int before, got = 0;

	src.left = 100;
	bulk__set_source(&frames);
	while (wait_call(200))
		;
	before = calls();
	EXPECT_GT(src.torn + src.full, 0);
	EXPECT_FALSE(wait_call(200));
	EXPECT_EQ(calls(), before);
	while (got < 100) {
		struct ktstr_frame f = port_next(self->port);

		check_payload(self->port, &f);
		got++;
	}
}

TEST_F(source, a_descriptor_that_is_watched_wakes_it)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	bulk__set_source(&frames);
	ASSERT_EQ(bulk__watch(fd), 0);
	while (wait_call(100))
		;
	ASSERT_EQ(eventfd_write(fd, 1), 0);
	EXPECT_TRUE(wait_call(5000));
	while (wait_call(100))
		;
	/* Edge triggered: it stays readable and is not asked about again. */
	EXPECT_FALSE(wait_call(100));
	ASSERT_EQ(eventfd_write(fd, 1), 0);
	EXPECT_TRUE(wait_call(5000));
	EXPECT_EQ(bulk__watch(-1), -EBADF);
}

/* The writer once came to what the host sends only when it had nothing left to send. */
TEST_F(source, a_source_without_an_end_starves_neither_queue_nor_pings)
{
	uint8_t ping[64];
	size_t len = port_ping(ping, 77);

	bulk__set_source(&endless);
	while (!calls())
		;
	ASSERT_EQ(write(self->port->fd, ping, len), (ssize_t)len);
	EXPECT_TRUE(wait_call(5000));
	EXPECT_EQ(src.pings[0], 77);
	bulk__send(KTSTR_T_LIFE, "queue", 5);
	EXPECT_EQ(le32toh(port_next(self->port).type), KTSTR_T_LIFE);
}

static int flood_fd;

static void *flood_replies(void *arg)
{
	static uint8_t junk[64 << 10];

	(void)arg;
	while (write(flood_fd, junk, sizeof(junk)) > 0)
		;
	return NULL;
}

TEST_F(source, a_host_that_floods_starves_neither_queue_nor_source)
{
	pthread_t thread;
	bool queue = false;
	unsigned int got = 0;

	flood_fd = self->port->fd;
	ASSERT_EQ(pthread_create(&thread, NULL, flood_replies, NULL), 0);
	src.left = 50;
	bulk__set_source(&frames);
	bulk__send(KTSTR_T_LIFE, "queue", 5);
	while (got < 50 || !queue) {
		if (le32toh(port_next(self->port).type) == KTSTR_T_LIFE)
			queue = true;
		else
			got++;
	}
	EXPECT_EQ(got, 50);
}

/* Several in one read: once, only the last one was answered. */
TEST_F(source, every_ping_is_told_in_order)
{
	uint8_t buf[1024];
	size_t len = 0;

	for (uint64_t id = 0; id < 10; id++)
		len += port_ping(buf + len, id << 40 | id);
	len += port_frame(buf + len, KTSTR_T_ACKR, NULL, 0);
	bulk__set_source(&frames);
	ASSERT_EQ(write(self->port->fd, buf, len), (ssize_t)len);
	while (__atomic_load_n(&src.nr_pings, __ATOMIC_ACQUIRE) < 10)
		ASSERT_TRUE(wait_call(5000));
	for (uint64_t id = 0; id < 10; id++)
		EXPECT_EQ(src.pings[id], id << 40 | id);
	EXPECT_EQ(src.nr_pings, 10);
}

TEST_F(source, pings_that_nobody_answers_do_no_harm)
{
	struct pollfd p = { .fd = bulk__ack_fd(), .events = POLLIN };
	uint8_t buf[128];
	size_t len = port_ping(buf, 1);

	/* Before there is a source, and with one that has no answer. */
	ASSERT_EQ(write(self->port->fd, buf, len), (ssize_t)len);
	bulk__set_source(&deaf);
	ASSERT_TRUE(wait_call(5000));
	len += port_frame(buf + len, KTSTR_T_ACKR, NULL, 0);
	ASSERT_EQ(write(self->port->fd, buf, len), (ssize_t)len);
	EXPECT_EQ(poll(&p, 1, 5000), 1);
	EXPECT_EQ(src.nr_pings, 0);
}

TEST_HARNESS_MAIN
