// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cpio writer.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cpio.h"
#include "strv.h"

#define HEADER_BYTES	110	/* "070701" and 13 fields of 8 hex digits */
#define ALIGN4(x)	(((x) + 3) & ~(size_t)3)
#define TRAILER		"TRAILER!!!"

struct cpio {
	struct iovec *iov;
	bool *owned;		/* this piece is ours to free */
	int nr;
	int cap;
	uint64_t size;
	uint32_t ino;
	size_t pad;		/* zero bytes owed before the next header */
	struct strv dirs;	/* every path taken: directories, */
	struct strv others;	/* and what is none */
	bool finished;
};

struct cpio *cpio__new(void)
{
	return calloc(1, sizeof(struct cpio));
}

void cpio__free(struct cpio *c)
{
	if (!c)
		return;
	for (int i = 0; i < c->nr; i++)
		if (c->owned[i])
			free(c->iov[i].iov_base);
	free(c->iov);
	free(c->owned);
	strv__free(&c->dirs);
	strv__free(&c->others);
	free(c);
}

static int piece_reserve(struct cpio *c)
{
	int cap = c->cap ? 2 * c->cap : 64;
	struct iovec *iov;
	bool *owned;

	if (c->nr < c->cap)
		return 0;
	iov = realloc(c->iov, cap * sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	c->iov = iov;
	owned = realloc(c->owned, cap * sizeof(*owned));
	if (!owned)
		return -ENOMEM;
	c->owned = owned;
	c->cap = cap;
	return 0;
}

static int piece_add(struct cpio *c, void *base, size_t len, bool owned)
{
	int ret = piece_reserve(c);

	if (ret)
		return ret;
	c->iov[c->nr] = (struct iovec){ .iov_base = base, .iov_len = len };
	c->owned[c->nr++] = owned;
	c->size += len;
	return 0;
}

/*
 * The zeros that pad the content before it ride in front of a header, so that a
 * file is two pieces and content is never copied.
 */
static int header_add(struct cpio *c, const char *name, unsigned int mode, size_t len)
{
	size_t namesize = strlen(name) + 1;
	size_t total = c->pad + ALIGN4(HEADER_BYTES + namesize);
	char *p = calloc(1, total + 1);
	int ret;

	if (!p)
		return -ENOMEM;
	snprintf(p + c->pad, HEADER_BYTES + 1,
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 ++c->ino, mode, 0, 0, S_ISDIR(mode) ? 2 : 1, 0, (unsigned int)len, 0, 0, 0, 0,
		 (unsigned int)namesize, 0);
	memcpy(p + c->pad + HEADER_BYTES, name, namesize);
	ret = piece_add(c, p, total, true);
	if (ret)
		free(p);
	else
		c->pad = ALIGN4(len) - len;
	return ret;
}

/* The kernel unpacks what it cannot create as nothing, without a word. */
static int check_path(const char *path)
{
	int ret = strlen(path) < PATH_MAX ? 0 : -ENAMETOOLONG;

	/* A file of this name would end the archive. */
	if (path[0] != '/' || !path[1] || !strcmp(path + 1, TRAILER))
		return -EINVAL;
	for (const char *p = path; p; p = strchr(p + 1, '/')) {
		size_t len = strcspn(p + 1, "/");

		if (!len || (len == 1 && p[1] == '.') || (len == 2 && p[1] == '.' && p[2] == '.'))
			return -EINVAL;
		if (len > NAME_MAX)
			ret = -ENAMETOOLONG;
	}
	return ret;
}

static int entry_add(struct cpio *c, const char *path, unsigned int mode, size_t len)
{
	int ret;

	if (strv__has(&c->dirs, path) || strv__has(&c->others, path))
		return -EEXIST;
	ret = strv__add(S_ISDIR(mode) ? &c->dirs : &c->others, path);
	/* Names in the archive are relative to the root. */
	return ret ? ret : header_add(c, path + 1, mode, len);
}

static int parents_add(struct cpio *c, const char *path)
{
	char dir[PATH_MAX];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		int ret;

		memcpy(dir, path, p - path);
		dir[p - path] = '\0';
		if (strv__has(&c->others, dir))
			return -ENOTDIR;
		ret = entry_add(c, dir, S_IFDIR | 0755, 0);
		if (ret && ret != -EEXIST)
			return ret;
	}
	return 0;
}

static int add_checked(struct cpio *c, const char *path, unsigned int mode, size_t len)
{
	int ret;

	if (c->finished)
		return -EINVAL;
	ret = check_path(path);
	if (!ret && len > UINT32_MAX)
		ret = -EFBIG;
	if (!ret)
		ret = parents_add(c, path);
	return ret ? ret : entry_add(c, path, mode, len);
}

int cpio__file(struct cpio *c, const char *path, unsigned int mode, const void *data, size_t len)
{
	int ret = add_checked(c, path, S_IFREG | (mode & 07777), len);

	if (ret || !len)
		return ret;
	return piece_add(c, (void *)data, len, false);
}

int cpio__symlink(struct cpio *c, const char *path, const char *target)
{
	size_t len = strlen(target);
	char *copy;
	int ret;

	if (!len || len >= PATH_MAX)
		return len ? -ENAMETOOLONG : -EINVAL;
	copy = strdup(target);
	if (!copy)
		return -ENOMEM;
	ret = add_checked(c, path, S_IFLNK | 0777, len);
	if (!ret)
		ret = piece_add(c, copy, len, true);
	if (ret)
		free(copy);
	return ret;
}

int cpio__dir(struct cpio *c, const char *path, unsigned int mode)
{
	int ret = add_checked(c, path, S_IFDIR | (mode & 07777), 0);

	return ret == -EEXIST && strv__has(&c->dirs, path) ? 0 : ret;
}

int cpio__finish(struct cpio *c)
{
	int ret;

	if (c->finished)
		return 0;
	c->ino = UINT32_MAX;	/* the trailer's inode number is 0 */
	ret = header_add(c, TRAILER, 0, 0);
	c->finished = !ret;
	return ret;
}

const struct iovec *cpio__iov(const struct cpio *c, int *n)
{
	*n = c->nr;
	return c->iov;
}

uint64_t cpio__size(const struct cpio *c)
{
	return c->size;
}
