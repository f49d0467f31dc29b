// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU locks as abstract sockets, unix(7).
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostcpu_lock.h"

#define GATE	CPU_MASK_BITS	/* as a CPU number: the name of the gate */
#define TRIES	1000	/* at a name that nobody listens to: of a lock that is so for a moment */
/* Connections are never accepted: this many may wait for one lock. The kernel caps it, too. */
#define WAITERS_MAX	4096

static socklen_t address(struct sockaddr_un *a, const char *name, unsigned int cpu)
{
	int len;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (cpu == GATE)
		len = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "%.64s-gate", name);
	else
		len = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "%.64s-cpu-%u", name, cpu);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

static int sockets_fail(int err, struct ktstr_error *e)
{
	if (err == -EMFILE || err == -ENFILE)
		return ktstr_error_set(e, err,
				       "too few file descriptors to lock host CPUs: raise the limit (ulimit -n)");
	return ktstr_error_set(e, err,
			       "host CPUs cannot be locked by a Unix socket (%s): leave out --pin, --cpus and --perf",
			       strerror(-err));
}

/* Return: a listening socket; -EADDRINUSE when another process has it. */
static int lock(const struct hostcpu_locks *l, unsigned int cpu)
{
	struct sockaddr_un a;
	socklen_t len = address(&a, l->name, cpu);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&a, len) && !listen(fd, WAITERS_MAX))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Return: a connection to a lock; -ECONNREFUSED when nobody has it. */
static int watch(const struct hostcpu_locks *l, unsigned int cpu, pid_t *pid)
{
	struct ucred cred = { 0 };
	socklen_t size = sizeof(cred);
	struct sockaddr_un a;
	socklen_t len = address(&a, l->name, cpu);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, len)) {
		err = -errno;
		close(fd);
		return err;
	}
	*pid = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) ? 0 : cred.pid;
	return fd;
}

void hostcpu_locks__init(struct hostcpu_locks *l, const char *name)
{
	memset(l, 0, sizeof(*l));
	l->name = name;
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		l->fd[cpu] = -1;
		l->wait_fd[cpu] = -1;
	}
}

static int wait_for(struct pollfd *fds, nfds_t n)
{
	while (poll(fds, n, -1) < 0)
		if (errno != EINTR)
			return -errno;
	/* The interrupt comes last; poll() leaves out a negative descriptor. */
	return fds[n - 1].revents ? -EINTR : 0;
}

int hostcpu_locks__gate(struct hostcpu_locks *l, int interrupt_fd, int *gate,
			struct ktstr_error *e)
{
	struct pollfd fds[2] = { { 0 }, { .fd = interrupt_fd, .events = POLLIN } };
	int ret, tries = TRIES;
	pid_t pid;

	for (;;) {
		*gate = lock(l, GATE);
		if (*gate >= 0)
			return 0;
		if (*gate != -EADDRINUSE)
			return sockets_fail(*gate, e);
		fds[0].fd = watch(l, GATE, &pid);
		/* Gone, or bound and not yet listening: look again. */
		if (fds[0].fd == -ECONNREFUSED && tries--) {
			sched_yield();
			continue;
		}
		if (fds[0].fd < 0)
			return sockets_fail(fds[0].fd, e);
		ret = wait_for(fds, 2);
		close(fds[0].fd);
		if (ret)
			return ret == -EINTR ? ret : sockets_fail(ret, e);
	}
}

int hostcpu_locks__taken(struct hostcpu_locks *l, const struct cpu_mask *of,
			 struct cpu_mask *taken, struct ktstr_error *e)
{
	memset(taken, 0, sizeof(*taken));
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		int fd;

		if (!cpu_mask__test(of, cpu))
			continue;
		/* Not by a connection: that would stay in the other's queue. */
		fd = lock(l, cpu);
		if (fd >= 0)
			close(fd);
		else if (fd == -EADDRINUSE)
			cpu_mask__set(taken, cpu);
		else
			return sockets_fail(fd, e);
	}
	return 0;
}

static void unlock_all(struct hostcpu_locks *l)
{
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		if (l->fd[cpu] >= 0)
			close(l->fd[cpu]);
		l->fd[cpu] = -1;
	}
}

int hostcpu_locks__take(struct hostcpu_locks *l, const struct cpu_mask *cpus,
			struct ktstr_error *e)
{
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		int fd;

		if (!cpu_mask__test(cpus, cpu))
			continue;
		fd = lock(l, cpu);
		if (fd < 0) {
			unlock_all(l);
			return fd == -EADDRINUSE ?
			       ktstr_error_set(e, -EBUSY, "host CPU %u is locked", cpu) :
			       sockets_fail(fd, e);
		}
		l->fd[cpu] = fd;
	}
	return 0;
}

static void unwatch(struct hostcpu_locks *l, unsigned int cpu)
{
	if (l->wait_fd[cpu] >= 0)
		close(l->wait_fd[cpu]);
	l->wait_fd[cpu] = -1;
}

/* A connection from an earlier round is kept: another would fill the holder's queue. */
static bool still_watched(const struct hostcpu_locks *l, unsigned int cpu)
{
	struct pollfd p = { .fd = l->wait_fd[cpu], .events = POLLIN };

	return p.fd >= 0 && !poll(&p, 1, 0);
}

int hostcpu_locks__watch(struct hostcpu_locks *l, const struct cpu_mask *taken,
			 struct ktstr_error *e)
{
	int n = 0;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++) {
		if (!cpu_mask__test(taken, cpu) || !still_watched(l, cpu))
			unwatch(l, cpu);
		if (cpu_mask__test(taken, cpu) && l->wait_fd[cpu] < 0) {
			int fd = watch(l, cpu, &l->pid[cpu]);

			if (fd < 0 && fd != -ECONNREFUSED)
				return sockets_fail(fd, e);
			l->wait_fd[cpu] = fd < 0 ? -1 : fd;
		}
		n += l->wait_fd[cpu] >= 0;
	}
	return n;
}

static bool named_before(const struct hostcpu_locks *l, unsigned int cpu)
{
	for (unsigned int i = 0; i < cpu; i++)
		if (l->wait_fd[i] >= 0 && l->pid[i] == l->pid[cpu])
			return true;
	return false;
}

char *hostcpu_locks__holders(const struct hostcpu_locks *l, char *buf, size_t size)
{
	char list[256], who[32];
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS && len < size; cpu++) {
		struct cpu_mask m = { 0 };

		if (l->wait_fd[cpu] < 0 || named_before(l, cpu))
			continue;
		for (unsigned int i = cpu; i < CPU_MASK_BITS; i++)
			if (l->wait_fd[i] >= 0 && l->pid[i] == l->pid[cpu])
				cpu_mask__set(&m, i);
		snprintf(who, sizeof(who), "process %d", (int)l->pid[cpu]);
		len += (size_t)snprintf(buf + len, size - len, "%sCPU %s by %s", len ? ", " : "",
					cpu_mask__text(&m, list, sizeof(list)),
					l->pid[cpu] ? who : "a process elsewhere");
	}
	return buf;
}

int hostcpu_locks__wait(struct hostcpu_locks *l, int interrupt_fd, struct ktstr_error *e)
{
	struct pollfd fds[CPU_MASK_BITS + 1];
	nfds_t n = 0;
	int ret;

	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		if (l->wait_fd[cpu] >= 0)
			fds[n++] = (struct pollfd){ .fd = l->wait_fd[cpu], .events = POLLIN };
	fds[n++] = (struct pollfd){ .fd = interrupt_fd, .events = POLLIN };
	ret = wait_for(fds, n);
	return ret && ret != -EINTR ? sockets_fail(ret, e) : ret;
}

void hostcpu_locks__free(struct hostcpu_locks *l)
{
	/* Zeroed and never initialized: 0 is somebody's descriptor. */
	if (!l->name)
		return;
	unlock_all(l);
	for (unsigned int cpu = 0; cpu < CPU_MASK_BITS; cpu++)
		unwatch(l, cpu);
}
