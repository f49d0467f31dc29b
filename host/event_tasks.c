// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks are found by pid in a hash of chains; places are given out once and then
 * taken from the dead, the longest dead first.
 */
#include <stdlib.h>
#include <string.h>

#include "event_tasks.h"

#define HASH_BITS	10u
#define HASH_SIZE	(1u << HASH_BITS)

struct event_tasks {
	struct event_tasks_stats stats;
	uint64_t start_ns;
	uint32_t max_tasks, nr_tasks;
	uint32_t nr_cgroups;
	struct event_account other;
	struct event_task *hash[HASH_SIZE];
	struct event_task *dead, **dead_end;
	struct event_cgroup *cgroups[EVENT_CGROUPS_MAX];
	struct event_task *tasks[];
};

#define ROOT_CGROUP	1	/* id of the root of cgroup v2, on any kernel with 64-bit inodes */

static struct event_cgroup *new_cgroup(struct event_tasks *t, uint64_t id)
{
	struct event_cgroup *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->id = id;
	/* It has no other, and it was there before anybody could be told (kernfs_create_root()). */
	if (id == ROOT_CGROUP)
		strcpy(c->path, "/");
	event_account__start(&c->account, HISTOGRAM_2_DIGITS, t->start_ns);
	t->cgroups[t->nr_cgroups++] = c;
	return c;
}

struct event_tasks *event_tasks__new(uint32_t max_tasks)
{
	struct event_tasks *t;

	if (!max_tasks)
		max_tasks = EVENT_TASKS_MAX;
	t = calloc(1, sizeof(*t) + max_tasks * sizeof(t->tasks[0]));
	if (!t)
		return NULL;
	t->max_tasks = max_tasks;
	t->dead_end = &t->dead;
	event_account__start(&t->other, HISTOGRAM_2_DIGITS, 0);
	/* What is not known has a place before anything else takes it. */
	if (!new_cgroup(t, 0)) {
		free(t);
		return NULL;
	}
	return t;
}

void event_tasks__free(struct event_tasks *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->nr_tasks; i++) {
		event_account__free(&t->tasks[i]->account);
		free(t->tasks[i]);
	}
	for (uint32_t i = 0; i < t->nr_cgroups; i++) {
		event_account__free(&t->cgroups[i]->account);
		free(t->cgroups[i]);
	}
	event_account__free(&t->other);
	free(t);
}

void event_tasks__restart(struct event_tasks *t, uint64_t start_ns)
{
	t->start_ns = start_ns;
	event_account__start(&t->other, HISTOGRAM_2_DIGITS, start_ns);
	for (uint32_t i = 0; i < t->nr_tasks; i++) {
		event_account__start(&t->tasks[i]->account, HISTOGRAM_COARSE, start_ns);
		memset(&t->tasks[i]->own, 0, sizeof(t->tasks[i]->own));
	}
	for (uint32_t i = 0; i < t->nr_cgroups; i++) {
		event_account__start(&t->cgroups[i]->account, HISTOGRAM_2_DIGITS, start_ns);
		t->cgroups[i]->strayed_ns = 0;
		memset(&t->cgroups[i]->strayed, 0, sizeof(t->cgroups[i]->strayed));
	}
}

static struct event_task **bucket_of(struct event_tasks *t, uint32_t pid)
{
	return &t->hash[pid * 2654435761u >> (32 - HASH_BITS)];
}

struct event_task *event_tasks__find(struct event_tasks *t, uint32_t pid)
{
	struct event_task *task = *bucket_of(t, pid);

	while (task && task->pid != pid)
		task = task->next;
	return task;
}

static void enter(struct event_tasks *t, struct event_task *task, uint32_t pid)
{
	struct event_task **bucket = bucket_of(t, pid);

	task->pid = pid;
	task->next = *bucket;
	*bucket = task;
}

static void leave(struct event_tasks *t, struct event_task *task)
{
	struct event_task **at = bucket_of(t, task->pid);

	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
	task->next = NULL;
}

/* A place: a new one, or that of the longest dead. */
static struct event_task *find_place(struct event_tasks *t)
{
	struct event_task *task = NULL;

	if (t->nr_tasks < t->max_tasks) {
		task = calloc(1, sizeof(*task));
		if (task)
			t->tasks[t->nr_tasks++] = task;
	}
	if (task || !t->dead)
		return task;
	task = t->dead;
	t->dead = task->next;
	if (!t->dead)
		t->dead_end = &t->dead;
	t->stats.evicted++;
	event_account__free(&task->account);
	memset(task, 0, sizeof(*task));
	return task;
}

struct event_task *event_tasks__get(struct event_tasks *t, uint32_t pid)
{
	struct event_task *task = event_tasks__find(t, pid);

	if (task)
		return task;
	task = find_place(t);
	if (!task) {
		t->stats.no_room++;
		return NULL;
	}
	t->stats.seen++;
	event_account__start(&task->account, HISTOGRAM_COARSE, t->start_ns);
	task->cgroup = t->cgroups[0];
	enter(t, task, pid);
	return task;
}

void event_tasks__bury(struct event_tasks *t, struct event_task *task)
{
	leave(t, task);
	task->state = EVENT_TASK_DEAD;
	*t->dead_end = task;
	t->dead_end = &task->next;
}

void event_tasks__rename(struct event_tasks *t, struct event_task *task, uint32_t pid)
{
	leave(t, task);
	enter(t, task, pid);
}

struct event_cgroup *event_tasks__cgroup(struct event_tasks *t, uint64_t id)
{
	struct event_cgroup *c = NULL;

	for (uint32_t i = 0; i < t->nr_cgroups; i++)
		if (t->cgroups[i]->id == id)
			return t->cgroups[i];
	if (t->nr_cgroups < EVENT_CGROUPS_MAX)
		c = new_cgroup(t, id);
	if (!c) {
		t->stats.no_cgroup++;
		c = t->cgroups[0];
	}
	return c;
}

struct event_account *event_tasks__other(struct event_tasks *t)
{
	return &t->other;
}

struct event_task *event_tasks__at(struct event_tasks *t, uint32_t at)
{
	return at < t->nr_tasks ? t->tasks[at] : NULL;
}

struct event_cgroup *event_tasks__cgroup_at(struct event_tasks *t, uint32_t at)
{
	return at < t->nr_cgroups ? t->cgroups[at] : NULL;
}

const struct event_tasks_stats *event_tasks__stats(const struct event_tasks *t)
{
	return &t->stats;
}

void event_task__told(struct event_task *t, uint32_t ran, uint64_t slice_ns)
{
	uint64_t inside = t->account.run_ns - t->own.run_ns;
	uint64_t outside = slice_ns > inside ? slice_ns - inside : 0;
	uint64_t own = (uint64_t)(ran - t->ran) << KTSTR_EV_RAN_SHIFT;

	if (!t->told) {
		t->own.most_ns += inside;
	} else if (!outside) {
		/* The kernel's two clocks differ by a little: what it says is not cut. */
		t->own.least_ns += own;
		t->own.most_ns += own;
	} else {
		t->own.least_ns += own > outside ? own - outside : 0;
		t->own.most_ns += own < inside ? own : inside;
	}
	t->own.run_ns = t->account.run_ns;
	t->ran = ran;
	t->told = true;
}

struct event_own event_task__own(const struct event_task *t)
{
	struct event_own own = t->own;

	own.most_ns += t->account.run_ns - own.run_ns;
	own.run_ns = t->account.run_ns;
	return own;
}

bool event_task__may_use(const struct event_task *t, uint32_t cpu, uint32_t nr_cpus)
{
	if (t->has_affinity) {
		if (t->nr_allowed >= nr_cpus)
			return true;
		/* Of the others nothing is known: nobody is blamed for them. */
		return cpu < 64 && t->mask & 1ull << cpu;
	}
	/* Many kernel threads are of one CPU, other tasks rarely are. */
	return !t->kthread || cpu == t->cpu;
}

bool event_task__must_not_use(const struct event_task *t, uint32_t cpu, uint32_t nr_cpus)
{
	return t->has_affinity && t->nr_allowed < nr_cpus && cpu < 64 && !(t->mask & 1ull << cpu);
}
