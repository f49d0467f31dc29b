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
#include "sched_state.h"
#include "uevent.h"

/*
 * sysfs has no event for the last steps: enable_seq is counted after the
 * uevent, and "disabled" is set after the kobject is gone. While one of these
 * is waited for, the state is read again this often.
 */
#define RECHECK_NS	(5 * NSEC_PER_MSEC)
#define STOP_MS		2000u	/* from SIGINT to SIGKILL */
#define LAST_WORDS_MS	300u	/* a detached scheduler says why before it exits */

static struct {
	struct child child;
	struct relay log;
	bool running;		/* child and log are in use */
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

static bool attach_over(void *arg)
{
	(void)arg;
	return was_enabled() || sched.child.dead || console_wake__shutdown();
}

static bool is_disabled(void *arg)
{
	(void)arg;
	return !sched_state__present(&sched.now) || sched_state__disabled(&sched.now);
}

static bool spawn(const struct guest_plan *plan, struct outcome *o)
{
	int err = relay__start(&sched.log, KTSTR_T_SLOG);

	if (!err) {
		err = child__spawn(&sched.child, plan->sched, sched.log.write_fd,
				   sched.log.write_fd);
		relay__started(&sched.log);
		if (err)
			relay__finish(&sched.log);
	}
	if (err) {
		outcome__set(o, KTSTR_GUEST_ENV, "the guest cannot start a process for %.200s: %s",
			     plan->sched[0], strerror(-err));
		return false;
	}
	sched.running = true;
	emit__life(KTSTR_LIFE_SCHED_STARTING, "%.200s", plan->sched[0]);
	return true;
}

/* All it wrote, then how it ended; then it is no longer there. */
static void report_exit(void)
{
	struct ktstr_sched_exit x = {
		.wait_status = htole32((uint32_t)sched.child.status),
		.expected = htole32(sched.expected),
		.ran_ns = htole64((uint64_t)(sched.child.died_ns - sched.child.started_ns)),
	};

	/* What it left behind in its process group is no longer of use. */
	child__kill_group(&sched.child, SIGKILL);
	relay__finish(&sched.log);
	sched_state__read(&x.state);
	bulk__send(KTSTR_T_SCDX, &x, sizeof(x));
	child__forget(&sched.child);
	sched.running = false;
}

static void died_before_attach(const struct guest_plan *plan, struct outcome *o)
{
	int exec_error = child__exec_error(&sched.child);
	char how[128];

	wait_status__describe(sched.child.status, how, sizeof(how));
	report_exit();
	if (exec_error) {
		emit__life(KTSTR_LIFE_ENV_ERROR, "cannot execute %.200s: %s", plan->sched[0],
			   strerror(exec_error));
		outcome__set(o, KTSTR_GUEST_ENV, "the guest cannot execute the scheduler %.200s: %s",
			     plan->sched[0], strerror(exec_error));
		return;
	}
	emit__life(KTSTR_LIFE_SCHED_DIED, "%s before it attached", how);
	outcome__set(o, KTSTR_GUEST_FAILED, "the scheduler %s before it attached", how);
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
	if (sched.child.dead) {
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
	sched.seq_before = sched.now.enable_seq;
	return spawn(plan, o) && wait_attached(plan, o);
}

bool sched__lost(void)
{
	return sched.attached && (sched.child.dead || sched.detached);
}

static void describe_loss(char *buf, size_t len)
{
	char how[128];

	if (sched.child.dead) {
		wait_status__describe(sched.child.status, how, sizeof(how));
		/* A killed process is the cause of the detach, an exiting one may be its effect. */
		snprintf(buf, len, "%s%s", sched.detached && WIFEXITED(sched.child.status) ?
			 "was detached and " : "", how);
	} else if (!sched_state__enabled(&sched.now)) {
		snprintf(buf, len, "was detached while its process lives on: sched_ext state is \"%s\"",
			 sched.now.state);
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
	loop__until(child__is_dead, &sched.child, deadline_ns(LAST_WORDS_MS));
	describe_loss(what, sizeof(what));
	if (sched.child.dead)
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

void sched__stop(void)
{
	if (!sched.running)
		return;
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
