// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler that kills PID 1: the kernel shields init from SIGKILL, so its
 * next instruction is made to fault instead, and the kernel panics as it does
 * when any init dies.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static int fail(const char *what)
{
	fprintf(stderr, "kill_init: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(void)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_ATTACH, 1, NULL, NULL))
		return fail("PTRACE_ATTACH");
	if (waitpid(1, NULL, __WALL) != 1)
		return fail("waitpid");
	if (ptrace(PTRACE_GETREGS, 1, NULL, &regs))
		return fail("PTRACE_GETREGS");
	regs.rip = 0;
	if (ptrace(PTRACE_SETREGS, 1, NULL, &regs))
		return fail("PTRACE_SETREGS");
	if (ptrace(PTRACE_DETACH, 1, NULL, NULL))
		return fail("PTRACE_DETACH");
	return 0;
}
