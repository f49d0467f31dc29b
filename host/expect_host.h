/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host did to the guest in the window, and what of a missed bound it can account for.
 *
 * The rule: a bound that was missed by no more than the host can account for, at the very
 * most, is nobody's: INCONCLUSIVE, with that number. Only what is missed even then is a
 * failure. Bounds that held are not doubted, but for those measured in the same run. All
 * functions are pure.
 */
#ifndef KTSTR_HOST_EXPECT_HOST_H
#define KTSTR_HOST_EXPECT_HOST_H

#include "evidence.h"

/**
 * struct expect_host - the host's doing in the window
 * @known: anything of it is known; else all numbers are 0 and nothing is excused
 * @by_steal: only the guest's own count of steal time is known, all CPUs together: each of
 *	them may have been the one it was taken from
 * @window_ns: length of the window
 * @total_ns: vCPUs could have run and had no host CPU, in all
 * @worst_ns: the most of it that one vCPU can have had
 * @worst_vcpu: that one, when it is not @by_steal
 * @least, @most: share of the window that the least and the most delayed vCPU lost, 0 to 1
 * @mean: the same of all vCPUs' time
 * @nr_stills, @still_ns: times the guest's clock stood still, and how far it jumped then in all:
 *	what was measured then, the scheduler's own accounts too, excuses every bound of time
 * @harness_ns: CPU time in the guest of the harness and of what it did for the test: real-time,
 *	so no scheduler's doing either
 * @ops: some of it was for the test
 * @stolen_ns: what the guest's own count of steal time says, all CPUs together: what its
 *	kernel leaves out of tasks' CPU time; 0 when not known
 */
struct expect_host {
	bool known, by_steal, ops;
	double window_ns, total_ns, worst_ns;
	uint32_t worst_vcpu;
	double least, most, mean;
	double harness_ns, stolen_ns;
	uint64_t nr_stills;
	double still_ns;
};

/** expect_host__of() - from the evidence of a whole window */
void expect_host__of(struct expect_host *h, const struct evidence *ev);

/**
 * expect_host__ns() - how much of a time that took too long was the host's, at most
 * @h: host
 * @measured_ns: how long it took
 *
 * All that one vCPU lost in the window can have been lost in that time, and all that the
 * harness ran, which comes before every scheduler's tasks, can have been on that CPU then.
 */
double expect_host__ns(const struct expect_host *h, double measured_ns);

/** expect_host__excuses_ns() - without the host it might have been within the bound */
bool expect_host__excuses_ns(const struct expect_host *h, double measured_ns, double bound_ns);

/**
 * expect_host__points() - by how many percentage points a share can be off by the host alone
 *
 * At worst, of two that share two CPUs, each has one of them to itself, and one CPU is the
 * most and the other the least delayed.
 */
double expect_host__points(const struct expect_host *h);

/** expect_host__spread_pct() - the same as a spread, (max - min) / mean in per cent */
double expect_host__spread_pct(const struct expect_host *h);

/**
 * expect_host__speed() - how many times faster it might have been without the host
 * @h: host
 * @span_ns: the part of the window that is asked about
 * @nr_cpus: CPUs of the guest
 *
 * All that was lost in the window can have been lost in that part. Return: 1 or more, 100 at
 * most.
 */
double expect_host__speed(const struct expect_host *h, double span_ns, uint32_t nr_cpus);

/**
 * expect_host__excuses_wakes() - can the host alone have made a percentile too long?
 * @h: host
 * @late: wakeups that were later than the bound
 * @excess_ns: by how much at least the percentile missed it
 * @tasks: that one vCPU can have kept waiting at a time
 */
bool expect_host__excuses_wakes(const struct expect_host *h, double late, double excess_ns,
				double tasks);

/** expect_host__text() - in words, for the end of a sentence; return: @buf */
char *expect_host__text(const struct expect_host *h, char *buf, size_t size);

#endif /* KTSTR_HOST_EXPECT_HOST_H */
