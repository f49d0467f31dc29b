/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When events leave that have not filled their pages yet.
 *
 * No event is older than 10 ms when it leaves, unless a flush is dear: an emulated CPU
 * takes milliseconds for the few exits that it needs. So that the observer stays small
 * beside what it observes, flushing takes a 200th of a CPU, or a 100th where the writer is
 * awake for other reasons, down to once in 400 ms.
 */
#ifndef GUEST_EVENT_FLUSH_H
#define GUEST_EVENT_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "bulk.h"

/**
 * struct event_flush - the next flush and what the last ones cost
 * @timer: one-shot timerfd, which only wakes the writer and is never read
 * @due_ns: CLOCK_MONOTONIC when the next one is due, 0: none
 * @period: ns from the end of the last one to @due_ns
 * @began: CLOCK_MONOTONIC when the one that goes on did, 0: none
 * @cost: ns, averaged over the last few
 * @waited: for the host: that is not its cost
 */
struct event_flush {
	int timer;
	int64_t due_ns;
	int64_t period;
	int64_t began;
	int64_t cost;
	bool waited;
};

/** event_flush__init() - a timer that wakes the writer; return: 0 or a negative errno */
int event_flush__init(struct event_flush *f);

/** event_flush__start() - the first one is due soon */
void event_flush__start(struct event_flush *f);

/** event_flush__stop() - none is due any more; by the writer's thread, or while it has none */
void event_flush__stop(struct event_flush *f);

/**
 * event_flush__due() - is it time to begin one? By the writer's thread, like the next
 *
 * A writer that is awake for something else need not be woken once more soon after: half
 * the time is enough then.
 */
bool event_flush__due(struct event_flush *f);

/**
 * event_flush__did() - what the pump did, flushing or not
 *
 * A flush goes on until there is nothing left, and only then the next one is due: a
 * host that does not read is not asked again and again.
 */
void event_flush__did(struct event_flush *f, enum bulk_pumped did);

#endif /* GUEST_EVENT_FLUSH_H */
