// SPDX-License-Identifier: GPL-2.0-only
/*
 * How this program was called.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "called.h"
#include "file.h"

#define SELF	"/proc/self/exe"

static char called[PATH_MAX] = "ktstr";

/* A bare name was found in $PATH, and will be again. */
static bool is_us(const char *name, const char *exe)
{
	struct stat a, b;

	if (!name || !*name || strlen(name) >= sizeof(called) || !strcmp(name, SELF))
		return false;
	if (!strchr(name, '/'))
		return !strcmp(name, path__basename(exe));
	return !stat(name, &a) && !stat(SELF, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int called__init(const char *argv0)
{
	const char *env = getenv(CALLED_ENV);
	char exe[PATH_MAX];
	ssize_t n = readlink(SELF, exe, sizeof(exe) - 1);

	if (n < 0)
		return -errno;
	exe[n] = '\0';
	snprintf(called, sizeof(called), "%s", is_us(env, exe) ? env : is_us(argv0, exe) ? argv0 :
		 exe);
	return setenv(CALLED_ENV, called, 1) ? -errno : 0;
}

const char *called__name(void)
{
	return called;
}
