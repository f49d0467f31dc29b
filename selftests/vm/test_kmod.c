// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktstr.ko in a guest: the cases of guest_kmod*.c, one guest each. The guest checks
 * what it can see; what leaves it, pages on port 1 and text on COM2, is checked here,
 * the pages with the library that reads them in earnest.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <traceevent/kbuffer.h>
#include <unistd.h>

#include <ktstr/dev.h>
#include <ktstr/event.h>

#include "selftests/unit/unit.h"
#include "kmod_test.h"
#include "vm_boot.h"

#define MAX_CPUS	4
#define PAGE_BYTES	4096u	/* x86-64 */

/* A record as it came. */
struct record {
	unsigned long long ts;
	struct ktstr_ev_mark mark;
	unsigned int cpu, kind;
	unsigned int page;		/* counts pages from 1 */
};

struct received {
	unsigned char chunk[sizeof(struct kmod_chunk) + KMOD_CHUNK_MAX];
	size_t have;
	struct kbuffer *kb;
	struct record *rec;
	size_t nr, room;
	unsigned int pages;
	const char *error;
};

static void take_record(struct received *r, const struct kmod_chunk *c, void *data,
			unsigned long long ts)
{
	struct record *rec;

	if (r->nr == r->room) {
		r->room = r->room ? 2 * r->room : 4096;
		r->rec = realloc(r->rec, r->room * sizeof(*r->rec));
	}
	rec = &r->rec[r->nr++];
	*rec = (struct record){ .ts = ts, .cpu = c->cpu, .kind = c->kind, .page = r->pages };
	if (kbuffer_event_size(r->kb) != sizeof(rec->mark))
		r->error = "a record's size is not its own";
	else
		memcpy(&rec->mark, data, sizeof(rec->mark));
	if (rec->mark.h.type != KTSTR_EV_MARK)
		r->error = "a record that nobody wrote";
	if (c->cpu >= MAX_CPUS)
		r->error = "a page of no CPU";
}

static void take_page(struct received *r, const struct kmod_chunk *c, void *page)
{
	unsigned long long ts;
	void *data;

	r->pages++;
	if (kbuffer_load_subbuffer(r->kb, page))
		r->error = "kbuffer does not take a page";
	if (kbuffer_missed_events(r->kb))
		r->error = "a page says that events were overwritten";
	for (data = kbuffer_read_event(r->kb, &ts); data; data = kbuffer_next_event(r->kb, &ts))
		take_record(r, c, data, ts);
}

static void take_chunk(struct received *r)
{
	const struct kmod_chunk *c = (void *)r->chunk;
	unsigned int at;

	if (c->len % PAGE_BYTES)
		r->error = "a part of a page";
	for (at = 0; at + PAGE_BYTES <= c->len; at += PAGE_BYTES)
		take_page(r, c, r->chunk + sizeof(*c) + at);
}

/* Chunks, cut anyhow. */
static void on_port(void *arg, unsigned int port, const void *data, size_t len)
{
	struct received *r = arg;
	const struct kmod_chunk *c = (void *)r->chunk;
	const unsigned char *p = data;
	size_t want, n;

	if (port != KTSTR_PORT_BULK || r->error)
		return;
	for (; len; p += n, len -= n) {
		want = sizeof(*c);
		if (r->have >= sizeof(*c)) {
			if (c->magic != KMOD_CHUNK || c->len > KMOD_CHUNK_MAX) {
				r->error = "bytes on port 1 that are no chunk";
				return;
			}
			want += c->len;
		}
		n = want - r->have < len ? want - r->have : len;
		memcpy(r->chunk + r->have, p, n);
		r->have += n;
		if (r->have == want && want > sizeof(*c)) {
			take_chunk(r);
			r->have = 0;
		}
	}
}

FIXTURE(kmod)
{
	struct vm *vm;
	struct received *got;
	struct vm_file files[3];
	char text[64];
};

/* What was built stands beside this program. */
static void *built(const char *relative, size_t *len)
{
	char self[PATH_MAX] = "", path[2 * PATH_MAX];

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", dirname(self), relative);
	return vm_read_file(path, len);
}

FIXTURE_SETUP(kmod)
{
	memset(self, 0, sizeof(*self));
	self->vm = calloc(1, sizeof(*self->vm));
	self->got = calloc(1, sizeof(*self->got));
	ASSERT_NE(NULL, self->vm);
	ASSERT_NE(NULL, self->got);
	self->got->kb = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	ASSERT_NE(NULL, self->got->kb);
	self->vm->on_port = on_port;
	self->vm->arg = self->got;
	self->files[0].path = "/init";
	self->files[0].data = built("guest_kmod", &self->files[0].len);
	self->files[1].path = KMOD_KO;
	self->files[1].data = built("../kmod/ktstr.ko", &self->files[1].len);
	ASSERT_NE(NULL, self->files[0].data) TH_LOG("no guest_kmod here; make it: make vm");
	ASSERT_NE(NULL, self->files[1].data) TH_LOG("no ktstr.ko here; make it: make kmod");
}

FIXTURE_TEARDOWN(kmod)
{
	vm__finish(self->vm, _metadata->exit_code == KSFT_FAIL);
	kbuffer_free(self->got->kb);
	free(self->got->rec);
	free(self->got);
	free(self->vm);
	free((void *)self->files[0].data);
	free((void *)self->files[1].data);
}

/* Boot a guest for one case; it has @timeout_s. */
static void boot_case(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self,
		      const char *topology, const char *name, unsigned int n,
		      unsigned int timeout_s)
{
	struct ktstr_error e;

	snprintf(self->text, sizeof(self->text), "%s %u\n", name, n);
	self->files[2] = (struct vm_file){ KMOD_CASE, self->text, strlen(self->text) };
	ASSERT_EQ(0, vm__boot(self->vm, topology, self->files, 3, timeout_s, &e))
		TH_LOG("%s", e.msg);
}

/* Its last line. */
static bool said_ok(const char *com2)
{
	size_t len = strlen(com2);

	return len >= 3 && !strcmp(com2 + len - 3, "ok\n") && (len == 3 || com2[len - 4] == '\n');
}

static void run_case(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self,
		     const char *topology, const char *name, unsigned int n,
		     unsigned int timeout_s)
{
	boot_case(_metadata, self, topology, name, n, timeout_s);
	ASSERT_TRUE(vm__wait_end(self->vm))
		TH_LOG("no end within %u s; %u pages, %zu records came", timeout_s,
		       self->got->pages, self->got->nr);
	ASSERT_TRUE(said_ok(self->vm->com[1])) TH_LOG("the guest said no \"ok\"");
	EXPECT_EQ(NULL, self->got->error) TH_LOG("%s", self->got->error);
	EXPECT_EQ(0, self->got->have) TH_LOG("port 1 ends within a chunk");
	EXPECT_EQ(VMM_END_RESET, vmm__end(self->vm->vmm, NULL, 0));
}

/* The guest has looked through its kernel's log; an Oops is on COM1. */
static void expect_no_splat(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self)
{
	EXPECT_EQ(NULL, strstr(self->vm->com[1], KMOD_SPLAT));
	EXPECT_EQ(NULL, strstr(self->vm->com[0], "Oops"));
	EXPECT_EQ(NULL, strstr(self->vm->com[0], "BUG:"));
}

/* Per CPU time goes on, whatever the context. */
static void expect_order(struct __test_metadata *_metadata, const struct received *r)
{
	unsigned long long last[MAX_CPUS] = {};
	size_t i;

	for (i = 0; i < r->nr; i++) {
		const struct record *rec = &r->rec[i];

		ASSERT_GE(rec->ts, last[rec->cpu]) TH_LOG("CPU %u, page %u", rec->cpu, rec->page);
		last[rec->cpu] = rec->ts;
	}
}

struct account {
	unsigned long long emitted, lost, read, entries, bytes;
};

static void get_account(struct __test_metadata *_metadata, const char *com2, int cpu,
			struct account *a)
{
	char want[32];
	const char *at;

	snprintf(want, sizeof(want), "account %d ", cpu);
	at = strstr(com2, want);
	ASSERT_NE(NULL, at) TH_LOG("COM2 lacks %s", want);
	ASSERT_EQ(5, sscanf(at + strlen(want),
			    "emitted %llu lost %llu read %llu entries %llu bytes %llu",
			    &a->emitted, &a->lost, &a->read, &a->entries, &a->bytes));
}

/* The guest's account of each CPU against what came. */
static void expect_accounts(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self, int nr)
{
	unsigned long long came[MAX_CPUS] = {};
	struct account a;
	size_t i;
	int cpu;

	for (i = 0; i < self->got->nr; i++)
		came[self->got->rec[i].cpu]++;
	for (cpu = 0; cpu < nr; cpu++) {
		get_account(_metadata, self->vm->com[1], cpu, &a);
		EXPECT_EQ(a.emitted, a.read + a.lost + a.entries) TH_LOG("CPU %d", cpu);
		EXPECT_EQ(came[cpu], a.read) TH_LOG("CPU %d", cpu);
		EXPECT_EQ(0, a.entries) TH_LOG("CPU %d", cpu);
	}
}

/* How often: @n times, or @full times with KTSTR_FULL=1. */
static unsigned int times(unsigned int n, unsigned int full)
{
	const char *env = getenv("KTSTR_FULL");

	return env && !strcmp(env, "1") ? full : n;
}

TEST_F_TIMEOUT(kmod, loads_and_unloads, 700)
{
	run_case(_metadata, self, "1,1,2,1", "load_unload", times(50, 1000), 690);
	expect_no_splat(_metadata, self);
}

TEST_F_TIMEOUT(kmod, counts_what_two_pages_cannot_hold, 120)
{
	unsigned long long next[MAX_CPUS] = {}, lost[MAX_CPUS] = {};
	struct account a;
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "account", 2, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, 2);
	/* The oldest are there, then a hole of the size that the mark says, then the rest. */
	for (i = 0; i < self->got->nr; i++) {
		const struct record *rec = &self->got->rec[i];

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

/* Numbers of a source grow, and all that are missing have been counted as lost. */
static void expect_sources(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self)
{
	static unsigned long long next[0x10000], came[0x10000];
	unsigned long long lost[MAX_CPUS] = {}, said[MAX_CPUS] = {}, emitted, stored;
	const char *at = self->vm->com[1];
	struct account a;
	unsigned int id;
	size_t i;

	for (i = 0; i < self->got->nr; i++) {
		const struct record *rec = &self->got->rec[i];

		if (rec->mark.id == KTSTR_MARK_LOST) {
			/* Twice the same: one interrupted the other. */
			ASSERT_GE(rec->mark.arg, said[rec->cpu]);
			said[rec->cpu] = rec->mark.arg;
			continue;
		}
		ASSERT_GT(0x10000, rec->mark.id);
		ASSERT_EQ(rec->cpu, rec->mark.id >> 8);
		ASSERT_GE(rec->mark.arg, next[rec->mark.id]) TH_LOG("source %llx", rec->mark.id);
		next[rec->mark.id] = rec->mark.arg + 1;
		came[rec->mark.id]++;
	}
	while ((at = strstr(at, "source "))) {
		ASSERT_EQ(3, sscanf(at, "source %x emitted %llu stored %llu", &id, &emitted,
				    &stored));
		EXPECT_EQ(stored, came[id]) TH_LOG("source %x", id);
		EXPECT_LE(KMOD_PER_CALL, came[id]) TH_LOG("source %x", id);
		lost[id >> 8] += emitted - stored;
		at++;
	}
	for (i = 0; i < MAX_CPUS; i++) {
		get_account(_metadata, self->vm->com[1], i, &a);
		EXPECT_EQ(lost[i], a.lost) TH_LOG("CPU %zu", i);
		EXPECT_GE(lost[i], said[i]) TH_LOG("CPU %zu", i);
	}
}

TEST_F_TIMEOUT(kmod, emits_from_every_context_while_others_read, 120)
{
	size_t i, by_splice = 0;

	run_case(_metadata, self, "1,1,4,1", "contexts", MAX_CPUS, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, MAX_CPUS);
	expect_sources(_metadata, self);
	for (i = 0; i < self->got->nr; i++)
		by_splice += self->got->rec[i].kind == KMOD_SPLICE;
	EXPECT_NE(0, by_splice);
	EXPECT_NE(self->got->nr, by_splice);
}

TEST_F_TIMEOUT(kmod, read_and_splice_give_the_same_pages, 120)
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

TEST_F_TIMEOUT(kmod, wakes_readers_at_the_watermark, 120)
{
	run_case(_metadata, self, "1,1,2,1", "poll", 6000, 110);
	expect_no_splat(_metadata, self);
}

TEST_F_TIMEOUT(kmod, is_not_unloaded_while_somebody_needs_it, 120)
{
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "busy", 3, 110);
	expect_no_splat(_metadata, self);
	/* The page that stayed in the pipe, each time. */
	ASSERT_EQ(3, self->got->nr);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, self->got->rec[i].mark.arg);
}

/*
 * Linux 6.12 counts a runqueue's fair server (a deadline entity that steps in when fair
 * tasks have not run for most of a second) among its running tasks. When this machine
 * stands still for that long while a CPU goes down, the kernel warns of a CPU that is not
 * empty and lists what is on it: the stopper, nothing else.
 */
static bool only_fair_server(const char *com2)
{
	static const char *const lines[] = {
		KMOD_SPLAT "WARNING: CPU: 1 ", "sched_cpu_dying",
		KMOD_SPLAT "CPU1 enqueued tasks (2 ", KMOD_SPLAT, ", name: migration/1\n",
	};
	unsigned int i;

	for (i = 0; com2 && i < sizeof(lines) / sizeof(lines[0]); i++) {
		com2 = strstr(com2, lines[i]);
		com2 = com2 ? com2 + strlen(lines[i]) : NULL;
	}
	return com2 && !strstr(com2, KMOD_SPLAT);
}

TEST_F_TIMEOUT(kmod, keeps_count_while_a_cpu_comes_and_goes, 600)
{
	struct account a;
	int cpu;

	run_case(_metadata, self, "1,1,4,1", "hotplug", times(5, 50), 590);
	if (only_fair_server(self->vm->com[1]))
		printf("# the kernel took its fair server for a task\n");
	else
		expect_no_splat(_metadata, self);
	/* The guest has seen that they are even; here that they are not empty. */
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		get_account(_metadata, self->vm->com[1], cpu, &a);
		EXPECT_NE(0, a.read) TH_LOG("CPU %d", cpu);
	}
}

TEST_F_TIMEOUT(kmod, refuses_what_makes_no_sense, 120)
{
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "bad", 0, 110);
	expect_no_splat(_metadata, self);
	/* No page was lost to a bad address. */
	ASSERT_EQ(300, self->got->nr);
	for (i = 0; i < 300; i++)
		EXPECT_EQ(i, self->got->rec[i].mark.arg);
}

TEST_F_TIMEOUT(kmod, knows_its_kernel_and_its_clocks, 120)
{
	run_case(_metadata, self, "1,1,2,1", "facts", 200, 110);
	expect_no_splat(_metadata, self);
}

TEST_F_TIMEOUT(kmod, bpf_programs_emit, 120)
{
	unsigned long long called = 0, switched[MAX_CPUS] = {};
	size_t i;

	run_case(_metadata, self, "1,1,2,1", "bpf", 20, 110);
	expect_no_splat(_metadata, self);
	expect_order(_metadata, self->got);
	expect_accounts(_metadata, self, 2);
	for (i = 0; i < self->got->nr; i++) {
		const struct record *rec = &self->got->rec[i];

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
static void expect_interrupt(struct __test_metadata *_metadata, const struct received *r,
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

TEST_F_TIMEOUT(kmod, stimuli_do_what_they_say, 180)
{
	run_case(_metadata, self, "1,1,2,1", "stimulus", 1000, 170);
	expect_interrupt(_metadata, self->got, KTSTR_STIM_SPIN_PREEMPT, true);
	expect_interrupt(_metadata, self->got, KTSTR_STIM_SPIN_IRQ, false);
	expect_interrupt(_metadata, self->got, KTSTR_STIM_SPIN_SOFTIRQ, true);
	EXPECT_NE(NULL, strstr(self->vm->com[1], "a warning that was asked for"));
	EXPECT_NE(NULL, strstr(self->vm->com[1], KMOD_SPLAT "WARNING: CPU: 0 PID: 1 at "));
}

TEST_F_TIMEOUT(kmod, says_on_com2_why_the_kernel_panics, 120)
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

TEST_F_TIMEOUT(kmod, does_not_panic_unless_loaded_for_it, 120)
{
	run_case(_metadata, self, "1,1,1,1", "panic", 0, 110);
	expect_no_splat(_metadata, self);
	EXPECT_EQ(NULL, strstr(self->vm->com[1], KTSTR_PANIC_BEGIN));
}

TEST_HARNESS_MAIN
