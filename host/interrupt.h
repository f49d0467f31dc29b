/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP: the first ends the run in order, the second at once.
 */
#ifndef KTSTR_HOST_INTERRUPT_H
#define KTSTR_HOST_INTERRUPT_H

#include <stdbool.h>

/**
 * interrupt__open() - catch the signals from now on
 *
 * A handler is used, not a signalfd: a write that blocks on a full pipe must end
 * as well. Process-wide, call it once.
 * Return: an event descriptor that becomes readable with the first signal and
 * stays so; -errno on failure.
 */
int interrupt__open(void);

/** interrupt__signal() - the signal that came, 0 if none did */
int interrupt__signal(void);

/** interrupt__name() - "SIGINT" and so on; "a signal" for one that is never caught here */
const char *interrupt__name(int sig);

/** interrupt__mask_threads() - keep the signals from threads made from now on, or undo that */
void interrupt__mask_threads(bool mask);

/** interrupt__reraise() - die of the signal that came; returns only if none did */
void interrupt__reraise(void);

#endif /* KTSTR_HOST_INTERRUPT_H */
