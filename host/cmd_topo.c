// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr topo": the presets, or one topology in full.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "commands.h"
#include "topo_find.h"
#include "topo_out.h"

#define OUTPUT_MAX	(4u << 20)	/* bytes; 1024 CPUs and 64 nodes need much less */

const char help_topo[] =
	"usage: ktstr topo [--json]\n"
	"       ktstr topo [--json | --file] PRESET|N,L,C,T|FILE\n"
	"\n"
	"Without a word: the presets that \"ktstr run --preset\" knows, one a line. With one: a\n"
	"picture of that preset, of N NUMA nodes, L LLCs in all, C cores per LLC and T threads\n"
	"per core, or of a topology file: nodes with their memory, LLCs, cores in brackets with\n"
	"their CPUs, and the distances between nodes.\n"
	"\n"
	"  --json        as JSON\n"
	"  --file        as a topology file, to begin one of your own with\n";

static int print_buf(struct buf *b, struct ktstr_error *e)
{
	int ret = 0;

	if (b->err)
		ret = ktstr_error_set(e, b->err, "out of memory");
	else if (fwrite(b->data, 1, b->len, stdout) != b->len || fflush(stdout))
		ret = ktstr_error_set(e, -EIO, "cannot write to stdout: %m");
	buf__free(b);
	return ret;
}

static int print_json(json_t *o, struct ktstr_error *e)
{
	char *text = json_dumps(o, JSON_INDENT(2));
	struct buf b;

	json_decref(o);
	if (!text)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	buf__init(&b, OUTPUT_MAX);
	buf__printf(&b, "%s\n", text);
	free(text);
	return print_buf(&b, e);
}

static int list(bool json, struct ktstr_error *e)
{
	const struct ktstr_topology_preset *p;
	struct ktstr_topology_about about;
	struct ktstr_topology t;
	json_t *all = json_array();
	struct buf b;
	int ret = 0;

	buf__init(&b, OUTPUT_MAX);
	for (unsigned int i = 0; !ret && (p = ktstr_topology_preset__at(i)); i++) {
		ret = ktstr_topology_preset__load(p->name, &t, &about, e);
		if (ret)
			break;
		topo_out__line(&b, p->name, &t, &about);
		json_array_append_new(all, topo_out__json_whole(&t, p->name, &about));
		ktstr_topology__free(&t);
	}
	if (!ret && json)
		ret = print_json(json_incref(all), e);
	if (!ret && !json)
		ret = print_buf(&b, e);
	else
		buf__free(&b);
	json_decref(all);
	return ret;
}

static int print_file(const struct ktstr_topology *t, const struct ktstr_topology_about *about,
		      struct ktstr_error *e)
{
	char *text = ktstr_topology__text(t, about->text);
	struct buf b;

	if (!text)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	buf__init(&b, OUTPUT_MAX);
	buf__printf(&b, "%s", text);
	free(text);
	return print_buf(&b, e);
}

static int print_picture(const struct ktstr_topology *t, const struct ktstr_topology_about *about,
			 struct ktstr_error *e)
{
	struct buf b;

	buf__init(&b, OUTPUT_MAX);
	if (about->text[0])
		buf__printf(&b, "%s\n", about->text);
	topo_out__picture(&b, t);
	return print_buf(&b, e);
}

static int show(const char *name, bool json, bool file, struct ktstr_error *e)
{
	struct ktstr_topology_about about;
	struct ktstr_topology t;
	int ret = topo_find(name, &t, &about, e);

	if (ret)
		return ret;
	if (json)
		ret = print_json(topo_out__json_whole(&t, name, &about), e);
	else if (file)
		ret = print_file(&t, &about, e);
	else
		ret = print_picture(&t, &about, e);
	ktstr_topology__free(&t);
	return ret;
}

static int run(int argc, char **argv, struct ktstr_error *e)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "file", no_argument, NULL, 'f' }, { }
	};
	bool json = false, file = false;
	int opt;

	opterr = 0;
	optind = 0;	/* glibc: start anew */
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == '?')
			return ktstr_error_set(e, -EINVAL,
					       "unknown option %.100s; see ktstr topo --help",
					       argv[optind - 1]);
		json |= opt == 'j';
		file |= opt == 'f';
	}
	if (argc - optind > 1)
		return ktstr_error_set(e, -EINVAL,
				       "topo takes one topology and not %.100s, too; see ktstr topo --help",
				       argv[optind + 1]);
	if (file && (json || optind == argc))
		return ktstr_error_set(e, -EINVAL, json ?
				       "--json and --file are two forms of one thing; choose one" :
				       "--file needs a topology; see ktstr topo for the presets");
	return optind < argc ? show(argv[optind], json, file, e) : list(json, e);
}

int cmd_topo(int argc, char **argv)
{
	struct ktstr_error e;

	if (command_wants_help(argc, argv))
		return command_help(help_topo);
	return run(argc, argv, &e) ? command_fail(&e) : 0;
}
