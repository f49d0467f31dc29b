// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the console's benchmark: writes to port 1 what it is asked to, under
 * ktstr and under QEMU alike. Nothing else runs in the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <ktstr/ports.h>

#include "bench_proto.h"

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "bench_guest: %s: %s\n", what, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

/* The driver makes the node when it has handled PORT_ADD: wait for that event. */
static int open_port(const char *path)
{
	char events[4096] __attribute__((aligned(8)));
	int watch = inotify_init1(0);
	int fd;

	if (watch < 0 || inotify_add_watch(watch, "/dev", IN_CREATE | IN_ATTRIB) < 0)
		die("inotify");
	while ((fd = open(path, O_RDWR)) < 0) {
		if (errno != ENOENT && errno != ENXIO)
			die(path);
		if (read(watch, events, sizeof(events)) < 0)
			die("inotify read");
	}
	close(watch);
	return fd;
}

/* Nobody is at the other end until the host's side has opened: that reads as 0. */
static void get(int fd, void *buf, size_t len)
{
	for (size_t done = 0; done < len; ) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n < 0)
			die("read");
		done += n;
	}
}

static void put(int fd, const void *buf, size_t len)
{
	for (size_t done = 0; done < len; ) {
		ssize_t n = write(fd, (const char *)buf + done, len - done);

		if (n <= 0)
			die("write");
		done += n;
	}
}

int main(void)
{
	static char buf[BENCH_WRITE_MAX];
	struct bench_request req;
	const char hello = BENCH_HELLO;
	int fd;

	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	memset(buf, 'k', sizeof(buf));
	fd = open_port(KTSTR_BULK_DEV);
	put(fd, &hello, 1);
	for (;;) {
		get(fd, &req, sizeof(req));
		if (!req.count || req.size > sizeof(buf))
			break;
		while (req.count--)
			put(fd, buf, req.size);
	}
	reboot(RB_AUTOBOOT);
	return 1;
}
