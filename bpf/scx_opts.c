// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of scx_ktstr. A wrong value is one sentence that names it.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <ktstr/stats.h>

#include "scx_opts.h"

#define SLICE_US	20000u
#define SEED		1u
#define TIMEOUT_MAX_MS	30000u	/* of sched_ext */

static int parse_u32(const char *what, const char *s, uint32_t min, uint32_t max, uint32_t *out,
		     struct ktstr_error *e)
{
	__u64 v;
	int ret = fault_words__number(what, s, min, max, &v, e);

	if (!ret)
		*out = v;
	return ret;
}

static int add(struct scx_opts *o, unsigned int id, const struct ktstr_fault *f)
{
	switch (id) {
	case FAULT_WORDS_DIE_AT_START:
		o->dies = true;
		o->die_status = f->arg;
		return 0;
	case FAULT_WORDS_EXIT_AFTER:
		o->exits = true;
		o->exit_ms = f->arg + f->after_ns / 1000000;
		return 0;
	}
	o->faults.faults[id] = *f;
	o->faults.armed |= 1ull << id;
	return 0;
}

int scx_opts__fault(struct scx_opts *o, const char *text, struct ktstr_error *e)
{
	struct ktstr_fault f;
	unsigned int id;
	int ret = fault_words__parse("--fault", text, &id, &f, e);

	return ret ? ret : add(o, id, &f);
}

int scx_opts__change(struct ktstr_faults *f, const char *text, bool arm, struct ktstr_error *e)
{
	struct ktstr_fault fault;
	unsigned int id;
	int ret = arm ? fault_words__parse("--fault", text, &id, &fault, e) :
			fault_words__find("--fault", text, &id, e);

	if (ret)
		return ret;
	if (id >= KTSTR_FAULT_NR)
		return ktstr_error_set(e, -EINVAL, "%.100s is the loader's and cannot be switched",
				       text);
	if (arm)
		fault_words__arm(f, id, &fault);
	else
		fault_words__disarm(f, id);
	return 0;
}

enum opt { OPT_FAULT = 256, OPT_SEED, OPT_TIMEOUT, OPT_SLICE, OPT_STATS };

static const struct option options[] = {
	{ "fault",	required_argument, NULL, OPT_FAULT },
	{ "seed",	required_argument, NULL, OPT_SEED },
	{ "timeout-ms",	required_argument, NULL, OPT_TIMEOUT },
	{ "slice-us",	required_argument, NULL, OPT_SLICE },
	{ "stats",	required_argument, NULL, OPT_STATS },
	{ "verbose",	no_argument,	   NULL, 'v' },
	{ "help",	no_argument,	   NULL, 'h' },
	{ }
};

static int take_stats(struct scx_opts *o, const char *path, struct ktstr_error *e)
{
	/* sun_path has 108 bytes. */
	if (!*path || strlen(path) > 107)
		return ktstr_error_set(e, -EINVAL,
				       "--stats \"%.120s\" is no path of 1 to 107 characters, nor \"none\"",
				       path);
	o->stats = strcmp(path, "none") ? path : NULL;
	return 0;
}

static int take(struct scx_opts *o, int opt, const char *word, struct ktstr_error *e)
{
	switch (opt) {
	case OPT_FAULT:
		return scx_opts__fault(o, optarg, e);
	case OPT_SEED:
		return fault_words__number("--seed", optarg, 0, UINT64_MAX, &o->seed, e);
	case OPT_TIMEOUT:
		return parse_u32("--timeout-ms", optarg, 1, TIMEOUT_MAX_MS, &o->timeout_ms, e);
	case OPT_SLICE:
		return parse_u32("--slice-us", optarg, 1000, 1000000, &o->slice_us, e);
	case OPT_STATS:
		return take_stats(o, optarg, e);
	case 'v':
		o->verbose = true;
		return 0;
	case 'h':
		return SCX_OPTS_HELP;
	case ':':
		return ktstr_error_set(e, -EINVAL, "%.100s needs a value", word);
	}
	return ktstr_error_set(e, -EINVAL, "%.100s is no option; see scx_ktstr --help",
			       word);
}

/* The generator must not begin at 0, and seeds that are close shall not begin alike. */
static uint64_t mix(uint64_t seed)
{
	seed = (seed + 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
	return (seed ^ seed >> 31) ?: 1;
}

int scx_opts__parse(struct scx_opts *o, int argc, char **argv, struct ktstr_error *e)
{
	int opt, ret = 0;

	*o = (struct scx_opts){
		.faults = {
			.magic = KTSTR_FAULTS_MAGIC, .version = KTSTR_FAULTS_VERSION,
			.size = sizeof(o->faults), .seq = 1,
		},
		.seed = SEED, .slice_us = SLICE_US, .stats = KTSTR_STATS_SOCKET,
	};
	optind = 0;	/* anew, also for a caller who parses again */
	while (!ret && (opt = getopt_long(argc, argv, "+:vh", options, NULL)) != -1)
		ret = take(o, opt, argv[optind - 1], e);
	if (!ret && optind < argc)
		ret = ktstr_error_set(e, -EINVAL,
				      "scx_ktstr takes options only, not \"%.100s\"", argv[optind]);
	o->faults.random = mix(o->seed);
	return ret;
}

void scx_opts__help(FILE *out)
{
	fprintf(out,
		"usage: scx_ktstr [OPTION...]\n"
		"\n"
		"A sched_ext scheduler that is right, unless it is told to be wrong.\n"
		"\n"
		"  --fault NAME[=ARG][,after=MS]  have a fault, from MS after the start on; may be repeated\n"
		"  --seed N          of every random choice that a fault makes (%u)\n"
		"  --timeout-ms N    sched_ext's watchdog; default: the kernel's own, 30000\n"
		"  --slice-us N      the longest slice (%u)\n"
		"  --stats PATH      socket for statistics, or none; default: " KTSTR_STATS_SOCKET "\n"
		"  -v, --verbose     print what libbpf says\n"
		"  -h, --help        print this\n"
		"\n"
		"Faults, and what is seen of each:\n", SEED, SLICE_US);
	fault_words__help(out);
	fprintf(out,
		"\n"
		"There is no fault that runs a task outside of its affinity: the kernel does not let\n"
		"a scheduler do that. Faults are also switched by writing the BPF map ktstr_faults; its\n"
		"layout is in include/ktstr/scx_ktstr.h.\n"
		"\n"
		"Exit status: 0 in good order, 1 the kernel threw the scheduler out, 2 wrong usage or\n"
		"the scheduler could not be loaded.\n");
}
