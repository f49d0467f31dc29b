/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port 2: a byte pipe to the scheduler's statistics socket.
 */
#ifndef GUEST_STATS_RELAY_H
#define GUEST_STATS_RELAY_H

#define STATS_SOCKET		"/var/run/scx/root/stats"
#define STATS_NO_SOCKET		"{\"error\":\"no scheduler stats socket\"}\n"

/**
 * stats_relay__start() - pump bytes between port 2 and the socket in a thread of its own
 * @fd: port 2, non-blocking; owned by the thread from here on
 * @path: unix stream socket; connected to when the host sends something
 *
 * While there is no such socket, every line from the host is answered with
 * %STATS_NO_SOCKET.
 * Return: 0 or a negative errno.
 */
int stats_relay__start(int fd, const char *path);

#endif /* GUEST_STATS_RELAY_H */
