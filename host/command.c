// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splitting and quoting of command lines.
 */
#include <errno.h>
#include <string.h>

#include <ktstr/words.h>

#include "buf.h"
#include "command.h"

#define METACHARS	" \t\n;&|()<>$`\"'{}=\\"

int command__split(const char *s, struct strv *out, struct ktstr_error *e)
{
	struct ktstr_words w;
	int ret;

	if (strlen(s) > COMMAND_BYTES_MAX)
		return ktstr_error_set(e, -E2BIG,
				       "the command is longer than %u bytes; put it into a script",
				       COMMAND_BYTES_MAX);
	ret = ktstr_words__split(&w, s, e);
	if (ret)
		return ret;
	if (w.n > COMMAND_WORDS_MAX)
		ret = ktstr_error_set(e, -E2BIG,
				      "the command has more than %u words; put it into a script",
				      COMMAND_WORDS_MAX);
	for (size_t i = 0; !ret && i < w.n; i++)
		if (strv__add(out, w.v[i]))
			ret = ktstr_error_set(e, -ENOMEM, "out of memory");
	ktstr_words__free(&w);
	return ret;
}

int command__mentioned(const char *s, struct strv *out)
{
	while (*s) {
		size_t len;
		int ret;

		s += strspn(s, METACHARS);
		len = strcspn(s, METACHARS);
		if (!len)
			break;
		if (out->n >= COMMAND_WORDS_MAX)
			return -E2BIG;
		ret = strv__addn(out, s, len);
		if (ret)
			return ret;
		s += len;
	}
	return 0;
}

bool command__needs_shell(const char *s)
{
	return s[strcspn(s, ";&|()<>$`*?[]{}~#\n")] != '\0';
}

static bool is_plain(const char *word)
{
	return *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_-./,:=+@%")];
}

int command__quote(char *dst, size_t size, const char *word)
{
	struct buf b;

	buf__init(&b, size ? size - 1 : 0);
	if (is_plain(word)) {
		buf__add(&b, word, strlen(word));
	} else {
		buf__add(&b, "'", 1);
		for (; *word; word++) {
			if (*word == '\'')
				buf__add(&b, "'\\''", 4);
			else
				buf__add(&b, word, 1);
		}
		buf__add(&b, "'", 1);
	}
	if (!b.err && b.data)
		memcpy(dst, b.data, b.len + 1);
	size = b.err || !b.data ? 1 : 0;
	buf__free(&b);
	return size ? -ENOBUFS : 0;
}
