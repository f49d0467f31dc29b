// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel says of sched_ext.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Its first line; attributes are made anew for each read from their start. */
static bool begins(int fd, const char *text, size_t len)
{
	char buf[64];
	ssize_t n = pread(fd, buf, sizeof(buf), 0);

	return n > (ssize_t)len && buf[len] == '\n' && !memcmp(buf, text, len);
}

bool sched_state__same(const struct ktstr_sched_state *s)
{
	static int state_fd = -1, seq_fd = -1;
	char seq[24];

	if (state_fd < 0)
		state_fd = open(SCX "state", O_RDONLY | O_CLOEXEC);
	if (state_fd < 0 && errno == ENOENT)
		return !sched_state__present(s);
	if (seq_fd < 0)
		seq_fd = open(SCX "enable_seq", O_RDONLY | O_CLOEXEC);
	/* Then it is to be found out in full. */
	if (state_fd < 0 || seq_fd < 0)
		return false;
	snprintf(seq, sizeof(seq), "%llu", (unsigned long long)le64toh(s->enable_seq));
	return begins(state_fd, s->state, strnlen(s->state, sizeof(s->state))) &&
	       begins(seq_fd, seq, strlen(seq));
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
