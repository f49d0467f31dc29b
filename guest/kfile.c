// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small files of procfs, sysfs and cgroupfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kfile.h"

int kfile__read(const char *path, char *buf, size_t len)
{
	size_t have = 0;
	ssize_t n = 0;
	int fd, err;

	buf[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (have < len - 1) {
		n = read(fd, buf + have, len - 1 - have);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	err = n < 0 ? -errno : 0;
	close(fd);
	buf[err ? 0 : have] = '\0';
	return err ? err : (int)have;
}

int kfile__read_line(const char *path, char *buf, size_t len)
{
	int n = kfile__read(path, buf, len);

	if (n < 0)
		return n;
	buf[strcspn(buf, "\n")] = '\0';
	return (int)strlen(buf);
}

int kfile__read_u64(const char *path, uint64_t *out)
{
	char buf[32], *end;
	uint64_t v;
	int n = kfile__read_line(path, buf, sizeof(buf));

	if (n < 0)
		return n;
	errno = 0;
	v = strtoull(buf, &end, 10);
	if (errno || end == buf || *end)
		return -EINVAL;
	*out = v;
	return 0;
}

int kfile__read_list(const char *path, struct cpu_mask *out)
{
	char buf[1024];
	int n = kfile__read_line(path, buf, sizeof(buf));

	if (n < 0)
		return n;
	return n && !cpulist__parse(buf, out) ? 0 : -EINVAL;
}

int kfile__write(const char *path, const char *text)
{
	ssize_t n;
	int err = 0;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		err = -errno;
	else if ((size_t)n != strlen(text))
		err = -EIO;
	close(fd);
	return err;
}

void kfile__note(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n = snprintf(line, sizeof(line), "<6>ktstr: ");

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	/* The log is the channel of last resort: there is nowhere to report its own failure. */
	(void)kfile__write("/dev/kmsg", line);
}
