// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr list": what can be run, a line each, and its twin as JSON.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "buf.h"
#include "commands.h"
#include "json_out.h"
#include "selection.h"

#define NEEDS_BYTES	128u

const char help_list[] =
	"usage: ktstr list [OPTION...] [PATTERN...]\n"
	"\n"
	"Print the scenarios that \"ktstr run\" knows: name, what the topology must have, and\n"
	"what it is. Names and globs such as 'cpuset/*' select as they do for run.\n"
	"\n"
	"  --tag TAG,...         only with one of these tags; !TAG: only without it\n"
	"  --workloads           the kinds of workers instead, by name, with the size of a group\n"
	"  --json                as JSON, with tags\n";

/**
 * struct list_args - options
 * @json, @workloads: what they say
 * @words, @tags: as in selection.h
 */
struct list_args {
	bool json, workloads;
	struct strv words, tags;
};

static const struct option options[] = {
	{ "json",	no_argument,	   NULL, 'j' },
	{ "tag",	required_argument, NULL, 't' },
	{ "workloads",	no_argument,	   NULL, 'w' },
	{ }
};

static int parse(struct list_args *a, int argc, char **argv, struct ktstr_error *e)
{
	int opt, ret = 0;

	opterr = 0;
	optind = 0;	/* glibc: start anew */
	while (!ret && (opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (opt == '?' || opt == ':')
			return ktstr_error_set(e, -EINVAL, "list: %s%.100s; see ktstr list --help",
					       opt == ':' ? "a value is missing behind " : "unknown option ",
					       argv[optind - 1]);
		a->json |= opt == 'j';
		a->workloads |= opt == 'w';
		if (opt == 't')
			ret = strv__add(&a->tags, optarg);
	}
	for (int i = optind; !ret && i < argc; i++)
		ret = strv__add(&a->words, argv[i]);
	if (a->workloads && (a->words.n || a->tags.n))
		return ktstr_error_set(e, -EINVAL,
				       "list --workloads lists them all; leave out the %s",
				       a->words.n ? a->words.v[0] : "--tag");
	return ret ? ktstr_error_set(e, ret, "out of memory") : 0;
}

static void add_need(struct buf *b, const char *what, uint32_t n, const char *of)
{
	if (n)
		buf__printf(b, "%s%s%u %s", b->len ? ", " : "", what, n, of);
}

/* "2 CPUs, 2 LLCs": at least so many. */
static void needs_text(const struct ktstr_needs *n, char *dst, size_t size)
{
	struct buf b;

	buf__init(&b, NEEDS_BYTES);
	add_need(&b, "", n->cpus, "CPUs");
	add_need(&b, "at most ", n->max_cpus, "CPUs");
	add_need(&b, "", n->llcs, "LLCs");
	add_need(&b, "", n->nodes, "nodes");
	add_need(&b, "", n->threads, "threads");
	if (n->sched_ext)
		buf__printf(&b, "%s--sched", b.len ? ", " : "");
	snprintf(dst, size, "%s", b.len ? b.data : "-");
	buf__free(&b);
}

static int wider(int width, const char *text)
{
	int n = (int)strlen(text);

	return n > width ? n : width;
}

static void print_tests(const struct strv *names)
{
	char needs[NEEDS_BYTES];
	int name = 0, need = 0;

	for (size_t i = 0; i < names->n; i++) {
		needs_text(&ktstr_test__find(names->v[i])->needs, needs, sizeof(needs));
		name = wider(name, names->v[i]);
		need = wider(need, needs);
	}
	for (size_t i = 0; i < names->n; i++) {
		const struct ktstr_test *t = ktstr_test__find(names->v[i]);

		needs_text(&t->needs, needs, sizeof(needs));
		printf("%-*s  %-*s  %s\n", name, t->name, need, needs, t->summary ? t->summary : "");
	}
}

static json_t *tags_json(const char *tags)
{
	json_t *a = json_array();
	const char *tag;
	size_t len;

	while ((tag = selection__next_tag(&tags, &len)))
		json_array_append_new(a, json_stringn(tag, len));
	return a;
}

static json_t *test_json(const struct ktstr_test *t)
{
	const struct ktstr_needs *n = &t->needs;
	char topology[64];

	snprintf(topology, sizeof(topology), "%u,%u,%u,%u", t->topology.nodes, t->topology.llcs,
		 t->topology.cores, t->topology.threads);
	return json_pack("{s:s, s:s, s:o, s:{s:i, s:i, s:i, s:i, s:i, s:b}, s:s?, s:s?, s:I}",
			 "name", t->name, "summary", t->summary ? t->summary : "",
			 "tags", tags_json(t->tags),
			 "needs", "cpus", n->cpus, "max_cpus", n->max_cpus, "llcs", n->llcs,
			 "nodes", n->nodes, "threads", n->threads, "sched_ext", n->sched_ext,
			 "topology", t->topology.nodes ? topology : NULL, "sched", t->sched,
			 "duration_ns", (json_int_t)t->duration_ms * 1000000);
}

static json_t *tests_json(const struct strv *names)
{
	json_t *a = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(a, test_json(ktstr_test__find(names->v[i])));
	return json_pack("{s:i, s:o}", "version", JSON_OUT_VERSION, "scenarios", a);
}

static void group_text(const struct ktstr_work_kind *k, char *dst, size_t size)
{
	if (k->group_min == k->group_max && k->group_max)
		snprintf(dst, size, "%u", k->group);
	else if (k->group_max)
		snprintf(dst, size, "%u (%u-%u)", k->group, k->group_min, k->group_max);
	else
		snprintf(dst, size, "%u (%u or more)", k->group, k->group_min ? k->group_min : 1);
}

static void print_workloads(void)
{
	const struct ktstr_work_kind *k;
	int name = 0, size = 0;
	char group[64];

	for (unsigned int i = 0; (k = ktstr_work_kind__at(i)); i++) {
		group_text(k, group, sizeof(group));
		name = wider(name, k->name);
		size = wider(size, group);
	}
	for (unsigned int i = 0; (k = ktstr_work_kind__at(i)); i++) {
		group_text(k, group, sizeof(group));
		printf("%-*s  %-*s  %s\n", name, k->name, size, group, k->summary);
	}
}

static json_t *workloads_json(void)
{
	const struct ktstr_work_kind *k;
	json_t *a = json_array();

	for (unsigned int i = 0; (k = ktstr_work_kind__at(i)); i++)
		json_array_append_new(a, json_pack("{s:s, s:s, s:i, s:i, s:i}",
						   "name", k->name, "summary", k->summary,
						   "group", k->group, "group_min", k->group_min,
						   "group_max", k->group_max));
	return json_pack("{s:i, s:o}", "version", JSON_OUT_VERSION, "workloads", a);
}

static int print_json(json_t *o, struct ktstr_error *e)
{
	int ret = o && !json_dumpf(o, stdout, JSON_INDENT(2)) ? 0 : -ENOMEM;

	json_decref(o);
	printf("\n");
	/* main() says what became of stdout. */
	if (o && ferror(stdout))
		return 0;
	return ret ? ktstr_error_set(e, ret, "cannot write the list as JSON") : 0;
}

static int list_tests(const struct list_args *a, struct ktstr_error *e)
{
	struct strv names = { 0 };
	struct catalog c;
	int ret = catalog__linked(&c, e);

	if (!ret)
		ret = selection__make(&c, &a->words, &a->tags, &names, e);
	if (!ret && a->json)
		ret = print_json(tests_json(&names), e);
	else if (!ret)
		print_tests(&names);
	strv__free(&names);
	catalog__free(&c);
	return ret;
}

static int list_workloads(const struct list_args *a, struct ktstr_error *e)
{
	if (a->json)
		return print_json(workloads_json(), e);
	print_workloads();
	return 0;
}

int cmd_list(int argc, char **argv)
{
	struct list_args a = { 0 };
	struct ktstr_error e;
	int ret;

	if (command_wants_help(argc, argv))
		return command_help(help_list);
	ret = parse(&a, argc, argv, &e);
	if (!ret)
		ret = a.workloads ? list_workloads(&a, &e) : list_tests(&a, &e);
	strv__free(&a.words);
	strv__free(&a.tags);
	return ret ? command_fail(&e) : 0;
}
