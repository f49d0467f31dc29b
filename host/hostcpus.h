/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --pin, --cpus and --perf of one call: checked, claimed, and handed to the machine.
 */
#ifndef KTSTR_HOST_HOSTCPUS_H
#define KTSTR_HOST_HOSTCPUS_H

#include <jansson.h>

#include <ktstr/vmm.h>

#include "args.h"
#include "hostcpu_lock.h"
#include "hostcpu_plan.h"

/**
 * struct hostcpus - host CPUs of a call; hostcpus__init() first
 * @active: something was asked for; without it nothing is read, locked or bound
 * @claimed: @plan is a fact, and its locks are held
 * @host: as it was when the call began
 */
struct hostcpus {
	bool active;
	bool claimed;
	struct hostcpu host;
	struct hostcpu_want want;
	struct hostcpu_plan plan;
	struct hostcpu_locks locks;
};

/** hostcpus__init() - nothing asked for, nothing held */
void hostcpus__init(struct hostcpus *c);

/**
 * hostcpus__check() - can this host ever give what the options ask for?
 * @c: after hostcpus__init()
 * @a: options
 * @e: sentence on failure
 *
 * Why performance mode is refused is said on stderr, each reason on a line.
 * Return: 0; -EINVAL, -ENOTSUP or -ENODATA.
 */
int hostcpus__check(struct hostcpus *c, const struct args *a, struct ktstr_error *e);

/**
 * hostcpus__claim() - choose and lock host CPUs
 * @c: checked
 * @interrupt_fd: readable when the user wants to stop, or -1
 * @e: sentence on failure
 *
 * While others have them it waits, and says on stderr for whom, again whenever that has
 * changed. In performance mode the calling thread, and all that it makes later, stay off
 * the CPUs of the vCPUs. Until hostcpus__free() or death the CPUs are ours.
 *
 * Return: 0; -EINTR when @interrupt_fd became readable; another negative errno.
 */
int hostcpus__claim(struct hostcpus *c, int interrupt_fd, struct ktstr_error *e);

/** hostcpus__placement() - for the machine; points into @c */
struct vmm_placement hostcpus__placement(const struct hostcpus *c);

/** hostcpus__text() - the plan in a line; "" when there is none; return: @buf */
char *hostcpus__text(const struct hostcpus *c, char *buf, size_t size);

/** hostcpus__json() - the plan; null when there is none */
json_t *hostcpus__json(const struct hostcpus *c);

/** hostcpus__free() - unlock */
void hostcpus__free(struct hostcpus *c);

#endif /* KTSTR_HOST_HOSTCPUS_H */
