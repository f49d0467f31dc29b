/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guest_stress and test_console_stress agree on.
 *
 * /plan in the initramfs is one line: the case's name, then "key=number" pairs.
 * The guest says what it did on COM2, a fact a line, and "done" last.
 *
 * On ports 1 and 2 the guest sends the stream of STRESS_SEED_TX + port, without
 * a gap over every reset: a byte whose write() returned arrives, once. The host
 * sends records, numbered from 0. Records that were under way at a reset or a
 * close() are gone by the driver's and the device's own rules, so a number may
 * be skipped after one, and never otherwise.
 */
#ifndef KTSTR_VM_STRESS_H
#define KTSTR_VM_STRESS_H

#include <stdint.h>

#include "stream.h"

#define STRESS_SEED_TX	0x57ull		/* plus the port */
#define STRESS_SEED_RX	0x52ull		/* plus the port: what a record's check is made of */
#define STRESS_SEED_VIMTO 0x76ull	/* plus the writer */

#define STRESS_LAST	(1ull << 63)	/* in @seq: no record follows */

/**
 * struct stress_record - host to guest on ports 1 and 2
 * @seq: its number, and STRESS_LAST
 * @check: stress_check() of @seq
 *
 * The driver's buffers hold a whole number of these, and the host queues a whole
 * number, so a buffer that is thrown away never tears one.
 */
struct stress_record {
	uint64_t seq;
	uint64_t check;
};

static inline uint64_t stress_check(unsigned int port, uint64_t seq)
{
	return stream__word(STRESS_SEED_RX + port, seq);
}

/*
 * A short write, 1 to 16 bytes: this byte, then the next bytes of the writer's
 * own stream. Two writers share a port, and each write arrives in one piece.
 */
#define STRESS_SHORT_MAX	16
#define STRESS_SHORT(writer, len) ((uint8_t)((writer) << 7 | (len)))
#define STRESS_SHORT_WRITER(byte) ((byte) >> 7)
#define STRESS_SHORT_LEN(byte)	((byte) & 0x7f)

#endif /* KTSTR_VM_STRESS_H */
