// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's statistics relay over real sockets: the host is a socket pair, the scheduler
 * whatever listens at the path.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ktstr/stats.h>

#include "guest/stats_relay.h"

#include "unit.h"

FIXTURE(stats) {
	int host;
	int server;		/* of meet() */
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
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_NO_SOCKET KTSTR_STATS_NO_SOCKET));
	EXPECT_TRUE(quiet(self->host));
	ASSERT_EQ(write(self->host, "}\n", 2), 2);
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_NO_SOCKET));
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
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_NO_SOCKET));
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
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_NO_SOCKET));
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

/* A scheduler's end of a connection, with a line read; -1 when none comes. */
static int serve(int server, const char *line)
{
	struct pollfd p = { .fd = server, .events = POLLIN };
	int peer = poll(&p, 1, 5000) == 1 ? accept(server, NULL, NULL) : -1;

	if (peer >= 0 && !expect_text(peer, line)) {
		close(peer);
		return -1;
	}
	return peer;
}

static bool ask(int host, const char *text)
{
	return write(host, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A scheduler begins to listen, is asked @request and reads @line of it; as serve(). */
static int meet(FIXTURE_DATA(stats) *self, const char *request, const char *line)
{
	self->server = listen_at(&self->addr);
	return self->server >= 0 && ask(self->host, request) ? serve(self->server, line) : -1;
}

TEST_F(stats, a_request_that_the_scheduler_took_to_its_grave_is_answered)
{
	int peer = meet(self, "ask\n", "ask\n");

	ASSERT_GE(peer, 0);
	EXPECT_TRUE(quiet(self->host));
	close(peer);
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_LOST));
	EXPECT_TRUE(quiet(self->host));
	ASSERT_TRUE(ask(self->host, "again\n"));
	peer = serve(self->server, "again\n");
	ASSERT_GE(peer, 0);
	ASSERT_TRUE(ask(peer, "here\n"));
	EXPECT_TRUE(expect_text(self->host, "here\n"));
	EXPECT_TRUE(quiet(self->host));
}

/* Bytes in the scheduler's receive queue make its close a reset. */
TEST_F(stats, a_request_that_was_never_read_is_answered)
{
	int peer = meet(self, "ask\n", "");

	ASSERT_GE(peer, 0);
	close(peer);
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_LOST));
	EXPECT_TRUE(quiet(self->host));
}

TEST_F(stats, an_answer_that_is_cut_ends_its_line)
{
	int peer = meet(self, "ask\n", "ask\n");

	ASSERT_GE(peer, 0);
	ASSERT_TRUE(ask(peer, "{\"errno\":0"));
	EXPECT_TRUE(expect_text(self->host, "{\"errno\":0"));
	close(peer);
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_LOST));
	EXPECT_TRUE(quiet(self->host));
}

TEST_F(stats, words_that_nobody_asked_for_end_their_line_too)
{
	int peer = meet(self, "ask\n", "ask\n");

	ASSERT_GE(peer, 0);
	ASSERT_TRUE(ask(peer, "told\nmore"));
	close(peer);
	EXPECT_TRUE(expect_text(self->host, "told\nmore" KTSTR_STATS_LOST));
	EXPECT_TRUE(quiet(self->host));
}

TEST_F(stats, each_of_several_requests_has_one_line_in_return)
{
	int peer = meet(self, "1\n2\n3\n", "1\n2\n3\n");

	ASSERT_GE(peer, 0);
	ASSERT_TRUE(ask(peer, "one\n"));
	close(peer);
	EXPECT_TRUE(expect_text(self->host, "one\n" KTSTR_STATS_LOST KTSTR_STATS_LOST));
	EXPECT_TRUE(quiet(self->host));
}

TEST_F(stats, no_half_of_a_lost_line_reaches_the_next_connection)
{
	int peer = meet(self, "half", "half");

	ASSERT_GE(peer, 0);
	close(peer);
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_LOST));
	ASSERT_TRUE(ask(self->host, " rest\nnew\n"));
	peer = serve(self->server, "new\n");
	ASSERT_GE(peer, 0);
	EXPECT_TRUE(quiet(peer));
	EXPECT_TRUE(quiet(self->host));
}

TEST_F(stats, no_half_of_a_refused_line_reaches_a_scheduler_that_comes)
{
	int server, peer;

	ASSERT_TRUE(ask(self->host, "half"));
	EXPECT_TRUE(quiet(self->host));
	server = listen_at(&self->addr);
	ASSERT_GE(server, 0);
	ASSERT_TRUE(ask(self->host, " rest\nnew\n"));
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_NO_SOCKET));
	peer = serve(server, "new\n");
	ASSERT_GE(peer, 0);
	EXPECT_TRUE(quiet(peer));
}

TEST_F(stats, a_scheduler_that_stops_writing_is_left)
{
	int peer = meet(self, "ask\n", "ask\n");

	ASSERT_GE(peer, 0);
	ASSERT_EQ(0, shutdown(peer, SHUT_WR));
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_LOST));
	ASSERT_TRUE(ask(self->host, "again\n"));
	EXPECT_GE(serve(self->server, "again\n"), 0);
}

/* What it wrote before is still an answer, and the line that it refuses is not passed on. */
TEST_F(stats, a_scheduler_that_stops_reading_is_left_after_its_last_answer)
{
	int peer = meet(self, "1\n", "1\n");

	ASSERT_GE(peer, 0);
	ASSERT_EQ(0, shutdown(peer, SHUT_RD));
	ASSERT_TRUE(ask(peer, "one\n"));
	ASSERT_TRUE(ask(self->host, "2\n"));
	EXPECT_TRUE(expect_text(self->host, "one\n" KTSTR_STATS_LOST));
	ASSERT_TRUE(ask(self->host, "3\n"));
	EXPECT_GE(serve(self->server, "3\n"), 0);
	EXPECT_TRUE(quiet(self->host));
}

/* The relay holds one buffer, and the sockets theirs: the scheduler has to wait. */
TEST_F(stats, a_host_that_does_not_read_stops_the_scheduler)
{
	int peer = meet(self, "ask\n", "ask\n");
	size_t sent = 0, got = 0;
	static char buf[4096];
	ssize_t n;

	ASSERT_GE(peer, 0);
	memset(buf, 'x', sizeof(buf));
	for (struct pollfd p = { .fd = peer, .events = POLLOUT }; poll(&p, 1, 300) == 1;) {
		n = send(peer, buf, sizeof(buf), MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		ASSERT_GT(4u << 20, sent) TH_LOG("a host that does not read stops nobody");
	}
	ASSERT_TRUE(sent > 0);
	ASSERT_EQ(0, shutdown(peer, SHUT_WR));
	for (; got < sent; got += (size_t)n) {
		struct pollfd p = { .fd = self->host, .events = POLLIN };
		size_t left = sent - got;

		ASSERT_EQ(1, poll(&p, 1, 5000)) TH_LOG("%zu of %zu bytes came", got, sent);
		n = read(self->host, buf, left < sizeof(buf) ? left : sizeof(buf));
		ASSERT_GT(n, 0);
	}
	EXPECT_TRUE(expect_text(self->host, KTSTR_STATS_LOST));
	EXPECT_TRUE(quiet(self->host));
}

TEST_HARNESS_MAIN
