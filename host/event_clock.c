// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readings, taken one by one. TSC values are compared by their signed difference: a
 * counter may pass 2^64, and no run lasts for 2^63 cycles.
 */
#include <endian.h>
#include <string.h>

#include "event_clock.h"

#define TIME_MAX	(1ull << 62)		/* ns: beyond any uptime, and safe to add */
#define WINDOW_MAX	1000000000ull		/* ns: a reading that took longer is none */

void event_clock__machine(struct event_clock *c, const struct vmm_clock *machine)
{
	c->machine = *machine;
}

void event_clock__asked(struct event_clock *c, const struct vmm_time *at)
{
	c->asked = *at;
	c->waiting = true;
	c->sent++;
}

static bool possible(const struct ktstr_clock *w, struct event_clock_sample *s)
{
	*s = (struct event_clock_sample){
		.cycles		= le64toh(w->cycles),
		.mono_ns	= le64toh(w->mono_ns),
		.boot_ns	= le64toh(w->boot_ns),
		.window_ns	= le64toh(w->window_ns),
	};
	return le32toh(w->valid) & KTSTR_CLOCK_HAS_CYCLES && s->mono_ns < TIME_MAX &&
	       s->boot_ns < TIME_MAX && s->window_ns < WINDOW_MAX;
}

/* With a known offset, the host's TSC tells when the guest read its own. */
static bool in_time(const struct event_clock *c, const struct event_clock_sample *s,
		    uint64_t from, uint64_t to)
{
	uint64_t host = s->cycles - c->machine.tsc_offset;

	if (!(c->machine.valid & VMM_CLOCK_OFFSET))
		return true;
	return (int64_t)(host - from) >= 0 && (int64_t)(to - host) >= 0;
}

static void take_once(struct event_clock *c, bool *has, struct event_clock_sample *to,
		      const struct event_clock_sample *s, const struct vmm_time *at)
{
	uint64_t from = c->machine.before.host.cycles;

	if (*has) {
		c->strangers++;
	} else if (c->machine.valid & VMM_CLOCK_BEFORE && !in_time(c, s, from, at->cycles)) {
		c->contradictions++;
	} else {
		*has = true;
		*to = *s;
	}
}

static uint64_t width(const struct event_clock_ping *p)
{
	return p->heard.mono_ns - p->asked.mono_ns;
}

static void keep(struct event_clock *c, const struct event_clock_ping *p)
{
	uint64_t index = c->answered++;

	c->last = *p;
	if (!index || width(p) < width(&c->tightest))
		c->tightest = *p;
	if (index & ((1ull << c->halved) - 1))
		return;
	if (c->nr_pings == EVENT_CLOCK_PINGS) {
		for (uint32_t i = 0; i < EVENT_CLOCK_PINGS / 2; i++)
			c->pings[i] = c->pings[2 * i];
		c->nr_pings /= 2;
		c->halved++;
		/* Index EVENT_CLOCK_PINGS << halved is one of every twice as many, too. */
	}
	c->pings[c->nr_pings++] = *p;
}

static void take_answer(struct event_clock *c, uint64_t id, bool is_possible,
			const struct event_clock_sample *s, const struct vmm_time *at)
{
	struct event_clock_ping p = { .asked = c->asked, .heard = *at, .guest = *s };

	if (!c->waiting || id != c->sent) {
		c->strangers++;
		return;
	}
	c->waiting = false;
	if (!is_possible)
		c->refused++;
	else if (!in_time(c, s, c->asked.cycles, at->cycles))
		c->contradictions++;
	else
		keep(c, &p);
}

void event_clock__heard(struct event_clock *c, const struct ktstr_clock *wire,
			const struct vmm_time *at)
{
	struct event_clock_sample s;
	bool is_possible = possible(wire, &s);

	switch (le32toh(wire->why)) {
	case KTSTR_CLOCK_PING:
		return take_answer(c, le64toh(wire->id), is_possible, &s, at);
	case KTSTR_CLOCK_BEGIN:
		if (is_possible)
			return take_once(c, &c->has_begin, &c->begin, &s, at);
		break;
	case KTSTR_CLOCK_END:
		if (is_possible)
			return take_once(c, &c->has_end, &c->end, &s, at);
		break;
	default:
		break;
	}
	c->refused++;
}
