// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "reply_frame.h"

int reply_frame__send(struct reply_frames *r, uint32_t type, const void *payload, uint32_t len)
{
	uint8_t buf[sizeof(struct ktstr_frame) + REPLY_PAYLOAD_MAX];
	struct ktstr_frame h = {
		.magic		= htole32(KTSTR_WIRE_MAGIC),
		.version	= htole16(KTSTR_WIRE_VERSION),
		.type		= htole32(type),
		.seq		= htole32(r->seq),
		.len		= htole32(len),
	};
	int ret;

	if (len > REPLY_PAYLOAD_MAX)
		return -E2BIG;
	if (len)
		memcpy(buf + sizeof(h), payload, len);
	h.payload_crc = htole32(crc32(0, buf + sizeof(h), len));
	h.header_crc = htole32(crc32(0, (const Bytef *)&h, sizeof(h) - 4));
	memcpy(buf, &h, sizeof(h));
	ret = r->write(r->arg, buf, sizeof(h) + len);
	if (!ret)
		r->seq++;
	return ret;
}
