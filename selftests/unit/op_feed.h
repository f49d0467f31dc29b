/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations by hand: the frames of a guest that carries them out, for evidence.
 */
#ifndef OP_FEED_H
#define OP_FEED_H

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/op.h>
#include <ktstr/wire.h>

#include "host/evidence.h"

static inline void op_frame(struct evidence *ev, uint32_t type, uint32_t index, uint32_t error,
			    uint64_t t, const char *text)
{
	struct ktstr_step step = {
		.index = htole32(index), .error = htole32(error), .time_ns = htole64(t),
	};
	uint8_t data[sizeof(step) + KTSTR_OP_LINE_MAX];
	struct assembler_frame f = {
		.type = type, .data = data, .len = sizeof(step) + strlen(text),
	};

	memcpy(data, &step, sizeof(step));
	memcpy(data + sizeof(step), text, strlen(text));
	evidence__frame(ev, &f);
}

static inline void op_begin(struct evidence *ev, const struct ktstr_op *op, uint64_t t)
{
	char line[KTSTR_OP_LINE_MAX];

	ktstr_op__write(op, line, sizeof(line));
	op_frame(ev, KTSTR_T_STIM, ev->trace.nr, 0, t, line);
}

static inline void op_end(struct evidence *ev, uint64_t t, uint32_t error, const char *why)
{
	op_frame(ev, KTSTR_T_STEN, ev->trace.nr - 1, error, t, why);
}

/* One that lasts from @from to @to and ends well. */
static inline void op_did(struct evidence *ev, const struct ktstr_op *op, uint64_t from,
			  uint64_t to)
{
	op_begin(ev, op, from);
	op_end(ev, to, 0, "");
}

#define OP(_verb, ...) (&(const struct ktstr_op){ .verb = (_verb), .at = "t.c:1", ##__VA_ARGS__ })

/* A cgroup, or its cpuset, on the CPUs of a mask of 64. */
#define CPUS(_mask)	.has_cpus = true, .cpus = { .bits = { _mask } }

#endif /* OP_FEED_H */
