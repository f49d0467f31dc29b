// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU lists as cpuset.cpus has them.
 */
#include <errno.h>
#include <string.h>

#include "cpulist.h"

/* strtoul() would take blanks and signs; a list has neither. */
static int parse_cpu(const char **s, unsigned int *out)
{
	const char *p = *s;
	unsigned int v = 0;

	while (*p >= '0' && *p <= '9') {
		v = v * 10 + (unsigned int)(*p++ - '0');
		if (v >= CPU_MASK_BITS)
			return -EINVAL;
	}
	if (p == *s)
		return -EINVAL;
	*s = p;
	*out = v;
	return 0;
}

static int parse_range(const char **s, struct cpu_mask *m)
{
	unsigned int first, last;

	if (parse_cpu(s, &first))
		return -EINVAL;
	last = first;
	if (**s == '-') {
		(*s)++;
		if (parse_cpu(s, &last) || last < first)
			return -EINVAL;
	}
	for (; first <= last; first++)
		m->bits[first / 64] |= 1ULL << (first % 64);
	return 0;
}

int cpulist__parse(const char *s, struct cpu_mask *out)
{
	struct cpu_mask m = { 0 };

	for (;;) {
		if (parse_range(&s, &m))
			return -EINVAL;
		if (!*s)
			break;
		if (*s++ != ',')
			return -EINVAL;
	}
	*out = m;
	return 0;
}

bool cpu_mask__equal(const struct cpu_mask *a, const struct cpu_mask *b)
{
	return !memcmp(a->bits, b->bits, sizeof(a->bits));
}
