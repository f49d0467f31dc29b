/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine's time: one known counter offset for all vCPUs, and what KVM and the
 * host's clocks say before and after the run. Missing facts lack their valid bit;
 * nothing here fails a machine.
 */
#ifndef VMM_CLOCK_H
#define VMM_CLOCK_H

#include <ktstr/vmm.h>

void clock__init(struct vmm_clock *c, int vm_fd);
void clock__add_vcpu(struct vmm_clock *c, int vcpu_fd);
void clock__before(struct vmm_clock *c, int vm_fd);
void clock__after(struct vmm_clock *c, int vm_fd);
void clock__check_vcpu(struct vmm_clock *c, int vcpu_fd);

/*
 * What an architecture brings, clock_x86.c: 0 or the value asked for, or a negative
 * errno where the kernel does not offer it.
 */
uint64_t clock_arch__cycles(void);
int clock_arch__set_offset(int vcpu_fd, uint64_t offset);
int clock_arch__get_offset(int vcpu_fd, uint64_t *offset);
int clock_arch__unscale(int vm_fd);
int clock_arch__khz(int vcpu_fd);
int clock_arch__kvmclock(int vm_fd, struct vmm_clock_at *at);

#endif /* VMM_CLOCK_H */
