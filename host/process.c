// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the caller may have done to our process, made harmless.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "process.h"

int process__prepare(void)
{
	int fd;

	/* The lowest free number is taken, so the closed ones are filled in order. */
	do {
		fd = open("/dev/null", O_RDONLY);
		if (fd < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	close(fd);
	signal(SIGXFSZ, SIG_IGN);
	return 0;
}
