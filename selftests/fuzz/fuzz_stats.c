// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz the client of port 2: whatever a guest says and however it is cut, every request
 * ends once, by the line that answers it or by the host, as a model with a queue of the
 * requests that were sent says; and a value is taken only from JSON within the bounds.
 *
 * The input is what comes out of the port, and bytes 1 to 5 in it are what the host does:
 * ask, let the time pass, cancel, freeze, thaw.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/stats.h>

#include "host/stats_client.h"

#include "fuzz.h"
#include "oracle.h"

#define SIZE_MAX_IN	4096u
#define TIMEOUT_MS	100u
#define MS		1000000ull
#define HEAP_MAX	(1u << 20)

enum op { OP_ASK = 1, OP_WAIT, OP_CANCEL, OP_FREEZE, OP_THAW };

/* A request that was sent and whose line did not end. */
enum request { LIVE, OVER, SETTLED };

/**
 * struct model - what must come of it
 * @queue: requests that were sent, oldest at @first
 * @line: bytes of the line so far; @len of them, which may be more than are kept
 * @bound: when the line began a request was out
 */
static struct model {
	enum request queue[SIZE_MAX_IN];
	size_t first, nr;
	char line[SIZE_MAX_IN];
	size_t len;
	bool begun, bound;
	bool frozen;
	uint64_t ends, late, strays;
} model;

/** struct side - a client and what it said: the same bytes in pieces, or one by one */
static struct side {
	struct stats_client *c;
	uint64_t ends;
	enum stats_outcome last;
	json_t *value;
} sides[2];

static uint64_t now_ns;

static int on_write(void *arg, const void *data, size_t len)
{
	const char *text = data;

	(void)arg;
	CHECK(len && text[len - 1] == '\n' && !memchr(text, '\n', len - 1),
	      "a request of %zu bytes", len);
	return 0;
}

static void on_end(void *arg, const struct stats_end *end)
{
	const struct stats_reply *r = &end->reply;
	struct side *s = arg;

	CHECK((r->outcome == STATS_OK) == !!r->value, "%s has a value %p",
	      stats_reply__name(r->outcome), r->value);
	CHECK((r->outcome == STATS_ERRNO) == (r->err > 0), "%s with errno %d",
	      stats_reply__name(r->outcome), r->err);
	for (const char *p = r->text; *p; p++)
		CHECK(*p >= ' ' && *p < 127, "the reason has a byte 0x%x", (uint8_t)*p);
	s->ends++;
	s->last = r->outcome;
	json_decref(s->value);
	s->value = json_incref(r->value);
}

/* Depth of a value, and how many there are in it: an empty container counts for two. */
static size_t depth_of(json_t *v, size_t *values)
{
	size_t max = 0, d, i;
	const char *key;
	json_t *in;

	*values += 1 + ((json_is_object(v) && !json_object_size(v)) ||
			(json_is_array(v) && !json_array_size(v)));
	json_object_foreach(v, key, in) {
		d = depth_of(in, values);
		max = d > max ? d : max;
	}
	json_array_foreach(v, i, in) {
		d = depth_of(in, values);
		max = d > max ? d : max;
	}
	return max + (json_is_object(v) || json_is_array(v));
}

static json_t *parse(const char *line, size_t len)
{
	const size_t flags = JSON_REJECT_DUPLICATES;
	json_t *o = json_loadb(line, len, flags, NULL);

	return o ? o : json_loadb(line, len, flags | JSON_DECODE_INT_AS_REAL, NULL);
}

/* Is this how a line must end its request? */
static void check_line(const char *line, size_t len, const struct side *s)
{
	json_t *o = parse(line, len), *resp = json_object_get(json_object_get(o, "args"), "resp");
	size_t values = 0, depth = o ? depth_of(o, &values) : 0;
	bool fits = depth <= STATS_DEPTH_MAX && values <= STATS_VALUES_MAX;
	double err = json_number_value(json_object_get(o, "errno"));

	switch (s->last) {
	case STATS_OK:
		CHECK(fits && !err && json_equal(s->value, resp), "a value out of %.*s", (int)len,
		      line);
		break;
	case STATS_ERRNO:
		CHECK(fits && err && resp, "an errno out of %.*s", (int)len, line);
		break;
	case STATS_NOT_JSON:
		CHECK(!o, "this is JSON: %.*s", (int)len, line);
		break;
	case STATS_NOT_REPLY:
		CHECK(o && fits, "this is no JSON: %.*s", (int)len, line);
		break;
	case STATS_TOO_LARGE:
		CHECK(!o || !fits, "depth %zu and %zu values are not too much", depth, values);
		break;
	case STATS_LOST:
		CHECK(len >= sizeof(KTSTR_STATS_LOST) - 2 && (!o || !resp), "not lost: %.*s",
		      (int)len, line);
		break;
	default:
		CHECK(s->last == STATS_NO_SCHEDULER && o && !resp, "ended by %s: %.*s",
		      stats_reply__name(s->last), (int)len, line);
	}
	json_decref(o);
}

static enum request *oldest(void)
{
	return &model.queue[model.first];
}

/* The request that is out, if it did not end. */
static enum request *live(void)
{
	enum request *r = model.first < model.nr ? &model.queue[model.nr - 1] : NULL;

	return r && *r == LIVE ? r : NULL;
}

static void expect_ends(size_t side, const char *what)
{
	const struct stats_client_counts *n = stats_client__counts(sides[side].c);

	CHECK(sides[side].ends == model.ends, "%s: %lu requests ended, not %lu", what,
	      sides[side].ends, model.ends);
	CHECK(n->late == model.late && n->strays == model.strays,
	      "%s: late %lu/%lu, strays %lu/%lu", what, n->late, model.late, n->strays,
	      model.strays);
	CHECK(stats_client__idle(sides[side].c) == (model.first == model.nr), "%s: idle", what);
}

/* One byte to the model and to the second client, which must agree at once. */
static void one_byte(char c)
{
	struct side *s = &sides[1];
	bool live_line;

	if (!model.begun)
		model.bound = model.first < model.nr;
	model.begun = true;
	live_line = model.bound && *oldest() == LIVE;
	if (c != '\n' && model.len++ == STATS_LINE_MAX && live_line) {
		*oldest() = SETTLED;
		model.ends++;
	} else if (c != '\n' && model.len <= STATS_LINE_MAX) {
		model.line[model.len - 1] = c;
	} else if (c == '\n') {
		model.strays += !model.bound;
		model.late += model.bound && *oldest() == OVER;
		model.ends += live_line;
		model.first += model.bound;
	}
	stats_client__feed(s->c, &c, 1, now_ns);
	expect_ends(1, "byte by byte");
	if (c != '\n')
		return;
	if (live_line)
		check_line(model.line, model.len, s);
	model.begun = false;
	model.len = 0;
}

static void feed(const uint8_t *data, size_t len)
{
	/* In storage of its own, so that a byte read behind it is a finding. */
	uint8_t *copy = malloc(len);

	CHECK(copy, "no memory");
	memcpy(copy, data, len);
	stats_client__feed(sides[0].c, copy, len, now_ns);
	free(copy);
	for (size_t i = 0; i < len; i++)
		one_byte((char)data[i]);
	expect_ends(0, "in pieces");
	CHECK(sides[0].last == sides[1].last, "%s in pieces, %s byte by byte",
	      stats_reply__name(sides[0].last), stats_reply__name(sides[1].last));
}

static void end_live(enum request *r)
{
	if (!r)
		return;
	*r = OVER;
	model.ends++;
}

static void act_on_model(enum op op)
{
	switch (op) {
	case OP_ASK:
		if (live())
			break;
		if (model.frozen)
			model.ends++;
		else
			model.queue[model.nr++] = LIVE;
		break;
	case OP_WAIT:
		if (!model.frozen)
			end_live(live());
		break;
	case OP_CANCEL:
		end_live(live());
		break;
	default:
		model.frozen = op == OP_FREEZE;
	}
}

static void act(struct stats_client *c, enum op op)
{
	switch (op) {
	case OP_ASK:
		stats_client__ask(c, "stats", NULL, TIMEOUT_MS, now_ns);
		break;
	case OP_WAIT:
		stats_client__tick(c, now_ns);
		break;
	case OP_CANCEL:
		stats_client__cancel(c, now_ns);
		break;
	case OP_FREEZE:
		stats_client__freeze(c, now_ns);
		break;
	case OP_THAW:
		stats_client__thaw(c, now_ns);
	}
}

static bool is_op(uint8_t c)
{
	return c >= OP_ASK && c <= OP_THAW;
}

static void run(const uint8_t *data, size_t size)
{
	for (size_t at = 0, n; at < size; at += n) {
		enum op op = data[at];

		if (is_op(op)) {
			n = 1;
			now_ns += op == OP_WAIT ? TIMEOUT_MS * MS : 0;
			act_on_model(op);
			act(sides[0].c, op);
			act(sides[1].c, op);
			expect_ends(0, "acting");
			expect_ends(1, "acting");
			continue;
		}
		for (n = 1; at + n < size && !is_op(data[at + n]); n++)
			;
		feed(data + at, n);
	}
}

void fuzz__init(void)
{
	oracle__init();
	/* Its seed is taken at first use, and stays. */
	json_object_seed(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SIZE_MAX_IN)
		return -1;
	memset(&model, 0, sizeof(model));
	now_ns = 0;
	oracle__heap_begin();
	for (int i = 0; i < 2; i++) {
		const struct stats_client_ops ops = {
			.write = on_write, .done = on_end, .arg = &sides[i],
		};

		sides[i] = (struct side){ .c = stats_client__new(&ops) };
		CHECK(sides[i].c, "no memory");
	}
	run(data, size);
	for (int i = 0; i < 2; i++) {
		stats_client__free(sides[i].c);
		json_decref(sides[i].value);
	}
	oracle__heap_end("the client", HEAP_MAX);
	return 0;
}
