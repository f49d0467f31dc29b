/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protocol buffer wire format, writing only: varints and length-delimited fields.
 *
 * A message goes into a buffer of a fixed size; one that does not fit sets @full and
 * is not to be used. A nested message is written in place: its length has room for
 * %PROTOBUF_LEN bytes and is filled in at the end, padded, as the format allows.
 */
#ifndef KTSTR_HOST_PROTOBUF_PUT_H
#define KTSTR_HOST_PROTOBUF_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PROTOBUF_LEN	3u	/* a nested message is shorter than 2 MiB */

/** struct protobuf - @len of @size bytes of @data are used; @full: something did not fit */
struct protobuf {
	uint8_t *data;
	size_t size;
	size_t len;
	bool full;
};

static inline void protobuf_put_byte(struct protobuf *p, uint8_t byte)
{
	if (p->len < p->size)
		p->data[p->len++] = byte;
	else
		p->full = true;
}

static inline void protobuf_put_varint(struct protobuf *p, uint64_t value)
{
	while (value >= 0x80) {
		protobuf_put_byte(p, (uint8_t)value | 0x80);
		value >>= 7;
	}
	protobuf_put_byte(p, value);
}

/** protobuf_put_uint() - an (u)int32, (u)int64, bool or enum; negative ones sign-extended */
static inline void protobuf_put_uint(struct protobuf *p, uint32_t field, uint64_t value)
{
	protobuf_put_varint(p, (uint64_t)field << 3);
	protobuf_put_varint(p, value);
}

static inline void protobuf_put_bytes(struct protobuf *p, uint32_t field, const void *data,
				      size_t len)
{
	protobuf_put_varint(p, (uint64_t)field << 3 | 2);
	protobuf_put_varint(p, len);
	if (len > p->size - p->len) {
		p->full = true;
		return;
	}
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

static inline void protobuf_put_string(struct protobuf *p, uint32_t field, const char *s)
{
	protobuf_put_bytes(p, field, s, strlen(s));
}

/** protobuf_begin() - a nested message; return: what protobuf_end() wants */
static inline size_t protobuf_begin(struct protobuf *p, uint32_t field)
{
	size_t at;

	protobuf_put_varint(p, (uint64_t)field << 3 | 2);
	at = p->len;
	for (uint32_t i = 0; i < PROTOBUF_LEN; i++)
		protobuf_put_byte(p, 0);
	return at;
}

/** protobuf_end() - the nested message that began there is complete */
static inline void protobuf_end(struct protobuf *p, size_t at)
{
	size_t len = p->len - at - PROTOBUF_LEN;

	if (p->full)
		return;
	for (uint32_t i = 0; i < PROTOBUF_LEN; i++) {
		p->data[at + i] = (len & 0x7f) | (i + 1 < PROTOBUF_LEN ? 0x80 : 0);
		len >>= 7;
	}
}

#endif /* KTSTR_HOST_PROTOBUF_PUT_H */
