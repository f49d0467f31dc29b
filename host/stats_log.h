/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.jsonl of a run, read again for "ktstr report".
 */
#ifndef KTSTR_HOST_STATS_LOG_H
#define KTSTR_HOST_STATS_LOG_H

#include <ktstr/error.h>

#include "buf.h"

#define STATS_LOG_ROWS	64u	/* numbers in the table; of more only how many */

/**
 * stats_log__text() - a table of the numbers in it
 * @path: stats.jsonl; hostile
 * @b: gets the table
 * @e: sentence on failure
 *
 * Every number of a sample is a row, named by the keys that lead to it. Lines that are
 * damaged are counted. Return: 0, or as file__read(); -ENOMEM.
 */
int stats_log__text(const char *path, struct buf *b, struct ktstr_error *e);

#endif /* KTSTR_HOST_STATS_LOG_H */
