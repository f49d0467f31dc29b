/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of "run" and "shell".
 */
#ifndef KTSTR_HOST_ARGS_H
#define KTSTR_HOST_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/plan.h>
#include <ktstr/topology.h>

#include "strv.h"

#define ARGS_MEMORY_MIN_MIB	128u
#define ARGS_MEMORY_MAX_MIB	(1u << 20)	/* 1 TiB */
#define ARGS_DURATION_MAX_S	3600u
#define ARGS_TIMEOUT_MAX_S	86400u
#define ARGS_SCENARIOS_MAX	1000u
#define ARGS_CPUS_MAX		1024u

enum args_accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_BOX };

/**
 * struct args - options with their defaults filled in
 * @kernel, @append, @sched, @out, @json: as given, NULL when absent; they point into argv
 * @topology: CPUs and nodes of the guest
 * @topology_file, @preset: where they come from when not from four numbers, else NULL
 * @topology_given, @memory_given: were --topology and --memory there?
 * @memory_mib: RAM of the guest in MiB; when not given, what the topology's nodes add up to
 * @duration_s: length of the judged window in seconds
 * @timeout_s: seconds without any sign of life
 * @seed: random when not given
 * @accel: where to run
 * @pin: every vCPU on a host CPU of its own
 * @perf: performance mode
 * @cpus: host CPUs to use at most, 0: any number
 * @events: by which path scheduler events come, or none
 * @events_only, @events_cpus, @events_cgroup: which of them, checked as far as that can be
 *	without the scenario; NULL: all
 * @dry_run: say what would be done
 * @verbose: phases on stdout, the guest's whole kernel log on COM1
 * @scenarios: names, at least one for "run"; one may come more than once
 * @exec: command of "shell", NULL when absent
 * @include: files for "shell"
 */
struct args {
	const char *kernel;
	const char *append;
	const char *sched;
	const char *out;
	const char *json;
	struct ktstr_topology topology;
	const char *topology_file;
	const char *preset;
	bool topology_given;
	bool memory_given;
	uint32_t memory_mib;
	uint32_t duration_s;
	uint32_t timeout_s;
	uint64_t seed;
	enum args_accel accel;
	bool pin;
	bool perf;
	uint32_t cpus;
	enum ktstr_events_wish events;
	const char *events_only;
	const char *events_cpus;
	const char *events_cgroup;
	bool dry_run;
	bool verbose;
	struct strv scenarios;
	const char *exec;
	struct strv include;
};

#define ARGS_HELP	1	/* --help was asked for */

/**
 * args__parse_run() - parse "run [OPTION...] [SCENARIO...]"
 * @a: result; args__free() in every case
 * @argc: number of words
 * @argv: words, argv[0] being the command's name
 * @e: sentence on failure; it names the option and the value
 *
 * Return: 0, %ARGS_HELP, -EINVAL or -ENOMEM.
 */
int args__parse_run(struct args *a, int argc, char **argv, struct ktstr_error *e);

/** args__parse_shell() - parse "shell --exec CMD [OPTION...]"; as args__parse_run() */
int args__parse_shell(struct args *a, int argc, char **argv, struct ktstr_error *e);

/**
 * args__to_argv() - the words that mean the same
 * @a: options
 * @scenario: the one to name instead of all, or NULL
 * @portable: leave out what is about this call only: --out, --json, --accel, -v, --dry-run
 * @out: words are appended here, without the command's name
 *
 * Return: 0 or -ENOMEM.
 */
int args__to_argv(const struct args *a, const char *scenario, bool portable, struct strv *out);

/** args__free() - give the lists back */
void args__free(struct args *a);

/** args__topology_from() - the preset or the file that was named, NULL for four numbers */
const char *args__topology_from(const struct args *a);

/** args__accel_name() - as in --accel */
const char *args__accel_name(enum args_accel accel);

/** args__events_name() - as in --events */
const char *args__events_name(enum ktstr_events_wish events);

#endif /* KTSTR_HOST_ARGS_H */
