/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames from the host to the guest, on port 1.
 */
#ifndef KTSTR_HOST_REPLY_FRAME_H
#define KTSTR_HOST_REPLY_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <ktstr/wire.h>

#define REPLY_PAYLOAD_MAX	256u	/* bytes; what the host has to say is short */

/** reply_write_fn - queue all of @len bytes or none; return: 0 or a negative errno */
typedef int (*reply_write_fn)(void *arg, const void *data, size_t len);

/**
 * struct reply_frames - one guest's frames; zeroed before the first
 * @write: where frames go
 * @arg: first argument of @write
 * @seq: of the next frame
 */
struct reply_frames {
	reply_write_fn write;
	void *arg;
	uint32_t seq;
};

/**
 * reply_frame__send() - queue one frame, whole or not at all
 * @r: frames of this guest
 * @type: KTSTR_T_* of those that go from host to guest
 * @payload: may be NULL when @len is 0
 * @len: bytes of payload, at most %REPLY_PAYLOAD_MAX
 *
 * A frame that could not be queued leaves no gap in the count.
 * Return: 0; -E2BIG; or what @r->write returned.
 */
int reply_frame__send(struct reply_frames *r, uint32_t type, const void *payload, uint32_t len);

#endif /* KTSTR_HOST_REPLY_FRAME_H */
