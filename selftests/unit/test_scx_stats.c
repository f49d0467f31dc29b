// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ktstr's statistics: requests and answers, and the socket with well and badly
 * behaved clients.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "bpf/scx_serve.h"
#include "unit.h"

/* What the source is told, and tells. */
static char told[128];
static int read_error;

static int read_some(void *arg, struct scx_stats *out)
{
	out->at_ns = 77;
	out->nr_cpus = 4;
	out->nr_llcs = 2;
	out->tasks = 12;
	out->faults_armed = 1ull << KTSTR_FAULT_SLOW;
	out->fault_hits[KTSTR_FAULT_SLOW] = 5;
	out->llcs[0][KTSTR_SCX_enqueues] = 100;
	out->llcs[1][KTSTR_SCX_enqueues] = 11;
	return read_error;
}

static int take_fault(void *arg, const char *text, bool arm, struct ktstr_error *e)
{
	snprintf(told, sizeof(told), "%s%s", arm ? "+" : "-", text);
	return strcmp(text, "bad") ? 0 : ktstr_error_set(e, -EINVAL, "no fault is called bad");
}

static const struct scx_stats_source source = { .read = read_some, .fault = take_fault };

static json_t *ask_bytes(const char *line, size_t len)
{
	char *text = scx_stats__answer(&source, line, len);
	json_t *o = NULL;

	/* One line, and nothing behind it. */
	if (text && strchr(text, '\n') == text + strlen(text) - 1)
		o = json_loads(text, 0, NULL);
	free(text);
	return o;
}

static json_t *ask(const char *line)
{
	return ask_bytes(line, strlen(line));
}

static json_t *resp_of(json_t *o)
{
	return json_object_get(json_object_get(o, "args"), "resp");
}

static int errno_of(json_t *o)
{
	return json_is_integer(json_object_get(o, "errno")) ?
	       (int)json_integer_value(json_object_get(o, "errno")) : -1;
}

static int number(json_t *o, const char *name)
{
	return json_is_integer(json_object_get(o, name)) ?
	       (int)json_integer_value(json_object_get(o, name)) : -1;
}

TEST(stats_are_told_whole_and_by_llc)
{
	json_t *o = ask("{\"req\":\"stats\",\"args\":{\"target\":\"top\"}}"), *r = resp_of(o);
	json_t *llc = json_object_get(r, "llc"), *fault = json_object_get(r, "fault");

	ASSERT_EQ(0, errno_of(o));
	EXPECT_EQ(77, number(r, "at"));
	EXPECT_EQ(4, number(r, "nr_cpus"));
	EXPECT_EQ(12, number(r, "tasks"));
	EXPECT_EQ(111, number(r, "enqueues"));
	EXPECT_EQ(0, number(r, "steals"));
	EXPECT_EQ(2, json_object_size(llc));
	EXPECT_EQ(100, number(json_object_get(llc, "0"), "enqueues"));
	EXPECT_EQ(11, number(json_object_get(llc, "1"), "enqueues"));
	EXPECT_EQ(KTSTR_FAULT_NR, json_object_size(fault));
	EXPECT_EQ(1, number(json_object_get(fault, "slow"), "armed"));
	EXPECT_EQ(5, number(json_object_get(fault, "slow"), "hits"));
	EXPECT_EQ(0, number(json_object_get(fault, "stall"), "armed"));
	json_decref(o);
}

TEST(the_target_may_be_left_out)
{
	static const char * const lines[] = { "{\"req\":\"stats\"}", "{\"req\":\"stats\",\"args\":{}}" };

	for (int i = 0; i < 2; i++) {
		json_t *o = ask(lines[i]);

		EXPECT_EQ(0, errno_of(o)) TH_LOG("%s", lines[i]);
		EXPECT_EQ(111, number(resp_of(o), "enqueues"));
		json_decref(o);
	}
}

/* Whoever reads the answer by its description must find each field. */
TEST(meta_describes_what_stats_tells)
{
	json_t *meta = ask("{\"req\":\"stats_meta\"}"), *o = ask("{\"req\":\"stats\"}"), *value, *field;
	json_t *fields = json_object_get(json_object_get(resp_of(meta), "Top"), "fields");
	const char *name;

	ASSERT_EQ(0, errno_of(meta));
	EXPECT_TRUE(json_is_null(json_object_get(json_object_get(resp_of(meta), "Top"), "top")));
	EXPECT_EQ(json_object_size(fields), json_object_size(resp_of(o)));
	json_object_foreach(resp_of(o), name, value) {
		field = json_object_get(fields, name);
		ASSERT_TRUE(json_is_object(field)) TH_LOG("%s", name);
		EXPECT_TRUE(json_is_string(json_object_get(field, "desc")));
		if (json_is_object(value)) {
			EXPECT_TRUE(json_is_object(json_object_get(field, "dict")));
		} else {
			EXPECT_STREQ("u64", json_string_value(json_object_get(field, "datum")));
		}
	}
	json_decref(meta);
	json_decref(o);
}

TEST(a_source_that_fails_is_an_errno)
{
	json_t *o;

	read_error = -EIO;
	o = ask("{\"req\":\"stats\"}");
	read_error = 0;
	EXPECT_EQ(EIO, errno_of(o));
	EXPECT_TRUE(json_is_string(resp_of(o)));
	json_decref(o);
}

TEST(faults_are_switched)
{
	json_t *o = ask("{\"req\":\"fault\",\"args\":{\"arm\":\"slow=3\"}}");

	EXPECT_EQ(0, errno_of(o));
	EXPECT_STREQ("+slow=3", told);
	json_decref(o);
	o = ask("{\"req\":\"fault\",\"args\":{\"disarm\":\"slow\"}}");
	EXPECT_EQ(0, errno_of(o));
	EXPECT_STREQ("-slow", told);
	json_decref(o);
	o = ask("{\"req\":\"fault\",\"args\":{\"arm\":\"bad\"}}");
	EXPECT_EQ(EINVAL, errno_of(o));
	EXPECT_STREQ("no fault is called bad", json_string_value(resp_of(o)));
	json_decref(o);
}

static const char * const wrong[] = {
	"", " ", "x", "{", "[]", "null", "7", "{}", "{\"req\":1}", "{\"req\":\"stat\"}",
	"{\"req\":\"stats\",\"args\":[]}", "{\"req\":\"stats\",\"args\":{\"target\":1}}",
	"{\"req\":\"stats\",\"args\":{\"target\":\"nonesuch\"}}", "{\"req\":\"stats\"} x",
	"{\"req\":\"stats\",\"req\":\"stats\"}", "{\"req\":\"\\u0000\"}", "{\"req\":\"\xff\"}",
	"{\"req\":\"fault\"}", "{\"req\":\"fault\",\"args\":{}}", "{\"req\":\"fault\",\"args\":{\"arm\":1}}",
	"{\"req\":\"fault\",\"args\":{\"arm\":\"slow\",\"disarm\":\"slow\"}}",
};

TEST(wrong_requests_are_answered_with_an_errno)
{
	told[0] = '\0';
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		json_t *o = ask(wrong[i]);

		EXPECT_EQ(EINVAL, errno_of(o)) TH_LOG("%s", wrong[i]);
		EXPECT_TRUE(json_is_string(resp_of(o))) TH_LOG("%s", wrong[i]);
		json_decref(o);
	}
	EXPECT_STREQ("", told);
}

TEST(bytes_of_any_kind_are_answered)
{
	char deep[SCX_SERVE_LINE_MAX];
	json_t *o = ask_bytes("{\"req\":\"stats\"\0}", 16);

	EXPECT_EQ(EINVAL, errno_of(o));
	json_decref(o);
	memset(deep, '[', sizeof(deep));
	o = ask_bytes(deep, sizeof(deep));
	EXPECT_EQ(EINVAL, errno_of(o));
	json_decref(o);
}

FIXTURE(serve)
{
	struct scx_serve s;
	char dir[64];
	char path[108];
};

FIXTURE_SETUP(serve)
{
	struct ktstr_error e;

	strcpy(self->dir, "/tmp/scx_serve.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/a/b/stats", self->dir);
	ASSERT_EQ(0, scx_serve__open(&self->s, self->path, &source, &e)) TH_LOG("%s", e.msg);
}

FIXTURE_TEARDOWN(serve)
{
	char cmd[128];

	scx_serve__close(&self->s);
	EXPECT_NE(0, access(self->path, F_OK));
	snprintf(cmd, sizeof(cmd), "rm -r %s", self->dir);
	EXPECT_EQ(0, system(cmd));
}

/* The server has a turn for whatever waits. */
static void turns(struct scx_serve *s, int n)
{
	while (n--)
		scx_serve__poll(s, 0);
}

static int join(struct scx_serve *s)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, s->path);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		abort();
	turns(s, 1);
	return fd;
}

#define REQ "{\"req\":\"stats\"}\n"

static void say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
		abort();
}

/* How many whole answers are there to read now; -1 after the end of the file */
static int answers(int fd)
{
	static char buf[1 << 16];
	int n = 0;

	for (;;) {
		ssize_t len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (len < 0)
			return n;
		if (!len)
			return n ? n : -1;
		for (ssize_t i = 0; i < len; i++)
			n += buf[i] == '\n';
	}
}

TEST_F(serve, several_clients_are_served_each)
{
	int a = join(&self->s), b = join(&self->s);

	say(a, REQ REQ);
	say(b, REQ);
	turns(&self->s, 2);
	EXPECT_EQ(2, answers(a));
	EXPECT_EQ(1, answers(b));
	close(a);
	turns(&self->s, 1);
	say(b, REQ);
	turns(&self->s, 1);
	EXPECT_EQ(1, answers(b));
	close(b);
}

TEST_F(serve, a_request_in_pieces_is_one)
{
	int fd = join(&self->s);

	for (const char *p = REQ; *p; p++) {
		char one[2] = { *p };

		EXPECT_EQ(0, answers(fd));
		say(fd, one);
		turns(&self->s, 1);
	}
	EXPECT_EQ(1, answers(fd));
	close(fd);
}

/* Who asks and does not read holds up nobody, and takes a fixed room. */
TEST_F(serve, a_client_that_does_not_read_holds_up_nobody)
{
	int deaf = join(&self->s), fd = join(&self->s), n = 0, got;

	while (n < 100000 && send(deaf, REQ, strlen(REQ), MSG_DONTWAIT) == strlen(REQ)) {
		n++;
		turns(&self->s, 1);
	}
	ASSERT_GT(100000, n) TH_LOG("the server takes requests without end");
	say(fd, REQ);
	turns(&self->s, 2);
	EXPECT_EQ(1, answers(fd));
	/* It reads after all: each request is answered, none twice. */
	for (got = answers(deaf); got < n; got += answers(deaf)) {
		struct pollfd p = { .fd = deaf, .events = POLLIN };

		turns(&self->s, 1);
		if (poll(&p, 1, 0) <= 0)
			break;
	}
	EXPECT_EQ(n, got);
	close(deaf);
	close(fd);
}

TEST_F(serve, a_line_without_end_is_refused_and_closed)
{
	static char line[SCX_SERVE_LINE_MAX + 1];
	int fd = join(&self->s);

	memset(line, 'x', sizeof(line) - 1);
	say(fd, line);
	turns(&self->s, 3);
	EXPECT_EQ(1, answers(fd));
	EXPECT_EQ(-1, answers(fd));
	close(fd);
}

TEST_F(serve, the_longest_line_is_taken)
{
	static char line[SCX_SERVE_LINE_MAX + 1];
	int fd = join(&self->s);

	memset(line, ' ', sizeof(line) - 1);
	memcpy(line, "{\"req\":\"stats\"}", 15);
	line[SCX_SERVE_LINE_MAX - 1] = '\n';
	say(fd, line);
	say(fd, REQ);
	turns(&self->s, 3);
	EXPECT_EQ(2, answers(fd));
	close(fd);
}

TEST_F(serve, a_new_client_takes_the_place_of_the_most_silent)
{
	int fds[SCX_SERVE_CLIENTS], fd;

	for (int i = 0; i < SCX_SERVE_CLIENTS; i++)
		fds[i] = join(&self->s);
	/* All but the second have said something since. */
	for (int i = 0; i < SCX_SERVE_CLIENTS; i++)
		if (i != 1)
			say(fds[i], REQ);
	turns(&self->s, 1);
	fd = join(&self->s);
	say(fd, REQ);
	turns(&self->s, 1);
	EXPECT_EQ(1, answers(fd));
	EXPECT_EQ(-1, answers(fds[1]));
	EXPECT_EQ(1, answers(fds[0]));
	for (int i = 0; i < SCX_SERVE_CLIENTS; i++)
		close(fds[i]);
	close(fd);
}

TEST_F(serve, a_client_that_is_gone_before_its_answer_is_no_harm)
{
	int fd = join(&self->s);

	say(fd, REQ REQ REQ);
	close(fd);
	turns(&self->s, 2);
	fd = join(&self->s);
	say(fd, REQ);
	turns(&self->s, 1);
	EXPECT_EQ(1, answers(fd));
	close(fd);
}

TEST_F(serve, an_old_socket_is_replaced)
{
	struct scx_serve other;
	struct ktstr_error e;
	int fd;

	ASSERT_EQ(0, scx_serve__open(&other, self->path, &source, &e)) TH_LOG("%s", e.msg);
	fd = join(&other);
	say(fd, REQ);
	turns(&other, 1);
	EXPECT_EQ(1, answers(fd));
	close(fd);
	scx_serve__close(&other);
}

TEST(a_socket_that_cannot_be_is_a_sentence)
{
	struct scx_serve s;
	struct ktstr_error e;

	EXPECT_GT(0, scx_serve__open(&s, "/proc/nonesuch/stats", &source, &e));
	EXPECT_NE(NULL, strstr(e.msg, "/proc/nonesuch/stats"));
	scx_serve__poll(&s, 0);
	scx_serve__close(&s);
	EXPECT_EQ(0, scx_serve__open(&s, NULL, &source, &e));
	scx_serve__poll(&s, 0);
	scx_serve__close(&s);
}

TEST_HARNESS_MAIN
