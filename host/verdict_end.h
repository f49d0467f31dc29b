/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of the verdict, for verdict.c: how a run ended (crash, hang, death of the
 * scheduler and plain completion told apart), and whether its events are complete.
 */
#ifndef KTSTR_HOST_VERDICT_END_H
#define KTSTR_HOST_VERDICT_END_H

#include "verdict.h"

/** verdict_set() - decide a check, with a sentence */
void __attribute__((format(printf, 4, 5)))
verdict_set(struct verdict_check *c, enum verdict_status status, enum verdict_kind kind,
	    const char *fmt, ...);

/** verdict_events__judge() - decide %CHECK_EVENTS of a run that was complete */
void verdict_events__judge(struct verdict_check *c, const struct plan *plan,
			   const struct evidence *ev);

/** verdict_end__judge() - decide %CHECK_COMPLETED */
void verdict_end__judge(struct verdict_check *c, const struct plan *plan,
			const struct evidence *ev);

#endif /* KTSTR_HOST_VERDICT_END_H */
