/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that go into the guest: executables with all they need to start.
 */
#ifndef KTSTR_HOST_PACK_H
#define KTSTR_HOST_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "cpio.h"
#include "finder.h"
#include "ldso.h"

#define PACK_FILES_MAX	1024u
#define PACK_BYTES_MAX	(1ull << 30)

/* Where programs from scheduler directories go; the guest has it in $PATH. */
#define PACK_BIN	"/ktstr/bin"

/**
 * struct pack_file - one file or link
 * @guest: absolute path in the guest
 * @host: where it came from; NULL for a link
 * @target: what a link points to; NULL for a file
 * @data: content of a file
 * @len: bytes
 * @mode: permission bits
 */
struct pack_file {
	char *guest;
	char *host;
	char *target;
	void *data;
	size_t len;
	unsigned int mode;
};

/**
 * struct pack - all of them
 * @files: in the order they were found
 * @nr: how many
 * @bytes: content in all
 * @ldso: where libraries are looked for
 */
struct pack {
	struct pack_file *files;
	size_t nr;
	uint64_t bytes;
	struct ldso ldso;
};

/** pack__init() - an empty pack; return: 0 or -ENOMEM; pack__free() in both cases */
int pack__init(struct pack *p);

/** pack__free() - give everything back */
void pack__free(struct pack *p);

/**
 * pack__add() - pack a file with everything it needs to start
 * @p: pack
 * @f: where the interpreter of "#!/usr/bin/env NAME" is looked for
 * @host: absolute path of the file
 * @guest: absolute path it shall have in the guest; being there already is fine
 * @e: sentence on failure; it names a missing library and who needs it
 *
 * An ELF file brings its loader and shared libraries, a script the interpreter
 * of its first line. A library outside of the loader's built-in directories is
 * also linked from /lib and /lib64, since the guest has no loader cache.
 * Return: 0; -ENOENT, -EACCES, -ENOEXEC, -EFBIG, -ELOOP (interpreters of
 * interpreters), -ENOMEM.
 */
int pack__add(struct pack *p, const struct finder *f, const char *host, const char *guest,
	      struct ktstr_error *e);

/**
 * pack__add_data() - pack a file as it is, whatever it is
 * @p: pack
 * @host: path of the file
 * @guest: absolute path it shall have in the guest; being there already is fine
 * @e: sentence on failure
 *
 * Return: as pack__add(), but for what is about needs.
 */
int pack__add_data(struct pack *p, const char *host, const char *guest, struct ktstr_error *e);

/**
 * pack__add_bytes() - pack bytes as a file, mode 0644
 * @p: pack
 * @host: where they came from, for people
 * @guest: absolute path in the guest; being there already is fine
 * @data: from malloc(); belongs to the pack from here on, on failure too
 * @len: how many
 * @e: sentence on failure
 *
 * Return: 0, -EFBIG, -E2BIG or -ENOMEM.
 */
int pack__add_bytes(struct pack *p, const char *host, const char *guest, void *data, size_t len,
		    struct ktstr_error *e);

/** pack__link() - add a symbolic link; a path that is taken stays; return: 0, -E2BIG, -ENOMEM */
int pack__link(struct pack *p, const char *guest, const char *target);

/** pack__has() - is something packed at this guest path? */
bool pack__has(const struct pack *p, const char *guest);

/**
 * pack__into() - write everything into an archive
 * @p: files; must outlive @c
 * @c: archive
 * @e: sentence on failure, with the name of the file
 *
 * Return: as cpio__file().
 */
int pack__into(const struct pack *p, struct cpio *c, struct ktstr_error *e);

#endif /* KTSTR_HOST_PACK_H */
