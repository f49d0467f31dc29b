/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is reported of a whole call of "ktstr run": the facts that KTAP, the
 * table and JSON share.
 */
#ifndef KTSTR_HOST_REPORT_H
#define KTSTR_HOST_REPORT_H

#include "args.h"
#include "plan.h"
#include "verdict.h"

/**
 * struct report_run - one scenario's run
 * @name: of the run: the scenario's, and for its Nth run in this call ".N" behind it
 * @args: the options that hold for it; NULL: those of the call
 * @plan: what was asked
 * @skip: why it cannot run on this topology, or empty
 * @ev: what happened; NULL when it was not run
 * @start_ns: CLOCK_MONOTONIC: of the first run when ktstr was executed, of others when they began
 * @verdict: what that comes to
 * @verdict_ns: CLOCK_MONOTONIC when it was made
 * @repeat: command that repeats it
 * @events: what its scheduler events tell, for JSON; NULL when none were asked for
 * @events_brief: the same in a few lines, or NULL
 * @stats: the scheduler's statistics, for JSON; NULL when they were not asked for
 * @stats_brief: the same in a line, or NULL
 */
struct report_run {
	char name[64];
	struct args *args;
	struct plan plan;
	char skip[256];
	struct evidence *ev;
	uint64_t start_ns;
	struct verdict verdict;
	uint64_t verdict_ns;
	char repeat[1024];
	struct json_t *events;
	char *events_brief;
	struct json_t *stats;
	char *stats_brief;
};

/**
 * struct report - all of them
 * @args: options of the call
 * @kernel: path of the kernel
 * @hostcpus: host CPUs of the call; may be NULL
 * @splat_rules: what --splat-allow and --splat-deny say
 * @in_box: in an emulated machine: times are not comparable
 * @exec_ns: CLOCK_MONOTONIC when ktstr was executed
 * @runs: one for each scenario
 * @nr: how many
 */
struct report {
	const struct args *args;
	const char *kernel;
	const struct hostcpus *hostcpus;
	struct splat_rules splat_rules;
	bool in_box;
	uint64_t exec_ns;
	struct report_run *runs;
	size_t nr;
};

/* Exit statuses of ktstr run. */
enum report_exit {
	EXIT_ALL_PASSED		= 0,
	EXIT_SOME_FAILED	= 1,
	EXIT_ENVIRONMENT	= 2,
	EXIT_INCONCLUSIVE	= 3,
	EXIT_ALL_SKIPPED	= 4,
};

/**
 * report__exit_status() - what the verdicts come to
 * @r: report
 * @done: how many of its runs were judged
 *
 * An environment error outranks a failure: what could not be judged did not fail.
 * Return: enum report_exit.
 */
int report__exit_status(const struct report *r, size_t done);

/** report__exit_of() - the same of @count verdicts by status, @done in all */
int report__exit_of(const size_t count[VERDICT_INTERRUPTED + 1], size_t done);

/** report__args() - the options that hold for a run */
const struct args *report__args(const struct report *r, const struct report_run *run);

/** report__boot_ns() - from the session's start to REDY; 0 when it did not come */
uint64_t report__boot_ns(const struct evidence *ev);

/** report__names() - give every run its name; their plans name the scenarios */
void report__names(struct report *r);

/** report__repeat() - write the command that repeats a run into @run->repeat */
void report__repeat(struct report_run *run, const struct args *args);

#endif /* KTSTR_HOST_REPORT_H */
