// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the output of a process to frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bulk.h"
#include "relay.h"
#include "rt.h"

#define RELAY_CHUNK	(16u << 10)

/* Return: bytes forwarded, 0 at end of file or when there are none now. */
static size_t forward_once(struct relay *r)
{
	char buf[sizeof(r->head) + RELAY_CHUNK];
	ssize_t n = read(r->read_fd, buf + r->head_len, RELAY_CHUNK);

	if (n <= 0)
		return 0;
	memcpy(buf, r->head, r->head_len);
	if (r->head_len)
		bulk__send(r->type, buf, r->head_len + (size_t)n);
	else
		bulk__send_stream(r->type, buf, (size_t)n);
	return (size_t)n;
}

/* A process that writes for ever must not keep us: one pipe's worth is what was in it. */
static void forward_rest(struct relay *r)
{
	int left = fcntl(r->read_fd, F_GETPIPE_SZ);
	size_t n;

	while (left > 0 && (n = forward_once(r)) > 0)
		left -= (int)n;
}

static void *relay_thread(void *arg)
{
	struct relay *r = arg;
	struct pollfd p[2] = {
		{ .fd = r->read_fd, .events = POLLIN },
		{ .fd = r->stop_fd, .events = POLLIN },
	};

	while (!(p[1].revents & POLLIN)) {
		if (poll(p, 2, -1) < 0)
			continue;
		/* End of file: from here on only the order to stop matters. */
		if ((p[0].revents & (POLLIN | POLLHUP)) && !forward_once(r) &&
		    (p[0].revents & POLLHUP))
			p[0].fd = -1;
	}
	forward_rest(r);
	return NULL;
}

int relay__start(struct relay *r, uint32_t type)
{
	int fds[2], err;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	r->type = type;
	r->read_fd = fds[0];
	r->write_fd = fds[1];
	r->stop_fd = eventfd(0, EFD_CLOEXEC);
	err = r->stop_fd < 0 ? -errno : rt__thread(&r->thread, RT_PRIO_RELAY, relay_thread, r);
	if (!err)
		return 0;
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	close(fds[0]);
	close(fds[1]);
	return err;
}

void relay__started(struct relay *r)
{
	if (r->write_fd >= 0)
		close(r->write_fd);
	r->write_fd = -1;
}

void relay__finish(struct relay *r)
{
	relay__started(r);
	eventfd_write(r->stop_fd, 1);
	pthread_join(r->thread, NULL);
	close(r->stop_fd);
	close(r->read_fd);
}
