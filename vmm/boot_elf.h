/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmlinux: an ELF whose PT_LOAD segments go to their physical addresses.
 */
#ifndef VMM_BOOT_ELF_H
#define VMM_BOOT_ELF_H

#include <libelf.h>

#include "boot_params.h"

int boot_elf__open(int fd, const char *path, Elf **out, struct ktstr_error *e);
int boot_elf__load(int fd, const char *path, const struct memory *m, struct boot_image *img,
		   struct ktstr_error *e);

#endif /* VMM_BOOT_ELF_H */
