// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake-ups between workers of a group.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "work_bell.h"
#include "worker.h"

/* Shared by processes: no FUTEX_PRIVATE_FLAG. Did it sleep? */
static bool futex_sleep(uint32_t *word, uint32_t value, uint32_t bits)
{
	return !syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, NULL, NULL, bits) ||
	       errno == EINTR;
}

static void futex_wake(uint32_t *word, int nr, uint32_t bits)
{
	syscall(SYS_futex, word, FUTEX_WAKE_BITSET, nr, NULL, NULL, bits);
}

/* The first cause that nobody has heard of stays. */
static void note_cause(int64_t *since_ns, int64_t now)
{
	int64_t none = 0;

	__atomic_compare_exchange_n(since_ns, &none, now, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
}

void work_bell__ring(struct work_bell *b)
{
	note_cause(&b->since_ns, now_ns());
	/* Release pairs with the acquire in wait_word(): it finds the cause. */
	__atomic_fetch_add(&b->rung, 1, __ATOMIC_RELEASE);
	futex_wake(&b->rung, 1, FUTEX_BITSET_MATCH_ANY);
}

static void wait_word(struct ktstr_worker *w, uint32_t *word, int64_t *since_ns, uint32_t *heard)
{
	bool slept = false;
	int64_t since;
	uint32_t now;

	while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) == *heard)
		slept |= futex_sleep(word, *heard, FUTEX_BITSET_MATCH_ANY);
	*heard = now;
	since = __atomic_exchange_n(since_ns, 0, __ATOMIC_RELAXED);
	if (slept && since)
		worker__woken(w, since);
	else if (slept)
		ktstr_worker__slept(w);
}

void work_bell__wait(struct ktstr_worker *w, struct work_bell *b, uint32_t *heard)
{
	wait_word(w, &b->rung, &b->since_ns, heard);
}

void work_gong__strike(struct work_gong *gong, const struct ktstr_group *g)
{
	int64_t now = now_ns();

	for (uint32_t i = 1; i < g->nr; i++)
		note_cause(&gong->of[i].since_ns, now);
	__atomic_fetch_add(&gong->rung, 1, __ATOMIC_RELEASE);
	futex_wake(&gong->rung, INT_MAX, FUTEX_BITSET_MATCH_ANY);
}

void work_gong__wait(struct ktstr_worker *w, struct work_gong *gong, uint32_t *heard)
{
	wait_word(w, &gong->rung, &gong->of[ktstr_worker__index(w)].since_ns, heard);
}

static uint32_t ticket_bit(uint32_t ticket)
{
	return 1u << ticket % 32;
}

void work_queue__enter(struct ktstr_worker *w, struct work_queue *q)
{
	uint32_t mine = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED), now;
	bool slept = false;
	int64_t handed;

	while ((now = __atomic_load_n(&q->serving, __ATOMIC_ACQUIRE)) != mine)
		slept |= futex_sleep(&q->serving, now, ticket_bit(mine));
	handed = __atomic_load_n(&q->handed_ns, __ATOMIC_RELAXED);
	if (slept)
		__atomic_store_n(&w->account.last_ns, handed, __ATOMIC_RELAXED);
}

void work_queue__leave(struct work_queue *q)
{
	uint32_t next;

	__atomic_store_n(&q->handed_ns, now_ns(), __ATOMIC_RELAXED);
	/* Release pairs with the acquire in work_queue__enter(). */
	next = __atomic_add_fetch(&q->serving, 1, __ATOMIC_RELEASE);
	futex_wake(&q->serving, INT_MAX, ticket_bit(next));
}
