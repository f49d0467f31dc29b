// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames in a bounded ring of bytes.
 */
#include <endian.h>
#include <string.h>

#include "bulk_ring.h"
#include "frame_head.h"

_Static_assert(BULK_RING_SIZE - BULK_RING_RESERVE >=
	       KTSTR_WIRE_PAYLOAD_MAX + sizeof(struct ktstr_frame),
	       "the longest frame of a stream must fit into an empty ring");

bool bulk_ring__fits(const struct bulk_ring *r, size_t len, size_t reserve)
{
	return r->head - r->tail + sizeof(struct ktstr_frame) + len + reserve <= BULK_RING_SIZE;
}

static void append(struct bulk_ring *r, const void *src, size_t len)
{
	size_t at = r->head % BULK_RING_SIZE;
	size_t first = BULK_RING_SIZE - at < len ? BULK_RING_SIZE - at : len;

	if (!len)
		return;
	memcpy(r->bytes + at, src, first);
	memcpy(r->bytes, (const uint8_t *)src + first, len - first);
	r->head += len;
}

void bulk_ring__put(struct bulk_ring *r, uint32_t type, uint16_t flags, const void *payload,
		    size_t len, uint32_t payload_crc)
{
	struct ktstr_frame f = frame_head(type, flags, 0, r->seq++, (uint32_t)len, payload_crc);

	append(r, &f, sizeof(f));
	append(r, payload, len);
}

size_t bulk_ring__peek(const struct bulk_ring *r, const void **out)
{
	size_t at = r->tail % BULK_RING_SIZE;
	size_t used = (size_t)(r->head - r->tail);

	*out = r->bytes + at;
	return used < BULK_RING_SIZE - at ? used : BULK_RING_SIZE - at;
}

/* Of the frame at @pos; its header may lie across the seam. */
static size_t frame_bytes(const struct bulk_ring *r, uint64_t pos)
{
	struct ktstr_frame f;

	for (size_t i = 0; i < sizeof(f); i++)
		((uint8_t *)&f)[i] = r->bytes[(pos + i) % BULK_RING_SIZE];
	return sizeof(f) + le32toh(f.len);
}

size_t bulk_ring__frames(const struct bulk_ring *r, size_t max)
{
	size_t sum = 0, next;

	for (uint64_t pos = r->tail; pos != r->head; pos += next, sum += next) {
		next = frame_bytes(r, pos);
		if (sum && sum + next > max)
			break;
	}
	return sum;
}

void bulk_ring__consume(struct bulk_ring *r, size_t len)
{
	r->tail += len;
}

bool bulk_ring__empty(const struct bulk_ring *r)
{
	return r->head == r->tail;
}
