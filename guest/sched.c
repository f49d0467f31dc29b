// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler under test.
 */
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bulk.h"
#include "child.h"
#include "clock.h"
#include "console_wake.h"
#include "loop.h"
#include "relay.h"
#include "sched.h"
#include "sched_dump.h"
#include "sched_state.h"
#include "sched_toggle.h"
#include "uevent.h"

/*
 * sysfs has no event for the last steps: enable_seq is counted after the
 * uevent, and "disabled" is set after the kobject is gone. While one of these
 * is waited for, the state is read again this often.
 */
#define RECHECK_NS	(5 * NSEC_PER_MSEC)
#define STOP_MS		2000u	/* from SIGINT to SIGKILL */
#define LAST_WORDS_MS	100u	/* a detached scheduler says why before it exits */

static struct {
	struct child child;
	struct relay log;
	bool running;		/* child and log are in use */
	bool toggled;		/* child is a command that enables one, and may end */
	bool attached;
	bool detached;		/* it was attached, and the kernel says it is not, or not the same */
	bool expected;		/* we ended it */
	__le64 seq_before;
	struct ktstr_sched_state now;
	struct ktstr_sched_state at_attach;
	struct loop_watch recheck;
} sched = { .recheck.fd = -1 };

void sched__check(void)
{
	sched_state__read(&sched.now);
	if (!sched.attached || sched.expected)
		return;
	if (!sched_state__enabled(&sched.now) ||
	    sched.now.enable_seq != sched.at_attach.enable_seq)
		sched.detached = true;
}

void sched__tick(void)
{
	/* What is judged changes only with these, and each file costs an emulated CPU a lot. */
	if (!sched_state__same(&sched.now))
		sched__check();
}

static void recheck_ready(struct loop_watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) == sizeof(n))
		sched__check();
}

int sched__init(void)
{
	uevent__subscribe(sched__check);
	sched.recheck.ready = recheck_ready;
	sched.recheck.fd = loop__timer();
	if (sched.recheck.fd < 0)
		return sched.recheck.fd;
	return loop__add(&sched.recheck, EPOLLIN);
}

/* loop__until() with the state read again on a timer. */
static int wait_state(bool (*done)(void *arg), uint32_t ms)
{
	int err;

	loop__timer_set(sched.recheck.fd, RECHECK_NS);
	err = loop__until(done, NULL, deadline_ns(ms));
	loop__timer_set(sched.recheck.fd, 0);
	return err;
}

/* The kernel counts after it has enabled: also one that it ejected at once was attached. */
static bool was_enabled(void)
{
	return sched.now.enable_seq != sched.seq_before;
}

/* A command that enables a scheduler and ends has done its work, unless it says otherwise. */
static bool gave_up(void)
{
	return sched.child.dead && (!sched.toggled || sched.child.status);
}

static bool attach_over(void *arg)
{
	(void)arg;
	return was_enabled() || gave_up() || console_wake__shutdown();
}

static bool is_disabled(void *arg)
{
	(void)arg;
	return !sched_state__present(&sched.now) || sched_state__disabled(&sched.now);
}

static char **argv_of(const struct guest_plan *plan)
{
	return plan->sched ? plan->sched : plan->sched_enable;
}

static bool spawn(const struct guest_plan *plan, struct outcome *o)
{
	char **argv = argv_of(plan);
	int err = relay__start(&sched.log, KTSTR_T_SLOG);

	if (!err) {
		err = child__spawn(&sched.child, argv, sched.log.write_fd, sched.log.write_fd);
		/* The command that disables it will write there too. */
		if (!sched.toggled)
			relay__started(&sched.log);
		if (err)
			relay__finish(&sched.log);
	}
	if (err) {
		outcome__set(o, KTSTR_GUEST_ENV, "the guest cannot start a process for %.200s: %s",
			     argv[0], strerror(-err));
		return false;
	}
	sched.running = true;
	emit__life(KTSTR_LIFE_SCHED_STARTING, "%.200s", argv[0]);
	return true;
}

static void end_process(void)
{
	/* What it left behind in its process group is no longer of use. */
	child__kill_group(&sched.child, SIGKILL);
	relay__finish(&sched.log);
	child__forget(&sched.child);
	sched.running = false;
}

/* All it wrote, then how it ended; then it is no longer there. */
static void report_exit(void)
{
	struct ktstr_sched_exit x = {
		.wait_status = htole32((uint32_t)sched.child.status),
		.expected = htole32(sched.expected),
		.ran_ns = htole64((uint64_t)(sched.child.died_ns - sched.child.started_ns)),
	};

	end_process();
	/* How a command ended says nothing of the scheduler. */
	if (sched.toggled)
		return;
	sched_state__read(&x.state);
	bulk__send(KTSTR_T_SCDX, &x, sizeof(x));
}

static void died_before_attach(const struct guest_plan *plan, struct outcome *o)
{
	int exec_error = child__exec_error(&sched.child);
	char how[128];

	wait_status__describe(sched.child.status, how, sizeof(how));
	report_exit();
	if (exec_error) {
		emit__life(KTSTR_LIFE_ENV_ERROR, "cannot execute %.200s: %s", argv_of(plan)[0],
			   strerror(exec_error));
		outcome__set(o, KTSTR_GUEST_ENV, "the guest cannot execute the scheduler %.200s: %s",
			     argv_of(plan)[0], strerror(exec_error));
		return;
	}
	emit__life(KTSTR_LIFE_SCHED_DIED, sched.toggled ?
		   "was not enabled: its command %s" : "%s before it attached", how);
	outcome__set(o, KTSTR_GUEST_FAILED, sched.toggled ?
		     "the scheduler was not enabled: its command %s" :
		     "the scheduler %s before it attached", how);
}

static void did_not_attach(const struct guest_plan *plan, struct outcome *o)
{
	emit__life(KTSTR_LIFE_SCHED_NOT_ATTACHED, "state \"%s\", ops \"%s\" after %u ms",
		   sched.now.state, sched.now.ops, plan->sched_timeout_ms);
	outcome__set(o, KTSTR_GUEST_FAILED,
		     "the scheduler did not attach within %u ms: sched_ext state is \"%s\"",
		     plan->sched_timeout_ms, sched.now.state);
}

static bool attached(struct outcome *o)
{
	sched.at_attach = sched.now;
	sched.attached = true;
	emit__life(KTSTR_LIFE_SCHED_ATTACHED, "%s", sched.now.ops);
	sched__check();
	if (sched__lost())
		sched__report_loss(o);
	return sched.attached;
}

static bool wait_attached(const struct guest_plan *plan, struct outcome *o)
{
	int err = wait_state(attach_over, plan->sched_timeout_ms);

	/* Again: the state was read before the count and may be older than it. */
	sched_state__read(&sched.now);
	if (was_enabled())
		return attached(o);
	if (gave_up()) {
		died_before_attach(plan, o);
		return false;
	}
	if (err) {
		did_not_attach(plan, o);
	} else {
		emit__life(KTSTR_LIFE_SHUTDOWN, "the scheduler is not waited for any longer");
		outcome__set(o, KTSTR_GUEST_ABORTED,
			     "the host ended the run before the scheduler attached");
	}
	return false;
}

bool sched__start(const struct guest_plan *plan, struct outcome *o)
{
	sched_state__read(&sched.now);
	if (!sched_state__present(&sched.now)) {
		emit__life(KTSTR_LIFE_ENV_ERROR, "this kernel has no sched_ext");
		outcome__set(o, KTSTR_GUEST_ENV,
			     "this kernel has no sched_ext: build it with CONFIG_SCHED_CLASS_EXT=y");
		return false;
	}
	/* An operation may have ended another one before. */
	sched.attached = sched.detached = sched.expected = false;
	sched.seq_before = sched.now.enable_seq;
	sched.toggled = !plan->sched;
	sched_dump__start();
	return spawn(plan, o) && wait_attached(plan, o);
}

bool sched__lost(void)
{
	return sched.attached && ((sched.child.dead && !sched.toggled) || sched.detached);
}

static void describe_loss(char *buf, size_t len)
{
	char how[128];

	if (sched.child.dead && !sched.toggled) {
		wait_status__describe(sched.child.status, how, sizeof(how));
		/* A killed process is the cause of the detach, an exiting one may be its effect. */
		snprintf(buf, len, "%s%s", sched.detached && WIFEXITED(sched.child.status) ?
			 "was detached and " : "", how);
	} else if (!sched_state__enabled(&sched.now)) {
		snprintf(buf, len, "was detached%s: sched_ext state is \"%s\"",
			 sched.toggled ? "" : " while its process lives on", sched.now.state);
	} else {
		snprintf(buf, len, "was attached anew: enable_seq went from %llu to %llu",
			 (unsigned long long)le64toh(sched.at_attach.enable_seq),
			 (unsigned long long)le64toh(sched.now.enable_seq));
	}
}

void sched__report_loss(struct outcome *o)
{
	char what[256];

	/*
	 * A process that is killed drops its scheduler first, and one whose
	 * scheduler was ejected says why before it exits: give it that moment.
	 */
	if (!sched.toggled)
		loop__until(child__is_dead, &sched.child, deadline_ns(LAST_WORDS_MS));
	describe_loss(what, sizeof(what));
	if (sched.child.dead && !sched.toggled)
		report_exit();
	emit__life(KTSTR_LIFE_SCHED_DIED, "%s", what);
	outcome__set(o, KTSTR_GUEST_FAILED, "the scheduler %s", what);
	sched.attached = false;
}

static void stop_process(void)
{
	if (sched.child.dead)
		return;
	sched.expected = true;
	child__kill_group(&sched.child, SIGINT);
	if (!loop__until(child__is_dead, &sched.child, deadline_ns(STOP_MS)))
		return;
	emit__life(KTSTR_LIFE_SHUTDOWN, "the scheduler did not exit on SIGINT and is killed");
	child__kill_group(&sched.child, SIGKILL);
	loop__until(child__is_dead, &sched.child, deadline_ns(STOP_MS));
}

/*
 * What the commands left behind is killed in any case: a scheduler that hangs on a process
 * goes with it.
 */
static void switch_off(const struct guest_plan *plan, struct outcome *o)
{
	sched.expected = true;
	if (plan->sched_disable)
		sched_toggle__run(plan->sched_disable, sched.log.write_fd, STOP_MS);
	else
		child__kill_group(&sched.child, SIGINT);
	sched_state__read(&sched.now);
	if (wait_state(is_disabled, STOP_MS) && plan->sched_disable)
		outcome__set(o, KTSTR_GUEST_FAILED,
			     "the scheduler \"%s\" is still there %u ms after the command that disables it",
			     sched.now.ops, STOP_MS);
	end_process();
	wait_state(is_disabled, STOP_MS);
}

static void stop(const struct guest_plan *plan, struct outcome *o)
{
	if (!sched.running)
		return;
	if (sched.toggled) {
		switch_off(plan, o);
		sched.attached = false;
		return;
	}
	stop_process();
	if (!sched.child.dead) {
		emit__life(KTSTR_LIFE_SHUTDOWN, "the scheduler survives SIGKILL");
		return;
	}
	/* The last reference to its link may be dropped a moment after its death. */
	sched_state__read(&sched.now);
	wait_state(is_disabled, STOP_MS);
	report_exit();
	sched.attached = false;
}

void sched__stop(const struct guest_plan *plan, struct outcome *o)
{
	stop(plan, o);
	sched_dump__finish();
}
