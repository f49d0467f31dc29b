/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else when drivers/virtio/virtio_ring.c and its
 * caller are compiled: what the tree's own tools/virtio headers lack, and where
 * this test wants something else than they do.
 */
#ifndef DIFF_SHIM_H
#define DIFF_SHIM_H

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#ifndef MODULE_DESCRIPTION
#define MODULE_DESCRIPTION(text)
#endif

#ifndef data_race
#define data_race(expr)	(expr)
#endif

/* Declared by include/linux/virtio.h only. */
bool virtqueue_kick_prepare(struct virtqueue *vq);
bool virtqueue_notify(struct virtqueue *vq);
unsigned int virtqueue_get_vring_size(const struct virtqueue *vq);
bool virtqueue_is_broken(const struct virtqueue *vq);
dma_addr_t virtqueue_get_desc_addr(const struct virtqueue *vq);
dma_addr_t virtqueue_get_avail_addr(const struct virtqueue *vq);
dma_addr_t virtqueue_get_used_addr(const struct virtqueue *vq);

/*
 * DEBUG measures real time between an add and its kick and warns above 100 ms.
 * Here a thread may lose its CPU at any place, so this clock stands still.
 */
typedef s64 ktime_t;
#define ktime_get()		((ktime_t)0)
#define ktime_sub(a, b)		((a) - (b))
#define ktime_to_ms(t)		(t)

/* Whatever the driver complains of ends the test, with the state of both sides. */
void kring_bug(const char *what, const char *file, int line) __attribute__((noreturn));

#define panic(...)		kring_bug("panic", __FILE__, __LINE__)
#undef BUG
#define BUG()			kring_bug("BUG", __FILE__, __LINE__)
#undef BUG_ON
#define BUG_ON(cond)		\
	do { if (cond) kring_bug("BUG_ON(" #cond ")", __FILE__, __LINE__); } while (0)
#undef WARN_ON
#define WARN_ON(cond)		\
	({ if (cond) kring_bug("WARN_ON(" #cond ")", __FILE__, __LINE__); false; })
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(cond)	WARN_ON(cond)

/* DEBUG is there for its checks: its words, one and more per buffer, are not wanted. */
#undef pr_debug
#define pr_debug(...)		do { } while (0)
#undef dev_err
#define dev_err(dev, ...)	do { printf("# driver: " __VA_ARGS__); } while (0)

/* The rings that the driver allocates must lie in the guest's memory. */
void *kring_alloc_pages(size_t size);
#define alloc_pages_exact(size, gfp)	kring_alloc_pages(size)
#define free_pages_exact(ptr, size)	do { } while (0)

/* Out-of-line in tools/virtio: an inline function without a definition to link with. */
#define kmsan_handle_dma(...)		do { } while (0)
#define _LINUX_KMSAN_H

#ifdef DIFF_STEPS
/*
 * Between two accesses that a barrier keeps apart the other side may do anything:
 * the single-threaded test lets it.
 */
void kring_point(void);

#undef virt_mb
#define virt_mb()	do { kring_point(); __sync_synchronize(); kring_point(); } while (0)
#undef virt_rmb
#define virt_rmb()	do { kring_point(); barrier(); kring_point(); } while (0)
#undef virt_wmb
#define virt_wmb()	do { kring_point(); barrier(); kring_point(); } while (0)
#undef virt_store_mb
#define virt_store_mb(var, value)	\
	do { kring_point(); WRITE_ONCE(var, value); __sync_synchronize(); kring_point(); } while (0)
#endif

#endif /* DIFF_SHIM_H */
