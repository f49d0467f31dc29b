/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest reads of its topology, held to the topology. Each of these ends the
 * fuzzer when the two differ.
 */
#ifndef FUZZ_TABLES_H
#define FUZZ_TABLES_H

#include <stddef.h>

#include "vmm/acpi.h"

/** topology_model__check() - is the topology what the text says, read another way? */
void topology_model__check(const char *text, size_t len, const struct ktstr_topology *t);

/** tables__check_acpi() - build the tables of a machine with so much RAM and read them */
void tables__check_acpi(const struct ktstr_topology *t, const struct acpi_ram *ram);

/** tables__check_cpuid() - CPUID of some CPUs, on hosts and for guests of both vendors */
void tables__check_cpuid(const struct ktstr_topology *t);

#endif /* FUZZ_TABLES_H */
