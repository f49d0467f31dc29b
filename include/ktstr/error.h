/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One sentence for a person: what happened, to what, what to do.
 */
#ifndef KTSTR_ERROR_H
#define KTSTR_ERROR_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/** struct ktstr_error - where a failing call leaves its sentence, without a final newline */
struct ktstr_error {
	char msg[512];
};

/**
 * ktstr_error_set() - record a sentence and pass an error number on
 * @e: where to; may be NULL when the caller does not want the sentence
 * @err: negative errno, returned as it is, so that a caller can write
 *	"return ktstr_error_set(e, -ENOENT, ...)"
 * @fmt: printf format of the sentence
 *
 * Return: @err.
 */
static inline int __attribute__((format(printf, 3, 4)))
ktstr_error_set(struct ktstr_error *e, int err, const char *fmt, ...)
{
	va_list ap;

	if (e) {
		va_start(ap, fmt);
		/* What does not fit, a long path for example, is seen to be cut. */
		if (vsnprintf(e->msg, sizeof(e->msg), fmt, ap) >= (int)sizeof(e->msg))
			memcpy(e->msg + sizeof(e->msg) - 4, "...", 4);
		va_end(ap);
	}
	return err;
}

#endif /* KTSTR_ERROR_H */
