// SPDX-License-Identifier: GPL-2.0-only
/*
 * A topology from a word of the command line.
 */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "topo_find.h"

bool topo_find__is_numbers(const char *s)
{
	if (!s[strspn(s, "0123456789,")])
		return true;
	return strchr("0123456789,+- ", *s) && !file__exists(s);
}

int topo_find(const char *s, struct ktstr_topology *out, struct ktstr_topology_about *about,
	      struct ktstr_error *e)
{
	int err = ktstr_topology_preset__load(s, out, about, e);

	/* A preset's name may begin with a digit. */
	if (err != -ENOENT)
		return err;
	memset(about, 0, sizeof(*about));
	if (topo_find__is_numbers(s))
		return ktstr_topology__parse(s, out, e);
	err = ktstr_topology__load(s, out, about, e);
	if (err == -ENOENT)
		return ktstr_error_set(e, err,
				       "there is no preset and no file \"%.100s\": see ktstr topo for the presets",
				       s);
	return err;
}

bool topo_find__all_sized(const struct ktstr_topology *t)
{
	if (!t->detail)
		return false;
	for (uint32_t node = 0; node < t->nodes; node++)
		if (t->detail->memory_mib[node] == KTSTR_NODE_MEMORY_AUTO)
			return false;
	return true;
}
