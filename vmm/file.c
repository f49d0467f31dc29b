// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading kernel images: never a device or a FIFO, never less than asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static int open_error(const char *path, int err, struct ktstr_error *e)
{
	if (err == ENOENT || err == ENOTDIR)
		return ktstr_error_set(e, -ENOENT,
			"there is no kernel at %s: give --kernel, or build one with 'ktstr kernel build'",
			path);
	return ktstr_error_set(e, -err,
			"the kernel %s cannot be opened (%s): check the path and its permissions",
			path, strerror(err));
}

/**
 * file__open() - open a regular file for reading
 * @path: its name
 * @size: out: bytes in it
 * @e: sentence on failure
 *
 * Return: file descriptor; -ENOENT, -EACCES, ... from open(); -ENOEXEC when it
 * is no regular file.
 */
int file__open(const char *path, off_t *size, struct ktstr_error *e)
{
	struct stat st;
	/* O_NONBLOCK: a FIFO must not hang us before we see that it is one. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return open_error(path, errno, e);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return ktstr_error_set(e, -ENOEXEC,
				"%s is not a regular file: give a vmlinux or a bzImage",
				path);
	}
	*size = st.st_size;
	return fd;
}

/**
 * file__read_all() - read exactly @len bytes, or fail: half a kernel must not boot
 * @fd: from file__open()
 * @path: its name, for the sentence
 * @buf: where to; may be guest RAM
 * @len: bytes
 * @off: from here on
 * @e: sentence on failure
 *
 * Return: 0; -ENOEXEC when the file ends early; other negative errno.
 */
int file__read_all(int fd, const char *path, void *buf, size_t len, off_t off,
		   struct ktstr_error *e)
{
	char *at = buf;

	while (len) {
		ssize_t n = pread(fd, at, len, off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ktstr_error_set(e, -errno,
					"%s cannot be read (%s): check the file system it is on",
					path, strerror(errno));
		if (!n)
			return ktstr_error_set(e, -ENOEXEC,
					"%s is cut short: build or copy it again",
					path);
		at += n;
		off += n;
		len -= (size_t)n;
	}
	return 0;
}
