// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a reply apart.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/stats.h>

#include "buf.h"
#include "stats_reply.h"

static const char * const names[STATS_OUTCOMES] = {
	[STATS_OK] = "ok", [STATS_NO_SCHEDULER] = "no_scheduler", [STATS_LOST] = "lost",
	[STATS_ERRNO] = "errno", [STATS_TIMEOUT] = "timeout", [STATS_TOO_LARGE] = "too_large",
	[STATS_NOT_JSON] = "not_json", [STATS_NOT_REPLY] = "not_reply",
	[STATS_CANCELLED] = "cancelled", [STATS_FROZEN] = "frozen", [STATS_NO_ROOM] = "no_room",
};

const char *stats_reply__name(enum stats_outcome outcome)
{
	return names[outcome];
}

void stats_reply__set(struct stats_reply *r, enum stats_outcome outcome, const char *text)
{
	memset(r, 0, sizeof(*r));
	r->outcome = outcome;
	text__clean(r->text, sizeof(r->text), text, strlen(text));
}

/*
 * Before a parser allocates: how deep is it, and how many values can it have at most?
 * Every value but the first of an object, an array or all follows a bracket or a comma.
 */
static bool fits(const char *text, size_t len)
{
	size_t depth = 0, values = 1;
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (string && c == '\\')
			i++;
		else if (c == '"')
			string = !string;
		else if (string)
			continue;
		else if (c == '{' || c == '[')
			depth++, values++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		else if (c == ',')
			values++;
		if (depth > STATS_DEPTH_MAX || values > STATS_VALUES_MAX)
			return false;
	}
	return true;
}

json_t *stats_json__load(const char *text, size_t len, struct stats_reply *r)
{
	json_error_t error;
	json_t *o;

	if (len > STATS_LINE_MAX || !fits(text, len)) {
		stats_reply__set(r, STATS_TOO_LARGE, "too many values, or too deep");
		return NULL;
	}
	o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	/* A u64 is usual in a scheduler, and it may be any. */
	if (!o && json_error_code(&error) == json_error_numeric_overflow)
		o = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (!o)
		stats_reply__set(r, STATS_NOT_JSON, error.text);
	return o;
}

static bool ends_in(const char *line, size_t len, const char *relay)
{
	size_t n = strlen(relay) - 1;	/* without its newline */

	return len >= n && !memcmp(line + len - n, relay, n);
}

/* The relay's words are known, so they need no parser. */
static bool from_relay(struct stats_reply *r, const char *line, size_t len)
{
	if (ends_in(line, len, KTSTR_STATS_LOST))
		stats_reply__set(r, STATS_LOST, len < sizeof(KTSTR_STATS_LOST) - 1 ?
				 "the scheduler closed the connection" :
				 "the scheduler closed the connection within its answer");
	else if (len == sizeof(KTSTR_STATS_NO_SOCKET) - 2 &&
		 ends_in(line, len, KTSTR_STATS_NO_SOCKET))
		stats_reply__set(r, STATS_NO_SCHEDULER, "no scheduler serves statistics");
	else
		return false;
	return true;
}

static void from_scheduler(struct stats_reply *r, const json_t *o)
{
	const json_t *err = json_object_get(o, "errno");
	json_t *resp = json_object_get(json_object_get(o, "args"), "resp");
	double d = json_number_value(err);
	int n = d >= -INT_MAX && d <= INT_MAX ? (int)d : 0;

	/* A real where stats_json__load() made it one, but always a whole number. */
	if (!json_is_number(err) || n != d || !resp) {
		stats_reply__set(r, STATS_NOT_REPLY, "the line has no errno and args.resp");
		return;
	}
	if (n) {
		stats_reply__set(r, STATS_ERRNO, json_is_string(resp) ?
				 json_string_value(resp) : "");
		r->err = abs(n);
		return;
	}
	memset(r, 0, sizeof(*r));
	r->outcome = STATS_OK;
	r->value = json_incref(resp);
}

void stats_reply__parse(struct stats_reply *r, const char *line, size_t len)
{
	json_t *o;

	if (from_relay(r, line, len))
		return;
	o = stats_json__load(line, len, r);
	if (!o)
		return;
	from_scheduler(r, o);
	json_decref(o);
}

void stats_reply__free(struct stats_reply *r)
{
	json_decref(r->value);
	r->value = NULL;
}
