// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command lines taken apart.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/words.h>

/* What a word is in while it is read. */
struct splitter {
	const char *in;
	char *out;
	char quote;		/* ' or ", or 0 */
	bool in_word;
};

/* One byte of @s->in, or a word's end; return: -EINVAL when a backslash is the last byte. */
static int split_byte(struct splitter *s, char ***word)
{
	char c = *s->in++;

	if (s->quote ? c == s->quote : c == '\'' || c == '"') {
		if (!s->in_word)
			*(*word)++ = s->out;
		s->in_word = true;
		s->quote = s->quote ? 0 : c;
		return 0;
	}
	if (!s->quote && (c == ' ' || c == '\t' || c == '\n')) {
		if (s->in_word)
			*s->out++ = '\0';
		s->in_word = false;
		return 0;
	}
	if (c == '\\' && (!s->quote || (s->quote == '"' && *s->in && strchr("\"\\$`", *s->in)))) {
		if (!*s->in)
			return -EINVAL;
		c = *s->in++;
	}
	if (!s->in_word)
		*(*word)++ = s->out;
	s->in_word = true;
	*s->out++ = c;
	return 0;
}

int ktstr_words__split(struct ktstr_words *w, const char *cmd, struct ktstr_error *e)
{
	size_t len = strlen(cmd);
	struct splitter s = { .in = cmd };
	char **word;
	int err = 0;

	/* A word takes two bytes at least: itself, and the blank or end behind it. */
	w->text = malloc(len + 1);
	w->v = calloc(len / 2 + 2, sizeof(*w->v));
	if (!w->text || !w->v) {
		ktstr_words__free(w);
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	}
	s.out = w->text;
	word = w->v;
	while (!err && *s.in)
		err = split_byte(&s, &word);
	*s.out = '\0';
	w->n = (size_t)(word - w->v);
	if (!err && !s.quote && w->n)
		return 0;
	ktstr_words__free(w);
	if (err || s.quote)
		return ktstr_error_set(e, -EINVAL,
				       "the command %.200s has an open quote or ends in a backslash",
				       cmd);
	return ktstr_error_set(e, -EINVAL, "the command is empty; name a program");
}

void ktstr_words__free(struct ktstr_words *w)
{
	free(w->text);
	free(w->v);
	w->text = NULL;
	w->v = NULL;
}
