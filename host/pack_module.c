// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding and packing ktstr.ko.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "file.h"
#include "pack_module.h"

/* Where the Makefile puts it: in build/, or in O=DIR with ktstr beside it. */
static bool find_beside_us(char *dst, size_t size)
{
	static const char * const places[] = { "build/kmod/ktstr.ko", "kmod/ktstr.ko" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!file__beside_us(dst, size, places[i]) && file__exists(dst))
			return true;
	return false;
}

int pack_module(struct pack *p, enum ktstr_events_wish wish, struct ktstr_error *e)
{
	const char *named = getenv("KTSTR_KMOD");
	char path[PATH_MAX];

	if (wish != KTSTR_WISH_AUTO && wish != KTSTR_WISH_MODULE)
		return 0;
	if (named && *named)
		return pack__add_data(p, named, KTSTR_MODULE_PATH, e);
	if (!named && find_beside_us(path, sizeof(path)))
		return pack__add_data(p, path, KTSTR_MODULE_PATH, e);
	if (wish == KTSTR_WISH_AUTO)
		return 0;
	return ktstr_error_set(e, -ENOENT,
			       "--events module: there is no ktstr.ko; run make kmod, or name one in KTSTR_KMOD");
}
