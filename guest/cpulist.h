/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU lists as cpuset.cpus has them: "0-1,3".
 */
#ifndef GUEST_CPULIST_H
#define GUEST_CPULIST_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_MASK_BITS	1024u

/** struct cpu_mask - a set of CPUs */
struct cpu_mask {
	uint64_t bits[CPU_MASK_BITS / 64];
};

/**
 * cpulist__parse() - read a list of CPUs and ranges
 * @s: text such as "0-1,3"; nothing but digits, '-' and ','
 * @out: result, written only on success
 *
 * Return: 0; -EINVAL on a malformed or empty list, a range that runs backwards
 * or a CPU of %CPU_MASK_BITS or more.
 */
int cpulist__parse(const char *s, struct cpu_mask *out);

/** cpu_mask__equal() - the same CPUs? */
bool cpu_mask__equal(const struct cpu_mask *a, const struct cpu_mask *b);

/** cpu_mask__test() - is @cpu in the set? A CPU beyond the mask is not. */
static inline bool cpu_mask__test(const struct cpu_mask *m, unsigned int cpu)
{
	return cpu < CPU_MASK_BITS && (m->bits[cpu / 64] >> (cpu % 64) & 1);
}

#endif /* GUEST_CPULIST_H */
