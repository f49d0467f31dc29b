// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID leaves that say where in the machine a CPU is (Intel SDM volume 2A,
 * CPUID, leaves 0BH and 1FH; AMD APM volume 3, appendix E.4.15 to E.4.24).
 *
 * Every level has the same number of bits on all CPUs, however uneven the
 * machine is: Linux compares them and calls it a firmware bug otherwise. The
 * number of CPUs at a level is this CPU's own and never 0, which would end
 * the list. An LLC is a die to both vendors, as in a machine with chiplets.
 */
#include <errno.h>

#include "cpuid_list.h"

#define LEAF_TOPOLOGY		0xbu
#define LEAF_TOPOLOGY_V2	0x1fu
#define LEAF_TOPOLOGY_AMD	0x8000001eu
#define LEAF_TOPOLOGY_AMD_V2	0x80000026u
#define L1_EDX_HTT		CPUID_BIT(28)
#define L80000001_ECX_CMP_LEGACY CPUID_BIT(1)
#define L80000001_ECX_TOPOEXT	CPUID_BIT(22)

/* Level types. 0 ends a list. */
#define INTEL_SMT		1u
#define INTEL_CORE		2u
#define INTEL_DIE		5u
#define AMD_CORE		1u
#define AMD_COMPLEX		2u
#define AMD_DIE			3u
#define AMD_SOCKET		4u

/* struct level - one subleaf: what lies below bit @shift of an APIC id is one of these */
struct level {
	uint32_t type;
	uint32_t shift;
	uint32_t cpus;
};

static uint32_t at_most(uint32_t n, uint32_t most)
{
	return n < most ? n : most;
}

static int put_levels(struct kvm_cpuid2 *c, const struct cpuid_shape *s, uint32_t function,
		      const struct level *levels, uint32_t nr)
{
	/* One more, of type 0, ends the list; it has a level number and an APIC id, too. */
	for (uint32_t i = 0; i <= nr; i++) {
		struct kvm_cpuid_entry2 *entry = cpuid_list__add(c, function, i,
							KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

		if (!entry)
			return -ENOSPC;
		entry->ecx = i;
		entry->edx = s->apic_id;
		if (i == nr)
			break;
		entry->eax = levels[i].shift;
		entry->ebx = levels[i].cpus;
		entry->ecx |= levels[i].type << 8;
	}
	return 0;
}

/* Leaf 0xB, the same for both: it knows threads and packages only. */
static int put_leaf_b(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	const struct level levels[] = {
		{ INTEL_SMT, s->core_shift, s->threads },
		{ INTEL_CORE, s->pkg_shift, s->cpus_per_pkg },
	};
	int err = cpuid_list__raise_max(c, 0, LEAF_TOPOLOGY);

	return err ? err : put_levels(c, s, LEAF_TOPOLOGY, levels, 2);
}

/* What the host says of itself, and what a CPU of the other vendor would have. */
static void remove_all(struct kvm_cpuid2 *c)
{
	cpuid_list__remove(c, LEAF_TOPOLOGY);
	cpuid_list__remove(c, LEAF_TOPOLOGY_V2);
	cpuid_list__remove(c, LEAF_TOPOLOGY_AMD);
	cpuid_list__remove(c, LEAF_TOPOLOGY_AMD_V2);
}

/* A package without neighbours is a CPU without HTT, on every CPU of the machine or on none. */
static int put_leaf_1(struct kvm_cpuid2 *c, const struct cpuid_shape *s, uint32_t ids)
{
	struct kvm_cpuid_entry2 *l1 = cpuid_list__leaf(c, 1);

	if (!l1)
		return -ENOSPC;
	l1->ebx = (l1->ebx & 0x0000ffff) | at_most(ids, 255) << 16 | s->apic_id << 24;
	l1->edx &= ~L1_EDX_HTT;
	if (s->pkg_shift)
		l1->edx |= L1_EDX_HTT;
	return 0;
}

/**
 * cpuid_topology__intel() - leaves 0x1, 0xB and 0x1F
 * @c: list
 * @s: this CPU
 *
 * Linux asks 0x1F first. Leaf 1 counts APIC ids of a package and not CPUs, and Linux uses
 * it only where the other two are missing.
 *
 * Return: 0 or -ENOSPC.
 */
int cpuid_topology__intel(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	const struct level levels[] = {
		{ INTEL_SMT, s->core_shift, s->threads },
		{ INTEL_CORE, s->llc_shift, s->cpus_per_llc },
		{ INTEL_DIE, s->pkg_shift, s->cpus_per_pkg },
	};
	struct kvm_cpuid_entry2 *l88 = cpuid_list__find(c, 0x80000008u, 0);
	struct kvm_cpuid_entry2 *l81 = cpuid_list__find(c, 0x80000001u, 0);
	int err;

	remove_all(c);
	if (l88)
		l88->ecx = 0;
	if (l81)
		l81->ecx &= ~(L80000001_ECX_CMP_LEGACY | L80000001_ECX_TOPOEXT);
	err = put_leaf_1(c, s, CPUID_BIT(s->pkg_shift));
	if (!err)
		err = put_leaf_b(c, s);
	if (!err)
		err = cpuid_list__raise_max(c, 0, LEAF_TOPOLOGY_V2);
	return err ? err : put_levels(c, s, LEAF_TOPOLOGY_V2, levels, 3);
}

static int put_counts_amd(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	struct kvm_cpuid_entry2 *l81 = cpuid_list__leaf(c, 0x80000001u);
	struct kvm_cpuid_entry2 *l88 = cpuid_list__leaf(c, 0x80000008u);

	if (!l81 || !l88)
		return -ENOSPC;
	l81->ecx |= L80000001_ECX_TOPOEXT;
	l81->ecx &= ~L80000001_ECX_CMP_LEGACY;
	if (s->pkg_shift)
		l81->ecx |= L80000001_ECX_CMP_LEGACY;
	/* Eight bits for the number of CPUs; the leaves above them are not so narrow. */
	l88->ecx = s->pkg_shift << 12 | at_most(s->cpus_per_pkg - 1, 255);
	return 0;
}

static int put_leaf_1e(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	uint32_t core = (s->apic_id & (CPUID_BIT(s->pkg_shift) - 1)) >> s->core_shift;
	struct kvm_cpuid_entry2 *entry = cpuid_list__add(c, LEAF_TOPOLOGY_AMD, 0, 0);

	if (!entry)
		return -ENOSPC;
	entry->eax = s->apic_id;
	entry->ebx = (core & 0xff) | at_most(s->threads - 1, 255) << 8;
	entry->ecx = s->node;	/* a node is a package: bits 10:8, nodes less one, are 0 */
	return 0;
}

/**
 * cpuid_topology__amd() - leaves 0x1, 0xB, 0x80000001, 0x80000008, 0x8000001E, 0x80000026
 * @c: list
 * @s: this CPU
 *
 * Linux asks 0x80000026 first, and 0x8000001E for the node.
 *
 * Return: 0 or -ENOSPC.
 */
int cpuid_topology__amd(struct kvm_cpuid2 *c, const struct cpuid_shape *s)
{
	const struct level levels[] = {
		{ AMD_CORE, s->core_shift, s->threads },
		{ AMD_COMPLEX, s->llc_shift, s->cpus_per_llc },
		{ AMD_DIE, s->llc_shift, s->cpus_per_llc },
		{ AMD_SOCKET, s->pkg_shift, s->cpus_per_pkg },
	};
	int err;

	remove_all(c);
	err = put_leaf_1(c, s, s->cpus_per_pkg);
	if (!err)
		err = put_leaf_b(c, s);
	if (!err)
		err = cpuid_list__raise_max(c, 0x80000000u, LEAF_TOPOLOGY_AMD_V2);
	if (!err)
		err = put_counts_amd(c, s);
	if (!err)
		err = put_leaf_1e(c, s);
	return err ? err : put_levels(c, s, LEAF_TOPOLOGY_AMD_V2, levels, 4);
}
