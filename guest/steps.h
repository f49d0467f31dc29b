/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations of a test, carried out one after the other and told to the host.
 */
#ifndef GUEST_STEPS_H
#define GUEST_STEPS_H

#include "emit.h"
#include "plan_read.h"

/**
 * steps__run() - the plan's operations, then its body, inside one judged window
 * @plan: a scenario plan; its scheduler, if any, is attached
 * @o: stays DONE when all of it was done and the window reached its end undisturbed
 *
 * Sends STIM and STEN for every operation, SCST and SCEN around the window, and PMET.
 * The window begins with the first operation that lets time pass (hold, wait) and ends
 * with the last, or with the body; it ends early, at once, when the scheduler is lost
 * that should rule, a worker dies or the host asks for it.
 */
void steps__run(const struct guest_plan *plan, struct outcome *o);

#endif /* GUEST_STEPS_H */
