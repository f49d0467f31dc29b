// SPDX-License-Identifier: GPL-2.0-only
/*
 * Texts of the kernel that the guest takes apart: log records, build id notes,
 * the memory map; and the statistics relay over real sockets.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/emit.h"
#include "guest/helo.h"
#include "guest/kmsg.h"
#include "guest/stats_relay.h"

#include "unit.h"

static int format(const char *rec, char *out, size_t room)
{
	uint64_t seq = 0;
	/* On the heap and no longer than promised: records are not terminated. */
	char *copy = malloc(strlen(rec));
	int n;

	memcpy(copy, rec, strlen(rec));
	n = kmsg__format(copy, strlen(rec), out, room, &seq);
	free(copy);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

TEST(kmsg_record_becomes_a_line)
{
	char out[256];

	ASSERT_GT(format("6,339,5140900,-;NET: Registered\n", out, 200), 0);
	EXPECT_STREQ(out, "<6,339,5140900>NET: Registered\n");
	ASSERT_GT(format("30,340,5690716,c,caller=T1;udevd[80]: a;b\\x0a\n", out, 200), 0);
	EXPECT_STREQ(out, "<30,340,5690716>udevd[80]: a;b\\x0a\n");
	ASSERT_GT(format("4,1,2,-;usb 1\n SUBSYSTEM=usb\n DEVICE=+usb:1\n", out, 200), 0);
	EXPECT_STREQ(out, "<4,1,2>usb 1\n");
	ASSERT_GT(format("4,1,2,-;", out, 200), 0);
	EXPECT_STREQ(out, "<4,1,2>\n");
}

TEST(kmsg_rubbish_is_refused)
{
	char out[256];

	EXPECT_EQ(format("", out, 200), -EINVAL);
	EXPECT_EQ(format("no semicolon", out, 200), -EINVAL);
	EXPECT_EQ(format(";text", out, 200), -EINVAL);
	EXPECT_EQ(format("1,2;text", out, 200), -EINVAL);
	EXPECT_EQ(format("a,b,c;text", out, 200), -EINVAL);
}

TEST(kmsg_long_line_is_cut_and_still_a_line)
{
	static const char rec[] = "6,1,2,-;0123456789";
	static const char whole[] = "<6,1,2>0123456789\n";
	char out[256];

	for (size_t room = 0; room < sizeof(whole) + 2; room++) {
		int n = format(rec, out, room);

		if (room < 8) {
			ASSERT_EQ(n, -EINVAL);
			continue;
		}
		ASSERT_LE((size_t)n, room);
		ASSERT_EQ(out[n - 1], '\n');
		ASSERT_EQ(strncmp(out, whole, (size_t)n - 1), 0);
	}
}

static size_t add_note(uint8_t *p, uint32_t type, const char *name, uint32_t desc, uint8_t fill)
{
	Elf64_Nhdr n = { .n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = desc, .n_type = type };
	size_t name_room = (n.n_namesz + 3) & ~3u, desc_room = (desc + 3) & ~3u;

	memcpy(p, &n, sizeof(n));
	memset(p + sizeof(n), 0, name_room + desc_room);
	strcpy((char *)p + sizeof(n), name);
	memset(p + sizeof(n) + name_room, fill, desc);
	return sizeof(n) + name_room + desc_room;
}

FIXTURE(notes) {
	uint8_t buf[512];
	size_t len;
};

FIXTURE_SETUP(notes)
{
	self->len = add_note(self->buf, 6, "Xen", 5, 1);
	self->len += add_note(self->buf + self->len, NT_GNU_BUILD_ID, "GNX", 20, 2);
	self->len += add_note(self->buf + self->len, NT_GNU_BUILD_ID, "GNU", 21, 3);
	self->len += add_note(self->buf + self->len, NT_GNU_BUILD_ID, "GNU", 20, 0xab);
}

FIXTURE_TEARDOWN(notes)
{
}

static int build_id(const uint8_t *notes, size_t len, uint8_t *id)
{
	uint8_t *copy = malloc(len ? len : 1);
	int n;

	memcpy(copy, notes, len);
	n = helo__build_id(copy, len, id, 20);
	free(copy);
	return n;
}

TEST_F(notes, the_build_id_is_found_among_others)
{
	uint8_t id[20];

	ASSERT_EQ(build_id(self->buf, self->len, id), 20);
	EXPECT_EQ(id[0], 0xab);
	EXPECT_EQ(id[19], 0xab);
}

TEST_F(notes, cut_anywhere_there_is_none)
{
	uint8_t id[20];

	for (size_t cut = 0; cut < self->len; cut++) {
		ASSERT_EQ(build_id(self->buf, cut, id), -ENOENT) TH_LOG("cut at %zu", cut);
	}
}

TEST_F(notes, lengths_that_lie_read_nothing_beyond)
{
	uint8_t id[20];

	/* Every word of every header, set to what would wrap. */
	for (size_t at = 0; at + 4 <= self->len; at += 4) {
		uint8_t copy[512];

		memcpy(copy, self->buf, self->len);
		memset(copy + at, 0xff, 4);
		build_id(copy, self->len, id);
		memset(copy + at, 0x7f, 4);
		build_id(copy, self->len, id);
	}
	memset(self->buf, 0xff, 12);
	EXPECT_EQ(build_id(self->buf, self->len, id), -ENOENT);
}

TEST(iomem_kernel_code)
{
	uint64_t start = 0;

	ASSERT_EQ(helo__kernel_code("00000000-00000fff : Reserved\n"
				    "00100000-3fffffff : System RAM\n"
				    "  01000000-01ffffff : Kernel code\n"
				    "  02000000-02ffffff : Kernel data\n", &start), 0);
	EXPECT_EQ(start, 0x1000000);
	EXPECT_EQ(helo__kernel_code("", &start), -ENOENT);
	EXPECT_EQ(helo__kernel_code("rubbish", &start), -ENOENT);
	EXPECT_EQ(helo__kernel_code("1-2 : Kernel codec\n", &start), -ENOENT);
}

TEST(wait_status_in_words)
{
	char buf[128];

	wait_status__describe(3 << 8, buf, sizeof(buf));
	EXPECT_STREQ(buf, "exited with status 3");
	wait_status__describe(SIGKILL, buf, sizeof(buf));
	EXPECT_STREQ(buf, "was killed by signal 9 (Killed)");
	wait_status__describe(SIGSEGV | 0x80, buf, sizeof(buf));
	EXPECT_STREQ(buf, "was killed by signal 11 (Segmentation fault), core dumped");
}

TEST(the_first_failure_is_the_outcome)
{
	struct outcome o = { .status = KTSTR_GUEST_DONE };

	outcome__set(&o, KTSTR_GUEST_FAILED, "first %d", 1);
	outcome__set(&o, KTSTR_GUEST_ENV, "second");
	EXPECT_EQ(o.status, KTSTR_GUEST_FAILED);
	EXPECT_STREQ(o.reason, "first 1");
}

FIXTURE(stats) {
	int host;
	struct sockaddr_un addr;
	char dir[32];
};

FIXTURE_SETUP(stats)
{
	int sv[2], err;

	strcpy(self->dir, "/tmp/stats_relay.XXXXXX");
	ASSERT_NE(mkdtemp(self->dir), NULL);
	self->addr.sun_family = AF_UNIX;
	snprintf(self->addr.sun_path, sizeof(self->addr.sun_path), "%s/stats", self->dir);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	ASSERT_EQ(fcntl(sv[1], F_SETFL, O_NONBLOCK), 0);
	self->host = sv[0];
	err = stats_relay__start(sv[1], self->addr.sun_path);
	if (err == -EPERM)
		SKIP(return, "SCHED_FIFO needs CAP_SYS_NICE");
	ASSERT_EQ(err, 0);
}

FIXTURE_TEARDOWN(stats)
{
	unlink(self->addr.sun_path);
	rmdir(self->dir);
}

/* Reads until @text has come, or fails after five seconds of nothing. */
static bool expect_text(int fd, const char *text)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	for (; *text; text++)
		if (poll(&p, 1, 5000) != 1 || read(fd, &c, 1) != 1 || c != *text)
			return false;
	return true;
}

static bool quiet(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return !poll(&p, 1, 100);
}

TEST_F(stats, without_a_socket_every_line_has_an_answer)
{
	ASSERT_EQ(write(self->host, "{}\n{}\n{", 7), 7);
	EXPECT_TRUE(expect_text(self->host, STATS_NO_SOCKET STATS_NO_SOCKET));
	EXPECT_TRUE(quiet(self->host));
	ASSERT_EQ(write(self->host, "}\n", 2), 2);
	EXPECT_TRUE(expect_text(self->host, STATS_NO_SOCKET));
	EXPECT_TRUE(quiet(self->host));
}

static int listen_at(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) || listen(fd, 4))
		return -1;
	return fd;
}

TEST_F(stats, bytes_pass_both_ways_and_the_socket_may_come_and_go)
{
	int server, peer;

	ASSERT_EQ(write(self->host, "a\n", 2), 2);
	EXPECT_TRUE(expect_text(self->host, STATS_NO_SOCKET));
	server = listen_at(&self->addr);
	ASSERT_GE(server, 0);
	ASSERT_EQ(write(self->host, "ask\n", 4), 4);
	peer = accept(server, NULL, NULL);
	ASSERT_GE(peer, 0);
	EXPECT_TRUE(expect_text(peer, "ask\n"));
	ASSERT_EQ(write(peer, "told\n", 5), 5);
	EXPECT_TRUE(expect_text(self->host, "told\n"));
	close(peer);
	close(server);
	unlink(self->addr.sun_path);
	EXPECT_TRUE(quiet(self->host));
	ASSERT_EQ(write(self->host, "b\n", 2), 2);
	EXPECT_TRUE(expect_text(self->host, STATS_NO_SOCKET));
}

/* More than any buffer on the way, both ways at once. */
TEST_F(stats, sixteen_mib_are_echoed_whole)
{
	const size_t total = 16 << 20;
	size_t sent = 0, got = 0;
	int server = listen_at(&self->addr);
	static uint8_t buf[50000];

	ASSERT_GE(server, 0);
	if (!fork()) {
		int peer = accept(server, NULL, NULL);
		ssize_t n;

		while ((n = read(peer, buf, sizeof(buf))) > 0)
			if (write(peer, buf, (size_t)n) != n)
				_exit(1);
		_exit(0);
	}
	ASSERT_EQ(fcntl(self->host, F_SETFL, O_NONBLOCK), 0);
	while (got < total) {
		struct pollfd p = { .fd = self->host, .events = POLLIN };
		ssize_t n;

		if (sent < total)
			p.events |= POLLOUT;
		ASSERT_EQ(poll(&p, 1, 5000), 1) TH_LOG("stuck at %zu sent, %zu got", sent, got);
		if (p.revents & POLLIN) {
			n = read(self->host, buf, sizeof(buf));
			ASSERT_GT(n, 0);
			for (ssize_t i = 0; i < n; i++)
				ASSERT_EQ(buf[i], (uint8_t)((got + (size_t)i) * 31 >> 4));
			got += (size_t)n;
		}
		if (p.revents & POLLOUT) {
			size_t len = total - sent < sizeof(buf) ? total - sent : sizeof(buf);

			for (size_t i = 0; i < len; i++)
				buf[i] = (uint8_t)((sent + i) * 31 >> 4);
			n = write(self->host, buf, len);
			sent += n > 0 ? (size_t)n : 0;
		}
	}
}

TEST_HARNESS_MAIN
