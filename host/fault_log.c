// SPDX-License-Identifier: GPL-2.0-only
/*
 * What became of each order to switch a fault, for people and machines.
 */
#include <inttypes.h>
#include <string.h>

#include "fault_log.h"

#define MS	1e6

static const char * const state_names[] = {
	[FAULT_WAITING] = "not_due",	[FAULT_SEEKING] = "not_written",
	[FAULT_WRITTEN] = "not_taken",	[FAULT_TAKEN] = "taken",
	[FAULT_FAILED] = "failed",
};

static void add_line(struct buf *b, const struct fault_order *o, const struct fault_done *d)
{
	char text[128];

	text__clean(text, sizeof(text), o->text, strlen(o->text));
	buf__printf(b, "%s %s: ", fault_order__option(o), text);
	switch (d->state) {
	case FAULT_WAITING:
		buf__printf(b, "not due when the run ended\n");
		return;
	case FAULT_SEEKING:
		buf__printf(b, "due, but not written when the run ended\n");
		return;
	case FAULT_FAILED:
		buf__printf(b, "failed: %s\n", d->why);
		return;
	case FAULT_WRITTEN:
		buf__printf(b, "written after %.1f ms, not taken when the run ended\n",
			    d->written_ns / MS);
		return;
	case FAULT_TAKEN:
		break;
	}
	buf__printf(b, "written after %.1f ms, taken after %.1f ms", d->written_ns / MS,
		    d->taken_ns / MS);
	if (o->arm)
		buf__printf(b, ", hit %" PRIu64 " times", d->hits);
	buf__printf(b, "\n");
}

void fault_log__text(const struct fault_log *log, const struct fault_orders *orders,
		     struct buf *b)
{
	for (uint32_t i = 0; i < orders->nr; i++)
		add_line(b, &orders->v[i], &log->v[i]);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *number_if(bool valid, uint64_t v)
{
	return valid ? json_integer((json_int_t)v) : json_null();
}

static json_t *one(const struct fault_order *order, const struct fault_done *d)
{
	bool taken = d->state == FAULT_TAKEN;
	json_t *o = json_object();
	char text[256];

	text__clean(text, sizeof(text), order->text, strlen(order->text));
	set(o, "what", json_string(order->arm ? "arm" : "disarm"));
	set(o, "fault", json_string(fault_words__name(order->id)));
	set(o, "text", json_string(text));
	set(o, "at_ns", json_integer(order->at_ms * 1000000ll));
	set(o, "state", json_string(state_names[d->state]));
	set(o, "written_ns", number_if(taken || d->state == FAULT_WRITTEN, d->written_ns));
	set(o, "taken_ns", number_if(taken, d->taken_ns));
	set(o, "hits", number_if(taken && order->arm, d->hits));
	set(o, "reason", d->state == FAULT_FAILED ? json_string(d->why) : json_null());
	return o;
}

json_t *fault_log__json(const struct fault_log *log, const struct fault_orders *orders)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < orders->nr; i++)
		json_array_append_new(a, one(&orders->v[i], &log->v[i]));
	return a;
}
