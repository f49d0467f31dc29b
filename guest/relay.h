/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the output of a process to frames: one thread per pipe, so that a host
 * that reads slowly holds up the process and not the event loop.
 */
#ifndef GUEST_RELAY_H
#define GUEST_RELAY_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct relay - a pipe and the thread that empties it
 * @thread: the thread
 * @type: KTSTR_T_* of the frames
 * @read_fd: our end
 * @write_fd: the process's end, to be given to child__spawn(); -1 after relay__started()
 * @stop_fd: eventfd: empty the pipe and end
 * @head: what each frame begins with, set before relay__start()
 * @head_len: bytes of it; 0 where frames are the output alone
 */
struct relay {
	pthread_t thread;
	uint32_t type;
	int read_fd;
	int write_fd;
	int stop_fd;
	uint8_t head[8];
	size_t head_len;
};

/** relay__start() - make the pipe and start to forward it as @type; return: 0 or negative errno */
int relay__start(struct relay *r, uint32_t type);

/** relay__started() - the process has its end: close ours, so that end of file is seen */
void relay__started(struct relay *r);

/**
 * relay__finish() - forward what the pipe still holds, then end
 * @r: relay
 *
 * Does not wait for processes that still hold the other end: at most one pipe
 * of bytes is taken after the call.
 */
void relay__finish(struct relay *r);

#endif /* GUEST_RELAY_H */
