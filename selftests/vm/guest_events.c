// SPDX-License-Identifier: GPL-2.0-only
/* The workloads' main, and what they share. */
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/dev.h>
#include <ktstr/plan.h>

#include "guest_events.h"

void fail(const char *file, int line, const char *what)
{
	printf("fail %s:%d: %s: %s\n", file, line, what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Memory of this process and its children, there before anybody is timed. */
void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	NEED(p != MAP_FAILED);
	return p;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	NEED(!sched_setaffinity(0, sizeof(set), &set));
}

void fifo(int prio)
{
	struct sched_param p = { .sched_priority = prio };

	NEED(!sched_setscheduler(0, SCHED_FIFO, &p));
}

void spin_ns(uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

void sleep_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	nanosleep(&ts, NULL);
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		printf("fail: cannot write %s to %s: %s\n", text, path, strerror(errno));
		fflush(stdout);
		_exit(1);
	}
	close(fd);
}

void read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	NEED(n >= 0);
	buf[n] = '\0';
	close(fd);
}

/* When PID 1 records without it, for its stimuli. */
void load_module(void)
{
	int fd = open(KTSTR_MODULE_PATH, O_RDONLY | O_CLOEXEC);

	NEED(fd >= 0);
	NEED(!syscall(SYS_finit_module, fd, "stimuli=1", 0) || errno == EEXIST);
	close(fd);
}

int open_dev(void)
{
	int fd = open(KTSTR_DEV_NODE, O_RDWR | O_CLOEXEC);

	NEED(fd >= 0);
	return fd;
}

/* Sleep until the word, which only grows, has this value. */
void token_wait(uint32_t *word, uint32_t value)
{
	uint32_t now;

	while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) < value)
		syscall(SYS_futex, word, FUTEX_WAIT, now, NULL, NULL, 0);
}

void token_pass(uint32_t *word)
{
	__atomic_fetch_add(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 0x7fffffff, NULL, NULL, 0);
}

/* A sleep is seen in /proc and nowhere else. */
void wait_asleep(pid_t pid)
{
	char path[64], stat[512];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		sched_yield();
		read_file(path, stat, sizeof(stat));
		state = strrchr(stat, ')');
		NEED(state);
	} while (state[2] != 'S');
}

void reap(const pid_t *pids, int nr)
{
	int status;

	for (int i = 0; i < nr; i++)
		NEED(waitpid(pids[i], &status, 0) == pids[i] && !status);
}

void case_marks(int nr, int unused)
{
	int dev = open_dev();

	(void)unused;
	pin(0);
	printf("marks pid %d nr %d\n", getpid(), nr);
	for (int i = 0; i < nr; i++) {
		struct ktstr_dev_mark m = { .id = 7, .arg = i };

		NEED(!ioctl(dev, KTSTR_IOC_MARK, &m));
	}
}

static const struct {
	const char *name;
	void (*run)(int a, int b);
} cases[] = {
	{ "handover", case_handover }, { "stall", case_stall }, { "ftrace", case_ftrace },
	{ "storm", case_storm }, { "stopped", case_stopped }, { "hotplug", case_hotplug },
	{ "marks", case_marks }, { "burst", case_burst }, { "nice", case_nice },
};

int main(int argc, char **argv)
{
	NEED(argc == 4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[1]))
			continue;
		cases[i].run(atoi(argv[2]), atoi(argv[3]));
		printf("done\n");
		return 0;
	}
	printf("fail: no case %s\n", argv[1]);
	return 1;
}
