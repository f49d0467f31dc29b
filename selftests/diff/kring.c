// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls into drivers/virtio/virtio_ring.c. Compiled with the headers of the
 * kernel tree's tools/virtio.
 */
#include "kring.h"

/* Wanted by tools/virtio's kmalloc() and kfree(); unused. */
void *__kmalloc_fake, *__kfree_ignore_start, *__kfree_ignore_end;

struct kring {
	struct kring_dev *dev;
	struct virtqueue *vq;
};

struct kring_dev {
	struct virtio_device vdev;
	const struct kring_ops *ops;
	void *arg;
};

static bool on_notify(struct virtqueue *vq)
{
	struct kring *k = vq->priv;

	k->dev->ops->notify(k->dev->arg, vq->index);
	return true;
}

static void on_callback(struct virtqueue *vq)
{
	struct kring *k = vq->priv;

	k->dev->ops->callback(k->dev->arg, vq->index);
}

struct kring_dev *kring_dev__new(uint64_t offered, uint64_t known, const struct kring_ops *ops,
				 void *arg)
{
	const uint64_t device_bits = (1ull << VIRTIO_TRANSPORT_F_START) - 1;
	struct kring_dev *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->ops = ops;
	d->arg = arg;
	d->vdev.features = offered & (known | ~device_bits);
	INIT_LIST_HEAD(&d->vdev.vqs);
	spin_lock_init(&d->vdev.vqs_list_lock);
	vring_transport_features(&d->vdev);
	return d;
}

uint64_t kring_dev__features(const struct kring_dev *d)
{
	return d->vdev.features;
}

void kring_dev__interrupt(struct kring_dev *d)
{
	struct virtqueue *vq;

	list_for_each_entry(vq, &d->vdev.vqs, list)
		vring_interrupt(0, vq);
}

void kring_dev__free(struct kring_dev *d)
{
	struct virtqueue *vq, *next;

	if (!d)
		return;
	list_for_each_entry_safe(vq, next, &d->vdev.vqs, list) {
		free(vq->priv);
		vring_del_virtqueue(vq);
	}
	free(d);
}

struct kring *kring__new(struct kring_dev *d, unsigned int q, unsigned int num)
{
	struct kring *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->dev = d;
	/* Weak barriers and the alignment: as virtio_mmio.c has it. */
	k->vq = vring_create_virtqueue(q, num, PAGE_SIZE, &d->vdev, true, false, false,
				       on_notify, on_callback, "ring");
	if (!k->vq || virtqueue_get_vring_size(k->vq) != num) {
		free(k);
		return NULL;
	}
	k->vq->priv = k;
	return k;
}

void kring__addresses(const struct kring *k, uint64_t addr[3])
{
	addr[0] = virtqueue_get_desc_addr(k->vq);
	addr[1] = virtqueue_get_avail_addr(k->vq);
	addr[2] = virtqueue_get_used_addr(k->vq);
}

/* Spread @n entries over at most @lists lists; return: lists made. */
static unsigned int make_lists(struct scatterlist *sg, const struct kring_seg *seg, unsigned int n,
			       unsigned int lists, struct scatterlist **sgs)
{
	unsigned int made = 0, per = (n + lists - 1) / lists;

	for (unsigned int i = 0; i < n; i++) {
		if (i % per == 0) {
			sg_init_table(&sg[i], i + per < n ? per : n - i);
			sgs[made++] = &sg[i];
		}
		sg_set_buf(&sg[i], seg[i].ptr, seg[i].len);
	}
	return made;
}

int kring__add(struct kring *k, const struct kring_seg *seg, unsigned int n_out,
	       unsigned int n_in, unsigned int lists, void *token)
{
	struct scatterlist sg[KRING_SEGS_MAX], *sgs[KRING_SEGS_MAX];
	bool simple = !lists && (!n_out || !n_in);
	unsigned int outs, ins;

	lists = lists ?: 1;
	outs = make_lists(sg, seg, n_out, lists, sgs);
	ins = make_lists(sg + n_out, seg + n_out, n_in, lists, sgs + outs);
	if (simple && n_out)
		return virtqueue_add_outbuf(k->vq, sg, n_out, token, GFP_ATOMIC);
	if (simple)
		return virtqueue_add_inbuf(k->vq, sg, n_in, token, GFP_ATOMIC);
	return virtqueue_add_sgs(k->vq, sgs, outs, ins, token, GFP_ATOMIC);
}

bool kring__kick_prepare(struct kring *k)
{
	return virtqueue_kick_prepare(k->vq);
}

void kring__notify(struct kring *k)
{
	virtqueue_notify(k->vq);
}

void *kring__get(struct kring *k, unsigned int *len)
{
	return virtqueue_get_buf(k->vq, len);
}

void kring__disable_cb(struct kring *k)
{
	virtqueue_disable_cb(k->vq);
}

bool kring__enable_cb(struct kring *k)
{
	return virtqueue_enable_cb(k->vq);
}

bool kring__enable_cb_delayed(struct kring *k)
{
	return virtqueue_enable_cb_delayed(k->vq);
}

void kring__state(const struct kring *k, struct kring_state *st)
{
	const struct vring_avail *avail = phys_to_virt(virtqueue_get_avail_addr(k->vq));
	const struct vring_used *used = phys_to_virt(virtqueue_get_used_addr(k->vq));

	st->avail_idx = READ_ONCE(avail->idx);
	st->avail_flags = READ_ONCE(avail->flags);
	st->used_idx = READ_ONCE(used->idx);
	st->used_flags = READ_ONCE(used->flags);
	st->num_free = k->vq->num_free;
	st->broken = virtqueue_is_broken(k->vq);
}
