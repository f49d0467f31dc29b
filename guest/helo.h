/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HELO: who this guest is. What cannot be known for certain is left out.
 */
#ifndef GUEST_HELO_H
#define GUEST_HELO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * helo__build_id() - find the GNU build id among ELF notes (/sys/kernel/notes)
 * @notes: notes, 4-byte aligned entries; not trusted to be whole
 * @len: bytes
 * @id: gets the id
 * @room: bytes in @id
 *
 * Return: bytes of the id, -ENOENT when there is none that fits.
 */
int helo__build_id(const void *notes, size_t len, uint8_t *id, size_t room);

/** helo__kernel_code() - start of "Kernel code" in the text of /proc/iomem; return: 0, -ENOENT */
int helo__kernel_code(const char *iomem, uint64_t *start);

/** helo__note_start() - PID 1 begins now; the first thing that it does */
void helo__note_start(void);

/** helo__send() - gather the facts and send HELO */
void helo__send(void);

#endif /* GUEST_HELO_H */
