// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the console test: the real Linux driver on the other side.
 *
 * Says what the driver made of the device on COM2, one fact a line, then sends
 * a known stream on ports 1 and 2 at once, receives one on both at once, and
 * reports the CRCs. The test on the host knows what they must be.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ktstr/ports.h>

#include "console_test.h"
#include "guest_pid1.h"
#include "stream.h"

/* Uevents, opened before anything is looked at so that none is missed. */
static int open_uevents(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("uevent socket");
	return fd;
}

/*
 * The name arrives in a control message of its own, after the node; the driver
 * makes the attribute then and sends a "change" uevent.
 */
static void say_name(int uevents, int port)
{
	char path[64], name[64] = "", event[4096];
	int fd, n;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/vport0p%d/name", port);
	while ((fd = open(path, O_RDONLY)) < 0)
		if (recv(uevents, event, sizeof(event), 0) < 0)
			die("uevent");
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (n <= 0)
		die(path);
	name[strcspn(name, "\n")] = '\0';
	say("name %d %s\n", port, name);
}

struct pump {
	int port, fd;
	uint32_t crc;		/* of what was received */
	uint64_t got;
};

static void *send_stream(void *arg)
{
	static const size_t sizes[] = { 8, 4096, 131072, 64, 32768, 1000 * 8, 65536 };
	struct pump *p = arg;
	struct stream s;
	char *buf = malloc(131072);
	unsigned int i;

	stream__init(&s, CONSOLE_TEST_SEED + p->port);
	for (i = 0; s.at < CONSOLE_TEST_BYTES; i++) {
		size_t len = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))], off = 0;

		if (len > CONSOLE_TEST_BYTES - s.at)
			len = CONSOLE_TEST_BYTES - s.at;
		stream__fill(&s, buf, len);
		while (off < len) {
			ssize_t n = write(p->fd, buf + off, len - off);

			if (n <= 0)
				die("write port");
			off += n;
		}
	}
	free(buf);
	return NULL;
}

static void *receive_stream(void *arg)
{
	struct pump *p = arg;
	char *buf = malloc(65536);

	while (p->got < CONSOLE_TEST_BYTES) {
		ssize_t n = read(p->fd, buf, 65536);

		if (n <= 0)
			die("read port");
		p->crc = crc32(p->crc, (void *)buf, n);
		p->got += n;
	}
	free(buf);
	return NULL;
}

static void on_both(struct pump *pumps, void *(*fn)(void *))
{
	pthread_t t[2];
	int i;

	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, fn, &pumps[i]))
			die("thread");
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

int main(void)
{
	struct pump pumps[2] = { { .port = KTSTR_PORT_BULK }, { .port = KTSTR_PORT_STATS } };
	int uevents, i;

	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	com2 = open_raw(KTSTR_COM2_DEV);
	uevents = open_uevents();
	pumps[0].fd = open_port(KTSTR_BULK_DEV);
	pumps[1].fd = open_port(KTSTR_STATS_DEV);
	for (i = 0; i < KTSTR_NR_PORTS; i++)
		say_name(uevents, i);
	say("hvc0 %s\n", access(KTSTR_CONSOLE_DEV, F_OK) ? "absent" : "present");
	on_both(pumps, send_stream);
	say("sent\n");
	on_both(pumps, receive_stream);
	for (i = 0; i < 2; i++)
		say("received %d %llu %08x\n", pumps[i].port,
		    (unsigned long long)pumps[i].got, pumps[i].crc);
	say("done\n");
	reboot(RB_AUTOBOOT);
	return 1;
}
