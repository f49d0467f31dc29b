/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What payloads said and how they ended: RAWO and PLDX, both hostile.
 *
 * Of every payload the first bytes of stdout and of stderr are kept, for the figures in them
 * (payload_metrics.h).
 */
#ifndef KTSTR_HOST_PAYLOAD_OUT_H
#define KTSTR_HOST_PAYLOAD_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "assembler.h"
#include "payload_metrics.h"

#define PAYLOADS_MAX		64u
#define PAYLOAD_STREAMS		2u	/* stdout, stderr */
#define PAYLOAD_OUT_BYTES	(32u << 10)	/* of each stream */

/**
 * struct payload_out - one payload
 * @index: of the operation that started it
 * @ended: PLDX came: what follows it holds
 * @wait_status: as waitpid() has it
 * @expected: the test, or the end of the run, ended it
 * @start_ns, @end_ns: guest CLOCK_MONOTONIC
 * @user_ns, @system_ns: CPU time of it and its children
 * @bytes: of each stream in all
 * @len: of these, kept
 * @text: stdout and stderr; bytes as they came
 */
struct payload_out {
	uint32_t index;
	bool ended;
	uint32_t wait_status;
	bool expected;
	uint64_t start_ns, end_ns, user_ns, system_ns;
	uint64_t bytes[PAYLOAD_STREAMS];
	uint32_t len[PAYLOAD_STREAMS];
	char text[PAYLOAD_STREAMS][PAYLOAD_OUT_BYTES];
};

/** struct payload_outs - all of them, in the order in which they spoke first; zeroed at first */
struct payload_outs {
	uint32_t nr;
	struct payload_out all[PAYLOADS_MAX];
};

/** payload_outs__output() - take a RAWO; return: false when it made no sense or found no room */
bool payload_outs__output(struct payload_outs *p, const struct assembler_frame *f);

/** payload_outs__exit() - take a PLDX; as above */
bool payload_outs__exit(struct payload_outs *p, const struct assembler_frame *f);

/** payload_outs__find() - of an operation; NULL when it never spoke */
const struct payload_out *payload_outs__find(const struct payload_outs *p, uint32_t index);

/**
 * payload_out__metrics() - the figures in what it printed
 * @p: payload
 * @cmd: the command that was run; of a shell, what its script names first whose output is known
 * @m: result; empty when there are none
 */
void payload_out__metrics(const struct payload_out *p, const char *cmd,
			  struct payload_metrics *m);

#endif /* KTSTR_HOST_PAYLOAD_OUT_H */
