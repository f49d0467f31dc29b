/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Signalling an eventfd.
 */
#ifndef VMM_EVENT_H
#define VMM_EVENT_H

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/**
 * event_signal() - add 1 to an eventfd
 * @fd: eventfd, or negative for nobody
 *
 * A counter at its maximum (EAGAIN) already says what there is to say.
 */
static inline void event_signal(int fd)
{
	const uint64_t one = 1;
	ssize_t n;

	if (fd < 0)
		return;
	do {
		n = write(fd, &one, sizeof(one));
	} while (n < 0 && errno == EINTR);
}

#endif /* VMM_EVENT_H */
