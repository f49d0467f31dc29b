/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU lists as cpuset.cpus has them, "0-1,3": in plans and on the command line.
 */
#ifndef KTSTR_CPULIST_H
#define KTSTR_CPULIST_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CPU_MASK_BITS	1024u

/** struct cpu_mask - a set of CPUs */
struct cpu_mask {
	uint64_t bits[CPU_MASK_BITS / 64];
};

/* strtoul() would take blanks and signs; a list has neither. */
static inline int ktstr_cpulist__cpu(const char **s, unsigned int *out)
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

static inline int ktstr_cpulist__range(const char **s, struct cpu_mask *m)
{
	unsigned int first, last;

	if (ktstr_cpulist__cpu(s, &first))
		return -EINVAL;
	last = first;
	if (**s == '-') {
		(*s)++;
		if (ktstr_cpulist__cpu(s, &last) || last < first)
			return -EINVAL;
	}
	for (; first <= last; first++)
		m->bits[first / 64] |= 1ULL << (first % 64);
	return 0;
}

/**
 * cpulist__parse() - read a list of CPUs and ranges
 * @s: text such as "0-1,3"; nothing but digits, '-' and ','
 * @out: result, written only on success
 *
 * Return: 0; -EINVAL on a malformed or empty list, a range that runs backwards
 * or a CPU of %CPU_MASK_BITS or more.
 */
static inline int cpulist__parse(const char *s, struct cpu_mask *out)
{
	struct cpu_mask m = { 0 };

	for (;;) {
		if (ktstr_cpulist__range(&s, &m))
			return -EINVAL;
		if (!*s)
			break;
		if (*s++ != ',')
			return -EINVAL;
	}
	*out = m;
	return 0;
}

/** cpu_mask__equal() - the same CPUs? */
static inline bool cpu_mask__equal(const struct cpu_mask *a, const struct cpu_mask *b)
{
	return !memcmp(a->bits, b->bits, sizeof(a->bits));
}

/** cpu_mask__test() - is @cpu in the set? A CPU beyond the mask is not. */
static inline bool cpu_mask__test(const struct cpu_mask *m, unsigned int cpu)
{
	return cpu < CPU_MASK_BITS && (m->bits[cpu / 64] >> (cpu % 64) & 1);
}

/** cpu_mask__set() - put a CPU below %CPU_MASK_BITS into a set */
static inline void cpu_mask__set(struct cpu_mask *m, unsigned int cpu)
{
	m->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

/** cpu_mask__count() - how many CPUs are in a set */
static inline unsigned int cpu_mask__count(const struct cpu_mask *m)
{
	unsigned int n = 0;

	for (size_t i = 0; i < CPU_MASK_BITS / 64; i++)
		n += (unsigned int)__builtin_popcountll(m->bits[i]);
	return n;
}

/** cpu_mask__text() - a set as "0-1,3"; cut off where @size ends; return: @buf */
static inline char *cpu_mask__text(const struct cpu_mask *m, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS && len < size; cpu++) {
		unsigned int last = cpu;

		if (!cpu_mask__test(m, cpu))
			continue;
		while (cpu_mask__test(m, last + 1))
			last++;
		len += (size_t)snprintf(buf + len, size - len, last > cpu ? "%s%u-%u" : "%s%u",
					len ? "," : "", cpu, last);
		cpu = last;
	}
	return buf;
}

#endif /* KTSTR_CPULIST_H */
