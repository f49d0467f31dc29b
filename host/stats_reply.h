/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line from port 2: a scheduler's reply, the relay's own words, or neither.
 *
 * The protocol is that of the scx_stats crate: a request {"req":NAME,"args":{...}} is
 * answered by {"errno":N,"args":{"resp":VALUE}}; for an errno that is not 0 VALUE says why.
 */
#ifndef KTSTR_HOST_STATS_REPLY_H
#define KTSTR_HOST_STATS_REPLY_H

#include <stddef.h>

#include <jansson.h>

/*
 * What a line may have. Every value costs the host about 100 bytes. A fuzzer, whose
 * inputs are short, builds with smaller ones.
 */
#ifndef STATS_LINE_MAX
#define STATS_LINE_MAX		(1u << 20)	/* bytes without its end */
#define STATS_DEPTH_MAX		32u		/* objects and arrays in each other */
#define STATS_VALUES_MAX	65536u		/* values in all */
#endif
#define STATS_TEXT_MAX		160u		/* of a reason, with its NUL */

/* How a request ended. */
enum stats_outcome {
	STATS_OK,		/* with a value */
	STATS_NO_SCHEDULER,	/* nobody listens on the socket */
	STATS_LOST,		/* the scheduler closed the connection and had not answered */
	STATS_ERRNO,		/* the scheduler says no */
	STATS_TIMEOUT,		/* no answer in time */
	STATS_TOO_LARGE,	/* more bytes, values or depth than we take */
	STATS_NOT_JSON,
	STATS_NOT_REPLY,	/* JSON, but no reply of the protocol */
	STATS_CANCELLED,	/* by stats_client__cancel() */
	STATS_FROZEN,		/* the guest stands still, and cannot be asked */
	STATS_NO_ROOM,		/* the port takes no bytes: the guest does not read it */
	STATS_OUTCOMES,
};

/**
 * struct stats_reply - how a request ended
 * @outcome: this way
 * @value: for %STATS_OK "resp", a reference of the receiver of this struct; else NULL
 * @err: for %STATS_ERRNO the scheduler's errno, above 0; some say -EINVAL, some EINVAL
 * @text: reason in clean ASCII; may be empty
 */
struct stats_reply {
	enum stats_outcome outcome;
	json_t *value;
	int err;
	char text[STATS_TEXT_MAX];
};

/** stats_reply__name() - an outcome as one word, as in JSON */
const char *stats_reply__name(enum stats_outcome outcome);

/**
 * stats_reply__set() - an outcome without a value
 * @r: filled
 * @outcome: not %STATS_OK
 * @text: reason, copied and made clean
 */
void stats_reply__set(struct stats_reply *r, enum stats_outcome outcome, const char *text);

/**
 * stats_reply__parse() - what a line says
 * @r: filled; stats_reply__free() afterwards
 * @line: hostile, without its newline
 * @len: bytes, at most %STATS_LINE_MAX
 */
void stats_reply__parse(struct stats_reply *r, const char *line, size_t len);

/**
 * stats_json__load() - JSON from the guest within the bounds above
 * @text: hostile
 * @len: bytes
 * @r: on failure gets an outcome, %STATS_TOO_LARGE or %STATS_NOT_JSON, and its reason
 *
 * Integers that do not fit into 63 bits become reals.
 * Return: a new reference, or NULL.
 */
json_t *stats_json__load(const char *text, size_t len, struct stats_reply *r);

/** stats_reply__free() - give the value back */
void stats_reply__free(struct stats_reply *r);

#endif /* KTSTR_HOST_STATS_REPLY_H */
