// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command run in the guest for the host.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <ktstr/wire.h>

#include "bulk.h"
#include "child.h"
#include "clock.h"
#include "console_wake.h"
#include "exec.h"
#include "relay.h"
#include "sched.h"

#define STOP_MS		2000u	/* from SIGTERM to SIGKILL */
#define NOT_EXECUTED	127u	/* as shells have it */

static bool command_over(void *child)
{
	return child__is_dead(child) || sched__lost() || console_wake__shutdown();
}

static int spawn(const struct guest_plan *plan, struct child *c, struct relay *out, struct relay *err)
{
	int ret = relay__start(out, KTSTR_T_SOUT);

	if (ret)
		return ret;
	ret = relay__start(err, KTSTR_T_SERR);
	if (ret)
		goto finish_out;
	ret = child__spawn(c, plan->exec, out->write_fd, err->write_fd);
	if (ret)
		goto finish_err;
	relay__started(out);
	relay__started(err);
	return 0;

finish_err:
	relay__finish(err);
finish_out:
	relay__finish(out);
	return ret;
}

static void stop(struct child *c)
{
	child__kill_group(c, SIGTERM);
	if (!loop__until(child__is_dead, c, deadline_ns(STOP_MS)))
		return;
	child__kill_group(c, SIGKILL);
	loop__until(child__is_dead, c, deadline_ns(STOP_MS));
}

static void say_not_executed(const struct guest_plan *plan, int err)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "ktstr: cannot execute %.200s in the guest: %s\n",
			 plan->exec[0], strerror(err));

	bulk__send(KTSTR_T_SERR, text, (size_t)n);
}

static uint32_t exit_code(const struct child *c)
{
	if (WIFSIGNALED(c->status))
		return 128u + (uint32_t)WTERMSIG(c->status);
	return (uint32_t)WEXITSTATUS(c->status);
}

static void wait_command(struct child *c, struct outcome *o)
{
	loop__until(command_over, c, LOOP_FOREVER);
	if (c->dead)
		return;
	if (sched__lost())
		sched__report_loss(o);
	if (console_wake__shutdown()) {
		emit__life(KTSTR_LIFE_SHUTDOWN, "the command is stopped");
		outcome__set(o, KTSTR_GUEST_ABORTED, "the host ended the run");
	}
	stop(c);
}

uint32_t exec__run(const struct guest_plan *plan, struct outcome *o)
{
	struct relay out = { 0 }, err = { 0 };	/* no head */
	static struct child c;
	int ret = spawn(plan, &c, &out, &err);
	uint32_t code;

	if (ret) {
		say_not_executed(plan, -ret);
		outcome__set(o, KTSTR_GUEST_ENV, "the guest cannot start a process for %.200s: %s",
			     plan->exec[0], strerror(-ret));
		return NOT_EXECUTED;
	}
	emit__life(KTSTR_LIFE_PAYLOAD, "%.200s", plan->exec[0]);
	wait_command(&c, o);
	relay__finish(&out);
	relay__finish(&err);
	if (child__exec_error(&c))
		say_not_executed(plan, child__exec_error(&c));
	if (c.dead)
		emit__exec_exit(c.status);
	else
		emit__life(KTSTR_LIFE_SHUTDOWN, "the command survives SIGKILL");
	code = exit_code(&c);
	/* What it left behind in its process group ends with it. */
	child__kill_group(&c, SIGKILL);
	child__forget(&c);
	return code;
}
