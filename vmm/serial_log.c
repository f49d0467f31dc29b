// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffer behind a serial port.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serial_log.h"

static bool half_ready(uint8_t **half)
{
	if (!*half)
		*half = malloc(SERIAL_LOG_HALF);
	return *half;
}

static void put_tail(struct serial_log *log, uint8_t byte)
{
	if (!half_ready(&log->tail)) {
		log->dropped++;
		return;
	}
	if (log->tail_len == SERIAL_LOG_HALF) {
		log->tail_at = (log->tail_at + 1) % SERIAL_LOG_HALF;
		log->tail_len--;
		log->dropped++;
	}
	log->tail[(log->tail_at + log->tail_len++) % SERIAL_LOG_HALF] = byte;
}

/**
 * serial_log__put() - keep a byte
 * @log: buffer, zeroed before its first use
 * @byte: what the guest printed
 *
 * When both halves are full the oldest byte of the second one is dropped and
 * counted; serial_log__read() tells the reader.
 *
 * Context: the caller's lock.
 */
void serial_log__put(struct serial_log *log, uint8_t byte)
{
	if (!log->tail_len && !log->dropped && log->head_len < SERIAL_LOG_HALF &&
	    half_ready(&log->head))
		log->head[log->head_len++] = byte;
	else
		put_tail(log, byte);
}

static size_t read_head(struct serial_log *log, uint8_t *buf, size_t len)
{
	size_t n = log->head_len - log->head_at;

	if (n > len)
		n = len;
	if (n)
		memcpy(buf, log->head + log->head_at, n);
	log->head_at += n;
	return n;
}

static size_t read_tail(struct serial_log *log, uint8_t *buf, size_t len)
{
	size_t done = 0;

	while (done < len && log->tail_len) {
		size_t n = SERIAL_LOG_HALF - log->tail_at;

		if (n > log->tail_len)
			n = log->tail_len;
		if (n > len - done)
			n = len - done;
		memcpy(buf + done, log->tail + log->tail_at, n);
		log->tail_at = (log->tail_at + n) % SERIAL_LOG_HALF;
		log->tail_len -= n;
		done += n;
	}
	return done;
}

/* The reader sees the gap where it is; a note that does not fit waits for the next call. */
static size_t read_note(struct serial_log *log, uint8_t *buf, size_t len)
{
	char note[96];
	int n = snprintf(note, sizeof(note),
			 "\n[ktstr: %llu bytes of serial output were dropped here]\n",
			 (unsigned long long)log->dropped);

	if ((size_t)n > len)
		return 0;
	memcpy(buf, note, (size_t)n);
	log->dropped = 0;
	return (size_t)n;
}

/**
 * serial_log__read() - take the oldest bytes
 * @log: buffer
 * @buf: where to
 * @len: room in bytes; at least 96, or a note of a gap may never fit
 *
 * Context: the caller's lock.
 * Return: bytes taken, 0 when there are none.
 */
size_t serial_log__read(struct serial_log *log, void *buf, size_t len)
{
	uint8_t *at = buf;
	size_t done = read_head(log, at, len);

	if (log->head_at < log->head_len)
		return done;
	log->head_at = 0;
	log->head_len = 0;
	if (log->dropped) {
		size_t note = read_note(log, at + done, len - done);

		if (!note)
			return done;
		done += note;
	}
	return done + read_tail(log, at + done, len - done);
}

/** serial_log__pending() - is there anything to read? bytes, without notes of gaps */
size_t serial_log__pending(const struct serial_log *log)
{
	return log->head_len - log->head_at + log->tail_len;
}

/** serial_log__free() - give the halves back; the buffer is empty and usable again */
void serial_log__free(struct serial_log *log)
{
	free(log->head);
	free(log->tail);
	memset(log, 0, sizeof(*log));
}
