/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What operations come to: which cgroups there are at a time, where they may run, what they
 * are entitled to, and how many workers are in them.
 *
 * Made from a list of operations, those of the plan (what will be) or of the trace (what
 * was); nothing else is asked.
 */
#ifndef KTSTR_HOST_OP_STATE_H
#define KTSTR_HOST_OP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/cpulist.h>
#include <ktstr/op.h>
#include <ktstr/plan.h>

#include "op_trace.h"

#define OP_WEIGHT_DEFAULT	100u	/* cpu.weight, as a new cgroup has it */

/**
 * struct op_cgroup - a cgroup
 * @path: below the root of the test's cgroups; "" when the place is free
 * @has_cpus: it has a cpuset of its own, @cpus
 * @weight: cpu.weight
 * @quota_us, @period_us: cpu.max; @quota_us 0: none
 * @frozen: it is, by itself
 */
struct op_cgroup {
	char path[KTSTR_OP_CGROUP_MAX];
	bool has_cpus;
	struct cpu_mask cpus;
	uint32_t weight;
	uint64_t quota_us, period_us;
	bool frozen;
};

/**
 * struct op_crew - the workers of a SPAWN that there are
 * @cgroup, @home: where they are, and where they were spawned: as their accounts have it
 * @name: theirs
 * @nr: how many
 * @has_cpus: they have an affinity of their own, @cpus
 */
struct op_crew {
	char cgroup[KTSTR_OP_CGROUP_MAX], home[KTSTR_OP_CGROUP_MAX];
	char name[KTSTR_OP_NAME_MAX];
	uint32_t nr;
	bool has_cpus;
	struct cpu_mask cpus;
};

/**
 * struct op_state - at one time
 * @all: CPUs that there are, and of these @online
 * @nr_cgroups, @cgroups: places, some free
 * @nr_crews, @crews: workers; @nr 0: they were stopped
 *
 * There is room for all that the compiler lets a plan or a body have. What a guest claims beyond
 * that is left out: its operations are not those of its plan, which is a finding of its own.
 */
struct op_state {
	struct cpu_mask all, online;
	uint32_t nr_cgroups;
	struct op_cgroup cgroups[KTSTR_CGROUPS_MAX];
	uint32_t nr_crews;
	struct op_crew crews[KTSTR_OPS_MAX];
};

/** op_state__init() - nothing was done yet; CPUs are numbered below @nr_cpus */
void op_state__init(struct op_state *s, uint32_t nr_cpus);

/** op_state__apply() - an operation was carried out */
void op_state__apply(struct op_state *s, const struct ktstr_op *op);

/** op_state__changes() - does it end a time of op_trace__walk()? An affinity does not */
bool op_state__changes(enum ktstr_verb verb);

/** op_state__cgroup() - by its path; NULL when there is none */
const struct op_cgroup *op_state__cgroup(const struct op_state *s, const char *path);

/**
 * op_state__cpus() - where tasks of a cgroup may run, as cpuset.cpus.effective has it
 * @s: state
 * @path: cgroup
 * @out: never empty; all that are online when there is no such cgroup
 */
void op_state__cpus(const struct op_state *s, const char *path, struct cpu_mask *out);

/** op_state__frozen() - is it, or one above it? */
bool op_state__frozen(const struct op_state *s, const char *path);

/** op_state__quota() - CPUs that it and those above it are limited to, < 0: there is no limit */
double op_state__quota(const struct op_state *s, const char *path);

/** op_state__workers() - how many are in it and below it */
uint32_t op_state__workers(const struct op_state *s, const char *path);

/** op_path__within() - is @path @cgroup or below it? "" is above all */
bool op_path__within(const char *path, const char *cgroup);

/** op__lets_time_pass() - is it what a window is made of? The first of them begins it. */
static inline bool op__lets_time_pass(const struct ktstr_op *op)
{
	return op->verb == KTSTR_V_HOLD || op->verb == KTSTR_V_WAIT;
}

/** struct op_list - operations in their order: @at(@i) is at @first + @i * @stride */
struct op_list {
	const struct ktstr_op *first;
	size_t stride;
	uint32_t nr;
};

/** op_list__at() - one of them */
static inline const struct ktstr_op *op_list__at(const struct op_list *l, uint32_t i)
{
	return (const struct ktstr_op *)((const char *)l->first + i * l->stride);
}

/** op_list__of_trace() - those that were carried out, up to the first that failed */
struct op_list op_list__of_trace(const struct op_trace *t);

/**
 * op_span_fn() - a time in which nothing changed
 * @arg: of op_trace__walk()
 * @s: the state then
 * @from_ns, @to_ns: guest CLOCK_MONOTONIC: from the end of an operation that changes
 *	something to the beginning of the next
 */
typedef void (*op_span_fn)(void *arg, const struct op_state *s, uint64_t from_ns, uint64_t to_ns);

/**
 * op_trace__walk() - all such times of a window, in their order
 * @t: trace
 * @nr_cpus: CPUs are numbered below this
 * @from_ns, @to_ns: the window
 * @fn, @arg: told of each
 *
 * What is between two of them is an operation that changes something: nobody knows in
 * which moment of that it does.
 */
void op_trace__walk(const struct op_trace *t, uint32_t nr_cpus, uint64_t from_ns, uint64_t to_ns,
		    op_span_fn fn, void *arg);

#endif /* KTSTR_HOST_OP_STATE_H */
