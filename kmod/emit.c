// SPDX-License-Identifier: GPL-2.0-only
/*
 * KTSTR_IOC_EMIT: emit as BPF programs do, from every context they run in, without
 * the programs. For tests.
 */
#include <linux/bottom_half.h>
#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "internal.h"

struct job {
	u8 rec[KTSTR_EV_SIZE_MAX];
	u32 len, count, stored;
	struct work_struct work;
};

static void emit_one(struct job *j)
{
	u64 last;

	if (!ktstr_buffer_emit(j->rec, j->len))
		j->stored++;
	if (j->len >= 16) {
		memcpy(&last, j->rec + j->len - sizeof(last), sizeof(last));
		last++;
		memcpy(j->rec + j->len - sizeof(last), &last, sizeof(last));
	}
}

static void emit_all(void *arg)
{
	struct job *j = arg;
	u32 i;

	for (i = 0; i < j->count; i++)
		emit_one(j);
}

static void emit_work(struct work_struct *work)
{
	emit_all(container_of(work, struct job, work));
}

static int emit_task(struct job *j)
{
	u32 i;

	for (i = 0; i < j->count && !fatal_signal_pending(current); i++) {
		emit_one(j);
		cond_resched();
	}
	return i < j->count ? -EINTR : 0;
}

static int emit_softirq(struct job *j)
{
	INIT_WORK(&j->work, emit_work);
	/* Raised with softirqs off it runs when they come back on, not in ksoftirqd. */
	local_bh_disable();
	queue_work_on(smp_processor_id(), system_bh_wq, &j->work);
	local_bh_enable();
	flush_work(&j->work);
	return 0;
}

static int emit_on(u32 context, u32 cpu, struct job *j)
{
	int ret = -ENXIO;

	cpus_read_lock();
	if (cpu_online(cpu))
		ret = context == KTSTR_EMIT_NMI ? ktstr_arch_call_nmi(cpu, emit_all, j) :
			smp_call_function_single(cpu, emit_all, j, 1);
	cpus_read_unlock();
	return ret;
}

static int run_job(const struct ktstr_dev_emit *e, struct job *j)
{
	switch (e->context) {
	case KTSTR_EMIT_TASK:
		return emit_task(j);
	case KTSTR_EMIT_SOFTIRQ:
		return emit_softirq(j);
	default:
		return emit_on(e->context, e->cpu, j);
	}
}

static bool is_valid(const struct ktstr_dev_emit *e)
{
	bool takes_cpu = e->context == KTSTR_EMIT_HARDIRQ || e->context == KTSTR_EMIT_NMI;

	return e->context <= KTSTR_EMIT_NMI && e->len && e->len <= KTSTR_EV_SIZE_MAX &&
		e->len % 4 == 0 && e->count &&
		e->count <= (e->context ? KTSTR_EMIT_ATOMIC_MAX : KTSTR_EMIT_MAX) &&
		(takes_cpu ? e->cpu < nr_cpu_ids : !e->cpu);
}

/**
 * ktstr_emit_records() - emit as struct ktstr_dev_emit says
 * @e: what; @e->stored is set
 *
 * Return: 0, -EPERM, -EINVAL, -EFAULT, -ENXIO the CPU is offline, -EINTR.
 */
int ktstr_emit_records(struct ktstr_dev_emit *e)
{
	struct job *j;
	int ret;

	if (!ktstr_stimuli || !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!is_valid(e))
		return -EINVAL;
	j = kzalloc(sizeof(*j), GFP_KERNEL);
	if (!j)
		return -ENOMEM;
	j->len = e->len;
	j->count = e->count;
	ret = copy_from_user(j->rec, u64_to_user_ptr(e->rec), e->len) ? -EFAULT : run_job(e, j);
	e->stored = j->stored;
	kfree(j);
	return ret;
}
