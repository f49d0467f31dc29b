/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opening a virtio-console port that the driver may not have made yet.
 */
#ifndef GUEST_PORT_OPEN_H
#define GUEST_PORT_OPEN_H

#include <stdint.h>

/**
 * port_open() - open a port's device node, waiting for the node by inotify
 * @path: "/dev/vport0p1"
 * @deadline: CLOCK_MONOTONIC in nanoseconds
 *
 * Context: main thread.
 * Return: non-blocking descriptor, -ETIMEDOUT, or another negative errno.
 */
int port_open(const char *path, int64_t deadline);

#endif /* GUEST_PORT_OPEN_H */
