/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest says it did: every operation, when it began and ended, and how.
 *
 * STIM and STEN are hostile. An operation is believed only in its place: it begins when
 * all before it have ended, and it ends once, not before it began. What else comes is
 * counted and changes nothing.
 */
#ifndef KTSTR_HOST_OP_TRACE_H
#define KTSTR_HOST_OP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/op.h>
#include <ktstr/wire.h>

#include "assembler.h"

#define OP_TRACE_REASON_MAX	256u

/**
 * struct op_step - one operation
 * @op: what; clean strings
 * @done: it ended, with @error
 * @begin_ns, @end_ns: guest CLOCK_MONOTONIC; @end_ns is 0 until @done
 * @error: 0, or the errno it failed with
 * @reason: why it failed, clean
 */
struct op_step {
	struct ktstr_op op;
	bool done;
	uint64_t begin_ns, end_ns;
	uint32_t error;
	char reason[OP_TRACE_REASON_MAX];
};

/**
 * struct op_trace - all of them; zeroed at first
 * @nr: steps that began
 * @steps: in their order
 * @odd: frames that were no step, or a step out of its place
 */
struct op_trace {
	uint32_t nr;
	uint64_t odd;
	struct op_step steps[KTSTR_OPS_MAX];
};

/**
 * op_trace__begin() - take a STIM
 * @t: trace
 * @f: hostile
 *
 * Return: false when it was not believed.
 */
bool op_trace__begin(struct op_trace *t, const struct assembler_frame *f);

/** op_trace__end() - take a STEN; as above */
bool op_trace__end(struct op_trace *t, const struct assembler_frame *f);

/** op_trace__clean() - a line may say any byte as %XX: make its words fit to be printed */
void op_trace__clean(struct ktstr_op *op);

/** op_trace__good() - did this step end, and well? */
static inline bool op_trace__good(const struct op_step *s)
{
	return s->done && !s->error;
}

/**
 * op_trace__find_run() - the step that started a payload
 * @t: trace
 * @index: of a frame of the payload
 *
 * Return: NULL when there is no such step, or it started none.
 */
const struct op_step *op_trace__find_run(const struct op_trace *t, uint32_t index);

#endif /* KTSTR_HOST_OP_TRACE_H */
