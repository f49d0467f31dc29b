// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict on the events of a run: nobody asked, none to be had, lost, and accounts
 * that are wrong.
 */
#include <string.h>

#include "verdict_case.h"

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

TEST_F(verdict, a_clock_that_stood_still_makes_it_inconclusive_with_numbers)
{
	self->ev->events.nr_stills = 7;
	self->ev->events.still_ns = 1514822911;
	JUDGE(VERDICT_INCONCLUSIVE, KIND_EVIDENCE_LOST);
	EXPECT_REASON("stood still 7 times and jumped by 1514.8 ms in all");
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
