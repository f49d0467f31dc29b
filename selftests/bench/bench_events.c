// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of the event stream's benchmark, for scripts/bench:
 *
 *	bench_events RAM_MIB CMDLINE KERNEL INITRD	ktstr's machine
 *	bench_events RAM_MIB -- QEMU ARG...		another one
 *
 * The guest is events_guest: its command line says what it measures. The lines that it
 * writes to port 2 are passed on. What comes on port 1 is kept, read as a session does
 * it, and looked into when the guest is done: "received" has the events that were
 * found in it by libtraceevent. QEMU gets both ports as descriptors 3 and 4.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <traceevent/kbuffer.h>
#include <unistd.h>

#include <ktstr/vmm.h>
#include <ktstr/wire.h>

#define GIVE_UP_MS	300000
#define READ_SIZE	(256u << 10)
#define STREAM_MAX	(512u << 20)
#define PAGE_BYTES	4096u

/** struct machine - @vmm, or QEMU as @pid behind two sockets */
struct machine {
	struct vmm *vmm;
	pid_t pid;
	int sock[2];
};

/* What came on port 1, and of port 2 the line that is not whole yet. */
static struct {
	uint8_t *bytes;
	size_t len;
	char line[1024];
	size_t line_len;
	bool rate;		/* the events of the stream are to be counted */
	bool done;
} got;

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "bench_events: error: %s: %s\n", what, why);
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Machines. */

static void start_ktstr(struct machine *m, long ram_mib, const char *cmdline, const char *kernel,
			const char *initrd)
{
	struct ktstr_error e;
	struct vmm_opts opts = {
		.sz = sizeof(opts), .kernel = kernel, .nr_initrd = 1, .memory_mib = ram_mib,
		.in_box = getenv("KTSTR_IN_BOX") != NULL, .cmdline_extra = cmdline,
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
}

static void start_other(struct machine *m, char **argv)
{
	int bulk[2], lines[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bulk) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, lines))
		die("socketpair", strerror(errno));
	m->pid = fork();
	if (m->pid < 0)
		die("fork", strerror(errno));
	if (!m->pid) {
		/* Out of the way first: any of them may be 3 or 4 already. */
		int b = fcntl(bulk[1], F_DUPFD, 10), l = fcntl(lines[1], F_DUPFD, 10);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(2, 1);
		dup2(b, 3);
		dup2(l, 4);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	close(bulk[1]);
	close(lines[1]);
	m->sock[0] = bulk[0];
	m->sock[1] = lines[0];
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

/* Return: bytes taken, 0 none, -1 the machine ended. */
static ssize_t take(struct machine *m, int port, void *buf, size_t len)
{
	ssize_t n;

	if (m->vmm)
		return (ssize_t)vmm__port_read(m->vmm, port, buf, len);
	n = recv(m->sock[port - 1], buf, len, MSG_DONTWAIT);
	return n > 0 ? n : n < 0 && errno == EAGAIN ? 0 : -1;
}

/* What the guest costs the host, between its two marks. */

/* Of all machines here, and there is but one; 0 where KVM does not tell. */
static uint64_t kvm_stat(const char *name)
{
	unsigned long long n = 0;
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%s", name);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%llu", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

static void count_host(struct machine *m, bool begin)
{
	static uint64_t exits, all_exits, kicks, interrupts;
	static int64_t cpu, at;
	struct vmm_stats st = { .sz = sizeof(st) };

	if (!m->vmm)
		return;
	vmm__stats(m->vmm, &st);
	if (!begin)
		printf("{\"what\": \"host\", \"ns\": %lld, \"cpu_ns\": %lld, \"exits\": %llu, \"all_exits\": %llu, \"kicks\": %llu, \"interrupts\": %llu}\n",
		       (long long)(clock_ns(CLOCK_MONOTONIC) - at),
		       (long long)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu),
		       (unsigned long long)(st.exits - exits),
		       (unsigned long long)(kvm_stat("exits") - all_exits),
		       (unsigned long long)(st.kicks[KTSTR_Q_BULK_TX] - kicks),
		       (unsigned long long)(st.interrupts - interrupts));
	exits = st.exits;
	all_exits = kvm_stat("exits");
	kicks = st.kicks[KTSTR_Q_BULK_TX];
	interrupts = st.interrupts;
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	at = clock_ns(CLOCK_MONOTONIC);
}

static void on_line(struct machine *m, const char *line)
{
	if (strstr(line, "\"begin\""))
		count_host(m, true);
	else if (strstr(line, "\"writer\"") || strstr(line, "\"rate\""))
		count_host(m, false);
	got.rate |= strstr(line, "\"rate\"") != NULL;
	if (strstr(line, "\"done\""))
		got.done = true;
	else if (!strstr(line, "\"begin\""))
		puts(line);
}

static bool take_lines(struct machine *m)
{
	char buf[512];
	ssize_t n;

	while ((n = take(m, KTSTR_PORT_STATS, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n' && got.line_len < sizeof(got.line) - 1) {
				got.line[got.line_len++] = buf[i];
				continue;
			}
			got.line[got.line_len] = '\0';
			got.line_len = 0;
			on_line(m, got.line);
		}
	return n >= 0;
}

static bool take_stream(struct machine *m)
{
	ssize_t n;

	do {
		if (got.len + READ_SIZE > STREAM_MAX)
			die("port 1", "the stream is longer than this program keeps");
		n = take(m, KTSTR_PORT_BULK, got.bytes + got.len, READ_SIZE);
		got.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n >= 0;
}

static void wait_event(const struct machine *m)
{
	struct pollfd p[3] = {
		{ .fd = m->vmm ? vmm__tx_fd(m->vmm) : m->sock[0], .events = POLLIN },
		{ .fd = m->vmm ? vmm__stats_tx_fd(m->vmm) : m->sock[1], .events = POLLIN },
		{ .fd = m->vmm ? vmm__end_fd(m->vmm) : -1, .events = POLLIN },
	};
	uint64_t n;

	if (poll(p, 3, GIVE_UP_MS) <= 0)
		die("guest", "it says nothing");
	for (int i = 0; m->vmm && i < 2; i++)
		if (p[i].revents && read(p[i].fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
			die("event", strerror(errno));
}

static bool ended(struct machine *m)
{
	return m->vmm && vmm__end(m->vmm, NULL, 0) != VMM_END_NONE;
}

static void follow(struct machine *m)
{
	while (!got.done) {
		bool last = ended(m);

		if ((!take_stream(m) || !take_lines(m) || last) && !got.done)
			die("guest", "it ended before it was done; its console may say why");
		if (!got.done)
			wait_event(m);
	}
}

/* What was received. */

struct received {
	uint64_t events;
	uint64_t pages;
	uint64_t missed;	/* pages that say that events are missing in front of them */
};

static void look_into_page(struct kbuffer *k, const uint8_t *page, struct received *r)
{
	unsigned long long ts;

	r->pages++;
	if (kbuffer_load_subbuffer(k, (void *)page))
		die("page", "libtraceevent does not take it");
	r->missed += kbuffer_missed_events(k) != 0;
	for (void *ev = kbuffer_read_event(k, &ts); ev; ev = kbuffer_next_event(k, &ts))
		r->events++;
}

/* ktstr's pages have a frame's header each, and end where their events do. */
static size_t look_into_frame(struct kbuffer *k, const uint8_t *at, size_t left,
			      struct received *r)
{
	const struct ktstr_frame *f = (const void *)at;

	if (left < sizeof(*f) || f->magic != KTSTR_WIRE_MAGIC || f->type != KTSTR_T_EVNT ||
	    f->len > left - sizeof(*f))
		die("stream", "a frame that is no page");
	look_into_page(k, at + sizeof(*f), r);
	return sizeof(*f) + f->len;
}

static bool is_framed(void)
{
	const struct ktstr_frame *f = (const void *)got.bytes;

	return got.len >= sizeof(*f) && f->magic == KTSTR_WIRE_MAGIC;
}

/* Those of ftrace follow each other. */
static void look_into(struct received *r)
{
	struct kbuffer *k = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	bool framed = is_framed();
	size_t at = 0;

	while (k && framed && at < got.len)
		at += look_into_frame(k, got.bytes + at, got.len - at, r);
	for (; k && !framed && at + PAGE_BYTES <= got.len; at += PAGE_BYTES)
		look_into_page(k, got.bytes + at, r);
	if (!k || at != got.len)
		die("stream", "its last page is not whole");
	kbuffer_free(k);
}

static void print_received(void)
{
	struct received r = { 0 };

	/* Elsewhere a guest is done while its last bytes are on their way. */
	if (!got.rate)
		return;
	look_into(&r);
	if (r.pages)
		printf("{\"what\": \"received\", \"events\": %llu, \"pages\": %llu, \"missed\": %llu, \"bytes\": %zu}\n",
		       (unsigned long long)r.events, (unsigned long long)r.pages,
		       (unsigned long long)r.missed, got.len);
}

/* What the guest's console says, when it ends early. */
static void show_console(struct machine *m)
{
	char buf[4096];
	size_t n;

	while (m->vmm && (n = vmm__serial_read(m->vmm, 1, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stderr);
}

static struct machine machine;

static void at_exit(void)
{
	show_console(&machine);
}

int main(int argc, char **argv)
{
	struct machine *m = &machine;

	if (argc < 5) {
		fputs("usage: bench_events RAM_MIB CMDLINE KERNEL INITRD | RAM_MIB -- QEMU ARG...\n",
		      stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	got.bytes = mmap(NULL, STREAM_MAX, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (got.bytes == MAP_FAILED)
		die("memory", strerror(errno));
	atexit(at_exit);
	if (strcmp(argv[2], "--"))
		start_ktstr(m, atol(argv[1]), argv[2], argv[3], argv[4]);
	else
		start_other(m, argv + 3);
	follow(m);
	print_received();
	stop(m);
	m->vmm = NULL;
	return 0;
}
