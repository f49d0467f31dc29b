/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Distributions of times in fixed memory.
 *
 * Buckets are log-linear, as HdrHistogram's: every power of two is divided into
 * the same number of equal buckets, so that the error is relative and bounded.
 * A percentile is the upper end of its bucket, so it is never below the true one:
 * with 2^bits sub-buckets
 *
 *	true <= told <= true + true / 2^(bits - 1)
 *
 * and values below 2^bits are exact. Count, sum, minimum and maximum always are.
 */
#ifndef KTSTR_HOST_HISTOGRAM_H
#define KTSTR_HOST_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BITS_MIN	2u
#define HISTOGRAM_BITS_MAX	14u
#define HISTOGRAM_COARSE	6u	/* error below 3.2 %; 10 KiB */
#define HISTOGRAM_2_DIGITS	8u	/* error below 0.8 %; 35 KiB */
#define HISTOGRAM_3_DIGITS	11u	/* error below 0.1 %; 250 KiB */

/*
 * What is longer than 2^40 ns, 18 minutes, is counted as of that length; minimum,
 * maximum and sum are of what it really was.
 */
#define HISTOGRAM_VALUE_BITS	40u

struct histogram;

/**
 * histogram__new() - an empty histogram
 * @bits: 2^@bits sub-buckets, %HISTOGRAM_BITS_MIN to %HISTOGRAM_BITS_MAX
 *
 * Return: NULL without memory. It never needs more later. Free with free().
 */
struct histogram *histogram__new(unsigned int bits);

/** histogram__bytes() - memory of one with so many @bits */
size_t histogram__bytes(unsigned int bits);

/** histogram__add() - count @value once */
void histogram__add(struct histogram *h, uint64_t value);

/** histogram__add_n() - count @value @n times */
void histogram__add_n(struct histogram *h, uint64_t value, uint64_t n);

/** histogram__clear() - count nothing */
void histogram__clear(struct histogram *h);

/**
 * histogram__merge() - add all that another has counted
 * @h: where to
 * @from: what; of the same number of bits or more: then the error is @h's
 *
 * Return: 0; -EINVAL when @from is the coarser one, and @h is as it was.
 */
int histogram__merge(struct histogram *h, const struct histogram *from);

/**
 * histogram__percentile() - the smallest value that so many others do not exceed
 * @h: histogram; NULL is an empty one
 * @pct: 0 to 100; what is outside is taken as the nearest of these
 *
 * That is element ceil(@pct / 100 * count) of the sorted values, from 1. @pct 100
 * is the exact maximum, and nothing exceeds it. Return: 0 when empty.
 */
uint64_t histogram__percentile(const struct histogram *h, double pct);

/* Of a NULL histogram these are 0. */
uint64_t histogram__count(const struct histogram *h);
uint64_t histogram__sum(const struct histogram *h);	/* sticks at UINT64_MAX */
uint64_t histogram__min(const struct histogram *h);
uint64_t histogram__max(const struct histogram *h);
double histogram__mean(const struct histogram *h);

/**
 * histogram__next() - walk over the buckets that are not empty
 * @h: histogram, NULL is an empty one
 * @pos: 0 at first, then as the call left it
 * @low: smallest value of the bucket
 * @high: largest value of the bucket
 * @count: how many there were
 *
 * Return: false after the last.
 */
bool histogram__next(const struct histogram *h, size_t *pos, uint64_t *low, uint64_t *high,
		     uint64_t *count);

#endif /* KTSTR_HOST_HISTOGRAM_H */
