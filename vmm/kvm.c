// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kvm: open it, demand what ktstr needs of it, and set up the parts of a
 * VM that have nothing to do with any one machine.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/vmm.h>

#include "kvm.h"
#include "layout.h"

static const struct {
	int cap;
	const char *name;
} needed[] = {
	{ KVM_CAP_IRQCHIP,		"KVM_CAP_IRQCHIP" },
	{ KVM_CAP_IRQ_ROUTING,		"KVM_CAP_IRQ_ROUTING" },
	{ KVM_CAP_IRQFD,		"KVM_CAP_IRQFD" },
	{ KVM_CAP_USER_MEMORY,		"KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_IMMEDIATE_EXIT,	"KVM_CAP_IMMEDIATE_EXIT" },
	{ KVM_CAP_EXT_CPUID,		"KVM_CAP_EXT_CPUID" },
	{ KVM_CAP_SET_TSS_ADDR,		"KVM_CAP_SET_TSS_ADDR" },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, "KVM_CAP_SET_IDENTITY_MAP_ADDR" },
};

static int check_caps(int kvm_fd, struct ktstr_error *e)
{
	int version = kvm_do_val(kvm_fd, KVM_GET_API_VERSION, 0);

	if (version != KVM_API_VERSION_WANTED)
		return ktstr_error_set(e, -ENOTSUP,
			"/dev/kvm speaks API version %d and ktstr needs %d: use the box (--accel box)",
			version, KVM_API_VERSION_WANTED);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (kvm_do_val(kvm_fd, KVM_CHECK_EXTENSION, needed[i].cap) > 0)
			continue;
		return ktstr_error_set(e, -ENOTSUP,
			"/dev/kvm lacks %s, which ktstr needs: update the host kernel, or use the box (--accel box)",
			needed[i].name);
	}
	return 0;
}

static int open_error(int err, struct ktstr_error *e)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return ktstr_error_set(e, -ENOENT,
			"there is no working /dev/kvm here: load kvm_intel or kvm_amd, turn virtualization on in the firmware, or use the box (--accel box)");
	case EACCES:
	case EPERM:
		return ktstr_error_set(e, -EACCES,
			"/dev/kvm may not be opened by this user: add yourself to the group that owns it, or run as root");
	default:
		return ktstr_error_set(e, -err,
				"/dev/kvm cannot be opened (%s): check the host's KVM",
				strerror(err));
	}
}

/**
 * kvm_open() - open /dev/kvm and demand the capabilities that ktstr uses
 * @e: sentence on failure
 *
 * Return: file descriptor; -ENOENT, -EACCES, -ENOTSUP for a missing
 * capability, or another negative errno.
 */
int kvm_open(struct ktstr_error *e)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int err;

	if (fd < 0)
		return open_error(errno, e);
	err = check_caps(fd, e);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/**
 * kvm_create_vm() - make an empty VM with the pages that Intel hosts need
 * @kvm_fd: from kvm_open()
 * @e: sentence on failure
 *
 * The identity map page and the TSS serve hosts that cannot run real mode
 * natively; they must be placed before the first vCPU exists (api.rst, 4.35).
 *
 * Return: file descriptor of the VM, or a negative errno.
 */
int kvm_create_vm(int kvm_fd, struct ktstr_error *e)
{
	uint64_t identity_map = LAYOUT_KVM_IDENTITY_MAP;
	int fd, err;

	do {
		fd = kvm_do_val(kvm_fd, KVM_CREATE_VM, 0);
	} while (fd == -EINTR);
	if (fd < 0)
		return ktstr_error_set(e, fd,
				"KVM cannot create a machine (%s): see the host's kernel log",
				strerror(-fd));
	err = kvm_do(fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	if (!err)
		err = kvm_do_val(fd, KVM_SET_TSS_ADDR, LAYOUT_KVM_TSS);
	if (err) {
		close(fd);
		return ktstr_error_set(e, err,
				"KVM cannot place its own pages (%s): see the host's kernel log",
				strerror(-err));
	}
	return fd;
}

static bool line_has_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(line, word); p; p = strstr(p + 1, word))
		if (isspace((unsigned char)p[-1]) && (!p[len] || isspace((unsigned char)p[len])))
			return true;
	return false;
}

/* Does the first CPU in /proc/cpuinfo show svm or vmx? */
static bool cpu_can_virtualize(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!f)
		return false;
	while (getline(&line, &room, f) > 0) {
		if (strncmp(line, "flags", 5))
			continue;
		found = line_has_word(line, "svm") || line_has_word(line, "vmx");
		break;
	}
	free(line);
	fclose(f);
	return found;
}

/**
 * vmm__check_kvm() - does /dev/kvm work here?
 * @e: sentence on failure, with what to do
 *
 * A /dev/kvm may exist on a CPU without svm or vmx: such a host interprets
 * ring 0 and gets no kernel far. The emulated box does show svm.
 *
 * Return: 0; -ENOENT no /dev/kvm; -EACCES not permitted; -ENOTSUP it cannot
 * boot a kernel; other negative errno.
 */
int vmm__check_kvm(struct ktstr_error *e)
{
	int kvm_fd = kvm_open(e);
	int vm_fd;

	if (kvm_fd < 0)
		return kvm_fd;
	if (!cpu_can_virtualize()) {
		close(kvm_fd);
		return ktstr_error_set(e, -ENOTSUP,
			"/dev/kvm exists but this CPU shows neither svm nor vmx, so it cannot boot a kernel: use the box (--accel box)");
	}
	vm_fd = kvm_create_vm(kvm_fd, e);
	close(kvm_fd);
	if (vm_fd < 0)
		return vm_fd;
	close(vm_fd);
	return 0;
}
