/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of ktstr.ko on their way to port 1: spliced, so nothing copies them here.
 *
 * Linux's virtio_console takes a pipe's pages out before it knows whether its ring
 * has a descriptor for each, and loses them if not; and it wants the whole pipe at
 * once. One page at a time is always safe: a port that is writable has one free.
 */
#ifndef GUEST_EVENT_PAGES_H
#define GUEST_EVENT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "bulk.h"

#define EVENT_PAGES_WATERMARK	(64u << 10)	/* bytes of a CPU that are worth a wakeup */

/**
 * event_pages__start() - open every CPU's buffer
 * @nr_cpus: CPUs are numbered below this; those that cannot be are left out
 * @page_size: of struct ktstr_dev_info
 * @watermark: bytes at which the writer of port 1 is woken, at most half of a buffer
 *
 * Return: 0 or a negative errno.
 */
int event_pages__start(unsigned int nr_cpus, uint32_t page_size, uint64_t watermark);

/**
 * event_pages__pump() - send pages; see struct bulk_source
 * @port_fd: port 1
 * @flush: those that are not full too
 *
 * With recording off every page counts as full. What was begun with @flush goes on
 * in later calls until every CPU had its turn.
 */
enum bulk_pumped event_pages__pump(int port_fd, bool flush);

/** event_pages__idle() - is no page and no part of a frame waiting in here? */
bool event_pages__idle(void);

#endif /* GUEST_EVENT_PAGES_H */
