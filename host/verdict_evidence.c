// SPDX-License-Identifier: GPL-2.0-only
/*
 * Did all that the guest said arrive?
 */
#include <stdio.h>

#include "verdict_end.h"

/*
 * Linux's console driver makes no mistakes, so one that does has been written over:
 * by a wild pointer of the scheduler, a module or a program with too many rights.
 */
static bool judge_driver(struct verdict_check *c, const struct evidence *ev)
{
	const struct vmm_stats *m = &ev->machine;
	char queue[32] = "";

	if (!m->driver_errors)
		return true;
	if (m->broken_queues)
		snprintf(queue, sizeof(queue), " and ring %d for good",
			 __builtin_ctz(m->broken_queues));
	verdict_set(c, VERDICT_FAIL, KIND_DRIVER_BROKE,
		    "the guest's console driver broke the device's rules %llu times%s (last: %s): its memory or the device's registers were written over",
		    (unsigned long long)m->driver_errors, queue, m->last_error);
	return false;
}

static uint64_t bytes_dropped(const struct evidence *ev)
{
	return ev->machine.tx_dropped[KTSTR_PORT_BULK] + ev->machine.tx_dropped[KTSTR_PORT_STATS];
}

void verdict_evidence__judge(struct verdict_check *c, const struct evidence *ev)
{
	const struct assembler_stats *f = &ev->frames;

	if (!judge_driver(c, ev))
		return;
	if (bytes_dropped(ev))
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "%llu bytes that the guest had sent found no room when it reset its console",
			    (unsigned long long)bytes_dropped(ev));
	else if (ev->unread)
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "the guest left more on port 1 than any can send in good faith; the rest of it was not read");
	else if (f->lost || f->corrupt || f->skipped || f->reordered || f->unknown || ev->malformed ||
	    (ev->residue && ev->has_exit))
		verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST,
			    "of %llu frames %llu were lost, %llu corrupt, %llu out of order, %llu unknown, %llu malformed, and %llu bytes belonged to none",
			    (unsigned long long)f->frames, (unsigned long long)f->lost,
			    (unsigned long long)f->corrupt, (unsigned long long)f->reordered,
			    (unsigned long long)f->unknown, (unsigned long long)ev->malformed,
			    (unsigned long long)(f->skipped + ev->residue));
	else
		verdict_set(c, VERDICT_PASS, KIND_OK, "all %llu frames arrived whole",
			    (unsigned long long)f->frames);
}

/* Told outright by one frame that came: no other can take it back. */
static bool stands(enum verdict_kind kind)
{
	return kind == KIND_SCHED_DIED || kind == KIND_WORKER_DIED || kind == KIND_EXIT_STATUS;
}

/* Something is not there, or not enough of it, by adding up all that came. */
static bool adds_up(enum verdict_kind kind)
{
	switch (kind) {
	case KIND_WORKER_MISSING:
	case KIND_METRIC:
	case KIND_UNFAIR:
	case KIND_SLOW:
	case KIND_SPREAD:
	case KIND_NOT_LOCAL:
	case KIND_REGRESSION:
		return true;
	default:
		return false;
	}
}

/*
 * Operations follow one another: the first that is lost takes the rest along, and with them
 * where tasks may run, what they are entitled to and when a scheduler shall rule.
 */
static bool trace_cut(const struct verdict *v, const struct evidence *ev)
{
	return ev->trace.odd || v->checks[CHECK_OPERATIONS].status == VERDICT_INCONCLUSIVE;
}

void verdict_evidence__doubt(struct verdict_check *c, const struct verdict *v,
			     const struct evidence *ev)
{
	const struct verdict_check *whole = &v->checks[CHECK_EVIDENCE];
	char why[VERDICT_REASON_MAX];

	if (c->status != VERDICT_FAIL || whole->status == VERDICT_PASS || stands(c->kind) ||
	    !(adds_up(c->kind) || trace_cut(v, ev)))
		return;
	snprintf(why, sizeof(why), "%s", c->reason);
	verdict_set(c, VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST, "%.300s; but %.200s", why,
		    whole->reason);
}
