// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "traffic.h"

/* A prime: no shift by a power of two, a page or a slice looks right by accident. */
#define PERIOD	1048573u

static uint8_t table[PERIOD];

uint32_t rnd__size(struct rnd *r, uint32_t max)
{
	static const uint32_t boundary[] = {
		1, 2, 7, 8, 63, 64, 65, 4095, 4096, 4097, 32767, 32768, 32769, 65535, 65536,
	};
	uint32_t kind = rnd__below(r, 1000), n;

	if (kind < 450)
		n = 1 + rnd__below(r, 16);
	else if (kind < 780)
		n = 17 + rnd__below(r, 496);
	else if (kind < 960)
		n = 513 + rnd__below(r, 3584);
	else if (kind < 985)
		n = 4097 + rnd__below(r, 12288);
	else if (kind < 988)
		n = 16385 + rnd__below(r, 49152);
	else
		n = boundary[rnd__below(r, sizeof(boundary) / sizeof(boundary[0]))];
	return n <= max ? n : 1 + rnd__below(r, max);
}

void stream__setup(uint64_t seed)
{
	struct rnd r = { seed };

	for (size_t i = 0; i < PERIOD; i++)
		table[i] = rnd__next(&r);
}

static size_t place(unsigned int id, uint64_t pos)
{
	return (pos + id * 98765ull) % PERIOD;
}

static size_t to_end(size_t off, size_t n)
{
	return n < PERIOD - off ? n : PERIOD - off;
}

void stream__fill(unsigned int id, uint64_t pos, void *dst, size_t n)
{
	uint8_t *d = dst;

	while (n) {
		size_t off = place(id, pos), part = to_end(off, n);

		memcpy(d, table + off, part);
		d += part;
		pos += part;
		n -= part;
	}
}

static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;

	while (i < n && a[i] == b[i])
		i++;
	return i;
}

size_t stream__match(unsigned int id, uint64_t pos, const void *src, size_t n)
{
	const uint8_t *s = src;
	size_t done = 0;

	while (done < n) {
		size_t off = place(id, pos + done), part = to_end(off, n - done);

		if (memcmp(s + done, table + off, part))
			return done + first_difference(s + done, table + off, part);
		done += part;
	}
	return n;
}
