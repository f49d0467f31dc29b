// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that breaks the rules: a fixture of test_console_stress, loaded
 * beside Linux's own driver on the same device. It plays one trick when it is
 * loaded and leaves the device's status in parameters/status.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <uapi/linux/virtio_mmio.h>
#include <uapi/linux/virtio_ring.h>

#define DEVICE	"LNRO0005:00"
#define VICTIM	5		/* port 1's transmit queue */

static char *trick = "";
module_param(trick, charp, 0444);
static uint kicks = 1000;
module_param(kicks, uint, 0444);
static uint status;
module_param(status, uint, 0444);

static struct virtio_device *vdev;
static struct virtqueue *victim;
static void __iomem *regs;

static struct vring_avail *avail(void)
{
	return phys_to_virt(virtqueue_get_avail_addr(victim));
}

static struct vring_desc *desc(void)
{
	return phys_to_virt(virtqueue_get_desc_addr(victim));
}

static u16 avail_idx(void)
{
	return le16_to_cpu((__force __le16)READ_ONCE(avail()->idx));
}

static void set_avail_idx(u16 idx)
{
	/* Pairs with the device's acquire load of the index. */
	smp_store_release(&avail()->idx, (__force __virtio16)cpu_to_le16(idx));
}

static void kick(u32 queue)
{
	writel(queue, regs + VIRTIO_MMIO_QUEUE_NOTIFY);
}

/* Offer a chain whose first descriptor is @head. */
static void offer(u16 head)
{
	u16 idx = avail_idx();

	avail()->ring[idx % virtqueue_get_vring_size(victim)] =
		(__force __virtio16)cpu_to_le16(head);
	set_avail_idx(idx + 1);
	kick(VICTIM);
}

static void set_desc(u16 i, u64 addr, u32 len, u16 flags, u16 next)
{
	struct vring_desc *d = desc() + i;

	d->addr = (__force __virtio64)cpu_to_le64(addr);
	d->len = (__force __virtio32)cpu_to_le32(len);
	d->flags = (__force __virtio16)cpu_to_le16(flags);
	d->next = (__force __virtio16)cpu_to_le16(next);
}

static void jump(void)
{
	set_avail_idx(avail_idx() + 0x8000);
	kick(VICTIM);
}

static void back(void)
{
	set_avail_idx(avail_idx() - 1);
	kick(VICTIM);
}

static void bad_head(void)
{
	offer(0xffff);
}

static void loop(void)
{
	set_desc(7, virtqueue_get_desc_addr(victim), 16, VRING_DESC_F_NEXT, 8);
	set_desc(8, virtqueue_get_desc_addr(victim), 16, VRING_DESC_F_NEXT, 7);
	offer(7);
}

static void indirect(void)
{
	set_desc(7, virtqueue_get_desc_addr(victim), 32, VRING_DESC_F_INDIRECT, 0);
	offer(7);
}

static void kick_often(void)
{
	uint i;

	for (i = 0; i < kicks; i++)
		kick(i % 8);
}

/*
 * Every width on every register, values that mean nothing. What would be legal
 * to write and would stop the device is left out: status and the acknowledgment
 * of interrupts as 32 bits, and QueueReady of a queue that exists.
 */
static void registers(void)
{
	static const u32 bad_queues[] = { 8, 0xffff, 0x10000, 0x7fffffff, 0xffffffff };
	unsigned int off, i;

	for (off = 0; off < VIRTIO_MMIO_CONFIG; off++) {
		writeb(0xff, regs + off);
		writew(0xffff, regs + off);
		writeq(~0ull, regs + off);
		readb(regs + off);
		readw(regs + off);
		readq(regs + off);
	}
	for (i = 0; i < ARRAY_SIZE(bad_queues); i++) {
		kick(bad_queues[i]);
		writel(bad_queues[i], regs + VIRTIO_MMIO_QUEUE_SEL);
		writel(0, regs + VIRTIO_MMIO_QUEUE_READY);
		writel(1, regs + VIRTIO_MMIO_QUEUE_READY);
	}
	/* A live queue's registers are frozen. */
	for (i = 0; i < 8; i++) {
		writel(i, regs + VIRTIO_MMIO_QUEUE_SEL);
		writel(2, regs + VIRTIO_MMIO_QUEUE_NUM);
		writel(1, regs + VIRTIO_MMIO_QUEUE_READY);
		writel(2, regs + VIRTIO_MMIO_QUEUE_READY);
		for (off = VIRTIO_MMIO_QUEUE_DESC_LOW; off <= VIRTIO_MMIO_QUEUE_USED_HIGH; off += 4)
			writel(0xfffffff8, regs + off);
	}
	/* So are the features; and what the status register does not take. */
	writel(0, regs + VIRTIO_MMIO_DRIVER_FEATURES_SEL);
	writel(0xffffffff, regs + VIRTIO_MMIO_DRIVER_FEATURES);
	writel(0x100, regs + VIRTIO_MMIO_STATUS);
	writel(VIRTIO_CONFIG_S_ACKNOWLEDGE, regs + VIRTIO_MMIO_STATUS);
	writel(0, regs + VIRTIO_MMIO_INTERRUPT_ACK);
	for (off = VIRTIO_MMIO_CONFIG; off < 0x1000; off += 4)
		if (off != VIRTIO_MMIO_CONFIG + 8)	/* emerg_wr is for writing */
			writel(0xdeadbeef, regs + off);
}

/* From here on until a reset the device does nothing for anybody. */
static void failed(void)
{
	writel(readl(regs + VIRTIO_MMIO_STATUS) | VIRTIO_CONFIG_S_FAILED,
	       regs + VIRTIO_MMIO_STATUS);
}

static void no_reset(struct virtio_device *unused)
{
}

/* shutdown() no longer resets the device: the next kernel finds it running. */
static void silent(void)
{
	static struct virtio_config_ops ops;

	ops = *vdev->config;
	ops.reset = no_reset;
	vdev->config = &ops;
}

static const struct {
	const char *name;
	void (*play)(void);
} tricks[] = {
	{ "jump", jump },
	{ "back", back },
	{ "head", bad_head },
	{ "loop", loop },
	{ "indirect", indirect },
	{ "kicks", kick_often },
	{ "registers", registers },
	{ "failed", failed },
	{ "silent", silent },
};

static int play(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tricks); i++) {
		if (!strcmp(trick, tricks[i].name)) {
			tricks[i].play();
			status = readl(regs + VIRTIO_MMIO_STATUS);
			return 0;
		}
	}
	return -EINVAL;
}

static int find_victim(struct device *platform)
{
	struct device *dev = device_find_any_child(platform);
	struct virtqueue *vq;

	if (!dev)
		return -ENODEV;
	vdev = dev_to_virtio(dev);
	virtio_device_for_each_vq(vdev, vq)
		if (vq->index == VICTIM)
			victim = vq;
	put_device(dev);
	return victim ? 0 : -ENODEV;
}

static int __init hostile_init(void)
{
	struct device *dev = bus_find_device_by_name(&platform_bus_type, NULL, DEVICE);
	struct resource *res;
	int err;

	if (!dev)
		return -ENODEV;
	err = find_victim(dev);
	res = platform_get_resource(to_platform_device(dev), IORESOURCE_MEM, 0);
	put_device(dev);
	if (err || !res)
		return err ?: -ENODEV;
	regs = ioremap(res->start, 0x1000);
	if (!regs)
		return -ENOMEM;
	err = play();
	iounmap(regs);
	return err;
}

static void __exit hostile_exit(void)
{
}

module_init(hostile_init);
module_exit(hostile_exit);
MODULE_DESCRIPTION("A virtio driver that breaks the rules");
MODULE_LICENSE("GPL");
