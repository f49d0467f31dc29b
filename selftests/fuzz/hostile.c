// SPDX-License-Identifier: GPL-2.0-only
/*
 * Register accesses of any kind, spoilt rings, odd set-ups.
 */
#include <endian.h>

#include "hostile.h"

#define FAILED	VIRTIO_CONFIG_S_FAILED

static const uint16_t registers[] = {
	VIRTIO_MMIO_MAGIC_VALUE, VIRTIO_MMIO_VERSION, VIRTIO_MMIO_DEVICE_ID, VIRTIO_MMIO_VENDOR_ID,
	VIRTIO_MMIO_DEVICE_FEATURES, VIRTIO_MMIO_DEVICE_FEATURES_SEL, VIRTIO_MMIO_DRIVER_FEATURES,
	VIRTIO_MMIO_DRIVER_FEATURES_SEL, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_MMIO_QUEUE_NUM_MAX,
	VIRTIO_MMIO_QUEUE_NUM, VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_QUEUE_NOTIFY,
	VIRTIO_MMIO_INTERRUPT_STATUS, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_STATUS,
	VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_DESC_HIGH, VIRTIO_MMIO_QUEUE_AVAIL_LOW,
	VIRTIO_MMIO_QUEUE_AVAIL_HIGH, VIRTIO_MMIO_QUEUE_USED_LOW, VIRTIO_MMIO_QUEUE_USED_HIGH,
	VIRTIO_MMIO_SHM_SEL, VIRTIO_MMIO_SHM_LEN_LOW, 0x0c0, VIRTIO_MMIO_CONFIG_GENERATION,
	VIRTIO_MMIO_CONFIG, VIRTIO_MMIO_CONFIG + 4, VIRTIO_MMIO_CONFIG + 8,
	VIRTIO_MMIO_CONFIG + 9, VIRTIO_MMIO_CONFIG + 12, 0xffe,
};

#define NR_REGISTERS	(sizeof(registers) / sizeof(registers[0]))

/* Below 0x80 a register by number, else any offset; bits 5 and 6 ask for an odd width. */
static uint64_t offset_of(const struct record *r)
{
	return r->a < 0x80 ? registers[r->a % NR_REGISTERS] : r->x & 0xfff;
}

static unsigned int width_of(const struct record *r)
{
	if (r->a < 0x80)
		return r->a & 0x60 ? r->x % 16 : 4;
	return r->a & 0x40 ? r->x >> 12 : 4;
}

/* Registers that always read the same, as the spec or the contract has it. */
static bool constant_register(uint64_t off, uint32_t *val)
{
	switch (off) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		*val = 0x74726976;
		return true;
	case VIRTIO_MMIO_VERSION:
		*val = 2;
		return true;
	case VIRTIO_MMIO_DEVICE_ID:
		*val = 3;
		return true;
	case 0x0c0:
		*val = 0;
		return true;
	}
	return false;
}

static uint8_t config_byte(uint64_t off)
{
	return off == 4 ? KTSTR_NR_PORTS : 0;
}

static void check_read(struct model *m, uint64_t off, const uint8_t *data, unsigned int len)
{
	uint64_t config = off - VIRTIO_MMIO_CONFIG;
	uint32_t want, got;

	for (unsigned int i = len < 8 ? len : 8; i < 16; i++)
		MODEL_CHECK(m, data[i] == 0x5a, "read of %u bytes at %#lx wrote byte %u", len, off,
			    i);
	if (off < VIRTIO_MMIO_CONFIG && len == 4) {
		memcpy(&got, data, sizeof(got));
		MODEL_CHECK(m, !constant_register(off, &want) || le32toh(got) == want,
			    "register %#lx reads %#x", off, le32toh(got));
		return;
	}
	for (unsigned int i = 0; i < len && i < 8; i++) {
		bool there = off >= VIRTIO_MMIO_CONFIG && (len == 1 || len == 2 || len == 4);

		MODEL_CHECK(m, data[i] == (there ? config_byte(config + i) : 0),
			    "read of %u bytes at %#lx: byte %u is %#x", len, off, i, data[i]);
	}
}

static void reg_read(struct model *m, const struct record *r)
{
	unsigned int len = width_of(r);
	uint64_t off = offset_of(r);
	uint8_t data[16];

	memset(data, 0x5a, sizeof(data));
	m->errors_ok = true;
	virtio_console__mmio_read(m->d.vc, off, data, len);
	check_read(m, off, data, len);
	model__sync(m);
}

/* Status: what the driver may still do when the device is live is reset it or give up. */
static void write_status(struct model *m, uint32_t val)
{
	if (!val)
		return model__reset(m);
	m->errors_ok = true;
	if (!m->live || (val <= 0xff && (val & FAILED)))
		model__taint_all(m);
	driver__write32(&m->d, VIRTIO_MMIO_STATUS, val);
	model__sync(m);
}

static void write_notify(struct model *m, uint32_t val)
{
	m->errors_ok |= val >= KTSTR_NR_QUEUES;
	if (val < KTSTR_NR_QUEUES)
		return model__kick(m, val, KICK_ALWAYS);
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_NOTIFY, val);
	model__sync(m);
}

/* Which writes change what the model knows? The others must change nothing. */
static void foresee(struct model *m, uint64_t off, uint32_t val)
{
	m->errors_ok = true;
	switch (off) {
	case VIRTIO_MMIO_QUEUE_SEL:
		m->sel = val;
		return;
	case VIRTIO_MMIO_QUEUE_READY:
		if (!m->live)
			model__taint_all(m);
		return;
	case VIRTIO_MMIO_DRIVER_FEATURES:
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
	case VIRTIO_MMIO_QUEUE_NUM:
	case VIRTIO_MMIO_QUEUE_DESC_LOW ... VIRTIO_MMIO_QUEUE_USED_HIGH:
		if (!m->live)
			model__taint_all(m);
		return;
	}
}

static void reg_write(struct model *m, const struct record *r)
{
	unsigned int len = width_of(r);
	uint64_t off = offset_of(r), val = htole32(r->y) | (uint64_t)htole32(r->y) << 32;
	int emerg = m->d.emerg_count;

	if (len == 4 && off == VIRTIO_MMIO_STATUS)
		return write_status(m, r->y);
	if (len == 4 && off == VIRTIO_MMIO_QUEUE_NOTIFY)
		return write_notify(m, r->y);
	m->errors_ok = true;
	if (len == 4 && off == VIRTIO_MMIO_QUEUE_READY && !r->y && m->live &&
	    m->sel < KTSTR_NR_QUEUES && m->q[m->sel].exists)
		return model__stop_queue(m);
	if (len == 4)
		foresee(m, off, r->y);
	virtio_console__mmio_write(m->d.vc, off, &val, len < 8 ? len : 8);
	model__sync(m);
	if (off == VIRTIO_MMIO_CONFIG + 8 && (len == 1 || len == 2 || len == 4))
		MODEL_CHECK(m, m->d.emerg_count == emerg + 1 && m->d.emerg_byte == (r->y & 0xff),
			    "emerg_wr: %d bytes came", m->d.emerg_count - emerg);
}

/* Addresses at which something ends, begins or is in the way. */
static uint64_t odd_address(unsigned int kind, uint32_t off)
{
	switch (kind & 15) {
	case 8:
		return RAM_END_GPA - (off & 0x1fff);
	case 9:
		return RAM_DATA_GPA + RAM_DATA_SIZE - (off & 0x1fff);
	case 10:
		return RAM_ROM_GPA + (off & 0x1fff);
	case 11:
		return RAM_RINGS_GPA + off % RAM_RINGS_SIZE;
	case 12:
		return 0 - (uint64_t)(off & 0xffff);
	case 13:
		return 0xd0000000ull + (off & 0xfff);
	case 14:
		return RAM_CTRL_GPA + (off & 0x3fff);
	case 15:
		return DRIVER_RAM_GPA + off;
	default:
		return RAM_SCRATCH_GPA + off % RAM_SCRATCH_SIZE;
	}
}

static uint32_t odd_length(unsigned int kind, uint32_t val)
{
	static const uint32_t lens[] = { 0, 1, 0x1000, RAM_DATA_SIZE, 0xffffffff };

	return (kind & 7) < 3 ? val : lens[(kind & 7) - 3];
}

/*
 * A device-writable buffer in the scratch region harms nobody. One over rings or
 * buffers can change what any queue says while the device walks it.
 */
static void set_desc(struct model *m, unsigned int q, unsigned int i, const struct vring_desc *desc)
{
	model__taint(m, q);
	m->d.q[q].desc[i] = *desc;
	ram__offer(desc->addr, desc->len);
	if ((desc->flags & VRING_DESC_F_WRITE) && ram__is_precious(desc->addr, desc->len))
		model__taint_all(m);
}

static void desc(struct model *m, const struct record *r, bool racing)
{
	unsigned int q = r->a % KTSTR_NR_QUEUES, num = m->q[q].num, i;
	struct driver_queue *dq = &m->d.q[q];
	struct vring_desc desc = {
		.addr = odd_address(r->y, r->y >> 14),
		.len = odd_length(r->y >> 4, r->x >> 8),
		.flags = (r->y >> 7 & 7) | (r->a & 0x80 ? 0xfff0 : 0),
	};

	if (!m->q[q].exists)
		return;
	/* Any, or the one that was offered last. */
	i = r->a & 0x20 ? dq->avail->ring[(dq->avail_idx - 1) % num] % num : r->x % num;
	desc.next = r->a & 0x40 ? r->y >> 16 : (i + (r->y >> 10 & 15)) % num;
	set_desc(m, q, i, &desc);
	if (!(r->a & 0x10))
		return;
	driver__publish(&m->d, q, i);
	if (!racing)
		model__kick(m, q, KICK_ALWAYS);
}

static void publish(struct model *m, const struct record *r, bool racing)
{
	unsigned int q = r->a % KTSTR_NR_QUEUES;

	if (!m->q[q].exists)
		return;
	model__taint(m, q);
	for (unsigned int n = 1 + (r->y & 0xff); n; n--)
		driver__publish(&m->d, q, r->x);
	if (!racing)
		model__kick(m, q, (r->a >> 6) % KICK_NR);
}

static void avail_idx(struct model *m, const struct record *r, bool racing)
{
	unsigned int q = r->a % KTSTR_NR_QUEUES;
	struct driver_queue *dq = &m->d.q[q];

	if (!m->q[q].exists)
		return;
	model__taint(m, q);
	dq->avail_idx += r->x;
	__atomic_store_n(&dq->avail->idx, dq->avail_idx, __ATOMIC_RELEASE);
	if (!racing)
		model__kick(m, q, (r->a >> 6) % KICK_NR);
}

static void avail_entry(struct model *m, const struct record *r)
{
	unsigned int q = r->a % KTSTR_NR_QUEUES;

	if (!m->q[q].exists)
		return;
	model__taint(m, q);
	m->d.q[q].avail->ring[r->y % m->q[q].num] = r->x;
}

static void used(struct model *m, const struct record *r)
{
	unsigned int q = r->a % KTSTR_NR_QUEUES;
	struct vring_used *u = m->d.q[q].used;

	if (!m->q[q].exists)
		return;
	model__taint(m, q);
	switch (r->a >> 6) {
	case 0:
		u->idx = r->x;
		return;
	case 1:
		u->flags = r->x;
		return;
	default:
		u->ring[r->x % m->q[q].num].id = r->y;
		u->ring[r->x % m->q[q].num].len = r->y;
	}
}

static void poke(struct model *m, const struct record *r)
{
	uint64_t gpa = odd_address(r->a, r->x | (uint32_t)(r->a & 0xf0) << 12);
	uint64_t val = r->y * 0x100000001ull;

	if (!guest_memory__ptr(&m->d.gm, gpa, sizeof(val), true))
		return;
	ram__offer(gpa, sizeof(val));
	if (ram__is_precious(gpa, sizeof(val)))
		model__taint_all(m);
	memcpy(ram__ptr(gpa), &val, sizeof(val));
}

/* A ring at an odd place: the driver's helpers use it where it is, if that is memory. */
static void *ring_at(struct model *m, uint64_t gpa, uint64_t size, uint64_t align, void *otherwise)
{
	if (gpa % align || !guest_memory__ptr(&m->d.gm, gpa, size, true))
		return otherwise;
	return ram__ptr(gpa);
}

static void odd_queue(struct model *m, unsigned int q, const struct record *r)
{
	uint64_t table = odd_address(r->y, r->y >> 12), avail = odd_address(r->y >> 4, r->y >> 10);
	uint64_t used_gpa = odd_address(r->y >> 8, r->y >> 14);
	uint64_t mask = r->a & 0x40 ? ~0ull : ~15ull;
	struct driver_queue *dq = &m->d.q[q];
	uint32_t num = r->x;

	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_SEL, q);
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_READY, 0);
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_NUM, num);
	write_addr(&m->d, VIRTIO_MMIO_QUEUE_DESC_LOW, table & mask);
	write_addr(&m->d, VIRTIO_MMIO_QUEUE_AVAIL_LOW, avail & mask);
	write_addr(&m->d, VIRTIO_MMIO_QUEUE_USED_LOW, used_gpa & mask);
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_READY, 1);
	if (!num || num > KTSTR_QUEUE_SIZE_MAX || (num & (num - 1)))
		num = dq->num;
	dq->num = num;
	dq->desc = ring_at(m, table & mask, 16 * num, 16, dq->desc);
	dq->avail = ring_at(m, avail & mask, 6 + 2 * num, 2, dq->avail);
	dq->used = ring_at(m, used_gpa & mask, 6 + 8 * num, 4, dq->used);
	m->q[q].num = num;
}

/* Set up as it may be, then go on as if it were right. */
static void odd_init(struct model *m, uint64_t features, unsigned int q, const struct record *r)
{
	model__reset(m);
	model__taint_all(m);
	driver__negotiate(&m->d, features);
	for (unsigned int i = 0; i < KTSTR_NR_QUEUES; i++) {
		driver__setup_queue(&m->d, i, 16);
		m->q[i].exists = true;
		m->q[i].num = 16;
	}
	if (q < KTSTR_NR_QUEUES)
		odd_queue(m, q, r);
	m->sel = q < KTSTR_NR_QUEUES ? q : KTSTR_NR_QUEUES - 1;
	m->live = true;
	driver__write32(&m->d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	model__sync(m);
}

static void odd_features(struct model *m, const struct record *r)
{
	uint64_t features = DRIVER_FEATURES;

	if (r->a & 1)
		features &= ~(1ull << VIRTIO_CONSOLE_F_MULTIPORT);
	if (r->a & 2)
		features ^= 1ull << r->x % 64;
	odd_init(m, features, KTSTR_NR_QUEUES, r);
}

static void stop_queue(struct model *m, const struct record *r)
{
	unsigned int q = r->a % KTSTR_NR_QUEUES;

	if (!m->live || !m->q[q].exists)
		return;
	driver__write32(&m->d, VIRTIO_MMIO_QUEUE_SEL, q);
	m->sel = q;
	m->errors_ok = true;
	model__stop_queue(m);
}

void hostile__run(struct model *m, const struct record *r, bool racing)
{
	switch ((enum record_op)(r->op % OP_NR)) {
	case OP_REG_READ:
		return reg_read(m, r);
	case OP_REG_WRITE:
		return reg_write(m, r);
	case OP_DESC:
		return desc(m, r, racing);
	case OP_PUBLISH:
		return publish(m, r, racing);
	case OP_AVAIL_IDX:
		return avail_idx(m, r, racing);
	case OP_AVAIL_ENTRY:
		return avail_entry(m, r);
	case OP_USED:
		return used(m, r);
	case OP_POKE:
		return poke(m, r);
	case OP_QUEUE_SETUP:
		return odd_init(m, DRIVER_FEATURES, r->a % KTSTR_NR_QUEUES, r);
	case OP_FEATURES:
		return odd_features(m, r);
	case OP_STATUS:
		return write_status(m, r->x < 0x8000 ? r->y & 0xff : r->y);
	case OP_STOP_QUEUE:
		return stop_queue(m, r);
	default:
		return;
	}
}
