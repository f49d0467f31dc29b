// SPDX-License-Identifier: GPL-2.0-only
/* Load as hackbench makes it: bytes to and fro through pipes, processes that come and go. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest_kmod.h"

#define PER_LIFE	200	/* round trips that a partner lives for */

static pid_t groups[2 * NR_CPUS];
static unsigned int nr_groups;

/* Nobody outlives who it belongs to, even when that is killed. */
static pid_t fork_bound(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

static void echo(int from, int to)
{
	char c;

	while (read(from, &c, 1) == 1 && write(to, &c, 1) == 1)
		;
	_exit(0);
}

/* One partner's life. */
static void one_life(void)
{
	int to[2], from[2], i;
	char c = 0;
	pid_t pid;

	if (pipe(to) || pipe(from))
		_exit(1);
	pid = fork_bound();
	if (!pid) {
		close(to[1]);
		close(from[0]);
		echo(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	for (i = 0; i < PER_LIFE; i++)
		if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
			_exit(1);
	close(to[1]);
	close(from[0]);
	if (waitpid(pid, NULL, 0) != pid)
		_exit(1);
}

/* Before there are threads: two processes for each CPU, and their partners. */
void load_start(void)
{
	unsigned int i;

	nr_groups = 2 * sysconf(_SC_NPROCESSORS_ONLN);
	for (i = 0; i < nr_groups; i++) {
		groups[i] = fork_bound();
		NEED(groups[i] >= 0);
		while (!groups[i])
			one_life();
	}
}

/* All were at it until now: none has ended by itself. */
void load_stop(void)
{
	unsigned int i;
	int status;

	for (i = 0; i < nr_groups; i++)
		NEED(!waitpid(groups[i], NULL, WNOHANG) && !kill(groups[i], SIGKILL));
	for (i = 0; i < nr_groups; i++)
		NEED(waitpid(groups[i], &status, 0) == groups[i] && WIFSIGNALED(status));
	/* Their partners are PID 1's now. */
	while (wait(NULL) > 0)
		;
	NEED(errno == ECHILD);
	nr_groups = 0;
}
