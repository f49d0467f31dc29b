/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sentences on their way to a person.
 */
#ifndef KTSTR_HOST_SENTENCE_H
#define KTSTR_HOST_SENTENCE_H

#include <stdio.h>

/**
 * sentence__print() - print "ktstr: ", a sentence and a newline
 * @f: where to
 * @text: may quote names of files and other words of strangers
 *
 * It stays one line and commands no terminal: every control character becomes a "?".
 */
void sentence__print(FILE *f, const char *text);

#endif /* KTSTR_HOST_SENTENCE_H */
