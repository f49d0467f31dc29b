// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O APIC (Intel 82093AA) with 15-bit destination ids, which Linux uses when
 * KVM_FEATURE_MSI_EXT_DEST_ID says so (Documentation/virt/kvm/x86/cpuid.rst).
 *
 * KVM's own I/O APIC reads 8 bits of a destination. This one is only the
 * registers: a pin that is not masked becomes an MSI route of KVM, so an
 * interrupt never passes through here.
 *
 * Every pin of this machine is wired to edges and the tables say so: the trigger
 * mode that a guest writes is kept and has no effect, and there is no EOI to wait for.
 */
#include <string.h>

#include "ioapic.h"

#define REG_SELECT	0x00u
#define REG_WINDOW	0x10u
#define INDEX_ID	0x00u
#define INDEX_VERSION	0x01u
#define INDEX_ARB	0x02u
#define INDEX_RTE	0x10u
#define VERSION		(0x11u | (LAYOUT_IOAPIC_PINS - 1) << 16)
#define ID_MASK		0x0f000000u

#define RTE_VECTOR	0xffull
#define RTE_DELIVERY	(7ull << 8)
#define RTE_LOGICAL	(1ull << 11)
#define RTE_READ_ONLY	(1ull << 12 | 1ull << 14)	/* delivery status, remote IRR */
#define RTE_MASKED	(1ull << 16)

#define MSI_ADDRESS	0xfee00000u
#define MSI_LOGICAL	(1u << 2)

/* Bits 63:56 are the old destination id, 55:49 what was added above it. */
static uint32_t destination(uint64_t rte)
{
	return (uint32_t)(rte >> 56 | (rte >> 49 & 0x7f) << 8);
}

/* KVM takes ids of 32 bits in an MSI: low byte in the address, the rest in its high half. */
static struct kvm_irq_routing_entry msi_route(uint32_t pin, uint64_t rte)
{
	uint32_t dest = destination(rte);

	return (struct kvm_irq_routing_entry){
		.gsi = pin,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = {
			.address_lo = MSI_ADDRESS | (dest & 0xff) << 12 |
				      (rte & RTE_LOGICAL ? MSI_LOGICAL : 0),
			.address_hi = dest & ~0xffu,
			.data = (uint32_t)(rte & (RTE_VECTOR | RTE_DELIVERY)),
		},
	};
}

/* What matters of an entry to KVM; an entry without a vector is as good as masked. */
static uint64_t wanted(uint64_t rte)
{
	return rte & RTE_MASKED || !(rte & (RTE_VECTOR | RTE_DELIVERY)) ? 0 : rte;
}

/* A guest gains nothing by writing again and again: only a change asks KVM for anything. */
static void update_routes(struct ioapic *io, uint32_t pin)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entries[LAYOUT_IOAPIC_PINS];
	} table = { .head.nr = 0 };
	uint64_t was = io->sent[pin];

	if (was == wanted(io->rte[pin]))
		return;
	io->sent[pin] = wanted(io->rte[pin]);
	for (uint32_t i = 0; i < LAYOUT_IOAPIC_PINS; i++)
		if (io->sent[i])
			table.entries[table.head.nr++] = msi_route(i, io->sent[i]);
	/* The host has no memory: its old routes stay, and the guest's next write tries again. */
	if (io->route(io->arg, &table.head))
		io->sent[pin] = was;
}

static uint32_t read_index(const struct ioapic *io)
{
	uint32_t n = io->select - INDEX_RTE;

	switch (io->select) {
	case INDEX_ID:
	case INDEX_ARB:
		return io->id;
	case INDEX_VERSION:
		return VERSION;
	default:
		return n < 2 * LAYOUT_IOAPIC_PINS ? (uint32_t)(io->rte[n / 2] >> n % 2 * 32) : 0;
	}
}

static void write_index(struct ioapic *io, uint32_t val)
{
	uint32_t n = io->select - INDEX_RTE, shift = n % 2 * 32;
	uint64_t rte;

	if (io->select == INDEX_ID)
		io->id = val & ID_MASK;
	if (n >= 2 * LAYOUT_IOAPIC_PINS)
		return;
	rte = io->rte[n / 2] & ~(0xffffffffull << shift);
	io->rte[n / 2] = (rte | (uint64_t)val << shift) & ~RTE_READ_ONLY;
	update_routes(io, n / 2);
}

/**
 * ioapic__init() - an I/O APIC as after a reset: all pins masked
 * @io: filled in
 * @route: gives KVM a new routing table; called with a lock held, by the vCPU that wrote
 * @arg: first argument of @route
 */
void ioapic__init(struct ioapic *io, int (*route)(void *arg, const struct kvm_irq_routing *table),
		  void *arg)
{
	memset(io, 0, sizeof(*io));
	pthread_mutex_init(&io->lock, NULL);
	for (uint32_t pin = 0; pin < LAYOUT_IOAPIC_PINS; pin++)
		io->rte[pin] = RTE_MASKED;
	io->route = route;
	io->arg = arg;
}

/** ioapic__destroy() - free it */
void ioapic__destroy(struct ioapic *io)
{
	pthread_mutex_destroy(&io->lock);
}

/**
 * ioapic__read() - the guest reads from its window
 * @io: I/O APIC
 * @off: offset in the window
 * @data: filled in
 * @size: 1 to 8
 *
 * Registers are read as 32 bits; of wider reads the rest is 0, of narrower ones the low
 * bytes are given. Where no register begins a read gives 0.
 */
void ioapic__read(struct ioapic *io, uint64_t off, uint8_t *data, unsigned int size)
{
	uint32_t val = 0;

	memset(data, 0, size);
	pthread_mutex_lock(&io->lock);
	if (off == REG_SELECT)
		val = io->select;
	else if (off == REG_WINDOW)
		val = read_index(io);
	pthread_mutex_unlock(&io->lock);
	memcpy(data, &val, size < sizeof(val) ? size : sizeof(val));
}

/**
 * ioapic__write() - the guest writes to its window
 * @io: I/O APIC
 * @off: offset in the window
 * @data: bytes
 * @size: 1 to 8; of narrower writes than 32 bits the missing bits are 0, as KVM's has it
 */
void ioapic__write(struct ioapic *io, uint64_t off, const uint8_t *data, unsigned int size)
{
	uint32_t val = 0;

	memcpy(&val, data, size < sizeof(val) ? size : sizeof(val));
	pthread_mutex_lock(&io->lock);
	if (off == REG_SELECT)
		io->select = (uint8_t)val;
	else if (off == REG_WINDOW)
		write_index(io, val);
	pthread_mutex_unlock(&io->lock);
}
