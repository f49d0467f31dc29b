/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Split virtqueue, device side (virtio v1.2, 2.7). One walker for every queue.
 *
 * The driver is not trusted: indices are private copies, a descriptor is read
 * once, its range is checked in the copy, and a walk ends after as many steps
 * as the ring has descriptors. Nothing here allocates, blocks or signals.
 */
#ifndef VMM_VIRTQUEUE_H
#define VMM_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include <ktstr/ports.h>

#include "guest_memory.h"

/**
 * struct virtqueue - one queue
 * @num: QueueNum, 0 until the driver sets it
 * @desc_gpa: descriptor table as the driver wrote it
 * @avail_gpa: avail ring as the driver wrote it
 * @used_gpa: used ring as the driver wrote it
 * @ready: QueueReady: the rings below are valid
 * @frozen: the registers above no longer change
 * @broken: the driver broke the ring; no access until a reset
 * @notify_off: VRING_USED_F_NO_NOTIFY is set
 * @desc: host view of the descriptor table
 * @avail: host view of the avail ring
 * @used: host view of the used ring
 * @last_avail: next avail index to take, free running
 * @used_idx: next used index to fill, free running; never read back
 * @seen_avail: avail index up to which heads were looked at for repeats
 * @repeats: heads offered again before they came back (2.7.13.1)
 * @offered: a bit per descriptor: it is the head of a chain on offer
 */
struct virtqueue {
	uint32_t num;
	uint64_t desc_gpa;
	uint64_t avail_gpa;
	uint64_t used_gpa;
	bool ready;
	bool frozen;
	bool broken;
	bool notify_off;
	const struct vring_desc *desc;
	const struct vring_avail *avail;
	struct vring_used *used;
	uint16_t last_avail;
	uint16_t used_idx;
	uint16_t seen_avail;
	uint64_t repeats;
	uint64_t offered[KTSTR_QUEUE_SIZE_MAX / 64];
};

/** struct virtq_seg - @len > 0 bytes of guest memory at @ptr; @write: device may write them */
struct virtq_seg {
	uint8_t *ptr;
	uint32_t len;
	bool write;
};

/**
 * struct virtq_chain - snapshot of a descriptor chain
 * @head: index to return in the used ring
 * @nr: segments; empty descriptors have none
 * @walked: descriptors read
 * @bad: a descriptor lies outside memory; complete the chain unused
 * @readable: bytes in device-readable segments
 * @writable: bytes in device-writable segments
 * @seg: in chain order
 */
struct virtq_chain {
	uint16_t head;
	uint16_t nr;
	uint16_t walked;
	bool bad;
	uint64_t readable;
	uint64_t writable;
	struct virtq_seg seg[KTSTR_QUEUE_SIZE_MAX];
};

/** struct virtq_cursor - place in a chain: @off bytes into segment @seg, zero to begin */
struct virtq_cursor {
	uint16_t seg;
	uint32_t off;
};

/** virtqueue__reset() - forget registers and state: as after power-on */
void virtqueue__reset(struct virtqueue *vq);

/**
 * virtqueue__set_num() - QueueNum
 * Return: 0, or -EINVAL unless @num is a power of two up to %KTSTR_QUEUE_SIZE_MAX
 */
int virtqueue__set_num(struct virtqueue *vq, uint32_t num);

/**
 * virtqueue__start() - QueueReady = 1: validate the rings and freeze the registers
 * @vq: queue, not ready
 * @gm: where the rings must lie; outlives the queue
 *
 * Indices start at 0. Virtio v1.2, 2.7 (alignment), 4.2.2.
 * Return: 0; -EINVAL when the size is unset, a ring is misaligned, or lies
 * outside memory or (used ring) in memory that cannot be written.
 */
int virtqueue__start(struct virtqueue *vq, const struct guest_memory *gm);

/** virtqueue__stop() - QueueReady = 0; @thaw: the registers may change again */
void virtqueue__stop(struct virtqueue *vq, bool thaw);

/** virtqueue__usable() - may the rings be touched? */
static inline bool virtqueue__usable(const struct virtqueue *vq)
{
	return vq->ready && !vq->broken;
}

/**
 * virtqueue__pop() - take the next chain
 * @vq: usable queue
 * @gm: where buffers must lie
 * @chain: snapshot; valid after a return of 1
 *
 * A head that is on offer already is taken like any other, for the device holds
 * no state per head that it could upset; it is counted in @vq->repeats.
 *
 * Return: 1 a chain (look at @chain->bad); 0 none; -EPROTO index jump, bad
 * head, bad next or an indirect descriptor; -ELOOP more descriptors than the
 * ring has. After an error the queue is broken.
 */
int virtqueue__pop(struct virtqueue *vq, const struct guest_memory *gm,
		   struct virtq_chain *chain);

/**
 * virtqueue__push() - give a chain back
 * @vq: usable queue
 * @head: from struct virtq_chain
 * @len: bytes written into its writable part (2.7.8)
 */
void virtqueue__push(struct virtqueue *vq, uint16_t head, uint32_t len);

/** virtqueue__wants_interrupt() - after a push: did the driver leave interrupts on (2.7.7)? */
bool virtqueue__wants_interrupt(const struct virtqueue *vq);

/** virtqueue__disable_notify() - tell the driver that its kicks are not needed (2.7.10) */
void virtqueue__disable_notify(struct virtqueue *vq);

/**
 * virtqueue__enable_notify() - ask for a kick with the next chain
 * Return: true if a chain came in the meantime, whose kick may be missing: look again
 */
bool virtqueue__enable_notify(struct virtqueue *vq);

/**
 * virtq_chain__peek() - find the next bytes of one direction
 * @chain: snapshot
 * @cur: place in it; moved over segments that are done or of the other direction
 * @write: look for writable bytes, else for readable ones
 * @ptr: first of the bytes
 *
 * Return: bytes at *@ptr, 0 at the end of the chain. Take them with
 * virtq_cursor__advance().
 */
size_t virtq_chain__peek(const struct virtq_chain *chain, struct virtq_cursor *cur, bool write,
			 uint8_t **ptr);

/** virtq_cursor__advance() - move on by @n bytes, at most what virtq_chain__peek() returned */
static inline void virtq_cursor__advance(struct virtq_cursor *cur, size_t n)
{
	cur->off += n;
}

/** virtq_chain__gather() - copy up to @len readable bytes from the start; return: bytes copied */
size_t virtq_chain__gather(const struct virtq_chain *chain, void *buf, size_t len);

/** virtq_chain__scatter() - copy up to @len bytes to the writable part; return: bytes copied */
size_t virtq_chain__scatter(const struct virtq_chain *chain, const void *buf, size_t len);

#endif /* VMM_VIRTQUEUE_H */
