/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU and the thread that runs it.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <ktstr/vmm.h>

#include "bus.h"
#include "cpuid.h"
#include "placement.h"

/**
 * struct vcpu_cfg - what a vCPU belongs to
 * @kvm_fd: /dev/kvm
 * @vm_fd: VM with an irqchip
 * @topology: checked topology
 * @supported: from cpuid__supported()
 * @cpuid: how to make a vCPU's CPUID of it
 * @in_box: the host CPU is emulated
 * @placement: where on the host
 * @bus: devices
 * @ended: called once by the vCPU thread that met the machine's end, or an
 *	error; it must make every other vCPU stop
 * @arg: first argument of @ended
 *
 * Only @bus, @ended and @arg are used after vcpu__set_state().
 */
struct vcpu_cfg {
	int kvm_fd;
	int vm_fd;
	const struct ktstr_topology *topology;
	const struct kvm_cpuid2 *supported;
	struct cpuid_opts cpuid;
	bool in_box;
	const struct vmm_placement *placement;
	struct bus *bus;
	void (*ended)(void *arg, enum vmm_end end, const char *detail);
	void *arg;
};

/**
 * struct vcpu - one vCPU; zeroed before vcpu__create()
 * @index: dense CPU number
 * @fd: KVM's file descriptor, valid if @run is
 * @run: shared with KVM
 * @run_size: bytes of it
 * @stop: the thread must end
 * @started: @thread is to be joined
 * @placed: posted by @thread when it is where @place says, or cannot get there
 * @place_err: then: 0 or a negative errno
 * @tid: id of @thread, 0 before it runs
 * @first_run_ns: CLOCK_MONOTONIC before the first KVM_RUN
 * @exits: returns from KVM_RUN; this and the next two are written by @thread only
 * @exits_mmio: of those, register accesses
 * @exits_pio: of those, port accesses
 */
struct vcpu {
	struct vcpu_cfg cfg;
	uint32_t index;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	atomic_bool stop;
	bool started;
	struct placement_thread place;
	sem_t placed;
	int place_err;
	_Atomic pid_t tid;
	_Atomic uint64_t first_run_ns;
	_Atomic uint64_t exits;
	_Atomic uint64_t exits_mmio;
	_Atomic uint64_t exits_pio;
};

int vcpu__create(struct vcpu *v, const struct vcpu_cfg *cfg, uint32_t index,
		 struct ktstr_error *e);
int vcpu__set_state(struct vcpu *v, uint64_t entry, struct ktstr_error *e);
int vcpu__start(struct vcpu *v, struct ktstr_error *e);
void vcpu__kick(struct vcpu *v);
void vcpu__join(struct vcpu *v);
void vcpu__destroy(struct vcpu *v);

#endif /* VMM_VCPU_H */
