// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options. Every wrong value is one sentence that names option and value.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <ktstr/cpulist.h>
#include <ktstr/event_set.h>

#include "args.h"
#include "topo_find.h"

#define MEMORY_DEFAULT_MIB	1024u
#define STATS_MIN_MS		10u	/* the guest has other things to do */

enum opt {
	OPT_KERNEL = 256, OPT_SCHED, OPT_TOPOLOGY, OPT_MEMORY, OPT_DURATION, OPT_SEED, OPT_TIMEOUT,
	OPT_ACCEL, OPT_OUT, OPT_JSON, OPT_DRY_RUN, OPT_EXEC, OPT_INCLUDE,
	OPT_PRESET, OPT_PIN, OPT_PERF, OPT_CPUS, OPT_APPEND, OPT_EVENTS, OPT_EVENTS_ONLY,
	OPT_EVENTS_CPUS, OPT_EVENTS_CGROUP, OPT_TAG,
	OPT_MATRIX, OPT_JOBS, OPT_BUDGET, OPT_SHARD, OPT_STATS_INTERVAL, OPT_SPLAT_ALLOW,
	OPT_SPLAT_DENY, OPT_SCHED_ENABLE, OPT_SCHED_DISABLE, OPT_ARM, OPT_DISARM,
};

#define COMMON_OPTIONS						\
	{ "kernel",	required_argument, NULL, OPT_KERNEL },	\
	{ "topology",	required_argument, NULL, OPT_TOPOLOGY },	\
	{ "preset",	required_argument, NULL, OPT_PRESET },	\
	{ "memory",	required_argument, NULL, OPT_MEMORY },	\
	{ "timeout",	required_argument, NULL, OPT_TIMEOUT },	\
	{ "append",	required_argument, NULL, OPT_APPEND },	\
	{ "accel",	required_argument, NULL, OPT_ACCEL },	\
	{ "pin",	no_argument,	   NULL, OPT_PIN },	\
	{ "perf",	no_argument,	   NULL, OPT_PERF },	\
	{ "cpus",	required_argument, NULL, OPT_CPUS },	\
	{ "verbose",	no_argument,	   NULL, 'v' },		\
	{ "help",	no_argument,	   NULL, 'h' }

static const struct option run_options[] = {
	COMMON_OPTIONS,
	{ "sched",	required_argument, NULL, OPT_SCHED },
	{ "tag",	required_argument, NULL, OPT_TAG },
	{ "matrix",	required_argument, NULL, OPT_MATRIX },
	{ "jobs",	required_argument, NULL, OPT_JOBS },
	{ "budget",	required_argument, NULL, OPT_BUDGET },
	{ "shard",	required_argument, NULL, OPT_SHARD },
	{ "sched-enable", required_argument, NULL, OPT_SCHED_ENABLE },
	{ "sched-disable", required_argument, NULL, OPT_SCHED_DISABLE },
	{ "duration",	required_argument, NULL, OPT_DURATION },
	{ "seed",	required_argument, NULL, OPT_SEED },
	{ "events",	required_argument, NULL, OPT_EVENTS },
	{ "events-only", required_argument, NULL, OPT_EVENTS_ONLY },
	{ "events-cpus", required_argument, NULL, OPT_EVENTS_CPUS },
	{ "events-cgroup", required_argument, NULL, OPT_EVENTS_CGROUP },
	{ "stats-interval", required_argument, NULL, OPT_STATS_INTERVAL },
	{ "arm",	required_argument, NULL, OPT_ARM },
	{ "disarm",	required_argument, NULL, OPT_DISARM },
	{ "splat-allow", required_argument, NULL, OPT_SPLAT_ALLOW },
	{ "splat-deny",	required_argument, NULL, OPT_SPLAT_DENY },
	{ "out",	required_argument, NULL, OPT_OUT },
	{ "json",	required_argument, NULL, OPT_JSON },
	{ "dry-run",	no_argument,	   NULL, OPT_DRY_RUN },
	{ }
};

static const struct option shell_options[] = {
	COMMON_OPTIONS,
	{ "exec",	required_argument, NULL, OPT_EXEC },
	{ "include",	required_argument, NULL, OPT_INCLUDE },
	{ }
};

static const char * const accel_names[] = {
	[ACCEL_AUTO] = "auto", [ACCEL_KVM] = "kvm", [ACCEL_BOX] = "box",
};

const char *args__accel_name(enum args_accel accel)
{
	return accel_names[accel];
}

const char *args__topology_from(const struct args *a)
{
	return a->preset ? a->preset : a->topology_file;
}

static const char * const events_names[] = { KTSTR_EVENTS_WORDS };

const char *args__events_name(enum ktstr_events_wish events)
{
	return events_names[events];
}

static int parse_u64(const char *opt, const char *s, uint64_t min, uint64_t max, const char *unit,
		     uint64_t *out, struct ktstr_error *e)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	/* strtoull() takes signs and blanks; a number here starts with a digit. */
	if (*s < '0' || *s > '9' || *end)
		return ktstr_error_set(e, -EINVAL,
				       "--%s \"%.100s\" is not a number; give a decimal number%s",
				       opt, s, unit);
	if (errno || *out < min || *out > max)
		return ktstr_error_set(e, -EINVAL,
				       "--%s %.100s is out of range; give %" PRIu64 " to %" PRIu64 "%s",
				       opt, s, min, max, unit);
	return 0;
}

static int parse_u32(const char *opt, const char *s, uint32_t min, uint32_t max, const char *unit,
		     uint32_t *out, struct ktstr_error *e)
{
	uint64_t v;
	int ret = parse_u64(opt, s, min, max, unit, &v, e);

	if (!ret)
		*out = v;
	return ret;
}

static int parse_accel(struct args *a, const char *s, struct ktstr_error *e)
{
	for (int i = ACCEL_AUTO; i <= ACCEL_BOX; i++) {
		if (!strcmp(s, accel_names[i])) {
			a->accel = i;
			return 0;
		}
	}
	return ktstr_error_set(e, -EINVAL,
			       "--accel \"%.100s\" is unknown; choose auto, kvm or box", s);
}

static int parse_events(struct args *a, const char *s, struct ktstr_error *e)
{
	for (int i = KTSTR_WISH_OFF; i <= KTSTR_WISH_AUTO; i++) {
		if (!strcmp(s, events_names[i])) {
			a->events = i;
			return 0;
		}
	}
	return ktstr_error_set(e, -EINVAL,
			       "--events \"%.100s\" is unknown; choose auto, module, bpf or off", s);
}

static int parse_text(const char *opt, char *s, const char **out, struct ktstr_error *e)
{
	if (!*s)
		return ktstr_error_set(e, -EINVAL,
				       "--%s is empty; give it a value or leave it out", opt);
	*out = s;
	return 0;
}

static int parse_events_only(struct args *a, char *s, struct ktstr_error *e)
{
	const char *wrong;
	uint64_t bits;
	size_t len;

	if (!event_set__parse(s, &bits, &wrong))
		return parse_text("events-only", s, &a->events_only, e);
	len = strcspn(wrong, ",");
	return ktstr_error_set(e, -EINVAL,
			       "--events-only: there is no event \"%.*s\"; give names of ktstr(1) such as switch,wakeup",
			       len > 40 ? 40 : (int)len, wrong);
}

static int parse_events_cpus(struct args *a, char *s, struct ktstr_error *e)
{
	struct cpu_mask cpus;

	if (!cpulist__parse(s, &cpus))
		return parse_text("events-cpus", s, &a->events_cpus, e);
	return ktstr_error_set(e, -EINVAL,
			       "--events-cpus \"%.100s\" is no CPU list; give one such as 0-1,3", s);
}

static int parse_sched(struct args *a, char *s, struct ktstr_error *e)
{
	int ret = parse_text("sched", s, &a->sched, e);

	a->sched_given = true;
	if (!ret && !strcmp(s, ARGS_SCHED_NONE))
		a->sched = NULL;
	return ret;
}

/* One to three digits behind a point, as ms; -1: they are not. */
static int parse_places(const char *s)
{
	int ms = 0, unit = 100;

	for (; unit && *s >= '0' && *s <= '9'; s++, unit /= 10)
		ms += unit * (*s - '0');
	return *s || unit == 100 ? -1 : ms;
}

/* A test's own may have a fraction, and so must the command that repeats it. */
static int parse_duration(struct args *a, const char *s, struct ktstr_error *e)
{
	const char *point = strchr(s, '.'), *number = s;
	int ms = point ? parse_places(point + 1) : 0;
	uint32_t seconds;
	char whole[16];
	int ret;

	if (point && ms >= 0) {
		snprintf(whole, sizeof(whole), "%.*s", (int)(point - s), s);
		number = whole;
	}
	ret = parse_u32("duration", number, ms > 0 ? 0 : 1, ARGS_DURATION_MAX_S - (ms > 0),
			" seconds", &seconds, e);
	if (ret)
		return ret;
	a->duration_ms = seconds * 1000 + (uint32_t)ms;
	a->duration_given = true;
	return 0;
}

static int two_machines(struct ktstr_error *e)
{
	return ktstr_error_set(e, -EINVAL,
			       "--topology and --preset both describe the machine; leave one of the two out");
}

static int parse_stats_interval(struct args *a, const char *s, struct ktstr_error *e)
{
	int ret = parse_u32("stats-interval", s, 0, ARGS_STATS_MAX_MS, " ms", &a->stats_ms, e);

	a->stats_given = true;
	if (!ret && a->stats_ms && a->stats_ms < STATS_MIN_MS)
		return ktstr_error_set(e, -EINVAL,
				       "--stats-interval %.100s is too short; give 0 for none, or at least %u ms",
				       s, STATS_MIN_MS);
	return ret;
}

static int parse_topology(struct args *a, const char *s, struct ktstr_error *e)
{
	struct ktstr_error why;
	int ret;

	if (a->preset)
		return two_machines(e);
	ktstr_topology__free(&a->topology);
	a->topology_given = true;
	a->topology_file = topo_find__is_numbers(s) ? NULL : s;
	ret = a->topology_file ? ktstr_topology__load(s, &a->topology, NULL, &why) :
				 ktstr_topology__parse(s, &a->topology, &why);
	if (ret == -ENOENT)
		return ktstr_error_set(e, -EINVAL,
				       "--topology %.200s: there is no such file; name one, give N,L,C,T, or use --preset",
				       s);
	return ret ? ktstr_error_set(e, ret == -ENOMEM ? ret : -EINVAL, "--topology %.60s: %.400s",
				     *s ? s : "\"\"", why.msg) : 0;
}

static int parse_preset(struct args *a, const char *s, struct ktstr_error *e)
{
	struct ktstr_error why;
	int ret;

	if (a->topology_given)
		return two_machines(e);
	ktstr_topology__free(&a->topology);
	a->preset = s;
	ret = ktstr_topology_preset__load(s, &a->topology, NULL, &why);
	return ret ? ktstr_error_set(e, ret == -ENOMEM ? ret : -EINVAL, "--preset: %.400s",
				     why.msg) : 0;
}

static int take_option(struct args *a, int opt, char *arg, struct ktstr_error *e)
{
	switch (opt) {
	case OPT_KERNEL:
		return parse_text("kernel", arg, &a->kernel, e);
	case OPT_APPEND:
		return parse_text("append", arg, &a->append, e);
	case OPT_SCHED:
		return parse_sched(a, arg, e);
	case OPT_SCHED_ENABLE:
		return parse_text("sched-enable", arg, &a->sched_enable, e);
	case OPT_SCHED_DISABLE:
		return parse_text("sched-disable", arg, &a->sched_disable, e);
	case OPT_ARM:
	case OPT_DISARM:
		return fault_orders__add(&a->faults, opt == OPT_ARM, arg, e);
	case OPT_MATRIX:
		return matrix_axes__parse(arg, &a->matrix, e);
	case OPT_JOBS:
		return parse_u32("jobs", arg, 1, ARGS_JOBS_MAX, " cells at a time", &a->jobs, e);
	case OPT_BUDGET:
		return args__parse_budget(arg, &a->budget_s, e);
	case OPT_SHARD:
		return args__parse_shard(arg, &a->shard, &a->shards, e);
	case OPT_TAG:
		return *arg ? strv__add(&a->tags, arg) : parse_text("tag", arg, NULL, e);
	case OPT_OUT:
		return parse_text("out", arg, &a->out, e);
	case OPT_JSON:
		return parse_text("json", arg, &a->json, e);
	case OPT_EXEC:
		return parse_text("exec", arg, &a->exec, e);
	case OPT_INCLUDE:
		return *arg ? strv__add(&a->include, arg) : parse_text("include", arg, NULL, e);
	case OPT_SPLAT_ALLOW:
		return *arg ? strv__add(&a->splat_allow, arg) :
			      parse_text("splat-allow", arg, NULL, e);
	case OPT_SPLAT_DENY:
		return *arg ? strv__add(&a->splat_deny, arg) :
			      parse_text("splat-deny", arg, NULL, e);
	case OPT_TOPOLOGY:
		return parse_topology(a, arg, e);
	case OPT_PRESET:
		return parse_preset(a, arg, e);
	case OPT_ACCEL:
		return parse_accel(a, arg, e);
	case OPT_EVENTS:
		return parse_events(a, arg, e);
	case OPT_EVENTS_ONLY:
		return parse_events_only(a, arg, e);
	case OPT_EVENTS_CPUS:
		return parse_events_cpus(a, arg, e);
	case OPT_EVENTS_CGROUP:
		return parse_text("events-cgroup", arg, &a->events_cgroup, e);
	case OPT_MEMORY:
		a->memory_given = true;
		return parse_u32("memory", arg, ARGS_MEMORY_MIN_MIB, ARGS_MEMORY_MAX_MIB, " MiB",
				 &a->memory_mib, e);
	case OPT_DURATION:
		return parse_duration(a, arg, e);
	case OPT_TIMEOUT:
		return parse_u32("timeout", arg, 1, ARGS_TIMEOUT_MAX_S, " seconds",
				 &a->timeout_s, e);
	case OPT_SEED:
		return parse_u64("seed", arg, 0, INT64_MAX, "", &a->seed, e);
	case OPT_STATS_INTERVAL:
		return parse_stats_interval(a, arg, e);
	case OPT_CPUS:
		return parse_u32("cpus", arg, 1, ARGS_CPUS_MAX, " host CPUs", &a->cpus, e);
	case OPT_PIN:
		a->pin = true;
		return 0;
	case OPT_PERF:
		a->perf = true;
		return 0;
	case OPT_DRY_RUN:
		a->dry_run = true;
		return 0;
	default:
		a->verbose = true;
		return 0;
	}
}

static int parse_options(struct args *a, int argc, char **argv, const struct option *options,
			 struct ktstr_error *e)
{
	int opt, ret;

	opterr = 0;
	optind = 0;	/* glibc: start anew */
	while ((opt = getopt_long(argc, argv, ":vh", options, NULL)) != -1) {
		if (opt == 'h')
			return ARGS_HELP;
		if (opt == ':')
			return ktstr_error_set(e, -EINVAL, "%s needs a value; see ktstr %s --help",
					       argv[optind - 1], argv[0]);
		if (opt == '?')
			return ktstr_error_set(e, -EINVAL,
					       "unknown option %.100s; see ktstr %s --help",
					       argv[optind - 1], argv[0]);
		ret = take_option(a, opt, optarg, e);
		if (ret)
			return ret;
	}
	return 0;
}

static int set_defaults(struct args *a, struct ktstr_error *e)
{
	memset(a, 0, sizeof(*a));
	a->topology = (struct ktstr_topology){ .nodes = 1, .llcs = 1, .cores = 2, .threads = 1 };
	a->memory_mib = MEMORY_DEFAULT_MIB;
	a->duration_ms = 3000;
	a->timeout_s = 60;
	a->events = KTSTR_WISH_AUTO;
	if (getrandom(&a->seed, sizeof(a->seed), 0) != sizeof(a->seed))
		return ktstr_error_set(e, -errno, "no random numbers for a seed: %m; give --seed");
	/* A number that people can copy and JSON can carry exactly. */
	a->seed >>= 12;
	return 0;
}

/* Nodes that all have a size say how much memory there is. */
static int settle_machine(struct args *a, struct ktstr_error *e)
{
	const char *from = args__topology_from(a);
	uint64_t sized = ktstr_topology__sized_memory(&a->topology);
	struct ktstr_error why;
	int ret;

	if (!a->memory_given && topo_find__all_sized(&a->topology)) {
		if (sized < ARGS_MEMORY_MIN_MIB || sized > ARGS_MEMORY_MAX_MIB)
			return ktstr_error_set(e, -EINVAL,
					       "--topology %.100s: its nodes have %" PRIu64 " MiB; give them %u to %u MiB in all",
					       from, sized, ARGS_MEMORY_MIN_MIB, ARGS_MEMORY_MAX_MIB);
		a->memory_mib = (uint32_t)sized;
	}
	ret = ktstr_topology__check_memory(&a->topology, a->memory_mib, &why);
	if (!ret)
		ret = ktstr_topology__check_guest(&a->topology, &why);
	return ret ? ktstr_error_set(e, ret, "--%s %.100s: %.300s",
				     a->preset ? "preset" : "topology",
				     from ? from : "N,L,C,T", why.msg) : 0;
}

int args__use_topology(struct args *a, char *word, struct ktstr_error *e)
{
	const struct ktstr_topology_preset *p;
	int ret;

	a->topology = (struct ktstr_topology){ 0 };
	a->topology_given = false;
	a->topology_file = a->preset = NULL;
	if (!a->memory_given)
		a->memory_mib = MEMORY_DEFAULT_MIB;
	for (unsigned int i = 0; (p = ktstr_topology_preset__at(i)); i++)
		if (!strcmp(p->name, word))
			break;
	ret = p ? parse_preset(a, word, e) : parse_topology(a, word, e);
	return ret ? ret : settle_machine(a, e);
}

/* What only all options together can tell. */
static int check_filter(const struct args *a, struct ktstr_error *e)
{
	const struct args most = args__of_all(a);
	uint32_t nr_cpus = ktstr_topology__nr_cpus(&most.topology);
	struct cpu_mask cpus;

	if (a->events == KTSTR_WISH_OFF && (a->events_only || a->events_cpus || a->events_cgroup))
		return ktstr_error_set(e, -EINVAL,
				       "--events off leaves nothing for --events-%s; leave one of the two out",
				       a->events_only ? "only" : a->events_cpus ? "cpus" : "cgroup");
	if (!a->events_cpus || cpulist__parse(a->events_cpus, &cpus))
		return 0;
	for (uint32_t cpu = nr_cpus; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(&cpus, cpu))
			return ktstr_error_set(e, -EINVAL,
					       "--events-cpus %.100s: the topology has no CPU %u; give some of 0-%u",
					       a->events_cpus, cpu, nr_cpus - 1);
	return 0;
}

static int check_sched(const struct args *a, struct ktstr_error *e)
{
	if (a->sched && a->sched_enable)
		return ktstr_error_set(e, -EINVAL,
				       "--sched and --sched-enable both bring a scheduler; leave one of the two out");
	if (a->sched_disable && !a->sched_enable)
		return ktstr_error_set(e, -EINVAL,
				       "--sched-disable needs --sched-enable; one of --sched is ended by a signal");
	return 0;
}

static int check_host(const struct args *a, struct ktstr_error *e)
{
	if (!a->perf || !a->cpus)
		return 0;
	return ktstr_error_set(e, -EINVAL,
			       "--perf takes as many host CPUs as it needs; leave out --cpus");
}

int args__parse_run(struct args *a, int argc, char **argv, struct ktstr_error *e)
{
	int ret = set_defaults(a, e);

	if (!ret)
		ret = parse_options(a, argc, argv, run_options, e);
	for (int i = optind; !ret && i < argc; i++)
		ret = strv__add(&a->words, argv[i]);
	if (!ret)
		ret = args__select(a, e);
	/* The kernel's own scheduler has nobody who would answer. */
	if (!a->stats_given && args__sched(a))
		a->stats_ms = ARGS_STATS_DEFAULT_MS;
	if (!ret)
		ret = settle_machine(a, e);
	if (!ret)
		ret = check_host(a, e);
	if (!ret)
		ret = check_filter(a, e);
	if (!ret)
		ret = check_sched(a, e);
	if (!ret)
		ret = args__check_matrix(a, e);
	if (!ret)
		ret = args__check_faults(a, e);
	return ret == -ENOMEM ? ktstr_error_set(e, ret, "out of memory") : ret;
}

int args__parse_shell(struct args *a, int argc, char **argv, struct ktstr_error *e)
{
	int ret = set_defaults(a, e);

	if (!ret)
		ret = parse_options(a, argc, argv, shell_options, e);
	if (!ret)
		ret = settle_machine(a, e);
	if (ret)
		return ret == -ENOMEM ? ktstr_error_set(e, ret, "out of memory") : ret;
	if (optind < argc)
		return ktstr_error_set(e, -EINVAL,
				       "shell takes no word %.100s; put the command behind --exec, in quotes",
				       argv[optind]);
	if (!a->exec)
		return ktstr_error_set(e, -EINVAL,
				       "shell needs --exec CMD: there is no interactive shell yet");
	return check_host(a, e);
}

void args__free(struct args *a)
{
	matrix_axes__free(&a->matrix);
	strv__free(&a->words);
	strv__free(&a->tags);
	strv__free(&a->scenarios);
	strv__free(&a->include);
	strv__free(&a->splat_allow);
	strv__free(&a->splat_deny);
	ktstr_topology__free(&a->topology);
}

static int add_pair(struct strv *out, const char *opt, const char *value)
{
	int ret = value ? strv__add(out, opt) : 0;

	return ret || !value ? ret : strv__add(out, value);
}

static int add_number(struct strv *out, const char *opt, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return add_pair(out, opt, text);
}

static int add_host(const struct args *a, struct strv *out)
{
	int ret = a->pin ? strv__add(out, "--pin") : 0;

	if (!ret && a->perf)
		ret = strv__add(out, "--perf");
	return ret || !a->cpus ? ret : add_number(out, "--cpus", a->cpus);
}

static int add_topology(const struct args *a, bool settled, struct strv *out)
{
	char four[64];

	/* A test's own counts only where the command line says nothing. */
	if (!settled && !a->topology_given && !a->preset)
		return 0;
	if (a->preset)
		return add_pair(out, "--preset", a->preset);
	if (a->topology_file)
		return add_pair(out, "--topology", a->topology_file);
	snprintf(four, sizeof(four), "%u,%u,%u,%u", a->topology.nodes, a->topology.llcs,
		 a->topology.cores, a->topology.threads);
	return add_pair(out, "--topology", four);
}

static int add_machine(const struct args *a, bool settled, struct strv *out)
{
	int ret = add_pair(out, "--kernel", a->kernel);

	if (!ret)
		ret = add_topology(a, settled, out);
	if (!ret)
		ret = add_number(out, "--memory", a->memory_mib);
	if (!ret)
		ret = add_host(a, out);
	if (!ret)
		ret = add_pair(out, "--append", a->append);
	return ret ? ret : add_number(out, "--timeout", a->timeout_s);
}

static int add_each(struct strv *out, const char *opt, const struct strv *values)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < values->n; i++)
		ret = add_pair(out, opt, values->v[i]);
	return ret;
}

static int add_duration(const struct args *a, struct strv *out)
{
	uint32_t ms = a->duration_ms % 1000;
	char text[24];

	if (!ms)
		return add_number(out, "--duration", a->duration_ms / 1000);
	snprintf(text, sizeof(text), "%u.%03u", a->duration_ms / 1000, ms);
	return add_pair(out, "--duration", text);
}

static int add_faults(const struct fault_orders *faults, struct strv *out)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < faults->nr; i++)
		ret = add_pair(out, fault_order__option(&faults->v[i]), faults->v[i].text);
	return ret;
}

static int add_load(const struct args *a, bool settled, struct strv *out)
{
	int ret;

	if (a->exec) {
		ret = add_pair(out, "--exec", a->exec);
		return ret ? ret : add_each(out, "--include", &a->include);
	}
	ret = add_pair(out, "--sched", a->sched || !a->sched_given ? a->sched : ARGS_SCHED_NONE);
	if (!ret)
		ret = add_pair(out, "--sched-enable", a->sched_enable);
	if (!ret)
		ret = add_pair(out, "--sched-disable", a->sched_disable);
	if (!ret && (settled || a->duration_given))
		ret = add_duration(a, out);
	if (!ret)
		ret = add_pair(out, "--events", events_names[a->events]);
	if (!ret)
		ret = add_pair(out, "--events-only", a->events_only);
	if (!ret)
		ret = add_pair(out, "--events-cpus", a->events_cpus);
	if (!ret)
		ret = add_pair(out, "--events-cgroup", a->events_cgroup);
	if (!ret && a->stats_given)
		ret = add_number(out, "--stats-interval", a->stats_ms);
	if (!ret)
		ret = add_faults(&a->faults, out);
	if (!ret)
		ret = add_each(out, "--splat-allow", &a->splat_allow);
	if (!ret)
		ret = add_each(out, "--splat-deny", &a->splat_deny);
	return ret ? ret : add_number(out, "--seed", a->seed);
}

static int add_local(const struct args *a, struct strv *out)
{
	int ret = add_pair(out, "--out", a->out);

	if (!ret)
		ret = add_pair(out, "--json", a->json);
	if (!ret)
		ret = add_pair(out, "--accel", accel_names[a->accel]);
	if (!ret && a->dry_run)
		ret = strv__add(out, "--dry-run");
	if (!ret && a->verbose)
		ret = strv__add(out, "--verbose");
	return ret;
}

int args__to_argv(const struct args *a, const char *scenario, bool portable, struct strv *out)
{
	bool settled = scenario || a->exec;
	int ret = 0;

	if (scenario)
		ret = strv__add(out, scenario);
	for (size_t i = 0; !scenario && !ret && i < a->words.n; i++)
		ret = strv__add(out, a->words.v[i]);
	for (size_t i = 0; !scenario && !ret && i < a->tags.n; i++)
		ret = add_pair(out, "--tag", a->tags.v[i]);
	if (!ret)
		ret = add_machine(a, settled, out);
	if (!ret)
		ret = add_load(a, settled, out);
	if (!ret && !portable)
		ret = add_local(a, out);
	return ret;
}
