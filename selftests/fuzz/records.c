// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mutator that knows where records begin. libFuzzer's own tears a program apart
 * whenever it inserts or erases bytes; it still gets a share of the work, on single
 * records and, now and then, on the whole.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "records.h"

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static uint32_t below(uint32_t *seed, uint32_t n)
{
	return n ? next(seed) % n : 0;
}

/* Numbers at which something changes: sizes of buffers, passes, queues. */
static uint32_t interesting(uint32_t *seed)
{
	static const uint32_t values[] = {
		0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511,
		512, 1023, 1024, 2038, 2039, 2047, 2048, 2049, 4095, 4096, 32767, 32768, 65535,
	};

	switch (below(seed, 3)) {
	case 0:
		return values[below(seed, sizeof(values) / sizeof(values[0]))];
	case 1:
		return below(seed, 256);
	default:
		return next(seed);
	}
}

static struct record fresh(uint32_t *seed)
{
	struct record r = {
		.op = below(seed, OP_NR), .a = next(seed), .x = interesting(seed),
		.y = interesting(seed),
	};

	/* Registers that exist, mostly. */
	if ((r.op == OP_REG_READ || r.op == OP_REG_WRITE) && below(seed, 4))
		r.a &= 0x1f;
	return r;
}

/* What was checked must be what is used: change a descriptor when it was offered just now. */
static void fresh_swap(struct record *r, uint32_t *seed)
{
	unsigned int port = below(seed, 3), rx = port ? 2 + 2 * port : 0;
	bool transmit = below(seed, 2);

	r[0].op = OP_DESC;
	r[0].a = (r[0].a & 0xc0) | 0x20 | (rx + transmit);
	r[1].op = transmit ? OP_SEND : OP_HOST_WRITE;
	r[1].a = (r[1].a & 0x3c) | 0x40 | port;
}

/* Two of them at once: when, who, and in the middle of what. */
static void fresh_race(struct record *r, uint32_t *seed)
{
	static const uint8_t racers[] = { RECORD_RACERS };

	for (int i = 0; i < 3; i++)
		r[i] = fresh(seed);
	r[0].op = OP_RACE;
	r[1].op = racers[below(seed, sizeof(racers))];
	if (!below(seed, 3))
		fresh_swap(r + 1, seed);
}

static void change(struct record *r, uint32_t *seed)
{
	switch (below(seed, 7)) {
	case 0:
		r->op = below(seed, OP_NR);
		break;
	case 1:
		r->a = next(seed);
		break;
	case 2:
		r->x = interesting(seed);
		break;
	case 3:
		r->y = interesting(seed);
		break;
	case 4:
		r->x += below(seed, 9) - 4;
		break;
	case 5:
		r->y ^= 1u << below(seed, 32);
		break;
	default:
		LLVMFuzzerMutate((uint8_t *)r, sizeof(*r), sizeof(*r));
	}
}

/* Make room for @n records at @at; return: how many there is room for. */
static size_t open_gap(struct record *r, size_t *nr, size_t max, size_t at, size_t n)
{
	if (n > max - *nr)
		n = max - *nr;
	memmove(r + at + n, r + at, (*nr - at) * sizeof(*r));
	*nr += n;
	return n;
}

static void insert(struct record *r, size_t *nr, size_t max, uint32_t *seed)
{
	size_t at = below(seed, *nr + 1);
	size_t n = open_gap(r, nr, max, at, 1 + below(seed, 3));

	if (n == 3 && below(seed, 2))
		return fresh_race(r + at, seed);
	while (n--)
		r[at + n] = fresh(seed);
}

static void erase(struct record *r, size_t *nr, uint32_t *seed)
{
	size_t at = below(seed, *nr), n = 1 + below(seed, 1 + (*nr - at) / 2);

	if (n >= *nr)
		return;
	memmove(r + at, r + at + n, (*nr - at - n) * sizeof(*r));
	*nr -= n;
}

static void repeat(struct record *r, size_t *nr, size_t max, uint32_t *seed)
{
	size_t from = below(seed, *nr), n = 1 + below(seed, *nr - from), to = below(seed, *nr + 1);
	struct record *copy = malloc(n * sizeof(*copy));

	if (!copy)
		return;
	memcpy(copy, r + from, n * sizeof(*copy));
	n = open_gap(r, nr, max, to, n);
	memcpy(r + to, copy, n * sizeof(*copy));
	free(copy);
}

static void swap(struct record *r, size_t nr, uint32_t *seed)
{
	size_t i = below(seed, nr), k = below(seed, nr);
	struct record t = r[i];

	r[i] = r[k];
	r[k] = t;
}

static void step(struct record *r, size_t *nr, size_t max, uint32_t *seed)
{
	unsigned int what = below(seed, 8);

	if (!*nr || what < 3)
		insert(r, nr, max, seed);
	else if (what == 3)
		erase(r, nr, seed);
	else if (what == 4)
		repeat(r, nr, max, seed);
	else if (what == 5)
		swap(r, *nr, seed);
	else
		change(r + below(seed, *nr), seed);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	static struct record r[4096];
	uint32_t s = seed * 2654435761u | 1;
	size_t nr = size / sizeof(*r), most = max / sizeof(*r);

	if (!below(&s, 16))
		return LLVMFuzzerMutate(data, size, max);
	if (most > sizeof(r) / sizeof(*r))
		most = sizeof(r) / sizeof(*r);
	if (nr > most)
		nr = most;
	if (!most)
		return size;
	memcpy(r, data, nr * sizeof(*r));
	for (unsigned int n = 1 + below(&s, 4); n; n--)
		step(r, &nr, most, &s);
	memcpy(data, r, nr * sizeof(*r));
	return nr * sizeof(*r);
}

/* The head of one program, then the tail of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two,
				 size_t two_size, uint8_t *out, size_t max, unsigned int seed)
{
	uint32_t s = seed * 2654435761u | 1;
	size_t head = below(&s, one_size / sizeof(struct record) + 1) * sizeof(struct record);
	size_t from = below(&s, two_size / sizeof(struct record) + 1) * sizeof(struct record);
	size_t tail = two_size - from;

	if (head > max)
		head = max;
	if (tail > max - head)
		tail = max - head;
	memcpy(out, one, head);
	memcpy(out + head, two + from, tail);
	return head + tail;
}
