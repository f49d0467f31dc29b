// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cells that widen, and the largest owners of each.
 */
#include <stdlib.h>
#include <string.h>

#include "event_timeline.h"

struct event_timeline {
	uint64_t start_ns;
	uint64_t width_ns;
	uint32_t nr_cpus;
	uint32_t nr_cgroups;
	uint64_t cgroups[EVENT_TIMELINE_CGROUPS];
	struct event_timeline_cell cells[];	/* EVENT_TIMELINE_CELLS for each CPU */
};

struct event_timeline *event_timeline__new(uint32_t nr_cpus)
{
	size_t cells = (size_t)nr_cpus * EVENT_TIMELINE_CELLS;
	struct event_timeline *t = calloc(1, sizeof(*t) + cells * sizeof(t->cells[0]));

	if (!t)
		return NULL;
	t->nr_cpus = nr_cpus;
	t->width_ns = EVENT_TIMELINE_FIRST_NS;
	return t;
}

void event_timeline__free(struct event_timeline *t)
{
	free(t);
}

void event_timeline__begin(struct event_timeline *t, uint64_t start_ns)
{
	t->start_ns = start_ns;
	t->width_ns = EVENT_TIMELINE_FIRST_NS;
	t->nr_cgroups = 0;
	memset(t->cells, 0, (size_t)t->nr_cpus * EVENT_TIMELINE_CELLS * sizeof(t->cells[0]));
}

uint64_t event_timeline_cell__sum(const struct event_timeline_cell *c)
{
	uint64_t sum = c->other + c->idle + c->offline + c->unknown;

	for (uint32_t i = 0; i < EVENT_TIMELINE_OWNERS; i++)
		sum += c->ns[i];
	return sum;
}

/* The larger ones have a place; who lost it begins anew when it comes again. */
static void add_owner(struct event_timeline_cell *c, uint16_t owner, uint64_t ns)
{
	uint32_t least = 0;

	for (uint32_t i = 0; i < EVENT_TIMELINE_OWNERS; i++) {
		if (c->ns[i] && c->owner[i] == owner) {
			c->ns[i] += ns;
			return;
		}
		if (c->ns[i] < c->ns[least])
			least = i;
	}
	if (c->ns[least] >= ns) {
		c->other += ns;
		return;
	}
	c->other += c->ns[least];
	c->ns[least] = ns;
	c->owner[least] = owner;
}

void event_timeline_cell__merge(struct event_timeline_cell *c,
				const struct event_timeline_cell *from)
{
	for (uint32_t i = 0; i < EVENT_TIMELINE_OWNERS; i++)
		if (from->ns[i])
			add_owner(c, from->owner[i], from->ns[i]);
	c->other += from->other;
	c->idle += from->idle;
	c->offline += from->offline;
	c->unknown += from->unknown;
}

static void double_width(struct event_timeline *t)
{
	struct event_timeline_cell *c = t->cells, one;

	for (uint32_t cpu = 0; cpu < t->nr_cpus; cpu++, c += EVENT_TIMELINE_CELLS) {
		for (uint32_t i = 0; i < EVENT_TIMELINE_CELLS / 2; i++) {
			one = c[2 * i];
			event_timeline_cell__merge(&one, &c[2 * i + 1]);
			c[i] = one;
		}
		memset(&c[EVENT_TIMELINE_CELLS / 2], 0, EVENT_TIMELINE_CELLS / 2 * sizeof(*c));
	}
	t->width_ns *= 2;
}

/* Return: its number, EVENT_TIMELINE_CGROUPS when there is no room for another. */
static uint32_t owner_of(struct event_timeline *t, uint64_t cgroup)
{
	uint32_t i;

	for (i = 0; i < t->nr_cgroups; i++)
		if (t->cgroups[i] == cgroup)
			return i;
	if (i < EVENT_TIMELINE_CGROUPS) {
		t->cgroups[i] = cgroup;
		t->nr_cgroups++;
	}
	return i;
}

static void add_part(struct event_timeline_cell *c, enum event_cpu_state what, uint32_t owner,
		     uint64_t ns)
{
	if (what == EVENT_CPU_IDLE)
		c->idle += ns;
	else if (what == EVENT_CPU_OFFLINE)
		c->offline += ns;
	else if (what != EVENT_CPU_BUSY)
		c->unknown += ns;
	else if (owner < EVENT_TIMELINE_CGROUPS)
		add_owner(c, owner, ns);
	else
		c->other += ns;
}

/* Where a time is, from the start; times past the end of all times are at the end. */
static uint64_t offset_of(const struct event_timeline *t, uint64_t ns)
{
	uint64_t off = ns > t->start_ns ? ns - t->start_ns : 0;

	/* 2^63 ns are 292 years. */
	return off < 1ull << 63 ? off : (1ull << 63) - 1;
}

void event_timeline__add(struct event_timeline *t, uint32_t cpu, enum event_cpu_state what,
			 uint64_t cgroup, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t from = offset_of(t, from_ns), to = offset_of(t, to_ns), end;
	uint32_t owner = 0;

	if (cpu >= t->nr_cpus || from >= to)
		return;
	while (to > t->width_ns * EVENT_TIMELINE_CELLS)
		double_width(t);
	if (what == EVENT_CPU_BUSY)
		owner = owner_of(t, cgroup);
	for (; from < to; from = end) {
		end = (from / t->width_ns + 1) * t->width_ns;
		if (end > to)
			end = to;
		add_part(&t->cells[cpu * EVENT_TIMELINE_CELLS + from / t->width_ns], what, owner,
			 end - from);
	}
}

uint64_t event_timeline__start_ns(const struct event_timeline *t)
{
	return t->start_ns;
}

uint64_t event_timeline__width_ns(const struct event_timeline *t)
{
	return t->width_ns;
}

uint32_t event_timeline__nr_cpus(const struct event_timeline *t)
{
	return t->nr_cpus;
}

const struct event_timeline_cell *event_timeline__cell(const struct event_timeline *t, uint32_t cpu,
						       uint32_t at)
{
	if (cpu >= t->nr_cpus || at >= EVENT_TIMELINE_CELLS)
		return NULL;
	return &t->cells[cpu * EVENT_TIMELINE_CELLS + at];
}

uint64_t event_timeline__cgroup(const struct event_timeline *t, uint16_t owner)
{
	return owner < t->nr_cgroups ? t->cgroups[owner] : 0;
}
