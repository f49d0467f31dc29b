/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else when vmm/virtqueue.c is compiled for the
 * single-threaded test: around each access of the device to a ring the driver
 * may make a step, and the device's stores wait in a buffer until a barrier. So
 * every order of the two sides' accesses can happen that can on x86, whatever
 * their distance in time would be between threads.
 */
#ifndef DIFF_STEPS_H
#define DIFF_STEPS_H

#include "vmm/barrier.h"

/** device_point() - the driver may act here */
void device_point(void);

/**
 * device_store() - a store that others see later, in order, at the latest at a full barrier
 * @p: field of a ring
 * @size: 2 or 4
 * @val: in the ring's byte order
 *
 * As x86 does it; the device reads no field that it writes.
 */
void device_store(void *p, unsigned int size, uint32_t val);

/** device_drain() - a full barrier: every store is seen */
void device_drain(void);

#define DIFF_AROUND(expr) ({ device_point(); __auto_type v_ = (expr); device_point(); v_; })

#define ring_read16(p)			DIFF_AROUND(ring_read16(p))
#define ring_read32(p)			DIFF_AROUND(ring_read32(p))
#define ring_read64(p)			DIFF_AROUND(ring_read64(p))
#define ring_load_acquire16(p)		DIFF_AROUND(ring_load_acquire16(p))
#define ring_write16(p, v)		device_store(p, 2, htole16(v))
#define ring_write32(p, v)		device_store(p, 4, htole32(v))
#define ring_store_release16(p, v)	device_store(p, 2, htole16(v))
#define ring_mb_before_flags()		device_drain()
#define ring_mb_after_enable()		device_drain()

#endif /* DIFF_STEPS_H */
