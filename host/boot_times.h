/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of a boot goes: moments that somebody read from a clock, all of
 * them on the host's CLOCK_MONOTONIC. What nobody read is missing.
 */
#ifndef KTSTR_HOST_BOOT_TIMES_H
#define KTSTR_HOST_BOOT_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evidence;

/* In the order in which they pass. */
enum boot_step {
	BOOT_PREPARE,		/* from main(): arguments, checks, the guest's files */
	BOOT_KVM,		/* VM, memory, devices, vCPUs, without loading */
	BOOT_LOAD,		/* kernel, initramfs and tables into guest memory */
	BOOT_FIRST,		/* threads started: the guest's first instruction */
	BOOT_START_KERNEL,	/* in start_kernel() the kernel log's clock begins */
	BOOT_INIT,		/* main() of PID 1 */
	BOOT_READY,		/* REDY reached the host */
	BOOT_STEPS,
};

/**
 * struct boot_times - a breakdown
 * @took_ns: since the step before, or since the last one that is known
 * @known: bit of every step that is a fact
 * @total_ns: from main() to REDY: the sum of the known steps; 0 when REDY did not come
 */
struct boot_times {
	uint64_t took_ns[BOOT_STEPS];
	uint32_t known;
	uint64_t total_ns;
};

/**
 * boot_times__get() - what evidence says of a boot
 * @bt: filled in
 * @exec_ns: CLOCK_MONOTONIC when main() began; of a later run of the same call,
 *	when the run before it was over
 * @ev: evidence; what the guest says in it is hostile
 *
 * A moment that the guest tells counts when it lies between its neighbours.
 */
void boot_times__get(struct boot_times *bt, uint64_t exec_ns, const struct evidence *ev);

/** boot_times__has() - is this step known? */
static inline bool boot_times__has(const struct boot_times *bt, enum boot_step step)
{
	return bt->known & 1u << step;
}

/** boot_times__name() - a step in words, as -v prints it */
const char *boot_times__name(enum boot_step step);

/** boot_times__key() - a step's name in result.json */
const char *boot_times__key(enum boot_step step);

/**
 * boot_times__log_zero() - find what kvm-clock says in the kernel log
 * @data: lines as DMSG has them: "<prio,seq,usec>text"; hostile
 * @len: bytes
 * @ns: kvmclock, in ns, where the kernel log's times begin; left alone without that line
 *
 * Only a record of the kernel itself counts: processes cannot write facility 0.
 */
void boot_times__log_zero(const void *data, size_t len, uint64_t *ns);

#endif /* KTSTR_HOST_BOOT_TIMES_H */
