// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all commands share.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "sentence.h"

uint64_t commands_exec_ns;

int command_fail(const struct ktstr_error *e)
{
	fflush(stdout);
	sentence__print(stderr, "ktstr: ", e->msg);
	return 2;
}

int command_wants_help(int argc, char **argv)
{
	return argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
}
