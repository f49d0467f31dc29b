/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exit of a scheduler for people and for machines.
 */
#ifndef KTSTR_HOST_SCHED_EXIT_OUT_H
#define KTSTR_HOST_SCHED_EXIT_OUT_H

#include <jansson.h>

#include "evidence.h"
#include "outdir.h"

/** sched_exit_out__text() - add lines about it to @b, each ended by a newline; none without one */
void sched_exit_out__text(struct buf *b, const struct evidence *ev);

/**
 * sched_exit_out__json() - the same and more
 * @ev: of a run that is over
 * @verdict_ns: CLOCK_MONOTONIC when its verdict was made
 *
 * Return: a new reference, null in JSON's sense when nobody told an exit; NULL without memory.
 */
json_t *sched_exit_out__json(const struct evidence *ev, uint64_t verdict_ns);

/** sched_exit_out__remove_old() - nobody shall take the dump of an earlier run for that of this */
void sched_exit_out__remove_old(struct outdir *out);

/** sched_exit_out__dump() - write the debug dump, if there is one, beside the logs of the run */
void sched_exit_out__dump(struct outdir *out, const struct evidence *ev);

#endif /* KTSTR_HOST_SCHED_EXIT_OUT_H */
