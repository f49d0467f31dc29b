/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bzImage: a setup part whose header describes a self-decompressing kernel.
 */
#ifndef VMM_BOOT_BZIMAGE_H
#define VMM_BOOT_BZIMAGE_H

#include <stdbool.h>

#include "boot_params.h"

/**
 * struct bzimage - what the header of a bzImage says, checked against the file
 * @hdr: copy of the setup header, zero beyond what the file has
 * @kernel_off: file offset of the protected-mode part
 * @kernel_len: its bytes
 * @payload_off: file offset of the compressed kernel, 0 if the header has none
 * @payload_len: its bytes
 * @release: the kernel's release ("6.12.1 (builder@host) ..."), may be empty
 */
struct bzimage {
	struct setup_header hdr;
	uint64_t kernel_off;
	uint64_t kernel_len;
	uint64_t payload_off;
	uint64_t payload_len;
	char release[128];
};

bool boot_bzimage__probe(int fd);
int boot_bzimage__parse(int fd, const char *path, uint64_t size, struct bzimage *bz,
			struct ktstr_error *e);
int boot_bzimage__load(int fd, const char *path, uint64_t size, const struct memory *m,
		       struct boot_image *img, struct ktstr_error *e);

#endif /* VMM_BOOT_BZIMAGE_H */
