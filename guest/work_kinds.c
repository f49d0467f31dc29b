// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the kinds of work to what they do, and the memory that a group of workers shares.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/random.h>

#include "compute.h"
#include "work.h"
#include "worker.h"

#define WORK_OPS_(id, ...) &work_ops_##id,
static const struct work_ops *const ops[] = { KTSTR_WORK_KINDS(WORK_OPS_) };
#undef WORK_OPS_

/* By name: each floor has its own copy of the list. */
const struct work_ops *work_ops__of(const struct ktstr_work_kind *kind)
{
	const struct ktstr_work_kind *k;

	for (unsigned int i = 0; (k = ktstr_work_kind__at(i)); i++)
		if (!strcmp(k->name, kind->name))
			return ops[i];
	return NULL;
}

static int map_shared(struct ktstr_group *g, const struct work_ops *o)
{
	void *p;

	g->shared_bytes = o->shared_bytes + g->nr * o->shared_each;
	if (!g->shared_bytes)
		return 0;
	p = mmap(NULL, g->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	g->shared = p;
	return 0;
}

int worker_group__init(struct ktstr_group *g, const struct ktstr_work_kind *kind,
		       const struct ktstr_work *work, uint32_t nr, struct ktstr_error *e)
{
	const struct work_ops *o = work_ops__of(kind);
	int err;

	memset(g, 0, sizeof(*g));
	if (nr < kind->group_min || (kind->group_max && nr > kind->group_max))
		return ktstr_error_set(e, -EINVAL, "a group of %u workers cannot be of kind %s",
				       nr, kind->name);
	compute__calibrate();
	g->nr = nr;
	g->kind = kind;
	err = map_shared(g, o);
	if (!err && o->setup)
		err = o->setup(g, work);
	if (err) {
		worker_group__free(g);
		ktstr_error_set(e, err, "cannot prepare workers of kind %s: %s", kind->name,
				strerror(-err));
	}
	return err;
}

void worker_group__close(struct ktstr_group *g)
{
	for (uint32_t i = 0; i < g->nr_fds; i++)
		close(g->fds[i]);
	g->nr_fds = 0;
}

void worker_group__free(struct ktstr_group *g)
{
	const struct work_ops *o = g->kind ? work_ops__of(g->kind) : NULL;

	worker_group__close(g);
	if (g->shared && o->cleanup)
		o->cleanup(g);
	if (g->shared)
		munmap(g->shared, g->shared_bytes);
	g->shared = NULL;
}

uint32_t work__busy_us(const struct ktstr_worker *w)
{
	return w->work.busy_us ? w->work.busy_us : w->kind->busy_us;
}

uint32_t work__idle_us(const struct ktstr_worker *w)
{
	return w->work.idle_us ? w->work.idle_us : w->kind->idle_us;
}

size_t work__bytes(const struct ktstr_worker *w)
{
	return (size_t)(w->work.kib ? w->work.kib : w->kind->kib) << 10;
}

void work__busy(struct ktstr_worker *w)
{
	ktstr_worker__compute(w, work__busy_us(w));
}

uint32_t work__below(struct ktstr_worker *w, uint32_t n)
{
	return (uint32_t)ktstr_random__below(&w->random, n);
}

void work__must(struct ktstr_worker *w, bool ok, const char *what)
{
	if (!ok)
		ktstr_worker__fail(w, "cannot %s: %s", what, strerror(errno));
}

void *work__map(struct ktstr_worker *w, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		ktstr_worker__fail(w, "no memory for its %zu KiB", bytes >> 10);
	return p;
}
