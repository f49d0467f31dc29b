// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reader of the frames that the host sends on port 1.
 */
#include <endian.h>
#include <string.h>
#include <zlib.h>

#include "reply.h"

static bool header_good(const struct ktstr_frame *f)
{
	uLong crc = crc32(0, (const Bytef *)f, offsetof(struct ktstr_frame, header_crc));

	return le32toh(f->magic) == KTSTR_WIRE_MAGIC &&
	       le16toh(f->version) == KTSTR_WIRE_VERSION &&
	       le32toh(f->len) <= KTSTR_WIRE_PAYLOAD_MAX && le32toh(f->header_crc) == crc;
}

static void take_header(struct reply *r)
{
	struct ktstr_frame f;

	memcpy(&f, r->head, sizeof(f));
	if (!header_good(&f)) {
		memmove(r->head, r->head + 1, --r->have);
		r->bad_bytes++;
		return;
	}
	r->have = 0;
	r->skip = le32toh(f.len);
	r->in_ping = le32toh(f.type) == KTSTR_T_PING && r->skip == sizeof(r->ping);
	r->ping_have = 0;
	r->ping_crc = le32toh(f.payload_crc);
	if (le32toh(f.type) == KTSTR_T_ACKR)
		r->acks++;
	else if (!r->in_ping)
		r->others++;
}

/* Payload goes by; that of a PING is kept. */
static void take_payload(struct reply *r, const uint8_t *p, size_t n)
{
	r->skip -= n;
	if (!r->in_ping)
		return;
	memcpy((uint8_t *)&r->ping + r->ping_have, p, n);
	r->ping_have += n;
	if (r->skip)
		return;
	r->in_ping = false;
	if (crc32(0, (const Bytef *)&r->ping, sizeof(r->ping)) != r->ping_crc)
		return;
	r->pings++;
	if (r->on_ping)
		r->on_ping(r->arg, le64toh(r->ping.id));
}

void reply__feed(struct reply *r, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	size_t n;

	while (len) {
		if (r->skip) {
			n = len < r->skip ? len : r->skip;
			take_payload(r, p, n);
		} else {
			n = sizeof(r->head) - r->have;
			n = len < n ? len : n;
			memcpy(r->head + r->have, p, n);
			r->have += n;
			if (r->have == sizeof(r->head))
				take_header(r);
		}
		p += n;
		len -= n;
	}
}
