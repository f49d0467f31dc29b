/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A group of workers as PID 1 makes them, as plain host processes or threads.
 */
#ifndef WORK_RIG_H
#define WORK_RIG_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guest/clock.h"
#include "guest/work.h"
#include "guest/worker.h"

#define RIG_MAX		16
#define RIG_WAIT_MS	30000	/* for anything that must happen: a machine may be slow */

/**
 * struct work_rig - one group
 * @g: group
 * @work: what it is told; set between rig__init() and rig__start()
 * @w: workers, shared
 * @pid: their processes; threads share the first
 * @nr, @nr_procs: how many
 * @ready: workers that run; shared
 */
struct work_rig {
	struct ktstr_group g;
	const struct ktstr_work_kind *kind;
	struct ktstr_work work;
	struct worker_board *board;
	struct ktstr_worker *w;
	uint32_t *ready;
	pid_t pid[RIG_MAX];
	uint32_t nr, nr_procs;
	struct ktstr_error e;
};

static inline void *rig__shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline void rig__nap(void)
{
	usleep(1000);
}

/* The CPUs that this process may use: what a cpuset would be. */
static inline struct cpu_mask rig__cpus(void)
{
	struct cpu_mask m = { 0 };
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpu_mask__set(&m, cpu);
	return m;
}

static inline int rig__init(struct work_rig *r, const struct ktstr_work *work)
{
	struct cpu_mask cpus = rig__cpus();

	r->work = *work;
	r->kind = ktstr_work_kind__find(work->kind);
	r->nr = work->group ? work->group : r->kind->group;
	r->nr_procs = work->threads ? 1 : r->nr;
	r->board = rig__shared(sizeof(*r->board));
	r->w = rig__shared(r->nr * sizeof(*r->w));
	r->ready = rig__shared(sizeof(*r->ready));
	r->board->stop_ns = INT64_MAX;
	for (uint32_t i = 0; i < r->nr; i++) {
		struct ktstr_worker *w = &r->w[i];

		w->stop_ns = INT64_MAX;
		w->index = i;
		w->random = i + 1;
		w->work = r->work;
		w->kind = r->kind;
		w->group = &r->g;
		w->board = r->board;
		worker__set_cpus(w, &cpus, 0);
	}
	return worker_group__init(&r->g, r->kind, &r->work, r->nr, &r->e);
}

static inline void rig__ready(void *arg)
{
	__atomic_fetch_add((uint32_t *)arg, 1, __ATOMIC_RELAXED);
}

struct rig_thread {
	struct work_rig *r;
	uint32_t i;
};

static inline void *rig__worker(void *arg)
{
	struct rig_thread *t = arg;

	worker__run(&t->r->w[t->i], rig__ready, t->r->ready);
	for (;;)
		pause();
	return NULL;
}

static inline void rig__process(struct work_rig *r, uint32_t proc)
{
	uint32_t per = r->nr / r->nr_procs;
	struct rig_thread t[RIG_MAX];
	pthread_t id;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	for (uint32_t i = 0; i < per; i++)
		t[i] = (struct rig_thread){ r, proc * per + i };
	for (uint32_t i = 1; i < per; i++)
		if (pthread_create(&id, NULL, rig__worker, &t[i]))
			_exit(1);
	rig__worker(&t[0]);
}

static inline bool rig__died(void)
{
	siginfo_t info = { 0 };

	return !waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

/* False when a worker died, or a machine is too slow for any test. */
static inline bool rig__until(struct work_rig *r, bool (*is)(struct work_rig *r))
{
	int64_t end = deadline_ns(RIG_WAIT_MS);

	while (!is(r)) {
		if (rig__died() || now_ns() > end)
			return false;
		rig__nap();
	}
	return true;
}

static inline bool rig__all_ready(struct work_rig *r)
{
	return __atomic_load_n(r->ready, __ATOMIC_RELAXED) == r->nr;
}

static inline bool rig__start(struct work_rig *r)
{
	for (uint32_t i = 0; i < r->nr_procs; i++) {
		r->pid[i] = fork();
		if (!r->pid[i])
			rig__process(r, i);
	}
	worker_group__close(&r->g);
	if (!rig__until(r, rig__all_ready))
		return false;
	for (uint32_t i = 0; i < r->nr; i++)
		worker__release(&r->w[i], now_ns());
	return true;
}

static inline uint64_t rig__units(const struct work_rig *r, uint32_t i)
{
	return __atomic_load_n(&r->w[i].account.iterations, __ATOMIC_RELAXED);
}

/* Every worker has done something, at least for the third time. */
static inline bool rig__all_worked(struct work_rig *r)
{
	for (uint32_t i = 0; i < r->nr; i++)
		if (rig__units(r, i) < 3)
			return false;
	return true;
}

/* Of all workers; those that measure nothing have none. */
static inline uint64_t rig__latencies(const struct work_rig *r)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < r->nr; i++)
		n += __atomic_load_n(&r->w[i].account.nr_latencies, __ATOMIC_RELAXED);
	return n;
}

static inline void rig__stop(struct work_rig *r)
{
	__atomic_store_n(&r->board->stop_ns, now_ns(), __ATOMIC_RELAXED);
}

/* As PID 1 does it: they are killed wherever they are. */
static inline void rig__end(struct work_rig *r)
{
	for (uint32_t i = 0; i < r->nr_procs; i++)
		if (r->pid[i] > 0) {
			kill(r->pid[i], SIGKILL);
			waitpid(r->pid[i], NULL, 0);
		}
	worker_group__free(&r->g);
	munmap(r->board, sizeof(*r->board));
	munmap(r->w, r->nr * sizeof(*r->w));
	munmap(r->ready, sizeof(*r->ready));
}

#endif /* WORK_RIG_H */
