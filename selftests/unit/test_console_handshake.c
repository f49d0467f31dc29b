// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control protocol of the three-port console (virtio v1.2, 5.3.6.2).
 */
#include <string.h>

#include "driver_alive.h"

#include "unit.h"

#define BUF_GPA		DRIVER_DATA_GPA
#define BUF_SIZE	64u
#define CTRL_RX		KTSTR_Q_CTRL_RX

/* Queues without an echo before the handshake is over: ports 1 and 2 are not open yet. */
#define KEEPS_QUIET	(1u << KTSTR_Q_CTRL_RX | 1u << KTSTR_Q_BULK_RX | 1u << KTSTR_Q_STATS_RX)

struct reply {
	uint32_t id;
	uint16_t event;
	uint16_t value;
	uint32_t len;
	char name[56];
};

FIXTURE(console)
{
	struct driver d;
	unsigned int bufs;
};

FIXTURE_SETUP(console)
{
	ASSERT_TRUE(driver__create(&self->d));
	ASSERT_TRUE(driver__init(&self->d, DRIVER_FEATURES, 64));
}

FIXTURE_TEARDOWN(console)
{
	driver__destroy(&self->d);
}

/* Offer control buffers; kick only if the device asks for it, as Linux does. */
static void offer(struct driver *d, unsigned int n, uint32_t size)
{
	for (unsigned int i = 0; i < n; i++) {
		uint16_t slot = d->q[CTRL_RX].next_desc;

		driver__add1(d, CTRL_RX, BUF_GPA + slot * BUF_SIZE, size, true);
		if (driver__needs_kick(d, CTRL_RX))
			driver__kick(d, CTRL_RX);
	}
}

static bool reply(struct driver *d, struct reply *r)
{
	struct virtio_console_control hdr;
	uint8_t *p;
	int head;

	memset(r, 0, sizeof(*r));
	head = driver__used(d, CTRL_RX, &r->len);
	if (head < 0)
		return false;
	p = driver__ptr(d, d->q[CTRL_RX].desc[head].addr);
	memcpy(&hdr, p, sizeof(hdr));
	r->id = hdr.id;
	r->event = hdr.event;
	r->value = hdr.value;
	if (r->len > sizeof(hdr) && r->len <= BUF_SIZE)
		memcpy(r->name, p + sizeof(hdr), r->len - sizeof(hdr));
	return true;
}

#define expect_reply(d, _id, _event) do {					\
	struct reply _r;							\
	ASSERT_TRUE(reply(d, &_r)) TH_LOG("no reply, want %u/%u", _id, _event);	\
	EXPECT_EQ(_id, _r.id);							\
	EXPECT_EQ(_event, _r.event);						\
	EXPECT_EQ(1, _r.value);							\
	if (_event != VIRTIO_CONSOLE_PORT_NAME)					\
		EXPECT_EQ(8, _r.len);						\
} while (0)

#define expect_no_reply(d) do {							\
	struct reply _r;							\
	EXPECT_FALSE(reply(d, &_r)) TH_LOG("got %u/%u", _r.id, _r.event);	\
} while (0)

TEST_F(console, F4_device_ready_adds_three_ports_in_order)
{
	offer(&self->d, 16, BUF_SIZE);
	ASSERT_TRUE(driver__control(&self->d, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY,
				    1));
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
		expect_reply(&self->d, p, VIRTIO_CONSOLE_PORT_ADD);
	expect_no_reply(&self->d);
}

TEST_F(console, port_ready_is_answered_with_its_particulars)
{
	static const char * const names[] = { "ktstr-console", "ktstr-bulk", "ktstr-stats" };

	offer(&self->d, 16, BUF_SIZE);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		struct reply r;

		ASSERT_TRUE(driver__control(&self->d, p, VIRTIO_CONSOLE_PORT_READY, 1));
		if (p == 0)
			expect_reply(&self->d, p, VIRTIO_CONSOLE_CONSOLE_PORT);
		ASSERT_TRUE(reply(&self->d, &r));
		EXPECT_EQ(VIRTIO_CONSOLE_PORT_NAME, r.event);
		EXPECT_EQ(p, r.id);
		EXPECT_EQ(1, r.value);
		EXPECT_STREQ(names[p], r.name);
		EXPECT_EQ(8 + strlen(names[p]) + 1, r.len);
		expect_reply(&self->d, p, VIRTIO_CONSOLE_PORT_OPEN);
	}
	expect_no_reply(&self->d);
}

TEST_F(console, F6_F10_repeats_change_nothing_until_a_reset)
{
	for (int round = 0; round < 2; round++) {
		offer(&self->d, 32, BUF_SIZE);
		for (int i = 0; i < 1000; i++) {
			ASSERT_TRUE(driver__control(&self->d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
			for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
				ASSERT_TRUE(driver__control(&self->d, p,
							    VIRTIO_CONSOLE_PORT_READY, 1));
			}
		}
		for (int i = 0; i < 10; i++) {
			struct reply r;

			ASSERT_TRUE(reply(&self->d, &r));
		}
		expect_no_reply(&self->d);
		EXPECT_EQ(0, driver__stats(&self->d).driver_errors);
		ASSERT_TRUE(driver__init(&self->d, DRIVER_FEATURES, 64));
	}
}

TEST_F(console, resume_without_device_ready_gets_no_ports_added)
{
	offer(&self->d, 16, BUF_SIZE);
	ASSERT_TRUE(driver__control(&self->d, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	ASSERT_TRUE(driver__control(&self->d, 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	expect_reply(&self->d, 1, VIRTIO_CONSOLE_PORT_NAME);
	expect_reply(&self->d, 1, VIRTIO_CONSOLE_PORT_OPEN);
	expect_no_reply(&self->d);
	EXPECT_TRUE(virtio_console__is_open(self->d.vc, 1));
}

/* Everything asked for while no buffer is offered comes once there is one. */
TEST_F(console, nothing_is_lost_while_the_control_ring_is_empty)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__control(d, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_READY, 1));
	}
	EXPECT_TRUE(driver__needs_kick(d, CTRL_RX));
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		offer(d, 1, BUF_SIZE);
		expect_reply(d, p, VIRTIO_CONSOLE_PORT_ADD);
		expect_no_reply(d);
	}
	offer(d, 1, BUF_SIZE);
	expect_reply(d, 0, VIRTIO_CONSOLE_CONSOLE_PORT);
	for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++) {
		offer(d, 2, BUF_SIZE);
		expect_reply(d, p, VIRTIO_CONSOLE_PORT_NAME);
		expect_reply(d, p, VIRTIO_CONSOLE_PORT_OPEN);
	}
	offer(d, 1, BUF_SIZE);
	expect_no_reply(d);
}

TEST_F(console, no_kick_is_asked_for_while_nothing_is_owed)
{
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q += 2) {
		EXPECT_FALSE(driver__needs_kick(&self->d, q));
	}
	/* The twin: transmit queues always want theirs. */
	for (unsigned int q = 1; q < KTSTR_NR_QUEUES; q += 2) {
		EXPECT_TRUE(driver__needs_kick(&self->d, q));
	}
}

TEST_F(console, F12_port_open_opens_and_closes_ports_1_and_2)
{
	struct driver *d = &self->d;

	EXPECT_TRUE(virtio_console__is_open(d->vc, 0));
	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++) {
		EXPECT_FALSE(virtio_console__is_open(d->vc, p));
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_READY, 1));
		EXPECT_FALSE(virtio_console__is_open(d->vc, p));
		for (int i = 0; i < 1000; i++) {
			ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
			EXPECT_TRUE(virtio_console__is_open(d->vc, p));
			ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 0));
			EXPECT_FALSE(virtio_console__is_open(d->vc, p));
		}
	}
	EXPECT_EQ(0, driver__stats(d).driver_errors);
	EXPECT_FALSE(virtio_console__is_open(d->vc, 3));
}

/* Linux's add_port() makes a port openable before it says PORT_READY, and opens it once. */
TEST_F(console, F14_port_opened_before_it_is_ready_is_open)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__control(d, 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	EXPECT_TRUE(virtio_console__is_open(d->vc, 1));
	ASSERT_TRUE(driver__control(d, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_TRUE(virtio_console__is_open(d->vc, 1));
	EXPECT_FALSE(virtio_console__is_open(d->vc, 2));
	EXPECT_EQ(0, driver__stats(d).driver_errors);
	/* The next driver has said nothing yet. */
	driver__write32(d, VIRTIO_MMIO_STATUS, 0);
	EXPECT_FALSE(virtio_console__is_open(d->vc, 1));
}

/* Each of these is returned at once, counted, and has no effect whatever. */
TEST_F(console, F7_F9_F11_F13_F14_F16_F17_F23_nonsense_is_ignored_and_counted)
{
	static const struct virtio_console_control bad[] = {
		{ 0, VIRTIO_CONSOLE_DEVICE_READY, 0 },
		{ 0, VIRTIO_CONSOLE_DEVICE_READY, 2 },
		{ 0, VIRTIO_CONSOLE_DEVICE_READY, 65535 },
		{ 0, VIRTIO_CONSOLE_PORT_READY, 0 },
		{ 1, VIRTIO_CONSOLE_PORT_READY, 2 },
		{ 3, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 0x7fffffff, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 0xffffffff, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 0x01000000, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 3, VIRTIO_CONSOLE_PORT_OPEN, 1 },
		{ 1, VIRTIO_CONSOLE_PORT_OPEN, 2 },
		{ 1, VIRTIO_CONSOLE_PORT_OPEN, 65535 },
		{ 0, VIRTIO_CONSOLE_PORT_ADD, 1 },
		{ 0, VIRTIO_CONSOLE_PORT_REMOVE, 1 },
		{ 0, VIRTIO_CONSOLE_CONSOLE_PORT, 1 },
		{ 0, VIRTIO_CONSOLE_RESIZE, 1 },
		{ 0, VIRTIO_CONSOLE_PORT_NAME, 1 },
		{ 0, 8, 1 },
		{ 0, 65535, 1 },
	};
	struct driver *d = &self->d;

	offer(d, 16, BUF_SIZE);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ASSERT_TRUE(driver__control(d, bad[i].id, bad[i].event, bad[i].value))
			TH_LOG("case %u", i);
		EXPECT_EQ(i + 1, driver__stats(d).driver_errors) TH_LOG("case %u", i);
		EXPECT_FALSE(virtio_console__is_open(d->vc, 1));
		expect_no_reply(d);
	}
	/* Every event that no driver sends, known to the standard or not. */
	for (uint32_t event = 0; event < 65536; event++) {
		uint64_t before = driver__stats(d).driver_errors;

		if (event == VIRTIO_CONSOLE_DEVICE_READY || event == VIRTIO_CONSOLE_PORT_READY ||
		    event == VIRTIO_CONSOLE_PORT_OPEN)
			continue;
		ASSERT_TRUE(driver__control(d, event % 4, event, 1)) TH_LOG("event %u", event);
		ASSERT_EQ(before + 1, driver__stats(d).driver_errors) TH_LOG("event %u", event);
	}
	expect_no_reply(d);
	/* And the device still does its work. */
	ASSERT_TRUE(driver__control(d, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	expect_reply(d, 1, VIRTIO_CONSOLE_PORT_NAME);
	expect_reply(d, 1, VIRTIO_CONSOLE_PORT_OPEN);
	EXPECT_ALIVE(d, KEEPS_QUIET);
}

TEST_F(console, F1_F3_short_or_unreadable_message_is_returned_and_ignored)
{
	const struct virtio_console_control msg = { 0, VIRTIO_CONSOLE_DEVICE_READY, 1 };
	const struct driver_seg bad[] = {
		{ BUF_GPA, 0, false }, { BUF_GPA, 1, false }, { BUF_GPA, 4, false },
		{ BUF_GPA, 6, false }, { BUF_GPA, 7, false },
		{ BUF_GPA, 8, true }, { 0, 8, false }, { -4ull, 8, false },
		{ DRIVER_RAM_GPA + DRIVER_RAM_SIZE - 7, 8, false },
	};
	struct driver *d = &self->d;
	uint32_t len;

	offer(d, 16, BUF_SIZE);
	memcpy(driver__ptr(d, BUF_GPA), &msg, sizeof(msg));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int head = driver__add(d, KTSTR_Q_CTRL_TX, &bad[i], 1);

		driver__kick(d, KTSTR_Q_CTRL_TX);
		EXPECT_EQ(head, driver__used(d, KTSTR_Q_CTRL_TX, &len));
		EXPECT_EQ(0, len);
		EXPECT_EQ(i + 1, driver__stats(d).driver_errors) TH_LOG("case %u", i);
		expect_no_reply(d);
	}
	EXPECT_ALIVE(d, KEEPS_QUIET);
}

TEST_F(console, message_in_pieces_is_understood)
{
	const struct virtio_console_control msg = { 0, VIRTIO_CONSOLE_DEVICE_READY, 1 };
	const struct driver_seg seg[] = {
		{ BUF_GPA + 0x10000, 3, false }, { BUF_GPA + 0x10003, 0, false },
		{ BUF_GPA + 0x10003, 5, false },
	};
	struct driver *d = &self->d;

	offer(d, 4, BUF_SIZE);
	memcpy(driver__ptr(d, BUF_GPA + 0x10000), &msg, sizeof(msg));
	driver__add(d, KTSTR_Q_CTRL_TX, seg, 3);
	driver__kick(d, KTSTR_Q_CTRL_TX);
	expect_reply(d, 0, VIRTIO_CONSOLE_PORT_ADD);
}

TEST_F(console, F22_reply_is_scattered_over_a_chain)
{
	const struct driver_seg seg[] = {
		{ BUF_GPA, 4, true }, { BUF_GPA + 0x100, 4, true },
	};
	struct driver *d = &self->d;
	uint32_t len;

	driver__add(d, CTRL_RX, seg, 2);
	ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
	EXPECT_EQ(0, driver__used(d, CTRL_RX, &len));
	EXPECT_EQ(8, len);
	EXPECT_EQ(VIRTIO_CONSOLE_PORT_ADD, driver__ptr(d, BUF_GPA + 0x100)[0]);
	EXPECT_EQ(1, driver__ptr(d, BUF_GPA + 0x100)[2]);
}

TEST_F(console, F20_small_control_buffer_is_returned_empty_and_the_message_kept)
{
	struct driver *d = &self->d;
	uint32_t len;

	memset(driver__ptr(d, BUF_GPA), 0xee, 4096);
	offer(d, 1, 1);
	offer(d, 1, 7);
	driver__add1(d, CTRL_RX, BUF_GPA, 64, false);	/* not writable */
	driver__add1(d, CTRL_RX, 0, 64, true);		/* not memory */
	ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(i, driver__used(d, CTRL_RX, &len));
		EXPECT_EQ(0, len);
	}
	for (int i = 0; i < 256; i++) {
		ASSERT_EQ(0xee, driver__ptr(d, BUF_GPA)[i]);
	}
	offer(d, 1, BUF_SIZE);
	expect_reply(d, 0, VIRTIO_CONSOLE_PORT_ADD);
	EXPECT_ALIVE(d, KEEPS_QUIET);
}

/* Eight bytes hold every message but a name: a name is never cut, nor sent over two chains. */
TEST_F(console, F20_name_is_never_cut)
{
	struct driver *d = &self->d;
	uint32_t len;

	ASSERT_TRUE(driver__control(d, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	for (uint32_t size = 8; size < 8 + sizeof(KTSTR_PORT_BULK_NAME); size++) {
		memset(driver__ptr(d, BUF_GPA), 0xee, 4096);
		driver__add1(d, CTRL_RX, BUF_GPA, size, true);
		driver__kick(d, CTRL_RX);
		ASSERT_LE(0, driver__used(d, CTRL_RX, &len));
		EXPECT_EQ(0, len) TH_LOG("buffer of %u", size);
		for (int i = 0; i < 64; i++) {
			ASSERT_EQ(0xee, driver__ptr(d, BUF_GPA)[i]) TH_LOG("buffer of %u", size);
		}
	}
	/* The twin: exactly its length. */
	driver__add1(d, CTRL_RX, BUF_GPA, 8 + sizeof(KTSTR_PORT_BULK_NAME), true);
	driver__kick(d, CTRL_RX);
	ASSERT_LE(0, driver__used(d, CTRL_RX, &len));
	EXPECT_EQ(8 + sizeof(KTSTR_PORT_BULK_NAME), len);
	EXPECT_STREQ(KTSTR_PORT_BULK_NAME, (char *)driver__ptr(d, BUF_GPA + 8));
	EXPECT_ALIVE(d, KEEPS_QUIET);
}

TEST_F(console, F20_driver_that_offers_only_small_buffers_breaks_its_control_queue)
{
	struct driver *d = &self->d;
	unsigned int given;

	ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
	for (given = 0; given < 10000; given++) {
		if (driver__read32(d, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET)
			break;
		offer(d, 1, 1);
	}
	EXPECT_EQ(256, given);
	/* The others live on. */
	EXPECT_TRUE(driver__control(d, 1, VIRTIO_CONSOLE_PORT_READY, 1));
	EXPECT_ALIVE(d, KEEPS_QUIET);
}

/* Of a port that is ready, so that nothing but the value can be what is wrong. */
TEST_F(console, F13_port_open_is_0_or_1)
{
	static const uint16_t bad[] = { 2, 3, 0x100, 0x8000, 65535 };
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	for (unsigned int p = 1; p < KTSTR_NR_PORTS; p++) {
		for (uint16_t open = 0; open < 2; open++) {
			ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, open));
			for (unsigned int i = 0; i < 5; i++) {
				uint64_t before = driver__errors(d);

				ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN,
							    bad[i]));
				EXPECT_EQ(open, virtio_console__is_open(d->vc, p)) {
					TH_LOG("value %u", bad[i]);
				}
				EXPECT_EQ(before + 1, driver__errors(d));
			}
		}
	}
	EXPECT_ALIVE(d, 0);
}

/* Small buffers are counted in a row: a better one starts over, and so does a reset. */
TEST_F(console, F20_count_of_small_buffers_starts_over)
{
	struct driver *d = &self->d;

	for (int life = 0; life < 4; life++) {
		ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 64));
		ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1));
		for (int i = 0; i < 255; i++)
			offer(d, 1, 1);
		EXPECT_EQ(0xf, driver__status(d)) TH_LOG("life %d", life);
		if (life & 1)
			continue;
		offer(d, 1, BUF_SIZE);
		for (int i = 0; i < 255; i++)
			offer(d, 1, 1);
		EXPECT_EQ(0xf, driver__status(d)) TH_LOG("life %d", life);
	}
	EXPECT_ALIVE(d, KEEPS_QUIET);
}

TEST_F(console, F18_full_ring_of_messages_is_done_in_the_same_exit)
{
	struct virtio_console_control msg = { 0, VIRTIO_CONSOLE_PORT_READY, 1 };
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 256));
	offer(d, 16, BUF_SIZE);
	memcpy(driver__ptr(d, CTRL_MSG_GPA), &msg, sizeof(msg));
	for (int i = 0; i < 255; i++)
		driver__add1(d, KTSTR_Q_CTRL_TX, CTRL_MSG_GPA, sizeof(msg), false);
	/* The last one is another, to show that it was read too. */
	msg.id = 1;
	memcpy(driver__ptr(d, CTRL_MSG_GPA + 64), &msg, sizeof(msg));
	driver__add1(d, KTSTR_Q_CTRL_TX, CTRL_MSG_GPA + 64, sizeof(msg), false);
	driver__kick(d, KTSTR_Q_CTRL_TX);
	EXPECT_EQ(256, d->q[KTSTR_Q_CTRL_TX].used->idx);
	expect_reply(d, 0, VIRTIO_CONSOLE_CONSOLE_PORT);
	expect_reply(d, 0, VIRTIO_CONSOLE_PORT_NAME);
	expect_reply(d, 0, VIRTIO_CONSOLE_PORT_OPEN);
	expect_reply(d, 1, VIRTIO_CONSOLE_PORT_NAME);
	expect_reply(d, 1, VIRTIO_CONSOLE_PORT_OPEN);
	EXPECT_ALIVE(d, KEEPS_QUIET);
}

/* Batches of messages, as many as a ring holds, a million in all. */
static void flood(struct driver *d, const struct virtio_console_control *msg, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		memcpy(driver__ptr(d, CTRL_MSG_GPA + 16 * i), &msg[i], sizeof(*msg));
	for (unsigned int n = 0; n < 1000000; n += 256) {
		for (unsigned int i = 0; i < 256; i++)
			driver__add1(d, KTSTR_Q_CTRL_TX, CTRL_MSG_GPA + 16 * (i % nr), sizeof(*msg),
				     false);
		driver__kick(d, KTSTR_Q_CTRL_TX);
	}
}

/*
 * What is owed is a fixed set of bits: with no buffer on offer a million messages
 * leave no more behind than one of each.
 */
TEST_F(console, F6_F10_F12_a_million_messages_leave_ten_answers)
{
	static const struct virtio_console_control msg[] = {
		{ ~0u, VIRTIO_CONSOLE_DEVICE_READY, 1 }, { 0, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 1, VIRTIO_CONSOLE_PORT_READY, 1 }, { 2, VIRTIO_CONSOLE_PORT_READY, 1 },
		{ 1, VIRTIO_CONSOLE_PORT_OPEN, 1 }, { 1, VIRTIO_CONSOLE_PORT_OPEN, 0 },
		{ 2, VIRTIO_CONSOLE_PORT_OPEN, 1 }, { 2, VIRTIO_CONSOLE_PORT_OPEN, 1 },
	};
	struct driver *d = &self->d;
	struct reply r;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 256));
	flood(d, msg, 8);
	EXPECT_EQ(0, driver__stats(d).driver_errors);
	EXPECT_FALSE(virtio_console__is_open(d->vc, 1));
	EXPECT_TRUE(virtio_console__is_open(d->vc, 2));
	offer(d, 32, BUF_SIZE);
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(reply(d, &r));
	}
	expect_no_reply(d);
	/* Data flows after the reopening, on the port that was closed half a million times. */
	ASSERT_TRUE(driver__control(d, 1, VIRTIO_CONSOLE_PORT_OPEN, 1));
	EXPECT_ALIVE(d, 0);
}

TEST_F(console, F12_data_flows_after_each_reopening)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__handshake(d));
	for (int i = 0; i < 2000; i++) {
		unsigned int p = 1 + i % 2;

		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
		ASSERT_TRUE(driver__echo_rx(d, p)) TH_LOG("round %d", i);
		for (int n = 0; n < i % 4; n++) {
			ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 0));
		}
		/* To the host bytes flow whether or not the guest has the port open. */
		ASSERT_TRUE(driver__echo_tx(d, p)) TH_LOG("round %d", i);
		ASSERT_TRUE(driver__control(d, p, VIRTIO_CONSOLE_PORT_OPEN, 1));
		ASSERT_TRUE(driver__echo_rx(d, p)) TH_LOG("round %d", i);
	}
	EXPECT_EQ(0, driver__stats(d).driver_errors);
	EXPECT_ALIVE(d, 0);
}

/* Ring sizes from 1 up, indices through their 16-bit wrap. */
TEST_F(console, control_queue_wraps)
{
	struct driver *d = &self->d;

	ASSERT_TRUE(driver__init(d, DRIVER_FEATURES, 1));
	for (int i = 0; i < 70000; i++) {
		ASSERT_TRUE(driver__control(d, 0, VIRTIO_CONSOLE_DEVICE_READY, 1)) {
			TH_LOG("message %d", i);
		}
	}
}

TEST_F(console, B7_single_port_driver_has_an_open_port_0_and_nothing_else)
{
	struct driver *d = &self->d;
	uint8_t buf[4];
	uint32_t len;

	ASSERT_TRUE(driver__init(d, 1ull << VIRTIO_F_VERSION_1, 16));
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		driver__write32(d, VIRTIO_MMIO_QUEUE_SEL, q);
		EXPECT_EQ(q < 2 ? 256 : 0, driver__read32(d, VIRTIO_MMIO_QUEUE_NUM_MAX));
	}
	memcpy(driver__ptr(d, BUF_GPA), "abcd", 4);
	driver__add1(d, KTSTR_Q_CONSOLE_TX, BUF_GPA, 4, false);
	driver__kick(d, KTSTR_Q_CONSOLE_TX);
	EXPECT_EQ(4, virtio_console__read(d->vc, 0, buf, 4));
	driver__add1(d, KTSTR_Q_CONSOLE_RX, BUF_GPA + 64, 4, true);
	EXPECT_EQ(0, virtio_console__write(d->vc, 0, "wxyz", 4));
	EXPECT_EQ(0, driver__used(d, KTSTR_Q_CONSOLE_RX, &len));
	EXPECT_EQ(4, len);
	EXPECT_EQ(0, virtio_console__write(d->vc, 1, "wxyz", 4));
	EXPECT_EQ(4, virtio_console__pending(d->vc, 1));
	driver__kick(d, KTSTR_Q_CTRL_TX);
	EXPECT_EQ(1, driver__stats(d).driver_errors);
	EXPECT_ALIVE(d, (uint8_t)~3u);
}

/* Without MULTIPORT queues 2 and up are no queues: no register of theirs takes anything. */
TEST_F(console, F24_control_traffic_without_multiport_is_not_interpreted)
{
	const struct virtio_console_control msg = { 0, VIRTIO_CONSOLE_DEVICE_READY, 1 };
	struct driver *d = &self->d;

	driver__negotiate(d, 1ull << VIRTIO_F_VERSION_1);
	for (unsigned int q = 0; q < KTSTR_NR_QUEUES; q++) {
		EXPECT_EQ(q < 2, driver__setup_queue(d, q, 16)) TH_LOG("queue %u", q);
	}
	driver__write32(d, VIRTIO_MMIO_STATUS, S_ACK | S_DRV | S_FEAT | S_OK);
	memcpy(driver__ptr(d, CTRL_MSG_GPA), &msg, sizeof(msg));
	offer(d, 4, BUF_SIZE);
	driver__add1(d, KTSTR_Q_CTRL_TX, CTRL_MSG_GPA, sizeof(msg), false);
	for (unsigned int q = 2; q < KTSTR_NR_QUEUES; q++) {
		driver__kick(d, q);
		virtio_console__service(d->vc);
		EXPECT_EQ(-1, driver__used(d, q, NULL)) TH_LOG("queue %u", q);
		EXPECT_EQ(0, driver__stats(d).kicks[q]);
	}
	/* Nor by the host's doing. */
	EXPECT_EQ(0, virtio_console__connect(d->vc, 1, false));
	EXPECT_EQ(0, virtio_console__connect(d->vc, 1, true));
	EXPECT_EQ(-1, driver__used(d, CTRL_RX, NULL));
	EXPECT_FALSE(virtio_console__is_open(d->vc, 1));
	EXPECT_ALIVE(d, (uint8_t)~3u);
}

TEST_HARNESS_MAIN
