// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker's latencies: a histogram of constant size, log-linear as in HdrHistogram.
 */
#include "worker.h"

#define SUB_MASK	((1u << WORKER_LATENCY_SUB) - 1)

/* Bucket of a latency: its power of two, and the next WORKER_LATENCY_SUB bits. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int log;

	if (ns <= SUB_MASK)
		return (unsigned int)ns;
	log = 63 - (unsigned int)__builtin_clzll(ns);
	return (log << WORKER_LATENCY_SUB) + (ns >> (log - WORKER_LATENCY_SUB) & SUB_MASK);
}

/* The largest latency of a bucket. */
static uint64_t bucket_end(unsigned int bucket)
{
	unsigned int log = bucket >> WORKER_LATENCY_SUB;
	uint64_t sub = bucket & SUB_MASK;

	if (bucket <= SUB_MASK)
		return bucket;
	return (1ull << log) + ((sub + 1) << (log - WORKER_LATENCY_SUB)) - 1;
}

void ktstr_worker__latency(struct ktstr_worker *w, int64_t ns)
{
	struct worker_account *a = &w->account;
	uint64_t v = ns > 0 ? (uint64_t)ns : 0;

	if (!ktstr_worker__go_on(w))
		return;
	a->latency[bucket_of(v)]++;
	a->nr_latencies++;
	if (v > a->max_latency_ns)
		a->max_latency_ns = v;
}

static uint64_t count(const struct worker_account *a)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < WORKER_LATENCY_BUCKETS; i++)
		n += a->latency[i];
	return n;
}

/* Nearest rank: the smallest latency that at least @pct of all do not exceed. */
uint64_t worker__percentile(const struct worker_account *a, double pct)
{
	/* Not of nr_latencies: a worker that still runs may be between the two. */
	double exact = (double)count(a) * pct / 100;
	uint64_t rank = (uint64_t)exact, seen = 0;

	rank += (double)rank < exact;
	for (unsigned int i = 0; i < WORKER_LATENCY_BUCKETS; i++) {
		seen += a->latency[i];
		if (seen && seen >= rank)
			return bucket_end(i) < a->max_latency_ns ? bucket_end(i) :
								   a->max_latency_ns;
	}
	return 0;
}
