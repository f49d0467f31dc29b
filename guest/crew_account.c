// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel and the workers themselves count for a crew.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "kfile.h"

static void task_path(const struct member *m, const char *file, char *path, size_t size)
{
	snprintf(path, size, "/proc/%d/task/%d/%s", m->proc->pid, m->w->tid, file);
}

int crew__open_counters(struct crew *c, struct ktstr_error *e)
{
	char path[96];

	for (struct member *m = c->members; m < c->members + c->nr; m++) {
		task_path(m, "schedstat", path, sizeof(path));
		m->schedstat_fd = open(path, O_RDONLY | O_CLOEXEC);
		if (m->schedstat_fd < 0)
			return ktstr_error_set(e, -errno,
					       "cannot open %s: %s; build the kernel with CONFIG_SCHED_INFO",
					       path, strerror(errno));
	}
	return 0;
}

/* "cpu_ns wait_ns timeslices" (Documentation/scheduler/sched-stats.rst). */
static void read_schedstat(const struct member *m, struct counters *c)
{
	unsigned long long cpu, wait;
	char buf[96];
	ssize_t n = pread(m->schedstat_fd, buf, sizeof(buf) - 1, 0);

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

static void read_switches(const struct member *m, struct counters *c)
{
	char path[96], buf[4096];

	task_path(m, "status", path, sizeof(path));
	if (kfile__read(path, buf, sizeof(buf)) < 0)
		return;
	/* The second name contains the first: it is searched for by its start. */
	c->switches = field(buf, "\nvoluntary_ctxt_switches:") +
		      field(buf, "\nnonvoluntary_ctxt_switches:");
}

void crew__begin(struct crew *c)
{
	for (struct member *m = c->members; m < c->members + c->nr; m++) {
		read_schedstat(m, &m->base);
		read_switches(m, &m->base);
	}
}

void crew__release(struct crew *c, int64_t now_ns)
{
	for (struct member *m = c->members; m < c->members + c->nr; m++)
		worker__release(m->w, now_ns);
}

/* The state is behind the name, which may have any byte in it: the last ')' ends it. */
static bool sleeps(const struct member *m)
{
	char path[96], buf[512];
	const char *p;

	task_path(m, "stat", path, sizeof(path));
	if (kfile__read(path, buf, sizeof(buf)) < 0)
		return false;
	p = strrchr(buf, ')');
	return p && p[1] == ' ' && (p[2] == 'S' || p[2] == 'D' || p[2] == 'I');
}

void crew__look(struct crew *c)
{
	for (struct member *m = c->members; m < c->members + c->nr; m++)
		if (!m->counted)
			m->blocked = sleeps(m);
}

void crew__count(struct crew *c, int64_t end_ns, bool final)
{
	struct member *m;

	/* CPU time first and for all: it is what is compared between workers. */
	for (m = c->members; m < c->members + c->nr; m++) {
		if (m->counted)
			continue;
		m->used = m->base;
		m->died = m->proc->dead;
		m->end_ns = end_ns;
		read_schedstat(m, &m->used);
	}
	for (m = c->members; m < c->members + c->nr; m++) {
		if (m->counted)
			continue;
		read_switches(m, &m->used);
		m->policy = sched_getscheduler(m->w->tid);
		m->counted = final;
	}
}

/* The gap it is in has no sample at its end: it lasts until it was counted. */
static void close_gap(const struct member *m, struct worker_account *a)
{
	/* One that never got to its first sample waited from the start. */
	int64_t last = a->last_ns ? a->last_ns : m->w->start_ns;

	if (m->blocked || !m->w->go || m->end_ns - last <= a->max_gap_ns)
		return;
	a->max_gap_ns = m->end_ns - last;
	a->max_gap_at_ns = m->end_ns;
}

static void fill_latencies(const struct worker_account *a, struct ktstr_worker_metrics *to)
{
	static const double pct[] = { 50, 90, 99, 99.9 };

	to->nr_latencies = htole64(a->nr_latencies);
	for (int i = 0; i < 4; i++)
		to->latency_ns[i] = htole64(worker__percentile(a, pct[i]));
	to->latency_ns[4] = htole64(a->max_latency_ns);
}

static void fill_account(const struct worker_account *a, struct ktstr_worker_metrics *to)
{
	to->iterations = htole64(a->iterations);
	to->max_gap_ns = htole64((uint64_t)a->max_gap_ns);
	to->max_gap_at_ns = htole64((uint64_t)a->max_gap_at_ns);
	to->migrations = htole64(a->migrations);
	to->off_cpuset = htole64(a->off_cpuset);
	to->node_pages = htole64(a->node_pages);
	to->remote_pages = htole64(a->remote_pages);
	to->last_cpu = htole32(a->last_cpu);
	fill_latencies(a, to);
}

void crew__fill(const struct member *m, uint32_t mark, struct ktstr_worker_metrics *to)
{
	const struct crew *c = m->crew;
	struct worker_account a = m->w->account;

	memset(to, 0, sizeof(*to));
	close_gap(m, &a);
	fill_account(&a, to);
	memcpy(to->cgroup, c->spawned_in, sizeof(to->cgroup));
	memcpy(to->name, c->name, sizeof(to->name));
	to->worker = htole32((uint32_t)(m - c->members));
	to->pid = htole32((uint32_t)m->w->tid);
	to->mark = htole32(mark);
	to->policy = htole32((uint32_t)m->policy);
	to->start_ns = htole64((uint64_t)m->w->start_ns);
	to->end_ns = htole64((uint64_t)m->end_ns);
	to->cpu_ns = htole64(m->used.cpu_ns - m->base.cpu_ns);
	to->wait_ns = htole64(m->used.wait_ns - m->base.wait_ns);
	to->switches = htole64(m->used.switches - m->base.switches);
	to->exit_status = htole32(m->died ? (uint32_t)m->proc->status : 0);
}
