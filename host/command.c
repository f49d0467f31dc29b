// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splitting and quoting of command lines.
 */
#include <errno.h>
#include <string.h>

#include "buf.h"
#include "command.h"

#define BLANKS		" \t\n"
#define METACHARS	BLANKS ";&|()<>$`\"'{}=\\"

/* One word's worth of state; a quoted empty word is a word, nothing is not. */
struct splitter {
	const char *at;
	struct buf word;
	bool in_word;
};

static bool escapes_in_quotes(char c)
{
	return c == '"' || c == '\\' || c == '$' || c == '`';
}

static int split_single(struct splitter *s)
{
	const char *end = strchr(++s->at, '\'');

	if (!end)
		return -EINVAL;
	buf__add(&s->word, s->at, end - s->at);
	s->at = end + 1;
	return 0;
}

static int split_double(struct splitter *s)
{
	for (s->at++; *s->at != '"'; s->at++) {
		if (s->at[0] == '\\' && escapes_in_quotes(s->at[1]))
			s->at++;
		if (!*s->at)
			return -EINVAL;
		buf__add(&s->word, s->at, 1);
	}
	s->at++;
	return 0;
}

static int split_piece(struct splitter *s)
{
	s->in_word = true;
	if (*s->at == '\'')
		return split_single(s);
	if (*s->at == '"')
		return split_double(s);
	if (*s->at == '\\' && !*++s->at)
		return -EINVAL;
	buf__add(&s->word, s->at++, 1);
	return 0;
}

static int split_word(struct splitter *s, struct strv *out)
{
	int ret = 0;

	s->at += strspn(s->at, BLANKS);
	s->word.len = 0;
	s->in_word = false;
	while (!ret && *s->at && !strchr(BLANKS, *s->at))
		ret = split_piece(s);
	if (ret || !s->in_word)
		return ret;
	if (out->n >= COMMAND_WORDS_MAX)
		return -E2BIG;
	if (s->word.err)
		return s->word.err;
	return strv__addn(out, s->word.data ? s->word.data : "", s->word.len);
}

int command__split(const char *s, struct strv *out, struct ktstr_error *e)
{
	struct splitter sp = { .at = s };
	size_t before = out->n;
	int ret = 0;

	if (strlen(s) > COMMAND_BYTES_MAX)
		return ktstr_error_set(e, -E2BIG,
				       "the command is longer than %u bytes; put it into a script",
				       COMMAND_BYTES_MAX);
	buf__init(&sp.word, COMMAND_BYTES_MAX);
	while (!ret && *sp.at)
		ret = split_word(&sp, out);
	buf__free(&sp.word);

	if (ret == -EINVAL)
		return ktstr_error_set(e, ret,
				       "the command %.200s has an open quote or ends in a backslash", s);
	if (ret == -E2BIG)
		return ktstr_error_set(e, ret,
				       "the command has more than %u words; put it into a script",
				       COMMAND_WORDS_MAX);
	if (ret)
		return ktstr_error_set(e, ret, "out of memory");
	if (out->n == before)
		return ktstr_error_set(e, -EINVAL, "the command is empty; name a program");
	return 0;
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
