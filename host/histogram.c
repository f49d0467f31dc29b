// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log-linear buckets. With b bits the first 2^b buckets hold one value each; from
 * there on every power of two has 2^(b-1) of them, each twice as wide as before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"

#define VALUE_MAX	((1ull << HISTOGRAM_VALUE_BITS) - 1)

struct histogram {
	unsigned int bits;
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	size_t nr;
	uint64_t buckets[];
};

static size_t nr_buckets(unsigned int bits)
{
	return (1ull << bits) + ((size_t)(HISTOGRAM_VALUE_BITS - bits) << (bits - 1));
}

static size_t bucket_of(unsigned int bits, uint64_t value)
{
	size_t half = 1ull << (bits - 1);
	unsigned int shift;

	if (value > VALUE_MAX)
		value = VALUE_MAX;
	if (value < 2 * half)
		return value;
	shift = 64 - __builtin_clzll(value) - bits;
	/* value >> shift is in [half, 2 * half), and the first shift is 1. */
	return 2 * half + (shift - 1) * half + ((value >> shift) - half);
}

static void bucket_range(unsigned int bits, size_t at, uint64_t *low, uint64_t *high)
{
	size_t half = 1ull << (bits - 1);
	unsigned int shift;

	if (at < 2 * half) {
		*low = *high = at;
		return;
	}
	shift = (at - 2 * half) / half + 1;
	*low = (half + (at - 2 * half) % half) << shift;
	*high = *low + (1ull << shift) - 1;
}

size_t histogram__bytes(unsigned int bits)
{
	return sizeof(struct histogram) + nr_buckets(bits) * sizeof(uint64_t);
}

struct histogram *histogram__new(unsigned int bits)
{
	struct histogram *h;

	if (bits < HISTOGRAM_BITS_MIN || bits > HISTOGRAM_BITS_MAX)
		return NULL;
	h = calloc(1, histogram__bytes(bits));
	if (!h)
		return NULL;
	h->bits = bits;
	h->nr = nr_buckets(bits);
	return h;
}

void histogram__clear(struct histogram *h)
{
	unsigned int bits = h->bits;

	memset(h, 0, histogram__bytes(bits));
	h->bits = bits;
	h->nr = nr_buckets(bits);
}

static void add_sum(struct histogram *h, uint64_t more)
{
	if (__builtin_add_overflow(h->sum, more, &h->sum))
		h->sum = UINT64_MAX;
}

static void add_range(struct histogram *h, uint64_t min, uint64_t max, uint64_t n)
{
	if (!h->count || min < h->min)
		h->min = min;
	if (max > h->max)
		h->max = max;
	h->count += n;
}

void histogram__add_n(struct histogram *h, uint64_t value, uint64_t n)
{
	uint64_t product;

	if (!n)
		return;
	if (__builtin_mul_overflow(value, n, &product))
		product = UINT64_MAX;
	h->buckets[bucket_of(h->bits, value)] += n;
	add_sum(h, product);
	add_range(h, value, value, n);
}

void histogram__add(struct histogram *h, uint64_t value)
{
	histogram__add_n(h, value, 1);
}

int histogram__merge(struct histogram *h, const struct histogram *from)
{
	uint64_t low, high;

	if (from->bits < h->bits)
		return -EINVAL;
	if (!from->count)
		return 0;
	for (size_t i = 0; i < from->nr; i++) {
		if (!from->buckets[i])
			continue;
		/* A finer bucket lies within one coarser bucket. */
		bucket_range(from->bits, i, &low, &high);
		h->buckets[bucket_of(h->bits, low)] += from->buckets[i];
	}
	add_sum(h, from->sum);
	add_range(h, from->min, from->max, from->count);
	return 0;
}

/* Which of the sorted values, from 1, is asked for. */
static uint64_t rank_of(const struct histogram *h, double pct)
{
	uint64_t rank;
	double exact;

	/* What is not at least 0 may be no number at all. */
	if (!(pct >= 0))
		pct = 0;
	/* 99.9 % of 1000 is 999, whatever binary fractions make of it. */
	exact = pct / 100 * (double)h->count * (1 - 4e-16);
	if (exact >= (double)h->count)
		return h->count;
	rank = (uint64_t)exact;
	if ((double)rank < exact)
		rank++;
	return rank < 1 ? 1 : rank > h->count ? h->count : rank;
}

uint64_t histogram__percentile(const struct histogram *h, double pct)
{
	uint64_t low, high, rank, seen = 0;

	if (!h || !h->count)
		return 0;
	rank = rank_of(h, pct);
	if (rank == h->count)
		return h->max;
	for (size_t i = 0; i < h->nr; i++) {
		seen += h->buckets[i];
		if (seen < rank)
			continue;
		bucket_range(h->bits, i, &low, &high);
		/* Of the last bucket no more is known than that they are long. */
		return high < h->max && i + 1 < h->nr ? high : h->max;
	}
	return h->max;
}

uint64_t histogram__count(const struct histogram *h)
{
	return h ? h->count : 0;
}

uint64_t histogram__sum(const struct histogram *h)
{
	return h ? h->sum : 0;
}

uint64_t histogram__min(const struct histogram *h)
{
	return h ? h->min : 0;
}

uint64_t histogram__max(const struct histogram *h)
{
	return h ? h->max : 0;
}

double histogram__mean(const struct histogram *h)
{
	return h && h->count ? (double)h->sum / (double)h->count : 0;
}

bool histogram__next(const struct histogram *h, size_t *pos, uint64_t *low, uint64_t *high,
		     uint64_t *count)
{
	if (!h)
		return false;
	while (*pos < h->nr && !h->buckets[*pos])
		++*pos;
	if (*pos >= h->nr)
		return false;
	*count = h->buckets[*pos];
	bucket_range(h->bits, (*pos)++, low, high);
	return true;
}
