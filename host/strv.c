// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of strings.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "strv.h"

int strv__addn(struct strv *l, const char *s, size_t len)
{
	char **v = realloc(l->v, (l->n + 2) * sizeof(*v));
	char *copy;

	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n] = NULL;
	copy = strndup(s, len);
	if (!copy)
		return -ENOMEM;
	v[l->n++] = copy;
	v[l->n] = NULL;
	return 0;
}

int strv__add(struct strv *l, const char *s)
{
	return strv__addn(l, s, strlen(s));
}

bool strv__has(const struct strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}

int strv__set(struct strv *l, size_t i, const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		return -ENOMEM;
	free(l->v[i]);
	l->v[i] = copy;
	return 0;
}

void strv__free(struct strv *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}
