// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the caller may have done to our process, made harmless.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
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

void process__be_child(pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);	/* it died before we asked to die with it */
	setpgid(0, 0);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		_exit(125);
}
