/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the dynamic loader would find a library (ld.so(8)).
 */
#ifndef KTSTR_HOST_LDSO_H
#define KTSTR_HOST_LDSO_H

#include "elf_needed.h"

/**
 * struct ldso - the directories that do not depend on the object
 * @dirs: $LD_LIBRARY_PATH, then those of ld.so.conf, then the built-in ones
 * @builtin: directories that every loader knows without its cache
 */
struct ldso {
	struct strv dirs;
	struct strv builtin;
};

/**
 * ldso__init() - read the loader's configuration
 * @l: result
 * @conf: path of ld.so.conf; a missing file is as good as an empty one
 *
 * Return: 0 or -ENOMEM; ldso__free() in both cases.
 */
int ldso__init(struct ldso *l, const char *conf);

/** ldso__free() - give everything back */
void ldso__free(struct ldso *l);

/**
 * ldso__find() - find one library
 * @l: directories
 * @name: a DT_NEEDED entry; with a slash in it, it is a path
 * @by: who needs it: its DT_RPATH, DT_RUNPATH, class and machine
 * @by_path: absolute path of who needs it, for $ORIGIN
 * @main_rpath: DT_RPATH of the executable, already expanded; or NULL
 * @dst: gets the path
 * @size: room in bytes
 *
 * A file of another class or machine is passed over, as the loader does.
 * Return: 0 or -ENOENT.
 */
int ldso__find(const struct ldso *l, const char *name, const struct elf_needed *by,
	       const char *by_path, const struct strv *main_rpath, char *dst, size_t size);

/**
 * ldso__expand() - split a DT_RPATH or DT_RUNPATH and expand $ORIGIN
 * @paths: colon separated, or NULL
 * @by_path: absolute path of the object
 * @out: directories are appended here; entries with an unknown $TOKEN are left out
 *
 * Return: 0 or -ENOMEM.
 */
int ldso__expand(const char *paths, const char *by_path, struct strv *out);

/** ldso__is_builtin() - is this file in a directory that every loader searches? */
bool ldso__is_builtin(const struct ldso *l, const char *path);

#endif /* KTSTR_HOST_LDSO_H */
