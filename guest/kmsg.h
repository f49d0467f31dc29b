/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel log, from its first record on, as DMSG frames of whole lines.
 */
#ifndef GUEST_KMSG_H
#define GUEST_KMSG_H

#include <stddef.h>
#include <stdint.h>

/**
 * kmsg__format() - one record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg) as a line
 * @rec: "prio,seq,usec,flags[,...];text\n", then dictionary lines, which are left out
 * @len: bytes of @rec
 * @out: gets "<prio,seq,usec>text\n", not NUL terminated
 * @room: bytes in @out; a longer line is cut, its newline kept
 * @seq: gets the sequence number
 *
 * Return: bytes in @out, or -EINVAL when it is no such record.
 */
int kmsg__format(const char *rec, size_t len, char *out, size_t room, uint64_t *seq);

/** kmsg__start() - start to forward; return: 0 or negative errno */
int kmsg__start(void);

/** kmsg__finish() - forward all that is logged by now and stop; waits for the host to take it */
void kmsg__finish(void);

#endif /* GUEST_KMSG_H */
