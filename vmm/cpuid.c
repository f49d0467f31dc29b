// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of a vCPU (Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E).
 *
 * The list starts as KVM_GET_SUPPORTED_CPUID gives it, with KVM's own leaves
 * at 0x40000000. Only topology (cpuid_topology.c), caches (cpuid_cache.c), the
 * vendor where Linux would not read those, and a few feature bits are ours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpuid.h"
#include "cpuid_list.h"
#include "kvm.h"

#define L1_ECX_VMX		CPUID_BIT(5)
#define L1_ECX_X2APIC		CPUID_BIT(21)
#define L1_ECX_TSC_DEADLINE	CPUID_BIT(24)
#define L1_ECX_HYPERVISOR	CPUID_BIT(31)
#define L80000001_ECX_SVM	CPUID_BIT(2)
#define LEAF_SVM		0x8000000au
#define LEAF_KVM_FEATURES	0x40000001u
#define KVM_EXT_DEST_ID		CPUID_BIT(15)	/* KVM_FEATURE_MSI_EXT_DEST_ID */
#define KVM_HYPERCALLS		(CPUID_BIT(7) | CPUID_BIT(11) | CPUID_BIT(13))
				/* ..._PV_UNHALT, _PV_SEND_IPI, _PV_SCHED_YIELD */

#define AMD_ZEN2		0x00830f10u	/* family 17h, model 31h */
#define INTEL_SPR		0x000806f8u	/* family 6, model 8Fh */

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

static bool vendor_is(struct kvm_cpuid2 *c, const char *name)
{
	const struct kvm_cpuid_entry2 *l0 = cpuid_list__find(c, 0, 0);

	return l0 && !memcmp(&l0->ebx, name, 4) && !memcmp(&l0->edx, name + 4, 4) &&
	       !memcmp(&l0->ecx, name + 8, 4);
}

static int set_vendor(struct kvm_cpuid2 *c, const char *name, uint32_t signature)
{
	struct kvm_cpuid_entry2 *l0 = cpuid_list__leaf(c, 0);
	struct kvm_cpuid_entry2 *l1 = cpuid_list__leaf(c, 1);

	if (!l0 || !l1)
		return -ENOSPC;
	memcpy(&l0->ebx, name, 4);
	memcpy(&l0->edx, name + 4, 4);
	memcpy(&l0->ecx, name + 8, 4);
	l1->eax = signature;
	return 0;
}

/*
 * Linux takes the LLC id of AMD's families before 17h from the node, and that of models
 * 00h to 1Fh of 17h from APIC id bit 3, whatever CPUID says of the cache
 * (cacheinfo_amd_init_llc_id()). Such a host shows its guests the model after, whose LLCs
 * are described by CPUID.
 */
static bool has_fixed_llc(struct kvm_cpuid2 *c)
{
	const struct kvm_cpuid_entry2 *l1 = cpuid_list__find(c, 1, 0);
	uint32_t family = (l1->eax >> 8 & 0xf) + (l1->eax >> 20 & 0xff);
	uint32_t model = (l1->eax >> 4 & 0xf) | (l1->eax >> 12 & 0xf0);

	return family < 0x17 || (family == 0x17 && model <= 0x1f);
}

/*
 * Intel's CPUs and AMD's have different instructions for a hypercall. KVM patches the one
 * that the host lacks, and in a kernel whose text cannot be written that is an oops.
 */
static void hide_hypercalls(struct kvm_cpuid2 *c)
{
	struct kvm_cpuid_entry2 *kvm = cpuid_list__find(c, LEAF_KVM_FEATURES, 0);

	if (kvm)
		kvm->eax &= ~KVM_HYPERCALLS;
}

/*
 * Linux reads topologies of these two as they are meant. Of Hygon's CPUs, which are AMD's
 * otherwise, it takes the LLC from APIC id bit 3; of Centaur's and Zhaoxin's, which are like
 * Intel's, it reads leaf 1 only; of others nothing.
 */
static int choose_vendor(struct kvm_cpuid2 *c, enum vmm_vendor want, bool *amd)
{
	bool svm = vendor_is(c, "AuthenticAMD") || vendor_is(c, "HygonGenuine");

	*amd = want == VMM_VENDOR_AMD || (want == VMM_VENDOR_HOST && svm);
	if (!cpuid_list__leaf(c, 1))
		return -ENOSPC;
	if (*amd != svm)
		hide_hypercalls(c);
	if (*amd && (!vendor_is(c, "AuthenticAMD") || has_fixed_llc(c)))
		return set_vendor(c, "AuthenticAMD", AMD_ZEN2);
	if (!*amd && !vendor_is(c, "GenuineIntel"))
		return set_vendor(c, "GenuineIntel", INTEL_SPR);
	return 0;
}

static int fill_features(struct kvm_cpuid2 *c, const struct cpuid_opts *opts)
{
	struct kvm_cpuid_entry2 *l1 = cpuid_list__leaf(c, 1);
	struct kvm_cpuid_entry2 *kvm = cpuid_list__find(c, LEAF_KVM_FEATURES, 0);

	if (!l1)
		return -ENOSPC;
	l1->ecx |= L1_ECX_HYPERVISOR;
	l1->ecx &= ~L1_ECX_TSC_DEADLINE;
	if (opts->tsc_deadline)
		l1->ecx |= L1_ECX_TSC_DEADLINE;
	if (opts->ext_dest_id)
		l1->ecx |= L1_ECX_X2APIC;
	if (kvm && opts->ext_dest_id)
		kvm->eax |= KVM_EXT_DEST_ID;
	return 0;
}

/*
 * A guest of ktstr runs no guests of its own, and a kernel with KVM built in
 * would patch its text hundreds of times to get ready for them: with several
 * vCPUs that takes seconds in the box.
 */
static void hide_virtualization(struct kvm_cpuid2 *c)
{
	struct kvm_cpuid_entry2 *l1 = cpuid_list__find(c, 1, 0);
	struct kvm_cpuid_entry2 *l81 = cpuid_list__find(c, 0x80000001u, 0);

	if (l1)
		l1->ecx &= ~L1_ECX_VMX;
	if (l81)
		l81->ecx &= ~L80000001_ECX_SVM;
	cpuid_list__remove(c, LEAF_SVM);
}

static void measure(struct cpuid_shape *s, const struct ktstr_topology *t, uint32_t cpu)
{
	uint32_t core = ktstr_topology__cpu_core(t, cpu);
	uint32_t llc = ktstr_topology__core_llc(t, core);

	s->t = t;
	s->cpu = cpu;
	s->apic_id = ktstr_topology__apic_id(t, cpu);
	s->threads = ktstr_topology__core_cpus(t, core).nr;
	s->cpus_per_llc = ktstr_topology__llc_cpus(t, llc).nr;
	s->node = ktstr_topology__llc_node(t, llc);
	s->cpus_per_pkg = ktstr_topology__node_cpus(t, s->node).nr;
	ktstr_topology__shifts(t, &s->core_shift, &s->llc_shift, &s->pkg_shift);
}

/**
 * cpuid__fill() - turn KVM's list into that of one vCPU
 * @cpuid: a fresh copy of cpuid__supported(), with the same room
 * @t: checked topology
 * @cpu: number of this vCPU
 * @opts: the rest
 *
 * Return: 0; -ENOSPC when the list would pass %CPUID_ENTRIES_MAX.
 */
int cpuid__fill(struct kvm_cpuid2 *cpuid, const struct ktstr_topology *t, uint32_t cpu,
		const struct cpuid_opts *opts)
{
	struct cpuid_shape s;
	bool amd = false;
	int err;

	measure(&s, t, cpu);
	hide_virtualization(cpuid);
	err = choose_vendor(cpuid, opts->vendor, &amd);
	if (!err)
		err = fill_features(cpuid, opts);
	if (!err)
		err = amd ? cpuid_topology__amd(cpuid, &s) : cpuid_topology__intel(cpuid, &s);
	if (!err)
		err = amd ? cpuid_cache__amd(cpuid, &s) : cpuid_cache__intel(cpuid, &s);
	return err;
}
