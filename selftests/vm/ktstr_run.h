/* SPDX-License-Identifier: GPL-2.0-only */
/* One call of ktstr in a test: a directory of its own, the command, what it printed. */
#ifndef KTSTR_VM_KTSTR_RUN_H
#define KTSTR_VM_KTSTR_RUN_H

#include <stdbool.h>

#include <jansson.h>

#include "proc.h"

struct ktstr_run {
	struct proc_result r;
	const char *argv[32];
	char dir[64];		/* removed by ktstr_run__finish() */
};

/** ktstr_run__env() - what the environment has by this name, or @otherwise if nothing */
const char *ktstr_run__env(const char *name, const char *otherwise);

/** ktstr_run__full() - is KTSTR_FULL a number that is not 0: the long variants are wanted */
bool ktstr_run__full(void);

/** ktstr_run__init() - make the directory; return: 0 or negative errno */
int ktstr_run__init(struct ktstr_run *k);

/**
 * ktstr_run__command() - run ktstr ($KTSTR, else ./ktstr) with these arguments to its end
 * @k: where the result goes; an earlier one is forgotten
 * @timeout_s: kill it then
 * @after: send @sig when it has printed this, or NULL
 * @sig: signal number
 *
 * The arguments follow, NULL terminated. Return: 0 or negative errno.
 */
int ktstr_run__command(struct ktstr_run *k, unsigned int timeout_s, const char *after, int sig, ...);

/**
 * ktstr_run__calm() - has this machine nothing else to do, so that times say something?
 * @run: one of "runs" of the JSON: how long its boot took tells, and is printed if it is too
 *	long; one that does not tell, or NULL, is calm
 */
bool ktstr_run__calm(json_t *run);

/**
 * ktstr_run__passed() - did all pass, but for what the host made impossible to judge?
 * @k: a run of one test that has ended
 * @whole: nothing may be skipped for having no meaning in this test
 *
 * What is inconclusive must name as its reason that vCPUs waited for a host CPU. It is printed.
 *
 * Return: true if nothing else than that kept it from passing.
 */
bool ktstr_run__passed(const struct ktstr_run *k, bool whole);

/** ktstr_run__finish() - remove the directory; print the last command first if @failed */
void ktstr_run__finish(struct ktstr_run *k, bool failed);

#endif /* KTSTR_VM_KTSTR_RUN_H */
