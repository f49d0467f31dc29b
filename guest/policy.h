/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scheduling policies of threads, those included that the libc does not know
 * (include/uapi/linux/sched.h).
 */
#ifndef GUEST_POLICY_H
#define GUEST_POLICY_H

#include <sys/types.h>

#include <ktstr/work.h>

#define SCHED_EXT_POLICY	7	/* SCHED_EXT */

/**
 * policy__set() - give a thread a policy
 * @tid: thread id, 0: the caller
 * @policy: not %KTSTR_INHERIT
 * @work: its nice, prio, runtime_us, deadline_us and period_us count, as @policy has use for them
 *
 * Return: 0 or a negative errno of sched_setattr(2).
 */
int policy__set(pid_t tid, enum ktstr_policy policy, const struct ktstr_work *work);

#endif /* GUEST_POLICY_H */
