// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making the workers of one SPAWN: memory, processes, threads, and their place.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cgroup.h"
#include "crew.h"
#include "policy.h"

/* In a worker's process: which of the crew's members it is. */
struct process {
	struct crew *crew;
	uint32_t first, nr;
	int ready_fd;
};

/* One thread of it; on the stack of the process's main thread, which never ends. */
struct thread {
	struct process *process;
	struct member *member;
};

static struct ktstr_work work_of(const struct ktstr_op_work *w, const char *kind,
				 void (*fn)(struct ktstr_worker *w))
{
	return (struct ktstr_work){
		.kind = kind, .nr = w->nr, .group = w->group, .threads = w->threads,
		.nice = w->nice, .policy = w->policy, .prio = w->prio,
		.runtime_us = w->runtime_us, .deadline_us = w->deadline_us,
		.period_us = w->period_us, .busy_us = w->busy_us, .idle_us = w->idle_us,
		.kib = w->kib, .fn = fn,
	};
}

static int map_workers(struct crew *c)
{
	void *p;

	c->shared_bytes = c->nr * sizeof(*c->shared);
	p = mmap(NULL, c->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	c->shared = p;
	return 0;
}

static int allocate(struct crew *c)
{
	c->nr_groups = c->nr / c->work.group;
	c->nr_procs = c->work.threads ? c->nr_groups : c->nr;
	c->members = calloc(c->nr, sizeof(*c->members));
	c->groups = calloc(c->nr_groups, sizeof(*c->groups));
	c->procs = calloc(c->nr_procs, sizeof(*c->procs));
	if (!c->members || !c->groups || !c->procs)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->nr_procs; i++)
		c->procs[i].dead = true;	/* until it is forked */
	for (uint32_t i = 0; i < c->nr; i++)
		c->members[i].schedstat_fd = -1;
	return map_workers(c);
}

static uint64_t mix(uint64_t random, const char *s)
{
	for (; *s; s++)
		random = random * 31 + (unsigned char)*s;
	return random;
}

static void init_worker(struct crew *c, uint32_t i, const struct worker_board *board)
{
	struct ktstr_worker *w = &c->shared[i];
	uint32_t per_proc = c->nr / c->nr_procs;

	c->members[i] = (struct member){
		.w = w, .crew = c, .proc = &c->procs[i / per_proc], .schedstat_fd = -1,
	};
	w->stop_ns = INT64_MAX;
	w->index = i % c->work.group;
	/* A stream of its own: seeds far apart, of what the plan says alone. */
	w->random = board->seed ^ ((uint64_t)i + 1) * 0xd1342543de82ef95;
	/* No path has a blank. */
	w->random = mix(mix(mix(w->random, c->cgroup), " "), c->name);
	w->work = c->work;
	w->kind = c->kind;
	w->group = &c->groups[i / c->work.group];
	w->board = board;
}

static int init_groups(struct crew *c, struct ktstr_error *e)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < c->nr_groups; i++)
		err = worker_group__init(&c->groups[i], c->kind, &c->work, c->work.group, e);
	return err;
}

struct crew *crew__new(const struct ktstr_op *op, void (*fn)(struct ktstr_worker *w),
		       const struct worker_board *board, int *err, struct ktstr_error *e)
{
	const struct ktstr_work_kind *kind = ktstr_work_kind__find(op->work.kind);
	struct crew *c = calloc(1, sizeof(*c));

	*err = -EINVAL;
	if (!c || !kind || !op->work.nr || !op->work.group || op->work.nr % op->work.group) {
		ktstr_error_set(e, *err, "cannot make %u workers of kind %s in groups of %u",
				op->work.nr, op->work.kind, op->work.group);
		free(c);
		return NULL;
	}
	strcpy(c->cgroup, op->cgroup);
	strcpy(c->spawned_in, op->cgroup);
	strcpy(c->name, op->name);
	c->kind = kind;
	c->work = work_of(&op->work, kind->name, fn);
	c->affinity = op->cpus;
	c->has_affinity = op->has_cpus;
	c->nr = op->work.nr;
	*err = allocate(c);
	if (*err) {
		ktstr_error_set(e, *err, "no memory for %u workers", c->nr);
		crew__free(c);
		return NULL;
	}
	for (uint32_t i = 0; i < c->nr; i++)
		init_worker(c, i, board);
	*err = init_groups(c, e);
	if (!*err)
		return c;
	crew__free(c);
	return NULL;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* It has no exec, so it closes what it must not hold: all but its groups' and the eventfd. */
static void close_others(const struct process *p)
{
	const struct ktstr_group *g = p->crew->members[p->first].w->group;
	int keep[KTSTR_GROUP_FDS + 1];
	uint32_t nr = 0;
	int from = 3;

	for (uint32_t i = 0; i < g->nr_fds; i++)
		keep[nr++] = g->fds[i];
	keep[nr++] = p->ready_fd;
	qsort(keep, nr, sizeof(keep[0]), compare_fds);
	for (uint32_t i = 0; i < nr; i++) {
		if (keep[i] > from)
			close_range((unsigned int)from, (unsigned int)keep[i] - 1, 0);
		if (keep[i] >= from)
			from = keep[i] + 1;
	}
	close_range((unsigned int)from, ~0U, 0);
}

static void say_ready(void *arg)
{
	struct process *p = arg;

	eventfd_write(p->ready_fd, 1);
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	char name[16];

	/* The kernel's complaints about a task give its name. */
	snprintf(name, sizeof(name), "%.10s/%u", t->process->crew->name,
		 (uint32_t)(t->member - t->process->crew->members));
	prctl(PR_SET_NAME, name);
	worker__run(t->member->w, say_ready, t->process);
	for (;;)
		pause();
	return NULL;
}

static void process_main(void *arg)
{
	struct process *p = arg;
	struct thread threads[p->nr];
	pthread_t id;

	close_others(p);
	for (uint32_t i = 0; i < p->nr; i++)
		threads[i] = (struct thread){ p, &p->crew->members[p->first + i] };
	for (uint32_t i = 1; i < p->nr; i++)
		if (pthread_create(&id, NULL, thread_main, &threads[i]))
			_exit(1);
	thread_main(&threads[0]);
}

int crew__fork(struct crew *c, int ready_fd, struct ktstr_error *e)
{
	uint32_t per_proc = c->nr / c->nr_procs;
	int err;

	for (uint32_t i = 0; i < c->nr_procs; i++) {
		struct process p = { c, i * per_proc, per_proc, ready_fd };

		err = child__fork(&c->procs[i], process_main, &p);
		if (err) {
			c->procs[i].dead = true;
			return ktstr_error_set(e, err, "cannot fork worker %u of %s in cgroup %s: %s",
					       i * per_proc, c->name, c->cgroup, strerror(-err));
		}
	}
	for (uint32_t i = 0; i < c->nr_groups; i++)
		worker_group__close(&c->groups[i]);
	return 0;
}

static int place_failed(const struct member *m, const char *what, int err, struct ktstr_error *e)
{
	return ktstr_error_set(e, err, "cannot give worker %s/%u of cgroup %s %s: %s",
			       m->crew->name, (uint32_t)(m - m->crew->members), m->crew->cgroup,
			       what, strerror(-err));
}

/* Each member in turn; @fn returns a negative errno. */
static int for_each(struct crew *c, const char *what, int (*fn)(struct crew *c, pid_t tid),
		    struct ktstr_error *e)
{
	for (uint32_t i = 0; i < c->nr; i++) {
		int err = fn(c, c->members[i].w->tid);

		if (err)
			return place_failed(&c->members[i], what, err, e);
	}
	return 0;
}

static int set_affinity(struct crew *c, pid_t tid)
{
	cpu_set_t *set = CPU_ALLOC(CPU_MASK_BITS);
	size_t size = CPU_ALLOC_SIZE(CPU_MASK_BITS);
	int err;

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (!c->has_affinity || cpu_mask__test(&c->affinity, cpu))
			CPU_SET_S(cpu, size, set);
	err = sched_setaffinity(tid, size, set) ? -errno : 0;
	CPU_FREE(set);
	return err;
}

int crew__apply_affinity(struct crew *c, struct ktstr_error *e)
{
	return for_each(c, "its affinity", set_affinity, e);
}

static int set_policy(struct crew *c, pid_t tid)
{
	return policy__set(tid, c->work.policy, &c->work);
}

int crew__apply_policy(struct crew *c, bool ext, struct ktstr_error *e)
{
	if (c->work.policy == KTSTR_INHERIT)
		c->work.policy = ext ? KTSTR_EXT : KTSTR_NORMAL;
	return for_each(c, "its policy", set_policy, e);
}

static int set_nice(struct crew *c, pid_t tid)
{
	return setpriority(PRIO_PROCESS, (id_t)tid, c->work.nice) ? -errno : 0;
}

int crew__apply_nice(struct crew *c, struct ktstr_error *e)
{
	return for_each(c, "its nice value", set_nice, e);
}

int crew__apply_cgroup(struct crew *c, struct ktstr_error *e)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < c->nr_procs; i++)
		err = cgroup__attach(c->cgroup, c->procs[i].pid, e);
	return err;
}

void crew__set_cpus(struct crew *c, const struct cpu_mask *effective, int64_t now_ns)
{
	struct cpu_mask m = *effective;

	for (size_t i = 0; c->has_affinity && i < CPU_MASK_BITS / 64; i++)
		m.bits[i] &= c->affinity.bits[i];
	for (uint32_t i = 0; i < c->nr; i++)
		worker__set_cpus(c->members[i].w, &m, now_ns);
}

bool member__machine_lacks(const struct member *m)
{
	return !strncmp(m->w->failed, KTSTR_MACHINE_HAS, strlen(KTSTR_MACHINE_HAS));
}

/* Of threads that ended together: the one that said why, or the first. */
static const struct member *spokesman(const struct crew *c, const struct child *proc)
{
	const struct member *first = NULL;

	for (uint32_t i = 0; i < c->nr; i++) {
		const struct member *m = &c->members[i];

		if (m->proc == proc && *m->w->failed)
			return m;
		if (m->proc == proc && !first)
			first = m;
	}
	return first;
}

const struct member *crew__dead(const struct crew *c)
{
	const struct member *m, *lacking = NULL;

	for (uint32_t i = 0; i < c->nr_procs; i++) {
		m = c->procs[i].dead ? spokesman(c, &c->procs[i]) : NULL;
		if (m && !member__machine_lacks(m))
			return m;
		lacking = lacking ? lacking : m;
	}
	return lacking;
}

void crew__kill(struct crew *c)
{
	for (uint32_t i = 0; i < c->nr_procs; i++)
		if (!c->procs[i].dead)
			kill(c->procs[i].pid, SIGKILL);
}

bool crew__all_dead(const struct crew *c)
{
	for (uint32_t i = 0; i < c->nr_procs; i++)
		if (!c->procs[i].dead)
			return false;
	return true;
}

void crew__free_groups(struct crew *c)
{
	for (uint32_t i = 0; c->groups && i < c->nr_groups; i++)
		worker_group__free(&c->groups[i]);
}

void crew__free(struct crew *c)
{
	for (uint32_t i = 0; c->procs && i < c->nr_procs; i++)
		if (c->procs[i].pid)
			child__forget(&c->procs[i]);
	for (uint32_t i = 0; c->members && i < c->nr; i++)
		if (c->members[i].schedstat_fd >= 0)
			close(c->members[i].schedstat_fd);
	crew__free_groups(c);
	if (c->shared)
		munmap(c->shared, c->shared_bytes);
	free(c->members);
	free(c->groups);
	free(c->procs);
	free(c);
}
