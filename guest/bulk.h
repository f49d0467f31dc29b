/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The owner and only writer of port 1: a SCHED_FIFO thread behind a bounded queue.
 *
 * When the host stops reading, the queue fills and producers wait: nothing is
 * dropped. Streams (logs, output) leave a reserve to the control frames.
 */
#ifndef GUEST_BULK_H
#define GUEST_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * bulk__start() - start the writer
 * @fd: port 1, non-blocking; owned by the writer from here on
 * @lost: called from the writer's thread with a negative errno when the port
 *	is gone; must not return
 *
 * Return: 0 or a negative errno.
 */
int bulk__start(int fd, void (*lost)(int err));

/**
 * bulk__send() - queue content as one frame, or as several with %KTSTR_F_MORE
 * @type: KTSTR_T_*; one type has one producer, or content of one frame only
 * @buf: content, copied
 * @len: bytes, may be 0
 *
 * Nothing follows KTSTR_T_EXIT: what is sent after it, a late heartbeat or wake
 * byte, is not for the verdict any more and is left out.
 *
 * Context: any thread; waits while the queue is full.
 */
void bulk__send(uint32_t type, const void *buf, size_t len);

/** bulk__send_stream() - as bulk__send(), for floods: leaves room for control frames */
void bulk__send_stream(uint32_t type, const void *buf, size_t len);

/** bulk__try_send() - queue one frame if it fits at once; return: did it fit? */
bool bulk__try_send(uint32_t type, const void *buf, size_t len);

/** bulk__ack_fd() - eventfd that becomes readable when ACKR arrives */
int bulk__ack_fd(void);

#endif /* GUEST_BULK_H */
