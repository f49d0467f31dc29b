/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much of the host is there to be used now.
 */
#ifndef KTSTR_HOST_HOSTROOM_H
#define KTSTR_HOST_HOSTROOM_H

#include <stdint.h>

/** hostroom__cpus() - CPUs that this process may use, at least 1 */
uint32_t hostroom__cpus(void);

/**
 * hostroom__memory_mib() - memory that is available in MiB, 0 when that cannot be said
 * @root: directory before /proc; "" for this host
 */
uint32_t hostroom__memory_mib(const char *root);

#endif /* KTSTR_HOST_HOSTROOM_H */
