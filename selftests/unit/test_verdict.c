// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict: a perfect run first, then everything that can be wrong with it,
 * one thing at a time.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/report.h"
#include "host/scenario.h"
#include "host/verdict.h"
#include "kselftest_harness.h"

FIXTURE(verdict)
{
	struct plan plan;
	struct evidence *ev;
	struct verdict v;
};

static void phase(struct evidence *ev, enum ktstr_life_phase p, const char *reason)
{
	ev->phase = p;
	ev->phase_seen |= 1u << p;
	strcpy(ev->reason[p], reason);
}

static void worker(struct evidence *ev, const char *cgroup, uint32_t i)
{
	struct evidence_worker *w = &ev->workers[ev->nr_workers++];

	strcpy(w->cgroup, cgroup);
	w->worker = i;
	w->cpu_ns = 750 * 1000000ull;
	w->wall_ns = 3000 * 1000000ull;
	w->iterations = 1000;
	w->max_gap_ns = 10 * 1000000ull;
}

/* scx_simple, two cgroups over two CPUs, two workers in each: all is well. */
FIXTURE_SETUP(verdict)
{
	const struct ktstr_topology t = { 1, 1, 2, 1 };
	struct evidence *ev = evidence__new(NULL);

	memset(&self->plan, 0, sizeof(self->plan));
	ASSERT_NE(NULL, ev);
	self->ev = ev;
	self->plan.scenario = "steady";
	self->plan.duration_ms = 3000;
	ASSERT_EQ(0, scenario__find("steady")->build(&t, &self->plan, NULL));
	ASSERT_EQ(0, strv__add(&self->plan.sched, "/ktstr/bin/scx_simple"));
	ev->has_helo = ev->has_ready = ev->has_test = ev->has_exit = true;
	ev->helo.nr_cpus = 2;
	phase(ev, KTSTR_LIFE_INIT, "");
	phase(ev, KTSTR_LIFE_SCHED_ATTACHED, "simple");
	phase(ev, KTSTR_LIFE_PAYLOAD, "");
	ev->start.seen = ev->end.seen = true;
	ev->start.time_ns = 1000000000ull;
	ev->end.time_ns = 4000000000ull;
	strcpy(ev->start.sched.state, "enabled");
	strcpy(ev->start.sched.ops, "simple");
	ev->start.sched.enable_seq = 1;
	ev->end.sched = ev->start.sched;
	for (uint32_t i = 0; i < 2; i++) {
		worker(ev, "a", i);
		worker(ev, "b", i);
	}
	ev->machine_end = VMM_END_RESET;
	ev->frames.frames = 20;
	self->plan.events = KTSTR_WISH_AUTO;
	ev->events = (struct events_result){
		.has_info = true, .path = KTSTR_EVENTS_MODULE, .nr_cpus = 2, .emitted = 300,
		.sent = 300, .received = 300, .measured = true, .complete = true,
	};
}

FIXTURE_TEARDOWN(verdict)
{
	plan__free(&self->plan);
	free(self->ev);
}

#define JUDGE(_status, _kind) do {							\
	verdict__judge(&self->v, &self->plan, self->ev, &verdict_default_limits);	\
	EXPECT_EQ(_status, self->v.status) TH_LOG("%s", self->v.reason);		\
	EXPECT_EQ(_kind, self->v.kind)							\
		TH_LOG("%s: %s", verdict__kind_name(self->v.kind), self->v.reason);	\
} while (0)

#define EXPECT_REASON(_text) EXPECT_NE(NULL, strstr(self->v.reason, _text)) TH_LOG("%s", self->v.reason)

TEST_F(verdict, a_perfect_run_passes_every_check)
{
	JUDGE(VERDICT_PASS, KIND_OK);
	for (int i = 0; i < CHECK_NR; i++) {
		EXPECT_TRUE(self->v.checks[i].applies);
		EXPECT_EQ(VERDICT_PASS, self->v.checks[i].status);
		EXPECT_NE('\0', self->v.checks[i].reason[0]);
	}
}

TEST_F(verdict, nothing_at_all_is_a_failed_boot)
{
	struct evidence *empty = evidence__new(NULL);

	empty->machine_end = VMM_END_RESET;
	verdict__judge(&self->v, &self->plan, empty, &verdict_default_limits);
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

TEST_F(verdict, the_off_cpu_bound_is_exact)
{
	self->ev->workers[1].max_gap_ns = verdict_default_limits.off_cpu_ns;
	JUDGE(VERDICT_PASS, KIND_OK);
	self->ev->workers[1].max_gap_ns++;
	JUDGE(VERDICT_FAIL, KIND_STARVED);
	EXPECT_REASON("b/0");
}

TEST_F(verdict, steal_makes_a_long_gap_inconclusive)
{
	/* 10 % of 2 CPUs for 3 s is 600 ms. */
	self->ev->workers[1].max_gap_ns = 900000000ull;
	self->ev->end.steal_ns = 600000000ull;
	JUDGE(VERDICT_FAIL, KIND_STARVED);
	self->ev->end.steal_ns = 600000001ull;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_STARVED);
	EXPECT_REASON("10.0 %");
	/* Steal alone is no reason to doubt a bound that held. */
	self->ev->workers[1].max_gap_ns = 1000;
	JUDGE(VERDICT_PASS, KIND_OK);
}

TEST_F(verdict, running_outside_of_the_cpuset_fails)
{
	self->ev->workers[2].off_cpuset = 1;
	JUDGE(VERDICT_FAIL, KIND_OFF_CPUSET);
}

TEST_F(verdict, shares_are_judged_at_twenty_points)
{
	for (int pct = 0; pct <= 100; pct++) {
		for (int i = 0; i < 4; i++)
			self->ev->workers[i].cpu_ns = 1 + 1000000ull * (i % 2 ? 100 - pct : pct);
		verdict__judge(&self->v, &self->plan, self->ev, &verdict_default_limits);
		EXPECT_EQ(pct < 30 || pct > 70 ? VERDICT_FAIL : VERDICT_PASS,
			  self->v.checks[CHECK_SHARES].status) TH_LOG("%d %%", pct);
	}
}

TEST_F(verdict, shares_are_no_question_when_nothing_is_shared)
{
	const struct ktstr_topology t = { 1, 2, 1, 1 };

	ASSERT_EQ(0, scenario__find("steady")->build(&t, &self->plan, NULL));
	EXPECT_STREQ("0", self->plan.cgroups[0].cpuset);
	EXPECT_STREQ("1", self->plan.cgroups[1].cpuset);
	verdict__plan_checks(&self->v, &self->plan);
	EXPECT_FALSE(self->v.checks[CHECK_SHARES].applies);
}

static void dmsg(struct evidence *ev, const char *log)
{
	struct assembler_frame f = {
		.type = KTSTR_T_DMSG, .data = (const uint8_t *)log, .len = strlen(log),
	};

	evidence__frame(ev, &f);
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
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_EQ(VERDICT_INCONCLUSIVE, self->v.checks[CHECK_KERNEL_LOG].status);
	EXPECT_REASON("5 records");
	/* A splat that was seen is a failure all the same. */
	dmsg(self->ev, "<4,9,1>WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2\n");
	JUDGE(VERDICT_FAIL, KIND_SPLAT);
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

/* The events of a run: nobody asked, none to be had, lost, and accounts that are wrong. */
TEST_F(verdict, events_are_no_question_when_nobody_asked)
{
	self->plan.events = KTSTR_WISH_OFF;
	memset(&self->ev->events, 0, sizeof(self->ev->events));
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_FALSE(self->v.checks[CHECK_EVENTS].applies);
}

TEST_F(verdict, a_guest_without_a_path_for_events_is_judged_by_the_rest)
{
	memset(&self->ev->events, 0, sizeof(self->ev->events));
	self->ev->events.has_info = true;
	strcpy(self->ev->events.notes, "no BTF in this kernel\nanother line\n");
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_EQ(VERDICT_SKIP, self->v.checks[CHECK_EVENTS].status);
	EXPECT_EQ(KIND_NO_EVENTS, self->v.checks[CHECK_EVENTS].kind);
	EXPECT_STREQ("the guest has no path for scheduler events: no BTF in this kernel; another line",
		     self->v.checks[CHECK_EVENTS].reason);
	self->ev->events.notes[0] = '\0';
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_STREQ("the guest has no path for scheduler events: it does not say why",
		     self->v.checks[CHECK_EVENTS].reason);
}

TEST_F(verdict, who_insists_on_a_path_gets_it_or_an_environment_error)
{
	static const enum ktstr_events_wish wishes[] = { KTSTR_WISH_MODULE, KTSTR_WISH_BPF };

	for (uint32_t wish = 0; wish < 2; wish++)
		for (uint32_t path = KTSTR_EVENTS_OFF; path <= KTSTR_EVENTS_BPF; path++) {
			bool met = path == wish + KTSTR_EVENTS_MODULE;

			self->plan.events = wishes[wish];
			self->ev->events.path = path;
			JUDGE(met ? VERDICT_PASS : VERDICT_ENV, met ? KIND_OK : KIND_ENV);
		}
}

TEST_F(verdict, a_guest_that_never_speaks_of_events_is_inconclusive)
{
	memset(&self->ev->events, 0, sizeof(self->ev->events));
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_REASON("never said");
}

TEST_F(verdict, lost_events_make_it_inconclusive_with_numbers)
{
	struct events_result *r = &self->ev->events;

	r->lost = r->lost_window = 7;
	r->worst_cpu = 1;
	r->cpus[1] = (struct events_cpu){ .emitted = 150, .lost = 7 };
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST);
	EXPECT_REASON("of 300 scheduler events 7 were lost, 7 of them in the window");
	EXPECT_REASON("CPU 1: 7 of 150");
	r->lost_window = 0;
	r->lost_untold = 7;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST);
	EXPECT_REASON("7 nobody knows when");
}

TEST_F(verdict, a_part_of_the_events_is_called_so)
{
	self->ev->events.partial = true;
	self->ev->events.inconsistent = 9;
	/* That is not for the guest to choose. */
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_REASON("was asked for all");
	self->plan.events_cpus = "1";
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_STREQ("all 300 scheduler events that were asked for came by path module, none was lost in the window (0 outside), every CPU's account balances",
		     self->v.checks[CHECK_EVENTS].reason);
	self->ev->events.complete = false;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST);
}

TEST_F(verdict, events_lost_outside_of_the_window_are_told_and_no_more)
{
	self->ev->events.lost = 7;
	JUDGE(VERDICT_PASS, KIND_OK);
	EXPECT_NE(NULL, strstr(self->v.checks[CHECK_EVENTS].reason, "(7 outside)"))
		TH_LOG("%s", self->v.checks[CHECK_EVENTS].reason);
}

TEST_F(verdict, an_account_that_does_not_balance_fails)
{
	struct events_result *r = &self->ev->events;

	r->lost = r->lost_window = 7;	/* and outranks what was lost */
	r->unbalanced = 1;
	r->unbalanced_cpu = 1;
	r->cpus[1] = (struct events_cpu){ .emitted = 100, .sent = 90, .lost = 7 };
	JUDGE(VERDICT_FAIL, KIND_EVENTS_UNBALANCED);
	EXPECT_REASON("CPU 1 does not balance (1 CPUs in all): 100 events emitted, but 90 sent and 7 lost");
	r->unbalanced = 0;
	r->unexplained = 2;
	r->unexplained_cpu = 1;
	r->cpus[1].received = 89;
	JUDGE(VERDICT_FAIL, KIND_EVENTS_UNBALANCED);
	EXPECT_REASON("90 events sent, but 89 received");
}

TEST_F(verdict, events_that_cannot_be_trusted_are_inconclusive)
{
	struct events_result *r = &self->ev->events, good = *r;

	r->explained = 1;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST);
	*r = good;
	r->not_final = 1;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	*r = good;
	r->no_memory = true;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	for (int i = 0; i < 4; i++) {
		*r = good;
		(&r->repeated)[i] = 1;
		JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
		EXPECT_REASON("1 frames about scheduler events");
	}
	*r = good;
	r->measured = false;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	*r = good;
	r->complete = false;
	r->late = 3;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVENTS_LOST);
	EXPECT_REASON("3 events late");
}

TEST_F(verdict, a_run_that_was_not_complete_is_not_judged_by_its_events)
{
	self->ev->has_exit = self->ev->has_test = self->ev->end.seen = false;
	self->ev->machine_end = VMM_END_TRIPLE_FAULT;
	self->ev->events.not_final = 2;
	JUDGE(VERDICT_CRASH, KIND_TRIPLE_FAULT);
	EXPECT_EQ(VERDICT_SKIP, self->v.checks[CHECK_EVENTS].status);
	EXPECT_EQ(KIND_NOT_REACHED, self->v.checks[CHECK_EVENTS].kind);
}

TEST_HARNESS_MAIN
