// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers: processes that load the scheduler and account for themselves.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ktstr/wire.h>

#include "bulk.h"
#include "cgroup.h"
#include "child.h"
#include "clock.h"
#include "console_wake.h"
#include "emit.h"
#include "kfile.h"
#include "loop.h"
#include "sched.h"
#include "workers.h"

#define SCHED_EXT_POLICY	7	/* SCHED_EXT of linux/sched.h, unknown to this libc */
#define READY_MS		10000u	/* for all workers to run their first instructions */
#define READY_EACH_MS		20u	/* and this much for each */
#define REAP_MS			2000u	/* from SIGKILL to death */

/* What the kernel counts for a task: /proc/PID/schedstat and /proc/PID/status. */
struct counters {
	uint64_t cpu_ns;
	uint64_t wait_ns;
	uint64_t switches;
};

struct worker {
	struct child child;
	const struct guest_plan_cgroup *cgroup;
	struct worker_account *account;
	enum work_kind kind;
	unsigned int index;	/* in its cgroup */
	int schedstat_fd;
	struct counters base;
	struct counters used;
	int policy;
	bool frozen_dead;	/* it was gone when the window ended */
};

static struct {
	struct worker *all;
	unsigned int nr;
	struct worker_board *board;
	size_t board_size;
	int64_t end_ns;		/* 0 until frozen */
	struct loop_watch ready;	/* eventfd that the workers add to */
	uint64_t nr_ready;
} workers = { .ready.fd = -1 };

static void (*const work[])(const struct worker_board *board, struct worker_account *me,
			    const struct cpu_mask *cpus) = {
	[WORK_SPIN] = work_spin,
};

static long futex(uint32_t *addr, int op, uint32_t val)
{
	return syscall(SYS_futex, addr, op, val, NULL, NULL, 0);
}

/* In the worker, from fork to death; it has no exec, so it closes what it must not hold. */
static void worker_main(void *arg)
{
	struct worker *w = arg;
	struct worker_board *board = workers.board;
	char name[16];

	/* The kernel's complaints about a task give its name. */
	snprintf(name, sizeof(name), "%.10s/%u", w->cgroup->name, w->index);
	prctl(PR_SET_NAME, name);
	eventfd_write(workers.ready.fd, 1);
	close_range(3, ~0U, 0);
	/* Acquire pairs with the release in workers__start(): start_ns is there. */
	while (!__atomic_load_n(&board->go, __ATOMIC_ACQUIRE))
		futex(&board->go, FUTEX_WAIT, 0);
	work[w->kind](board, w->account, &w->cgroup->cpus);
	for (;;)
		pause();
}

static void ready_ready(struct loop_watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) == sizeof(n))
		workers.nr_ready += n;
}

static bool all_ready(void *arg)
{
	(void)arg;
	return workers.nr_ready >= workers.nr || workers__any_dead() || sched__lost() ||
	       console_wake__shutdown();
}

static int allocate(const struct guest_plan *plan, struct ktstr_error *e)
{
	unsigned int nr = plan->total_workers;

	workers.board_size = sizeof(*workers.board) + nr * sizeof(struct worker_account);
	workers.board = mmap(NULL, workers.board_size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (workers.board == MAP_FAILED)
		return ktstr_error_set(e, -errno, "no memory for %u workers", nr);
	workers.board->stop_ns = INT64_MAX;
	workers.all = calloc(nr ? nr : 1, sizeof(*workers.all));
	workers.ready.ready = ready_ready;
	workers.ready.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!workers.all || workers.ready.fd < 0)
		return ktstr_error_set(e, -ENOMEM, "no memory for %u workers", nr);
	return loop__add(&workers.ready, EPOLLIN);
}

static int fork_one(const struct guest_plan_cgroup *cg, enum work_kind kind, unsigned int index,
		    struct ktstr_error *e)
{
	struct worker *w = &workers.all[workers.nr];
	char path[64];
	int err;

	w->cgroup = cg;
	w->kind = kind;
	w->index = index;
	w->account = &workers.board->account[workers.nr];
	err = child__fork(&w->child, worker_main, w);
	if (err)
		return ktstr_error_set(e, err, "cannot fork worker %u of cgroup %s: %s", index,
				       cg->name, strerror(-err));
	workers.nr++;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", w->child.pid);
	w->schedstat_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (w->schedstat_fd < 0)
		return ktstr_error_set(e, -errno,
				       "cannot open %s: %s; build the kernel with CONFIG_SCHED_INFO",
				       path, strerror(errno));
	return 0;
}

static int fork_all(const struct guest_plan *plan, struct ktstr_error *e)
{
	unsigned int next[KTSTR_CGROUPS_MAX] = { 0 };
	int err = 0;

	for (unsigned int i = 0; !err && i < plan->nr_workers; i++) {
		const struct guest_plan_workers *p = &plan->workers[i];

		for (unsigned int n = 0; !err && n < p->count; n++)
			err = fork_one(&plan->cgroups[p->cgroup], p->kind, next[p->cgroup]++, e);
	}
	return err;
}

static int wait_ready(struct ktstr_error *e)
{
	char what[256];
	uint32_t ms = READY_MS + READY_EACH_MS * workers.nr;

	if (loop__until(all_ready, NULL, deadline_ns(ms)))
		return ktstr_error_set(e, -ETIMEDOUT,
				       "only %llu of %u workers got to run at all within %u ms",
				       (unsigned long long)workers.nr_ready, workers.nr, ms);
	if (workers__dead(what, sizeof(what)))
		return ktstr_error_set(e, -ECHILD, "%s", what);
	if (workers.nr_ready < workers.nr)
		return ktstr_error_set(e, -ECANCELED, "the run ended before its workers were ready");
	return 0;
}

static int place(struct worker *w, bool ext, struct ktstr_error *e)
{
	struct sched_param sp = { 0 };
	int err = cgroup__attach(w->cgroup, w->child.pid, e);

	if (err)
		return err;
	if (ext && sched_setscheduler(w->child.pid, SCHED_EXT_POLICY, &sp))
		return ktstr_error_set(e, -errno, "cannot give worker %u of cgroup %s SCHED_EXT: %s",
				       w->index, w->cgroup->name, strerror(errno));
	return 0;
}

int workers__create(const struct guest_plan *plan, bool ext, struct ktstr_error *e)
{
	int err = allocate(plan, e);

	if (!err)
		err = fork_all(plan, e);
	if (!err)
		err = wait_ready(e);
	for (unsigned int i = 0; !err && i < workers.nr; i++)
		err = place(&workers.all[i], ext, e);
	return err;
}

/* "cpu_ns wait_ns timeslices" (Documentation/scheduler/sched-stats.rst). */
static void read_schedstat(const struct worker *w, struct counters *c)
{
	unsigned long long cpu, wait;
	char buf[96];
	ssize_t n = pread(w->schedstat_fd, buf, sizeof(buf) - 1, 0);

	if (n <= 0)
		return;
	buf[n] = '\0';
	if (sscanf(buf, "%llu %llu", &cpu, &wait) != 2)
		return;
	c->cpu_ns = cpu;
	c->wait_ns = wait;
}

static uint64_t field(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtoull(p + strlen(name), NULL, 10) : 0;
}

static void read_switches(const struct worker *w, struct counters *c)
{
	char path[64], buf[4096];

	snprintf(path, sizeof(path), "/proc/%d/status", w->child.pid);
	if (kfile__read(path, buf, sizeof(buf)) < 0)
		return;
	/* The second name contains the first: it is searched for by its start. */
	c->switches = field(buf, "\nvoluntary_ctxt_switches:") +
		      field(buf, "\nnonvoluntary_ctxt_switches:");
}

int64_t workers__start(void)
{
	struct worker_board *board = workers.board;

	for (unsigned int i = 0; i < workers.nr; i++) {
		read_schedstat(&workers.all[i], &workers.all[i].base);
		read_switches(&workers.all[i], &workers.all[i].base);
	}
	board->start_ns = now_ns();
	/* Release pairs with the acquire in worker_main(). */
	__atomic_store_n(&board->go, 1, __ATOMIC_RELEASE);
	futex(&board->go, FUTEX_WAKE, INT_MAX);
	return board->start_ns;
}

void workers__freeze(int64_t end_ns)
{
	struct worker *w;

	/* Relaxed: a worker that reads it late drops the samples that are too late itself. */
	__atomic_store_n(&workers.board->stop_ns, end_ns, __ATOMIC_RELAXED);
	/* CPU time first and for all: it is what is compared between workers. */
	for (w = workers.all; w < workers.all + workers.nr; w++) {
		w->used = w->base;
		w->frozen_dead = w->child.dead;
		read_schedstat(w, &w->used);
	}
	for (w = workers.all; w < workers.all + workers.nr; w++) {
		read_switches(w, &w->used);
		w->policy = sched_getscheduler(w->child.pid);
	}
	workers.end_ns = end_ns;
}

static const struct worker *find_dead(void)
{
	for (unsigned int i = 0; i < workers.nr; i++)
		if (workers.all[i].child.dead)
			return &workers.all[i];
	return NULL;
}

bool workers__any_dead(void)
{
	return find_dead();
}

bool workers__dead(char *what, size_t len)
{
	const struct worker *w = find_dead();
	char how[128];

	if (!w)
		return false;
	wait_status__describe(w->child.status, how, sizeof(how));
	snprintf(what, len, "worker %u of cgroup %s %s", w->index, w->cgroup->name, how);
	return true;
}

static bool all_dead(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < workers.nr; i++)
		if (!workers.all[i].child.dead)
			return false;
	return true;
}

static void fill_metrics(const struct worker *w, struct ktstr_worker_metrics *m)
{
	struct worker_account a = *w->account;
	/* One that never got to its first sample waited from the start. */
	int64_t last = a.last_ns ? a.last_ns : workers.board->start_ns;

	/* The gap it is in has no sample at its end: it lasts to the end of the window. */
	if (workers.end_ns - last > a.max_gap_ns) {
		a.max_gap_ns = workers.end_ns - last;
		a.max_gap_at_ns = workers.end_ns;
	}
	strcpy(m->cgroup, w->cgroup->name);
	m->worker = htole32(w->index);
	m->pid = htole32((uint32_t)w->child.pid);
	m->cpu_ns = htole64(w->used.cpu_ns - w->base.cpu_ns);
	m->wait_ns = htole64(w->used.wait_ns - w->base.wait_ns);
	m->wall_ns = htole64((uint64_t)(workers.end_ns - workers.board->start_ns));
	m->iterations = htole64(a.iterations);
	m->max_gap_ns = htole64((uint64_t)a.max_gap_ns);
	m->max_gap_at_ns = htole64((uint64_t)a.max_gap_at_ns);
	m->migrations = htole64(a.migrations);
	m->switches = htole64(w->used.switches - w->base.switches);
	m->off_cpuset = htole64(a.off_cpuset);
	m->last_cpu = htole32(a.last_cpu);
	m->policy = htole32((uint32_t)w->policy);
	m->exit_status = htole32(w->frozen_dead ? (uint32_t)w->child.status : 0);
}

static void send_metrics(void)
{
	struct ktstr_worker_metrics *m = calloc(workers.nr, sizeof(*m));

	if (!m) {
		kfile__note("no memory for the metrics of %u workers", workers.nr);
		return;
	}
	for (unsigned int i = 0; i < workers.nr; i++)
		fill_metrics(&workers.all[i], &m[i]);
	bulk__send(KTSTR_T_PMET, m, workers.nr * sizeof(*m));
	free(m);
}

void workers__destroy(void)
{
	for (unsigned int i = 0; i < workers.nr; i++)
		if (!workers.all[i].child.dead)
			kill(workers.all[i].child.pid, SIGKILL);
	/* A starved one dies later; PID 1 reaps it then, and its account is as it stands. */
	if (loop__until(all_dead, NULL, deadline_ns(REAP_MS)))
		kfile__note("some workers did not run to their death within %u ms", REAP_MS);
	if (workers.end_ns && workers.nr)
		send_metrics();
	for (unsigned int i = 0; i < workers.nr; i++) {
		child__forget(&workers.all[i].child);
		if (workers.all[i].schedstat_fd > 0)
			close(workers.all[i].schedstat_fd);
	}
	if (workers.ready.fd >= 0) {
		loop__del(&workers.ready);
		close(workers.ready.fd);
		workers.ready.fd = -1;
	}
	free(workers.all);
	workers.all = NULL;
	workers.nr = 0;
}
