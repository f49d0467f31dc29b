// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DSDT, assembled by hand (ACPI 6.3, sections 6.4 and 20.2). As ASL:
 *
 *	Scope (\_SB) {
 *		Device (VCON) {
 *			Name (_HID, "LNRO0005")
 *			Name (_UID, 0)
 *			Name (_CRS, ResourceTemplate () {
 *				Memory32Fixed (ReadWrite, 0xd0000000, 0x1000)
 *				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 5 }
 *			})
 *		}
 *		Device (COM1) {
 *			Name (_HID, EisaId ("PNP0501"))
 *			Name (_UID, 1)
 *			Name (_CRS, ResourceTemplate () {
 *				IO (Decode16, 0x3f8, 0x3f8, 1, 8)
 *				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 4 }
 *			})
 *		}
 *		... COM2 likewise
 *		Device (PWRB) {
 *			Name (_HID, EisaId ("PNP0C0C"))
 *		}
 *		Device (GED_) {
 *			Name (_HID, "ACPI0013")
 *			Name (_CRS, ResourceTemplate () {
 *				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 9 }
 *			})
 *			Method (_EVT, 1) { Notify (PWRB, 0x80) }
 *		}
 *		Device (C000) {
 *			Name (_HID, "ACPI0007")
 *			Name (_UID, 0)
 *		}
 *		... a processor for each CPU, _UID as in the MADT
 *	}
 *	Name (_S5, Package () { 5, 0, 0, 0 })
 *
 * Interrupts are edges because KVM's irqfd pulses the line.
 *
 * The power button is a device and no fixed feature: a hardware-reduced machine has no
 * PM1 event register in which a fixed one would be seen (section 4.1), and Linux looks
 * for none there. What tells of a press is the Generic Event Device (section 5.6.9).
 */
#include <stdio.h>

#include "acpi_put.h"
#include "virtio_console.h"

#define DSDT_REVISION	2	/* 64-bit integers */

#define AML_NAME	0x08
#define AML_BYTE	0x0a
#define AML_WORD	0x0b
#define AML_DWORD	0x0c
#define AML_STRING	0x0d
#define AML_SCOPE	0x10
#define AML_BUFFER	0x11
#define AML_PACKAGE	0x12
#define AML_METHOD	0x14
#define AML_NOTIFY	0x86
#define BUTTON_PRESSED	0x80	/* table 5-166 */
#define AML_EXT		0x5b
#define AML_DEVICE	0x82	/* after AML_EXT */

#define RES_IO		0x47
#define RES_MEMORY32	0x86
#define RES_INTERRUPT	0x89
#define RES_END		0x79
#define MEMORY_RW	1
#define IO_DECODE16	1
#define IRQ_CONSUMER	0x01
#define IRQ_EDGE	0x02

#define EISA_PNP0501	0x0105d041u	/* "PNP0501", compressed, as stored */
#define EISA_PNP0C0C	0x0c0cd041u

/* A package length that is not known yet: always three bytes, for lengths below 1 MiB. */
static size_t pkg_begin(struct acpi_blob *b)
{
	size_t at = b->len;

	acpi_put(b, 0, 3);
	return at;
}

static void pkg_end(struct acpi_blob *b, size_t at)
{
	size_t len = b->len - at;

	if (b->overflow)
		return;
	b->data[at] = (uint8_t)(0x80 | (len & 0xf));
	b->data[at + 1] = (uint8_t)(len >> 4);
	b->data[at + 2] = (uint8_t)(len >> 12);
}

static void put_name(struct acpi_blob *b, const char *name)
{
	acpi_put(b, AML_NAME, 1);
	acpi_put_text(b, name, 4);
}

static void put_byte(struct acpi_blob *b, uint8_t val)
{
	acpi_put(b, AML_BYTE, 1);
	acpi_put(b, val, 1);
}

static void put_memory32(struct acpi_blob *b, uint32_t base, uint32_t len)
{
	acpi_put(b, RES_MEMORY32, 1);
	acpi_put(b, 9, 2);
	acpi_put(b, MEMORY_RW, 1);
	acpi_put(b, base, 4);
	acpi_put(b, len, 4);
}

static void put_io(struct acpi_blob *b, uint16_t port, uint8_t len)
{
	acpi_put(b, RES_IO, 1);
	acpi_put(b, IO_DECODE16, 1);
	acpi_put(b, port, 2);
	acpi_put(b, port, 2);
	acpi_put(b, 1, 1);
	acpi_put(b, len, 1);
}

static void put_interrupt(struct acpi_blob *b, uint32_t gsi)
{
	acpi_put(b, RES_INTERRUPT, 1);
	acpi_put(b, 6, 2);
	acpi_put(b, IRQ_CONSUMER | IRQ_EDGE, 1);
	acpi_put(b, 1, 1);
	acpi_put(b, gsi, 4);
}

/* _CRS is a buffer whose size, one byte, is patched in at the end. */
static size_t crs_begin(struct acpi_blob *b, size_t *pkg)
{
	put_name(b, "_CRS");
	acpi_put(b, AML_BUFFER, 1);
	*pkg = pkg_begin(b);
	put_byte(b, 0);
	return b->len;
}

static void crs_end(struct acpi_blob *b, size_t start, size_t pkg)
{
	acpi_put(b, RES_END, 1);
	acpi_put(b, 0, 1);	/* no checksum */
	if (!b->overflow)
		b->data[start - 1] = (uint8_t)(b->len - start);
	pkg_end(b, pkg);
}

static size_t device_begin(struct acpi_blob *b, const char *name)
{
	size_t pkg;

	acpi_put(b, AML_EXT, 1);
	acpi_put(b, AML_DEVICE, 1);
	pkg = pkg_begin(b);
	acpi_put_text(b, name, 4);
	return pkg;
}

static void put_console(struct acpi_blob *b)
{
	size_t dev = device_begin(b, "VCON");
	size_t crs, pkg;

	put_name(b, "_HID");
	acpi_put(b, AML_STRING, 1);
	acpi_put_text(b, "LNRO0005", 9);
	put_name(b, "_UID");
	put_byte(b, 0);
	crs = crs_begin(b, &pkg);
	put_memory32(b, LAYOUT_CONSOLE_MMIO, VIRTIO_CONSOLE_MMIO_SIZE);
	put_interrupt(b, LAYOUT_CONSOLE_GSI);
	crs_end(b, crs, pkg);
	pkg_end(b, dev);
}

static void put_uart(struct acpi_blob *b, const char *name, uint8_t uid, uint16_t port,
		     uint32_t gsi)
{
	size_t dev = device_begin(b, name);
	size_t crs, pkg;

	put_name(b, "_HID");
	acpi_put(b, AML_DWORD, 1);
	acpi_put(b, EISA_PNP0501, 4);
	put_name(b, "_UID");
	put_byte(b, uid);
	crs = crs_begin(b, &pkg);
	put_io(b, port, 8);
	put_interrupt(b, gsi);
	crs_end(b, crs, pkg);
	pkg_end(b, dev);
}

static void put_power_button(struct acpi_blob *b)
{
	size_t dev = device_begin(b, "PWRB");

	put_name(b, "_HID");
	acpi_put(b, AML_DWORD, 1);
	acpi_put(b, EISA_PNP0C0C, 4);
	pkg_end(b, dev);
}

static void put_event_device(struct acpi_blob *b)
{
	size_t dev = device_begin(b, "GED_");
	size_t crs, pkg;

	put_name(b, "_HID");
	acpi_put(b, AML_STRING, 1);
	acpi_put_text(b, "ACPI0013", 9);
	crs = crs_begin(b, &pkg);
	put_interrupt(b, LAYOUT_POWER_GSI);
	crs_end(b, crs, pkg);
	acpi_put(b, AML_METHOD, 1);
	pkg = pkg_begin(b);
	acpi_put_text(b, "_EVT", 4);
	acpi_put(b, 1, 1);		/* one argument, the interrupt; there is only one */
	acpi_put(b, AML_NOTIFY, 1);
	acpi_put_text(b, "PWRB", 4);
	put_byte(b, BUTTON_PRESSED);
	pkg_end(b, pkg);
	pkg_end(b, dev);
}

static void put_cpu(struct acpi_blob *b, uint32_t cpu)
{
	size_t dev;
	char name[5];

	snprintf(name, sizeof(name), "C%03X", cpu & 0xfff);
	dev = device_begin(b, name);
	put_name(b, "_HID");
	acpi_put(b, AML_STRING, 1);
	acpi_put_text(b, "ACPI0007", 9);
	put_name(b, "_UID");
	acpi_put(b, AML_WORD, 1);
	acpi_put(b, cpu, 2);
	pkg_end(b, dev);
}

static void put_s5(struct acpi_blob *b)
{
	size_t pkg;

	put_name(b, "_S5_");
	acpi_put(b, AML_PACKAGE, 1);
	pkg = pkg_begin(b);
	acpi_put(b, 4, 1);
	put_byte(b, LAYOUT_SLEEP_TYPE_S5);
	for (int i = 0; i < 3; i++)
		put_byte(b, 0);
	pkg_end(b, pkg);
}

/**
 * acpi_put_dsdt() - append the DSDT
 * @b: blob
 * @topo: checked topology
 *
 * Return: its offset.
 */
size_t acpi_put_dsdt(struct acpi_blob *b, const struct ktstr_topology *topo)
{
	size_t t = acpi_table_begin(b, "DSDT", DSDT_REVISION);
	size_t scope;

	acpi_put(b, AML_SCOPE, 1);
	scope = pkg_begin(b);
	acpi_put_text(b, "\\_SB_", 5);
	put_console(b);
	put_uart(b, "COM1", 1, LAYOUT_COM1_PORT, LAYOUT_COM1_GSI);
	put_uart(b, "COM2", 2, LAYOUT_COM2_PORT, LAYOUT_COM2_GSI);
	put_power_button(b);
	put_event_device(b);
	for (uint32_t cpu = 0; cpu < ktstr_topology__nr_cpus(topo); cpu++)
		put_cpu(b, cpu);
	pkg_end(b, scope);
	put_s5(b);
	acpi_table_end(b, t);
	return t;
}
