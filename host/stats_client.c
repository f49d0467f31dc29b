// SPDX-License-Identifier: GPL-2.0-only
/*
 * One request at a time, and no reply taken for another.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "stats_client.h"

#define MS	1000000ull

struct stats_client {
	struct stats_client_ops ops;
	struct stats_client_counts counts;
	bool waiting;		/* a request is out */
	uint64_t asked_ns;
	uint64_t deadline_ns;
	uint64_t owed;		/* replies to come of requests that are over */
	struct buf line;	/* the line that is coming, its first bytes */
	bool begun;		/* there is one */
	bool stray;		/* and no request was out when it began, so it answers none */
	bool skip;		/* it is too long: to its end nothing is kept */
	bool settled;		/* it was too long for the request that it answers, which knows */
	bool frozen;
	uint64_t frozen_ns;
};

struct stats_client *stats_client__new(const struct stats_client_ops *ops)
{
	struct stats_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ops = *ops;
	buf__init(&c->line, STATS_LINE_MAX);
	return c;
}

void stats_client__free(struct stats_client *c)
{
	if (!c)
		return;
	buf__free(&c->line);
	free(c);
}

/* @reply is given back. */
static void end(struct stats_client *c, struct stats_reply *reply, uint64_t now_ns)
{
	struct stats_end e = { .reply = *reply, .asked_ns = c->asked_ns, .ended_ns = now_ns };

	c->waiting = false;
	c->ops.done(c->ops.arg, &e);
	stats_reply__free(reply);
}

static void end_as(struct stats_client *c, enum stats_outcome outcome, const char *text,
		   uint64_t now_ns)
{
	struct stats_reply r;

	stats_reply__set(&r, outcome, text);
	end(c, &r, now_ns);
}

static char *request(const char *req, json_t *args)
{
	json_t *o = json_pack("{s:s,s:o}", "req", req, "args",
			      args ? json_incref(args) : json_object());
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

static int send(struct stats_client *c, char *text)
{
	size_t len = strlen(text);

	/* The end of the line in the place of that of the string. */
	text[len] = '\n';
	return c->ops.write(c->ops.arg, text, len + 1);
}

int stats_client__ask(struct stats_client *c, const char *req, json_t *args, uint32_t timeout_ms,
		      uint64_t now_ns)
{
	char *text;
	int ret;

	if (c->waiting)
		return -EBUSY;
	text = request(req, args);
	if (!text || strlen(text) >= STATS_REQUEST_MAX) {
		ret = text ? -E2BIG : -ENOMEM;
		free(text);
		return ret;
	}
	c->waiting = true;
	c->asked_ns = now_ns;
	c->deadline_ns = now_ns + timeout_ms * MS;
	ret = c->frozen ? 0 : send(c, text);
	free(text);
	if (c->frozen)
		end_as(c, STATS_FROZEN, "the guest is frozen", now_ns);
	else if (ret)
		end_as(c, STATS_NO_ROOM, strerror(-ret), now_ns);
	else
		c->counts.asked++;
	return 0;
}

/* Its reply may still come. */
static void give_up(struct stats_client *c, enum stats_outcome outcome, const char *text,
		    uint64_t now_ns)
{
	c->owed++;
	end_as(c, outcome, text, now_ns);
}

void stats_client__tick(struct stats_client *c, uint64_t now_ns)
{
	char text[STATS_TEXT_MAX];

	if (now_ns < stats_client__next_ns(c))
		return;
	snprintf(text, sizeof(text), "no answer within %llu ms%s",
		 (c->deadline_ns - c->asked_ns) / MS,
		 c->begun && !c->stray && !c->owed ? ", only a part of one" : "");
	give_up(c, STATS_TIMEOUT, text, now_ns);
}

uint64_t stats_client__next_ns(const struct stats_client *c)
{
	return c->waiting && !c->frozen ? c->deadline_ns : UINT64_MAX;
}

void stats_client__cancel(struct stats_client *c, uint64_t now_ns)
{
	if (c->waiting)
		give_up(c, STATS_CANCELLED, "nobody waits for the answer any longer", now_ns);
}

void stats_client__freeze(struct stats_client *c, uint64_t now_ns)
{
	if (!c->frozen)
		c->frozen_ns = now_ns;
	c->frozen = true;
}

void stats_client__thaw(struct stats_client *c, uint64_t now_ns)
{
	if (c->frozen)
		c->deadline_ns += now_ns - c->frozen_ns;
	c->frozen = false;
}

bool stats_client__idle(const struct stats_client *c)
{
	return !c->waiting && !c->owed && !c->settled;
}

const struct stats_client_counts *stats_client__counts(const struct stats_client *c)
{
	return &c->counts;
}

/* A line that no request waits for. */
static void drop_line(struct stats_client *c)
{
	if (c->stray) {
		c->counts.strays++;
	} else {
		c->owed--;
		c->counts.late++;
	}
}

/* It answers the oldest request that is out now, over or not. */
static void begin_line(struct stats_client *c)
{
	c->begun = true;
	c->stray = !c->waiting && !c->owed;
}

static void take_line(struct stats_client *c, uint64_t now_ns)
{
	struct stats_reply r;

	if (c->stray || c->owed)
		return drop_line(c);
	stats_reply__parse(&r, c->line.len ? c->line.data : "", c->line.len);
	end(c, &r, now_ns);
}

static void end_line(struct stats_client *c, uint64_t now_ns)
{
	if (c->settled)
		c->settled = false;
	else if (c->skip)
		drop_line(c);
	else
		take_line(c, now_ns);
	c->skip = false;
	c->begun = false;
	c->line.len = 0;
}

/* The line grows beyond all bounds. Whoever waits for it need not wait for its end. */
static void skip_line(struct stats_client *c, uint64_t now_ns)
{
	const char *why = c->line.err == -ENOMEM ? "there is no memory for the answer" :
			  "the answer has more than 1 MiB";

	buf__free(&c->line);
	c->skip = true;
	if (c->stray || c->owed)
		return;
	c->settled = true;
	end_as(c, STATS_TOO_LARGE, why, now_ns);
}

void stats_client__feed(struct stats_client *c, const void *data, size_t len, uint64_t now_ns)
{
	const char *p = data, *nl, *stop = p + len;

	while (p < stop) {
		if (!c->begun)
			begin_line(c);
		nl = memchr(p, '\n', stop - p);
		if (!c->skip && buf__add(&c->line, p, (nl ? nl : stop) - p))
			skip_line(c, now_ns);
		if (!nl)
			return;
		end_line(c, now_ns);
		p = nl + 1;
	}
}
