// SPDX-License-Identifier: GPL-2.0-only
/*
 * Program lookup.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "finder.h"

#define DIRS_MAX	128u

static int dirs_add(struct strv *dirs, const char *list)
{
	char dir[PATH_MAX];
	int ret = 0;

	while (list && *list && !ret && dirs->n < DIRS_MAX) {
		size_t len = strcspn(list, ":");

		/* An empty or relative entry depends on where one stands: left out. */
		if (len && len < sizeof(dir) && list[0] == '/') {
			memcpy(dir, list, len);
			dir[len] = '\0';
			ret = strv__add(dirs, dir);
		}
		list += len;
		list += *list == ':';
	}
	return ret;
}

static int dirs_add_beside_kernel(struct strv *dirs, const char *kernel)
{
	char abs[PATH_MAX], dir[PATH_MAX], sched[PATH_MAX];
	int ret = path__absolute(abs, sizeof(abs), kernel);

	if (!ret)
		ret = path__dirname(dir, sizeof(dir), abs);
	if (!ret)
		ret = path__join(sched, sizeof(sched), dir, "sched");
	return ret ? ret : strv__add(dirs, sched);
}

int finder__init(struct finder *f, const char *kernel)
{
	char dir[PATH_MAX];
	int ret;

	memset(f, 0, sizeof(*f));
	ret = dirs_add(&f->sched_dirs, getenv("KTSTR_SCHED_PATH"));
	if (!ret && kernel)
		ret = dirs_add_beside_kernel(&f->sched_dirs, kernel);
	if (!ret)
		ret = file__beside_us(dir, sizeof(dir), "build/sched");
	if (!ret)
		ret = strv__add(&f->sched_dirs, dir);
	if (!ret)
		ret = dirs_add(&f->path_dirs, getenv("PATH"));
	return ret;
}

void finder__free(struct finder *f)
{
	strv__free(&f->sched_dirs);
	strv__free(&f->path_dirs);
}

static int find_in(const struct strv *dirs, const char *name, char *dst, size_t size)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (!path__join(dst, size, dirs->v[i], name) && file__is_executable(dst))
			return 0;
	return -ENOENT;
}

int finder__find(const struct finder *f, const char *name, char *dst, size_t size, bool *is_sched)
{
	*is_sched = false;
	if (!*name)
		return -ENOENT;
	if (strchr(name, '/')) {
		int ret = path__absolute(dst, size, name);

		if (ret)
			return ret;
		if (!file__exists(dst))
			return -ENOENT;
		return file__is_executable(dst) ? 0 : -EACCES;
	}
	*is_sched = !find_in(&f->sched_dirs, name, dst, size);
	return *is_sched ? 0 : find_in(&f->path_dirs, name, dst, size);
}
