// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packing what a command line mentions.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "pack_command.h"

/* $PATH of the guest, but for PACK_BIN. */
static const char * const guest_path[] = { "/bin", "/usr/bin", "/sbin", "/usr/sbin" };

static bool in_guest_path(const char *path)
{
	char dir[PATH_MAX];

	if (path__dirname(dir, sizeof(dir), path))
		return false;
	for (size_t i = 0; i < sizeof(guest_path) / sizeof(guest_path[0]); i++)
		if (!strcmp(dir, guest_path[i]))
			return true;
	return false;
}

/* system(3) and scripts want the shell at /bin, whatever $PATH found first. */
static int link_shell(struct pack *p, const char *name, const char *path)
{
	char link[PATH_MAX];

	if (strcmp(name, "sh") && strcmp(name, "bash"))
		return 0;
	snprintf(link, sizeof(link), "/bin/%s", name);
	return strcmp(link, path) ? pack__link(p, link, path) : 0;
}

static int pack_program(struct pack *p, const struct finder *f, const char *name,
			const char *host, bool is_sched, char *guest, size_t size,
			struct ktstr_error *e)
{
	char link[PATH_MAX];
	int ret;

	if (path__join(link, sizeof(link), PACK_BIN, path__basename(name)))
		return ktstr_error_set(e, -ENAMETOOLONG, "%s: the name is too long", name);
	snprintf(guest, size, "%s", is_sched ? link : host);
	ret = pack__add(p, f, host, guest, e);
	if (ret)
		return ret;
	if (!is_sched && !in_guest_path(host))
		ret = pack__link(p, link, guest);
	if (!ret)
		ret = link_shell(p, path__basename(name), guest);
	return ret ? ktstr_error_set(e, ret, "cannot pack %s: %s", name, strerror(-ret)) : 0;
}

/* Where the guest has something of its own. */
static bool is_the_guests(const char *path)
{
	static const char * const dirs[] = { "/dev/", "/proc/", "/sys/" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (!strncmp(path, dirs[i], strlen(dirs[i])))
			return true;
	return false;
}

/* Is @word of @arg, from *@at on, what a shell writes to? *@at goes behind it. */
static bool is_written(const char *arg, const char **at, const char *word)
{
	const char *begin = strstr(*at, word), *p = begin;

	if (!begin)
		return false;
	*at = begin + strlen(word);
	while (p > arg && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p > arg && p[-1] == '>';
}

/*
 * What a program is to read: a file that it is given by its absolute path. One that we
 * cannot read may be what it writes; if not, it says itself that there is none.
 */
static int pack_input(struct pack *p, const char *path, struct ktstr_error *e)
{
	struct stat st;

	if (path[0] != '/' || is_the_guests(path) || stat(path, &st) || !S_ISREG(st.st_mode) ||
	    access(path, R_OK))
		return 0;
	return pack__add_data(p, path, path, e);
}

static int pack_mentioned(struct pack *p, const struct finder *f, const char *arg,
			  struct ktstr_error *e)
{
	char host[PATH_MAX], guest[PATH_MAX];
	struct strv words = { 0 };
	const char *at = arg;
	bool is_sched;
	int ret = command__mentioned(arg, &words);

	for (size_t i = 0; !ret && i < words.n; i++) {
		if (is_written(arg, &at, words.v[i]))
			continue;
		if (words.v[i][0] == '-' || (strchr(words.v[i], '/') && words.v[i][0] != '/'))
			continue;
		ret = finder__find(f, words.v[i], host, sizeof(host), &is_sched);
		if (!ret)
			ret = pack_program(p, f, words.v[i], host, is_sched, guest, sizeof(guest), e);
		else
			ret = ret == -EACCES ? pack_input(p, host, e) : 0;
	}
	strv__free(&words);
	if (ret == -E2BIG)
		ktstr_error_set(e, ret,
				"an argument holds more than %u words; put it into a script",
				COMMAND_WORDS_MAX);
	return ret;
}

int pack_command(struct pack *p, const struct finder *f, struct strv *argv, const char *what,
		 struct ktstr_error *e)
{
	char host[PATH_MAX], guest[PATH_MAX];
	bool is_sched;
	int ret = finder__find(f, argv->v[0], host, sizeof(host), &is_sched);

	if (ret == -EACCES)
		return ktstr_error_set(e, ret,
				       "%s: %s is not executable; chmod +x it or name another program",
				       what, argv->v[0]);
	if (ret)
		return ktstr_error_set(e, ret,
				       "%s: no program %s in KTSTR_SCHED_PATH, beside the kernel, or in PATH; give its path",
				       what, argv->v[0]);
	/* A path given by hand may lie anywhere: it gets the place of a scheduler. */
	if (strchr(argv->v[0], '/') && !in_guest_path(host))
		is_sched = true;
	ret = pack_program(p, f, argv->v[0], host, is_sched, guest, sizeof(guest), e);
	if (!ret && strv__set(argv, 0, guest))
		ret = ktstr_error_set(e, -ENOMEM, "out of memory");
	for (size_t i = 1; !ret && i < argv->n; i++)
		ret = pack_mentioned(p, f, argv->v[i], e);
	return ret;
}
