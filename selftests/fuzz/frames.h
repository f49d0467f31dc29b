/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames, read the simplest way: all bytes are there, nothing is kept. What the
 * assembler makes of the same bytes in pieces must be the same.
 */
#ifndef FUZZ_FRAMES_H
#define FUZZ_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/wire.h>

#define FRAMES_HEADER	sizeof(struct ktstr_frame)

/** enum frames_kind - what is at a place in the bytes */
enum frames_kind {
	FRAMES_JUNK,	/* a byte that belongs to no frame */
	FRAMES_FRAME,	/* a frame with a good header, all of it */
	FRAMES_CUT,	/* what may become a frame with more bytes */
};

/**
 * frames__at() - what is at the start of these bytes?
 * @p: bytes
 * @len: how many there are, at least 1
 * @size: bytes it takes: 1 of junk, a frame's length, or @len
 */
enum frames_kind frames__at(const uint8_t *p, size_t len, size_t *size);

/** frames__fix() - make the CRCs of a header right for its fields; @data: payload or NULL */
void frames__fix(struct ktstr_frame *h, const uint8_t *data);

/** frames__known_type() - may this type come from a guest? */
bool frames__known_type(uint32_t type);

#endif /* FUZZ_FRAMES_H */
