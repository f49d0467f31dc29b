/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wake-ups between workers of a group, in memory that they share: by futex, with the moment of
 * the cause, so that the one who wakes knows for how long it waited to run.
 */
#ifndef GUEST_WORK_BELL_H
#define GUEST_WORK_BELL_H

#include <stdint.h>

#include "work.h"

/**
 * struct work_bell - one worker waits for it; any can ring it
 * @rung: futex: how often it was rung
 * @since_ns: when it was rung first since the waiter heard it last; 0: not since then
 *
 * Zeroed is ready. Rung again before it was heard is heard once.
 */
struct work_bell {
	uint32_t rung;
	int64_t since_ns;
} __attribute__((aligned(64)));

/** work_bell__ring() - wake the worker that waits */
void work_bell__ring(struct work_bell *b);

/**
 * work_bell__wait() - sleep until it is rung, if it has not been since last time
 * @w: itself
 * @b: its bell
 * @heard: state of the waiter, 0 at first
 *
 * A sleep is accounted for with the wake-up's latency; who did not sleep waited for nothing.
 */
void work_bell__wait(struct ktstr_worker *w, struct work_bell *b, uint32_t *heard);

/**
 * struct work_gong - all workers but the first wait for it at once
 * @rung: futex: how often it was rung
 * @of: with @of[i].since_ns of worker i
 */
struct work_gong {
	uint32_t rung;
	struct work_bell of[];
};

/** work_gong__strike() - wake all of @g's workers but the first, in one call */
void work_gong__strike(struct work_gong *gong, const struct ktstr_group *g);

/** work_gong__wait() - as work_bell__wait() */
void work_gong__wait(struct ktstr_worker *w, struct work_gong *gong, uint32_t *heard);

/**
 * struct work_queue - a lock that is handed over in the order of arrival
 * @next: ticket of who comes next
 * @serving: futex: ticket whose turn it is
 * @handed_ns: when its turn came
 *
 * Zeroed is free. At most 32 workers can be told apart; more wake in vain.
 */
struct work_queue {
	uint32_t next, serving;
	int64_t handed_ns;
};

/** work_queue__enter() - sleep until it is the worker's turn; no latency of its kind */
void work_queue__enter(struct ktstr_worker *w, struct work_queue *q);

/** work_queue__leave() - hand over to the next */
void work_queue__leave(struct work_queue *q);

#endif /* GUEST_WORK_BELL_H */
