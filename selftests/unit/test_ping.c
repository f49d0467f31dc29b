// SPDX-License-Identifier: GPL-2.0-only
/*
 * PING as the guest's reader of replies sees it.
 */
#include "guest/reply.h"

#include "port_reader.h"
#include "unit.h"

static uint64_t ids[16];
static unsigned int nr_ids;

static void on_ping(void *arg, uint64_t id)
{
	if (arg != ids || nr_ids == 16)
		abort();
	ids[nr_ids++] = id;
}

static struct reply fresh(void)
{
	nr_ids = 0;
	return (struct reply) { .on_ping = on_ping, .arg = ids };
}

TEST(pings_in_pieces_of_every_length)
{
	uint8_t buf[512];
	size_t len = 0;

	len += port_ping(buf + len, 0x0123456789abcdef);
	len += port_frame(buf + len, KTSTR_T_ACKR, NULL, 0);
	memset(buf + len, 'S', 45);
	len += 45;
	len += port_ping(buf + len, UINT64_MAX);
	len += port_ping(buf + len, 0);
	len += port_frame(buf + len, KTSTR_T_SNRP, "12345678", 8);
	for (size_t piece = 1; piece <= len; piece++) {
		struct reply r = fresh();

		for (size_t at = 0; at < len; at += piece)
			reply__feed(&r, buf + at, len - at < piece ? len - at : piece);
		ASSERT_EQ(nr_ids, 3) TH_LOG("pieces of %zu", piece);
		ASSERT_EQ(r.pings, 3);
		ASSERT_EQ(ids[0], 0x0123456789abcdef);
		ASSERT_EQ(ids[1], UINT64_MAX);
		ASSERT_EQ(ids[2], 0);
		ASSERT_EQ(r.acks, 1);
		ASSERT_EQ(r.others, 1);
		ASSERT_EQ(r.bad_bytes, 45);
	}
}

/* Header or payload: a bit that is wrong makes it no ping, and the next one is one. */
TEST(a_ping_with_one_wrong_bit_is_no_ping)
{
	uint8_t good[40], bad[40];

	ASSERT_EQ(port_ping(good, 5), sizeof(good));
	for (unsigned int bit = 0; bit < sizeof(good) * 8; bit++) {
		struct reply r = fresh();

		memcpy(bad, good, sizeof(bad));
		bad[bit / 8] ^= 1u << bit % 8;
		reply__feed(&r, bad, sizeof(bad));
		ASSERT_EQ(nr_ids, 0) TH_LOG("bit %u", bit);
		reply__feed(&r, good, sizeof(good));
		ASSERT_EQ(nr_ids, 1) TH_LOG("bit %u", bit);
		ASSERT_EQ(ids[0], 5);
	}
}

TEST(a_ping_of_another_length_is_some_other_frame)
{
	static const uint8_t payload[64];
	uint8_t buf[128];

	for (uint32_t len = 0; len <= sizeof(payload); len++) {
		struct reply r = fresh();
		size_t n = port_frame(buf, KTSTR_T_PING, payload, len);

		n += port_frame(buf + n, KTSTR_T_ACKR, NULL, 0);
		reply__feed(&r, buf, n);
		ASSERT_EQ(nr_ids, len == 8) TH_LOG("%u bytes", len);
		ASSERT_EQ(r.others, len != 8);
		ASSERT_EQ(r.acks, 1);
	}
}

TEST(a_ping_that_nobody_wants_is_counted)
{
	struct reply r = { 0 };
	uint8_t buf[40];

	reply__feed(&r, buf, port_ping(buf, 1));
	EXPECT_EQ(r.pings, 1);
}

TEST_HARNESS_MAIN
