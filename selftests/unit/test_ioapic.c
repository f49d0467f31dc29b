// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O APIC outside of KVM: registers as Linux drives them
 * (arch/x86/kernel/apic/io_apic.c), the routes that come of it, and guests that write
 * what they should not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/ioapic.h"

#include "unit.h"

#define MASKED	(1u << 16)

/* What KVM was told last, and how often. */
struct told {
	struct kvm_irq_routing_entry entry[LAYOUT_IOAPIC_PINS];
	uint32_t nr;
	unsigned int calls;
	int err;
};

static int route(void *arg, const struct kvm_irq_routing *table)
{
	struct told *t = arg;

	t->calls++;
	t->nr = table->nr;
	if (t->nr <= LAYOUT_IOAPIC_PINS)
		memcpy(t->entry, table->entries, t->nr * sizeof(t->entry[0]));
	return t->err;
}

FIXTURE(ioapic)
{
	struct ioapic io;
	struct told told;
};

FIXTURE_SETUP(ioapic)
{
	memset(self, 0, sizeof(*self));
	ioapic__init(&self->io, route, &self->told);
}

FIXTURE_TEARDOWN(ioapic)
{
	ioapic__destroy(&self->io);
}

static void write32(struct ioapic *io, uint64_t off, uint32_t val)
{
	ioapic__write(io, off, (const uint8_t *)&val, 4);
}

static uint32_t read_reg(struct ioapic *io, uint32_t index)
{
	uint32_t val;

	write32(io, 0, index);
	ioapic__read(io, 0x10, (uint8_t *)&val, 4);
	return val;
}

static void write_reg(struct ioapic *io, uint32_t index, uint32_t val)
{
	write32(io, 0, index);
	write32(io, 0x10, val);
}

/* ioapic_write_entry(): the high half first, so that a pin is never open to a half entry. */
static void write_entry(struct ioapic *io, uint32_t pin, uint32_t dest, uint32_t low)
{
	write_reg(io, 0x11 + 2 * pin, (dest & 0xff) << 24 | (dest >> 8 & 0x7f) << 17);
	write_reg(io, 0x10 + 2 * pin, low);
}

TEST_F(ioapic, starts_masked_with_24_pins)
{
	EXPECT_EQ(0x00170011, read_reg(&self->io, 1));
	EXPECT_EQ(0, read_reg(&self->io, 0));
	for (uint32_t pin = 0; pin < 24; pin++) {
		EXPECT_EQ(MASKED, read_reg(&self->io, 0x10 + 2 * pin));
		EXPECT_EQ(0, read_reg(&self->io, 0x11 + 2 * pin));
	}
	EXPECT_EQ(0, self->told.calls);
}

TEST_F(ioapic, an_open_pin_is_a_route_to_its_cpu)
{
	static const uint32_t dest[] = { 0, 1, 254, 255, 256, 433, 4095, 32767 };

	for (size_t i = 0; i < sizeof(dest) / sizeof(dest[0]); i++) {
		write_entry(&self->io, 5, dest[i], 0x31);
		ASSERT_EQ(1, self->told.nr);
		EXPECT_EQ(5, self->told.entry[0].gsi);
		EXPECT_EQ(KVM_IRQ_ROUTING_MSI, self->told.entry[0].type);
		EXPECT_EQ(0xfee00000u | (dest[i] & 0xff) << 12, self->told.entry[0].u.msi.address_lo);
		EXPECT_EQ(dest[i] & ~0xffu, self->told.entry[0].u.msi.address_hi);
		EXPECT_EQ(0x31, self->told.entry[0].u.msi.data);
		write_entry(&self->io, 5, dest[i], 0x31 | MASKED);
		EXPECT_EQ(0, self->told.nr);
	}
}

TEST_F(ioapic, logical_destinations_and_delivery_modes_are_kept)
{
	write_entry(&self->io, 4, 3, 0x100 | 0x800 | 0x41);
	ASSERT_EQ(1, self->told.nr);
	EXPECT_EQ(0xfee03004, self->told.entry[0].u.msi.address_lo);
	EXPECT_EQ(0x141, self->told.entry[0].u.msi.data);
}

/* Every line here is an edge: a level would wait for an EOI that never comes. */
TEST_F(ioapic, a_level_is_delivered_as_an_edge_and_polarity_is_ignored)
{
	write_entry(&self->io, 4, 0, 0x8000 | 0x2000 | 0x41);
	ASSERT_EQ(1, self->told.nr);
	EXPECT_EQ(0x41, self->told.entry[0].u.msi.data);
	EXPECT_EQ(0xa041, read_reg(&self->io, 0x10 + 2 * 4));
}

TEST_F(ioapic, kvm_hears_of_changes_only)
{
	unsigned int calls;

	/* clear_IO_APIC() */
	for (uint32_t pin = 0; pin < 24; pin++)
		write_entry(&self->io, pin, 0, MASKED);
	EXPECT_EQ(0, self->told.calls);
	write_entry(&self->io, 3, 2, 0x33);
	calls = self->told.calls;
	for (int i = 0; i < 100; i++)
		write_entry(&self->io, 3, 2, 0x33);
	EXPECT_EQ(calls, self->told.calls);
	write_entry(&self->io, 3, 1, 0x33);
	EXPECT_LT(calls, self->told.calls);
	ASSERT_EQ(1, self->told.nr);
	EXPECT_EQ(0xfee01000, self->told.entry[0].u.msi.address_lo);
}

TEST_F(ioapic, all_pins_at_once)
{
	for (uint32_t pin = 0; pin < 24; pin++)
		write_entry(&self->io, pin, 256 + pin, 0x30 + pin);
	ASSERT_EQ(24, self->told.nr);
	for (uint32_t pin = 0; pin < 24; pin++) {
		EXPECT_EQ(pin, self->told.entry[pin].gsi);
		EXPECT_EQ(256, self->told.entry[pin].u.msi.address_hi);
	}
}

TEST_F(ioapic, read_only_bits_cannot_be_set)
{
	write_reg(&self->io, 0x10, ~0u);
	write_reg(&self->io, 0x11, ~0u);
	EXPECT_EQ(~0u & ~(1u << 12 | 1u << 14), read_reg(&self->io, 0x10));
	EXPECT_EQ(~0u, read_reg(&self->io, 0x11));
	write_reg(&self->io, 1, ~0u);
	EXPECT_EQ(0x00170011, read_reg(&self->io, 1));
	write_reg(&self->io, 0, ~0u);
	EXPECT_EQ(0x0f000000, read_reg(&self->io, 0));
}

/* Every index, offset and width: nothing past the table, nothing left from before. */
TEST_F(ioapic, any_access_is_answered_within_its_bounds)
{
	for (uint32_t index = 0; index < 256; index++) {
		for (uint64_t off = 0; off < 0x20; off++) {
			for (unsigned int size = 1; size <= 8; size++) {
				uint8_t data[10];

				memset(data, 0x5a, sizeof(data));
				write32(&self->io, 0, index);
				ioapic__write(&self->io, off, data, size);
				ioapic__read(&self->io, off, data, size);
				EXPECT_EQ(0x5a, data[size]);
				if (off != 0 && off != 0x10)
					EXPECT_EQ(0, data[0]);
			}
		}
	}
	EXPECT_EQ(0, read_reg(&self->io, 0x40));
	EXPECT_EQ(0, read_reg(&self->io, 0xff));
}

/* What KVM refused is not taken for done: the next write has it with it. */
TEST_F(ioapic, a_refusal_of_kvm_changes_nothing_and_is_made_good)
{
	self->told.err = -ENOMEM;
	write_entry(&self->io, 3, 2, 0x33);
	EXPECT_EQ(0x33, read_reg(&self->io, 0x10 + 2 * 3));
	self->told.err = 0;
	write_entry(&self->io, 3, 2, 0x33);
	ASSERT_EQ(1, self->told.nr);
	EXPECT_EQ(3, self->told.entry[0].gsi);
}

TEST_HARNESS_MAIN
