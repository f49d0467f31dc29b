// SPDX-License-Identifier: GPL-2.0-only
/*
 * The breakdown of a boot: what the host knows, what a guest says, and what a guest
 * could say that is not so.
 */
#include <stdlib.h>
#include <string.h>

#include "host/boot_times.h"
#include "host/evidence.h"
#include "kselftest_harness.h"

#define MS		1000000ull
#define EXEC		(1000 * MS)	/* CLOCK_MONOTONIC when main() began */
#define OFFSET		(0ull - 5000000000ull)	/* guest TSC less host TSC */
#define HOST_CYCLES	6000000000ull	/* when the machine's clocks were read */
#define KHZ		2000000u

FIXTURE(boot)
{
	struct evidence *ev;
	struct boot_times bt;
};

/* 20 ms of preparing, 30 of creating (25 of loading), 5 to the first instruction. */
FIXTURE_SETUP(boot)
{
	struct evidence *ev = evidence__new(NULL);

	ASSERT_NE(NULL, ev);
	ev->create_ns = EXEC + 20 * MS;
	ev->machine.create_ns = 30 * MS;
	ev->machine.load_ns = 25 * MS;
	ev->machine.first_run_ns = EXEC + 55 * MS;
	ev->clock.machine = (struct vmm_clock){
		.valid = VMM_CLOCK_OFFSET | VMM_CLOCK_KHZ | VMM_CLOCK_BEFORE,
		.tsc_offset = OFFSET, .tsc_khz = KHZ,
		.before = {
			.host = { .cycles = HOST_CYCLES, .mono_ns = EXEC + 53 * MS },
			.kvm_ns = 31 * MS,
		},
	};
	ev->log_zero_ns = 53 * MS;		/* 22 ms after the clocks were read: at 75 */
	ev->has_helo = true;
	ev->helo.valid = KTSTR_HELO_INIT_CYCLES;
	ev->helo.init_cycles = HOST_CYCLES + OFFSET + 47 * KHZ;		/* at 100 */
	ev->has_ready = true;
	ev->ready_ns = EXEC + 110 * MS;
	self->ev = ev;
}

FIXTURE_TEARDOWN(boot)
{
	free(self->ev);
}

static void get(struct boot_times *bt, const struct evidence *ev)
{
	boot_times__get(bt, EXEC, ev);
}

TEST_F(boot, every_step_is_where_its_clock_says)
{
	static const uint64_t want[BOOT_STEPS] = {
		[BOOT_PREPARE] = 20, [BOOT_KVM] = 5, [BOOT_LOAD] = 25, [BOOT_FIRST] = 5,
		[BOOT_START_KERNEL] = 20, [BOOT_INIT] = 25, [BOOT_READY] = 10,
	};
	uint64_t sum = 0;

	get(&self->bt, self->ev);
	EXPECT_EQ((1u << BOOT_STEPS) - 1, self->bt.known);
	for (int i = 0; i < BOOT_STEPS; i++) {
		EXPECT_EQ(want[i] * MS, self->bt.took_ns[i]) TH_LOG("%s", boot_times__name(i));
		sum += self->bt.took_ns[i];
	}
	EXPECT_EQ(110 * MS, self->bt.total_ns);
	EXPECT_EQ(sum, self->bt.total_ns);
}

TEST_F(boot, what_is_missing_goes_to_the_next_step_that_is_known)
{
	self->ev->log_zero_ns = 0;
	get(&self->bt, self->ev);
	EXPECT_FALSE(boot_times__has(&self->bt, BOOT_START_KERNEL));
	EXPECT_EQ(45 * MS, self->bt.took_ns[BOOT_INIT]);
	self->ev->helo.valid = 0;
	get(&self->bt, self->ev);
	EXPECT_FALSE(boot_times__has(&self->bt, BOOT_INIT));
	EXPECT_EQ(55 * MS, self->bt.took_ns[BOOT_READY]);
	EXPECT_EQ(110 * MS, self->bt.total_ns);
}

TEST_F(boot, without_the_machines_clocks_the_guests_moments_are_missing)
{
	static const uint32_t need[] = { VMM_CLOCK_OFFSET, VMM_CLOCK_KHZ, VMM_CLOCK_BEFORE };

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		self->ev->clock.machine.valid = (VMM_CLOCK_OFFSET | VMM_CLOCK_KHZ |
						 VMM_CLOCK_BEFORE) & ~need[i];
		get(&self->bt, self->ev);
		EXPECT_FALSE(boot_times__has(&self->bt, BOOT_INIT));
		EXPECT_TRUE(boot_times__has(&self->bt, BOOT_READY));
		EXPECT_EQ(need[i] != VMM_CLOCK_BEFORE,
			  boot_times__has(&self->bt, BOOT_START_KERNEL));
	}
}

TEST_F(boot, a_boot_without_ready_has_no_total)
{
	self->ev->ready_ns = 0;
	get(&self->bt, self->ev);
	EXPECT_TRUE(boot_times__has(&self->bt, BOOT_INIT));
	EXPECT_FALSE(boot_times__has(&self->bt, BOOT_READY));
	EXPECT_EQ(0, self->bt.total_ns);
}

/* Whatever a guest says: the steps are never negative and add up to what the host measured. */
TEST_F(boot, a_lying_guest_moves_nothing_out_of_its_place)
{
	static const uint64_t lies[] = {
		0, 1, OFFSET, HOST_CYCLES, HOST_CYCLES + OFFSET - 1, HOST_CYCLES + OFFSET + 1,
		HOST_CYCLES + OFFSET + 100 * (uint64_t)KHZ, INT64_MAX, 1ull << 63, UINT64_MAX,
	};
	const size_t n = sizeof(lies) / sizeof(lies[0]);

	for (size_t i = 0; i < n * n; i++) {
		uint64_t sum = 0;

		self->ev->helo.init_cycles = lies[i / n];
		self->ev->log_zero_ns = lies[i % n];
		get(&self->bt, self->ev);
		for (int step = 0; step < BOOT_STEPS; step++) {
			EXPECT_LE(self->bt.took_ns[step], 110 * MS);
			sum += self->bt.took_ns[step];
		}
		EXPECT_EQ(110 * MS, sum);
		EXPECT_EQ(110 * MS, self->bt.total_ns);
	}
}

TEST_F(boot, a_kernel_that_started_after_its_init_did_not)
{
	self->ev->log_zero_ns = 31 * MS + 50 * MS;	/* at 103, and init at 100 */
	get(&self->bt, self->ev);
	EXPECT_FALSE(boot_times__has(&self->bt, BOOT_START_KERNEL));
	EXPECT_TRUE(boot_times__has(&self->bt, BOOT_INIT));
}

static uint64_t zero_of(const char *text)
{
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);	/* no byte behind it, for ASan */
	uint64_t ns = 0;

	memcpy(exact, text, len);
	boot_times__log_zero(exact, len, &ns);
	free(exact);
	return ns;
}

TEST(the_kernel_logs_zero_is_found_among_other_lines)
{
	EXPECT_EQ(132636712, zero_of("<6,13,63>kvm-clock: using sched offset of 132636712 cycles\n"));
	EXPECT_EQ(7, zero_of("<5,0,0>Linux version 6.12\n"
			     "<6,12,0>kvm-clock: Using msrs 4b564d01 and 4b564d00\n"
			     "<6,13,63>kvm-clock: using sched offset of 7 cycles\n<6,14,1>x\n"));
	EXPECT_EQ(7, zero_of("<6,13,63>kvm-clock: using sched offset of 7 cycles"));
}

TEST(lines_that_only_look_like_it_are_none)
{
	static const char * const no[] = {
		"", "\n", "<", "<6", "<6,13,63>",
		"kvm-clock: using sched offset of 7 cycles\n",
		"<14,13,63>kvm-clock: using sched offset of 7 cycles\n",	/* a process */
		"<9,13,63>kvm-clock: using sched offset of 7 cycles\n",
		"<6,13,63>ktstr: kvm-clock: using sched offset of 7 cycles\n",
		"<6,13,63>kvm-clock: using sched offset of -7 cycles\n",
		"<6,13,63>kvm-clock: using sched offset of  7 cycles\n",
		"<6,13,63>kvm-clock: using sched offset of 0 cycles\n",
		"<6,13,63>kvm-clock: using sched offset of 7 cycles more\n",
		"<6,13,63>kvm-clock: using sched offset of 7\n",
		"<6,13,63>kvm-clock: using sched offset of \n",
	};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		EXPECT_EQ(0, zero_of(no[i])) TH_LOG("%s", no[i]);
	}
}

TEST_HARNESS_MAIN
