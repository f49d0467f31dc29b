// SPDX-License-Identifier: GPL-2.0-only
/*
 * As test_virtio_ring.c, on one thread: who acts next is drawn from the seed, so a
 * seed repeats a run exactly. The two sides also act in the middle of each other:
 * the driver between any two accesses of the device to a ring, the device
 * and the host at every barrier of the driver; and what the device stores is seen
 * only after a while. What is a matter of nanoseconds between threads is a
 * matter of a few thousand draws here, missing barriers included.
 *
 * A lost notification is known at once, long before a hang: see lost.c.
 */
#include <pthread.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/virtio_mmio.h>

#define DIFF_TEST_NAME	"steps"
#include "diff_test.h"
#include "steps.h"

/* Draws between two of which an idle moment may lie, before a hang is looked for. */
#define IDLE_MAX	200

#define PUT_OFF_NS_MAX	50000000	/* of an interrupt */

#define STORES	32u

enum {
	ACT_GUEST,
	ACT_INTERRUPT = ACT_GUEST + GUEST_DATA_QUEUES,
	ACT_EXIT,
	ACT_SERVICE,
	ACT_EVENTS,
	ACT_READ,
	ACT_WRITE = ACT_READ + KTSTR_NR_PORTS,
	ACT_PLAN = ACT_WRITE + KTSTR_NR_PORTS,
	NR_ACTS,
};

/* The run in progress; @inside: one side acts within the other already. */
static struct rig *running;
static struct rnd points;
static bool inside;

/* What the device has stored and nobody sees yet, oldest first; free running. */
static struct store {
	void *p;
	unsigned int size;
	uint32_t val;
} stores[STORES];
static unsigned int first_store, next_store;

/* A vCPU whose register write was waiting for the device. */
static bool deferred_exit(struct guest *g)
{
	static unsigned int preempted;
	unsigned int first = rnd__below(&g->rnd, KTSTR_NR_QUEUES);

	for (unsigned int i = 0; i < KTSTR_NR_QUEUES; i++) {
		unsigned int q = (first + i) % KTSTR_NR_QUEUES;

		if (!g->pending[q])
			continue;
		/* Now and then for long, so that rings fill and passes end at their bounds. */
		if (rnd__one_in(&g->rnd, 200))
			preempted = rnd__below(&g->rnd, 50);
		if (preempted) {
			preempted--;
			return true;
		}
		g->pending[q]--;
		rig__write32(g->rig, VIRTIO_MMIO_QUEUE_NOTIFY, q);
		return true;
	}
	return false;
}

/* When the timer expires is not left to the clock: any time after it was set. */
static bool timer_expired(int fd)
{
	const struct itimerspec off = { 0 };
	struct itimerspec left = { 0 };

	timerfd_gettime(fd, &left);
	if (!rig__event(fd) && !left.it_value.tv_sec && !left.it_value.tv_nsec)
		return false;
	timerfd_settime(fd, 0, &off, NULL);
	return true;
}

static bool service(struct rig *rig)
{
	bool rearm = rig__event(rig->rearm), timer = timer_expired(rig->irq_timer);

	if (!rearm && !timer)
		return false;
	/* By as much as it may have been set for, or by less: then it is set again. */
	if (timer)
		rig->now += 1 + rnd__below(&points, PUT_OFF_NS_MAX);
	virtio_console__service(rig->vc);
	return true;
}

static bool interrupt(struct rig *rig)
{
	if (!rig__event(rig->irq))
		return false;
	guest__interrupt(rig->guest);
	return true;
}

static bool act(struct rig *rig, unsigned int who)
{
	if (who < ACT_INTERRUPT)
		return guest__queue_step(rig->guest, who);
	switch (who) {
	case ACT_INTERRUPT:
		return interrupt(rig);
	case ACT_EXIT:
		return deferred_exit(rig->guest);
	case ACT_SERVICE:
		return service(rig);
	case ACT_EVENTS:
		return host__events(rig->host);
	case ACT_PLAN:
		return guest__plan_step(rig->guest);
	}
	if (who < ACT_WRITE)
		return host__read_step(rig->host, who - ACT_READ);
	return host__write_step(rig->host, who - ACT_WRITE);
}

static void guest_may_act(void)
{
	if (inside || !running || !rnd__one_in(&points, 8))
		return;
	inside = true;
	guest__queue_step(running->guest, rnd__below(&points, GUEST_DATA_QUEUES));
	inside = false;
}

/* The oldest of the device's stores becomes visible. */
static void commit_store(void)
{
	struct store *s = &stores[first_store++ % STORES];

	if (s->size == 2)
		__atomic_store_n((uint16_t *)s->p, s->val, __ATOMIC_RELAXED);
	else
		__atomic_store_n((uint32_t *)s->p, s->val, __ATOMIC_RELAXED);
	guest_may_act();
}

void device_drain(void)
{
	while (first_store != next_store)
		commit_store();
}

void device_point(void)
{
	guest_may_act();
	if (first_store != next_store && rnd__one_in(&points, 8))
		commit_store();
}

void device_store(void *p, unsigned int size, uint32_t val)
{
	if (next_store - first_store == STORES)
		commit_store();
	stores[next_store++ % STORES] = (struct store) { .p = p, .size = size, .val = val };
	/* It may be seen at once too, and then what the device does next comes after it. */
	if (rnd__one_in(&points, 2))
		device_drain();
	device_point();
}

/* The device ends each of its functions so, and it is a full barrier. */
int __real_pthread_mutex_unlock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock)
{
	device_drain();
	return __real_pthread_mutex_unlock(lock);
}

void kring_point(void)
{
	if (inside || !running || !rnd__one_in(&points, 16))
		return;
	inside = true;
	act(running, ACT_EXIT + rnd__below(&points, ACT_PLAN - ACT_EXIT));
	inside = false;
}

/* Everybody in turn; return: did anything move? */
static bool sweep(struct rig *rig)
{
	bool moved = false;

	rig->link.guest_idle = true;
	for (unsigned int who = 0; who < NR_ACTS; who++)
		if (act(rig, who))
			moved = true;
	rig->link.guest_idle = false;
	return moved;
}

static void run(struct rig *rig)
{
	struct rnd rnd = rnd__fork(&rig->rnd);
	unsigned int idle = 0;

	points = rnd__fork(&rig->rnd);
	rig->guest->defer = true;
	running = rig;
	while (!guest__done(rig->guest) || !host__done(rig->host)) {
		idle = act(rig, rnd__below(&rnd, NR_ACTS)) ? 0 : idle + 1;
		if (rnd__one_in(&rnd, 4))
			rig__check_lost(rig);
		if (rnd__one_in(&rnd, 5000))
			guest__chatter(rig->guest);
		if (idle < IDLE_MAX)
			continue;
		/* Twice: what the first lets go asleep may be woken by the second. */
		if (!sweep(rig) && !sweep(rig))
			rig__fail("nobody can move: a kick, an interrupt or an event was lost");
		idle = 0;
	}
	while (deferred_exit(rig->guest))
		;
	running = NULL;
}

DIFF_FIXTURE(ring, true, true)

TEST_F_TIMEOUT(ring, steps, DIFF_TIMEOUT_S)
{
	run(&self->rig);
}

TEST_HARNESS_MAIN
