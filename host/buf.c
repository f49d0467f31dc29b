// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growing memory, tails of streams, and cleaning of foreign text.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define BUF_FIRST_CAP	256u

void buf__init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

static int buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST_CAP;
	char *data;

	if (b->err)
		return b->err;
	if (more > b->max - b->len)
		return b->err = -ENOBUFS;
	while (cap < b->len + more + 1)
		cap *= 2;
	if (cap == b->cap)
		return 0;
	data = realloc(b->data, cap);
	if (!data)
		return b->err = -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

int buf__add(struct buf *b, const void *data, size_t len)
{
	int ret = buf_reserve(b, len);

	if (ret)
		return ret;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf__printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int len, ret;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);

	ret = len < 0 ? (b->err = -EINVAL) : buf_reserve(b, len);
	if (!ret) {
		vsnprintf(b->data + b->len, len + 1, fmt, again);
		b->len += len;
	}
	va_end(again);
	return ret;
}

void buf__free(struct buf *b)
{
	free(b->data);
	buf__init(b, b->max);
}

void tail__add(struct tail *t, const void *data, size_t len)
{
	const char *p = data;

	t->total += len;
	if (len > TAIL_BYTES) {
		p += len - TAIL_BYTES;
		len = TAIL_BYTES;
	}
	if (len > sizeof(t->data) - t->len) {
		size_t keep = t->len < TAIL_BYTES ? t->len : TAIL_BYTES;

		/* Halving at once keeps the cost per byte constant. */
		memmove(t->data, t->data + t->len - keep, keep);
		t->len = keep;
	}
	memcpy(t->data + t->len, p, len);
	t->len += len;
}

const char *tail__lines(const struct tail *t, unsigned int lines, size_t *len)
{
	size_t at = t->len;

	if (at && t->data[at - 1] == '\n')
		at--;
	while (at && lines) {
		if (t->data[at - 1] == '\n' && --lines == 0)
			break;
		at--;
	}
	*len = t->len - at;
	return t->data + at;
}

static char clean_byte(unsigned char c)
{
	if (c == '\t' || c == '\n' || c == '\r')
		return ' ';
	return c < 0x20 || c > 0x7e ? '?' : (char)c;
}

void text__clean(char *dst, size_t size, const char *src, size_t len)
{
	size_t n = 0;

	while (n < len && n + 1 < size && src[n]) {
		dst[n] = clean_byte((unsigned char)src[n]);
		n++;
	}
	while (n && dst[n - 1] == ' ')
		n--;
	dst[n] = '\0';
}
