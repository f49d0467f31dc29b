/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All clocks of the guest at one moment, for CLCK and EVIN.
 */
#ifndef GUEST_CLOCK_READ_H
#define GUEST_CLOCK_READ_H

#include <stdint.h>

#include <ktstr/wire.h>

/**
 * clock_read() - read them as close together as can be
 * @c: gets the snapshot, little endian
 * @why: enum ktstr_clock_why
 * @id: of a ping, else 0
 * @dev_fd: /dev/ktstr, whose module reads them with interrupts off; negative: there is none
 *
 * Context: any thread; does not wait.
 */
void clock_read(struct ktstr_clock *c, uint32_t why, uint64_t id, int dev_fd);

#endif /* GUEST_CLOCK_READ_H */
