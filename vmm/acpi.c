// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI 6.3 tables: RSDP, XSDT and FADT here; the DSDT in acpi_dsdt.c, the MADT in
 * acpi_madt.c, SRAT and SLIT in acpi_numa.c, the HMAT in acpi_hmat.c.
 *
 * The machine is hardware-reduced (section 4.1): no SCI, no PM timer, no
 * fixed registers, and Linux leaves PIT and PIC alone. It resets through the
 * keyboard controller's port and powers off through the sleep control register.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acpi.h"
#include "acpi_put.h"
#include "layout.h"

#define FADT_REVISION		6
#define FADT_MINOR		3
#define FADT_WBINVD		(1u << 0)
#define FADT_PWR_BUTTON		(1u << 4)	/* no fixed power button */
#define FADT_SLP_BUTTON		(1u << 5)	/* no fixed sleep button */
#define FADT_RESET_REG_SUP	(1u << 10)
#define FADT_HW_REDUCED		(1u << 20)
#define BOOT_NO_VGA		(1u << 2)
#define BOOT_NO_CMOS_RTC	(1u << 5)
#define NO_C2			0xfff		/* a latency that means "not supported" */
#define NO_C3			0xfff
#define AS_SYSTEM_IO		1
#define ACCESS_BYTE		1

#define RSDP_V1_LEN		20
#define RSDP_LEN		36
#define CHECKSUM_OFF		9

static uint8_t checksum(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum += *p++;
	return (uint8_t)-sum;
}

/* A register of one byte in I/O space; port 0 is "not there". */
static void put_gas(struct acpi_blob *b, uint16_t port)
{
	acpi_put(b, port ? AS_SYSTEM_IO : 0, 1);
	acpi_put(b, port ? 8 : 0, 1);
	acpi_put(b, 0, 1);
	acpi_put(b, port ? ACCESS_BYTE : 0, 1);
	acpi_put(b, port, 8);
}

/* Section 5.2.9. Everything that hardware-reduced machines ignore is 0. */
static void put_fadt(struct acpi_blob *b, uint64_t dsdt)
{
	size_t t = acpi_table_begin(b, "FACP", FADT_REVISION);

	acpi_put(b, 0, 4);		/* FIRMWARE_CTRL */
	acpi_put(b, dsdt, 4);
	acpi_put_zeros(b, 52);		/* profile ... GPE1_BASE, _CST */
	acpi_put(b, NO_C2, 2);
	acpi_put(b, NO_C3, 2);
	acpi_put_zeros(b, 9);		/* FLUSH_SIZE ... CENTURY */
	acpi_put(b, BOOT_NO_VGA | BOOT_NO_CMOS_RTC, 2);
	acpi_put(b, 0, 1);
	acpi_put(b, FADT_WBINVD | FADT_PWR_BUTTON | FADT_SLP_BUTTON | FADT_RESET_REG_SUP |
		 FADT_HW_REDUCED, 4);
	put_gas(b, LAYOUT_I8042_CMD);	/* RESET_REG */
	acpi_put(b, LAYOUT_I8042_RESET, 1);
	acpi_put(b, 0, 2);		/* ARM_BOOT_ARCH */
	acpi_put(b, FADT_MINOR, 1);
	acpi_put(b, 0, 8);		/* X_FIRMWARE_CTRL */
	acpi_put(b, dsdt, 8);
	acpi_put_zeros(b, 8 * 12);	/* X_PM1a_EVT_BLK ... X_GPE1_BLK */
	put_gas(b, LAYOUT_SLEEP_CTRL_PORT);
	put_gas(b, LAYOUT_SLEEP_STS_PORT);
	acpi_put_text(b, "ktstr", 8);	/* hypervisor vendor */
	acpi_table_end(b, t);
}

/* Section 5.2.8: the tables from @first on. */
static uint64_t put_xsdt(struct acpi_blob *b, unsigned int first)
{
	unsigned int last = b->nr;
	size_t t = acpi_table_begin(b, "XSDT", 1);

	for (unsigned int i = first; i < last; i++)
		acpi_put(b, LAYOUT_ACPI + b->off[i], 8);
	acpi_table_end(b, t);
	return LAYOUT_ACPI + t;
}

/* Section 5.2.5.3, into the room kept at offset 0. */
static void fill_rsdp(struct acpi_blob *b, uint64_t xsdt)
{
	struct acpi_blob rsdp = { .data = b->data };

	acpi_put_text(&rsdp, "RSD PTR ", 8);
	acpi_put(&rsdp, 0, 1);
	acpi_put_text(&rsdp, "KTSTR ", 6);
	acpi_put(&rsdp, 2, 1);
	acpi_put(&rsdp, 0, 4);		/* no RSDT */
	acpi_put(&rsdp, RSDP_LEN, 4);
	acpi_put(&rsdp, xsdt, 8);
	acpi_put(&rsdp, 0, 4);
	b->data[8] = checksum(b->data, RSDP_V1_LEN);
	b->data[32] = checksum(b->data, RSDP_LEN);
}

/**
 * acpi_table_begin() - start a table with its 36-byte header (section 5.2.6)
 * @b: blob
 * @sig: four characters
 * @revision: of this kind of table
 *
 * Return: offset, for acpi_table_end().
 */
size_t acpi_table_begin(struct acpi_blob *b, const char *sig, uint8_t revision)
{
	size_t start;

	while (b->len % 16)
		acpi_put(b, 0, 1);
	start = b->len;
	if (b->nr < ACPI_TABLES_MAX)
		b->off[b->nr++] = (uint32_t)start;
	else
		b->overflow = 1;
	acpi_put_text(b, sig, 4);
	acpi_put(b, 0, 4);		/* length, later */
	acpi_put(b, revision, 1);
	acpi_put(b, 0, 1);		/* checksum, later */
	acpi_put_text(b, "KTSTR ", 6);
	acpi_put_text(b, "KTSTRVMM", 8);
	acpi_put(b, 1, 4);
	acpi_put_text(b, "KSTR", 4);
	acpi_put(b, 1, 4);
	return start;
}

/**
 * acpi_table_end() - fill in length and checksum
 * @b: blob
 * @start: from acpi_table_begin()
 */
void acpi_table_end(struct acpi_blob *b, size_t start)
{
	uint32_t len = (uint32_t)(b->len - start);

	if (b->overflow)
		return;
	memcpy(b->data + start + 4, &len, sizeof(len));
	b->data[start + CHECKSUM_OFF] = checksum(b->data + start, len);
}

/**
 * acpi__build() - all tables of a machine
 * @blob: filled in; to be freed with acpi__free()
 * @t: checked topology
 * @ram: RAM
 *
 * The RSDP is at offset 0, and the blob must be placed at %LAYOUT_ACPI.
 *
 * Return: 0; -ENOMEM; -ENOSPC when they pass %LAYOUT_ACPI_MAX.
 */
int acpi__build(struct acpi_blob *blob, const struct ktstr_topology *t, const struct acpi_ram *ram)
{
	size_t dsdt;

	memset(blob, 0, sizeof(*blob));
	blob->data = calloc(1, LAYOUT_ACPI_MAX);
	if (!blob->data)
		return -ENOMEM;
	acpi_put_zeros(blob, RSDP_LEN);
	dsdt = acpi_put_dsdt(blob, t);
	put_fadt(blob, LAYOUT_ACPI + dsdt);
	acpi_put_madt(blob, t);
	/* One node needs none of these, unless there is more to say of its memory. */
	if (t->nodes > 1 || ktstr_topology__has_hmat(t)) {
		acpi_put_srat(blob, t, ram);
		acpi_put_slit(blob, t);
	}
	if (ktstr_topology__has_hmat(t))
		acpi_put_hmat(blob, t);
	fill_rsdp(blob, put_xsdt(blob, 1));
	if (!blob->overflow)
		return 0;
	acpi__free(blob);
	return -ENOSPC;
}

/** acpi__free() - free the tables */
void acpi__free(struct acpi_blob *blob)
{
	free(blob->data);
	memset(blob, 0, sizeof(*blob));
}
