/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's file systems and its loopback interface.
 */
#ifndef GUEST_MOUNTS_H
#define GUEST_MOUNTS_H

/**
 * mounts__all() - mount what a user space expects
 *
 * Without proc, sysfs or devtmpfs there is no guest: that ends in die(). What
 * else is missing is noted in the kernel log; a plan that needs it fails on it.
 */
void mounts__all(void);

/** mounts__loopback_up() - bring up "lo", if this kernel has it */
void mounts__loopback_up(void);

#endif /* GUEST_MOUNTS_H */
