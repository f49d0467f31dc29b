// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histograms against sorted arrays: the error is what the header promises.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "host/histogram.h"

#define NR_SAMPLES	20000u
#define VALUE_MAX	((1ull << HISTOGRAM_VALUE_BITS) - 1)

static const unsigned int all_bits[] = { HISTOGRAM_BITS_MIN, 3, HISTOGRAM_COARSE,
	HISTOGRAM_2_DIGITS, HISTOGRAM_3_DIGITS, HISTOGRAM_BITS_MAX };
static const double all_pct[] = { 0, 0.01, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100 };

#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Shapes that differ in what they do to log-linear buckets. */
static uint64_t sample(unsigned int shape, uint64_t *seed)
{
	uint64_t r = next_random(seed);

	switch (shape) {
	case 0: return r % 1000;			/* few distinct values */
	case 1: return r & VALUE_MAX;			/* uniform */
	case 2: return (r & VALUE_MAX) >> (r >> 58) % 40;	/* every magnitude alike */
	case 3: return 1ull << (r % 40);		/* only the edges */
	case 4: return (1ull << (r % 40)) - 1;
	default: return r % 100 ? 50000 + r % 5000 : 900000000 + r % 1000; /* two humps */
	}
}

#define NR_SHAPES 6u

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Element ceil(pct% * n) of the sorted ones, in whole numbers: pct has two decimals. */
static uint64_t oracle(const uint64_t *sorted, uint64_t n, double pct)
{
	uint64_t rank = ((uint64_t)(pct * 100 + 0.5) * n + 9999) / 10000;

	return sorted[rank ? rank - 1 : 0];
}

TEST(percentiles_are_within_the_promised_error)
{
	uint64_t *v = calloc(NR_SAMPLES, sizeof(*v));

	for (size_t b = 0; b < COUNT_OF(all_bits); b++)
	for (unsigned int shape = 0; shape < NR_SHAPES; shape++)
	for (uint64_t n = 1; n <= NR_SAMPLES; n = n < 20 ? n + 1 : n * 10) {
		struct histogram *h = histogram__new(all_bits[b]);
		uint64_t seed = 88172645463325252ull + n * 31 + shape, sum = 0;

		for (uint64_t i = 0; i < n; i++) {
			v[i] = sample(shape, &seed);
			sum += v[i];
			histogram__add(h, v[i]);
		}
		qsort(v, n, sizeof(*v), by_value);
		for (size_t p = 0; p < COUNT_OF(all_pct); p++) {
			uint64_t want = oracle(v, n, all_pct[p]);
			uint64_t got = histogram__percentile(h, all_pct[p]);

			ASSERT_TRUE(got >= want && got - want <= want >> (all_bits[b] - 1)) {
				TH_LOG("bits %u shape %u n %llu p%g: told %llu, is %llu",
				       all_bits[b], shape, (unsigned long long)n, all_pct[p],
				       (unsigned long long)got, (unsigned long long)want);
			}
		}
		ASSERT_EQ(n, histogram__count(h));
		ASSERT_EQ(sum, histogram__sum(h));
		ASSERT_EQ(v[0], histogram__min(h));
		ASSERT_EQ(v[n - 1], histogram__max(h));
		ASSERT_EQ(v[n - 1], histogram__percentile(h, 100));
		free(h);
	}
	free(v);
}

/* Every value around every power of two, alone: its bucket is the right one. */
TEST(every_edge_is_in_its_bucket)
{
	for (size_t b = 0; b < COUNT_OF(all_bits); b++)
	for (unsigned int e = 0; e <= HISTOGRAM_VALUE_BITS; e++)
	for (int d = -3; d <= 3; d++) {
		uint64_t value = (1ull << e) + d, low, high, count;
		struct histogram *h;
		size_t pos = 0;

		if (value > VALUE_MAX)
			continue;
		h = histogram__new(all_bits[b]);
		histogram__add(h, value);
		ASSERT_TRUE(histogram__next(h, &pos, &low, &high, &count));
		ASSERT_TRUE(low <= value && value <= high && count == 1) {
			TH_LOG("bits %u: %llu is in [%llu, %llu]", all_bits[b],
			       (unsigned long long)value, (unsigned long long)low,
			       (unsigned long long)high);
		}
		ASSERT_LE(high - low, low >> (all_bits[b] - 1));
		ASSERT_FALSE(histogram__next(h, &pos, &low, &high, &count));
		free(h);
	}
}

/* Buckets follow one another without a hole or an overlap, up to the last. */
TEST(buckets_tile_the_range)
{
	struct histogram *h = histogram__new(4);
	uint64_t low, high, count, expect = 0;
	size_t pos = 0;

	for (uint64_t v = 0; v < 1024; v++)
		histogram__add(h, v);
	for (unsigned int e = 10; e < HISTOGRAM_VALUE_BITS; e++)
		for (uint64_t i = 0; i < 64; i++)
			histogram__add(h, (1ull << e) + (i << (e - 6)));
	while (histogram__next(h, &pos, &low, &high, &count)) {
		ASSERT_EQ(expect, low);
		expect = high + 1;
	}
	ASSERT_EQ(VALUE_MAX + 1, expect);
	free(h);
}

TEST(merging_is_adding)
{
	for (size_t b = 0; b < COUNT_OF(all_bits); b++)
	for (unsigned int shape = 0; shape < NR_SHAPES; shape++) {
		struct histogram *a = histogram__new(all_bits[b]);
		struct histogram *both = histogram__new(all_bits[b]);
		struct histogram *fine = histogram__new(HISTOGRAM_BITS_MAX);
		uint64_t seed = 7 + shape;

		for (int i = 0; i < 3000; i++) {
			uint64_t v = sample(shape, &seed);

			histogram__add(i % 3 ? a : fine, v);
			histogram__add(both, v);
		}
		ASSERT_EQ(0, histogram__merge(a, fine));
		ASSERT_EQ(histogram__count(both), histogram__count(a));
		ASSERT_EQ(histogram__sum(both), histogram__sum(a));
		ASSERT_EQ(histogram__min(both), histogram__min(a));
		for (size_t p = 0; p < COUNT_OF(all_pct); p++)
			ASSERT_EQ(histogram__percentile(both, all_pct[p]),
				  histogram__percentile(a, all_pct[p]));
		free(a);
		free(both);
		free(fine);
	}
}

TEST(merging_a_coarser_one_is_refused)
{
	struct histogram *fine = histogram__new(8), *coarse = histogram__new(6);

	histogram__add(coarse, 1000);
	histogram__add(fine, 5);
	EXPECT_EQ(-EINVAL, histogram__merge(fine, coarse));
	EXPECT_EQ(1, histogram__count(fine));
	EXPECT_EQ(5, histogram__max(fine));
	/* An empty one changes nothing, the minimum included. */
	histogram__clear(coarse);
	EXPECT_EQ(0, histogram__merge(coarse, fine));
	EXPECT_EQ(5, histogram__min(coarse));
	histogram__clear(fine);
	EXPECT_EQ(0, histogram__merge(coarse, fine));
	EXPECT_EQ(5, histogram__min(coarse));
	EXPECT_EQ(5, histogram__max(coarse));
	free(fine);
	free(coarse);
}

TEST(what_is_too_long_counts_and_its_maximum_is_exact)
{
	struct histogram *h = histogram__new(HISTOGRAM_2_DIGITS);

	histogram__add(h, UINT64_MAX);
	EXPECT_EQ(UINT64_MAX, histogram__max(h));
	EXPECT_EQ(UINT64_MAX, histogram__percentile(h, 50));
	histogram__add(h, UINT64_MAX - 1);
	EXPECT_EQ(UINT64_MAX, histogram__sum(h));	/* sticks */
	EXPECT_EQ(UINT64_MAX - 1, histogram__min(h));
	histogram__add_n(h, 3, 100);
	EXPECT_EQ(102, histogram__count(h));
	EXPECT_EQ(3, histogram__percentile(h, 98));
	EXPECT_EQ(UINT64_MAX, histogram__percentile(h, 99));
	free(h);
}

TEST(empty_ones_are_zero)
{
	struct histogram *h = histogram__new(HISTOGRAM_COARSE);
	uint64_t low, high, count;
	size_t pos = 0;

	histogram__add_n(h, 77, 0);
	EXPECT_EQ(0, histogram__percentile(h, 50));
	EXPECT_EQ(0, histogram__percentile(NULL, 50));
	EXPECT_EQ(0, histogram__count(NULL));
	EXPECT_EQ(0, histogram__max(h));
	EXPECT_EQ(0, histogram__mean(h));
	EXPECT_FALSE(histogram__next(h, &pos, &low, &high, &count));
	free(h);
	EXPECT_EQ(NULL, histogram__new(HISTOGRAM_BITS_MIN - 1));
	EXPECT_EQ(NULL, histogram__new(HISTOGRAM_BITS_MAX + 1));
}

TEST(percentages_out_of_range_are_the_nearest)
{
	struct histogram *h = histogram__new(HISTOGRAM_COARSE);

	for (int i = 1; i <= 10; i++)
		histogram__add(h, i);
	EXPECT_EQ(1, histogram__percentile(h, -5));
	EXPECT_EQ(1, histogram__percentile(h, __builtin_nan("")));
	EXPECT_EQ(10, histogram__percentile(h, 1e300));
	EXPECT_EQ(5, histogram__percentile(h, 50));
	free(h);
}

/* Half a percent more counts than promised would be seen: the bound is not loose. */
TEST(the_bound_is_tight)
{
	struct histogram *h = histogram__new(HISTOGRAM_2_DIGITS);
	uint64_t v = 1ull << 20;

	histogram__add(h, v);
	histogram__add(h, v << 1);
	EXPECT_EQ(v + (v >> 7) - 1, histogram__percentile(h, 50));
	free(h);
}

TEST_HARNESS_MAIN
