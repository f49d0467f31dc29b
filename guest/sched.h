/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler under test: started, watched, stopped.
 */
#ifndef GUEST_SCHED_H
#define GUEST_SCHED_H

#include <stdbool.h>

#include "emit.h"
#include "plan_read.h"

/** sched__init() - follow sched_ext's uevents; after uevent__init(); return: 0 or negative errno */
int sched__init(void);

/**
 * sched__start() - run the plan's scheduler and wait until it is attached
 * @plan: plan with a scheduler, or with a command that enables one
 * @o: gets the outcome on failure: FAILED when it died or did not attach in
 *	time, ENV when this guest cannot run it, ABORTED when the host ended it
 *
 * Attached means: state "enabled", root/ops there, enable_seq counted up.
 * Return: is it attached?
 */
bool sched__start(const struct guest_plan *plan, struct outcome *o);

/**
 * sched__lost() - did an attached scheduler die, detach or attach anew? False when there is
 * none
 */
bool sched__lost(void);

/** sched__check() - look again */
void sched__check(void);

/** sched__tick() - likewise, for the heartbeat: a lost uevent must not hide a lost scheduler */
void sched__tick(void);

/**
 * sched__report_loss() - tell what became of it: SCDX if it died, LIFE SCHED_DIED
 * @o: becomes FAILED with the reason
 */
void sched__report_loss(struct outcome *o);

/**
 * sched__stop() - end it: SIGINT, after two seconds SIGKILL; then the rest of its log and SCDX
 * @plan: as given to sched__start()
 * @o: becomes FAILED when a scheduler that commands switch cannot be switched off
 *
 * One that a command enabled is disabled by the plan's other command first; there is no
 * SCDX of it. Does nothing when there is none, or when its death has been reported.
 */
void sched__stop(const struct guest_plan *plan, struct outcome *o);

#endif /* GUEST_SCHED_H */
