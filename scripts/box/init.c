// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the box: makes a machine out of the host's read-only root, runs one
 * command, relays its output, reports its exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto.h"

/* Arguments and environment are pointers into the configuration itself. */
struct config {
	char *bytes;
	size_t len;
	const char *cwd;
	char **argv;
	char **envp;
	char **rw;
};

struct stream {
	int fd;
	enum box_type type;
};

static int port = -1;

static void port_write(const void *buf, size_t len)
{
	const char *p = buf;
	ssize_t n;

	while (len) {
		n = write(port, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);	/* the host is gone; PID 1's end is the box's */
		p += n;
		len -= n;
	}
}

static void send_frame(enum box_type type, const void *buf, size_t len)
{
	struct box_frame f = { .type = type, .len = len };

	port_write(&f, sizeof(f));
	port_write(buf, len);
}

/* End the box: kvmbox kills the emulator when it has this frame. */
static void __attribute__((noreturn)) finish(int32_t status)
{
	sync();
	send_frame(BOX_EXIT, &status, sizeof(status));
	for (;;)
		pause();
}

static void __attribute__((noreturn, format(printf, 2, 3))) fail(int status, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (port < 0) {
		dprintf(2, "kvmbox-init: %s\n", msg);
		_exit(1);
	}
	send_frame(BOX_ERROR, msg, strlen(msg));
	finish(status);
}

/* The driver makes the node when the emulator has announced the port. */
static void open_port(void)
{
	int in = inotify_init1(IN_CLOEXEC);
	char ev[4096];

	if (in < 0 || inotify_add_watch(in, "/dev", IN_CREATE) < 0)
		fail(BOX_EXIT_BROKEN, "cannot watch /dev: %s", strerror(errno));
	while ((port = open(BOX_PORT, O_RDWR | O_CLOEXEC)) < 0)
		if (read(in, ev, sizeof(ev)) < 0)
			fail(BOX_EXIT_BROKEN, "no " BOX_PORT ": %s", strerror(errno));
	close(in);
}

/*
 * A read before the host's PORT_OPEN came says "end of file", not "later", and
 * poll() says POLLHUP for as long. An edge-triggered wait sleeps until it changes.
 */
static void port_read(void *buf, size_t len)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	char *p = buf;
	ssize_t n;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, port, &ev))
		_exit(1);
	while (len) {
		n = read(port, p, len);
		if (n < 0 && errno != EINTR)
			_exit(1);
		if (n > 0) {
			p += n;
			len -= n;
		} else {
			epoll_wait(ep, &ev, 1, -1);
		}
	}
	close(ep);
}

/* collect() - pointers to the configuration's strings of one kind */
static char **collect(const struct config *c, char kind)
{
	char *end = c->bytes + c->len;
	size_t n = 0;
	char **list;

	for (char *s = c->bytes; s < end; s += strlen(s) + 1)
		n += *s == kind;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		fail(BOX_EXIT_BROKEN, "out of memory");
	n = 0;
	for (char *s = c->bytes; s < end; s += strlen(s) + 1)
		if (*s == kind)
			list[n++] = s + 1;
	return list;
}

static void read_config(struct config *c)
{
	struct box_frame f;

	port_read(&f, sizeof(f));
	if (f.type != BOX_CONFIG || f.len > BOX_CONFIG_MAX)
		fail(BOX_EXIT_BROKEN, "kvmbox and kvmbox-init are of different versions; run make again");
	c->len = f.len;
	c->bytes = malloc(c->len + 1);
	if (!c->bytes)
		fail(BOX_EXIT_BROKEN, "out of memory");
	port_read(c->bytes, c->len);
	c->bytes[c->len] = '\0';
	c->argv = collect(c, 'A');
	c->envp = collect(c, 'E');
	c->rw = collect(c, 'R');
	c->cwd = *collect(c, 'C');
	if (!c->argv[0] || !c->cwd)
		fail(BOX_EXIT_BROKEN, "the box was given no command");
}

static void do_mount(const char *src, const char *dir, const char *type, const char *opts)
{
	if (mount(src, dir, type, 0, opts))
		fail(BOX_EXIT_BROKEN, "cannot mount %s on %s in the box: %s", type, dir,
		     strerror(errno));
}

/* The usual places; /dev is there already (CONFIG_DEVTMPFS_MOUNT). */
static void mount_system(void)
{
	do_mount("proc", "/proc", "proc", NULL);
	do_mount("sysfs", "/sys", "sysfs", NULL);
	do_mount("debugfs", "/sys/kernel/debug", "debugfs", NULL);
	do_mount("tracefs", "/sys/kernel/tracing", "tracefs", NULL);
	do_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", NULL);
	mkdir("/dev/pts", 0755);
	do_mount("devpts", "/dev/pts", "devpts", "ptmxmode=0666");
	mkdir("/dev/shm", 01777);
	do_mount("tmpfs", "/dev/shm", "tmpfs", "mode=1777");
	do_mount("tmpfs", "/run", "tmpfs", "mode=0755");
	if (symlink("/proc/self/fd", "/dev/fd") && errno != EEXIST)
		fail(BOX_EXIT_BROKEN, "cannot make /dev/fd in the box: %s", strerror(errno));
}

/*
 * /tmp is writable, but what the host has there stays in sight: a checkout, a
 * kernel or a program given on the command line may well lie in /tmp.
 */
static void mount_tmp(void)
{
	if (mkdir("/run/tmp", 0700))
		fail(BOX_EXIT_BROKEN, "cannot prepare /tmp in the box: %s", strerror(errno));
	do_mount("tmpfs", "/run/tmp", "tmpfs", "mode=0700");
	if (mkdir("/run/tmp/upper", 01777) || chmod("/run/tmp/upper", 01777) ||
	    mkdir("/run/tmp/work", 0700))
		fail(BOX_EXIT_BROKEN, "cannot prepare /tmp in the box: %s", strerror(errno));
	do_mount("overlay", "/tmp", "overlay",
		 "lowerdir=/tmp,upperdir=/run/tmp/upper,workdir=/run/tmp/work");
}

static void make_parents(const char *dir)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/", dir);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);	/* the mount that follows reports what matters */
		*p = '/';
	}
}

/* No data is cached for these: what was written is on the host even if the box is killed. */
static void mount_writable(char **dirs)
{
	char tag[32];

	for (int i = 0; dirs[i]; i++) {
		snprintf(tag, sizeof(tag), "rw%d", i);
		make_parents(dirs[i]);
		do_mount(tag, dirs[i], "9p", BOX_MOUNT_OPTS ",cache=none");
	}
}

static void __attribute__((noreturn)) child(const struct config *c, const int wr[3])
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null, 0);
	/* The pipes' numbers are above 3, pipes_open() saw to that. */
	dup2(wr[0], 1);
	dup2(wr[1], 2);
	dup2(wr[2], BOX_RESULT_FD);
	if (chdir(c->cwd)) {
		dprintf(2, "kvmbox: cannot enter %s in the box: %s\n", c->cwd, strerror(errno));
		_exit(BOX_EXIT_NOT_RUN);
	}
	environ = c->envp;
	execvp(c->argv[0], c->argv);
	dprintf(2, "kvmbox: cannot run %s: %s\n", c->argv[0], strerror(errno));
	_exit(errno == ENOENT ? BOX_EXIT_NOT_RUN : 126);
}

static void pipes_open(struct stream rd[3], int wr[3])
{
	static const enum box_type type[3] = { BOX_STDOUT, BOX_STDERR, BOX_RESULT };
	int fd[2];

	for (int i = 0; i < 3; i++) {
		if (pipe2(fd, O_CLOEXEC))
			fail(BOX_EXIT_BROKEN, "no pipe: %s", strerror(errno));
		rd[i] = (struct stream){ .fd = fcntl(fd[0], F_DUPFD_CLOEXEC, 10), .type = type[i] };
		wr[i] = fcntl(fd[1], F_DUPFD_CLOEXEC, 10);
		if (rd[i].fd < 0 || wr[i] < 0 || fcntl(rd[i].fd, F_SETFL, O_NONBLOCK))
			fail(BOX_EXIT_BROKEN, "no pipe: %s", strerror(errno));
		close(fd[0]);
		close(fd[1]);
	}
}

/* relay() - pass on what a pipe holds; return: false at its end */
static bool relay(const struct stream *s)
{
	static char buf[BOX_FRAME_MAX - sizeof(struct box_frame)];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n > 0)
		send_frame(s->type, buf, n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* A descendant may hold a pipe for ever: take what is there, wait for no more. */
static void drain(struct stream s[3])
{
	for (int i = 0; i < 3; i++) {
		struct pollfd p = { .fd = s[i].fd, .events = POLLIN };

		while (s[i].fd >= 0 && poll(&p, 1, 0) > 0 && relay(&s[i]))
			;
	}
}

/* reap() - collect the dead; return: wait status of @pid, or -1 while it lives */
static int reap(pid_t pid)
{
	int status, ret = -1;
	pid_t dead;

	while ((dead = waitpid(-1, &status, WNOHANG)) > 0)
		if (dead == pid)
			ret = status;
	return ret;
}

/* The kernel booted with one: see kvmbox.c. */
static void start_cpus(void)
{
	long nr = sysconf(_SC_NPROCESSORS_CONF);
	char path[64];
	int fd;

	for (long cpu = 1; cpu < nr; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%ld/online", cpu);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			return;		/* possible, not present */
		if (fd < 0 || write(fd, "1", 1) < 0)
			fail(BOX_EXIT_BROKEN, "CPU %ld of the box does not start: %s", cpu,
			     strerror(errno));
		close(fd);
	}
}

/* In front of everything that may spin there; what it starts is not. */
static void go_first(void)
{
	struct sched_param p = { .sched_priority = sched_get_priority_max(SCHED_FIFO) };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p))
		fail(BOX_EXIT_BROKEN, "no SCHED_FIFO in the box: %s", strerror(errno));
}

/*
 * A byte interrupts one CPU; another one that is in a guest is interrupted by a task that
 * comes to it. One that is idle polls and is not: it has no guest that could spin.
 */
static void visit_cpus(long nr)
{
	cpu_set_t all, one;

	CPU_ZERO(&all);
	for (long cpu = 0; cpu < nr; cpu++) {
		CPU_SET(cpu, &all);
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/* The byte is nothing, its interrupt is all: see kvmbox.c. */
static void answer_ping(long nr_cpus)
{
	char buf[64];

	if (read(port, buf, sizeof(buf)) <= 0)
		return;
	if (nr_cpus > 1)
		visit_cpus(nr_cpus);
	send_frame(BOX_PONG, NULL, 0);
}

static int supervise(pid_t pid, struct stream s[3], int sigfd)
{
	long nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct signalfd_siginfo si;
	struct pollfd p[5];
	int status;

	if (nr_cpus > 1)
		go_first();
	for (;;) {
		for (int i = 0; i < 3; i++)
			p[i] = (struct pollfd){ .fd = s[i].fd, .events = POLLIN };
		p[3] = (struct pollfd){ .fd = sigfd, .events = POLLIN };
		p[4] = (struct pollfd){ .fd = port, .events = POLLIN };
		if (poll(p, 5, -1) < 0)
			continue;
		if (p[4].revents & POLLIN)
			answer_ping(nr_cpus);
		for (int i = 0; i < 3; i++)
			if (p[i].revents && !relay(&s[i]))
				s[i].fd = -1;	/* poll() skips it */
		if (!p[3].revents || read(sigfd, &si, sizeof(si)) < 0)
			continue;
		status = reap(pid);
		if (status != -1)
			return status;
	}
}

static void run(const struct config *c)
{
	struct stream rd[3];
	sigset_t chld;
	int wr[3], sigfd, status;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sigfd = signalfd(-1, &chld, SFD_CLOEXEC);
	pipes_open(rd, wr);
	pid = fork();
	if (pid < 0 || sigfd < 0)
		fail(BOX_EXIT_BROKEN, "cannot start the command: %s", strerror(errno));
	if (!pid)
		child(c, wr);
	for (int i = 0; i < 3; i++)
		close(wr[i]);
	status = supervise(pid, rd, sigfd);
	drain(rd);
	finish(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void)
{
	struct rlimit files = { .rlim_cur = 65536, .rlim_max = 65536 };
	struct config c = { 0 };

	umask(022);
	setrlimit(RLIMIT_NOFILE, &files);
	open_port();
	read_config(&c);
	send_frame(BOX_HELLO, NULL, 0);
	mount_system();
	start_cpus();
	mount_tmp();
	mount_writable(c.rw);
	run(&c);
}
