// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the soak: sends and receives on ports 1 and 2, all four at once, by
 * write(), by splice() out of a pipe, and by vmsplice() and splice().
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include <ktstr/ports.h>

#include "soak.h"

struct port {
	unsigned int id;
	const char *path;
	int fd;
	struct soak_hash sent, received;
	uint64_t writes, splices, vmsplices;
	uint64_t refused;	/* bytes that splice() took and the driver had no room for */
};

static struct port ports[2] = {
	{ .id = KTSTR_PORT_BULK, .path = KTSTR_BULK_DEV },
	{ .id = KTSTR_PORT_STATS, .path = KTSTR_STATS_DEV },
};

static uint64_t total;
static int com2 = -1;

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0 && write(com2, line, n) != n)
		reboot(RB_AUTOBOOT);
}

static void __attribute__((noreturn)) die(const char *what)
{
	say("fail %s: %s\n", what, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void write_all(int fd, const uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n <= 0)
			die("write");
		buf += n;
		len -= n;
	}
}

/*
 * The driver takes the pages out of the pipe before it looks whether its ring
 * has a descriptor for each. If not, splice() returns 0 and they are gone; who
 * still knows what was in them can write it.
 */
static void splice_out(struct port *p, int pipe, const uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = splice(pipe, NULL, p->fd, NULL, len, 0);
		int left;

		if (n < 0)
			die("splice");
		if (!n) {
			if (ioctl(pipe, FIONREAD, &left) || (size_t)left >= len)
				die("splice returned 0 and took nothing");
			n = len - left;
			p->refused += n;
			write_all(p->fd, buf, n);
		}
		buf += n;
		len -= n;
	}
}

static void send_chunk(struct port *p, int pipe[2], uint8_t *buf, size_t len)
{
	struct iovec iov = { buf, len };
	unsigned int how = stream__word(p->id, p->writes + p->splices + p->vmsplices) % 3;

	if (how == 0) {
		p->writes++;
		write_all(p->fd, buf, len);
	} else if (how == 1) {
		p->splices++;
		write_all(pipe[1], buf, len);
		splice_out(p, pipe[0], buf, len);
	} else {
		p->vmsplices++;
		if (vmsplice(pipe[1], &iov, 1, 0) != (ssize_t)len)
			die("vmsplice");
		splice_out(p, pipe[0], buf, len);
	}
}

static void *sender(void *arg)
{
	struct port *p = arg;
	uint64_t seed = SOAK_TO_HOST + p->id, at = 0;
	uint8_t *buf = aligned_alloc(4096, SOAK_CHUNK_MAX);
	SHA256_CTX ctx;
	int pipe[2];

	/* One chunk always fits, whatever its pages are. */
	if (!buf || pipe2(pipe, O_CLOEXEC) || fcntl(pipe[1], F_SETPIPE_SZ, 1 << 20) < 0)
		die("pipe");
	SHA256_Init(&ctx);
	while (at < total) {
		size_t len = soak_chunk(seed, at, total);

		stream__make(seed, at, buf, len);
		SHA256_Update(&ctx, buf, len);
		send_chunk(p, pipe, buf, len);
		at += len;
	}
	p->sent = soak_hash(&ctx);
	return NULL;
}

static void *receiver(void *arg)
{
	struct port *p = arg;
	uint8_t *buf = malloc(SOAK_CHUNK_MAX);
	uint64_t at = 0;
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	while (at < total) {
		ssize_t n = read(p->fd, buf, SOAK_CHUNK_MAX);

		if (n <= 0)
			die("read");
		SHA256_Update(&ctx, buf, n);
		at += n;
	}
	p->received = soak_hash(&ctx);
	return NULL;
}

static void open_com2(void)
{
	struct termios t;

	com2 = open(KTSTR_COM2_DEV, O_RDWR | O_NOCTTY);
	if (com2 < 0 || tcgetattr(com2, &t))
		reboot(RB_AUTOBOOT);
	cfmakeraw(&t);
	if (tcsetattr(com2, TCSANOW, &t))
		reboot(RB_AUTOBOOT);
}

/* Both come by themselves, soon; neither makes an event behind which it is sure. */
static void open_port(struct port *p)
{
	struct pollfd fd = { .events = POLLOUT };

	while ((p->fd = open(p->path, O_RDWR)) < 0)
		sched_yield();
	fd.fd = p->fd;
	while (poll(&fd, 1, -1) == 1 && (fd.revents & POLLHUP))
		sched_yield();
}

static bool read_text(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY), n;

	if (fd < 0)
		return false;
	n = read(fd, buf, len - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static uint64_t read_number(const char *path)
{
	char text[32];

	if (!read_text(path, text, sizeof(text)))
		die(path);
	return strtoull(text, NULL, 10);
}

/* libcrypto chooses its code before main(), from this variable among others. */
static void choose_code(void)
{
	char cap[128];

	if (getenv("OPENSSL_ia32cap") || !read_text("/ia32cap", cap, sizeof(cap)))
		return;
	setenv("OPENSSL_ia32cap", cap, 1);
	execl("/init", "/init", NULL);
}

int main(void)
{
	pthread_t t[4];
	int i;

	choose_code();
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	open_com2();
	total = read_number("/mib") << 20;
	open_port(&ports[0]);
	open_port(&ports[1]);
	say("ready\n");
	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, i & 1 ? sender : receiver, &ports[i / 2]))
			die("thread");
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < 2; i++) {
		say("sent %u %s\n", ports[i].id, ports[i].sent.hex);
		say("received %u %s\n", ports[i].id, ports[i].received.hex);
		say("port %u: %llu write, %llu splice, %llu vmsplice; splice lost %llu bytes\n",
		    ports[i].id, (unsigned long long)ports[i].writes,
		    (unsigned long long)ports[i].splices, (unsigned long long)ports[i].vmsplices,
		    (unsigned long long)ports[i].refused);
	}
	say("tainted %llu\ndone\n",
	    (unsigned long long)read_number("/proc/sys/kernel/tainted"));
	reboot(RB_AUTOBOOT);
	return 1;
}
