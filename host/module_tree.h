/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The modules of an installed kernel: lib/modules/RELEASE, as depmod(8) left it.
 */
#ifndef KTSTR_HOST_MODULE_TREE_H
#define KTSTR_HOST_MODULE_TREE_H

#include <limits.h>
#include <stdbool.h>

#include "strv.h"

/**
 * struct module_tree - one such directory
 * @dir: its path
 * @dep: modules.dep
 * @softdep: modules.softdep, NULL if there is none
 * @builtin: modules.builtin, NULL if there is none
 */
struct module_tree {
	char dir[PATH_MAX];
	char *dep;
	char *softdep;
	char *builtin;
};

/**
 * module_tree__open() - find and read the modules of a kernel
 * @t: result; module_tree__close() in every case
 * @kernel: absolute path of the kernel
 * @release: as uname -r
 * @e: sentence on failure
 *
 * Looked for beside the kernel's directory, as /boot and /lib/modules are, then
 * around the kernel itself (lib/modules/RELEASE/vmlinuz), below its directory, and
 * in /lib/modules.
 *
 * Return: 0; -ENOENT when there is no such directory or depmod has not been there;
 * other errno of reading.
 */
int module_tree__open(struct module_tree *t, const char *kernel, const char *release,
		      struct ktstr_error *e);

/** module_tree__close() - give everything back */
void module_tree__close(struct module_tree *t);

/**
 * module_tree__add() - a module after all that it needs
 * @t: tree
 * @name: module; '-' and '_' are the same
 * @order: absolute paths are appended in the order of loading, none twice
 * @e: sentence on failure
 *
 * What is built in needs no file. Soft dependencies ("pre:") are brought along if
 * they are there, as modprobe does.
 *
 * Return: 0; -ENOENT when the tree has no such module; -ELOOP when modules need
 * each other; -EINVAL when modules.dep makes no sense; -E2BIG; -ENOMEM.
 */
int module_tree__add(const struct module_tree *t, const char *name, struct strv *order,
		     struct ktstr_error *e);

/** module_tree__name() - "snd-pcm" of ".../snd-pcm.ko.xz" with '_' for '-'; return: is it a module? */
bool module_tree__name(const char *path, size_t len, char *name, size_t size);

#endif /* KTSTR_HOST_MODULE_TREE_H */
