/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port 2 beside its bytes: what the guest's relay says where no scheduler answers.
 *
 * Requests and replies are lines of JSON, those of the scx_stats crate of the sched_ext
 * schedulers. The relay passes them on as they are. Every line from the host has exactly
 * one line in return as long as the scheduler answers each, and these stand in for answers
 * that can no longer come.
 */
#ifndef KTSTR_STATS_H
#define KTSTR_STATS_H

/* Where a scheduler serves its statistics. */
#define KTSTR_STATS_SOCKET	"/var/run/scx/root/stats"

/* Nobody listens there: the request went to nobody. */
#define KTSTR_STATS_NO_SOCKET	"{\"error\":\"no scheduler stats socket\"}\n"

/*
 * The request went out and the connection ended before its answer. The bytes of an
 * answer that had begun may stand before it on the same line; no JSON text but this one
 * itself can end in it.
 */
#define KTSTR_STATS_LOST	"{\"error\":\"the scheduler closed its stats connection\"}\n"

#endif /* KTSTR_STATS_H */
