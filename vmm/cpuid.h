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
#include <ktstr/topology.h>

#define CPUID_ENTRIES_MAX	256u	/* KVM_MAX_CPUID_ENTRIES */

int cpuid__supported(int kvm_fd, struct kvm_cpuid2 **out, struct ktstr_error *e);
int cpuid__fill(struct kvm_cpuid2 *cpuid, const struct ktstr_topology *t, uint32_t cpu,
		bool tsc_deadline);

#endif /* VMM_CPUID_H */
