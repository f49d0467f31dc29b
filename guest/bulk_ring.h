/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames (ktstr/wire.h) in a bounded ring of bytes, without threads.
 *
 * The caller holds a lock around all of these.
 */
#ifndef GUEST_BULK_RING_H
#define GUEST_BULK_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/wire.h>

/* A power of two with room for several of the longest frames. */
#define BULK_RING_SIZE		(1u << 20)
/* Kept free of streams, so that a flooding log cannot hold up a verdict. */
#define BULK_RING_RESERVE	(BULK_RING_SIZE / 4)

/**
 * struct bulk_ring - frames on their way to port 1
 * @head: bytes ever put in
 * @tail: bytes ever taken out
 * @seq: of the next frame of stream 0
 * @bytes: the ring
 */
struct bulk_ring {
	uint64_t head;
	uint64_t tail;
	uint32_t seq;
	uint8_t bytes[BULK_RING_SIZE];
};

/**
 * bulk_ring__fits() - is there room for a frame of @len payload bytes that leaves @reserve
 * bytes free?
 */
bool bulk_ring__fits(const struct bulk_ring *r, size_t len, size_t reserve);

/**
 * bulk_ring__put() - append one frame
 * @r: ring in which bulk_ring__fits() said yes
 * @type: KTSTR_T_*
 * @flags: KTSTR_F_*
 * @payload: bytes, copied
 * @len: at most %KTSTR_WIRE_PAYLOAD_MAX
 * @payload_crc: zlib CRC-32 of the payload, computed outside the lock
 */
void bulk_ring__put(struct bulk_ring *r, uint32_t type, uint16_t flags, const void *payload,
		    size_t len, uint32_t payload_crc);

/**
 * bulk_ring__peek() - the longest contiguous run of bytes to write next
 *
 * Return: its length, 0 when empty.
 */
size_t bulk_ring__peek(const struct bulk_ring *r, const void **out);

/**
 * bulk_ring__frames() - bytes of the frames to write next, whole ones only
 * @r: ring whose tail is between two frames
 * @max: no more than these, unless the first frame alone is longer
 */
size_t bulk_ring__frames(const struct bulk_ring *r, size_t max);

/** bulk_ring__consume() - @len bytes of what was peeked at are written */
void bulk_ring__consume(struct bulk_ring *r, size_t len);

/** bulk_ring__empty() - nothing waits */
bool bulk_ring__empty(const struct bulk_ring *r);

#endif /* GUEST_BULK_RING_H */
