// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a run may take in all.
 */
#include "run.h"

#define LIMIT_EXTRA_MS	60000ull	/* what a run may take beyond its parts: boot, packing up */

/*
 * What a test's body, or a wait without a time, may take. Nobody knows, but a guest that says every
 * second that it is alive and never ends would keep its host for ever.
 */
#define LIMIT_UNKNOWN_MS	3600000ull

/* Waits for a scheduler; RESTART and REPLACE wait for one to go and for one to come. */
static uint64_t waits_for_sched(enum ktstr_verb verb)
{
	switch (verb) {
	case KTSTR_V_SCHED_ATTACH:
	case KTSTR_V_SCHED_DETACH:
		return 1;
	case KTSTR_V_SCHED_RESTART:
	case KTSTR_V_SCHED_REPLACE:
		return 2;
	default:
		return 0;
	}
}

/* What an operation asks for, itself apart. */
static uint64_t asked_ms(const struct plan *plan, const struct ktstr_op *op)
{
	if (op->verb == KTSTR_V_HOLD)
		return op->value2;
	if (op->verb == KTSTR_V_WAIT)
		return op->value ? op->value : LIMIT_UNKNOWN_MS;
	return waits_for_sched(op->verb) * plan->sched_timeout_ms;
}

uint64_t run__limit_ms(const struct plan *plan, uint32_t timeout_s)
{
	uint64_t ms = plan->sched_timeout_ms + 2000ull * timeout_s + LIMIT_EXTRA_MS;

	if (plan__has_body(plan))
		ms += LIMIT_UNKNOWN_MS;
	else if (!plan->nr_ops)
		ms += plan->duration_ms;
	for (uint32_t i = 0; i < plan->nr_ops; i++)
		ms += asked_ms(plan, &plan->ops[i]);
	return ms;
}
