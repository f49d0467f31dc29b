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

#include "fault_orders.h"
#include "matrix_axes.h"
#include "strv.h"

#define ARGS_MEMORY_MIN_MIB	128u
#define ARGS_MEMORY_MAX_MIB	(1u << 20)	/* 1 TiB */
#define ARGS_DURATION_MAX_S	3600u
#define ARGS_TIMEOUT_MAX_S	86400u
#define ARGS_STATS_MAX_MS	3600000u
#define ARGS_STATS_DEFAULT_MS	1000u	/* with a scheduler under test */
#define ARGS_CPUS_MAX		1024u
#define ARGS_SCHED_NONE		"none"	/* --sched: the kernel's own, whatever a test has */
#define ARGS_SHARDS_MAX		10000u
#define ARGS_BUDGET_MAX_S	(30u * 86400)
#define ARGS_JOBS_MAX		1024u

enum args_accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_BOX };

/**
 * struct args - options with their defaults filled in
 * @kernel, @append, @sched, @sched_enable, @sched_disable, @out, @json: as given, NULL when absent; they point into argv
 * @topology: CPUs and nodes of the guest
 * @topology_file, @preset: where they come from when not from four numbers, else NULL
 * @topology_given, @memory_given: were --topology and --memory there?
 * @memory_mib: RAM of the guest in MiB; when not given, what the topology's nodes add up to
 * @duration_ms: length of the judged window in ms
 * @sched_given, @duration_given: were --sched and --duration there?
 * @timeout_s: seconds without any sign of life
 * @seed: random when not given
 * @accel: where to run
 * @pin: every vCPU on a host CPU of its own
 * @perf: performance mode
 * @cpus: host CPUs to use at most, 0: any number
 * @stats_ms: from one look at the scheduler's statistics to the next, in ms; 0: none
 * @stats_given: was --stats-interval there?
 * @events: by which path scheduler events come, or none
 * @events_only, @events_cpus, @events_cgroup: which of them, checked as far as that can be
 *	without the scenario; NULL: all
 * @faults: of scx_ktstr, switched by the host in the window
 * @splat_allow, @splat_deny: files about lines of the kernel log
 * @dry_run: say what would be done
 * @verbose: phases on stdout, the guest's whole kernel log on COM1
 * @words, @tags: scenarios as the command line has them: names and globs, --tag
 * @scenarios: the names that these come to, at least one for "run"; one may come more than once
 * @matrix: values of --matrix
 * @jobs: cells of it at a time, 0: as many as there is room for
 * @budget_s: seconds that it may take, 0: no limit
 * @shard, @shards: which part of it, counted from 1, of how many; 0: all
 * @exec: command of "shell", NULL when absent
 * @include: files for "shell"
 */
struct args {
	const char *kernel;
	const char *append;
	const char *sched;
	const char *sched_enable, *sched_disable;
	const char *out;
	const char *json;
	struct ktstr_topology topology;
	const char *topology_file;
	const char *preset;
	bool topology_given;
	bool memory_given;
	uint32_t memory_mib;
	uint32_t duration_ms;
	bool sched_given;
	bool duration_given;
	uint32_t timeout_s;
	uint64_t seed;
	enum args_accel accel;
	bool pin;
	bool perf;
	uint32_t cpus;
	uint32_t stats_ms;
	bool stats_given;
	enum ktstr_events_wish events;
	const char *events_only;
	const char *events_cpus;
	const char *events_cgroup;
	struct fault_orders faults;
	struct strv splat_allow, splat_deny;
	bool dry_run;
	bool verbose;
	struct strv words;
	struct strv tags;
	struct strv scenarios;
	struct matrix_axes matrix;
	uint32_t jobs;
	uint32_t budget_s;
	uint32_t shard, shards;
	const char *exec;
	struct strv include;
};

#define ARGS_HELP	1	/* --help was asked for */

/** args__sched() - the command that brings a scheduler, NULL without one */
static inline const char *args__sched(const struct args *a)
{
	return a->sched ? a->sched : a->sched_enable;
}

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
 * @scenario: the one to name instead of all, @a being args__of_test() of it; or NULL
 * @portable: leave out what is about this call only: --out, --json, --accel, -v, --dry-run
 * @out: words are appended here, without the command's name
 *
 * Return: 0 or -ENOMEM.
 */
int args__to_argv(const struct args *a, const char *scenario, bool portable, struct strv *out);

/** args__free() - give the lists back */
void args__free(struct args *a);

/**
 * args__select() - from @words and @tags to @scenarios
 * @a: options; without words and tags "steady", or in a test program all of its tests
 * @e: sentence on failure
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int args__select(struct args *a, struct ktstr_error *e);

/** args__is_matrix() - are there options of a matrix, so that each run is a cell? */
bool args__is_matrix(const struct args *a);

/** args__check_matrix() - what only all options together can tell; 0 or -EINVAL */
int args__check_matrix(const struct args *a, struct ktstr_error *e);

/** args__check_faults() - is there a scheduler and a window for --arm? 0 or -EINVAL */
int args__check_faults(const struct args *a, struct ktstr_error *e);

/** args__parse_budget() - "600", "90s", "10m", "1h30m" as seconds; 0 or -EINVAL */
int args__parse_budget(const char *s, uint32_t *seconds, struct ktstr_error *e);

/** args__parse_shard() - "I/N", 1 <= I <= N; 0 or -EINVAL */
int args__parse_shard(const char *s, uint32_t *shard, uint32_t *shards, struct ktstr_error *e);

/**
 * args__use_topology() - another topology in a copy of options
 * @a: copy; gets a topology of its own, to be given back with ktstr_topology__free()
 * @word: preset, four numbers or a file, in that order; must outlive @a
 * @e: sentence on failure
 *
 * Memory is what its nodes have, unless --memory was there. Return: 0 or a negative errno.
 */
int args__use_topology(struct args *a, char *word, struct ktstr_error *e);

/** args__is_named() - was this scenario named, not found by a glob or a tag? */
bool args__is_named(const struct args *a, const char *scenario);

struct ktstr_test;

/**
 * args__of_test() - the options of one test: its own topology, scheduler and duration count
 *	where the command line does not say
 * @a: options
 * @test: test
 *
 * Return: a copy that shares the lists and strings of @a; no args__free() for it.
 */
struct args args__of_test(const struct args *a, const struct ktstr_test *test);

/**
 * args__of_all() - options with what the most demanding of all tests needs
 * @a: options with @scenarios
 *
 * The topology is the one with the most CPUs; a scheduler is there if any test has one.
 * Return: as args__of_test().
 */
struct args args__of_all(const struct args *a);

/** args__topology_from() - the preset or the file that was named, NULL for four numbers */
const char *args__topology_from(const struct args *a);

/** args__accel_name() - as in --accel */
const char *args__accel_name(enum args_accel accel);

/** args__events_name() - as in --events */
const char *args__events_name(enum ktstr_events_wish events);

#endif /* KTSTR_HOST_ARGS_H */
