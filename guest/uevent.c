// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel uevents over NETLINK_KOBJECT_UEVENT.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "die.h"
#include "loop.h"
#include "uevent.h"

#define KERNEL_GROUP	1
#define SUBSCRIBERS_MAX	4

static void (*subscribers[SUBSCRIBERS_MAX])(void);
static unsigned int nr_subscribers;

static void uevent_ready(struct loop_watch *w, uint32_t events)
{
	char buf[4096];

	(void)events;
	/* ENOBUFS means that some were lost: reading again covers those too. */
	while (recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
	for (unsigned int i = 0; i < nr_subscribers; i++)
		subscribers[i]();
}

static struct loop_watch uevent_watch = { .fd = -1, .ready = uevent_ready };

int uevent__init(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };

	uevent_watch.fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				 NETLINK_KOBJECT_UEVENT);
	if (uevent_watch.fd < 0)
		return -errno;
	if (bind(uevent_watch.fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return loop__add(&uevent_watch, EPOLLIN);
}

void uevent__subscribe(void (*fn)(void))
{
	if (nr_subscribers == SUBSCRIBERS_MAX)
		die("more than %d uevent subscribers: this is a bug in ktstr, report it",
		    SUBSCRIBERS_MAX);
	subscribers[nr_subscribers++] = fn;
}
