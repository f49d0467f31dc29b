// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"

struct proc_stream {
	int fd;
	char *buf;
	size_t len;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static pid_t start(struct proc_stream s[2], const char *const argv[])
{
	int out[2], err[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A shell starts its background jobs with SIGINT ignored, and that is inherited. */
		signal(SIGINT, SIG_DFL);
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execvp(argv[0], (char **)argv);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	s[0].fd = out[0];
	s[1].fd = err[0];
	return pid;
}

/* Read once; at the end of the stream its descriptor becomes -1, which poll() ignores. */
static void take(struct proc_stream *s)
{
	ssize_t n = read(s->fd, s->buf + s->len, PROC_OUTPUT_MAX - s->len);

	if (n > 0) {
		s->len += n;
		s->buf[s->len] = '\0';
	} else if (n == 0 || errno != EINTR) {
		close(s->fd);
		s->fd = -1;
	}
}

static int wait_status(int st)
{
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

int proc_run(struct proc_result *r, unsigned int timeout_s, const char *signal_after, int sig,
	     const char *const argv[])
{
	struct proc_stream s[2] = { { .buf = calloc(1, PROC_OUTPUT_MAX + 1) },
				    { .buf = calloc(1, PROC_OUTPUT_MAX + 1) } };
	double began = now();
	int st, killed = 0;
	pid_t pid;

	pid = start(s, argv);
	if (pid < 0)
		return pid;
	while (s[0].fd >= 0 || s[1].fd >= 0) {
		struct pollfd p[2] = { { s[0].fd, POLLIN, 0 }, { s[1].fd, POLLIN, 0 } };
		double left = began + timeout_s - now();

		if (left <= 0 || poll(p, 2, left * 1000 + 1) == 0) {
			kill(pid, SIGKILL);
			killed = 1;
			break;
		}
		for (int i = 0; i < 2; i++)
			if (p[i].revents)
				take(&s[i]);
		if (signal_after && (strstr(s[0].buf, signal_after) ||
				     strstr(s[1].buf, signal_after))) {
			kill(pid, sig);
			signal_after = NULL;
		}
	}
	waitpid(pid, &st, 0);
	for (int i = 0; i < 2; i++)
		if (s[i].fd >= 0)
			close(s[i].fd);
	*r = (struct proc_result){ killed ? -1 : wait_status(st), s[0].buf, s[1].buf,
				   now() - began };
	return 0;
}

void proc_free(struct proc_result *r)
{
	free(r->out);
	free(r->err);
	memset(r, 0, sizeof(*r));
}

static void print_lines(const char *name, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf("#   %s| %.*s\n", name, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

void proc_print(const struct proc_result *r, const char *const argv[])
{
	printf("# command:");
	for (; *argv; argv++)
		printf(strpbrk(*argv, " \"$&|;<>") ? " '%s'" : " %s", *argv);
	printf("\n# status %d after %.2f s\n", r->status, r->seconds);
	print_lines("out", r->out);
	print_lines("err", r->err);
	/* The harness ends a test by _exit(). */
	fflush(stdout);
}

static int is_ancestor(pid_t pid)
{
	pid_t p = getpid();
	char path[64], stat[512], *close_paren;

	while (p > 0) {
		FILE *f;

		if (p == pid)
			return 1;
		snprintf(path, sizeof(path), "/proc/%d/stat", p);
		f = fopen(path, "r");
		if (!f)
			return 0;
		close_paren = fgets(stat, sizeof(stat), f) ? strrchr(stat, ')') : NULL;
		fclose(f);
		if (!close_paren || sscanf(close_paren + 1, " %*c %d", &p) != 1)
			return 0;
	}
	return 0;
}

int proc_count(const char *needle)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int found = 0;

	while (d && (e = readdir(d))) {
		char path[288], cmd[4096];
		ssize_t n, i;
		int fd;

		if (!isdigit(e->d_name[0]) || is_ancestor(atoi(e->d_name)))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		fd = open(path, O_RDONLY);
		n = fd < 0 ? 0 : read(fd, cmd, sizeof(cmd) - 1);
		if (fd >= 0)
			close(fd);
		for (i = 0; i < n; i++)
			if (!cmd[i])
				cmd[i] = ' ';
		cmd[n > 0 ? n : 0] = '\0';
		found += strstr(cmd, needle) != NULL;
	}
	if (d)
		closedir(d);
	return found;
}
