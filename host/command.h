/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command lines given as one string: --sched and --exec.
 */
#ifndef KTSTR_HOST_COMMAND_H
#define KTSTR_HOST_COMMAND_H

#include "strv.h"

#define COMMAND_BYTES_MAX	(16u << 10)	/* escaped it still fits into a plan */
#define COMMAND_WORDS_MAX	256u

/**
 * command__split() - split a string into words as a shell does, without expansion
 * @s: text; blanks separate words; '...' is literal; in "..." a backslash
 *	protects \", \\, $ and a backquote; outside it protects any byte
 * @out: words are appended here, possibly some even on failure
 * @e: sentence on failure
 *
 * Return: 0; -EINVAL for an open quote, a trailing backslash, no word at all;
 * -E2BIG past %COMMAND_BYTES_MAX or %COMMAND_WORDS_MAX; -ENOMEM.
 */
int command__split(const char *s, struct strv *out, struct ktstr_error *e);

/**
 * command__mentioned() - every word in @s that may name a program
 * @s: an argument, perhaps a piece of shell script
 * @out: words between blanks and shell metacharacters
 *
 * Return: 0, -E2BIG past %COMMAND_WORDS_MAX, or -ENOMEM.
 */
int command__mentioned(const char *s, struct strv *out);

/** command__needs_shell() - does @s hold shell syntax that command__split() does not know? */
bool command__needs_shell(const char *s);

/**
 * command__quote() - write a word so that a shell reads it back as one word
 * @dst: where to, NUL terminated
 * @size: room in bytes
 * @word: the word
 *
 * Return: 0, or -ENOBUFS when it does not fit.
 */
int command__quote(char *dst, size_t size, const char *word);

#endif /* KTSTR_HOST_COMMAND_H */
