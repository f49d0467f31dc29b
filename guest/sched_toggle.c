// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running the command of "sched-disable".
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "clock.h"
#include "emit.h"
#include "sched_toggle.h"

static void say_end(const struct child *c, const char *name)
{
	int exec_error = child__exec_error(c);
	char how[128];

	if (exec_error)
		snprintf(how, sizeof(how), "cannot be executed: %s", strerror(exec_error));
	else
		wait_status__describe(c->status, how, sizeof(how));
	emit__life(KTSTR_LIFE_SHUTDOWN, "the command that disables the scheduler, %.200s, %s", name,
		   how);
}

void sched_toggle__run(char *const argv[], int out, uint32_t ms)
{
	static struct child c;
	int err = child__spawn(&c, argv, out, out);

	if (err) {
		emit__life(KTSTR_LIFE_SHUTDOWN, "cannot start a process for %.200s: %s", argv[0],
			   strerror(-err));
		return;
	}
	if (loop__until(child__is_dead, &c, deadline_ns(ms))) {
		child__kill_group(&c, SIGKILL);
		loop__until(child__is_dead, &c, deadline_ns(ms));
	}
	if (!c.dead)
		emit__life(KTSTR_LIFE_SHUTDOWN,
			   "the command that disables the scheduler survives SIGKILL");
	else if (c.status)
		say_end(&c, argv[0]);
	child__forget(&c);
}
