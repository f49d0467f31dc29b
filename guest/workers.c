// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers of a test: crews spawned, changed, accounted for and ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/plan.h>

#include "bulk.h"
#include "cgroup.h"
#include "clock.h"
#include "console_wake.h"
#include "crew.h"
#include "emit.h"
#include "kfile.h"
#include "loop.h"
#include "sched.h"
#include "workers.h"

#define READY_MS	10000u	/* for the workers of a crew to run their first instructions */
#define READY_EACH_MS	20u	/* and this much for each worker that there is */
#define REAP_MS		2000u	/* from SIGKILL to death */
#define PMET_BATCH	512u	/* metrics in a frame: well below its largest payload */

static struct {
	struct crew *crews;
	uint32_t nr;			/* workers, ever */
	struct worker_board *board;
	bool started;
	int64_t end_ns;			/* 0 until frozen */
	struct loop_watch ready;	/* eventfd that the workers add to */
	uint64_t nr_ready;
} workers = { .ready.fd = -1 };

static void ready_ready(struct loop_watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) == sizeof(n))
		workers.nr_ready += n;
}

int workers__init(uint64_t seed, struct ktstr_error *e)
{
	void *p = mmap(NULL, sizeof(*workers.board), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	workers.ready.ready = ready_ready;
	workers.ready.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p == MAP_FAILED || workers.ready.fd < 0)
		return ktstr_error_set(e, -ENOMEM, "no memory for workers");
	workers.board = p;
	workers.board->stop_ns = INT64_MAX;
	workers.board->seed = seed;
	return loop__add(&workers.ready, EPOLLIN);
}

static bool all_ready(void *arg)
{
	(void)arg;
	return workers.nr_ready >= workers.nr || workers__any_dead() || sched__lost() ||
	       console_wake__shutdown();
}

static int wait_ready(const struct crew *c, struct ktstr_error *e)
{
	char what[256];
	uint32_t ms = READY_MS + READY_EACH_MS * workers.nr;

	if (loop__until(all_ready, NULL, deadline_ns(ms)))
		return ktstr_error_set(e, -ETIMEDOUT,
				       "only %llu of %u workers of %s in cgroup %s got to run at all within %u ms",
				       (unsigned long long)(workers.nr_ready + c->nr - workers.nr),
				       c->nr, c->name, c->cgroup, ms);
	if (workers__dead(what, sizeof(what)))
		return ktstr_error_set(e, -ECHILD, "%s", what);
	if (workers.nr_ready < workers.nr)
		return ktstr_error_set(e, -ECANCELED, "the run ended before its workers were ready");
	return 0;
}

static int tell_cpus(struct crew *c, struct ktstr_error *e)
{
	struct cpu_mask effective;
	int err = cgroup__effective(c->cgroup, &effective, e);

	if (!err)
		crew__set_cpus(c, &effective, now_ns());
	return err;
}

/* SCHED_DEADLINE takes no tasks of less than all CPUs: the policy comes before the affinity. */
static int place(struct crew *c, bool ext, struct ktstr_error *e)
{
	int err = crew__apply_policy(c, ext, e);

	if (!err)
		err = crew__apply_cgroup(c, e);
	if (!err && c->has_affinity)
		err = crew__apply_affinity(c, e);
	return err ? err : tell_cpus(c, e);
}

static void suspend_cpus(struct crew *c)
{
	for (uint32_t i = 0; i < c->nr; i++)
		worker__suspend_cpus(c->members[i].w);
}

int workers__spawn(const struct ktstr_op *op, void (*fn)(struct ktstr_worker *w), bool ext,
		   struct ktstr_error *e)
{
	struct crew *c;
	int err;

	if (op->work.nr > KTSTR_WORKERS_MAX - workers.nr)
		return ktstr_error_set(e, -E2BIG, "more than %d workers in all", KTSTR_WORKERS_MAX);
	c = crew__new(op, fn, workers.board, &err, e);
	if (!c)
		return err;
	c->next = workers.crews;
	workers.crews = c;
	workers.nr += c->nr;
	err = crew__fork(c, workers.ready.fd, e);
	if (!err)
		err = wait_ready(c, e);
	if (!err)
		err = place(c, ext, e);
	if (!err)
		err = crew__open_counters(c, e);
	if (err || !workers.started)
		return err;
	crew__begin(c);
	crew__release(c, now_ns());
	return 0;
}

static bool chosen(const struct crew *c, const char *cgroup, const char *name)
{
	return !c->stopped && !strcmp(c->cgroup, cgroup) && (!*name || !strcmp(c->name, name));
}

#define for_each_chosen(c, cgroup, name) \
	for (struct crew *c = workers.crews; c; c = c->next) \
		if (chosen(c, cgroup, name))

static void stop_crew(struct crew *c)
{
	int64_t now;

	crew__look(c);
	now = now_ns();
	for (uint32_t i = 0; i < c->nr; i++)
		__atomic_store_n(&c->members[i].w->stop_ns, now, __ATOMIC_RELAXED);
	crew__count(c, now, true);
	c->stopped = true;
	crew__kill(c);
}

static bool stopped_dead(void *arg)
{
	(void)arg;
	for (const struct crew *c = workers.crews; c; c = c->next)
		if (c->stopped && !crew__all_dead(c))
			return false;
	return true;
}

int workers__stop(const char *cgroup, const char *name, struct ktstr_error *e)
{
	for_each_chosen(c, cgroup, name)
		stop_crew(c);
	if (loop__until(stopped_dead, NULL, deadline_ns(REAP_MS)))
		return ktstr_error_set(e, -ETIMEDOUT,
				       "workers of cgroup %s did not run to their death within %u ms",
				       cgroup, REAP_MS);
	for (struct crew *c = workers.crews; c; c = c->next)
		if (c->stopped)
			crew__free_groups(c);
	return 0;
}

int workers__set_affinity(const char *cgroup, const char *name, const struct cpu_mask *cpus,
			  struct ktstr_error *e)
{
	int err = 0;

	for_each_chosen(c, cgroup, name) {
		c->has_affinity = cpus;
		if (cpus)
			c->affinity = *cpus;
		suspend_cpus(c);
		err = err ? err : crew__apply_affinity(c, e);
		err = err ? err : tell_cpus(c, e);
	}
	return err;
}

int workers__set_nice(const char *cgroup, const char *name, int nice, struct ktstr_error *e)
{
	int err = 0;

	for_each_chosen(c, cgroup, name) {
		c->work.nice = nice;
		err = err ? err : crew__apply_nice(c, e);
	}
	return err;
}

int workers__set_policy(const char *cgroup, const char *name, const struct ktstr_op_work *work,
			struct ktstr_error *e)
{
	int err = 0;

	for_each_chosen(c, cgroup, name) {
		c->work.policy = work->policy;
		c->work.prio = work->prio;
		c->work.runtime_us = work->runtime_us;
		c->work.deadline_us = work->deadline_us;
		c->work.period_us = work->period_us;
		err = err ? err : crew__apply_policy(c, false, e);
	}
	return err;
}

int workers__move(const char *cgroup, const char *name, const char *to, struct ktstr_error *e)
{
	int err = 0;

	for_each_chosen(c, cgroup, name) {
		strcpy(c->cgroup, to);
		suspend_cpus(c);
		err = err ? err : crew__apply_cgroup(c, e);
		err = err ? err : tell_cpus(c, e);
	}
	return err;
}

/* A cgroup, or one below it: that inherits. Below "" are all. */
static bool is_within(const char *path, const char *cgroup)
{
	size_t len = strlen(cgroup);

	return !len || (!strncmp(path, cgroup, len) && (!path[len] || path[len] == '/'));
}

void workers__cpuset_changes(const char *cgroup)
{
	for (struct crew *c = workers.crews; c; c = c->next)
		if (!c->stopped && is_within(c->cgroup, cgroup))
			suspend_cpus(c);
}

int workers__cpuset_changed(const char *cgroup, struct ktstr_error *e)
{
	int err = 0;

	for (struct crew *c = workers.crews; !err && c; c = c->next)
		if (!c->stopped && is_within(c->cgroup, cgroup))
			err = tell_cpus(c, e);
	return err;
}

void workers__prepare(void)
{
	for (struct crew *c = workers.crews; c; c = c->next)
		crew__begin(c);
}

void workers__start(int64_t now)
{
	workers.started = true;
	for (struct crew *c = workers.crews; c; c = c->next)
		if (!c->stopped)
			crew__release(c, now);
}

static void send_metrics(uint32_t mark)
{
	struct ktstr_worker_metrics *m = calloc(PMET_BATCH, sizeof(*m));
	uint32_t nr = 0;

	if (!m) {
		kfile__note("no memory for the metrics of %u workers", workers.nr);
		return;
	}
	for (const struct crew *c = workers.crews; c; c = c->next)
		for (uint32_t i = 0; i < c->nr; i++) {
			crew__fill(&c->members[i], mark, &m[nr++]);
			if (nr == PMET_BATCH) {
				bulk__send(KTSTR_T_PMET, m, nr * sizeof(*m));
				nr = 0;
			}
		}
	if (nr)
		bulk__send(KTSTR_T_PMET, m, nr * sizeof(*m));
	free(m);
}

void workers__mark(uint32_t mark)
{
	int64_t now;

	for (struct crew *c = workers.crews; c; c = c->next)
		crew__look(c);
	now = now_ns();
	for (struct crew *c = workers.crews; c; c = c->next)
		crew__count(c, now, false);
	send_metrics(mark);
}

void workers__look(void)
{
	for (struct crew *c = workers.crews; c; c = c->next)
		crew__look(c);
}

void workers__freeze(int64_t end_ns)
{
	/* Relaxed: a worker that reads it late drops the samples that are too late itself. */
	__atomic_store_n(&workers.board->stop_ns, end_ns, __ATOMIC_RELAXED);
	for (struct crew *c = workers.crews; c; c = c->next)
		crew__count(c, end_ns, true);
	workers.end_ns = end_ns;
}

unsigned int workers__count(void)
{
	unsigned int n = 0;

	for (const struct crew *c = workers.crews; c; c = c->next)
		n += c->stopped ? 0 : c->nr;
	return n;
}

static const struct member *find_dead(void)
{
	const struct member *m, *lacking = NULL;

	for (const struct crew *c = workers.crews; c; c = c->next) {
		m = c->stopped ? NULL : crew__dead(c);
		if (m && !member__machine_lacks(m))
			return m;
		lacking = lacking ? lacking : m;
	}
	return lacking;
}

bool workers__any_dead(void)
{
	return find_dead();
}

bool workers__machine_lacks(void)
{
	const struct member *m = find_dead();

	return m && member__machine_lacks(m);
}

bool workers__dead(char *what, size_t len)
{
	const struct member *m = find_dead();
	char how[128];

	if (!m)
		return false;
	wait_status__describe(m->proc->status, how, sizeof(how));
	snprintf(what, len, "worker %s/%u of cgroup %s %s%s%.127s", m->crew->name,
		 (uint32_t)(m - m->crew->members), m->crew->cgroup, how,
		 *m->w->failed ? ": " : "", m->w->failed);
	return true;
}

static bool all_dead(void *arg)
{
	(void)arg;
	for (const struct crew *c = workers.crews; c; c = c->next)
		if (!crew__all_dead(c))
			return false;
	return true;
}

void workers__destroy(void)
{
	struct crew *next;

	for (struct crew *c = workers.crews; c; c = c->next)
		crew__kill(c);
	/* A starved one dies later; PID 1 reaps it then, and its account is as it stands. */
	if (loop__until(all_dead, NULL, deadline_ns(REAP_MS)))
		kfile__note("some workers did not run to their death within %u ms", REAP_MS);
	if (workers.end_ns && workers.nr)
		send_metrics(0);
	for (struct crew *c = workers.crews; c; c = next) {
		next = c->next;
		crew__free(c);
	}
	workers.crews = NULL;
	workers.nr = 0;
	if (workers.ready.fd >= 0) {
		loop__del(&workers.ready);
		close(workers.ready.fd);
		workers.ready.fd = -1;
	}
}
