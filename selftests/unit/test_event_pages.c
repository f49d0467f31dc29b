// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages on their way from /dev/ktstr into frames, with a device of our own: what it
 * cannot hand out for want of memory is not taken for nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEVICE	1000000		/* no descriptor of ours */

/* @left: bytes of pages that wait, one each; @refuse: calls that find no memory before that */
static struct {
	unsigned int left;
	unsigned int refuse;
	size_t len;
} dev;

static ssize_t fake_splice(int from, int to, size_t len)
{
	static uint8_t buf[65536];
	ssize_t n = (ssize_t)dev.len;

	if (from != DEVICE) {
		n = read(from, buf, len);
	} else if (dev.left && dev.refuse) {
		dev.refuse--;
		errno = ENOMEM;
		return -1;
	} else if (!dev.left--) {
		dev.left = 0;
		errno = EAGAIN;
		return -1;
	}
	return n > 0 ? write(to, buf, (size_t)n) : n;
}

/* What a guest has of it, and a test has not. */
#define open(...)	DEVICE
#define ioctl(_fd, _req, _arg) ((void)(_arg), 0)
#define splice(_from, _o1, _to, _o2, _len, _flags) fake_splice(_from, _to, _len)
#include "guest/event_pages.c"
#undef open
#undef ioctl
#undef splice

#include "port_reader.h"
#include "unit.h"

#define PAGE	32768u

int bulk__watch(int fd)
{
	(void)fd;
	return 0;
}

FIXTURE(pages) {
	struct port_reader *port;
	int fd;
};

FIXTURE_SETUP(pages)
{
	memset(&dev, 0, sizeof(dev));
	self->port = malloc(sizeof(*self->port));
	self->fd = port_open_pair(self->port, 1 << 20);
	ASSERT_EQ(0, event_pages__start(1, PAGE, 1));
}

FIXTURE_TEARDOWN(pages)
{
	free(self->port);
	free(pages.cpus);
}

/* A page for which there is no memory now is there still: nobody may say that all is sent. */
TEST_F(pages, want_of_memory_is_not_the_end)
{
	dev.left = 3;
	dev.len = 5000;
	for (unsigned int round = 0; round < 20; round++) {
		dev.refuse = 2;		/* full pages, and all */
		EXPECT_EQ(BULK_PUMP_IDLE, event_pages__pump(self->fd, true));
		EXPECT_EQ(3, dev.left);
		EXPECT_FALSE(event_pages__idle());
	}
	EXPECT_EQ(BULK_PUMP_IDLE, event_pages__pump(self->fd, true));
	EXPECT_EQ(0, dev.left);
	EXPECT_TRUE(event_pages__idle());
}

TEST_F(pages, memory_that_never_comes_is_not_waited_for_for_ever)
{
	unsigned int looks = 0;

	dev.left = 1;
	do {
		dev.refuse = 2;
		ASSERT_EQ(BULK_PUMP_IDLE, event_pages__pump(self->fd, true));
		ASSERT_GT(10000, ++looks);
	} while (!event_pages__idle());
	EXPECT_LT(100, looks);
}

TEST_HARNESS_MAIN
