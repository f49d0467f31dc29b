/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of one machine: from its creation to the last byte it sent.
 */
#ifndef KTSTR_HOST_SESSION_H
#define KTSTR_HOST_SESSION_H

#include "evidence.h"
#include "stats_sampler.h"

/**
 * struct session_opts - what to run
 * @machine: the machine
 * @interrupt_fd: readable when the user wants to stop (interrupt.h); -1 for none
 * @silence_ms: give up after this long without a byte from the guest
 * @limit_ms: give up after this long in all; 0: no such limit
 * @stats: asks the scheduler under test for its statistics; NULL: nobody does
 * @faults: to be switched in the window; may be NULL
 * @created: called once the machine holds a copy of all that it was built from; may be NULL
 * @created_arg: its argument
 */
struct session_opts {
	const struct vmm_opts *machine;
	int interrupt_fd;
	uint32_t silence_ms;
	uint64_t limit_ms;
	struct stats_sampler *stats;
	const struct fault_orders *faults;
	void (*created)(void *arg);
	void *created_arg;
};

/**
 * session__run() - run a machine until it ends or must be ended
 * @opts: what to run
 * @ev: collects everything; partial when the guest died
 * @e: sentence on failure
 *
 * Blocks. The machine and its threads are gone when it returns.
 * Return: 0 when the machine ran, whatever became of it; a negative errno when
 * it could not be built or started.
 */
int session__run(const struct session_opts *opts, struct evidence *ev, struct ktstr_error *e);

#endif /* KTSTR_HOST_SESSION_H */
