// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID leaves that describe caches: sizes from the topology, and who shares
 * them by APIC id. L1 and L2 belong to a core, L3 to an LLC.
 */
#include <errno.h>

#include "cpuid_list.h"

#define LEAF_CACHES_INTEL	4u
#define LEAF_L1_AMD		0x80000005u
#define LEAF_L2_L3_AMD		0x80000006u
#define LEAF_CACHES_AMD		0x8000001du

#define LINE			64u
#define WAYS_FIELD_MAX		1024u	/* ten bits, less one */
#define L3_UNIT_KIB		512u	/* of leaf 0x80000006 */
#define SIZE_KIB_MAX		0x3fffffu	/* Linux counts the bytes in 32 bits */

/* What a cache is; the size is for topologies that give none. */
static const struct cache {
	uint32_t type;		/* 1 data, 2 instructions, 3 unified */
	uint32_t level;
	uint32_t ways;		/* at least */
	uint32_t kib;
} caches[KTSTR_NR_CACHES] = {
	[KTSTR_L1D] = { 1, 1, 8, 32 },
	[KTSTR_L1I] = { 2, 1, 8, 32 },
	[KTSTR_L2] = { 3, 2, 8, 512 },
	[KTSTR_L3] = { 3, 3, 16, 16384 },
};

static uint32_t at_most(uint32_t n, uint32_t most)
{
	return n < most ? n : most;
}

static uint32_t size_kib(const struct cpuid_shape *s, enum ktstr_cache cache)
{
	uint32_t given = ktstr_topology__cache_kib(s->t, s->cpu, cache);

	return at_most(given ? given : caches[cache].kib, SIZE_KIB_MAX);
}

/*
 * Sizes come in any number of KiB, so in a multiple of 16 lines, and a number of
 * sets is a power of two: what is odd of the size goes into the ways. Where that is
 * more than their field holds the sets are no power of two, which no reader minds.
 */
static uint32_t ways_of(uint32_t lines, uint32_t least)
{
	uint32_t ways = lines >> __builtin_ctz(lines);

	while (ways < least)
		ways *= 2;
	return ways <= WAYS_FIELD_MAX ? ways : least;
}

/* Both vendors describe a cache in the same words, at different leaves. */
static int put_cache(struct kvm_cpuid2 *c, const struct cpuid_shape *s, uint32_t function,
		     uint32_t index, uint32_t eax)
{
	const struct cache *cache = &caches[index];
	uint32_t shift = cache->level == 3 ? s->llc_shift : s->core_shift;
	uint32_t lines = size_kib(s, index) * (1024 / LINE);
	uint32_t ways = ways_of(lines, cache->ways);
	struct kvm_cpuid_entry2 *entry = cpuid_list__add(c, function, index,
							 KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

	if (!entry)
		return -ENOSPC;
	/*
	 * "Sharing" counts APIC ids and not CPUs: Linux rounds APIC ids down
	 * by it, which is only right for a power of two.
	 */
	entry->eax = eax | cache->type | cache->level << 5 | CPUID_BIT(8) |
		     (CPUID_BIT(shift) - 1) << 14;
	entry->ebx = (ways - 1) << 22 | (LINE - 1);
	entry->ecx = lines / ways - 1;
	return 0;
}

static int put_caches(struct kvm_cpuid2 *c, const struct cpuid_shape *s, uint32_t function,
		      uint32_t eax)
{
	for (uint32_t i = 0; i < KTSTR_NR_CACHES; i++) {
		int err = put_cache(c, s, function, i, eax);

		if (err)
			return err;
	}
	/* Type 0 ends the list. */
	return cpuid_list__add(c, function, KTSTR_NR_CACHES,
			       KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ? 0 : -ENOSPC;
}

static void remove_all(struct kvm_cpuid2 *c)
{
	cpuid_list__remove(c, LEAF_CACHES_INTEL);
	cpuid_list__remove(c, LEAF_CACHES_AMD);
}

/** cpuid_cache__intel() - leaf 0x4; return: 0 or -ENOSPC */
int cpuid_cache__intel(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	uint32_t cores = CPUID_BIT(s->pkg_shift - s->core_shift) - 1;

	remove_all(c);
	/* Six bits for core ids; leaf 0xB says it without that limit and Linux prefers it. */
	return put_caches(c, s, LEAF_CACHES_INTEL, (cores > 63 ? 63 : cores) << 26);
}

/* AMD APM volume 3, table E-4, but for the associativities that it has no code for. */
static uint32_t ways_code(uint32_t ways)
{
	return ways >= 16 ? 8 : 6;
}

/*
 * The older leaves have fewer bits and no sharing. Linux shows the L2 of leaf
 * 0x80000006 in /proc/cpuinfo, and reads LLC ids from 0x8000001D only if an L3
 * is in 0x80000006.
 */
static int put_old_leaves(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	struct kvm_cpuid_entry2 *l1 = cpuid_list__leaf(c, LEAF_L1_AMD);
	struct kvm_cpuid_entry2 *l2 = cpuid_list__leaf(c, LEAF_L2_L3_AMD);
	uint32_t units = (size_kib(s, KTSTR_L3) + L3_UNIT_KIB - 1) / L3_UNIT_KIB;

	if (!l1 || !l2)
		return -ENOSPC;
	l1->ecx = at_most(size_kib(s, KTSTR_L1D), 255) << 24 | caches[KTSTR_L1D].ways << 16 |
		  1 << 8 | LINE;
	l1->edx = at_most(size_kib(s, KTSTR_L1I), 255) << 24 | caches[KTSTR_L1I].ways << 16 |
		  1 << 8 | LINE;
	l2->ecx = at_most(size_kib(s, KTSTR_L2), 0xffff) << 16 |
		  ways_code(caches[KTSTR_L2].ways) << 12 | 1 << 8 | LINE;
	l2->edx = at_most(units, 0x3fff) << 18 | ways_code(caches[KTSTR_L3].ways) << 12 | 1 << 8 |
		  LINE;
	return 0;
}

/** cpuid_cache__amd() - leaves 0x80000005, 0x80000006 and 0x8000001D; return: 0 or -ENOSPC */
int cpuid_cache__amd(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	int err;

	remove_all(c);
	err = cpuid_list__raise_max(c, 0x80000000u, LEAF_CACHES_AMD);
	if (!err)
		err = put_old_leaves(c, s);
	return err ? err : put_caches(c, s, LEAF_CACHES_AMD, 0);
}
