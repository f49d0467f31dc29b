/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Computing for a while without asking any clock.
 */
#ifndef GUEST_COMPUTE_H
#define GUEST_COMPUTE_H

#include <stdint.h>

/**
 * compute__calibrate() - find out how fast this machine computes, once
 *
 * Takes about a millisecond of CPU time.
 * Context: before the processes and threads exist that compute.
 */
void compute__calibrate(void);

/** compute__us() - compute for @us of CPU time, on a CPU as fast as when it was calibrated */
void compute__us(uint32_t us);

#endif /* GUEST_COMPUTE_H */
