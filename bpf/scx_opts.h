/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of scx_ktstr.
 */
#ifndef KTSTR_BPF_SCX_OPTS_H
#define KTSTR_BPF_SCX_OPTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <ktstr/error.h>
#include <ktstr/fault_words.h>

#define SCX_OPTS_HELP	1	/* of scx_opts__parse() */

/**
 * struct scx_opts - what scx_ktstr is to do
 * @faults: the first content of the map, armed faults included
 * @seed: of @faults.random
 * @timeout_ms: sched_ext's watchdog, or 0 for the kernel's own 30 s
 * @slice_us: the longest slice
 * @stats: path of the statistics socket, or NULL for none
 * @verbose: print libbpf's messages
 * @dies: exit with @die_status before the scheduler is attached
 * @exits: end with status 0, @exit_ms after it was attached
 */
struct scx_opts {
	struct ktstr_faults faults;
	__u64 seed;
	uint32_t timeout_ms;
	uint32_t slice_us;
	const char *stats;
	bool verbose;
	bool dies;
	uint32_t die_status;
	bool exits;
	uint32_t exit_ms;
};

/**
 * scx_opts__parse() - read the command line
 * @o: result; its strings point into @argv
 * @argc: number of words
 * @argv: words; the first one is skipped
 * @e: the sentence of a failure
 *
 * Return: 0, %SCX_OPTS_HELP when help is wanted, or -EINVAL.
 */
int scx_opts__parse(struct scx_opts *o, int argc, char **argv, struct ktstr_error *e);

/**
 * scx_opts__fault() - read one fault, "NAME[=ARG][,after=MS]"
 * @o: what it is added to
 * @text: the fault
 * @e: the sentence of a failure
 *
 * Return: 0 or -EINVAL.
 */
int scx_opts__fault(struct scx_opts *o, const char *text, struct ktstr_error *e);

/**
 * scx_opts__change() - switch a fault on or off in the map of a scheduler that runs
 * @f: the map
 * @text: "NAME[=ARG][,after=MS]" to switch it on, "NAME" to switch it off
 * @arm: on
 * @e: the sentence of a failure
 *
 * Return: 0 or -EINVAL; the map is as it was then.
 */
int scx_opts__change(struct ktstr_faults *f, const char *text, bool arm, struct ktstr_error *e);

/** scx_opts__help() - print the options, and each fault with the symptom it makes */
void scx_opts__help(FILE *out);

#endif /* KTSTR_BPF_SCX_OPTS_H */
