/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID as KVM gives it on some hosts, with host topology that must not shine through.
 */
#ifndef CPUID_HOSTS_H
#define CPUID_HOSTS_H

#include <stdlib.h>
#include <string.h>

#include "vmm/cpuid.h"

#define SIG_INDEX	KVM_CPUID_FLAG_SIGNIFCANT_INDEX
#define VMX		(1u << 5)
#define X2APIC		(1u << 21)
#define TSC_DEADLINE	(1u << 24)
#define HYPERVISOR	(1u << 31)
#define HTT		(1u << 28)
#define CMP_LEGACY	(1u << 1)
#define TOPOEXT		(1u << 22)
#define SVM		(1u << 2)
#define INVARIANT_TSC	(1u << 8)
#define ZEN1		0x00800f12u	/* family 17h, model 01h */
#define ZEN2		0x00830f10u	/* family 17h, model 31h */
#define ZEN3		0x00a20f10u	/* family 19h */
#define BULLDOZER	0x00600f20u	/* family 15h */
#define SAPPHIRE_RAPIDS	0x000806f8u

static inline void list_add(struct kvm_cpuid2 *c, uint32_t fn, uint32_t idx, uint32_t flags,
			    uint32_t a, uint32_t b, uint32_t cx, uint32_t d)
{
	c->entries[c->nent++] = (struct kvm_cpuid_entry2){
		.function = fn, .index = idx, .flags = flags,
		.eax = a, .ebx = b, .ecx = cx, .edx = d,
	};
}

static inline void list_add_vendor(struct kvm_cpuid2 *c, const char *name, uint32_t max)
{
	uint32_t r[3];

	memcpy(r, name, 12);
	list_add(c, 0, 0, 0, max, r[0], r[2], r[1]);
}

static inline struct kvm_cpuid2 *new_list(void)
{
	return calloc(1, sizeof(struct kvm_cpuid2) +
		      CPUID_ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2));
}

static inline void list_add_kvm(struct kvm_cpuid2 *c)
{
	list_add(c, 0x40000000, 0, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d);
	list_add(c, 0x40000001, 0, 0, 0x01007efb, 0, 0, 0);
}

static inline struct kvm_cpuid2 *amd_like_host(const char *name, uint32_t signature)
{
	struct kvm_cpuid2 *c = new_list();

	list_add_vendor(c, name, 0xd);
	list_add(c, 1, 0, 0, signature, 0x17400800, TSC_DEADLINE | X2APIC, HTT | 1);
	list_add(c, 0x8000000a, 0, 0, 1, 8, 0, 0xb);
	list_add(c, 0xd, 0, SIG_INDEX, 7, 832, 832, 0);
	list_add_kvm(c);
	list_add(c, 0x80000000, 0, 0, 0x8000001f, 0, 0, 0);
	list_add(c, 0x80000001, 0, 0, 0, 0, SVM | 1, 0);
	list_add(c, 0x80000006, 0, 0, 0, 0, 0, 0x00009140);
	list_add(c, 0x80000007, 0, 0, 0, 0, 0, INVARIANT_TSC);
	list_add(c, 0x80000008, 0, 0, 0x3028, 0, 0x603f, 0);
	list_add(c, 0x8000001d, 0, SIG_INDEX, 0x121, 0x01c0003f, 63, 0);
	list_add(c, 0x8000001e, 0, 0, 77, 77, 77, 0);
	list_add(c, 0x80000026, 0, SIG_INDEX, 5, 6, 7, 8);
	return c;
}

static inline struct kvm_cpuid2 *amd_host(uint32_t signature)
{
	return amd_like_host("AuthenticAMD", signature);
}

static inline struct kvm_cpuid2 *intel_like_host(const char *name)
{
	struct kvm_cpuid2 *c = new_list();

	list_add_vendor(c, name, 0x1f);
	list_add(c, 1, 0, 0, SAPPHIRE_RAPIDS, 0x17400800, VMX | X2APIC, HTT | 1);
	list_add(c, 4, 0, SIG_INDEX, 0x7c004121, 0x02c0003f, 63, 0);
	list_add(c, 4, 1, SIG_INDEX, 0x7c004122, 0x01c0003f, 63, 0);
	list_add(c, 0xb, 0, SIG_INDEX, 1, 2, 0x100, 77);
	list_add(c, 0xb, 1, SIG_INDEX, 7, 112, 0x201, 77);
	list_add(c, 0x1f, 0, SIG_INDEX, 1, 2, 0x100, 77);
	list_add(c, 0x1f, 1, SIG_INDEX, 7, 112, 0x201, 77);
	list_add_kvm(c);
	list_add(c, 0x80000000, 0, 0, 0x80000008, 0, 0, 0);
	list_add(c, 0x80000007, 0, 0, 0, 0, 0, INVARIANT_TSC);
	list_add(c, 0x80000008, 0, 0, 0x3028, 0, 0, 0);
	return c;
}

static inline struct kvm_cpuid2 *intel_host(void)
{
	return intel_like_host("GenuineIntel");
}

/* What the CPUID instruction returns to a guest of KVM: zeros where nothing was said. */
static inline const struct kvm_cpuid_entry2 *cpuid_get(const struct kvm_cpuid2 *c, uint32_t fn,
						       uint32_t idx)
{
	static const struct kvm_cpuid_entry2 zero;

	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == fn &&
		    (!(c->entries[i].flags & SIG_INDEX) || c->entries[i].index == idx))
			return &c->entries[i];
	return &zero;
}

static inline bool cpuid_has(const struct kvm_cpuid2 *c, uint32_t fn)
{
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == fn)
			return true;
	return false;
}

static inline bool cpuid_vendor_is(const struct kvm_cpuid2 *c, const char *name)
{
	const struct kvm_cpuid_entry2 *l0 = cpuid_get(c, 0, 0);

	return !memcmp(&l0->ebx, name, 4) && !memcmp(&l0->edx, name + 4, 4) &&
	       !memcmp(&l0->ecx, name + 8, 4);
}

#endif /* CPUID_HOSTS_H */
