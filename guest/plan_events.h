/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a plan can make happen.
 */
#ifndef GUEST_PLAN_EVENTS_H
#define GUEST_PLAN_EVENTS_H

#include "plan_read.h"

/**
 * guest_plan__events() - types of scheduler events that a plan can make happen
 *
 * Loading and attaching a program takes milliseconds, and those of a few types tell of nothing
 * unless the plan asks for it: CPUs that go and come, a quota, what a sched_ext scheduler dispatches.
 * That one was enabled that nobody asked for is always told.
 * Return: bits of enum ktstr_event_type; all where programs of the author's run.
 */
uint64_t guest_plan__events(const struct guest_plan *plan);

#endif /* GUEST_PLAN_EVENTS_H */
