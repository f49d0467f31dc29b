// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cleaning the cache of kernels.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "kernels.h"
#include "kernels_clean.h"
#include "strv.h"

#define TREE_FDS	16	/* open directories of nftw() */

/* Names of a directory, those that are links apart; without its lock. */
struct names {
	struct strv dirs, links;
};

static int sort_name(struct names *n, const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int ret = path__join(path, sizeof(path), dir, name);

	if (ret || lstat(path, &st))
		return ret ? ret : -errno;
	if (S_ISLNK(st.st_mode))
		return strv__add(&n->links, path);
	return S_ISDIR(st.st_mode) ? strv__add(&n->dirs, path) : 0;
}

static int read_names(struct names *n, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int ret = d ? 0 : -errno;

	while (!ret && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			ret = sort_name(n, dir, e->d_name);
	if (d)
		closedir(d);
	return ret;
}

static int check_links(const struct names *n, struct ktstr_error *e)
{
	for (size_t i = 0; i < n->links.n; i++)
		if (!file__exists(n->links.v[i]))
			return ktstr_error_set(e, -ENOENT,
					       "%s leads nowhere: make that kernel again, or remove the link",
					       n->links.v[i]);
	return 0;
}

static bool is_target(const struct names *n, const char *path)
{
	struct stat entry, target;

	if (stat(path, &entry))
		return true;
	for (size_t i = 0; i < n->links.n; i++)
		if (!stat(n->links.v[i], &target) && target.st_dev == entry.st_dev &&
		    target.st_ino == entry.st_ino)
			return true;
	return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) ? -errno : 0;
}

static int remove_entry(const char *path, bool dry_run, struct ktstr_error *e)
{
	int ret = 0;

	if (!dry_run)
		ret = nftw(path, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS);
	if (ret)
		return ktstr_error_set(e, ret < -1 ? ret : -EIO, "cannot remove %s: %s", path,
				       strerror(ret < -1 ? -ret : errno));
	printf("%s %s\n", dry_run ? "would remove" : "removed", path);
	return 0;
}

static int lock(const char *dir, struct ktstr_error *e)
{
	char path[PATH_MAX];
	int ret = path__join(path, sizeof(path), dir, ".lock");
	int fd = ret ? ret : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return ktstr_error_set(e, ret ? ret : -errno, "cannot lock %s: %s", dir,
				       strerror(ret ? -ret : errno));
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	close(fd);
	return ktstr_error_set(e, -EBUSY, "a kernel is being made in %s: clean it afterwards", dir);
}

int kernels_clean__dir(const char *dir, bool dry_run, struct ktstr_error *e)
{
	struct names n = { 0 };
	int fd, ret, removed = 0;

	if (!file__exists(dir))
		return 0;
	fd = lock(dir, e);
	if (fd < 0)
		return fd;
	ret = read_names(&n, dir);
	if (ret)
		ktstr_error_set(e, ret, "cannot read %s: %s", dir, strerror(-ret));
	else
		ret = check_links(&n, e);
	for (size_t i = 0; !ret && i < n.dirs.n; i++) {
		if (is_target(&n, n.dirs.v[i]))
			continue;
		ret = remove_entry(n.dirs.v[i], dry_run, e);
		removed++;
	}
	strv__free(&n.dirs);
	strv__free(&n.links);
	close(fd);
	return ret ? ret : removed;
}

int kernels_clean(bool dry_run, struct ktstr_error *e)
{
	char kernels[PATH_MAX], cache[PATH_MAX], stock[PATH_MAX];
	int ret = kernels__cache_dir(kernels, sizeof(kernels)), more;

	if (!ret)
		ret = path__dirname(cache, sizeof(cache), kernels);
	if (!ret)
		ret = path__join(stock, sizeof(stock), cache, "stock");
	if (ret)
		return ktstr_error_set(e, ret, "no cache directory: set HOME or XDG_CACHE_HOME");
	ret = kernels_clean__dir(kernels, dry_run, e);
	more = ret < 0 ? ret : kernels_clean__dir(stock, dry_run, e);
	return more < 0 ? more : ret + more;
}
