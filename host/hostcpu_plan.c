// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choosing host CPUs for --pin and --cpus.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hostcpu_plan.h"

/* A CPU with what it is sorted by, first things first. */
struct candidate {
	uint32_t cpu;
	uint32_t room;		/* free CPUs of its LLC */
	int llc;
	int thread;		/* 0 for all when the guest has SMT: siblings stay together */
	int core;
};

static int compare(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	if (a->room != b->room)
		return a->room > b->room ? -1 : 1;
	if (a->llc != b->llc)
		return a->llc < b->llc ? -1 : 1;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	if (a->core != b->core)
		return a->core < b->core ? -1 : 1;
	return a->cpu < b->cpu ? -1 : a->cpu > b->cpu;
}

static bool is_free(const struct hostcpu *h, const struct cpu_mask *taken, unsigned int cpu)
{
	return h->cpu[cpu].allowed && !cpu_mask__test(taken, cpu);
}

/* All with an unknown LLC count as one: nothing says that they are apart. */
static uint32_t room_of(const struct hostcpu *h, const struct cpu_mask *taken, int llc)
{
	uint32_t n = 0;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		n += is_free(h, taken, cpu) && h->cpu[cpu].llc == llc;
	return n;
}

static uint32_t gather(const struct hostcpu *h, const struct cpu_mask *taken, bool smt,
		       struct candidate *c)
{
	uint32_t n = 0;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		const struct hostcpu_one *one = &h->cpu[cpu];

		if (!is_free(h, taken, cpu))
			continue;
		c[n++] = (struct candidate){
			.cpu = cpu,
			.room = room_of(h, taken, one->llc),
			.llc = one->llc,
			.thread = smt ? 0 : one->thread,
			.core = one->core,
		};
	}
	qsort(c, n, sizeof(*c), compare);
	return n;
}

/* Where to begin: at the fullest LLC that still has room for @k; without one at the top. */
static uint32_t tightest(const struct candidate *c, uint32_t n, uint32_t k)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < n; i++)
		if (c[i].room >= k && c[i].room < c[at].room)
			at = i;
	return at;
}

static uint32_t how_many(const struct hostcpu *h, const struct hostcpu_want *w)
{
	uint32_t k = w->cpus ? w->cpus : w->vcpus;

	/* More than one for each vCPU would be taken from others and stand idle. */
	if (w->pin && k > w->vcpus)
		k = w->vcpus;
	return k > h->nr_allowed ? h->nr_allowed : k;
}

int hostcpu_plan__check(const struct hostcpu *h, const struct hostcpu_want *w,
			struct ktstr_error *e)
{
	if (w->cpus <= h->nr_allowed)
		return 0;
	return ktstr_error_set(e, -EINVAL,
			       "--cpus %u: this process may use %u host CPU%s; ask for no more, or widen its affinity (taskset, cpuset)",
			       w->cpus, h->nr_allowed, h->nr_allowed == 1 ? "" : "s");
}

int hostcpu_plan__make(struct hostcpu_plan *p, const struct hostcpu *h,
		       const struct hostcpu_want *w, const struct cpu_mask *taken)
{
	uint32_t k = how_many(h, w), n, at;
	struct candidate c[CPU_MASK_BITS];

	if (w->perf)
		return hostcpu_perf__make(p, h, w, taken);
	memset(p, 0, sizeof(*p));
	p->node = -1;
	n = gather(h, taken, w->threads > 1, c);
	if (n < k)
		return -EBUSY;
	at = tightest(c, n, k);
	for (uint32_t i = 0; i < k; i++) {
		p->cpu[p->nr++] = c[at + i].cpu;
		cpu_mask__set(&p->lock, c[at + i].cpu);
	}
	return 0;
}
