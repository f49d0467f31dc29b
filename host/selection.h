/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which tests are meant: names, globs and tags.
 */
#ifndef KTSTR_HOST_SELECTION_H
#define KTSTR_HOST_SELECTION_H

#include <stdbool.h>

#include <ktstr/test.h>

#include "strv.h"

#define SELECTION_MAX	1000u	/* tests of one call */

/**
 * struct catalog - tests in the order of their names
 * @v: they; NULL behind the last
 * @n: how many
 */
struct catalog {
	const struct ktstr_test **v;
	size_t n;
};

/**
 * catalog__linked() - the tests of this program
 * @c: result; catalog__free() in any case
 * @e: sentence on failure
 *
 * Return: 0; -EEXIST when two have one name, and nobody could say which was meant; -ENOMEM.
 */
int catalog__linked(struct catalog *c, struct ktstr_error *e);

/** catalog__free() - give the list back */
void catalog__free(struct catalog *c);

/**
 * selection__next_tag() - the next of a test's tags
 * @tags: in: where to look, or NULL; out: behind the tag
 * @len: bytes of the tag
 *
 * Return: the tag, not terminated; NULL: there is none any more.
 */
const char *selection__next_tag(const char **tags, size_t *len);

/**
 * selection__make() - the tests that words and tags mean
 * @c: catalog
 * @words: names, and globs as of fnmatch(3) whose '*' takes a '/', too; none: all tests
 * @tags: lists "tag,tag,!tag": one of its tags, and none of those behind a '!'; a test
 *	must satisfy every list
 * @names: the names are appended here
 * @e: sentence on failure; it names the word, and what is nearest to it
 *
 * A name counts as often as it stands there; a glob adds, in the order of names, what is
 * not there yet. A word that leaves nothing and a tag that no test has are errors.
 * Return: 0, -EINVAL or -ENOMEM.
 */
int selection__make(const struct catalog *c, const struct strv *words, const struct strv *tags,
		    struct strv *names, struct ktstr_error *e);

#endif /* KTSTR_HOST_SELECTION_H */
