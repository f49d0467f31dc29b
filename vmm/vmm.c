// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a machine, <ktstr/vmm.h>: building it in one order and taking
 * it apart in the other. What it is asked in between is in vmm_access.c.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "acpi.h"
#include "boot_bzimage.h"
#include "boot_elf.h"
#include "cmdline.h"
#include "event.h"
#include "file.h"
#include "kvm.h"
#include "layout.h"
#include "placement.h"
#include "vmm_priv.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int open_fds(struct vmm *vmm, struct ktstr_error *e)
{
	for (int i = 0; i < NR_FDS; i++) {
		vmm->fd[i] = i >= FD_LINGER ?
			timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK) :
			eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (vmm->fd[i] < 0)
			return ktstr_error_set(e, -errno,
					"no file descriptor is left for a machine (%s): raise the limit (ulimit -n)",
					strerror(errno));
	}
	return 0;
}

static void close_fds(struct vmm *vmm)
{
	for (int i = 0; i < NR_FDS; i++)
		if (vmm->fd[i] >= 0)
			close(vmm->fd[i]);
}

static int open_vm(struct vmm *vmm, struct ktstr_error *e)
{
	vmm->kvm_fd = kvm_open(e);
	if (vmm->kvm_fd < 0)
		return vmm->kvm_fd;
	vmm->vm_fd = kvm_create_vm(vmm->kvm_fd, e);
	if (vmm->vm_fd < 0)
		return vmm->vm_fd;
	return irqchip__set_up(&vmm->irqchip, vmm->vm_fd, &vmm->topology, e);
}

static int load_image(struct vmm *vmm, const char *path, struct boot_image *img,
		      struct ktstr_error *e)
{
	off_t size;
	int fd = file__open(path, &size, e);
	int err;

	if (fd < 0)
		return fd;
	if (boot_bzimage__probe(fd))
		err = boot_bzimage__load(fd, path, (uint64_t)size, &vmm->mem, img, e);
	else
		err = boot_elf__load(fd, path, &vmm->mem, img, e);
	close(fd);
	return err;
}

static int place_acpi(struct vmm *vmm)
{
	struct acpi_ram ram = { .low = vmm->mem.low, .high = vmm->mem.high };
	struct acpi_blob blob;
	int err = acpi__build(&blob, &vmm->topology, &ram);

	if (err)
		return err;
	err = memory__write(&vmm->mem, LAYOUT_ACPI, blob.data, blob.len);
	acpi__free(&blob);
	return err;
}

static int load_guest(struct vmm *vmm, const struct vmm_opts *opts, uint64_t *entry,
		      struct ktstr_error *e)
{
	char cmdline[CMDLINE_ROOM];
	struct boot_image img;
	int err;

	err = cmdline__build(cmdline, sizeof(cmdline), opts, e);
	if (!err)
		err = load_image(vmm, opts->kernel, &img, e);
	if (!err)
		err = boot_params__place_cmdline(&vmm->mem, &img, cmdline, e);
	if (!err)
		err = boot_params__place_initrd(&vmm->mem, &img, opts->initrd, opts->nr_initrd, e);
	if (err)
		return err;
	*entry = img.entry;
	err = place_acpi(vmm);
	if (!err)
		err = boot_params__place(&vmm->mem, &img, LAYOUT_ACPI);
	if (err)
		return ktstr_error_set(e, err,
				"the machine's tables do not fit in guest memory: raise --memory");
	return 0;
}

static void set_com_irq(void *arg, bool level)
{
	const struct com_line *line = arg;
	struct kvm_irq_level irq = { .irq = line->gsi, .level = level };

	/* Fails only when the VM is dying, and then nobody waits for it. */
	(void)kvm_do(line->vm_fd, KVM_IRQ_LINE, &irq);
}

static void init_coms(struct vmm *vmm)
{
	static const uint32_t gsi[BUS_COMS] = { LAYOUT_COM1_GSI, LAYOUT_COM2_GSI };

	for (int i = 0; i < BUS_COMS; i++) {
		struct serial_cfg cfg = {
			.set_irq = set_com_irq,
			.irq_arg = &vmm->com_line[i],
			.data_evt = vmm->fd[FD_SERIAL],
			.linger_fd = vmm->fd[FD_LINGER],
		};

		vmm->com_line[i] = (struct com_line){ vmm->vm_fd, gsi[i] };
		serial__init(&vmm->bus.com[i], &cfg);
	}
	vmm->has_coms = true;
}

/* A console that has no queue yet speaks through emerg_wr: last words go to COM1. */
static void on_emerg(void *arg, uint8_t byte)
{
	serial__put(arg, byte);
}

static int init_devices(struct vmm *vmm, struct ktstr_error *e)
{
	struct virtio_console_cfg cfg = {
		.mem = &vmm->mem.gm,
		.irq_fd = vmm->fd[FD_CONSOLE_IRQ],
		.tx_evt = vmm->fd[FD_TX],
		.stats_tx_evt = vmm->fd[FD_STATS_TX],
		.rearm_evt = vmm->fd[FD_REARM],
		.irq_timer_fd = vmm->fd[FD_IRQ_TIMER],
		.emerg = on_emerg,
		.emerg_arg = &vmm->bus.com[0],
	};
	int err;

	init_coms(vmm);
	vmm->bus.console = virtio_console__new(&cfg);
	if (!vmm->bus.console)
		return ktstr_error_set(e, -ENOMEM,
				"the host has no memory left for a machine: free some");
	vmm->bus.ioapic = irqchip__ioapic(&vmm->irqchip);
	err = irqchip__connect(&vmm->irqchip, vmm->fd[FD_CONSOLE_IRQ], LAYOUT_CONSOLE_GSI, e);
	if (!err)
		err = irqchip__connect(&vmm->irqchip, vmm->fd[FD_POWER_IRQ], LAYOUT_POWER_GSI, e);
	if (err)
		return err;
	vmm->io = (struct io_thread){
		.bus = &vmm->bus,
		.rearm_evt = vmm->fd[FD_REARM],
		.irq_timer_fd = vmm->fd[FD_IRQ_TIMER],
		.linger_fd = vmm->fd[FD_LINGER],
		.quit_evt = vmm->fd[FD_QUIT],
	};
	return 0;
}

static void kick_all(struct vmm *vmm)
{
	for (uint32_t i = 0; i < vmm->nr_vcpus; i++)
		vcpu__kick(&vmm->vcpus[i]);
}

/* The first reason counts; return: was it this one? Every vCPU has been kicked when it was. */
static bool set_end(struct vmm *vmm, enum vmm_end end, const char *detail)
{
	bool first;

	pthread_mutex_lock(&vmm->lock);
	first = vmm->end == VMM_END_NONE;
	if (first) {
		vmm->end = end;
		snprintf(vmm->detail, sizeof(vmm->detail), "%s", detail);
		kick_all(vmm);
	}
	pthread_mutex_unlock(&vmm->lock);
	return first;
}

static void on_vcpu_ended(void *arg, enum vmm_end end, const char *detail)
{
	struct vmm *vmm = arg;

	if (set_end(vmm, end, detail))
		event_signal(vmm->fd[FD_END]);
}

static int check_vcpu_limit(struct vmm *vmm, struct ktstr_error *e)
{
	int max = kvm_do_val(vmm->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	int ids = kvm_do_val(vmm->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPU_ID);
	uint32_t want = ktstr_topology__nr_cpus(&vmm->topology);
	uint32_t id = ktstr_topology__apic_id_max(&vmm->topology);

	if (max > 0 && want > (uint32_t)max)
		return ktstr_error_set(e, -EINVAL,
			"the topology has %u CPUs and this host's KVM takes %d: use a smaller --topology",
			want, max);
	if (ids > 0 && id >= (uint32_t)ids)
		return ktstr_error_set(e, -EINVAL,
			"the topology needs APIC id %u and this host's KVM ends at %d: use fewer CPUs, or powers of two",
			id, ids - 1);
	return 0;
}

static int create_vcpus(struct vmm *vmm, const struct vcpu_cfg *cfg, uint64_t entry,
			struct ktstr_error *e)
{
	uint32_t want = ktstr_topology__nr_cpus(&vmm->topology);
	int err = 0;

	vmm->vcpus = calloc(want, sizeof(*vmm->vcpus));
	if (!vmm->vcpus)
		return ktstr_error_set(e, -ENOMEM,
				"the host has no memory left for a machine: free some");
	clock__init(&vmm->clock, vmm->vm_fd);
	while (!err && vmm->nr_vcpus < want) {
		struct vcpu *v = &vmm->vcpus[vmm->nr_vcpus];

		err = vcpu__create(v, cfg, vmm->nr_vcpus++, e);
		if (err)
			break;
		clock__add_vcpu(&vmm->clock, v->fd);
		err = vcpu__set_state(v, entry, e);
	}
	return err;
}

static int init_vcpus(struct vmm *vmm, const struct vmm_opts *opts, uint64_t entry,
		      struct ktstr_error *e)
{
	struct vcpu_cfg cfg = {
		.kvm_fd = vmm->kvm_fd,
		.vm_fd = vmm->vm_fd,
		.topology = &vmm->topology,
		.cpuid = {
			.vendor = opts->vendor,
			/* On the emulated CPU of the box the deadline timer stops. */
			.tsc_deadline = !opts->in_box &&
					kvm_do_val(vmm->kvm_fd, KVM_CHECK_EXTENSION,
						   KVM_CAP_TSC_DEADLINE_TIMER) > 0,
			.ext_dest_id = irqchip__ioapic(&vmm->irqchip),
		},
		.in_box = opts->in_box,
		.placement = &opts->placement,
		.bus = &vmm->bus,
		.ended = on_vcpu_ended,
		.arg = vmm,
	};
	struct kvm_cpuid2 *supported;
	int err = check_vcpu_limit(vmm, e);

	if (!err)
		err = cpuid__supported(vmm->kvm_fd, &supported, e);
	if (err)
		return err;
	cfg.supported = supported;
	err = create_vcpus(vmm, &cfg, entry, e);
	free(supported);
	return err;
}

static int check_topology(const struct vmm_opts *opts, struct ktstr_error *e)
{
	const struct ktstr_topology *t = &opts->topology;
	int err = ktstr_topology__check(t, e);

	if (!err)
		err = ktstr_topology__check_memory(t, opts->memory_mib, e);
	if (!err)
		err = ktstr_topology__check_guest(t, e);
	return err;
}

static int check_opts(const struct vmm_opts *opts, struct ktstr_error *e)
{
	if (opts->sz < sizeof(*opts) || !opts->kernel || opts->nr_initrd < 0)
		return ktstr_error_set(e, -EINVAL,
				"a machine was asked for with incomplete options: report this as a bug");
	if (placement__check(&opts->placement, e))
		return -EINVAL;
	return check_topology(opts, e);
}

static int load_timed(struct vmm *vmm, const struct vmm_opts *opts, uint64_t *entry,
		      struct ktstr_error *e)
{
	uint64_t start = now_ns();
	int err = load_guest(vmm, opts, entry, e);

	vmm->load_ns = now_ns() - start;
	return err;
}

static int build(struct vmm *vmm, const struct vmm_opts *opts, struct ktstr_error *e)
{
	uint64_t entry;
	int err = open_fds(vmm, e);

	if (!err)
		err = open_vm(vmm, e);
	if (!err)
		err = placement__set_up_vm(&opts->placement, vmm->vm_fd,
					   ktstr_topology__nr_cpus(&opts->topology), e);
	if (!err)
		err = memory__create(&vmm->mem, opts->memory_mib, e);
	if (!err)
		err = placement__place_memory(&opts->placement, vmm->mem.base, vmm->mem.size, e);
	if (!err)
		err = memory__attach(&vmm->mem, vmm->vm_fd, e);
	if (!err)
		err = load_timed(vmm, opts, &entry, e);
	if (!err)
		err = init_devices(vmm, e);
	if (!err)
		err = init_vcpus(vmm, opts, entry, e);
	return err;
}

static struct vmm *alloc_vmm(const struct vmm_opts *opts)
{
	struct vmm *vmm = calloc(1, sizeof(*vmm));

	if (!vmm)
		return NULL;
	vmm->topology = opts->topology;
	vmm->kvm_fd = -1;
	vmm->vm_fd = -1;
	for (int i = 0; i < NR_FDS; i++)
		vmm->fd[i] = -1;
	pthread_mutex_init(&vmm->lock, NULL);
	return vmm;
}

/**
 * vmm__create() - build a machine, load the kernel, do not run it
 * @out: the machine
 * @opts: what to build; not referenced after the call
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno (-ENOMEM, -EACCES, -ENOEXEC, ...); nothing is
 * left behind on failure.
 */
int vmm__create(struct vmm **out, const struct vmm_opts *opts, struct ktstr_error *e)
{
	uint64_t start = now_ns();
	struct vmm *vmm;
	int err = check_opts(opts, e);

	if (err)
		return err;
	vmm = alloc_vmm(opts);
	if (!vmm)
		return ktstr_error_set(e, -ENOMEM,
				"the host has no memory left for a machine: free some");
	err = build(vmm, opts, e);
	if (err) {
		vmm__destroy(vmm);
		return err;
	}
	vmm->create_ns = now_ns() - start;
	*out = vmm;
	return 0;
}

static int start_vcpus(struct vmm *vmm, struct ktstr_error *e)
{
	int err = 0;

	/* Held so that a guest that ends at once finds every thread started or none. */
	pthread_mutex_lock(&vmm->lock);
	for (uint32_t i = 0; !err && i < vmm->nr_vcpus; i++)
		err = vcpu__start(&vmm->vcpus[i], e);
	pthread_mutex_unlock(&vmm->lock);
	return err;
}

/**
 * vmm__start() - start the vCPU threads
 * @vmm: machine that was not started yet
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno; then nothing runs, and only
 * vmm__destroy() makes sense.
 */
int vmm__start(struct vmm *vmm, struct ktstr_error *e)
{
	int err = io_thread__start(&vmm->io);

	if (err)
		return ktstr_error_set(e, err,
				"no thread can be created for the machine (%s): raise the limit on processes (ulimit -u)",
				strerror(-err));
	clock__before(&vmm->clock, vmm->vm_fd);
	err = start_vcpus(vmm, e);
	if (err)
		vmm__stop(vmm);
	return err;
}

static void note_clock_after(struct vmm *vmm)
{
	/* Once, at the first stop, and of a machine that ran. */
	if (!(vmm->clock.valid & VMM_CLOCK_BEFORE) || vmm->clock.valid & VMM_CLOCK_AFTER)
		return;
	clock__after(&vmm->clock, vmm->vm_fd);
	for (uint32_t i = 0; i < vmm->nr_vcpus; i++)
		clock__check_vcpu(&vmm->clock, vmm->vcpus[i].fd);
}

/**
 * vmm__stop() - kick and join every vCPU thread
 * @vmm: machine
 *
 * Idempotent. Devices stay readable. Needs nothing of the guest, so it is
 * quick even if the guest spins with interrupts off.
 */
void vmm__stop(struct vmm *vmm)
{
	set_end(vmm, VMM_END_STOPPED, "");
	for (uint32_t i = 0; i < vmm->nr_vcpus; i++)
		vcpu__join(&vmm->vcpus[i]);
	note_clock_after(vmm);
	io_thread__stop(&vmm->io);
}

/**
 * vmm__final_drain() - take what the guest had published on its transmit queues
 * @vmm: machine after vmm__stop()
 */
void vmm__final_drain(struct vmm *vmm)
{
	virtio_console__drain(vmm->bus.console);
}

/**
 * vmm__destroy() - free everything
 * @vmm: machine, or NULL; stopped first if it runs
 */
void vmm__destroy(struct vmm *vmm)
{
	if (!vmm)
		return;
	vmm__stop(vmm);
	for (uint32_t i = 0; i < vmm->nr_vcpus; i++)
		vcpu__destroy(&vmm->vcpus[i]);
	free(vmm->vcpus);
	virtio_console__free(vmm->bus.console);
	for (int i = 0; vmm->has_coms && i < BUS_COMS; i++)
		serial__destroy(&vmm->bus.com[i]);
	if (vmm->vm_fd >= 0)
		close(vmm->vm_fd);
	if (vmm->kvm_fd >= 0)
		close(vmm->kvm_fd);
	irqchip__destroy(&vmm->irqchip);
	memory__destroy(&vmm->mem);
	close_fds(vmm);
	pthread_mutex_destroy(&vmm->lock);
	free(vmm);
}
