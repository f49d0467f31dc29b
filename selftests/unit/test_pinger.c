// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames to the guest, and when it is asked for its clocks.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "unit.h"

#include "host/clock.h"
#include "host/pinger.h"

/* A port that keeps what it is given. */
struct port {
	uint8_t data[4096];
	size_t len;
	int fail;
};

static int write_port(void *arg, const void *data, size_t len)
{
	struct port *p = arg;

	if (p->fail)
		return p->fail;
	memcpy(p->data + p->len, data, len);
	p->len += len;
	return 0;
}

FIXTURE(pinger)
{
	struct port port;
	struct event_clock clock;
	struct reply_frames frames;
	struct pinger p;
};

FIXTURE_SETUP(pinger)
{
	memset(self, 0, sizeof(*self));
	self->frames = (struct reply_frames){ .write = write_port, .arg = &self->port };
	self->p = (struct pinger){ .clock = &self->clock, .frames = &self->frames };
}

FIXTURE_TEARDOWN(pinger)
{
}

static void came(struct pinger *p, uint32_t type, const void *payload, uint32_t len)
{
	struct assembler_frame f = { .type = type, .data = payload, .len = len };

	pinger__frame(p, &f);
}

static void answer(struct pinger *p, uint64_t id)
{
	struct ktstr_clock k = { .why = htole32(KTSTR_CLOCK_PING), .id = htole64(id),
				 .valid = htole32(KTSTR_CLOCK_HAS_CYCLES) };

	came(p, KTSTR_T_CLCK, &k, sizeof(k));
}

TEST_F(pinger, frames_are_what_the_assembler_takes)
{
	struct ktstr_frame h;

	ASSERT_EQ(0, reply_frame__send(&self->frames, KTSTR_T_ACKR, NULL, 0));
	ASSERT_EQ(0, reply_frame__send(&self->frames, KTSTR_T_PING, "12345678", 8));
	ASSERT_EQ(2 * sizeof(h) + 8, self->port.len);
	memcpy(&h, self->port.data, sizeof(h));
	EXPECT_EQ(KTSTR_T_ACKR, le32toh(h.type));
	EXPECT_EQ(0, le32toh(h.seq));
	memcpy(&h, self->port.data + sizeof(h), sizeof(h));
	EXPECT_EQ(KTSTR_WIRE_MAGIC, le32toh(h.magic));
	EXPECT_EQ(KTSTR_WIRE_VERSION, le16toh(h.version));
	EXPECT_EQ(KTSTR_T_PING, le32toh(h.type));
	EXPECT_EQ(1, le32toh(h.seq));
	EXPECT_EQ(8, le32toh(h.len));
	EXPECT_EQ(0, le32toh(h.stream));
	EXPECT_EQ(crc32(0, (const Bytef *)"12345678", 8), le32toh(h.payload_crc));
	EXPECT_EQ(crc32(0, (const Bytef *)&h, 28), le32toh(h.header_crc));
	EXPECT_EQ(0, memcmp("12345678", self->port.data + 2 * sizeof(h), 8));
}

TEST_F(pinger, a_frame_that_found_no_room_leaves_no_gap)
{
	struct ktstr_frame h;

	self->port.fail = -ENOBUFS;
	EXPECT_EQ(-ENOBUFS, reply_frame__send(&self->frames, KTSTR_T_ACKR, NULL, 0));
	self->port.fail = 0;
	EXPECT_EQ(0, reply_frame__send(&self->frames, KTSTR_T_ACKR, NULL, 0));
	memcpy(&h, self->port.data, sizeof(h));
	EXPECT_EQ(0, le32toh(h.seq));
}

TEST_F(pinger, a_payload_beyond_the_bound_is_refused)
{
	uint8_t big[REPLY_PAYLOAD_MAX + 1] = { 0 };

	EXPECT_EQ(-E2BIG, reply_frame__send(&self->frames, KTSTR_T_SNRP, big, sizeof(big)));
	EXPECT_EQ(0, self->port.len);
	EXPECT_EQ(0, reply_frame__send(&self->frames, KTSTR_T_SNRP, big, REPLY_PAYLOAD_MAX));
	EXPECT_EQ(sizeof(struct ktstr_frame) + REPLY_PAYLOAD_MAX, self->port.len);
}

TEST_F(pinger, asks_at_ready_start_and_end_and_never_twice_at_once)
{
	EXPECT_EQ(UINT64_MAX, pinger__next_ns(&self->p));
	came(&self->p, KTSTR_T_LIFE, "", 0);
	EXPECT_EQ(0, self->clock.sent);
	came(&self->p, KTSTR_T_REDY, "", 0);
	EXPECT_EQ(1, self->clock.sent);
	/* Due at SCST too, but one is out. */
	came(&self->p, KTSTR_T_SCST, "", 0);
	EXPECT_EQ(1, self->clock.sent);
	answer(&self->p, 1);
	EXPECT_EQ(2, self->clock.sent);
	answer(&self->p, 2);
	EXPECT_EQ(2, self->clock.sent);
	came(&self->p, KTSTR_T_SCEN, "", 0);
	EXPECT_EQ(3, self->clock.sent);
	EXPECT_EQ(UINT64_MAX, pinger__next_ns(&self->p));
	answer(&self->p, 3);
	EXPECT_EQ(3, self->clock.sent);
	EXPECT_EQ(3, self->clock.answered);
}

TEST_F(pinger, asks_once_a_second_from_ready_to_the_end_of_the_window)
{
	uint64_t now = clock__now_ns(), next;

	pinger__tick(&self->p, now + 100000000000ull);
	EXPECT_EQ(0, self->clock.sent);
	came(&self->p, KTSTR_T_REDY, "", 0);
	answer(&self->p, 1);
	next = pinger__next_ns(&self->p);
	EXPECT_GE(next, now + 1000000000);
	pinger__tick(&self->p, next - 1);
	EXPECT_EQ(1, self->clock.sent);
	pinger__tick(&self->p, next);
	EXPECT_EQ(2, self->clock.sent);
	answer(&self->p, 2);
	EXPECT_EQ(next + 1000000000, pinger__next_ns(&self->p));
	came(&self->p, KTSTR_T_SCEN, "", 0);
	answer(&self->p, 3);
	pinger__tick(&self->p, next + 100000000000ull);
	EXPECT_EQ(3, self->clock.sent);
}

TEST_F(pinger, a_guest_that_does_not_answer_gets_no_more)
{
	came(&self->p, KTSTR_T_REDY, "", 0);
	for (uint64_t s = 1; s < 100; s++) {
		EXPECT_EQ(UINT64_MAX, pinger__next_ns(&self->p));
		pinger__tick(&self->p, clock__now_ns() + s * 1000000000);
		came(&self->p, KTSTR_T_SCST, "", 0);
		answer(&self->p, 7);		/* not the number that is out */
	}
	EXPECT_EQ(1, self->clock.sent);
	EXPECT_EQ(sizeof(struct ktstr_frame) + sizeof(struct ktstr_ping), self->port.len);
	EXPECT_EQ(99, self->clock.strangers);
}

TEST_F(pinger, a_ping_that_found_no_room_is_not_waited_for)
{
	self->port.fail = -ENOBUFS;
	came(&self->p, KTSTR_T_REDY, "", 0);
	EXPECT_EQ(0, self->clock.sent);
	EXPECT_FALSE(self->clock.waiting);
	self->port.fail = 0;
	came(&self->p, KTSTR_T_SCST, "", 0);
	EXPECT_EQ(1, self->clock.sent);
}

TEST_F(pinger, nothing_is_asked_after_exit)
{
	came(&self->p, KTSTR_T_REDY, "", 0);
	came(&self->p, KTSTR_T_SCST, "", 0);
	came(&self->p, KTSTR_T_EXIT, "", 0);
	answer(&self->p, 1);
	EXPECT_EQ(1, self->clock.sent);
	EXPECT_EQ(UINT64_MAX, pinger__next_ns(&self->p));
}

TEST_F(pinger, short_continued_and_corrupt_clocks_are_not_read)
{
	struct ktstr_clock k = { .why = htole32(KTSTR_CLOCK_BEGIN),
				 .valid = htole32(KTSTR_CLOCK_HAS_CYCLES) };
	struct assembler_frame f = { .type = KTSTR_T_CLCK, .data = (uint8_t *)&k,
				     .len = sizeof(k) };

	came(&self->p, KTSTR_T_CLCK, &k, sizeof(k) - 1);
	came(&self->p, KTSTR_T_CLCK, NULL, 0);
	came(&self->p, KTSTR_T_EVIN, &k, sizeof(k));
	EXPECT_EQ(3, self->clock.refused);
	f.continues = true;
	pinger__frame(&self->p, &f);
	EXPECT_EQ(4, self->clock.refused);
	f.continues = false;
	f.corrupt = true;
	pinger__frame(&self->p, &f);
	EXPECT_FALSE(self->clock.has_begin);
	f.corrupt = false;
	pinger__frame(&self->p, &f);
	EXPECT_TRUE(self->clock.has_begin);
}

TEST_F(pinger, the_reading_in_evin_is_the_beginning)
{
	struct ktstr_events_info info = { .at = { .why = htole32(KTSTR_CLOCK_BEGIN),
		.valid = htole32(KTSTR_CLOCK_HAS_CYCLES), .mono_ns = htole64(4711) } };

	came(&self->p, KTSTR_T_EVIN, &info, sizeof(info));
	ASSERT_TRUE(self->clock.has_begin);
	EXPECT_EQ(4711, self->clock.begin.mono_ns);
}

TEST_HARNESS_MAIN
