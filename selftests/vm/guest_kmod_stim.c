// SPDX-License-Identifier: GPL-2.0-only
/* The cases about stimuli, CPUs that come and go, wrong arguments, and a panic. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "guest_kmod.h"

#define MS	1000000ull
#define VICTIM	1	/* the CPU that things happen to; the rest of the test is on 0 */

static struct ktstr_stimulus stimulus(uint32_t kind, uint32_t cpu, uint64_t ms)
{
	return (struct ktstr_stimulus){ .kind = kind, .cpu = cpu, .duration_ns = ms * MS };
}

/* A task of the victim's, and for how long it did not run. */
static struct watch {
	pthread_t thread;
	bool stop;
	bool runs;
	uint64_t gap_ns;
	uint64_t wait_ns;		/* on the runqueue */
} watch;

/* What this thread waited for the CPU: not what the machine was not there for. */
static uint64_t waited_ns(void)
{
	unsigned long long ran, waited;
	FILE *f = fopen("/proc/thread-self/schedstat", "r");

	NEED(f && fscanf(f, "%llu %llu", &ran, &waited) == 2);
	fclose(f);
	return waited;
}

static void *watch_main(void *arg)
{
	uint64_t last, now, waited;

	(void)arg;
	pin(VICTIM);
	waited = waited_ns();
	last = now_ns();
	while (!__atomic_load_n(&watch.stop, __ATOMIC_ACQUIRE)) {
		now = now_ns();
		if (now - last > watch.gap_ns)
			watch.gap_ns = now - last;
		last = now;
		__atomic_store_n(&watch.runs, true, __ATOMIC_RELEASE);
	}
	watch.wait_ns = waited_ns() - waited;
	return NULL;
}

static void watch_start(void)
{
	watch = (struct watch){ .stop = false };
	NEED(!pthread_create(&watch.thread, NULL, watch_main, NULL));
	while (!__atomic_load_n(&watch.runs, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void watch_end(void)
{
	__atomic_store_n(&watch.stop, true, __ATOMIC_RELEASE);
	pthread_join(watch.thread, NULL);
}

/* From CPU 0, once the stimulus has begun: an interrupt that emits on the victim. */
static void *interrupt_main(void *arg)
{
	int ctl = *(int *)arg;

	pin(0);
	while (!stats(ctl, VICTIM).emitted)
		;
	NEED(emit(ctl, KTSTR_EMIT_HARDIRQ, VICTIM, 0xa, 0, 1) == 1);
	return NULL;
}

/* Ticks that found the victim in a softirq: column 8 of /proc/stat. */
static unsigned long softirq_ticks(void)
{
	unsigned long v[8] = {}, ticks = ~0ul;
	char line[1024], name[8];
	FILE *f = fopen("/proc/stat", "r");

	NEED(f);
	snprintf(name, sizeof(name), "cpu%d", VICTIM);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) &&
		    sscanf(line, "%*s %lu %lu %lu %lu %lu %lu %lu", &v[0], &v[1], &v[2], &v[3],
			   &v[4], &v[5], &v[6]) == 7)
			ticks = v[6];
	fclose(f);
	NEED(ticks != ~0ul);
	return ticks;
}

static void run_with(int ctl, struct ktstr_stimulus *s, bool interrupt)
{
	pthread_t t;

	NEED(!ioctl(ctl, KTSTR_IOC_RESET) && !ioctl(ctl, KTSTR_IOC_ENABLE));
	watch_start();
	if (interrupt)
		NEED(!pthread_create(&t, NULL, interrupt_main, &ctl));
	NEED(!ioctl(ctl, KTSTR_IOC_STIMULUS, s));
	if (interrupt)
		pthread_join(t, NULL);
	watch_end();
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	say("stimulus %u took %llu gap %llu wait %llu wakeups %llu\n", s->kind, s->took_ns,
	    (unsigned long long)watch.gap_ns, (unsigned long long)watch.wait_ns, s->wakeups);
	NEED(s->took_ns >= s->duration_ns);
	NEED(!s->wakeups == (s->kind != KTSTR_STIM_WAKE_STORM));
}

/* These keep every task off the CPU; the host looks where the interrupt came. */
static void case_spin(int ctl, uint32_t kind, uint64_t ms)
{
	struct ktstr_stimulus s = stimulus(kind, VICTIM, ms);
	unsigned long ticks = softirq_ticks();
	int fd = open_cpu(VICTIM);

	run_with(ctl, &s, true);
	NEED(watch.gap_ns >= ms * MS);
	if (kind == KTSTR_STIM_SPIN_SOFTIRQ)
		NEED(softirq_ticks() > ticks);
	say("spin %u\n", kind);
	drain(VICTIM, fd);
	close(fd);
}

static void case_hog(int ctl, uint32_t policy, int prio, uint64_t ms)
{
	static uint64_t strong_ns;
	struct ktstr_stimulus s = stimulus(KTSTR_STIM_HOG, VICTIM, ms);

	s.policy = policy;
	s.prio = prio;
	if (policy == SCHED_DEADLINE) {
		s.runtime_ns = 9 * MS;
		s.period_ns = 10 * MS;
	}
	run_with(ctl, &s, false);
	/* It leaves a tenth or less (real time: 5 %), or takes about a tenth or less. */
	if (policy == SCHED_IDLE || prio == 19)
		NEED(watch.wait_ns < strong_ns);
	else
		NEED(watch.wait_ns > ms * MS / 2);
	if (policy == SCHED_FIFO)
		strong_ns = watch.wait_ns;
}

static void case_storm(int ctl, uint64_t ms)
{
	struct ktstr_stimulus s = stimulus(KTSTR_STIM_WAKE_STORM, VICTIM, ms);

	s.policy = SCHED_FIFO;
	s.prio = 1;
	s.period_ns = MS;
	run_with(ctl, &s, false);
	/* Every period at the most; a slow machine skips some. */
	NEED(s.wakeups >= 10 && s.wakeups <= s.took_ns / MS + 1);
}

/* On all CPUs at once; each has its two marks. */
static void case_all(int ctl, uint64_t ms)
{
	struct ktstr_stimulus s = stimulus(KTSTR_STIM_SPIN_PREEMPT, KTSTR_STIM_ALL_CPUS, ms);
	int cpu;

	NEED(!ioctl(ctl, KTSTR_IOC_RESET) && !ioctl(ctl, KTSTR_IOC_ENABLE));
	NEED(!ioctl(ctl, KTSTR_IOC_STIMULUS, &s));
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		NEED(stats(ctl, cpu).emitted == 2);
	NEED(s.took_ns >= ms * MS);
}

static void case_warn(int ctl)
{
	struct ktstr_stimulus s = { .kind = KTSTR_STIM_WARN };

	NEED(!ioctl(ctl, KTSTR_IOC_STIMULUS, &s));
}

void case_stimulus(unsigned int n)
{
	int ctl;

	load("stimuli=1");
	pin(0);
	ctl = open_dev();
	case_spin(ctl, KTSTR_STIM_SPIN_PREEMPT, n);
	case_spin(ctl, KTSTR_STIM_SPIN_IRQ, n);
	case_spin(ctl, KTSTR_STIM_SPIN_SOFTIRQ, n);
	case_hog(ctl, SCHED_FIFO, 50, n);
	case_hog(ctl, SCHED_RR, 1, n);
	case_hog(ctl, SCHED_OTHER, -20, n);
	case_hog(ctl, SCHED_OTHER, 19, n);
	case_hog(ctl, SCHED_BATCH, -20, n);
	case_hog(ctl, SCHED_IDLE, 0, n);
	case_hog(ctl, SCHED_DEADLINE, 0, n);
	case_storm(ctl, n);
	case_all(ctl, n / 10);
	case_warn(ctl);
	close(ctl);
	unload();
}

void case_panic(unsigned int n)
{
	struct ktstr_stimulus s = { .kind = KTSTR_STIM_PANIC };

	load(n ? "stimuli=1" : "");
	ioctl(open_dev(), KTSTR_IOC_STIMULUS, &s);
	/* Without stimuli=1 it must not come to that. */
}

bool online(int cpu)
{
	char path[64], c = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_RDONLY);
	NEED(fd >= 0 && read(fd, &c, 1) == 1);
	close(fd);
	return c == '1';
}

void set_online(int cpu, const char *to)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_WRONLY);
	NEED(fd >= 0 && write(fd, to, 1) == 1);
	close(fd);
}

struct crowd {
	int ctl;
	bool stop;
	bool seen_offline;
};

/* Emits wherever it is, and in interrupts of the CPU that comes and goes. */
static void *crowd_main(void *arg)
{
	struct crowd *c = arg;
	cpu_set_t all;
	struct ktstr_ev_mark mark = { .h = { .type = KTSTR_EV_MARK }, .id = 5 };
	struct ktstr_dev_emit e = {
		.rec = (uintptr_t)&mark, .len = sizeof(mark), .count = KMOD_PER_CALL,
		.context = KTSTR_EMIT_HARDIRQ, .cpu = VICTIM,
	};

	memset(&all, 0xff, sizeof(all));
	NEED(!sched_setaffinity(0, sizeof(all), &all));
	while (!__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) {
		emit(c->ctl, KTSTR_EMIT_TASK, 0, 5, 0, KMOD_PER_CALL);
		emit(c->ctl, KTSTR_EMIT_SOFTIRQ, 0, 5, 0, KMOD_PER_CALL);
		if (ioctl(c->ctl, KTSTR_IOC_EMIT, &e))
			NEED(errno == ENXIO);
		if (!online(VICTIM))
			__atomic_store_n(&c->seen_offline, true, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* The buffer of a CPU that was away when the module came. */
static void late_cpu(void)
{
	int ctl, fd;

	set_online(VICTIM, "0");
	load("stimuli=1 size_kib=16");
	ctl = open_dev();
	fd = open_cpu(VICTIM);
	NEED(!ioctl(ctl, KTSTR_IOC_ENABLE));
	NEED(!stats(ctl, VICTIM).emitted);
	set_online(VICTIM, "1");
	pin(VICTIM);
	NEED(emit(ctl, KTSTR_EMIT_TASK, 0, 1, 0, 10) == 10);
	NEED(!ioctl(ctl, KTSTR_IOC_DISABLE));
	drain(VICTIM, fd);
	NEED(stats(ctl, VICTIM).read == 10);
	close(fd);
	close(ctl);
	pin(0);
	unload();
}

void case_hotplug(unsigned int n)
{
	struct ktstr_stimulus s;
	struct crowd c = { .stop = false };
	int fd[NR_CPUS], cpu, nr = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t t[NR_CPUS];
	unsigned int i;

	late_cpu();
	load("stimuli=1 size_kib=16");
	c.ctl = open_dev();
	for (cpu = 0; cpu < nr; cpu++)
		fd[cpu] = open_cpu(cpu);
	NEED(!ioctl(c.ctl, KTSTR_IOC_ENABLE));
	for (cpu = 0; cpu < nr; cpu++)
		NEED(!pthread_create(&t[cpu], NULL, crowd_main, &c));
	for (i = 0; i < n; i++) {
		__atomic_store_n(&c.seen_offline, false, __ATOMIC_RELEASE);
		s = stimulus(KTSTR_STIM_HOTPLUG, VICTIM, 200);
		NEED(!ioctl(c.ctl, KTSTR_IOC_STIMULUS, &s));
		NEED(s.took_ns >= 200 * MS);
		NEED(online(VICTIM));
		NEED(__atomic_load_n(&c.seen_offline, __ATOMIC_ACQUIRE));
	}
	__atomic_store_n(&c.stop, true, __ATOMIC_RELEASE);
	for (cpu = 0; cpu < nr; cpu++)
		pthread_join(t[cpu], NULL);
	NEED(!ioctl(c.ctl, KTSTR_IOC_DISABLE));
	for (cpu = 0; cpu < nr; cpu++) {
		drain(cpu, fd[cpu]);
		close(fd[cpu]);
	}
	say_account(c.ctl);
	/* The boot CPU stays where it is. */
	s = stimulus(KTSTR_STIM_HOTPLUG, 0, 200);
	NEED(ioctl(c.ctl, KTSTR_IOC_STIMULUS, &s) == -1);
	set_online(VICTIM, "0");
	s = stimulus(KTSTR_STIM_HOTPLUG, VICTIM, 200);
	NEED_ERRNO(ENXIO, ioctl(c.ctl, KTSTR_IOC_STIMULUS, &s));
	s = stimulus(KTSTR_STIM_SPIN_IRQ, VICTIM, 200);
	NEED_ERRNO(ENXIO, ioctl(c.ctl, KTSTR_IOC_STIMULUS, &s));
	set_online(VICTIM, "1");
	close(c.ctl);
	unload();
}
