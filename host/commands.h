/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands. Each takes its own argv (argv[0] is the command's name) and
 * returns the exit status of ktstr.
 */
#ifndef KTSTR_HOST_COMMANDS_H
#define KTSTR_HOST_COMMANDS_H

#include <stdint.h>

#include <ktstr/error.h>

/* CLOCK_MONOTONIC when main() was entered */
extern uint64_t commands_exec_ns;

extern const char help_run[], help_shell[], help_report[], help_list[], help_topo[], help_kernel[],
	help_doctor[];

int cmd_run(int argc, char **argv);
int cmd_shell(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_topo(int argc, char **argv);
int cmd_kernel(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/** command_fail() - print a sentence on stderr; return: the exit status 2 */
int command_fail(const struct ktstr_error *e);

/** command_wants_help() - is the first argument --help or -h? */
int command_wants_help(int argc, char **argv);

/**
 * command_help() - print the text of a command's --help; return: 0
 *
 * What stdout does not take is found by main(), however long the text is.
 */
int command_help(const char *text);

#endif /* KTSTR_HOST_COMMANDS_H */
