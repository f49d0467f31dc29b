// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON of the account; event_json.c has the metrics.
 */
#include <string.h>

#include "event_json.h"
#include "events_json.h"

static void set(json_t *o, const char *name, uint64_t v)
{
	/* JSON integers are signed in jansson. */
	json_object_set_new(o, name, json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v));
}

static json_t *accounts(const struct events_result *r)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < KTSTR_CPUS_MAX; i++) {
		const struct events_cpu *c = &r->cpus[i];
		json_t *o;

		if (!c->told && !c->received && i >= r->nr_cpus)
			continue;
		o = json_object();
		set(o, "cpu", i);
		json_object_set_new(o, "final", json_boolean(c->final));
		set(o, "emitted", c->emitted);
		set(o, "lost", c->lost);
		set(o, "sent", c->sent);
		set(o, "received", c->received);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *snapshot(bool has, const struct ktstr_clock *c)
{
	json_t *o;

	if (!has)
		return json_null();
	o = json_object();
	json_object_set_new(o, "cycles", c->valid & KTSTR_CLOCK_HAS_CYCLES ?
			    json_integer((json_int_t)c->cycles) : json_null());
	json_object_set_new(o, "ring_ns", c->valid & KTSTR_CLOCK_HAS_RING ?
			    json_integer((json_int_t)c->ring_ns) : json_null());
	set(o, "mono_ns", c->mono_ns);
	set(o, "boot_ns", c->boot_ns);
	set(o, "window_ns", c->window_ns);
	return o;
}

static json_t *clock_facts(const struct events_result *r)
{
	const struct events_clock *c = &r->clock;
	json_t *o = json_object();
	bool drift = c->has_begin && c->has_end &&
		     c->begin.valid & c->end.valid & KTSTR_CLOCK_HAS_RING;

	json_object_set_new(o, "of_pages", json_string(r->path != KTSTR_EVENTS_MODULE ? "mono" :
						       r->clock_id == KTSTR_CLOCK_LOCAL ?
						       "local" : "mono"));
	json_object_set_new(o, "offset_ns", c->used ?
			    json_integer((json_int_t)c->offset_ns) : json_null());
	json_object_set_new(o, "drift_ns", drift ? json_integer(c->drift_ns) : json_null());
	set(o, "pings", c->pings);
	json_object_set_new(o, "begin", snapshot(c->has_begin, &c->begin));
	json_object_set_new(o, "end", snapshot(c->has_end, &c->end));
	return o;
}

static json_t *types(uint64_t bits)
{
	json_t *a = json_array();

	for (uint32_t i = 0; i < 64; i++)
		if (bits & 1ull << i)
			json_array_append_new(a, json_integer(i));
	return a;
}

static json_t *notes(const char *text)
{
	json_t *a = json_array();

	while (*text) {
		size_t len = strcspn(text, "\n");

		json_array_append_new(a, json_stringn(text, len));
		text += len + (text[len] == '\n');
	}
	return a;
}

/* Of a part of all events only what is counted, not what follows from it. */
static json_t *counted(const struct event_stream *s)
{
	static const char * const names[KTSTR_EV_NR] = { KTSTR_EVENT_NAMES };
	const struct event_totals *t = event_state__totals(event_stream__state(s));
	json_t *o = json_object();

	for (uint32_t i = 1; i < KTSTR_EV_NR; i++)
		set(o, names[i], t->events[i]);
	return o;
}

static json_t *nonsense(const struct events_result *r)
{
	json_t *o = json_object();

	set(o, "info_repeated", r->repeated);
	set(o, "events_too_early", r->early);
	set(o, "events_of_another_path", r->misfits);
	set(o, "malformed", r->malformed);
	return o;
}

json_t *events_json(const struct events *ev)
{
	const struct events_result *r = events__result(ev);
	const struct event_stream *s = events__stream(ev);
	json_t *o = s ? event_json__stream(s) : json_object();

	json_object_set_new(o, "partial", json_boolean(r->partial));
	json_object_set_new(o, "in_window", s ? counted(s) : json_null());
	if (r->partial)
		json_object_set_new(o, "metrics", json_null());
	/* Those are of a trace that may or may not be written, not of the run. */
	json_object_del(o, "trace_bytes");
	json_object_del(o, "trace_dropped");
	json_object_set_new(o, "path", r->has_info ?
			    json_string(events__path_name(r->path)) : json_null());
	json_object_set_new(o, "notes", notes(r->notes));
	json_object_set_new(o, "wanted", types(r->wanted));
	json_object_set_new(o, "attached", types(r->attached));
	json_object_set_new(o, "filtered_by_cpu", json_boolean(r->filter & KTSTR_FILTER_CPUS));
	json_object_set_new(o, "filtered_by_cgroup", json_boolean(r->filter & KTSTR_FILTER_CGROUP));
	set(o, "page_size", r->page_size);
	set(o, "buffer_bytes", r->buffer_bytes);
	json_object_set_new(o, "topology_assumed", json_boolean(r->topology_assumed));
	set(o, "emitted", r->emitted);
	set(o, "lost", r->lost);
	set(o, "sent", r->sent);
	set(o, "received", r->received);
	set(o, "lost_in_window", r->lost_window);
	set(o, "lost_untold", r->lost_untold);
	set(o, "cpus_not_final", r->not_final);
	set(o, "cpus_unbalanced", r->unbalanced + r->unexplained);
	json_object_set_new(o, "accounts", accounts(r));
	json_object_set_new(o, "clock", clock_facts(r));
	json_object_set_new(o, "nonsense", nonsense(r));
	return o;
}
