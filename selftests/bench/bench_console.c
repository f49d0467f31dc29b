// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest to host on port 1, for scripts/bench:
 *
 *	bench_console RAM_MIB SIZE:MIB... -- KERNEL INITRD	ktstr's machine
 *	bench_console RAM_MIB SIZE:MIB... -- QEMU ARG...	another one
 *	bench_console cmdline	the kernel command line to give to the other one
 *
 * The guest is bench_guest. It is asked for MIB MiB in writes of SIZE bytes, once
 * to be timed and once, with a fourth of that, to count VM exits with the
 * kernel's kvm tracepoints; they are attached for the count only. Both
 * machines run one vCPU, and here one thread reads what comes into one buffer and
 * forgets it: from the device, or from the socket that QEMU was given as
 * descriptor 3. The clock runs from the request to the last byte.
 *
 * Prints one JSON object; a number that could not be taken is null.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ktstr/vmm.h>

#include "bench_proto.h"

#define TRACING		"/sys/kernel/tracing/events/kvm/"
#define GIVE_UP_MS	60000
#define READ_SIZE	(256u << 10)
#define COUNT_SHARE	4	/* of what is timed, this part is counted */
#define NR_THREADS	64
#define NR_FIGURES	8

/** struct machine - where bytes go to and come from: @vmm, or QEMU as @pid behind @sock */
struct machine {
	struct vmm *vmm;
	pid_t pid;
	int sock;
	int event;		/* what poll() waits for */
};

/** struct counters - perf events, one per thread of the VMM; @failed: they do not work here */
struct counters {
	int fd[NR_THREADS];
	int nr;
	bool failed;
};

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "bench_console: error: %s: %s\n", what, why);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Counting. */

static long tracepoint_id(const char *name)
{
	char path[128];
	long id = -1;
	FILE *f;

	snprintf(path, sizeof(path), TRACING "%s/id", name);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%ld", &id) != 1)
			id = -1;
		fclose(f);
	}
	return id;
}

static int count_thread(long id, pid_t tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = id,
	};

	return syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* A vCPU's exits happen in its thread; which one that is need not be known. */
static void counters_start(struct counters *c, const char *name, pid_t pid)
{
	long id = tracepoint_id(name);
	char path[64];
	struct dirent *d;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	*c = (struct counters) { .failed = id < 0 || !dir };
	while (!c->failed && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		fd = c->nr < NR_THREADS ? count_thread(id, atoi(d->d_name)) : -1;
		if (fd >= 0)
			c->fd[c->nr++] = fd;
		else
			c->failed = true;
	}
	if (dir)
		closedir(dir);
}

/* Return: events seen, or -1. */
static double counters_stop(struct counters *c)
{
	uint64_t n, sum = 0;

	for (int i = 0; i < c->nr; i++) {
		if (read(c->fd[i], &n, sizeof(n)) != sizeof(n))
			c->failed = true;
		sum += n;
		close(c->fd[i]);
	}
	return c->failed ? -1 : (double)sum;
}

/* Machines. */

static void start_ktstr(struct machine *m, const char *kernel, const char *initrd, long ram_mib)
{
	struct ktstr_error e;
	struct vmm_opts opts = {
		.sz = sizeof(opts), .kernel = kernel, .nr_initrd = 1, .memory_mib = ram_mib,
		.in_box = getenv("KTSTR_IN_BOX") != NULL,
	};
	struct iovec iov;
	struct stat st;
	int fd = open(initrd, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die(initrd, strerror(errno));
	iov.iov_len = st.st_size;
	iov.iov_base = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (iov.iov_base == MAP_FAILED)
		die(initrd, strerror(errno));
	close(fd);
	opts.initrd = &iov;
	if (ktstr_topology__parse("1,1,1,1", &opts.topology, &e) ||
	    vmm__create(&m->vmm, &opts, &e) || vmm__start(m->vmm, &e))
		die("machine", e.msg);
	munmap(iov.iov_base, iov.iov_len);
	m->pid = getpid();
	m->event = vmm__tx_fd(m->vmm);
}

static void start_other(struct machine *m, char **argv)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		die("socketpair", strerror(errno));
	m->pid = fork();
	if (m->pid < 0)
		die("fork", strerror(errno));
	if (!m->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(2, 1);
		dup2(fd[1], 3);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	close(fd[1]);
	m->sock = m->event = fd[0];
}

static void stop(struct machine *m)
{
	if (m->vmm) {
		vmm__destroy(m->vmm);
		return;
	}
	kill(m->pid, SIGKILL);
	waitpid(m->pid, NULL, 0);
}

static void ask(struct machine *m, const struct bench_request *req)
{
	if (m->vmm ? vmm__port_write(m->vmm, KTSTR_PORT_BULK, req, sizeof(*req)) :
		     write(m->sock, req, sizeof(*req)) != sizeof(*req))
		die("request", "the machine does not take it");
}

static void wait_event(const struct machine *m)
{
	struct pollfd p = { .fd = m->event, .events = POLLIN };
	uint64_t n;

	if (poll(&p, 1, GIVE_UP_MS) <= 0)
		die("guest", "it says nothing");
	if (m->vmm && read(m->event, &n, sizeof(n)) < 0 && errno != EAGAIN)
		die("event", strerror(errno));
}

/* take() - wait for @len bytes and forget them */
static void take(struct machine *m, uint64_t len)
{
	static char buf[READ_SIZE];

	while (len) {
		ssize_t n;

		wait_event(m);
		do {
			n = m->vmm ? (ssize_t)vmm__port_read(m->vmm, KTSTR_PORT_BULK, buf,
							     sizeof(buf)) :
				     recv(m->sock, buf, sizeof(buf), MSG_DONTWAIT);
			if (n > 0)
				len -= (uint64_t)n < len ? (uint64_t)n : len;
		} while (n > 0);
		if (!n && !m->vmm)
			die("machine", "it ended");
	}
}

/* Figures. */

struct figures {
	uint32_t size;
	uint64_t bytes;
	double mib_per_s;
	double exits_per_mib;
	double user_exits_per_mib;
};

static void measure(struct machine *m, struct figures *f)
{
	struct bench_request req = { .size = f->size, .count = f->bytes / f->size };
	struct counters exits, user_exits;
	uint64_t bytes = f->bytes;
	int64_t start;

	start = now_ns();
	ask(m, &req);
	take(m, bytes);
	f->mib_per_s = (bytes >> 20) / ((now_ns() - start) / 1e9);

	bytes /= COUNT_SHARE;
	req.count /= COUNT_SHARE;
	counters_start(&exits, "kvm_exit", m->pid);
	counters_start(&user_exits, "kvm_userspace_exit", m->pid);
	ask(m, &req);
	take(m, bytes);
	f->exits_per_mib = counters_stop(&exits) / (bytes >> 20);
	f->user_exits_per_mib = counters_stop(&user_exits) / (bytes >> 20);
}

static void print_number(const char *name, double n, const char *end)
{
	if (n < 0)
		printf("\"%s\": null%s", name, end);
	else
		printf("\"%s\": %.2f%s", name, n, end);
}

static void print_figures(const struct figures *f, const char *end)
{
	printf("{\"write_bytes\": %u, ", f->size);
	print_number("mib_per_s", f->mib_per_s, ", ");
	print_number("exits_per_mib", f->exits_per_mib, ", ");
	print_number("user_exits_per_mib", f->user_exits_per_mib, "}");
	fputs(end, stdout);
}

/* Return: register accesses until the guest had its first port, or -1. */
static double accesses_to_ready(const struct machine *m)
{
	struct vmm_stats st = { .sz = sizeof(st) };

	if (!m->vmm)
		return -1;
	vmm__stats(m->vmm, &st);
	return st.accesses_to_ready;
}

/* Both halves are whole MiB, and a write is a part of one. */
static void parse(struct figures *f, const char *arg)
{
	unsigned long mib;

	if (sscanf(arg, "%u:%lu", &f->size, &mib) != 2 || !f->size || f->size > BENCH_WRITE_MAX ||
	    (1 << 20) % f->size || !mib || mib % COUNT_SHARE)
		die(arg, "not SIZE:MIB");
	f->bytes = (uint64_t)mib << 20;
}

static void run(struct machine *m, struct figures *f, int nr)
{
	static const struct bench_request end;

	take(m, 1);
	printf("{");
	print_number("accesses_to_ready", accesses_to_ready(m), ", ");
	printf("\"writes\": [");
	for (int i = 0; i < nr; i++) {
		measure(m, &f[i]);
		print_figures(&f[i], i + 1 < nr ? ", " : "]}\n");
	}
	ask(m, &end);
}

static int print_cmdline(void)
{
	struct vmm_opts opts = { .sz = sizeof(opts) };
	struct ktstr_error e;
	char line[1024];

	if (vmm__cmdline(&opts, line, sizeof(line), &e))
		die("command line", e.msg);
	puts(line);
	return 0;
}

int main(int argc, char **argv)
{
	struct figures f[NR_FIGURES];
	struct machine m = { 0 };
	int nr = 0, i = 2;

	if (argc == 2 && !strcmp(argv[1], "cmdline"))
		return print_cmdline();
	for (; i < argc && nr < NR_FIGURES && strcmp(argv[i], "--"); i++)
		parse(&f[nr++], argv[i]);
	if (!nr || argc < i + 3) {
		fputs("usage: bench_console RAM_MIB SIZE:MIB... -- KERNEL INITRD | QEMU ARG...\n",
		      stderr);
		return 2;
	}
	if (argc == i + 3)
		start_ktstr(&m, argv[i + 1], argv[i + 2], atol(argv[1]));
	else
		start_other(&m, argv + i + 1);
	run(&m, f, nr);
	stop(&m);
	return 0;
}
