// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader's search, without the loader: the file need not run on this host.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elf.h>

#include "buf.h"
#include "file.h"
#include "ldso.h"

#define CONF_BYTES_MAX	(1u << 20)
#define CONF_DEPTH_MAX	4
#define DIRS_MAX	256u

static const char * const builtin_dirs[] = {
	"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
	"/lib64", "/usr/lib64", "/lib", "/usr/lib",
};

static int conf_read(struct ldso *l, const char *path, int depth);

static int conf_include(struct ldso *l, const char *pattern, int depth)
{
	glob_t g;
	int ret = 0;

	if (depth >= CONF_DEPTH_MAX || glob(pattern, 0, NULL, &g))
		return 0;
	for (size_t i = 0; !ret && i < g.gl_pathc; i++)
		ret = conf_read(l, g.gl_pathv[i], depth + 1);
	globfree(&g);
	return ret;
}

static int conf_line(struct ldso *l, char *line, int depth)
{
	char *save, *word;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, " \t\r", &save);
	if (!word)
		return 0;
	if (!strcmp(word, "include")) {
		word = strtok_r(NULL, " \t\r", &save);
		return word ? conf_include(l, word, depth) : 0;
	}
	if (word[0] != '/' || l->dirs.n >= DIRS_MAX)
		return 0;
	return strv__add(&l->dirs, word);
}

static int conf_read(struct ldso *l, const char *path, int depth)
{
	char *save, *line;
	void *text;
	size_t len;
	int ret = 0;

	/* No such file is no directory; the library will be missed by name. */
	if (file__read(path, CONF_BYTES_MAX, &text, &len, NULL, NULL))
		return 0;
	for (line = strtok_r(text, "\n", &save); line && !ret; line = strtok_r(NULL, "\n", &save))
		ret = conf_line(l, line, depth);
	free(text);
	return ret;
}

int ldso__init(struct ldso *l, const char *conf)
{
	int ret;

	memset(l, 0, sizeof(*l));
	ret = ldso__expand(getenv("LD_LIBRARY_PATH"), "/", &l->dirs);
	if (!ret)
		ret = conf_read(l, conf, 0);
	for (size_t i = 0; !ret && i < sizeof(builtin_dirs) / sizeof(builtin_dirs[0]); i++) {
		ret = strv__add(&l->builtin, builtin_dirs[i]);
		if (!ret)
			ret = strv__add(&l->dirs, builtin_dirs[i]);
	}
	return ret;
}

void ldso__free(struct ldso *l)
{
	strv__free(&l->dirs);
	strv__free(&l->builtin);
}

/* Replace $ORIGIN and ${ORIGIN}; -EINVAL for any other token. */
static int expand_one(const char *s, size_t len, const char *origin, struct buf *b)
{
	static const char * const names[] = { "$ORIGIN", "${ORIGIN}" };

	for (size_t i = 0; i < len;) {
		size_t n = 0;

		for (int k = 0; s[i] == '$' && k < 2 && !n; k++)
			if (strlen(names[k]) <= len - i && !strncmp(s + i, names[k], strlen(names[k])))
				n = strlen(names[k]);
		if (n)
			buf__add(b, origin, strlen(origin));
		else if (s[i] == '$')
			return -EINVAL;
		else
			buf__add(b, s + i, 1);
		i += n ? n : 1;
	}
	return b->err;
}

int ldso__expand(const char *paths, const char *by_path, struct strv *out)
{
	char origin[PATH_MAX];
	int ret = 0;

	if (!paths || path__dirname(origin, sizeof(origin), by_path))
		return 0;
	while (*paths && ret != -ENOMEM) {
		size_t len = strcspn(paths, ":");
		struct buf b;

		buf__init(&b, PATH_MAX - 1);
		ret = len ? expand_one(paths, len, origin, &b) : -EINVAL;
		if (!ret && out->n < DIRS_MAX)
			ret = strv__add(out, b.data);
		buf__free(&b);
		paths += len;
		paths += *paths == ':';
	}
	return ret == -ENOMEM ? ret : 0;
}

/* The loader looks at the first bytes and walks on when they are not for it. */
static bool suits(const char *path, const struct elf_needed *by)
{
	Elf64_Ehdr eh;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, &eh, sizeof(eh));
	close(fd);
	/* e_machine sits at the same place in both classes. */
	return n >= (ssize_t)offsetof(Elf64_Ehdr, e_version) && elf_needed__is_elf(&eh, n) &&
	       eh.e_ident[EI_CLASS] == by->class && eh.e_machine == by->machine;
}

static int find_in(const struct strv *dirs, const char *name, const struct elf_needed *by,
		   char *dst, size_t size)
{
	for (size_t i = 0; dirs && i < dirs->n; i++)
		if (!path__join(dst, size, dirs->v[i], name) && suits(dst, by))
			return 0;
	return -ENOENT;
}

static int find_own(const char *paths, const char *name, const struct elf_needed *by,
		    const char *by_path, char *dst, size_t size)
{
	struct strv dirs = { 0 };
	int ret = ldso__expand(paths, by_path, &dirs);

	if (!ret)
		ret = find_in(&dirs, name, by, dst, size);
	strv__free(&dirs);
	return ret;
}

int ldso__find(const struct ldso *l, const char *name, const struct elf_needed *by,
	       const char *by_path, const struct strv *main_rpath, char *dst, size_t size)
{
	int ret = -ENOENT;

	if (strchr(name, '/'))
		return !path__absolute(dst, size, name) && suits(dst, by) ? 0 : -ENOENT;
	/* DT_RUNPATH switches DT_RPATH off, the executable's too. */
	if (!by->runpath) {
		ret = find_own(by->rpath, name, by, by_path, dst, size);
		if (ret)
			ret = find_in(main_rpath, name, by, dst, size);
	}
	if (ret)
		ret = find_own(by->runpath, name, by, by_path, dst, size);
	if (ret)
		ret = find_in(&l->dirs, name, by, dst, size);
	return ret;
}

bool ldso__is_builtin(const struct ldso *l, const char *path)
{
	char dir[PATH_MAX];

	return !path__dirname(dir, sizeof(dir), path) && strv__has(&l->builtin, dir);
}
