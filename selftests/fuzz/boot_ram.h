/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest RAM for the fuzzers of kernel images: 32 MiB from 0 and 4 MiB from 4 GiB, with
 * nothing mapped around it. It tells which pages were written, and whether they are
 * those that the image asked for.
 */
#ifndef FUZZ_BOOT_RAM_H
#define FUZZ_BOOT_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/boot_params.h"

#define BOOT_RAM_LOW	(32ull << 20)
#define BOOT_RAM_HIGH	(4ull << 20)
#define BOOT_RAM_SEGS	64u

/** struct boot_seg - what an image wants at a place: @filesz bytes of @data, then zeros */
struct boot_seg {
	uint64_t paddr, memsz, filesz;
	const uint8_t *data;
};

/** struct boot_want - all of an image, in the fuzzer's own reading of it */
struct boot_want {
	size_t nr;
	struct boot_seg seg[BOOT_RAM_SEGS];
	uint64_t entry, end;
};

/** boot_ram__init() - once */
void boot_ram__init(void);

/** boot_ram__clean() - RAM of zeros, no page of which is there yet */
const struct memory *boot_ram__clean(void);

/** boot_ram__holds() - is this range RAM that a kernel may be loaded to? */
bool boot_ram__holds(uint64_t paddr, uint64_t len);

/** boot_ram__check_loaded() - fail unless exactly what @want says was loaded */
void boot_ram__check_loaded(const struct boot_want *want, const struct boot_image *img);

/**
 * boot_ram__check_placed() - place initramfs, command line and boot_params, and check them
 * @want: what was loaded; must be unharmed afterwards
 * @img: as the loader filled it
 * @choice: chooses the sizes of what is placed
 */
void boot_ram__check_placed(const struct boot_want *want, struct boot_image *img,
			    uint32_t choice);

#endif /* FUZZ_BOOT_RAM_H */
