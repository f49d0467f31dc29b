// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduling policies of threads.
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy.h"

/* struct sched_attr of include/uapi/linux/sched/types.h, SCHED_ATTR_SIZE_VER0. */
struct attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;	/* ns */
};

#define DEADLINE_POLICY	6	/* SCHED_DEADLINE */

static const uint32_t policies[KTSTR_POLICY_NR] = {
	[KTSTR_NORMAL]		= SCHED_OTHER,
	[KTSTR_BATCH]		= SCHED_BATCH,
	[KTSTR_IDLE]		= SCHED_IDLE,
	[KTSTR_FIFO]		= SCHED_FIFO,
	[KTSTR_RR]		= SCHED_RR,
	[KTSTR_DEADLINE]	= DEADLINE_POLICY,
	[KTSTR_EXT]		= SCHED_EXT_POLICY,
};

int policy__set(pid_t tid, enum ktstr_policy policy, const struct ktstr_work *work)
{
	struct attr a = { .size = sizeof(a), .policy = policies[policy], .nice = work->nice };

	if (policy == KTSTR_FIFO || policy == KTSTR_RR)
		a.priority = work->prio;
	if (policy == KTSTR_DEADLINE) {
		a.runtime = work->runtime_us * 1000ull;
		a.deadline = work->deadline_us * 1000ull;
		a.period = work->period_us * 1000ull;
	}
	return syscall(SYS_sched_setattr, tid, &a, 0) ? -errno : 0;
}
