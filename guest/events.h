/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scheduler events of this guest, from the first program to the last account.
 *
 *	bpf/ -> ktstr.ko's pages or BPF rings -> port 1
 *
 * A guest that cannot have them runs all the same and says why.
 */
#ifndef GUEST_EVENTS_H
#define GUEST_EVENTS_H

#include <stdint.h>

#include <ktstr/plan.h>

#include "plan_read.h"

/** events__load_module() - load ktstr.ko if @wish is for it; before anybody asks module__fd() */
void events__load_module(enum ktstr_events_wish wish);

/** events__answer_pings() - the host may ask for the clocks from now on */
void events__answer_pings(void);

/**
 * events__start() - record, as @wish says, what @filter lets through, and send EVIN
 *
 * Context: main thread, once. @filter is not referenced after the call.
 */
void events__start(enum ktstr_events_wish wish, const struct guest_plan_filter *filter);

/** events__mark() - a mark in the stream; nothing where there is none */
void events__mark(uint64_t id, uint64_t arg);

/** events__scx_counters() - tell the event counters of the scheduler, where the kernel has them */
void events__scx_counters(void);

/** events__tick() - once a second: tell what was lost since the last time */
void events__tick(void);

/** events__stop() - record no more, send what there is, then every CPU's account; waits */
void events__stop(void);

#endif /* GUEST_EVENTS_H */
