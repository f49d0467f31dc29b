/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short table for people, as diagnostics between the test points.
 */
#ifndef KTSTR_HOST_TABLE_H
#define KTSTR_HOST_TABLE_H

#include "ktap.h"
#include "report.h"

/**
 * table__print() - who got what
 * @k: where to
 * @r: facts of the call
 * @run: one run; without evidence of a window only what is known is printed
 */
void table__print(struct ktap *k, const struct report *r, const struct report_run *run);

#endif /* KTSTR_HOST_TABLE_H */
