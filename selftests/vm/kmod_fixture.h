/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of test_kmod*.c: a guest for one case, and what every case can be asked.
 *
 * $KTSTR_KMOD is the ktstr.ko for $KTSTR_KERNEL; without it, the one that was built for
 * the default kernel.
 */
#ifndef KTSTR_VM_KMOD_FIXTURE_H
#define KTSTR_VM_KMOD_FIXTURE_H

#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/dev.h>
#include <ktstr/event.h>

#include "selftests/unit/unit.h"
#include "kmod_pages.h"
#include "kmod_test.h"
#include "vm_boot.h"

/* Not every program asks everything. */
#define kmod_shared static __attribute__((unused))

/**
 * struct standstill - how long this machine did not run, at the longest
 * @thread: sleeps, and looks how late it woke
 * @stop: end
 * @longest_ns: so far
 *
 * Guests see such a time as CPUs that do not answer, and their watchdogs say so.
 */
struct standstill {
	pthread_t thread;
	bool stop;
	unsigned long long longest_ns;
};

FIXTURE(kmod)
{
	struct standstill still;
	struct vm *vm;
	struct kmod_pages *got;
	struct vm_file files[3];
	char text[64];
};

#define STANDSTILL_LOOK_NS	100000000ull
#define STANDSTILL_MAX_NS	10000000000ull	/* half of what a watchdog waits for */

static unsigned long long fixture_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void *standstill_main(void *arg)
{
	static const struct timespec look = { .tv_nsec = STANDSTILL_LOOK_NS };
	struct standstill *s = arg;
	unsigned long long last = fixture_now_ns(), now;

	for (; !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE); last = now) {
		nanosleep(&look, NULL);
		now = fixture_now_ns();
		if (now - last - STANDSTILL_LOOK_NS > s->longest_ns)
			s->longest_ns = now - last - STANDSTILL_LOOK_NS;
	}
	return NULL;
}

/* For how long it was, when it was too long to believe what a watchdog says; else 0. */
kmod_shared unsigned int stood_still_s(struct standstill *s)
{
	if (!s->stop) {
		__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
		pthread_join(s->thread, NULL);
	}
	return s->longest_ns < STANDSTILL_MAX_NS ? 0 : s->longest_ns / 1000000000;
}

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
	const char *ko = getenv("KTSTR_KMOD");

	memset(self, 0, sizeof(*self));
	self->vm = calloc(1, sizeof(*self->vm));
	self->got = kmod_pages__new();
	ASSERT_NE(NULL, self->vm);
	ASSERT_NE(NULL, self->got);
	self->vm->on_port = kmod_pages__on_port;
	self->vm->arg = self->got;
	self->files[0].path = "/init";
	self->files[0].data = built("guest_kmod", &self->files[0].len);
	self->files[1].path = KMOD_KO;
	self->files[1].data = ko ? vm_read_file(ko, &self->files[1].len) :
		built("../kmod/ktstr.ko", &self->files[1].len);
	ASSERT_NE(NULL, self->files[0].data) TH_LOG("no guest_kmod here; make it: make vm");
	ASSERT_NE(NULL, self->files[1].data) TH_LOG("no ktstr.ko here; make it: make kmod");
	ASSERT_EQ(0, pthread_create(&self->still.thread, NULL, standstill_main, &self->still));
}

FIXTURE_TEARDOWN(kmod)
{
	stood_still_s(&self->still);
	vm__finish(self->vm, _metadata->exit_code == KSFT_FAIL);
	kmod_pages__free(self->got);
	free(self->vm);
	free((void *)self->files[0].data);
	free((void *)self->files[1].data);
}

/*
 * Kernels that watch themselves need several times as long: KTSTR_TIME_FACTOR=N. The
 * harness has its limits at compile time: KMOD_LIMIT().
 */
#define KMOD_MAX_FACTOR	10
#define KMOD_LIMIT(s)	(KMOD_MAX_FACTOR * (s) + 10)

kmod_shared unsigned int time_factor(void)
{
	const char *env = getenv("KTSTR_TIME_FACTOR");
	int n = env ? atoi(env) : 1;

	return n < 1 ? 1 : n > KMOD_MAX_FACTOR ? KMOD_MAX_FACTOR : n;
}

/* Is the kernel one of selftests/config.debug? */
kmod_shared bool is_watched(void)
{
	return getenv("KTSTR_KMOD_DEBUG") != NULL;
}

/* Boot a guest for one case; it has @timeout_s. */
kmod_shared void boot_case(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self,
			   const char *topology, const char *name, unsigned int n,
			   unsigned int timeout_s)
{
	struct ktstr_error e;

	snprintf(self->text, sizeof(self->text), "%s %u\n", name, n);
	self->files[2] = (struct vm_file){ KMOD_CASE, self->text, strlen(self->text) };
	timeout_s *= time_factor();
	ASSERT_EQ(0, vm__boot(self->vm, topology, self->files, 3, timeout_s, &e))
		TH_LOG("%s", e.msg);
}

/* Its last line. */
kmod_shared bool said_ok(const char *com2)
{
	size_t len = strlen(com2);

	return len >= 3 && !strcmp(com2 + len - 3, "ok\n") && (len == 3 || com2[len - 4] == '\n');
}

kmod_shared void run_case(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self,
			  const char *topology, const char *name, unsigned int n,
			  unsigned int timeout_s)
{
	boot_case(_metadata, self, topology, name, n, timeout_s);
	ASSERT_TRUE(vm__wait_end(self->vm))
		TH_LOG("no end within %u s; %u pages, %zu records came", timeout_s * time_factor(),
		       self->got->pages, self->got->nr);
	ASSERT_TRUE(said_ok(self->vm->com[1])) TH_LOG("the guest said no \"ok\"");
	EXPECT_EQ(NULL, self->got->error) TH_LOG("%s", self->got->error);
	EXPECT_EQ(0, self->got->have) TH_LOG("port 1 ends within a chunk");
	EXPECT_EQ(VMM_END_RESET, vmm__end(self->vm->vmm, NULL, 0));
}

/* What the kernel complained of. */
struct splats {
	unsigned int fair_server, watchdog, other;
};

static bool line_has(const char *line, const char *text)
{
	return memmem(line, strcspn(line, "\n"), text, strlen(text));
}

/*
 * Linux 6.12 counts a runqueue's fair server (a deadline entity that steps in when fair
 * tasks have not run for most of a second) among its running tasks. When this machine
 * stands still for that long while CPU 1 goes down, sched_cpu_dying() warns of a CPU that
 * is not empty: two run, it says, and lists one, the stopper. That is how a task that is
 * there is told from a server. Its bandwidth is then counted on a runqueue that has gone:
 * deadline.c warns of that once, wherever it looks first (a server that is stopped, or its
 * inactive timer), and hrtimer_forward() of the timer of a server that is late. Guests that
 * may say so run no SCHED_DEADLINE task: what deadline.c says there is about a server.
 *
 * "soft lockup" and RCU's stalls are how a kernel sees that its machine did not run.
 */
static bool explained_by(const char *splat, const char *function)
{
	const char *at = strstr(splat, function), *next = strstr(splat, KMOD_SPLAT);

	return at && (!next || at < next);
}

static struct splats sort_splats(const char *com2)
{
	static const char *const server[] = {
		"sched_cpu_dying", "CPU1 enqueued tasks (2 total):", ", name: migration/1",
	};
	unsigned int seen = 0;
	struct splats s = {};

	while ((com2 = strstr(com2, KMOD_SPLAT))) {
		com2 += strlen(KMOD_SPLAT);
		if (line_has(com2, server[seen % 3]))
			seen++;
		else if (line_has(com2, " at kernel/sched/deadline.c:") ||
			 (line_has(com2, " hrtimer_forward+") &&
			  explained_by(com2, "log:  dl_task_timer+")))
			s.fair_server++;
		else if (line_has(com2, "soft lockup") || line_has(com2, "rcu: INFO:"))
			s.watchdog++;
		else
			s.other++;
	}
	s.fair_server += seen / 3;
	s.other += seen % 3;
	return s;
}

/* Nothing but @fair_server, if that may be. */
static void expect_splats(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self,
			  bool fair_server)
{
	const struct splats s = sort_splats(self->vm->com[1]);
	unsigned int still_s = stood_still_s(&self->still);

	EXPECT_EQ(0, s.other) TH_LOG("%u splats", s.other);
	if (s.fair_server)
		printf("# warnings of the kernel's about its fair server: %u\n", s.fair_server);
	EXPECT_TRUE(fair_server || !s.fair_server);
	if (s.watchdog && still_s)
		SKIP(return, "this machine stood still for %u s, and the guest's watchdogs saw it",
		     still_s);
	EXPECT_EQ(0, s.watchdog) TH_LOG("it did not stand still for 10 s");
	EXPECT_EQ(NULL, strstr(self->vm->com[0], "Oops"));
	EXPECT_EQ(NULL, strstr(self->vm->com[0], "BUG:"));
	/* It stops for good at its first report, of whatever. */
	if (is_watched())
		EXPECT_NE(NULL, strstr(self->vm->com[1], KMOD_LOCKDEP "on"));
}

/* The guest has looked through its kernel's log; an Oops is on COM1. */
kmod_shared void expect_no_splat(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self)
{
	expect_splats(_metadata, self, false);
}

kmod_shared void expect_fair_server_at_most(struct __test_metadata *_metadata,
					    FIXTURE_DATA(kmod) *self)
{
	expect_splats(_metadata, self, true);
}

/* Per CPU time goes on, whatever the context. */
kmod_shared void expect_order(struct __test_metadata *_metadata, const struct kmod_pages *r)
{
	unsigned long long last[KMOD_MAX_CPUS] = {};
	size_t i;

	for (i = 0; i < r->nr; i++) {
		const struct kmod_record *rec = &r->rec[i];

		ASSERT_GE(rec->ts, last[rec->cpu]) TH_LOG("CPU %u, page %u", rec->cpu, rec->page);
		last[rec->cpu] = rec->ts;
	}
}

struct account {
	unsigned long long emitted, lost, read, entries, bytes;
};

kmod_shared void get_account(struct __test_metadata *_metadata, const char *com2, int cpu,
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
kmod_shared void expect_accounts(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self,
				 int nr)
{
	unsigned long long came[KMOD_MAX_CPUS] = {};
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

/* Numbers of a source grow, and all that are missing have been counted as lost. */
kmod_shared void expect_sources(struct __test_metadata *_metadata, FIXTURE_DATA(kmod) *self)
{
	static unsigned long long next[0x10000], came[0x10000];
	unsigned long long lost[KMOD_MAX_CPUS] = {}, said[KMOD_MAX_CPUS] = {}, emitted, stored;
	const char *at = self->vm->com[1];
	struct account a;
	unsigned int id;
	size_t i;

	for (i = 0; i < self->got->nr; i++) {
		const struct kmod_record *rec = &self->got->rec[i];

		if (rec->mark.id == KTSTR_MARK_LOST) {
			/*
			 * The same again, or fewer: an interrupt came between its look at
			 * the count and its place in the buffer, and told of more.
			 */
			ASSERT_NE(0, rec->mark.arg);
			if (rec->mark.arg > said[rec->cpu])
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
	for (i = 0; i < KMOD_MAX_CPUS; i++) {
		get_account(_metadata, self->vm->com[1], i, &a);
		EXPECT_EQ(lost[i], a.lost) TH_LOG("CPU %zu", i);
		EXPECT_GE(lost[i], said[i]) TH_LOG("CPU %zu", i);
	}
}

/* How often: @n times, or @full times with KTSTR_FULL=1. */
kmod_shared unsigned int times(unsigned int n, unsigned int full)
{
	const char *env = getenv("KTSTR_FULL");

	return env && !strcmp(env, "1") ? full : n;
}

#endif /* KTSTR_VM_KMOD_FIXTURE_H */
