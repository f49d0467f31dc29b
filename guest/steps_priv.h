/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test while it runs: between guest/steps.c, which has the window and the order of
 * things, and guest/step_verbs.c, which carries single operations out.
 */
#ifndef GUEST_STEPS_PRIV_H
#define GUEST_STEPS_PRIV_H

#include "emit.h"
#include "plan_read.h"

/**
 * struct ktstr_run - a test while it runs; all that bodies know is its name
 * @plan: plan
 * @o: outcome
 * @test: the same as its author says it, when it is linked into this init; or NULL
 * @compiler: for the body's operations
 * @random: state of the body's random numbers
 * @fn: what workers of kind "function" of the next SPAWN run, or NULL
 * @index: of the next operation
 * @marks: phases that have begun
 * @ops_ns: CPU time of this thread for operations so far
 * @open, @closed: the window
 * @in_body: its author's own code runs between operations
 * @err: of the operation that ended the test, 0: go on
 */
struct ktstr_run {
	const struct guest_plan *plan;
	struct outcome *o;
	const struct ktstr_test *test;
	struct ktstr_compiler *compiler;
	uint64_t random;
	void (*fn)(struct ktstr_worker *w);
	uint32_t index;
	uint32_t marks;
	uint64_t ops_ns;
	bool open, closed;
	bool in_body;
	int err;
};

/** steps__open_window() - time is going to pass: the window begins, unless it has */
void steps__open_window(struct ktstr_run *t);

/** steps__broken() - is there no sense in letting more time pass? For loop__until() */
bool steps__broken(void *arg);

/** steps__carry_out() - one operation; return: 0 or a negative errno with a sentence */
int steps__carry_out(struct ktstr_run *t, const struct ktstr_op *op, struct ktstr_error *e);

#endif /* GUEST_STEPS_PRIV_H */
