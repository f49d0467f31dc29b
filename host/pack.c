// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packing executables.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "pack.h"

#define FILE_BYTES_MAX		(512u << 20)
#define SCRIPT_DEPTH_MAX	4
#define NEEDS_DEPTH_MAX		64	/* libraries of libraries: keeps the stack small */
#define SCRIPT_LINE_MAX		256	/* as in the kernel: BINPRM_BUF_SIZE */

/* One executable's libraries share its DT_RPATH. */
struct walk {
	struct pack *p;
	const struct finder *f;
	struct strv main_rpath;
	int script_depth;
	int depth;
	struct ktstr_error *e;
};

static int add_file(struct walk *w, const char *host, const char *guest);

int pack__init(struct pack *p)
{
	memset(p, 0, sizeof(*p));
	return ldso__init(&p->ldso, "/etc/ld.so.conf");
}

void pack__free(struct pack *p)
{
	for (size_t i = 0; i < p->nr; i++) {
		free(p->files[i].guest);
		free(p->files[i].host);
		free(p->files[i].target);
		free(p->files[i].data);
	}
	free(p->files);
	ldso__free(&p->ldso);
	memset(p, 0, sizeof(*p));
}

static struct pack_file *lookup(const struct pack *p, const char *guest)
{
	for (size_t i = 0; i < p->nr; i++)
		if (!strcmp(p->files[i].guest, guest))
			return &p->files[i];
	return NULL;
}

bool pack__has(const struct pack *p, const char *guest)
{
	return lookup(p, guest);
}

static int entry_add(struct pack *p, const struct pack_file *proto)
{
	struct pack_file *files, f = *proto;

	if (p->nr >= PACK_FILES_MAX)
		return -E2BIG;
	files = realloc(p->files, (p->nr + 1) * sizeof(*files));
	if (!files)
		return -ENOMEM;
	p->files = files;
	f.guest = strdup(proto->guest);
	f.host = proto->host ? strdup(proto->host) : NULL;
	f.target = proto->target ? strdup(proto->target) : NULL;
	if (!f.guest || (proto->host && !f.host) || (proto->target && !f.target)) {
		free(f.guest);
		free(f.host);
		free(f.target);
		return -ENOMEM;
	}
	files[p->nr++] = f;
	p->bytes += f.len;
	return 0;
}

int pack__link(struct pack *p, const char *guest, const char *target)
{
	struct pack_file f = { .guest = (char *)guest, .target = (char *)target, .mode = 0777 };

	return pack__has(p, guest) ? 0 : entry_add(p, &f);
}

/* The guest's loader has no cache: a library from elsewhere is linked from where it looks. */
static int link_library(struct walk *w, const char *name, const char *path)
{
	char link[PATH_MAX];
	int ret = 0;

	if (strchr(name, '/') || ldso__is_builtin(&w->p->ldso, path))
		return 0;
	if (!path__join(link, sizeof(link), "/lib", name))
		ret = pack__link(w->p, link, path);
	if (!ret && !path__join(link, sizeof(link), "/lib64", name))
		ret = pack__link(w->p, link, path);
	return ret;
}

static int add_library(struct walk *w, const char *name, const struct elf_needed *by,
		       const char *by_path)
{
	char path[PATH_MAX];
	int ret = ldso__find(&w->p->ldso, name, by, by_path, &w->main_rpath, path, sizeof(path));

	if (ret)
		return ktstr_error_set(w->e, ret,
				       "library %s, needed by %s, is not on this machine; install it or add its directory to LD_LIBRARY_PATH",
				       name, by_path);
	ret = add_file(w, path, path);
	return ret ? ret : link_library(w, name, path);
}

/* A name in a table of names, of which one is before it and another behind. */
static bool has_name(const struct pack_file *f, const char *name, size_t len)
{
	const char *data = f->data;

	for (size_t at = 0; f->len - at > len;) {
		const char *hit = memmem(data + at, f->len - at, name, len + 1);

		if (!hit)
			return false;
		if (hit > data && !hit[-1])
			return true;
		at = (size_t)(hit - data) + 1;
	}
	return false;
}

/*
 * glibc ends threads by an unwinder that it asks for by name in that moment, and aborts
 * without. Where it is not on this machine either, that is no news.
 */
static int add_unwinder(struct walk *w, const struct pack_file *f, const struct elf_needed *n,
			const char *path)
{
	static const char name[] = "libgcc_s.so.1";
	static const char end[] = "pthread_exit", cancel[] = "pthread_cancel";
	char found[PATH_MAX];
	int ret;

	/* The C library has these names since it is what they are in. */
	if (!strv__has(&n->needed, "libc.so.6") ||
	    !strncmp(path__basename(path), "libpthread", strlen("libpthread")) ||
	    (!has_name(f, end, sizeof(end) - 1) && !has_name(f, cancel, sizeof(cancel) - 1)))
		return 0;
	if (ldso__find(&w->p->ldso, name, n, path, &w->main_rpath, found, sizeof(found)))
		return 0;
	ret = add_file(w, found, found);
	return ret ? ret : link_library(w, name, found);
}

static int add_elf_needs(struct walk *w, const struct elf_needed *n, const char *path)
{
	int ret = 0;

	if (n->interp && !file__exists(n->interp))
		return ktstr_error_set(w->e, -ENOENT,
				       "loader %s, needed by %s, is not on this machine; install it",
				       n->interp, path);
	if (n->interp && n->interp[0] == '/')
		ret = add_file(w, n->interp, n->interp);
	for (size_t i = 0; !ret && i < n->needed.n; i++)
		ret = add_library(w, n->needed.v[i], n, path);
	return ret;
}

static int add_elf(struct walk *w, const struct pack_file *f)
{
	char real[PATH_MAX];
	struct elf_needed n;
	int ret = elf_needed__read(f->data, f->len, f->host, &n, w->e);

	if (ret)
		return ret;
	/* $ORIGIN is where the file really is, not where a link to it is. */
	if (!realpath(f->host, real))
		ret = ktstr_error_set(w->e, -errno, "cannot resolve %s: %m", f->host);
	if (!ret && n.interp && !n.runpath && !w->main_rpath.n)
		ret = ldso__expand(n.rpath, real, &w->main_rpath);
	if (!ret)
		ret = add_elf_needs(w, &n, real);
	if (!ret)
		ret = add_unwinder(w, f, &n, real);
	elf_needed__free(&n);
	return ret;
}

/* "#!/usr/bin/env NAME" or "#!/usr/bin/env -S NAME ..." needs NAME as well. */
static int add_env_target(struct walk *w, char *arg)
{
	char path[PATH_MAX], guest[PATH_MAX], *save;
	bool is_sched;
	char *name = arg ? strtok_r(arg, " \t", &save) : NULL;

	if (name && !strcmp(name, "-S"))
		name = strtok_r(NULL, " \t", &save);
	if (!name || strchr(name, '/') || strchr(name, '='))
		return 0;
	if (finder__find(w->f, name, path, sizeof(path), &is_sched))
		return ktstr_error_set(w->e, -ENOENT,
				       "%s, the interpreter of a script, is not in PATH; install it",
				       name);
	snprintf(guest, sizeof(guest), PACK_BIN "/%s", name);
	return add_file(w, path, guest);
}

static int add_script(struct walk *w, const struct pack_file *f)
{
	char line[SCRIPT_LINE_MAX], host[PATH_MAX], *save, *interp, *arg;
	int ret;

	if (++w->script_depth > SCRIPT_DEPTH_MAX)
		return ktstr_error_set(w->e, -ELOOP,
				       "%s is a script whose interpreters are scripts again and again",
				       f->host);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn((char *)f->data + 2, "\n"),
		 (char *)f->data + 2);
	snprintf(host, sizeof(host), "%s", f->host);
	interp = strtok_r(line, " \t", &save);
	if (!interp || interp[0] != '/')
		return ktstr_error_set(w->e, -ENOEXEC,
				       "the first line of %s names no interpreter by its whole path",
				       f->host);
	arg = strtok_r(NULL, "", &save);
	if (!file__is_executable(interp))
		return ktstr_error_set(w->e, -ENOENT,
				       "%s, the interpreter of %s, is not on this machine; install it",
				       interp, host);
	ret = add_file(w, interp, interp);
	if (!ret && !strcmp(path__basename(interp), "env"))
		ret = add_env_target(w, arg);
	return ret;
}

static int add_needs(struct walk *w, const struct pack_file *f)
{
	if (elf_needed__is_elf(f->data, f->len))
		return add_elf(w, f);
	/* file__read() put a NUL behind the content: a short file is safe here. */
	if (f->mode & 0111 && !strncmp(f->data, "#!", 2))
		return add_script(w, f);
	return 0;
}

/* The content of @f belongs to the pack, or is freed. */
static int take_file(struct pack *p, const struct pack_file *f, struct ktstr_error *e)
{
	int ret;

	if (p->bytes + f->len > PACK_BYTES_MAX)
		ret = ktstr_error_set(e, -EFBIG,
				      "the files for the guest are more than %llu MiB together with %s",
				      PACK_BYTES_MAX >> 20, f->host);
	else if ((ret = entry_add(p, f)))
		ktstr_error_set(e, ret, "cannot pack %s: %s", f->host, strerror(-ret));
	if (ret)
		free(f->data);
	return ret;
}

/* A file that is not there yet; @f is its entry, valid until the next one. */
static int load_file(struct pack *p, const char *host, const char *guest, struct pack_file *f,
		     struct ktstr_error *e)
{
	int ret;

	*f = (struct pack_file){ .guest = (char *)guest, .host = (char *)host };
	ret = file__read(host, FILE_BYTES_MAX, &f->data, &f->len, &f->mode, e);
	return ret ? ret : take_file(p, f, e);
}

static int add_file(struct walk *w, const char *host, const char *guest)
{
	struct pack_file f;
	int ret;

	if (pack__has(w->p, guest))
		return 0;
	ret = load_file(w->p, host, guest, &f, w->e);
	if (ret)
		return ret;
	if (w->depth >= NEEDS_DEPTH_MAX)
		return ktstr_error_set(w->e, -ELOOP,
				       "%s is needed through more than %d levels of libraries",
				       host, NEEDS_DEPTH_MAX);
	w->depth++;
	ret = add_needs(w, &f);
	w->depth--;
	return ret;
}

int pack__add_data(struct pack *p, const char *host, const char *guest, struct ktstr_error *e)
{
	struct pack_file f;

	return pack__has(p, guest) ? 0 : load_file(p, host, guest, &f, e);
}

int pack__add_bytes(struct pack *p, const char *host, const char *guest, void *data, size_t len,
		    struct ktstr_error *e)
{
	const struct pack_file f = {
		.guest = (char *)guest, .host = (char *)host, .data = data, .len = len, .mode = 0644,
	};

	if (!pack__has(p, guest))
		return take_file(p, &f, e);
	free(data);
	return 0;
}

int pack__add(struct pack *p, const struct finder *f, const char *host, const char *guest,
	      struct ktstr_error *e)
{
	struct walk w = { .p = p, .f = f, .e = e };
	int ret = add_file(&w, host, guest);

	strv__free(&w.main_rpath);
	return ret;
}

int pack__into(const struct pack *p, struct cpio *c, struct ktstr_error *e)
{
	for (size_t i = 0; i < p->nr; i++) {
		const struct pack_file *f = &p->files[i];
		int ret;

		if (f->target)
			ret = cpio__symlink(c, f->guest, f->target);
		else
			ret = cpio__file(c, f->guest, f->mode, f->data, f->len);
		if (ret)
			return ktstr_error_set(e, ret,
					       "there cannot be a file %.200s in the guest: %s; give it another name",
					       f->guest, ret == -EEXIST ? "ktstr has its own there" :
					       strerror(-ret));
	}
	return 0;
}
