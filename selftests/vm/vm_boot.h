/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine driven by a test: boots a kernel with an init of the test's own and
 * waits for what the guest says, by events and against a deadline.
 */
#ifndef KTSTR_VM_VM_BOOT_H
#define KTSTR_VM_VM_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/vmm.h>

#define VM_TEXT_MAX	(256u << 10)

/**
 * struct vm - a machine and what was heard of it
 * @vmm: the machine
 * @com: text of COM1 and COM2 so far, NUL terminated
 * @com_len: bytes in @com
 * @on_port: called for bytes of ports 0 to 2, may be NULL
 * @arg: passed to @on_port
 * @placement: where on the host vm__boot() puts it
 * @hold: do not read ports whose bit is set: the guest meets a full buffer
 * @more: the last turn left bytes in a port: vm__step() does not wait
 * @ended: the machine ended by itself
 * @deadline_ns: CLOCK_MONOTONIC at which vm__step() gives up
 */
struct vm {
	struct vmm *vmm;
	char com[2][VM_TEXT_MAX + 1];
	size_t com_len[2];
	void (*on_port)(void *arg, unsigned int port, const void *data, size_t len);
	void *arg;
	struct vmm_placement placement;
	unsigned int hold;
	bool more;
	bool ended;
	uint64_t deadline_ns;
};

/** struct vm_file - @len bytes at @path in the initramfs, executable */
struct vm_file {
	const char *path;
	const void *data;
	size_t len;
};

/**
 * vm__boot() - boot the kernel under test ($KTSTR_KERNEL or the default one)
 * @vm: zeroed, with @on_port and @arg set
 * @topology: "N,L,C,T"
 * @files: the initramfs; "/init" must be among them
 * @nr_files: how many
 * @timeout_s: deadline for everything that follows
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int vm__boot(struct vm *vm, const char *topology, const struct vm_file *files, int nr_files,
	     unsigned int timeout_s, struct ktstr_error *e);

/**
 * vm__boot_opts() - boot any machine
 * @vm: zeroed, with @on_port and @arg set
 * @opts: what vmm__create() is given
 * @timeout_s: deadline for everything that follows
 * @e: sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int vm__boot_opts(struct vm *vm, const struct vmm_opts *opts, unsigned int timeout_s,
		  struct ktstr_error *e);

/** vm__step() - wait for one event and take what it brought; return: false past the deadline */
bool vm__step(struct vm *vm);

/** vm__wait_text() - step until COM @com (1 or 2) has printed @text; return: was it? */
bool vm__wait_text(struct vm *vm, unsigned int com, const char *text);

/**
 * vm__take_ports() - hand what the ports hold to @on_port, but for those on hold
 *
 * Bounded: of a guest that goes on sending some is left, and @more says so.
 */
void vm__take_ports(struct vm *vm);

/** vm__wait_end() - step until the machine ended by itself; return: did it? */
bool vm__wait_end(struct vm *vm);

/** vm__finish() - stop and free the machine; print its serial ports if @failed */
void vm__finish(struct vm *vm, bool failed);

/** vm_read_file() - a whole file; return: bytes for free(), NULL on failure */
void *vm_read_file(const char *path, size_t *len);

#endif /* KTSTR_VM_VM_BOOT_H */
