// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the event counters of sched_ext.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kfile.h"
#include "scx_counters.h"

#define COUNTERS_MAX	64u	/* as many as the host keeps */

/* Return: 1 when the line is a counter. */
static int parse(const char *line, struct ktstr_ev_scx_counter *ev)
{
	char name[sizeof(ev->name)];
	uint64_t value;

	if (sscanf(line, "%31s %" SCNu64, name, &value) != 2)
		return 0;
	/* The names share it. */
	strcpy(ev->name, name + (strncmp(name, "SCX_EV_", 7) ? 0 : 7));
	ev->value = value;
	return 1;
}

unsigned int scx_counters__tell(const char *path, int (*emit)(struct ktstr_ev_scx_counter *ev))
{
	unsigned int nr = 0;
	char text[4096];
	char *line, *rest = text;

	if (kfile__read(path, text, sizeof(text)) <= 0)
		return 0;
	while (nr < COUNTERS_MAX && (line = strsep(&rest, "\n"))) {
		struct ktstr_ev_scx_counter ev = { .h.arg = nr };

		if (!parse(line, &ev))
			continue;
		if (emit(&ev) < 0)
			break;
		nr++;
	}
	return nr;
}
