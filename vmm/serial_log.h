/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a serial port printed and nobody has read yet: bounded, and of a flood
 * the first and the last mebibyte stay, that is the boot and the crash.
 */
#ifndef VMM_SERIAL_LOG_H
#define VMM_SERIAL_LOG_H

#include <stddef.h>
#include <stdint.h>

#define SERIAL_LOG_HALF	(1u << 20)	/* bytes kept at either end */

/**
 * struct serial_log - a buffer that never refuses a byte
 * @head: the oldest unread bytes, from @head_at up to @head_len
 * @tail: ring of the newest bytes, once @head is full
 * @tail_at: index of the oldest byte in @tail
 * @tail_len: bytes in @tail
 * @dropped: bytes that fell out between @head and @tail and were not reported yet
 *
 * Both halves are taken from the host on first use.
 */
struct serial_log {
	uint8_t *head;
	uint8_t *tail;
	size_t head_at;
	size_t head_len;
	size_t tail_at;
	size_t tail_len;
	uint64_t dropped;
};

void serial_log__put(struct serial_log *log, uint8_t byte);
size_t serial_log__read(struct serial_log *log, void *buf, size_t len);
size_t serial_log__pending(const struct serial_log *log);
void serial_log__free(struct serial_log *log);

#endif /* VMM_SERIAL_LOG_H */
