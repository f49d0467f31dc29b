/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port 2: a byte pipe to the scheduler's statistics socket.
 */
#ifndef GUEST_STATS_RELAY_H
#define GUEST_STATS_RELAY_H

/**
 * stats_relay__start() - pump bytes between port 2 and the socket in a thread of its own
 * @fd: port 2, non-blocking; owned by the thread from here on
 * @path: unix stream socket; connected to when a line from the host begins and there is no
 *	connection, so a scheduler may come, go and come again
 *
 * While there is no such socket, every line from the host is answered with
 * %KTSTR_STATS_NO_SOCKET. When a connection ends, every line that it left without an
 * answer is answered with %KTSTR_STATS_LOST; a line goes to one connection or to none.
 * Either side may take its time: one buffer each way is all that is held.
 * Return: 0 or a negative errno.
 */
int stats_relay__start(int fd, const char *path);

#endif /* GUEST_STATS_RELAY_H */
