// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr: the table of commands.
 */
#include <stdio.h>
#include <string.h>

#include "called.h"
#include "clock.h"
#include "commands.h"
#include "guest_init.h"
#include "process.h"

static int cmd_help(int argc, char **argv);

static const struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *help;
	const char *summary;
} commands[] = {
	{ "run",	cmd_run,	help_run,	"run scenarios and judge a scheduler" },
	{ "shell",	cmd_shell,	help_shell,	"run one command in a guest" },
	{ "report",	cmd_report,	help_report,	"recompute the figures of a run" },
	{ "list",	cmd_list,	help_list,	"list the scenarios" },
	{ "topo",	cmd_topo,	help_topo,	"list presets, or show a topology" },
	{ "kernel",	cmd_kernel,	help_kernel,	"list, build or clean kernels" },
	{ "doctor",	cmd_doctor,	help_doctor,	"say what works here and what is missing" },
	{ "help",	cmd_help,	NULL,		"explain ktstr or one command" },
};

#define NR_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void print_commands(FILE *f)
{
	fprintf(f, "usage: ktstr COMMAND [ARG...]\n\n");
	fprintf(f, "ktstr boots a kernel in a machine of its own, loads a scheduler, runs a workload\n");
	fprintf(f, "and judges what it sees.\n\n");
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(f, "\nktstr COMMAND --help explains one.\n");
}

static int unknown(const char *name)
{
	struct ktstr_error e;

	ktstr_error_set(&e, 0, "there is no command %.100s; see ktstr help", name);
	return command_fail(&e);
}

static int cmd_help(int argc, char **argv)
{
	const struct command *c = argc > 1 ? find(argv[1]) : NULL;

	if (argc > 1 && !c && !command_wants_help(argc, argv))
		return unknown(argv[1]);
	if (c && c->help)
		printf("%s", c->help);
	else
		print_commands(stdout);
	return 0;
}

static int dispatch(int argc, char **argv)
{
	const struct command *c;

	/* ./my_test, ./my_test NAME, ./my_test --sched CMD: it is there to be run. */
	if (guest_init__is_self() && (argc < 2 || !find(argv[1])) && !command_wants_help(argc, argv))
		return cmd_run(argc, argv);
	if (argc < 2) {
		print_commands(stderr);
		return 2;
	}
	if (command_wants_help(argc, argv))
		return cmd_help(1, argv);
	c = find(argv[1]);
	return c ? c->fn(argc - 1, argv + 1) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	struct ktstr_error e;
	int ret;

	commands_exec_ns = clock__now_ns();
	/* Without /dev/null all goes well as long as nothing is closed, and that is usual. */
	process__prepare();
	/* "ktstr" finds none of an author's tests. If it is not to be had, it is a wrong hint. */
	if (guest_init__is_self())
		called__init(argv[0]);
	ret = dispatch(argc, argv);
	/* A full disk behind stdout must not look like success. */
	if ((fflush(stdout) || ferror(stdout)) && !ret) {
		ktstr_error_set(&e, 0, "cannot write to stdout: %m");
		ret = command_fail(&e);
	}
	return ret;
}
