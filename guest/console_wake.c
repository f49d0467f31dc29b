// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake bytes from the host on port 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include <ktstr/ports.h>

#include "console_wake.h"
#include "emit.h"
#include "kfile.h"
#include "loop.h"
#include "uevent.h"

static bool shutdown_asked;

static void do_dump(void)
{
	/* 'D' is sched_ext's debug dump; kernels without it print their list of keys. */
	int err = kfile__write("/proc/sysrq-trigger", "D");

	if (err)
		emit__life(KTSTR_LIFE_WAKE, "dump failed: %s", strerror(-err));
	else
		emit__life(KTSTR_LIFE_WAKE, "dump");
}

static void do_shutdown(void)
{
	shutdown_asked = true;
	emit__life(KTSTR_LIFE_WAKE, "shutdown");
}

static void do_bpf_done(void)
{
	emit__life(KTSTR_LIFE_WAKE, "bpf-done");
}

static void do_symbols(void)
{
	emit__life(KTSTR_LIFE_WAKE, "symbols");
}

static const struct wake {
	uint8_t byte;
	void (*obey)(void);
} wakes[] = {
	{ KTSTR_WAKE_DUMP,	do_dump },
	{ KTSTR_WAKE_SHUTDOWN,	do_shutdown },
	{ KTSTR_WAKE_BPF_DONE,	do_bpf_done },
	{ KTSTR_WAKE_SYMBOLS,	do_symbols },
};

static void obey(uint8_t byte)
{
	for (size_t i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++)
		if (wakes[i].byte == byte) {
			wakes[i].obey();
			return;
		}
	emit__life(KTSTR_LIFE_WAKE, "unknown 0x%02x", byte);
}

static void console_ready(struct loop_watch *w, uint32_t events)
{
	uint8_t buf[64];
	ssize_t n = read(w->fd, buf, sizeof(buf));

	(void)events;
	for (ssize_t i = 0; i < n; i++)
		obey(buf[i]);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	/* Hung up: the next uevent or heartbeat opens it anew. */
	loop__del(w);
	close(w->fd);
	w->fd = -1;
}

static struct loop_watch console_watch = { .fd = -1, .ready = console_ready };

/* Whatever the line discipline held back as a half-typed line becomes readable here. */
static int set_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return -errno;
	cfmakeraw(&t);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return tcsetattr(fd, TCSANOW, &t) ? -errno : 0;
}

/*
 * The node may exist before the port does, and open() fails with ENODEV until
 * then. The driver announces a port's name by uevent once it is a console.
 */
static void try_open(void)
{
	int fd;

	if (console_watch.fd >= 0)
		return;
	fd = open(KTSTR_CONSOLE_DEV, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	console_watch.fd = fd;
	if (!set_raw(fd) && !loop__add(&console_watch, EPOLLIN))
		return;
	close(fd);
	console_watch.fd = -1;
}

void console_wake__init(void)
{
	uevent__subscribe(try_open);
	try_open();
}

void console_wake__retry(void)
{
	try_open();
}

bool console_wake__shutdown(void)
{
	return shutdown_asked;
}
