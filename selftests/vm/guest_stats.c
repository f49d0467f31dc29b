// SPDX-License-Identifier: GPL-2.0-only
/*
 * A server of scheduler statistics that misbehaves on request, for a guest's scheduler
 * command line: guest_stats SCRIPT &
 *
 * Each letter of SCRIPT is what becomes of the next request for "stats", the last one of
 * all that follow:
 *	n  an answer, {"seq":N,"load":{"pct":N * 1.5}} for the Nth request
 *	e  errno 22
 *	h  an answer of more than the host takes: 1.25 MiB
 *	c  half an answer, and the end of the connection
 *	s  the answer after SLOW_S seconds
 *	x  the request is read, and the server ends
 * "stats_meta" has an answer, and all else errno 22.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ktstr/stats.h>

#define HUGE_BYTES	(5u << 18)
#define SLOW_S		4u

static unsigned int seq;

static void die(const char *what)
{
	fprintf(stderr, "guest_stats: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_there(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = KTSTR_STATS_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	mkdir("/var/run/scx", 0755);
	mkdir("/var/run/scx/root", 0755);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		die(KTSTR_STATS_SOCKET);
	return fd;
}

static void answer(FILE *f)
{
	fprintf(f, "{\"errno\":0,\"args\":{\"resp\":{\"seq\":%u,\"load\":{\"pct\":%.1f}}}}\n", seq,
		seq * 1.5);
}

static void answer_hugely(FILE *f)
{
	fprintf(f, "{\"errno\":0,\"args\":{\"resp\":{\"seq\":%u,\"s\":\"", seq);
	for (unsigned int i = 0; i < HUGE_BYTES; i++)
		fputc('x', f);
	fprintf(f, "\"}}}\n");
}

static void refuse(FILE *f, const char *why)
{
	fprintf(f, "{\"errno\":22,\"args\":{\"resp\":\"%s\"}}\n", why);
}

/* Return: does the connection go on? */
static int serve_stats(FILE *f, const char *script)
{
	size_t last = strlen(script) - 1;
	char how = script[seq < last ? seq : last];

	seq++;
	switch (how) {
	case 'e':
		refuse(f, "not today");
		return 1;
	case 'h':
		answer_hugely(f);
		return 1;
	case 'c':
		fprintf(f, "{\"errno\":0,\"args\":{\"re");
		return 0;
	case 'x':
		exit(0);
	case 's':
		sleep(SLOW_S);
	}
	answer(f);
	return 1;
}

static void serve(int fd, const char *script)
{
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	char line[4096];
	int goes_on = 1;

	while (goes_on && fgets(line, sizeof(line), in)) {
		if (!strcmp(line, "{\"req\":\"stats\",\"args\":{}}\n"))
			goes_on = serve_stats(out, script);
		else if (!strcmp(line, "{\"req\":\"stats_meta\",\"args\":{}}\n"))
			fprintf(out, "{\"errno\":0,\"args\":{\"resp\":{\"seq\":"
				"\"number of the request\"}}}\n");
		else
			refuse(out, "what is that");
		fflush(out);
	}
	fclose(out);
	fclose(in);
}

int main(int argc, char **argv)
{
	int server, fd;

	if (argc != 2 || !*argv[1]) {
		fprintf(stderr, "usage: guest_stats SCRIPT\n");
		return 2;
	}
	server = listen_there();
	for (;;) {
		fd = accept(server, NULL, NULL);
		if (fd < 0)
			die("accept");
		serve(fd, argv[1]);
	}
}
