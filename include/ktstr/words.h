/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines given as one string, taken apart: on the host to pack what they run, in the
 * guest to run it.
 *
 * Implemented in guest/op_words.c, linked into host and guest.
 */
#ifndef KTSTR_WORDS_H
#define KTSTR_WORDS_H

#include <stddef.h>

#include <ktstr/error.h>

/** struct ktstr_words - a command taken apart; @v points into @text and ends with a NULL */
struct ktstr_words {
	char *text;
	char **v;
	size_t n;
};

/**
 * ktstr_words__split() - split a string into words as a shell does, without expansion
 * @w: result; to be given to ktstr_words__free() after success
 * @s: text; blanks separate words; '...' is literal; in "..." a backslash protects \", \\,
 *	$ and a backquote; outside it protects any byte
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL for an open quote, a trailing backslash, no word at all; -ENOMEM.
 */
int ktstr_words__split(struct ktstr_words *w, const char *s, struct ktstr_error *e);

/** ktstr_words__free() - give it back; again is no harm */
void ktstr_words__free(struct ktstr_words *w);

#endif /* KTSTR_WORDS_H */
