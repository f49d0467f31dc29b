// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stimuli: what only a kernel can do to a scheduler, for a bounded time.
 *
 * Each runs in kernel threads bound to the CPUs it is for, and marks its start and
 * its end in the events of each. The call returns when all is over, whatever happens:
 * what has not ended a second after its time, as the scheduler under test did not let
 * it run, is made SCHED_FIFO then, to be able to end.
 */
#include <linux/bottom_half.h>
#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <uapi/linux/sched/types.h>

#include "internal.h"

struct thread;

/*
 * struct show - one stimulus on all its CPUs
 * @s: what was asked for
 * @run: what its threads do
 * @stop: end now
 * @running: threads that have not ended yet, and one for who starts them
 * @done: none is left
 * @nr: threads made
 */
struct show {
	const struct ktstr_stimulus *s;
	void (*run)(struct thread *t);
	bool stop;
	atomic_t running;
	struct completion done;
	unsigned int nr;
	struct thread {
		struct show *show;
		struct task_struct *task;
		struct work_struct work;
		struct hrtimer timer;
		bool over;
		u64 start_ns;
		u64 took_ns;
		u64 wakeups;
	} thread[];		/* one for each CPU there can be */
};

static void begin(struct thread *t)
{
	const struct ktstr_stimulus *s = t->show->s;

	ktstr_buffer_mark(KTSTR_MARK_STIM_START | s->kind, s->duration_ns);
	t->start_ns = ktime_get_mono_fast_ns();
}

static bool is_over(const struct thread *t)
{
	return READ_ONCE(t->show->stop) ||
		ktime_get_mono_fast_ns() - t->start_ns >= t->show->s->duration_ns;
}

static void end(struct thread *t)
{
	t->took_ns = ktime_get_mono_fast_ns() - t->start_ns;
	ktstr_buffer_mark(KTSTR_MARK_STIM_END | t->show->s->kind, t->took_ns);
}

static void spin(struct thread *t)
{
	begin(t);
	while (!is_over(t))
		cpu_relax();
	end(t);
}

static void spin_preempt(struct thread *t)
{
	preempt_disable();
	spin(t);
	preempt_enable();
}

static void spin_irq(struct thread *t)
{
	unsigned long flags;

	local_irq_save(flags);
	spin(t);
	local_irq_restore(flags);
}

static void spin_work(struct work_struct *work)
{
	spin(container_of(work, struct thread, work));
}

static void spin_softirq(struct thread *t)
{
	INIT_WORK(&t->work, spin_work);
	/* Raised with softirqs off it runs when they come back on, not in ksoftirqd. */
	local_bh_disable();
	queue_work_on(smp_processor_id(), system_bh_wq, &t->work);
	local_bh_enable();
	flush_work(&t->work);
}

static enum hrtimer_restart storm_tick(struct hrtimer *timer)
{
	struct thread *t = container_of(timer, struct thread, timer);

	WRITE_ONCE(t->over, is_over(t));
	wake_up_process(t->task);
	hrtimer_forward_now(timer, ns_to_ktime(t->show->s->period_ns));
	return t->over ? HRTIMER_NORESTART : HRTIMER_RESTART;
}

static void storm(struct thread *t)
{
	begin(t);
	hrtimer_init(&t->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	t->timer.function = storm_tick;
	hrtimer_start(&t->timer, ns_to_ktime(t->show->s->period_ns), HRTIMER_MODE_REL_PINNED_HARD);
	for (;;) {
		set_current_state(TASK_IDLE);
		if (READ_ONCE(t->over))
			break;
		schedule();
		t->wakeups++;
	}
	__set_current_state(TASK_RUNNING);
	hrtimer_cancel(&t->timer);
	end(t);
}

static int thread_main(void *arg)
{
	struct thread *t = arg;
	struct show *show = t->show;

	show->run(t);
	if (atomic_dec_and_test(&show->running))
		complete(&show->done);
	return 0;
}

static int set_policy(struct task_struct *task, const struct ktstr_stimulus *s)
{
	struct sched_attr attr = { .size = sizeof(attr), .sched_policy = s->policy };

	/* These must get the CPU to be able to keep it. */
	if (s->kind <= KTSTR_STIM_SPIN_SOFTIRQ) {
		sched_set_fifo(task);
		return 0;
	}
	switch (s->policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		attr.sched_priority = s->prio;
		break;
	case SCHED_DEADLINE:
		attr.sched_runtime = s->runtime_ns;
		attr.sched_deadline = s->period_ns;
		attr.sched_period = s->period_ns;
		break;
	default:
		attr.sched_nice = s->prio;
	}
	return sched_setattr_nocheck(task, &attr);
}

static int make_thread(struct show *show, unsigned int cpu)
{
	struct thread *t = &show->thread[show->nr];
	struct task_struct *task;
	int ret;

	task = kthread_create_on_cpu(thread_main, t, cpu, "ktstr/%u");
	if (IS_ERR(task))
		return PTR_ERR(task);
	ret = set_policy(task, show->s);
	if (ret) {
		kthread_stop(task);
		return ret;
	}
	t->show = show;
	t->task = get_task_struct(task);
	show->nr++;
	return 0;
}

static int make_threads(struct show *show, unsigned int cpu)
{
	int ret = 0;

	if (cpu != KTSTR_STIM_ALL_CPUS)
		return cpu_online(cpu) ? make_thread(show, cpu) : -ENXIO;
	for_each_online_cpu(cpu) {
		ret = make_thread(show, cpu);
		if (ret)
			break;
	}
	return ret;
}

static void run_threads(struct show *show)
{
	unsigned long limit = nsecs_to_jiffies(show->s->duration_ns) + HZ;
	unsigned int i;

	atomic_set(&show->running, show->nr + 1);
	for (i = 0; i < show->nr; i++)
		wake_up_process(show->thread[i].task);
	if (atomic_dec_and_test(&show->running))
		complete(&show->done);
	if (wait_for_completion_killable_timeout(&show->done, limit) > 0)
		return;
	/* Killed, or kept from running: let them see that it is over. */
	WRITE_ONCE(show->stop, true);
	for (i = 0; i < show->nr; i++)
		sched_set_fifo(show->thread[i].task);
	wait_for_completion(&show->done);
}

/* kthread_stop() waits until the thread is out of this module's code. */
static void end_threads(struct show *show, struct ktstr_stimulus *s)
{
	unsigned int i;

	for (i = 0; i < show->nr; i++) {
		kthread_stop_put(show->thread[i].task);
		s->took_ns = max(s->took_ns, show->thread[i].took_ns);
		s->wakeups += show->thread[i].wakeups;
	}
}

static int with_threads(struct ktstr_stimulus *s, void (*run)(struct thread *t))
{
	struct show *show = kvzalloc(struct_size(show, thread, nr_cpu_ids), GFP_KERNEL);
	int ret;

	if (!show)
		return -ENOMEM;
	show->s = s;
	show->run = run;
	init_completion(&show->done);
	cpus_read_lock();
	ret = make_threads(show, s->cpu);
	cpus_read_unlock();
	/* Threads that were made but never woken end without having run. */
	if (!ret)
		run_threads(show);
	end_threads(show, s);
	kvfree(show);
	return ret;
}

static int spin_preempt_on(struct ktstr_stimulus *s)
{
	return with_threads(s, spin_preempt);
}

static int spin_irq_on(struct ktstr_stimulus *s)
{
	return with_threads(s, spin_irq);
}

static int spin_softirq_on(struct ktstr_stimulus *s)
{
	return with_threads(s, spin_softirq);
}

static int hog_on(struct ktstr_stimulus *s)
{
	return with_threads(s, spin);
}

static int storm_on(struct ktstr_stimulus *s)
{
	return with_threads(s, storm);
}

/* These marks are in the events of the CPU that the caller is on. */
static int hotplug(struct ktstr_stimulus *s)
{
	u64 start = ktime_get_mono_fast_ns();
	int ret;

	if (!cpu_online(s->cpu))
		return -ENXIO;
	ktstr_buffer_mark(KTSTR_MARK_STIM_START | s->kind, s->duration_ns);
	ret = remove_cpu(s->cpu);
	if (!ret) {
		/* The current tick is nearly over, perhaps. */
		schedule_timeout_killable(nsecs_to_jiffies(s->duration_ns) + 1);
		ret = add_cpu(s->cpu);
	} else if (ret > 0) {
		ret = -ENXIO;	/* somebody else was faster */
	}
	s->took_ns = ktime_get_mono_fast_ns() - start;
	ktstr_buffer_mark(KTSTR_MARK_STIM_END | s->kind, s->took_ns);
	return ret;
}

static int warn(struct ktstr_stimulus *s)
{
	ktstr_buffer_mark(KTSTR_MARK_STIM_START | s->kind, 0);
	WARN(1, "ktstr: a warning that was asked for\n");
	ktstr_buffer_mark(KTSTR_MARK_STIM_END | s->kind, 0);
	return 0;
}

static int panic_now(struct ktstr_stimulus *s)
{
	ktstr_buffer_mark(KTSTR_MARK_STIM_START | s->kind, 0);
	panic("ktstr: a panic that was asked for");
}

#define HAS_CPU		1u	/* @cpu and @duration_ns mean something */
#define HAS_ALL		2u	/* KTSTR_STIM_ALL_CPUS too */
#define HAS_POLICY	4u	/* @policy and what belongs to it */
#define HAS_PERIOD	8u	/* @period_ns is a storm's */

static const struct kind {
	int (*run)(struct ktstr_stimulus *s);
	unsigned int has;
} kinds[KTSTR_STIM_NR] = {
	[KTSTR_STIM_SPIN_PREEMPT] = { spin_preempt_on, HAS_CPU | HAS_ALL },
	[KTSTR_STIM_SPIN_IRQ]	  = { spin_irq_on, HAS_CPU | HAS_ALL },
	[KTSTR_STIM_SPIN_SOFTIRQ] = { spin_softirq_on, HAS_CPU | HAS_ALL },
	[KTSTR_STIM_HOG]	  = { hog_on, HAS_CPU | HAS_ALL | HAS_POLICY },
	[KTSTR_STIM_WAKE_STORM]	  = { storm_on, HAS_CPU | HAS_ALL | HAS_POLICY | HAS_PERIOD },
	[KTSTR_STIM_HOTPLUG]	  = { hotplug, HAS_CPU },
	[KTSTR_STIM_WARN]	  = { warn, 0 },
	[KTSTR_STIM_PANIC]	  = { panic_now, 0 },
};

static bool is_valid(const struct ktstr_stimulus *s, unsigned int has)
{
	bool deadline = (has & HAS_POLICY) && s->policy == SCHED_DEADLINE;

	if (has & HAS_CPU ? !s->duration_ns || s->duration_ns > KTSTR_STIM_MAX_NS :
	    s->duration_ns != 0)
		return false;
	if (has & HAS_CPU ? s->cpu >= nr_cpu_ids &&
	    !((has & HAS_ALL) && s->cpu == KTSTR_STIM_ALL_CPUS) : s->cpu != 0)
		return false;
	if (!(has & HAS_POLICY) && (s->policy || s->prio))
		return false;
	/* The threads of a storm have no period but the storm's. */
	if (deadline && (has & HAS_PERIOD))
		return false;
	if (has & HAS_PERIOD ? s->period_ns < KTSTR_STIM_MIN_PERIOD ||
	    s->period_ns > s->duration_ns : s->period_ns && !deadline)
		return false;
	return !s->runtime_ns || deadline;
}

/**
 * ktstr_stimulate() - do as struct ktstr_stimulus says and return when it is over
 * @s: what; its results are set
 *
 * Return: 0, -EPERM, -EINVAL, -ENXIO the CPU is offline, or what the kernel says of
 * a policy or of a CPU that cannot go.
 */
int ktstr_stimulate(struct ktstr_stimulus *s)
{
	if (!ktstr_stimuli || !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (s->kind >= KTSTR_STIM_NR || !kinds[s->kind].run)
		return -EINVAL;
	if (!is_valid(s, kinds[s->kind].has))
		return -EINVAL;
	s->took_ns = 0;
	s->wakeups = 0;
	return kinds[s->kind].run(s);
}
