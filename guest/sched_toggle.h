/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command that ends a scheduler which a command has enabled.
 */
#ifndef GUEST_SCHED_TOGGLE_H
#define GUEST_SCHED_TOGGLE_H

#include <stdint.h>

/**
 * sched_toggle__run() - run a command to its end
 * @argv: command
 * @out: gets what it prints
 * @ms: time that it has; then it is killed
 *
 * How it ended is told by a LIFE SHUTDOWN, unless that was with status 0.
 */
void sched_toggle__run(char *const argv[], int out, uint32_t ms);

#endif /* GUEST_SCHED_TOGGLE_H */
