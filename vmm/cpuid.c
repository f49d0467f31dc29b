// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of a vCPU (Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E).
 *
 * The list starts as KVM_GET_SUPPORTED_CPUID gives it, with KVM's own leaves
 * at 0x40000000. Only topology, caches and a few feature bits are ours. The
 * cache sizes are made up and always the same: what matters is who shares them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpuid.h"
#include "kvm.h"

#define BIT(n)			(1u << (n))
#define L1_ECX_VMX		BIT(5)
#define L1_ECX_TSC_DEADLINE	BIT(24)
#define L1_ECX_HYPERVISOR	BIT(31)
#define L1_EDX_HTT		BIT(28)
#define L80000001_ECX_CMP_LEGACY BIT(1)
#define L80000001_ECX_SVM	BIT(2)
#define L80000001_ECX_TOPOEXT	BIT(22)

#define LEAF_CACHES_INTEL	4u
#define LEAF_TOPOLOGY		0xbu
#define LEAF_TOPOLOGY_V2	0x1fu
#define LEAF_SVM		0x8000000au
#define LEAF_CACHES_AMD		0x8000001du
#define LEAF_TOPOLOGY_AMD	0x8000001eu
#define LEAF_TOPOLOGY_AMD_V2	0x80000026u

#define LEVEL_SMT		1u
#define LEVEL_CORE		2u

/* struct shape - the numbers that every topology leaf is made of */
struct shape {
	uint32_t apic_id;
	uint32_t core_shift, llc_shift, pkg_shift;
	uint32_t cpus_per_pkg;
	uint32_t threads;	/* of this CPU's core */
	uint32_t node;
};

/* One level of cache; all lines have 64 bytes. */
static const struct cache {
	uint32_t type;		/* 1 data, 2 instructions, 3 unified */
	uint32_t level;
	uint32_t ways;
	uint32_t sets;
} caches[] = {
	{ 1, 1, 8, 64 },	/* 32 KiB */
	{ 2, 1, 8, 64 },	/* 32 KiB */
	{ 3, 2, 8, 1024 },	/* 512 KiB */
	{ 3, 3, 16, 16384 },	/* 16 MiB, the LLC */
};

#define NR_CACHES	(sizeof(caches) / sizeof(caches[0]))
#define LLC_SIZE_512K	32u	/* the LLC in units of 512 KiB */
#define LLC_ASSOC_AMD	8u	/* code for 16 ways in leaf 0x80000006 */

/**
 * cpuid__supported() - what KVM can show a guest on this host
 * @kvm_fd: /dev/kvm
 * @out: list with room for %CPUID_ENTRIES_MAX entries, to be freed with free()
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int cpuid__supported(int kvm_fd, struct kvm_cpuid2 **out, struct ktstr_error *e)
{
	struct kvm_cpuid2 *c;
	int err;

	c = calloc(1, sizeof(*c) + CPUID_ENTRIES_MAX * sizeof(c->entries[0]));
	if (!c)
		return ktstr_error_set(e, -ENOMEM,
				"the host has no memory left for a machine: free some");
	c->nent = CPUID_ENTRIES_MAX;
	err = kvm_do(kvm_fd, KVM_GET_SUPPORTED_CPUID, c);
	if (err) {
		free(c);
		return ktstr_error_set(e, err,
				"KVM does not say which CPU features it supports (%s): see the host's kernel log",
				strerror(-err));
	}
	*out = c;
	return 0;
}

static struct kvm_cpuid_entry2 *find(struct kvm_cpuid2 *c, uint32_t function, uint32_t index)
{
	for (uint32_t i = 0; i < c->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &c->entries[i];

		if (entry->function == function &&
		    (entry->index == index || !(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX)))
			return entry;
	}
	return NULL;
}

static void remove_leaf(struct kvm_cpuid2 *c, uint32_t function)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function != function)
			c->entries[kept++] = c->entries[i];
	c->nent = kept;
}

/* Add an all-zero entry; NULL when the list is full. */
static struct kvm_cpuid_entry2 *add(struct kvm_cpuid2 *c, uint32_t function, uint32_t index,
				    uint32_t flags)
{
	struct kvm_cpuid_entry2 *entry;

	if (c->nent >= CPUID_ENTRIES_MAX)
		return NULL;
	entry = &c->entries[c->nent++];
	memset(entry, 0, sizeof(*entry));
	entry->function = function;
	entry->index = index;
	entry->flags = flags;
	return entry;
}

/* The entry of a leaf without subleaves; made if it is missing. */
static struct kvm_cpuid_entry2 *leaf(struct kvm_cpuid2 *c, uint32_t function)
{
	struct kvm_cpuid_entry2 *entry = find(c, function, 0);

	return entry ? entry : add(c, function, 0, 0);
}

static bool vendor_is(struct kvm_cpuid2 *c, const char *name)
{
	const struct kvm_cpuid_entry2 *l0 = find(c, 0, 0);

	return l0 && !memcmp(&l0->ebx, name, 4) && !memcmp(&l0->edx, name + 4, 4) &&
	       !memcmp(&l0->ecx, name + 8, 4);
}

static bool is_amd(struct kvm_cpuid2 *c)
{
	return vendor_is(c, "AuthenticAMD") || vendor_is(c, "HygonGenuine");
}

static int raise_max(struct kvm_cpuid2 *c, uint32_t base, uint32_t max)
{
	struct kvm_cpuid_entry2 *entry = leaf(c, base);

	if (!entry)
		return -ENOSPC;
	if (entry->eax < max)
		entry->eax = max;
	return 0;
}

static int fill_features(struct kvm_cpuid2 *c, const struct shape *s, bool tsc_deadline)
{
	struct kvm_cpuid_entry2 *l1 = leaf(c, 1);

	if (!l1)
		return -ENOSPC;
	l1->ebx = (l1->ebx & 0x0000ffff) | s->cpus_per_pkg << 16 | s->apic_id << 24;
	l1->ecx |= L1_ECX_HYPERVISOR;
	l1->ecx &= ~L1_ECX_TSC_DEADLINE;
	if (tsc_deadline)
		l1->ecx |= L1_ECX_TSC_DEADLINE;
	l1->edx &= ~L1_EDX_HTT;
	if (s->cpus_per_pkg > 1)
		l1->edx |= L1_EDX_HTT;
	return 0;
}

/*
 * A guest of ktstr runs no guests of its own, and a kernel with KVM built in
 * would patch its text hundreds of times to get ready for them: with several
 * vCPUs that takes seconds in the box.
 */
static void hide_virtualization(struct kvm_cpuid2 *c)
{
	struct kvm_cpuid_entry2 *l1 = find(c, 1, 0);
	struct kvm_cpuid_entry2 *l81 = find(c, 0x80000001u, 0);

	if (l1)
		l1->ecx &= ~L1_ECX_VMX;
	if (l81)
		l81->ecx &= ~L80000001_ECX_SVM;
	remove_leaf(c, LEAF_SVM);
}

static int add_level(struct kvm_cpuid2 *c, const struct shape *s, uint32_t index, uint32_t type,
		     uint32_t shift, uint32_t cpus)
{
	struct kvm_cpuid_entry2 *entry = add(c, LEAF_TOPOLOGY, index,
					     KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

	if (!entry)
		return -ENOSPC;
	entry->eax = shift;
	entry->ebx = cpus;
	entry->ecx = type << 8 | index;
	entry->edx = s->apic_id;
	return 0;
}

/* Leaf 0xB; its newer twins would win over it and say something else. */
static int fill_levels(struct kvm_cpuid2 *c, const struct shape *s)
{
	int err;

	remove_leaf(c, LEAF_TOPOLOGY);
	remove_leaf(c, LEAF_TOPOLOGY_V2);
	remove_leaf(c, LEAF_TOPOLOGY_AMD_V2);
	err = raise_max(c, 0, LEAF_TOPOLOGY);
	if (!err)
		err = add_level(c, s, 0, LEVEL_SMT, s->core_shift, s->threads);
	if (!err)
		err = add_level(c, s, 1, LEVEL_CORE, s->pkg_shift, s->cpus_per_pkg);
	if (!err)
		err = add_level(c, s, 2, 0, 0, 0);
	return err;
}

/* Both vendors describe a cache in the same words, at different leaves. */
static int add_cache(struct kvm_cpuid2 *c, const struct shape *s, uint32_t function, uint32_t index,
		     uint32_t eax)
{
	const struct cache *cache = &caches[index];
	uint32_t shift = cache->level == 3 ? s->llc_shift : s->core_shift;
	struct kvm_cpuid_entry2 *entry = add(c, function, index, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

	if (!entry)
		return -ENOSPC;
	/*
	 * "Sharing" counts APIC ids and not CPUs: Linux rounds APIC ids down
	 * by it, which is only right for a power of two.
	 */
	entry->eax = eax | cache->type | cache->level << 5 | BIT(8) | (BIT(shift) - 1) << 14;
	entry->ebx = (cache->ways - 1) << 22 | 63;
	entry->ecx = cache->sets - 1;
	return 0;
}

static int fill_caches(struct kvm_cpuid2 *c, const struct shape *s, uint32_t function, uint32_t eax)
{
	remove_leaf(c, function);
	for (uint32_t i = 0; i < NR_CACHES; i++) {
		int err = add_cache(c, s, function, i, eax);

		if (err)
			return err;
	}
	/* Type 0 ends the list. */
	return add(c, function, NR_CACHES, KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ? 0 : -ENOSPC;
}

static int fill_intel(struct kvm_cpuid2 *c, const struct shape *s)
{
	uint32_t cores = BIT(s->pkg_shift - s->core_shift) - 1;

	/* Six bits; leaf 0xB says it without that limit and Linux prefers it. */
	return fill_caches(c, s, LEAF_CACHES_INTEL, (cores > 63 ? 63 : cores) << 26);
}

/*
 * Linux takes the LLC id of family 17h models 00h to 1Fh from APIC id bit 3,
 * whatever CPUID says of the cache (cacheinfo_amd_init_llc_id()). Such a host
 * shows its guests the model after, whose LLCs are described by CPUID.
 */
static void avoid_fixed_llc(struct kvm_cpuid2 *c)
{
	struct kvm_cpuid_entry2 *l1 = find(c, 1, 0);
	uint32_t family = (l1->eax >> 8 & 0xf) + (l1->eax >> 20 & 0xff);
	uint32_t model = (l1->eax >> 4 & 0xf) | (l1->eax >> 12 & 0xf0);

	if (family == 0x17 && model <= 0x1f)
		l1->eax = (l1->eax & ~0x000f00ffu) | 0x3 << 16 | 0x1 << 4;
}

static int fill_amd_topology(struct kvm_cpuid2 *c, const struct shape *s)
{
	struct kvm_cpuid_entry2 *entry;

	remove_leaf(c, LEAF_TOPOLOGY_AMD);
	entry = add(c, LEAF_TOPOLOGY_AMD, 0, 0);
	if (!entry)
		return -ENOSPC;
	entry->eax = s->apic_id;
	entry->ebx = (s->apic_id & (BIT(s->pkg_shift) - 1)) >> s->core_shift |
		     (s->threads - 1) << 8;
	entry->ecx = s->node;	/* a node is a package: bits 10:8, nodes less one, are 0 */
	return 0;
}

static int fill_amd(struct kvm_cpuid2 *c, const struct shape *s)
{
	struct kvm_cpuid_entry2 *l81, *l86, *l88;

	if (raise_max(c, 0x80000000u, LEAF_TOPOLOGY_AMD))
		return -ENOSPC;
	l81 = leaf(c, 0x80000001u);
	l86 = leaf(c, 0x80000006u);
	l88 = leaf(c, 0x80000008u);
	if (!l81 || !l86 || !l88)
		return -ENOSPC;
	l81->ecx |= L80000001_ECX_TOPOEXT;
	l81->ecx &= ~L80000001_ECX_CMP_LEGACY;
	if (s->cpus_per_pkg > 1)
		l81->ecx |= L80000001_ECX_CMP_LEGACY;
	l86->edx = LLC_SIZE_512K << 18 | LLC_ASSOC_AMD << 12 | 1 << 8 | 64;
	l88->ecx = s->pkg_shift << 12 | (s->cpus_per_pkg - 1);
	avoid_fixed_llc(c);
	if (fill_caches(c, s, LEAF_CACHES_AMD, 0))
		return -ENOSPC;
	return fill_amd_topology(c, s);
}

/**
 * cpuid__fill() - turn KVM's list into that of one vCPU
 * @cpuid: a fresh copy of cpuid__supported(), with the same room
 * @t: checked topology
 * @cpu: number of this vCPU
 * @tsc_deadline: offer the local APIC's TSC deadline timer
 *
 * Return: 0; -ENOSPC when the list would pass %CPUID_ENTRIES_MAX.
 */
int cpuid__fill(struct kvm_cpuid2 *cpuid, const struct ktstr_topology *t, uint32_t cpu,
		bool tsc_deadline)
{
	uint32_t node = ktstr_topology__cpu_node(t, cpu);
	struct shape s = {
		.apic_id = ktstr_topology__apic_id(t, cpu),
		.cpus_per_pkg = ktstr_topology__node_cpus(t, node).nr,
		.threads = ktstr_topology__core_cpus(t, ktstr_topology__cpu_core(t, cpu)).nr,
		.node = node,
	};
	int err;

	ktstr_topology__shifts(t, &s.core_shift, &s.llc_shift, &s.pkg_shift);
	err = fill_features(cpuid, &s, tsc_deadline);
	hide_virtualization(cpuid);
	if (!err)
		err = fill_levels(cpuid, &s);
	if (!err)
		err = is_amd(cpuid) ? fill_amd(cpuid, &s) : fill_intel(cpuid, &s);
	return err;
}
