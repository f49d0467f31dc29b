// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock in words and in JSON.
 */
#include <stdio.h>

#include "event_clock.h"

typedef unsigned long long ull;

const char *event_clock__why(enum event_clock_state state)
{
	static const char * const why[] = {
		[EVENT_CLOCK_OK]	= "it is known",
		[EVENT_CLOCK_NO_OFFSET]	= "this host's KVM does not let the guest's TSC offset be set",
		[EVENT_CLOCK_MOVED]	= "a vCPU's TSC did not keep the offset it was given: the guest wrote it, or the host's TSC is not stable",
		[EVENT_CLOCK_NO_HOST]	= "the host's clocks were not read both before and after the run",
		[EVENT_CLOCK_NO_GUEST]	= "the guest did not report its clocks twice",
		[EVENT_CLOCK_STUCK]	= "a clock did not advance between two readings",
		[EVENT_CLOCK_SCALED]	= "the guest's TSC has another frequency than the host's: this host would need TSC scaling",
		[EVENT_CLOCK_CONTRADICTED] = "what the guest reports of its clocks cannot be",
	};

	return state < sizeof(why) / sizeof(why[0]) ? why[state] : "unknown";
}

static void text_of_pings(const struct event_clock_result *r, char *buf, size_t len)
{
	if (r->answered)
		snprintf(buf, len, " below %llu ns by %llu pings", (ull)r->ping_bound_ns,
			 (ull)r->answered);
	else
		snprintf(buf, len, " not tested by any ping");
}

void event_clock__text(const struct event_clock_result *r, char *buf, size_t len)
{
	ull ahead = r->ahead_ns < 0 ? -(ull)r->ahead_ns : (ull)r->ahead_ns;
	char pings[96];

	text_of_pings(r, pings, sizeof(pings));
	if (r->state == EVENT_CLOCK_CONTRADICTED)
		snprintf(buf, len,
			 "clock: guest times are not converted: %s (%llu contradictions, %llu of %llu pings answered)",
			 event_clock__why(r->state), (ull)r->contradictions, (ull)r->answered,
			 (ull)r->sent);
	else if (r->state)
		snprintf(buf, len, "clock: guest times are not converted: %s",
			 event_clock__why(r->state));
	else
		snprintf(buf, len,
			 "clock: guest = host %c %llu ns, error%s (below %llu ns by the TSC), drift %lld ppb",
			 r->ahead_ns < 0 ? '-' : '+', ahead, pings, (ull)r->bound_ns,
			 (long long)r->drift_ppb);
}

static json_t *number(uint64_t v)
{
	/* JSON integers are signed in jansson. */
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

#define SET(_o, _name, _v) json_object_set_new(_o, _name, number(_v))

/* All 64 bits count, and JSON readers have 53. */
static json_t *counter(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%#llx", (ull)v);
	return json_string(text);
}

static json_t *kvm_at(const struct vmm_clock_at *at)
{
	json_t *o = json_object();

	SET(o, "kvmclock_ns", at->kvm_ns);
	SET(o, "mono_ns", at->host.mono_ns);
	SET(o, "boot_ns", at->host.boot_ns);
	SET(o, "window_ns", at->host.window_ns);
	json_object_set_new(o, "tsc", counter(at->host.cycles));
	json_object_set_new(o, "tsc_stable", json_boolean(at->flags & VMM_CLOCK_TSC_STABLE));
	if (at->flags & VMM_CLOCK_REALTIME)
		SET(o, "realtime_ns", at->realtime_ns);
	if (at->flags & VMM_CLOCK_HOST_TSC)
		json_object_set_new(o, "kvmclock_tsc", counter(at->host_tsc));
	return o;
}

static json_t *machine(const struct vmm_clock *m)
{
	json_t *o = json_object();

	json_object_set_new(o, "tsc_offset", m->valid & VMM_CLOCK_OFFSET ?
			    counter(m->tsc_offset) : json_null());
	json_object_set_new(o, "tsc_khz", m->valid & VMM_CLOCK_KHZ ?
			    number(m->tsc_khz) : json_null());
	json_object_set_new(o, "before", m->valid & VMM_CLOCK_BEFORE ?
			    kvm_at(&m->before) : json_null());
	json_object_set_new(o, "after", m->valid & VMM_CLOCK_AFTER ?
			    kvm_at(&m->after) : json_null());
	return o;
}

static json_t *line(const struct event_clock_line *l)
{
	json_t *o = json_object();

	json_object_set_new(o, "tsc", counter(l->cycles));
	SET(o, "ns", l->ns);
	SET(o, "tsc_passed", l->d_cycles);
	SET(o, "ns_passed", l->d_ns);
	return o;
}

static json_t *conversion(const struct event_clock_result *r)
{
	json_t *o = json_object();

	json_object_set_new(o, "guest_less_host_ns", json_integer(r->ahead_ns));
	json_object_set_new(o, "drift_ppb", json_integer(r->drift_ppb));
	SET(o, "bound_ns", r->bound_ns);
	SET(o, "bound_of_windows_ns", r->window_ns);
	SET(o, "bound_of_lines_ns", r->line_ns);
	json_object_set_new(o, "guest", line(&r->guest));
	json_object_set_new(o, "host", line(&r->host));
	return o;
}

json_t *event_clock__json(const struct event_clock *c, const struct event_clock_result *r)
{
	json_t *o = json_object(), *p = json_object();

	json_object_set_new(o, "known", json_boolean(r->state == EVENT_CLOCK_OK));
	json_object_set_new(o, "why", json_string(event_clock__why(r->state)));
	json_object_set_new(o, "machine", machine(&c->machine));
	json_object_set_new(o, "conversion", r->state ? json_null() : conversion(r));
	SET(p, "sent", r->sent);
	SET(p, "answered", r->answered);
	SET(p, "checked", r->checked);
	json_object_set_new(p, "bound_ns", r->answered ? number(r->ping_bound_ns) : json_null());
	SET(p, "refused", r->refused);
	SET(p, "strangers", r->strangers);
	SET(p, "contradictions", r->contradictions);
	json_object_set_new(o, "pings", p);
	return o;
}
