// SPDX-License-Identifier: GPL-2.0-only
/*
 * In the guest, by "ktstr shell --exec": starts scx_ktstr, gives it a load, switches its
 * faults, and says what came of it. Each argument is a step; a step prints lines of its own,
 * beginning with its name. See steps[] at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/stats.h>

#define STATE		"/sys/kernel/sched_ext/state"
#define CGROUPS		"/sys/fs/cgroup"
#define ATTACH_MS	20000
#define TICK_US		5000
#define SETS_MAX	8
#define SET_TASKS_MAX	8

/** struct spin_set - spinning processes that are accounted together */
struct spin_set {
	char name[64];
	int nr;
	pid_t pids[SET_TASKS_MAX];
	uint64_t ran_ns;
};

static struct spin_set sets[SETS_MAX];
static int nr_sets;
static pid_t sched;

static void die(const char *what)
{
	printf("guest_scx: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

static void read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* Has it ended? Then it is said how, once. */
static int sched_gone(void)
{
	int status;

	if (!sched || waitpid(sched, &status, WNOHANG) != sched)
		return !sched;
	sched = 0;
	printf("fate %s %d\n", WIFEXITED(status) ? "exited" : "killed",
	       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return 1;
}

/* PROGRAM ARG...; nothing tells of the state but the file itself. */
static void step_start(char *args)
{
	char *argv[32] = { }, state[32], *save;
	int64_t end = now_ms() + ATTACH_MS;
	int n = 0;

	for (char *w = strtok_r(args, " ", &save); w && n < 31; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	sched = fork();
	if (!sched) {
		dup2(1, 2);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	do {
		usleep(TICK_US);
		read_file(STATE, state, sizeof(state));
		if (sched_gone())
			return;
	} while (strcmp(state, "enabled") && now_ms() < end);
	printf("start %s\n", state);
}

/* How it ends within so many ms, if it does. */
static void step_fate(char *args)
{
	int64_t end = now_ms() + atoi(args);

	while (!sched_gone()) {
		if (now_ms() >= end) {
			printf("fate lives\n");
			return;
		}
		usleep(TICK_US);
	}
}

static void step_end(char *args)
{
	(void)args;
	if (sched)
		kill(sched, SIGINT);
	step_fate("10000");
}

/* Until it is attached, for so many ms at most. */
static void step_attached(char *args)
{
	int64_t end = now_ms() + atoi(args);
	char state[32];

	do {
		usleep(TICK_US);
		read_file(STATE, state, sizeof(state));
	} while (strcmp(state, "enabled") && now_ms() < end);
	printf("attached %s\n", state);
}

static void step_state(char *args)
{
	char state[32], ops[64];

	(void)args;
	read_file(STATE, state, sizeof(state));
	read_file("/sys/kernel/sched_ext/root/ops", ops, sizeof(ops));
	printf("state %s %s\n", state, ops);
}

/* PATH,WEIGHT: a cgroup; the groups above it exist already. */
static void step_group(char *args)
{
	char *weight = strchr(args, ','), path[256], parent[256];

	*weight++ = '\0';
	snprintf(path, sizeof(path), CGROUPS "/%s", args);
	snprintf(parent, sizeof(parent), "%s", path);
	strcpy(strrchr(parent, '/'), "/cgroup.subtree_control");
	write_file(parent, "+cpu");
	if (mkdir(path, 0755) && errno != EEXIST)
		die(path);
	strcat(path, "/cpu.weight");
	write_file(path, weight);
}

static pid_t spin(const char *group, unsigned long cpus, int nice_by)
{
	char path[256], pid[16];
	cpu_set_t set;
	pid_t p = fork();

	if (p)
		return p;
	snprintf(path, sizeof(path), CGROUPS "/%s/cgroup.procs", group);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (*group)
		write_file(path, pid);
	CPU_ZERO(&set);
	for (int i = 0; i < 64; i++)
		if (cpus >> i & 1)
			CPU_SET(i, &set);
	if ((cpus && sched_setaffinity(0, sizeof(set), &set)) ||
	    setpriority(PRIO_PROCESS, 0, nice_by))
		die("spin");
	for (;;)
		asm volatile("pause");
}

/* NAME,GROUP,N,CPUS,NICE: N processes; CPUS is a mask in hex, 0 for all */
static void step_spin(char *args)
{
	struct spin_set *s = &sets[nr_sets++];
	char *name = strsep(&args, ","), *group = strsep(&args, ",");
	int n = atoi(strsep(&args, ","));
	unsigned long cpus = strtoul(strsep(&args, ","), NULL, 16);
	int nice_by = atoi(args);

	snprintf(s->name, sizeof(s->name), "%s", name);
	for (s->nr = 0; s->nr < n; s->nr++)
		s->pids[s->nr] = spin(group, cpus, nice_by);
}

static uint64_t ran_ns(const struct spin_set *s)
{
	unsigned long long ns, sum = 0;
	char path[64], line[128];

	for (int i = 0; i < s->nr; i++) {
		snprintf(path, sizeof(path), "/proc/%d/schedstat", s->pids[i]);
		read_file(path, line, sizeof(line));
		if (sscanf(line, "%llu", &ns) == 1)
			sum += ns;
	}
	return sum;
}

/* What the host kept from CPUs that wanted to run, of all of them. */
static uint64_t stolen_ms(void)
{
	unsigned long long ticks = 0;
	char line[256];

	read_file("/proc/stat", line, sizeof(line));
	sscanf(line, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks);
	return ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/*
 * Who ran how much of all that the sets ran, in so many ms; and how many CPUs all of them
 * had. The kernel takes stolen time off what tasks ran, so that belongs to it.
 */
static void step_share(char *args)
{
	uint64_t all = 0, stolen = stolen_ms();
	int64_t from = now_ms(), took;

	for (int i = 0; i < nr_sets; i++)
		sets[i].ran_ns = ran_ns(&sets[i]);
	usleep(atoi(args) * 1000);
	for (int i = 0; i < nr_sets; i++) {
		sets[i].ran_ns = ran_ns(&sets[i]) - sets[i].ran_ns;
		all += sets[i].ran_ns;
	}
	took = now_ms() - from;
	stolen = stolen_ms() - stolen;
	for (int i = 0; i < nr_sets; i++)
		printf("share %s %.1f %llu\n", sets[i].name,
		       all ? 100.0 * sets[i].ran_ns / all : 0,
		       (unsigned long long)(sets[i].ran_ns / 1000000));
	printf("cpus %.2f stolen %llu of %lld ms\n",
	       (all / 1e6 + stolen) / (took ?: 1), (unsigned long long)stolen, (long long)took);
}

static void step_kill(char *args)
{
	(void)args;
	for (; nr_sets; nr_sets--)
		for (int i = 0; i < sets[nr_sets - 1].nr; i++) {
			kill(sets[nr_sets - 1].pids[i], SIGKILL);
			waitpid(sets[nr_sets - 1].pids[i], NULL, 0);
		}
}

/* Sleeps of 2 ms for so long: how late each one ends. */
static void step_wake(char *args)
{
	int64_t end = now_ms() + atoi(args);
	long long late, worst = 0, sum = 0, n = 0;
	struct timespec a, b, two = { .tv_nsec = 2000000 };

	while (now_ms() < end) {
		clock_gettime(CLOCK_MONOTONIC, &a);
		nanosleep(&two, NULL);
		clock_gettime(CLOCK_MONOTONIC, &b);
		late = (b.tv_sec - a.tv_sec) * 1000000ll + (b.tv_nsec - a.tv_nsec) / 1000 - 2000;
		worst = late > worst ? late : worst;
		sum += late;
		n++;
	}
	printf("wake mean_us %lld worst_us %lld of %lld\n", sum / (n ?: 1), worst, n);
}

static int join(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = KTSTR_STATS_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(KTSTR_STATS_SOCKET);
	return fd;
}

static void ask(const char *fmt, const char *arg)
{
	char line[512], c;
	int fd = join();

	snprintf(line, sizeof(line), fmt, arg);
	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		die("write");
	printf("answer ");
	while (read(fd, &c, 1) == 1 && putchar(c) != '\n')
		;
	close(fd);
}

static void step_ask(char *args)
{
	ask("{\"req\":\"%s\"}\n", args);
}

static void step_arm(char *args)
{
	ask("{\"req\":\"fault\",\"args\":{\"arm\":\"%s\"}}\n", args);
}

static void step_disarm(char *args)
{
	ask("{\"req\":\"fault\",\"args\":{\"disarm\":\"%s\"}}\n", args);
}

/* So many clients that ask as much as goes and read nothing, until we end. */
static void step_deaf(char *args)
{
	static const char req[] = "{\"req\":\"stats\"}\n";

	for (int n = atoi(args); n; n--) {
		int fd = join();

		for (int i = 0; i < 1000; i++)
			if (send(fd, req, sizeof(req) - 1, MSG_DONTWAIT) < 0)
				break;
	}
	printf("deaf %s\n", args);
}

/* N,0 or N,1: take a CPU away, or bring it. */
static void step_cpu(char *args)
{
	char path[64], *on = strchr(args, ',');

	*on++ = '\0';
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%s/online", args);
	write_file(path, on);
	printf("cpu %s %s\n", args, on);
}

static const struct {
	const char *name;
	void (*run)(char *args);
} steps[] = {
	{ "start", step_start }, { "fate", step_fate }, { "end", step_end },
	{ "state", step_state }, { "attached", step_attached },
	{ "group", step_group }, { "spin", step_spin }, { "share", step_share },
	{ "kill", step_kill }, { "wake", step_wake }, { "ask", step_ask }, { "arm", step_arm },
	{ "disarm", step_disarm }, { "deaf", step_deaf }, { "cpu", step_cpu },
};

static void step(char *text)
{
	char *args = text + strcspn(text, "=");

	if (*args)
		*args++ = '\0';
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(steps[i].name, text)) {
			steps[i].run(args);
			return;
		}
	printf("guest_scx: no step is called %s\n", text);
	exit(1);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		step(argv[i]);
	step_kill(NULL);
	return 0;
}
