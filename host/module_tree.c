// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/modules/RELEASE: its text files are small and their form is fixed, see
 * modules.dep(5) and modprobe.d(5). Nothing in them is trusted to make sense.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "module_tree.h"

#define TEXT_MAX	(32u << 20)	/* modules.dep of a distribution has under 1 MiB */
#define MODULES_MAX	64u		/* loaded for one driver and what it needs */
#define NAME_LEN_MAX	64u		/* bytes, as MODULE_NAME_LEN in the kernel */

static const char * const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };

/* One walk: what is being added leads to a module that needs itself. */
struct walk {
	const struct module_tree *t;
	struct strv *order;
	struct strv open;
	struct ktstr_error *e;
};

static int add(struct walk *w, const char *name);

bool module_tree__name(const char *path, size_t len, char *name, size_t size)
{
	const char *base = memrchr(path, '/', len);
	size_t n = 0;

	base = base ? base + 1 : path;
	len -= (size_t)(base - path);
	for (size_t i = 0; !n && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t s = strlen(suffixes[i]);

		if (len > s && !memcmp(base + len - s, suffixes[i], s))
			n = len - s;
	}
	if (!n || n >= size)
		return false;
	for (size_t i = 0; i < n; i++) {
		/* Sentences have names in them, and end on a terminal. */
		if (base[i] <= ' ' || base[i] > '~')
			return false;
		name[i] = base[i] == '-' ? '_' : base[i];
	}
	name[n] = '\0';
	return true;
}

static bool is_tree(const char *dir)
{
	struct stat st;

	return !stat(dir, &st) && S_ISDIR(st.st_mode);
}

static int find_dir(struct module_tree *t, const char *kernel, const char *release)
{
	static const char * const places[] = { "/../lib/modules/", "/lib/modules/" };
	char dir[PATH_MAX], raw[PATH_MAX];

	if (path__dirname(dir, sizeof(dir), kernel))
		return -ENAMETOOLONG;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if ((size_t)snprintf(raw, sizeof(raw), "%s%s%s", dir, places[i], release) <
		    sizeof(raw) && !path__absolute(t->dir, sizeof(t->dir), raw) && is_tree(t->dir))
			return 0;
		if (i == 0 && !strcmp(path__basename(dir), release) &&
		    (size_t)snprintf(t->dir, sizeof(t->dir), "%s", dir) < sizeof(t->dir))
			return 0;
	}
	snprintf(t->dir, sizeof(t->dir), "/lib/modules/%s", release);
	return is_tree(t->dir) ? 0 : -ENOENT;
}

static int read_text(const struct module_tree *t, const char *name, char **text,
		     struct ktstr_error *e)
{
	char path[PATH_MAX];
	void *data;
	size_t len;
	int ret = path__join(path, sizeof(path), t->dir, name);

	if (ret)
		return ktstr_error_set(e, ret, "%s: the path is too long", t->dir);
	if (!file__exists(path))
		return -ENOENT;
	ret = file__read(path, TEXT_MAX, &data, &len, NULL, e);
	if (!ret)
		*text = data;
	return ret;
}

int module_tree__open(struct module_tree *t, const char *kernel, const char *release,
		      struct ktstr_error *e)
{
	int ret;

	memset(t, 0, sizeof(*t));
	ret = find_dir(t, kernel, release);
	if (ret)
		return ktstr_error_set(e, ret,
				       "the modules of %s are not here: there is no lib/modules/%s beside its directory nor /lib/modules/%s; install or unpack the kernel's whole package",
				       kernel, release, release);
	ret = read_text(t, "modules.dep", &t->dep, e);
	if (ret == -ENOENT)
		return ktstr_error_set(e, ret,
				       "there is no %s/modules.dep; make it with \"depmod -b DIR %s\", DIR being what lib/modules is in",
				       t->dir, release);
	if (!ret)
		ret = read_text(t, "modules.softdep", &t->softdep, e);
	if (!ret || ret == -ENOENT)
		ret = read_text(t, "modules.builtin", &t->builtin, e);
	return ret == -ENOENT ? 0 : ret;
}

void module_tree__close(struct module_tree *t)
{
	free(t->dep);
	free(t->softdep);
	free(t->builtin);
	t->dep = NULL;
	t->softdep = NULL;
	t->builtin = NULL;
}

/* The next blank-separated word of a line; return: its length, 0 at the end. */
static size_t next_word(const char **p)
{
	*p += strspn(*p, " \t\r");
	return strcspn(*p, " \t\r\n");
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* The line whose first word is the path of this module, or NULL. */
static const char *find_line(const char *text, const char *name)
{
	char found[NAME_LEN_MAX];

	for (const char *line = text ? text : ""; *line; line = next_line(line)) {
		size_t len = strcspn(line, ": \t\r\n");

		if (module_tree__name(line, len, found, sizeof(found)) && !strcmp(found, name))
			return line;
	}
	return NULL;
}

static int bad_dep(struct walk *w, const char *name, const char *what)
{
	return ktstr_error_set(w->e, -EINVAL,
			       "%s/modules.dep makes no sense for %s (%s); make it anew with depmod",
			       w->t->dir, name, what);
}

/* What the line of @name says behind the colon, the last one first. */
static int add_needs(struct walk *w, const char *name, const char *p)
{
	char needed[NAME_LEN_MAX];
	size_t len;
	int ret = 0;

	for (; !ret && (len = next_word(&p)); p += len) {
		if (!module_tree__name(p, len, needed, sizeof(needed)))
			return bad_dep(w, name, "it needs what is no module");
		ret = add(w, needed);
	}
	return ret;
}

/* "softdep NAME pre: A B post: C" */
static int add_softdeps_of(struct walk *w, const char *p)
{
	bool pre = false;
	size_t len;
	int ret = 0;

	for (; !ret && (len = next_word(&p)); p += len) {
		char name[NAME_LEN_MAX], file[NAME_LEN_MAX + 4];

		if (p[len - 1] == ':') {
			pre = len == 4 && !memcmp(p, "pre:", 4);
			continue;
		}
		snprintf(file, sizeof(file), "%.*s.ko", len < NAME_LEN_MAX ? (int)len : 0, p);
		if (!pre || !module_tree__name(file, strlen(file), name, sizeof(name)))
			continue;
		if (find_line(w->t->dep, name))
			ret = add(w, name);
	}
	return ret;
}

static int add_softdeps(struct walk *w, const char *name)
{
	const char *line = w->t->softdep ? w->t->softdep : "";
	char file[NAME_LEN_MAX + 4], found[NAME_LEN_MAX];
	int ret = 0;

	for (; !ret && *line; line = next_line(line)) {
		const char *p = line;
		size_t len = next_word(&p);

		if (len != 7 || memcmp(p, "softdep", 7))
			continue;
		p += len;
		len = next_word(&p);
		snprintf(file, sizeof(file), "%.*s.ko", len < NAME_LEN_MAX ? (int)len : 0, p);
		if (module_tree__name(file, strlen(file), found, sizeof(found)) &&
		    !strcmp(found, name))
			ret = add_softdeps_of(w, p + len);
	}
	return ret;
}

/* Where the module of a line is. Of a tree that depmod found elsewhere paths are absolute. */
static int module_path(struct walk *w, const char *line, size_t len, char *path, size_t size)
{
	bool absolute = line[0] == '/';
	int n = snprintf(path, size, "%s%s%.*s", absolute ? "" : w->t->dir, absolute ? "" : "/",
			 len < size ? (int)len : 0, line);

	if (len < size && n >= 0 && (size_t)n < size)
		return 0;
	return ktstr_error_set(w->e, -ENAMETOOLONG, "%s/modules.dep has a path that is too long",
			       w->t->dir);
}

static int add_path(struct walk *w, const char *path)
{
	if (w->order->n >= MODULES_MAX)
		return ktstr_error_set(w->e, -E2BIG,
				       "more than %u modules of %s are needed; build the drivers in",
				       MODULES_MAX, w->t->dir);
	return strv__add(w->order, path) ? ktstr_error_set(w->e, -ENOMEM, "out of memory") : 0;
}

static int add_found(struct walk *w, const char *name, const char *line)
{
	size_t len = strcspn(line, ": \t\r\n");
	char path[PATH_MAX];
	int ret;

	if (line[len] != ':')
		return bad_dep(w, name, "its line has no colon");
	ret = module_path(w, line, len, path, sizeof(path));
	if (ret || strv__has(w->order, path))
		return ret;
	if (strv__has(&w->open, name))
		return ktstr_error_set(w->e, -ELOOP,
				       "%s/modules.dep: %s needs itself by way of %s; make it anew with depmod",
				       w->t->dir, name, w->open.v[w->open.n - 1]);
	if (w->open.n >= MODULES_MAX)
		return bad_dep(w, name, "too many modules need each other");
	if (strv__add(&w->open, name))
		return ktstr_error_set(w->e, -ENOMEM, "out of memory");
	ret = add_softdeps(w, name);
	if (!ret)
		ret = add_needs(w, name, line + len + 1);
	if (!ret)
		ret = add_path(w, path);
	free(w->open.v[--w->open.n]);
	w->open.v[w->open.n] = NULL;
	return ret;
}

static int add(struct walk *w, const char *name)
{
	const char *line = find_line(w->t->dep, name);

	if (line)
		return add_found(w, name, line);
	if (find_line(w->t->builtin, name))
		return 0;
	return ktstr_error_set(w->e, -ENOENT,
			       "%s has no module %s, which the guest needs; install or unpack the kernel's whole package",
			       w->t->dir, name);
}

int module_tree__add(const struct module_tree *t, const char *name, struct strv *order,
		     struct ktstr_error *e)
{
	struct walk w = { .t = t, .order = order, .e = e };
	char file[NAME_LEN_MAX + 4], plain[NAME_LEN_MAX];
	bool whole = (size_t)snprintf(file, sizeof(file), "%s.ko", name) < sizeof(file);
	int ret = -EINVAL;

	/* A path's last part, or the first of what is too long, is another module's name. */
	if (whole && !strchr(name, '/') &&
	    module_tree__name(file, strlen(file), plain, sizeof(plain)))
		ret = add(&w, plain);
	else
		ktstr_error_set(e, ret, "\"%.100s\" is no name of a module", name);
	strv__free(&w.open);
	return ret;
}
