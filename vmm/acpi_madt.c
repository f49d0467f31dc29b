// SPDX-License-Identifier: GPL-2.0-only
/*
 * MADT: CPUs and interrupt controllers (ACPI 6.3, section 5.2.12).
 */
#include "acpi_put.h"

#define MADT_REVISION		5
#define MADT_LAPIC		0
#define MADT_IOAPIC		1
#define MADT_LAPIC_NMI		4
#define MADT_X2APIC		9
#define MADT_X2APIC_NMI		10
#define ENABLED			1u
#define ALL_LAPICS		0xffu
#define ALL_X2APICS		0xffffffffu

/* An id below 255 has to be in the old structure, a higher one does not fit there. */
static void put_cpu(struct acpi_blob *b, uint32_t cpu, uint32_t id)
{
	if (id < ACPI_X2APIC_IDS) {
		acpi_put(b, MADT_LAPIC, 1);
		acpi_put(b, 8, 1);
		acpi_put(b, cpu, 1);	/* no CPU has a higher number than id */
		acpi_put(b, id, 1);
		acpi_put(b, ENABLED, 4);
		return;
	}
	acpi_put(b, MADT_X2APIC, 1);
	acpi_put(b, 16, 1);
	acpi_put(b, 0, 2);
	acpi_put(b, id, 4);
	acpi_put(b, ENABLED, 4);
	acpi_put(b, cpu, 4);
}

static void put_ioapic(struct acpi_blob *b)
{
	acpi_put(b, MADT_IOAPIC, 1);
	acpi_put(b, 12, 1);
	acpi_put(b, 0, 2);		/* id 0, as KVM's */
	acpi_put(b, LAYOUT_IOAPIC, 4);
	acpi_put(b, 0, 4);		/* first GSI */
}

/* NMIs come in at LINT1 of every CPU, polarity and trigger as the bus has them. */
static void put_nmi(struct acpi_blob *b, bool x2apic)
{
	acpi_put(b, MADT_LAPIC_NMI, 1);
	acpi_put(b, 6, 1);
	acpi_put(b, ALL_LAPICS, 1);
	acpi_put(b, 0, 2);
	acpi_put(b, 1, 1);
	if (!x2apic)
		return;
	acpi_put(b, MADT_X2APIC_NMI, 1);
	acpi_put(b, 12, 1);
	acpi_put(b, 0, 2);
	acpi_put(b, ALL_X2APICS, 4);
	acpi_put(b, 1, 1);
	acpi_put(b, 0, 3);
}

/**
 * acpi_put_madt() - append the MADT
 * @b: blob
 * @t: checked topology
 *
 * The boot CPU comes first; Linux numbers CPUs in this order.
 */
void acpi_put_madt(struct acpi_blob *b, const struct ktstr_topology *t)
{
	size_t start = acpi_table_begin(b, "APIC", MADT_REVISION);

	acpi_put(b, LAYOUT_LAPIC, 4);
	acpi_put(b, 0, 4);		/* no 8259s */
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(t); cpu++)
		put_cpu(b, cpu, ktstr_topology__apic_id(t, cpu));
	put_ioapic(b);
	put_nmi(b, ktstr_topology__apic_id_max(t) >= ACPI_X2APIC_IDS);
	acpi_table_end(b, start);
}
