/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event counters of sched_ext: a kernel that has them (6.15 and later) tells them in
 * a file, a line "NAME VALUE" each.
 */
#ifndef GUEST_SCX_COUNTERS_H
#define GUEST_SCX_COUNTERS_H

#include <ktstr/event.h>

#define SCX_COUNTERS_PATH	"/sys/kernel/sched_ext/root/events"

/**
 * scx_counters__tell() - a record for every counter in a file
 * @path: the file; one that is not there has none
 * @emit: given each; a negative errno ends it
 *
 * Return: counters told.
 */
unsigned int scx_counters__tell(const char *path, int (*emit)(struct ktstr_ev_scx_counter *ev));

#endif /* GUEST_SCX_COUNTERS_H */
