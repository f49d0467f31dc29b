// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-mmio version 2.
 */
#include <endian.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "event.h"
#include "virtio_mmio.h"

#define S_ACK	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define S_DRV	VIRTIO_CONFIG_S_DRIVER
#define S_FEAT	VIRTIO_CONFIG_S_FEATURES_OK
#define S_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define S_RESET	VIRTIO_CONFIG_S_NEEDS_RESET
#define S_FAIL	VIRTIO_CONFIG_S_FAILED

/*
 * Legal steps of the driver's status bits (2.1, 3.1.1). Two bits at once is
 * what SeaBIOS does for the first step. Reset and FAILED are legal anywhere
 * and are not listed; a step that is not listed is ignored.
 */
static const struct {
	uint8_t from, to;
} status_steps[] = {
	{ 0,			 S_ACK },
	{ 0,			 S_ACK | S_DRV },
	{ S_ACK,		 S_ACK | S_DRV },
	{ S_ACK | S_DRV,	 S_ACK | S_DRV | S_FEAT },
	{ S_ACK | S_DRV | S_FEAT, S_ACK | S_DRV | S_FEAT | S_OK },
};

void virtio_mmio__init(struct virtio_mmio *vm, const struct virtio_mmio_ops *ops,
		       const struct guest_memory *mem, int irq_fd)
{
	memset(vm, 0, sizeof(*vm));
	vm->ops = ops;
	vm->mem = mem;
	vm->irq_fd = irq_fd;
}

void virtio_mmio__refuse(struct virtio_mmio *vm, const char *why)
{
	vm->driver_errors++;
	vm->last_error = why;
}

bool virtio_mmio__is_live(const struct virtio_mmio *vm)
{
	return (vm->status & (S_OK | S_FAIL)) == S_OK;
}

struct virtqueue *virtio_mmio__queue(struct virtio_mmio *vm, unsigned int q)
{
	struct virtqueue *vq = &vm->vq[q];

	return virtio_mmio__is_live(vm) && virtqueue__usable(vq) ? vq : NULL;
}

/*
 * The status bit comes first: the handler that the interrupt starts must find
 * it. Pulses do not depend on an acknowledgment, so a lazy driver loses none.
 */
static void interrupt(struct virtio_mmio *vm, uint32_t bit)
{
	if (vm->quiet)
		return;
	vm->isr |= bit;
	vm->interrupts++;
	event_signal(vm->irq_fd);
}

void virtio_mmio__used(struct virtio_mmio *vm, unsigned int q)
{
	if (virtqueue__wants_interrupt(&vm->vq[q]))
		interrupt(vm, VIRTIO_MMIO_INT_VRING);
}

void virtio_mmio__broke(struct virtio_mmio *vm, unsigned int q)
{
	bool first = !(vm->status & S_RESET);

	vm->vq[q].broken = true;
	vm->broken |= 1u << q;
	virtio_mmio__refuse(vm, "broken ring");
	vm->status |= S_RESET;
	if (first && (vm->status & S_OK))
		interrupt(vm, VIRTIO_MMIO_INT_CONFIG);
}

/* Without FEATURES_OK nothing is negotiated yet and every queue is there. */
static bool queue_exists(const struct virtio_mmio *vm, uint32_t q)
{
	if (q >= vm->ops->nr_queues)
		return false;
	return !(vm->status & S_FEAT) || vm->ops->queue_exists(vm->driver_features, q);
}

static struct virtqueue *selected(struct virtio_mmio *vm)
{
	return queue_exists(vm, vm->queue_sel) ? &vm->vq[vm->queue_sel] : NULL;
}

static uint32_t feature_word(uint64_t features, uint32_t sel)
{
	return sel < 2 ? features >> (32 * sel) : 0;
}

static uint32_t read_unknown(struct virtio_mmio *vm)
{
	virtio_mmio__refuse(vm, "read of no readable register");
	return 0;
}

static uint32_t read_register(struct virtio_mmio *vm, uint64_t off)
{
	switch (off) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return 'v' | 'i' << 8 | 'r' << 16 | 't' << 24;
	case VIRTIO_MMIO_VERSION:
		return 2;
	case VIRTIO_MMIO_DEVICE_ID:
		return vm->ops->device_id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VIRTIO_MMIO_VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return feature_word(vm->ops->features, vm->device_features_sel);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return selected(vm) ? KTSTR_QUEUE_SIZE_MAX : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return selected(vm) ? selected(vm)->ready : 0;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return vm->isr;
	case VIRTIO_MMIO_STATUS:
		return vm->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return UINT32_MAX;	/* "no such region" (4.2.2) */
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return 0;		/* the config space never changes */
	case 0x0c0:			/* QueueReset: RING_RESET is not offered */
		return 0;
	default:
		return read_unknown(vm);
	}
}

static void read_config(struct virtio_mmio *vm, uint64_t off, uint8_t *data, unsigned int len)
{
	if (len == 1 || len == 2 || len == 4)
		vm->ops->config_read(vm, off, data, len);
	else
		virtio_mmio__refuse(vm, "config read of odd width");
}

void virtio_mmio__read(struct virtio_mmio *vm, uint64_t off, void *data, unsigned int len)
{
	uint32_t val;

	vm->accesses++;
	memset(data, 0, len < 8 ? len : 8);
	if (off >= VIRTIO_MMIO_CONFIG) {
		read_config(vm, off - VIRTIO_MMIO_CONFIG, data, len);
	} else if (len == 4) {
		val = htole32(read_register(vm, off));
		memcpy(data, &val, sizeof(val));
	} else {
		virtio_mmio__refuse(vm, "register read that is not 32 bits wide");
	}
}

/* Status 0: whatever the driver left behind is gone, the counters are not. */
static void reset(struct virtio_mmio *vm)
{
	vm->quiet = true;
	vm->ops->reset(vm, virtio_mmio__is_live(vm));
	vm->quiet = false;
	for (unsigned int q = 0; q < vm->ops->nr_queues; q++)
		virtqueue__reset(&vm->vq[q]);
	vm->status = 0;
	vm->isr = 0;
	vm->device_features_sel = 0;
	vm->driver_features_sel = 0;
	vm->queue_sel = 0;
	vm->driver_features = 0;
}

/* 2.2.2, 6.1: a subset of the offer, and never without VERSION_1. */
static bool features_acceptable(const struct virtio_mmio *vm)
{
	return !(vm->driver_features & ~vm->ops->features) &&
	       (vm->driver_features & 1ull << VIRTIO_F_VERSION_1);
}

static bool status_step_legal(uint32_t from, uint32_t to)
{
	for (unsigned int i = 0; i < sizeof(status_steps) / sizeof(status_steps[0]); i++)
		if (status_steps[i].from == from && status_steps[i].to == to)
			return true;
	return false;
}

static void write_status(struct virtio_mmio *vm, uint32_t val)
{
	/* NEEDS_RESET is the device's own bit: neither set nor cleared by the driver. */
	uint32_t cur = vm->status & ~S_RESET;
	uint32_t to = val & ~S_RESET;

	if (!val)
		return reset(vm);
	if (val > 0xff)
		return virtio_mmio__refuse(vm, "undefined status bit");
	if (val & S_RESET & ~vm->status)
		virtio_mmio__refuse(vm, "driver set NEEDS_RESET");
	if (to == cur)
		return;
	if (to & S_FAIL) {
		vm->status |= S_FAIL;
		return;
	}
	if (!status_step_legal(cur, to))
		return virtio_mmio__refuse(vm, "illegal status step");
	if ((to ^ cur) == S_FEAT && !features_acceptable(vm))
		return virtio_mmio__refuse(vm, "features refused");
	vm->status = to | (vm->status & S_RESET);
	if ((to ^ cur) == S_OK)
		vm->ops->start(vm);
}

static void write_driver_features(struct virtio_mmio *vm, uint32_t val)
{
	unsigned int shift = 32 * vm->driver_features_sel;

	if (vm->status & (S_FEAT | S_FAIL))
		return virtio_mmio__refuse(vm, "features written after FEATURES_OK");
	if (vm->driver_features_sel > 1) {
		if (val)
			virtio_mmio__refuse(vm, "feature bit above 63");
		return;
	}
	vm->driver_features &= ~(0xffffffffull << shift);
	vm->driver_features |= (uint64_t)val << shift;
}

/* The queue whose registers may be written now (3.1.1 step 7), else NULL. */
static struct virtqueue *configurable(struct virtio_mmio *vm)
{
	struct virtqueue *vq = selected(vm);

	if (!vq || vq->frozen || (vm->status & (S_FEAT | S_OK | S_FAIL)) != S_FEAT) {
		virtio_mmio__refuse(vm, "queue register written out of turn");
		return NULL;
	}
	return vq;
}

static void write_queue_num(struct virtio_mmio *vm, uint32_t val)
{
	struct virtqueue *vq = configurable(vm);

	if (vq && virtqueue__set_num(vq, val))
		virtio_mmio__refuse(vm, "bad queue size");
}

static void set_low(uint64_t *field, uint32_t val)
{
	*field = (*field & ~0xffffffffull) | val;
}

static void set_high(uint64_t *field, uint32_t val)
{
	*field = (*field & 0xffffffffull) | (uint64_t)val << 32;
}

static void write_queue_addr(struct virtio_mmio *vm, uint64_t off, uint32_t val)
{
	struct virtqueue *vq = configurable(vm);

	if (!vq)
		return;
	switch (off) {
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		return set_low(&vq->desc_gpa, val);
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		return set_high(&vq->desc_gpa, val);
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		return set_low(&vq->avail_gpa, val);
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		return set_high(&vq->avail_gpa, val);
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		return set_low(&vq->used_gpa, val);
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		return set_high(&vq->used_gpa, val);
	}
}

/*
 * Linux clears QueueReady when it gives up a half-made device and warns if it
 * does not read back 0. After DRIVER_OK a queue can be stopped, but its registers
 * stay frozen: only a reset gives it new rings.
 */
static void stop_queue(struct virtio_mmio *vm, struct virtqueue *vq)
{
	bool live = vm->status & S_OK;

	if (!vq->ready)
		return;
	if (live)
		vm->ops->queue_stopped(vm, vq - vm->vq);
	virtqueue__stop(vq, !live);
}

static void write_queue_ready(struct virtio_mmio *vm, uint32_t val)
{
	struct virtqueue *vq = selected(vm);

	if (!vq || val > 1)
		return virtio_mmio__refuse(vm, "bad QueueReady");
	if (!val)
		return stop_queue(vm, vq);
	if (vq->ready)
		return;
	vq = configurable(vm);
	if (vq && virtqueue__start(vq, vm->mem))
		virtio_mmio__refuse(vm, "rings refused");
}

static void write_queue_notify(struct virtio_mmio *vm, uint32_t q)
{
	if (!queue_exists(vm, q))
		return virtio_mmio__refuse(vm, "notification of no queue");
	vm->kicks[q]++;
	if (virtio_mmio__queue(vm, q))
		vm->ops->notify(vm, q);
	else
		virtio_mmio__refuse(vm, "notification of a queue that is not live");
}

static void write_register(struct virtio_mmio *vm, uint64_t off, uint32_t val)
{
	switch (off) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		vm->device_features_sel = val;
		return;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		vm->driver_features_sel = val;
		return;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		return write_driver_features(vm, val);
	case VIRTIO_MMIO_QUEUE_SEL:
		vm->queue_sel = val;
		return;
	case VIRTIO_MMIO_QUEUE_NUM:
		return write_queue_num(vm, val);
	case VIRTIO_MMIO_QUEUE_READY:
		return write_queue_ready(vm, val);
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		return write_queue_notify(vm, val);
	case VIRTIO_MMIO_INTERRUPT_ACK:
		vm->isr &= ~val;
		return;
	case VIRTIO_MMIO_STATUS:
		return write_status(vm, val);
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		return write_queue_addr(vm, off, val);
	case VIRTIO_MMIO_SHM_SEL:
		return;			/* every region reads as absent */
	default:
		virtio_mmio__refuse(vm, "write to no writable register");
	}
}

static void write_config(struct virtio_mmio *vm, uint64_t off, const void *data, unsigned int len)
{
	if (len != 1 && len != 2 && len != 4)
		virtio_mmio__refuse(vm, "config write of odd width");
	else if (!vm->ops->config_write(vm, off, data, len))
		virtio_mmio__refuse(vm, "write to read-only config space");
}

void virtio_mmio__write(struct virtio_mmio *vm, uint64_t off, const void *data, unsigned int len)
{
	uint32_t val;

	vm->accesses++;
	if (off >= VIRTIO_MMIO_CONFIG)
		return write_config(vm, off - VIRTIO_MMIO_CONFIG, data, len);
	if (len != sizeof(val))
		return virtio_mmio__refuse(vm, "register write that is not 32 bits wide");
	memcpy(&val, data, sizeof(val));
	write_register(vm, off, le32toh(val));
}
