// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's switches of scx_ktstr's faults, on guest RAM in a memfd: the test is the
 * scheduler, an honest one or none at all. Time is what the test says it is.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/fault_switch.h"
#include "vmm/page_find.h"
#include "unit.h"

#define PAGE	4096u
#define PAGES	16384u		/* 64 MiB: two searches at once */
#define MS	1000000ull
#define BEGAN	(1000000 * MS)	/* of the window */

FIXTURE(fault)
{
	struct guest_memory gm;
	uint8_t *ram;
	struct evidence *ev;
	struct fault_orders orders;
	struct fault_switch s;
	struct ktstr_error e;
	uint64_t now;
	unsigned int finds;
};

static int find(void *arg, const void *begins, size_t len, uint64_t *at, void **page)
{
	FIXTURE_DATA(fault) *self = arg;

	self->finds++;
	return page_find__next(&self->gm, begins, len, at, page);
}

static void anew(FIXTURE_DATA(fault) *self)
{
	memset(&self->orders, 0, sizeof(self->orders));
	memset(&self->ev->faults, 0, sizeof(self->ev->faults));
	self->s = (struct fault_switch){
		.orders = &self->orders, .log = &self->ev->faults, .find = find, .arg = self,
	};
	self->now = BEGAN;
}

FIXTURE_SETUP(fault)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, ftruncate(fd, PAGES * PAGE));
	self->ram = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, self->ram);
	close(fd);
	ASSERT_EQ(0, guest_memory__add(&self->gm, 0, PAGES * PAGE, self->ram, false));
	self->ev = calloc(1, sizeof(*self->ev));
	ASSERT_NE(NULL, self->ev);
	anew(self);
	strcpy(self->ev->start.sched.ops, "ktstr");
}

FIXTURE_TEARDOWN(fault)
{
	munmap(self->ram, PAGES * PAGE);
	free(self->ev);
}

#define ARM(_text) ASSERT_EQ(0, fault_orders__add(&self->orders, true, _text, &self->e))	\
	TH_LOG("%s", self->e.msg)
#define DISARM(_text) ASSERT_EQ(0, fault_orders__add(&self->orders, false, _text, &self->e))	\
	TH_LOG("%s", self->e.msg)
#define DONE(_i) (&self->ev->faults.v[_i])

static struct ktstr_faults *put_map(FIXTURE_DATA(fault) *self, uint32_t page)
{
	struct ktstr_faults *f = (void *)(self->ram + page * PAGE);

	memset(f, 0xa5, PAGE);	/* what is behind it is not looked at */
	*f = (struct ktstr_faults){
		.magic = KTSTR_FAULTS_MAGIC, .version = KTSTR_FAULTS_VERSION, .size = sizeof(*f),
		.seq = 1, .seq_taken = 1, .random = 7, .beat = 100,
	};
	return f;
}

/* The scheduler lives for a moment. */
static void live(struct ktstr_faults *f)
{
	f->beat++;
	f->seq_taken = f->seq;
}

static void begin(FIXTURE_DATA(fault) *self)
{
	self->ev->start.seen = true;
	fault_switch__follow(&self->s, self->ev, self->now);
}

/* As the session does: at the time that is asked for, until @ms of the window. */
static void run_to(FIXTURE_DATA(fault) *self, uint64_t ms, struct ktstr_faults *lives)
{
	for (;;) {
		uint64_t next = fault_switch__next_ns(&self->s);

		if (next > BEGAN + ms * MS)
			break;
		if (next > self->now)
			self->now = next;
		if (lives)
			live(lives);
		fault_switch__tick(&self->s, self->now);
	}
	self->now = BEGAN + ms * MS;
}

TEST_F(fault, it_is_armed_and_disarmed_at_its_time)
{
	struct ktstr_faults *f = put_map(self, 9), before = *f;
	struct ktstr_fault *x = &f->faults[KTSTR_FAULT_STALL_TASK];

	ARM("stall-task=w0/0,after=20@100");
	DISARM("stall-task@300");
	EXPECT_EQ(UINT64_MAX, fault_switch__next_ns(&self->s));
	begin(self);
	run_to(self, 99, NULL);
	EXPECT_EQ(0, memcmp(&before, f, sizeof(before)));
	run_to(self, 104, NULL);
	EXPECT_EQ(FAULT_SEEKING, DONE(0)->state);
	EXPECT_EQ(0, memcmp(&before, f, sizeof(before)));
	f->beat++;
	run_to(self, 109, NULL);
	EXPECT_EQ(FAULT_WRITTEN, DONE(0)->state);
	EXPECT_EQ(1ull << KTSTR_FAULT_STALL_TASK, f->armed);
	EXPECT_EQ(2, f->seq);
	EXPECT_STREQ("w0/0", x->name);
	EXPECT_EQ(20 * MS, x->after_ns);
	EXPECT_EQ(0, x->since_ns);
	run_to(self, 150, NULL);
	EXPECT_EQ(FAULT_WRITTEN, DONE(0)->state);
	live(f);
	run_to(self, 160, NULL);
	EXPECT_EQ(FAULT_TAKEN, DONE(0)->state);
	EXPECT_EQ(105 * MS, DONE(0)->written_ns);
	EXPECT_EQ(155 * MS, DONE(0)->taken_ns);
	x->hits = 41;
	run_to(self, 350, f);
	EXPECT_EQ(FAULT_TAKEN, DONE(1)->state);
	EXPECT_EQ(0, f->armed);
	EXPECT_EQ(3, f->seq);
	x->hits = 99;	/* when it is off, that is not its doing */
	run_to(self, 900, f);
	EXPECT_EQ(41, DONE(0)->hits);
	EXPECT_EQ(UINT64_MAX, fault_switch__next_ns(&self->s));
}

/* Hits of a fault that was armed before are not those of this time. */
TEST_F(fault, hits_count_from_when_it_was_armed)
{
	struct ktstr_faults *f = put_map(self, 0);

	f->faults[KTSTR_FAULT_SLOW].hits = 5;
	ARM("slow");
	begin(self);
	run_to(self, 50, f);
	EXPECT_EQ(0, DONE(0)->hits);
	f->faults[KTSTR_FAULT_SLOW].hits = 8;
	run_to(self, 200, f);
	EXPECT_EQ(3, DONE(0)->hits);
	/* It is gone, and somebody else has the page: what was seen stays. */
	memset(f, 0x5a, PAGE);
	run_to(self, 400, NULL);
	EXPECT_EQ(3, DONE(0)->hits);
	/* Behind the window nobody looks any more. */
	EXPECT_GT(UINT64_MAX, fault_switch__next_ns(&self->s));
	self->ev->end.seen = true;
	fault_switch__follow(&self->s, self->ev, self->now);
	EXPECT_EQ(UINT64_MAX, fault_switch__next_ns(&self->s));
}

TEST_F(fault, of_several_pages_the_one_that_lives_is_written)
{
	struct ktstr_faults *stale[] = {
		put_map(self, 1), put_map(self, PAGES / 2), put_map(self, PAGES - 1),
	}, before = *stale[0];
	struct ktstr_faults *f = put_map(self, 77);

	ARM("bounce");
	begin(self);
	run_to(self, 100, f);
	EXPECT_EQ(FAULT_TAKEN, DONE(0)->state);
	EXPECT_EQ(1ull << KTSTR_FAULT_BOUNCE, f->armed);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, memcmp(&before, stale[i], sizeof(before))) TH_LOG("%d", i);
	}
}

TEST_F(fault, what_is_dead_is_not_written_and_said_to_be)
{
	struct ktstr_faults *f = put_map(self, 3), before = *f;

	ARM("bounce@10");
	begin(self);
	run_to(self, 6000, NULL);
	EXPECT_EQ(FAULT_FAILED, DONE(0)->state);
	EXPECT_NE(NULL, strstr(DONE(0)->why, "shows no life within 5000 ms")) TH_LOG("%s", DONE(0)->why);
	EXPECT_EQ(0, memcmp(&before, f, sizeof(before)));
}

TEST_F(fault, without_a_map_there_is_a_reason)
{
	ARM("bounce");
	ARM("slow@100");
	begin(self);
	run_to(self, 20000, NULL);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(FAULT_FAILED, DONE(i)->state);
		EXPECT_NE(NULL, strstr(DONE(i)->why, "there is no map of faults"))
			TH_LOG("%s", DONE(i)->why);
	}
}

/* It beats, so the map may be written, but the program that takes orders does not run. */
TEST_F(fault, what_is_not_taken_is_said)
{
	struct ktstr_faults *f = put_map(self, 3);

	ARM("bounce");
	begin(self);
	for (uint64_t ms = 0; ms < 6000; ms += 10) {
		f->beat++;
		run_to(self, ms, NULL);
	}
	EXPECT_EQ(FAULT_FAILED, DONE(0)->state);
	EXPECT_NE(NULL, strstr(DONE(0)->why, "did not take it")) TH_LOG("%s", DONE(0)->why);
	EXPECT_EQ(2, f->seq);	/* written once */
}

TEST_F(fault, another_scheduler_is_named_and_left_alone)
{
	struct ktstr_faults *f = put_map(self, 3), before = *f;

	strcpy(self->ev->start.sched.ops, "simple");
	ARM("bounce@10");
	begin(self);
	run_to(self, 100, f);
	EXPECT_EQ(FAULT_FAILED, DONE(0)->state);
	EXPECT_NE(NULL, strstr(DONE(0)->why, "the scheduler is \"simple\"")) TH_LOG("%s", DONE(0)->why);
	EXPECT_EQ(before.seq, f->seq);
}

/* A guest that pretends may do what it likes with itself; what cannot be a map stays as it is. */
TEST_F(fault, what_cannot_be_a_map_is_not_written)
{
	for (int wrong = 0; wrong < 11; wrong++) {
		struct ktstr_faults *f = put_map(self, 3), before;

		switch (wrong) {
		case 0: f->version++; break;
		case 1: f->version--; break;
		case 2: f->size--; break;
		case 3: f->size = UINT32_MAX; break;
		case 4: f->random = 0; break;
		case 5: f->armed = 1ull << KTSTR_FAULT_NR; break;
		case 6: f->seq_taken = f->seq + 1; break;
		case 7: f->seq += 1ull << 40; break;
		case 8: memset(f->faults[0].name, 'x', sizeof(f->faults[0].name)); break;
		case 9: f->faults[KTSTR_FAULT_NR].hits = 1; break;
		case 10: f->faults[0].after_ns = UINT64_MAX; break;
		}
		anew(self);
		ARM("bounce");
		begin(self);
		for (uint64_t ms = 0; ms < 6000; ms += 50) {
			f->beat++;
			before = *f;
			run_to(self, ms, NULL);
			EXPECT_EQ(0, memcmp(&before, f, sizeof(before))) TH_LOG("%d", wrong);
		}
		EXPECT_EQ(FAULT_FAILED, DONE(0)->state) TH_LOG("%d", wrong);
	}
}

/* It was all right when it was found, and is something else when it is to be written. */
TEST_F(fault, a_page_that_changed_hands_is_not_written)
{
	struct ktstr_faults *f = put_map(self, 3), before;

	ARM("bounce@100");
	begin(self);
	run_to(self, 50, f);
	EXPECT_LT(0, self->finds);
	f->faults[KTSTR_FAULT_NR + 1].name[3] = 'x';
	f->beat += 5;
	before = *f;
	run_to(self, 8000, NULL);
	EXPECT_EQ(0, memcmp(&before, f, sizeof(before)));
	EXPECT_EQ(FAULT_FAILED, DONE(0)->state);
}

TEST_F(fault, a_scheduler_that_starts_anew_is_found_again)
{
	struct ktstr_faults *old = put_map(self, 3), *f;

	ARM("bounce@100");
	ARM("slow@2000");
	begin(self);
	run_to(self, 1000, old);
	EXPECT_EQ(FAULT_TAKEN, DONE(0)->state);
	f = put_map(self, 5000);	/* the old one was killed: its page is as it was */
	run_to(self, 3000, f);
	EXPECT_EQ(FAULT_TAKEN, DONE(1)->state);
	EXPECT_EQ(1ull << KTSTR_FAULT_SLOW, f->armed);
	EXPECT_EQ(2, old->seq);
}

TEST_F(fault, the_end_of_the_window_is_the_end)
{
	struct ktstr_faults *f = put_map(self, 3), before;

	ARM("bounce@10");
	ARM("slow@2000");
	begin(self);
	run_to(self, 30, NULL);
	self->ev->end.seen = true;
	fault_switch__follow(&self->s, self->ev, self->now);
	before = *f;
	run_to(self, 4000, f);
	EXPECT_EQ(before.seq, f->seq);
	EXPECT_EQ(FAULT_FAILED, DONE(0)->state);
	EXPECT_EQ(FAULT_FAILED, DONE(1)->state);
	EXPECT_NE(NULL, strstr(DONE(0)->why, "shows no life before the window was over")) TH_LOG("%s", DONE(0)->why);
	EXPECT_NE(NULL, strstr(DONE(1)->why, "before it was due")) TH_LOG("%s", DONE(1)->why);
}

/* Taken since the last look, and the next thing that is heard is that the window is over. */
TEST_F(fault, what_was_taken_before_the_window_ended_is_no_failure)
{
	struct ktstr_faults *f = put_map(self, 3);

	ARM("bounce@10");
	begin(self);
	run_to(self, 12, NULL);
	f->beat++;
	run_to(self, 20, NULL);
	EXPECT_EQ(FAULT_WRITTEN, DONE(0)->state);
	live(f);
	self->ev->end.seen = true;
	fault_switch__follow(&self->s, self->ev, self->now);
	EXPECT_EQ(FAULT_TAKEN, DONE(0)->state) TH_LOG("%s", DONE(0)->why);
}

/* A scheduler that starts anew, on the page that the one before had. */
TEST_F(fault, hits_of_the_scheduler_before_stay)
{
	struct ktstr_faults *f = put_map(self, 3);

	f->faults[KTSTR_FAULT_BOUNCE].hits = 5;
	ARM("bounce@10");
	begin(self);
	run_to(self, 40, f);
	EXPECT_EQ(FAULT_TAKEN, DONE(0)->state);
	f->faults[KTSTR_FAULT_BOUNCE].hits = 9;
	run_to(self, 200, f);
	EXPECT_EQ(4, DONE(0)->hits);
	put_map(self, 3);
	run_to(self, 400, f);
	EXPECT_EQ(4, DONE(0)->hits);
	f->faults[KTSTR_FAULT_BOUNCE].hits = 7;
	run_to(self, 600, f);
	EXPECT_EQ(4, DONE(0)->hits);
}

/* A turn passes 32 MiB, however few pages in them look like a map. */
TEST_F(fault, look_alikes_far_apart_do_not_lengthen_a_turn)
{
	for (uint32_t i = 4096; i < PAGES; i += 4096)
		put_map(self, i)->random = 0;
	memset(self->ram, 1, PAGES * PAGE / 8);
	ARM("bounce");
	begin(self);
	for (int i = 0; i < 8 && self->s.searching; i++) {
		uint64_t at = self->s.at;

		self->now += 5 * MS;
		fault_switch__tick(&self->s, self->now);
		EXPECT_GE(at + (48ull << 20), self->s.at);
	}
	EXPECT_FALSE(self->s.searching);
}

/* An error kills the scheduler as soon as it has taken it: the memory still tells. */
TEST_F(fault, what_was_taken_at_the_very_end_counts)
{
	struct ktstr_faults *f = put_map(self, 3);

	ARM("error=x");
	ARM("slow@500");
	begin(self);
	run_to(self, 5, NULL);
	f->beat++;
	run_to(self, 10, NULL);
	EXPECT_EQ(FAULT_WRITTEN, DONE(0)->state);
	live(f);
	f->faults[KTSTR_FAULT_ERROR].hits++;
	/* Its loader has said that it is nobody's any more. */
	f->magic = 0;
	fault_switch__end(&self->s, self->now);
	EXPECT_EQ(FAULT_TAKEN, DONE(0)->state);
	EXPECT_EQ(1, DONE(0)->hits);
	EXPECT_EQ(FAULT_WAITING, DONE(1)->state);
	EXPECT_EQ(UINT64_MAX, fault_switch__next_ns(&self->s));
}

/* Each turn does so much and no more; the guest has filled its memory with what looks like maps. */
TEST_F(fault, a_guest_full_of_look_alikes_holds_nobody_up)
{
	unsigned int ticks = 0;

	for (uint32_t i = 0; i < PAGES; i++) {
		struct ktstr_faults *f = put_map(self, i);

		if (i % 2)
			f->random = 0;
	}
	ARM("bounce");
	begin(self);
	for (; DONE(0)->state != FAULT_FAILED && ticks < 100000; ticks++) {
		unsigned int finds = self->finds;

		self->now += 5 * MS;
		fault_switch__tick(&self->s, self->now);
		ASSERT_GE(64, self->finds - finds);
	}
	EXPECT_EQ(FAULT_FAILED, DONE(0)->state);
	EXPECT_GE(FAULT_SWITCH_TIMEOUT_MS / 5 + 2, ticks);
}

struct scribbler {
	struct ktstr_faults *f;
	atomic_bool stop;
};

/* Now a map, now anything, at any moment. */
static void *scribble(void *arg)
{
	struct scribbler *w = arg;
	const struct ktstr_faults whole = *w->f;
	unsigned int x = 1;

	while (!atomic_load(&w->stop)) {
		*w->f = whole;
		w->f->beat = x;
		for (int i = 0; i < 50; i++) {
			x = x * 1103515245 + 12345;
			((uint8_t *)w->f)[x % sizeof(*w->f)] = (uint8_t)(x >> 16);
		}
		w->f->seq_taken = w->f->seq;
	}
	return NULL;
}

TEST_F(fault, memory_that_changes_meanwhile_does_no_harm)
{
	struct scribbler w = { .f = put_map(self, 3) };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, scribble, &w));
	for (int round = 0; round < 50; round++) {
		anew(self);
		ARM("error=0123456789");
		DISARM("error@500");
		begin(self);
		run_to(self, 12000, NULL);
		fault_switch__end(&self->s, self->now);
		for (int i = 0; i < 2; i++) {
			EXPECT_LE(FAULT_TAKEN, DONE(i)->state);
		}
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
}

TEST_F(fault, nothing_to_do_is_nothing_done)
{
	put_map(self, 3);
	begin(self);
	run_to(self, 100, NULL);
	self->s.orders = NULL;
	fault_switch__follow(&self->s, self->ev, self->now);
	fault_switch__tick(&self->s, self->now);
	fault_switch__end(&self->s, self->now);
	EXPECT_EQ(0, self->finds);
}

TEST_HARNESS_MAIN
