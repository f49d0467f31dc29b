/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reader of the frames that the host sends on port 1.
 */
#ifndef GUEST_REPLY_H
#define GUEST_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/wire.h>

/**
 * struct reply - what is known of the frame that is being received
 * @head: bytes of a header so far
 * @have: how many
 * @skip: payload bytes of the last frame still to pass
 * @ping: payload of a PING so far
 * @ping_have: bytes of it
 * @ping_crc: what its CRC must be
 * @in_ping: one is being received
 * @on_ping: called for every PING that is whole and has a good CRC, or NULL
 * @arg: passed to it
 * @acks: ACKR frames seen
 * @pings: calls of @on_ping there were, or would have been
 * @others: good frames of other types, which nobody waits for yet
 * @bad_bytes: bytes passed over in search of a good header
 *
 * All zero but @on_ping and @arg is the start.
 */
struct reply {
	uint8_t head[sizeof(struct ktstr_frame)];
	size_t have;
	size_t skip;
	struct ktstr_ping ping;
	size_t ping_have;
	uint32_t ping_crc;
	bool in_ping;
	void (*on_ping)(void *arg, uint64_t id);
	void *arg;
	uint32_t acks;
	uint32_t pings;
	uint32_t others;
	uint64_t bad_bytes;
};

/**
 * reply__feed() - take received bytes in pieces of any length; a bad header costs no more
 * than the scan to the next good one
 */
void reply__feed(struct reply *r, const void *buf, size_t len);

#endif /* GUEST_REPLY_H */
