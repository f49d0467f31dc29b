// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine's time, the part that is the same on every architecture.
 */
#include <time.h>

#include "clock.h"

#define TRIES	8	/* of a reading, of which the tightest counts */

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* KVM is asked too when @at is given; return: 0 or KVM's error. */
static int read_once(struct vmm_time *t, int vm_fd, struct vmm_clock_at *at)
{
	int err = 0;

	t->mono_ns = read_clock(CLOCK_MONOTONIC);
	t->cycles = clock_arch__cycles();
	t->boot_ns = read_clock(CLOCK_BOOTTIME);
	if (at)
		err = clock_arch__kvmclock(vm_fd, at);
	t->window_ns = read_clock(CLOCK_MONOTONIC) - t->mono_ns;
	return err;
}

/**
 * vmm__time() - read the host's clocks
 * @t: filled
 *
 * A reading that an interrupt or another task got into has a wide window: the
 * tightest of a few is taken.
 *
 * Context: any thread; costs about a microsecond.
 */
void vmm__time(struct vmm_time *t)
{
	struct vmm_time now;

	read_once(t, -1, NULL);
	for (int i = 1; i < TRIES; i++) {
		read_once(&now, -1, NULL);
		if (now.window_ns < t->window_ns)
			*t = now;
	}
}

/* kvmclock with the host's clocks around it; return: 0 or negative errno. */
static int read_kvmclock(int vm_fd, struct vmm_clock_at *best)
{
	struct vmm_clock_at at = { 0 };
	int err = read_once(&best->host, vm_fd, best);

	for (int i = 1; !err && i < TRIES; i++) {
		err = read_once(&at.host, vm_fd, &at);
		if (!err && at.host.window_ns < best->host.window_ns)
			*best = at;
	}
	return err;
}

/**
 * clock__init() - choose the offset of a machine
 * @c: zeroed
 * @vm_fd: it, before it has vCPUs
 *
 * The guest's counter starts near 0, as KVM itself would have it, but every vCPU gets
 * the very same offset and it is known.
 */
void clock__init(struct vmm_clock *c, int vm_fd)
{
	/* KVM before 5.18 has no such call: its default it is, then. */
	(void)clock_arch__unscale(vm_fd);
	c->tsc_offset = -clock_arch__cycles();
	c->valid = VMM_CLOCK_OFFSET | VMM_CLOCK_KHZ;
}

static bool has_offset(const struct vmm_clock *c, int vcpu_fd)
{
	uint64_t is;

	return !clock_arch__get_offset(vcpu_fd, &is) && is == c->tsc_offset;
}

/**
 * clock__add_vcpu() - give a vCPU the machine's offset
 * @c: after clock__init()
 * @vcpu_fd: vCPU that has its CPUID and never ran
 *
 * Where KVM lacks the attribute, or a vCPU differs, the valid bit goes.
 */
void clock__add_vcpu(struct vmm_clock *c, int vcpu_fd)
{
	int khz = clock_arch__khz(vcpu_fd);

	if (clock_arch__set_offset(vcpu_fd, c->tsc_offset) || !has_offset(c, vcpu_fd))
		c->valid &= ~VMM_CLOCK_OFFSET;
	if (khz <= 0 || (c->tsc_khz && c->tsc_khz != (uint32_t)khz))
		c->valid &= ~VMM_CLOCK_KHZ;
	else
		c->tsc_khz = (uint32_t)khz;
}

/** clock__before() - the clocks before the first KVM_RUN */
void clock__before(struct vmm_clock *c, int vm_fd)
{
	if (!read_kvmclock(vm_fd, &c->before))
		c->valid |= VMM_CLOCK_BEFORE;
}

/** clock__after() - the clocks after the vCPUs stopped */
void clock__after(struct vmm_clock *c, int vm_fd)
{
	if (!read_kvmclock(vm_fd, &c->after))
		c->valid |= VMM_CLOCK_AFTER;
}

/**
 * clock__check_vcpu() - does a vCPU that has run still have the machine's offset?
 * @c: after every vCPU was added
 * @vcpu_fd: vCPU that does not run any more
 *
 * A guest that writes its TSC changes its offset, and so does KVM where the host's
 * TSC is not stable.
 */
void clock__check_vcpu(struct vmm_clock *c, int vcpu_fd)
{
	if (!(c->valid & VMM_CLOCK_OFFSET) || has_offset(c, vcpu_fd))
		return;
	c->valid &= ~VMM_CLOCK_OFFSET;
	c->valid |= VMM_CLOCK_MOVED;
}
