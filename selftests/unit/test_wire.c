// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire format as bytes: what is written here was counted by hand from the
 * table in the design, not computed from the structures.
 */
#include <endian.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <ktstr/wire.h>

#include "host/evidence.h"
#include "kselftest_harness.h"

TEST(header_fields_are_where_the_table_says)
{
	EXPECT_EQ(0, offsetof(struct ktstr_frame, magic));
	EXPECT_EQ(4, offsetof(struct ktstr_frame, version));
	EXPECT_EQ(6, offsetof(struct ktstr_frame, flags));
	EXPECT_EQ(8, offsetof(struct ktstr_frame, type));
	EXPECT_EQ(12, offsetof(struct ktstr_frame, stream));
	EXPECT_EQ(16, offsetof(struct ktstr_frame, seq));
	EXPECT_EQ(20, offsetof(struct ktstr_frame, len));
	EXPECT_EQ(24, offsetof(struct ktstr_frame, payload_crc));
	EXPECT_EQ(28, offsetof(struct ktstr_frame, header_crc));
	EXPECT_EQ(32, sizeof(struct ktstr_frame));
}

TEST(magic_and_types_read_as_text)
{
	const uint32_t magic = htole32(KTSTR_WIRE_MAGIC), type = htole32(KTSTR_T_HELO);

	EXPECT_EQ(0, memcmp(&magic, "KSTR", 4));
	EXPECT_EQ(0, memcmp(&type, "HELO", 4));
}

TEST(payloads_have_no_padding)
{
	EXPECT_EQ(176, sizeof(struct ktstr_helo));
	EXPECT_EQ(16, sizeof(struct ktstr_life));
	EXPECT_EQ(24 + 128 + 3 * 8, sizeof(struct ktstr_sched_state));
	EXPECT_EQ(32 + 176, sizeof(struct ktstr_window));
	EXPECT_EQ(264, sizeof(struct ktstr_worker_metrics));
	EXPECT_EQ(16 + 176, sizeof(struct ktstr_sched_exit));
	EXPECT_EQ(8, sizeof(struct ktstr_test_result));
	EXPECT_EQ(8, sizeof(struct ktstr_exec_exit));
	EXPECT_EQ(8, sizeof(struct ktstr_exit));
}

TEST(crc_is_the_one_of_zlib)
{
	/* The check value of CRC-32/ISO-HDLC. */
	EXPECT_EQ(0xcbf43926u, crc32(0, (const Bytef *)"123456789", 9));
}

FIXTURE(evidence)
{
	struct evidence *ev;
};

FIXTURE_SETUP(evidence)
{
	self->ev = evidence__new(NULL);
	ASSERT_NE(NULL, self->ev);
}

FIXTURE_TEARDOWN(evidence)
{
	free(self->ev);
}

static void give(struct evidence *ev, uint32_t type, const void *data, uint32_t len)
{
	struct assembler_frame f = { .type = type, .data = data, .len = len };

	evidence__frame(ev, &f);
}

TEST_F(evidence, every_short_payload_is_malformed_and_changes_nothing)
{
	static const struct {
		uint32_t type;
		uint32_t len;
	} want[] = {
		{ KTSTR_T_HELO, 176 }, { KTSTR_T_LIFE, 16 }, { KTSTR_T_SCST, 208 },
		{ KTSTR_T_SCEN, 208 }, { KTSTR_T_TEST, 8 }, { KTSTR_T_SCDX, 192 },
		{ KTSTR_T_EXCX, 8 }, { KTSTR_T_EXIT, 8 },
	};
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		for (uint32_t len = 0; len < want[i].len; len++) {
			/* Exactly as long as it says, so that a read beyond it is caught. */
			uint8_t *data = calloc(1, len ? len : 1);

			give(self->ev, want[i].type, data, len);
			free(data);
			n++;
		}
	}
	EXPECT_EQ(n, self->ev->malformed);
	EXPECT_FALSE(self->ev->has_helo || self->ev->has_test || self->ev->has_exit);
	EXPECT_FALSE(self->ev->start.seen || self->ev->end.seen || self->ev->has_sched_exit);
	EXPECT_EQ(0, self->ev->phase_seen);
}

TEST_F(evidence, strings_without_an_end_are_ended_and_cleaned)
{
	struct ktstr_helo h;

	memset(&h, 0xff, sizeof(h));
	memset(h.release, 'r', sizeof(h.release));
	memset(h.clocksource, 0x1b, sizeof(h.clocksource));
	give(self->ev, KTSTR_T_HELO, &h, sizeof(h));
	EXPECT_TRUE(self->ev->has_helo);
	EXPECT_EQ(63, strlen(self->ev->helo.release));
	EXPECT_EQ('?', self->ev->helo.clocksource[0]);
	EXPECT_EQ(31, strlen(self->ev->helo.clocksource));
	EXPECT_EQ(0, self->ev->helo.build_id_len);
}

TEST_F(evidence, unknown_phase_and_status_are_malformed)
{
	static const uint32_t phases[] = { 0, EVIDENCE_PHASES, 31, 32, 64, UINT32_MAX };
	struct ktstr_test_result t = { .status = htole32(4) };

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		struct ktstr_life l = { .phase = htole32(phases[i]) };

		give(self->ev, KTSTR_T_LIFE, &l, sizeof(l));
	}
	give(self->ev, KTSTR_T_TEST, &t, sizeof(t));
	EXPECT_EQ(7, self->ev->malformed);
	EXPECT_EQ(0, self->ev->phase_seen);
	EXPECT_FALSE(self->ev->has_test);
}

TEST_F(evidence, reasons_are_cut_and_cleaned)
{
	uint8_t data[sizeof(struct ktstr_life) + 2000];
	struct ktstr_life l = { .phase = htole32(KTSTR_LIFE_SCHED_DIED) };

	memset(data, 'x', sizeof(data));
	memcpy(data, &l, sizeof(l));
	data[sizeof(l)] = 0x1b;
	data[sizeof(l) + 1] = '\n';
	give(self->ev, KTSTR_T_LIFE, data, sizeof(data));
	EXPECT_EQ(EVIDENCE_REASON_MAX - 1, strlen(self->ev->reason[KTSTR_LIFE_SCHED_DIED]));
	EXPECT_EQ(0, strncmp(self->ev->reason[KTSTR_LIFE_SCHED_DIED], "? x", 3));
	EXPECT_EQ(KTSTR_LIFE_SCHED_DIED, self->ev->phase);
}

TEST_F(evidence, heartbeats_do_not_hide_the_phase)
{
	struct ktstr_life l = { .phase = htole32(KTSTR_LIFE_PAYLOAD) };

	give(self->ev, KTSTR_T_LIFE, &l, sizeof(l));
	l.phase = htole32(KTSTR_LIFE_ALIVE);
	give(self->ev, KTSTR_T_LIFE, &l, sizeof(l));
	EXPECT_EQ(KTSTR_LIFE_PAYLOAD, self->ev->phase);
	EXPECT_TRUE(evidence__phase_seen(self->ev, KTSTR_LIFE_ALIVE));
}

TEST_F(evidence, more_workers_than_there_can_be_are_refused)
{
	size_t room = KTSTR_WORKERS_MAX * sizeof(struct ktstr_worker_metrics);
	uint8_t *data = calloc(1, room);

	give(self->ev, KTSTR_T_PMET, data, room - 1);
	EXPECT_EQ(1, self->ev->malformed);
	give(self->ev, KTSTR_T_PMET, data, room);
	EXPECT_EQ(KTSTR_WORKERS_MAX, self->ev->nr_workers);
	give(self->ev, KTSTR_T_PMET, data, sizeof(struct ktstr_worker_metrics));
	EXPECT_EQ(KTSTR_WORKERS_MAX, self->ev->nr_workers);
	EXPECT_EQ(2, self->ev->malformed);
	free(data);
}

TEST_F(evidence, worker_numbers_arrive_in_host_order)
{
	struct ktstr_worker_metrics m = {
		.cgroup = "a", .worker = htole32(3), .cpu_ns = htole64(1ull << 40),
		.max_gap_ns = htole64(77), .exit_status = htole32(9),
	};

	give(self->ev, KTSTR_T_PMET, &m, sizeof(m));
	ASSERT_EQ(1, self->ev->nr_workers);
	EXPECT_STREQ("a", self->ev->workers[0].cgroup);
	EXPECT_EQ(3, self->ev->workers[0].worker);
	EXPECT_EQ(1ull << 40, self->ev->workers[0].cpu_ns);
	EXPECT_EQ(77, self->ev->workers[0].max_gap_ns);
	EXPECT_EQ(9, self->ev->workers[0].exit_status);
}

TEST_F(evidence, corrupt_frames_are_believed_by_nobody)
{
	struct ktstr_exit x = { 0 };
	struct assembler_frame f = {
		.type = KTSTR_T_EXIT, .data = (uint8_t *)&x, .len = sizeof(x), .corrupt = true,
	};

	evidence__frame(self->ev, &f);
	EXPECT_FALSE(self->ev->has_exit);
}

TEST_HARNESS_MAIN
