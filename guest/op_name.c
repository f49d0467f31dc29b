// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that people give.
 */
#include <stdint.h>
#include <string.h>

#include <ktstr/op.h>

#include "op_name.h"

/* It can be the name of a directory: no '/', and no '.', which cgroupfs's own files have. */
static bool name_ok(const char *s, size_t len)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return len && len < KTSTR_OP_NAME_MAX && strspn(s, allowed) >= len;
}

bool op_name__ok(const char *s)
{
	return name_ok(s, strlen(s));
}

bool op_path__ok(const char *s)
{
	return op_path__fits(s, KTSTR_OP_CGROUP_MAX - 1);
}

bool op_path__fits(const char *s, size_t max)
{
	size_t len;

	if (strlen(s) > max)
		return false;
	for (;; s += len + 1) {
		len = strcspn(s, "/");
		if (!name_ok(s, len))
			return false;
		if (!s[len])
			return true;
	}
}
