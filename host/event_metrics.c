// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums, distributions, the worst ones, and time over the run in parts that widen.
 */
#include <stdlib.h>
#include <string.h>

#include "event_metrics.h"

void event_worst__add(struct event_worst *w, const struct event_moment *m)
{
	uint32_t at = w->nr;

	if (w->nr == EVENT_WORST) {
		at = EVENT_WORST - 1;
		if (m->ns <= w->m[at].ns)
			return;
	} else {
		w->nr++;
	}
	/* Of equally long ones the first stays first. */
	while (at && w->m[at - 1].ns < m->ns) {
		w->m[at] = w->m[at - 1];
		at--;
	}
	w->m[at] = *m;
}

void event_series__start(struct event_series *s, uint64_t start_ns)
{
	memset(s, 0, sizeof(*s));
	s->start_ns = start_ns;
	s->width_ns = EVENT_SERIES_FIRST_NS;
}

static void double_width(struct event_series *s)
{
	for (uint32_t i = 0; i < EVENT_SERIES / 2; i++)
		s->ns[i] = s->ns[2 * i] + s->ns[2 * i + 1];
	memset(&s->ns[EVENT_SERIES / 2], 0, sizeof(s->ns) / 2);
	s->width_ns *= 2;
}

void event_series__widen(struct event_series *s, uint64_t width_ns)
{
	while (s->width_ns < width_ns && s->width_ns <= UINT64_MAX / 2 / EVENT_SERIES)
		double_width(s);
}

/* Where a time is, from the start; times past the end of all times are at the end. */
static uint64_t offset_of(struct event_series *s, uint64_t ns)
{
	uint64_t off = ns > s->start_ns ? ns - s->start_ns : 0;

	/* 2^63 ns are 292 years. */
	return off < 1ull << 63 ? off : (1ull << 63) - 1;
}

void event_series__add(struct event_series *s, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t from = offset_of(s, from_ns), to = offset_of(s, to_ns), end;

	while (to > s->width_ns * EVENT_SERIES)
		double_width(s);
	while (from < to) {
		end = (from / s->width_ns + 1) * s->width_ns;
		if (end > to)
			end = to;
		s->ns[from / s->width_ns] += end - from;
		from = end;
	}
}

enum event_distance event_distance__of(const struct ktstr_topology *t, uint32_t a, uint32_t b)
{
	uint32_t nr = ktstr_topology__nr_cpus(t);

	if (a >= nr || b >= nr || ktstr_topology__cpu_node(t, a) != ktstr_topology__cpu_node(t, b))
		return EVENT_MOVE_FAR;
	if (ktstr_topology__cpu_llc(t, a) != ktstr_topology__cpu_llc(t, b))
		return EVENT_MOVE_NODE;
	return ktstr_topology__cpu_core(t, a) == ktstr_topology__cpu_core(t, b) ? EVENT_MOVE_SMT :
										  EVENT_MOVE_LLC;
}

const char *event_distance__name(enum event_distance d)
{
	static const char * const names[EVENT_MOVES] = {
		[EVENT_MOVE_SMT]	= "smt",
		[EVENT_MOVE_LLC]	= "llc",
		[EVENT_MOVE_NODE]	= "node",
		[EVENT_MOVE_FAR]	= "far",
	};

	return d < EVENT_MOVES ? names[d] : "?";
}

void event_account__free(struct event_account *a)
{
	free(a->wake.h);
	free(a->delay.h);
	free(a->slice.h);
	a->wake.h = a->delay.h = a->slice.h = NULL;
}

void event_account__start(struct event_account *a, unsigned int bits, uint64_t start_ns)
{
	event_account__free(a);
	memset(a, 0, sizeof(*a));
	a->bits = bits;
	event_series__start(&a->share, start_ns);
}

void event_dist__add(struct event_account *a, struct event_dist *d, const struct event_moment *m)
{
	if (!d->h)
		d->h = histogram__new(a->bits);
	if (d->h)
		histogram__add(d->h, m->ns);
	else
		a->no_memory++;
	event_worst__add(&d->worst, m);
}

void event_account__ran(struct event_account *a, uint64_t from_ns, uint64_t to_ns)
{
	a->run_ns += to_ns - from_ns;
	event_series__add(&a->share, from_ns, to_ns);
}
