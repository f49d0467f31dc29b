// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a command on an emulated machine that has /dev/kvm.
 *
 *	kvmbox [--rw DIR]... [--result-fd N] [--memory MIB] [--cpus N] [--timeout S] -- CMD ARG...
 *
 * QEMU emulates (TCG) an AMD CPU with SVM; the host's root is its root,
 * read-only, over 9p. The command finds the same working directory and
 * environment, KTSTR_IN_BOX=1, a writable /tmp of its own, and every --rw DIR
 * writable. Its stdout and stderr come out here as they are written, bytes it
 * writes to descriptor 3 come out on --result-fd, and its exit status is ours.
 *
 * Exit status of our own: 124 time is up, 125 the box is broken. Nothing is left
 * behind, whichever of us is killed: there are no files, and QEMU dies with us.
 *
 * scripts/kvmbox starts this and says where QEMU's kernel and init are, in
 * KTSTR_BOX_KERNEL and KTSTR_BOX_INIT. KTSTR_BOX_VERBOSE=1 shows the boot.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto.h"

#define RW_MAX		16
#define QEMU_ARGS_MAX	128
#define BOOT_TIMEOUT_S	180	/* measured: 3 s; a loaded CI machine is far slower */
#define MEMORY_MIB	4096
#define CPUS_MAX	8	/* more only take turns on those of the host */

/*
 * QEMU's emulation of VMRUN and of #VMEXIT changes the CPU's word of pending
 * interrupts without the lock that its timer thread changes it under (7.2,
 * target/i386/tcg/sysemu/svm_helper.c), so now and then a timer interrupt of the
 * box is lost. If the guest inside then spins without an exit, nothing would end
 * it: the box hangs. Any later interrupt delivers the lost one too, so the box is
 * given one often, which its init takes to every CPU that runs something. The answers
 * tell a hung box from a slow command.
 */
#define PING_MS		100
#define PINGS_MAX	1200	/* unanswered: two minutes of silence */

/* The end of something that talks too much, kept in case things go wrong. */
struct tail {
	char buf[4096];
	size_t len;
};

struct box {
	char *rw[RW_MAX];
	int nr_rw;
	int result_fd;
	long memory_mib;
	long cpus;
	long timeout_s;
	char **argv;
	bool verbose;

	int sock;		/* frames */
	int console;		/* the box kernel's serial line */
	int qemu_err;
	int pidfd;

	char *config;		/* frame for the box, sent as it takes it */
	size_t config_len, config_sent;

	struct box_frame in;
	size_t in_got;		/* bytes of header and payload so far */
	char payload[BOX_FRAME_MAX];

	bool hello;
	uint64_t pinged_ms;		/* CLOCK_MONOTONIC */
	unsigned int unanswered;	/* pings since the box was last heard */
	bool ended;
	bool late;		/* time was up first */
	int32_t status;
	struct tail console_tail, err_tail;
};

static pid_t qemu_pid;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fputs("kvmbox: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(BOX_EXIT_BROKEN);
}

/* Also the way out when we are asked to end: QEMU is gone before we are. */
static void kill_qemu(void)
{
	if (qemu_pid <= 0)
		return;
	kill(qemu_pid, SIGKILL);
	while (waitpid(qemu_pid, NULL, 0) < 0 && errno == EINTR)
		;
	qemu_pid = 0;
}

static void on_signal(int sig)
{
	kill_qemu();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_signals(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		sigaction(sigs[i], &sa, NULL);
}

static long number(const char *opt, const char *s, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (errno || end == s || *end || n < min || n > max)
		die("%s wants a number from %ld to %ld, not \"%s\"", opt, min, max, s);
	return n;
}

static void add_rw(struct box *b, const char *dir)
{
	struct stat st;

	if (b->nr_rw == RW_MAX)
		die("more than %d directories with --rw; name a common parent", RW_MAX);
	b->rw[b->nr_rw] = realpath(dir, NULL);
	if (!b->rw[b->nr_rw])
		die("--rw %s: %s", dir, strerror(errno));
	if (stat(b->rw[b->nr_rw], &st) || !S_ISDIR(st.st_mode))
		die("--rw %s is not a directory", dir);
	b->nr_rw++;
}

static void parse_args(struct box *b, int argc, char **argv)
{
	static const struct option opts[] = {
		{ "rw", required_argument, NULL, 'w' },
		{ "result-fd", required_argument, NULL, 'r' },
		{ "memory", required_argument, NULL, 'm' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 't' },
		{ }
	};
	const char *verbose = getenv("KTSTR_BOX_VERBOSE");
	int o;

	b->result_fd = -1;
	b->memory_mib = MEMORY_MIB;
	b->cpus = 1;
	b->verbose = verbose && !strcmp(verbose, "1");
	while ((o = getopt_long(argc, argv, "+", opts, NULL)) != -1) {
		if (o == 'w')
			add_rw(b, optarg);
		else if (o == 'r')
			b->result_fd = number("--result-fd", optarg, 1, INT_MAX);
		else if (o == 'm')
			b->memory_mib = number("--memory", optarg, 256, 1 << 20);
		else if (o == 'c')
			b->cpus = number("--cpus", optarg, 1, CPUS_MAX);
		else if (o == 't')
			b->timeout_s = number("--timeout", optarg, 1, 7 * 86400);
		else
			die("usage: kvmbox [--rw DIR]... [--result-fd N] [--memory MIB] [--cpus N] [--timeout S] -- CMD ARG...");
	}
	if (b->result_fd >= 0 && fcntl(b->result_fd, F_GETFD) < 0)
		die("--result-fd %d is not open", b->result_fd);
	b->argv = argv + optind;
	if (!*b->argv)
		die("no command; usage: kvmbox [OPTION]... -- CMD ARG...");
}

static void config_add(FILE *f, char kind, const char *s)
{
	fputc(kind, f);
	fwrite(s, 1, strlen(s) + 1, f);
}

/* Variables that are wrong in there: descriptors and places that do not exist. */
static bool env_is_local(const char *e)
{
	static const char * const names[] = {
		"MAKEFLAGS=", "MFLAGS=", "TMPDIR=", "NOTIFY_SOCKET=", "KTSTR_IN_BOX=",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(e, names[i], strlen(names[i])))
			return true;
	return false;
}

static void make_config(struct box *b)
{
	struct box_frame f = { .type = BOX_CONFIG };
	char cwd[PATH_MAX];
	FILE *m = open_memstream(&b->config, &b->config_len);

	if (!m || !getcwd(cwd, sizeof(cwd)))
		die("the working directory cannot be used: %s", strerror(errno));
	fwrite(&f, sizeof(f), 1, m);
	config_add(m, 'C', cwd);
	for (int i = 0; i < b->nr_rw; i++)
		config_add(m, 'R', b->rw[i]);
	for (char **a = b->argv; *a; a++)
		config_add(m, 'A', *a);
	for (char **e = environ; *e; e++)
		if (!env_is_local(*e))
			config_add(m, 'E', *e);
	config_add(m, 'E', "KTSTR_IN_BOX=1");
	config_add(m, 'E', "TMPDIR=/tmp");
	if (fclose(m) || b->config_len - sizeof(f) > BOX_CONFIG_MAX)
		die("arguments and environment are too large for the box");
	f.len = b->config_len - sizeof(f);
	memcpy(b->config, &f, sizeof(f));
}

/* Words of QEMU's command line; a formatted one is kept until exec. */
struct words {
	char *v[QEMU_ARGS_MAX];
	int n;
};

static void __attribute__((format(printf, 2, 3))) word(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vasprintf(&w->v[w->n], fmt, ap);
	va_end(ap);
	if (ret < 0 || ++w->n == QEMU_ARGS_MAX)
		die("out of memory");
}

/* QEMU splits options at commas; one inside a path is doubled. */
static void add_share(struct words *w, const char *path, const char *tag, bool ro)
{
	char *esc = calloc(2, strlen(path) + 1), *d = esc;

	if (!esc)
		die("out of memory");
	for (const char *s = path; *s; s++) {
		*d++ = *s;
		if (*s == ',')
			*d++ = ',';
	}
	word(w, "-virtfs");
	word(w, "local,path=%s,security_model=none,multidevs=remap,mount_tag=%s%s", esc, tag,
	     ro ? ",readonly=on" : "");
	free(esc);
}

static const char *needed(const char *name)
{
	const char *s = getenv(name);

	if (!s || access(s, R_OK))
		die("%s (%s) cannot be read; start scripts/kvmbox, not this program", name,
		    s ? s : "unset");
	/* The kernel's command line has no quoting for init=. */
	if (strpbrk(s, " \t\"\n"))
		die("%s has a blank in its path \"%s\"; build ktstr elsewhere", name, s);
	return s;
}

/*
 * idle=poll: an emulated CPU in HLT now and then misses its wakeup, and the box
 * would hang. One CPU if nobody asks for more: with several, the kernel's patching of its
 * own code can race in TCG. Most of that is in the boot, so init starts the others after it
 * (maxcpus=1). With one thread for all of them guests hang and crash.
 */
static void qemu_words(const struct box *b, struct words *w, int sock, int console)
{
	static const char * const fixed[] = {
		"qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
		"-no-reboot", "-accel", "tcg", "-cpu", "EPYC,+svm,+npt",
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-device", "virtio-serial-pci,max_ports=2",
		"-device", "virtserialport,chardev=box,nr=1",
		"-serial", "chardev:console",
	};
	char tag[16];

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		word(w, "%s", fixed[i]);
	word(w, "-smp");
	word(w, "%ld,sockets=1,cores=%ld", b->cpus, b->cpus);
	word(w, "-m");
	word(w, "%ld", b->memory_mib);
	word(w, "-chardev");
	word(w, "socket,id=box,fd=%d", sock);
	word(w, "-chardev");
	word(w, "socket,id=console,fd=%d", console);
	add_share(w, "/", "root", true);
	for (int i = 0; i < b->nr_rw; i++) {
		snprintf(tag, sizeof(tag), "rw%d", i);
		add_share(w, b->rw[i], tag, false);
	}
	word(w, "-kernel");
	word(w, "%s", needed("KTSTR_BOX_KERNEL"));
	word(w, "-append");
	word(w, "root=root rootfstype=9p rootflags=" BOX_MOUNT_OPTS ",cache=loose ro idle=poll maxcpus=1 console=ttyS0 %s panic=-1 init=%s",
	     b->verbose ? "" : "quiet", needed("KTSTR_BOX_INIT"));
	w->v[w->n] = NULL;
}

static void __attribute__((noreturn)) exec_qemu(char **argv, pid_t parent, int err)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);	/* it died before we asked to be told */
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(err, 1);
	dup2(err, 2);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s; run scripts/setup\n", argv[0], strerror(errno));
	_exit(1);
}

static void start_qemu(struct box *b)
{
	int sock[2], console[2], err[2];
	struct words w = { .n = 0 };
	pid_t self = getpid();

	/* The far ends are QEMU's, the near ends must not leak into it. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, console) || pipe2(err, O_CLOEXEC))
		die("no socket for the box: %s", strerror(errno));
	fcntl(sock[0], F_SETFD, FD_CLOEXEC);
	fcntl(console[0], F_SETFD, FD_CLOEXEC);
	qemu_words(b, &w, sock[1], console[1]);
	qemu_pid = fork();
	if (qemu_pid < 0)
		die("no process for the box: %s", strerror(errno));
	if (!qemu_pid)
		exec_qemu(w.v, self, err[1]);
	for (int i = 0; i < w.n; i++)
		free(w.v[i]);
	close(sock[1]);
	close(console[1]);
	close(err[1]);
	b->sock = sock[0];
	b->console = console[0];
	b->qemu_err = err[0];
	b->pidfd = syscall(SYS_pidfd_open, qemu_pid, 0);
	if (b->pidfd < 0)
		die("pidfd_open: %s", strerror(errno));
}

static void write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = fd, .events = POLLOUT };

			poll(&pfd, 1, -1);
			continue;
		}
		if (n < 0 && errno != EINTR) {
			kill_qemu();
			die("the command's output cannot be written: %s", strerror(errno));
		}
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

static void tail_add(struct tail *t, const char *p, size_t len)
{
	size_t room = sizeof(t->buf) - t->len, drop;

	if (len > sizeof(t->buf)) {
		p += len - sizeof(t->buf);
		len = sizeof(t->buf);
	}
	if (len > room) {
		drop = len - room;
		memmove(t->buf, t->buf + drop, t->len - drop);
		t->len -= drop;
	}
	memcpy(t->buf + t->len, p, len);
	t->len += len;
}

/* tail_read() - take what is there; closes *@fd at its end */
static void tail_read(struct tail *t, int *fd, bool show)
{
	char buf[4096];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n > 0) {
		tail_add(t, buf, n);
		if (show)
			write_all(2, buf, n);
	} else if (n == 0 || errno != EINTR) {
		close(*fd);
		*fd = -1;
	}
}

static void send_config(struct box *b)
{
	ssize_t n = send(b->sock, b->config + b->config_sent, b->config_len - b->config_sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		b->config_sent += n;
}

/* A byte for the box, if its time has come. One that finds no room is not needed. */
static void ping(struct box *b)
{
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * 1000ull + now.tv_nsec / 1000000;
	if (!b->hello || ms - b->pinged_ms < PING_MS)
		return;
	b->pinged_ms = ms;
	b->unanswered++;
	send(b->sock, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* act() - one whole frame; return: false when it is none of ours */
static bool act(struct box *b)
{
	b->unanswered = 0;
	switch (b->in.type) {
	case BOX_HELLO:
		b->hello = true;
		return true;
	case BOX_PONG:
		return true;
	case BOX_STDOUT:
		write_all(1, b->payload, b->in.len);
		return true;
	case BOX_STDERR:
		write_all(2, b->payload, b->in.len);
		return true;
	case BOX_RESULT:
		if (b->result_fd >= 0)
			write_all(b->result_fd, b->payload, b->in.len);
		return true;
	case BOX_ERROR:
		dprintf(2, "kvmbox: %.*s\n", (int)b->in.len, b->payload);
		return true;
	case BOX_EXIT:
		if (b->in.len != sizeof(b->status))
			return false;
		memcpy(&b->status, b->payload, sizeof(b->status));
		b->ended = true;
		return true;
	}
	return false;
}

/* recv_part() - more of the frame that is under way; return: false at the end */
static bool recv_part(struct box *b)
{
	size_t head = sizeof(b->in), want;
	ssize_t n;

	if (b->in_got < head)
		n = recv(b->sock, (char *)&b->in + b->in_got, head - b->in_got, MSG_DONTWAIT);
	else
		n = recv(b->sock, b->payload + b->in_got - head, b->in.len + head - b->in_got,
			 MSG_DONTWAIT);
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	b->in_got += n;
	if (b->in_got < head)
		return true;
	if (b->in.len > sizeof(b->payload))
		return false;
	want = head + b->in.len;
	if (b->in_got < want)
		return true;
	b->in_got = 0;
	return act(b);
}

static long elapsed_s(const struct timespec *t0)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - t0->tv_sec;
}

/* give_up_ms() - how long may we wait; -1 for ever, 0 not at all */
static int give_up_ms(const struct box *b, const struct timespec *t0)
{
	long s = b->timeout_s, left;

	if (!b->hello && (!s || s > BOOT_TIMEOUT_S))
		s = BOOT_TIMEOUT_S;
	if (!s)
		return -1;
	left = s - elapsed_s(t0);
	return left <= 0 ? 0 : left > 3600 ? 3600 * 1000 : left * 1000;
}

/* pump() - move bytes until the command ended, QEMU ended or time is up */
static void pump(struct box *b)
{
	struct timespec t0;
	bool talking = true;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	while (talking && !b->ended) {
		bool more = b->config_sent < b->config_len;
		struct pollfd p[] = {
			{ .fd = b->sock, .events = POLLIN | (more ? POLLOUT : 0) },
			{ .fd = b->console, .events = POLLIN },
			{ .fd = b->qemu_err, .events = POLLIN },
			{ .fd = b->pidfd, .events = POLLIN },
		};
		int wait = give_up_ms(b, &t0), n;

		b->late = !wait;
		if (b->late || b->unanswered >= PINGS_MAX)
			return;
		if (b->hello && (wait < 0 || wait > PING_MS))
			wait = PING_MS;
		n = poll(p, 4, wait);
		ping(b);
		if (n <= 0)
			continue;
		if (p[0].revents & POLLOUT)
			send_config(b);
		if (p[1].revents)
			tail_read(&b->console_tail, &b->console, b->verbose);
		if (p[2].revents)
			tail_read(&b->err_tail, &b->qemu_err, b->verbose);
		if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
			talking = recv_part(b);
		else if (p[3].revents)
			return;
	}
}

/* What QEMU says of EPYC's features on every start is no news. */
static void show_tail(const char *what, struct tail *t)
{
	char *save, *line;

	t->buf[t->len - (t->len == sizeof(t->buf))] = '\0';
	line = strtok_r(t->buf, "\r\n", &save);
	for (; line; line = strtok_r(NULL, "\r\n", &save))
		if (!strstr(line, "TCG doesn't support requested feature"))
			fprintf(stderr, "kvmbox: %s: %s\n", what, line);
}

/* explain() - why there is no exit status; return: ours */
static int explain(struct box *b)
{
	while (b->console >= 0)
		tail_read(&b->console_tail, &b->console, false);
	while (b->qemu_err >= 0)
		tail_read(&b->err_tail, &b->qemu_err, false);
	if (b->late && b->hello) {
		fprintf(stderr, "kvmbox: %s did not end within %ld s and was killed with its box\n",
			b->argv[0], b->timeout_s);
		return BOX_EXIT_TIMEOUT;
	}
	if (!b->hello)
		show_tail("QEMU", &b->err_tail);
	show_tail("console", &b->console_tail);
	fprintf(stderr, "kvmbox: %s; KTSTR_BOX_VERBOSE=1 shows the whole boot\n",
		b->unanswered >= PINGS_MAX ? "the box hangs and was killed" : b->late ? "the box did not start in time" :
		b->hello ? "the box's kernel died while the command ran" :
			   "the box did not start");
	return BOX_EXIT_BROKEN;
}

int main(int argc, char **argv)
{
	static struct box b;

	if (getenv("KTSTR_IN_BOX"))
		die("this is a box already; run the command itself");
	parse_args(&b, argc, argv);
	make_config(&b);
	catch_signals();
	start_qemu(&b);
	pump(&b);
	kill_qemu();
	return b.ended ? b.status : explain(&b);
}
