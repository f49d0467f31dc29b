// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPU threads: KVM_RUN, serve the exit, again. Registers of a fresh vCPU are
 * set in vcpu_state.c.
 *
 * Stopping: immediate_exit makes the next KVM_RUN return at once, a signal
 * makes the current one return. Both, in this order, leave no gap in which a
 * kick is lost, and neither needs the guest's cooperation.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kvm.h"
#include "vcpu.h"

#define KICK_SIGNAL	SIGRTMIN

static void on_kick(int sig)
{
	(void)sig;	/* KVM_RUN returning with EINTR is all it is for */
}

static void install_kick_handler(void)
{
	struct sigaction sa = { .sa_handler = on_kick };

	sigaction(KICK_SIGNAL, &sa, NULL);	/* without SA_RESTART */
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int set_cpuid(struct vcpu *v, struct ktstr_error *e)
{
	size_t size = sizeof(struct kvm_cpuid2) +
		      CPUID_ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2);
	struct kvm_cpuid2 *c = malloc(size);
	int err = -ENOMEM;

	if (c) {
		memcpy(c, v->cfg.supported, size);
		err = cpuid__fill(c, v->cfg.topology, v->index, &v->cfg.cpuid);
	}
	if (!err && v->cfg.placement->perf)
		err = placement__hint_realtime(c);
	if (!err)
		err = kvm_do(v->fd, KVM_SET_CPUID2, c);
	free(c);
	if (err)
		return ktstr_error_set(e, err,
				"KVM refuses the CPUID of vCPU %u (%s): try --topology 1,1,1,1",
				v->index, strerror(-err));
	return 0;
}

static int map_run(struct vcpu *v)
{
	int size = kvm_do_val(v->cfg.kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run;

	if (size < (int)sizeof(*v->run))
		return size < 0 ? size : -ENOTSUP;
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (run == MAP_FAILED)
		return -errno;
	v->run = run;
	v->run_size = (size_t)size;
	return 0;
}

/**
 * vcpu__create() - make a vCPU with its APIC id and CPUID
 * @v: zeroed
 * @cfg: what it belongs to, copied
 * @index: dense CPU number; 0 is the boot CPU
 * @e: sentence on failure
 *
 * KVM takes the local APIC's id from the vCPU's id, so ids follow the topology
 * and may have holes.
 *
 * Return: 0 or a negative errno; vcpu__destroy() is right in either case.
 */
int vcpu__create(struct vcpu *v, const struct vcpu_cfg *cfg, uint32_t index,
		 struct ktstr_error *e)
{
	int err;

	v->cfg = *cfg;
	v->index = index;
	placement__vcpu(cfg->placement, index, &v->place);
	sem_init(&v->placed, 0, 0);
	v->fd = kvm_do_val(cfg->vm_fd, KVM_CREATE_VCPU,
			   ktstr_topology__apic_id(cfg->topology, index));
	if (v->fd < 0)
		return ktstr_error_set(e, v->fd,
				"KVM cannot create vCPU %u (%s): use a smaller --topology",
				index, strerror(-v->fd));
	err = map_run(v);
	if (err) {
		close(v->fd);
		return ktstr_error_set(e, err,
				"the state of vCPU %u cannot be mapped (%s): use a smaller --topology",
				index, strerror(-err));
	}
	return set_cpuid(v, e);
}

static enum vmm_end serve_pio(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	enum vmm_end end = VMM_END_NONE;

	for (uint32_t i = 0; i < run->io.count && end == VMM_END_NONE; i++) {
		end = bus__pio(v->cfg.bus, run->io.port, run->io.direction == KVM_EXIT_IO_OUT,
			       data, run->io.size);
		data += run->io.size;
	}
	return end;
}

static uint64_t guest_rip(struct vcpu *v)
{
	struct kvm_regs regs;

	return kvm_do(v->fd, KVM_GET_REGS, &regs) ? 0 : regs.rip;
}

static enum vmm_end explain(struct vcpu *v, char *detail, size_t len)
{
	const struct kvm_run *run = v->run;
	unsigned long long rip = guest_rip(v);

	switch (run->exit_reason) {
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(detail, len,
				"KVM met an internal error (suberror %u) on vCPU %u at RIP 0x%llx: see the host's kernel log",
				run->internal.suberror, v->index, rip);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		snprintf(detail, len,
				"the host CPU refuses to run vCPU %u (hardware reason 0x%llx) at RIP 0x%llx: see the host's kernel log",
				v->index, (unsigned long long)run->fail_entry.hardware_entry_failure_reason, rip);
		break;
	default:
		snprintf(detail, len,
				"KVM returned from vCPU %u with exit reason %u, which ktstr does not know, at RIP 0x%llx: report this as a bug",
				v->index, run->exit_reason, rip);
		break;
	}
	return VMM_END_ERROR;
}

static void count(_Atomic uint64_t *counter)
{
	/* One writer: no locked instruction is needed. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static enum vmm_end serve_exit(struct vcpu *v, char *detail, size_t len)
{
	struct kvm_run *run = v->run;

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		count(&v->exits_mmio);
		bus__mmio(v->cfg.bus, run->mmio.phys_addr, run->mmio.is_write, run->mmio.data,
			  run->mmio.len);
		return VMM_END_NONE;
	case KVM_EXIT_IO:
		count(&v->exits_pio);
		return serve_pio(v);
	case KVM_EXIT_INTR:
		return VMM_END_NONE;
	case KVM_EXIT_SHUTDOWN:
		return VMM_END_TRIPLE_FAULT;
	default:
		return explain(v, detail, len);
	}
}

/* One KVM_RUN. EAGAIN is an application processor that has just been started. */
static enum vmm_end run_once(struct vcpu *v, char *detail, size_t len)
{
	int err = kvm_do_val(v->fd, KVM_RUN, 0);

	count(&v->exits);
	if (!err)
		return serve_exit(v, detail, len);
	if (err == -EINTR || err == -EAGAIN)
		return VMM_END_NONE;
	snprintf(detail, len,
			"KVM cannot run vCPU %u (%s) at RIP 0x%llx: see the host's kernel log",
			v->index, strerror(-err), (unsigned long long)guest_rip(v));
	return VMM_END_ERROR;
}

static void *vcpu_thread(void *arg)
{
	enum vmm_end end = VMM_END_NONE;
	struct vcpu *v = arg;
	char detail[256] = "";

	atomic_store(&v->tid, gettid());
	v->place_err = placement__enter(&v->place);
	sem_post(&v->placed);
	if (v->place_err)
		return NULL;
	atomic_store(&v->first_run_ns, now_ns());
	while (end == VMM_END_NONE && !atomic_load(&v->stop))
		end = run_once(v, detail, sizeof(detail));
	if (end != VMM_END_NONE)
		v->cfg.ended(v->cfg.arg, end, detail);
	return NULL;
}

static int create_thread(struct vcpu *v)
{
	sigset_t only_kick, old;
	int err;

	/*
	 * The thread inherits this mask: signals meant for the session must
	 * not be taken by a thread that is inside the guest.
	 */
	sigfillset(&only_kick);
	sigdelset(&only_kick, KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &only_kick, &old);
	err = -pthread_create(&v->thread, NULL, vcpu_thread, v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static int wait_placed(struct vcpu *v, struct ktstr_error *e)
{
	if (!v->place.bound && !v->place.fifo)
		return 0;
	while (sem_wait(&v->placed))
		;	/* EINTR */
	switch (v->place_err) {
	case 0:
		return 0;
	case -EPERM:
		return ktstr_error_set(e, -EPERM,
				"vCPU %u may not become SCHED_FIFO: run as root, or raise the limit (ulimit -r)",
				v->index);
	default:
		return ktstr_error_set(e, v->place_err,
				"vCPU %u cannot be bound to its host CPU (%s): that CPU went offline or was taken from this cpuset; try again",
				v->index, strerror(-v->place_err));
	}
}

/**
 * vcpu__start() - run it in a thread of its own
 * @v: from vcpu__create()
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int vcpu__start(struct vcpu *v, struct ktstr_error *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char name[16];
	int err;

	pthread_once(&once, install_kick_handler);
	err = create_thread(v);
	if (err)
		return ktstr_error_set(e, err,
				"no thread can be created for vCPU %u (%s): raise the limit on processes (ulimit -u)",
				v->index, strerror(-err));
	v->started = true;
	snprintf(name, sizeof(name), "vcpu%u", v->index);
	pthread_setname_np(v->thread, name);
	return wait_placed(v, e);
}

/**
 * vcpu__kick() - make its thread end soon, whatever the guest does
 * @v: from vcpu__create(); not joined yet
 *
 * Context: any thread, also that of a vCPU.
 */
void vcpu__kick(struct vcpu *v)
{
	atomic_store(&v->stop, true);
	if (!v->run)
		return;
	/* Before the signal: whoever misses the signal sees this (see the top). */
	__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (v->started)
		pthread_kill(v->thread, KICK_SIGNAL);
}

/** vcpu__join() - wait for its thread; after vcpu__kick(), or for the machine's own end */
void vcpu__join(struct vcpu *v)
{
	if (!v->started)
		return;
	pthread_join(v->thread, NULL);
	v->started = false;
}

/** vcpu__destroy() - free it; its thread has been joined */
void vcpu__destroy(struct vcpu *v)
{
	if (!v->run)
		return;
	munmap(v->run, v->run_size);
	close(v->fd);
	v->run = NULL;
}
