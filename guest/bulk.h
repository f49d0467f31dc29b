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
 * Context: any SCHED_FIFO thread: another's frame may depend on it to go on and wake the
 * writer; waits while the queue is full.
 */
void bulk__send(uint32_t type, const void *buf, size_t len);

/** bulk__send_stream() - as bulk__send(), for floods: leaves room for control frames */
void bulk__send_stream(uint32_t type, const void *buf, size_t len);

/**
 * bulk__try_send_later() - queue one frame if it fits at once
 *
 * For what nobody waits for: it wakes the writer only if the source has no regular frames
 * that it could leave with. Return: did it fit?
 */
bool bulk__try_send_later(uint32_t type, const void *buf, size_t len);

/* What a source's pump did. */
enum bulk_pumped {
	BULK_PUMP_IDLE,		/* there is nothing to send now */
	BULK_PUMP_MORE,		/* it sent its share: call again */
	BULK_PUMP_FULL,		/* the port takes no more; whole frames were sent */
	BULK_PUMP_TORN,		/* likewise, in the middle of a frame: nothing may come between */
};

/**
 * struct bulk_source - frames that do not go through the queue
 * @pump: write frames to @port_fd, a bounded number; called by the writer's thread
 *	between the queue's frames, after each of its wakeups
 * @ping: the host sent a PING with this id; by the writer's thread, which must not wait
 * @regular: it wakes the writer by itself, every few hundred milliseconds at the least,
 *	for as long as anything is queued that may leave with its frames
 * @arg: passed to both
 */
struct bulk_source {
	enum bulk_pumped (*pump)(void *arg, int port_fd);
	void (*ping)(void *arg, uint64_t id);
	bool regular;
	void *arg;
};

/**
 * bulk__set_source() - from now on this is the source; it lives as long as the writer
 *
 * What is in the queue now is sent before any of its frames. Not while an earlier one
 * has frames on their way.
 */
void bulk__set_source(const struct bulk_source *source);

/**
 * bulk__watch() - wake the writer each time that @fd becomes readable, read or not
 *
 * Return: 0 or a negative errno.
 */
int bulk__watch(int fd);

/** bulk__kick() - wake the writer now */
void bulk__kick(void);

/** bulk__ack_fd() - eventfd that becomes readable when ACKR arrives */
int bulk__ack_fd(void);

#endif /* GUEST_BULK_H */
