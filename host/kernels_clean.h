/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Room in the cache: kernels that nothing points at any more.
 */
#ifndef KTSTR_HOST_KERNELS_CLEAN_H
#define KTSTR_HOST_KERNELS_CLEAN_H

#include <stdbool.h>

#include <ktstr/error.h>

/**
 * kernels_clean__dir() - remove the entries of a directory that none of its links points at
 * @dir: directory of entries and links, as scripts/kernel/build and stock make it; it need
 *	not be there
 * @dry_run: only print what would be removed
 * @e: sentence on failure
 *
 * Prints a line for each. Behind the lock of the scripts: nothing goes while one is made.
 * A link that leads nowhere is an error, and nothing is removed: something is wrong with
 * what it should have kept.
 * Return: how many, or a negative errno.
 */
int kernels_clean__dir(const char *dir, bool dry_run, struct ktstr_error *e);

/** kernels_clean() - the same of the cache's kernels and stock kernels */
int kernels_clean(bool dry_run, struct ktstr_error *e);

#endif /* KTSTR_HOST_KERNELS_CLEAN_H */
