// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port 2: a byte pipe to the scheduler's statistics socket.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ktstr/stats.h>

#include "rt.h"
#include "stats_relay.h"

#define PIPE_ROOM	(64u << 10)

/* One direction: bytes taken from the one side and not yet given to the other. */
struct pipe {
	size_t start;
	size_t len;
	char buf[PIPE_ROOM];
};

/* What becomes of the line from the host that is being read. */
enum route {
	ROUTE_NONE,	/* it has not begun */
	ROUTE_PASS,	/* to the scheduler */
	ROUTE_REFUSE,	/* to nobody; its end is answered */
	ROUTE_DROP,	/* to nobody: it was lost with its connection, and is answered as such */
};

static struct {
	int epfd;
	int port;
	bool wants_room;	/* the port is watched for it */
	int sock;		/* -1 while not connected */
	struct sockaddr_un addr;
	struct pipe request;	/* host to scheduler */
	struct pipe answer;	/* scheduler to host */
	enum route route;
	bool hung_up;		/* the scheduler takes nothing more: read what it left, and end */
	bool cut;		/* the answer that is being read has begun */
	uint64_t waiting;	/* lines that went out on this connection and have no answer yet */
	uint64_t lost;		/* lines that will have none, and were not yet told so */
} stats = { .sock = -1 };

/*
 * Edge triggered, so everything is tried until nothing moves: a port that the
 * host has not opened reports EPOLLHUP all the time.
 */
static int watch(int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET | events };

	return epoll_ctl(stats.epfd, op, fd, &ev) ? -errno : 0;
}

/*
 * The port has room again each time that the host has read, which is worth a turn only
 * while an answer waits. Room that came meanwhile is told at once.
 */
static void watch_room(void)
{
	bool wants = stats.answer.len;

	if (wants != stats.wants_room &&
	    !watch(EPOLL_CTL_MOD, stats.port, wants ? EPOLLOUT : 0))
		stats.wants_room = wants;
}

/*
 * Only into an empty pipe: it bounds what is in memory.
 * Return: bytes, 0 at the end of the file, -EAGAIN when there are none, or another error.
 */
static ssize_t fill(struct pipe *p, int fd)
{
	ssize_t n;

	do
		n = read(fd, p->buf, sizeof(p->buf));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	p->start = 0;
	p->len = (size_t)n;
	return n;
}

static void consume(struct pipe *p, size_t len)
{
	p->start += len;
	p->len -= len;
}

/* At most @max bytes; return: bytes, or a negative errno. */
static ssize_t empty(struct pipe *p, int fd, size_t max)
{
	ssize_t n;

	do
		n = write(fd, p->buf + p->start, max);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	consume(p, (size_t)n);
	return n;
}

/* Bytes of the line that the pipe begins with; *@whole when its end is among them. */
static size_t line(const struct pipe *p, bool *whole)
{
	const char *nl = memchr(p->buf + p->start, '\n', p->len);

	*whole = nl;
	return nl ? (size_t)(nl + 1 - (p->buf + p->start)) : p->len;
}

static bool connect_socket(void)
{
	/* Mostly there is none, and finding that out with a socket costs several times as much. */
	if (access(stats.addr.sun_path, F_OK))
		return false;
	stats.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (stats.sock < 0)
		return false;
	if (connect(stats.sock, (struct sockaddr *)&stats.addr, sizeof(stats.addr)) ||
	    watch(EPOLL_CTL_ADD, stats.sock, EPOLLOUT)) {
		close(stats.sock);
		stats.sock = -1;
		return false;
	}
	return true;
}

static void disconnect(void)
{
	close(stats.sock);
	stats.sock = -1;
	stats.hung_up = false;
	/* What nobody asked for ends in the middle of a line: the next one must not join it. */
	stats.lost = stats.waiting ? stats.waiting : stats.cut;
	stats.waiting = 0;
	stats.cut = false;
	if (stats.route == ROUTE_PASS)
		stats.route = ROUTE_DROP;
}

/* Count what the scheduler said. */
static void note_answer(const struct pipe *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->buf[i] == '\n' && stats.waiting)
			stats.waiting--;
	stats.cut = p->buf[p->len - 1] != '\n';
}

/* The end of a connection shows only behind the last byte that the scheduler wrote. */
static bool take_answer(void)
{
	ssize_t n;

	if (stats.sock < 0 || stats.answer.len)
		return false;
	n = fill(&stats.answer, stats.sock);
	if (n > 0) {
		note_answer(&stats.answer);
		return true;
	}
	if (n == -EAGAIN && !stats.hung_up)
		return false;
	disconnect();
	return true;
}

/* Our own words, when the pipe to the host has room for them. */
static bool say(const char *text)
{
	if (stats.answer.len)
		return false;
	stats.answer.start = 0;
	stats.answer.len = strlen(text);
	memcpy(stats.answer.buf, text, stats.answer.len);
	return true;
}

static bool tell_lost(void)
{
	if (!stats.lost || !say(KTSTR_STATS_LOST))
		return false;
	stats.lost--;
	return true;
}

static bool pass_line(void)
{
	bool whole;
	size_t len = line(&stats.request, &whole);
	ssize_t n;

	if (stats.hung_up)
		return false;
	n = empty(&stats.request, stats.sock, len);
	if (n == -EAGAIN)
		return false;
	/* Its end of the connection is closed; answers may still lie in ours. */
	stats.hung_up = n < 0;
	if (whole && n == (ssize_t)len)
		stats.route = ROUTE_NONE;
	return true;
}

static bool drop_line(void)
{
	bool whole;
	size_t len = line(&stats.request, &whole);

	if (whole && stats.route == ROUTE_REFUSE && !say(KTSTR_STATS_NO_SOCKET))
		return false;
	consume(&stats.request, len);
	if (whole)
		stats.route = ROUTE_NONE;
	return true;
}

static bool take_request(void)
{
	if (!stats.request.len && fill(&stats.request, stats.port) <= 0)
		return false;
	/* Answers come in the order of the requests: first those that are overdue. */
	if (stats.lost)
		return false;
	if (stats.route == ROUTE_NONE) {
		stats.route = stats.sock >= 0 || connect_socket() ? ROUTE_PASS : ROUTE_REFUSE;
		stats.waiting += stats.route == ROUTE_PASS;
	}
	return stats.route == ROUTE_PASS ? pass_line() : drop_line();
}

static bool pump(void)
{
	/* The scheduler's side first: a connection that has ended takes no new request. */
	bool moved = take_answer();

	moved |= tell_lost();
	moved |= take_request();
	if (stats.answer.len && empty(&stats.answer, stats.port, stats.answer.len) > 0)
		moved = true;
	return moved;
}

static void *stats_thread(void *arg)
{
	struct epoll_event ev;

	(void)arg;
	for (;;) {
		while (pump())
			;
		watch_room();
		epoll_wait(stats.epfd, &ev, 1, -1);
	}
	return NULL;
}

int stats_relay__start(int fd, const char *path)
{
	pthread_t thread;
	int err;

	if (strlen(path) >= sizeof(stats.addr.sun_path))
		return -ENAMETOOLONG;
	stats.port = fd;
	stats.addr.sun_family = AF_UNIX;
	strcpy(stats.addr.sun_path, path);
	stats.epfd = epoll_create1(EPOLL_CLOEXEC);
	if (stats.epfd < 0)
		return -errno;
	err = watch(EPOLL_CTL_ADD, fd, 0);
	if (!err)
		err = rt__thread(&thread, RT_PRIO_RELAY, stats_thread, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}
