/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own virtqueues, without the kernel's headers: those of
 * tools/virtio and those of this project cannot be included together.
 *
 * Not locked: as in the kernel, the caller serialises the calls on one ring.
 */
#ifndef DIFF_KRING_H
#define DIFF_KRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KRING_SEGS_MAX	256

struct kring;
struct kring_dev;

/** struct kring_seg - an entry of a scatterlist; the guest's addresses are the host's */
struct kring_seg {
	uint8_t *ptr;
	uint32_t len;
};

/**
 * struct kring_ops - what the driver calls
 * @notify: write QueueNotify
 * @callback: an interrupt came and the ring has used elements
 */
struct kring_ops {
	void (*notify)(void *arg, unsigned int q);
	void (*callback)(void *arg, unsigned int q);
};

/** struct kring_state - what lies in the ring's memory */
struct kring_state {
	uint16_t avail_idx, avail_flags;
	uint16_t used_idx, used_flags;
	unsigned int num_free;
	bool broken;
};

/* To be defined by the test. */

/** kring_bug() - the driver found the device, or its caller, in the wrong; does not return */
void kring_bug(const char *what, const char *file, int line) __attribute__((noreturn));

/** kring_alloc_pages() - zeroed guest memory for a ring; return: NULL without memory */
void *kring_alloc_pages(size_t size);

/**
 * kring_dev__new() - a device as virtio core sees it
 * @offered: the device's feature bits
 * @known: device-type bits that the driver understands
 * @ops: calls back
 * @arg: their first argument
 *
 * Return: device, or NULL without memory.
 */
struct kring_dev *kring_dev__new(uint64_t offered, uint64_t known, const struct kring_ops *ops,
				 void *arg);

/** kring_dev__features() - what vring_transport_features() left of the offer */
uint64_t kring_dev__features(const struct kring_dev *d);

/** kring_dev__interrupt() - vring_interrupt() on every ring, as vm_interrupt() does it */
void kring_dev__interrupt(struct kring_dev *d);

/** kring_dev__free() - delete rings and device; NULL is fine */
void kring_dev__free(struct kring_dev *d);

/** kring__new() - vring_create_virtqueue(): split ring @q; return: NULL on failure */
struct kring *kring__new(struct kring_dev *d, unsigned int q, unsigned int num);

/** kring__addresses() - descriptor table, avail ring, used ring */
void kring__addresses(const struct kring *k, uint64_t addr[3]);

/**
 * kring__add() - offer a chain
 * @k: ring
 * @seg: @n_out entries to be read, then @n_in to be written
 * @lists: 0: virtqueue_add_outbuf() or _inbuf() if there is one direction only;
 *	otherwise virtqueue_add_sgs() with up to that many lists per direction
 * @token: comes back from kring__get()
 *
 * Return: 0, or -ENOSPC (then the driver has kicked if @n_out).
 */
int kring__add(struct kring *k, const struct kring_seg *seg, unsigned int n_out,
	       unsigned int n_in, unsigned int lists, void *token);

/** kring__kick_prepare() - does the device want to hear of it? */
bool kring__kick_prepare(struct kring *k);

/** kring__notify() - tell it */
void kring__notify(struct kring *k);

/** kring__get() - take a used element; return: token or NULL */
void *kring__get(struct kring *k, unsigned int *len);

/** kring__disable_cb() - no interrupts, please */
void kring__disable_cb(struct kring *k);

/** kring__enable_cb() - interrupts again; return: false if there is something to get */
bool kring__enable_cb(struct kring *k);

/** kring__enable_cb_delayed() - the same, late if the device can do that */
bool kring__enable_cb_delayed(struct kring *k);

/** kring__state() - for messages */
void kring__state(const struct kring *k, struct kring_state *st);

#endif /* DIFF_KRING_H */
