// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TSC, its offset (Documentation/virt/kvm/devices/vcpu.rst, 4.1) and kvmclock
 * (Documentation/virt/kvm/api.rst, 4.29).
 */
#include <x86intrin.h>

#include "clock.h"
#include "kvm.h"

/** clock_arch__cycles() - the host's TSC, read neither early nor late */
uint64_t clock_arch__cycles(void)
{
	uint64_t tsc;

	_mm_lfence();
	tsc = __rdtsc();
	_mm_lfence();
	return tsc;
}

static struct kvm_device_attr offset_attr(uint64_t *offset)
{
	return (struct kvm_device_attr){
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};
}

/** clock_arch__set_offset() - guest TSC = host TSC + @offset from now on */
int clock_arch__set_offset(int vcpu_fd, uint64_t offset)
{
	struct kvm_device_attr attr = offset_attr(&offset);

	return kvm_do(vcpu_fd, KVM_SET_DEVICE_ATTR, &attr);
}

/** clock_arch__get_offset() - what it is now */
int clock_arch__get_offset(int vcpu_fd, uint64_t *offset)
{
	struct kvm_device_attr attr = offset_attr(offset);

	return kvm_do(vcpu_fd, KVM_GET_DEVICE_ATTR, &attr);
}

/**
 * clock_arch__unscale() - let the TSC of every vCPU to come tick as the host's does
 * @vm_fd: machine without vCPUs
 *
 * KVM's default is the rate that it knew when it was loaded, which may be the host's
 * first, rough calibration. Where that is further than KVM's tolerance from what the host
 * has found since, and the CPU cannot scale, KVM leaves a vCPU without any ratio, and its
 * kvmclock runs ahead by all that the host's TSC has counted. 0 stands for the rate that
 * the host goes by now.
 *
 * All vCPUs at once: KVM binds kvmclock to the TSC only if none was created with
 * another rate.
 */
int clock_arch__unscale(int vm_fd)
{
	return kvm_do_val(vm_fd, KVM_SET_TSC_KHZ, 0);
}

/** clock_arch__khz() - frequency of a vCPU's TSC in kHz */
int clock_arch__khz(int vcpu_fd)
{
	return kvm_do_val(vcpu_fd, KVM_GET_TSC_KHZ, 0);
}

/** clock_arch__kvmclock() - fills everything of @at but the host's own clocks */
int clock_arch__kvmclock(int vm_fd, struct vmm_clock_at *at)
{
	struct kvm_clock_data d = { 0 };
	int err = kvm_do(vm_fd, KVM_GET_CLOCK, &d);

	if (err)
		return err;
	at->kvm_ns = d.clock;
	at->realtime_ns = d.realtime;
	at->host_tsc = d.host_tsc;
	at->flags = (d.flags & KVM_CLOCK_TSC_STABLE ? VMM_CLOCK_TSC_STABLE : 0) |
		    (d.flags & KVM_CLOCK_REALTIME ? VMM_CLOCK_REALTIME : 0) |
		    (d.flags & KVM_CLOCK_HOST_TSC ? VMM_CLOCK_HOST_TSC : 0);
	return 0;
}
