// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets under traffic: the driver taken off the device and put on again, or
 * the machine suspended and resumed, with writers and readers on both ports.
 *
 * While the driver is taken off, no thread of ours is on its way through one of
 * its calls: Linux follows port->portdev after it has looked whether the port is
 * still there, so such a call may use what is gone. A thread that sleeps in the
 * driver is safe; case_last_words() has one.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "guest_stress.h"

struct worker {
	struct port *p;
	uint64_t rng;
	uint64_t budget;	/* bytes it may still send in this round */
	uint64_t sent;		/* in this round */
	uint64_t got;		/* records in this round */
};

/*
 * gate: read-locked around every call into the driver. leave: readable when the
 * gate is wanted. lock guards the workers' numbers, moved says that one changed.
 */
static struct {
	pthread_rwlock_t gate;
	int leave;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct worker worker[2];
	bool by_suspend;
	bool over;
} r;

static void account(struct worker *w, uint64_t sent, uint64_t got)
{
	pthread_mutex_lock(&r.lock);
	w->budget -= sent;
	w->sent += sent;
	w->got += got;
	pthread_cond_signal(&r.moved);
	pthread_mutex_unlock(&r.lock);
}

/* One wait and what it brought, on an open port. */
static void work_once(struct worker *w)
{
	struct pollfd fds[2] = { { .fd = w->p->fd, .events = POLLIN },
				 { .fd = r.leave, .events = POLLIN } };
	uint64_t budget, got = w->p->got;
	size_t len;

	pthread_mutex_lock(&r.lock);
	budget = w->budget;
	pthread_mutex_unlock(&r.lock);
	if (budget)
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, -1) <= 0)
		die("poll");
	if (fds[1].revents)
		return;
	if (fds[0].revents & POLLOUT) {
		len = 1 + random_below(&w->rng, random_below(&w->rng, 8) ? 512 : 32 << 10);
		account(w, checked(port__send(w->p, len < budget ? len : budget), "write port"), 0);
	}
	if (fds[0].revents & POLLIN) {
		int n = port__receive(w->p);

		/* After a resume the driver takes the host for gone until it hears of it. */
		if (n == -EPIPE && r.by_suspend)
			sched_yield();
		else
			checked(n, "read port");
		account(w, 0, w->p->got - got);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		pthread_rwlock_rdlock(&r.gate);
		if (r.over) {
			pthread_rwlock_unlock(&r.gate);
			return NULL;
		}
		work_once(w);
		pthread_rwlock_unlock(&r.gate);
	}
}

static void close_gate(void)
{
	uint64_t val = 1;

	if (write(r.leave, &val, sizeof(val)) != sizeof(val))
		die("eventfd");
	pthread_rwlock_wrlock(&r.gate);
	if (read(r.leave, &val, sizeof(val)) != sizeof(val))
		die("eventfd");
}

static void new_round(struct worker *w, uint64_t bytes)
{
	pthread_mutex_lock(&r.lock);
	w->budget = bytes;
	w->sent = 0;
	w->got = 0;
	pthread_mutex_unlock(&r.lock);
}

/* Until each port has sent something random of its round and received enough. */
static void wait_traffic(uint64_t *rng, uint64_t bytes)
{
	uint64_t want = random_below(rng, bytes);

	pthread_mutex_lock(&r.lock);
	for (int i = 0; i < 2; i++)
		while (r.worker[i].sent < want || r.worker[i].got < ECHO_RECORDS)
			pthread_cond_wait(&r.moved, &r.lock);
	pthread_mutex_unlock(&r.lock);
}

static void start_workers(uint64_t bytes)
{
	static pthread_t thread[2];
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&r.gate, &attr);
	pthread_mutex_init(&r.lock, NULL);
	pthread_cond_init(&r.moved, NULL);
	r.leave = eventfd(0, EFD_NONBLOCK);
	for (int i = 0; i < 2; i++) {
		r.worker[i] = (struct worker) { .p = &ports[i], .rng = (uint64_t)(i + 1) << 32 };
		port__open(&ports[i]);
		new_round(&r.worker[i], bytes);
		if (pthread_create(&thread[i], NULL, work, &r.worker[i]))
			die("thread");
	}
}

/* What is left open when the driver goes says so, and does nothing else. */
static void check_orphan(const struct port *p, int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN | POLLOUT };
	char byte = 0;

	errno = 0;
	if (write(fd, &byte, 1) != -1 || errno != ENODEV)
		die("a write to a port whose driver is gone");
	if (read(fd, &byte, 1) != -1 || errno != ENODEV)
		die("a read from a port whose driver is gone");
	if (poll(&poller, 1, 0) != 1 || !(poller.revents & POLLHUP))
		die("poll of a port whose driver is gone");
	if (!access(p->path, F_OK))
		die("the node of a port whose driver is gone");
}

/* Nobody else is in the driver. Odd rounds keep the old files open over it. */
static uint64_t rebind(uint64_t round, int *console)
{
	bool keep = round & 1;
	uint64_t start = now_us(), took;
	int old[2], i;

	unbind();
	took = now_us() - start;
	for (i = 0; i < 2; i++) {
		old[i] = ports[i].fd;
		check_orphan(&ports[i], old[i]);
		if (!keep)
			close(old[i]);
	}
	close(*console);
	start = now_us();
	bind_again();
	took += now_us() - start;
	for (i = 0; i < 2; i++) {
		ports[i].gaps_allowed++;
		port__open(&ports[i]);
		if (keep)
			close(old[i]);
	}
	*console = console__open();
	return took;
}

/* Everybody is frozen wherever he is, files stay open. */
static uint64_t suspend(void)
{
	uint64_t start = now_us();

	ports[0].gaps_allowed++;
	ports[1].gaps_allowed++;
	write_text("/sys/power/state", "freeze");
	return now_us() - start;
}

static void prepare_suspend(void)
{
	char text[64];

	if (access("/sys/power/pm_test", F_OK))
		skip("CONFIG_SUSPEND and CONFIG_PM_DEBUG");
	/* As far as the drivers, and no wait there. */
	write_text("/sys/power/pm_test", "devices");
	write_text("/sys/module/suspend/parameters/pm_test_delay", "0");
	if (!read_text("/sys/power/pm_test", text, sizeof(text)) || !strstr(text, "[devices]"))
		die("pm_test");
}

/* plan: rounds, bytes (a round may send on a port), and "suspend" for that kind of reset */
void case_reset(void)
{
	uint64_t rounds = plan_number("rounds", 10), bytes = plan_number("bytes", 65536);
	uint64_t rng = 7ull << 32, sum = 0, max = 0, min = UINT64_MAX;
	int console = console__open();

	r.by_suspend = plan_has("suspend");
	if (r.by_suspend)
		prepare_suspend();
	start_workers(bytes);
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t us;

		console__echo(console, i);
		wait_traffic(&rng, bytes);
		if (!r.by_suspend)
			close_gate();
		us = r.by_suspend ? suspend() : rebind(i, &console);
		new_round(&r.worker[0], bytes);
		new_round(&r.worker[1], bytes);
		if (!r.by_suspend)
			pthread_rwlock_unlock(&r.gate);
		sum += us;
		max = us > max ? us : max;
		min = us < min ? us : min;
	}
	console__echo(console, rounds);
	wait_traffic(&rng, bytes);
	close_gate();
	r.over = true;
	for (int i = 0; i < 2; i++) {
		say("sent %u %llu\n", ports[i].id, (unsigned long long)ports[i].sent);
		say("records %u %llu missing %llu\n", ports[i].id,
		    (unsigned long long)ports[i].got, (unsigned long long)ports[i].missing);
	}
	say("resets %llu us %llu %llu %llu\n", (unsigned long long)rounds,
	    (unsigned long long)min, (unsigned long long)(sum / rounds), (unsigned long long)max);
	pthread_rwlock_unlock(&r.gate);
}
