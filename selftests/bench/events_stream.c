// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ways out of the guest; see events_stream.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ktstr/dev.h>
#include <ktstr/ports.h>

#include "../../guest/bulk.h"
#include "../../guest/event_flush.h"
#include "../../guest/event_pages.h"
#include "../../guest/rt.h"

#include "events_stream.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool draining;		/* recording is off: everything is to be sent */
	bool drained;
	struct event_flush flush;
} state = {
	.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER,
};

/* The driver makes the node when it has handled PORT_ADD: wait for that event. */
int stream__port(const char *path, int flags)
{
	char events[4096] __attribute__((aligned(8)));
	int watch = inotify_init1(0), fd;

	if (watch < 0 || inotify_add_watch(watch, "/dev", IN_CREATE | IN_ATTRIB) < 0)
		guest_die("inotify: %s", strerror(errno));
	while ((fd = open(path, flags | O_CLOEXEC)) < 0) {
		if (errno != ENOENT && errno != ENXIO)
			guest_die("%s: %s", path, strerror(errno));
		if (read(watch, events, sizeof(events)) < 0)
			guest_die("inotify: %s", strerror(errno));
	}
	close(watch);
	return fd;
}

static bool is_draining(void)
{
	return __atomic_load_n(&state.draining, __ATOMIC_ACQUIRE);
}

static void say_drained(void)
{
	pthread_mutex_lock(&state.lock);
	state.drained = true;
	pthread_cond_signal(&state.cond);
	pthread_mutex_unlock(&state.lock);
}

static void wait_drained(void)
{
	pthread_mutex_lock(&state.lock);
	while (!state.drained)
		pthread_cond_wait(&state.cond, &state.lock);
	state.drained = false;
	pthread_mutex_unlock(&state.lock);
	__atomic_store_n(&state.draining, false, __ATOMIC_RELEASE);
}

static long number(const char *name, long fallback)
{
	const char *value = getenv(name);

	return value ? atol(value) : fallback;
}

/* ktstr. */

static enum bulk_pumped on_pump(void *arg, int port_fd)
{
	bool draining = is_draining(), due = event_flush__due(&state.flush);
	enum bulk_pumped did = event_pages__pump(port_fd, due || draining);

	(void)arg;
	event_flush__did(&state.flush, did);
	if (draining && did == BULK_PUMP_IDLE && event_pages__idle()) {
		event_flush__stop(&state.flush);
		say_drained();
	}
	return did;
}

static void port_lost(int err)
{
	guest_die("port 1: %s", strerror(-err));
}

static void ktstr_start(void)
{
	static const struct bulk_source source = { .pump = on_pump };
	struct ktstr_dev_info info;
	int err;

	if (ioctl(tracer__dev(), KTSTR_IOC_INFO, &info))
		guest_die("KTSTR_IOC_INFO: %s", strerror(errno));
	err = bulk__start(stream__port(KTSTR_BULK_DEV, O_RDWR | O_NONBLOCK), port_lost);
	if (!err)
		err = event_pages__start(info.nr_cpus, info.page_size,
					 number("bench_watermark", EVENT_PAGES_WATERMARK));
	if (!err)
		err = event_flush__init(&state.flush);
	if (err)
		guest_die("the writer of port 1: %s", strerror(-err));
	bulk__set_source(&source);
}

static void ktstr_begin(void)
{
	event_flush__start(&state.flush);
}

static void ktstr_finish(void)
{
	__atomic_store_n(&state.draining, true, __ATOMIC_RELEASE);
	bulk__kick();
	wait_drained();
}

const struct stream stream_ktstr = {
	.start = ktstr_start, .begin = ktstr_begin, .finish = ktstr_finish,
};

/* ftrace. */

static struct {
	int raw, port, pipe[2];
	int kick;		/* recording is off: look again */
	size_t pipe_size;
} ftrace;

/* The driver takes the whole pipe at once, or says that the port is full. */
static void send_pipe(size_t len)
{
	while (len) {
		ssize_t n = splice(ftrace.pipe[0], NULL, ftrace.port, NULL, len, SPLICE_F_MOVE);

		if (n <= 0)
			guest_die("splice to port 1: %s", n ? strerror(errno) : "it takes none");
		len -= (size_t)n;
	}
}

/* Less than a page cannot be spliced: it is read, and sent as a page. */
static void send_rest(void)
{
	static char page[4096] __attribute__((aligned(4096)));

	while (read(ftrace.raw, page, sizeof(page)) > 0)
		if (write(ftrace.port, page, sizeof(page)) != sizeof(page))
			guest_die("port 1: %s", strerror(errno));
}

static void *ftrace_writer(void *arg)
{
	struct pollfd p[] = {
		{ .fd = ftrace.raw, .events = POLLIN }, { .fd = ftrace.kick, .events = POLLIN },
	};
	ssize_t n;

	(void)arg;
	for (;;) {
		bool draining = is_draining();

		n = splice(ftrace.raw, NULL, ftrace.pipe[1], NULL, ftrace.pipe_size,
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n > 0) {
			send_pipe((size_t)n);
		} else if (draining) {
			send_rest();
			say_drained();
			return NULL;
		} else if (n < 0 && errno != EAGAIN) {
			guest_die("splice from trace_pipe_raw: %s", strerror(errno));
		} else {
			/* It says so at half a buffer (buffer_percent), as to trace-cmd. */
			poll(p, 2, -1);
		}
	}
}

static void ftrace_start(void)
{
	pthread_t thread;
	int err;

	ftrace.raw = open(TRACEFS "per_cpu/cpu0/trace_pipe_raw", O_RDONLY | O_NONBLOCK);
	ftrace.kick = eventfd(0, EFD_CLOEXEC);
	ftrace.port = stream__port(KTSTR_BULK_DEV, O_RDWR);
	if (ftrace.raw < 0 || pipe2(ftrace.pipe, O_CLOEXEC))
		guest_die("trace_pipe_raw: %s", strerror(errno));
	ftrace.pipe_size = (size_t)fcntl(ftrace.pipe[0], F_GETPIPE_SZ);
	err = rt__thread(&thread, RT_PRIO_BULK, ftrace_writer, NULL);
	if (err)
		guest_die("thread: %s", strerror(-err));
}

static void ftrace_begin(void)
{
}

static void ftrace_finish(void)
{
	const uint64_t one = 1;

	__atomic_store_n(&state.draining, true, __ATOMIC_RELEASE);
	if (write(ftrace.kick, &one, sizeof(one)) != sizeof(one))
		guest_die("eventfd: %s", strerror(errno));
	wait_drained();
}

const struct stream stream_ftrace = {
	.start = ftrace_start, .begin = ftrace_begin, .finish = ftrace_finish,
};
