// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many opens and closes, many short writes, a host that does not read, a host
 * that hangs up.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest_stress.h"

static void each_port(void *(*fn)(void *))
{
	pthread_t t[2];
	int i;

	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, fn, &ports[i]))
			die("thread");
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

static void *open_and_close(void *arg)
{
	uint64_t rounds = plan_number("rounds", 1000);
	struct port *p = arg;
	uint64_t rng = (uint64_t)p->id << 32;

	while (rounds--) {
		port__open(p);
		checked(port__send(p, 1 + random_below(&rng, 512)), "write port");
		if (random_below(&rng, 2))
			checked(port__receive(p), "read port");
		port__close(p);
	}
	return NULL;
}

static void *read_to_last(void *arg)
{
	struct port *p = arg;

	while (!p->last) {
		port__wait(p, POLLIN);
		checked(port__receive(p), "read port");
	}
	return NULL;
}

/*
 * What the driver had received and nobody had read is thrown away by close(), by
 * Linux, which counts it. Everything else must have been read: the numbers must
 * agree to the byte.
 */
static void check_books(const struct port *p)
{
	uint64_t received = port_counter(p, "bytes_received:");
	uint64_t discarded = port_counter(p, "bytes_discarded:");

	say("records %u %llu missing %llu\n", p->id, (unsigned long long)p->got,
	    (unsigned long long)p->missing);
	say("received %u %llu\n", p->id, (unsigned long long)received);
	errno = 0;
	if (p->missing * sizeof(struct stress_record) != discarded)
		die("what is missing is not what close() threw away");
	if (p->got * sizeof(struct stress_record) + discarded != received)
		die("received and read do not agree");
	if (port_counter(p, "bytes_sent:") != p->sent)
		die("sent and counted do not agree");
	say("sent %u %llu\n", p->id, (unsigned long long)p->sent);
}

/* plan: rounds */
void case_storm(void)
{
	uint64_t start = now_us();
	int i;

	each_port(open_and_close);
	say("stormed %llu us\n", (unsigned long long)(now_us() - start));
	port__open(&ports[0]);
	port__open(&ports[1]);
	each_port(read_to_last);
	for (i = 0; i < 2; i++)
		check_books(&ports[i]);
}

/*
 * The host sends to port 1 while it is closed, then one record to port 2: all of
 * it is there when port 1 is opened again. plan: rounds, records
 */
void case_pending(void)
{
	uint64_t rounds = plan_number("rounds", 10), records = plan_number("records", 1);
	struct port *p = &ports[0], *other = &ports[1];

	port__open(p);
	port__open(other);
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t want = other->got + 1;

		port__close(p);
		/* Nothing was under way. */
		p->gap_in = p->gaps_allowed;
		say("closed %llu\n", (unsigned long long)i);
		while (other->got < want) {
			port__wait(other, POLLIN);
			checked(port__receive(other), "read port");
		}
		port__open(p);
		for (want = p->got + records; p->got < want;) {
			port__wait(p, POLLIN);
			checked(port__receive(p), "read port");
		}
	}
	for (int i = 0; i < 2; i++)
		check_books(&ports[i]);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("affinity");
}

/*
 * The driver waits for room before it takes the lock of its queue: of two writers
 * that found room for one, the second gets 0 and has written nothing.
 */
static void write_short(int fd, unsigned int writer, uint64_t writes)
{
	uint64_t rng = (uint64_t)(writer + 1) << 32, off = 0, refused = 0;

	while (writes--) {
		uint8_t buf[STRESS_SHORT_MAX];
		size_t len = 1 + random_below(&rng, STRESS_SHORT_MAX);
		ssize_t n;

		buf[0] = STRESS_SHORT(writer, len);
		stream__make(STRESS_SEED_VIMTO + writer, off, buf + 1, len - 1);
		off += len - 1;
		while (!(n = write(fd, buf, len)))
			refused++;
		if (n != (ssize_t)len)
			die("a short write");
	}
	say("writer %u: %llu bytes behind headers, %llu writes refused\n", writer,
	    (unsigned long long)off, (unsigned long long)refused);
}

/* Two processes, a CPU each, one open file. */
static void write_from_both(int fd, uint64_t writes)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	pin(!pid);
	write_short(fd, !pid, writes / 2);
	if (!pid)
		_exit(0);
	if (waitpid(pid, &status, 0) != pid || status)
		die("the other writer");
}

/* plan: writes, and console_writes, which are a tty's and cost more */
void case_vimto(void)
{
	uint64_t start = now_us();
	int console;

	port__open(&ports[0]);
	fcntl(ports[0].fd, F_SETFL, 0);
	write_from_both(ports[0].fd, plan_number("writes", 1000));
	say("port in %llu us\n", (unsigned long long)(now_us() - start));
	start = now_us();
	console = console__open();
	write_from_both(console, plan_number("console_writes", 1000));
	tcdrain(console);
	say("console in %llu us\n", (unsigned long long)(now_us() - start));
}

static void *send_more(void *arg)
{
	struct port *p = arg;

	fcntl(p->fd, F_SETFL, 0);
	port__send_all(p, plan_number("more", 1 << 20));
	return NULL;
}

/* plan: first, full; more, the bytes a port still sends when it has been full once */
void case_hold(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		port__open(&ports[i]);
		port__fill(&ports[i]);
	}
	each_port(send_more);
	for (i = 0; i < 2; i++)
		say("sent %u %llu\n", ports[i].id, (unsigned long long)ports[i].sent);
}

static _Atomic pid_t blocked_tid;

static void *block_in_write(void *arg)
{
	static char byte;
	int *err = arg;

	blocked_tid = gettid();
	*err = write(ports[0].fd, &byte, 1) < 0 ? errno : 0;
	return NULL;
}

/* Until a thread sleeps; there is no event for that. */
static void wait_asleep(_Atomic pid_t *tid)
{
	char path[64], stat[256], *state;

	do {
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", *tid);
		state = *tid && read_text(path, stat, sizeof(stat)) ? strrchr(stat, ')') : NULL;
	} while (!state || state[2] != 'S');
}

/*
 * The host reads nothing, every buffer up to the driver's ring is full and a
 * writer is blocked when the driver goes: all that write() took must arrive.
 * plan: first, full, more
 */
void case_last_words(void)
{
	pthread_t thread;
	int err = -1, i;

	for (i = 0; i < 2; i++) {
		port__open(&ports[i]);
		port__fill(&ports[i]);
	}
	fcntl(ports[0].fd, F_SETFL, 0);
	if (pthread_create(&thread, NULL, block_in_write, &err))
		die("thread");
	wait_asleep(&blocked_tid);
	unbind();
	pthread_join(thread, NULL);
	say("blocked writer: %s\n", strerror(err));
	for (i = 0; i < 2; i++)
		close(ports[i].fd);
	bind_again();
	say("rebound\n");
	for (i = 0; i < 2; i++) {
		port__open(&ports[i]);
		port__send_all(&ports[i], plan_number("more", 100000));
		say("sent %u %llu\n", ports[i].id, (unsigned long long)ports[i].sent);
	}
	/* The host answers when it has read all: one emergency is enough. */
	each_port(read_to_last);
}

/* While the host has its side closed. */
static void check_hung_up(struct port *p)
{
	int n;

	errno = 0;
	while ((n = port__receive(p)) > 0)
		;
	if (n != -EPIPE)
		die("no end of the file though the host hung up");
	if (port__wait(p, POLLIN | POLLOUT) & POLLOUT)
		die("writable though the host hung up");
	if (port__send(p, 100))
		die("a write though the host hung up");
}

static void *send_one_byte(void *arg)
{
	struct port *p = arg;

	blocked_tid = gettid();
	checked(port__send(p, 1), "blocked write");
	return NULL;
}

/* What a guest does to a port while the host has closed it. */
static void disturb(struct port *p, struct port *other, unsigned int how)
{
	if (how == 0)
		return;
	port__close(p);
	if (how == 2) {
		port__close(other);
		unbind();
		bind_again();
		port__open(other);
	}
	port__reopen(p);
	if (!(port__wait(p, 0) & POLLHUP))
		die("connected again though the host is gone");
	check_hung_up(p);
}

/*
 * The host closes a port at "ready" and opens it at "gone". plan: rounds. In
 * between nothing happens, or the guest opens the port anew, or it rebinds its
 * driver; then a writer waits for the host, and the other port works.
 */
void case_connect(void)
{
	uint64_t rounds = plan_number("rounds", 6);
	pthread_t thread;

	port__open(&ports[0]);
	port__open(&ports[1]);
	for (uint64_t i = 0; i < rounds; i++) {
		struct port *p = &ports[i & 1], *other = &ports[!(i & 1)];

		port__echo(p, 5000);
		say("ready %llu\n", (unsigned long long)i);
		port__wait(p, 0);
		check_hung_up(p);
		disturb(p, other, i / 2 % 3);
		fcntl(p->fd, F_SETFL, 0);
		blocked_tid = 0;
		if (pthread_create(&thread, NULL, send_one_byte, p))
			die("thread");
		wait_asleep(&blocked_tid);
		port__echo(other, 5000);
		say("gone %llu\n", (unsigned long long)i);
		pthread_join(thread, NULL);
		fcntl(p->fd, F_SETFL, O_NONBLOCK);
		port__echo(p, 5000);
	}
	for (int i = 0; i < 2; i++)
		say("sent %u %llu\n", ports[i].id, (unsigned long long)ports[i].sent);
}
