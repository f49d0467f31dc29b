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

#include "rt.h"
#include "stats_relay.h"

#define PIPE_ROOM	(64u << 10)

/* One direction: bytes taken from the one side and not yet given to the other. */
struct pipe {
	size_t start;
	size_t len;
	char buf[PIPE_ROOM];
};

static struct {
	int epfd;
	int port;
	int sock;		/* -1 while not connected */
	struct sockaddr_un addr;
	struct pipe request;	/* host to scheduler */
	struct pipe answer;	/* scheduler to host */
} stats = { .sock = -1 };

/*
 * Edge triggered, so everything is tried until nothing moves: a port that the
 * host has not opened reports EPOLLHUP all the time.
 */
static int watch(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	return epoll_ctl(stats.epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* Only into an empty pipe: it bounds what is in memory. Return: did anything move? */
static bool fill(struct pipe *p, int fd, bool *closed)
{
	ssize_t n;

	if (p->len)
		return false;
	n = read(fd, p->buf, sizeof(p->buf));
	if (closed && (!n || (n < 0 && errno != EAGAIN && errno != EINTR)))
		*closed = true;
	if (n <= 0)
		return false;
	p->start = 0;
	p->len = (size_t)n;
	return true;
}

static bool empty(struct pipe *p, int fd, bool *closed)
{
	ssize_t n;

	if (!p->len)
		return false;
	n = write(fd, p->buf + p->start, p->len);
	if (closed && n < 0 && errno != EAGAIN && errno != EINTR)
		*closed = true;
	if (n <= 0)
		return false;
	p->start += (size_t)n;
	p->len -= (size_t)n;
	return true;
}

static void disconnect(void)
{
	close(stats.sock);
	stats.sock = -1;
}

static bool connect_socket(void)
{
	stats.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (stats.sock < 0)
		return false;
	if (connect(stats.sock, (struct sockaddr *)&stats.addr, sizeof(stats.addr)) ||
	    watch(stats.sock)) {
		disconnect();
		return false;
	}
	return true;
}

/* One answer for one line, when the pipe to the host has room for it. */
static bool refuse_line(void)
{
	struct pipe *p = &stats.request;
	char *nl = memchr(p->buf + p->start, '\n', p->len);
	size_t used;

	if (stats.answer.len)
		return false;
	if (!nl) {
		/* The start of a line that is refused anyway. */
		p->len = 0;
		return true;
	}
	used = (size_t)(nl + 1 - (p->buf + p->start));
	p->start += used;
	p->len -= used;
	stats.answer.start = 0;
	stats.answer.len = strlen(STATS_NO_SOCKET);
	memcpy(stats.answer.buf, STATS_NO_SOCKET, stats.answer.len);
	return true;
}

static bool pump_socket(void)
{
	bool closed = false;
	bool moved = empty(&stats.request, stats.sock, &closed);

	moved |= fill(&stats.answer, stats.sock, &closed);
	if (closed)
		disconnect();
	return moved || closed;
}

static bool pump(void)
{
	bool moved = fill(&stats.request, stats.port, NULL);

	if (stats.sock < 0 && stats.request.len && !connect_socket())
		moved |= refuse_line();
	if (stats.sock >= 0)
		moved |= pump_socket();
	moved |= empty(&stats.answer, stats.port, NULL);
	return moved;
}

static void *stats_thread(void *arg)
{
	struct epoll_event ev;

	(void)arg;
	for (;;) {
		while (pump())
			;
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
	err = watch(fd);
	if (!err)
		err = rt__thread(&thread, RT_PRIO_RELAY, stats_thread, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}
