// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of a matrix.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "args.h"

bool args__is_matrix(const struct args *a)
{
	for (int i = 0; i < MATRIX_AXES; i++)
		if (a->matrix.v[i].n)
			return true;
	return a->jobs || a->budget_s || a->shards;
}

static int both(const char *axis, const char *option, struct ktstr_error *e)
{
	return ktstr_error_set(e, -EINVAL,
			       "--matrix %s and --%s both say which to take; leave one of the two out",
			       axis, option);
}

int args__check_matrix(const struct args *a, struct ktstr_error *e)
{
	if (a->matrix.v[MATRIX_TOPOLOGIES].n && (a->topology_given || a->preset))
		return both("topologies", a->preset ? "preset" : "topology", e);
	if (a->matrix.v[MATRIX_SCHEDULERS].n && a->sched_given)
		return both("schedulers", "sched", e);
	if (a->matrix.v[MATRIX_KERNELS].n && a->kernel)
		return both("kernels", "kernel", e);
	return 0;
}

static uint32_t seconds_of(char unit)
{
	switch (unit) {
	case 'h':
		return 3600;
	case 'm':
		return 60;
	case 's':
	case '\0':
		return 1;
	default:
		return 0;
	}
}

int args__parse_budget(const char *s, uint32_t *seconds, struct ktstr_error *e)
{
	uint64_t all = 0;
	uint32_t last = UINT32_MAX;
	const char *p = s;

	do {
		uint32_t n, unit;
		int len = 0;

		if (*p < '0' || *p > '9' || sscanf(p, "%7u%n", &n, &len) != 1)
			break;
		p += len;
		unit = seconds_of(*p);
		/* Hours, then minutes, then seconds, each once. */
		if (!unit || unit >= last)
			break;
		last = unit;
		all += (uint64_t)n * unit;
		p += *p != '\0';
	} while (*p);
	if (last == UINT32_MAX || *p)
		return ktstr_error_set(e, -EINVAL,
				       "--budget \"%.100s\" is no time; give one such as 90s, 10m or 1h30m", s);
	if (!all || all > ARGS_BUDGET_MAX_S)
		return ktstr_error_set(e, -EINVAL, "--budget %.100s is out of range; give 1s to %uh",
				       s, ARGS_BUDGET_MAX_S / 3600);
	*seconds = (uint32_t)all;
	return 0;
}

int args__parse_shard(const char *s, uint32_t *shard, uint32_t *shards, struct ktstr_error *e)
{
	unsigned int i = 0, n = 0;
	int len = 0;

	if (*s >= '0' && *s <= '9' && sscanf(s, "%7u/%n", &i, &len) == 1 && len &&
	    s[len] >= '0' && s[len] <= '9' && strspn(s + len, "0123456789") == strlen(s + len))
		sscanf(s + len, "%7u", &n);
	if (!i || i > n || n > ARGS_SHARDS_MAX)
		return ktstr_error_set(e, -EINVAL,
				       "--shard \"%.100s\" is no part of a whole; give I/N such as 1/4, N being %u at most",
				       s, ARGS_SHARDS_MAX);
	*shard = i;
	*shards = n;
	return 0;
}
