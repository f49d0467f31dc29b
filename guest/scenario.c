// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scenario: cgroups, workers, and the judged window.
 */
#include <errno.h>

#include <ktstr/event.h>

#include "cgroup.h"
#include "child.h"
#include "clock.h"
#include "console_wake.h"
#include "events.h"
#include "loop.h"
#include "scenario.h"
#include "sched.h"
#include "sched_state.h"
#include "workers.h"

static bool window_broken(void *arg)
{
	(void)arg;
	return sched__lost() || workers__any_dead() || console_wake__shutdown();
}

/* Why it ended early, if it did. The scheduler comes first: the rest may be its doing. */
static void judge_end(struct outcome *o)
{
	char what[256];

	if (sched__lost())
		sched__report_loss(o);
	if (workers__dead(what, sizeof(what)))
		outcome__set(o, KTSTR_GUEST_FAILED, "%s during the window", what);
	if (console_wake__shutdown()) {
		emit__life(KTSTR_LIFE_SHUTDOWN, "the window ends now");
		outcome__set(o, KTSTR_GUEST_ABORTED, "the host ended the run");
	}
}

static void run_window(const struct guest_plan *plan, struct outcome *o)
{
	struct ktstr_sched_state state;
	int64_t end;

	emit__life(KTSTR_LIFE_PAYLOAD, "%u workers", plan->total_workers);
	sched_state__read(&state);
	events__scx_counters();
	events__mark(KTSTR_MARK_WINDOW_BEGIN, 0);
	emit__window(KTSTR_T_SCST, now_ns(), &state);
	loop__until(window_broken, NULL,
		    workers__start() + (int64_t)plan->duration_ms * NSEC_PER_MSEC);
	/* A death or a detach whose event is still on its way counts too. */
	child__reap();
	sched__check();
	end = now_ns();
	events__mark(KTSTR_MARK_WINDOW_END, 0);
	workers__freeze(end);
	events__scx_counters();
	sched_state__read(&state);
	judge_end(o);
	emit__window(KTSTR_T_SCEN, end, &state);
}

/* Set-up that failed: whose fault? */
static void judge_setup(int err, const struct ktstr_error *e, struct outcome *o)
{
	if (sched__lost())
		sched__report_loss(o);
	if (console_wake__shutdown())
		outcome__set(o, KTSTR_GUEST_ABORTED, "the host ended the run");
	/* These were the scheduler's to run, whichever it is. */
	if (err == -ETIMEDOUT || err == -ECHILD)
		outcome__set(o, KTSTR_GUEST_FAILED, "%s", e->msg);
	if (o->status == KTSTR_GUEST_DONE) {
		emit__life(KTSTR_LIFE_ENV_ERROR, "%s", e->msg);
		outcome__set(o, KTSTR_GUEST_ENV, "%s", e->msg);
	}
}

/* A scheduler that switches all tasks by itself needs no help of policy. */
static bool wants_ext_policy(void)
{
	struct ktstr_sched_state state;

	sched_state__read(&state);
	return sched_state__enabled(&state) && !state.switch_all;
}

void scenario__run(const struct guest_plan *plan, struct outcome *o)
{
	struct ktstr_error e = { "" };
	int err = cgroup__create_all(plan, &e);

	if (!err)
		err = workers__create(plan, wants_ext_policy(), &e);
	/* It may have been ejected for starving them, and its uevent be on the way. */
	sched__check();
	if (!err && sched__lost())
		err = -ECANCELED;
	if (err)
		judge_setup(err, &e, o);
	else
		run_window(plan, o);
	workers__destroy();
}
