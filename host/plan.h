/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan as the host thinks of it, and its text (include/ktstr/plan.h).
 */
#ifndef KTSTR_HOST_PLAN_H
#define KTSTR_HOST_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/op.h>
#include <ktstr/plan.h>

#include "buf.h"
#include "fault_orders.h"
#include "strv.h"

/**
 * struct plan - what the guest shall do
 * @scenario: name, or NULL for a command
 * @test: the scenario as its author says it
 * @shape: the topology, for what is resolved in the guest
 * @ops, @nr_ops: the same resolved for the topology
 * @exec: the command, when there is no scenario
 * @emulated: the machine that it runs on is emulated: times are not what they would be
 * @sched: the scheduler's argv; empty for the kernel's own
 * @sched_enable: argv of a command that has one enabled, instead of @sched
 * @sched_disable: argv of the command that ends that; may be empty
 * @seed: source of every random choice
 * @duration_ms: length of the judged window
 * @sched_timeout_ms: how long the scheduler may take to attach
 * @events: by which path scheduler events shall come, or none
 * @events_only, @events_cpus, @events_cgroup: which of them, as in the plan's text; NULL: all
 * @faults: which the host switches in the window; may be NULL
 * @ack_timeout_ms: how long the guest waits for our ACKR before it reboots
 */
struct plan {
	const char *scenario;
	const struct ktstr_test *test;
	struct ktstr_shape *shape;
	struct ktstr_op *ops;
	uint32_t nr_ops;
	struct strv exec;
	bool emulated;
	struct strv sched;
	struct strv sched_enable, sched_disable;
	uint64_t seed;
	uint32_t duration_ms;
	uint32_t sched_timeout_ms;
	enum ktstr_events_wish events;
	const char *events_only, *events_cpus, *events_cgroup;
	const struct fault_orders *faults;
	uint32_t ack_timeout_ms;
};

/**
 * plan_write() - write the plan's text
 * @plan: plan
 * @out: gets the text; bounded by %KTSTR_PLAN_MAX
 * @e: sentence on failure
 *
 * Return: 0; -E2BIG when the text would be too long for the guest; -ENOMEM.
 */
int plan_write(const struct plan *plan, struct buf *out, struct ktstr_error *e);

/** plan__has_sched() - shall there be a scheduler under test? */
static inline bool plan__has_sched(const struct plan *plan)
{
	return plan->sched.n || plan->sched_enable.n;
}

/** plan__has_faults() - shall the host switch any? */
static inline bool plan__has_faults(const struct plan *plan)
{
	return plan->faults && plan->faults->nr;
}

/** plan__has_body() - does its test go on as a function, which may do anything? */
static inline bool plan__has_body(const struct plan *plan)
{
	return plan->test && plan->test->body;
}

/** plan__free() - give the words back */
void plan__free(struct plan *plan);

#endif /* KTSTR_HOST_PLAN_H */
