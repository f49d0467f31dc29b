// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client of port 2 and its reader of replies, against a scheduler that says whatever a
 * test wants.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/stats.h>

#include "unit.h"

#include "host/stats_client.h"

#define MS	1000000ull
#define GOOD	"{\"errno\":0,\"args\":{\"resp\":{\"nr\":7}}}\n"

/* The other side, and what became of requests. */
struct peer {
	char sent[2 * STATS_REQUEST_MAX];
	size_t sent_len;
	int refuse;		/* what write() returns */
	unsigned int ends;
	struct stats_end last;
	json_int_t nr;		/* of the last value, -1 without one */
	struct stats_client *c;
	bool ask_again;		/* from within done() */
};

static int write_peer(void *arg, const void *data, size_t len)
{
	struct peer *p = arg;

	if (p->refuse)
		return p->refuse;
	if (p->sent_len + len >= sizeof(p->sent))
		return -ENOBUFS;
	memcpy(p->sent + p->sent_len, data, len);
	p->sent_len += len;
	p->sent[p->sent_len] = '\0';
	return 0;
}

static void on_end(void *arg, const struct stats_end *end)
{
	json_t *nr = json_object_get(end->reply.value, "nr");
	struct peer *p = arg;

	p->ends++;
	p->last = *end;
	p->nr = json_is_integer(nr) ? json_integer_value(nr) : -1;
	p->last.reply.value = NULL;	/* it is the client's */
	if (p->ask_again) {
		p->ask_again = false;
		stats_client__ask(p->c, "stats", NULL, 100, end->ended_ns);
	}
}

FIXTURE(client)
{
	struct peer peer;
	struct stats_client *c;
};

FIXTURE_SETUP(client)
{
	const struct stats_client_ops ops = {
		.write = write_peer, .done = on_end, .arg = &self->peer,
	};

	memset(&self->peer, 0, sizeof(self->peer));
	self->c = stats_client__new(&ops);
	ASSERT_NE(NULL, self->c);
	self->peer.c = self->c;
}

FIXTURE_TEARDOWN(client)
{
	stats_client__free(self->c);
}

static int ask_at(struct stats_client *c, uint64_t ms)
{
	return stats_client__ask(c, "stats", NULL, 100, ms * MS);
}

static void hear_at(struct stats_client *c, const char *text, uint64_t ms)
{
	/* On the heap: a byte read behind it is a finding. */
	char *copy = malloc(strlen(text));

	memcpy(copy, text, strlen(text));
	stats_client__feed(c, copy, strlen(text), ms * MS);
	free(copy);
}

#define EXPECT_END(_nr, _outcome) do {							\
	EXPECT_EQ(_nr, self->peer.ends);						\
	EXPECT_STREQ(stats_reply__name(_outcome),					\
		     stats_reply__name(self->peer.last.reply.outcome))			\
		TH_LOG("\"%s\"", self->peer.last.reply.text);				\
} while (0)

/* A reply of this many bytes in one string, without the end of the line. */
static char *long_reply(size_t bytes)
{
	static const char head[] = "{\"errno\":0,\"args\":{\"resp\":{\"nr\":5,\"s\":\"";
	static const char tail[] = "\"}}}";
	size_t frame = sizeof(head) - 1 + sizeof(tail) - 1;
	char *text = malloc(bytes + 1);

	memcpy(text, head, sizeof(head) - 1);
	memset(text + sizeof(head) - 1, 'x', bytes - frame);
	strcpy(text + bytes - (sizeof(tail) - 1), tail);
	return text;
}

TEST_F(client, a_request_is_a_line_and_its_reply_a_value)
{
	json_t *args = json_pack("{s:s}", "target", "top\n");

	ASSERT_EQ(0, stats_client__ask(self->c, "stats", args, 100, 5 * MS));
	EXPECT_STREQ("{\"req\":\"stats\",\"args\":{\"target\":\"top\\n\"}}\n", self->peer.sent);
	EXPECT_FALSE(stats_client__idle(self->c));
	hear_at(self->c, GOOD, 9);
	EXPECT_END(1, STATS_OK);
	EXPECT_EQ(7, self->peer.nr);
	EXPECT_EQ(5 * MS, self->peer.last.asked_ns);
	EXPECT_EQ(9 * MS, self->peer.last.ended_ns);
	EXPECT_TRUE(stats_client__idle(self->c));
	json_decref(args);
}

TEST_F(client, without_arguments_there_is_an_empty_object)
{
	ASSERT_EQ(0, stats_client__ask(self->c, "stats_meta", NULL, 100, 0));
	EXPECT_STREQ("{\"req\":\"stats_meta\",\"args\":{}}\n", self->peer.sent);
}

TEST_F(client, one_request_at_a_time)
{
	ASSERT_EQ(0, ask_at(self->c, 0));
	EXPECT_EQ(-EBUSY, ask_at(self->c, 1));
	EXPECT_EQ(1, stats_client__counts(self->c)->asked);
	hear_at(self->c, GOOD, 2);
	EXPECT_EQ(0, ask_at(self->c, 3));
	EXPECT_EQ(1, self->peer.ends);
}

TEST_F(client, a_request_that_is_too_long_is_not_sent)
{
	char name[STATS_REQUEST_MAX];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	EXPECT_EQ(-E2BIG, stats_client__ask(self->c, name, NULL, 100, 0));
	EXPECT_EQ(0, self->peer.sent_len);
	EXPECT_EQ(0, self->peer.ends);
	EXPECT_EQ(0, ask_at(self->c, 0));
}

TEST_F(client, the_schedulers_errno_comes_with_its_words)
{
	ask_at(self->c, 0);
	hear_at(self->c, "{\"errno\":22,\"args\":{\"resp\":\"no \\u001b[2J target\"}}\n", 1);
	EXPECT_END(1, STATS_ERRNO);
	EXPECT_EQ(22, self->peer.last.reply.err);
	EXPECT_STREQ("no ?[2J target", self->peer.last.reply.text);
	ask_at(self->c, 2);
	hear_at(self->c, "{\"errno\":-5,\"args\":{\"resp\":{}}}\n", 3);
	EXPECT_END(2, STATS_ERRNO);
	EXPECT_EQ(5, self->peer.last.reply.err);
}

TEST_F(client, no_scheduler_is_no_error_of_a_scheduler)
{
	ask_at(self->c, 0);
	hear_at(self->c, KTSTR_STATS_NO_SOCKET, 1);
	EXPECT_END(1, STATS_NO_SCHEDULER);
	/* The twin: nearly its words, said by somebody else. */
	ask_at(self->c, 2);
	hear_at(self->c, "{\"error\":\"no scheduler stats sockets\"}\n", 3);
	EXPECT_END(2, STATS_NOT_REPLY);
}

TEST_F(client, a_lost_scheduler_is_told_also_within_its_answer)
{
	ask_at(self->c, 0);
	hear_at(self->c, KTSTR_STATS_LOST, 1);
	EXPECT_END(1, STATS_LOST);
	EXPECT_STREQ("the scheduler closed the connection", self->peer.last.reply.text);
	ask_at(self->c, 2);
	hear_at(self->c, "{\"errno\":0,\"args\":{\"re" KTSTR_STATS_LOST, 3);
	EXPECT_END(2, STATS_LOST);
	EXPECT_STREQ("the scheduler closed the connection within its answer",
		     self->peer.last.reply.text);
	/* The twin: a scheduler whose value quotes them. */
	ask_at(self->c, 4);
	hear_at(self->c, "{\"errno\":0,\"args\":{\"resp\":{\"nr\":3,\"a\":"
		"{\"error\":\"the scheduler closed its stats connection\"}}}}\n", 5);
	EXPECT_END(3, STATS_OK);
	EXPECT_EQ(3, self->peer.nr);
}

TEST_F(client, no_answer_is_a_timeout_and_a_late_one_is_dropped)
{
	ask_at(self->c, 0);
	EXPECT_EQ(100 * MS, stats_client__next_ns(self->c));
	stats_client__tick(self->c, 100 * MS - 1);
	EXPECT_EQ(0, self->peer.ends);
	stats_client__tick(self->c, 100 * MS);
	EXPECT_END(1, STATS_TIMEOUT);
	EXPECT_STREQ("no answer within 100 ms", self->peer.last.reply.text);
	EXPECT_EQ(UINT64_MAX, stats_client__next_ns(self->c));
	EXPECT_FALSE(stats_client__idle(self->c));

	ASSERT_EQ(0, ask_at(self->c, 150));
	hear_at(self->c, "{\"errno\":0,\"args\":{\"resp\":{\"nr\":1}}}\n", 160);
	EXPECT_EQ(1, self->peer.ends);
	EXPECT_EQ(1, stats_client__counts(self->c)->late);
	hear_at(self->c, "{\"errno\":0,\"args\":{\"resp\":{\"nr\":2}}}\n", 161);
	EXPECT_END(2, STATS_OK);
	EXPECT_EQ(2, self->peer.nr);
	EXPECT_TRUE(stats_client__idle(self->c));
}

/* Two are owed, one of them begun before its request timed out. */
TEST_F(client, late_replies_are_counted_in_order)
{
	ask_at(self->c, 0);
	hear_at(self->c, "{\"errno\":0,", 1);
	stats_client__tick(self->c, 100 * MS);
	EXPECT_STREQ("no answer within 100 ms, only a part of one", self->peer.last.reply.text);
	ask_at(self->c, 200);
	stats_client__tick(self->c, 300 * MS);
	EXPECT_END(2, STATS_TIMEOUT);
	EXPECT_STREQ("no answer within 100 ms", self->peer.last.reply.text);
	ask_at(self->c, 400);
	hear_at(self->c, "\"args\":{\"resp\":1}}\n" KTSTR_STATS_LOST GOOD, 401);
	EXPECT_END(3, STATS_OK);
	EXPECT_EQ(7, self->peer.nr);
	EXPECT_EQ(2, stats_client__counts(self->c)->late);
	EXPECT_EQ(0, stats_client__counts(self->c)->strays);
}

TEST_F(client, a_cancelled_request_ends_once_and_its_reply_is_dropped)
{
	stats_client__cancel(self->c, 0);
	EXPECT_EQ(0, self->peer.ends);
	ask_at(self->c, 1);
	stats_client__cancel(self->c, 2 * MS);
	EXPECT_END(1, STATS_CANCELLED);
	stats_client__cancel(self->c, 3 * MS);
	stats_client__tick(self->c, 500 * MS);
	hear_at(self->c, GOOD, 501);
	EXPECT_EQ(1, self->peer.ends);
	EXPECT_EQ(1, stats_client__counts(self->c)->late);
}

TEST_F(client, a_frozen_guest_is_not_asked)
{
	stats_client__freeze(self->c, 0);
	ASSERT_EQ(0, ask_at(self->c, 1));
	EXPECT_END(1, STATS_FROZEN);
	EXPECT_EQ(0, self->peer.sent_len);
	stats_client__thaw(self->c, 2 * MS);
	EXPECT_TRUE(stats_client__idle(self->c));
	ask_at(self->c, 3);
	hear_at(self->c, GOOD, 4);
	EXPECT_END(2, STATS_OK);
}

TEST_F(client, a_freeze_costs_a_request_no_time)
{
	ask_at(self->c, 0);
	stats_client__freeze(self->c, 60 * MS);
	stats_client__freeze(self->c, 70 * MS);
	EXPECT_EQ(UINT64_MAX, stats_client__next_ns(self->c));
	stats_client__tick(self->c, 500 * MS);
	EXPECT_EQ(0, self->peer.ends);
	stats_client__thaw(self->c, 560 * MS);
	stats_client__thaw(self->c, 900 * MS);
	EXPECT_EQ(600 * MS, stats_client__next_ns(self->c));
	stats_client__tick(self->c, 600 * MS);
	EXPECT_END(1, STATS_TIMEOUT);
}

TEST_F(client, a_port_without_room_ends_the_request)
{
	self->peer.refuse = -ENOBUFS;
	ASSERT_EQ(0, ask_at(self->c, 0));
	EXPECT_END(1, STATS_NO_ROOM);
	EXPECT_TRUE(stats_client__idle(self->c));
	EXPECT_EQ(0, stats_client__counts(self->c)->asked);
	self->peer.refuse = 0;
	ask_at(self->c, 1);
	hear_at(self->c, GOOD, 2);
	EXPECT_END(2, STATS_OK);
}

TEST_F(client, words_that_nobody_asked_for_are_strays)
{
	hear_at(self->c, GOOD "\n\nrubbish\n", 0);
	EXPECT_EQ(0, self->peer.ends);
	EXPECT_EQ(4, stats_client__counts(self->c)->strays);
	ask_at(self->c, 1);
	hear_at(self->c, GOOD, 2);
	EXPECT_END(1, STATS_OK);
}

/* Its end comes when a request is out, but it began when none was. */
TEST_F(client, a_line_that_began_before_the_request_is_a_stray)
{
	char *not = long_reply(STATS_LINE_MAX + 1);

	hear_at(self->c, "{\"errno\":0,", 0);
	ask_at(self->c, 1);
	hear_at(self->c, "\"args\":{\"resp\":1}}\n", 2);
	EXPECT_EQ(0, self->peer.ends);
	hear_at(self->c, GOOD, 3);
	EXPECT_END(1, STATS_OK);
	hear_at(self->c, not, 4);
	ask_at(self->c, 5);
	hear_at(self->c, "\n" GOOD, 6);
	EXPECT_END(2, STATS_OK);
	EXPECT_EQ(2, stats_client__counts(self->c)->strays);
	free(not);
}

TEST_F(client, the_next_request_may_be_asked_when_one_ends)
{
	self->peer.ask_again = true;
	ask_at(self->c, 0);
	hear_at(self->c, "{\"errno\":0,\"args\":{\"resp\":{\"nr\":1}}}\n"
		"{\"errno\":0,\"args\":{\"resp\":{\"nr\":2}}}\n", 1);
	EXPECT_END(2, STATS_OK);
	EXPECT_EQ(2, self->peer.nr);
	EXPECT_EQ(0, stats_client__counts(self->c)->strays);
}

TEST_F(client, a_reply_at_the_bound_is_taken_and_one_byte_more_is_not)
{
	char *fits = long_reply(STATS_LINE_MAX), *not = long_reply(STATS_LINE_MAX + 1);

	ask_at(self->c, 0);
	hear_at(self->c, fits, 1);
	EXPECT_EQ(0, self->peer.ends);
	hear_at(self->c, "\n", 2);
	EXPECT_END(1, STATS_OK);
	EXPECT_EQ(5, self->peer.nr);

	ask_at(self->c, 3);
	hear_at(self->c, not, 4);
	EXPECT_END(2, STATS_TOO_LARGE);
	/* To its end it is still that answer, not the next one. */
	EXPECT_FALSE(stats_client__idle(self->c));
	ask_at(self->c, 5);
	hear_at(self->c, "tail\n" GOOD, 6);
	EXPECT_END(3, STATS_OK);
	EXPECT_EQ(7, self->peer.nr);
	EXPECT_EQ(0, stats_client__counts(self->c)->late);
	EXPECT_EQ(0, stats_client__counts(self->c)->strays);
	EXPECT_TRUE(stats_client__idle(self->c));
	free(fits);
	free(not);
}

TEST_F(client, a_late_reply_that_is_too_long_counts_as_one)
{
	char *not = long_reply(STATS_LINE_MAX + 1);

	ask_at(self->c, 0);
	stats_client__tick(self->c, 100 * MS);
	ask_at(self->c, 101);
	hear_at(self->c, not, 102);
	hear_at(self->c, not, 103);
	EXPECT_END(1, STATS_TIMEOUT);
	hear_at(self->c, "\n" GOOD, 104);
	EXPECT_END(2, STATS_OK);
	EXPECT_EQ(1, stats_client__counts(self->c)->late);
	free(not);
}

/* Every answer above cut after every byte, the rest as a second piece: the same comes of it. */
TEST_F(client, where_a_stream_is_cut_changes_nothing)
{
	static const char text[] = GOOD KTSTR_STATS_LOST "[]\n" GOOD;

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		unsigned int before = self->peer.ends;

		self->peer.ask_again = true;
		ASSERT_EQ(0, ask_at(self->c, 0));
		stats_client__feed(self->c, text, cut, MS);
		stats_client__feed(self->c, text + cut, sizeof(text) - 1 - cut, MS);
		ASSERT_EQ(before + 2, self->peer.ends) TH_LOG("cut at %zu", cut);
		ASSERT_EQ(STATS_LOST, self->peer.last.reply.outcome) TH_LOG("cut at %zu", cut);
		ASSERT_EQ(2 * (cut + 1), stats_client__counts(self->c)->strays);
	}
}

/* A scheduler that ends its line too early, after every byte. */
TEST_F(client, a_reply_cut_short_anywhere_is_no_reply)
{
	static const char text[] = "{\"errno\":0,\"args\":{\"resp\":{\"nr\":7}}}";

	for (size_t cut = 0; cut < sizeof(text) - 1; cut++) {
		ASSERT_EQ(0, ask_at(self->c, 0));
		stats_client__feed(self->c, text, cut, MS);
		hear_at(self->c, "\n", 1);
		ASSERT_EQ(cut + 1, self->peer.ends);
		ASSERT_EQ(STATS_NOT_JSON, self->peer.last.reply.outcome) TH_LOG("cut at %zu", cut);
	}
}

/* The letters that are not the rule: JSON all of them, and none a reply. */
TEST(json_that_is_no_reply)
{
	static const char * const lines[] = {
		"[]", "{}", "{\"errno\":0}", "{\"errno\":0,\"args\":{}}", "{\"errno\":0,\"args\":[7]}",
		"{\"args\":{\"resp\":1}}", "{\"errno\":\"0\",\"args\":{\"resp\":1}}",
		"{\"errno\":0.5,\"args\":{\"resp\":1}}", "{\"errno\":null,\"args\":{\"resp\":1}}",
		"{\"errno\":4294967296,\"args\":{\"resp\":1}}",
		"{\"errno\":-9223372036854775808,\"args\":{\"resp\":1}}",
	};
	struct stats_reply r;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		stats_reply__parse(&r, lines[i], strlen(lines[i]));
		EXPECT_EQ(STATS_NOT_REPLY, r.outcome) TH_LOG("%s", lines[i]);
		EXPECT_EQ(NULL, r.value);
		stats_reply__free(&r);
	}
}

TEST(what_is_no_json)
{
	static const char * const lines[] = {
		"", " ", "errno", "{\"errno\":0,\"errno\":0,\"args\":{\"resp\":1}}",
		"{\"errno\":0,\"args\":{\"resp\":\"\\u0000\"}}", "{\"errno\":0,\"args\":{\"resp\":\"\xff\"}}",
		"{\"errno\":0,\"args\":{\"resp\":1}} x", "{\"errno\":0,\"args\":{\"resp\":1e999}}",
		"}]}]", "1",
	};
	struct stats_reply r;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		stats_reply__parse(&r, lines[i], strlen(lines[i]));
		EXPECT_EQ(STATS_NOT_JSON, r.outcome) TH_LOG("%s", lines[i]);
		EXPECT_NE('\0', r.text[0]);
		stats_reply__free(&r);
	}
}

/* A u64 of a scheduler is a number, if not an exact one. */
TEST(an_integer_of_64_bits_is_a_real)
{
	static const char line[] =
		"{\"errno\":0,\"args\":{\"resp\":{\"a\":18446744073709551615,\"b\":9223372036854775807}}}";
	struct stats_reply r;

	stats_reply__parse(&r, line, sizeof(line) - 1);
	ASSERT_EQ(STATS_OK, r.outcome) TH_LOG("%s", r.text);
	EXPECT_TRUE(json_is_real(json_object_get(r.value, "a")));
	EXPECT_LT(1.8e19, json_real_value(json_object_get(r.value, "a")));
	stats_reply__free(&r);
	stats_reply__parse(&r, "{\"errno\":0,\"args\":{\"resp\":9223372036854775807}}", 47);
	ASSERT_EQ(STATS_OK, r.outcome);
	EXPECT_EQ(INT64_MAX, json_integer_value(r.value));
	stats_reply__free(&r);
}

/* @n times @open, then @n times @close, in a reply. */
static void nested(struct stats_reply *r, size_t n, const char *open, const char *close)
{
	size_t size = 64 + n * (strlen(open) + strlen(close));
	char *text = malloc(size);
	size_t len = snprintf(text, size, "{\"errno\":0,\"args\":{\"resp\":");

	for (size_t i = 0; i < n; i++)
		len += snprintf(text + len, size - len, "%s", open);
	len += snprintf(text + len, size - len, "1");
	for (size_t i = 0; i < n; i++)
		len += snprintf(text + len, size - len, "%s", close);
	len += snprintf(text + len, size - len, "}}");
	stats_reply__parse(r, text, len);
	free(text);
}

TEST(depth_has_a_bound)
{
	struct stats_reply r;

	nested(&r, STATS_DEPTH_MAX - 2, "[", "]");
	EXPECT_EQ(STATS_OK, r.outcome) TH_LOG("%s", r.text);
	stats_reply__free(&r);
	nested(&r, STATS_DEPTH_MAX - 1, "[", "]");
	EXPECT_EQ(STATS_TOO_LARGE, r.outcome);
	stats_reply__free(&r);
	/* Never closed, and closed more often than opened. */
	nested(&r, 300000, "[", "");
	EXPECT_EQ(STATS_TOO_LARGE, r.outcome);
	stats_reply__free(&r);
	nested(&r, 300000, "", "]");
	EXPECT_EQ(STATS_NOT_JSON, r.outcome);
	stats_reply__free(&r);
}

static void many(struct stats_reply *r, size_t n, const char *one)
{
	size_t size = 64 + n * (strlen(one) + 1), len;
	char *text = malloc(size);

	len = snprintf(text, size, "{\"errno\":0,\"args\":{\"resp\":[%s", one);
	for (size_t i = 1; i < n; i++) {
		text[len++] = ',';
		memcpy(text + len, one, strlen(one));
		len += strlen(one);
	}
	len += snprintf(text + len, size - len, "]}}");
	stats_reply__parse(r, text, len);
	free(text);
}

TEST(values_have_a_bound)
{
	struct stats_reply r;

	many(&r, STATS_VALUES_MAX - 8, "1");
	EXPECT_EQ(STATS_OK, r.outcome) TH_LOG("%s", r.text);
	stats_reply__free(&r);
	many(&r, STATS_VALUES_MAX, "1");
	EXPECT_EQ(STATS_TOO_LARGE, r.outcome);
	stats_reply__free(&r);
	many(&r, STATS_VALUES_MAX / 2, "[]");
	EXPECT_EQ(STATS_TOO_LARGE, r.outcome);
	stats_reply__free(&r);
	/* What stands in a string is no value. */
	many(&r, 3, "\"\\\",[,,[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"");
	EXPECT_EQ(STATS_OK, r.outcome) TH_LOG("%s", r.text);
	stats_reply__free(&r);
}

TEST_HARNESS_MAIN
