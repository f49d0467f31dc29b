/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of the verdict, for verdict.c: how a run ended (crash, hang, death of the
 * scheduler and plain completion told apart), what it did, who ruled, whether its
 * events are complete, and what its kernel log says.
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

/** verdict_ops__judge() - decide %CHECK_OPERATIONS; @completed is %CHECK_COMPLETED, decided */
void verdict_ops__judge(struct verdict_check *c, const struct verdict_check *completed,
			const struct plan *plan, const struct evidence *ev);

/** verdict_ops__lasts() - does anything in a plan or trace let time pass? */
bool verdict_ops__lasts(const struct plan *plan, const struct evidence *ev);

/** verdict_ops__window_ns() - how long the window is at least, by the plan */
uint64_t verdict_ops__window_ns(const struct plan *plan);

/** verdict_sched__judge() - decide %CHECK_SCHED of a whole window */
void verdict_sched__judge(struct verdict_check *c, const struct plan *plan,
			  const struct evidence *ev);

/**
 * verdict_log__judge() - decide %CHECK_KERNEL_LOG
 * @c: gets the verdict
 * @ev: what happened
 * @completed: the run was complete, and so must its log be
 */
void verdict_log__judge(struct verdict_check *c, const struct evidence *ev, bool completed);

/** verdict_evidence__judge() - decide %CHECK_EVIDENCE */
void verdict_evidence__judge(struct verdict_check *c, const struct evidence *ev);

/**
 * verdict_evidence__doubt() - can what was lost have made a point fail?
 * @c: point of the window, decided; a failure that may be a loss becomes INCONCLUSIVE
 * @v: %CHECK_EVIDENCE and %CHECK_OPERATIONS are decided
 * @ev: what happened
 */
void verdict_evidence__doubt(struct verdict_check *c, const struct verdict *v,
			     const struct evidence *ev);

/** verdict_faults__judge() - decide %CHECK_FAULTS */
void verdict_faults__judge(struct verdict_check *c, const struct plan *plan,
			   const struct evidence *ev);

/** verdict_ask__of() - what a default point expects, as the test bounds it */
void verdict_ask__of(struct ktstr_op *ask, const struct plan *plan, enum verdict_check_id id);

/** verdict_ask__folds() - does this EXPECT of a plan but bound a default? */
bool verdict_ask__folds(const struct plan *plan, const struct ktstr_op *op);

/** verdict_end__judge() - decide %CHECK_COMPLETED; @whole is %CHECK_EVIDENCE, decided */
void verdict_end__judge(struct verdict_check *c, const struct verdict_check *whole,
			const struct plan *plan, const struct evidence *ev);

#endif /* KTSTR_HOST_VERDICT_END_H */
