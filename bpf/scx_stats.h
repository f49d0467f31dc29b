/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of scx_ktstr in the protocol of the Rust crate scx_stats: a line of JSON asks,
 * {"req":"stats","args":{"target":"top"}} or {"req":"stats_meta"}, a line of JSON answers,
 * {"errno":0,"args":{"resp":{...}}}; with another errno "resp" is a sentence. One command
 * is our own: {"req":"fault","args":{"arm":"NAME[=ARG][,after=MS]"}}, or "disarm":"NAME".
 */
#ifndef KTSTR_BPF_SCX_STATS_H
#define KTSTR_BPF_SCX_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/scx_ktstr.h>

/**
 * struct scx_stats - what is told
 * @at_ns: CLOCK_MONOTONIC
 * @nr_cpus: CPUs there may be
 * @nr_llcs: entries of @llcs in use
 * @tasks: tasks that the scheduler has
 * @faults_armed: bits of enum ktstr_fault_id
 * @faults_seq: the last change of the faults that the scheduler has seen
 * @fault_hits: how often each fault did something
 * @llcs: counters, those of a CPU under the LLC that it belongs to
 */
struct scx_stats {
	uint64_t at_ns;
	uint32_t nr_cpus;
	uint32_t nr_llcs;
	int64_t tasks;
	uint64_t faults_armed;
	uint64_t faults_seq;
	uint64_t fault_hits[KTSTR_FAULT_NR];
	uint64_t llcs[KTSTR_SCX_LLCS_MAX][KTSTR_SCX_NR_COUNTERS];
};

/**
 * struct scx_stats_source - where statistics come from
 * @read: fill in @out; return: 0 or a negative errno
 * @fault: switch a fault on or off; return: 0 or a negative errno and its sentence
 * @arg: of both
 */
struct scx_stats_source {
	int (*read)(void *arg, struct scx_stats *out);
	int (*fault)(void *arg, const char *text, bool arm, struct ktstr_error *e);
	void *arg;
};

/**
 * scx_stats__answer() - answer a request
 * @src: where statistics come from
 * @line: the request, of anybody; NULs and anything else may be in it
 * @len: its length in bytes, without the newline
 *
 * Return: the answer with its newline, to be freed by the caller, or NULL without memory.
 */
char *scx_stats__answer(const struct scx_stats_source *src, const char *line, size_t len);

/** scx_stats__refusal() - the answer of an error; as scx_stats__answer() */
char *scx_stats__refusal(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* KTSTR_BPF_SCX_STATS_H */
