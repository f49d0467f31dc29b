/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The header of a frame (ktstr/wire.h) that this guest sends.
 */
#ifndef GUEST_FRAME_HEAD_H
#define GUEST_FRAME_HEAD_H

#include <endian.h>
#include <stddef.h>
#include <zlib.h>

#include <ktstr/wire.h>

/**
 * frame_head() - a whole header
 * @type: KTSTR_T_*
 * @flags: KTSTR_F_*
 * @stream: 0, or 1 + cpu
 * @seq: number of the frame in its stream
 * @len: bytes of payload
 * @payload_crc: their zlib CRC-32; 0 with %KTSTR_F_NOCRC
 */
static inline struct ktstr_frame frame_head(uint32_t type, uint16_t flags, uint32_t stream,
					    uint32_t seq, uint32_t len, uint32_t payload_crc)
{
	struct ktstr_frame f = {
		.magic = htole32(KTSTR_WIRE_MAGIC),
		.version = htole16(KTSTR_WIRE_VERSION),
		.flags = htole16(flags),
		.type = htole32(type),
		.stream = htole32(stream),
		.seq = htole32(seq),
		.len = htole32(len),
		.payload_crc = htole32(payload_crc),
	};

	f.header_crc = htole32((uint32_t)crc32(0, (const Bytef *)&f,
					       offsetof(struct ktstr_frame, header_crc)));
	return f;
}

#endif /* GUEST_FRAME_HEAD_H */
