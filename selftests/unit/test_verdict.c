// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict: a perfect run first, then everything that can be wrong with it,
 * one thing at a time; test_verdict_events.c has what can be wrong with the events.
 */
#include <signal.h>
#include <string.h>

#include "host/report.h"
#include "verdict_case.h"

TEST_F(verdict, a_perfect_run_passes_every_check)
{
	JUDGE(VERDICT_PASS, KIND_OK);
	for (int i = 0; i < CHECK_NR; i++) {
		const struct verdict_check *c = &self->v.checks[i];

		EXPECT_EQ(i != CHECK_QUOTA && i != CHECK_BODY && i != CHECK_FAULTS, c->applies) TH_LOG("%s", c->name);
		if (!c->applies)
			continue;
		/* Nobody has given it the events themselves. */
		EXPECT_EQ(c->kind == KIND_NO_EVENTS ? VERDICT_SKIP : VERDICT_PASS, c->status)
			TH_LOG("%s: %s", c->name, c->reason);
		EXPECT_NE('\0', c->reason[0]);
	}
}

TEST_F(verdict, nothing_at_all_is_a_failed_boot)
{
	struct evidence *empty = evidence__new(NULL);

	empty->machine_end = VMM_END_RESET;
	verdict__judge(&self->v, &self->plan, empty, NULL);
	EXPECT_EQ(VERDICT_CRASH, self->v.status);
	EXPECT_EQ(KIND_BOOT_FAILED, self->v.kind);
	EXPECT_EQ(VERDICT_SKIP, self->v.checks[CHECK_SHARES].status);
	EXPECT_EQ(VERDICT_SKIP, self->v.checks[CHECK_PROGRESS].status);
	free(empty);
}

TEST_F(verdict, panic_is_a_crash_with_its_line)
{
	static const char log[] = "[    1.0] Kernel panic - not syncing: sysrq triggered crash\n";

	self->ev->has_exit = self->ev->has_test = self->ev->end.seen = false;
	evidence__serial(self->ev, 1, log, strlen(log));
	JUDGE(VERDICT_CRASH, KIND_PANIC);
	EXPECT_REASON("sysrq triggered crash");
	EXPECT_REASON("payload");
}

TEST_F(verdict, death_of_init_is_told_from_other_panics)
{
	static const char log[] =
		"[1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n";

	self->ev->has_exit = false;
	evidence__serial(self->ev, 1, log, strlen(log));
	JUDGE(VERDICT_CRASH, KIND_INIT_KILLED);
	EXPECT_REASON("kill init");
}

TEST_F(verdict, a_panic_while_we_waited_is_no_hang)
{
	static const char log[] = "[1.0] Kernel panic - not syncing: x\n";

	self->ev->has_exit = false;
	self->ev->stop = EVIDENCE_STOP_SILENT;
	evidence__serial(self->ev, 1, log, strlen(log));
	JUDGE(VERDICT_CRASH, KIND_PANIC);
}

TEST_F(verdict, ends_of_the_machine_are_told_apart)
{
	static const struct {
		enum vmm_end end;
		enum verdict_kind kind;
	} want[] = {
		{ VMM_END_RESET, KIND_GUEST_GONE },
		{ VMM_END_POWEROFF, KIND_GUEST_GONE },
		{ VMM_END_TRIPLE_FAULT, KIND_TRIPLE_FAULT },
		{ VMM_END_ERROR, KIND_KVM_ERROR },
	};

	self->ev->has_exit = false;
	strcpy(self->ev->machine_detail, "emulation failed");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		self->ev->machine_end = want[i].end;
		JUDGE(VERDICT_CRASH, want[i].kind);
		}
	EXPECT_REASON("emulation failed");
}

TEST_F(verdict, silence_is_a_timeout_with_the_last_phase)
{
	self->ev->has_exit = self->ev->has_test = self->ev->end.seen = false;
	self->ev->machine_end = VMM_END_NONE;
	self->ev->stop = EVIDENCE_STOP_SILENT;
	self->ev->silent_ns = 60000000000ull;
	JUDGE(VERDICT_FAIL, KIND_HANG);
	EXPECT_REASON("timeout");
	EXPECT_REASON("payload");
	EXPECT_REASON("60.0 s");
	self->ev->stop = EVIDENCE_STOP_ENDLESS;
	JUDGE(VERDICT_FAIL, KIND_ENDLESS);
}

TEST_F(verdict, an_interrupt_is_nobodys_fault)
{
	self->ev->stop = EVIDENCE_STOP_INTERRUPTED;
	self->ev->signal = SIGINT;
	self->ev->test_status = KTSTR_GUEST_ABORTED;
	JUDGE(VERDICT_INTERRUPTED, KIND_INTERRUPTED);
	EXPECT_STREQ("interrupted by SIGINT", self->v.reason);
}

TEST_F(verdict, the_guest_may_blame_its_environment)
{
	self->ev->test_status = KTSTR_GUEST_ENV;
	strcpy(self->ev->test_reason, "no cpuset controller");
	JUDGE(VERDICT_ENV, KIND_ENV);
	EXPECT_REASON("no cpuset controller");
}

TEST_F(verdict, deaths_of_the_scheduler_are_told_apart)
{
	self->ev->test_status = KTSTR_GUEST_FAILED;
	self->ev->has_sched_exit = true;
	self->ev->sched_wait_status = SIGTERM;
	phase(self->ev, KTSTR_LIFE_SCHED_DIED, "gone");
	JUDGE(VERDICT_FAIL, KIND_SCHED_DIED);
	EXPECT_REASON("signal 15");
	EXPECT_EQ(VERDICT_FAIL, self->v.checks[CHECK_SCHED].status);

	self->ev->sched_expected = true;
	JUDGE(VERDICT_FAIL, KIND_SCHED_DETACHED);

	self->ev->sched_expected = false;
	self->ev->phase_seen &= ~(1u << KTSTR_LIFE_SCHED_ATTACHED);
	self->ev->sched_wait_status = 7 << 8;
	JUDGE(VERDICT_FAIL, KIND_SCHED_DIED_AT_START);
	EXPECT_REASON("status 7");

	phase(self->ev, KTSTR_LIFE_SCHED_NOT_ATTACHED, "state is \"disabled\"");
	JUDGE(VERDICT_FAIL, KIND_SCHED_NOT_ATTACHED);
	EXPECT_REASON("not attach");
}

TEST_F(verdict, a_dead_scheduler_needs_no_goodbye)
{
	static const char log[] = "[1.0] Kernel panic - not syncing: x\n";

	self->ev->has_exit = self->ev->has_test = self->ev->end.seen = false;
	self->ev->machine_end = VMM_END_NONE;
	self->ev->stop = EVIDENCE_STOP_DECIDED;
	phase(self->ev, KTSTR_LIFE_SCHED_NOT_ATTACHED, "state is \"disabled\"");
	JUDGE(VERDICT_FAIL, KIND_SCHED_NOT_ATTACHED);
	EXPECT_EQ(VERDICT_FAIL, self->v.checks[CHECK_SCHED].status);
	evidence__serial(self->ev, 1, log, strlen(log));
	JUDGE(VERDICT_CRASH, KIND_PANIC);
}

TEST_F(verdict, a_scheduler_that_was_not_enabled_at_either_end_fails)
{
	strcpy(self->ev->start.sched.state, "disabled");
	JUDGE(VERDICT_FAIL, KIND_SCHED_DETACHED);
	strcpy(self->ev->start.sched.state, "enabled");
	strcpy(self->ev->end.sched.state, "disabling");
	JUDGE(VERDICT_FAIL, KIND_SCHED_DETACHED);
}

TEST_F(verdict, a_replaced_scheduler_fails)
{
	self->ev->end.sched.enable_seq = 2;
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
	self->ev->end.sched.enable_seq = 1;
	strcpy(self->ev->end.sched.ops, "qmap");
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
	self->ev->start.sched.ops[0] = self->ev->end.sched.ops[0] = '\0';
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
}

TEST_F(verdict, without_sched_none_may_be_enabled)
{
	strv__free(&self->plan.sched);
	JUDGE(VERDICT_FAIL, KIND_SCHED_UNASKED);
	strcpy(self->ev->start.sched.state, "disabled");
	strcpy(self->ev->end.sched.state, "disabled");
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_STREQ("sched_none", self->v.checks[CHECK_SCHED].name);
}

/* Of the events: programs for it there, one attach, nothing since. */
static void events_tell(struct evidence *ev)
{
	ev->events.sched = (struct events_sched){
		.told = true, .enables = 1, .enables_before = 1, .name = "simple",
	};
}

TEST_F(verdict, events_find_what_is_between_two_reads)
{
	events_tell(self->ev);
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_NE(NULL, strstr(self->v.checks[CHECK_SCHED].reason, "no event says otherwise"));
	/* Detached and attached anew, on a kernel without enable_seq. */
	self->ev->start.sched.enable_seq = self->ev->end.sched.enable_seq = 0;
	self->ev->events.sched.window_disables = 1;
	self->ev->events.sched.window_enables = 1;
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
	EXPECT_REASON("let go of the scheduler 1 times in the window");
	/* The record of one of the two is lost. */
	self->ev->events.sched.window_disables = 0;
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
	self->ev->events.sched.window_disables = 1;
	self->ev->events.sched.window_enables = 0;
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
	/* Nobody listened. */
	self->ev->events.sched.told = false;
	JUDGE(VERDICT_PASS, KIND_OK);
}

TEST_F(verdict, the_record_of_an_attach_may_come_late_but_only_once)
{
	events_tell(self->ev);
	self->ev->events.sched.enables_before = 0;
	self->ev->events.sched.window_enables = 1;
	JUDGE(VERDICT_PASS, KIND_OK);
	self->ev->events.sched.window_enables = 2;
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
}

TEST_F(verdict, events_and_sysfs_must_name_the_same)
{
	events_tell(self->ev);
	strcpy(self->ev->events.sched.name, "other");
	JUDGE(VERDICT_FAIL, KIND_SCHED_REPLACED);
	EXPECT_REASON("\"other\"");
	/* Names in records are cut. */
	strcpy(self->ev->start.sched.ops, "a_name_that_is_longer_than_a_record_holds");
	strcpy(self->ev->end.sched.ops, self->ev->start.sched.ops);
	memcpy(self->ev->events.sched.name, self->ev->start.sched.ops, 31);
	JUDGE(VERDICT_PASS, KIND_OK);
	self->ev->events.sched = (struct events_sched){ .told = true };
	JUDGE(VERDICT_INCONCLUSIVE, KIND_SCHED_UNPROVEN);
	EXPECT_REASON("no event told");
}

/* The test itself ends the scheduler and starts it again, 3 s after the window began. */
static void restart_in_window(FIXTURE_DATA(verdict) *self)
{
	struct plan *plan = &self->plan;
	struct ktstr_op *op = &plan->ops[plan->nr_ops];

	op[0] = *OP(KTSTR_V_SCHED_RESTART);
	op[1] = op[-1];
	plan->nr_ops += 2;
	op_did(self->ev, &op[0], 4000000000ull, 4000000000ull);
	op_did(self->ev, &op[1], 4000000000ull, 7000000000ull);
	self->ev->end.time_ns = 7000000000ull;
	self->ev->end.sched.enable_seq = 2;
	self->ev->events.sched.enables = 2;
	self->ev->events.sched.window_enables = self->ev->events.sched.window_disables = 1;
}

#define JUDGE_SCHED(_status, _kind) do {						\
	verdict__judge(&self->v, &self->plan, self->ev, NULL);				\
	EXPECT_EQ(VERDICT_PASS, self->v.checks[CHECK_COMPLETED].status);		\
	EXPECT_EQ(_status, self->v.checks[CHECK_SCHED].status)				\
		TH_LOG("%s", self->v.checks[CHECK_SCHED].reason);			\
	EXPECT_EQ(_kind, self->v.checks[CHECK_SCHED].kind);				\
} while (0)

TEST_F(verdict, records_may_tell_what_operations_did_and_no_more)
{
	struct events_sched *s = &self->ev->events.sched;

	events_tell(self->ev);
	restart_in_window(self);
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
	s->window_disables = 2;
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_REPLACED);
	s->window_disables = 1;
	s->window_enables = 2;
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_REPLACED);
	/* The first one's record came late. */
	s->enables_before = 0;
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
	s->window_enables = 3;
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_REPLACED);
	s->told = false;
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
	self->ev->end.sched.enable_seq = 3;
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_REPLACED);
}

#define DISABLED(_why)	"<3,5,9>sched_ext: BPF scheduler \"simple\" disabled (" _why ")\n"
#define UNREG		DISABLED("unregistered from user space")
#define ERROR		DISABLED("runtime error") "<3,6,9>sched_ext: simple: bad dsq\n"

static void log_anew(struct evidence *ev, const char *log)
{
	memset(&ev->sched_exit, 0, sizeof(ev->sched_exit));
	dmsg(ev, log);
}

/* The kernel lets go of it once, as it should, but not because it was told to. */
TEST_F(verdict, an_error_at_the_moment_of_an_operation_is_a_death)
{
	events_tell(self->ev);
	restart_in_window(self);
	log_anew(self->ev, UNREG);
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
	log_anew(self->ev, ERROR);
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_DIED);
	EXPECT_NE(NULL, strstr(self->v.checks[CHECK_SCHED].reason,
			       "was to take it away: runtime error (bad dsq)"))
		TH_LOG("%s", self->v.checks[CHECK_SCHED].reason);
	/* How it ended the second time is not known to be in the window. */
	log_anew(self->ev, UNREG ERROR);
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
	/* Without an operation the state and its count would tell; this one is of another. */
	self->ev->trace.nr -= 2;
	self->plan.nr_ops -= 2;
	self->ev->end.sched.enable_seq = 1;
	self->ev->events.sched.window_enables = self->ev->events.sched.window_disables = 0;
	log_anew(self->ev, ERROR);
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
}

TEST_F(verdict, an_error_of_a_scheduler_that_does_not_come_back_is_a_death)
{
	static const char trace[] =
		"  a-1  [000] d..1.  9.1: sched_ext_dump: a[1] triggered exit kind 1025:\n"
		"  a-1  [000] d..1.  9.1: sched_ext_dump:   scx_bpf_error (no)\n";
	struct plan *plan = &self->plan;

	events_tell(self->ev);
	restart_in_window(self);
	plan->ops[plan->nr_ops - 2].verb = KTSTR_V_SCHED_DETACH;
	self->ev->trace.steps[self->ev->trace.nr - 2].op.verb = KTSTR_V_SCHED_DETACH;
	self->ev->end.sched = (struct evidence_sched){ .state = "disabled", .enable_seq = 1 };
	self->ev->events.sched.window_enables = 0;
	log_anew(self->ev, UNREG);
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
	log_anew(self->ev, UNREG ERROR);
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_DIED);
	/* The trace tells it where the log does not. */
	log_anew(self->ev, "");
	sched_exit__feed(&self->ev->sched_exit, SCHED_EXIT_BY_TRACE, trace, strlen(trace));
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_DIED);
	EXPECT_NE(NULL, strstr(self->v.checks[CHECK_SCHED].reason, "scx_bpf_error (no)"));
}

TEST_F(verdict, a_visit_of_a_scheduler_nobody_asked_for_is_found)
{
	strv__free(&self->plan.sched);
	strcpy(self->ev->start.sched.state, "disabled");
	self->ev->start.sched.ops[0] = '\0';
	self->ev->end.sched = self->ev->start.sched;
	self->ev->events.sched.told = true;
	JUDGE(VERDICT_PASS, KIND_OK);
	self->ev->events.sched.window_enables = self->ev->events.sched.window_disables = 1;
	strcpy(self->ev->events.sched.name, "guest");
	JUDGE(VERDICT_FAIL, KIND_SCHED_UNASKED);
	/* Nobody listened; the kernel counts. */
	self->ev->events.sched = (struct events_sched){ .told = false };
	JUDGE(VERDICT_PASS, KIND_OK);
	self->ev->end.sched.enable_seq++;
	JUDGE(VERDICT_FAIL, KIND_SCHED_UNASKED);
	EXPECT_REASON("enable_seq went from 1 to 2");
}

TEST_F(verdict, a_death_has_the_kernels_reason)
{
	static const char log[] =
		"<3,5,9>sched_ext: BPF scheduler \"simple\" disabled (runnable task stall)\n"
		"<3,6,9>sched_ext: simple: a/0[77] failed to run for 3.100s\n";
	struct evidence *ev = self->ev;

	dmsg(ev, log);
	phase(ev, KTSTR_LIFE_SCHED_STARTING, "");
	phase(ev, KTSTR_LIFE_SCHED_DIED, "was detached while its process lives on");
	ev->end.seen = false;
	JUDGE(VERDICT_FAIL, KIND_SCHED_DETACHED);
	EXPECT_REASON("the scheduler died: runnable task stall (a/0[77] failed to run for 3.100s); it was detached");
	EXPECT_EQ(VERDICT_FAIL, self->v.checks[CHECK_SCHED].status);
	/* Its process went as well. */
	ev->has_sched_exit = true;
	ev->sched_ran_ns = 1500000000;
	JUDGE(VERDICT_FAIL, KIND_SCHED_DIED);
	EXPECT_REASON("the scheduler died in mid-run, 1.50 s after its start: runnable task stall (a/0[77] failed to run for 3.100s); it exited with status 0");
	/* That it was let go of says nothing that its process does not. */
	memset(&ev->sched_exit, 0, sizeof(ev->sched_exit));
	dmsg(ev, "<6,5,9>sched_ext: BPF scheduler \"simple\" disabled (unregistered from user space)\n");
	ev->sched_wait_status = SIGTERM;
	JUDGE(VERDICT_FAIL, KIND_SCHED_DIED);
	EXPECT_REASON("the scheduler was killed by signal 15");
}

TEST_F(verdict, a_death_that_only_the_kernel_tells_is_one)
{
	static const char trace[] =
		"  a-1  [000] d..1.  9.1: sched_ext_dump: a[1] triggered exit kind 1025:\n"
		"  a-1  [000] d..1.  9.1: sched_ext_dump:   scx_bpf_error (no)\n";
	struct evidence *ev = self->ev;

	dmsg(ev, "<3,5,9>sched_ext: BPF scheduler \"simple\" disabled (runtime error)\n");
	/* Nobody asked for it: a command of the guest's, say. */
	JUDGE(VERDICT_PASS, KIND_OK);
	phase(ev, KTSTR_LIFE_SCHED_STARTING, "");
	ev->has_exit = ev->has_test = ev->end.seen = false;
	ev->stop = EVIDENCE_STOP_DECIDED;
	JUDGE(VERDICT_FAIL, KIND_SCHED_DETACHED);
	EXPECT_REASON("the scheduler died: runtime error");
	/* The trace tells it before the log does. */
	memset(&ev->sched_exit, 0, sizeof(ev->sched_exit));
	EXPECT_FALSE(evidence__sched_failed(ev));
	sched_exit__feed(&ev->sched_exit, SCHED_EXIT_BY_TRACE, trace, strlen(trace));
	EXPECT_TRUE(evidence__sched_failed(ev));
	JUDGE(VERDICT_FAIL, KIND_SCHED_DETACHED);
	EXPECT_REASON("the scheduler died: scx_bpf_error (no)");
	/* What is an error after the window is none of it. */
	ev->end.seen = true;
	EXPECT_FALSE(evidence__sched_failed(ev));
}

TEST_F(verdict, workers_must_report_live_and_work)
{
	struct evidence_worker *w = &self->ev->workers[3];

	w->exit_status = 9;
	JUDGE(VERDICT_FAIL, KIND_WORKER_DIED);
	w->exit_status = 0;
	w->iterations = 0;
	JUDGE(VERDICT_FAIL, KIND_NO_PROGRESS);
	self->ev->nr_workers--;
	JUDGE(VERDICT_FAIL, KIND_WORKER_MISSING);
}

TEST_F(verdict, running_outside_of_the_cpuset_fails)
{
	self->ev->workers[2].off_cpuset = 1;
	JUDGE(VERDICT_FAIL, KIND_OFF_CPUSET);
}

TEST_F(verdict, a_splat_fails_even_a_perfect_run)
{
	dmsg(self->ev, "<4,100,1>WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2\n");
	JUDGE(VERDICT_FAIL, KIND_SPLAT);
	EXPECT_REASON("WARNING:");
}

TEST_F(verdict, an_incomplete_kernel_log_is_never_clean)
{
	dmsg(self->ev, "<12,7,0>" KTSTR_DMSG_INCOMPLETE "says a process\n");
	JUDGE(VERDICT_PASS, KIND_OK);
	dmsg(self->ev, "<4,8,0>" KTSTR_DMSG_INCOMPLETE "5 records were overwritten\n");
	JUDGE(VERDICT_FAIL, KIND_LOG_NOT_SCANNED);
	EXPECT_EQ(VERDICT_FAIL, self->v.checks[CHECK_KERNEL_LOG].status);
	EXPECT_REASON("5 records");
	/* A splat that was seen is a failure all the same. */
	dmsg(self->ev, "<4,9,1>WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2\n");
	JUDGE(VERDICT_FAIL, KIND_SPLAT);
}

TEST_F(verdict, a_kernel_log_that_never_came_is_never_clean)
{
	memset(&self->ev->tail[EVIDENCE_DMSG], 0, sizeof(self->ev->tail[0]));
	JUDGE(VERDICT_FAIL, KIND_LOG_NOT_SCANNED);
	EXPECT_REASON("the guest sent none");
	/* One that crashed before it could send it fails for that. */
	self->ev->has_exit = self->ev->has_test = self->ev->end.seen = false;
	JUDGE(VERDICT_CRASH, KIND_GUEST_GONE);
	EXPECT_EQ(VERDICT_SKIP, self->v.checks[CHECK_KERNEL_LOG].status);
}

TEST_F(verdict, files_about_splats_are_named)
{
	static const char allow[] = "2026-01-01 \"WARNING: *\" was known";
	static const char deny[] = "2026-12-01 \"*slow*\" must not be";
	struct splat_rules rules = { 0 };

	self->ev->splats.rules = &rules;
	ASSERT_EQ(0, splat_rules__parse(&rules, allow, strlen(allow), "a.txt", false, 20251231,
					NULL));
	dmsg(self->ev, "<4,9,1>WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2\n");
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_NE(NULL, strstr(self->v.checks[CHECK_KERNEL_LOG].reason, "1 lines that are allowed"));
	rules.rules[0].expired = true;
	dmsg(self->ev, "<4,9,1>WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2\n");
	JUDGE(VERDICT_FAIL, KIND_SPLAT);
	EXPECT_REASON("the entry a.txt:1 that allowed it expired after 2026-01-01");
	self->ev->splats.nr = 0;
	ASSERT_EQ(0, splat_rules__parse(&rules, deny, strlen(deny), "d.txt", true, 20260101, NULL));
	dmsg(self->ev, "<4,9,1>foo: slow path\n");
	JUDGE(VERDICT_FAIL, KIND_SPLAT);
	EXPECT_REASON("d.txt:1 denies it: must not be");
	splat_rules__free(&rules);
}

TEST_F(verdict, lost_evidence_is_inconclusive_whatever_was_lost)
{
	uint64_t *counters[] = {
		&self->ev->frames.lost, &self->ev->frames.corrupt, &self->ev->frames.skipped,
		&self->ev->frames.reordered, &self->ev->frames.unknown, &self->ev->malformed,
		&self->ev->residue,
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		*counters[i] = 1;
		JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
		*counters[i] = 0;
	}
	JUDGE(VERDICT_PASS, KIND_OK);
}

/* What did not come is the scheduler's fault only if all that was sent came. */
TEST_F(verdict, a_result_that_may_be_lost_is_no_failure)
{
	self->ev->has_test = false;
	JUDGE(VERDICT_FAIL, KIND_GUEST_FAILED);
	self->ev->frames.corrupt = 1;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_REASON("without a result; but of 20 frames 0 were lost, 1 corrupt");
	EXPECT_EQ(VERDICT_INCONCLUSIVE, self->v.checks[CHECK_COMPLETED].status);
	/* What it said itself is no loss. */
	self->ev->has_test = true;
	self->ev->test_status = KTSTR_GUEST_FAILED;
	JUDGE(VERDICT_FAIL, KIND_GUEST_FAILED);
}

TEST_F(verdict, accounts_that_may_be_lost_are_no_failure)
{
	const struct verdict_check *c = &self->v.checks[CHECK_PROGRESS];

	/* Of four, two of a cgroup. */
	self->ev->nr_workers = 3;
	JUDGE(VERDICT_FAIL, KIND_WORKER_MISSING);
	self->ev->frames.lost = 1;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_EQ(VERDICT_INCONCLUSIVE, c->status);
	EXPECT_NE(NULL, strstr(c->reason, "reported; but of 20 frames 1 were lost"))
		TH_LOG("%s", c->reason);
	/* Without them others seem to have got more than they should. */
	self->ev->nr_workers = 4;
	for (int i = 0; i < 4; i++) {
		struct evidence_worker *w = &self->ev->workers[i];

		if (strcmp(w->cgroup, self->ev->workers[0].cgroup))
			continue;
		w->cpu_ns = 1;
		w->wait_ns = 3000 * 1000000ull - 1;
	}
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_EQ(VERDICT_INCONCLUSIVE, self->v.checks[CHECK_SHARES].status);
	EXPECT_NE(NULL, strstr(self->v.checks[CHECK_SHARES].reason, "were lost"));
	self->ev->frames.lost = 0;
	JUDGE(VERDICT_FAIL, KIND_UNFAIR);
	/* A death that was told is one. */
	self->ev->frames.lost = 1;
	self->ev->workers[3].exit_status = 9;
	JUDGE(VERDICT_FAIL, KIND_WORKER_DIED);
}

TEST_F(verdict, operations_that_may_be_lost_do_not_convict_the_scheduler)
{
	events_tell(self->ev);
	restart_in_window(self);
	JUDGE_SCHED(VERDICT_PASS, KIND_OK);
	/* The restart and all behind it. */
	self->ev->trace.nr -= 2;
	JUDGE_SCHED(VERDICT_FAIL, KIND_SCHED_REPLACED);
	self->ev->workers[0].off_cpuset = 1;
	self->ev->frames.lost = 4;
	JUDGE_SCHED(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_EQ(VERDICT_INCONCLUSIVE, self->v.checks[CHECK_OPERATIONS].status);
	EXPECT_EQ(VERDICT_INCONCLUSIVE, self->v.checks[CHECK_CPUSET].status);
	EXPECT_EQ(VERDICT_INCONCLUSIVE, self->v.status);
}

TEST_F(verdict, a_driver_that_broke_the_rules_fails_the_run)
{
	self->ev->machine.driver_errors = 3;
	self->ev->machine.last_error = "notification of no queue";
	JUDGE(VERDICT_FAIL, KIND_DRIVER_BROKE);
	EXPECT_REASON("3 times (last: notification of no queue)");
	self->ev->machine.broken_queues = 1 << 5;
	self->ev->frames.lost = 1;
	JUDGE(VERDICT_FAIL, KIND_DRIVER_BROKE);
	EXPECT_REASON("3 times and ring 5 for good");
}

TEST_F(verdict, bytes_without_room_at_a_reset_are_lost_evidence)
{
	/* What a flood of the console loses is no evidence. */
	self->ev->machine.tx_dropped[KTSTR_PORT_CONSOLE] = 7;
	JUDGE(VERDICT_PASS, KIND_OK);
	self->ev->machine.tx_dropped[KTSTR_PORT_STATS] = 7;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_REASON("7 bytes");
}

TEST_F(verdict, what_was_not_read_is_lost_evidence)
{
	self->ev->unread = true;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_REASON("was not read");
}

TEST_F(verdict, a_lost_window_is_never_a_pass)
{
	self->ev->end.seen = false;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	self->ev->start.seen = false;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	self->ev->has_test = false;
	JUDGE(VERDICT_FAIL, KIND_GUEST_FAILED);
}

TEST_F(verdict, a_window_that_is_too_short_is_never_a_pass)
{
	self->ev->end.time_ns--;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_REASON("3.000 s");
	self->ev->end.time_ns = self->ev->start.time_ns - 1;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
}

TEST_F(verdict, a_failure_outranks_what_is_inconclusive)
{
	self->ev->frames.lost = 1;
	self->ev->workers[0].off_cpuset = 1;
	JUDGE(VERDICT_FAIL, KIND_OFF_CPUSET);
}

TEST_F(verdict, every_status_and_kind_has_a_name)
{
	for (int i = 0; i <= VERDICT_INTERRUPTED; i++)
		EXPECT_NE(NULL, verdict__status_name(i));
	for (int i = 0; i < KIND_NR; i++)
		EXPECT_NE(NULL, verdict__kind_name(i));
}

static int status_of(enum verdict_status a, enum verdict_status b)
{
	struct report_run runs[2] = { { .verdict.status = a }, { .verdict.status = b } };
	struct report r = { .runs = runs, .nr = 2 };

	return report__exit_status(&r, 2);
}

TEST(exit_status_is_that_of_the_gravest)
{
	EXPECT_EQ(0, status_of(VERDICT_PASS, VERDICT_PASS));
	EXPECT_EQ(0, status_of(VERDICT_PASS, VERDICT_SKIP));
	EXPECT_EQ(4, status_of(VERDICT_SKIP, VERDICT_SKIP));
	EXPECT_EQ(3, status_of(VERDICT_PASS, VERDICT_INCONCLUSIVE));
	EXPECT_EQ(3, status_of(VERDICT_SKIP, VERDICT_INCONCLUSIVE));
	EXPECT_EQ(1, status_of(VERDICT_FAIL, VERDICT_INCONCLUSIVE));
	EXPECT_EQ(1, status_of(VERDICT_PASS, VERDICT_CRASH));
	EXPECT_EQ(2, status_of(VERDICT_FAIL, VERDICT_ENV));
}

TEST_HARNESS_MAIN
