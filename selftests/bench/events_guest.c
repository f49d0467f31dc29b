// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the event stream's benchmark. What it measures is on the kernel's command
 * line, results leave by port 2, a JSON object a line:
 *
 *	bench_mode=cost		time per event of every tracer: two FIFO threads hand one CPU
 *				to each other with sched_yield(), a known number of times.
 *				Nobody reads meanwhile, and nothing is lost: buffers are
 *				emptied between
 *	bench_mode=rate		the two go on at full speed for a time while the events of
 *				bench_tracer leave by port 1
 *	bench_mode=hackbench	/bin/hackbench with each tracer; events of ktstr leave by port 1,
 *				those of ftrace stay in its buffer and are overwritten
 *	bench_mode=writer	nothing runs, and then one task spins: what the stream itself
 *				costs
 *
 * bench_rounds=N: everything is measured in turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/ports.h>

#include "../../guest/cycles.h"

#include "events_stream.h"
#include "events_tracer.h"

#define YIELDS		1500	/* of a batch, by each of the two: fits into every buffer */
#define BATCHES_MAX	256

static int out_fd = -1;

void guest_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("bench_events: error: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (write(out_fd, line, len) != len)
		guest_die("port 2: %s", strerror(errno));
}

static long number(const char *name, long fallback)
{
	const char *value = getenv(name);

	return value ? atol(value) : fallback;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/** struct took - how long something took: CLOCK_MONOTONIC, and what RDTSC counts */
struct took {
	double ns;
	double cycles;
};

static struct took took_begin(void)
{
	int64_t ns = now_ns();

	return (struct took) { .ns = ns, .cycles = cycles_read() };
}

static struct took took_end(struct took t)
{
	uint64_t cycles = cycles_read();

	return (struct took) { .ns = now_ns() - t.ns, .cycles = cycles - t.cycles };
}

/* Two threads that hand the CPU to each other. */

static struct {
	pthread_t thread;
	int go;
	bool stop;
} partner = { .go = -1 };

static void *yield_when_told(void *arg)
{
	uint64_t n;

	(void)arg;
	while (read(partner.go, &n, sizeof(n)) == sizeof(n))
		while (!__atomic_load_n(&partner.stop, __ATOMIC_ACQUIRE))
			sched_yield();
	return NULL;
}

static void set_fifo(int prio)
{
	struct sched_param sp = { .sched_priority = prio };

	if (sched_setscheduler(0, prio ? SCHED_FIFO : SCHED_OTHER, &sp))
		guest_die("sched_setscheduler: %s", strerror(errno));
}

static void partner_start(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		guest_die("sched_setaffinity: %s", strerror(errno));
	set_fifo(1);
	partner.go = eventfd(0, EFD_CLOEXEC);
	if (pthread_create(&partner.thread, NULL, yield_when_told, NULL))
		guest_die("no second thread");
}

/* The two are of one priority: the partner does not come until we yield. */
static void partner_go(void)
{
	const uint64_t one = 1;

	partner.stop = false;
	if (write(partner.go, &one, sizeof(one)) != sizeof(one))
		guest_die("eventfd: %s", strerror(errno));
	sched_yield();
}

static void partner_stop(void)
{
	__atomic_store_n(&partner.stop, true, __ATOMIC_RELEASE);
	sched_yield();
}

static struct took batch(void)
{
	struct took t;

	partner_go();
	t = took_begin();
	for (int i = 0; i < YIELDS; i++)
		sched_yield();
	t = took_end(t);
	partner_stop();
	return t;
}

/* Cost. */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

static void cost_of(const struct tracer *t, int round, int batches)
{
	static double ns[BATCHES_MAX], cycles[BATCHES_MAX];
	struct tracer_count sum = { 0 }, n;

	t->on(TRACER_SWITCH);
	batch();
	for (int i = 0; i < batches; i++) {
		struct took took;

		t->clear();
		took = batch();
		t->count(&n);
		ns[i] = took.ns / (2 * YIELDS);
		cycles[i] = took.cycles / (2 * YIELDS);
		sum.stored += n.stored;
		sum.lost += n.lost;
	}
	t->off();
	say("{\"what\": \"cost\", \"tracer\": \"%s\", \"round\": %d, \"ns\": %.2f, \"cycles\": %.2f, \"switches\": %d, \"stored\": %llu, \"lost\": %llu}\n",
	    t->name, round, median(ns, batches), median(cycles, batches), batches * 2 * YIELDS,
	    (unsigned long long)sum.stored, (unsigned long long)sum.lost);
}

static void mode_cost(void)
{
	static const struct tracer *const all[] = {
		&tracer_off, &tracer_ktstr, &tracer_ftrace, &tracer_ftrace_bare, &tracer_ringbuf,
	};
	long batches = number("bench_batches", 20);

	partner_start();
	if (batches < 1 || batches > BATCHES_MAX)
		guest_die("bench_batches is 1 to %d", BATCHES_MAX);
	for (long round = 0; round < number("bench_rounds", 3); round++)
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			cost_of(all[i], round, batches);
}

/* Rate. */

static int64_t clock_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* ns on the CPU of every thread but this one and its partner: of the writer. */
static int64_t writer_ns(void)
{
	int64_t others = clock_of(CLOCK_PROCESS_CPUTIME_ID) - clock_of(CLOCK_THREAD_CPUTIME_ID);
	clockid_t clock;

	if (partner.go < 0)
		return others;
	if (pthread_getcpuclockid(partner.thread, &clock))
		guest_die("the partner has no clock");
	return others - clock_of(clock);
}

static void mode_rate(void)
{
	bool is_ktstr = !strcmp(getenv("bench_tracer") ?: "", "ktstr");
	const struct tracer *t = is_ktstr ? &tracer_ktstr : &tracer_ftrace;
	const struct stream *s = is_ktstr ? &stream_ktstr : &stream_ftrace;
	int64_t ms = number("bench_ms", 1000), end;
	unsigned long long yields = 0;
	int64_t writer;
	struct tracer_count n;
	struct took took, all;

	s->start();
	partner_start();
	t->clear();
	partner_go();
	t->on(TRACER_SWITCH);
	s->begin();
	say("{\"what\": \"begin\"}\n");
	writer = writer_ns();
	all = took = took_begin();
	end = now_ns() + ms * 1000000;
	do {
		for (int i = 0; i < 100; i++)
			sched_yield();
		yields += 100;
	} while (now_ns() < end);
	took = took_end(took);
	writer = writer_ns() - writer;
	partner_stop();
	t->off();
	s->finish();
	all = took_end(all);
	t->count(&n);
	say("{\"what\": \"rate\", \"tracer\": \"%s\", \"ns\": %.0f, \"cycles\": %.0f, \"drained_ns\": %.0f, \"writer_ns\": %lld, \"switches\": %llu, \"stored\": %llu, \"lost\": %llu}\n",
	    t->name, took.ns, took.cycles, all.ns, (long long)writer, 2 * yields, (unsigned long long)n.stored,
	    (unsigned long long)n.lost);
}

/* hackbench. */

static struct took hackbench(void)
{
	struct took t = took_begin();
	int status;
	pid_t pid = vfork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		execl("/bin/hackbench", "hackbench", "-p", "-g", "1", "-f", "5",
		      "-l", getenv("bench_loops") ?: "50", "-s", "4096", NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		guest_die("hackbench does not run here (status %#x)", status);
	return took_end(t);
}

static void hackbench_with(const struct tracer *t, const struct stream *s, enum tracer_set set,
			   const char *name, int round)
{
	struct tracer_count n;
	struct took took;

	t->clear();
	t->on(set);
	if (s)
		s->begin();
	took = hackbench();
	t->off();
	if (s)
		s->finish();
	t->count(&n);
	say("{\"what\": \"hackbench\", \"tracer\": \"%s\", \"round\": %d, \"ns\": %.0f, \"cycles\": %.0f, \"stored\": %llu, \"lost\": %llu}\n",
	    name, round, took.ns, took.cycles, (unsigned long long)n.stored,
	    (unsigned long long)n.lost);
}

static void mode_hackbench(void)
{
	stream_ktstr.start();
	hackbench();
	for (long round = 0; round < number("bench_rounds", 3); round++) {
		hackbench_with(&tracer_off, NULL, TRACER_SCHED, "off", round);
		hackbench_with(&tracer_ktstr, &stream_ktstr, TRACER_SCHED, "ktstr", round);
		hackbench_with(&tracer_ftrace, NULL, TRACER_SCHED, "ftrace", round);
		hackbench_with(&tracer_ktstr, &stream_ktstr, TRACER_ALL, "ktstr-all", round);
	}
}

/* The writer. */

static void pass_time(int64_t ns, bool spin)
{
	const struct timespec t = { ns / 1000000000, ns % 1000000000 };
	int64_t end = now_ns() + ns;

	if (!spin)
		nanosleep(&t, NULL);
	while (spin && now_ns() < end)
		;
}

/* The host counts exits and its own CPU time between "begin" and "end". */
static void writer_with(const struct tracer *t, bool spin, int round)
{
	int64_t ms = number("bench_ms", 2000), used;
	struct tracer_count n;
	struct took took;

	t->clear();
	t->on(TRACER_ALL);
	if (t == &tracer_ktstr)
		stream_ktstr.begin();
	pass_time(100000000, spin);
	say("{\"what\": \"begin\"}\n");
	used = writer_ns();
	took = took_begin();
	pass_time(ms * 1000000, spin);
	took = took_end(took);
	used = writer_ns() - used;
	t->count(&n);
	say("{\"what\": \"writer\", \"tracer\": \"%s\", \"load\": \"%s\", \"round\": %d, \"ns\": %.0f, \"writer_ns\": %lld, \"stored\": %llu}\n",
	    t->name, spin ? "spin" : "idle", round, took.ns, (long long)used,
	    (unsigned long long)n.stored);
	t->off();
	if (t == &tracer_ktstr)
		stream_ktstr.finish();
}

static void mode_writer(void)
{
	stream_ktstr.start();
	for (long round = 0; round < number("bench_rounds", 3); round++)
		for (int i = 0; i < 4; i++)
			writer_with(i % 2 ? &tracer_ktstr : &tracer_off, i / 2, round);
}

/* All together. */

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{ "cost", mode_cost },
	{ "rate", mode_rate },
	{ "hackbench", mode_hackbench },
	{ "writer", mode_writer },
};

static void mounts(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL) && errno != EBUSY)
		guest_die("tracefs: %s", strerror(errno));
}

int main(void)
{
	const char *mode = getenv("bench_mode") ?: "";

	mounts();
	out_fd = stream__port(KTSTR_STATS_DEV, O_RDWR);
	tracers__init();
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(mode, modes[i].name)) {
			modes[i].run();
			say("{\"what\": \"done\"}\n");
			reboot(RB_AUTOBOOT);
		}
	guest_die("bench_mode=%s is none", mode);
}
