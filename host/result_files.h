/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the result of a call goes as a whole: --json and --out.
 */
#ifndef KTSTR_HOST_RESULT_FILES_H
#define KTSTR_HOST_RESULT_FILES_H

#include "args.h"
#include "outdir.h"

/**
 * result_files__open() - can they be written? And what an earlier run left is removed
 * @a: options
 * @out: outdir__init()ed; open afterwards if --out was given
 * @e: sentence on failure
 *
 * Nothing is touched when @a says --dry-run. Return: 0 or a negative errno.
 */
int result_files__open(const struct args *a, struct outdir *out, struct ktstr_error *e);

/** result_files__write() - @len bytes of JSON into --json and result.json; 0 or a negative errno */
int result_files__write(const struct args *a, const struct outdir *out, const char *json,
			size_t len, struct ktstr_error *e);

#endif /* KTSTR_HOST_RESULT_FILES_H */
