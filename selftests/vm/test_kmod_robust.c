// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr.ko in a guest, again and again: what it does under load, while CPUs and programs
 * come and go, when readers die. The cases are in guest_kmod_robust.c. With
 * KTSTR_FULL=1 each takes its full number of rounds.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kmod_fixture.h"

/* Records that one program makes, at every context switch or perf event. */
static void expect_only(struct __test_metadata *_metadata, const struct kmod_pages *r,
			unsigned long long id, unsigned long long arg)
{
	size_t i;

	for (i = 0; i < r->nr; i++) {
		const struct ktstr_ev_mark *m = &r->rec[i].mark;

		if (m->id == KTSTR_MARK_LOST)
			continue;
		ASSERT_EQ(id, m->id) TH_LOG("record %zu", i);
		ASSERT_EQ(arg, m->arg) TH_LOG("record %zu", i);
	}
}

TEST_F_TIMEOUT(kmod, programs_come_and_go_as_events_stream, KMOD_LIMIT(1790))
{
	run_case(_metadata, self, "1,1,2,1", "attach", times(30, 1000), 1790);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, 2);
	expect_only(_metadata, self->got, 9, 10);
	EXPECT_LT(0, self->got->nr);
}

TEST_F_TIMEOUT(kmod, two_pages_are_enough_for_every_context, KMOD_LIMIT(110))
{
	run_case(_metadata, self, "1,1,4,1", "two_pages", KMOD_MAX_CPUS, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, KMOD_MAX_CPUS);
	expect_sources(_metadata, self);
}

TEST_F_TIMEOUT(kmod, a_cpu_comes_and_goes_as_events_stream, KMOD_LIMIT(590))
{
	run_case(_metadata, self, "1,1,2,1", "stream_hotplug", times(5, 100), 590);
	expect_fair_server_at_most(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, 2);
}

#define STALL_US	1200000	/* a fair server's period and some more */
#define GAP_US		400000	/* between two, at most */

/*
 * A process that stops this one, and the machine with it, again and again. It looks for
 * SIGTERM when this one runs: killed at any time, it might leave it stopped.
 */
static pid_t stall_machine(void)
{
	pid_t machine = getpid(), pid;
	unsigned int seed = 1;
	sigset_t term, pending;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_BLOCK, &term, NULL);
	while (!sigpending(&pending) && !sigismember(&pending, SIGTERM)) {
		kill(machine, SIGSTOP);
		usleep(STALL_US);
		kill(machine, SIGCONT);
		usleep(1 + rand_r(&seed) % GAP_US);
	}
	_exit(0);
}

/*
 * What the two tests of hotplug tolerate is the kernel's own: with ktstr.ko not even
 * loaded it says the same when the machine stands still, and nothing that they do not.
 */
TEST_F_TIMEOUT(kmod, without_it_the_kernel_warns_of_its_fair_server_too, KMOD_LIMIT(590))
{
	struct splats s;
	pid_t pid;

	boot_case(_metadata, self, "1,1,4,1", "bare_hotplug", times(5, 40), 590);
	ASSERT_TRUE(vm__wait_text(self->vm, 2, "cycling\n"));
	pid = stall_machine();
	ASSERT_LT(0, pid);
	EXPECT_TRUE(vm__wait_end(self->vm));
	EXPECT_EQ(0, kill(pid, SIGTERM));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_TRUE(said_ok(self->vm->com[1])) TH_LOG("the guest said no \"ok\"");
	s = sort_splats(self->vm->com[1]);
	printf("# the fair server %u, watchdogs %u\n", s.fair_server, s.watchdog);
	EXPECT_EQ(0, s.other);
	EXPECT_EQ(NULL, strstr(self->vm->com[0], "Oops"));
}

TEST_F_TIMEOUT(kmod, a_killed_reader_takes_only_its_own_pages, KMOD_LIMIT(590))
{
	run_case(_metadata, self, "1,1,2,1", "killed", times(35, 1000), 590);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	EXPECT_LT(0, self->got->nr);
}

TEST_F_TIMEOUT(kmod, emits_from_a_perf_event, KMOD_LIMIT(110))
{
	const char *said;

	run_case(_metadata, self, "1,1,1,1", "perf", times(50, 5000), 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, 1);
	expect_only(_metadata, self->got, 11, 12);
	EXPECT_LE(50, self->got->nr);
	said = strstr(self->vm->com[1], "perf events were ");
	ASSERT_NE(NULL, said);
	printf("# %.*s\n", (int)strcspn(said, "\n"), said);
}

/* Or "no report" would mean nothing; and the kernel is the one that it is taken for. */
TEST_F_TIMEOUT(kmod, memory_that_is_read_after_it_was_freed_is_reported, KMOD_LIMIT(110))
{
	const char *report = KMOD_SPLAT "BUG: KASAN: ";

	run_case(_metadata, self, "1,1,1,1", "watched", 0, 110);
	EXPECT_EQ(is_watched(), strstr(self->vm->com[1], report) != NULL);
	EXPECT_EQ(is_watched(), strstr(self->vm->com[1], KMOD_LOCKDEP) != NULL);
}

TEST_HARNESS_MAIN
