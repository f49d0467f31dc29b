/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ACPI tables that announce a machine.
 */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include <stddef.h>
#include <stdint.h>

#include <ktstr/topology.h>

#define ACPI_TABLES_MAX	8u

/**
 * struct acpi_ram - RAM as SRAT describes it
 * @low: bytes from address 0
 * @high: bytes from 4 GiB on
 */
struct acpi_ram {
	uint64_t low;
	uint64_t high;
};

/**
 * struct acpi_blob - tables as they lie in guest memory, from %LAYOUT_ACPI on
 * @data: bytes
 * @len: how many
 * @nr: tables in it, without the RSDP at offset 0
 * @off: offset of each table
 * @overflow: a table did not fit; the blob is useless
 */
struct acpi_blob {
	uint8_t *data;
	size_t len;
	unsigned int nr;
	uint32_t off[ACPI_TABLES_MAX];
	int overflow;
};

int acpi__build(struct acpi_blob *blob, const struct ktstr_topology *t, const struct acpi_ram *ram);
void acpi__free(struct acpi_blob *blob);

#endif /* VMM_ACPI_H */
