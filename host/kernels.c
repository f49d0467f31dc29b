// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel cache, as scripts/kernel/build lays it out.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "kernels.h"

static const char * const image_names[] = { "vmlinux", "arch/x86/boot/bzImage", "bzImage" };

int kernels__cache_dir(char *dst, size_t size)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int n;

	if (xdg && xdg[0] == '/')
		n = snprintf(dst, size, "%s/ktstr/kernels", xdg);
	else if (home && home[0] == '/')
		n = snprintf(dst, size, "%s/.cache/ktstr/kernels", home);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* A directory stands for the image in it. */
static int image_in(const char *dir, char *dst, size_t size)
{
	for (size_t i = 0; i < sizeof(image_names) / sizeof(image_names[0]); i++)
		if (!path__join(dst, size, dir, image_names[i]) && file__exists(dst))
			return 0;
	return -ENOENT;
}

static int choose_named(const char *path, const char *whence, char *dst, size_t size,
			struct ktstr_error *e)
{
	char abs[PATH_MAX];
	int ret = path__absolute(abs, sizeof(abs), path);

	if (ret)
		return ktstr_error_set(e, ret, "%s: %s: %s", whence, path, strerror(-ret));
	if (is_dir(abs)) {
		if (!image_in(abs, dst, size))
			return 0;
		return ktstr_error_set(e, -ENOENT,
				       "%s: there is no vmlinux or bzImage in %s; build the kernel there or name the file",
				       whence, abs);
	}
	if (!file__exists(abs))
		return ktstr_error_set(e, -ENOENT, "%s: no kernel at %s; name a vmlinux or bzImage",
				       whence, abs);
	if ((size_t)snprintf(dst, size, "%s", abs) >= size)
		return ktstr_error_set(e, -ENAMETOOLONG, "%s: the path is too long", whence);
	return 0;
}

static int choose_default(char *dst, size_t size, struct ktstr_error *e)
{
	char cache[PATH_MAX], dir[PATH_MAX];
	int ret = kernels__cache_dir(cache, sizeof(cache));

	if (!ret)
		ret = path__join(dir, sizeof(dir), cache, "default");
	if (!ret)
		ret = image_in(dir, dst, size);
	if (ret)
		return ktstr_error_set(e, ret,
				       "there is no default kernel yet; build one with \"ktstr kernel build\" or name one with --kernel");
	return 0;
}

int kernels__choose(const char *asked, char *dst, size_t size, struct ktstr_error *e)
{
	const char *env = getenv("KTSTR_KERNEL");

	if (asked)
		return choose_named(asked, "--kernel", dst, size, e);
	if (env && *env)
		return choose_named(env, "KTSTR_KERNEL", dst, size, e);
	return choose_default(dst, size, e);
}

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return !stat(a, &sa) && !stat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool list_one(const char *cache, const char *name, const char *def)
{
	char dir[PATH_MAX], image[PATH_MAX];

	struct stat st;

	/* Links give one of them a second name: "default", "box". */
	if (name[0] == '.' || path__join(dir, sizeof(dir), cache, name) || lstat(dir, &st) ||
	    !S_ISDIR(st.st_mode) || image_in(dir, image, sizeof(image)))
		return false;
	printf("%s %s\n", same_file(dir, def) ? "*" : " ", image);
	return true;
}

int kernels__list(struct ktstr_error *e)
{
	char cache[PATH_MAX], def[PATH_MAX];
	struct dirent *d;
	int ret = kernels__cache_dir(cache, sizeof(cache));
	int found = 0;
	DIR *dir;

	if (!ret)
		ret = path__join(def, sizeof(def), cache, "default");
	if (ret)
		return ktstr_error_set(e, ret, "no cache directory: set HOME or XDG_CACHE_HOME");
	dir = opendir(cache);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return ktstr_error_set(e, -errno, "cannot read %s: %m", cache);
	while ((d = readdir(dir)))
		found += list_one(cache, d->d_name, def);
	closedir(dir);
	return found;
}
