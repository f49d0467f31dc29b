/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures out of what programs print: hackbench, cyclictest, stress-ng, rt-app, perf bench,
 * schbench, and any program that prints JSON.
 */
#ifndef KTSTR_HOST_PAYLOAD_METRICS_H
#define KTSTR_HOST_PAYLOAD_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#define PAYLOAD_METRICS_MAX	128u
#define PAYLOAD_METRIC_NAME	32u	/* bytes with the NUL, as tests can name them */

/** struct payload_metric - one figure */
struct payload_metric {
	char name[PAYLOAD_METRIC_NAME];
	double value;
};

/**
 * struct payload_metrics - all figures of a payload, in the order of its output
 * @all: figures
 * @nr: how many
 * @dropped: how many more there were than fit
 */
struct payload_metrics {
	struct payload_metric all[PAYLOAD_METRICS_MAX];
	unsigned int nr, dropped;
};

/** payload_metrics__knows() - is this a program whose output is read, but for JSON? */
bool payload_metrics__knows(const char *program);

/**
 * payload_metrics__parse() - find them
 * @program: what was run, a path or a name: decides how the output is read
 * @text: its stdout, then its stderr; hostile, need not be terminated
 * @len: bytes
 * @out: result
 *
 * hackbench: time_s. cyclictest: min_us, avg_us (mean of the threads), max_us, cycles.
 * stress-ng --metrics: STRESSOR_ops, STRESSOR_ops_per_s. perf bench: time_s, us_per_op,
 * ops_per_s. schbench: pNN_us of its first table. rt-app's logs, when they are printed:
 * runs, run_us and period_us (means), slack_min_us, wake_max_us. A program of another name
 * whose output is a JSON object: each number in it, its path with dots, "a.b", "list.0"; true and
 * false are 1 and 0. Of figures that come twice the last one counts.
 *
 * Return: 0; -ENOENT when there are none.
 */
int payload_metrics__parse(const char *program, const char *text, size_t len,
			   struct payload_metrics *out);

/** payload_metrics__find() - a figure by name; NULL when there is none */
const struct payload_metric *payload_metrics__find(const struct payload_metrics *m,
						   const char *name);

#endif /* KTSTR_HOST_PAYLOAD_METRICS_H */
