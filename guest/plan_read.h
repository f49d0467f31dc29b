/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan as the guest understands it; the text's grammar is in ktstr/plan.h.
 */
#ifndef GUEST_PLAN_READ_H
#define GUEST_PLAN_READ_H

#include <stddef.h>
#include <stdint.h>

#include <ktstr/cpulist.h>
#include <ktstr/error.h>
#include <ktstr/op.h>
#include <ktstr/plan.h>

/* What a plan that does not say it gets. */
#define PLAN_SCHED_TIMEOUT_MS	10000u
#define PLAN_ACK_TIMEOUT_MS	5000u
#define PLAN_MS_MAX		(24u * 3600 * 1000)

/**
 * struct guest_plan_filter - which scheduler events are wanted
 * @types_text: as written; NULL: all types
 * @types: the same as bits of enum ktstr_event_type; of all types, those of guest_plan__events()
 * @cpus_text: as written; NULL: of all CPUs
 * @cpus: the same as a set
 * @cgroup: path below %KTSTR_CGROUP_MOUNT; NULL: of all tasks
 */
struct guest_plan_filter {
	const char *types_text;
	uint64_t types;
	const char *cpus_text;
	struct cpu_mask cpus;
	const char *cgroup;
};

/**
 * struct guest_plan - what to do
 * @scenario: its name, or NULL when this is an exec plan
 * @exec: NULL terminated argv, or NULL when this is a scenario plan
 * @sched: NULL terminated argv of the scheduler, or NULL for the kernel's own
 * @sched_enable: instead, of a command that has one enabled, or NULL
 * @sched_disable: of the command that ends that, or NULL
 * @seed: for every random choice
 * @duration_ms: length of the judged window
 * @sched_timeout_ms: how long the scheduler may take to attach
 * @ack_timeout_ms: wait for ACKR this long before the reboot
 * @events: scheduler events, and by which path
 * @filter: which of them
 * @ops: operations in the order of the plan
 * @nr_ops: how many
 * @body: name of the test whose body comes after them, or NULL
 * @shape: topology, for @body
 */
struct guest_plan {
	const char *scenario;
	char **exec;
	char **sched;
	char **sched_enable, **sched_disable;
	uint64_t seed;
	uint32_t duration_ms;
	uint32_t sched_timeout_ms;
	uint32_t ack_timeout_ms;
	enum ktstr_events_wish events;
	struct guest_plan_filter filter;
	struct ktstr_op *ops;
	unsigned int nr_ops;
	const char *body;
	struct ktstr_shape *shape;
};

/**
 * guest_plan__parse() - read a plan from memory
 * @text: the plan, with room for one byte at @text[@len]; it is taken apart in
 *	place, and @plan points into it
 * @len: bytes of text
 * @plan: result; to be given to guest_plan__free() after success and failure alike
 * @e: sentence with the line number on failure
 *
 * Return: 0; -EINVAL on anything that ktstr/plan.h does not allow; -ENOMEM.
 */
int guest_plan__parse(char *text, size_t len, struct guest_plan *plan, struct ktstr_error *e);

/**
 * guest_plan__read() - read a plan from a file of at most %KTSTR_PLAN_MAX bytes
 *
 * The text stays allocated as long as PID 1 lives.
 * Return: as guest_plan__parse(), and -EFBIG or what open() and read() return.
 */
int guest_plan__read(const char *path, struct guest_plan *plan, struct ktstr_error *e);

/** guest_plan__free() - free all but the text */
void guest_plan__free(struct guest_plan *plan);

#endif /* GUEST_PLAN_READ_H */
