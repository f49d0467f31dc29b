/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running scenarios here, on this machine's KVM.
 */
#ifndef KTSTR_HOST_RUN_H
#define KTSTR_HOST_RUN_H

#include "outdir.h"
#include "report.h"
#include "setup.h"

/**
 * run__plans() - the plan of every scenario, and everything packed that they need
 * @r: report with @args set; gets its runs
 * @s: setup
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno; run__free() in both cases.
 */
int run__plans(struct report *r, struct setup *s, struct ktstr_error *e);

/**
 * run__limit_ms() - how long a run may take before it is ended, by what its operations ask for
 * @plan: plan, @sched_timeout_ms set
 * @timeout_s: silence that is taken for a hang
 *
 * Return: ms, never 0; with an hour for each of what nobody can tell, a body or a WAIT without
 * a limit. Silence ends a run before.
 */
uint64_t run__limit_ms(const struct plan *plan, uint32_t timeout_s);

/** run__free() - give the runs back */
void run__free(struct report *r);

/**
 * run__all() - run every scenario and report
 * @r: report with plans
 * @s: setup
 * @out: results directory, open or not
 *
 * KTAP goes to stdout and ktap.txt while it runs; JSON to --json and result.json
 * at the end. What goes wrong is said on stderr.
 * Return: exit status; dies of the signal when interrupted.
 */
int run__all(struct report *r, struct setup *s, struct outdir *out);

#endif /* KTSTR_HOST_RUN_H */
