// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bitmaps of time. They are found by a hash of cgroup and CPU, and given out once.
 */
#include <stdlib.h>
#include <string.h>

#include "event_places.h"

#define HASH_SIZE	(2 * EVENT_PLACES_MAX)
#define WORDS		(EVENT_PLACES_PARTS / 64)

struct place {
	uint64_t cgroup;
	uint32_t cpu;
	uint64_t bits[WORDS];
};

struct event_places {
	uint64_t start_ns, width_ns, dropped;
	uint32_t nr;
	struct place *hash[HASH_SIZE];
};

struct event_places *event_places__new(void)
{
	struct event_places *p = calloc(1, sizeof(*p));

	if (p)
		p->width_ns = EVENT_PLACES_FIRST_NS;
	return p;
}

static void forget(struct event_places *p)
{
	for (uint32_t i = 0; i < HASH_SIZE; i++)
		free(p->hash[i]);
	memset(p, 0, sizeof(*p));
}

void event_places__free(struct event_places *p)
{
	if (p)
		forget(p);
	free(p);
}

void event_places__begin(struct event_places *p, uint64_t start_ns)
{
	forget(p);
	p->width_ns = EVENT_PLACES_FIRST_NS;
	p->start_ns = start_ns;
}

/* Its place in the table, or the free one where it belongs: at most half are in use. */
static uint32_t slot_of(const struct event_places *p, uint64_t cgroup, uint32_t cpu)
{
	uint64_t h = (cgroup * 1024 + cpu) * 0x9e3779b97f4a7c15ull >> 32;
	uint32_t at = h % HASH_SIZE;

	while (p->hash[at] && (p->hash[at]->cgroup != cgroup || p->hash[at]->cpu != cpu))
		at = (at + 1) % HASH_SIZE;
	return at;
}

static struct place *get(struct event_places *p, uint64_t cgroup, uint32_t cpu)
{
	uint32_t at = slot_of(p, cgroup, cpu);

	if (p->hash[at])
		return p->hash[at];
	if (p->nr < EVENT_PLACES_MAX)
		p->hash[at] = calloc(1, sizeof(struct place));
	if (!p->hash[at]) {
		p->dropped++;
		return NULL;
	}
	p->nr++;
	p->hash[at]->cgroup = cgroup;
	p->hash[at]->cpu = cpu;
	return p->hash[at];
}

static bool bit(const struct place *place, uint64_t part)
{
	return place->bits[part / 64] >> part % 64 & 1;
}

static void halve(struct place *place)
{
	uint64_t half[WORDS] = { 0 };

	for (uint32_t i = 0; i < EVENT_PLACES_PARTS; i++)
		half[i / 2 / 64] |= (uint64_t)bit(place, i) << (i / 2 % 64);
	memcpy(place->bits, half, sizeof(half));
}

static void double_width(struct event_places *p)
{
	for (uint32_t i = 0; i < HASH_SIZE; i++)
		if (p->hash[i])
			halve(p->hash[i]);
	p->width_ns *= 2;
}

/* From the start; what is before it is at it, and 2^62 ns are a century. */
static uint64_t offset_of(const struct event_places *p, uint64_t ns)
{
	uint64_t off = ns > p->start_ns ? ns - p->start_ns : 0;

	return off < 1ull << 62 ? off : 1ull << 62;
}

void event_places__add(struct event_places *p, uint64_t cgroup, uint32_t cpu, uint64_t from_ns,
		       uint64_t to_ns)
{
	uint64_t from = offset_of(p, from_ns), to = offset_of(p, to_ns);
	struct place *place;

	if (from >= to)
		return;
	place = get(p, cgroup, cpu);
	if (!place)
		return;
	while ((to - 1) / p->width_ns >= EVENT_PLACES_PARTS)
		double_width(p);
	for (uint64_t part = from / p->width_ns; part <= (to - 1) / p->width_ns; part++)
		place->bits[part / 64] |= 1ull << part % 64;
}

uint64_t event_places__width_ns(const struct event_places *p)
{
	return p->width_ns;
}

uint64_t event_places__dropped(const struct event_places *p)
{
	return p->dropped;
}

uint64_t event_places__ran(const struct event_places *p, uint64_t cgroup, uint32_t cpu,
			   uint64_t from_ns, uint64_t to_ns, uint64_t *at_ns)
{
	const struct place *place = p->hash[slot_of(p, cgroup, cpu)];
	uint64_t first = (offset_of(p, from_ns) + p->width_ns - 1) / p->width_ns;
	uint64_t end = offset_of(p, to_ns) / p->width_ns, ns = 0;

	if (!place)
		return 0;
	if (end > EVENT_PLACES_PARTS)
		end = EVENT_PLACES_PARTS;
	for (uint64_t part = first; part < end; part++) {
		if (!bit(place, part))
			continue;
		if (!ns)
			*at_ns = p->start_ns + part * p->width_ns;
		ns += p->width_ns;
	}
	return ns;
}
