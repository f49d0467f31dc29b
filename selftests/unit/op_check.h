/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of what a test may say: kinds of work of their own, and sentences
 * without their line.
 */
#ifndef OP_CHECK_H
#define OP_CHECK_H

#include <stdlib.h>
#include <string.h>

#include "op_shape.h"
#include "unit.h"

static const struct ktstr_work_kind op_check_kinds[] = {
	{ .name = "spin", .group = 1, .busy_us = 5 },
	{ .name = "pipe", .group = 2, .group_min = 2, .group_max = 2 },
	{ .name = "fanout", .group = 4, .group_min = 2, .idle_us = 3, .kib = 4 },
	{ .name = "mutex", .group = 3, .group_min = 2, .group_max = 8 },
	{ .name = KTSTR_WORK_FUNCTION, .group = 1 },
};

static inline const struct ktstr_work_kind *op_check__kind_at(unsigned int i)
{
	return i < sizeof(op_check_kinds) / sizeof(op_check_kinds[0]) ? &op_check_kinds[i] : NULL;
}

static inline const struct ktstr_work_kind *op_check__kind_find(const char *name)
{
	const struct ktstr_work_kind *k;

	for (unsigned int i = 0; (k = op_check__kind_at(i)); i++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

/* The real list grows; what limits mean is tested with kinds that have them. */
#define ktstr_work_kind__at op_check__kind_at
#define ktstr_work_kind__find op_check__kind_find
#include "guest/op_compile_work.c"
#undef ktstr_work_kind__at
#undef ktstr_work_kind__find

/* What was made of a test's operations. */
struct op_check {
	struct ktstr_shape shape;
	struct ktstr_compiler *c;
	struct ktstr_op *ops;
	uint32_t nr, duration_ms;
	uint64_t seed;
	struct ktstr_error e;
	char text[KTSTR_OP_LINE_MAX];
};

static inline void op_check__init(struct op_check *t)
{
	memset(t, 0, sizeof(*t));
	t->shape = op_shape(2, 1, 2, 2);
	t->ops = calloc(KTSTR_OPS_MAX, sizeof(*t->ops));
	t->duration_ms = 1000;
}

static inline void op_check__free(struct op_check *t)
{
	ktstr_compiler__free(t->c);
	free(t->ops);
}

static inline void op_check__body(struct ktstr_run *t)
{
	(void)t;
}

/* "" when it is good, else the sentence behind "FILE:LINE: ", or all of it when there is none. */
static inline const char *op_check__test(struct op_check *t, const struct ktstr_test *test)
{
	const char *s = t->e.msg;
	size_t digits;

	ktstr_compiler__free(t->c);
	t->c = ktstr_compiler__new(&t->shape, t->seed, t->duration_ms);
	memset(&t->e, 0, sizeof(t->e));
	if (!ktstr_ops__compile(test, t->c, t->ops, &t->nr, &t->e))
		return "";
	s = strchr(t->e.msg, ':');
	digits = s ? strspn(s + 1, "0123456789") : 0;
	return digits && !strncmp(s + 1 + digits, ": ", 2) ? s + digits + 3 : t->e.msg;
}

/* With a body, which may still do all that a whole test must. */
static inline const char *op_check__ops(struct op_check *t, const struct ktstr_do *ops)
{
	const struct ktstr_test test = {
		.name = "test", .needs = { .sched_ext = true }, .ops = ops,
		.body = op_check__body,
	};

	return op_check__test(t, &test);
}

/* An operation's line without its origin. */
static inline const char *op_check__line(struct op_check *t, uint32_t i)
{
	struct ktstr_op op = t->ops[i];

	if (i >= t->nr)
		return "(none)";
	op.at[0] = '\0';
	op.test_op = 0;
	return ktstr_op__write(&op, t->text, sizeof(t->text)) < 0 ? "(none)" : t->text;
}

#define TAKEN(...) \
	EXPECT_STREQ("", op_check__ops(&self->t, KTSTR_OPS(__VA_ARGS__)))
#define REFUSED(why, ...) \
	EXPECT_STREQ(why, op_check__ops(&self->t, KTSTR_OPS(__VA_ARGS__)))
#define LINE(i, line) \
	EXPECT_STREQ(line, op_check__line(&self->t, i))

/* What most of them begin with. */
#define A	KTSTR_CGROUP("a")
#define B	KTSTR_CGROUP("b")
#define SPIN	KTSTR_SPAWN_AS("a", "w", .kind = "spin", .nr = 2)

FIXTURE(ops) {
	struct op_check t;
};

FIXTURE_SETUP(ops)
{
	op_check__init(&self->t);
}

FIXTURE_TEARDOWN(ops)
{
	op_check__free(&self->t);
}

#endif /* OP_CHECK_H */
