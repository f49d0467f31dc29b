/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else when vmm/virtqueue.c is compiled for the
 * single-threaded test: around each access of the device to a ring the driver
 * may make a step, so that every order of the two sides' accesses can happen,
 * whatever their distance in time would be between threads.
 */
#ifndef DIFF_STEPS_H
#define DIFF_STEPS_H

#include "vmm/barrier.h"

/** device_point() - the driver may act here */
void device_point(void);

#define DIFF_AROUND(expr) ({ device_point(); __auto_type v_ = (expr); device_point(); v_; })

#define ring_read16(p)			DIFF_AROUND(ring_read16(p))
#define ring_read32(p)			DIFF_AROUND(ring_read32(p))
#define ring_read64(p)			DIFF_AROUND(ring_read64(p))
#define ring_load_acquire16(p)		DIFF_AROUND(ring_load_acquire16(p))
#define ring_write16(p, v)		DIFF_AROUND((ring_write16(p, v), 0))
#define ring_write32(p, v)		DIFF_AROUND((ring_write32(p, v), 0))
#define ring_store_release16(p, v)	DIFF_AROUND((ring_store_release16(p, v), 0))

#endif /* DIFF_STEPS_H */
