/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a 64-bit kernel finds in memory when it starts
 * (Documentation/arch/x86/boot.rst, "64-bit boot protocol").
 */
#ifndef VMM_BOOT_PARAMS_H
#define VMM_BOOT_PARAMS_H

#include <asm/bootparam.h>
#include <stdint.h>
#include <sys/uio.h>

#include <ktstr/error.h>

#include "memory.h"

#define BOOT_CS	0x10	/* selectors that the protocol prescribes */
#define BOOT_DS	0x18

/**
 * struct boot_image - a kernel that has been placed in RAM
 * @entry: guest physical address of its 64-bit entry
 * @end: first guest physical address that it does not need while it starts
 * @hdr: its setup header; zero but for what the protocol demands for an ELF
 */
struct boot_image {
	uint64_t entry;
	uint64_t end;
	struct setup_header hdr;
};

int boot_params__place_initrd(const struct memory *m, struct boot_image *img,
			      const struct iovec *pieces, int nr, struct ktstr_error *e);
int boot_params__place_cmdline(const struct memory *m, struct boot_image *img,
			       const char *cmdline, struct ktstr_error *e);
int boot_params__place(const struct memory *m, const struct boot_image *img, uint64_t rsdp);

#endif /* VMM_BOOT_PARAMS_H */
