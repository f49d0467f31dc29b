// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "pinger.h"

#define PERIOD_NS	1000000000ull

static void ask(struct pinger *p)
{
	struct ktstr_ping ping = { .id = htole64(p->clock->sent + 1) };
	struct vmm_time at;

	if (!p->due || p->clock->waiting)
		return;
	p->due = false;
	vmm__time(&at);
	/* No room: this guest does not read its port. The next occasion may find some. */
	if (!reply_frame__send(p->frames, KTSTR_T_PING, &ping, sizeof(ping)))
		event_clock__asked(p->clock, &at);
}

static void on_clock(struct pinger *p, const struct assembler_frame *f, size_t offset)
{
	struct ktstr_clock wire;
	struct vmm_time at;

	vmm__time(&at);
	if (f->continues || f->len < offset + sizeof(wire)) {
		p->clock->refused++;
		return;
	}
	memcpy(&wire, f->data + offset, sizeof(wire));
	event_clock__heard(p->clock, &wire, &at);
}

void pinger__frame(struct pinger *p, const struct assembler_frame *f)
{
	if (f->corrupt)
		return;
	switch (f->type) {
	case KTSTR_T_CLCK:
		on_clock(p, f, 0);
		break;
	case KTSTR_T_EVIN:
		on_clock(p, f, offsetof(struct ktstr_events_info, at));
		break;
	case KTSTR_T_REDY:
	case KTSTR_T_SCST:
		p->due = true;
		p->next_ns = clock__now_ns() + PERIOD_NS;
		break;
	case KTSTR_T_SCEN:
		p->due = true;
		p->next_ns = 0;
		break;
	case KTSTR_T_EXIT:
		p->due = false;
		p->next_ns = 0;
		break;
	default:
		return;
	}
	ask(p);
}

void pinger__tick(struct pinger *p, uint64_t now_ns)
{
	if (now_ns < pinger__next_ns(p))
		return;
	p->due = true;
	p->next_ns = now_ns + PERIOD_NS;
	ask(p);
}

uint64_t pinger__next_ns(const struct pinger *p)
{
	/* While a question is out there is nothing to do: its answer comes as a frame. */
	return p->next_ns && !p->clock->waiting ? p->next_ns : UINT64_MAX;
}
