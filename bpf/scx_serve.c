// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics socket.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scx_serve.h"

static void make_parents(const char *path)
{
	char dir[108];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(dir, sizeof(dir), "%.*s", (int)(p - path), path);
		/* That it is there is as good; what else is wrong, bind() tells. */
		mkdir(dir, 0755);
	}
}

int scx_serve__open(struct scx_serve *s, const char *path, const struct scx_stats_source *src,
		    struct ktstr_error *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memset(s, 0, sizeof(*s));
	s->fd = -1;
	for (int i = 0; i < SCX_SERVE_CLIENTS; i++)
		s->clients[i].fd = -1;
	if (!path)
		return 0;
	s->src = *src;
	if (strlen(path) >= sizeof(addr.sun_path))
		return ktstr_error_set(e, -ENAMETOOLONG, "%s is too long for a socket", path);
	strcpy(addr.sun_path, path);
	make_parents(path);
	unlink(path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(s->fd, SCX_SERVE_CLIENTS)) {
		int err = errno;

		scx_serve__close(s);
		return ktstr_error_set(e, -err, "cannot serve statistics at %s: %s", path,
				       strerror(err));
	}
	strcpy(s->path, path);
	return 0;
}

static void drop(struct scx_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->out);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

void scx_serve__close(struct scx_serve *s)
{
	for (int i = 0; i < SCX_SERVE_CLIENTS; i++)
		drop(&s->clients[i]);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (s->path[0])
		unlink(s->path);
	s->path[0] = '\0';
}

/* A free place, or that of whoever has been silent for longest. */
static struct scx_client *place(struct scx_serve *s)
{
	struct scx_client *c = &s->clients[0];

	for (int i = 0; i < SCX_SERVE_CLIENTS; i++) {
		if (s->clients[i].fd < 0)
			return &s->clients[i];
		if (s->clients[i].used_at < c->used_at)
			c = &s->clients[i];
	}
	drop(c);
	return c;
}

static void take_clients(struct scx_serve *s)
{
	struct scx_client *c;
	int fd;

	/* As many as wait at most: those who come again and again must not keep us here. */
	for (int i = 0; i < SCX_SERVE_CLIENTS; i++) {
		fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		c = place(s);
		c->fd = fd;
		c->used_at = ++s->turn;
	}
}

/* Return: the whole answer is gone */
static bool push(struct scx_serve *s, struct scx_client *c)
{
	ssize_t n;

	while (c->out && c->out[c->out_at]) {
		n = send(c->fd, c->out + c->out_at, strlen(c->out + c->out_at), MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			drop(c);
		if (n < 0)
			return false;
		c->out_at += (size_t)n;
		c->used_at = ++s->turn;
	}
	free(c->out);
	c->out = NULL;
	c->out_at = 0;
	if (c->ends)
		drop(c);
	return c->fd >= 0;
}

/* The next whole line of what has come; return: there was one, or no room is left for one */
static bool next_line(struct scx_serve *s, struct scx_client *c)
{
	char *nl = memchr(c->in, '\n', c->len);
	size_t used;

	if (!nl && c->len < sizeof(c->in))
		return false;
	if (!nl) {
		c->out = scx_stats__refusal(E2BIG, "a request has at most %zu bytes",
					    sizeof(c->in) - 1);
		c->ends = true;
		c->len = 0;
	} else {
		used = (size_t)(nl + 1 - c->in);
		c->out = scx_stats__answer(&s->src, c->in, used - 1);
		c->len -= used;
		memmove(c->in, c->in + used, c->len);
	}
	if (!c->out) {
		drop(c);
		return false;
	}
	return true;
}

static void serve(struct scx_serve *s, struct scx_client *c)
{
	ssize_t n;

	if (c->out && !push(s, c))
		return;
	n = recv(c->fd, c->in + c->len, sizeof(c->in) - c->len, 0);
	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		drop(c);
		return;
	}
	if (n > 0) {
		c->len += (size_t)n;
		c->used_at = ++s->turn;
	}
	while (next_line(s, c) && push(s, c))
		;
}

void scx_serve__poll(struct scx_serve *s, int timeout_ms)
{
	struct pollfd fds[1 + SCX_SERVE_CLIENTS];

	/* poll() passes over negative descriptors. */
	fds[0] = (struct pollfd){ .fd = s->fd, .events = POLLIN };
	for (int i = 0; i < SCX_SERVE_CLIENTS; i++)
		fds[1 + i] = (struct pollfd){
			.fd = s->clients[i].fd,
			.events = s->clients[i].out ? POLLOUT : POLLIN,
		};
	if (poll(fds, 1 + SCX_SERVE_CLIENTS, timeout_ms) <= 0)
		return;
	for (int i = 0; i < SCX_SERVE_CLIENTS; i++)
		if (fds[1 + i].revents)
			serve(s, &s->clients[i]);
	if (fds[0].revents)
		take_clients(s);
}
