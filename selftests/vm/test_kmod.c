// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr.ko in a guest: the cases of guest_kmod*.c, one guest each. The guest checks
 * what it can see; what leaves it, pages on port 1 and text on COM2, is checked here.
 */
#include "kmod_fixture.h"

#define LEAK_KIB	4096	/* processes come and go beside it */

TEST_F_TIMEOUT(kmod, loads_and_unloads, KMOD_LIMIT(1790))
{
	unsigned long before, after;
	const char *said;

	run_case(_metadata, self, "1,1,2,1", "load_unload", times(50, 1000), 1790);
	expect_no_splat(_metadata, self);
	said = strstr(self->vm->com[1], "free KiB");
	ASSERT_NE(NULL, said);
	ASSERT_EQ(2, sscanf(said, "free KiB before %lu after %lu", &before, &after));
	/* Buffers that stayed would be 512 KiB each time; KASAN keeps what was freed. */
	if (!is_watched())
		EXPECT_GT(after + LEAK_KIB, before);
}

TEST_F_TIMEOUT(kmod, counts_what_two_pages_cannot_hold, KMOD_LIMIT(110))
{
	unsigned long long next[KMOD_MAX_CPUS] = {}, lost[KMOD_MAX_CPUS] = {};
	struct account a;
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "account", 2, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, 2);
	/* The oldest are there, then a hole of the size that the mark says, then the rest. */
	for (i = 0; i < self->got->nr; i++) {
		const struct kmod_record *rec = &self->got->rec[i];

		if (rec->mark.id == KTSTR_MARK_LOST) {
			EXPECT_EQ(0, lost[rec->cpu]);
			lost[rec->cpu] = rec->mark.arg;
			next[rec->cpu] += rec->mark.arg;
			continue;
		}
		ASSERT_EQ(rec->cpu, rec->mark.id);
		ASSERT_EQ(next[rec->cpu], rec->mark.arg) TH_LOG("record %zu", i);
		next[rec->cpu]++;
	}
	for (i = 0; i < 2; i++) {
		get_account(_metadata, self->vm->com[1], i, &a);
		EXPECT_NE(0, lost[i]);
		EXPECT_EQ(a.lost, lost[i]);
		EXPECT_EQ(1010, next[i]);
	}
}

TEST_F_TIMEOUT(kmod, emits_from_every_context_while_others_read, KMOD_LIMIT(110))
{
	size_t i, by_splice = 0;

	run_case(_metadata, self, "1,1,4,1", "contexts", KMOD_MAX_CPUS, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, KMOD_MAX_CPUS);
	expect_sources(_metadata, self);
	for (i = 0; i < self->got->nr; i++)
		by_splice += self->got->rec[i].kind == KMOD_SPLICE;
	EXPECT_NE(0, by_splice);
	EXPECT_NE(self->got->nr, by_splice);
}

TEST_F_TIMEOUT(kmod, read_and_splice_give_the_same_pages, KMOD_LIMIT(110))
{
	unsigned long long next[2] = {};
	size_t i;

	run_case(_metadata, self, "1,1,1,1", "splice", 500, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	for (i = 0; i < self->got->nr; i++)
		ASSERT_EQ(next[self->got->rec[i].cpu]++, self->got->rec[i].mark.arg);
	EXPECT_EQ(500, next[0]);
	EXPECT_EQ(500, next[1]);
	EXPECT_LT(4, self->got->pages);
}

TEST_F_TIMEOUT(kmod, wakes_readers_at_the_watermark, KMOD_LIMIT(110))
{
	run_case(_metadata, self, "1,1,2,1", "poll", 6000, 110);
	expect_no_splat(_metadata, self);
}

TEST_F_TIMEOUT(kmod, is_not_unloaded_while_somebody_needs_it, KMOD_LIMIT(110))
{
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "busy", 3, 110);
	expect_no_splat(_metadata, self);
	/* The page that stayed in the pipe, each time. */
	ASSERT_EQ(3, self->got->nr);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, self->got->rec[i].mark.arg);
}

TEST_F_TIMEOUT(kmod, keeps_count_while_a_cpu_comes_and_goes, KMOD_LIMIT(590))
{
	struct account a;
	int cpu;

	run_case(_metadata, self, "1,1,4,1", "hotplug", times(5, 50), 590);
	expect_fair_server_at_most(_metadata, self);
	/* The guest has seen that they are even; here that they are not empty. */
	for (cpu = 0; cpu < KMOD_MAX_CPUS; cpu++) {
		get_account(_metadata, self->vm->com[1], cpu, &a);
		EXPECT_NE(0, a.read) TH_LOG("CPU %d", cpu);
	}
}

TEST_F_TIMEOUT(kmod, refuses_what_makes_no_sense, KMOD_LIMIT(110))
{
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "bad", 0, 110);
	expect_no_splat(_metadata, self);
	/* No page was lost to a bad address. */
	ASSERT_EQ(300, self->got->nr);
	for (i = 0; i < 300; i++)
		EXPECT_EQ(i, self->got->rec[i].mark.arg);
}

TEST_F_TIMEOUT(kmod, knows_its_kernel_and_its_clocks, KMOD_LIMIT(110))
{
	run_case(_metadata, self, "1,1,2,1", "facts", 200, 110);
	expect_no_splat(_metadata, self);
}

TEST_F_TIMEOUT(kmod, bpf_programs_emit, KMOD_LIMIT(110))
{
	unsigned long long called = 0, switched[KMOD_MAX_CPUS] = {};
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "bpf", 20, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, 2);
	for (i = 0; i < self->got->nr; i++) {
		const struct kmod_record *rec = &self->got->rec[i];

		if (rec->mark.id == 7 && rec->mark.arg == 8)
			called++;
		else if (rec->mark.id == 9 && rec->mark.arg == 10)
			switched[rec->cpu]++;
		else
			ASSERT_EQ(KTSTR_MARK_LOST, rec->mark.id);
	}
	EXPECT_EQ(1, called);
	EXPECT_LE(20, switched[0]);
	EXPECT_LE(20, switched[1]);
}

/* Pages of the spins come in order, two marks and an interrupt's record each. */
static void expect_interrupt(struct __test_metadata *_metadata, const struct kmod_pages *r,
			     unsigned int kind, bool within)
{
	size_t i, start = r->nr, end = r->nr, irq = r->nr;

	for (i = 0; i < r->nr; i++) {
		if (r->rec[i].mark.id == (KTSTR_MARK_STIM_START | kind))
			start = i;
		else if (r->rec[i].mark.id == (KTSTR_MARK_STIM_END | kind))
			end = i;
		else if (start < i && r->rec[i].mark.id == 0xa && irq == r->nr)
			irq = i;
	}
	ASSERT_LT(start, r->nr) TH_LOG("no start of %u", kind);
	ASSERT_LT(end, r->nr) TH_LOG("no end of %u", kind);
	ASSERT_LT(irq, r->nr) TH_LOG("no interrupt at %u", kind);
	EXPECT_LT(start, end);
	EXPECT_EQ(within, irq < end) TH_LOG("kind %u: start %zu irq %zu end %zu", kind, start,
					    irq, end);
	EXPECT_EQ(1000000000ull, r->rec[start].mark.arg);
	EXPECT_LE(1000000000ull, r->rec[end].mark.arg);
	EXPECT_LE(1000000000ull, r->rec[end].ts - r->rec[start].ts);
}

TEST_F_TIMEOUT(kmod, stimuli_do_what_they_say, KMOD_LIMIT(170))
{
	run_case(_metadata, self, "1,1,2,1", "stimulus", 1000, 170);
	expect_interrupt(_metadata, self->got, KTSTR_STIM_SPIN_PREEMPT, true);
	expect_interrupt(_metadata, self->got, KTSTR_STIM_SPIN_IRQ, false);
	expect_interrupt(_metadata, self->got, KTSTR_STIM_SPIN_SOFTIRQ, true);
	EXPECT_NE(NULL, strstr(self->vm->com[1], "a warning that was asked for"));
	EXPECT_NE(NULL, strstr(self->vm->com[1], KMOD_SPLAT "WARNING: CPU: 0 PID: 1 at "));
}

TEST_F_TIMEOUT(kmod, says_on_com2_why_the_kernel_panics, KMOD_LIMIT(110))
{
	const char *text, *end;

	boot_case(_metadata, self, "1,1,2,1", "panic", 1, 110);
	ASSERT_TRUE(vm__wait_text(self->vm, 2, KTSTR_PANIC_END));
	ASSERT_TRUE(vm__wait_end(self->vm));
	text = strstr(self->vm->com[1],
		      "\n" KTSTR_PANIC_BEGIN "ktstr: a panic that was asked for\n");
	ASSERT_NE(NULL, text);
	end = strstr(text, KTSTR_PANIC_END);
	ASSERT_NE(NULL, end);
	EXPECT_NE(NULL, strstr(text, "comm init"));
	/* The way it came: this module's, a system call's. */
	EXPECT_NE(NULL, strstr(text, "ktstr:  panic_now+0x"));
	EXPECT_NE(NULL, strstr(text, "ktstr:  ktstr_ioctl+0x"));
	EXPECT_NE(NULL, strstr(text, "ktstr:  do_syscall_64+0x"));
	EXPECT_FALSE(said_ok(self->vm->com[1]));
}

TEST_F_TIMEOUT(kmod, does_not_panic_unless_loaded_for_it, KMOD_LIMIT(110))
{
	run_case(_metadata, self, "1,1,1,1", "panic", 0, 110);
	expect_no_splat(_metadata, self);
	EXPECT_EQ(NULL, strstr(self->vm->com[1], KTSTR_PANIC_BEGIN));
}

TEST_HARNESS_MAIN
