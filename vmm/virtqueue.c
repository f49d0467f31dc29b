// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split virtqueue, device side.
 */
#include <errno.h>
#include <string.h>

#include "barrier.h"
#include "virtqueue.h"

void virtqueue__reset(struct virtqueue *vq)
{
	memset(vq, 0, sizeof(*vq));
}

int virtqueue__set_num(struct virtqueue *vq, uint32_t num)
{
	if (!num || num > KTSTR_QUEUE_SIZE_MAX || (num & (num - 1)))
		return -EINVAL;
	vq->num = num;
	return 0;
}

static bool rings_aligned(const struct virtqueue *vq)
{
	return !(vq->desc_gpa % VRING_DESC_ALIGN_SIZE) &&
	       !(vq->avail_gpa % VRING_AVAIL_ALIGN_SIZE) &&
	       !(vq->used_gpa % VRING_USED_ALIGN_SIZE);
}

int virtqueue__start(struct virtqueue *vq, const struct guest_memory *gm)
{
	uint64_t num = vq->num;

	if (!num || !rings_aligned(vq))
		return -EINVAL;

	/* EVENT_IDX is not offered: the trailing event fields need not exist. */
	vq->desc = guest_memory__ptr(gm, vq->desc_gpa, num * sizeof(*vq->desc), false);
	vq->avail = guest_memory__ptr(gm, vq->avail_gpa,
				      sizeof(*vq->avail) + num * sizeof(vq->avail->ring[0]), false);
	vq->used = guest_memory__ptr(gm, vq->used_gpa,
				     sizeof(*vq->used) + num * sizeof(vq->used->ring[0]), true);
	if (!vq->desc || !vq->avail || !vq->used)
		return -EINVAL;

	vq->last_avail = 0;
	vq->used_idx = 0;
	vq->seen_avail = 0;
	memset(vq->offered, 0, sizeof(vq->offered));
	vq->notify_off = false;
	vq->ready = true;
	vq->frozen = true;
	return 0;
}

void virtqueue__stop(struct virtqueue *vq, bool thaw)
{
	vq->ready = false;
	if (thaw)
		vq->frozen = false;
}

/*
 * Chains on offer, or -EPROTO when the index moved by more than the ring holds or
 * back behind where it was seen before (2.7.6.1).
 */
static int chains_available(const struct virtqueue *vq)
{
	uint16_t delta = ring_load_acquire16(&vq->avail->idx) - vq->last_avail;
	uint16_t seen = vq->seen_avail - vq->last_avail;

	return delta > vq->num || delta < seen ? -EPROTO : delta;
}

/*
 * Count heads that are offered while they are on offer. Every entry is looked at
 * once for this, and once more when it is taken: a driver that changes it in
 * between spoils the count and nothing else.
 */
static void note_offers(struct virtqueue *vq, uint16_t idx)
{
	for (; vq->seen_avail != idx; vq->seen_avail++) {
		uint16_t head = ring_read16(&vq->avail->ring[vq->seen_avail & (vq->num - 1)]);
		uint64_t bit = 1ull << head % 64;

		if (head >= vq->num)
			continue;
		if (vq->offered[head / 64] & bit)
			vq->repeats++;
		vq->offered[head / 64] |= bit;
	}
}

static int take_head(struct virtqueue *vq, uint16_t *head)
{
	int n = chains_available(vq);

	if (n <= 0)
		return n;
	note_offers(vq, vq->last_avail + n);
	*head = ring_read16(&vq->avail->ring[vq->last_avail & (vq->num - 1)]);
	if (*head >= vq->num)
		return -EPROTO;
	vq->last_avail++;
	return 1;
}

/* The only place that reads a descriptor: once, field by field. */
static struct vring_desc read_desc(const struct vring_desc *d)
{
	return (struct vring_desc) {
		.addr = ring_read64(&d->addr),
		.len = ring_read32(&d->len),
		.flags = ring_read16(&d->flags),
		.next = ring_read16(&d->next),
	};
}

static void add_segment(struct virtq_chain *chain, const struct guest_memory *gm,
			const struct vring_desc *d)
{
	bool write = d->flags & VRING_DESC_F_WRITE;
	uint8_t *ptr;

	if (!d->len)
		return;
	ptr = guest_memory__ptr(gm, d->addr, d->len, write);
	if (!ptr) {
		chain->bad = true;
		return;
	}
	chain->seg[chain->nr++] = (struct virtq_seg) {
		.ptr = ptr, .len = d->len, .write = write,
	};
	if (write)
		chain->writable += d->len;
	else
		chain->readable += d->len;
}

/* 2.7.5.3.1: a chain is no longer than the queue, so a longer one is a loop. */
static int walk_chain(const struct virtqueue *vq, const struct guest_memory *gm,
		      struct virtq_chain *chain)
{
	uint16_t i = chain->head;

	for (uint32_t n = 0; n < vq->num; n++) {
		struct vring_desc d = read_desc(&vq->desc[i]);

		chain->walked++;
		if (d.flags & VRING_DESC_F_INDIRECT)
			return -EPROTO;
		add_segment(chain, gm, &d);
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		i = d.next;
		if (i >= vq->num)
			return -EPROTO;
	}
	return -ELOOP;
}

int virtqueue__pop(struct virtqueue *vq, const struct guest_memory *gm,
		   struct virtq_chain *chain)
{
	int ret = take_head(vq, &chain->head);

	if (ret == 1) {
		int err;

		chain->nr = 0;
		chain->walked = 0;
		chain->bad = false;
		chain->readable = 0;
		chain->writable = 0;
		err = walk_chain(vq, gm, chain);
		if (err)
			ret = err;
	}
	if (ret < 0)
		vq->broken = true;
	return ret;
}

void virtqueue__push(struct virtqueue *vq, uint16_t head, uint32_t len)
{
	struct vring_used_elem *e = &vq->used->ring[vq->used_idx & (vq->num - 1)];

	vq->offered[head / 64] &= ~(1ull << head % 64);
	ring_write32(&e->id, head);
	ring_write32(&e->len, len);
	/* Pairs with virtio_rmb() in virtqueue_get_buf_ctx_split(). */
	ring_store_release16(&vq->used->idx, ++vq->used_idx);
}

bool virtqueue__wants_interrupt(const struct virtqueue *vq)
{
	/* Pairs with virtio_mb() in virtqueue_poll(). */
	ring_mb_before_flags();
	return !(ring_read16(&vq->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
}

void virtqueue__disable_notify(struct virtqueue *vq)
{
	if (vq->notify_off)
		return;
	vq->notify_off = true;
	ring_write16(&vq->used->flags, VRING_USED_F_NO_NOTIFY);
}

bool virtqueue__enable_notify(struct virtqueue *vq)
{
	/* Already on: whatever comes after the last look brings its own kick. */
	if (!vq->notify_off)
		return false;
	vq->notify_off = false;
	ring_write16(&vq->used->flags, 0);
	/* Pairs with virtio_mb() in virtqueue_kick_prepare_split(). */
	ring_mb_after_enable();
	return chains_available(vq) != 0;
}

size_t virtq_chain__peek(const struct virtq_chain *chain, struct virtq_cursor *cur, bool write,
			 uint8_t **ptr)
{
	for (; cur->seg < chain->nr; cur->seg++, cur->off = 0) {
		const struct virtq_seg *s = &chain->seg[cur->seg];

		if (s->write == write && cur->off < s->len) {
			*ptr = s->ptr + cur->off;
			return s->len - cur->off;
		}
	}
	return 0;
}

size_t virtq_chain__gather(const struct virtq_chain *chain, void *buf, size_t len)
{
	struct virtq_cursor cur = { 0 };
	size_t done = 0, n;
	uint8_t *src;

	while (done < len && (n = virtq_chain__peek(chain, &cur, false, &src))) {
		if (n > len - done)
			n = len - done;
		memcpy((uint8_t *)buf + done, src, n);
		virtq_cursor__advance(&cur, n);
		done += n;
	}
	return done;
}

size_t virtq_chain__scatter(const struct virtq_chain *chain, const void *buf, size_t len)
{
	struct virtq_cursor cur = { 0 };
	size_t done = 0, n;
	uint8_t *dst;

	while (done < len && (n = virtq_chain__peek(chain, &cur, true, &dst))) {
		if (n > len - done)
			n = len - done;
		memcpy(dst, (const uint8_t *)buf + done, n);
		virtq_cursor__advance(&cur, n);
		done += n;
	}
	return done;
}
