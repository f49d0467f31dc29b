// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the run ended. The order of the questions matters: the machine's end and
 * our own interference outrank what the guest had said before them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "interrupt.h"
#include "verdict_end.h"

void verdict_set(struct verdict_check *c, enum verdict_status status, enum verdict_kind kind,
		 const char *fmt, ...)
{
	va_list ap;

	c->status = status;
	c->kind = kind;
	va_start(ap, fmt);
	vsnprintf(c->reason, sizeof(c->reason), fmt, ap);
	va_end(ap);
}

/* Where it ended, in words. */
static const char *last_phase(const struct evidence *ev)
{
	return evidence__phase_name(ev->phase);
}

static void judge_panic(struct verdict_check *c, const struct evidence *ev)
{
	if (strstr(ev->splats.panic, "Attempted to kill init"))
		verdict_set(c, VERDICT_CRASH, KIND_INIT_KILLED,
			    "init was killed in phase \"%s\": %s", last_phase(ev),
			    ev->splats.panic);
	else
		verdict_set(c, VERDICT_CRASH, KIND_PANIC,
			    "the kernel panicked in phase \"%s\": %s",
			    last_phase(ev), ev->splats.panic);
}

/* The machine ended and the guest had not said EXIT. */
static void judge_gone(struct verdict_check *c, const struct evidence *ev)
{
	const char *how = ev->machine_end == VMM_END_POWEROFF ? "powered off" : "rebooted";
	char com2[128];
	size_t len;
	const char *last = tail__lines(&ev->tail[EVIDENCE_COM2], 1, &len);

	text__clean(com2, sizeof(com2), last, len);
	if (ev->splats.panic[0])
		judge_panic(c, ev);
	else if (ev->machine_end == VMM_END_TRIPLE_FAULT)
		verdict_set(c, VERDICT_CRASH, KIND_TRIPLE_FAULT,
			    "a CPU of the guest triple faulted in phase \"%s\"", last_phase(ev));
	else if (ev->machine_end == VMM_END_ERROR)
		verdict_set(c, VERDICT_CRASH, KIND_KVM_ERROR,
			    "KVM could not go on in phase \"%s\": %s",
			    last_phase(ev), ev->machine_detail);
	else if (!ev->has_helo)
		verdict_set(c, VERDICT_CRASH, KIND_BOOT_FAILED,
			    "the guest %s before its init spoke%s%s", how,
			    *com2 ? ": " : "; the console log tells more", com2);
	else
		verdict_set(c, VERDICT_CRASH, KIND_GUEST_GONE,
			    "the guest %s by itself in phase \"%s\"%s%s", how, last_phase(ev),
			    *com2 ? ": " : "", com2);
}

static void describe_status(char *dst, size_t size, uint32_t wait_status)
{
	if (WIFSIGNALED(wait_status))
		snprintf(dst, size, "was killed by signal %d (%s)", WTERMSIG(wait_status),
			 strsignal(WTERMSIG(wait_status)));
	else
		snprintf(dst, size, "exited with status %d", WEXITSTATUS(wait_status));
}

/*
 * The kernel, or the scheduler's own BPF code, ended it: that is the cause, and what became
 * of its process a consequence. @then is the guest's account.
 */
static void set_exit(struct verdict_check *c, enum verdict_kind kind,
		     const struct sched_exit_facts *f, const char *when, const char *then)
{
	char why[288];

	verdict_set(c, VERDICT_FAIL, kind, "the scheduler died%s: %s%s%s", when,
		    sched_exit__describe(f, why, sizeof(why)), *then ? "; it " : "", then);
}

/* Its process ended while it was needed. */
static void judge_process(struct verdict_check *c, const struct evidence *ev,
			  const struct sched_exit_facts *f)
{
	bool attached = evidence__phase_seen(ev, KTSTR_LIFE_SCHED_ATTACHED);
	const char *why = ev->reason[KTSTR_LIFE_SCHED_DIED];
	char how[96], when[48];

	describe_status(how, sizeof(how), ev->sched_wait_status);
	if (sched_exit__by_itself(f)) {
		snprintf(when, sizeof(when), " in mid-run, %.2f s after its start",
			 ev->sched_ran_ns / 1e9);
		return set_exit(c, attached ? KIND_SCHED_DIED : KIND_SCHED_DIED_AT_START, f,
				attached ? when : " at start, before it attached", how);
	}
	/* The guest's reason is worth a place only if it says more than the status. */
	if (!strncmp(why, how, strlen(how)))
		why = "";
	if (attached)
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_DIED,
			    "the scheduler %s in mid-run, %.2f s after its start%s%s", how,
			    ev->sched_ran_ns / 1e9, *why ? ": " : "", why);
	else
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_DIED_AT_START,
			    "the scheduler %s at start, before it attached", how);
}

/* Died before the window, died in it, was thrown out, never came. */
static bool judge_sched(struct verdict_check *c, const struct evidence *ev)
{
	bool attached = evidence__phase_seen(ev, KTSTR_LIFE_SCHED_ATTACHED);
	const char *why = ev->reason[KTSTR_LIFE_SCHED_DIED];
	struct sched_exit_facts f;

	sched_exit__facts(&ev->sched_exit, &f);
	if (evidence__phase_seen(ev, KTSTR_LIFE_SCHED_NOT_ATTACHED))
		verdict_set(c, VERDICT_FAIL, KIND_SCHED_NOT_ATTACHED,
			    "the scheduler did not attach: %s",
			    ev->reason[KTSTR_LIFE_SCHED_NOT_ATTACHED]);
	else if (!evidence__phase_seen(ev, KTSTR_LIFE_SCHED_DIED) &&
		 !evidence__sched_failed(ev))
		return false;
	else if (ev->has_sched_exit && !ev->sched_expected)
		judge_process(c, ev, &f);
	else if (sched_exit__by_itself(&f))
		set_exit(c, attached ? KIND_SCHED_DETACHED : KIND_SCHED_DIED_AT_START, &f,
			 attached ? "" : " at start, before it attached", why);
	else
		verdict_set(c, VERDICT_FAIL, attached ? KIND_SCHED_DETACHED :
			    KIND_SCHED_DIED_AT_START, "the scheduler %s", why);
	return true;
}

/* Of frames that were lost its result may have been one. */
static void set_no_result(struct verdict_check *c, const struct verdict_check *whole,
			  const struct evidence *ev)
{
	bool lost = whole->status != VERDICT_PASS;

	verdict_set(c, lost ? VERDICT_INCONCLUSIVE : VERDICT_FAIL,
		    lost ? KIND_EVIDENCE_LOST : KIND_GUEST_FAILED,
		    "the guest ended in phase \"%s\" without a result%s%s", last_phase(ev),
		    lost ? "; but " : "", lost ? whole->reason : "");
}

static void judge_goodbye(struct verdict_check *c, const struct verdict_check *whole,
			  const struct plan *plan, const struct evidence *ev)
{
	bool said = ev->has_test && *ev->test_reason;

	if (evidence__phase_seen(ev, KTSTR_LIFE_ENV_ERROR) ||
	    (ev->has_test && ev->test_status == KTSTR_GUEST_ENV))
		verdict_set(c, VERDICT_ENV, KIND_ENV, "the guest cannot do this: %s",
			    said ? ev->test_reason : ev->reason[KTSTR_LIFE_ENV_ERROR]);
	else if (judge_sched(c, ev))
		return;
	else if (plan->scenario && !ev->has_test)
		set_no_result(c, whole, ev);
	else if (ev->has_test && ev->test_status == KTSTR_GUEST_FAILED)
		verdict_set(c, VERDICT_FAIL, KIND_GUEST_FAILED, "%s",
			    said ? ev->test_reason : "the guest failed and gave no reason");
	else if (ev->has_test && ev->test_status == KTSTR_GUEST_ABORTED)
		verdict_set(c, VERDICT_FAIL, KIND_GUEST_ABORTED, "the guest ended early: %s",
			    said ? ev->test_reason : "no reason was given");
	else
		verdict_set(c, VERDICT_PASS, KIND_OK, "the guest ran to its end");
}

static void judge_stop(struct verdict_check *c, const struct evidence *ev)
{
	if (ev->stop == EVIDENCE_STOP_INTERRUPTED)
		verdict_set(c, VERDICT_INTERRUPTED, KIND_INTERRUPTED, "interrupted by %s",
			    interrupt__name(ev->signal));
	else if (ev->splats.panic[0])
		judge_panic(c, ev);
	else if (ev->stop == EVIDENCE_STOP_SILENT)
		verdict_set(c, VERDICT_FAIL, KIND_HANG,
			    "timeout: no sign of life for %.1f s, the last phase was \"%s\"",
			    ev->silent_ns / 1e9, last_phase(ev));
	else
		verdict_set(c, VERDICT_FAIL, KIND_ENDLESS,
			    "timeout: the guest lives but did not finish, the last phase was \"%s\"",
			    last_phase(ev));
}

void verdict_end__judge(struct verdict_check *c, const struct verdict_check *whole,
			const struct plan *plan, const struct evidence *ev)
{
	bool decided = ev->stop == EVIDENCE_STOP_DECIDED && !ev->splats.panic[0];

	if (ev->stop == EVIDENCE_STOP_INTERRUPTED || (ev->stop && !decided && !ev->has_exit))
		judge_stop(c, ev);
	else if (!ev->has_exit && !decided)
		judge_gone(c, ev);
	else
		judge_goodbye(c, whole, plan, ev);
}
