/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where on the host a machine runs: its threads, its memory, and what KVM is told.
 */
#ifndef VMM_PLACEMENT_H
#define VMM_PLACEMENT_H

#include <linux/kvm.h>
#include <stddef.h>

#include <ktstr/vmm.h>

/**
 * struct placement_thread - of one vCPU
 * @bound: to @cpus
 * @cpus: host CPUs
 * @fifo: SCHED_FIFO
 */
struct placement_thread {
	bool bound;
	bool fifo;
	struct cpu_mask cpus;
};

int placement__check(const struct vmm_placement *p, struct ktstr_error *e);
void placement__vcpu(const struct vmm_placement *p, uint32_t vcpu, struct placement_thread *t);
int placement__enter(const struct placement_thread *t);
int placement__set_up_vm(const struct vmm_placement *p, int vm_fd, uint32_t nr_vcpus,
			 struct ktstr_error *e);
int placement__hint_realtime(struct kvm_cpuid2 *c);
int placement__place_memory(const struct vmm_placement *p, void *base, size_t size,
			    struct ktstr_error *e);

#endif /* VMM_PLACEMENT_H */
