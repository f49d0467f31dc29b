// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines that must fail a test, and lines that only look like it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/splat.h"
#include "kselftest_harness.h"

FIXTURE(splat)
{
	struct splat_log *log;
};

FIXTURE_SETUP(splat)
{
	self->log = calloc(1, sizeof(*self->log));
	ASSERT_NE(NULL, self->log);
}

FIXTURE_TEARDOWN(splat)
{
	free(self->log);
}

TEST(splats_are_recognised)
{
	static const struct {
		enum splat_kind kind;
		const char *text;
	} lines[] = {
		{ SPLAT_WARNING, "WARNING: CPU: 1 PID: 42 at kernel/sched/ext.c:123 foo+0x1/0x2" },
		{ SPLAT_BUG, "BUG: scheduling while atomic: swapper/0/0/0x00000002" },
		{ SPLAT_BUG, "BUG: kernel NULL pointer dereference, address: 0000000000000000" },
		{ SPLAT_BUG, "kernel BUG at mm/slub.c:1!" },
		{ SPLAT_OOPS, "Oops: 0002 [#1] PREEMPT SMP NOPTI" },
		{ SPLAT_LOCKDEP, "WARNING: possible circular locking dependency detected" },
		{ SPLAT_LOCKDEP, "WARNING: inconsistent lock state" },
		{ SPLAT_LOCKDEP, "WARNING: possible recursive locking detected" },
		{ SPLAT_LOCKDEP, "WARNING: suspicious RCU usage" },
		{ SPLAT_RCU_STALL, "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:" },
		{ SPLAT_RCU_STALL, "rcu: INFO: rcu_sched self-detected stall on CPU" },
		{ SPLAT_HUNG_TASK, "INFO: task kworker/0:1:11 blocked for more than 120 seconds." },
		{ SPLAT_LOCKUP, "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [a:1]" },
		{ SPLAT_LOCKUP, "watchdog: Watchdog detected hard LOCKUP on cpu 0" },
		{ SPLAT_LOCKUP, "BUG: workqueue lockup - pool cpus=0 node=0" },
		{ SPLAT_FAULT, "general protection fault, probably for non-canonical address" },
		{ SPLAT_FAULT, "Oops: general protection fault, maybe for address 0x0" },
		{ SPLAT_SANITIZER, "BUG: KASAN: slab-out-of-bounds in foo+0x1/0x2" },
		{ SPLAT_SANITIZER, "UBSAN: shift-out-of-bounds in lib/x.c:1:2" },
		{ SPLAT_PANIC, "Kernel panic - not syncing: Fatal exception" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(lines[i].kind, splat__classify(lines[i].text))
			TH_LOG("%s", lines[i].text);
	}
}

TEST(harmless_lines_are_left_alone)
{
	static const char * const lines[] = {
		"", "Linux version 6.12.0", "sched_ext: BPF scheduler \"simple\" enabled",
		"clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable",
		"Kernel command line: quiet panic=-1 WARNING: oops", "task blocked for more than 3 seconds",
		"debug: unwind_user_stack BUG is fixed", "rcu: Hierarchical RCU implementation.",
		"NMI watchdog: Enabled.", "panic=-1", "INFO: task list",
		"traps: foo[123] general protection fault ip:401136 sp:7ffd error:0 in foo[401000+1000]",
		"foo[123]: segfault at 0 ip 0000000000401136 sp 00007ffd error 6 in foo[401000+1000]",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(SPLAT_NONE, splat__classify(lines[i]))
			TH_LOG("%s", lines[i]);
	}
}

static const char warning[] = "WARNING: CPU: 0 PID: 1 at a.c:1";

TEST_F(splat, every_cut_of_the_stream_finds_it_once)
{
	char text[128];
	size_t len = snprintf(text, sizeof(text), "<6,1,1>boot\n<4,2,3>%s\n<6,3,4>on\n", warning);

	for (size_t i = 0; i <= len; i++) {
		memset(self->log, 0, sizeof(*self->log));
		splat__feed(self->log, SPLAT_FROM_DMSG, text, i);
		splat__feed(self->log, SPLAT_FROM_DMSG, text + i, len - i);
		ASSERT_EQ(1, self->log->nr);
		EXPECT_STREQ(warning, self->log->splats[0].text);
	}
}

TEST_F(splat, the_same_line_from_both_sources_counts_once)
{
	char text[128];

	splat__feed(self->log, SPLAT_FROM_DMSG, text,
		    snprintf(text, sizeof(text), "<4,2,3>%s\n", warning));
	splat__feed(self->log, SPLAT_FROM_COM1, text,
		    snprintf(text, sizeof(text), "[    0.1][    T1] %s\r\n", warning));
	EXPECT_EQ(1, self->log->nr);
	splat__feed(self->log, SPLAT_FROM_DMSG, text,
		    snprintf(text, sizeof(text), "<4,3,3>%s\n", warning));
	EXPECT_EQ(2, self->log->nr);
}

TEST_F(splat, user_space_cannot_forge_one)
{
	static const char text[] = "<12,7,9>WARNING: CPU: 0 PID: 1 at a.c:1\n";

	splat__feed(self->log, SPLAT_FROM_DMSG, text, strlen(text));
	EXPECT_EQ(0, self->log->nr);
}

TEST_F(splat, a_panic_without_its_newline_is_found_at_the_end)
{
	static const char text[] = "[1.0] Kernel panic - not syncing: cut";

	splat__feed(self->log, SPLAT_FROM_COM1, text, strlen(text));
	EXPECT_EQ(0, self->log->nr);
	splat__finish(self->log);
	EXPECT_EQ(1, self->log->nr);
	EXPECT_STREQ("Kernel panic - not syncing: cut", self->log->panic);
}

/* Of the kernel log it would not be the last: a console follows it at its own speed. */
TEST_F(splat, the_end_of_a_panic_is_that_of_its_console)
{
	static const char panic[] = "[1.0] Kernel panic - not syncing: x\n";
	static const char log[] = "<0,7,9>---[ end Kernel panic - not syncing: x ]---\n";
	static const char end[] = "[1.2] ---[ end Kernel panic - not syncing: x ]---\n";

	splat__feed(self->log, SPLAT_FROM_COM1, end, strlen(end));
	EXPECT_FALSE(self->log->panic_ended) TH_LOG("nothing had panicked");
	splat__feed(self->log, SPLAT_FROM_COM1, panic, strlen(panic));
	splat__feed(self->log, SPLAT_FROM_DMSG, log, strlen(log));
	EXPECT_FALSE(self->log->panic_ended);
	splat__feed(self->log, SPLAT_FROM_COM1, end, strlen(end) - 1);
	EXPECT_FALSE(self->log->panic_ended) TH_LOG("its line is not whole");
	splat__feed(self->log, SPLAT_FROM_COM1, "\n", 1);
	EXPECT_TRUE(self->log->panic_ended);
	EXPECT_EQ(1, self->log->nr);
}

TEST_F(splat, more_than_fit_are_counted)
{
	char text[64];

	for (int i = 0; i < 100; i++)
		splat__feed(self->log, SPLAT_FROM_COM1, text,
			    snprintf(text, sizeof(text), "BUG: number %d\n", i));
	EXPECT_EQ(100, self->log->nr);
}

TEST_F(splat, endless_lines_and_control_bytes_are_survived)
{
	char *text = malloc(1 << 20);

	memset(text, 0x1b, 1 << 20);
	memcpy(text, "BUG: ", 5);
	splat__feed(self->log, SPLAT_FROM_COM1, text, 1 << 20);
	splat__finish(self->log);
	EXPECT_EQ(1, self->log->nr);
	EXPECT_EQ(NULL, strchr(self->log->splats[0].text, 0x1b));
	free(text);
}

TEST_HARNESS_MAIN
