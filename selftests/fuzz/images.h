/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel images and programs of a few hundred bytes: what the corpora began with, and
 * what the mutators plant. selftests/unit/image.h has larger ones for tests.
 */
#ifndef FUZZ_IMAGES_H
#define FUZZ_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#define IMAGES_MAX	4096u	/* bytes of the largest */

/** enum images_kind - what else a vmlinux has */
enum images_kind { IMAGES_PLAIN, IMAGES_CONFIG, IMAGES_SYMBOLS };

/**
 * images__ikconfig() - an embedded configuration, as kernel/configs.c lays it out
 * @to: where to
 * @room: bytes there
 * @choice: two bits for each option that is looked for: y, m, not set, no line
 *
 * Return: bytes; 0 when there is not enough room.
 */
size_t images__ikconfig(uint8_t *to, size_t room, uint32_t choice);

/** images__gzip() - compress as the kernel's build does; return: bytes, 0 without room */
size_t images__gzip(uint8_t *to, size_t room, const uint8_t *data, size_t len);

/** images__vmlinux() - two segments and what @kind says; return: bytes in @to */
size_t images__vmlinux(uint8_t *to, enum images_kind kind);

/** images__program() - a dynamic executable with loader, libraries and RUNPATH */
size_t images__program(uint8_t *to);

/** images__bzimage() - with a payload, or none if @len is 0 */
size_t images__bzimage(uint8_t *to, const uint8_t *payload, size_t len);

#endif /* FUZZ_IMAGES_H */
