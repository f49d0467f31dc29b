// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a virtio-console port that the driver may not have made yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"
#include "port_open.h"

/* Between the node and the port behind it there is a moment. */
static bool not_yet(int err)
{
	return err == ENOENT || err == ENXIO || err == ENODEV;
}

/* Return: 0 after a change in /dev, -ETIMEDOUT. */
static int wait_change(int inotify_fd, int64_t deadline)
{
	char buf[4096] __attribute__((aligned(8)));
	struct pollfd p = { .fd = inotify_fd, .events = POLLIN };
	int64_t left = deadline - now_ns();
	int n;

	if (left <= 0)
		return -ETIMEDOUT;
	n = poll(&p, 1, (int)(left / NSEC_PER_MSEC) + 1);
	if (n < 0 && errno != EINTR)
		return -errno;
	if (n > 0 && read(inotify_fd, buf, sizeof(buf)) < 0)
		return -errno;
	return 0;
}

int port_open(const char *path, int64_t deadline)
{
	int in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int fd, err = 0;

	if (in < 0)
		return -errno;
	/* Watched before the first try: a node that appears in between is not missed. */
	if (inotify_add_watch(in, "/dev", IN_CREATE | IN_ATTRIB) < 0)
		err = -errno;
	for (fd = -1; !err;) {
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			break;
		err = not_yet(errno) ? wait_change(in, deadline) : -errno;
	}
	close(in);
	return err ? err : fd;
}
