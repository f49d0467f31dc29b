// SPDX-License-Identifier: GPL-2.0-only
/*
 * The embedded configuration of a kernel: a mark, a gzip stream, another mark.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "kernel_config.h"

#define MARK		"IKCFG_ST"
#define WBITS_GZIP	(15 + 16)	/* inflateInit2(): a gzip header, largest window */

/*
 * Advance the match of the mark by one byte. The mark has no second "I": a
 * match that fails can only start again at this byte or after it.
 */
static unsigned int match_byte(unsigned int matched, char byte)
{
	if (byte == MARK[matched])
		return matched + 1;
	return byte == MARK[0];
}

/* Return: bytes of @buf up to the end of the mark, or @len without one. */
static size_t find_mark(struct ikconfig_scan *s, const char *buf, size_t len)
{
	size_t i = 0;

	while (i < len && s->matched < IKCONFIG_MARK_LEN) {
		if (!s->matched) {
			const char *next = memchr(buf + i, MARK[0], len - i);

			if (!next)
				return len;
			i = (size_t)(next - buf);
		}
		s->matched = match_byte(s->matched, buf[i++]);
	}
	return i;
}

/**
 * ikconfig_scan__feed() - look at the next piece
 * @s: zeroed before the first piece
 * @buf: bytes that follow those of the last piece
 * @len: how many
 *
 * Return: 0 or -ENOMEM.
 */
int ikconfig_scan__feed(struct ikconfig_scan *s, const void *buf, size_t len)
{
	const uint8_t *at = buf;
	size_t skip, take;

	if (!s->found) {
		skip = find_mark(s, buf, len);
		at += skip;
		len -= skip;
		if (s->matched < IKCONFIG_MARK_LEN)
			return 0;
		s->gz = malloc(IKCONFIG_GZ_MAX);
		if (!s->gz)
			return -ENOMEM;
		s->found = true;
	}
	take = IKCONFIG_GZ_MAX - s->gz_len < len ? IKCONFIG_GZ_MAX - s->gz_len : len;
	memcpy(s->gz + s->gz_len, at, take);
	s->gz_len += take;
	return 0;
}

/** ikconfig_scan__full() - would further pieces change nothing? */
bool ikconfig_scan__full(const struct ikconfig_scan *s)
{
	return s->gz_len == IKCONFIG_GZ_MAX;
}

/* Inflate into @text; return: bytes, 0 unless the stream ends within them. */
static size_t inflate_all(const struct ikconfig_scan *s, char *text, size_t room)
{
	z_stream z = {
		.next_in = s->gz,
		.avail_in = (uInt)s->gz_len,
		.next_out = (Bytef *)text,
		.avail_out = (uInt)room,
	};
	int ret;

	if (inflateInit2(&z, WBITS_GZIP) != Z_OK)
		return 0;
	ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return ret == Z_STREAM_END ? room - z.avail_out : 0;
}

/**
 * ikconfig_scan__text() - the configuration that was found
 * @s: after the last piece
 *
 * Return: text, NUL terminated, to be freed; NULL when none was found, or it
 * is damaged, or larger than %KERNEL_CONFIG_MAX.
 */
char *ikconfig_scan__text(const struct ikconfig_scan *s)
{
	char *text;
	size_t len;

	if (!s->found)
		return NULL;
	text = malloc(KERNEL_CONFIG_MAX + 1);
	if (!text)
		return NULL;
	len = inflate_all(s, text, KERNEL_CONFIG_MAX);
	if (!len) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/** ikconfig_scan__free() - give memory back; @s may be used for another stream */
void ikconfig_scan__free(struct ikconfig_scan *s)
{
	free(s->gz);
	memset(s, 0, sizeof(*s));
}

/**
 * kernel_config__has() - is there a line "option=value"?
 * @text: configuration
 * @option: for example "CONFIG_SMP"
 * @value: 'y' or 'm'
 */
bool kernel_config__has(const char *text, const char *option, char value)
{
	size_t len = strlen(option);

	for (const char *p = strstr(text, option); p; p = strstr(p + 1, option)) {
		if (p != text && p[-1] != '\n')
			continue;
		if (p[len] == '=' && p[len + 1] == value &&
		    (p[len + 2] == '\n' || p[len + 2] == '\0'))
			return true;
	}
	return false;
}
