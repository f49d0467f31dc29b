/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding a program by its name: schedulers first, then $PATH.
 */
#ifndef KTSTR_HOST_FINDER_H
#define KTSTR_HOST_FINDER_H

#include <stdbool.h>

#include "strv.h"

/**
 * struct finder - where to look, in order
 * @sched_dirs: $KTSTR_SCHED_PATH, "sched" beside the kernel, "build/sched" beside ktstr
 * @path_dirs: absolute directories of $PATH
 */
struct finder {
	struct strv sched_dirs;
	struct strv path_dirs;
};

/**
 * finder__init() - collect the directories
 * @f: result
 * @kernel: path of the chosen kernel, or NULL
 *
 * Return: 0 or a negative errno; finder__free() in both cases.
 */
int finder__init(struct finder *f, const char *kernel);

/** finder__free() - give everything back */
void finder__free(struct finder *f);

/**
 * finder__find() - find an executable
 * @f: directories
 * @name: name without a slash, or any path
 * @dst: gets an absolute path
 * @size: room in bytes
 * @is_sched: set when it came from a scheduler directory
 *
 * Return: 0, -ENOENT, or -EACCES when something of that name is there but
 * cannot be executed.
 */
int finder__find(const struct finder *f, const char *name, char *dst, size_t size, bool *is_sched);

#endif /* KTSTR_HOST_FINDER_H */
