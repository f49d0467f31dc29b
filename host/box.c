// SPDX-License-Identifier: GPL-2.0-only
/*
 * The box as a child process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "clock.h"
#include "file.h"
#include "interrupt.h"
#include "process.h"

#define BOX_MEMORY_MIN_MIB	4096u
#define BOX_OVERHEAD_MIB	1024u	/* its own kernel, page cache and us */
#define NEVER			UINT64_MAX
#define END_MS			1000	/* from SIGTERM to SIGKILL */

int box__find(char *dst, size_t size, struct ktstr_error *e)
{
	const char *env = getenv("KTSTR_KVMBOX");
	int ret;

	if (env && *env)
		ret = path__absolute(dst, size, env);
	else
		ret = file__beside_us(dst, size, "scripts/kvmbox");
	if (!ret && !file__is_executable(dst))
		ret = -ENOENT;
	if (ret)
		return ktstr_error_set(e, ret,
				       "there is no kvmbox to emulate a machine with; run ktstr from its checkout or set KTSTR_KVMBOX");
	return 0;
}

uint32_t box__memory_mib(uint32_t guest_mib)
{
	uint32_t memory = guest_mib + BOX_OVERHEAD_MIB;

	return memory < BOX_MEMORY_MIN_MIB ? BOX_MEMORY_MIN_MIB : memory;
}

static int fill_argv(struct strv *v, const char *kvmbox, const struct box_opts *o, int result_fd)
{
	char self[PATH_MAX], number[16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int ret;

	if (n < 0)
		return -errno;
	self[n] = '\0';
	ret = strv__add(v, kvmbox);
	if (!ret && o->rw_dir) {
		ret = strv__add(v, "--rw");
		if (!ret)
			ret = strv__add(v, o->rw_dir);
	}
	if (!ret && result_fd >= 0) {
		snprintf(number, sizeof(number), "%d", result_fd);
		ret = strv__add(v, "--result-fd");
		if (!ret)
			ret = strv__add(v, number);
	}
	snprintf(number, sizeof(number), "%u", box__memory_mib(o->memory_mib));
	if (!ret)
		ret = strv__add(v, "--memory");
	if (!ret)
		ret = strv__add(v, number);
	if (!ret)
		ret = strv__add(v, "--");
	if (!ret)
		ret = strv__add(v, self);
	for (size_t i = 0; !ret && i < o->argv.n; i++)
		ret = strv__add(v, o->argv.v[i]);
	return ret;
}

static void __attribute__((noreturn)) child(char **argv, pid_t parent, int result_fd)
{
	process__be_child(parent);
	if (result_fd >= 0)
		fcntl(result_fd, F_SETFD, 0);
	execv(argv[0], argv);
	fprintf(stderr, "ktstr: cannot execute %s: %m\n", argv[0]);
	_exit(125);
}

static void take_result(int *fd, struct buf *to)
{
	char chunk[64 << 10];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n > 0) {
		buf__add(to, chunk, n);
	} else if (n == 0 || errno != EINTR) {
		close(*fd);
		*fd = -1;
	}
}

/* For poll(): what is left until a moment; 0 and NEVER are no moments. */
static int ms_until(uint64_t at)
{
	uint64_t now = clock__now_ns();

	if (!at || at == NEVER)
		return -1;
	return now < at ? (at - now) / 1000000 + 1 : 0;
}

/*
 * Until it has ended and everything is read. When it is ended by us the pipe may
 * stay open in a grandchild for a moment: then only the end counts.
 */
static int wait_end(pid_t pid, int pidfd, int *result, const struct box_opts *o)
{
	struct pollfd p[3] = {
		{ .fd = o->interrupt_fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = *result, .events = POLLIN },
	};
	uint64_t kill_at = 0;

	while (p[1].fd >= 0 || (p[2].fd >= 0 && !kill_at)) {
		if (poll(p, 3, ms_until(kill_at)) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (p[0].revents & POLLIN && p[0].fd >= 0) {
			p[0].fd = -1;
			kill_at = clock__now_ns() + END_MS * 1000000ull;
			kill(-pid, SIGTERM);
		}
		if (kill_at && !ms_until(kill_at)) {
			kill(-pid, SIGKILL);
			kill_at = NEVER;
		}
		if (p[2].fd >= 0 && p[2].revents) {
			take_result(result, o->result);
			p[2].fd = *result;
		}
		if (p[1].fd >= 0 && p[1].revents)
			p[1].fd = -1;
	}
	return 0;
}

static int run_child(char **argv, int result[2], const struct box_opts *o, int *status)
{
	pid_t self = getpid(), pid;
	int pidfd, ret, st;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		child(argv, self, result[1]);
	setpgid(pid, pid);	/* whoever comes first: a signal to the group must find it */
	if (result[1] >= 0) {
		close(result[1]);
		result[1] = -1;
	}
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	ret = pidfd < 0 ? -errno : wait_end(pid, pidfd, &result[0], o);
	if (ret)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	*status = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	if (interrupt__signal())
		*status = 128 + interrupt__signal();
	return ret;
}

int box__run(const struct box_opts *o, int *status, struct ktstr_error *e)
{
	char kvmbox[PATH_MAX];
	int result[2] = { -1, -1 };
	struct strv argv = { 0 };
	int ret = box__find(kvmbox, sizeof(kvmbox), e);

	if (ret)
		return ret;
	if (o->result && pipe2(result, O_CLOEXEC))
		ret = -errno;
	if (!ret)
		ret = fill_argv(&argv, kvmbox, o, result[1]);
	if (!ret)
		ret = run_child(argv.v, result, o, status);
	for (int i = 0; i < 2; i++)
		if (result[i] >= 0)
			close(result[i]);
	strv__free(&argv);
	if (!ret && o->result && o->result->err)
		ret = o->result->err;
	return ret ? ktstr_error_set(e, ret,
				     "cannot run the emulated machine: %s", strerror(-ret)) : 0;
}
