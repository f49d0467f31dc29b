// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of work that wait for each other's locks.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "work.h"
#include "worker.h"

/**
 * struct work_mutex - a mutex that says since when who waited for it could have run
 * @m: mutex
 * @waiters: who sleeps for it; a moment longer than that
 * @woken_ns: of the first release since one of them got it last, 0: none; under @m
 *
 * With more than one waiter nobody knows which of them was woken: then the wait of the one
 * woken first counts as that of the one who got it.
 */
struct work_mutex {
	pthread_mutex_t m;
	uint32_t waiters;
	int64_t woken_ns;
};

/* Robust: when a group is killed, the first to die may hold it, and glibc aborts the others. */
static int mutex_init(pthread_mutex_t *m, int protocol)
{
	pthread_mutexattr_t attr;
	int err;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	err = pthread_mutexattr_setprotocol(&attr, protocol);
	if (!err)
		err = pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

static int plain_setup(struct ktstr_group *g, const struct ktstr_work *work)
{
	(void)work;
	return mutex_init(&((struct work_mutex *)g->shared)->m, PTHREAD_PRIO_NONE);
}

static int pi_setup(struct ktstr_group *g, const struct ktstr_work *work)
{
	(void)work;
	return mutex_init(&((struct work_mutex *)g->shared)->m, PTHREAD_PRIO_INHERIT);
}

/* Its owner was killed while it held it: this worker will be, any moment. */
static void check_owner(struct ktstr_worker *w, int err)
{
	while (err == EOWNERDEAD)
		pause();
	errno = err;
	work__must(w, !err, "take its mutex");
}

/* A cause before it slept, or that nobody noted, found it awake: it slept until now. */
static void woken_by(struct ktstr_worker *w, int64_t *cause_ns, int64_t slept_ns)
{
	worker__wants_since(w, *cause_ns > slept_ns ? *cause_ns : now_ns());
	*cause_ns = 0;
}

/* Who had to wait slept, until it was released; from when to when is what this measures. */
static void lock(struct ktstr_worker *w, struct work_mutex *l, bool measure)
{
	int err = pthread_mutex_trylock(&l->m);
	int64_t since;

	if (err != EBUSY)
		return check_owner(w, err);
	worker__sample(w);
	since = now_ns();
	__atomic_fetch_add(&l->waiters, 1, __ATOMIC_RELAXED);
	err = pthread_mutex_lock(&l->m);
	__atomic_fetch_sub(&l->waiters, 1, __ATOMIC_RELAXED);
	check_owner(w, err);
	woken_by(w, &l->woken_ns, since);
	if (measure)
		ktstr_worker__latency(w, now_ns() - since);
}

/* Before it is released: somebody could run then. */
static void note_release(struct work_mutex *l)
{
	if (!l->woken_ns && __atomic_load_n(&l->waiters, __ATOMIC_RELAXED))
		l->woken_ns = now_ns();
}

static void unlock(struct work_mutex *l)
{
	note_release(l);
	pthread_mutex_unlock(&l->m);
}

static void mutex(struct ktstr_worker *w)
{
	struct work_mutex *l = ktstr_worker__group(w)->shared;

	while (ktstr_worker__go_on(w)) {
		lock(w, l, true);
		work__busy(w);
		unlock(l);
		ktstr_worker__unit(w);
		work__busy(w);
	}
}

const struct work_ops work_ops_mutex = {
	.setup = plain_setup, .run = mutex, .shared_bytes = sizeof(struct work_mutex),
};

#define LOW_NICE	10
#define LOW_REST_US	100u
#define HIGH_US		20u

static void inversion_low(struct ktstr_worker *w, struct work_mutex *l)
{
	work__must(w, !setpriority(PRIO_PROCESS, 0, LOW_NICE), "change its nice value");
	while (ktstr_worker__go_on(w)) {
		lock(w, l, false);
		work__busy(w);
		unlock(l);
		ktstr_worker__unit(w);
		work__sleep(w, LOW_REST_US);
	}
}

static void inversion_high(struct ktstr_worker *w, struct work_mutex *l)
{
	work__become_fifo(w);
	while (ktstr_worker__go_on(w)) {
		work__sleep(w, work__idle_us(w));
		lock(w, l, true);
		ktstr_worker__compute(w, HIGH_US);
		unlock(l);
		ktstr_worker__unit(w);
	}
}

/* The first holds what the second wants; the others keep the first from the CPU. */
static void inversion(struct ktstr_worker *w)
{
	struct work_mutex *l = ktstr_worker__group(w)->shared;

	if (ktstr_worker__index(w) == 0)
		return inversion_low(w, l);
	if (ktstr_worker__index(w) == 1)
		return inversion_high(w, l);
	while (ktstr_worker__go_on(w)) {
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_prio_inversion = {
	.setup = plain_setup, .run = inversion, .shared_bytes = sizeof(struct work_mutex),
};
const struct work_ops work_ops_prio_inversion_pi = {
	.setup = pi_setup, .run = inversion, .shared_bytes = sizeof(struct work_mutex),
};

#define STORE_ITEMS	64u

/*
 * Items are when they were put. @emptied_ns: when the first was taken for that somebody who
 * sleeps could put one, 0: none was.
 */
struct store {
	struct work_mutex lock;
	pthread_cond_t filled, emptied;
	uint32_t first, nr, sleepers;
	int64_t emptied_ns;
	int64_t put_ns[STORE_ITEMS];
};

static int store_setup(struct ktstr_group *g, const struct ktstr_work *work)
{
	struct store *s = g->shared;
	pthread_condattr_t attr;
	int err;

	(void)work;
	err = mutex_init(&s->lock.m, PTHREAD_PRIO_NONE);
	if (err)
		return err;
	pthread_condattr_init(&attr);
	pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	err = pthread_cond_init(&s->filled, &attr);
	if (!err)
		err = pthread_cond_init(&s->emptied, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

static void store_wait(struct ktstr_worker *w, struct store *s, pthread_cond_t *cond)
{
	note_release(&s->lock);
	check_owner(w, pthread_cond_wait(cond, &s->lock.m));
}

static void store_put(struct ktstr_worker *w, struct store *s)
{
	int64_t slept;

	lock(w, &s->lock, false);
	if (s->nr == STORE_ITEMS) {
		worker__sample(w);
		slept = now_ns();
		s->sleepers++;
		while (s->nr == STORE_ITEMS)
			store_wait(w, s, &s->emptied);
		s->sleepers--;
		woken_by(w, &s->emptied_ns, slept);
	}
	s->put_ns[(s->first + s->nr++) % STORE_ITEMS] = now_ns();
	pthread_cond_signal(&s->filled);
	unlock(&s->lock);
}

static int64_t store_take(struct ktstr_worker *w, struct store *s)
{
	int64_t put;

	lock(w, &s->lock, false);
	while (!s->nr)
		store_wait(w, s, &s->filled);
	put = s->put_ns[s->first];
	s->first = (s->first + 1) % STORE_ITEMS;
	s->nr--;
	if (s->sleepers && !s->emptied_ns)
		s->emptied_ns = now_ns();
	pthread_cond_signal(&s->emptied);
	unlock(&s->lock);
	return put;
}

/* The first consumes, and takes twice as long for an item as the others, who produce. */
static void producer_consumer(struct ktstr_worker *w)
{
	struct store *s = ktstr_worker__group(w)->shared;
	bool consumes = !ktstr_worker__index(w);

	while (ktstr_worker__go_on(w)) {
		if (consumes) {
			worker__woken(w, store_take(w, s));
			work__busy(w);
		} else {
			store_put(w, s);
		}
		work__busy(w);
		ktstr_worker__unit(w);
	}
}

const struct work_ops work_ops_producer_consumer = {
	.setup = store_setup, .run = producer_consumer, .shared_bytes = sizeof(struct store),
};
