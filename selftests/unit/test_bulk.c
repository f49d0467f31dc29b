// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's end of port 1: the ring of frames, the reader of replies, and the
 * writer's thread over a socket that takes what it likes.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <ktstr/wire.h>

#include "guest/bulk.h"
#include "guest/bulk_ring.h"
#include "guest/reply.h"

#include "unit.h"

FIXTURE(ring) {
	struct bulk_ring *r;
	uint8_t *payload;
};

FIXTURE_SETUP(ring)
{
	self->r = calloc(1, sizeof(*self->r));
	self->payload = malloc(KTSTR_WIRE_PAYLOAD_MAX);
	for (size_t i = 0; i < KTSTR_WIRE_PAYLOAD_MAX; i++)
		self->payload[i] = (uint8_t)(i * 7 + i / 251);
}

FIXTURE_TEARDOWN(ring)
{
	free(self->r);
	free(self->payload);
}

static void ring_take(struct bulk_ring *r, uint8_t *out, size_t len)
{
	const void *p;
	size_t n;

	while (len) {
		n = bulk_ring__peek(r, &p);
		n = n < len ? n : len;
		if (!n)
			abort();
		memcpy(out, p, n);
		bulk_ring__consume(r, n);
		out += n;
		len -= n;
	}
}

static bool header_good(const struct ktstr_frame *f)
{
	return le32toh(f->magic) == KTSTR_WIRE_MAGIC &&
	       le16toh(f->version) == KTSTR_WIRE_VERSION && !f->stream &&
	       le32toh(f->header_crc) == crc32(0, (const void *)f, 28);
}

static void ring_put(struct bulk_ring *r, uint32_t type, const void *p, size_t len)
{
	bulk_ring__put(r, type, 0, p, len, (uint32_t)crc32(0, p, (uInt)len));
}

/* The seam may fall anywhere: into the header, on its edge, into the payload, on its end. */
TEST_F(ring, a_frame_survives_the_wrap_at_every_offset)
{
	uint8_t out[64];
	struct ktstr_frame f;

	for (unsigned int before = 0; before <= 80; before++) {
		self->r->head = 3ULL * BULK_RING_SIZE - before;
		self->r->tail = self->r->head;
		self->r->seq = before;
		ring_put(self->r, KTSTR_T_SOUT, self->payload, 32);
		ring_take(self->r, out, sizeof(out));
		memcpy(&f, out, sizeof(f));
		ASSERT_TRUE(header_good(&f)) TH_LOG("%u bytes before the end", before);
		ASSERT_EQ(le32toh(f.seq), before);
		ASSERT_EQ(le32toh(f.len), 32);
		ASSERT_EQ(memcmp(out + 32, self->payload, 32), 0);
		ASSERT_TRUE(bulk_ring__empty(self->r));
	}
}

TEST_F(ring, full_is_full_to_the_byte_and_the_reserve_is_kept)
{
	size_t left = BULK_RING_SIZE;

	while (left >= KTSTR_WIRE_PAYLOAD_MAX + 32) {
		ASSERT_TRUE(bulk_ring__fits(self->r, KTSTR_WIRE_PAYLOAD_MAX, 0));
		ring_put(self->r, KTSTR_T_SOUT, self->payload, KTSTR_WIRE_PAYLOAD_MAX);
		left -= KTSTR_WIRE_PAYLOAD_MAX + 32;
	}
	EXPECT_TRUE(bulk_ring__fits(self->r, left - 32, 0));
	EXPECT_FALSE(bulk_ring__fits(self->r, left - 31, 0));
	EXPECT_TRUE(bulk_ring__fits(self->r, left - 32 - 100, 100));
	EXPECT_FALSE(bulk_ring__fits(self->r, left - 32 - 99, 100));
	EXPECT_FALSE(bulk_ring__fits(self->r, 0, BULK_RING_RESERVE * 4));
}

/* A turn ends between two frames, wherever the seam is. */
TEST_F(ring, a_turn_is_whole_frames)
{
	for (unsigned int before = 0; before <= 200; before++) {
		self->r->head = 3ULL * BULK_RING_SIZE - before;
		self->r->tail = self->r->head;
		ASSERT_EQ(bulk_ring__frames(self->r, 1000), 0);
		ring_put(self->r, KTSTR_T_SOUT, self->payload, 68);
		ring_put(self->r, KTSTR_T_SOUT, self->payload, 0);
		ring_put(self->r, KTSTR_T_SOUT, self->payload, 18);
		ASSERT_EQ(bulk_ring__frames(self->r, 1), 100);
		ASSERT_EQ(bulk_ring__frames(self->r, 131), 100);
		ASSERT_EQ(bulk_ring__frames(self->r, 132), 132);
		ASSERT_EQ(bulk_ring__frames(self->r, 181), 132);
		ASSERT_EQ(bulk_ring__frames(self->r, 1000), 182) TH_LOG("%u", before);
	}
}

static size_t reply_frame(uint8_t *out, uint32_t type, const void *p, size_t len)
{
	struct bulk_ring *r = calloc(1, sizeof(*r));

	ring_put(r, type, p, len);
	ring_take(r, out, 32 + len);
	free(r);
	return 32 + len;
}

/* Whatever the pieces, and whatever lies between the frames, each ACKR counts once. */
TEST(replies_in_pieces_of_every_length)
{
	uint8_t buf[1024];
	size_t len = 0;

	len += reply_frame(buf + len, KTSTR_T_ACKR, NULL, 0);
	len += reply_frame(buf + len, KTSTR_T_SNRP, "KSTRKSTR payload", 16);
	memset(buf + len, 'K', 70);
	len += 70;
	len += reply_frame(buf + len, KTSTR_T_ACKR, "x", 1);
	for (size_t piece = 1; piece <= len; piece++) {
		struct reply r = { 0 };

		for (size_t at = 0; at < len; at += piece)
			reply__feed(&r, buf + at, len - at < piece ? len - at : piece);
		ASSERT_EQ(r.acks, 2) TH_LOG("pieces of %zu", piece);
		ASSERT_EQ(r.others, 1);
		ASSERT_EQ(r.bad_bytes, 70);
	}
}

TEST(a_reply_with_one_wrong_bit_is_no_reply)
{
	uint8_t good[32], bad[32];

	reply_frame(good, KTSTR_T_ACKR, NULL, 0);
	for (unsigned int bit = 0; bit < 32 * 8; bit++) {
		struct reply r = { 0 };

		memcpy(bad, good, sizeof(bad));
		bad[bit / 8] ^= 1u << bit % 8;
		reply__feed(&r, bad, sizeof(bad));
		/* and the next good one is found again */
		reply__feed(&r, good, sizeof(good));
		ASSERT_EQ(r.acks, 1) TH_LOG("bit %u", bit);
	}
}

/* A length beyond the bound is refused even with a good CRC: it would swallow what follows. */
TEST(a_reply_too_long_is_no_header)
{
	struct ktstr_frame f = {
		.magic = htole32(KTSTR_WIRE_MAGIC),
		.version = htole16(KTSTR_WIRE_VERSION),
		.type = htole32(KTSTR_T_SNRP),
		.len = htole32(KTSTR_WIRE_PAYLOAD_MAX + 1),
	};
	struct reply r = { 0 };
	uint8_t ack[32];

	f.header_crc = htole32((uint32_t)crc32(0, (const void *)&f, 28));
	reply__feed(&r, &f, sizeof(f));
	reply_frame(ack, KTSTR_T_ACKR, NULL, 0);
	reply__feed(&r, ack, sizeof(ack));
	EXPECT_EQ(r.acks, 1);
	EXPECT_EQ(r.others, 0);
}

/* The thread: SCHED_FIFO needs the right to ask for it. */
FIXTURE(writer) {
	int host;
	uint32_t seq;
};

static void lost(int err)
{
	_exit(err == -EPIPE ? 42 : 43);
}

FIXTURE_SETUP(writer)
{
	int sv[2], err;

	self->seq = 0;
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	ASSERT_EQ(fcntl(sv[1], F_SETFL, O_NONBLOCK), 0);
	self->host = sv[0];
	err = bulk__start(sv[1], lost);
	if (err == -EPERM)
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	ASSERT_EQ(err, 0);
}

FIXTURE_TEARDOWN(writer)
{
}

static void read_all(int fd, void *buf, size_t len)
{
	ssize_t n;

	for (uint8_t *p = buf; len; p += n, len -= (size_t)n) {
		n = read(fd, p, len);
		if (n <= 0)
			abort();
	}
}

/* Next frame as the host sees it; aborts on anything that is not in order. */
static struct ktstr_frame next_frame(FIXTURE_DATA(writer) *self, uint8_t *payload)
{
	struct ktstr_frame f;

	read_all(self->host, &f, sizeof(f));
	if (!header_good(&f) || le32toh(f.seq) != self->seq++)
		abort();
	read_all(self->host, payload, le32toh(f.len));
	if (le32toh(f.payload_crc) != crc32(0, payload, le32toh(f.len)))
		abort();
	return f;
}

TEST_F(writer, long_content_comes_in_order_with_more)
{
	size_t len = 2 * KTSTR_WIRE_PAYLOAD_MAX + 5;
	uint8_t *content = malloc(len), *got = malloc(KTSTR_WIRE_PAYLOAD_MAX);
	struct ktstr_frame f;

	for (size_t i = 0; i < len; i++)
		content[i] = (uint8_t)(i >> 3);
	bulk__send(KTSTR_T_PMET, content, len);
	bulk__send(KTSTR_T_REDY, NULL, 0);
	for (size_t at = 0; at < len; at += le32toh(f.len)) {
		f = next_frame(self, got);
		ASSERT_EQ(le32toh(f.type), KTSTR_T_PMET);
		ASSERT_EQ(le16toh(f.flags), len - at > KTSTR_WIRE_PAYLOAD_MAX ? KTSTR_F_MORE : 0);
		ASSERT_EQ(memcmp(got, content + at, le32toh(f.len)), 0);
	}
	f = next_frame(self, got);
	EXPECT_EQ(le32toh(f.type), KTSTR_T_REDY);
	EXPECT_EQ(le32toh(f.len), 0);
	free(content);
	free(got);
}

TEST_F(writer, nothing_follows_the_exit_frame)
{
	struct pollfd p = { .fd = self->host, .events = POLLIN };
	uint8_t got[64];

	bulk__send(KTSTR_T_EXIT, "12345678", 8);
	bulk__send(KTSTR_T_LIFE, "late", 4);
	bulk__try_send_later(KTSTR_T_LIFE, "later", 5);
	bulk__send_stream(KTSTR_T_DMSG, "latest", 6);
	EXPECT_EQ(le32toh(next_frame(self, got).type), KTSTR_T_EXIT);
	EXPECT_EQ(poll(&p, 1, 200), 0);
}

static unsigned int flooded;

static void *flood(void *arg)
{
	uint8_t *block = calloc(1, 64 << 10);

	(void)arg;
	for (unsigned int i = 0; i < 64; i++) {
		memcpy(block, &i, sizeof(i));
		bulk__send_stream(KTSTR_T_SOUT, block, 64 << 10);
		__atomic_store_n(&flooded, i + 1, __ATOMIC_RELEASE);
	}
	free(block);
	return NULL;
}

/* A host that does not read holds the stream up, leaves control its room, and loses nothing. */
TEST_F(writer, backpressure_drops_nothing_and_leaves_room_for_control)
{
	uint8_t *got = malloc(KTSTR_WIRE_PAYLOAD_MAX);
	unsigned int next = 0, control = 0, before;
	pthread_t thread;
	struct ktstr_frame f;

	ASSERT_EQ(pthread_create(&thread, NULL, flood, NULL), 0);
	do {
		before = __atomic_load_n(&flooded, __ATOMIC_ACQUIRE);
		usleep(200 * 1000);
	} while (before != __atomic_load_n(&flooded, __ATOMIC_ACQUIRE));
	ASSERT_LT(before, 64);
	while (bulk__try_send_later(KTSTR_T_LIFE, got, 1024))
		control++;
	ASSERT_GE(control, BULK_RING_RESERVE / (1024 + 32) - 64);
	while (next < 64 || control) {
		f = next_frame(self, got);
		if (le32toh(f.type) == KTSTR_T_LIFE) {
			control--;
			continue;
		}
		ASSERT_EQ(memcmp(got, &next, sizeof(next)), 0);
		next++;
	}
	pthread_join(thread, NULL);
	free(got);
}

TEST_F(writer, the_acknowledgement_is_an_event)
{
	struct pollfd p = { .fd = bulk__ack_fd(), .events = POLLIN };
	uint8_t ack[32];

	EXPECT_EQ(poll(&p, 1, 0), 0);
	reply_frame(ack, KTSTR_T_ACKR, NULL, 0);
	ASSERT_EQ(write(self->host, "rubbish", 7), 7);
	ASSERT_EQ(write(self->host, ack, 20), 20);
	EXPECT_EQ(poll(&p, 1, 100), 0);
	ASSERT_EQ(write(self->host, ack + 20, 12), 12);
	EXPECT_EQ(poll(&p, 1, 5000), 1);
}

/* The port is gone: the writer says so and does not come back. */
TEST_F(writer, a_lost_port_is_reported)
{
	pid_t pid;
	int status;

	/* Of its own, because lost() ends the process. The thread is made after the fork. */
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int sv[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) ||
		    fcntl(sv[1], F_SETFL, O_NONBLOCK) || bulk__start(sv[1], lost))
			_exit(1);
		close(sv[0]);
		bulk__send(KTSTR_T_REDY, NULL, 0);
		sleep(5);
		_exit(2);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST_HARNESS_MAIN
