// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/report.h"
#include "ktstr_run.h"

/* A machine that takes longer to boot than this has other work, and times say nothing. */
#define CALM_BOOT_S	4.5

const char *ktstr_run__env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

bool ktstr_run__full(void)
{
	return atoi(ktstr_run__env("KTSTR_FULL", "0"));
}

int ktstr_run__init(struct ktstr_run *k)
{
	memset(k, 0, sizeof(*k));
	strcpy(k->dir, "/tmp/ktstr-test-XXXXXX");
	return mkdtemp(k->dir) ? 0 : -errno;
}

int ktstr_run__command(struct ktstr_run *k, unsigned int timeout_s, const char *after, int sig, ...)
{
	unsigned int n = 0;
	va_list ap;

	proc_free(&k->r);
	k->argv[n++] = ktstr_run__env("KTSTR", "./ktstr");
	va_start(ap, sig);
	while ((k->argv[n] = va_arg(ap, const char *)) && n < 30)
		n++;
	va_end(ap);
	k->argv[n] = NULL;
	return proc_run(&k->r, timeout_s, after, sig, k->argv);
}

bool ktstr_run__calm(json_t *run)
{
	json_t *ns = json_object_get(json_object_get(run, "machine"), "boot_ns");
	double s = json_is_integer(ns) ? (double)json_integer_value(ns) / 1e9 : 0;

	/* Overload is told, like every reason not to judge. */
	if (s > CALM_BOOT_S)
		printf("# not judged by time: the boot alone took %.1f s\n", s);
	return s <= CALM_BOOT_S;
}

static bool has(const char *line, size_t len, const char *text)
{
	return memmem(line, len, text, strlen(text));
}

bool ktstr_run__passed(const struct ktstr_run *k, bool whole)
{
	bool inconclusive, busy = false, any = false;
	size_t len;

	for (const char *p = k->r.out; p && *p; p += len + (p[len] == '\n')) {
		len = strcspn(p, "\n");
		if (!strncmp(p, "not ok", 6))
			return false;
		any |= !strncmp(p, "ok ", 3);
		if (!has(p, len, "# SKIP"))
			continue;
		inconclusive = has(p, len, "# SKIP inconclusive: ");
		if (inconclusive ? !has(p, len, "vCPUs waited for a host CPU") : whole)
			return false;
		if (inconclusive)
			printf("# not judged: %.*s\n", (int)len, p);
		busy |= inconclusive;
	}
	return any && k->r.status == (busy ? EXIT_INCONCLUSIVE : EXIT_ALL_PASSED);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

void ktstr_run__finish(struct ktstr_run *k, bool failed)
{
	if (failed && k->argv[0])
		proc_print(&k->r, k->argv);
	nftw(k->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	proc_free(&k->r);
}
