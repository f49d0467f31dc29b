// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands that boot nothing: list, kernel.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "file.h"
#include "json_out.h"
#include "kernels.h"
#include "scenario.h"

const char help_list[] =
	"usage: ktstr list [--json]\n"
	"\n"
	"Print the scenarios that \"ktstr run\" knows.\n";

const char help_kernel[] =
	"usage: ktstr kernel list\n"
	"       ktstr kernel build [ARG...]\n"
	"\n"
	"list prints the kernels in the cache, the default marked with *. build runs\n"
	"scripts/kernel/build of the checkout, with ARGs passed on.\n";

static int __attribute__((format(printf, 1, 2))) usage(const char *fmt, ...)
{
	struct ktstr_error e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	return command_fail(&e);
}

static int list_json(void)
{
	struct ktstr_error e;
	size_t len = 0;
	char *text = json_out__scenarios(&len);
	int ret;

	if (!text) {
		ktstr_error_set(&e, -ENOMEM, "out of memory");
		return command_fail(&e);
	}
	ret = fwrite(text, 1, len, stdout) == len ? 0 : 2;
	free(text);
	return ret;
}

int cmd_list(int argc, char **argv)
{
	const struct scenario *s;

	if (command_wants_help(argc, argv))
		return printf("%s", help_list) < 0;
	if (argc == 2 && !strcmp(argv[1], "--json"))
		return list_json();
	if (argc > 1)
		return usage("list does not know %.100s; see ktstr list --help", argv[1]);
	for (unsigned int i = 0; (s = scenario__at(i)); i++)
		printf("%-12s %s\n", s->name, s->summary);
	return 0;
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

int cmd_kernel(int argc, char **argv)
{
	if (command_wants_help(argc, argv))
		return printf("%s", help_kernel) < 0;
	if (argc == 2 && !strcmp(argv[1], "list"))
		return kernel_list();
	if (argc >= 2 && !strcmp(argv[1], "build"))
		return kernel_build(argv + 1);
	if (argc > 2 && !strcmp(argv[1], "list"))
		return usage("kernel list takes no %.100s; see ktstr kernel --help", argv[2]);
	if (argc < 2)
		return usage("kernel does not know what to do; it does list and build");
	return usage("kernel does not know \"%.100s\"; it does list and build", argv[1]);
}
