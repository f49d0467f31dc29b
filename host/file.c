// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static int read_fd(int fd, char *p, size_t len)
{
	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		len -= n;
	}
	return 0;
}

static int check_stat(int fd, size_t max, struct stat *st)
{
	if (fstat(fd, st))
		return -errno;
	if (S_ISDIR(st->st_mode))
		return -EISDIR;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	return (uintmax_t)st->st_size > max ? -EFBIG : 0;
}

int file__read(const char *path, size_t max, void **data, size_t *len, unsigned int *mode,
	       struct ktstr_error *e)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *p = NULL;
	struct stat st;
	int ret;

	if (fd < 0)
		return ktstr_error_set(e, -errno, "cannot open %s: %m", path);
	ret = check_stat(fd, max, &st);
	if (!ret) {
		p = malloc(st.st_size + 1);
		ret = p ? read_fd(fd, p, st.st_size) : -ENOMEM;
	}
	close(fd);
	if (ret) {
		free(p);
		return ktstr_error_set(e, ret, "cannot read %s: %s", path,
				       ret == -EINVAL ? "it is no regular file" : strerror(-ret));
	}
	p[st.st_size] = '\0';
	*data = p;
	*len = st.st_size;
	if (mode)
		*mode = st.st_mode & 07777;
	return 0;
}

bool file__is_executable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

bool file__exists(const char *path)
{
	return !access(path, F_OK);
}

static int fits(int n, size_t size)
{
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

int path__join(char *dst, size_t size, const char *dir, const char *name)
{
	return fits(snprintf(dst, size, "%s/%s", dir, name), size);
}

int path__dirname(char *dst, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return fits(snprintf(dst, size, "."), size);
	if (slash == path)
		return fits(snprintf(dst, size, "/"), size);
	return fits(snprintf(dst, size, "%.*s", (int)(slash - path), path), size);
}

const char *path__basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int file__beside_us(char *dst, size_t size, const char *rel)
{
	const char *home = getenv("KTSTR_DIR");
	char self[PATH_MAX], dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int ret;

	if (n < 0)
		return -errno;
	self[n] = '\0';
	ret = home && *home ? path__absolute(dir, sizeof(dir), home) :
			      path__dirname(dir, sizeof(dir), self);
	if (ret)
		return ret;
	return *rel ? path__join(dst, size, dir, rel) : fits(snprintf(dst, size, "%s", dir), size);
}

/* Append one component to an absolute path without a final slash. */
static int component_add(char *dst, size_t size, const char *name, size_t len)
{
	size_t have = strlen(dst);

	if (!len || (len == 1 && name[0] == '.'))
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		char *slash = strrchr(dst, '/');

		if (slash)
			*slash = '\0';
		return 0;
	}
	if (have + 1 + len + 1 > size)
		return -ENAMETOOLONG;
	dst[have] = '/';
	memcpy(dst + have + 1, name, len);
	dst[have + 1 + len] = '\0';
	return 0;
}

int path__absolute(char *dst, size_t size, const char *path)
{
	int ret = 0;

	dst[0] = '\0';
	if (path[0] != '/' && !getcwd(dst, size))
		return errno == ERANGE ? -ENAMETOOLONG : -errno;
	if (!strcmp(dst, "/"))
		dst[0] = '\0';
	while (!ret && *path) {
		size_t len = strcspn(path, "/");

		ret = component_add(dst, size, path, len);
		path += len;
		path += *path == '/';
	}
	if (!ret && !*dst)
		ret = fits(snprintf(dst, size, "/"), size);
	return ret;
}
