// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_ext_dump, from a trace instance of our own: nobody else's buffer is in the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/wire.h>

#include "bulk.h"
#include "kfile.h"
#include "rt.h"
#include "sched_dump.h"

#define INSTANCE	"/sys/kernel/tracing/instances/ktstr"
/*
 * Per CPU: one dump is made on one CPU, has SCX_EXIT_DUMP_DFL_LEN (32 KiB) unless the
 * scheduler asks for more, and every line of it is an event of its own.
 */
#define BUFFER_KIB	"128"
#define SEND_MAX	(1u << 20)	/* of text: a tracer that never ends must not keep us */

static struct {
	pthread_t thread;
	bool runs;
	int pipe_fd;
	int stop_fd;
	size_t sent;
} dump = { .pipe_fd = -1, .stop_fd = -1 };

static void send_all(void)
{
	char buf[8192];
	ssize_t n;

	while (dump.sent < SEND_MAX && (n = read(dump.pipe_fd, buf, sizeof(buf))) > 0) {
		bulk__send_stream(KTSTR_T_SCDP, buf, (size_t)n);
		dump.sent += (size_t)n;
	}
}

static void *dump_thread(void *arg)
{
	struct pollfd p[2] = {
		{ .fd = dump.pipe_fd, .events = POLLIN },
		{ .fd = dump.stop_fd, .events = POLLIN },
	};

	(void)arg;
	while (!(p[1].revents & POLLIN)) {
		/* What is not read any more would be ready for ever. */
		if (dump.sent >= SEND_MAX)
			p[0].fd = -1;
		if (poll(p, 2, -1) > 0)
			send_all();
	}
	return NULL;
}

static int arm(void)
{
	int err;

	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return -errno;
	err = kfile__write(INSTANCE "/buffer_size_kb", BUFFER_KIB);
	/* Readers are woken by the first line, not when the buffer is half full. */
	if (!err)
		err = kfile__write(INSTANCE "/buffer_percent", "0");
	if (!err)
		err = kfile__write(INSTANCE "/events/sched_ext/sched_ext_dump/enable", "1");
	if (err)
		return err;
	dump.pipe_fd = open(INSTANCE "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return dump.pipe_fd < 0 ? -errno : 0;
}

void sched_dump__start(void)
{
	int err = arm();

	if (!err) {
		dump.stop_fd = eventfd(0, EFD_CLOEXEC);
		err = dump.stop_fd < 0 ? -errno :
		      rt__thread(&dump.thread, RT_PRIO_RELAY, dump_thread, NULL);
	}
	dump.runs = !err;
	if (err)
		kfile__note("no trace of debug dumps of sched_ext: %s", strerror(-err));
}

void sched_dump__finish(void)
{
	if (!dump.runs)
		return;
	eventfd_write(dump.stop_fd, 1);
	pthread_join(dump.thread, NULL);
	dump.runs = false;
	send_all();
	close(dump.stop_fd);
	close(dump.pipe_fd);
}
