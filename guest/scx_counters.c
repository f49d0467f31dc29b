// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the event counters of sched_ext.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kfile.h"
#include "scx_counters.h"

#define COUNTERS_MAX	64u	/* as many as the host keeps */
#define PREFIX		"SCX_EV_"	/* the names share it */

/* "NAME VALUE": names are as long as they like, the record keeps what it has room for. */
static bool parse(char *line, struct ktstr_ev_scx_counter *ev)
{
	char *name = strsep(&line, " "), *end;

	if (!strncmp(name, PREFIX, strlen(PREFIX)))
		name += strlen(PREFIX);
	/* strtoull() would take blanks and signs. */
	if (!*name || !line || *line < '0' || *line > '9')
		return false;
	errno = 0;
	ev->value = strtoull(line, &end, 10);
	snprintf(ev->name, sizeof(ev->name), "%.*s", (int)sizeof(ev->name) - 1, name);
	return !errno && !*end;
}

unsigned int scx_counters__tell(const char *path, int (*emit)(struct ktstr_ev_scx_counter *ev))
{
	unsigned int nr = 0;
	char text[4096];
	char *line, *rest = text;

	if (kfile__read(path, text, sizeof(text)) <= 0)
		return 0;
	/* What has no end was cut, and its number may be too. */
	while (nr < COUNTERS_MAX && (line = strsep(&rest, "\n")) && rest) {
		struct ktstr_ev_scx_counter ev = { .h.arg = nr };

		if (!parse(line, &ev))
			continue;
		if (emit(&ev) < 0)
			break;
		nr++;
	}
	return nr;
}
