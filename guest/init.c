// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of a ktstr guest: its life from the first mount to the reboot.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ktstr/plan.h>
#include <ktstr/ports.h>
#include <ktstr/stats.h>
#include <ktstr/wire.h>

#include "bulk.h"
#include "child.h"
#include "clock.h"
#include "console_wake.h"
#include "die.h"
#include "emit.h"
#include "events.h"
#include "exec.h"
#include "helo.h"
#include "kfile.h"
#include "kmsg.h"
#include "loop.h"
#include "module.h"
#include "mounts.h"
#include "plan_events.h"
#include "plan_read.h"
#include "port_open.h"
#include "prefault.h"
#include "rt.h"
#include "sched.h"
#include "stats_relay.h"
#include "steps.h"
#include "uevent.h"

#define PORT_WAIT_MS	10000u		/* for the driver to make the ports */
#define HEARTBEAT_NS	NSEC_PER_SEC
#define FDS_MAX		4096u		/* two for each of KTSTR_WORKERS_MAX, and our own */

static struct guest_plan plan;

/* Set-up steps that cannot fail on a kernel that is fit for ktstr. */
static void must(int err, const char *what)
{
	if (err < 0)
		die("%s failed (%s): build the kernel with selftests/config", what, strerror(-err));
}

static void bulk_lost(int err)
{
	die("port 1 (%s) is lost: %s", KTSTR_BULK_DEV, strerror(-err));
}

/* The kernel gives init no descriptors when the image has no /dev/console. */
static void open_stdio(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* The console may be among them, so nobody can be told but the kernel's own. */
static void load_drivers(void)
{
	char failed[128];
	int err = module__load_drivers(failed, sizeof(failed));

	if (err)
		die("the driver %s of the image cannot be loaded (%s): is it this kernel's, and whole?",
		    failed, strerror(-err));
}

static void start_bulk(void)
{
	int fd = port_open(KTSTR_BULK_DEV, deadline_ns(PORT_WAIT_MS));

	if (fd < 0)
		die("no %s within %u s (%s): the machine or the kernel lacks virtio-console",
		    KTSTR_BULK_DEV, PORT_WAIT_MS / 1000, strerror(-fd));
	must(bulk__start(fd, bulk_lost), "starting the writer of port 1");
}

/* A run without statistics is still a run: say so and go on. */
static void start_stats(void)
{
	int fd = port_open(KTSTR_STATS_DEV, deadline_ns(PORT_WAIT_MS));
	int err = fd < 0 ? fd : stats_relay__start(fd, KTSTR_STATS_SOCKET);

	if (err)
		kfile__note("no statistics on %s: %s", KTSTR_STATS_DEV, strerror(-err));
}

static void heartbeat_ready(struct loop_watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) != sizeof(n))
		return;
	console_wake__retry();
	sched__tick();
	emit__alive();
	events__tick();
}

static void start_heartbeat(void)
{
	static struct loop_watch w = { .ready = heartbeat_ready };

	w.fd = loop__timer();
	must(w.fd, "timerfd_create");
	must(loop__add(&w, EPOLLIN), "watching the heartbeat");
	loop__timer_set(w.fd, HEARTBEAT_NS);
}

static void set_up(void)
{
	struct rlimit fds = { FDS_MAX, FDS_MAX };

	die__catch_signals();
	mounts__all();
	open_stdio();
	mounts__loopback_up();
	setrlimit(RLIMIT_NOFILE, &fds);
	must(rt__lock_memory(), "mlockall");
	must(rt__enter(RT_PRIO_MAIN), "SCHED_FIFO for PID 1");
	must(loop__init(), "making the event loop");
	must(child__init(), "signalfd for SIGCHLD");
	must(uevent__init(), "listening to uevents");
	must(sched__init(), "following sched_ext");
}

/* From here on the log leaves by itself: a panic need not print what is out already. */
static void start_log(void)
{
	must(kmsg__start(), "reading /dev/kmsg");
	/* A kernel without this file does not know the option either. */
	(void)kfile__write("/proc/sys/kernel/panic_print", "0\n");
}

/* What the module knows is part of the greeting, so that comes before it. */
static void say_hello(void)
{
	load_drivers();
	start_bulk();
	emit__life(KTSTR_LIFE_INIT, "PID 1 runs");
	start_log();
	events__load_module(plan.events);
	helo__send();
	console_wake__init();
	start_stats();
	events__answer_pings();
	/* A command is not measured. */
	if (!plan.exec && !prefault__memory())
		kfile__note("no memory could be touched before it is needed");
	bulk__send(KTSTR_T_REDY, NULL, 0);
	start_heartbeat();
}

/*
 * The kernel verifies programs for long without a sleep: on one CPU, frames that are
 * queued already, REDY first of all, would wait for the end of it.
 */
static void start_events(void)
{
	if (!plan.filter.types_text)
		plan.filter.types = guest_plan__events(&plan);
	must(rt__enter(RT_PRIO_LOADER), "SCHED_FIFO for loading programs");
	events__start(plan.events, &plan.filter);
	must(rt__enter(RT_PRIO_MAIN), "SCHED_FIFO for PID 1");
}

/* Return: exit code of the run. */
static uint32_t carry_out(struct outcome *o)
{
	uint32_t code = 0;

	start_events();
	if ((plan.sched || plan.sched_enable) && !sched__start(&plan, o))
		goto stop;
	if (plan.exec)
		code = exec__run(&plan, o);
	else
		steps__run(&plan, o);
stop:
	sched__stop(&plan, o);
	events__stop();
	if (!plan.exec || o->status != KTSTR_GUEST_DONE)
		code = o->status;
	return code;
}

static bool acked(void *arg)
{
	return *(bool *)arg;
}

static bool ack_seen;

static void ack_ready(struct loop_watch *w, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) == sizeof(n))
		ack_seen = true;
}

static void wait_ack(void)
{
	static struct loop_watch w = { .ready = ack_ready };

	w.fd = bulk__ack_fd();
	must(loop__add(&w, EPOLLIN), "waiting for ACKR");
	loop__until(acked, &ack_seen, deadline_ns(plan.ack_timeout_ms));
}

int main(void)
{
	struct ktstr_error e = { "" };
	struct outcome o = { .status = KTSTR_GUEST_DONE };
	uint32_t code;
	int err;

	if (getpid() != 1) {
		fprintf(stderr, "ktstr-init: this is PID 1 of a ktstr guest and reboots what it runs on; use ktstr instead\n");
		return 2;
	}
	helo__note_start();
	set_up();
	err = guest_plan__read(KTSTR_PLAN_PATH, &plan, &e);
	say_hello();
	if (err) {
		emit__life(KTSTR_LIFE_ENV_ERROR, "%s", e.msg);
		outcome__set(&o, KTSTR_GUEST_ENV, "%s", e.msg);
		code = o.status;
	} else {
		code = carry_out(&o);
	}
	/* A command's result is its EXCX; TEST is for scenarios and for what went wrong. */
	if (!plan.exec || o.status != KTSTR_GUEST_DONE)
		emit__test(&o);
	kmsg__finish();
	emit__exit(code);
	wait_ack();
	guest__reboot();
}
