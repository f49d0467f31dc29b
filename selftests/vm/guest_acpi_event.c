// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI events as acpid hears them: family "acpi_event" of generic netlink
 * (drivers/acpi/event.c).
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest_acpi_event.h"

#define ACPI_GENL_ATTR_EVENT	1

struct message {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	char attrs[4096];
};

/* An attribute of @type in @len bytes of them, or NULL. */
static const struct nlattr *find(const void *attrs, size_t len, int type)
{
	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = attrs;
		size_t step = NLA_ALIGN(a->nla_len);

		if ((a->nla_type & NLA_TYPE_MASK) == type || a->nla_len < NLA_HDRLEN)
			return (a->nla_type & NLA_TYPE_MASK) == type ? a : NULL;
		if (step >= len)
			return NULL;
		attrs = (const char *)attrs + step;
		len -= step;
	}
	return NULL;
}

static const struct nlattr *inside(const struct nlattr *a, int type)
{
	return a ? find((const char *)a + NLA_HDRLEN, a->nla_len - NLA_HDRLEN, type) : NULL;
}

static const void *payload(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static size_t attrs_len(const struct message *m)
{
	return m->nl.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
}

/* The family has one group; asking for the family tells its number. */
static uint32_t find_group(int fd)
{
	static const char name[] = "acpi_event";
	struct message m = {
		.nl = { .nlmsg_type = GENL_ID_CTRL, .nlmsg_flags = NLM_F_REQUEST },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
	};
	struct nlattr *a = (struct nlattr *)m.attrs;
	const struct nlattr *id;

	a->nla_type = CTRL_ATTR_FAMILY_NAME;
	a->nla_len = NLA_HDRLEN + sizeof(name);
	memcpy(m.attrs + NLA_HDRLEN, name, sizeof(name));
	m.nl.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(a->nla_len);
	if (send(fd, &m, m.nl.nlmsg_len, 0) < 0 || recv(fd, &m, sizeof(m), 0) < 0 ||
	    m.nl.nlmsg_type == NLMSG_ERROR)
		return 0;
	/* Groups are an array: attribute 1 is its first element. */
	id = inside(inside(find(m.attrs, attrs_len(&m), CTRL_ATTR_MCAST_GROUPS), 1),
		    CTRL_ATTR_MCAST_GRP_ID);
	return id ? *(const uint32_t *)payload(id) : 0;
}

/** acpi_event_open() - start to listen; return: descriptor, or -1 */
int acpi_event_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	uint32_t group = fd < 0 ? 0 : find_group(fd);

	if (!group || setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		close(fd);
		return -1;
	}
	return fd;
}

/** acpi_event_wait() - until an event of @class, such as "button/power"; return: 0 or -1 */
int acpi_event_wait(int fd, const char *class)
{
	struct message m;

	for (;;) {
		const struct nlattr *event;

		if (recv(fd, &m, sizeof(m), 0) < (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN))
			return -1;
		/* The event begins with its class. */
		event = find(m.attrs, attrs_len(&m), ACPI_GENL_ATTR_EVENT);
		if (event && !strcmp(payload(event), class))
			return 0;
	}
}
