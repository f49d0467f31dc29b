// SPDX-License-Identifier: GPL-2.0-only
/*
 * From readings to a conversion. Products are of two numbers below 2^62, in 128 bits:
 * nothing is rounded but the quotient.
 */
#include <string.h>

#include "event_clock.h"

#define SPAN_MAX	(1ull << 62)
#define SAMPLES_MAX	(EVENT_CLOCK_PINGS + 4)
#define RATE_PPM	10000	/* calibrations differ by less, CPUs that need scaling by more */

typedef __int128 wide_t;

/* a * b / d to the nearest, or the nearest that there is; d > 0. */
static int64_t mul_div(int64_t a, uint64_t b, uint64_t d)
{
	wide_t p = (wide_t)a * b, half = d / 2;
	wide_t q = (p < 0 ? p - half : p + half) / (wide_t)d;

	if (q > INT64_MAX)
		return INT64_MAX;
	return q < INT64_MIN ? INT64_MIN : (int64_t)q;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The result wraps like a counter does; false when it is too far from the line. */
static bool cycles_at(const struct event_clock_line *l, uint64_t ns, uint64_t *cycles)
{
	int64_t d = (int64_t)(ns - l->ns);
	wide_t far = (wide_t)d * l->d_cycles / l->d_ns;

	if (distance(ns, l->ns) >= SPAN_MAX)
		return false;
	if (far >= (wide_t)SPAN_MAX || far <= -(wide_t)SPAN_MAX)
		return false;
	*cycles = l->cycles + (uint64_t)mul_div(d, l->d_cycles, l->d_ns);
	return true;
}

static bool ns_at(const struct event_clock_line *l, uint64_t cycles, uint64_t *ns)
{
	int64_t d = (int64_t)(cycles - l->cycles);
	wide_t at = (wide_t)d * l->d_ns / l->d_cycles + l->ns;

	if (d >= (int64_t)SPAN_MAX || d <= -(int64_t)SPAN_MAX || at < 0 ||
	    at >= (wide_t)(2 * SPAN_MAX))
		return false;
	*ns = l->ns + (uint64_t)mul_div(d, l->d_ns, l->d_cycles);
	return true;
}

static bool line_init(struct event_clock_line *l, uint64_t c0, uint64_t n0, uint64_t c1,
		      uint64_t n1)
{
	*l = (struct event_clock_line){ c0, n0, c1 - c0, n1 - n0 };
	return l->d_cycles && l->d_cycles < SPAN_MAX && l->d_ns && l->d_ns < SPAN_MAX;
}

/* How far a reading is off a line, beyond what its window explains. */
static uint64_t off_line(const struct event_clock_line *l, uint64_t cycles, uint64_t ns,
			 uint64_t window)
{
	uint64_t at, off;

	if (!ns_at(l, cycles, &at))
		return SPAN_MAX;
	off = distance(at, ns);
	return off > window ? off - window : 0;
}

/* Every reading of the guest, some twice; return: how many. */
static uint32_t collect(const struct event_clock *c, const struct event_clock_sample **s)
{
	uint32_t nr = 0;

	if (c->has_begin)
		s[nr++] = &c->begin;
	if (c->has_end)
		s[nr++] = &c->end;
	for (uint32_t i = 0; i < c->nr_pings; i++)
		s[nr++] = &c->pings[i].guest;
	if (c->answered) {
		s[nr++] = &c->last.guest;
		s[nr++] = &c->tightest.guest;
	}
	return nr;
}

static enum event_clock_state guest_line(const struct event_clock *c, struct event_clock_result *r,
					 uint64_t *line_ns)
{
	const struct event_clock_sample *s[SAMPLES_MAX], *first, *last;
	uint32_t nr = collect(c, s);

	if (!nr)
		return EVENT_CLOCK_NO_GUEST;
	first = last = s[0];
	for (uint32_t i = 1; i < nr; i++) {
		if ((int64_t)(s[i]->cycles - first->cycles) < 0)
			first = s[i];
		if ((int64_t)(s[i]->cycles - last->cycles) > 0)
			last = s[i];
	}
	if (first == last)
		return EVENT_CLOCK_NO_GUEST;
	if (!line_init(&r->guest, first->cycles, first->mono_ns, last->cycles, last->mono_ns))
		return EVENT_CLOCK_STUCK;
	r->window_ns += max_of(first->window_ns, last->window_ns);
	*line_ns = 0;
	for (uint32_t i = 0; i < nr; i++)
		*line_ns = max_of(*line_ns, off_line(&r->guest, s[i]->cycles, s[i]->mono_ns,
						     s[i]->window_ns));
	return EVENT_CLOCK_OK;
}

static uint64_t host_off_line(const struct event_clock_line *l, const struct event_clock_ping *p)
{
	return max_of(off_line(l, p->asked.cycles, p->asked.mono_ns, p->asked.window_ns),
		      off_line(l, p->heard.cycles, p->heard.mono_ns, p->heard.window_ns));
}

static enum event_clock_state host_line(const struct event_clock *c, struct event_clock_result *r,
					uint64_t *line_ns)
{
	const struct vmm_time *b = &c->machine.before.host, *a = &c->machine.after.host;

	if (!line_init(&r->host, b->cycles, b->mono_ns, a->cycles, a->mono_ns))
		return EVENT_CLOCK_STUCK;
	r->window_ns += max_of(b->window_ns, a->window_ns);
	*line_ns = 0;
	for (uint32_t i = 0; i < c->nr_pings; i++)
		*line_ns = max_of(*line_ns, host_off_line(&r->host, &c->pings[i]));
	if (c->answered)
		*line_ns = max_of(*line_ns, host_off_line(&r->host, &c->last));
	return EVENT_CLOCK_OK;
}

/* Host cycles in a millisecond against what KVM says of the guest. */
static bool is_scaled(const struct event_clock *c, const struct event_clock_result *r)
{
	wide_t host = (wide_t)r->host.d_cycles * 1000000;
	wide_t guest = (wide_t)c->machine.tsc_khz * r->host.d_ns;
	wide_t slack = guest / 1000000 * RATE_PPM + (wide_t)c->machine.tsc_khz * r->window_ns;

	if (!(c->machine.valid & VMM_CLOCK_KHZ))
		return false;
	return (host > guest ? host - guest : guest - host) > slack;
}

static bool to_host(const struct event_clock_result *r, uint64_t guest_ns, uint64_t *host_ns)
{
	uint64_t cycles;

	return cycles_at(&r->guest, guest_ns, &cycles) &&
	       ns_at(&r->host, cycles - r->offset, host_ns);
}

static bool agrees(const struct event_clock_result *r, const struct event_clock_ping *p)
{
	wide_t bound = r->bound_ns;
	uint64_t at;

	return to_host(r, p->guest.mono_ns, &at) && at + bound >= p->asked.mono_ns &&
	       at <= p->heard.mono_ns + bound;
}

static void check_pings(const struct event_clock *c, struct event_clock_result *r)
{
	for (uint32_t i = 0; i < c->nr_pings; i++)
		r->contradictions += !agrees(r, &c->pings[i]);
	r->checked = c->nr_pings;
	/* The last of every 2^n pings is in the list already only when n is 0. */
	if (c->halved) {
		r->contradictions += !agrees(r, &c->last);
		r->checked++;
	}
}

static enum event_clock_state describe(struct event_clock_result *r)
{
	int64_t passed = mul_div((int64_t)r->guest.d_cycles, r->host.d_ns, r->host.d_cycles);
	uint64_t at;

	if (!to_host(r, r->guest.ns, &at) || passed <= 0)
		return EVENT_CLOCK_STUCK;
	r->ahead_ns = (int64_t)(r->guest.ns - at);
	r->drift_ppb = mul_div((int64_t)r->guest.d_ns - passed, 1000000000, (uint64_t)passed);
	return EVENT_CLOCK_OK;
}

static enum event_clock_state facts(const struct event_clock *c)
{
	if (c->machine.valid & VMM_CLOCK_MOVED)
		return EVENT_CLOCK_MOVED;
	if (!(c->machine.valid & VMM_CLOCK_OFFSET))
		return EVENT_CLOCK_NO_OFFSET;
	if (!(c->machine.valid & VMM_CLOCK_BEFORE) || !(c->machine.valid & VMM_CLOCK_AFTER))
		return EVENT_CLOCK_NO_HOST;
	return EVENT_CLOCK_OK;
}

static enum event_clock_state convert(const struct event_clock *c, struct event_clock_result *r)
{
	uint64_t guest_off, host_off;
	enum event_clock_state state = facts(c);

	if (!state)
		state = host_line(c, r, &host_off);
	if (!state && is_scaled(c, r))
		return EVENT_CLOCK_SCALED;
	/* Readings that the machine cannot have made: none of the others is believed. */
	if (!state && c->contradictions)
		return EVENT_CLOCK_CONTRADICTED;
	if (!state)
		state = guest_line(c, r, &guest_off);
	if (state)
		return state;
	r->line_ns = guest_off + host_off;
	/* Two quotients are rounded: to half a cycle and to half a nanosecond. */
	r->bound_ns = r->window_ns + r->line_ns + 2 + r->host.d_ns / r->host.d_cycles;
	state = describe(r);
	if (state)
		return state;
	check_pings(c, r);
	return r->contradictions ? EVENT_CLOCK_CONTRADICTED : EVENT_CLOCK_OK;
}

void event_clock__solve(const struct event_clock *c, struct event_clock_result *r)
{
	*r = (struct event_clock_result){
		.offset		= c->machine.tsc_offset,
		.sent		= c->sent,
		.answered	= c->answered,
		.refused	= c->refused,
		.strangers	= c->strangers,
		.contradictions	= c->contradictions,
	};
	if (c->answered)
		r->ping_bound_ns = c->tightest.heard.mono_ns - c->tightest.asked.mono_ns;
	r->state = convert(c, r);
}

bool event_clock__to_host(const struct event_clock_result *r, uint64_t guest_ns, uint64_t *host_ns)
{
	return r->state == EVENT_CLOCK_OK && to_host(r, guest_ns, host_ns);
}

bool event_clock__to_guest(const struct event_clock_result *r, uint64_t host_ns,
			   uint64_t *guest_ns)
{
	uint64_t cycles;

	return r->state == EVENT_CLOCK_OK && cycles_at(&r->host, host_ns, &cycles) &&
	       ns_at(&r->guest, cycles + r->offset, guest_ns);
}
