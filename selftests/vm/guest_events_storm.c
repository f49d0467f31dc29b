// SPDX-License-Identifier: GPL-2.0-only
/* Storms of wakeups: alone, with a host that does not read, while a CPU comes and goes. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ktstr/dev.h>
#include <ktstr/event.h>

#include "guest_events.h"

#define MESSAGE		100	/* bytes, as hackbench has them */
#define LOOK_NS		(2 * MSEC)
#define BUFFER_BYTES	(256u << 10)	/* of each CPU, on either path */

struct storm_shared {
	uint64_t messages;
	uint32_t stop;
};

static void sender(const struct storm *s, int (*pipes)[2])
{
	char message[MESSAGE] = "";

	for (int loop = 0; loop < s->loops; loop++) {
		if (__atomic_load_n(s->stop, __ATOMIC_RELAXED))
			break;
		for (int i = 0; i < s->per_group; i++) {
			NEED(write(pipes[i][1], message, MESSAGE) == MESSAGE);
			__atomic_fetch_add(s->messages, 1, __ATOMIC_RELAXED);
		}
	}
	_exit(0);
}

/* Until the last sender is gone. */
static void receiver(const struct storm *s, int (*pipes)[2], int me)
{
	char message[MESSAGE];

	for (int i = 0; i < s->per_group; i++)
		close(pipes[i][1]);
	while (read(pipes[me][0], message, MESSAGE) > 0)
		;
	_exit(0);
}

static void add(struct storm *s, void (*run)(struct storm *s, int (*pipes)[2], int me),
		int (*pipes)[2], int me)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid)
		run(s, pipes, me);
	NEED(s->nr < (int)(sizeof(s->pids) / sizeof(s->pids[0])));
	s->pids[s->nr++] = pid;
}

static void run_sender(struct storm *s, int (*pipes)[2], int me)
{
	(void)me;
	sender(s, pipes);
}

static void run_receiver(struct storm *s, int (*pipes)[2], int me)
{
	receiver(s, pipes, me);
}

static void start_group(struct storm *s)
{
	int pipes[16][2];

	NEED(s->per_group <= 16);
	/* Short ones, so that everybody has to wait for the others often. */
	for (int i = 0; i < s->per_group; i++)
		NEED(!pipe(pipes[i]) && fcntl(pipes[i][0], F_SETPIPE_SZ, 4096) == 4096);
	for (int i = 0; i < s->per_group; i++)
		add(s, run_receiver, pipes, i);
	for (int i = 0; i < s->per_group; i++)
		add(s, run_sender, pipes, i);
	for (int i = 0; i < s->per_group; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

void storm_start(struct storm *s, int groups, int per_group, int loops)
{
	struct storm_shared *sh = shared(sizeof(*sh));

	*s = (struct storm){
		.messages = &sh->messages, .stop = &sh->stop, .groups = groups,
		.per_group = per_group, .loops = loops,
	};
	fflush(stdout);
	for (int i = 0; i < groups; i++)
		start_group(s);
}

/* How many are still there? */
static bool running(struct storm *s)
{
	int status;

	while (s->nr && waitpid(s->pids[s->nr - 1], &status, WNOHANG) == s->pids[s->nr - 1]) {
		NEED(!status);
		s->nr--;
	}
	return s->nr;
}

/* Look at its progress until then or its end; return: does it go on? */
bool storm_watch(struct storm *s, uint64_t until_ns)
{
	uint64_t had = *s->messages, at = now_ns(), now;
	bool goes_on;

	do {
		sleep_ns(LOOK_NS);
		goes_on = running(s);
		now = now_ns();
		if (__atomic_load_n(s->messages, __ATOMIC_RELAXED) == had && goes_on)
			continue;
		if (now - at > s->longest_gap_ns)
			s->longest_gap_ns = now - at;
		had = *s->messages;
		at = now;
	} while (goes_on && now < until_ns);
	if (goes_on && now - at > s->longest_gap_ns)
		s->longest_gap_ns = now - at;
	return goes_on;
}

void storm_end(struct storm *s)
{
	__atomic_store_n(s->stop, 1, __ATOMIC_RELAXED);
	reap(s->pids, s->nr);
	s->nr = 0;
}

void case_storm(int groups, int loops)
{
	uint64_t began = now_ns();
	struct storm s;

	storm_start(&s, groups, 4, loops);
	storm_watch(&s, UINT64_MAX);
	printf("storm messages %llu ms %llu gap_us %llu\n", (unsigned long long)*s.messages,
	       (unsigned long long)(now_ns() - began) / MSEC,
	       (unsigned long long)s.longest_gap_ns / 1000);
}

/*
 * More in the time between two flushes of an emulated machine than a buffer holds, in
 * portions that leave the reader 100 ms and more to come.
 */
void case_nice(int times, int portion)
{
	uint64_t began = now_ns();

	pin(1);
	for (int i = 0; i < times; i++) {
		for (int n = 1; n <= portion; n++)
			NEED(!setpriority(PRIO_PROCESS, 0, n % 2));
		sleep_ns(10 * MSEC);
	}
	printf("nice changed %d times in %llu ms\n", times * portion,
	       (unsigned long long)(now_ns() - began) / MSEC);
}

/* More at once than any reader can take: an interrupt emits all of it. */
static void burst(int dev, int cpu, int nr)
{
	struct ktstr_ev_mark mark = { .h = { .type = KTSTR_EV_MARK }, .id = 8 };
	struct ktstr_dev_emit e = {
		.rec = (uintptr_t)&mark, .len = sizeof(mark), .count = nr,
		.context = KTSTR_EMIT_HARDIRQ, .cpu = cpu,
	};

	NEED(!ioctl(dev, KTSTR_IOC_EMIT, &e));
	printf("burst cpu %d of %d stored %llu\n", cpu, nr, (unsigned long long)e.stored);
}

void case_burst(int times, int nr)
{
	int dev = open_dev();
	struct storm s;

	storm_start(&s, 2, 4, 0x7fffffff);
	for (int i = 0; i < times; i++) {
		storm_watch(&s, now_ns() + 50 * MSEC);
		burst(dev, i % 2, nr);
	}
	storm_watch(&s, now_ns() + 50 * MSEC);
	storm_end(&s);
}

/* Sends without end, until nobody takes it any more: that is what it is for. */
static pid_t start_flood(uint64_t *sent)
{
	static const char line[4096];
	pid_t pid = fork();

	NEED(pid >= 0);
	if (pid)
		return pid;
	for (;;) {
		NEED(write(STDOUT_FILENO, line, sizeof(line)) > 0);
		__atomic_fetch_add(sent, 1, __ATOMIC_RELAXED);
	}
}

static void say(int com2, const char *fmt, uint64_t a, uint64_t b, uint64_t c)
{
	char line[128];
	int n = snprintf(line, sizeof(line), fmt, (unsigned long long)a, (unsigned long long)b,
			 (unsigned long long)c);

	NEED(write(com2, line, n) == n);
}

/* How often this machine has switched tasks since it booted. */
static uint64_t switches(void)
{
	static char stat[64 << 10];
	const char *at;

	read_file("/proc/stat", stat, sizeof(stat));
	at = strstr(stat, "\nctxt ");
	NEED(at);
	return strtoull(at + strlen("\nctxt "), NULL, 10);
}

/*
 * Goes on until there were more switches than the buffers of all CPUs have room for, twice
 * over: how long that takes is the machine's affair.
 */
static void overflow_buffers(struct storm *s)
{
	uint64_t all = sysconf(_SC_NPROCESSORS_ONLN) * BUFFER_BYTES;
	uint64_t enough = 2 * all / sizeof(struct ktstr_ev_switch);
	uint64_t from = switches();

	do
		NEED(storm_watch(s, now_ns() + 100 * MSEC));
	while (switches() - from < enough);
}

/* Until nothing was sent for a second; return: how much then. */
static uint64_t stand_still(struct storm *s, const uint64_t *sent)
{
	uint64_t had;

	do {
		had = __atomic_load_n(sent, __ATOMIC_RELAXED);
		NEED(storm_watch(s, now_ns() + 1000 * MSEC));
	} while (__atomic_load_n(sent, __ATOMIC_RELAXED) != had || !had);
	return had;
}

/*
 * The host stops reading when the first line comes. A flood makes sure that port 1 is
 * full, and the storm that the buffers are; it must go on as if nothing were, and COM2
 * tells.
 */
void case_stopped(int ms, int unused)
{
	int com2 = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	uint64_t *sent = shared(sizeof(*sent)), had, before, messages, gap;
	struct storm s;
	pid_t flood;

	(void)unused;
	NEED(com2 >= 0);
	storm_start(&s, 2, 4, 0x7fffffff);
	before = *s.messages;
	storm_watch(&s, now_ns() + ms * MSEC);
	say(com2, "free messages %llu gap_us %llu of %llu ms\n", *s.messages - before,
	    s.longest_gap_ns / 1000, ms);
	flood = start_flood(sent);
	/*
	 * While it stands still, so does the writer of port 1. What moves again after that
	 * only waited for a busy machine, and the host has room for so much and no more.
	 */
	do {
		had = stand_still(&s, sent);
		overflow_buffers(&s);
		s.longest_gap_ns = 0;
		before = *s.messages;
		NEED(storm_watch(&s, now_ns() + ms * MSEC));
		gap = s.longest_gap_ns;
		messages = *s.messages - before;
	} while (__atomic_load_n(sent, __ATOMIC_RELAXED) != had);
	say(com2, "stopped messages %llu gap_us %llu flood %llu\n", messages, gap / 1000,
	    had * 4096);
	kill(flood, SIGKILL);
	storm_end(&s);
	say(com2, "storm over, %llu %llu %llu\n", 0, 0, 0);
}

void case_hotplug(int times, int groups)
{
	struct storm s;

	storm_start(&s, groups, 4, 0x7fffffff);
	for (int i = 0; i < times; i++) {
		storm_watch(&s, now_ns() + 100 * MSEC);
		write_file("/sys/devices/system/cpu/cpu1/online", "0");
		storm_watch(&s, now_ns() + 100 * MSEC);
		write_file("/sys/devices/system/cpu/cpu1/online", "1");
	}
	storm_watch(&s, now_ns() + 100 * MSEC);
	storm_end(&s);
	printf("hotplug times %d messages %llu\n", times, (unsigned long long)*s.messages);
}
