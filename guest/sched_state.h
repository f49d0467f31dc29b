/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel says of sched_ext: /sys/kernel/sched_ext, read back.
 */
#ifndef GUEST_SCHED_STATE_H
#define GUEST_SCHED_STATE_H

#include <stdbool.h>

#include <ktstr/wire.h>

/**
 * sched_state__read() - read it all at this moment
 * @s: result, in wire byte order; state "absent" when the kernel has no sched_ext
 */
void sched_state__read(struct ktstr_sched_state *s);

/**
 * sched_state__same() - are state and enable_seq still those of @s? Two reads of open files
 *
 * Return: false also when it cannot be told.
 */
bool sched_state__same(const struct ktstr_sched_state *s);

/** sched_state__present() - does the kernel have sched_ext? */
bool sched_state__present(const struct ktstr_sched_state *s);

/** sched_state__enabled() - is a BPF scheduler in charge, by name? */
bool sched_state__enabled(const struct ktstr_sched_state *s);

/** sched_state__disabled() - is none in charge, and none coming or going? */
bool sched_state__disabled(const struct ktstr_sched_state *s);

#endif /* GUEST_SCHED_STATE_H */
