/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A list of strings that ends in NULL, as execv() wants it.
 */
#ifndef KTSTR_HOST_STRV_H
#define KTSTR_HOST_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include <ktstr/error.h>

/** struct strv - @n strings in @v, followed by a NULL; @v is NULL when nothing was ever added */
struct strv {
	char **v;
	size_t n;
};

/** strv__addn() - append a copy of @len bytes of @s; return: 0 or -ENOMEM */
int strv__addn(struct strv *l, const char *s, size_t len);

/** strv__add() - append a copy of @s; return: 0 or -ENOMEM */
int strv__add(struct strv *l, const char *s);

/** strv__has() - is @s in the list? */
bool strv__has(const struct strv *l, const char *s);

/** strv__set() - replace string @i by a copy of @s; return: 0 or -ENOMEM */
int strv__set(struct strv *l, size_t i, const char *s);

/** strv__free() - give everything back and empty the list */
void strv__free(struct strv *l);

#endif /* KTSTR_HOST_STRV_H */
