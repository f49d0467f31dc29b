// SPDX-License-Identifier: GPL-2.0-only
/*
 * Children side by side: one loop around poll().
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "matrix_pool.h"
#include "process.h"

#define TICK_MS		1000
#define CHUNK		(64u << 10)
#define LAST_BYTES	(2u << 20)	/* more than a pipe holds: what a dead child left there */
#define FDS_PER_CHILD	(MATRIX_STREAMS + 1)
#define MS		1000000ull

/**
 * struct pool - the pool while it runs
 * @o: what to run
 * @children: those that run; room for all
 * @running: how many
 * @started: by place in the order: it is no longer waiting
 * @used: of the room
 * @stop: nothing is started any more
 * @interrupted: the user wanted that
 */
struct pool {
	const struct matrix_pool_opts *o;
	struct matrix_child **children;
	size_t running;
	bool *started;
	struct matrix_room used;
	bool stop, interrupted;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void child_free(struct matrix_child *c)
{
	for (int i = 0; i < MATRIX_STREAMS; i++)
		close_fd(&c->fd[i]);
	close_fd(&c->pidfd);
	buf__free(&c->out);
	buf__free(&c->json);
	free(c);
}

static void use(struct pool *p, size_t cell, int sign)
{
	const struct matrix_load *l = &p->o->cells[cell];

	p->used.cpus += (uint32_t)sign * l->cpus;
	p->used.memory_mib += (uint32_t)sign * l->memory_mib;
	p->used.jobs += (uint32_t)sign;
}

/* The numbers that the child's own are to have may be taken by the ends of these pipes. */
static void __attribute__((noreturn)) exec_child(char **argv, const int fd[MATRIX_STREAMS],
						 pid_t parent)
{
	static const int own[MATRIX_STREAMS] = { STDOUT_FILENO, STDERR_FILENO, MATRIX_JSON_FD };
	int high[MATRIX_STREAMS];

	process__be_child(parent);
	for (int i = 0; i < MATRIX_STREAMS; i++) {
		high[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 16);
		if (high[i] < 0)
			_exit(126);
	}
	for (int i = 0; i < MATRIX_STREAMS; i++)
		if (dup2(high[i], own[i]) < 0)
			_exit(126);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "ktstr: cannot execute %s: %m\n", argv[0]);
	_exit(127);
}

static int open_pipes(struct matrix_child *c, int write_fd[MATRIX_STREAMS])
{
	for (int i = 0; i < MATRIX_STREAMS; i++) {
		int fd[2];

		if (pipe2(fd, O_CLOEXEC))
			return -errno;
		c->fd[i] = fd[0];
		write_fd[i] = fd[1];
		fcntl(fd[0], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static int spawn(struct matrix_child *c, char **argv)
{
	int write_fd[MATRIX_STREAMS] = { -1, -1, -1 };
	pid_t self = getpid();
	int ret = open_pipes(c, write_fd);

	fflush(NULL);
	if (!ret) {
		c->pid = fork();
		if (!c->pid)
			exec_child(argv, write_fd, self);
		ret = c->pid < 0 ? -errno : 0;
	}
	for (int i = 0; i < MATRIX_STREAMS; i++)
		close_fd(&write_fd[i]);
	if (ret)
		return ret;
	setpgid(c->pid, c->pid);	/* whoever comes first: a signal must find the group */
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd >= 0)
		return 0;
	ret = -errno;
	kill(-c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	return ret;
}

static int start(struct pool *p, size_t cell)
{
	struct matrix_child *c = calloc(1, sizeof(*c));
	uint64_t limit_ms = p->o->limit_ms ? p->o->limit_ms(p->o->arg, cell) : 0;

	if (!c)
		return -ENOMEM;
	c->cell = cell;
	c->pidfd = -1;
	for (int i = 0; i < MATRIX_STREAMS; i++)
		c->fd[i] = -1;
	buf__init(&c->out, MATRIX_OUT_MAX);
	buf__init(&c->json, MATRIX_JSON_MAX);
	c->start_ns = clock__now_ns();
	c->end_ns = c->start_ns;
	c->end_at_ns = limit_ms ? c->start_ns + limit_ms * MS : 0;
	c->start_err = spawn(c, p->o->argv(p->o->arg, cell));
	if (c->start_err) {
		p->o->ended(p->o->arg, c);
		child_free(c);
		return 0;
	}
	p->children[p->running++] = c;
	use(p, cell, 1);
	return 0;
}

/* Start what has room, longest first. */
static int start_some(struct pool *p)
{
	const struct matrix_pool_opts *o = p->o;
	int ret = 0;

	if (o->start_until_ns && clock__now_ns() >= o->start_until_ns)
		p->stop = true;
	for (size_t k = 0; !ret && !p->stop && k < o->nr; k++) {
		if (p->started[k] || !matrix_plan__fits(&o->cells[o->order[k]], o->room, &p->used))
			continue;
		p->started[k] = true;
		ret = start(p, o->order[k]);
	}
	return ret;
}

/* Bytes beyond a bound are counted and thrown away: the child must not block on us. */
static void keep(struct matrix_child *c, enum matrix_stream stream, const char *data, size_t len)
{
	size_t room;

	switch (stream) {
	case MATRIX_STDOUT:
		room = c->out.max - c->out.len;
		if (len > room)
			c->out_dropped += len - room;
		buf__add(&c->out, data, len < room ? len : room);
		break;
	case MATRIX_STDERR:
		tail__add(&c->err, data, len);
		break;
	default:
		buf__add(&c->json, data, len);
	}
}

/* Return: bytes that were read, 0 when there are none now or never again. */
static size_t take(struct matrix_child *c, enum matrix_stream stream)
{
	char chunk[CHUNK];
	ssize_t n = read(c->fd[stream], chunk, sizeof(chunk));

	if (n > 0)
		keep(c, stream, chunk, (size_t)n);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		close_fd(&c->fd[stream]);
	return n > 0 ? (size_t)n : 0;
}

static void signal_group(struct matrix_child *c, int sig)
{
	kill(-c->pid, sig);
}

static void end_child(struct matrix_child *c, uint64_t now)
{
	if (c->kill_at_ns)
		return;
	c->kill_at_ns = now + MATRIX_END_MS * MS;
	signal_group(c, SIGTERM);
}

/*
 * It is dead. Its group goes while its number still belongs to it; what it wrote before is
 * in the pipes, and nobody's end of them is waited for.
 */
static void reap(struct pool *p, size_t at)
{
	struct matrix_child *c = p->children[at];

	c->end_ns = clock__now_ns();
	signal_group(c, SIGKILL);
	while (waitpid(c->pid, &c->wait_status, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; i < MATRIX_STREAMS; i++)
		for (size_t n = 0, got = 1; got && c->fd[i] >= 0 && n < LAST_BYTES; n += got)
			got = take(c, i);
	p->children[at] = p->children[--p->running];
	use(p, c->cell, -1);
	p->o->ended(p->o->arg, c);
	child_free(c);
}

/* For poll(): until the next moment at which something has to be done. */
static int wait_ms(const struct pool *p, uint64_t now)
{
	uint64_t at = p->o->tick ? now + TICK_MS * MS : UINT64_MAX;

	for (size_t i = 0; i < p->running; i++) {
		const struct matrix_child *c = p->children[i];
		uint64_t next = c->kill_at_ns ? c->kill_at_ns : c->end_at_ns;

		if (next && next < at)
			at = next;
	}
	if (at == UINT64_MAX)
		return -1;
	return at > now ? (int)((at - now) / MS + 1) : 0;
}

static void enforce_limits(struct pool *p, uint64_t now)
{
	for (size_t i = 0; i < p->running; i++) {
		struct matrix_child *c = p->children[i];

		if (c->end_at_ns && now >= c->end_at_ns && !c->kill_at_ns) {
			c->overdue = true;
			end_child(c, now);
		} else if (c->kill_at_ns && now >= c->kill_at_ns) {
			signal_group(c, SIGKILL);
			c->kill_at_ns = UINT64_MAX;
		}
	}
}

static size_t fill(const struct pool *p, struct pollfd *fds)
{
	size_t n = 0;

	fds[n++] = (struct pollfd){ .fd = p->interrupted ? -1 : p->o->interrupt_fd,
				    .events = POLLIN };
	for (size_t i = 0; i < p->running; i++) {
		for (int s = 0; s < MATRIX_STREAMS; s++)
			fds[n++] = (struct pollfd){ .fd = p->children[i]->fd[s], .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = p->children[i]->pidfd, .events = POLLIN };
	}
	return n;
}

/* Backwards: reap() moves the last child to the place of the dead one. */
static void serve(struct pool *p, const struct pollfd *fds)
{
	for (size_t i = p->running; i-- > 0;) {
		const struct pollfd *own = fds + 1 + i * FDS_PER_CHILD;

		for (int s = 0; s < MATRIX_STREAMS; s++)
			if (own[s].revents)
				take(p->children[i], s);
		if (own[MATRIX_STREAMS].revents)
			reap(p, i);
	}
}

static int turn(struct pool *p, struct pollfd *fds)
{
	uint64_t now = clock__now_ns();
	size_t n = fill(p, fds);

	if (poll(fds, n, wait_ms(p, now)) < 0)
		return errno == EINTR ? 0 : -errno;
	now = clock__now_ns();
	if (fds[0].revents && !p->interrupted) {
		p->interrupted = p->stop = true;
		for (size_t i = 0; i < p->running; i++)
			end_child(p->children[i], now);
	}
	serve(p, fds);
	enforce_limits(p, now);
	return 0;
}

static int loop(struct pool *p, struct pollfd *fds)
{
	int ret = start_some(p);

	while (!ret && p->running) {
		if (p->o->tick)
			p->o->tick(p->o->arg, p->running);
		ret = turn(p, fds);
		if (!ret)
			ret = start_some(p);
	}
	/* Only when waiting itself failed is anything left here. */
	for (size_t i = p->running; i-- > 0;)
		reap(p, i);
	return ret;
}

ssize_t matrix_pool__run(const struct matrix_pool_opts *o, size_t *left)
{
	struct pool p = { .o = o };
	struct pollfd *fds = calloc(1 + o->nr * FDS_PER_CHILD, sizeof(*fds));
	ssize_t n = 0;
	int ret = -ENOMEM;

	p.children = calloc(o->nr + 1, sizeof(*p.children));
	p.started = calloc(o->nr + 1, sizeof(*p.started));
	if (fds && p.children && p.started)
		ret = loop(&p, fds);
	for (size_t k = 0; p.started && k < o->nr; k++) {
		if (p.started[k])
			continue;
		if (left)
			left[n] = o->order[k];
		n++;
	}
	free(fds);
	free(p.children);
	free(p.started);
	return ret ? ret : n;
}
