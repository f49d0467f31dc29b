// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz what depmod(8) leaves in lib/modules: the order in which modules are to be loaded
 * has each once, after all that its own line in modules.dep says it needs, and names
 * files of that directory only by what modules.dep has; or there is a sentence.
 *
 * The input is the wanted module's name up to a newline, modules.dep, and behind form
 * feeds modules.softdep and modules.builtin.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/module_tree.h"

#include "fuzz.h"
#include "oracle.h"

#define SIZE_MAX_IN	4000u	/* with @dir no path is too long */
#define HEAP_MAX	(1u << 20)
#define DIR		"/m"
#define NAME_MAX_IN	64u

/** struct line - one of modules.dep or modules.builtin, pieces of a text of its own */
struct line {
	char name[NAME_MAX_IN];
	const char *path;
	char *needs;
};

struct text {
	char buf[SIZE_MAX_IN + 1];
	struct line line[SIZE_MAX_IN];
	size_t nr;
};

static struct text dep, builtin;

/* "a/b-c.ko.xz" is b_c; return: is it a module? */
static bool name_of(const char *path, char name[NAME_MAX_IN])
{
	static const char * const ends[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };
	const char *base = strrchr(path, '/');
	size_t len;

	base = base ? base + 1 : path;
	len = strlen(base);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = len - strlen(ends[i]);

		if (len <= strlen(ends[i]) || strcmp(base + n, ends[i]))
			continue;
		if (n >= NAME_MAX_IN)
			return false;
		for (size_t k = 0; k < n; k++) {
			if (base[k] <= ' ' || base[k] > '~')
				return false;
			name[k] = base[k] == '-' ? '_' : base[k];
		}
		name[n] = '\0';
		return true;
	}
	return false;
}

static void take_text(struct text *t, const char *from)
{
	char *save, *line;

	t->nr = 0;
	strcpy(t->buf, from ? from : "");
	for (line = strtok_r(t->buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct line *l = &t->line[t->nr];
		size_t n = strcspn(line, ": \t\r");

		l->needs = line[n] ? line + n + 1 : line + n;
		line[n] = '\0';
		l->path = line;
		if (name_of(line, l->name))
			t->nr++;
	}
}

static const struct line *find(const struct text *t, const char *name)
{
	for (size_t i = 0; i < t->nr; i++)
		if (!strcmp(t->line[i].name, name))
			return &t->line[i];
	return NULL;
}

static size_t place_of(const struct strv *order, const struct line *l)
{
	char path[SIZE_MAX_IN + 8];
	size_t i;

	snprintf(path, sizeof(path), "%s%s", l->path[0] == '/' ? "" : DIR "/", l->path);
	for (i = 0; i < order->n && strcmp(order->v[i], path); i++)
		;
	return i;
}

/* All that the line needs is loaded before or is built in. */
static void check_needs(const struct strv *order, const struct line *l)
{
	size_t place = place_of(order, l);
	char needs[SIZE_MAX_IN + 1], name[NAME_MAX_IN], *save;

	strcpy(needs, l->needs);
	for (char *w = strtok_r(needs, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		const struct line *need;

		CHECK(name_of(w, name), "%s needs \"%s\", which is no module", l->name, w);
		need = find(&dep, name);
		CHECK(need ? place_of(order, need) < place : !!find(&builtin, name),
		      "%s is loaded without %s", l->name, name);
	}
}

static void check_order(const struct strv *order, const char *wanted)
{
	const struct line *last = find(&dep, wanted);
	size_t found = 0;

	CHECK(last ? order->n && place_of(order, last) == order->n - 1 :
	      !order->n && find(&builtin, wanted), "%s is not the last of %zu", wanted, order->n);
	for (size_t i = 0; i < order->n; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(order->v[i], order->v[k]), "%s is there twice", order->v[i]);
	for (size_t i = 0; i < dep.nr; i++) {
		const struct line *l = &dep.line[i];

		if (find(&dep, l->name) != l || place_of(order, l) == order->n)
			continue;
		check_needs(order, l);
		found++;
	}
	CHECK(found >= order->n, "%zu files of %zu are in modules.dep", found, order->n);
}

static void check_refused(int err, const struct ktstr_error *e, const char *wanted)
{
	bool loop = err == -ELOOP || err == -E2BIG;

	oracle__refused("the tree", err, loop ? err : -EINVAL, -ENOENT, e);
	for (const char *p = e->msg; *p; p++)
		CHECK(*p >= ' ' && *p <= '~', "byte 0x%x in a sentence", (unsigned char)*p);
	/* One module without needs is found, whatever else there is. */
	CHECK(err != -ENOENT || dep.nr != 1 || strcmp(dep.line[0].name, wanted) ||
	      dep.line[0].needs[strspn(dep.line[0].needs, " \t\r")], "%s is there", wanted);
}

static char *piece(char **rest, const char *end_mark)
{
	char *text = strsep(rest, end_mark);

	/* Of exactly its size: ASan sees who reads behind it. */
	return text ? strdup(text) : NULL;
}

static void check(char *in)
{
	struct module_tree t = { .dir = DIR };
	char *name = piece(&in, "\n"), file[SIZE_MAX_IN + 4], wanted[NAME_MAX_IN];
	struct strv order = { 0 };
	struct ktstr_error e = { "" };
	int err;

	/* The name is the caller's own: it is one that can be shown. */
	for (char *p = name; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	t.dep = piece(&in, "\f");
	t.softdep = piece(&in, "\f");
	t.builtin = piece(&in, "\f");
	if (!t.dep)
		t.dep = strdup("");
	take_text(&dep, t.dep);
	take_text(&builtin, t.builtin);
	snprintf(file, sizeof(file), "%s.ko", name);
	err = module_tree__add(&t, name, &order, &e);
	if (strchr(name, '/') || !name_of(file, wanted))
		wanted[0] = '\0';
	if (err)
		check_refused(err, &e, wanted);
	else
		check_order(&order, wanted);
	strv__free(&order);
	module_tree__close(&t);
	free(name);
}

void fuzz__init(void)
{
	oracle__init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[SIZE_MAX_IN + 1];

	if (size > SIZE_MAX_IN)
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	oracle__heap_begin();
	check(text);
	oracle__heap_end("the tree", HEAP_MAX);
	return 0;
}
