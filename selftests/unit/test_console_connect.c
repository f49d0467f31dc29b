// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host closes and opens its side of a port (virtio v1.2, 5.3.6.2, PORT_OPEN):
 * what the guest is told, and when.
 */
#include <errno.h>

#include "driver_alive.h"

#include "unit.h"

#define CTRL_RX	KTSTR_Q_CTRL_RX
#define BULK	KTSTR_PORT_BULK
#define STATS	KTSTR_PORT_STATS

FIXTURE(connect)
{
	struct driver d;
};

FIXTURE_SETUP(connect)
{
	ASSERT_TRUE(driver__create(&self->d));
	ASSERT_TRUE(driver__init(&self->d, DRIVER_FEATURES, 64));
}

FIXTURE_TEARDOWN(connect)
{
	driver__destroy(&self->d);
}

static void offer(struct driver *d, unsigned int n)
{
	while (n--)
		driver__add1(d, CTRL_RX, CTRL_BUF_GPA + d->q[CTRL_RX].next_desc * CTRL_BUF_SIZE,
			     CTRL_BUF_SIZE, true);
	if (driver__needs_kick(d, CTRL_RX))
		driver__kick(d, CTRL_RX);
}

/* What the guest was told next: "ID:EVENT=VALUE", or "" for nothing. */
static const char *told(struct driver *d)
{
	struct virtio_console_control msg;
	static char text[64];
	int head = driver__used(d, CTRL_RX, NULL);

	text[0] = 0;
	if (head < 0)
		return text;
	memcpy(&msg, driver__ptr(d, d->q[CTRL_RX].desc[head].addr), sizeof(msg));
	snprintf(text, sizeof(text), "%u:%s=%u", msg.id,
		 msg.event == VIRTIO_CONSOLE_PORT_OPEN ? "open" :
		 msg.event == VIRTIO_CONSOLE_PORT_NAME ? "name" : "other", msg.value);
	return text;
}

TEST_F(connect, guest_is_told_of_close_and_open)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	offer(d, 20);
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, false));
		EXPECT_STREQ("1:open=0", told(d));
		EXPECT_EQ(1, driver__event(d->irq));
		EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, true));
		EXPECT_STREQ("1:open=1", told(d));
		EXPECT_EQ(1, driver__event(d->irq));
	}
	EXPECT_STREQ("", told(d));
	EXPECT_EQ(0, driver__stats(d).driver_errors);
	EXPECT_ALIVE(d, 0);
}

/* The present state again is no news, and costs no buffer and no interrupt. */
TEST_F(connect, repeats_are_not_told)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	for (int i = 0; i < 1000; i++) {
		EXPECT_EQ(0, virtio_console__connect(d->vc, STATS, true));
	}
	EXPECT_STREQ("", told(d));
	for (int i = 0; i < 1000; i++) {
		EXPECT_EQ(0, virtio_console__connect(d->vc, STATS, false));
	}
	EXPECT_STREQ("2:open=0", told(d));
	EXPECT_STREQ("", told(d));
	EXPECT_EQ(1, driver__event(d->irq));
	virtio_console__connect(d->vc, STATS, true);
	EXPECT_ALIVE(d, 0);
}

/* The state is told, not its history: what could not be told in time never happened. */
TEST_F(connect, close_and_open_while_the_control_ring_is_empty_tell_nothing)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	/* Use up the buffers that the handshake left. */
	for (int i = 0; i < 6; i++)
		virtio_console__connect(d->vc, BULK, i & 1);
	while (*told(d))
		;
	for (int i = 0; i < 1000; i++) {
		virtio_console__connect(d->vc, BULK, false);
		virtio_console__connect(d->vc, BULK, true);
		virtio_console__connect(d->vc, STATS, false);
	}
	offer(d, 4);
	EXPECT_STREQ("2:open=0", told(d));
	EXPECT_STREQ("", told(d));
	virtio_console__connect(d->vc, STATS, true);
	EXPECT_STREQ("2:open=1", told(d));
	EXPECT_ALIVE(d, 0);
}

TEST_F(connect, port_0_and_no_port_are_refused)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	for (int open = 0; open < 2; open++) {
		EXPECT_EQ(-EINVAL, virtio_console__connect(d->vc, 0, open));
		EXPECT_EQ(-EINVAL, virtio_console__connect(d->vc, 3, open));
		EXPECT_EQ(-EINVAL, virtio_console__connect(d->vc, 0xffffffff, open));
	}
	EXPECT_STREQ("", told(d));
	EXPECT_ALIVE(d, 0);
}

TEST_F(connect, nothing_can_be_written_to_a_closed_port_but_what_waits_is_placed)
{
	struct driver *d = &self->d;
	uint8_t got[8];
	uint32_t len;

	ASSERT_TRUE(driver__handshake(d));
	EXPECT_EQ(0, virtio_console__write(d->vc, BULK, "before", 6));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, false));
	EXPECT_EQ(-EPIPE, virtio_console__write(d->vc, BULK, "after", 5));
	EXPECT_EQ(-EPIPE, virtio_console__write(d->vc, BULK, NULL, 0));
	EXPECT_EQ(6, virtio_console__pending(d->vc, BULK));
	EXPECT_EQ(0, virtio_console__write(d->vc, STATS, "other", 5));
	driver__add1(d, KTSTR_Q_BULK_RX, DRIVER_DATA_GPA, 64, true);
	driver__kick(d, KTSTR_Q_BULK_RX);
	EXPECT_LE(0, driver__used(d, KTSTR_Q_BULK_RX, &len));
	EXPECT_EQ(6, len);
	EXPECT_EQ(0, memcmp(driver__ptr(d, DRIVER_DATA_GPA), "before", 6));
	/* What the guest sends meanwhile is taken: Linux stops only when it has been told. */
	memcpy(driver__ptr(d, DRIVER_DATA_GPA), "late", 4);
	driver__add1(d, KTSTR_Q_BULK_TX, DRIVER_DATA_GPA, 4, false);
	driver__kick(d, KTSTR_Q_BULK_TX);
	EXPECT_EQ(4, virtio_console__read(d->vc, BULK, got, sizeof(got)));
	/* Neither side's state is the other's: the guest still has it open. */
	EXPECT_TRUE(virtio_console__is_open(d->vc, BULK));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, true));
	EXPECT_EQ(0, virtio_console__write(d->vc, BULK, "after", 5));
	EXPECT_ALIVE(d, 0);
}

/* A port that is closed when it is readied gets a name and no PORT_OPEN. */
TEST_F(connect, closed_before_the_handshake)
{
	struct driver *d = &self->d;

	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, false));
	offer(d, 8);
	ASSERT_TRUE(driver__control(d, BULK, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_STREQ("1:name=1", told(d));
	EXPECT_STREQ("", told(d));
	ASSERT_TRUE(driver__control(d, STATS, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_STREQ("2:name=1", told(d));
	EXPECT_STREQ("2:open=1", told(d));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, true));
	EXPECT_STREQ("1:open=1", told(d));
	EXPECT_STREQ("", told(d));
}

/* Between PORT_READY and its answer: the answer carries what is true when it is placed. */
TEST_F(connect, closed_while_the_answer_to_port_ready_waits)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__control(d, BULK, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, false));
	offer(d, 8);
	EXPECT_STREQ("1:name=1", told(d));
	/* The guest believes a port closed until it is told otherwise. */
	EXPECT_STREQ("", told(d));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, true));
	EXPECT_STREQ("1:open=1", told(d));
	EXPECT_STREQ("", told(d));
}

TEST_F(connect, closed_survives_a_reset)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	EXPECT_EQ(0, virtio_console__connect(d->vc, STATS, false));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 64));
		EXPECT_EQ(-EPIPE, virtio_console__write(d->vc, STATS, "x", 1));
		offer(d, 8);
		ASSERT_TRUE(driver__control(d, STATS, VIRTIO_CONSOLE_PORT_READY, 1));
		EXPECT_STREQ("2:name=1", told(d));
		EXPECT_STREQ("", told(d)) TH_LOG("reset %d", i);
		EXPECT_EQ(-EPIPE, virtio_console__write(d->vc, STATS, "x", 1));
	}
	/* Opened while no driver is there: told to the next one. */
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_EQ(0, virtio_console__connect(d->vc, STATS, true));
	EXPECT_ALIVE(d, DRIVER_ALL_QUEUES);
}

/*
 * G11: the guest closes and opens its side after the host closed its own. A reopened
 * port finds out that it is open for the host again, whoever moved first.
 */
TEST_F(connect, G11_guest_reopens_after_the_host_closed)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	offer(d, 20);
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, false));
	EXPECT_STREQ("1:open=0", told(d));
	ASSERT_TRUE(driver__control(d, BULK, VIRTIO_CONSOLE_PORT_OPEN, 0));
	ASSERT_TRUE(driver__control(d, BULK, VIRTIO_CONSOLE_PORT_OPEN, 1));
	/*
	 * The table says "PORT_OPEN(1) replayed". Not while the host keeps its side
	 * closed: Linux would let writers through to nobody. It comes with the host.
	 */
	EXPECT_STREQ("", told(d));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, true));
	EXPECT_STREQ("1:open=1", told(d));
	EXPECT_STREQ("", told(d));
	/* The other order. */
	ASSERT_TRUE(driver__control(d, BULK, VIRTIO_CONSOLE_PORT_OPEN, 0));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, false));
	EXPECT_EQ(0, virtio_console__connect(d->vc, BULK, true));
	EXPECT_STREQ("1:open=0", told(d));
	EXPECT_STREQ("1:open=1", told(d));
	EXPECT_EQ(0, virtio_console__write(d->vc, BULK, "x", 1));
	EXPECT_EQ(1, virtio_console__pending(d->vc, BULK));
	ASSERT_TRUE(driver__control(d, BULK, VIRTIO_CONSOLE_PORT_OPEN, 1));
	EXPECT_ALIVE(d, 0);
}

TEST_HARNESS_MAIN
