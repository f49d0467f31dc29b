// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding and packing ktstr.ko.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "module_file.h"
#include "pack_module.h"

static bool is_for(const char *path, const char *release)
{
	char found[128] = "";
	struct ktstr_error e;
	void *data;
	size_t len;

	if (module_file__read(path, &data, &len, &e))
		return false;
	if (module_file__release(data, len, found, sizeof(found)))
		found[0] = '\0';
	free(data);
	return !strcmp(found, release);
}

/* Where the Makefile puts it: in build/, or in O=DIR with ktstr beside it. */
static bool find_beside_us(const char *release, char *dst, size_t size)
{
	static const char * const places[] = {
		"build/kmod/ktstr.ko", "kmod/ktstr.ko",
		"build/kmod-stock/ktstr.ko", "kmod-stock/ktstr.ko",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (file__beside_us(dst, size, places[i]) || !file__exists(dst))
			continue;
		if (!*release || is_for(dst, release))
			return true;
	}
	return false;
}

int pack_module(struct pack *p, enum ktstr_events_wish wish, const char *release,
		struct ktstr_error *e)
{
	const char *named = getenv("KTSTR_KMOD");
	char path[PATH_MAX];

	if (wish != KTSTR_WISH_AUTO && wish != KTSTR_WISH_MODULE)
		return 0;
	if (named && *named)
		return pack__add_data(p, named, KTSTR_MODULE_PATH, e);
	if (!named && find_beside_us(release, path, sizeof(path)))
		return pack__add_data(p, path, KTSTR_MODULE_PATH, e);
	if (wish == KTSTR_WISH_AUTO)
		return 0;
	return ktstr_error_set(e, -ENOENT,
			       "--events module: there is no ktstr.ko%s%s; run make kmod (make kmod-stock for a stock kernel), or name one in KTSTR_KMOD",
			       *release ? " for " : "", release);
}
