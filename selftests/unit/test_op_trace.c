// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest did, from its frames: in order, whole, and never what a hostile one likes.
 */
#include "unit.h"

#include "op_feed.h"

#define MS	1000000ull

FIXTURE(trace)
{
	struct evidence *ev;
};

FIXTURE_SETUP(trace)
{
	self->ev = evidence__new(NULL);
	ASSERT_NE(NULL, self->ev);
}

FIXTURE_TEARDOWN(trace)
{
	free(self->ev);
}

#define TRACE	(&self->ev->trace)
#define A	OP(KTSTR_V_CGROUP, .cgroup = "a", CPUS(3))
#define HOLD	OP(KTSTR_V_HOLD, .value2 = 3000)

TEST_F(trace, operations_come_in_order_with_their_times)
{
	op_did(self->ev, A, 10 * MS, 11 * MS);
	op_begin(self->ev, HOLD, 12 * MS);
	ASSERT_EQ(2, TRACE->nr);
	EXPECT_EQ(KTSTR_V_CGROUP, TRACE->steps[0].op.verb);
	EXPECT_STREQ("a", TRACE->steps[0].op.cgroup);
	EXPECT_EQ(3, TRACE->steps[0].op.cpus.bits[0]);
	EXPECT_TRUE(op_trace__good(&TRACE->steps[0]));
	EXPECT_EQ(10 * MS, TRACE->steps[0].begin_ns);
	EXPECT_EQ(11 * MS, TRACE->steps[0].end_ns);
	EXPECT_FALSE(TRACE->steps[1].done);
	op_end(self->ev, 13 * MS, 0, "");
	EXPECT_TRUE(op_trace__good(&TRACE->steps[1]));
	EXPECT_EQ(0, self->ev->malformed);
}

TEST_F(trace, a_failure_has_its_reason_in_clean_letters)
{
	op_begin(self->ev, A, MS);
	op_end(self->ev, MS, 22, "no \x1b[31mcontroller\n");
	EXPECT_TRUE(TRACE->steps[0].done);
	EXPECT_FALSE(op_trace__good(&TRACE->steps[0]));
	EXPECT_EQ(22, TRACE->steps[0].error);
	EXPECT_STREQ("no ?[31mcontroller", TRACE->steps[0].reason);
}

TEST_F(trace, what_is_out_of_its_place_changes_nothing)
{
	op_frame(self->ev, KTSTR_T_STEN, 0, 0, MS, "");
	EXPECT_EQ(1, self->ev->malformed);
	op_begin(self->ev, A, 5 * MS);
	/* The next before the end of this one; one that was; one that ends before it began. */
	op_begin(self->ev, HOLD, 6 * MS);
	op_frame(self->ev, KTSTR_T_STEN, 1, 0, 6 * MS, "");
	op_frame(self->ev, KTSTR_T_STEN, 0, 0, 4 * MS, "");
	EXPECT_EQ(1, TRACE->nr);
	EXPECT_FALSE(TRACE->steps[0].done);
	op_end(self->ev, 7 * MS, 0, "");
	op_end(self->ev, 8 * MS, 5, "again");
	EXPECT_EQ(7 * MS, TRACE->steps[0].end_ns);
	EXPECT_EQ(0, TRACE->steps[0].error);
	/* Back in time. */
	op_begin(self->ev, HOLD, 6 * MS);
	EXPECT_EQ(1, TRACE->nr);
	EXPECT_EQ(6, self->ev->malformed);
	EXPECT_EQ(6, TRACE->odd);
}

TEST_F(trace, lines_that_are_no_operation_are_refused)
{
	static const char * const lines[] = { "", "hold", "nap ms=3", "hold value2=x at=t.c:1",
					      "\xff\xfe", "hold value2=1 at=t.c:1 at=t.c:1" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		op_frame(self->ev, KTSTR_T_STIM, 0, 0, MS, lines[i]);
	EXPECT_EQ(0, TRACE->nr);
	EXPECT_EQ(sizeof(lines) / sizeof(lines[0]), self->ev->malformed);
}

TEST_F(trace, short_frames_are_refused)
{
	uint8_t data[sizeof(struct ktstr_step)] = { 0 };

	for (uint32_t len = 0; len < sizeof(data); len++) {
		struct assembler_frame f = { .type = KTSTR_T_STIM, .data = data, .len = len };

		evidence__frame(self->ev, &f);
		f.type = KTSTR_T_STEN;
		evidence__frame(self->ev, &f);
	}
	EXPECT_EQ(0, TRACE->nr);
	EXPECT_EQ(2 * sizeof(data), self->ev->malformed);
}

TEST_F(trace, there_are_no_more_than_there_can_be)
{
	for (uint32_t i = 0; i < KTSTR_OPS_MAX + 3; i++)
		op_did(self->ev, HOLD, i * MS, i * MS);
	EXPECT_EQ(KTSTR_OPS_MAX, TRACE->nr);
	EXPECT_NE(0, self->ev->malformed);
}

TEST_F(trace, a_payload_belongs_to_the_operation_that_ran_it)
{
	op_did(self->ev, A, MS, MS);
	op_did(self->ev, OP(KTSTR_V_RUN, .name = "p", .cmd = "true"), MS, MS);
	EXPECT_EQ(NULL, op_trace__find_run(TRACE, 0));
	EXPECT_EQ(&TRACE->steps[1], op_trace__find_run(TRACE, 1));
	EXPECT_EQ(NULL, op_trace__find_run(TRACE, 2));
	EXPECT_EQ(NULL, op_trace__find_run(TRACE, UINT32_MAX));
}

static void say(struct evidence *ev, uint32_t index, uint32_t stream, const char *text, size_t len)
{
	struct ktstr_payload_output h = { htole32(index), htole32(stream) };
	uint8_t *data = malloc(sizeof(h) + len);
	struct assembler_frame f = { .type = KTSTR_T_RAWO, .data = data, .len = sizeof(h) + len };

	memcpy(data, &h, sizeof(h));
	memcpy(data + sizeof(h), text, len);
	evidence__frame(ev, &f);
	free(data);
}

static void leave(struct evidence *ev, uint32_t index, uint32_t status)
{
	struct ktstr_payload_exit x = { .index = htole32(index), .wait_status = htole32(status),
					.start_ns = htole64(5), .end_ns = htole64(9) };
	struct assembler_frame f = { .type = KTSTR_T_PLDX, .data = (void *)&x, .len = sizeof(x) };

	evidence__frame(ev, &f);
}

#define SAY(_index, _text) say(self->ev, _index, 1, _text, strlen(_text))

static double figure(struct evidence *ev, const char *cmd, const char *name)
{
	const struct payload_metric *v;
	struct payload_metrics m;

	payload_out__metrics(payload_outs__find(&ev->payloads, 1), cmd, &m);
	v = payload_metrics__find(&m, name);
	return v ? v->value : -1;
}

TEST_F(trace, figures_come_from_both_streams_of_a_payload)
{
	SAY(1, "Running in process mode\nTime: 0.");
	say(self->ev, 1, 2, "{\"x\": 3}\n", 9);
	SAY(1, "125\n");
	EXPECT_EQ(0.125, figure(self->ev, "/usr/bin/hackbench -g 1", "time_s"));
	EXPECT_EQ(-1, figure(self->ev, "other -g 1", "time_s"));
	EXPECT_EQ(-1, figure(self->ev, "", "time_s"));
}

TEST_F(trace, figures_of_a_shell_are_those_of_what_it_names)
{
	SAY(1, "Time: 0.125\n");
	EXPECT_EQ(0.125, figure(self->ev, "/usr/bin/sh -c 'cd /x && /usr/bin/hackbench -g 1'", "time_s"));
	EXPECT_EQ(0.125, figure(self->ev, "/bin/bash -c 'hackbench|cat'", "time_s"));
	EXPECT_EQ(-1, figure(self->ev, "/usr/bin/sh -c 'perf hackbench'", "time_s"));
	EXPECT_EQ(-1, figure(self->ev, "/usr/bin/sh -c 'cat hackbench-log'", "time_s"));
	EXPECT_EQ(-1, figure(self->ev, "env sh -c hackbench", "time_s"));
}

TEST_F(trace, a_payload_ends_once_and_says_nothing_after)
{
	leave(self->ev, 3, 7 << 8);
	ASSERT_EQ(1, self->ev->payloads.nr);
	EXPECT_EQ(7 << 8, self->ev->payloads.all[0].wait_status);
	leave(self->ev, 3, 0);
	SAY(3, "more");
	EXPECT_EQ(7 << 8, self->ev->payloads.all[0].wait_status);
	EXPECT_EQ(0, self->ev->payloads.all[0].bytes[0]);
	EXPECT_EQ(2, self->ev->malformed);
	say(self->ev, 4, 3, "x", 1);
	EXPECT_EQ(3, self->ev->malformed);
	EXPECT_EQ(NULL, payload_outs__find(&self->ev->payloads, 4));
}

TEST_F(trace, a_flood_of_output_and_of_payloads_is_bounded)
{
	size_t len = 3 * PAYLOAD_OUT_BYTES;
	char *text = malloc(len + 1);

	for (size_t i = 0; i < len; i += 4)
		memcpy(text + i, "m=1\n", 4);
	say(self->ev, 0, 1, text, len);
	EXPECT_EQ(len, self->ev->payloads.all[0].bytes[0]);
	EXPECT_EQ(PAYLOAD_OUT_BYTES, self->ev->payloads.all[0].len[0]);
	for (uint32_t i = 0; i < PAYLOADS_MAX + 5; i++)
		SAY(i, "x");
	EXPECT_EQ(PAYLOADS_MAX, self->ev->payloads.nr);
	EXPECT_EQ(5, self->ev->malformed);
	free(text);
}

static void account(struct evidence *ev, uint32_t mark, uint32_t pid)
{
	struct ktstr_worker_metrics m = {
		.cgroup = "a", .name = "w0", .pid = htole32(pid), .mark = htole32(mark),
		.node_pages = htole64(8), .remote_pages = htole64(3), .nr_latencies = htole64(2),
		.latency_ns = { htole64(1), htole64(2), htole64(3), htole64(4), htole64(5) },
	};
	struct assembler_frame f = { .type = KTSTR_T_PMET, .data = (void *)&m, .len = sizeof(m) };

	evidence__frame(ev, &f);
}

TEST_F(trace, accounts_of_marks_are_apart_from_the_last_ones)
{
	account(self->ev, 1, 7);
	account(self->ev, 0, 7);
	account(self->ev, 2, 7);
	ASSERT_EQ(1, self->ev->nr_workers);
	ASSERT_EQ(2, self->ev->nr_marked);
	EXPECT_EQ(1, self->ev->marked[0].mark);
	EXPECT_EQ(2, self->ev->marked[1].mark);
	EXPECT_EQ(8, self->ev->workers[0].node_pages);
	EXPECT_EQ(3, self->ev->workers[0].remote_pages);
	EXPECT_EQ(5, self->ev->workers[0].latency_ns[4]);
	for (uint32_t i = 0; i < EVIDENCE_MARKED_MAX + 2; i++)
		account(self->ev, 3, i);
	EXPECT_EQ(EVIDENCE_MARKED_MAX, self->ev->nr_marked);
	EXPECT_EQ(4, self->ev->malformed);
}

TEST_HARNESS_MAIN
