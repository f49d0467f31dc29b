// SPDX-License-Identifier: GPL-2.0-only
/*
 * Working sets, and the kinds of work that walk them.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "work.h"
#include "work_set.h"
#include "worker.h"

#define WALK_STEPS	1024u	/* between two looks at the clock; some 100 us when none hits */

/* Sattolo's shuffle makes one cycle of all. */
struct work_set work_set__new(struct ktstr_worker *w)
{
	struct work_set s = { .nr = (uint32_t)(work__bytes(w) / sizeof(struct work_line)) };

	s.lines = work__map(w, work__bytes(w));
	for (uint32_t i = 0; i < s.nr; i++)
		s.lines[i].next = i;
	for (uint32_t i = s.nr - 1; i > 0; i--) {
		uint32_t j = work__below(w, i), t = s.lines[i].next;

		s.lines[i].next = s.lines[j].next;
		s.lines[j].next = t;
		if (!(i % WALK_STEPS))
			worker__sample(w);
	}
	return s;
}

void work_set__steps(struct work_set *s, uint32_t n)
{
	uint32_t at = s->at;

	while (n--) {
		s->lines[at].visits++;
		at = s->lines[at].next;
	}
	s->at = at;
}

void work_set__walk(struct ktstr_worker *w, struct work_set *s)
{
	uint32_t left = s->nr;

	for (; left > WALK_STEPS; left -= WALK_STEPS) {
		work_set__steps(s, WALK_STEPS);
		if (!worker__sample(w))
			return;
	}
	work_set__steps(s, left);
}

static void cache(struct ktstr_worker *w)
{
	struct work_set set = work_set__new(w);

	while (ktstr_worker__go_on(w)) {
		work_set__steps(&set, WALK_STEPS);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_cache_l1 = { .run = cache };
const struct work_ops work_ops_cache_l2 = { .run = cache };
const struct work_ops work_ops_cache_l3 = { .run = cache };

static void cache_yield(struct ktstr_worker *w)
{
	struct work_set set = work_set__new(w);

	while (ktstr_worker__go_on(w)) {
		int64_t since;

		work_set__walk(w, &set);
		ktstr_worker__unit(w);
		since = now_ns();
		sched_yield();
		ktstr_worker__latency(w, now_ns() - since);
	}
}

const struct work_ops work_ops_cache_yield = { .run = cache_yield };

#define FAULT_PAGES	16u	/* between two looks at the clock */

static void touch(struct ktstr_worker *w, volatile char *p, size_t bytes, size_t page)
{
	for (size_t i = 0; i < bytes; i += page) {
		p[i] = 1;
		if (i / page % FAULT_PAGES == FAULT_PAGES - 1 && !worker__sample(w))
			return;
	}
}

/* The pages are given back and taken anew: each touch is a fault, a page, and its zeroing. */
static void page_fault(struct ktstr_worker *w)
{
	size_t bytes = work__bytes(w), page = (size_t)getpagesize();
	char *p = work__map(w, bytes);

	work__must(w, !madvise(p, bytes, MADV_NOHUGEPAGE) || errno == EINVAL,
		   "ask for small pages");
	while (ktstr_worker__go_on(w)) {
		work__must(w, !madvise(p, bytes, MADV_DONTNEED), "give its pages back");
		touch(w, p, bytes, page);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_page_fault = { .run = page_fault };
