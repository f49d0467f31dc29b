/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest: drives the console with the kernel's virtqueues.
 */
#ifndef DIFF_GUEST_H
#define DIFF_GUEST_H

#include "rig.h"

#define GUEST_DATA_QUEUES	(2 * KTSTR_NR_PORTS)

/**
 * struct request - a chain
 * @seg: @n_out entries that the device reads, then @n_in that it writes
 * @offered: it is in the ring
 * @pos: transmit: place of its first byte in the stream
 * @out_len: bytes in @n_out
 * @in_len: bytes in @n_in
 * @end: where its bytes end in the arena
 */
struct request {
	struct kring_seg seg[KRING_SEGS_MAX];
	unsigned int n_out, n_in;
	bool offered;
	uint64_t pos;
	uint64_t out_len, in_len;
	uint64_t end;
};

/* Chains for a while: of all kinds, of single bytes, of the largest that fit. */
enum guest_mood {
	GUEST_MIXED,
	GUEST_TINY,
	GUEST_HUGE,
};

/**
 * struct guest_queue - a data queue and the driver's bookkeeping
 * @awake: used elements are looked for; a queue falls asleep when it finds none
 *	and has asked for an interrupt, and only its callback wakes it: a lost
 *	interrupt is not healed by curiosity
 * @delayed: it fell asleep by virtqueue_enable_cb_delayed()
 * @resting: nothing is offered until everything came back
 * @busy: a step is being made
 * @mood: of what size chains are now
 * @want: receive: chains to keep on offer
 * @head: arena bytes ever given out
 * @tail: arena bytes ever given back
 * @first: oldest request of the arena, free running
 * @next: next request to use, free running
 * @held: request that found the ring full
 * @held_at: @returned at that time
 * @pos: place in the stream
 * @asked: calls of virtqueue_kick_prepare()
 * @spared: how often it said no
 * @full: chains that found the ring full; on a transmit queue each kicks
 * @wakeups: callbacks that found it asleep
 */
struct guest_queue {
	struct kring *k;
	unsigned int q, port, num;
	bool tx;
	struct rnd rnd;
	bool awake, delayed, resting, busy;
	enum guest_mood mood;
	unsigned int want;
	unsigned int on_offer;
	uint8_t *arena;
	uint64_t head, tail;
	struct request *req;
	unsigned int first, next;
	struct request *held;
	uint64_t held_at;
	uint64_t pos;
	uint64_t added, returned;
	uint64_t asked, spared, full, wakeups;
};

/**
 * struct guest - the driver
 * @pending: notifications whose register writes are still to come, per queue;
 *	counted only if @defer
 * @defer: notifications are queued instead of written
 * @solo_left: steps until everybody may move again
 * @interrupts: interrupts taken
 */
struct guest {
	struct rig *rig;
	struct kring_dev *kdev;
	struct kring *ctrl_rx, *ctrl_tx;
	void *ctrl_msg;
	struct guest_queue gq[GUEST_DATA_QUEUES];
	struct rnd rnd;
	bool defer;
	unsigned int pending[KTSTR_NR_QUEUES];
	unsigned int solo_left;
	uint64_t interrupts;
};

/** guest__new() - from reset to open ports; ends the test on failure */
struct guest *guest__new(struct rig *rig);

/** guest__free() - NULL is fine */
void guest__free(struct guest *g);

/** guest__queue_step() - look for used elements, offer chains; return: did anything move? */
bool guest__queue_step(struct guest *g, unsigned int i);

/** guest__plan_step() - now and then let one queue go on alone; return: did anything change? */
bool guest__plan_step(struct guest *g);

/** guest__interrupt() - what vm_interrupt() does */
void guest__interrupt(struct guest *g);

/** guest__chatter() - send a control message and spin for it as Linux does */
void guest__chatter(struct guest *g);

/** guest__done() - everything sent came back, everything written arrived */
bool guest__done(struct guest *g);

/** guest__dump() - print the state */
void guest__dump(struct guest *g);

/** guest_setup__run() - the part of guest__new() that talks to registers */
void guest_setup__run(struct guest *g);

#endif /* DIFF_GUEST_H */
