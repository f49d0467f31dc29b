// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that PID 1 starts, and the orphans that it inherits.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "policy.h"

#define EXEC_FAILED	127	/* as shells have it */

static char *const child_env[] = {
	"PATH=/bin:/usr/bin:/sbin:/usr/sbin:/ktstr/bin",
	"HOME=/",
	"TERM=dumb",
	NULL,
};

static struct child *children;
static struct loop_watch sigchld_watch = { .fd = -1 };

static void record_death(pid_t pid, int status, const struct rusage *used)
{
	for (struct child *c = children; c; c = c->next) {
		if (c->pid != pid || c->dead)
			continue;
		c->dead = true;
		c->status = status;
		c->used = *used;
		c->died_ns = now_ns();
		/* A pidfd stays readable: watched on, it would spin. */
		loop__del(&c->watch);
		return;
	}
}

/* All there are: SIGCHLD is not queued, and orphans have no pidfd here. */
void child__reap(void)
{
	struct rusage used;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
		record_death(pid, status, &used);
}

static void sigchld_ready(struct loop_watch *w, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(w->fd, &info, sizeof(info)) == sizeof(info))
		;
	child__reap();
}

static void pidfd_ready(struct loop_watch *w, uint32_t events)
{
	(void)w;
	(void)events;
	child__reap();
}

int child__init(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	sigchld_watch.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigchld_watch.fd < 0)
		return -errno;
	sigchld_watch.ready = sigchld_ready;
	return loop__add(&sigchld_watch, EPOLLIN);
}

/* What a process inherits from PID 1 and should not have. */
static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int watch_process(struct child *c)
{
	c->watch.ready = pidfd_ready;
	c->watch.fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->watch.fd < 0)
		return -errno;
	return loop__add(&c->watch, EPOLLIN);
}

/* Not waited for: a starved one dies late, and child__reap() takes it then. */
static void abandon(struct child *c)
{
	kill(c->pid, SIGKILL);
	if (c->watch.fd >= 0)
		close(c->watch.fd);
	c->watch.fd = -1;
}

int child__fork(struct child *c, void (*fn)(void *arg), void *arg)
{
	int err;

	c->dead = false;
	c->watch.fd = -1;
	c->started_ns = now_ns();
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (!c->pid) {
		reset_signals();
		fn(arg);
		_exit(EXEC_FAILED);
	}
	err = watch_process(c);
	if (err) {
		abandon(c);
		return err;
	}
	c->next = children;
	children = c;
	return 0;
}

struct spawn {
	char *const *argv;
	int out;
	int err;
	int *exec_errno;
	const struct child_place *place;
};

/* "0" is the writer itself. */
static int take_place(const struct child_place *place)
{
	struct sched_param sp = { 0 };
	int fd = place->procs ? open(place->procs, O_WRONLY) : -1;

	if (place->procs && (fd < 0 || write(fd, "0", 1) != 1))
		return errno;
	return place->ext && sched_setscheduler(0, SCHED_EXT_POLICY, &sp) ? errno : 0;
}

/* In the child, between fork and exec: only async-signal-safe calls. */
static void run_command(void *arg)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct spawn *s = arg;
	int null = open("/dev/null", O_RDWR);

	setsid();
	/* BPF maps are charged to it on older kernels. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	dup2(null, STDIN_FILENO);
	dup2(s->out, STDOUT_FILENO);
	dup2(s->err, STDERR_FILENO);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	environ = (char **)child_env;
	*s->exec_errno = take_place(s->place);
	if (!*s->exec_errno) {
		execvp(s->argv[0], s->argv);
		*s->exec_errno = errno;
	}
	_exit(EXEC_FAILED);
}

int child__spawn(struct child *c, char *const argv[], int out, int err)
{
	return child__spawn_at(c, argv, out, err, &(struct child_place){ NULL });
}

int child__spawn_at(struct child *c, char *const argv[], int out, int err,
		    const struct child_place *place)
{
	struct spawn s = { .argv = argv, .out = out, .err = err, .place = place };
	void *page = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	int ret;

	if (page == MAP_FAILED)
		return -errno;
	c->exec_errno = page;
	s.exec_errno = page;
	ret = child__fork(c, run_command, &s);
	if (ret) {
		munmap(page, sizeof(int));
		c->exec_errno = NULL;
	}
	return ret;
}

int child__exec_error(const struct child *c)
{
	return c->exec_errno ? *c->exec_errno : 0;
}

void child__kill_group(const struct child *c, int sig)
{
	/* Before its setsid() it leads no group yet. */
	if (kill(-c->pid, sig) && !c->dead)
		kill(c->pid, sig);
}

bool child__is_dead(void *c)
{
	return ((struct child *)c)->dead;
}

void child__forget(struct child *c)
{
	struct child **p;

	for (p = &children; *p; p = &(*p)->next) {
		if (*p != c)
			continue;
		*p = c->next;
		break;
	}
	if (c->watch.fd >= 0) {
		loop__del(&c->watch);
		close(c->watch.fd);
	}
	if (c->exec_errno)
		munmap(c->exec_errno, sizeof(int));
	c->watch.fd = -1;
	c->exec_errno = NULL;
}
