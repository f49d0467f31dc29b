// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding vCPU threads to host CPUs, and what KVM does when they idle. Everything that
 * is set is read back where the kernel can be asked. Memory is in placement_memory.c.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "kvm.h"
#include "placement.h"

#define FIFO_PRIORITY		1	/* above all that is not real-time: no more is needed */
#define EXITS_OFF		(KVM_X86_DISABLE_EXITS_PAUSE | KVM_X86_DISABLE_EXITS_HLT)
#define LEAF_KVM_FEATURES	0x40000001u
#define KVM_HINTS_REALTIME	(1u << 0)	/* in EDX */

_Static_assert(CPU_MASK_BITS <= CPU_SETSIZE, "every CPU of a mask is in a cpu_set_t");

/** placement__check() - refuse what cannot be meant; return: 0 or -EINVAL */
int placement__check(const struct vmm_placement *p, struct ktstr_error *e)
{
	for (uint32_t i = 0; i < p->nr; i++)
		if (p->cpu[i] >= CPU_MASK_BITS)
			return ktstr_error_set(e, -EINVAL,
					"host CPU %u is beyond %u, the last that ktstr can bind to: choose another",
					p->cpu[i], CPU_MASK_BITS - 1);
	return 0;
}

static void add(struct cpu_mask *m, uint32_t cpu)
{
	m->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

/**
 * placement__vcpu() - what the thread of a vCPU shall do
 * @p: checked placement
 * @vcpu: number of the vCPU
 * @t: filled
 */
void placement__vcpu(const struct vmm_placement *p, uint32_t vcpu, struct placement_thread *t)
{
	memset(t, 0, sizeof(*t));
	t->bound = p->nr > 0;
	t->fifo = p->perf;
	for (uint32_t i = 0; i < p->nr; i++)
		if (p->shared || i == vcpu % p->nr)
			add(&t->cpus, p->cpu[i]);
}

/* The kernel takes CPUs that a cpuset forbids out of the mask, and says nothing. */
static int bind_thread(const struct cpu_mask *cpus)
{
	cpu_set_t want, is;

	CPU_ZERO(&want);
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (cpu_mask__test(cpus, cpu))
			CPU_SET(cpu, &want);
	if (sched_setaffinity(0, sizeof(want), &want) || sched_getaffinity(0, sizeof(is), &is))
		return -errno;
	return CPU_EQUAL(&want, &is) ? 0 : -ENODEV;
}

static int make_fifo(void)
{
	const struct sched_param param = { .sched_priority = FIFO_PRIORITY };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		return -errno;
	return sched_getscheduler(0) == SCHED_FIFO ? 0 : -EPERM;
}

/**
 * placement__enter() - bind the calling thread
 * @t: from placement__vcpu()
 *
 * Bound first: a real-time thread must never run where it does not belong.
 *
 * Return: 0 or a negative errno; -ENODEV when not all of the CPUs may be used.
 */
int placement__enter(const struct placement_thread *t)
{
	int err = t->bound ? bind_thread(&t->cpus) : 0;

	return !err && t->fifo ? make_fifo() : err;
}

static int exits_off(int vm_fd)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_DISABLE_EXITS, .args[0] = EXITS_OFF };

	return kvm_do(vm_fd, KVM_ENABLE_CAP, &cap);
}

/*
 * A vCPU that halts may poll for its wakeup before its thread sleeps. Where another vCPU
 * could run there instead, that only takes time from the guest. KVM looks whether anyone
 * waits when polling starts, not while it goes on.
 */
static void halt_poll_off(int vm_fd)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_HALT_POLL, .args[0] = 0 };

	/* Before Linux 5.11 there is no such knob for one machine: then it stays as it is. */
	(void)kvm_do(vm_fd, KVM_ENABLE_CAP, &cap);
}

static uint32_t host_cpus(const struct vmm_placement *p)
{
	cpu_set_t set;

	if (p->nr)
		return p->nr;
	/* A host with more CPUs than fit there has enough. */
	return sched_getaffinity(0, sizeof(set), &set) ? CPU_SETSIZE : (uint32_t)CPU_COUNT(&set);
}

/**
 * placement__set_up_vm() - tell KVM how vCPUs idle
 * @p: checked placement
 * @vm_fd: VM without vCPUs: later KVM refuses
 * @nr_vcpus: how many it will get
 * @e: sentence on failure
 *
 * Return: 0, or a negative errno in performance mode.
 */
int placement__set_up_vm(const struct vmm_placement *p, int vm_fd, uint32_t nr_vcpus,
			 struct ktstr_error *e)
{
	int err = 0;

	if (p->perf)
		err = exits_off(vm_fd);
	else if (nr_vcpus > host_cpus(p))
		halt_poll_off(vm_fd);
	return err ? ktstr_error_set(e, err,
				"KVM does not leave PAUSE and HLT to the guest (%s): leave out --perf",
				strerror(-err)) : 0;
}

/**
 * placement__hint_realtime() - tell a guest that its vCPUs are never taken off their CPUs
 * @c: CPUID of a vCPU
 *
 * Linux then spins where it would otherwise yield (Documentation/virt/kvm/x86/cpuid.rst).
 *
 * Return: 0; -ENOTSUP when KVM's leaf is not there.
 */
int placement__hint_realtime(struct kvm_cpuid2 *c)
{
	for (uint32_t i = 0; i < c->nent; i++) {
		if (c->entries[i].function != LEAF_KVM_FEATURES)
			continue;
		c->entries[i].edx |= KVM_HINTS_REALTIME;
		return 0;
	}
	return -ENOTSUP;
}

int vmm__check_perf(struct ktstr_error *e)
{
	int kvm_fd = kvm_open(e);
	int can;

	if (kvm_fd < 0)
		return kvm_fd;
	can = kvm_do_val(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_X86_DISABLE_EXITS);
	close(kvm_fd);
	if (can >= 0 && (can & EXITS_OFF) == EXITS_OFF)
		return 0;
	return ktstr_error_set(e, -ENOTSUP,
			"the host's KVM cannot leave PAUSE and HLT to the guest (KVM_CAP_X86_DISABLE_EXITS is 0x%x): update the host kernel, or look in its log for a mitigation that forbids it",
			can < 0 ? 0u : (unsigned int)can);
}
