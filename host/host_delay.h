/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host did to the vCPUs in the window: /proc/self/task/TID/schedstat of their
 * threads. The guest's steal time is KVM's copy of the same waits; this is the original.
 *
 * And their page faults: most are for memory that the host had not given yet, and no steal
 * time tells of them, so that the guest takes one for CPU time of the task that was current.
 */
#ifndef KTSTR_HOST_HOST_DELAY_H
#define KTSTR_HOST_HOST_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <ktstr/topology.h>
#include <ktstr/vmm.h>

/**
 * struct host_delay_vcpu - schedstat and stat of a thread
 * @run_ns: ran on a host CPU, in the guest or not
 * @wait_ns: could have run and had none
 * @slices: times it was given one
 * @faults: page faults, minor and major, of it and of its guest
 */
struct host_delay_vcpu {
	uint64_t run_ns;
	uint64_t wait_ns;
	uint64_t slices;
	uint64_t faults;
};

/**
 * struct host_delay_at - all threads at one moment
 * @valid: every one of them could be read
 * @time_ns: CLOCK_MONOTONIC
 */
struct host_delay_at {
	bool valid;
	uint64_t time_ns;
	struct host_delay_vcpu vcpu[KTSTR_CPUS_MAX];
};

/** struct host_delay - at both ends of the window, as the host heard of them; zeroed at first */
struct host_delay {
	uint32_t nr_vcpus;
	struct host_delay_at start, end;
};

/**
 * host_delay__parse() - "RUN WAIT SLICES", as schedstat has it
 * @v: @faults stays
 * Return: 0; -EINVAL when it is anything else.
 */
int host_delay__parse(const char *text, struct host_delay_vcpu *v);

/**
 * host_delay__parse_faults() - minflt and majflt of a line of stat, see proc_pid_stat(5)
 * @v: only @faults is set
 * Return: 0; -EINVAL when it is anything else.
 */
int host_delay__parse_faults(const char *text, struct host_delay_vcpu *v);

/** host_delay__read() - all threads of a machine now */
void host_delay__read(struct host_delay_at *at, const struct vmm *vmm, uint32_t nr_vcpus);

/** host_delay__known() - are both ends of the window there, and in order? */
bool host_delay__known(const struct host_delay *d);

/**
 * host_delay__pct() - waited for a host CPU, per cent of the window
 * @d: known
 * @vcpu: of which vCPU; UINT32_MAX: of all, in their CPU time together
 */
double host_delay__pct(const struct host_delay *d, uint32_t vcpu);

/** host_delay__faults() - of all vCPUs in the window; @d: known */
uint64_t host_delay__faults(const struct host_delay *d);

/** host_delay__text() - in a line; "" when it is not known; return: @buf */
char *host_delay__text(const struct host_delay *d, char *buf, size_t size);

/** host_delay__json() - null when it is not known */
json_t *host_delay__json(const struct host_delay *d);

#endif /* KTSTR_HOST_HOST_DELAY_H */
