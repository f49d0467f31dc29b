// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selection of tests. A misspelt word must never leave fewer tests in silence.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/nearest.h>
#include "selection.h"

static int by_name(const void *a, const void *b)
{
	const struct ktstr_test *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

int catalog__linked(struct catalog *c, struct ktstr_error *e)
{
	const struct ktstr_test *twin = ktstr_test__namesake();
	size_t n = 0;

	while (ktstr_test__at(n))
		n++;
	c->v = calloc(n + 1, sizeof(*c->v));
	c->n = c->v ? n : 0;
	for (size_t i = 0; i < c->n; i++)
		c->v[i] = ktstr_test__at(i);
	/* The linker's order is that of the files. */
	if (c->v)
		qsort(c->v, c->n, sizeof(*c->v), by_name);
	if (!c->v)
		return ktstr_error_set(e, -ENOMEM, "out of memory");
	if (twin)
		return ktstr_error_set(e, -EEXIST,
				       "two tests are called %.100s; give each a name of its own",
				       twin->name);
	return 0;
}

void catalog__free(struct catalog *c)
{
	free(c->v);
	c->v = NULL;
	c->n = 0;
}

static bool is_glob(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

const char *selection__next_tag(const char **tags, size_t *len)
{
	const char *tag = *tags ? *tags + strspn(*tags, " ") : "";

	*len = strcspn(tag, " ");
	*tags = tag + *len;
	return *len ? tag : NULL;
}

static bool has_tag(const struct ktstr_test *test, const char *tag, size_t len)
{
	const char *p = test->tags, *one;
	size_t n;

	while ((one = selection__next_tag(&p, &n)))
		if (n == len && !memcmp(one, tag, len))
			return true;
	return false;
}

/* The next tag of a list: its length, 0 at the end; @not: it stands behind a '!'. */
static size_t next_tag(const char **p, const char **tag, bool *not)
{
	size_t n;

	*p += strspn(*p, ",");
	*not = **p == '!';
	*p += *not;
	*tag = *p;
	n = strcspn(*p, ",");
	*p += n;
	return n;
}

static bool list_takes(const char *list, const struct ktstr_test *test)
{
	bool wanted = false, found = false, not;
	const char *tag;
	size_t len;

	while ((len = next_tag(&list, &tag, &not))) {
		bool has = has_tag(test, tag, len);

		if (not && has)
			return false;
		wanted |= !not;
		found |= !not && has;
	}
	return found || !wanted;
}

static bool takes(const struct strv *tags, const struct ktstr_test *test)
{
	for (size_t i = 0; i < tags->n; i++)
		if (!list_takes(tags->v[i], test))
			return false;
	return true;
}

static bool is_tag(const struct catalog *c, const char *tag, size_t len)
{
	for (size_t i = 0; i < c->n; i++)
		if (has_tag(c->v[i], tag, len))
			return true;
	return false;
}

static void try_tags(struct nearest *n, const char *tags, struct strv *keep)
{
	const char *tag;
	size_t len;

	while ((tag = selection__next_tag(&tags, &len)))
		if (!strv__addn(keep, tag, len))
			nearest__try(n, keep->v[keep->n - 1]);
}

static int unknown_tag(const struct catalog *c, const char *tag, size_t len, struct ktstr_error *e)
{
	struct strv keep = { 0 };
	struct nearest n;
	const char *found;

	if (strv__addn(&keep, tag, len))
		return -ENOMEM;
	n = nearest__begin(keep.v[0]);
	for (size_t i = 0; i < c->n; i++)
		try_tags(&n, c->v[i]->tags, &keep);
	found = nearest__found(&n);
	ktstr_error_set(e, -EINVAL, "--tag: no scenario has the tag \"%.60s\"; %s%.60s%s", n.word,
			found ? "did you mean " : "see ktstr list --json for the tags",
			found ? found : "", found ? "?" : "");
	strv__free(&keep);
	return -EINVAL;
}

static int check_list(const struct catalog *c, const char *list, struct ktstr_error *e)
{
	const char *p = list, *tag;
	size_t len, nr = 0;
	bool not;

	while ((len = next_tag(&p, &tag, &not))) {
		if (!is_tag(c, tag, len))
			return unknown_tag(c, tag, len, e);
		nr++;
	}
	/* An empty tag ends the list early, and so does a '!' without one. */
	return nr && !*p && !not ? 0 : ktstr_error_set(e, -EINVAL,
					       "--tag \"%.60s\" is no list of tags; give tags such as wake,!slow",
					       list);
}

static bool is_group(const struct catalog *c, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < c->n; i++)
		if (!strncmp(c->v[i]->name, word, len) && c->v[i]->name[len] == '/')
			return true;
	return false;
}

static int unknown_name(const struct catalog *c, const char *word, struct ktstr_error *e)
{
	bool glob = is_glob(word);
	struct nearest n = nearest__begin(word);
	const char *found;

	if (is_group(c, word))
		return ktstr_error_set(e, -EINVAL,
				       "%.60s is a group of scenarios; for all of them say '%.60s/*'",
				       word, word);
	for (size_t i = 0; i < c->n; i++)
		nearest__try(&n, c->v[i]->name);
	found = nearest__found(&n);
	if (found)
		return ktstr_error_set(e, -EINVAL, "%s %.100s; the nearest is %.60s",
				       glob ? "no scenario matches" : "there is no scenario", word,
				       found);
	return ktstr_error_set(e, -EINVAL, "%s %.100s; see ktstr list",
			       glob ? "no scenario matches" : "there is no scenario", word);
}

static int add(struct strv *names, const char *name, struct ktstr_error *e)
{
	if (names->n >= SELECTION_MAX)
		return ktstr_error_set(e, -EINVAL, "more than %u scenarios; run ktstr more often",
				       SELECTION_MAX);
	return strv__add(names, name);
}

static bool matches(const char *word, bool glob, const char *name)
{
	return glob ? !fnmatch(word, name, 0) : !strcmp(word, name);
}

static int add_word(const struct catalog *c, const char *word, const struct strv *tags,
		    struct strv *names, struct ktstr_error *e)
{
	bool glob = is_glob(word);
	size_t matched = 0, taken = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < c->n; i++) {
		const char *name = c->v[i]->name;

		if (!matches(word, glob, name))
			continue;
		matched++;
		if (!takes(tags, c->v[i]))
			continue;
		taken++;
		if (!glob || !strv__has(names, name))
			ret = add(names, name, e);
	}
	if (ret)
		return ret;
	if (!matched)
		return unknown_name(c, word, e);
	return taken ? 0 : ktstr_error_set(e, -EINVAL,
					   "--tag leaves nothing of %.100s; leave one of the two out",
					   word);
}

int selection__make(const struct catalog *c, const struct strv *words, const struct strv *tags,
		    struct strv *names, struct ktstr_error *e)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < tags->n; i++)
		ret = check_list(c, tags->v[i], e);
	if (!ret && !words->n)
		ret = add_word(c, "*", tags, names, e);
	for (size_t i = 0; !ret && i < words->n; i++)
		ret = add_word(c, words->v[i], tags, names, e);
	return ret == -ENOMEM ? ktstr_error_set(e, ret, "out of memory") : ret;
}
