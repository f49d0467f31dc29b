/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A list of CPUID leaves while it is edited; private to cpuid*.c.
 */
#ifndef VMM_CPUID_LIST_H
#define VMM_CPUID_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "cpuid.h"

#define CPUID_BIT(n)		(1u << (n))

/**
 * struct cpuid_shape - the numbers that every topology leaf of a CPU is made of
 * @t: topology
 * @cpu: number of the CPU
 * @apic_id: its APIC id
 * @core_shift, @llc_shift, @pkg_shift: first bit of each level's number in any APIC id
 * @threads: of this CPU's core
 * @cpus_per_llc: that share this CPU's LLC
 * @cpus_per_pkg: in this CPU's package
 * @node: its node, which is its package
 */
struct cpuid_shape {
	const struct ktstr_topology *t;
	uint32_t cpu;
	uint32_t apic_id;
	uint32_t core_shift, llc_shift, pkg_shift;
	uint32_t threads;
	uint32_t cpus_per_llc;
	uint32_t cpus_per_pkg;
	uint32_t node;
};

struct kvm_cpuid_entry2 *cpuid_list__find(struct kvm_cpuid2 *c, uint32_t function, uint32_t index);
void cpuid_list__remove(struct kvm_cpuid2 *c, uint32_t function);
struct kvm_cpuid_entry2 *cpuid_list__add(struct kvm_cpuid2 *c, uint32_t function, uint32_t index,
					 uint32_t flags);
struct kvm_cpuid_entry2 *cpuid_list__leaf(struct kvm_cpuid2 *c, uint32_t function);
int cpuid_list__raise_max(struct kvm_cpuid2 *c, uint32_t base, uint32_t max);

int cpuid_topology__intel(struct kvm_cpuid2 *c, const struct cpuid_shape *s);
int cpuid_topology__amd(struct kvm_cpuid2 *c, const struct cpuid_shape *s);
int cpuid_cache__intel(struct kvm_cpuid2 *c, const struct cpuid_shape *s);
int cpuid_cache__amd(struct kvm_cpuid2 *c, const struct cpuid_shape *s);

#endif /* VMM_CPUID_LIST_H */
