/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of the BPF ring buffers on their way to port 1: copied into frames. For
 * kernels that have no ktstr.ko.
 */
#ifndef GUEST_EVENT_PLAIN_H
#define GUEST_EVENT_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "bulk.h"

#define EVENT_PLAIN_WATERMARK	(64u << 10)	/* bytes of a CPU that are worth a wakeup */

/** event_plain__start() - be ready for the rings of bpf_load.h; return: 0 or a negative errno */
int event_plain__start(unsigned int nr_cpus);

/** event_plain__watch() - have the writer woken by full rings; return: 0 or a negative errno */
int event_plain__watch(void);

/**
 * event_plain__pump() - send what the rings hold; see struct bulk_source
 * @port_fd: port 1
 * @flush: whatever they hold; else only if one of them holds %EVENT_PLAIN_WATERMARK, or an
 *	earlier look has not come to its end
 */
enum bulk_pumped event_plain__pump(int port_fd, bool flush);

/** event_plain__idle() - is every record that was taken sent? */
bool event_plain__idle(void);

/** event_plain__sent() - records of @cpu that were sent */
uint64_t event_plain__sent(unsigned int cpu);

#endif /* GUEST_EVENT_PLAIN_H */
