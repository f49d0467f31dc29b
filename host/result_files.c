// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of a whole result.
 */
#include <errno.h>

#include "result_files.h"

int result_files__open(const struct args *a, struct outdir *out, struct ktstr_error *e)
{
	int ret = a->json ? outfile__check(a->json, "--json", e) : 0;

	/* Nobody shall take the result of an earlier run for that of this one. */
	if (!ret && a->json && !a->dry_run)
		ret = outfile__remove(a->json, "--json", e);
	return ret || !a->out || a->dry_run ? ret : outdir__open(out, a->out, e);
}

int result_files__write(const struct args *a, const struct outdir *out, const char *json,
			size_t len, struct ktstr_error *e)
{
	char path[PATH_MAX];
	int ret = json ? 0 : ktstr_error_set(e, -ENOMEM, "out of memory for the JSON report");

	if (!ret && a->json)
		ret = outfile__write(a->json, json, len, e);
	if (ret || !out->dir[0])
		return ret;
	ret = outdir__path(out, "result.json", path, sizeof(path));
	return ret ? ktstr_error_set(e, ret, "--out: the path is too long") :
		     outfile__write(path, json, len, e);
}
