/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctl wrappers: the argument's size is checked against the request number
 * at compile time, and errors come back as negative errno.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <ktstr/error.h>

/**
 * kvm_do() - ioctl with a checked pointer argument
 * @fd: file descriptor of /dev/kvm, a VM or a vCPU
 * @cmd: request made with _IOR, _IOW or _IOWR
 * @arg: pointer to exactly the structure that @cmd was made with
 *
 * Return: what the kernel returned, or a negative errno.
 */
#define kvm_do(fd, cmd, arg)						\
({									\
	_Static_assert(sizeof(*(arg)) == _IOC_SIZE(cmd),		\
		       "argument of " #cmd " has the wrong size");	\
	int kvm_ret = ioctl(fd, cmd, arg);				\
	kvm_ret < 0 ? -errno : kvm_ret;					\
})

/**
 * kvm_do_val() - ioctl with a number, or with nothing, for an argument
 * @fd: file descriptor of /dev/kvm, a VM or a vCPU
 * @cmd: request made with _IO
 * @val: the number, 0 for nothing
 *
 * Return: what the kernel returned, or a negative errno.
 */
#define kvm_do_val(fd, cmd, val)					\
({									\
	_Static_assert(_IOC_SIZE(cmd) == 0, #cmd " takes a pointer");	\
	int kvm_ret = ioctl(fd, cmd, (unsigned long)(val));		\
	kvm_ret < 0 ? -errno : kvm_ret;					\
})

/* As of Linux 4.12 the API has one version, and it will not change (api.rst, 4.1). */
#define KVM_API_VERSION_WANTED 12

int kvm_open(struct ktstr_error *e);
int kvm_create_vm(int kvm_fd, struct ktstr_error *e);

#endif /* VMM_KVM_H */
