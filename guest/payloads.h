/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Payloads: real programs that a test runs beside its workers. Their output goes to the
 * host as RAWO while they run, their end as PLDX; what it means is for the host.
 */
#ifndef GUEST_PAYLOADS_H
#define GUEST_PAYLOADS_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/error.h>
#include <ktstr/op.h>

/**
 * payloads__run() - start one
 * @index: of the operation, in its frames
 * @op: of verb RUN
 * @ext: as SCHED_EXT
 *
 * Return: 0 or a negative errno. A program that cannot be executed shows in PLDX.
 */
int payloads__run(uint32_t index, const struct ktstr_op *op, bool ext, struct ktstr_error *e);

/**
 * payloads__wait() - until one has ended
 * @ms: at most, 0: as long as it takes
 * @broken: or this says that the run is over
 *
 * Return: 0; -ETIMEDOUT; -ECANCELED when @broken said so.
 */
int payloads__wait(const char *name, uint64_t ms, bool (*broken)(void *arg),
		   struct ktstr_error *e);

/** payloads__kill() - SIGTERM to it and its process group, after two seconds SIGKILL */
int payloads__kill(const char *name, struct ktstr_error *e);

/** payloads__end() - the test is over: end those that still run, and tell of all */
void payloads__end(void);

#endif /* GUEST_PAYLOADS_H */
