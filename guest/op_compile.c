// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler: from what a test says to what shall be done on a topology, step by step
 * and as a whole. Whatever cannot be done, or would be done in another way than was said,
 * is an error with its line.
 */
#include <stdlib.h>

#include "op_compile.h"

/* Members of struct ktstr_do. */
enum {
	CGROUP = 1, OTHER = 2, NAME = 4, CPUS = 8, WORK = 16, VALUE = 32, VALUE2 = 64, CMD = 128,
	EXPECT = 256,
};

static const char * const members[] = {
	"cgroup", "other", "name", "cpus", "work", "value", "value2", "cmd", "expect",
};

static const struct {
	unsigned int takes;
	int (*compile)(struct op_job *j);
} verbs[KTSTR_V_NR] = {
	[KTSTR_V_CGROUP] = { CGROUP | CPUS, op_compile__cgroup },
	[KTSTR_V_CGROUP_REMOVE] = { CGROUP, op_compile__cgroup_remove },
	[KTSTR_V_CPUSET] = { CGROUP | CPUS, op_compile__cpuset },
	[KTSTR_V_CPUSET_CLEAR] = { CGROUP, op_compile__cpuset_clear },
	[KTSTR_V_CPUSET_SWAP] = { CGROUP | OTHER, op_compile__cpuset_swap },
	[KTSTR_V_WEIGHT] = { CGROUP | VALUE, op_compile__weight },
	[KTSTR_V_QUOTA] = { CGROUP | VALUE | VALUE2, op_compile__quota },
	[KTSTR_V_FREEZE] = { CGROUP, op_compile__freeze },
	[KTSTR_V_THAW] = { CGROUP, op_compile__freeze },
	[KTSTR_V_MEMORY_MAX] = { CGROUP | VALUE, op_compile__memory_max },
	[KTSTR_V_SPAWN] = { CGROUP | NAME | WORK, op_compile__spawn },
	[KTSTR_V_STOP] = { CGROUP | NAME, op_compile__stop },
	[KTSTR_V_AFFINITY] = { CGROUP | NAME | CPUS, op_compile__affinity },
	[KTSTR_V_NICE] = { CGROUP | NAME | VALUE, op_compile__nice },
	[KTSTR_V_POLICY] = { CGROUP | NAME | WORK, op_compile__policy },
	[KTSTR_V_MOVE] = { CGROUP | NAME | OTHER, op_compile__move },
	[KTSTR_V_SCHED_ATTACH] = { 0, op_compile__sched },
	[KTSTR_V_SCHED_DETACH] = { 0, op_compile__sched },
	[KTSTR_V_SCHED_RESTART] = { 0, op_compile__sched },
	[KTSTR_V_SCHED_REPLACE] = { CMD, op_compile__sched },
	[KTSTR_V_RUN] = { CGROUP | NAME | CMD, op_compile__run },
	[KTSTR_V_WAIT] = { NAME | VALUE, op_compile__wait },
	[KTSTR_V_KILL] = { NAME, op_compile__kill },
	[KTSTR_V_CPU_OFFLINE] = { VALUE, op_compile__cpu },
	[KTSTR_V_CPU_ONLINE] = { VALUE, op_compile__cpu },
	[KTSTR_V_HOLD] = { VALUE | VALUE2, op_compile__hold },
	[KTSTR_V_MARK] = { NAME, op_compile__mark },
	[KTSTR_V_EXPECT] = { EXPECT, op_compile__expect },
};

struct ktstr_compiler *ktstr_compiler__new(const struct ktstr_shape *shape, uint64_t seed,
					   uint32_t duration_ms)
{
	struct ktstr_compiler *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->shape = *shape;
	c->online = shape->online;
	c->random = seed;
	c->duration_ms = duration_ms;
	return c;
}

void ktstr_compiler__free(struct ktstr_compiler *c)
{
	free(c);
}

/* Compared one by one: what is between the members need not be zero. */
static bool work_said(const struct ktstr_work *w)
{
	return w->kind || w->nr || w->per_cpu || w->group || w->threads || w->nice || w->policy ||
	       w->prio || w->runtime_us || w->deadline_us || w->period_us || w->affinity ||
	       w->busy_us || w->idle_us || w->kib || w->fn;
}

static unsigned int said(const struct ktstr_do *d)
{
	return (d->cgroup ? CGROUP : 0) | (d->other ? OTHER : 0) | (d->name ? NAME : 0) |
	       (d->cpus.kind != KTSTR_CPUS_ALL ? CPUS : 0) | (work_said(&d->work) ? WORK : 0) |
	       (d->value ? VALUE : 0) | (d->value2 ? VALUE2 : 0) | (d->cmd ? CMD : 0) |
	       (d->expect ? EXPECT : 0);
}

/* What a verb does not take would be lost in silence. */
static int check_members(const struct op_job *j)
{
	unsigned int extra = said(j->spec) & ~verbs[j->spec->verb].takes;

	if (!extra)
		return 0;
	return op_bad(j, "%s takes no .%s; drop it", ktstr_verb__name(j->spec->verb),
		      members[__builtin_ctz(extra)]);
}

/* The end of a path says more than its beginning. */
static void copy_at(char *out, const char *at)
{
	size_t len = strlen(at), cut = len < KTSTR_OP_AT_MAX ? 0 : len - (KTSTR_OP_AT_MAX - 1);

	for (at += cut; *at; at++)
		*out++ = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
	*out = '\0';
}

static int compile(struct op_job *j, uint32_t test_op)
{
	const struct ktstr_do *d = j->spec;
	int err;

	memset(j->op, 0, sizeof(*j->op));
	if ((unsigned int)d->verb >= KTSTR_V_NR || !verbs[d->verb].compile)
		return op_bad(j, "%s cannot stand here; use operations such as KTSTR_CGROUP()",
			      (unsigned int)d->verb < KTSTR_V_NR ? ktstr_verb__name(d->verb) :
								   "what is no operation");
	j->op->verb = d->verb;
	j->op->test_op = test_op;
	copy_at(j->op->at, OP_AT(d->at));
	err = check_members(j);
	return err ? err : verbs[d->verb].compile(j);
}

int ktstr_compiler__op(struct ktstr_compiler *c, const struct ktstr_do *spec, uint32_t test_op,
		       struct ktstr_op *out, struct ktstr_error *e)
{
	struct op_job j = { .c = c, .spec = spec, .op = out, .e = e };

	return compile(&j, test_op);
}

/* A test while it is compiled. */
struct whole {
	const struct ktstr_test *test;
	struct ktstr_compiler *c;
	struct ktstr_op *ops;
	uint32_t nr;
	const struct ktstr_do *loop;	/* NULL: in none */
	uint64_t round;			/* of it, from 1 */
	struct ktstr_error *e;
};

#define whole_bad(w, at, fmt, ...) \
	ktstr_error_set((w)->e, -EINVAL, "%s: " fmt, OP_AT(at), ##__VA_ARGS__)

/* What went well at first may fail when it is repeated: say so. */
static int say_round(const struct whole *w, int err)
{
	size_t len;

	if (w->e && w->loop && w->round > 1) {
		len = strlen(w->e->msg);
		snprintf(w->e->msg + len, sizeof(w->e->msg) - len,
			 " (in round %llu of the loop at %s)",
			 (unsigned long long)w->round, OP_AT(w->loop->at));
	}
	return err;
}

static int room(const struct whole *w, const char *at)
{
	if (w->nr < KTSTR_OPS_MAX)
		return 0;
	return ktstr_error_set(w->e, -E2BIG,
			       "%s: more than %u operations, loops unrolled; use fewer rounds",
			       OP_AT(at), KTSTR_OPS_MAX);
}

static int needs_sched(const struct whole *w, const struct ktstr_do *d)
{
	if (d->verb < KTSTR_V_SCHED_ATTACH || d->verb > KTSTR_V_SCHED_REPLACE ||
	    w->test->needs.sched_ext || w->test->sched)
		return 0;
	return whole_bad(w, d->at,
			 "%s in a test that may run without a scheduler; say .needs = { .sched_ext = true }",
			 ktstr_verb__name(d->verb));
}

static int add(struct whole *w, const struct ktstr_do *d)
{
	int err = room(w, d->at);

	if (!err)
		err = needs_sched(w, d);
	if (err)
		return err;
	err = ktstr_compiler__op(w->c, d, (uint32_t)(d - w->test->ops), &w->ops[w->nr], w->e);
	if (err)
		return say_round(w, err);
	w->nr++;
	return 0;
}

static int begin_loop(struct whole *w, const struct ktstr_do *d)
{
	if (w->loop)
		return whole_bad(w, d->at, "a loop inside the loop at %s; end that first",
				 OP_AT(w->loop->at));
	if (!d->value)
		return whole_bad(w, d->at, "a loop of 0 rounds does nothing; say 1 or more");
	if (said(d) & ~VALUE)
		return whole_bad(w, d->at,
				 "loop takes nothing but its number of rounds; drop the rest");
	w->loop = d;
	w->round = 1;
	return 0;
}

/* Sets @d to the last operation that is done with. */
static int end_loop(struct whole *w, const struct ktstr_do **d)
{
	if (!w->loop)
		return whole_bad(w, (*d)->at,
				 "a loop ends that never began; begin it with KTSTR_LOOP()");
	if (*d == w->loop + 1)
		return whole_bad(w, w->loop->at, "a loop with nothing in it; drop it");
	if (w->round++ < w->loop->value)
		*d = w->loop;
	else
		w->loop = NULL;
	return 0;
}

static int compile_ops(struct whole *w)
{
	int err = 0;

	for (const struct ktstr_do *d = w->test->ops; !err && d && d->verb != KTSTR_V_NR; d++) {
		if (d->verb == KTSTR_V_LOOP)
			err = begin_loop(w, d);
		else if (d->verb == KTSTR_V_END)
			err = end_loop(w, &d);
		else
			err = add(w, d);
	}
	if (!err && w->loop)
		err = whole_bad(w, w->loop->at,
				"a loop that never ends; end it with KTSTR_LOOP_END()");
	return err;
}

static int check_idle(const struct ktstr_compiler *c, struct ktstr_error *e)
{
	if (!c->idle_at)
		return 0;
	return ktstr_error_set(e, -EINVAL,
			       "%s: nothing is held or waited for after this, so it would be ended at once; hold some time, with KTSTR_HOLD()",
			       c->idle_at);
}

/* A body may do anything yet. */
static int check_ops(const struct whole *w)
{
	if (w->test->body)
		return 0;
	if (!w->nr)
		return ktstr_error_set(w->e, -EINVAL,
				       "test %.60s has neither operations nor a body; give it some",
				       w->test->name);
	return check_idle(w->c, w->e);
}

static int add_expect(struct whole *w, const struct ktstr_expect *x)
{
	const struct ktstr_do d = { .verb = KTSTR_V_EXPECT, .expect = x, .at = x->at };
	struct op_job j = {
		.c = w->c, .spec = &d, .op = &w->ops[w->nr], .e = w->e, .lenient = w->test->body,
	};
	int err = room(w, x->at);

	if (!err)
		err = compile(&j, 0);
	if (!err)
		w->nr++;
	return err;
}

int ktstr_ops__compile(const struct ktstr_test *test, struct ktstr_compiler *c,
		       struct ktstr_op *ops, uint32_t *nr, struct ktstr_error *e)
{
	struct whole w = { .test = test, .c = c, .ops = ops, .e = e };
	int err = compile_ops(&w);

	if (!err)
		err = check_ops(&w);
	for (const struct ktstr_expect *x = test->expect; !err && x && x->kind != KTSTR_X_NR; x++)
		err = add_expect(&w, x);
	*nr = err ? 0 : w.nr;
	return err;
}

int ktstr_ops__check_end(const struct ktstr_test *test, struct ktstr_compiler *c,
			 struct ktstr_error *e)
{
	struct ktstr_op op;
	int err = check_idle(c, e);

	for (const struct ktstr_expect *x = test->expect; !err && x && x->kind != KTSTR_X_NR; x++) {
		const struct ktstr_do d = { .verb = KTSTR_V_EXPECT, .expect = x, .at = x->at };

		err = ktstr_compiler__op(c, &d, 0, &op, e);
	}
	return err;
}
