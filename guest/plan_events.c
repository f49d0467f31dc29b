// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a plan can make happen.
 */
#include <string.h>

#include <ktstr/event.h>
#include <ktstr/event_set.h>
#include <ktstr/work.h>

#include "plan_events.h"

#define BIT(type)	(1ull << (type))

#define OF_SCX	(BIT(KTSTR_EV_SCX_STATE) | BIT(KTSTR_EV_SCX_DISPATCH) | BIT(KTSTR_EV_SCX_COUNTER))

/* What an operation can make happen that only some programs tell. */
static uint64_t of_op(const struct ktstr_op *op)
{
	switch (op->verb) {
	case KTSTR_V_CPU_OFFLINE:
	case KTSTR_V_CPU_ONLINE:
		return BIT(KTSTR_EV_CPU);
	case KTSTR_V_QUOTA:
		return BIT(KTSTR_EV_THROTTLE);
	case KTSTR_V_RUN:
		/* A program of the author's, who is root here. */
		return KTSTR_EVENT_SET_ALL;
	case KTSTR_V_SPAWN:
		return strcmp(op->work.kind, KTSTR_WORK_FUNCTION) ? 0 : KTSTR_EVENT_SET_ALL;
	default:
		return 0;
	}
}

uint64_t guest_plan__events(const struct guest_plan *plan)
{
	uint64_t events = KTSTR_EVENT_SET_ALL & ~(BIT(KTSTR_EV_CPU) | BIT(KTSTR_EV_THROTTLE) |
						  OF_SCX);

	if (plan->exec || plan->body || plan->sched_enable)
		return KTSTR_EVENT_SET_ALL;
	/* The scheduler's program is root, too, and may write a cpu.max. */
	if (plan->sched)
		events |= OF_SCX | BIT(KTSTR_EV_THROTTLE);
	for (unsigned int i = 0; i < plan->nr_ops; i++)
		events |= of_op(&plan->ops[i]);
	return events;
}
