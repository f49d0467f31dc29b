/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run's verdict as test points.
 */
#ifndef KTSTR_HOST_RESULT_H
#define KTSTR_HOST_RESULT_H

#include "ktap.h"
#include "report.h"

/** result__points() - how many test points a plan has: its checks and the scenario itself */
unsigned int result__points(const struct plan *plan);

/**
 * result__print() - print them, with reasons and the table
 * @k: where to
 * @r: facts of the call
 * @run: a judged run
 *
 * An interrupted run has no points: only the verdict line.
 */
void result__print(struct ktap *k, const struct report *r, const struct report_run *run);

#endif /* KTSTR_HOST_RESULT_H */
