/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine: what host/ may know of vmm/.
 *
 * Life: vmm__create() -> vmm__start() -> (events on the file descriptors) ->
 * vmm__stop() -> vmm__final_drain() -> vmm__destroy(). A machine is owned by
 * one thread, the session's; its vCPU threads are its own business. Nothing it
 * makes survives the process: memory and VM are file descriptors and mappings,
 * no file has a name.
 */
#ifndef KTSTR_VMM_H
#define KTSTR_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <ktstr/cpulist.h>
#include <ktstr/error.h>
#include <ktstr/ports.h>
#include <ktstr/topology.h>

struct vmm;

/* Whose CPUs a guest sees. Features are the host's in any case. */
enum vmm_vendor {
	VMM_VENDOR_HOST = 0,	/* Intel or AMD, as the host, or what its CPU is most like */
	VMM_VENDOR_AMD,
	VMM_VENDOR_INTEL,
};

/**
 * struct vmm_placement - where on the host a machine runs; zeroed: wherever this process may
 * @cpu: host CPUs, the one of vCPU i at i % @nr; not referenced after vmm__create()
 * @nr: how many; 0: vCPUs are not bound
 * @shared: every vCPU may use all of @cpu, instead of its own only
 * @perf: performance mode: vCPUs are SCHED_FIFO and keep their CPU when they pause or idle,
 *	the guest is told so, memory is in huge pages on @node; what of it cannot be had is
 *	an error
 * @hugetlb: performance mode: take huge pages that were set aside
 * @node: performance mode: NUMA node of the memory
 */
struct vmm_placement {
	const uint32_t *cpu;
	uint32_t nr;
	bool shared;
	bool perf;
	bool hugetlb;
	uint32_t node;
};

/**
 * struct vmm_opts - what to build
 * @sz: sizeof(struct vmm_opts): the structure may grow
 * @kernel: path of a vmlinux (ELF) or bzImage
 * @cmdline_extra: appended to the machine's own kernel command line, or NULL
 * @initrd: pieces of the initramfs, copied into guest memory one after the other
 * @nr_initrd: number of pieces
 * @topology: CPUs and nodes; its detail must outlive this
 * @memory_mib: guest RAM in MiB
 * @in_box: the host CPU is emulated: withhold TSC_DEADLINE
 * @verbose: let the guest kernel print its whole log on COM1 (slow)
 * @placement: where on the host
 * @vendor: how topology and caches are described, so that kernels can be tried with both
 */
struct vmm_opts {
	size_t sz;
	const char *kernel;
	const char *cmdline_extra;
	const struct iovec *initrd;
	int nr_initrd;
	struct ktstr_topology topology;
	uint32_t memory_mib;
	bool in_box;
	bool verbose;
	struct vmm_placement placement;
	enum vmm_vendor vendor;
};

/* Why the machine stopped. */
enum vmm_end {
	VMM_END_NONE = 0,	/* it runs */
	VMM_END_RESET,		/* the guest asked for a reset (reboot, panic=-1) */
	VMM_END_POWEROFF,	/* ACPI S5 */
	VMM_END_TRIPLE_FAULT,	/* KVM_EXIT_SHUTDOWN */
	VMM_END_ERROR,		/* KVM could not go on: internal error, failed entry */
	VMM_END_STOPPED,	/* vmm__stop() */
};

/* Counters, all since vmm__start(). */
struct vmm_stats {
	size_t sz;
	uint64_t exits;			/* returns from KVM_RUN, all vCPUs */
	uint64_t exits_mmio;
	uint64_t exits_pio;
	uint64_t exits_other;
	uint64_t kicks[KTSTR_NR_QUEUES];	/* QueueNotify writes per queue */
	uint64_t interrupts;		/* of the console device */
	uint64_t driver_errors;		/* accesses ignored and chains refused */
	uint64_t create_ns;		/* CLOCK_MONOTONIC spent in vmm__create() */
	uint64_t load_ns;		/* of it, for kernel, initramfs and tables */
	uint64_t first_run_ns;		/* CLOCK_MONOTONIC at the first KVM_RUN */
	const char *last_error;		/* the newest of driver_errors: static text, or NULL */
	uint32_t broken_queues;		/* a bit per queue whose ring the driver ever broke */
	uint64_t accesses_to_ready;	/* register accesses until the first PORT_READY, or 0 */
	uint64_t tx_bytes[KTSTR_NR_PORTS];	/* from the guest */
	uint64_t rx_bytes[KTSTR_NR_PORTS];	/* placed in the guest's buffers */
	uint64_t tx_dropped[KTSTR_NR_PORTS];	/* from the guest, lost for want of room */
};

/**
 * struct vmm_time - the host's clocks at one moment
 * @cycles: the counter that guests see with an offset: the TSC
 * @mono_ns: CLOCK_MONOTONIC, read first
 * @boot_ns: CLOCK_BOOTTIME
 * @window_ns: all of them were read within this time, beginning at @mono_ns
 */
struct vmm_time {
	uint64_t cycles;
	uint64_t mono_ns;
	uint64_t boot_ns;
	uint64_t window_ns;
};

/* What KVM says of its clock (api.rst, 4.29), struct vmm_clock_at.flags. */
#define VMM_CLOCK_TSC_STABLE	1u	/* every vCPU saw exactly @kvm_ns */
#define VMM_CLOCK_REALTIME	2u	/* @realtime_ns is a fact */
#define VMM_CLOCK_HOST_TSC	4u	/* @host_tsc is a fact */

/**
 * struct vmm_clock_at - kvmclock, and the host's clocks around it
 * @host: KVM was asked within @host.window_ns too
 * @kvm_ns: kvmclock
 * @realtime_ns: the host's CLOCK_REALTIME at @kvm_ns
 * @host_tsc: the host's TSC at @kvm_ns
 * @flags: VMM_CLOCK_TSC_STABLE, ...
 */
struct vmm_clock_at {
	struct vmm_time host;
	uint64_t kvm_ns;
	uint64_t realtime_ns;
	uint64_t host_tsc;
	uint32_t flags;
};

/* Which fields of struct vmm_clock hold facts. */
#define VMM_CLOCK_OFFSET	1u	/* every vCPU has @tsc_offset: set, read back, still there */
#define VMM_CLOCK_KHZ		2u	/* every vCPU's counter has this frequency */
#define VMM_CLOCK_BEFORE	4u
#define VMM_CLOCK_AFTER		8u
#define VMM_CLOCK_MOVED		16u	/* a vCPU had another offset at the end: guest or KVM moved it */

/**
 * struct vmm_clock - what a machine's time is made of
 * @sz: sizeof(struct vmm_clock), set by the caller
 * @valid: VMM_CLOCK_OFFSET, ...
 * @tsc_offset: guest TSC = host TSC + this, modulo 2^64, on every vCPU
 * @tsc_khz: guest TSC frequency in kHz as KVM states it; ktstr asks for no scaling
 * @before: before the first KVM_RUN
 * @after: after the vCPUs stopped
 */
struct vmm_clock {
	size_t sz;
	uint32_t valid;
	uint64_t tsc_offset;
	uint32_t tsc_khz;
	struct vmm_clock_at before;
	struct vmm_clock_at after;
};

/**
 * vmm__check_kernel() - can this file be booted and judged by ktstr?
 * @path: vmlinux or bzImage
 * @need_sched_ext: refuse a kernel that is known to lack SCHED_CLASS_EXT
 * @e: sentence on failure
 *
 * Return: 0; -ENOENT, -EACCES; -ENOEXEC when it is no x86-64 kernel or is cut
 * short; -ENOTSUP when it is known to lack virtio-mmio, virtio-console or (if
 * asked) sched_ext. What cannot be known from the file is left to the guest.
 */
int vmm__check_kernel(const char *path, bool need_sched_ext, struct ktstr_error *e);

/* Drivers that a kernel may have as modules: bits of struct vmm_kernel.modules. */
#define VMM_DRIVER_VIRTIO_MMIO		1u
#define VMM_DRIVER_VIRTIO_CONSOLE	2u

/**
 * struct vmm_kernel - what a kernel's file tells of it
 * @sz: sizeof(struct vmm_kernel), set by the caller
 * @release: as uname -r, fit for a file name; empty if it is not known (vmlinux)
 * @known: its configuration is known, so @modules is a fact
 * @modules: drivers that it has as modules: VMM_DRIVER_VIRTIO_MMIO, ...
 */
struct vmm_kernel {
	size_t sz;
	char release[128];
	bool known;
	uint32_t modules;
};

/**
 * vmm__probe_kernel() - vmm__check_kernel() for who can bring modules along
 * @path: vmlinux or bzImage
 * @need_sched_ext: as there
 * @k: sz set by the caller; filled in on success
 * @e: sentence on failure
 *
 * Return: as vmm__check_kernel(), but a driver that is a module is no failure if
 * the kernel's release, which leads to its modules, is known.
 */
int vmm__probe_kernel(const char *path, bool need_sched_ext, struct vmm_kernel *k,
		      struct ktstr_error *e);

/**
 * vmm__check_kvm() - does /dev/kvm work here?
 * @e: sentence on failure, with what to do
 *
 * Return: 0; -ENOENT no /dev/kvm; -EACCES not permitted; -ENOTSUP it is there
 * but is not hardware virtualization that can boot a kernel; other negative
 * errno.
 */
int vmm__check_kvm(struct ktstr_error *e);

/**
 * vmm__check_perf() - can this host's KVM give performance mode?
 * @e: sentence on failure, with what to do
 *
 * Return: 0; -ENOTSUP when KVM cannot leave PAUSE and HLT to the guest or has no leaf to
 * tell it so; or as kvm_open().
 */
int vmm__check_perf(struct ktstr_error *e);

/**
 * vmm__cmdline() - the kernel command line of a machine
 * @opts: as for vmm__create(); only @cmdline_extra and @verbose count
 * @buf: where to, NUL terminated
 * @len: room in bytes
 * @e: sentence on failure
 *
 * Return: 0; -E2BIG when it does not fit.
 */
int vmm__cmdline(const struct vmm_opts *opts, char *buf, size_t len, struct ktstr_error *e);

/**
 * vmm__create() - build a machine, load the kernel, do not run it
 * @out: the machine
 * @opts: what to build; not referenced after the call
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno (-ENOMEM, -EACCES, -ENOEXEC, ...); nothing is
 * left behind on failure.
 */
int vmm__create(struct vmm **out, const struct vmm_opts *opts, struct ktstr_error *e);

/** vmm__start() - start the vCPU threads; return: 0 or negative errno */
int vmm__start(struct vmm *vmm, struct ktstr_error *e);

/** vmm__stop() - kick and join every vCPU thread; idempotent; devices stay readable */
void vmm__stop(struct vmm *vmm);

/**
 * vmm__press_power_button() - as a person would
 * Linux tells user space (KEY_POWER, or "button/power" of acpi_event in generic netlink);
 * a guest that does not listen goes on. After vmm__create().
 */
void vmm__press_power_button(struct vmm *vmm);

/** vmm__final_drain() - take what the guest had published on its transmit queues; after vmm__stop() */
void vmm__final_drain(struct vmm *vmm);

/** vmm__destroy() - free everything; NULL is fine */
void vmm__destroy(struct vmm *vmm);

/* Event descriptors (EPOLLIN, eventfd semantics: read 8 bytes to clear). Owned by the machine. */
int vmm__tx_fd(const struct vmm *vmm);		/* ports 0 and 1 have data */
int vmm__stats_tx_fd(const struct vmm *vmm);	/* port 2 has data */
int vmm__serial_fd(const struct vmm *vmm);	/* COM1 or COM2 has data */
int vmm__end_fd(const struct vmm *vmm);		/* the machine ended by itself */

/**
 * vmm__port_read() - take bytes that the guest sent
 * @vmm: machine
 * @port: enum ktstr_port
 * @buf: where to
 * @len: room in bytes
 *
 * Frees room in the port's buffer and lets chains that waited for it in.
 * Return: bytes taken, 0 when there are none.
 */
size_t vmm__port_read(struct vmm *vmm, unsigned int port, void *buf, size_t len);

/** vmm__port_push_back() - put bytes back in front of a port's buffer; return: 0 or -ENOBUFS */
int vmm__port_push_back(struct vmm *vmm, unsigned int port, const void *buf, size_t len);

/**
 * vmm__port_write() - queue bytes for the guest
 * Return: 0 all queued, -ENOBUFS none queued because pending_rx would pass its
 * bound; bytes wait until the guest opens the port and offers buffers. After
 * -ENOBUFS the port's event descriptor fires once half of the room is free.
 * -EPIPE none queued because the host has closed the port.
 */
int vmm__port_write(struct vmm *vmm, unsigned int port, const void *buf, size_t len);

/**
 * vmm__port_connect() - open or close the host's side of port 1 or 2
 * Linux lets a port's writers wait and its readers see the end of the file while
 * it is closed. Both are open from the start, and a reset of the guest changes nothing.
 * Return: 0, or -EINVAL for any other port.
 */
int vmm__port_connect(struct vmm *vmm, unsigned int port, bool open);

/** vmm__port_pending() - bytes queued for the guest and not yet placed */
size_t vmm__port_pending(struct vmm *vmm, unsigned int port);

/** vmm__port_is_open() - did the guest open this port? */
bool vmm__port_is_open(struct vmm *vmm, unsigned int port);

/** vmm__serial_read() - take bytes printed on COM @com (1 or 2); return: bytes taken */
size_t vmm__serial_read(struct vmm *vmm, unsigned int com, void *buf, size_t len);

/** vmm__end() - why it ended; @detail (may be NULL) gets a sentence for VMM_END_ERROR */
enum vmm_end vmm__end(struct vmm *vmm, char *detail, size_t len);

/** vmm__stats() - read the counters; callable while it runs; fills at most @st->sz bytes */
void vmm__stats(struct vmm *vmm, struct vmm_stats *st);

/**
 * vmm__find_page() - look on for a page of RAM that begins with the given bytes
 * @vmm: machine
 * @begins: bytes
 * @len: how many, at most 4096
 * @at: where to look on; 0 to begin; behind what was looked at on return
 * @page: 4096 bytes that the guest may write at any time; there until vmm__destroy()
 *
 * Callable while it runs. Pages that the guest never touched are passed over.
 * Return: 1 found; 0 that was all; -EAGAIN it was enough for one call, there is more;
 * another negative errno.
 */
int vmm__find_page(const struct vmm *vmm, const void *begins, size_t len, uint64_t *at,
		   void **page);

/**
 * vmm__vcpu_tid() - the thread of a vCPU
 * Return: its id for /proc/self/task; 0 when it has not begun or there is no such vCPU.
 */
pid_t vmm__vcpu_tid(const struct vmm *vmm, uint32_t vcpu);

/** vmm__time() - read the host's clocks: the tightest of a few readings; needs no machine */
void vmm__time(struct vmm_time *t);

/**
 * vmm__clock() - how the machine's time hangs on the host's
 * @vmm: machine
 * @c: sz set by the caller; at most that many bytes are filled. @c->after is a
 *	fact after vmm__stop() only, and an offset that moved is known only then
 */
void vmm__clock(const struct vmm *vmm, struct vmm_clock *c);

#endif /* KTSTR_VMM_H */
