// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the module's tests: loads ktstr.ko and runs the case that KMOD_CASE names.
 * Says "ok" or why not on COM2, sends pages of events on port 1.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/ports.h>

#include "guest_kmod.h"

static int com2 = -1, port = -1;
static pthread_mutex_t com2_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t port_lock = PTHREAD_MUTEX_INITIALIZER;

void say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&com2_lock);
	if (n > 0 && write(com2, line, n) != n)
		reboot(RB_AUTOBOOT);
	pthread_mutex_unlock(&com2_lock);
}

void fail(const char *file, int line, const char *what)
{
	say("fail %s:%d: %s: %s\n", file, line, what, strerror(errno));
	tcdrain(com2);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

void load(const char *params)
{
	int fd = open(KMOD_KO, O_RDONLY | O_CLOEXEC);

	NEED(fd >= 0);
	NEED(!syscall(SYS_finit_module, fd, params, 0));
	close(fd);
}

int try_unload(void)
{
	return syscall(SYS_delete_module, "ktstr", O_NONBLOCK);
}

/* fput() does its work when a task returns to user space: one that we closed has. */
void unload(void)
{
	NEED(!try_unload());
}

int open_dev(void)
{
	int fd = open(KTSTR_DEV_NODE, O_RDWR | O_CLOEXEC);

	NEED(fd >= 0);
	return fd;
}

int open_cpu(int cpu)
{
	int fd = open_dev();
	__u32 arg = cpu;

	NEED(!ioctl(fd, KTSTR_IOC_BIND, &arg));
	return fd;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	NEED(!sched_setaffinity(0, sizeof(set), &set));
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

struct ktstr_dev_stats stats(int fd, int cpu)
{
	struct ktstr_dev_stats st = { .cpu = cpu };

	NEED(!ioctl(fd, KTSTR_IOC_STATS, &st));
	return st;
}

/* Emit @count marks of a source from number @first on; return: how many were stored. */
uint64_t emit(int fd, uint32_t context, int cpu, uint64_t source, uint64_t first, uint32_t count)
{
	struct ktstr_ev_mark mark = {
		.h = { .type = KTSTR_EV_MARK }, .id = source, .arg = first,
	};
	struct ktstr_dev_emit e = {
		.rec = (uintptr_t)&mark, .len = sizeof(mark), .count = count,
		.context = context, .cpu = cpu,
	};

	NEED(!ioctl(fd, KTSTR_IOC_EMIT, &e));
	return e.stored;
}

unsigned int page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = write(fd, p, len);
		NEED(n > 0);
	}
}

void send_page(int cpu, const void *page)
{
	const struct kmod_chunk c = { KMOD_CHUNK, cpu, KMOD_READ, page_size() };

	pthread_mutex_lock(&port_lock);
	write_all(port, &c, sizeof(c));
	write_all(port, page, c.len);
	pthread_mutex_unlock(&port_lock);
}

/*
 * Move what is there through a pipe to port 1: nobody copies it. All that is in the
 * pipe goes in one splice(): virtio_console (6.12) follows a null pointer when it is
 * asked for less, as its scatterlist ends where the pipe does, not where the pages do.
 * Return: end of file?
 */
bool splice_pages(int cpu, int fd)
{
	struct kmod_chunk c = { KMOD_CHUNK, cpu, KMOD_SPLICE, 0 };
	ssize_t n;
	int p[2];

	NEED(!pipe(p));
	while ((n = splice(fd, NULL, p[1], NULL, KMOD_CHUNK_MAX, SPLICE_F_NONBLOCK)) > 0) {
		c.len = n;
		pthread_mutex_lock(&port_lock);
		write_all(port, &c, sizeof(c));
		NEED(splice(p[0], NULL, port, NULL, n, 0) == n);
		pthread_mutex_unlock(&port_lock);
	}
	NEED(!n || errno == EAGAIN);
	close(p[0]);
	close(p[1]);
	return !n;
}

/* Read what is there; return: end of file? */
bool read_pages(int cpu, int fd)
{
	char *page = malloc(page_size());
	ssize_t n;

	NEED(page);
	while ((n = read(fd, page, page_size())) == page_size())
		send_page(cpu, page);
	NEED(!n || (n < 0 && errno == EAGAIN));
	free(page);
	return !n;
}

/* Recording is off: read to the end of the file. */
void drain(int cpu, int fd)
{
	NEED(read_pages(cpu, fd));
}

/* Nobody emits: the account must come out even. */
void say_account(int fd)
{
	int cpu;

	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		struct ktstr_dev_stats st = stats(fd, cpu);

		say("account %d emitted %llu lost %llu read %llu entries %llu bytes %llu\n", cpu,
		    st.emitted, st.lost, st.read, st.entries, st.bytes);
		NEED(st.emitted == st.read + st.lost + st.entries);
		NEED(st.entries || !st.bytes);
	}
}

/* Until a thread or process sleeps in the kernel: looked at, as there is no event for it. */
void wait_asleep(int tid)
{
	char path[64], text[256], *p, state = 0;
	int fd, n;

	while (state != 'S') {
		snprintf(path, sizeof(path), "/proc/%d/stat", tid);
		fd = open(path, O_RDONLY);
		NEED(fd >= 0);
		n = read(fd, text, sizeof(text) - 1);
		NEED(n > 0);
		text[n] = '\0';
		close(fd);
		p = strrchr(text, ')');
		state = p ? p[2] : 0;
		sched_yield();
	}
}

unsigned long free_kib(void)
{
	unsigned long kib = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	NEED(f && fscanf(f, "MemTotal: %*u kB MemFree: %lu", &kib) == 1);
	fclose(f);
	return kib;
}

/* Lines arrive as they are written, without a terminal's carriage returns. */
static int open_raw(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);
	struct termios t;

	if (fd < 0 || tcgetattr(fd, &t))
		reboot(RB_AUTOBOOT);
	cfmakeraw(&t);
	if (tcsetattr(fd, TCSANOW, &t))
		reboot(RB_AUTOBOOT);
	return fd;
}

/* The driver makes the node when it has handled PORT_ADD: wait for that event. */
static int open_port(const char *path)
{
	char events[4096] __attribute__((aligned(8)));
	int watch = inotify_init1(0);
	int fd;

	NEED(watch >= 0 && inotify_add_watch(watch, "/dev", IN_CREATE | IN_ATTRIB) >= 0);
	while ((fd = open(path, O_RDWR)) < 0) {
		NEED(errno == ENOENT || errno == ENXIO);
		NEED(read(watch, events, sizeof(events)) > 0);
	}
	close(watch);
	return fd;
}

/* Is this the first line of what a kernel that is well does not say? */
static bool is_splat(const char *text)
{
	static const char *const signs[] = {
		"WARNING:", "BUG:", "Oops", "INFO: rcu", "INFO: task", "INFO: trying", "ODEBUG",
		"lockup", "asked for", "enqueued tasks", ", name: ",
	};
	unsigned int i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(text, signs[i]))
			return true;
	return false;
}

#define TELL_MORE	60	/* lines of the kernel's that explain a splat */

/* What the kernel complained of: its console is quiet about warnings. */
static void say_splats(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char record[8192], *text;
	unsigned int more = 0;
	ssize_t n;

	NEED(fd >= 0);
	while ((n = read(fd, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';
		record[strcspn(record, "\n")] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		if (is_splat(text)) {
			say(KMOD_SPLAT "%.200s\n", text + 1);
			more = TELL_MORE;
		} else if (more) {
			say("log: %.200s\n", text + 1);
			more--;
		}
	}
	NEED(errno == EAGAIN);
	close(fd);
}

/* lockdep stops at the first thing that it reports: without that, it is still there. */
static void say_lockdep(void)
{
	FILE *f = fopen("/proc/lockdep_stats", "r");
	unsigned int on;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " debug_locks: %u", &on) == 1)
			say(KMOD_LOCKDEP "%s\n", on ? "on" : "off");
	if (f)
		fclose(f);
}

static const struct {
	const char *name;
	void (*run)(unsigned int n);
} cases[] = {
	{ "load_unload", case_load_unload },
	{ "account", case_account },
	{ "contexts", case_contexts },
	{ "two_pages", case_two_pages },
	{ "splice", case_splice },
	{ "poll", case_poll },
	{ "busy", case_busy },
	{ "hotplug", case_hotplug },
	{ "bad", case_bad },
	{ "facts", case_facts },
	{ "bpf", case_bpf },
	{ "stimulus", case_stimulus },
	{ "panic", case_panic },
	{ "attach", case_attach },
	{ "stream_hotplug", case_stream_hotplug },
	{ "bare_hotplug", case_bare_hotplug },
	{ "killed", case_killed },
	{ "perf", case_perf },
	{ "watched", case_watched },
};

int main(void)
{
	char name[32];
	unsigned int i, n = 0;
	FILE *f;

	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	com2 = open_raw(KTSTR_COM2_DEV);
	port = open_port(KTSTR_BULK_DEV);
	f = fopen(KMOD_CASE, "r");
	NEED(f && fscanf(f, "%31s %u", name, &n) == 2);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(cases[i].name, name))
			break;
	NEED(i < sizeof(cases) / sizeof(cases[0]));
	cases[i].run(n);
	say_splats();
	say_lockdep();
	say("ok\n");
	tcdrain(com2);
	reboot(RB_AUTOBOOT);
	return 1;
}
