/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario: cgroups, workers, and the judged window.
 */
#ifndef GUEST_SCENARIO_H
#define GUEST_SCENARIO_H

#include "emit.h"
#include "plan_read.h"

/**
 * scenario__run() - set the plan's load up, watch it for the planned time, tell what happened
 * @plan: a scenario plan; its scheduler, if any, is attached
 * @o: stays DONE when the window reached its end undisturbed
 *
 * Sends SCST, SCEN and PMET. The window ends early, at once, when the
 * scheduler is lost, a worker dies or the host asks for it.
 */
void scenario__run(const struct guest_plan *plan, struct outcome *o);

#endif /* GUEST_SCENARIO_H */
