/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What CPUID tells a guest: what KVM supports, with ktstr's topology.
 */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/vmm.h>

#define CPUID_ENTRIES_MAX	256u	/* KVM_MAX_CPUID_ENTRIES */

/**
 * struct cpuid_opts - what is not topology
 * @vendor: of the CPU; %VMM_VENDOR_HOST as near to the host's as Linux knows topologies of
 * @tsc_deadline: offer the local APIC's TSC deadline timer
 * @ext_dest_id: interrupts reach APIC ids above 255 without interrupt remapping
 */
struct cpuid_opts {
	enum vmm_vendor vendor;
	bool tsc_deadline;
	bool ext_dest_id;
};

int cpuid__supported(int kvm_fd, struct kvm_cpuid2 **out, struct ktstr_error *e);
int cpuid__fill(struct kvm_cpuid2 *cpuid, const struct ktstr_topology *t, uint32_t cpu,
		const struct cpuid_opts *opts);

#endif /* VMM_CPUID_H */
