/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sentences on their way to a person.
 */
#ifndef KTSTR_HOST_SENTENCE_H
#define KTSTR_HOST_SENTENCE_H

#include <stdio.h>

/**
 * sentence__print() - print a word of ours, a sentence and a newline
 * @f: where to
 * @lead: what stands before it, "ktstr: " for an error
 * @text: may quote names of files and other words of strangers
 *
 * It stays one line and commands no terminal: every control character in @text
 * becomes a "?".
 */
void sentence__print(FILE *f, const char *lead, const char *text);

#endif /* KTSTR_HOST_SENTENCE_H */
