// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device against the driver side that Linux has: the kernel tree's own
 * drivers/virtio/virtio_ring.c makes the queues and moves the buffers, on
 * threads of their own for guest, I/O and host.
 *
 * What is asserted, by all of the guest and the host: every byte of both streams,
 * used.len, bytes beside and behind what the device may write, that nothing is
 * blamed on the driver, that a polling driver is not interrupted, and the
 * driver's own DEBUG checks. A lost notification is a hang, and a hang fails with
 * the state of all three.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define DIFF_TEST_NAME	"threads"
#include "diff_test.h"

static bool round_of_queues(struct guest *g)
{
	unsigned int first = rnd__below(&g->rnd, GUEST_DATA_QUEUES);
	bool moved = guest__plan_step(g);

	for (unsigned int i = 0; i < GUEST_DATA_QUEUES; i++)
		if (guest__queue_step(g, (first + i) % GUEST_DATA_QUEUES))
			moved = true;
	if (rnd__one_in(&g->rnd, 2000))
		guest__chatter(g);
	if (rnd__one_in(&g->rnd, 16) && rig__event(g->rig->irq)) {
		guest__interrupt(g);
		moved = true;
	}
	return moved;
}

static void hang(struct rig *rig, const char *who)
{
	rig__fail("the %s has waited for %u s: a kick, an interrupt or an event was lost", who,
		  rig->plan.watchdog_s);
}

/* Return: events of poll(); none after the watchdog's time ends the test. */
static int wait_for(struct rig *rig, struct pollfd *p, int n, const char *who)
{
	int ret;

	do {
		ret = poll(p, n, rig->plan.watchdog_s * 1000);
	} while (ret < 0 && errno == EINTR);
	if (!ret)
		hang(rig, who);
	return ret;
}

/* The guest has nothing to do: it lets the host know, and sleeps until an interrupt. */
static void guest_sleep(struct guest *g)
{
	struct rig_link *link = &g->rig->link;
	struct pollfd p[] = {
		{ .fd = g->rig->irq, .events = POLLIN },
		{ .fd = link->guest.fd, .events = POLLIN },
	};

	link->guest.asleep = true;
	if (!round_of_queues(g) && !guest__done(g)) {
		if (!poll(p, 2, 0)) {
			link->guest_idle = true;
			bell__ring(&link->host);
		}
		wait_for(g->rig, p, 2, "guest");
		link->guest_idle = false;
		if (p[0].revents && rig__event(g->rig->irq))
			guest__interrupt(g);
	}
	link->guest.asleep = false;
	rig__event(link->guest.fd);
}

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* No interrupt will come: look again and again. */
static void guest_spin(struct guest *g)
{
	struct rig_link *link = &g->rig->link;
	time_t t0 = now_s();

	for (unsigned int spins = 1; !round_of_queues(g) && !guest__done(g); spins++) {
		if (spins == 100)
			link->guest_idle = true;
		if (spins % 100 == 0) {
			bell__ring(&link->host);
			sched_yield();
			if (now_s() - t0 > g->rig->plan.watchdog_s)
				hang(g->rig, "polling guest");
		}
	}
	link->guest_idle = false;
}

static void *guest_main(void *arg)
{
	struct rig *rig = arg;
	struct guest *g = rig->guest;

	while (!guest__done(g)) {
		if (round_of_queues(g))
			continue;
		if (rig->plan.mode == RIG_POLL)
			guest_spin(g);
		else
			guest_sleep(g);
	}
	/* A host that naps waits for a guest with nothing to do, as this one has for ever. */
	rig->link.guest_idle = true;
	bell__ring(&rig->link.host);
	return NULL;
}

static bool round_of_ports(struct host *h)
{
	unsigned int first = rnd__below(&h->rnd, KTSTR_NR_PORTS);
	bool moved = false;

	for (unsigned int i = 0; i < KTSTR_NR_PORTS; i++) {
		unsigned int port = (first + i) % KTSTR_NR_PORTS;

		if (host__read_step(h, port))
			moved = true;
		if (host__write_step(h, port))
			moved = true;
	}
	return moved;
}

static void host_sleep(struct host *h)
{
	struct rig *rig = h->rig;
	struct pollfd p[] = {
		{ .fd = rig->tx_evt, .events = POLLIN },
		{ .fd = rig->stats_evt, .events = POLLIN },
		{ .fd = rig->link.host.fd, .events = POLLIN },
	};

	rig->link.host.asleep = true;
	if (!round_of_ports(h) && !host__done(h))
		wait_for(rig, p, 3, "host");
	rig->link.host.asleep = false;
	rig__event(rig->link.host.fd);
}

static void *host_main(void *arg)
{
	struct rig *rig = arg;
	struct host *h = rig->host;

	while (!host__done(h)) {
		bool moved = round_of_ports(h);

		if (!moved || rnd__one_in(&h->rnd, 8))
			moved |= host__events(h);
		if (!moved)
			host_sleep(h);
	}
	return NULL;
}

struct io {
	struct rig *rig;
	int quit;
};

static void *io_main(void *arg)
{
	struct io *io = arg;
	struct pollfd p[] = {
		{ .fd = io->rig->rearm, .events = POLLIN },
		{ .fd = io->rig->irq_timer, .events = POLLIN },
		{ .fd = io->quit, .events = POLLIN },
	};

	for (;;) {
		if (poll(p, 3, -1) < 0)
			continue;
		if (p[2].revents)
			return NULL;
		rig__event(io->rig->rearm);
		rig__event(io->rig->irq_timer);
		virtio_console__service(io->rig->vc);
	}
}

DIFF_FIXTURE(ring, false, false)

TEST_F_TIMEOUT(ring, threads, DIFF_TIMEOUT_S)
{
	struct io io = { .rig = &self->rig, .quit = eventfd(0, 0) };
	pthread_t guest, host, service;

	ASSERT_LE(0, io.quit);
	ASSERT_EQ(0, pthread_create(&service, NULL, io_main, &io));
	ASSERT_EQ(0, pthread_create(&host, NULL, host_main, &self->rig));
	ASSERT_EQ(0, pthread_create(&guest, NULL, guest_main, &self->rig));
	ASSERT_EQ(0, pthread_join(guest, NULL));
	ASSERT_EQ(0, pthread_join(host, NULL));
	ASSERT_EQ(0, eventfd_write(io.quit, 1));
	ASSERT_EQ(0, pthread_join(service, NULL));
	close(io.quit);
}

/* Ports 1 and 2 are read only when their guest is done: it rings once more, and never again. */
TEST(host_naps_at_the_end)
{
	struct rig_plan plan = diff_plan("host_naps_at_the_end", RIG_POLL, false, false);
	struct rig rig;
	struct io io = { .rig = &rig, .quit = eventfd(0, 0) };
	pthread_t guest, service;

	plan.test = "global.host_naps_at_the_end";
	plan.buffers = diff_env("KTSTR_DIFF_BUFFERS", 16);
	rig__start(&rig, &plan);
	ASSERT_EQ(0, pthread_create(&service, NULL, io_main, &io));
	ASSERT_EQ(0, pthread_create(&guest, NULL, guest_main, &rig));
	while (pthread_tryjoin_np(guest, NULL)) {
		host__events(rig.host);
		host__read_step(rig.host, KTSTR_PORT_CONSOLE);
		for (unsigned int p = 0; p < KTSTR_NR_PORTS; p++)
			host__write_step(rig.host, p);
	}
	rig.host->port[KTSTR_PORT_BULK].nap = rig.host->port[KTSTR_PORT_STATS].nap = true;
	host_main(&rig);
	ASSERT_EQ(0, eventfd_write(io.quit, 1));
	ASSERT_EQ(0, pthread_join(service, NULL));
	rig__finish(&rig);
	close(io.quit);
}

TEST_HARNESS_MAIN
