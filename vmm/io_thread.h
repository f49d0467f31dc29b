/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thread that does what no vCPU's exit does: left-over queue work, and
 * waking the reader of a serial port for a line without an end.
 */
#ifndef VMM_IO_THREAD_H
#define VMM_IO_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "bus.h"

/**
 * struct io_thread - the thread and what it waits for
 * @bus: devices
 * @rearm_evt: eventfd: virtio_console__service() is due
 * @irq_timer_fd: timerfd: the same
 * @linger_fd: timerfd: serial__flush() is due
 * @quit_evt: eventfd: end
 * @started: @thread is to be joined
 */
struct io_thread {
	struct bus *bus;
	int rearm_evt;
	int irq_timer_fd;
	int linger_fd;
	int quit_evt;
	pthread_t thread;
	bool started;
};

int io_thread__start(struct io_thread *io);
void io_thread__stop(struct io_thread *io);

#endif /* VMM_IO_THREAD_H */
