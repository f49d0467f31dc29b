/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames that tell about the run: one function per type of ktstr/wire.h.
 *
 * All may wait while the queue of port 1 is full, but emit__alive().
 */
#ifndef GUEST_EMIT_H
#define GUEST_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/op.h>
#include <ktstr/wire.h>

/** struct outcome - how the run ended; @status is enum ktstr_guest_status, @reason one sentence */
struct outcome {
	uint32_t status;
	char reason[512];
};

/**
 * outcome__set() - record the outcome; the first one that is not DONE stays, what follows is
 * its consequence
 */
void __attribute__((format(printf, 3, 4)))
outcome__set(struct outcome *o, uint32_t status, const char *fmt, ...);

/** emit__life() - LIFE: @phase was reached; @fmt gives the reason, "" for none */
void __attribute__((format(printf, 2, 3)))
emit__life(enum ktstr_life_phase phase, const char *fmt, ...);

/** emit__alive() - LIFE ALIVE, left out when port 1 is blocked: it says that frames flow */
void emit__alive(void);

/** struct window_edge - the moment when the window begins or ends */
struct window_edge {
	int64_t time_ns;	/* CLOCK_MONOTONIC */
	uint64_t self_ns;	/* CPU time of PID 1 and its threads by then */
	uint64_t ops_ns;	/* of these, for the test's operations */
	uint64_t steal_ns;	/* of all CPUs, at about that moment: outside of the window */
};

/** emit__edge() - this moment, but for @ops_ns and @steal_ns, which are 0 */
struct window_edge emit__edge(void);

/**
 * emit__steal_ns() - what the host kept from all CPUs until now, in steps of a clock tick
 *
 * Takes milliseconds of an emulated CPU. 0 where it cannot be read.
 */
uint64_t emit__steal_ns(void);

/** emit__window() - SCST or SCEN at @edge with the scheduler's @state at about that moment */
void emit__window(uint32_t type, const struct window_edge *edge,
		  const struct ktstr_sched_state *state);

/** emit__step_begin() - STIM: operation @index of the run begins */
void emit__step_begin(uint32_t index, const struct ktstr_op *op);

/**
 * emit__step_end() - STEN: it is done, or failed
 * @index: of the operation
 * @err: a negative errno; 0: it is done
 * @why: the reason
 * @now: what comes next may end the guest, and this is to be known by then; else the news
 *	that it is done may leave with the next frame, or the next events
 */
void emit__step_end(uint32_t index, int err, const char *why, bool now);

/** emit__test() - TEST: how the scenario ended */
void emit__test(const struct outcome *o);

/** emit__exec_exit() - EXCX: wait status of the command */
void emit__exec_exit(int wait_status);

/** emit__exit() - EXIT: the last frame */
void emit__exit(uint32_t code);

/** wait_status__describe() - "exited with status 3", "was killed by signal 9 (Killed)" */
void wait_status__describe(int wait_status, char *buf, size_t len);

#endif /* GUEST_EMIT_H */
