// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work that change how they, or others of their group, are scheduled.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "policy.h"
#include "work.h"
#include "worker.h"

/* Up and down in steps, so that neighbours have weights of every distance. */
static void nice_sweep(struct ktstr_worker *w)
{
	int nice = 0, step = 3;

	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
		nice += step;
		if (nice >= 19 || nice <= -20) {
			nice = nice > 0 ? 19 : -20;
			step = -step;
		}
		work__must(w, !setpriority(PRIO_PROCESS, 0, nice), "change its nice value");
	}
}

const struct work_ops work_ops_nice_sweep = { .run = nice_sweep };

/* A random CPU of those that it may use now, another than @not if there is one; -1: they change. */
static int random_cpu(struct ktstr_worker *w, int not)
{
	struct cpu_mask m;
	uint32_t nth;

	if (!worker__cpus(w, &m) || !cpu_mask__count(&m))
		return -1;
	if (not >= 0 && not < (int)CPU_MASK_BITS && cpu_mask__count(&m) > 1)
		m.bits[not / 64] &= ~(1ull << not % 64);
	nth = work__below(w, cpu_mask__count(&m));
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(&m, cpu) && !nth--)
			return (int)cpu;
	return -1;
}

/*
 * To another CPU than @not; return: which, or @not if to none.
 * EINVAL: the CPU went away meanwhile, by cpuset or hotplug. ESRCH: the thread did.
 */
static int pin(struct ktstr_worker *w, pid_t tid, int not)
{
	unsigned long bits[CPU_MASK_BITS / (8 * sizeof(long))] = { 0 };
	int64_t since = now_ns();
	int cpu = random_cpu(w, not);

	if (cpu < 0)
		return not;
	bits[(size_t)cpu / (8 * sizeof(long))] |= 1ul << ((size_t)cpu % (8 * sizeof(long)));
	if (syscall(SYS_sched_setaffinity, tid, sizeof(bits), bits)) {
		work__must(w, errno == EINVAL || errno == ESRCH, "change an affinity");
		return not;
	}
	ktstr_worker__latency(w, now_ns() - since);
	return cpu;
}

static void affinity_churn(struct ktstr_worker *w)
{
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
		pin(w, 0, sched_getcpu());
	}
}

const struct work_ops work_ops_affinity_churn = { .run = affinity_churn };

static void affinity_churn_cross(struct ktstr_worker *w)
{
	const struct ktstr_group *g = ktstr_worker__group(w);
	uint32_t me = ktstr_worker__index(w);
	pid_t *tids = g->shared;
	int last = -1;

	__atomic_store_n(&tids[me], w->tid, __ATOMIC_RELAXED);
	while (ktstr_worker__go_on(w)) {
		pid_t next = __atomic_load_n(&tids[(me + 1) % g->nr], __ATOMIC_RELAXED);

		work__busy(w);
		ktstr_worker__unit(w);
		/* 0 until the other has begun; it would mean this thread. */
		if (next)
			last = pin(w, next, last);
	}
}

const struct work_ops work_ops_affinity_churn_cross = {
	.run = affinity_churn_cross, .shared_each = sizeof(pid_t),
};

/*
 * Not SCHED_IDLE: beside a busy task it would not come back to leave it for a long time. Not
 * SCHED_DEADLINE: that takes only tasks that may use all CPUs.
 */
static void policy_churn(struct ktstr_worker *w)
{
	static const enum ktstr_policy policies[] = {
		KTSTR_NORMAL, KTSTR_BATCH, KTSTR_EXT, KTSTR_FIFO, KTSTR_RR,
	};
	struct ktstr_work as = { .prio = 1 };

	for (unsigned int i = 0; ktstr_worker__go_on(w); i++) {
		enum ktstr_policy policy = policies[i % 5];
		int64_t since = now_ns();
		int err = policy__set(0, policy, &as);

		/* A kernel without sched_ext, or whose scheduler has refused the task. */
		if (err && policy == KTSTR_EXT)
			continue;
		if (err)
			ktstr_worker__fail(w, "cannot change its policy: %s", strerror(-err));
		ktstr_worker__latency(w, now_ns() - since);
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_policy_churn = { .run = policy_churn };

void work__become_fifo(struct ktstr_worker *w)
{
	struct ktstr_work as = { .prio = 1 };
	int err = policy__set(0, KTSTR_FIFO, &as);

	if (err)
		ktstr_worker__fail(w, "cannot become SCHED_FIFO: %s", strerror(-err));
}

/* The first is a real-time task of short bursts, the others want the CPU all the time. */
static void preempt_storm(struct ktstr_worker *w)
{
	bool storm = !ktstr_worker__index(w);

	if (storm)
		work__become_fifo(w);
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
		if (storm)
			ktstr_worker__pause(w, work__idle_us(w));
	}
}

const struct work_ops work_ops_preempt_storm = { .run = preempt_storm };

/* As the first of preempt_storm(), but it is the length of its bursts that hurts. */
const struct work_ops work_ops_rt_starve = { .run = preempt_storm };
