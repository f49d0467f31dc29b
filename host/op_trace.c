// SPDX-License-Identifier: GPL-2.0-only
/*
 * From STIM and STEN to the list of what was done.
 */
#include <endian.h>
#include <string.h>

#include "buf.h"
#include "op_trace.h"

/* A frame's fixed part in host byte order; false when it is not all there. */
static bool step_of(struct ktstr_step *out, const struct assembler_frame *f)
{
	if (f->len < sizeof(*out) || f->continues || f->flags & KTSTR_F_MORE)
		return false;
	memcpy(out, f->data, sizeof(*out));
	out->index = le32toh(out->index);
	out->error = le32toh(out->error);
	out->time_ns = le64toh(out->time_ns);
	return true;
}

static void clean(char *s, size_t size)
{
	text__clean(s, size, s, size);
}

void op_trace__clean(struct ktstr_op *op)
{
	clean(op->cgroup, sizeof(op->cgroup));
	clean(op->other, sizeof(op->other));
	clean(op->name, sizeof(op->name));
	clean(op->work.kind, sizeof(op->work.kind));
	clean(op->cmd, sizeof(op->cmd));
	clean(op->expect.metric, sizeof(op->expect.metric));
	clean(op->at, sizeof(op->at));
}

static struct op_step *last(struct op_trace *t)
{
	return t->nr ? &t->steps[t->nr - 1] : NULL;
}

static bool refuse(struct op_trace *t)
{
	t->odd++;
	return false;
}

bool op_trace__begin(struct op_trace *t, const struct assembler_frame *f)
{
	const struct op_step *before = last(t);
	struct ktstr_step step;
	struct op_step *s;

	if (!step_of(&step, f) || t->nr == KTSTR_OPS_MAX || step.index != t->nr ||
	    (before && (!before->done || step.time_ns < before->end_ns)))
		return refuse(t);
	s = &t->steps[t->nr];
	if (ktstr_op__read((const char *)f->data + sizeof(step), f->len - sizeof(step), &s->op,
			   NULL))
		return refuse(t);
	op_trace__clean(&s->op);
	s->begin_ns = step.time_ns;
	t->nr++;
	return true;
}

bool op_trace__end(struct op_trace *t, const struct assembler_frame *f)
{
	struct op_step *s = last(t);
	struct ktstr_step step;

	if (!step_of(&step, f) || !s || s->done || step.index != t->nr - 1 ||
	    step.time_ns < s->begin_ns)
		return refuse(t);
	s->done = true;
	s->end_ns = step.time_ns;
	s->error = step.error;
	text__clean(s->reason, sizeof(s->reason), (const char *)f->data + sizeof(step),
		    f->len - sizeof(step));
	return true;
}

const struct op_step *op_trace__find_run(const struct op_trace *t, uint32_t index)
{
	if (index >= t->nr || t->steps[index].op.verb != KTSTR_V_RUN)
		return NULL;
	return &t->steps[index];
}
