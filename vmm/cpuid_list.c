// SPDX-License-Identifier: GPL-2.0-only
/*
 * Editing a list of CPUID leaves. It never grows past CPUID_ENTRIES_MAX.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cpuid_list.h"

/** cpuid_list__find() - a leaf, and the subleaf @index if it has any; NULL when there is none */
struct kvm_cpuid_entry2 *cpuid_list__find(struct kvm_cpuid2 *c, uint32_t function, uint32_t index)
{
	for (uint32_t i = 0; i < c->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &c->entries[i];

		if (entry->function == function &&
		    (entry->index == index || !(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX)))
			return entry;
	}
	return NULL;
}

/** cpuid_list__remove() - drop a leaf with all of its subleaves */
void cpuid_list__remove(struct kvm_cpuid2 *c, uint32_t function)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->nent; i++) {
		if (c->entries[i].function == function)
			continue;
		if (kept != i)
			c->entries[kept] = c->entries[i];
		kept++;
	}
	c->nent = kept;
}

/** cpuid_list__add() - append an all-zero entry; NULL when the list is full */
struct kvm_cpuid_entry2 *cpuid_list__add(struct kvm_cpuid2 *c, uint32_t function, uint32_t index,
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

/** cpuid_list__leaf() - a leaf without subleaves, made if it is missing; NULL when full */
struct kvm_cpuid_entry2 *cpuid_list__leaf(struct kvm_cpuid2 *c, uint32_t function)
{
	struct kvm_cpuid_entry2 *entry = cpuid_list__find(c, function, 0);

	return entry ? entry : cpuid_list__add(c, function, 0, 0);
}

/**
 * cpuid_list__raise_max() - make a leaf reachable
 * @c: list
 * @base: leaf that states the highest of its range: 0 or 0x80000000
 * @max: leaf that must not be above that
 *
 * Leaves in between that nobody added are zero, which means "not there" in each of them.
 *
 * Return: 0 or -ENOSPC.
 */
int cpuid_list__raise_max(struct kvm_cpuid2 *c, uint32_t base, uint32_t max)
{
	struct kvm_cpuid_entry2 *entry = cpuid_list__leaf(c, base);

	if (!entry)
		return -ENOSPC;
	if (entry->eax < max)
		entry->eax = max;
	return 0;
}
