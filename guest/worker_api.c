// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the functions that workers run can use, and a worker's life around them.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/random.h>

#include "clock.h"
#include "compute.h"
#include "work.h"
#include "worker.h"

/* The kernel moves running tasks after a cpuset's change; that takes a tick or two. */
#define CPUS_GRACE_NS	(50 * NSEC_PER_MSEC)

/* Between two looks at the clock while it computes: gaps are as exact as this. */
#define COMPUTE_SLICE_US	100u

int64_t ktstr_now_ns(void)
{
	return now_ns();
}

void worker__release(struct ktstr_worker *w, int64_t now)
{
	w->start_ns = now;
	/* Release pairs with the acquire in worker__run(): start_ns is there. */
	__atomic_store_n(&w->go, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &w->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void worker__run(struct ktstr_worker *w, void (*ready)(void *arg), void *arg)
{
	/* How late it wakes shall be the scheduler's doing alone; by default 50 us are not. */
	prctl(PR_SET_TIMERSLACK, 1);
	__atomic_store_n(&w->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELAXED);
	ready(arg);
	while (!__atomic_load_n(&w->go, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &w->go, FUTEX_WAIT, 0, NULL, NULL, 0);
	/* Its first wait to run counts like any other. */
	w->account.last_ns = w->start_ns;
	work_ops__of(w->kind)->run(w);
}

/*
 * Seqcount of one writer. The release fence pairs with the acquire fence in read_end(): who
 * has read a part of the new value sees the odd count.
 */
void worker__suspend_cpus(struct ktstr_worker *w)
{
	__atomic_store_n(&w->cpus_seq, w->cpus_seq | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void worker__set_cpus(struct ktstr_worker *w, const struct cpu_mask *cpus, int64_t now)
{
	worker__suspend_cpus(w);
	for (unsigned int i = 0; i < CPU_MASK_BITS / 64; i++)
		__atomic_store_n(&w->cpus.bits[i], cpus->bits[i], __ATOMIC_RELAXED);
	__atomic_store_n(&w->cpus_since_ns, now, __ATOMIC_RELAXED);
	__atomic_store_n(&w->cpus_seq, w->cpus_seq + 1, __ATOMIC_RELEASE);
}

static uint32_t read_begin(const struct ktstr_worker *w)
{
	return __atomic_load_n(&w->cpus_seq, __ATOMIC_ACQUIRE);
}

static bool read_end(const struct ktstr_worker *w, uint32_t seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(seq & 1) && seq == __atomic_load_n(&w->cpus_seq, __ATOMIC_RELAXED);
}

bool worker__cpus(const struct ktstr_worker *w, struct cpu_mask *out)
{
	uint32_t seq = read_begin(w);

	for (unsigned int i = 0; i < CPU_MASK_BITS / 64; i++)
		out->bits[i] = __atomic_load_n(&w->cpus.bits[i], __ATOMIC_RELAXED);
	return read_end(w, seq);
}

/* Must it not be on @cpu at @now? One whose CPUs change right now is not judged. */
static bool off_cpus(const struct ktstr_worker *w, uint32_t cpu, int64_t now)
{
	uint32_t seq = read_begin(w);
	bool off = cpu >= CPU_MASK_BITS ||
		   !(__atomic_load_n(&w->cpus.bits[cpu / 64], __ATOMIC_RELAXED) >> cpu % 64 & 1);

	off = off && now - __atomic_load_n(&w->cpus_since_ns, __ATOMIC_RELAXED) >= CPUS_GRACE_NS;
	return off && read_end(w, seq);
}

static bool is_over(const struct ktstr_worker *w, int64_t now)
{
	return now > __atomic_load_n(&w->stop_ns, __ATOMIC_RELAXED) ||
	       now > __atomic_load_n(&w->board->stop_ns, __ATOMIC_RELAXED);
}

bool ktstr_worker__go_on(struct ktstr_worker *w)
{
	return !is_over(w, now_ns());
}

bool worker__sample(struct ktstr_worker *w)
{
	struct worker_account *a = &w->account;
	uint32_t cpu = (uint32_t)sched_getcpu();
	int64_t now = now_ns();

	if (is_over(w, now))
		return false;
	if (now - a->last_ns > a->max_gap_ns) {
		a->max_gap_ns = now - a->last_ns;
		a->max_gap_at_ns = now;
	}
	/* The first sample has no CPU before it. */
	if (a->samples++ && cpu != a->last_cpu)
		a->migrations++;
	a->off_cpuset += off_cpus(w, cpu, now);
	a->last_cpu = cpu;
	/* Read by PID 1 while this runs: one store, never torn. */
	__atomic_store_n(&a->last_ns, now, __ATOMIC_RELAXED);
	return true;
}

void ktstr_worker__unit(struct ktstr_worker *w)
{
	w->account.iterations += worker__sample(w);
}

void ktstr_worker__slept(struct ktstr_worker *w)
{
	__atomic_store_n(&w->account.last_ns, now_ns(), __ATOMIC_RELAXED);
}

void worker__wants_since(struct ktstr_worker *w, int64_t since_ns)
{
	if (since_ns > w->account.last_ns)
		__atomic_store_n(&w->account.last_ns, since_ns, __ATOMIC_RELAXED);
}

void worker__woken(struct ktstr_worker *w, int64_t since_ns)
{
	ktstr_worker__latency(w, now_ns() - since_ns);
	worker__wants_since(w, since_ns);
}

uint32_t ktstr_worker__index(const struct ktstr_worker *w)
{
	return w->index;
}

struct ktstr_group *ktstr_worker__group(struct ktstr_worker *w)
{
	return w->group;
}

const struct ktstr_work *ktstr_worker__work(const struct ktstr_worker *w)
{
	return &w->work;
}

uint64_t ktstr_worker__random(struct ktstr_worker *w)
{
	return ktstr_random__next(&w->random);
}

void ktstr_worker__compute(struct ktstr_worker *w, uint32_t us)
{
	for (; us > COMPUTE_SLICE_US; us -= COMPUTE_SLICE_US) {
		compute__us(COMPUTE_SLICE_US);
		if (!worker__sample(w))
			return;
	}
	compute__us(us);
}

static int64_t sleep_us(uint32_t us)
{
	int64_t due = now_ns() + us * 1000ll;
	struct timespec ts = { due / NSEC_PER_SEC, due % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
	return due;
}

void ktstr_worker__pause(struct ktstr_worker *w, uint32_t us)
{
	worker__woken(w, sleep_us(us));
}

void work__sleep(struct ktstr_worker *w, uint32_t us)
{
	__atomic_store_n(&w->account.last_ns, sleep_us(us), __ATOMIC_RELAXED);
}

void ktstr_worker__fail(struct ktstr_worker *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->failed, sizeof(w->failed), fmt, ap);
	va_end(ap);
	_exit(1);
}
