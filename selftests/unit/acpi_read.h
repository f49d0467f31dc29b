/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading ACPI tables in a blob.
 */
#ifndef ACPI_READ_H
#define ACPI_READ_H

#include <string.h>

#include "selftests/shapes.h"
#include "vmm/acpi.h"
#include "vmm/layout.h"

#define ACPI_HEADER	36u

static inline uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s += *p++;
	return s;
}

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static inline uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline const uint8_t *acpi_find(const struct acpi_blob *b, const char *sig)
{
	for (unsigned int i = 0; i < b->nr; i++)
		if (!memcmp(b->data + b->off[i], sig, 4))
			return b->data + b->off[i];
	return NULL;
}

/* Tables of a shape with so much RAM, in the place of those in @b; 0 or a negative errno. */
static inline int acpi_remake(struct ktstr_topology *t, struct acpi_blob *b,
			      const struct shape *s, uint64_t low, uint64_t high)
{
	struct acpi_ram ram = { low, high };
	struct ktstr_error e;
	int err;

	acpi__free(b);
	ktstr_topology__free(t);
	err = shape__make(s, t, &e);
	return err ? err : acpi__build(b, t, &ram);
}

#endif /* ACPI_READ_H */
