// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of a command's --help.
 */
#include <stdio.h>

#include "commands.h"

int command_help(const char *text)
{
	fputs(text, stdout);
	return 0;
}
