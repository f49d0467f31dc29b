// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the stress tests: the real Linux driver on the other side. The plan
 * in the initramfs names the case; test_console_stress.c knows what must come
 * of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "guest_stress.h"

#define WRITE_MAX	(32u << 10)	/* what the driver takes of one write() */
#define EVENT_WAIT_S	60		/* for a uevent: the guest may be slow, not silent */

static const char * const name_path[KTSTR_NR_PORTS] = {
	"/sys/class/virtio-ports/vport0p0/name",
	"/sys/class/virtio-ports/vport0p1/name",
	"/sys/class/virtio-ports/vport0p2/name",
};

struct port ports[2] = {
	{ .id = KTSTR_PORT_BULK, .path = KTSTR_BULK_DEV, .name = KTSTR_PORT_BULK_NAME, .fd = -1 },
	{ .id = KTSTR_PORT_STATS, .path = KTSTR_STATS_DEV, .name = KTSTR_PORT_STATS_NAME,
	  .fd = -1 },
};

static char plan[256];
static int com2 = -1, uevents = -1;

void say(const char *fmt, ...)
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

static void __attribute__((noreturn)) end(const char *how, const char *what)
{
	say("%s %s: %s\n", how, what, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

void die(const char *what)
{
	end("fail", what);
}

void skip(const char *what)
{
	end("skip", what);
}

bool plan_has(const char *word)
{
	const char *at;
	size_t len;

	for (at = plan; *at; at += len + strspn(at + len, " ")) {
		len = strcspn(at, " ");
		if (len == strlen(word) && !memcmp(at, word, len))
			return true;
	}
	return false;
}

uint64_t plan_number(const char *key, uint64_t dflt)
{
	char pattern[64];
	const char *at;

	snprintf(pattern, sizeof(pattern), " %s=", key);
	at = strstr(plan, pattern);
	return at ? strtoull(at + strlen(pattern), NULL, 0) : dflt;
}

uint32_t random_below(uint64_t *state, uint32_t n)
{
	return (stream__word(0, (*state)++) >> 32) % n;
}

uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ull + ts.tv_nsec / 1000;
}

int checked(int n, const char *what)
{
	if (n < 0) {
		errno = -n;
		die(what);
	}
	return n;
}

void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

bool read_text(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY), n;

	if (fd < 0)
		return false;
	n = read(fd, buf, len - 1);
	close(fd);
	if (n < 0)
		return false;
	buf[n] = '\0';
	if (n && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return true;
}

uint64_t port_counter(const struct port *p, const char *key)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/sys/kernel/debug/virtio-ports/vport0p%u", p->id);
	if (!read_text(path, text, sizeof(text)))
		die(path);
	at = strstr(text, key);
	if (!at)
		die(key);
	return strtoull(at + strlen(key) + 1, NULL, 10);
}

/*
 * The name is the last thing a port gets that makes a uevent; what comes before
 * it (the node, the console) is there when it can be read. Lost events
 * (ENOBUFS) only mean that it is time to look again.
 */
static void wait_names(void)
{
	char text[64], event[4096];
	int i;

	for (i = 0; i < KTSTR_NR_PORTS; i++)
		while (!read_text(name_path[i], text, sizeof(text)))
			if (recv(uevents, event, sizeof(event), 0) < 0 && errno != ENOBUFS)
				die("a port got no name");
}

static void check_names(void)
{
	static const char * const names[KTSTR_NR_PORTS] = {
		KTSTR_PORT_CONSOLE_NAME, KTSTR_PORT_BULK_NAME, KTSTR_PORT_STATS_NAME,
	};
	char text[64];
	int i;

	for (i = 0; i < KTSTR_NR_PORTS; i++)
		if (!read_text(name_path[i], text, sizeof(text)) || strcmp(text, names[i]))
			die("a port has a wrong name");
}

void unbind(void)
{
	write_text(DRIVER_DIR "unbind", DRIVER_DEVICE);
}

void bind_again(void)
{
	write_text(DRIVER_DIR "bind", DRIVER_DEVICE);
	wait_names();
	check_names();
}

static void open_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval wait = { .tv_sec = EVENT_WAIT_S };

	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (uevents < 0 || bind(uevents, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(uevents, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		die("uevents");
}

void port__reopen(struct port *p)
{
	p->fd = open(p->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0)
		die(p->path);
}

void port__open(struct port *p)
{
	port__reopen(p);
	/*
	 * The host's PORT_OPEN is the message after the name: until it is there
	 * read() returns 0, as if the host had hung up. It makes no event that can
	 * be waited for.
	 */
	while (port__wait(p, POLLOUT) & POLLHUP)
		sched_yield();
}

void port__close(struct port *p)
{
	p->gaps_allowed++;
	if (close(p->fd))
		die("close port");
	p->fd = -1;
}

int port__wait(const struct port *p, int events)
{
	struct pollfd fd = { .fd = p->fd, .events = events };

	if (poll(&fd, 1, -1) != 1)
		die("poll port");
	return fd.revents;
}

int port__send(struct port *p, size_t len)
{
	uint8_t buf[WRITE_MAX];
	ssize_t n;

	if (len > sizeof(buf))
		len = sizeof(buf);
	stream__make(STRESS_SEED_TX + p->id, p->sent, buf, len);
	n = write(p->fd, buf, len);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	p->sent += n;
	return n ? n : -EIO;
}

void port__send_all(struct port *p, uint64_t len)
{
	while (len) {
		int n = checked(port__send(p, len < WRITE_MAX ? len : WRITE_MAX), "write port");

		if (!n)
			port__wait(p, POLLOUT);
		len -= n;
	}
}

static void take_record(struct port *p, const struct stress_record *r)
{
	uint64_t seq = r->seq & ~STRESS_LAST;

	errno = 0;
	if (r->check != stress_check(p->id, r->seq))
		die("a record that nobody sent");
	if (seq < p->next)
		die("a record for the second time");
	if (seq > p->next) {
		unsigned int allowed = p->gaps_allowed;

		if (p->gap_in == allowed)
			die("records lost without a reset or a close");
		p->gap_in = allowed;
		p->missing += seq - p->next;
	}
	p->next = seq + 1;
	p->got++;
	p->last = r->seq & STRESS_LAST;
}

int port__receive(struct port *p)
{
	struct stress_record buf[512];
	ssize_t n = read(p->fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!n)
		return -EPIPE;
	if (n % sizeof(buf[0]))
		die("a torn record");
	for (size_t i = 0; i < n / sizeof(buf[0]); i++)
		take_record(p, &buf[i]);
	return n;
}

void port__echo(struct port *p, uint64_t len)
{
	uint64_t want = p->got + ECHO_RECORDS;

	port__send_all(p, len);
	while (p->got < want) {
		port__wait(p, POLLIN);
		checked(port__receive(p), "read port");
	}
}

void port__fill(struct port *p)
{
	uint64_t first = plan_number("first", 0);

	port__send_all(p, first);
	port__send_all(p, plan_number("full", 0) - first);
	/* Not a byte more: the host does not read. */
	if (checked(port__send(p, WRITE_MAX), "write port"))
		die("a port that is never full");
	say("full %u %llu\n", p->id, (unsigned long long)p->sent);
}

int console__open(void)
{
	int fd = open(KTSTR_CONSOLE_DEV, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;

	if (fd < 0 || tcgetattr(fd, &t))
		die(KTSTR_CONSOLE_DEV);
	cfmakeraw(&t);
	if (tcsetattr(fd, TCSANOW, &t))
		die("raw hvc0");
	return fd;
}

void console__echo(int fd, uint64_t n)
{
	char line[64], want[64], got[64];
	size_t len = snprintf(line, sizeof(line), "round %llu\n", (unsigned long long)n), have = 0;

	if (write(fd, line, len) != (ssize_t)len)
		die("write hvc0");
	len = snprintf(want, sizeof(want), "ack %llu\n", (unsigned long long)n);
	while (have < len) {
		ssize_t k = read(fd, got + have, len - have);

		if (k <= 0)
			die("read hvc0");
		have += k;
	}
	if (memcmp(got, want, len))
		die("a wrong echo on hvc0");
}

void load_module(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	if (syscall(SYS_finit_module, fd, params, 0))
		skip("a module built for the kernel under test");
	close(fd);
}

static void open_com2(void)
{
	struct termios t;

	com2 = open(KTSTR_COM2_DEV, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (com2 < 0 || tcgetattr(com2, &t))
		reboot(RB_AUTOBOOT);
	/* Lines arrive as they are written, without a terminal's carriage returns. */
	cfmakeraw(&t);
	if (tcsetattr(com2, TCSANOW, &t))
		reboot(RB_AUTOBOOT);
}

static void mount_all(void)
{
	static const struct {
		const char *type, *dir;
	} mounts[] = {
		{ "devtmpfs", "/dev" }, { "sysfs", "/sys" }, { "proc", "/proc" },
		{ "debugfs", "/sys/kernel/debug" },
	};

	for (unsigned int i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].dir, 0755);
		mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0, NULL);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "reset", case_reset },
	{ "storm", case_storm },
	{ "pending", case_pending },
	{ "vimto", case_vimto },
	{ "hold", case_hold },
	{ "last_words", case_last_words },
	{ "connect", case_connect },
	{ "hostile", case_hostile },
	{ "kexec", case_kexec },
	{ "second", case_second },
};

int main(void)
{
	unsigned int i;

	mount_all();
	open_com2();
	/* A kernel that goes on after an oops would only time out later. */
	write_text("/proc/sys/kernel/panic_on_oops", "1");
	if (!read_text("/plan", plan, sizeof(plan)))
		die("/plan");
	open_uevents();
	wait_names();
	check_names();
	say("begin %s\n", plan);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (plan_has(cases[i].name))
			cases[i].run();
	if (!read_text("/proc/sys/kernel/tainted", plan, sizeof(plan)))
		die("tainted");
	say("tainted %s\ndone\n", plan);
	reboot(RB_AUTOBOOT);
	return 1;
}
