/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio-mmio version 2 register block (virtio v1.2, 4.2), device status,
 * feature negotiation and interrupts. What the device does is in its ops.
 *
 * Nothing here locks: the device that embeds it serialises every call.
 */
#ifndef VMM_VIRTIO_MMIO_H
#define VMM_VIRTIO_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "virtqueue.h"

#define VIRTIO_MMIO_VENDOR	0x5254534bu	/* "KSTR" */

struct virtio_mmio;

/**
 * struct virtio_mmio_ops - a device type
 * @device_id: virtio device id (section 5)
 * @features: feature bits offered; must hold VIRTIO_F_VERSION_1
 * @nr_queues: queues with every feature, at most %KTSTR_NR_QUEUES
 * @queue_exists: is queue @q part of the device with these features?
 * @start: DRIVER_OK was set: buffers may be used from here on
 * @reset: about to forget everything; @live: the rings may still be read,
 *	used rings and interrupts must be left alone
 * @queue_stopped: the driver cleared QueueReady while the device was live
 * @notify: the driver kicked a live, usable queue
 * @config_read: fill @len (1, 2 or 4) bytes, pre-set to 0, from config space
 * @config_write: return: false if config space is read-only there
 */
struct virtio_mmio_ops {
	uint32_t device_id;
	uint64_t features;
	unsigned int nr_queues;
	bool (*queue_exists)(uint64_t features, unsigned int q);
	void (*start)(struct virtio_mmio *vm);
	void (*reset)(struct virtio_mmio *vm, bool live);
	void (*queue_stopped)(struct virtio_mmio *vm, unsigned int q);
	void (*notify)(struct virtio_mmio *vm, unsigned int q);
	void (*config_read)(struct virtio_mmio *vm, uint64_t off, uint8_t *buf, unsigned int len);
	bool (*config_write)(struct virtio_mmio *vm, uint64_t off, const uint8_t *buf,
			     unsigned int len);
};

/**
 * struct virtio_mmio - one device's transport state
 * @ops: the device type
 * @mem: guest memory
 * @irq_fd: eventfd written for every interrupt
 * @status: device status (2.1)
 * @isr: InterruptStatus
 * @quiet: being drained or reset: raise no interrupt
 * @device_features_sel: DeviceFeaturesSel
 * @driver_features_sel: DriverFeaturesSel
 * @queue_sel: QueueSel, any value
 * @driver_features: what the driver accepted so far
 * @vq: queues
 * @kicks: QueueNotify writes per queue
 * @accesses: reads and writes of the window
 * @interrupts: writes to @irq_fd
 * @broken: a bit per queue that ever broke
 * @driver_errors: accesses ignored, chains refused, queues broken
 * @last_error: what the newest of them was; static text or NULL
 */
struct virtio_mmio {
	const struct virtio_mmio_ops *ops;
	const struct guest_memory *mem;
	int irq_fd;
	uint32_t status;
	uint32_t isr;
	bool quiet;
	uint32_t device_features_sel;
	uint32_t driver_features_sel;
	uint32_t queue_sel;
	uint64_t driver_features;
	struct virtqueue vq[KTSTR_NR_QUEUES];
	uint64_t kicks[KTSTR_NR_QUEUES];
	uint64_t accesses;
	uint64_t interrupts;
	uint32_t broken;
	uint64_t driver_errors;
	const char *last_error;
};

/** virtio_mmio__init() - power on; @ops and @mem outlive @vm */
void virtio_mmio__init(struct virtio_mmio *vm, const struct virtio_mmio_ops *ops,
		       const struct guest_memory *mem, int irq_fd);

/**
 * virtio_mmio__read() - the driver reads from the device's window
 * @vm: transport
 * @off: offset in the window, any value
 * @data: @len bytes (at most 8 are touched); always filled
 * @len: width of the access, any value
 *
 * Registers answer 32-bit accesses only (4.2.2.2), config space 1, 2 and 4
 * bytes; everything else reads as 0 and is counted.
 */
void virtio_mmio__read(struct virtio_mmio *vm, uint64_t off, void *data, unsigned int len);

/** virtio_mmio__write() - the driver writes; what it must not do is dropped and counted */
void virtio_mmio__write(struct virtio_mmio *vm, uint64_t off, const void *data, unsigned int len);

/** virtio_mmio__is_live() - may the device use buffers (DRIVER_OK and not FAILED, 2.1)? */
bool virtio_mmio__is_live(const struct virtio_mmio *vm);

/** virtio_mmio__queue() - queue @q, or NULL unless the device is live and the queue usable */
struct virtqueue *virtio_mmio__queue(struct virtio_mmio *vm, unsigned int q);

/** virtio_mmio__used() - queue @q's used index moved: interrupt unless suppressed */
void virtio_mmio__used(struct virtio_mmio *vm, unsigned int q);

/** virtio_mmio__broke() - ring @q broke: DEVICE_NEEDS_RESET and one config interrupt (2.1.2) */
void virtio_mmio__broke(struct virtio_mmio *vm, unsigned int q);

/** virtio_mmio__refuse() - count a driver's mistake; @why is static text */
void virtio_mmio__refuse(struct virtio_mmio *vm, const char *why);

#endif /* VMM_VIRTIO_MMIO_H */
