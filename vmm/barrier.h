/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to memory that the guest changes while we look at it.
 *
 * Every field of a ring goes through these helpers, never through a plain
 * pointer: an atomic access is made exactly once, so what was validated is what
 * is used, and the ring's little-endian values become the host's.
 */
#ifndef VMM_BARRIER_H
#define VMM_BARRIER_H

#include <endian.h>
#include <stdint.h>

#include <linux/types.h>

/** ring_read16() - one unordered read of a little-endian 16-bit field */
static inline uint16_t ring_read16(const uint16_t *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

/** ring_read32() - one unordered read of a little-endian 32-bit field */
static inline uint32_t ring_read32(const uint32_t *p)
{
	return le32toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

/** ring_read64() - one unordered read of a little-endian 64-bit field */
static inline uint64_t ring_read64(const __u64 *p)
{
	return le64toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

/** ring_write16() - one unordered write of a little-endian 16-bit field */
static inline void ring_write16(uint16_t *p, uint16_t val)
{
	__atomic_store_n(p, htole16(val), __ATOMIC_RELAXED);
}

/** ring_write32() - one unordered write of a little-endian 32-bit field */
static inline void ring_write32(uint32_t *p, uint32_t val)
{
	__atomic_store_n(p, htole32(val), __ATOMIC_RELAXED);
}

/**
 * ring_load_acquire16() - read an index; what it publishes is read after it
 * @p: avail->idx
 *
 * Pairs with virtio_wmb() in virtqueue_add_split() (drivers/virtio/virtio_ring.c):
 * the driver writes descriptors and the ring entry before it moves avail->idx.
 */
static inline uint16_t ring_load_acquire16(const uint16_t *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

/**
 * ring_store_release16() - move an index after everything it publishes
 * @p: used->idx
 * @val: new index
 *
 * Pairs with virtio_rmb() in virtqueue_get_buf_ctx_split(): the driver reads
 * used->idx before it reads the used element and the buffer.
 */
static inline void ring_store_release16(uint16_t *p, uint16_t val)
{
	__atomic_store_n(p, htole16(val), __ATOMIC_RELEASE);
}

/**
 * ring_mb_before_flags() - order our used->idx before our read of avail->flags
 *
 * Pairs with virtio_mb() in virtqueue_poll() and in the driver's re-check after
 * virtqueue_enable_cb_prepare_split(): either it sees the new used->idx or
 * we see that it wants an interrupt.
 */
static inline void ring_mb_before_flags(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/**
 * ring_mb_after_enable() - order our used->flags before our read of avail->idx
 *
 * Pairs with virtio_mb() in virtqueue_kick_prepare_split(): either the driver
 * sees that we want a notification or we see the buffer it added.
 */
static inline void ring_mb_after_enable(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif /* VMM_BARRIER_H */
