/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test's own PID 1 needs first: a voice on COM2, an end, and its ports.
 */
#ifndef KTSTR_VM_GUEST_PID1_H
#define KTSTR_VM_GUEST_PID1_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

static int com2 = -1;

static inline void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0 && write(com2, line, n) != n)
		reboot(RB_AUTOBOOT);
}

static inline void __attribute__((noreturn)) die(const char *what)
{
	say("fail %s: %s\n", what, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

/* Lines arrive as they are written, without a terminal's carriage returns. */
static inline int open_raw(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);
	struct termios t;

	if (fd < 0 || tcgetattr(fd, &t))
		reboot(RB_AUTOBOOT);
	cfmakeraw(&t);
	if (tcsetattr(fd, TCSANOW, &t))
		reboot(RB_AUTOBOOT);
	return fd;
}

/* The driver makes the node when it has handled PORT_ADD: wait for that event. */
static inline int open_port(const char *path)
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

#endif /* KTSTR_VM_GUEST_PID1_H */
