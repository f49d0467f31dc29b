/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Appending to ACPI tables; private to acpi*.c.
 */
#ifndef VMM_ACPI_PUT_H
#define VMM_ACPI_PUT_H

#include <stdbool.h>
#include <string.h>

#include "acpi.h"
#include "layout.h"

/* The first id that MADT and SRAT have other structures for. */
#define ACPI_X2APIC_IDS	255u

/* @n low bytes of @val, little-endian; past the end nothing is written and overflow is set. */
static inline void acpi_put(struct acpi_blob *b, uint64_t val, unsigned int n)
{
	if (b->len + n > LAYOUT_ACPI_MAX) {
		b->overflow = 1;
		return;
	}
	for (; n; n--, val >>= 8)
		b->data[b->len++] = (uint8_t)val;
}

static inline void acpi_put_zeros(struct acpi_blob *b, unsigned int n)
{
	while (n--)
		acpi_put(b, 0, 1);
}

/* @text in a field of @n bytes, filled up with NULs. */
static inline void acpi_put_text(struct acpi_blob *b, const char *text, size_t n)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < n; i++)
		acpi_put(b, i < len ? (uint8_t)text[i] : 0, 1);
}

/* Fill in four bytes at @at that were kept for it. */
static inline void acpi_patch32(struct acpi_blob *b, size_t at, uint32_t val)
{
	struct acpi_blob there = { .data = b->data, .len = at };

	if (!b->overflow)
		acpi_put(&there, val, 4);
}

size_t acpi_table_begin(struct acpi_blob *b, const char *sig, uint8_t revision);
void acpi_table_end(struct acpi_blob *b, size_t start);
size_t acpi_put_dsdt(struct acpi_blob *b, const struct ktstr_topology *t);
void acpi_put_madt(struct acpi_blob *b, const struct ktstr_topology *t);
void acpi_put_srat(struct acpi_blob *b, const struct ktstr_topology *t, const struct acpi_ram *ram);
void acpi_put_slit(struct acpi_blob *b, const struct ktstr_topology *t);
void acpi_put_hmat(struct acpi_blob *b, const struct ktstr_topology *t);

#endif /* VMM_ACPI_PUT_H */
