/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking a scheduler for statistics, over any two-way stream of bytes: port 2 of a
 * machine, or a test's.
 *
 * One request at a time. The protocol has no numbers, but replies come in the order of the
 * requests: for every request that ended without its reply one is still owed, and as
 * many lines are dropped before one counts. Nothing blocks, and no clock is read here.
 */
#ifndef KTSTR_HOST_STATS_CLIENT_H
#define KTSTR_HOST_STATS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "stats_reply.h"

#define STATS_REQUEST_MAX	4096u	/* bytes */

/**
 * struct stats_end - a request that ended
 * @reply: how; its value is the client's, take a reference to keep it
 * @asked_ns, @ended_ns: times of stats_client__ask() and of the call that ended it
 */
struct stats_end {
	struct stats_reply reply;
	uint64_t asked_ns;
	uint64_t ended_ns;
};

/**
 * struct stats_client_ops - what a client needs
 * @write: queue all of the bytes or none, as vmm__port_write(); return: 0 or negative errno
 * @done: a request ended; it may ask the next one
 * @arg: passed to both
 */
struct stats_client_ops {
	int (*write)(void *arg, const void *data, size_t len);
	void (*done)(void *arg, const struct stats_end *end);
	void *arg;
};

/**
 * struct stats_client_counts - what went by
 * @asked: requests that left
 * @late: replies that came after their request had ended, and were dropped
 * @strays: lines that answered nothing
 */
struct stats_client_counts {
	uint64_t asked;
	uint64_t late;
	uint64_t strays;
};

struct stats_client;

/** stats_client__new() - return: NULL without memory */
struct stats_client *stats_client__new(const struct stats_client_ops *ops);

/**
 * stats_client__ask() - send a request
 * @c: client
 * @req: "stats", "stats_meta"
 * @args: object with arguments, {"target":"top"}; NULL for none; not kept
 * @timeout_ms: end it with %STATS_TIMEOUT after this long
 * @now_ns: CLOCK_MONOTONIC
 *
 * Return: 0, and then ops.done is called exactly once: before this returns for
 * %STATS_FROZEN and %STATS_NO_ROOM; later for all else. -EBUSY while one is out, -E2BIG
 * when it is longer than %STATS_REQUEST_MAX, -ENOMEM; nothing was sent then.
 */
int stats_client__ask(struct stats_client *c, const char *req, json_t *args, uint32_t timeout_ms,
		      uint64_t now_ns);

/** stats_client__feed() - take @len bytes that came, hostile, at @now_ns */
void stats_client__feed(struct stats_client *c, const void *data, size_t len, uint64_t now_ns);

/** stats_client__tick() - it is @now_ns: end what took too long */
void stats_client__tick(struct stats_client *c, uint64_t now_ns);

/** stats_client__next_ns() - when stats_client__tick() has something to do; UINT64_MAX for never */
uint64_t stats_client__next_ns(const struct stats_client *c);

/** stats_client__cancel() - end the request that is out, if one is, with %STATS_CANCELLED */
void stats_client__cancel(struct stats_client *c, uint64_t now_ns);

/**
 * stats_client__freeze() - the guest stands still from @now_ns on
 * Requests end at once with %STATS_FROZEN; the time of the one that is out stands still too.
 */
void stats_client__freeze(struct stats_client *c, uint64_t now_ns);

/** stats_client__thaw() - the guest goes on */
void stats_client__thaw(struct stats_client *c, uint64_t now_ns);

/**
 * stats_client__idle() - nothing is out and nothing is owed
 * Who asks only then never has two requests at the scheduler.
 */
bool stats_client__idle(const struct stats_client *c);

/** stats_client__counts() - the counters so far */
const struct stats_client_counts *stats_client__counts(const struct stats_client *c);

/** stats_client__free() - NULL is fine; a request that is out ends without a word */
void stats_client__free(struct stats_client *c);

#endif /* KTSTR_HOST_STATS_CLIENT_H */
