// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel says of sched_ext.
 */
#include <endian.h>
#include <string.h>

#include "kfile.h"
#include "sched_state.h"

#define SCX	"/sys/kernel/sched_ext/"

/* An attribute that this kernel does not have reads as 0. */
static __le64 read_number(const char *path)
{
	uint64_t v = 0;

	kfile__read_u64(path, &v);
	return htole64(v);
}

void sched_state__read(struct ktstr_sched_state *s)
{
	memset(s, 0, sizeof(*s));
	if (kfile__read_line(SCX "state", s->state, sizeof(s->state)) < 0) {
		strcpy(s->state, "absent");
		return;
	}
	kfile__read_line(SCX "root/ops", s->ops, sizeof(s->ops));
	s->enable_seq = read_number(SCX "enable_seq");
	s->nr_rejected = read_number(SCX "nr_rejected");
	s->switch_all = read_number(SCX "switch_all");
}

bool sched_state__present(const struct ktstr_sched_state *s)
{
	return strcmp(s->state, "absent");
}

bool sched_state__enabled(const struct ktstr_sched_state *s)
{
	return !strcmp(s->state, "enabled") && s->ops[0];
}

bool sched_state__disabled(const struct ktstr_sched_state *s)
{
	return !strcmp(s->state, "disabled");
}
