// SPDX-License-Identifier: GPL-2.0-only
/*
 * "ktstr kernel".
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "file.h"
#include "kernels.h"
#include "kernels_clean.h"

const char help_kernel[] =
	"usage: ktstr kernel list\n"
	"       ktstr kernel build [ARG...]\n"
	"       ktstr kernel clean [--dry-run]\n"
	"\n"
	"list prints the kernels in the cache, the default marked with *. build runs\n"
	"scripts/kernel/build of the checkout, with ARGs passed on. clean removes the kernels\n"
	"of the cache, built or fetched, that no link such as \"default\" points at.\n";

static int __attribute__((format(printf, 1, 2))) usage(const char *fmt, ...)
{
	struct ktstr_error e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	return command_fail(&e);
}

static int kernel_list(void)
{
	struct ktstr_error e;
	int n = kernels__list(&e);

	if (n < 0)
		return command_fail(&e);
	if (!n)
		printf("no kernel yet; build one with \"ktstr kernel build\"\n");
	return 0;
}

static int kernel_build(char **argv)
{
	char script[PATH_MAX];

	if (file__beside_us(script, sizeof(script), "scripts/kernel/build") ||
	    !file__is_executable(script))
		return usage(
			     "there is no scripts/kernel/build beside ktstr; run ktstr from its checkout");
	argv[0] = script;
	execv(script, argv);
	return usage("cannot execute %s: %m", script);
}

static int kernel_clean(int argc, char **argv)
{
	bool dry_run = argc > 2 && !strcmp(argv[2], "--dry-run");
	struct ktstr_error e;
	int n;

	if (argc > 2 + dry_run)
		return usage("kernel clean takes no %.100s; see ktstr kernel --help",
			     argv[2 + dry_run]);
	n = kernels_clean(dry_run, &e);
	if (n < 0)
		return command_fail(&e);
	if (!n)
		printf("nothing to remove: every kernel of the cache is pointed at\n");
	return 0;
}

int cmd_kernel(int argc, char **argv)
{
	if (command_wants_help(argc, argv))
		return command_help(help_kernel);
	if (argc == 2 && !strcmp(argv[1], "list"))
		return kernel_list();
	if (argc >= 2 && !strcmp(argv[1], "build"))
		return kernel_build(argv + 1);
	if (argc >= 2 && !strcmp(argv[1], "clean"))
		return kernel_clean(argc, argv);
	if (argc > 2 && !strcmp(argv[1], "list"))
		return usage("kernel list takes no %.100s; see ktstr kernel --help", argv[2]);
	if (argc < 2)
		return usage("kernel does not know what to do; it does list, build and clean");
	return usage("kernel does not know \"%.100s\"; it does list, build and clean", argv[1]);
}
