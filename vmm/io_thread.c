// SPDX-License-Identifier: GPL-2.0-only
/*
 * One poll() loop.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "event.h"
#include "io_thread.h"

/* Clear an eventfd or timerfd; both are non-blocking, and empty is fine. */
static void clear(int fd)
{
	uint64_t val;

	while (read(fd, &val, sizeof(val)) < 0 && errno == EINTR)
		;
}

static void serve_console(struct io_thread *io)
{
	clear(io->rearm_evt);
	clear(io->irq_timer_fd);
	virtio_console__service(io->bus->console);
}

static void serve_serial(struct io_thread *io)
{
	clear(io->linger_fd);
	for (int i = 0; i < BUS_COMS; i++)
		serial__flush(&io->bus->com[i]);
}

static void *io_thread(void *arg)
{
	struct io_thread *io = arg;
	struct pollfd fds[] = {
		{ .fd = io->quit_evt, .events = POLLIN },
		{ .fd = io->rearm_evt, .events = POLLIN },
		{ .fd = io->linger_fd, .events = POLLIN },
		{ .fd = io->irq_timer_fd, .events = POLLIN },
	};

	while (!fds[0].revents) {
		if (poll(fds, 4, -1) < 0)
			continue;	/* EINTR: revents are unchanged, that is 0 */
		if (fds[1].revents || fds[3].revents)
			serve_console(io);
		if (fds[2].revents)
			serve_serial(io);
	}
	return NULL;
}

/**
 * io_thread__start() - start it, with all signals blocked
 * @io: descriptors and bus filled in
 *
 * Return: 0 or a negative errno.
 */
int io_thread__start(struct io_thread *io)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&io->thread, NULL, io_thread, io);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	io->started = true;
	pthread_setname_np(io->thread, "vmm-io");
	return 0;
}

/** io_thread__stop() - end it and wait for that; idempotent */
void io_thread__stop(struct io_thread *io)
{
	if (!io->started)
		return;
	event_signal(io->quit_evt);
	pthread_join(io->thread, NULL);
	io->started = false;
}
