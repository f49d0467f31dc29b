/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a dynamic executable or library asks its loader for.
 */
#ifndef KTSTR_HOST_ELF_NEEDED_H
#define KTSTR_HOST_ELF_NEEDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strv.h"

/**
 * struct elf_needed - facts from PT_INTERP and PT_DYNAMIC
 * @interp: the loader, NULL when none is named
 * @needed: DT_NEEDED names in order
 * @rpath: DT_RPATH, NULL when absent
 * @runpath: DT_RUNPATH, NULL when absent
 * @class: ELFCLASS32 or ELFCLASS64
 * @machine: EM_*
 */
struct elf_needed {
	char *interp;
	struct strv needed;
	char *rpath;
	char *runpath;
	uint8_t class;
	uint16_t machine;
};

/** elf_needed__is_elf() - do these bytes start as an ELF file? */
bool elf_needed__is_elf(const void *data, size_t len);

/**
 * elf_needed__read() - read a file's demands
 * @data: the whole file; hostile
 * @len: bytes
 * @name: for the sentence
 * @out: facts; elf_needed__free() it on success only
 * @e: sentence on failure
 *
 * Return: 0; -ENOEXEC for a damaged file or one that is neither executable nor
 * library; -ENOMEM.
 */
int elf_needed__read(const void *data, size_t len, const char *name, struct elf_needed *out,
		     struct ktstr_error *e);

/** elf_needed__free() - give back what elf_needed__read() filled */
void elf_needed__free(struct elf_needed *n);

#endif /* KTSTR_HOST_ELF_NEEDED_H */
