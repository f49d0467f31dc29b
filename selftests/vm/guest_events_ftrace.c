// SPDX-License-Identifier: GPL-2.0-only
/* The same events by ftrace: what the kernel's own tracer saw, CPU by CPU, as text. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/dev.h>

#include "guest_events.h"

#define TRACE	"/sys/kernel/tracing/instances/ktstr"

static const char *const traced[] = {
	"sched_switch", "sched_waking", "sched_wakeup", "sched_wakeup_new", "sched_migrate_task",
};

/* By the clock of both records. */
static uint64_t trace_now(int dev)
{
	struct ktstr_dev_clock c;

	if (dev < 0)
		return now_ns();
	NEED(!ioctl(dev, KTSTR_IOC_CLOCK, &c));
	return c.ring_ns;
}

static void set_up(int mono)
{
	char path[128];

	NEED(!mkdir(TRACE, 0755));
	write_file(TRACE "/tracing_on", "0");
	write_file(TRACE "/trace_clock", mono ? "mono" : "local");
	write_file(TRACE "/buffer_size_kb", "8192");
	for (size_t i = 0; i < sizeof(traced) / sizeof(traced[0]); i++) {
		snprintf(path, sizeof(path), TRACE "/events/sched/%s/enable", traced[i]);
		write_file(path, "1");
	}
}

static void print_file(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	NEED(fd >= 0);
	fflush(stdout);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0, did; at < n; at += did) {
			did = write(STDOUT_FILENO, buf + at, n - at);
			NEED(did > 0);
		}
	NEED(!n);
	close(fd);
}

static void print_cpu(int cpu)
{
	char path[128];

	printf("ftrace cpu %d\n", cpu);
	snprintf(path, sizeof(path), TRACE "/per_cpu/cpu%d/stats", cpu);
	print_file(path);
	snprintf(path, sizeof(path), TRACE "/per_cpu/cpu%d/trace", cpu);
	print_file(path);
}

void case_ftrace(int mono, int loops)
{
	int dev = mono ? -1 : open_dev(), nr = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t on, off;
	struct storm s;

	set_up(mono);
	write_file(TRACE "/tracing_on", "1");
	on = trace_now(dev);
	storm_start(&s, 1, 4, loops);
	storm_watch(&s, UINT64_MAX);
	off = trace_now(dev);
	write_file(TRACE "/tracing_on", "0");
	printf("ftrace on %llu off %llu messages %llu\n", (unsigned long long)on,
	       (unsigned long long)off, (unsigned long long)*s.messages);
	for (int cpu = 0; cpu < nr; cpu++)
		print_cpu(cpu);
}
